"""Calls as they go on: the page, its fragments for tabs without a socket, and the feed."""

import contextlib
import hashlib
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, g, request, session
from flask.typing import ResponseReturnValue
from flask_sock import Sock
from simple_websocket import ConnectionClosed, Server

from app.office import StoreUnavailable
from app.runtime import now_ms, sleep, spawn
from app.web.console.feed import Feed, Tab
from app.web.console.whole_sends import WholeSends
from app.web.icons import ICONS
from app.web.login import refuse, the_door
from app.web.pages import page

_WAKES_MS = 1000
_OTHERS_EVERY_MS = 5000
_MOST_UNREAD = 100
_SOCKET_OPTIONS = {"ping_interval": 25, "max_message_size": 4096}

live = Blueprint("live", __name__, url_prefix="/console")
live.before_request(refuse)
_sock = Sock()


class Pictures:
    """Draws what live tabs show; a call's card is drawn again only when something happened in it."""

    def __init__(self, flask: Flask) -> None:
        self._flask = flask
        self._office = flask.extensions["office"]
        self._cards: dict[str, tuple[tuple[int, int], str]] = {}
        self._others: list[dict[str, Any]] = []
        self._others_at_ms = -_OTHERS_EVERY_MS
        self._asks = False

    def draw(self, view: str) -> str:
        """Return the inside of a view: `now`, `strip`, or `call:SID`."""
        kind, _, call_sid = view.partition(":")
        if kind == "call":
            return self._call(call_sid)
        calls = self._office.live()
        if kind == "strip":
            return self._render("_live_strip.html", calls=calls)
        self._ask_for_others()
        return self._render("_live_now.html", cards=[self._card(call) for call in calls], others=self._others)

    def _card(self, call: dict[str, Any]) -> str:
        minute = now_ms() // 10_000
        version, card = self._cards.get(call["call_sid"], ((-1, -1), ""))
        if version != (call["last_seq"], minute):
            card = self._render("_live_card.html", call=call)
            if len(self._cards) > 1000:
                self._cards.clear()
            self._cards[call["call_sid"]] = ((call["last_seq"], minute), card)
            sleep(0)
        return card

    def _call(self, call_sid: str) -> str:
        events, _ = self._office.events(call_sid)
        is_over = not events or events[-1]["event"] == "CALL_ENDED"
        call = next((call for call in self._office.live() if call["call_sid"] == call_sid), None)
        return self._render("_live_call.html", call=call, turns=turns_of(events), is_over=is_over)

    def _ask_for_others(self) -> None:
        """Learn from the store which calls other instances hold, beside the feed: it must not wait for the store."""
        if self._asks or now_ms() - self._others_at_ms < _OTHERS_EVERY_MS:
            return
        self._asks, self._others_at_ms = True, now_ms()
        spawn(self._learn_of_others)

    def _learn_of_others(self) -> None:
        try:
            own = self._office.status()["instance"]
            here = {call["call_sid"] for call in self._office.live()}
            rows = self._office.calls(limit=50)["calls"]
            self._others = [
                row
                for row in rows
                if row["ended_at"] is None and row["instance"] != own and row["call_sid"] not in here
            ]
        except StoreUnavailable:
            self._others = []
        finally:
            self._asks = False

    def _render(self, template: str, **context: Any) -> str:
        return self._flask.jinja_env.get_template(template).render(icons=ICONS, **context)


def turns_of(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what was said so far, a turn at a time: the caller's words, the agent's lines with what was heard."""
    turns: dict[int, dict[str, Any]] = {}
    for event in events:
        kind = event["event"]
        if kind not in ("ASR_TEXT", "INTERIM", "SAYING", "SAID"):
            continue
        turn = turns.setdefault(event["turn"], {"number": event["turn"], "caller": "", "interim": "", "lines": {}})
        match kind:
            case "ASR_TEXT":
                turn["caller"], turn["interim"] = event["text"], ""
            case "INTERIM":
                turn["interim"] = event["text"]
            case _:
                line = turn["lines"].setdefault(event["reply"], {"text": "", "heard": None})
                line["text"] = event["text"]
                line["heard"] = event.get("heard", line["heard"])
    return [turns[number] for number in sorted(turns)]


@live.before_request
def _prepare_socket() -> None:
    """Make the socket safe before flask-sock takes it; a tab too many is refused."""
    if request.endpoint != "live.socket":
        return
    if feed().is_full:
        abort(503, "יותר מדי חלונות פתוחים")
    environ = request.environ
    environ.pop("HTTP_SEC_WEBSOCKET_EXTENSIONS", None)  # compression would cost 300 KB a tab
    whole = environ["gunicorn.socket"] = WholeSends(environ["gunicorn.socket"])
    g.tab = Tab(request.args.get("view", "now"), session.get("session", ""), whole)
    feed().join(g.tab)  # before the handshake waits: its place is taken


@live.teardown_request
def _leave(_: BaseException | None) -> None:
    if "tab" in g:
        feed().leave(g.tab)


@_sock.route("/live", bp=live, endpoint="socket")  # type: ignore[untyped-decorator]  # flask-sock has no types
def socket(connection: Server) -> None:
    """Feed a tab until it goes, does not read, or its session ends."""
    tab: Tab = g.tab
    try:
        while connection.connected and len(connection.input_buffer) < _MOST_UNREAD:
            message = tab.next(_WAKES_MS)
            if tab.close_code is not None:
                with contextlib.suppress(ConnectionClosed, OSError):
                    connection.close(tab.close_code)
                return
            if message:
                connection.send(message)
    except OSError:
        pass  # the tab is gone, or was cut off


@live.get("/live")
def no_socket() -> ResponseReturnValue:
    """Tell who asks for the feed as for a page."""
    abort(426, "כאן מדברים WebSocket")


@live.get("/now", endpoint="page")
def show() -> ResponseReturnValue:
    """Show the calls that go on."""
    return page("now.html", section="calls", inside=pictures().draw("now"))


@live.get("/now/<view>", endpoint="fragment")
def fragment(view: str) -> ResponseReturnValue:
    """Give a tab without a socket what the feed would; 304 when it has that already."""
    drawn = pictures().draw(view)
    tag = hashlib.sha256(drawn.encode()).hexdigest()[:24]
    response = Response(drawn, mimetype="text/html")
    response.set_etag(tag)
    response.headers["Cache-Control"] = "no-cache"
    return response.make_conditional(request)


def feed() -> Feed:
    """Return the worker's feed."""
    found: Feed = current_app.extensions["feed"]
    return found


def pictures() -> Pictures:
    """Return who draws for it."""
    found: Pictures = current_app.extensions["pictures"]
    return found


def install(flask: Flask) -> None:
    """Give the app its feed."""
    flask.config["SOCK_SERVER_OPTIONS"] = _SOCKET_OPTIONS
    pictures = flask.extensions["pictures"] = Pictures(flask)
    flask.extensions["feed"] = Feed(flask.extensions["office"], pictures.draw)
    with flask.app_context():
        the_door().on_end.append(flask.extensions["feed"].end_session)
