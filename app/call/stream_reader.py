"""From a media stream's messages to the machine's events, for the length of one call."""

import time
from collections.abc import Callable
from typing import Any

from app.call.events import CallerAudio, Dtmf, Event, MarkEchoed
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import spawn_after
from app.telephony import messages
from app.telephony.websocket import WebSocket

DEAD_AFTER_S = 10.0  # Twilio sends frames all the time: a stream silent for this long is gone
MOST_FULL_READS = 30  # 15 s of caller audio that came without a pause: time to skip to the present


class StreamReader:
    """Reads one stream. A message that makes no sense is logged and costs nothing else."""

    def __init__(
        self, socket: WebSocket, put: Callable[[Event], None], log: Any, dead_after_s: float = DEAD_AFTER_S
    ) -> None:
        """`put` takes each event; `log` is the call's; a stream silent for `dead_after_s` is closed."""
        self._socket = socket
        self._put = put
        self._log = log
        self._dead_after_s = dead_after_s
        self._heard_at_s = time.monotonic()
        self._gathered = bytearray()
        self._lost_bytes = 0

    def run(self) -> str:
        """Read to the end of the stream; return why it ended."""
        spawn_after(self._dead_after_s / 2, self._watch)
        while (raw := self._socket.receive()) is not None:
            self._heard_at_s = time.monotonic()
            try:
                message = messages.parse(raw)
            except messages.MessageError as error:
                self._log.warning("BAD_MESSAGE", reason=str(error))
                continue
            if isinstance(message, messages.MediaIn):
                if message.track == "inbound":
                    self._gathered += message.payload
                if not self._socket.has_more:
                    self._hand_over()
                continue
            self._hand_over()  # nothing overtakes
            match message:
                case messages.MarkEcho():
                    self._put(MarkEchoed(message.name))
                case messages.DtmfIn():
                    self._put(Dtmf(message.digit))
                case messages.StreamStop():
                    return "stop"
        self._hand_over()
        return "closed"

    def _hand_over(self) -> None:
        if not self._gathered:
            return
        ulaw, self._gathered = bytes(self._gathered), bytearray()
        if self._socket.full_reads > MOST_FULL_READS:
            # This process cannot keep up: what is long past is given up, rather than answered ever later.
            self._lost_bytes += len(ulaw)
            return
        if self._lost_bytes:
            self._log.warning("AUDIO_LOST", ms=self._lost_bytes * 1000 // SAMPLE_RATE_HZ)
            self._lost_bytes = 0
        self._put(CallerAudio(ulaw))

    def _watch(self) -> None:
        if time.monotonic() - self._heard_at_s > self._dead_after_s:
            self._log.warning("STREAM_DEAD", silent_s=self._dead_after_s)
            self._socket.close(1001, "silent")
        elif not self._socket.closed:
            spawn_after(self._dead_after_s / 2, self._watch)
