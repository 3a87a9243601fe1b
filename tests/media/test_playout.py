"""The pace of the agent's voice, and how much of it was heard."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.media.codec import FRAME_MS
from app.media.playout import END_MARK, FrameDue, MarkDue, Playout, PlayoutSettings

LEAD_MS = 180
VOICE_SECOND = b"\x10" * 8000


@dataclass
class Line:
    """Twilio's end: plays what it is sent in real time, and echoes marks when they are reached."""

    latency_ms: int = 0
    free_at_ms: int = 0
    audible_ms: int = 0
    gaps: int = 0
    marks: list[tuple[int, str]] = field(default_factory=list)

    def receive(self, item: FrameDue | MarkDue, now_ms: int) -> None:
        arrives_ms = now_ms + self.latency_ms
        if isinstance(item, MarkDue):
            self.marks.append((max(self.free_at_ms, arrives_ms) + self.latency_ms, item.name))
            return
        self.gaps += self.audible_ms > 0 and arrives_ms > self.free_at_ms
        self.free_at_ms = max(self.free_at_ms, arrives_ms) + FRAME_MS
        self.audible_ms += FRAME_MS


def run(playout: Playout, line: Line, now_ms: int, until_ms: int) -> list[tuple[int, FrameDue | MarkDue]]:
    """Wake the playout just when it asks to be woken; return what was sent, and when."""
    sent: list[tuple[int, FrameDue | MarkDue]] = []
    while now_ms <= until_ms:
        for at_ms, name in [echo for echo in line.marks if echo[0] <= now_ms]:
            line.marks.remove((at_ms, name))
            playout.mark_echoed(name, now_ms)
        for item in playout.poll(now_ms):
            sent.append((now_ms, item))
            line.receive(item, now_ms)
        wakes = [at_ms for at_ms in (playout.timer(), *(at for at, _ in line.marks)) if at_ms is not None]
        if playout.ended(now_ms) or not wakes:
            break
        now_ms = max(min(wakes), now_ms + 1)
    return sent


def reply(seconds: float = 1.0, *, finished: bool = True, now_ms: int = 0) -> Playout:
    playout = Playout()
    playout.start(1, now_ms)
    playout.add_audio(VOICE_SECOND[:1] * int(8000 * seconds))
    if finished:
        playout.finish()
    return playout


def frame_times(sent: list[tuple[int, FrameDue | MarkDue]]) -> list[int]:
    return [at_ms for at_ms, item in sent if isinstance(item, FrameDue)]


def test_frames_go_out_every_20_ms_behind_a_small_lead() -> None:
    """R9.2."""
    times = frame_times(run(reply(), Line(), 0, 5000))
    assert times == [0] * 9 + [20 * index for index in range(1, 52)]


def test_the_reply_ends_with_silence_and_a_mark() -> None:
    """R7.3, R9.3: the last frame is filled up, 200 ms of silence follow, then the mark."""
    playout = reply(0.05)
    sent = [item for _, item in run(playout, Line(), 0, 5000)]
    frames = [item.ulaw for item in sent if isinstance(item, FrameDue)]
    assert {len(frame) for frame in frames} == {160}
    assert frames[2] == b"\x10" * 80 + b"\xff" * 80
    assert frames[3:] == [b"\xff" * 160] * 10
    assert sent[-1] == MarkDue(f"{END_MARK}:1")


@given(st.lists(st.integers(1, 60), min_size=1, max_size=60), st.sampled_from([60, 180, 300]))
@settings(max_examples=100)
def test_lateness_never_adds_up_and_bursts_never_exceed_the_lead(delays_ms: list[int], lead_ms: int) -> None:
    """R9.2: whatever the wake-ups, what is sent stays within the lead of what the clock has played."""
    playout, line, now_ms = Playout(PlayoutSettings(lead_ms=lead_ms)), Line(), 5000
    playout.start(1, now_ms)
    playout.add_audio(VOICE_SECOND * 5)
    for delay_ms in delays_ms:
        sent = playout.poll(now_ms)
        assert len(sent) * FRAME_MS <= lead_ms
        for item in sent:
            line.receive(item, now_ms)
        assert lead_ms - FRAME_MS < line.free_at_ms - now_ms <= lead_ms
        assert playout.buffered_ms(now_ms) == line.free_at_ms - now_ms
        now_ms += delay_ms
    if lead_ms > 60:
        assert line.gaps == 0


def test_an_hour_does_not_drift() -> None:
    """R9.2."""
    playout, now_ms, sent = Playout(), 0, 0
    playout.start(1, 0)
    for _ in range(3600):
        playout.add_audio(VOICE_SECOND)
    while now_ms < 3_600_000:
        now_ms += 37
        sent += len(playout.poll(now_ms))
    assert abs(sent * FRAME_MS - 37 - 3_600_000) <= LEAD_MS + 40


@given(st.integers(200, 2000))
def test_a_wake_up_too_late_for_the_lead_starts_afresh(pause_ms: int) -> None:
    """R9.2: the line has fallen silent; what was missed is not sent in a burst."""
    playout = reply(4.0, finished=False)
    assert len(playout.poll(0)) == 9
    assert len(playout.poll(pause_ms)) == 9
    assert playout.timer() == pause_ms + 20
    assert playout.heard_ms(pause_ms + 100) == 280


def test_a_slow_voice_is_an_underrun_and_not_the_end() -> None:
    """R9.2: the clock restarts when the next audio comes."""
    playout = reply(0.1, finished=False)
    assert len(playout.poll(0)) == 5
    assert playout.timer() is None
    assert not playout.ended(5000)
    playout.add_audio(VOICE_SECOND)
    assert playout.timer() is not None
    assert len(playout.poll(5000)) == 9
    assert playout.heard_ms(5000) == 100
    assert playout.heard_ms(5060) == 160
    playout.finish()
    assert len(frame_times(run(playout, Line(), 5000, 9000))) == 51


def test_finished_sending_is_not_finished_speaking() -> None:
    """R7.3: when the last frame is sent, the lead is still to be heard."""
    playout = reply(1.0)
    deaf = Line()
    sent = run(playout, deaf, 0, 1040)
    last_ms = sent[-1][0]
    assert last_ms == 1020
    assert not playout.ended(last_ms)
    assert playout.buffered_ms(last_ms) == LEAD_MS
    assert not playout.ended(1200 + 149)
    assert playout.timer() == 1200 + 150
    assert playout.ended(1200 + 150)
    assert playout.timer() is None
    assert playout.heard_ms(1200) == 1000


def test_the_echo_of_the_end_mark_ends_the_reply() -> None:
    """R7.3."""
    playout = reply(1.0)
    line = Line(latency_ms=40)
    sent = run(playout, line, 0, 1230)
    assert not playout.ended(1230)
    assert playout.mark_echoed(str(getattr(sent[-1][1], "name", "")), 1280) == END_MARK
    assert playout.ended(1280)
    assert playout.timer() is None


def test_a_line_that_lags_is_given_its_time() -> None:
    """R7.3: marks show how far the line is behind the clock; what is due to play out moves with it."""
    playout = reply(1.0, finished=False)
    playout.add_mark("word")
    playout.add_audio(VOICE_SECOND)
    playout.finish()
    for now_ms in range(0, 1300, 20):
        playout.poll(now_ms)
    assert playout.heard_ms(1300) == 1300
    assert playout.mark_echoed("word:1", 1300) == "word"
    assert playout.heard_ms(1300) == 1000
    for now_ms in range(1320, 2400, 20):
        playout.poll(now_ms)
    assert not playout.ended(2200 + 300 + 149)
    assert playout.ended(2200 + 300 + 150)


def test_marks_stand_where_they_were_put() -> None:
    """R7.5, R9.3: after the frame that holds the last sample before them."""
    playout = Playout()
    playout.start(7, 0)
    playout.add_mark("start")
    playout.add_audio(b"\x10" * 200)
    playout.add_mark("one")
    playout.add_audio(b"\x11" * 100)
    playout.add_audio(b"\x12" * 180)
    playout.add_mark("two")
    playout.finish()
    names = [item.name if isinstance(item, MarkDue) else len(item.ulaw) for item in playout.poll(0)]
    assert names[:6] == ["start:1", 160, 160, "one:1", 160, "two:1"]


def test_a_mark_alone_does_not_wait() -> None:
    """R9.3."""
    playout = reply(0.1, finished=False)
    playout.poll(0)
    playout.add_mark("late")
    assert playout.timer() == 0
    assert playout.poll(3000) == [MarkDue("late:1")]
    playout.mark_echoed("late:1", 3050)
    # It came back 50 ms after it was sent: that is the line's lag, not the 3 s of waiting for audio.
    playout.add_audio(VOICE_SECOND)
    playout.poll(3100)
    assert playout.heard_ms(3200) == 100 + 50


def test_clear_silences_and_forgets() -> None:
    """R7.1: nothing is sent any more, and the echoes of a clear are not taken for playing."""
    playout = reply(3.0, finished=False)
    playout.add_mark("end of sentence")
    for now_ms in range(0, 501, 20):
        playout.poll(now_ms)
    playout.clear(505)
    assert playout.poll(520) == []
    assert playout.timer() is None
    assert playout.buffered_ms(520) == 0
    assert playout.heard_ms(2000) == 505
    assert playout.mark_echoed("end of sentence:1", 530) is None
    assert playout.ended(530)


def test_an_echo_of_a_cleared_reply_does_not_end_the_next() -> None:
    """R7.3: names carry their generation."""
    playout = reply(0.02)
    playout.poll(0)
    old = playout.poll(60)[-1]
    assert old == MarkDue(f"{END_MARK}:1")
    playout.clear(60)
    playout.start(2, 60)
    playout.add_audio(VOICE_SECOND)
    playout.finish()
    run(playout, Line(), 60, 140)
    assert playout.mark_echoed(f"{END_MARK}:1", 150) is None
    assert not playout.ended(150)
    assert playout.heard_ms(160) == 100


def test_a_reply_follows_another_without_a_gap() -> None:
    """R9.2: a holding phrase, then the answer."""
    playout, line = reply(0.4), Line()
    sent = run(playout, line, 0, 300)
    for now_ms in range(300, 440, 20):
        for item in playout.poll(now_ms):
            sent.append((now_ms, item))
            line.receive(item, now_ms)
    assert playout.timer() is not None
    playout.start(2, 500)
    playout.add_audio(VOICE_SECOND)
    playout.finish()
    assert playout.heard_ms(500) == 0
    run(playout, line, 500, 700)
    assert line.gaps == 0
    # 600 ms of the first reply with its silence; then the second is heard.
    assert playout.heard_ms(600) == 0
    assert playout.heard_ms(700) == 100


def test_a_reply_without_audio_ends_too() -> None:
    """R9.3."""
    playout = Playout()
    playout.start(1, 100)
    playout.finish()
    sent = run(playout, Line(), 100, 2000)
    assert len(sent) == 11
    assert playout.ended(2000)


def test_nothing_can_be_added_to_what_is_not_open() -> None:
    playout = Playout()
    with pytest.raises(RuntimeError, match="no reply is open"):
        playout.add_audio(b"\x10")
    playout.start(1, 0)
    playout.finish()
    for add in (playout.finish, lambda: playout.add_mark("m"), lambda: playout.add_audio(b"")):
        with pytest.raises(RuntimeError, match="no reply is open"):
            add()


@pytest.mark.parametrize("bad", [{"lead_ms": 20}, {"lead_ms": 185}, {"tail_silence_ms": 1000}, {"mark_timeout_ms": 10}])
def test_a_setting_out_of_range_is_named(bad: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(bad))):
        PlayoutSettings(**bad)


def test_frames_due_soon_may_go_along_with_those_due_now() -> None:
    """R9.2: in a full house two frames go out every 40 ms, for 20 ms more of lead and never a frame too late."""
    playout = Playout(PlayoutSettings(lead_ms=LEAD_MS))
    playout.start(1, 1000)
    playout.add_audio(VOICE_SECOND)
    sent = len(playout.poll(1000, 1020))
    assert sent == LEAD_MS // FRAME_MS + 1
    assert playout.timer() == 1040
    assert len(playout.poll(1040, 1060)) == 2


@pytest.mark.parametrize("late_ms", [(0, 0, 0, 0), (15, 0, 39, 3), (0, 25, 0, 25)])
def test_steps_that_are_late_now_and_then_send_the_same_frames(late_ms: tuple[int, ...]) -> None:
    """R9.2: a frame that leaves too early once makes every later one late against the schedule it began."""
    playout = Playout(PlayoutSettings(lead_ms=LEAD_MS))
    playout.start(1, 1007)
    playout.add_audio(VOICE_SECOND)
    playout.poll(1007)
    playout.poll(1040, 1080)
    steps = []
    for number, late in enumerate(late_ms, start=2):
        step_ms = 1000 + 40 * number
        steps.append((len(playout.poll(step_ms + late, step_ms + 40)), len(playout.poll(step_ms + 39))))
    assert steps == [(2, 0)] * len(late_ms)


def test_what_plays_now_is_known_by_the_clock_and_the_lag_of_the_line() -> None:
    """R7.1: an echo is known by what was played."""
    playout = Playout(PlayoutSettings(lead_ms=100, tail_silence_ms=0))
    assert playout.playing(1000) == b""
    playout.start(1, 1000)
    playout.add_audio(b"".join(bytes([number]) * 160 for number in range(1, 101)))
    for now_ms in range(1000, 1600, 20):
        playout.poll(now_ms)
    assert [playout.playing(at_ms)[:1] for at_ms in (980, 1000, 1019, 1020, 1580)] == [
        b"",
        b"\1",
        b"\1",
        b"\2",
        bytes([30]),
    ]
    playout.add_mark("here")
    playout.finish()
    for now_ms in range(1600, 3000, 20):
        for due in playout.poll(now_ms):
            if isinstance(due, MarkDue):
                playout.mark_echoed(due.name, 3060)
    assert playout.playing(3059)[:1] == bytes([100])
    assert playout.playing(3060) == b""


def test_nothing_plays_once_it_is_cleared() -> None:
    """R7.1."""
    playout = Playout()
    playout.start(1, 0)
    playout.add_audio(bytes([1]) * 1600)
    playout.poll(0)
    assert playout.playing(40) != b""
    playout.clear(50)
    assert playout.playing(60) == b""


def test_a_mark_that_comes_seconds_late_tells_of_half_a_second_at_most() -> None:
    """R9.3: a stalled line must not make the agent believe that nothing was heard."""
    playout = Playout(PlayoutSettings(lead_ms=400, tail_silence_ms=0))
    playout.start(1, 0)
    playout.add_audio(bytes([1]) * 160 * 5)
    playout.add_mark("here")
    playout.add_audio(bytes([1]) * 160 * 15)
    (mark,) = [due for due in playout.poll(0) if isinstance(due, MarkDue)]
    playout.mark_echoed(mark.name, 5100)
    assert playout.heard_ms(600) == 100
    assert playout.heard_ms(800) == 300
    assert playout.buffered_ms(800) == 100


def test_less_than_a_frame_of_a_cleared_reply_is_not_heard_in_the_next() -> None:
    """R7.2: a vendor's pieces are of any length."""
    playout = Playout()
    playout.start(1, 0)
    playout.add_audio(b"\x20" * 200)
    playout.clear(0)
    playout.start(2, 1000)
    playout.add_audio(b"\x10" * 160)
    playout.finish()
    frames = [item for _, item in run(playout, Line(), 1000, 3000) if isinstance(item, FrameDue)]
    assert frames[0].ulaw == b"\x10" * 160
    assert not any(b"\x20" in frame.ulaw for frame in frames)


def test_a_reply_begun_drops_what_was_still_to_be_sent_of_the_one_before() -> None:
    """R7.2: two replies are never heard by turns."""
    playout = reply(finished=False)
    playout.poll(0)
    playout.start(2, 100)
    playout.add_audio(b"\x20" * 800)
    playout.finish()
    frames = [item for _, item in run(playout, Line(), 100, 3000) if isinstance(item, FrameDue)]
    assert frames[0].ulaw == b"\x20" * 160
    assert not any(VOICE_SECOND[:1] in frame.ulaw for frame in frames)
