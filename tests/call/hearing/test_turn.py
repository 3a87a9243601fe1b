"""A caller turn in several stretches."""

from itertools import count

from app.call.events import CancelStt, FinishStt, SttFailed, SttHeard
from app.call.hearing.recognition import Recognition, RecognitionSettings
from app.call.hearing.turn import Turn

FRAME = b"\x01\x02" * 160
SETTINGS = RecognitionSettings(streams=True, has_fallback=True, commit_ms=500, fallback_ms=1200, give_up_ms=6000)


def two_parts() -> tuple[Turn, Recognition, Recognition]:
    streams = count(1)
    turn = Turn(1)
    parts = [Recognition(SETTINGS, streams, ()) for _ in range(2)]
    for part in parts:
        for _ in range(10):
            part.audio(FRAME)
        turn.add(part)
    return turn, parts[0], parts[1]


def test_both_halves_are_one_text_in_the_order_they_were_said() -> None:
    """R6.4: whichever is understood first."""
    turn, first, second = two_parts()
    first.end(1000)
    assert turn.result(1000) == (None, [])
    assert second.end(2000)[-1] == FinishStt(2)
    turn.receive(SttHeard(2, "שלושה חדרים", True, 1.0, ("שישה חדרים",)), 2100)
    assert turn.result(2100)[0] is None
    turn.receive(SttHeard(1, "דירה ברעננה", True), 2200)
    heard, _ = turn.result(2200)
    assert heard is not None
    assert (heard.text, heard.alternatives, heard.audio_ms) == (
        "דירה ברעננה שלושה חדרים",
        ("דירה ברעננה שישה חדרים",),
        400,
    )


def test_a_turn_is_wordless_once_every_recogniser_has_had_its_say_and_heard_nothing() -> None:
    """R7.5, R8.3: not while one listens, not where one heard a word, not where one broke."""
    turn, _, _ = two_parts()
    assert not turn.is_wordless
    turn.receive(SttHeard(1, "", True), 1000)
    assert not turn.is_wordless
    turn.receive(SttHeard(2, "", True), 1100)
    assert turn.is_wordless
    for last in (SttHeard(2, "דירה", True), SttFailed(2, "unavailable", "down")):
        turn, _, _ = two_parts()
        turn.receive(SttHeard(1, "", True), 1000)
        turn.receive(last, 1100)
        assert not turn.is_wordless


def test_a_stretch_still_being_spoken_is_waited_for() -> None:
    """R6.4: the turn is not over while the caller speaks."""
    turn, first, _ = two_parts()
    first.end(1000)
    turn.receive(SttHeard(1, "דירה", True), 1100)
    assert turn.result(9000) == (None, [])
    assert turn.timer() is None
    assert turn.interim == "דירה"


def test_every_stretch_keeps_its_own_deadlines() -> None:
    """R8.2: a timer that has come is always followed by something done."""
    turn, first, second = two_parts()
    first.end(1000)
    second.end(2000)
    turn.receive(SttHeard(2, "חולון", False, 0.9), 2000)
    now_ms = 2000
    for _ in range(8):
        heard, _ = turn.result(now_ms)
        due_ms = turn.timer()
        if heard is not None or due_ms is None:
            break
        assert due_ms > now_ms or turn.result(now_ms)[1]
        now_ms = max(now_ms, due_ms)
    assert heard is not None
    assert heard.text == "חולון"
    assert now_ms <= 8000


def test_a_cancelled_turn_cancels_each_recognition_once() -> None:
    """R8.3: nothing runs on for nobody."""
    turn, _, _ = two_parts()
    assert turn.cancel() == [CancelStt(1), CancelStt(2)]
    assert turn.cancel() == []


def test_a_turn_without_a_stretch_has_no_text() -> None:
    """R6.5: nothing said, nothing to answer."""
    assert Turn(1).result(1000) == (None, [])
    assert Turn(1).interim == ""
