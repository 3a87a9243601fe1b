"""The worker's side of the vendors' engines: what is asked of the link, and what its frames become."""

import json
from collections.abc import Callable
from typing import Any, cast

import pytest

from app.sidecar.link import Link
from app.sidecar.wire import Op
from app.speech.cloud_engines import (
    CloudSettings,
    GoogleStt,
    GoogleTts,
    OpenAiJson,
    OpenAiLlm,
    OpenAiStt,
    OpenAiTts,
    make_speech_link,
)
from app.speech.engines import Audio, Done, Failed, Heard, Text

SETTINGS = CloudSettings(
    stt_model="latest_long",
    tts_voice="he-IL-Wavenet-A",
    llm_model="large",
    transcribe_model="ears",
    speech_model="mouth",
    speech_voice="alto",
)
FAULT = {"code": "quota", "message": "no more", "retriable": True}


class FakeLink:
    """Keeps what it is asked, and says what the test says."""

    def __init__(self) -> None:
        self.asked: dict[str, Any] = {}
        self.heard: list[Any] = []
        self._tell: Callable[[Op, bytes], None] = lambda *_: None

    def open(self, request: dict[str, Any], listener: Callable[[Op, bytes], None]) -> None:
        self.asked, self._tell = request, listener

    def say(self, op: Op, payload: object) -> None:
        self._tell(op, payload if isinstance(payload, bytes) else json.dumps(payload).encode())


@pytest.fixture
def fake() -> FakeLink:
    return FakeLink()


@pytest.mark.parametrize(("engine", "service"), [(GoogleStt, "google_stt"), (OpenAiStt, "openai_stt")])
def test_a_recogniser_is_asked_with_its_phrases_and_tells_all_readings(
    fake: FakeLink, engine: type[GoogleStt] | type[OpenAiStt], service: str
) -> None:
    """R8.1."""
    engine(cast("Link", fake), SETTINGS).open(("כן", "לא"), fake.heard.append)
    assert fake.asked == {"service": service, "phrases": ("כן", "לא")}
    fake.say(Op.EVENT, {"text": "כן", "is_final": False, "stability": 0.5, "alternatives": ["קן"]})
    fake.say(Op.EVENT, {"text": "כן", "is_final": True, "stability": 1.0, "alternatives": []})
    fake.say(Op.DATA, b"what a recogniser never sends")
    fake.say(Op.END, {})
    assert fake.heard == [Heard("כן", False, 0.5, ("קן",)), Heard("כן", True, 1.0, ()), Done()]


@pytest.mark.parametrize(("engine", "service"), [(GoogleTts, "google_tts"), (OpenAiTts, "openai_tts")])
def test_a_voice_is_asked_with_its_text_and_brings_audio(
    fake: FakeLink, engine: type[GoogleTts] | type[OpenAiTts], service: str
) -> None:
    """R9.1."""
    engine(cast("Link", fake), SETTINGS).open("שלום", fake.heard.append)
    assert fake.asked == {"service": service, "text": "שלום"}
    fake.say(Op.DATA, b"\xff\x7f")
    fake.say(Op.EVENT, {"what": "a voice never sends"})
    fake.say(Op.ERROR, FAULT)
    assert fake.heard == [Audio(b"\xff\x7f"), Failed("quota", "no more", retriable=True)]


def test_an_answers_letters_may_be_cut_between_frames(fake: FakeLink) -> None:
    """R10: a letter of two bytes comes whole or not at all; at the end it is told what it cost."""
    OpenAiLlm(cast("Link", fake), SETTINGS).open([{"role": "user", "content": "-"}], fake.heard.append)
    assert fake.asked == {"service": "openai_chat", "messages": [{"role": "user", "content": "-"}]}
    for byte in "שלום".encode():
        fake.say(Op.DATA, bytes([byte]))
    fake.say(Op.END, {"read": 50, "written": 7, "finish_reason": "stop"})
    assert fake.heard == [*(Text(letter) for letter in "שלום"), Done(50, 7)]


def test_a_reading_is_asked_with_its_schema_and_comes_in_one_piece(fake: FakeLink) -> None:
    """R10.2."""
    OpenAiJson(cast("Link", fake), SETTINGS).open([], {"type": "object"}, fake.heard.append)
    assert fake.asked == {"service": "openai_json", "messages": [], "schema": {"type": "object"}}
    fake.say(Op.EVENT, {"text": '{"a": 1}'})
    fake.say(Op.END, {})
    assert fake.heard == [Text('{"a": 1}'), Done(0, 0)]


def test_each_engine_says_whose_it_is_and_which_model_serves() -> None:
    """R13.1: doctor and the records name them."""
    link = cast("Link", FakeLink())
    kinds: tuple[type[GoogleStt | OpenAiStt | OpenAiLlm | OpenAiJson], ...] = (
        GoogleStt,
        OpenAiStt,
        OpenAiLlm,
        OpenAiJson,
    )
    named = [kind(link, SETTINGS) for kind in kinds]
    assert [(one.name, one.model) for one in named] == [
        ("google", "latest_long"),
        ("openai", "ears"),
        ("openai", "large"),
        ("openai", "large"),
    ]
    voices = GoogleTts(link, SETTINGS), OpenAiTts(link, SETTINGS)
    assert [(one.name, one.voice) for one in voices] == [("google", "he-IL-Wavenet-A"), ("openai", "mouth/alto")]
    assert GoogleStt(link, CloudSettings()).model == "default"


def test_the_settings_go_to_the_child_whole_and_their_secrets_do_not_show() -> None:
    """R1.3."""
    settings = CloudSettings(openai_api_key="sk-secret", google_credentials_json="{}", stt_boost=3.5)
    (env,) = settings.to_env().values()
    assert CloudSettings.from_json(env) == settings
    assert "secret" not in repr(settings)
    link = make_speech_link(settings)
    assert (link.name, link.ready, link.spare_pid) == ("speech", False, None)


def test_what_is_asked_of_the_vendors_when_nothing_is_set() -> None:
    """R8, R9, R10: the defaults, within the vendors' bounds and a caller's patience."""
    settings = CloudSettings()
    assert (settings.stt_language, settings.stt_language_fallback, settings.stt_enhanced) == ("he-IL", "iw-IL", True)
    assert 0 < settings.stt_boost <= 20
    assert settings.stt_max_alternatives == 3
    assert settings.stt_stream_limit_s + settings.stt_final_timeout_s < 305
    assert settings.stt_stream_limit_s >= 240
    assert (settings.stt_final_timeout_s, settings.tts_timeout_s, settings.transcribe_timeout_s) == (6.0, 10.0, 8.0)
    assert (settings.tts_speaking_rate, settings.tts_stream_rate_hz) == (1.0, 8000)
    assert (settings.llm_timeout_s, settings.llm_total_timeout_s, settings.openai_connect_timeout_s) == (8.0, 20.0, 3.0)
    assert settings.llm_max_tokens == 700
