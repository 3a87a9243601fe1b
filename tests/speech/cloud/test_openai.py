"""OpenAI's chat, strict JSON and transcription: worker, link, sidecar and HTTP."""

from collections.abc import Callable

import numpy as np
import pytest

from app.media.codec import decode_ulaw
from app.sidecar.link import Link
from app.speech.cloud_engines import CloudSettings, OpenAiJson, OpenAiLlm, OpenAiStt, OpenAiTts
from app.speech.engines import Done, Failed, Heard, Text
from tests.emulators.base import EmulatorProcess
from tests.emulators.sounds import voice_sound
from tests.sidecar.hub import wait_until
from tests.speech.cloud.conftest import Events

NewLink = Callable[..., tuple[Link, CloudSettings]]
MESSAGES = [{"role": "system", "content": "ענה בקצרה"}, {"role": "user", "content": "שלום"}]
ANSWER = "בשמחה! באיזו עיר? 🏠"


def complete(link: Link, settings: CloudSettings) -> Events:
    events = Events()
    OpenAiLlm(link, settings).open(MESSAGES, events)
    events.wait()
    return events


def transcribe(link: Link, settings: CloudSettings, pcm: bytes, phrases: tuple[str, ...] = ()) -> Events:
    events = Events()
    stream = OpenAiStt(link, settings).open(phrases, events)
    stream.write(pcm)
    stream.finish()
    events.wait()
    return events


def test_an_answer_streams_in_deltas(link: Link, settings: CloudSettings, openai_api: EmulatorProcess) -> None:
    openai_api.script(answer=ANSWER)
    events = complete(link, settings)

    assert events.text == ANSWER
    ended = events.events[-1]
    assert isinstance(ended, Done)
    assert 3 < len([event for event in events.events if isinstance(event, Text)]) < ended.tokens_written
    assert ended.tokens_read > 0
    assert openai_api.entries[0]["messages"] == MESSAGES


def test_a_parameter_that_the_model_refuses_is_left_out_from_then_on(
    new_link: NewLink, openai_api: EmulatorProcess
) -> None:
    link, settings = new_link("openai_api_key", llm_temperature=0.3)
    openai_api.script(refuse_parameters=["temperature", "reasoning_effort"])

    assert isinstance(complete(link, settings).events[-1], Done)
    asked = len(openai_api.entries)
    assert isinstance(complete(link, settings).events[-1], Done)
    assert [entry["parameters"] for entry in openai_api.entries[asked:]] == [
        ["max_completion_tokens", "stream", "stream_options"]
    ]


def test_a_model_that_is_retired_makes_way_for_the_second_one_for_good(
    new_link: NewLink, openai_api: EmulatorProcess
) -> None:
    """R18: the turn that learns it is answered, too; later ones ask the dead model no more."""
    link, settings = new_link("openai_api_key", llm_second_model="gpt-next")
    openai_api.script(models=["gpt-next"], answer=ANSWER)
    for _ in range(2):
        assert complete(link, settings).text == ANSWER
    chats = [entry["model"] for entry in openai_api.entries if entry["path"] == "/v1/chat/completions"]
    assert chats == [settings.llm_model, "gpt-next", "gpt-next"]
    assert link.troubles == {"model_gone": f"{settings.llm_model} is no longer there, gpt-next answers"}


@pytest.mark.parametrize(
    ("script", "code", "retriable"),
    [
        ({"status": 429}, "quota", True),
        ({"status": 429, "error_code": "insufficient_quota"}, "quota", False),
        ({"status": 500}, "unavailable", True),
        ({"status": 401}, "unauthenticated", False),
        ({"status": 404, "error_code": "model_not_found"}, "invalid_request", False),
        ({"stall_after_tokens": 2}, "timeout", True),
        ({"cut_off_after_tokens": 0}, "unavailable", True),
        ({"cut_off_after_tokens": 2}, "unavailable", True),
    ],
)
def test_openais_errors_have_stable_codes_and_show_no_key(
    link: Link,
    settings: CloudSettings,
    openai_api: EmulatorProcess,
    script: dict[str, object],
    code: str,
    retriable: bool,
) -> None:
    openai_api.script(error_message="not with sk-proj-Abc_1*23 today", **script)
    last = complete(link, settings).events[-1]

    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == (code, retriable)
    assert "Abc" not in last.message
    assert len(openai_api.entries) == 1, "the sidecar retries nothing by itself"


def test_a_dead_endpoint_is_unavailable(new_link: NewLink) -> None:
    link, settings = new_link("openai_api_key", openai_base_url="http://127.0.0.1:9/v1")
    last = complete(link, settings).events[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == ("unavailable", True)


def test_a_missing_key_is_named(new_link: NewLink) -> None:
    link, settings = new_link("openai_api_key", openai_api_key="")
    last = complete(link, settings).events[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.message) == ("unauthenticated", "OPENAI_API_KEY is not set")


def test_a_cancelled_answer_falls_silent(link: Link, settings: CloudSettings, openai_api: EmulatorProcess) -> None:
    openai_api.script(stall_after_tokens=2)
    events = Events()
    stream = OpenAiLlm(link, settings).open(MESSAGES, events)
    wait_until(lambda: events.events, "the first delta")
    stream.cancel()
    heard = len(events.events)

    assert link.open_streams == 0
    openai_api.script(stall_after_tokens=-1)
    assert isinstance(complete(link, settings).events[-1], Done)
    assert len(events.events) == heard


def test_strict_json_comes_in_one_piece(link: Link, settings: CloudSettings, openai_api: EmulatorProcess) -> None:
    schema = {
        "type": "object",
        "properties": {"area": {"type": ["string", "null"]}, "kind": {"enum": ["buy", "rent"]}},
        "required": ["area", "kind"],
        "additionalProperties": False,
    }
    events = Events()
    OpenAiJson(link, settings).open(MESSAGES, schema, events)
    events.wait()

    assert events.events == [Text('{"area": null, "kind": "buy"}'), Done(4, 8)]


def test_a_turn_is_transcribed_as_16_khz_wav_with_the_newer_parameters(
    link: Link, settings: CloudSettings, openai_api: EmulatorProcess
) -> None:
    """R8.2: the fallback; Whisper's kind gets 16 kHz (R5.1)."""
    events = transcribe(link, settings, bytes(16000), ("וואטסאפ", "ר״מ"))

    assert events.events == [Heard("שלום אני מחפש דירה", True, 1.0), Done()]
    (entry,) = openai_api.entries
    assert entry["audio_ms"] == 1000
    assert (entry["languages[]"], entry["keywords[]"]) == (["he"], ["וואטסאפ", "ר״מ"])


def test_older_models_get_the_older_parameters(new_link: NewLink, openai_api: EmulatorProcess) -> None:
    link, settings = new_link("openai_api_key", transcribe_model="whisper-1")
    assert transcribe(link, settings, bytes(16000), ("וואטסאפ", "ר״מ")).events[-1] == Done()

    (entry,) = openai_api.entries
    assert (entry["language"], entry["temperature"], entry["prompt"]) == (["he"], ["0"], ["וואטסאפ, ר״מ"])


@pytest.mark.parametrize(("model", "hint"), [("gpt-transcribe", "keywords[]"), ("whisper-1", "prompt")])
def test_a_model_that_takes_no_hints_is_not_given_them_again(
    new_link: NewLink, openai_api: EmulatorProcess, model: str, hint: str
) -> None:
    """R8.2: one refusal of what is optional costs a round trip, not every fallback of the process."""
    link, settings = new_link("openai_api_key", transcribe_model=model)
    openai_api.script(refuse_parameters=[hint.removesuffix("[]")])

    for _ in range(2):
        assert transcribe(link, settings, bytes(16000), ("וואטסאפ",)).events[-1] == Done()
    assert [hint in entry for entry in openai_api.entries] == [True, False, False]


def test_a_turn_too_short_for_a_word_is_not_sent(
    link: Link, settings: CloudSettings, openai_api: EmulatorProcess
) -> None:
    assert transcribe(link, settings, bytes(1000)).events == [Heard("", True, 1.0), Done()]
    assert openai_api.entries == []


def speak(link: Link, settings: CloudSettings, text: str) -> Events:
    events = Events()
    OpenAiTts(link, settings).open(text, events)
    events.wait()
    return events


def test_the_second_voice_streams_at_the_telephones_rate(
    link: Link, settings: CloudSettings, openai_api: EmulatorProcess
) -> None:
    """R18: 24 kHz LINEAR16, in odd pieces, as mu-law 8 kHz; not a sample lost."""
    events = speak(link, settings, "שלום, כאן משרד התיווך")

    assert events.events[-1] == Done()
    expected = np.frombuffer(voice_sound(60 * 21, 8000), dtype="<i2").astype(np.float64)
    got = decode_ulaw(events.ulaw).astype(np.float64)[16:]
    assert abs(len(got) + 16 - len(expected)) <= 1
    assert np.corrcoef(got, expected[: len(got)])[0, 1] > 0.99
    (entry,) = openai_api.entries
    assert (entry["model"], entry["voice"]) == (settings.speech_model, settings.speech_voice)


def test_a_speech_model_that_is_retired_is_a_failure_with_its_code(
    link: Link, settings: CloudSettings, openai_api: EmulatorProcess
) -> None:
    openai_api.script(status=404, error_code="model_not_found")
    last = speak(link, settings, "שלום").events[-1]
    assert isinstance(last, Failed)
    assert last.code == "invalid_request"
