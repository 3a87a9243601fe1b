"""Google recognition: worker, link, sidecar and Google's own protocol."""

import os
import signal
from collections.abc import Callable

import eventlet
import pytest

from app.sidecar.link import Link
from app.speech.cloud_engines import CloudSettings, GoogleStt
from app.speech.engines import Done, Failed, Heard
from tests.emulators.base import EmulatorProcess
from tests.emulators.google_speech import silence, spoken_word
from tests.sidecar.hub import wait_until
from tests.speech.cloud.conftest import Events

NewLink = Callable[..., tuple[Link, CloudSettings]]
FRAME_BYTES = 320
TEXT = "שלום אני מחפש דירה"


def recognize(engine: GoogleStt, pcm: bytes, *, pace_s: float = 0.0, phrases: tuple[str, ...] = ()) -> Events:
    """Say `pcm` frame by frame, finish, and wait for the end."""
    events = Events()
    stream = engine.open(phrases, events)
    for start in range(0, len(pcm), FRAME_BYTES):
        stream.write(pcm[start : start + FRAME_BYTES])
        eventlet.sleep(pace_s)
    stream.finish()
    events.wait()
    return events


def test_interims_grow_and_one_final_ends_the_turn(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    """R8.1: LINEAR16 at 8000 Hz, Hebrew, interims, speech contexts."""
    phrases = ("וואטסאפ", "ר״מ", "Agent Locator", "", "א" * 101)
    events = recognize(GoogleStt(link, settings), silence(1990), pace_s=0.002, phrases=phrases)

    interims = [heard for heard in events.heard if not heard.is_final]
    assert interims[0].text == "שלום"
    assert all(TEXT.startswith(heard.text) for heard in interims)
    assert {heard.stability for heard in interims} <= {0.1, 0.9, 1.0}
    ends_ms = [heard.end_ms or 0 for heard in interims]
    assert ends_ms == sorted(ends_ms)
    assert (ends_ms[0], ends_ms[-1] >= 300 * len(TEXT.split())) == (500, True), "where its words end (R8.4)"
    assert [heard for heard in events.heard if heard.is_final] == [Heard(TEXT, True, 1.0, (TEXT.replace("ש", "ס"),))]
    assert events.events[-1] == Done()
    (entry,) = google_speech.entries
    assert entry["phrases"] == ["וואטסאפ", "ר״מ", "Agent Locator"]
    assert (entry["audio_ms"], entry["half_closed"]) == (1990, True)


@pytest.mark.parametrize(
    ("refuse_languages", "refuse_enhanced", "accepted"),
    [
        (["he-IL"], False, ("iw-IL", True)),
        ([], True, ("he-IL", False)),
        (["he-IL"], True, ("iw-IL", False)),
    ],
)
def test_a_refused_dialect_is_replaced_without_losing_audio_and_remembered(
    new_link: NewLink,
    google_speech: EmulatorProcess,
    refuse_languages: list[str],
    refuse_enhanced: bool,
    accepted: tuple[str, bool],
) -> None:
    """R8.1: `iw-IL` when `he-IL` is refused, `useEnhanced` dropped once."""
    link, settings = new_link("google_speech_endpoint")
    engine = GoogleStt(link, settings)
    google_speech.script(decode=True, refuse_languages=refuse_languages, refuse_enhanced=refuse_enhanced)

    assert recognize(engine, spoken_word(1) + silence(100) + spoken_word(2)).heard[-1] == Heard(
        "מילה1 מילה2", True, 1.0
    )
    first_turn = google_speech.entries
    assert recognize(engine, spoken_word(3)).heard[-1] == Heard("מילה3", True, 1.0)

    second_turn = google_speech.entries[len(first_turn) :]
    assert [(entry["language"], entry["enhanced"]) for entry in second_turn] == [accepted]


def test_a_config_that_is_refused_in_every_dialect_is_an_invalid_request(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    google_speech.script(refuse_languages=["he-IL", "iw-IL"])
    last = recognize(GoogleStt(link, settings), silence(200)).events[-1]

    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == ("invalid_request", False)


@pytest.mark.parametrize(
    ("status", "code", "retriable"),
    [
        ("RESOURCE_EXHAUSTED", "quota", True),
        ("UNAVAILABLE", "unavailable", True),
        ("UNAUTHENTICATED", "unauthenticated", False),
        ("PERMISSION_DENIED", "unauthenticated", False),
        ("DEADLINE_EXCEEDED", "timeout", True),
    ],
)
def test_googles_errors_have_stable_codes(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess, status: str, code: str, retriable: bool
) -> None:
    google_speech.script(error=status)
    events = Events()
    GoogleStt(link, settings).open((), events)

    last = events.wait()
    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == (code, retriable)
    assert "scripted error" in last.message


def test_silence_is_a_final_without_words(link: Link, settings: CloudSettings, google_speech: EmulatorProcess) -> None:
    google_speech.script(silent=True)
    assert recognize(GoogleStt(link, settings), silence(300)).events == [Heard("", True, 1.0), Done()]


def test_words_that_google_leaves_unconfirmed_are_never_called_final(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    google_speech.script(withhold_final="close", texts=["שלום אני מחפש דירה בחיפה"])
    events = recognize(GoogleStt(link, settings), silence(1200))

    assert events.events[-1] == Done()
    assert [heard.is_final for heard in events.heard] == [False] * len(events.heard)
    assert events.heard


def test_a_final_that_never_comes_is_a_timeout(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    google_speech.script(withhold_final="hang")
    last = recognize(GoogleStt(link, settings), silence(300)).events[-1]

    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == ("timeout", True)


def dictation() -> tuple[bytes, str]:
    """Return some eight seconds of words, with a pause after each third, and their text."""
    sounds = [spoken_word(number) + silence(500 if number % 3 == 0 else 100) for number in range(1, 15)]
    return b"".join(sounds), " ".join(f"מילה{number}" for number in range(1, 15))


def unheard(google_speech: EmulatorProcess, pcm: bytes) -> int:
    """Return how many bytes of a turn came to Google in none of the streams, which must be three or more."""
    missed = heard_to = 0
    streams = [bytes.fromhex(entry["audio"]) for entry in google_speech.entries if "audio" in entry]
    assert len(streams) >= 3
    for audio in streams:
        start = pcm.index(audio)  # in one piece, as it was spoken
        missed += max(0, start - heard_to)
        heard_to = max(heard_to, start + len(audio))
    return missed + len(pcm) - heard_to


def test_an_old_stream_is_followed_by_another_and_not_a_word_is_lost_or_doubled_nor_a_byte_unheard(
    new_link: NewLink, google_speech: EmulatorProcess
) -> None:
    """R8.5: rolled over before Google's 305 s. Counted at Google's end: each stream begins where all before it is
    settled, or earlier, never later.
    """
    link, settings = new_link("google_speech_endpoint", stt_stream_limit_s=0.8)
    google_speech.script(decode=True, keeps_audio=True)
    pcm, text = dictation()
    events = recognize(GoogleStt(link, settings), pcm, pace_s=0.004)

    assert events.heard[-1].text == text
    assert events.heard[-1].is_final
    assert unheard(google_speech, pcm) == 0


def test_a_stream_that_google_ends_as_too_long_is_followed_by_another_and_not_a_byte_is_unheard(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    """R8.5: `OUT_OF_RANGE`, should it come all the same."""
    google_speech.script(decode=True, keeps_audio=True, max_stream_s=3)
    pcm, text = dictation()
    events = recognize(GoogleStt(link, settings), pcm, pace_s=0.001)

    assert events.heard[-1].text == text
    assert events.heard[-1].is_final
    assert unheard(google_speech, pcm) == 0


def test_a_turn_read_again_too_fast_is_read_once_more_at_the_pace_of_speech_and_so_are_all_after_it(
    new_link: NewLink, google_speech: EmulatorProcess
) -> None:
    """R8.2, server.md: the same status as of a stream that is too long, told apart by Google's words."""
    link, settings = new_link("google_speech_endpoint")
    # Both bounds are far off: a stall of half a second on either side makes neither reading one of the other kind.
    google_speech.script(decode=True, most_ahead_s=2.2)
    pcm = b"".join(spoken_word(number) for number in range(1, 9))
    text = " ".join(f"מילה{number}" for number in range(1, 9))
    for _ in range(2):
        assert recognize(GoogleStt(link, settings), pcm).heard[-1] == Heard(text, True, 1.0, ())
    assert [entry["too_fast"] for entry in google_speech.entries] == [True, False, False]


def test_a_stream_that_is_too_long_at_once_is_an_error_not_a_loop(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    google_speech.script(error="OUT_OF_RANGE")
    events = Events()
    GoogleStt(link, settings).open((), events)

    last = events.wait()
    assert isinstance(last, Failed)
    assert last.code == "stream_too_long"


def test_cancel_ends_the_stream_at_google(link: Link, settings: CloudSettings, google_speech: EmulatorProcess) -> None:
    google_speech.script(withhold_final="hang")
    events = Events()
    stream = GoogleStt(link, settings).open((), events)
    stream.write(silence(400))
    wait_until(lambda: google_speech.entries and google_speech.entries[0]["audio_ms"], "audio at Google")

    stream.cancel()

    wait_until(lambda: link.open_streams == 0, "the stream is gone")
    heard = len(events.events)
    wait_until(lambda: google_speech.entries[0]["ended"], "Google notices")
    assert len(events.events) == heard


def test_a_sidecar_killed_in_mid_turn_fails_the_turn_and_serves_the_next(
    new_link: NewLink, google_speech: EmulatorProcess
) -> None:
    """R8.2: the turn can fall back at once, the next one has its sidecar."""
    link, settings = new_link("google_speech_endpoint")
    engine = GoogleStt(link, settings)
    turns = [Events() for _ in range(5)]
    for events in turns:
        engine.open((), events).write(silence(1000))
    wait_until(lambda: all(events.heard for events in turns), "all turns are heard")
    assert link.pid is not None
    os.kill(link.pid, signal.SIGKILL)

    for events in turns:
        last = events.wait()
        assert isinstance(last, Failed)
        assert (last.code, last.retriable) == ("child_died", True)
    wait_until(lambda: link.ready, "the next sidecar is ready", 60)
    assert recognize(engine, silence(1500)).heard[-1].text == TEXT


def test_a_final_that_google_sends_twice_counts_once(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    """R8.1: the same words up to the same moment are the same words, in mid-turn and at its end."""
    google_speech.script(doubles_finals=True, texts=["אפס חמש ארבע", "שתיים שלוש", "ארבע חמש"], ms_per_word=200)
    events = recognize(GoogleStt(link, settings), silence(4000), pace_s=0.001)

    assert events.heard[-1] == Heard("אפס חמש ארבע שתיים שלוש ארבע חמש", True, 1.0, events.heard[-1].alternatives)
    assert not any("ארבע אפס" in heard.text for heard in events.heard)


def test_a_final_that_comes_again_in_the_next_stream_counts_once(
    new_link: NewLink, google_speech: EmulatorProcess
) -> None:
    """R8.5: its end was counted from the beginning of the stream it belonged to."""
    link, settings = new_link("google_speech_endpoint", stt_stream_limit_s=1.0)
    google_speech.script(
        {"texts": ["אפס חמש ארבע"], "start_ms": 0},
        {"texts": ["שתיים"], "start_ms": 1000, "repeats": ["אפס חמש ארבע", 900]},
        texts=[],
    )
    events = recognize(GoogleStt(link, settings), silence(4000), pace_s=0.008)

    assert events.heard[-1].text == "אפס חמש ארבע שתיים"
    assert len(google_speech.entries) >= 2


def test_a_stream_that_google_closes_in_mid_turn_is_an_error(
    link: Link, settings: CloudSettings, google_speech: EmulatorProcess
) -> None:
    """R8.2: closed with OK, words or not; the turn's fallback reads it."""
    google_speech.script(closes_after_ms=400)
    events = Events()
    stream = GoogleStt(link, settings).open((), events)
    stream.write(silence(400))  # and no more: what crossed the end would be an error of another kind
    last = events.wait()

    assert isinstance(last, Failed)
    assert (last.code, last.retriable) == ("unavailable", True)
