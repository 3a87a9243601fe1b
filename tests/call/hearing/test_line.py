"""What is missing of a caller's audio, and how late what comes is; alone, and in a call."""

import numpy as np
import pytest

from app.call.hearing.line import Line
from app.call.states import State
from tests.call.driver import CallDriver, Stt, World, buzz, hush, settings

CUT_OFF_AFTER_MS, FILL_EVERY_MS, SILENT_AFTER_MS, SURE_AFTER_MS = 600, 60, 200, 40

FIRST, SECOND = "אני מחפש דירה", "בשכירות ברעננה"

BEGAN_MS = 100_000
"""No clock begins with a call."""


def frames(line: Line, count: int, from_ms: int) -> int:
    """Frames at their pace; return when the last one came."""
    for number in range(count):
        line.came(20, from_ms + 20 * number)
    return from_ms + 20 * (count - 1)


def test_frames_that_come_leave_nothing_to_fill_in() -> None:
    """R6: a live line is never filled."""
    line = Line()
    line.begin(BEGAN_MS)
    now_ms = frames(line, 50, BEGAN_MS + 20)
    assert line.missing_frames(now_ms + 150, is_speech=False) == 0
    assert not line.is_quiet


@pytest.mark.parametrize(("is_speech", "after_ms"), [(False, SILENT_AFTER_MS), (True, CUT_OFF_AFTER_MS)])
def test_what_does_not_come_is_filled_in_to_the_present(is_speech: bool, after_ms: int) -> None:
    """R6.3: sooner behind silence than behind voice, and only after a second look."""
    line = Line()
    line.begin(BEGAN_MS)
    last_ms = frames(line, 10, BEGAN_MS + 20)
    assert line.timer(is_speech=is_speech) == last_ms + after_ms
    assert line.missing_frames(last_ms + after_ms - 1, is_speech=is_speech) == 0
    assert line.missing_frames(last_ms + after_ms, is_speech=is_speech) == 0
    sure_ms = last_ms + after_ms + SURE_AFTER_MS
    assert line.timer(is_speech=is_speech) == sure_ms
    assert line.missing_frames(sure_ms, is_speech=is_speech) == (after_ms + SURE_AFTER_MS) // 20
    assert line.is_quiet
    assert not line.is_overdue
    assert line.timer(is_speech=is_speech) == sure_ms + FILL_EVERY_MS
    assert line.missing_frames(sure_ms + FILL_EVERY_MS, is_speech=is_speech) == FILL_EVERY_MS // 20


def test_a_process_that_was_held_up_finds_the_frames_in_its_socket() -> None:
    """R6: silence of our own making is none."""
    line = Line()
    line.begin(BEGAN_MS)
    last_ms = frames(line, 10, BEGAN_MS + 20)
    assert not line.is_overdue
    assert line.missing_frames(last_ms + 1500, is_speech=True) == 0
    assert line.is_overdue
    line.came(1500, last_ms + 1501)
    assert not line.is_overdue
    assert line.missing_frames(last_ms + 1541, is_speech=True) == 0


def test_what_a_stall_held_back_was_spoken_so_long_ago() -> None:
    """R6.4: each frame of the burst by its place in it; frames at their pace are not late."""
    line = Line()
    line.begin(BEGAN_MS)
    last_ms = frames(line, 10, BEGAN_MS + 20)
    for now_ms in range(last_ms + CUT_OFF_AFTER_MS, last_ms + 2000, 20):
        line.missing_frames(now_ms, is_speech=True)
    line.came(2000, last_ms + 2000)
    assert line.late_ms(1980) == pytest.approx(1980, abs=60)
    assert line.late_ms(0) <= 60
    frames(line, 100, last_ms + 2020)
    assert line.late_ms(0) == 0


def test_a_caller_who_speaks_after_a_silence_without_frames_is_not_late() -> None:
    """R6.4: nor do frames that gather much later make up for that silence."""
    line = Line()
    line.begin(BEGAN_MS)
    for now_ms in range(BEGAN_MS + 600, BEGAN_MS + 5000, 20):
        line.missing_frames(now_ms, is_speech=False)
    last_ms = frames(line, 100, BEGAN_MS + 5000)
    assert line.late_ms(0) == 0
    line.came(400, last_ms + 20)
    assert line.late_ms(0) == 0


def test_of_a_burst_each_frame_is_late_by_what_is_still_to_come_until_all_is_there() -> None:
    """R6.4: in two pieces, too; and once the whole of it has come, nothing is."""
    line = Line()
    line.begin(BEGAN_MS)
    last_ms = frames(line, 10, BEGAN_MS + 20)
    back_ms = last_ms + 1000
    for now_ms in range(last_ms, back_ms, 20):
        line.missing_frames(now_ms, is_speech=True)
    line.came(500, back_ms)
    assert 900 <= line.late_ms(480) <= 1000
    assert 420 <= line.late_ms(0) <= 520
    line.came(500, back_ms + 20)
    assert line.late_ms(480) == pytest.approx(480, abs=60)
    assert line.late_ms(0) <= 60
    line.came(20, back_ms + 40)
    line.came(20, back_ms + 60)
    assert line.late_ms(0) == 0


@pytest.mark.parametrize(("after_ms", "is_late"), [(300, True), (301, False)])
def test_a_stalls_audio_comes_as_soon_as_the_stall_is_over_or_was_never_held_back(after_ms: int, is_late: bool) -> None:
    """R6.4: a burst much later is of something else."""
    line = Line()
    line.begin(BEGAN_MS)
    for now_ms in range(BEGAN_MS + 600, BEGAN_MS + 3000, 20):
        line.missing_frames(now_ms, is_speech=False)
    back_ms = BEGAN_MS + 3000
    line.came(20, back_ms)
    line.came(after_ms, back_ms + after_ms)
    line.came(1000, back_ms + after_ms + 1)
    assert bool(line.late_ms(980)) is is_late


def test_another_stream_begins_with_nothing_owed() -> None:
    """R18: what the one before it lacked is of no concern to it; nor does a line that never began lack anything."""
    line = Line()
    assert line.timer(is_speech=False) is None
    assert line.missing_frames(BEGAN_MS, is_speech=False) == 0
    line.begin(BEGAN_MS)
    for now_ms in range(BEGAN_MS + 200, BEGAN_MS + 2000, 20):
        line.missing_frames(now_ms, is_speech=False)
    assert line.is_quiet
    line.begin(BEGAN_MS + 2000)
    assert not (line.is_quiet or line.is_overdue)
    line.came(2000, BEGAN_MS + 2020)
    assert line.late_ms(1980) == 0
    assert line.timer(is_speech=False) == BEGAN_MS + 2020 + SILENT_AFTER_MS


# -- a call on such a line --------------------------------------------------------------------------------------------


def _answered_after(drive: CallDriver, *, with_frames: bool, streams: bool = True) -> int:
    """Say something; return how long after it the agent's voice is there."""
    drive.world.stts.append(Stt(FIRST + " " + SECOND))
    drive.says(1500)
    ended_ms = drive.now_ms
    while drive.call.state is not State.SPEAKING:
        drive.quiet(20) if with_frames else drive.no_frames(20)
        assert drive.now_ms - ended_ms < 5000
    return drive.now_ms - ended_ms


@pytest.mark.parametrize("streams", [True, False])
def test_a_turn_on_a_line_without_frames_is_answered_as_soon(streams: bool) -> None:
    """R6.3: 300 ms later at most than where the carrier sends silence."""
    quick = _answered_after(CallDriver(call_settings=settings(streams=streams)).listening(), with_frames=True)
    drive = CallDriver(call_settings=settings(streams=streams)).listening()
    assert _answered_after(drive, with_frames=False) - quick <= 300
    assert ("caller", f"{FIRST} {SECOND}") in drive.history()


def test_one_frame_in_five_seconds_is_silence_too() -> None:
    """R6.3, R17: the turn is answered, and the silence ladder comes."""
    drive = CallDriver(World(stts=[Stt(FIRST)])).listening()
    drive.says(1500)
    before = len(drive.steps)
    for _ in range(6):
        drive.no_frames(4980)
        drive.quiet(20)
    assert ("caller", FIRST) in drive.history()
    assert drive.call.dialog
    assert drive.call.dialog.memory.silences >= 2
    assert drive.spoken(before)


def test_a_line_without_any_frame_is_greeted_and_left_with_words() -> None:
    """R17: greeting, silence ladder, goodbye, hang-up."""
    drive = CallDriver()
    drive.start()
    drive.no_frames(60_000)
    assert drive.hung_up()


@pytest.mark.parametrize("stall_ms", [500, 2000, 4000, 7000])
@pytest.mark.parametrize("streams", [True, False])
def test_a_stall_in_mid_sentence_and_the_burst_behind_it_are_one_turn(stall_ms: int, streams: bool) -> None:
    """R6.4: whatever was answered meanwhile is taken back; the whole is answered once."""
    texts = [Stt(FIRST), Stt(SECOND), Stt("", final_ms=10)] if stall_ms > 500 or not streams else [Stt(FIRST)]
    drive = CallDriver(World(stts=texts), settings(streams=streams, has_fallback=False)).listening()
    drive.says(1200)
    drive.stalls(np.concatenate([buzz(1000), hush(stall_ms - 1000)]) if stall_ms > 1000 else buzz(stall_ms))
    drive.quiet(600)
    drive.until(State.SPEAKING)
    caller = [text for who, text in drive.history() if who == "caller"]
    assert len(caller) == 1
    if stall_ms > 500 and streams:
        assert caller == [f"{FIRST} {SECOND}"]
        assert {save.data["turn"] for save in drive.saved("heard")} == {1}
        assert drive.call.dialog
        assert drive.call.dialog.slots["area"] == ["רעננה"]


def test_a_caller_who_answers_after_a_silence_without_frames_begins_a_new_turn() -> None:
    """R6.4: what was answered and heard to its end stands."""
    drive = CallDriver(World(stts=[Stt(FIRST), Stt(SECOND)])).listening()
    drive.says(1500)
    while len(drive.saved("said")) < 2:
        drive.no_frames(20)
    drive.no_frames(700)
    drive.says(1200)
    drive.until(State.SPEAKING)
    assert [text for who, text in drive.history() if who == "caller"] == [FIRST, SECOND]
