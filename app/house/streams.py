"""The media streams that are being served, and how densely their frames are packed."""

from collections.abc import Iterator

from app.call.shell.services import Services
from app.call.shell.session import Session
from app.call.shell.tuning import call_settings
from app.config import Settings
from app.runtime import spawn
from app.telephony.websocket import WebSocket

PAUSE_PER_CALL_S, LONGEST_PAUSE_S = 0.001, 0.06
CROWD, CROWD_EARLY_MS = 30, 20


class Streams:
    """One worker's sessions."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._sessions: dict[int, Session] = {}
        self._served = 0

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    @property
    def calls(self) -> int:
        """How many are calls: not those who only knock."""
        return sum(bool(session.call_sid) for session in self._sessions.values())

    def serve(self, socket: WebSocket, services: Services, *, takes_guests: bool = False) -> None:
        """Serve one media stream until it ends (blocks its greenlet); a guest needs no token."""
        self._served += 1
        number, every = self._served, self._settings.sample_every_calls
        settings = call_settings(self._settings, keeps_sample=bool(every) and number % every == 0)
        self._sessions[number] = Session(socket, services, settings, takes_guests=takes_guests, others=self.__iter__)
        self._pace()
        try:
            self._sessions[number].run()
        finally:
            del self._sessions[number]
            self._pace()

    def close(self) -> None:
        """End them all, because this process ends."""
        for session in self:
            spawn(session.close)

    def _pace(self) -> None:
        """The fuller the house, the more frames are read and sent in one go: fewer wake-ups for a little delay."""
        pause_s = min(len(self) * PAUSE_PER_CALL_S, LONGEST_PAUSE_S)
        early_ms = CROWD_EARLY_MS if len(self) > CROWD else 0
        for session in self._sessions.values():
            session.pace(pause_s, early_ms)
