"""The door of the operators' pages: login, session, CSRF, and what each answer must carry.

Flask's signed cookie is the session. With one operator and no table of users it needs no library on top; a token in it,
compared on every POST, and the browser's `Origin` are all that keeps foreign pages out.
"""

import hmac
import re
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, ParamSpec

import structlog
from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    g,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from app.config import Settings
from app.telephony.loopback import is_local
from app.web import access

P = ParamSpec("P")
IDLE = timedelta(hours=12)
_MOST_FORM_BYTES = 64 * 1024
_MOST_REVOKED = 1000
_HOST = re.compile(r"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9a-fA-F:.]+\](:\d+)?")
_log = structlog.get_logger("console")


class Door:
    """Who is let in. One a worker; `session_ended` of `on_end` are told which session was closed by its owner."""

    def __init__(self, settings: Settings, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._password = settings.console_password.get_secret_value() if settings.console_password else None
        self.development = settings.development_mode
        self.tries = access.Tries(clock_s)
        self.on_end: list[Callable[[str], None]] = []
        self._revoked: list[str] = []

    @property
    def needs_password(self) -> bool:
        """Whether one must log in; else only this machine gets in, in development."""
        return self._password is not None

    def is_there(self) -> bool:
        """Return whether the pages exist at all for who asks."""
        return self.needs_password or (self.development and is_local(request.environ))

    def is_open(self) -> bool:
        """Return whether who asks may come in."""
        if not self.needs_password:
            return self.is_there()
        name = session.get("session")
        return isinstance(name, str) and name not in self._revoked

    def fits(self, given: str) -> bool:
        """Return whether the password is the right one."""
        return self._password is not None and access.is_password(given, self._password)

    def end_session(self) -> None:
        """Let the session of this request open nothing any more, on this instance not even a copy of its cookie."""
        name = session.get("session", "")
        self._revoked = [*self._revoked[-_MOST_REVOKED:], name]
        session.clear()
        for listener in self.on_end:
            listener(name)


def the_door() -> Door:
    """Return the door of the running app."""
    door: Door = current_app.extensions["console_door"]
    return door


def login_required(view: Callable[P, ResponseReturnValue]) -> Callable[P, ResponseReturnValue]:
    """Let a view answer only who is logged in, and a POST only from a form of ours."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> ResponseReturnValue:
        refusal = refuse()
        return view(*args, **kwargs) if refusal is None else refusal

    return guarded


def refuse() -> ResponseReturnValue | None:
    """Return the answer to a request that may not come in, else None. Usable as a blueprint's `before_request`."""
    g.console = True
    door = the_door()
    if not door.is_there():
        abort(404)
    if not door.is_open():
        if request.method in ("GET", "HEAD") and "websocket" not in request.headers.get("Upgrade", "").lower():
            return redirect(url_for("login.form", next=own_path(request.full_path.rstrip("?"))), 303)
        abort(403)
    check_form()
    return None


def check_form() -> None:
    """Refuse with 403 a POST or a WebSocket from a page that is not ours."""
    is_socket = "websocket" in request.headers.get("Upgrade", "").lower()
    if request.method in ("GET", "HEAD") and not is_socket:
        return
    origin = request.headers.get("Origin")
    if (origin is not None or is_socket) and not access.is_same_origin(request.environ):
        abort(403, "הבקשה הגיעה מדף של אתר אחר")
    given = request.form.get("csrf") or request.headers.get("X-CSRF-Token", "")
    if not is_socket and not hmac.compare_digest(given.encode(), str(session.get("csrf", "-")).encode()):
        abort(403, "הטופס ישן. רעננו את הדף ונסו שוב")


def csrf_token() -> str:
    """Return the token that every form carries as `csrf`, and every other POST as `X-CSRF-Token`."""
    if "csrf" not in session:
        session["csrf"] = secrets.token_urlsafe(24)
        session.permanent = True
    token: str = session["csrf"]
    return token


def csp_nonce() -> str:
    """Return the nonce of this answer's styles."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_urlsafe(12)
    nonce: str = g.csp_nonce
    return nonce


login = Blueprint("login", __name__, url_prefix="/console")


@login.before_request
def _only_where_there_is_a_door() -> None:
    g.console = True
    if not the_door().is_there():
        abort(404)


@login.get("/login")
def form() -> ResponseReturnValue:
    """Ask for the password."""
    if the_door().is_open():
        return redirect(url_for("today.page"), 303)
    return render_template("login.html", next=own_path(request.args.get("next", "")))


@login.post("/login")
def enter() -> ResponseReturnValue:
    """Take the password; after five wrong ones within a quarter of an hour even the right one must wait."""
    check_form()
    door, address = the_door(), access.client_address(request.environ)
    onward = own_path(request.form.get("next", ""))
    wait_s = door.tries.wait_s(address)
    if wait_s:
        _tried("locked")
        page = render_template("login.html", next=onward, locked_minutes=-(-wait_s // 60))
        return page, 429, {"Retry-After": str(wait_s)}
    if not door.fits(request.form.get("password", "")):
        door.tries.failed(address)
        _tried("bad")
        return render_template("login.html", next=onward, tries_left=door.tries.left(address)), 401
    door.tries.succeeded(address)
    session.clear()
    session["session"] = secrets.token_urlsafe(16)
    session.permanent = True
    _tried("ok")
    return redirect(onward or url_for("today.page"), 303)


def _tried(result: str) -> None:
    current_app.extensions["office"].login_tried(result)
    _log.info("CONSOLE_LOGIN", result=result)


@login.post("/logout")
@login_required
def leave() -> ResponseReturnValue:
    """End the session."""
    the_door().end_session()
    return redirect(url_for("login.form"), 303)


@login.post("/theme")
@login_required
def theme() -> ResponseReturnValue:
    """Keep the choice of light or dark; `auto` leaves it to the system."""
    response = redirect(own_path(request.form.get("next", "")) or url_for("today.page"), 303)
    chosen = request.form.get("theme", "")
    secure = not the_door().development
    if chosen in ("light", "dark"):
        response.set_cookie("theme", chosen, max_age=365 * 86400, httponly=True, samesite="Strict", secure=secure)
    else:
        response.delete_cookie("theme", httponly=True, samesite="Strict", secure=secure)
    return response


def own_path(path: str) -> str:
    """Return `path` when it is one of the operators' pages, else nothing: a login leads nowhere else."""
    return path if re.fullmatch(r"/(console|phone)([/?][^\\\s]*)?", path) else ""


def install(flask: Flask, settings: Settings) -> Door:
    """Give the app its door: sessions, login pages, error pages and headers."""
    door = Door(settings)
    flask.extensions["console_door"] = door
    token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else None
    password = settings.console_password.get_secret_value() if settings.console_password else None
    flask.config.update(
        SECRET_KEY=access.session_key(password, token),
        SESSION_COOKIE_NAME="console" if door.development else "__Host-console",
        SESSION_COOKIE_SECURE=not door.development,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        PERMANENT_SESSION_LIFETIME=IDLE,
        MAX_CONTENT_LENGTH=_MOST_FORM_BYTES,
    )
    flask.register_blueprint(login)
    flask.add_template_global(csrf_token)
    flask.add_template_global(csp_nonce)
    flask.register_error_handler(HTTPException, _error_page)
    flask.after_request(_protect)
    return door


_SAYS = {403: "אין הרשאה", 404: "הדף לא נמצא", 405: "כך אי אפשר", 413: "יותר מדי נתונים", 503: "המאגר לא עונה"}


def _error_page(error: HTTPException) -> ResponseReturnValue:
    """Say in Hebrew what went wrong, on the operators' pages; elsewhere leave it as it is."""
    if not g.get("console") or error.code is None or error.code < 400:
        return error
    given = error.description if error.description != type(error).description else None
    return render_template("error.html", code=error.code, title=_SAYS.get(error.code, "תקלה"), says=given), error.code


def _protect(response: Response) -> Response:
    """Add the headers of an operators' page."""
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    if not g.get("console"):
        return response
    host = request.host if _HOST.fullmatch(request.host) else ""
    sockets = f"ws://{host} wss://{host}" if the_door().development else f"wss://{host}"
    policy = {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": f"'self' 'nonce-{csp_nonce()}'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": f"'self' {sockets}" if host else "'self'",
        "media-src": "'self' blob:",
        "worker-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }
    response.headers["Content-Security-Policy"] = "; ".join(f"{name} {value}" for name, value in policy.items())
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["Permissions-Policy"] = f"microphone=({'self' if g.get('microphone') else ''})"
    return response


def shared_context() -> dict[str, Any]:
    """Return what every page's frame shows."""
    theme_chosen = request.cookies.get("theme", "")
    return {
        "theme": theme_chosen if theme_chosen in ("light", "dark") else "",
        "is_logged_in": the_door().needs_password and the_door().is_open(),
        "may_look": the_door().is_open(),
    }
