"""What the doctor sees of the vendors: each refuses, hangs or answers wrongly at its real edge."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from tests.emulators.base import EmulatorProcess
from tests.emulators.twilio_rest import TwilioRestEmulator, number_resource
from tests.qa.doctor.asking import doctor, lines

NUMBER, BASE = "+97239999999", "https://voice.example"
RIGHT = number_resource("PN" + "1" * 32, NUMBER, f"{BASE}/webhook/incoming_call", f"{BASE}/webhook/call_status")
Account = tuple[TwilioRestEmulator, dict[str, str]]


@pytest.fixture(scope="module")
def ears() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.google_speech") as started:
        yield started


@pytest.fixture(scope="module")
def voice() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.google_tts") as started:
        yield started


@pytest.fixture(scope="module")
def mind() -> Iterator[EmulatorProcess]:
    with EmulatorProcess("tests.emulators.openai_api") as started:
        yield started


@pytest.fixture
def account() -> Iterator[tuple[TwilioRestEmulator, dict[str, str]]]:
    with TwilioRestEmulator(numbers=[dict(RIGHT)]) as rest:
        yield (
            rest,
            {
                "TWILIO_ACCOUNT_SID": rest.account_sid,
                "TWILIO_AUTH_TOKEN": rest.auth_token,
                "TWILIO_API_URL": rest.url,
                "PUBLIC_BASE_URL": BASE,
            },
        )


# -- Twilio ----


def test_an_account_that_is_well_is_said_to_be(account: Account, tmp_path: Path) -> None:
    """R13.1: SID and token fit, the token signs, the number calls us, the clocks agree."""
    _, settings = account
    result = doctor(data=tmp_path, **settings)
    for check in ("Twilio account", "Twilio token", "number's webhook", "number's call status", "clock"):
        assert lines(result, check)[0].startswith("ok"), result.stdout
    assert "public URL" in result.stdout


def test_a_token_of_another_account_fails(account: Account, tmp_path: Path) -> None:
    """R13.1."""
    _, settings = account
    result = doctor(data=tmp_path, **{**settings, "TWILIO_AUTH_TOKEN": "another"})
    assert result.exit_code == 1
    assert lines(result, "Twilio account")[0].endswith(
        "do: TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are of two accounts"
    )


def test_a_secondary_token_fails_for_it_signs_nothing(account: Account, tmp_path: Path) -> None:
    """R2.4, R13.1."""
    rest, settings = account
    rest.secondary_token = "the second"
    told = lines(doctor(data=tmp_path, **{**settings, "TWILIO_AUTH_TOKEN": "the second"}), "Twilio token")[0]
    assert told.startswith("FAIL")
    assert told.endswith("do: use the primary token: Twilio signs with it alone")


def test_a_region_in_the_environment_is_told(account: Account, tmp_path: Path) -> None:
    """R13.1: it sends Twilio's own tools elsewhere."""
    _, settings = account
    told = lines(doctor(data=tmp_path, TWILIO_REGION="ie1", **settings), "Twilio account")[0]
    assert told.endswith("do: unset TWILIO_REGION, TWILIO_EDGE")


def test_a_wrong_webhook_fails_and_fix_sets_it(account: Account, tmp_path: Path) -> None:
    """R13.1: a slash too many, GET, no status callback; after --fix a second run is ok."""
    rest, settings = account
    wrong = number_resource("PN" + "1" * 32, NUMBER, f"{BASE}/webhook/incoming_call/")
    rest.numbers[:] = [wrong]
    result = doctor(data=tmp_path, **settings)
    told = lines(result, "number's webhook")[0]
    assert f"{NUMBER}: the number calls {BASE}/webhook/incoming_call/" in told
    assert told.endswith(f"it must be {BASE}/webhook/incoming_call, POST, without a slash: run doctor --fix")
    assert lines(result, "number's call status")[0].startswith("FAIL")
    assert all(request.method == "GET" for request in rest.requests)
    assert "; now " in lines(doctor("--fix", data=tmp_path, **settings), "number's webhook")[0]
    assert wrong == RIGHT
    again = doctor(data=tmp_path, **settings)
    assert lines(again, "number's webhook")[0].startswith("ok")
    assert lines(again, "number's call status")[0].startswith("ok")


def test_among_several_numbers_of_others_none_is_changed_unasked(account: Account, tmp_path: Path) -> None:
    """R13.1: --number says which."""
    rest, settings = account
    others = [number_resource(f"PN{n}" + "1" * 31, f"+9723999999{n}", "https://else.example/voice") for n in (1, 2)]
    rest.numbers[:] = others
    told = lines(doctor("--fix", data=tmp_path, **settings), "number's webhook")[0]
    assert told.startswith("FAIL")
    assert "--number" in told
    assert others[0]["voice_url"] == others[1]["voice_url"] == "https://else.example/voice"
    doctor("--fix", "--number", "+97239999992", data=tmp_path, **settings)
    assert [one["voice_url"] for one in others] == ["https://else.example/voice", f"{BASE}/webhook/incoming_call"]


@pytest.mark.parametrize(("off_s", "health"), [(0, "ok"), (-10, "warn"), (40, "FAIL")])
def test_a_clock_that_is_off_is_told_by_how_much(account: Account, tmp_path: Path, off_s: int, health: str) -> None:
    """R2.6, R13.1: tokens live for 300 s."""
    rest, settings = account
    rest.clock_off_s = off_s
    told = lines(doctor("--symptom", "1008", data=tmp_path, **settings), "clock")[0]
    assert told.startswith(health)
    if off_s:
        assert any(f"this machine is {abs(off_s) + late} s off" in told for late in (-1, 0, 1))


# -- Google and OpenAI ----


def google(ears: EmulatorProcess, voice: EmulatorProcess, data: Path, **settings: str) -> Result:
    return doctor(
        "--symptom",
        "empty",
        data=data,
        GOOGLE_SPEECH_ENDPOINT=ears.address,
        GOOGLE_TTS_ENDPOINT=voice.address,
        **settings,
    )


def test_google_is_asked_whether_it_hears_and_speaks_hebrew(
    ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path
) -> None:
    """R8.1, R13.1: in the words of a call, which the emulator has nothing to say against; the older code is found."""
    ears.reset()
    ears.script(refuse_languages=["he-IL"], refuse_enhanced=True)
    result = google(ears, voice, tmp_path)
    assert lines(result, "Google STT")[0].startswith("ok   Google STT — takes iw-IL (under 0.001 USD)")
    assert lines(result, "Google TTS")[0].startswith("ok")
    assert ears.entries[-1]["audio_ms"] > 0, "a configuration alone is not judged before there is something to hear"
    assert ears.violations == voice.violations == []


def test_google_that_refuses_is_told_with_what_to_enable(
    ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path
) -> None:
    """R13.1: no permission to hear; a voice that is not offered."""
    ears.reset()
    ears.script(error="PERMISSION_DENIED")
    result = google(ears, voice, tmp_path, GOOGLE_TTS_VOICE="he-IL-Nobody")
    (told,) = lines(result, "Google STT")
    assert told.endswith("and enable Speech-to-Text for this project, with billing")
    assert "do: set GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON to a key that is valid" in told
    assert told.count("unauthenticated") == 1
    assert "this voice is not offered: choose one of he-IL-Chirp3-HD-Aoede" in lines(result, "Google TTS")[0]
    ears.reset()


def test_a_vendor_that_hangs_costs_five_seconds(ears: EmulatorProcess, voice: EmulatorProcess, tmp_path: Path) -> None:
    """R13.1: no check waits longer."""
    ears.reset()
    ears.script(withhold_final="hang")
    assert lines(google(ears, voice, tmp_path), "Google STT")[0].startswith("FAIL Google STT — timeout")
    ears.reset()


@pytest.mark.parametrize(
    ("script", "do"),
    [
        ({"status": 401, "error_code": "invalid_api_key"}, "set OPENAI_API_KEY"),
        ({"status": 429, "error_code": "insufficient_quota"}, "no credit left"),
        ({"models": ["gpt-transcribe"]}, "the model gpt-6-luna is retired or not yours: set OPENAI_MODEL"),
        (
            {"models": ["gpt-6-luna"]},
            "the model gpt-transcribe is retired or not yours: set OPENAI_TRANSCRIBE_MODEL",
        ),
    ],
)
def test_openai_that_refuses_is_told_with_its_reason(
    mind: EmulatorProcess, tmp_path: Path, script: dict[str, object], do: str
) -> None:
    """R13.1: key, credit, retired models."""
    mind.reset()
    mind.script(**script)
    settings = {"OPENAI_API_KEY": "sk-none", "OPENAI_BASE_URL": f"http://{mind.address}/v1"}
    result = doctor("--symptom", "rambling", data=tmp_path, **settings)
    assert result.exit_code == 1
    assert any(do in line and line.startswith("FAIL") for line in lines(result, "OpenAI")), result.stdout
    mind.reset()
