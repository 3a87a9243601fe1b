"""Sending the agent's voice: when each 20 ms frame is due, and how much of it has been heard (R7.3, R9.2, R9.3).

Twilio plays what it is sent in order and in real time. `_clock_ms` is when the first frame of the present run began
to play; frame n of the run is due `lead_ms` before its turn. The clock is absolute, so lateness never adds up; when
Twilio has run dry (the voice came too late, or this process woke too late) a new run starts with a new clock.

Three numbers differ and are kept apart: what was sent, what waits in Twilio's buffer, what was heard. An echoed mark
tells how far behind the clock the line really is. All times are monotonic ms, all positions ms of audio.
"""

from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

from app.media.codec import FRAME_MS, FRAME_SAMPLES, ULAW_SILENCE

END_MARK = "assistant_tts_end"

_SILENT_FRAME = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
_LARGEST_LAG_MS = 500
_SENT_FRAMES = 64  # the largest lead and the largest lag, and some more


class FrameDue(NamedTuple):
    """Send these 160 bytes of mu-law now."""

    ulaw: bytes


@dataclass(frozen=True, slots=True)
class MarkDue:
    """Send this mark now. The name is `name:generation`, so that it can never be taken for an older one's echo."""

    name: str


@dataclass(frozen=True, slots=True)
class PlayoutSettings:
    """`lead_ms` of audio are kept ahead at Twilio (60..400, whole frames); `tail_silence_ms` end an utterance (0..400,
    whole frames); `mark_timeout_ms` after it was due to play out the end mark's echo is no longer awaited (50..1000).
    """

    lead_ms: int = 180
    tail_silence_ms: int = 200
    mark_timeout_ms: int = 150

    def __post_init__(self) -> None:
        for name, low, high, step in (
            ("lead_ms", 60, 400, FRAME_MS),
            ("tail_silence_ms", 0, 400, FRAME_MS),
            ("mark_timeout_ms", 50, 1000, 1),
        ):
            value = getattr(self, name)
            if not low <= value <= high or value % step:
                raise ValueError(f"playout {name} is {value}: it must be {low} to {high} ms, a multiple of {step}")


class Playout:
    """Pace one reply after another: `start`, `add_audio` and `add_mark` as they come, `finish`; `poll` when `timer`
    says so, or at any other time.
    """

    def __init__(self, settings: PlayoutSettings | None = None) -> None:
        self._settings = settings or PlayoutSettings()
        self.reply_id: int | None = None
        """The reply begun last, None after `clear`."""
        self._generation = 0
        self._queue: deque[FrameDue | MarkDue] = deque()
        self._rest = b""
        self._marks_in_rest: list[MarkDue] = []
        self._finished = self._end_sent = self._over = False
        self._clock_ms: int | None = None
        self._run_frames = 0
        self._sent: deque[bytes] = deque(maxlen=_SENT_FRAMES)
        self._run_base_ms = 0
        self._reply_frames = 0
        self._voice_ms = 0
        self._heard_ms = 0
        self._lag_ms = 0
        self._least_lag_ms = _LARGEST_LAG_MS
        self._pending: dict[str, tuple[int, int]] = {}

    # What the reply is made of

    def start(self, reply_id: int, now_ms: int) -> None:
        """Begin a reply. One that is still being sent is dropped: `clear` first where it is to fall silent, too.

        What Twilio still has to play of an earlier reply plays on, and this one follows it without a gap.
        """
        self._drop()
        self.reply_id = reply_id
        self._generation += 1
        self._finished = self._end_sent = self._over = False
        self._reply_frames = self._voice_ms = self._heard_ms = 0
        # Position 0 of the reply lies after whatever the run has sent before.
        self._run_base_ms = -self._run_frames * FRAME_MS
        if self._clock_ms is not None and now_ms >= self._dry_ms():
            self._end_run()

    def add_audio(self, ulaw: bytes) -> None:
        """Queue some of the agent's voice: mu-law bytes, any number.

        Raises:
            RuntimeError: when no reply is started, or it is finished.
        """
        self._check_open()
        if self._rest:
            ulaw = self._rest + ulaw
        whole = len(ulaw) - len(ulaw) % FRAME_SAMPLES
        if whole:
            frames = [FrameDue(ulaw[start : start + FRAME_SAMPLES]) for start in range(0, whole, FRAME_SAMPLES)]
            if self._marks_in_rest:
                self._queue.append(frames.pop(0))
                self._release_marks()
            self._queue.extend(frames)
            self._voice_ms += whole // FRAME_SAMPLES * FRAME_MS
        self._rest = ulaw[whole:]

    def add_mark(self, name: str) -> None:
        """Queue a mark after the audio so far (after the frame its last sample falls in).

        Raises:
            RuntimeError: when no reply is started, or it is finished.
        """
        self._check_open()
        mark = MarkDue(f"{name}:{self._generation}")
        if self._rest:
            self._marks_in_rest.append(mark)
        else:
            self._queue.append(mark)

    def finish(self) -> None:
        """Say that the reply is complete: the last frame is filled up, silence and the end mark follow.

        Raises:
            RuntimeError: when no reply is started, or it is finished.
        """
        self._check_open()
        if self._rest:
            self.add_audio(_SILENT_FRAME[len(self._rest) :])
        self._finished = True
        self._queue.extend([FrameDue(_SILENT_FRAME)] * (self._settings.tail_silence_ms // FRAME_MS))
        self._queue.append(MarkDue(f"{END_MARK}:{self._generation}"))

    def clear(self, now_ms: int) -> None:
        """Drop everything unsent and forget the marks sent: Twilio is told to clear, and echoes them unplayed.

        `heard_ms` keeps its value of this moment.
        """
        self._heard_ms = self.heard_ms(now_ms)
        self._drop()
        self._generation += 1
        self._end_run()
        self.reply_id = None

    # Its way to the caller

    def poll(self, now_ms: int, until_ms: int = 0) -> list[FrameDue | MarkDue]:
        """Return what is to be sent now, in order; never more than `lead_ms` of audio at once.

        What is due by `until_ms` goes along: fewer wake-ups, for as much more lead. A time and no length, so that who
        asks in even steps, and a little late at times, is given the same frames at each step as if he were not.
        """
        queue = self._queue
        if not queue:
            return []
        if self._clock_ms is None or (now_ms >= self._dry_ms() and isinstance(queue[0], FrameDue)):
            self._begin_run(now_ms)
        assert self._clock_ms is not None
        room = (max(now_ms, until_ms) - self._clock_ms + self._settings.lead_ms) // FRAME_MS - self._run_frames
        due: list[FrameDue | MarkDue] = []
        while queue:
            item = queue[0]
            if isinstance(item, FrameDue):
                if room <= 0:
                    break
                room -= 1
                self._run_frames += 1
                self._sent.append(item.ulaw)
                self._reply_frames += 1
            else:
                self._pending[item.name] = (self.sent_ms, max(self._dry_ms(), now_ms))
                self._end_sent = self._finished and len(queue) == 1
            due.append(queue.popleft())
        return due

    def timer(self) -> int | None:
        """Return when to `poll` or ask `ended` next, 0 for at once; None while there is nothing to wait for."""
        if self._queue:
            if self._clock_ms is None or isinstance(self._queue[0], MarkDue):
                return 0
            return self._clock_ms + (self._run_frames + 1) * FRAME_MS - self._settings.lead_ms
        return self._give_up_ms() if self._end_sent and not self._over else None

    def mark_echoed(self, name: str, now_ms: int) -> str | None:
        """Take a mark's echo; return the name it was added by, or None when it was cleared or never sent."""
        known = self._pending.pop(name, None)
        if known is None:
            return None
        position_ms, due_ms = known
        self._lag_ms = min(max(now_ms - due_ms, 0), _LARGEST_LAG_MS)
        self._least_lag_ms = min(self._least_lag_ms, self._lag_ms)
        plain, _, generation = name.rpartition(":")
        if generation != str(self._generation):
            return plain
        self._heard_ms = max(self._heard_ms, position_ms)
        self._over = self._over or plain == END_MARK
        return plain

    def ended(self, now_ms: int) -> bool:
        """Return whether the reply has been played: its end mark came back, or should have by now.

        Having sent everything is not the end: up to `lead_ms` are still to be heard then. Once true it stays so; true
        as well when nothing was ever started, or after `clear`.
        """
        self._over = self._over or self.reply_id is None or (self._end_sent and now_ms >= self._give_up_ms())
        return self._over

    # How far it is

    @property
    def is_running(self) -> bool:
        """Whether there is anything that may be playing."""
        return self._clock_ms is not None

    @property
    def sent_ms(self) -> int:
        """How much of the reply has been sent, the silence at its end included."""
        return self._reply_frames * FRAME_MS

    def buffered_ms(self, now_ms: int) -> int:
        """How much audio waits to be played at Twilio."""
        return 0 if self._clock_ms is None else min(max(self._dry_ms() + self._lag_ms - now_ms, 0), self._run_ms())

    def heard_ms(self, now_ms: int) -> int:
        """How much of the reply's voice the caller has heard: by the clock, less the lag that marks have shown."""
        if self._clock_ms is None or self.reply_id is None:
            return min(self._heard_ms, self._voice_ms)
        played_ms = min(now_ms - self._clock_ms - self._lag_ms, self._run_ms()) + self._run_base_ms
        return min(max(played_ms, self._heard_ms), self._voice_ms)

    def playing(self, at_ms: int) -> bytes:
        """Return the frame (mu-law) that plays at this time, empty when none does: by the clock and the least lag seen,
        rather a little early than late.
        """
        if self._clock_ms is None:
            return b""
        lag_ms = 0 if self._least_lag_ms == _LARGEST_LAG_MS else self._least_lag_ms
        ahead = self._run_frames - (at_ms - self._clock_ms - lag_ms) // FRAME_MS
        return self._sent[-ahead] if 0 < ahead <= len(self._sent) else b""

    def _run_ms(self) -> int:
        return self._run_frames * FRAME_MS

    def _dry_ms(self) -> int:
        """When Twilio has played everything sent in this run, by the clock."""
        assert self._clock_ms is not None
        return self._clock_ms + self._run_ms()

    def _give_up_ms(self) -> int:
        dry_ms = 0 if self._clock_ms is None else self._dry_ms()
        return dry_ms + self._lag_ms + self._settings.mark_timeout_ms

    def _begin_run(self, now_ms: int) -> None:
        self._end_run()
        self._run_base_ms = self.sent_ms
        self._clock_ms = now_ms

    def _end_run(self) -> None:
        self._clock_ms = None
        self._run_frames = self._run_base_ms = 0
        self._sent.clear()
        # The lag of a run includes its own hiccups; a fresh one starts from the line's.
        self._lag_ms = 0 if self._least_lag_ms == _LARGEST_LAG_MS else self._least_lag_ms

    def _release_marks(self) -> None:
        self._queue.extend(self._marks_in_rest)
        self._marks_in_rest.clear()

    def _drop(self) -> None:
        self._queue.clear()
        self._rest = b""
        self._marks_in_rest.clear()
        self._pending.clear()

    def _check_open(self) -> None:
        if self.reply_id is None or self._finished:
            raise RuntimeError("no reply is open: start() one before adding to it, and add nothing after finish()")
