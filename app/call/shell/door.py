"""The first seconds of a media stream: who it is, and whether it may talk (R2.6)."""

from collections.abc import Callable
from typing import Any

from app.runtime import spawn_after
from app.telephony import guests, messages
from app.telephony.websocket import WebSocket

START_WITHIN_S = 5.0


class Door:
    """Waits for a start message whose token is good; to everybody else it closes with 1008."""

    def __init__(
        self,
        socket: WebSocket,
        admit: Callable[[messages.StreamStart], str | None],
        log: Any,
        *,
        takes_guests: bool,
        within_s: float = START_WITHIN_S,
    ) -> None:
        """`admit` says why a stream may not talk; with `takes_guests` one that shows no token is a test call."""
        self._socket = socket
        self._admit = admit
        self._log = log
        self._takes_guests = takes_guests
        self._within_s = within_s

    def await_start(self) -> messages.StreamStart | None:
        """Return the start message of a stream that may talk; else close the socket and return None.

        Whatever Twilio says before it is skipped, for as long as a start may take.
        """
        patience_s, parse = self._within_s, messages.parse
        if self._takes_guests:
            patience_s, parse = guests.PATIENCE_S, guests.parse_guest
        deadline = spawn_after(patience_s, lambda: self._refuse("no start message", "no start message"))
        try:
            while (raw := self._socket.receive()) is not None:
                try:
                    message = parse(raw)
                except messages.MessageError as error:
                    self._refuse(str(error), "not a media stream")
                    return None
                if isinstance(message, messages.StreamStart):
                    refusal = self._judge(message)
                    if refusal is None:
                        return message
                    self._refuse(refusal, "not admitted", call_sid=message.call_sid)
                    return None
                if isinstance(message, messages.StreamStop):
                    self._refuse("stop before start", "start expected")
                    return None
            return None
        finally:
            deadline.cancel()

    def is_guest(self, start: messages.StreamStart) -> bool:
        """Tell a test call."""
        return self._takes_guests and guests.shows_no_token(start)

    def _judge(self, start: messages.StreamStart) -> str | None:
        """Return why a stream may not talk; None: it may."""
        if self.is_guest(start):
            said = start.parameters.get("call_sid", "")
            self._log.info("TEST_CALL", call_sid=start.call_sid, said_call_sid=said, why="no token, from this machine")
            return None
        return self._admit(start)

    def _refuse(self, why: str, told: str, **fields: str) -> None:
        """Close on a stranger, who learns little; the developer on this machine learns all."""
        self._log.warning("STREAM_REFUSED", reason=why, **fields)
        self._socket.close(1008, why if self._takes_guests else told)
