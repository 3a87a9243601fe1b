"""Settings: what is read, what is refused and how."""

import json
from pathlib import Path

import pytest

from app import config

ACCOUNT = json.dumps({"client_email": "a@b", "private_key": "k", "token_uri": "https://x"})


def test_without_any_key_the_embedded_engines_and_the_rules_serve() -> None:
    """R15: no keys, no account."""
    settings = config.load({})
    assert (settings.stt, settings.tts, settings.llm) == ("embedded", "embedded", "rules")
    assert settings.development_mode
    assert len(settings.stand_ins()) == 4


def test_keys_choose_the_engines_and_the_fallback() -> None:
    """R8.1, R8.2: Google first, OpenAI behind it."""
    settings = config.load({"GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON": ACCOUNT, "OPENAI_API_KEY": "sk-x"})
    assert (settings.stt, settings.stt_fallback, settings.tts, settings.llm) == ("google", "openai", "google", "openai")
    only_openai = config.load({"OPENAI_API_KEY": "sk-x"})
    assert (only_openai.stt, only_openai.stt_fallback, only_openai.tts) == ("openai", None, "embedded")


def test_a_loopback_endpoint_stands_in_for_credentials() -> None:
    """R1.3: emulators need no key."""
    settings = config.load({"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:8400", "GOOGLE_TTS_ENDPOINT": "localhost:8401"})
    assert (settings.stt, settings.tts) == ("google", "google")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        ("PUBLIC_BASE_URL", "http://agent.example.com", "must start with https://"),
        ("PUBLIC_BASE_URL", "https://agent.example.com/path", "no path"),
        ("PORT", "seven", "integer"),
        ("MIN_UTT_MS", "300", "900"),
        ("STT_ENGINE", "rules", "must be one of"),
        ("TTS_ENGINE", "openai", "must be one of"),
        ("STT_ENGINE", "google", "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON"),
        ("LLM_ENGINE", "openai", "OPENAI_API_KEY"),
        ("GOOGLE_SPEECH_ENDPOINT", "localhost", "host:port"),
        ("GOOGLE_SPEECH_ENDPOINT", "localhost:0", "host:port"),
        ("GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON", "123", "service-account key file"),
        ("PUBLIC_BASE_URL", "https://name:word@agent.example.com", "no password"),
        ("PUBLIC_BASE_URL", "https://agent.example.com:port", "name a host"),
        ("PUBLIC_BASE_URL", "https://agent example.com", "name a host"),
        ("TRANSFER_NUMBER", "03-1234567", "pattern"),
        ("DATABASE_URL", "mysql://h/leads", "postgresql://"),
        ("DATABASE_URL", "leads.db", "postgresql://"),
        ("LEAD_WEBHOOK_URL", "https://", "name a host"),
        ("OPENAI_BASE_URL", "api.example.com/v1", "https://"),
        ("TWILIO_API_URL", "localhost:8000", "https://"),
    ],
)
def test_a_bad_value_is_refused_by_name(name: str, value: str, why: str) -> None:
    """R1.3: the variable's name and what is wrong."""
    with pytest.raises(config.ConfigError) as error:
        config.load({name: value})
    assert name in str(error.value)
    assert why in str(error.value)


def test_every_fault_is_named_at_once() -> None:
    """R1.3: one start tells all."""
    with pytest.raises(config.ConfigError) as error:
        config.load({"PORT": "x", "MAX_UTT_MS": "1"})
    assert "PORT" in str(error.value)
    assert "MAX_UTT_MS" in str(error.value)


def test_a_secret_shows_neither_in_an_error_nor_in_a_repr() -> None:
    """R1.3: no secret is ever logged."""
    with pytest.raises(config.ConfigError) as error:
        config.load({"GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON": '{"private_key": "TOPSECRET"}'})
    assert "TOPSECRET" not in str(error.value)
    settings = config.load({"OPENAI_API_KEY": "TOPSECRET", "TWILIO_AUTH_TOKEN": "TOPSECRET"})
    assert "TOPSECRET" not in repr(settings)


def test_an_empty_variable_counts_as_unset() -> None:
    """R1.3: platforms set empty secrets."""
    assert config.load({"OPENAI_API_KEY": "", "PORT": ""}).llm == "rules"


def test_white_space_around_a_pasted_value_is_dropped() -> None:
    """R1.3: secrets are pasted with a line break behind them; a blank one is none."""
    settings = config.load({"OPENAI_API_KEY": "sk-x\n", "TWILIO_AUTH_TOKEN": " ", "PORT": " 8000 "})
    assert settings.openai_api_key is not None
    assert settings.openai_api_key.get_secret_value() == "sk-x"
    assert settings.development_mode
    assert settings.port == 8000


def test_a_folder_that_cannot_be_written_is_refused_by_name(tmp_path: Path) -> None:
    """R1.3: the start stops, not the first call."""
    file = tmp_path / "file"
    file.touch()
    config.make_folders(config.load({"DATA_DIR": str(tmp_path / "new" / "data")}))
    assert (tmp_path / "new" / "data").is_dir()
    with pytest.raises(config.ConfigError) as error:
        config.make_folders(config.load({"DATA_DIR": str(file), "LOG_CALLS": str(file / "calls")}))
    assert "DATA_DIR: " in str(error.value)
    assert "LOG_CALLS: " in str(error.value)


def test_a_mirror_may_be_a_folder_and_anything_else_is_refused_by_name(tmp_path: Path) -> None:
    """R1.3: a path pasted as it is works; a typing error is named before anything is fetched."""
    assert config.load({"MODELS_MIRROR": str(tmp_path)}).models_mirror == tmp_path.as_uri()
    assert config.load({"MODELS_MIRROR": "https://models.example.com/he"}).models_mirror == (
        "https://models.example.com/he"
    )
    for wrong in (str(tmp_path / "nowhere"), "models.example.com", "ftp://models.example.com"):
        with pytest.raises(config.ConfigError, match="MODELS_MIRROR: must be a folder"):
            config.load({"MODELS_MIRROR": wrong})
