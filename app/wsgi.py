"""The composite WSGI app: Twilio's webhooks first, then the media WebSocket, then Flask (R1, R3, R4).

gunicorn -c gunicorn.conf.py app.wsgi:app
"""

import gc
import json
import sys
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NoReturn

import structlog
from eventlet import patcher
from gunicorn.arbiter import Arbiter

from app import config, logs
from app.house.children import Children
from app.house.lobby import Visitor
from app.runtime import resolve_names_off_the_hub, settle
from app.telephony.handshake import HandshakeError
from app.telephony.loopback import is_local
from app.telephony.responses import Environ, Response, StartResponse, method_not_allowed
from app.telephony.websocket import WebSocket
from app.web.access import client_address
from app.web.loading import Pages

if TYPE_CHECKING:
    from app.house.worker import House

MEDIA_PATH = "/ws/twilio-media"


class Composite:
    """One worker's front door. Read `__call__`: that is the whole routing."""

    def __init__(self, house: "House") -> None:
        """Serve `house`."""
        self._house = house
        self.pages = Pages(house.desk, house.settings)
        about = {key: house.desk.status()[key] for key in ("version", "commit", "started_at")}
        self._versions = {
            draining: Response(200, json.dumps({**about, "draining": draining}).encode(), "application/json")
            for draining in (False, True)
        }
        self._alive = Response(200, b"ok\n")

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request, whatever the state of any vendor or database."""
        answer = self._house.webhooks(environ, start_response)
        if answer is not None:
            return answer
        path = environ.get("PATH_INFO", "")
        if path.removesuffix("/") == MEDIA_PATH:
            return self._media(environ, start_response)
        if path in ("/version", "/version/", "/"):
            if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
                return method_not_allowed("GET", "HEAD").send(environ, start_response)
            version = self._versions[self._house.drain.has_begun]
            return (self._alive if path == "/" else version).send(environ, start_response)
        return self.pages(environ, start_response)

    def watch(self, is_wanted: Callable[[], bool], grace_s: float, then: Callable[[], None]) -> None:
        """See `house.draining.Drain.watch`; gunicorn.conf.py calls it once the worker serves."""
        self._house.drain.watch(is_wanted, grace_s, then)

    def stop(self) -> None:
        """See `House.stop`; gunicorn.conf.py calls it last."""
        self._house.stop()

    def _media(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        is_signed = self._house.doorkeeper.handshake_is_signed(environ)
        if is_signed is False:
            return Response(403, b"X-Twilio-Signature does not fit\n").send(environ, start_response)
        try:
            socket = WebSocket.accept(environ)
        except HandshakeError as error:
            return error.response.send(environ, start_response)
        try:
            self._house.serve_stream(socket, Visitor(client_address(environ), bool(is_signed), is_local(environ)))
        except Exception:  # noqa: BLE001 - gunicorn would write an HTTP 500 into the WebSocket
            structlog.get_logger("server").exception("STREAM_BROKE", call_sid=socket.call_sid)
            socket.close(1011, "internal error")
        finally:
            socket.close()
        raise StopIteration  # tells gunicorn that the socket was taken over


def build() -> Composite:
    """Put this worker together from the environment; one clear line, and the server stops, when it cannot be.

    An instance starts because somebody calls (R18): the children begin to load before the rest of this process does.
    """
    gc.disable()  # what is loaded now lives for good: looking through it again and again takes 150 ms
    try:
        settings = config.load()
        config.make_folders(settings)
    except config.ConfigError as error:
        _refuse(f"Configuration error:\n{error}")
    # Patched sockets alone prove nothing: gunicorn.conf.py patches the master, and any worker inherits that.
    if "gunicorn.workers.geventlet" not in sys.modules or not patcher.is_monkey_patched("socket"):
        _refuse("This app needs gunicorn's eventlet worker: gunicorn -c gunicorn.conf.py app.wsgi:app")
    log = logs.configure(settings.log_level)
    resolve_names_off_the_hub()
    children = Children.of(settings)
    children.start_engines()
    from app.house.worker import House

    house = House(settings, children, lost_lines=lambda: log.lost)
    composite = Composite(house)
    house.start(composite.pages.load)
    settle()
    return composite


def _refuse(why: str) -> NoReturn:
    """End this worker for good: with any other status gunicorn would start it again, and again."""
    print(why, file=sys.stderr, flush=True)
    sys.exit(Arbiter.APP_LOAD_ERROR)


def __getattr__(name: str) -> Any:
    """Build `app` when gunicorn asks for it, so that importing this module alone starts nothing."""
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = build()
    return globals()["app"]
