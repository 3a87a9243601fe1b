"""The media streams that are being served, and how often they are looked after."""

from collections.abc import Callable, Iterator
from functools import partial

import structlog

from app.call.shell.conductor import Conductor
from app.call.shell.door import Door
from app.call.shell.services import Services
from app.call.shell.session import Session
from app.call.shell.tuning import call_settings
from app.config import Settings
from app.house.lobby import Lobby, Visitor
from app.runtime import spawn
from app.telephony.websocket import WebSocket


class Streams:
    """One worker's sessions: streams that have started. What has not is no call, and waits in the lobby."""

    def __init__(self, settings: Settings, refused: Callable[[str], None]) -> None:
        """`refused` hears why whoever was sent away before the start."""
        self._settings = settings
        self._sessions: dict[int, Session] = {}
        self._served = 0
        self._conductor = Conductor()
        self.lobby = Lobby(refused)

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def serve(self, socket: WebSocket, services: Services, visitor: Visitor) -> None:
        """Serve one media stream until it ends (blocks its greenlet).

        In development mode a visitor from this machine needs no token.
        """
        takes_guests = visitor.is_local and self._settings.development_mode
        door = Door(socket, services.admit, structlog.get_logger("call"), takes_guests=takes_guests)
        with self.lobby.waiting(socket, visitor):
            start = door.await_start()
        if start is None:
            return
        socket.call_sid = start.call_sid
        older = self._live(start.call_sid)
        if older is not None:
            older.move(socket, start)
            return
        self._served += 1
        number, every = self._served, self._settings.sample_every_calls
        settings = call_settings(self._settings, keeps_sample=bool(every) and number % every == 0)
        session = Session(socket, services, settings, self._conductor, is_guest=door.is_guest(start))
        self._sessions[number] = session
        self._pace()
        try:
            session.run(start)
        finally:
            del self._sessions[number]
            self._pace()

    def goes_on(self, call_sid: str) -> bool | None:
        """Twilio asks what now: whether the call is to go on; None: it is not here."""
        session = self._live(call_sid)
        return session.goes_on() if session else None

    def call_over(self, call_sid: str) -> None:
        """Twilio says that a call is over."""
        if session := self._live(call_sid):
            session.give_up()

    def _live(self, call_sid: str) -> Session | None:
        return next((one for one in self if one.is_live and one.call_sid == call_sid), None)

    def close(self) -> None:
        """End them all, because this process ends."""
        self.lobby.close()
        for session in self:
            spawn(partial(session.close, hands_over=self._settings.database_url is not None))

    def _pace(self) -> None:
        """The fuller the house, the more frames are read and sent in one go: fewer wake-ups for a little delay."""
        self._conductor.pace(len(self))
