"""Turn the audio of one caller turn into one text, whatever the recognisers do (R8).

The turn's audio is kept until its text is known, so a recogniser that fails, stays silent or dies costs a pause and
never a word. A streaming recogniser hears the turn as it is spoken; its stable interim is committed when the final is
late (R8.4). A batch recogniser (Whisper, the embedded engine) hears it in segments: one at each forced cut (R6.4), the
last one at the end of the turn; their texts are joined in order. Where it costs nothing but processor time, the last
one is read ahead, as soon as the voice pauses, and given up if the voice goes on. When a recogniser breaks, the whole
turn is read again from the kept audio: by the fallback where there is one, else by the primary once it is back. One
that breaks in doing so is not asked again in this turn, unless its process died: the caller would wait in silence.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from app.call.events import CancelStt, Command, FinishStt, Log, OpenStt, SttEnded, SttFailed, SttHeard, WriteStt

CHUNK_BYTES = 3200  # 200 ms; what was said last goes at once as the voice pauses, for then its words are waited for
BYTES_PER_MS = 16
MAX_TURN_BYTES = 120_000 * BYTES_PER_MS
MAX_RETRIES = 4
MOST_READ_AHEAD = 6  # a stretch: a caller who pauses within a sentence costs a recognition each time
# How long an interim must have stood to count as stable, by the stability the vendor gave it; 0 means not told.
# What a vendor is nearly sure of needs hardly any time; the last word of most interims has 0.1 and never gets more.
STANDS_AFTER_MS = ((0.8, 100), (0.3, 300))
UNSURE_STANDS_AFTER_MS, UNTOLD_STANDS_AFTER_MS = 600, 300
# An interim that ends so long before the voice does not hold what was said last: the final is given so much longer.
UNHEARD_MS, UNHEARD_WAIT_MS = 250, 450
RETRY_PAUSE_MS = 400  # a dead child process is back within this
CHILD_DIED = "child_died"
GAVE_UP = "gave_up"


@dataclass(frozen=True, slots=True)
class RecognitionSettings:
    """How the recognisers serve and how long they are waited for, all counted from the end of the turn."""

    streams: bool
    has_fallback: bool
    commit_ms: int
    fallback_ms: int
    give_up_ms: int
    reads_ahead: bool = False
    """Whether a batch recogniser may read a turn that is not known to be over."""


@dataclass(frozen=True, slots=True)
class TurnHeard:
    """The text of the whole turn; empty when nothing was understood. `source`: final, interim, fallback or gave_up.

    Whose text is empty and `source` is gave_up was heard by nobody: there may have been words.
    """

    text: str
    alternatives: tuple[str, ...]
    source: str
    asr_ms: int
    audio_ms: int


@dataclass(slots=True)
class _Segment:
    """One stretch of the turn's audio and the recognition that reads it."""

    stream: int
    written: int
    starts_ms: int
    """Where in the turn's audio its own begins."""
    text: str = ""
    alternatives: tuple[str, ...] = ()
    ends_ms: int | None = None
    """Where in the turn's audio `text` ends, as far as the vendor says."""
    stands_at_ms: int = 0
    """When the interim `text` counts as stable, should it not change."""
    settled: bool = False
    finished: bool = False

    def take(self, event: SttHeard, now_ms: int) -> None:
        text = event.text.strip()
        stands_at_ms = now_ms + _stands_after_ms(event.stability)
        self.stands_at_ms = min(self.stands_at_ms, stands_at_ms) if text == self.text else stands_at_ms
        self.ends_ms = None if event.end_ms is None else self.starts_ms + event.end_ms
        self.text, self.alternatives, self.settled = text, event.alternatives, event.is_final


def _stands_after_ms(stability: float) -> int:
    if not stability:
        return UNTOLD_STANDS_AFTER_MS
    return next((after_ms for least, after_ms in STANDS_AFTER_MS if stability >= least), UNSURE_STANDS_AFTER_MS)


def joined(parts: Sequence[tuple[str, tuple[str, ...]]]) -> tuple[str, ...]:
    """Return the further readings of a turn heard in parts (text, further readings): the second of each, the third…

    A part with fewer readings stands as it was read last.
    """
    readings = [(text, *further) for text, further in parts if text]
    depth = max(map(len, readings), default=0)
    return tuple(" ".join(part[min(rank, len(part) - 1)] for part in readings) for rank in range(1, depth))


class Recognition:
    """The recognition of one turn. Pure; times are monotonic ms."""

    def __init__(self, settings: RecognitionSettings, streams: Iterator[int], phrases: tuple[str, ...]) -> None:
        self._settings = settings
        self._streams = streams
        self._phrases = phrases
        self._audio = bytearray()
        self._segments: list[_Segment] = []
        self._cut_at = 0
        self._reads_live = settings.streams
        self._is_held = self._is_full = False
        self._ahead: _Segment | None = None
        self._times_ahead = 0
        self._last_words = ""
        self._ended_at_ms: int | None = None
        self._voice_ends_ms = 0
        self._retries = 0
        self._retry_at_ms: int | None = None
        self._found_no_words = False

    @property
    def interim(self) -> str:
        """The turn's text so far, as far as anyone has heard it."""
        return " ".join(segment.text for segment in self._segments if segment.text) or self._last_words

    @property
    def alternatives(self) -> tuple[str, ...]:
        """Further readings of `interim`."""
        return joined([(segment.text, segment.alternatives) for segment in self._segments])

    @property
    def audio_ms(self) -> int:
        """Length of the turn's audio."""
        return len(self._audio) // BYTES_PER_MS

    @property
    def is_settled(self) -> bool:
        """Whether every recognition begun so far has said its last word."""
        return bool(self._segments) and all(segment.settled for segment in self._segments)

    @property
    def is_reading(self) -> bool:
        """Whether words that were said may come all at once, later: no sign of them means nothing for now."""
        return self.has_failed or (not self._reads_live and any(not segment.settled for segment in self._segments))

    @property
    def has_failed(self) -> bool:
        """Whether a recognition broke, so that its silence means nothing."""
        return self._retries > 0

    def samples(self, length_ms: int) -> bytes:
        """Return the first `length_ms` of exactly what the recogniser is given: LINEAR16 8 kHz mono."""
        return bytes(self._audio[: length_ms * BYTES_PER_MS])

    def audio(self, pcm: bytes) -> list[Command]:
        """Add caller audio (LINEAR16 8 kHz mono) to the turn."""
        if len(self._audio) >= MAX_TURN_BYTES:
            return self._overflow()
        self._audio += pcm
        if not self._reads_live or self._is_held:
            return []
        commands: list[Command] = []
        if not self._segments:
            commands += self._open(0)
        elif self._segments[-1].settled or self._segments[-1].finished:
            # The recogniser is done and the caller is not: the next one hears the rest.
            commands += self._open(self._segments[-1].written)
        if len(self._audio) - self._segments[-1].written >= CHUNK_BYTES:
            commands += self._write(self._segments[-1], len(self._audio))
        return commands

    def _overflow(self) -> list[Command]:
        if self._is_full:
            return []
        self._is_full = True
        return [Log("TURN_TOO_LONG", {"kept_ms": self.audio_ms}, "warning")]

    def pause(self) -> list[Command]:
        """The voice has paused: a streaming recogniser is to hear the end of the word now, not with what follows."""
        if not self._reads_live or self._is_held or not self._segments:
            return []
        segment = self._segments[-1]
        return [] if segment.settled or segment.finished else self._write(segment, len(self._audio))

    def cut(self, before_ms: int) -> list[Command]:
        """A segment is full: transcribe it now and go on hearing. `before_ms`: how long ago the cut lies.

        A streaming recogniser needs no cut: it transcribes as it hears, and a cut could split a word. After a failure
        there is none either: the whole turn is read again at its end.
        """
        if self._settings.streams or self._retries:
            return []
        return [*self._drop_ahead(), *self._read_to(len(self._audio) - before_ms * BYTES_PER_MS)]

    def read_ahead(self) -> list[Command]:
        """The voice has paused: have a batch recogniser read what there is, in case this was the turn's end."""
        if not self._settings.reads_ahead or self._reads_live or self._retries or self._ahead:
            return []
        if self._times_ahead >= MOST_READ_AHEAD or len(self._audio) <= self._cut_at:
            return []
        self._times_ahead += 1
        commands = self._open(self._cut_at)
        self._ahead = self._segments[-1]
        return [*commands, *self._finish(self._ahead)]

    def _drop_ahead(self) -> list[Command]:
        ahead, self._ahead = self._ahead, None
        if ahead is None:
            return []
        self._segments.remove(ahead)
        return [] if ahead.settled else [CancelStt(ahead.stream)]

    def finish_early(self) -> list[Command]:
        """The voice has stopped and it matters now whether it said anything: have a streaming recogniser's final.

        What follows is kept unread until `go_on`.
        """
        if not self._reads_live or self._is_held or not self._segments or self._segments[-1].settled:
            return []
        self._is_held = True
        return self._finish(self._segments[-1])

    def go_on(self) -> list[Command]:
        """The voice is back: what follows `finish_early` is read, too, and what was read ahead was not all."""
        self._is_held = False
        return self._drop_ahead()

    def end(self, now_ms: int, silence_ms: int = 0) -> list[Command]:
        """The turn is over, behind so much silence: every word is wanted now."""
        self._ended_at_ms, self._voice_ends_ms = now_ms, self.audio_ms - silence_ms
        if self._reads_live and self._segments:
            segment = self._segments[-1]
            # One that is done already misses less than a chunk, or nothing but silence.
            return [] if segment.settled or segment.finished else self._finish(segment)
        if self._retry_at_ms is not None or self._ahead:
            return []  # behind what was read ahead came only silence
        return self._read_to(len(self._audio))

    def cancel(self) -> list[Command]:
        """Forget the turn."""
        cancelled = [segment for segment in self._segments if not segment.settled]
        for segment in cancelled:
            segment.settled = True
        return [CancelStt(segment.stream) for segment in cancelled]

    def receive(self, event: SttHeard | SttEnded | SttFailed, now_ms: int) -> list[Command]:
        """Take what a recogniser says; what comes from a recognition given up is ignored."""
        segment = next((one for one in self._segments if one.stream == event.stream), None)
        if segment is None or segment.settled:
            return []
        match event:
            case SttHeard():
                segment.take(event, now_ms)
            case SttEnded():
                segment.settled = True
                gave_up = not segment.text and not segment.finished
                if self._ended_at_ms is None and self._reads_live and gave_up:
                    # It gave up on a caller who still speaks: another one could do so fifty times a second.
                    return self._break_off(now_ms)
            case SttFailed():
                segment.settled = True
                fields = {"code": event.code, "message": event.message, "stream": event.stream}
                if self._ended_at_ms is not None and self._retries and event.code != CHILD_DIED:
                    self._retries = MAX_RETRIES
                return [Log("STT_FAILED", fields, "warning"), *self._break_off(now_ms)]
        return []

    def result(self, now_ms: int) -> tuple[TurnHeard | None, list[Command]]:
        """Return the turn's text once it can be relied on, or once waiting longer would be worse."""
        if self._ended_at_ms is None:
            return None, []
        waited_ms = now_ms - self._ended_at_ms
        if waited_ms >= self._settings.give_up_ms:
            return self._heard(self._nobodys, waited_ms), self.cancel()
        if self._retry_at_ms is not None:
            return None, self._read_again() if now_ms >= self._retry_at_ms else []
        if all(segment.settled for segment in self._segments):
            if self.interim or self._retries or not self._settings.has_fallback:
                return self._heard(self._whose, waited_ms), []
            self._found_no_words = True
            return None, self._fall_back("no_transcript", now_ms)
        if self._reads_live and self.interim and now_ms >= self._commit_at_ms:
            return self._heard("interim", waited_ms), self.cancel()
        if waited_ms >= self._settings.fallback_ms and self._settings.has_fallback and not self._retries:
            return None, self._fall_back("late", now_ms)
        return None, []

    @property
    def _whose(self) -> str:
        if self._retries > MAX_RETRIES and not self.interim:
            return self._nobodys
        return "fallback" if self._retries else "final"

    @property
    def _nobodys(self) -> str:
        has_no_words = self._found_no_words or (self.is_settled and not self.has_failed)
        return "final" if has_no_words and not self.interim else GAVE_UP

    def timer(self) -> int | None:
        """Return when `result` may have news without any event."""
        if self._ended_at_ms is None:
            return None
        due = [self._ended_at_ms + self._settings.give_up_ms]
        if self._retry_at_ms is not None:
            due.append(self._retry_at_ms)
        elif self._reads_live and self.interim:
            due.append(self._commit_at_ms)
        if self._settings.has_fallback and not self._retries:
            due.append(self._ended_at_ms + self._settings.fallback_ms)
        return min(due)

    @property
    def _commit_at_ms(self) -> int:
        """When the interim may stand for a final that is late (R8.4): it must be stable by then."""
        assert self._ended_at_ms is not None
        open_ones = [segment for segment in self._segments if segment.text and not segment.settled]
        heard_ms = self._voice_ends_ms - UNHEARD_MS
        is_short = any(one.ends_ms is not None and one.ends_ms < heard_ms for one in open_ones[-1:])
        commit_ms = self._settings.commit_ms + (UNHEARD_WAIT_MS if is_short else 0)
        return max([self._ended_at_ms + commit_ms, *(one.stands_at_ms for one in open_ones)])

    def _heard(self, source: str, waited_ms: int) -> TurnHeard:
        return TurnHeard(self.interim, self.alternatives, source, waited_ms, self.audio_ms)

    def _open(self, start: int) -> list[Command]:
        segment = _Segment(next(self._streams), written=start, starts_ms=start // BYTES_PER_MS)
        self._segments.append(segment)
        is_fallback = self._retries > 0 and self._settings.has_fallback
        return [OpenStt(segment.stream, is_fallback, self._phrases)]

    def _write(self, segment: _Segment, end: int) -> list[Command]:
        if segment.written >= end:
            return []
        pcm = bytes(self._audio[segment.written : end])
        segment.written = end
        return [WriteStt(segment.stream, pcm)]

    def _finish(self, segment: _Segment) -> list[Command]:
        segment.finished = True
        return [*self._write(segment, len(self._audio)), FinishStt(segment.stream)]

    def _read_to(self, end: int) -> list[Command]:
        """Have the audio from the last cut to `end` transcribed as one segment."""
        if end <= self._cut_at:
            return []
        commands = self._open(self._cut_at)
        self._cut_at = end
        segment = self._segments[-1]
        return [*commands, *self._write(segment, end), FinishStt(segment.stream)]

    def _fall_back(self, reason: str, now_ms: int) -> list[Command]:
        log = Log("STT_FALLBACK", {"reason": reason, "audio_ms": self.audio_ms}, "warning")
        return [log, *self._break_off(now_ms)]

    def _break_off(self, now_ms: int) -> list[Command]:
        """Give the running recognitions up; the whole turn will be read again."""
        cancels = self.cancel()
        self._last_words = self.interim
        self._segments.clear()
        self._ahead = None
        self._reads_live = False
        self._cut_at = 0
        self._retries += 1
        is_fresh_fallback = self._retries == 1 and self._settings.has_fallback
        self._retry_at_ms = now_ms if is_fresh_fallback else now_ms + RETRY_PAUSE_MS * self._retries
        if self._retries > MAX_RETRIES:
            self._retry_at_ms = None
        return cancels

    def _read_again(self) -> list[Command]:
        self._retry_at_ms = None
        return self._read_to(len(self._audio))
