"""One turn of Google recognition, scene by scene, on a clock that no test waits for.

What Google's own protocol asks for is in `test_google_stt.py`, over gRPC.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc
import pytest

from app.sidecar.child import ServiceError
from app.speech.cloud.google_stt import Dialect
from app.speech.cloud.pacing import CAREFUL
from tests.qa.virtual_time import run_virtually
from tests.speech.cloud.google_scenes import (
    BYTES_PER_MS,
    Caller,
    Google,
    Response,
    Stream,
    after,
    error,
    failure,
    final,
    interim,
    says,
    speech,
    turn,
)

MASKED = "Internal error from Core"


def test_live_audio_goes_as_the_worker_sends_it_and_the_rest_when_the_turn_is_over() -> None:
    """R8.1: none empty, none waiting: what waits here is heard later."""
    google = Google(says((None, final("שלום", 440))))
    caller = run_virtually(turn(google, speech(450), frame_ms=200))
    assert [len(message) // BYTES_PER_MS for message in google.streams[0].messages] == [200, 200, 50]
    assert google.streams[0].audio == speech(450)
    assert caller.events[-1] == {"text": "שלום", "is_final": True, "stability": 1.0, "alternatives": (), "end_ms": None}


def test_what_lies_ready_goes_in_few_messages() -> None:
    """R8.1: the sound before a turn's onset, and what a process that is behind has not sent."""
    google = Google(says((None, final("שלום", 1000))))
    run_virtually(turn(google, speech(1000), frame_ms=1000))
    assert [len(message) // BYTES_PER_MS for message in google.streams[0].messages] == [400, 400, 200]


def test_a_message_goes_as_soon_as_it_is_there() -> None:
    """R6: what waits here is heard later."""
    heard_at_s: list[float] = []

    async def scene(stream: Stream) -> AsyncIterator[Any]:
        for to_ms in (100, 200, 300):
            await stream.hear(to_ms)
            heard_at_s.append(asyncio.get_running_loop().time())
            yield Response()
        await stream.hear()

    caller = run_virtually(turn(Google(scene), speech(310), frame_ms=20))
    assert heard_at_s == pytest.approx([0.1, 0.2, 0.3])
    assert [event["is_final"] for event in caller.events] == [True], "responses without results say nothing"


def test_an_events_stability_has_three_digits() -> None:
    """R8.1: Google's 32-bit fractions."""
    google = Google(says((100, interim("שלום", 80, 0.8764)), (None, final("שלום", 80))))
    assert run_virtually(turn(google, speech(200))).events[0]["stability"] == 0.876


@pytest.mark.parametrize("status", [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED])
def test_a_turn_that_fails_leaves_nothing_running(status: grpc.StatusCode) -> None:
    """R8.2: nobody reads on for a turn that its fallback has taken over, and the stream is closed."""

    async def scene() -> set[Any]:
        google = Google(says((100, error(status))))
        with pytest.raises(ServiceError):
            await turn(google, speech(5000))
        await asyncio.sleep(0)
        assert google.streams[0].is_cancelled
        return asyncio.all_tasks() - {asyncio.current_task()}

    assert run_virtually(scene()) == set()


def test_an_error_within_a_response_is_that_error() -> None:
    """R8.2: Google may also put it there."""
    response = Response()
    response.error.code, response.error.message = grpc.StatusCode.PERMISSION_DENIED.value[0], "no such project"
    failed = failure(Google(says((100, response))), speech(300))
    assert failed.code == "unauthenticated"
    assert "no such project" in failed.message


@pytest.mark.parametrize(("final_at_s", "is_heard"), [(7.9, True), (8.1, False)])
def test_the_final_of_audio_that_goes_at_a_pace_may_come_later_by_the_time_that_takes(
    final_at_s: float, is_heard: bool
) -> None:
    """R8.2: 12 s lie ready, 8 go at once, the rest at twice the speed of speech: 2 s, and 6 s for the final."""

    async def scene(stream: Stream) -> AsyncIterator[Any]:
        await stream.hear()
        assert asyncio.get_running_loop().time() == pytest.approx(2.0, abs=0.06)
        await asyncio.sleep(final_at_s - asyncio.get_running_loop().time())
        yield final("שלום", 11_000)

    google = Google(scene)
    if is_heard:
        assert run_virtually(turn(google, speech(12_000), at_once=True)).events[-1]["is_final"]
    else:
        assert failure(google, speech(12_000), at_once=True).code == "timeout"


@pytest.mark.parametrize(("late_s", "is_heard"), [(5.9, True), (6.1, False)])
def test_the_final_of_a_live_turn_may_take_as_long_as_is_set(late_s: float, is_heard: bool) -> None:
    """R8.2: counted from the end of the turn, not from its beginning."""

    async def scene(stream: Stream) -> AsyncIterator[Any]:
        await stream.hear()
        await asyncio.sleep(late_s)
        yield final("שלום", 200)

    google = Google(scene)
    if is_heard:
        assert run_virtually(turn(google, speech(3000))).events[-1]["is_final"]
    else:
        assert failure(google, speech(3000)).code == "timeout"


def test_each_stream_begins_where_all_is_settled_and_counts_from_there() -> None:
    """R8.5: Google counts from the first audio of each stream, the turn from its own; what comes again is known."""
    google = Google(
        says((1500, final("אחת", 1000)), (None, final("never", 0))),
        says((900, final("שתיים", 700)), (None, final("never", 0))),
        says((300, final("שתיים", 700)), (None, final("שלוש", 3000))),
        stt_stream_limit_s=2.0,
    )
    pcm = speech(5000)
    caller = run_virtually(turn(google, pcm))
    assert caller.events[-1]["text"] == "אחת שתיים שלוש"
    assert [one.timeout_s for one in google.streams] == [8.0] * 3
    assert pcm.startswith(google.streams[0].audio)
    assert after(pcm, 1000).startswith(google.streams[1].audio)
    assert google.streams[2].audio == after(pcm, 1700)


def test_what_was_not_final_is_said_once_by_the_next_stream() -> None:
    """R8.5: its audio is heard again."""
    google = Google(
        says((1500, interim("אחת שתיים", 1400)), (None, final("never", 0))),
        says((1500, interim("אחת שתיים", 1400)), (None, final("אחת שתיים שלוש", 2500))),
        stt_stream_limit_s=2.0,
    )
    caller = run_virtually(turn(google, speech(3000)))
    assert [event["text"] for event in caller.events] == ["אחת שתיים"] * 2 + ["אחת שתיים שלוש"] * 2
    assert google.streams[1].audio == speech(3000)


@pytest.mark.parametrize(
    ("at_ms", "told_ms", "text"),
    [(100, 1000, "אחת שתיים"), (1000, 1000, "אחת שתיים"), (100, 1700, "אחת אחת שתיים")],
)
def test_a_final_of_the_stream_before_that_comes_late_is_placed_in_its_own_stream(
    at_ms: int, told_ms: int, text: str
) -> None:
    """R8.5: once more as it was, or with an end beyond all audio that the new stream has had."""
    google = Google(
        says((1500, final("אחת", 1000)), (None, final("never", 0))),
        says((at_ms, final("אחת", told_ms)), (None, final("שתיים", 1500))),
        stt_stream_limit_s=2.0,
    )
    caller = run_virtually(turn(google, speech(3500)))
    assert caller.events[-1]["text"] == text
    assert google.streams[1].audio == after(speech(3500), 1000)


@pytest.mark.parametrize(("end_ms", "starts_ms"), [(300, 300), (900, 500), (0, 500)])
def test_no_end_that_google_tells_settles_audio_it_has_not_had(end_ms: int, starts_ms: int) -> None:
    """R8.5: 200 ms beyond are rounding, and 0 is no end at all: then what was sent is settled."""
    google = Google(
        says((500, final("אחת", end_ms)), (None, error(grpc.StatusCode.OUT_OF_RANGE, "too long"))),
        says((None, final("שתיים", 1000))),
        stt_stream_limit_s=30.0,
    )
    pcm = speech(2000)
    run_virtually(turn(google, pcm))
    assert google.streams[1].audio == after(pcm, starts_ms)


def test_a_starved_stream_is_followed_by_another_when_there_is_audio_again() -> None:
    """R8.5: Google ends a stream in which nothing comes; asking again at once would starve it again."""
    google = Google(
        says((1000, final("אחת", 900)), (1000, error(grpc.StatusCode.OUT_OF_RANGE, "Audio Timeout Error"))),
        says((None, final("שתיים", 900))),
    )

    async def scene() -> Caller:
        caller = Caller()
        caller.feed(speech(1000))
        hearing = asyncio.create_task(google.recognize({}, caller))
        await asyncio.sleep(20)
        assert len(google.streams) == 1
        caller.feed(speech(1000))
        caller.feed_end()
        await hearing
        return caller

    assert run_virtually(scene()).events[-1]["text"] == "אחת שתיים"
    assert google.streams[1].audio == after(speech(1000), 900) + speech(1000)


@pytest.mark.parametrize(("had_ms", "goes_on"), [(500, True), (400, False)])
def test_a_stream_that_google_ends_before_half_a_second_is_an_error(had_ms: int, goes_on: bool) -> None:
    """R8.5: or the turn goes in circles."""
    google = Google(
        says((had_ms, error(grpc.StatusCode.OUT_OF_RANGE, "too long"))),
        says((None, final("אחת", 900))),
    )
    if goes_on:
        assert run_virtually(turn(google, speech(1000))).events[-1]["text"] == "אחת"
    else:
        assert failure(google, speech(1000)).code == "stream_too_long"


def test_the_second_stream_that_google_ends_must_have_brought_something_too() -> None:
    """R8.5: progress is counted from the stream before."""
    ends = error(grpc.StatusCode.OUT_OF_RANGE, "too long")
    google = Google(says((1000, ends)), says((1000, ends)))
    assert failure(google, speech(1300)).code == "stream_too_long"


def test_a_stream_that_was_too_fast_is_followed_at_the_careful_pace_and_its_final_has_the_time() -> None:
    """R8.2: a second that goes at once, then 1.25 times the speed of speech: 11 s take 8."""
    too_fast = error(grpc.StatusCode.OUT_OF_RANGE, "streamed too fast")
    google = Google(says((3000, too_fast)), says((None, final("אחת", 9000))))
    caller = run_virtually(turn(google, speech(11_000), at_once=True))
    assert caller.events[-1]["text"] == "אחת"
    assert google.pace is CAREFUL
    assert google.streams[1].audio == speech(11_000)


@pytest.mark.parametrize(("at_once", "is_careful"), [(True, True), (False, False)])
def test_a_stream_of_which_only_a_crossed_write_tells_was_too_fast_if_it_was_ahead(
    at_once: bool, is_careful: bool
) -> None:
    """R8.2: Google's words are lost where a message of ours crosses them; a live turn is not ahead of its time."""
    masked = error(grpc.StatusCode.INTERNAL, MASKED)
    google = Google(says((1600, interim("אחת", 1000)), (2000, masked)), says((None, final("אחת", 3000))))
    caller = run_virtually(turn(google, speech(4000), at_once=at_once))
    assert caller.events[-1]["text"] == "אחת"
    assert (google.pace is CAREFUL) is is_careful
    assert google.streams[1].audio == speech(4000)


def test_what_is_too_fast_at_the_careful_pace_is_an_error() -> None:
    """R8.2: nothing slower is tried."""
    too_fast = error(grpc.StatusCode.OUT_OF_RANGE, "streamed too fast")
    google = Google(*[says((300, too_fast))] * 3)
    assert failure(google, speech(400), at_once=True).code == "stream_too_long"
    assert len(google.streams) == 2


def test_a_refusal_that_crossed_our_audio_is_asked_for_and_the_next_dialect_is_tried() -> None:
    """R8.1: the client forgets the refusal; a stream of the config alone brings it back."""
    refusal = error(grpc.StatusCode.INVALID_ARGUMENT, "bad language code")
    masked = error(grpc.StatusCode.INTERNAL, MASKED)
    google = Google(says((100, masked)), says((None, refusal)), says((None, final("אחת", 300))))
    assert run_virtually(turn(google, speech(400))).events[-1]["text"] == "אחת"
    assert google.dialects == [("he-IL", True), ("he-IL", True), ("iw-IL", True)]
    assert [len(one.messages) > 0 for one in google.streams] == [True, False, True]
    assert google.streams[1].timeout_s == 6.0
    assert google.dialect == Dialect("iw-IL", True)


def test_a_stream_with_words_that_breaks_off_in_mid_turn_is_followed_by_another() -> None:
    """R8.5: a write that crossed Google's end, which was no refusal: words were heard."""
    masked = error(grpc.StatusCode.INTERNAL, MASKED)
    google = Google(says((800, final("אחת", 600)), (900, masked)), says((None, final("שתיים", 600))))
    pcm = speech(1500)
    assert run_virtually(turn(google, pcm)).events[-1]["text"] == "אחת שתיים"
    assert google.streams[1].audio == after(pcm, 600)


def test_no_other_dialect_is_tried_once_words_were_heard() -> None:
    """R8.1: what Google then finds invalid is not the language."""
    refusal = error(grpc.StatusCode.INVALID_ARGUMENT, "bad language code")
    google = Google(says((100, interim("אחת", 80)), (200, refusal)))
    assert failure(google, speech(400)).code == "invalid_request"


@pytest.mark.parametrize(
    ("dialect", "reason", "following"),
    [
        (Dialect("he-IL", True), "bad language code 'he-IL'", Dialect("iw-IL", True)),
        (Dialect("he-IL", True), "the model is not supported for language", Dialect("he-IL", False)),
        (Dialect("he-IL", False), "the model is not supported for language", Dialect("iw-IL", False)),
        (Dialect("iw-IL", True), "Bad LANGUAGE code", Dialect("iw-IL", False)),
        (Dialect("iw-IL", False), "bad language code", None),
    ],
)
def test_what_google_blames_is_replaced_first(dialect: Dialect, reason: str, following: Dialect | None) -> None:
    """R8.1: then the other of the two; nothing twice."""
    assert dialect.after_refusal(reason, "iw-IL") == following


def test_phrases_keep_within_googles_limits() -> None:
    """R8.1: at most 500 of at most 100 characters, each once, the first ones first."""
    phrases = (" רעננה ", "רעננה", "ר", "א" * 100, "ב" * 101, "  ", *(f"רחוב {number}" for number in range(600)))
    google = Google(says((None, final("אחת", 100))), stt_boost=7.0)
    run_virtually(turn(google, speech(200), phrases=phrases))
    (context,) = google.streams[0].config.speech_contexts
    assert list(context.phrases) == ["רעננה", "ר", "א" * 100, *(f"רחוב {number}" for number in range(497))]
    assert context.boost == 7.0


def test_the_configuration_is_of_telephone_audio_in_the_model_that_is_set() -> None:
    """R8.1: LINEAR16 at 8000 Hz; no contexts where there are no phrases."""
    google = Google(says((None, final("אחת", 100))), stt_model="telephony", stt_max_alternatives=2)
    run_virtually(turn(google, speech(200)))
    config = google.streams[0].config
    assert (config.encoding, config.sample_rate_hertz, config.model) == (1, 8000, "telephony")
    assert (config.max_alternatives, list(config.speech_contexts)) == (2, [])


def test_a_stream_that_google_closes_with_ok_in_mid_turn_is_no_end_of_the_turn() -> None:
    """R8.2: the turn's fallback reads it."""
    failed = failure(Google(says((200, final("אחת", 100)))), speech(1000))
    assert (failed.code, failed.retriable) == ("unavailable", True)


def test_words_left_unconfirmed_are_not_called_final() -> None:
    """R8.1: an end without a final."""
    google = Google(says((None, interim("אחת", 150))))
    assert [event["is_final"] for event in run_virtually(turn(google, speech(200))).events] == [False]
