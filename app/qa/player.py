"""Twilio's player, as the caller's ear knows it.

A pure model: audio plays in the order in which it came, in real time and without a break while there is any; a mark
comes back when the audio before it has been played; `clear` empties the buffer and returns every waiting mark
(facts: Twilio Media Streams, "media", "mark" and "clear" messages to Twilio). Times are samples at 8 kHz since the
stream's start, so 8 are a millisecond and nothing is rounded.
"""

from array import array
from dataclasses import dataclass

SAMPLES_PER_MS = 8
FRAME_SAMPLES = 160
PAUSE_SAMPLES = 600 * SAMPLES_PER_MS
SPURT_GAP_SAMPLES = 200 * SAMPLES_PER_MS
BUFFER_LIMIT_SAMPLES = 10 * 60 * 1000 * SAMPLES_PER_MS
END_MARK = "assistant_tts_end"
SILENCE = b"\xff"

# Below about -50 dBFS: the lowest of mu-law's segments on either side of zero. An ear on a telephone calls it silence.
QUIET = bytes([*range(0x70, 0x80), *range(0xF0, 0x100)])


@dataclass(slots=True)
class Spurt:
    """A stretch in which the agent is audible, from its first audible sample to the one after its last."""

    from_sample: int
    to_sample: int
    after_clear: bool = False


@dataclass(frozen=True, slots=True)
class Underrun:
    """The buffer ran empty in mid-utterance: the caller heard a hole of `gap_samples`."""

    at_sample: int
    gap_samples: int


class Player:
    """Play what the server sends and remember what was heard.

    `keep_audio` keeps the ear's audio for a recording; without it a call costs a few kilobytes.
    An utterance ends at an end mark (`assistant_tts_end…`), at a clear, or, for servers that send no such marks, with
    600 ms of nothing. Whatever gap the caller hears inside an utterance is an underrun.
    """

    def __init__(self, *, keep_audio: bool = True) -> None:
        self.ear: bytearray | None = bytearray() if keep_audio else None
        self.playout_end = 0
        self.underruns: list[Underrun] = []
        self.clears: list[int] = []
        self.frames = 0
        self.utterances = 0
        self.discarded_samples = 0
        self.end_mark_played = False
        # For each frame but an utterance's first, in samples: arrival after it was due to play (negative: early) ...
        self.deadline_lateness = array("i")
        # ... and arrival after the earliest steady schedule its utterance has kept so far (never negative).
        self.schedule_lateness = array("i")
        self._pieces: list[Spurt] = []
        self._marks: list[tuple[int, str]] = []
        self._in_utterance = False
        self._marks_its_ends = False
        self._cleared = False
        self._started = self._sent = self._best = 0

    def receive_media(self, ulaw: bytes, now: int) -> None:
        """Queue mu-law audio of any length that arrived at sample `now`."""
        if self.playout_end + len(ulaw) > now + BUFFER_LIMIT_SAMPLES:
            self.discarded_samples += len(ulaw)
            return
        self._account(len(ulaw), now)
        start = max(now, self.playout_end)
        self.playout_end = start + len(ulaw)
        self.frames += 1
        self.end_mark_played = False
        if self.ear is not None:
            self.ear += SILENCE * (start - len(self.ear))
            self.ear += ulaw
        for offset in range(0, len(ulaw), FRAME_SAMPLES):
            self._listen(ulaw[offset : offset + FRAME_SAMPLES], start + offset)

    def receive_mark(self, name: str, now: int) -> None:
        """Queue a mark behind the audio that came before it."""
        self._marks.append((max(now, self.playout_end), name))
        if name.startswith(END_MARK):
            self._in_utterance = False
            self._marks_its_ends = True

    def receive_clear(self, now: int) -> None:
        """Fall silent at once; every waiting mark is due."""
        self.clears.append(now)
        self.playout_end = min(self.playout_end, now)
        self._marks = [(min(due, now), name) for due, name in self._marks]
        self._in_utterance = False
        self._cleared = True
        if self.ear is not None:
            del self.ear[now:]
        while self._pieces and self._pieces[-1].from_sample >= now:
            self._pieces.pop()
        if self._pieces:
            self._pieces[-1].to_sample = min(self._pieces[-1].to_sample, now)

    def due_marks(self, now: int) -> list[str]:
        """Take the marks to be echoed by sample `now`, in order."""
        due = [name for at, name in self._marks if at <= now]
        if due:
            del self._marks[: len(due)]
            if not self._marks and due[-1].startswith(END_MARK) and self.playout_end <= now:
                self.end_mark_played = True
        return due

    def timer(self) -> int | None:
        """Return the sample at which the next mark is due."""
        return self._marks[0][0] if self._marks else None

    def finished(self, now: int) -> bool:
        """Tell whether the agent has finished speaking: all played, and an end mark or 600 ms of nothing behind it."""
        return self.playout_end <= now and (self.end_mark_played or now - self.playout_end >= PAUSE_SAMPLES)

    def first_audible(self, after: int) -> int | None:
        """Return the first audible sample at or after `after`, if any is known yet."""
        found: int | None = None
        for piece in reversed(self._pieces):
            if piece.to_sample <= after:
                break
            found = max(piece.from_sample, after)
        return found

    def spurts(self) -> list[Spurt]:
        """Return the agent's talk so far; a clear, or 200 ms without a sound, ends a spurt."""
        spurts: list[Spurt] = []
        for piece in self._pieces:
            last = spurts[-1] if spurts else None
            if last and not piece.after_clear and piece.from_sample - last.to_sample <= SPURT_GAP_SAMPLES:
                last.to_sample = piece.to_sample
            else:
                spurts.append(Spurt(piece.from_sample, piece.to_sample, piece.after_clear))
        return spurts

    def _account(self, samples: int, now: int) -> None:
        """Judge a frame's arrival before it is queued."""
        gap = now - self.playout_end
        if self._in_utterance and gap >= PAUSE_SAMPLES and not self._marks_its_ends:
            self._in_utterance = False
        if not self._in_utterance:
            self._in_utterance = True
            self.utterances += 1
            self._started, self._sent, self._best = now, samples, 0
            return
        offset = now - self._started - self._sent
        self._best = min(self._best, offset)
        self.deadline_lateness.append(gap)
        self.schedule_lateness.append(offset - self._best)
        self._sent += samples
        if gap > 0:
            # The hole is one fault, not one for every frame behind it: the schedule starts anew.
            self.underruns.append(Underrun(self.playout_end, gap))
            self._started, self._sent, self._best = now, samples, 0

    def _listen(self, frame: bytes, start: int) -> None:
        """Note where a frame is audible."""
        audible = frame.lstrip(QUIET)
        if not audible:
            return
        from_sample = start + len(frame) - len(audible)
        to_sample = from_sample + len(audible.rstrip(QUIET))
        last = self._pieces[-1] if self._pieces else None
        if last and not self._cleared and from_sample - last.to_sample <= FRAME_SAMPLES:
            last.to_sample = to_sample
        else:
            self._pieces.append(Spurt(from_sample, to_sample, self._cleared))
        self._cleared = False
