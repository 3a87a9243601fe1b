"""A line that never pauses, for tools that send audio only while their caller talks.

Twilio sends a frame every 20 ms, in silence, too, and speech is judged in the time of the audio that came: to whoever
stops sending, no utterance would ever end.
"""

from collections.abc import Callable

from app.call.events import CallerAudio, Event
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import now_ms, spawn_after

BEHIND_MS = 100
"""Audio that falls behind the clock by so much is made up for with silence; a late or a long message costs it once."""

_LOOK_EVERY_S = 0.02
_BYTES_PER_MS = SAMPLE_RATE_HZ // 1000
_SILENCE = b"\xff"  # mu-law for 0


class SteadyLine:
    """Hands events on and puts silence between them where the audio falls behind."""

    def __init__(self, put: Callable[[Event], None], clock_ms: Callable[[], int] = now_ms) -> None:
        """`put` takes the events, as `StreamReader`'s."""
        self._put = put
        self._clock_ms = clock_ms
        self._began_ms = clock_ms()
        self._came_bytes = 0
        self._is_over = False

    def put(self, event: Event) -> None:
        """Hand an event on."""
        if isinstance(event, CallerAudio):
            self._came_bytes += len(event.ulaw)
        self._put(event)

    def keep(self) -> None:
        """Keep the line going until `close`; returns at once."""
        if not self._is_over:
            self.fill()
            spawn_after(_LOOK_EVERY_S, self.keep)

    def fill(self) -> None:
        """Put the silence that is missing now, if any."""
        behind_ms = self._clock_ms() - self._began_ms - self._came_bytes // _BYTES_PER_MS
        if behind_ms >= BEHIND_MS:
            self.put(CallerAudio(_SILENCE * (behind_ms * _BYTES_PER_MS)))

    def close(self) -> None:
        """The stream is over."""
        self._is_over = True
