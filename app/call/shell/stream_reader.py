"""From a media stream's messages to the machine's events, for the length of one call."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from app.call.events import CallerAudio, Dtmf, Event, MarkEchoed
from app.call.hearing.together import Caller
from app.call.shell.conductor import Conductor
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import now_ms, spawn_after
from app.telephony import messages
from app.telephony.websocket import WebSocket

# No frame is no sign of death: carriers suppress silence. Marks, the pongs to our pings and frames are signs of life.
DEAD_AFTER_S = 20.0
MOST_BEHIND_MS = 15_000  # of audio that comes without a pause; what is staler is given up
HAND_OVER_WITHIN_S = 1.0  # whatever still follows
PIECE_MS = 100  # so much in one go; other calls go on in between
_BYTES_PER_MS = SAMPLE_RATE_HZ // 1000
_PIECE_BYTES = PIECE_MS * _BYTES_PER_MS


class StreamReader:
    """Reads one stream. A message that makes no sense is logged and costs nothing else."""

    def __init__(
        self,
        socket: WebSocket,
        put: Callable[[Event], None],
        log: Any,
        dead_after_s: float = DEAD_AFTER_S,
        ahead: Callable[[CallerAudio], Caller | None] = lambda _: None,
        presses: Callable[[], bool] = lambda: False,
    ) -> None:
        """`put` takes each event; `log` is the call's; a peer that gives no sign of life for so long is closed;
        `ahead` says how audio that is put next may be heard with other calls', `presses` whether it is to be first.
        """
        self._socket = socket
        self._put = put
        self._log = log
        self._dead_after_s = dead_after_s
        self._ahead = ahead
        self._presses = presses
        self._gathered = _Gathered()
        self._waiting: deque[Event] = deque()
        self._is_stopped = False
        self._watching: Any = None

    def run(self, conductor: Conductor) -> str:
        """Have the stream read to its end; return why it ended."""
        self._watch_on()
        try:
            conductor.read(self)
            if self._is_stopped:
                return "stop"
            while self._socket.receive() is not None:
                pass  # closing takes its time, and of what comes now only that the caller hung up counts
            return "stop" if _is_stop(self._socket.last_words) else "closed"
        finally:
            self._watching.cancel()

    @property
    def is_over(self) -> bool:
        """Whether the stream has ended, or is closing."""
        return self._is_stopped or self._socket.needs_reader

    @property
    def has_audio(self) -> bool:
        """Whether audio is next."""
        return bool(self._waiting)

    @property
    def is_pressing(self) -> bool:
        """Whether something hangs on the audio that is next."""
        return self._presses()

    def look(self) -> None:
        """Take what has come, and hand over what came before its audio."""
        socket = self._socket
        for raw in socket.take():
            self._receive(raw)
        # What is still in the socket is newer: a reader that is behind sees first how far.
        if not socket.is_behind or self._gathered.is_old or socket.needs_reader:
            self._queue_audio()
        self._hand_over_others()

    def ahead(self) -> Caller | None:
        """Return how the audio that is next may be heard with other calls', if there is any."""
        audio = self._waiting[0] if self._waiting else None
        return self._ahead(audio) if isinstance(audio, CallerAudio) else None

    def hand_over(self) -> None:
        """Hand over the audio that is next, and what came between it and the audio after that."""
        self._put(self._waiting.popleft())
        self._hand_over_others()

    def _hand_over_others(self) -> None:
        while self._waiting and not isinstance(self._waiting[0], CallerAudio):
            self._put(self._waiting.popleft())

    def _receive(self, raw: str | bytes) -> None:
        if self._is_stopped:
            return
        try:
            message = messages.parse(raw)
        except messages.MessageError as error:
            self._log.warning("BAD_MESSAGE", reason=str(error))
            return
        if isinstance(message, messages.MediaIn):
            if not message.track.startswith("outbound"):
                self._gathered.add(message)
            return
        self._queue_audio()  # nothing overtakes
        match message:
            case messages.MarkEcho():
                self._waiting.append(MarkEchoed(message.name))
            case messages.DtmfIn():
                self._waiting.append(Dtmf(message.digit))
            case messages.StreamStop():
                self._is_stopped = True

    def _queue_audio(self) -> None:
        if not self._gathered.has_any:
            return
        ulaw, lost_ms = self._gathered.take()
        if lost_ms:
            # This process could not keep up: what is long past is given up, rather than answered ever later.
            self._log.warning("AUDIO_LOST", ms=lost_ms)
        came_at_ms = now_ms()
        for start in range(0, len(ulaw), _PIECE_BYTES):
            self._waiting.append(CallerAudio(ulaw[start : start + _PIECE_BYTES], came_at_ms))

    def _watch(self) -> None:
        silent_s = time.monotonic() - self._socket.heard_at_s
        if self._socket.closed:
            return
        if silent_s > self._dead_after_s:
            self._log.warning("STREAM_DEAD", silent_s=round(silent_s, 1))
            self._socket.close(1001, "silent")
            return
        if silent_s > self._dead_after_s / 4:
            self._socket.ping()
        self._watch_on()

    def _watch_on(self) -> None:
        self._watching = spawn_after(self._dead_after_s / 4, self._watch)


def _is_stop(raw: str | bytes) -> bool:
    try:
        return isinstance(messages.parse(raw), messages.StreamStop)
    except messages.MessageError:
        return False


class _Gathered:
    """Audio that came in one go: the newest `MOST_BEHIND_MS` of it, by Twilio's timestamps where they make sense."""

    def __init__(self) -> None:
        self._frames: deque[tuple[int, bytes]] = deque()
        self._position_ms = 0
        self._lost_bytes = 0
        self._since_s = 0.0

    @property
    def has_any(self) -> bool:
        """Whether there is any."""
        return bool(self._frames)

    @property
    def is_old(self) -> bool:
        """Whether what was gathered first has waited for long enough."""
        return bool(self._frames) and time.monotonic() - self._since_s > HAND_OVER_WITHIN_S

    def add(self, message: messages.MediaIn) -> None:
        if not self._frames:
            self._since_s = time.monotonic()
        payload, timestamp_ms, _ = message
        position_ms = self._position_ms
        if timestamp_ms is not None and timestamp_ms > position_ms:
            position_ms = timestamp_ms
        self._frames.append((position_ms, payload))
        self._position_ms = position_ms = position_ms + len(payload) // _BYTES_PER_MS
        while position_ms - self._frames[0][0] > MOST_BEHIND_MS:
            self._lost_bytes += len(self._frames.popleft()[1])

    def take(self) -> tuple[bytes, int]:
        """Return what is left of it, and how many ms were given up."""
        ulaw, lost_ms = b"".join([payload for _, payload in self._frames]), self._lost_bytes // _BYTES_PER_MS
        self._frames.clear()
        self._lost_bytes = 0
        return ulaw, lost_ms
