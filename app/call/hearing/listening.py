"""The caller's side of a call: the audio that comes, or does not, and the stretch of speech that is being heard. Pure.

Times are monotonic ms, but for media time, which counts the audio (see `line` for how they meet).
"""

from collections import deque
from collections.abc import Iterator
from itertools import count

from app.call.events import Command
from app.call.hearing.ear import Ear, Noticed
from app.call.hearing.line import Line
from app.call.hearing.recognition import Recognition
from app.call.settings import CallSettings
from app.media.codec import FRAME_MS, SAMPLE_RATE_HZ
from app.media.echo import Playing

PREROLL_FRAMES = 20  # 400 ms: the hysteresis and the soft first syllable before it


class Listening:
    """Turns audio into what it means, and keeps the speech that nobody has answered for."""

    def __init__(self, settings: CallSettings) -> None:
        self.ear = Ear(settings.vad, settings.endpointing, settings.barge_in)
        self.line = Line()
        self.stretch: Recognition | None = None
        """The caller's speech of the moment, from its onset to the end of the utterance."""
        self.late_ms = 0
        """How long ago the frame in hand was spoken, more than frames usually are."""
        self._settings = settings.hearing
        self._streams = count(1)
        self._preroll: deque[bytes] = deque(maxlen=PREROLL_FRAMES)
        self._began_at_ms = self._began_media_ms = 0

    def receive(self, ulaw: bytes, playing: Playing, now_ms: int) -> Iterator[Noticed]:
        """Take the caller's audio (mu-law, any length) and what was `playing` as it came; yield its frames."""
        left_ms = len(ulaw) * 1000 // SAMPLE_RATE_HZ
        self.line.came(left_ms, now_ms)
        for noticed in self.ear.receive(ulaw, playing):
            left_ms -= FRAME_MS
            self.late_ms = self.line.late_ms(max(left_ms, 0))
            yield noticed
        self.late_ms = 0

    def receive_nothing(self, playing: Playing, now_ms: int) -> Iterator[Noticed]:
        """A line without frames is silent (R6.3): yield the frames that are due by now; `playing` is as of now."""
        missing = self.line.missing_frames(now_ms, is_speech=self.ear.is_speech)
        if missing:
            yield from self.ear.receive_nothing(missing, playing)

    def timer(self) -> int | None:
        """Return when to ask for `receive_nothing`."""
        return self.line.timer(is_speech=self.ear.is_speech)

    def keep(self, pcm: bytes) -> list[Command]:
        """Have a frame recognised, or keep it for the onset of what may come."""
        if self.stretch is not None:
            return self.stretch.audio(pcm)
        self._preroll.append(pcm)
        return []

    def collect(self, phrases: tuple[str, ...], now_ms: int) -> list[Command]:
        """Begin a stretch of speech, from a little before its onset, should there be none; `phrases` prime the ear."""
        if self.stretch is not None:
            return []
        self.stretch = Recognition(self._settings, self._streams, phrases)
        self._began_at_ms, self._began_media_ms = now_ms, self.ear.media_ms
        commands = [command for pcm in self._preroll for command in self.stretch.audio(pcm)]
        self._preroll.clear()
        return commands

    def take(self) -> Recognition | None:
        """The stretch is over: somebody else answers for it."""
        stretch, self.stretch = self.stretch, None
        return stretch

    def drop(self) -> list[Command]:
        """What was collected was no turn: noise, a backchannel, the rest of a call."""
        stretch = self.take()
        return stretch.cancel() if stretch else []

    @property
    def words(self) -> str:
        """What the stretch of the moment says, as far as anyone has heard it."""
        return self.stretch.interim if self.stretch else ""

    @property
    def since_ms(self) -> int | None:
        """Since when there is something that may be the caller's words; None in silence."""
        return self._began_at_ms if self.stretch is not None else None

    @property
    def is_voice(self) -> bool:
        """Whether the stretch of the moment is voice for most of its time."""
        return 2 * self.ear.speech_ms >= self.ear.media_ms - self._began_media_ms

    def spoken_since_ms(self, now_ms: int) -> int:
        """Return when the stretch that ends now was begun by the caller, also where its audio came late."""
        return now_ms - self.late_ms - (self.ear.media_ms - self._began_media_ms)
