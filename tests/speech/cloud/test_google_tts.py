"""Google synthesis: worker, link, sidecar and Google's own protocol."""

from collections.abc import Callable

import grpc
import numpy as np
import pytest

from app.media.codec import decode_ulaw
from app.sidecar.link import Link
from app.speech.cloud.google_tts import Streaming
from app.speech.cloud_engines import CloudSettings, GoogleTts
from app.speech.engines import Audio, Done, Failed
from tests.emulators.base import EmulatorProcess
from tests.emulators.sounds import voice_sound
from tests.speech.cloud.conftest import Events

NewLink = Callable[..., tuple[Link, CloudSettings]]
TEXT = "שלום, כאן משרד התיווך"


def speak(engine: GoogleTts, text: str = TEXT) -> Events:
    events = Events()
    engine.open(text, events)
    events.wait()
    return events


def assert_sounds_like_the_emulator(ulaw: bytes, delay: int = 0) -> None:
    expected = np.frombuffer(voice_sound(60 * len(TEXT), 8000), dtype="<i2").astype(np.float64)
    got = decode_ulaw(ulaw).astype(np.float64)
    assert abs(len(got) - len(expected)) <= 1
    size = min(len(got), len(expected)) - delay
    assert np.corrcoef(got[delay : delay + size], expected[:size])[0, 1] > 0.99


def test_a_chirp_voice_streams_mu_law_as_it_is_made(
    link: Link, settings: CloudSettings, google_tts: EmulatorProcess
) -> None:
    """R9.1: LINEAR16 8 kHz, converted to mu-law; odd pieces lose no sample."""
    events = speak(GoogleTts(link, settings))

    assert events.events[-1] == Done()
    assert len([event for event in events.events if isinstance(event, Audio)]) > 5
    assert_sounds_like_the_emulator(events.ulaw)
    assert [entry["method"] for entry in google_tts.entries] == ["stream"]


def test_a_stream_at_the_voices_own_rate_is_brought_down_to_the_telephones(
    new_link: NewLink, google_tts: EmulatorProcess
) -> None:
    link, settings = new_link("google_tts_endpoint", tts_stream_rate_hz=24000)
    events = speak(GoogleTts(link, settings))

    assert [entry["rate_hz"] for entry in google_tts.entries] == [24000]
    assert_sounds_like_the_emulator(events.ulaw, delay=16)


def test_refused_streaming_becomes_whole_utterances(new_link: NewLink, google_tts: EmulatorProcess) -> None:
    link, settings = new_link("google_tts_endpoint")
    engine = GoogleTts(link, settings)
    google_tts.script(stream_error="UNIMPLEMENTED")

    assert_sounds_like_the_emulator(speak(engine).ulaw)
    assert_sounds_like_the_emulator(speak(engine).ulaw)
    methods = [entry["method"] for entry in google_tts.entries]
    # The refusal may cross a write and hide behind it: then it takes one more try to know.
    assert methods in (["stream", "unary", "unary"], ["stream", "unary", "stream", "unary"])


def test_a_service_without_streaming_is_never_asked_for_it_again() -> None:
    """R9.1."""
    streaming = Streaming(offered=True)
    assert streaming.is_worth_a_try()
    streaming.refused(grpc.StatusCode.UNIMPLEMENTED)
    assert not any(streaming.is_worth_a_try() for _ in range(100))


@pytest.mark.parametrize(
    "incident", [{"stream_error": "INVALID_ARGUMENT"}, {"stream_error": "PERMISSION_DENIED"}, {"ms_per_character": 0}]
)
def test_one_incident_does_not_end_streaming(
    new_link: NewLink, google_tts: EmulatorProcess, incident: dict[str, object]
) -> None:
    """R9.1: the sentence is had whole, and the next one streams again; so does one after an empty stream."""
    link, settings = new_link("google_tts_endpoint")
    engine = GoogleTts(link, settings)
    google_tts.script(incident, {})

    assert_sounds_like_the_emulator(speak(engine).ulaw)
    assert_sounds_like_the_emulator(speak(engine).ulaw)
    assert [entry["method"] for entry in google_tts.entries] == ["stream", "unary", "stream"]


def test_a_service_that_keeps_refusing_is_tried_ever_less_often() -> None:
    """R9.1: each try costs the caller a round trip."""
    streaming = Streaming(offered=True)
    tried = []
    for utterance in range(40):
        if streaming.is_worth_a_try():
            tried.append(utterance)
            streaming.refused(grpc.StatusCode.INVALID_ARGUMENT)
    assert tried == [0, 1, 3, 6, 11, 20, 37]
    while not streaming.is_worth_a_try():
        pass
    streaming.worked()
    assert streaming.is_worth_a_try()
    streaming.refused(None)
    assert streaming.is_worth_a_try(), "what has worked is tried again at once"


def test_a_text_that_both_ways_refuse_does_not_end_streaming(new_link: NewLink, google_tts: EmulatorProcess) -> None:
    link, settings = new_link("google_tts_endpoint")
    engine = GoogleTts(link, settings)
    google_tts.script({"stream_error": "INVALID_ARGUMENT"}, {"unary_error": "INVALID_ARGUMENT"})

    last = speak(engine).events[-1]
    assert isinstance(last, Failed)
    assert last.code == "invalid_request"
    assert speak(engine).events[-1] == Done()
    assert [entry["method"] for entry in google_tts.entries] == ["stream", "unary", "stream"]


def test_other_voices_are_asked_for_whole_and_resampled_when_need_be(
    new_link: NewLink, google_tts: EmulatorProcess
) -> None:
    """R9.1: the WAV header is parsed off, not assumed to be 44 bytes."""
    link, settings = new_link("google_tts_endpoint", tts_voice="he-IL-Wavenet-A")
    google_tts.script({}, {"unary_rate_hz": 24000})

    assert_sounds_like_the_emulator(speak(GoogleTts(link, settings)).ulaw)
    assert_sounds_like_the_emulator(speak(GoogleTts(link, settings)).ulaw)
    assert [entry["method"] for entry in google_tts.entries] == ["unary", "unary"]


def test_a_stream_at_a_wrong_rate_is_not_played_slowly(new_link: NewLink, google_tts: EmulatorProcess) -> None:
    """R18: a sentence that lasts longer than its text can is broken off, not kept; later ones are asked for whole."""
    link, settings = new_link("google_tts_endpoint")
    engine = GoogleTts(link, settings)
    google_tts.script({"ms_per_character": 3 * 60, "times_real_time": 100.0})
    broken = speak(engine)
    last = broken.events[-1]
    assert isinstance(last, Failed)
    assert "not at the rate asked for" in last.message
    assert len(broken.ulaw) <= 8 * (1000 + 130 * len(TEXT))

    assert_sounds_like_the_emulator(speak(engine).ulaw)
    assert [entry["method"] for entry in google_tts.entries] == ["stream", "unary"]
    assert link.troubles == {"voice_at_a_wrong_rate": last.message}


@pytest.mark.parametrize("ms_per_character", [60, 90])
def test_a_slow_speaker_is_no_wrong_rate(
    link: Link, settings: CloudSettings, google_tts: EmulatorProcess, ms_per_character: int
) -> None:
    """R9.1."""
    google_tts.script(ms_per_character=ms_per_character, times_real_time=100.0)
    assert speak(GoogleTts(link, settings)).events[-1] == Done()


@pytest.mark.parametrize("after_pieces", [0, 3])
def test_a_voice_that_breaks_off_is_a_failure_not_a_second_start(
    link: Link, settings: CloudSettings, google_tts: EmulatorProcess, after_pieces: int
) -> None:
    google_tts.script(stream_error="RESOURCE_EXHAUSTED", stream_error_after_pieces=after_pieces)
    if not after_pieces:
        google_tts.script(unary_error="RESOURCE_EXHAUSTED")  # the refusal may cross a write and hide behind it
    events = speak(GoogleTts(link, settings))

    last = events.events[-1]
    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == ("quota", True)
    assert bool(events.ulaw) == bool(after_pieces)


def test_a_text_over_googles_limit_is_refused_here(link: Link, settings: CloudSettings) -> None:
    last = speak(GoogleTts(link, settings), "א" * 2501).events[-1]
    assert isinstance(last, Failed)
    assert last.code == "invalid_request"
