"""Twilio's webhooks, answered at the WSGI level before Flask runs (R2, R3).

Nothing here waits for anything but the request's own body, and an incoming call for the voice of an instance just
started: meanwhile the caller hears it ring. What an event means for a call is done off the request, in whatever `spawn`
starts.
"""

import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from app.telephony import twiml
from app.telephony.body import Form, read_form
from app.telephony.loopback import is_local, why_not_local
from app.telephony.numbers import mask_number
from app.telephony.responses import (
    Environ,
    RefusedError,
    Response,
    StartResponse,
    method_not_allowed,
    no_content,
    refuse,
)
from app.telephony.signature import request_is_signed, requested_base_url
from app.telephony.token import LIFETIME_S, PURPOSE_CALL, PURPOSE_PREVIEW, mint

log = structlog.get_logger(__name__)

# kind ("incoming_call", "call_status", "stream_status", "stream_ended", "recording", "transfer_ended",
# "message_status"), form fields, whether Twilio signed them.
OnEvent = Callable[[str, Mapping[str, str], bool], None]
# Form fields of a signed incoming call -> TwiML to answer instead of the stream (full house, recording), or None.
Admission = Callable[[Mapping[str, str]], bytes | None]
# Form fields of a signed `action` of a call in progress -> what another stream of it brings along, or None: no other.
GoesOn = Callable[[Mapping[str, str]], Mapping[str, str] | None]
Spawn = Callable[..., Any]

_HOST = re.compile(r"[A-Za-z0-9.\-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")
_PREVIEW_SID = "CApreview"
# From and To share a <Parameter> with their name; Twilio takes under 500 characters, a SIP address can be long.
_MAX_PARTY_CHARS = 400
_TRUSTED = True


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """What the webhooks must know. Without `auth_token` this is development mode: unsigned calls, from loopback only.

    `token_key` comes from `token.derive_key`.
    """

    auth_token: str | None
    public_base_url: str | None
    token_key: bytes
    token_lifetime_s: int = LIFETIME_S
    after_recording: bytes = field(default_factory=twiml.empty)
    """TwiML for a caller whose message has been recorded."""
    after_lost_transfer: Callable[[Mapping[str, str]], bytes] = lambda _params: twiml.empty()
    """TwiML for a caller whom nobody answered."""
    after_lost_overflow: bytes = field(default_factory=twiml.empty)
    """TwiML for a caller for whom there was no room, and whom nobody answered elsewhere either."""

    def __repr__(self) -> str:
        return f"WebhookSettings(public_base_url={self.public_base_url!r}, signed={self.auth_token is not None})"


def _connect(_params: Mapping[str, str]) -> bytes | None:
    return None


class Webhooks:
    """The fast paths. `handle` answers what is theirs and returns None for the rest."""

    def __init__(
        self,
        settings: WebhookSettings,
        on_event: OnEvent,
        spawn: Spawn,
        admission: Admission = _connect,
        now_s: Callable[[], float] = time.time,
        goes_on: GoesOn = lambda _params: None,
        voice: Callable[[], None] = lambda: None,
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """`voice` returns once the agent has one, or that takes too long; `refused` hears of each request that says it
        is Twilio's and is not.
        """
        self._refused = refused
        self._voice = voice
        self._goes_on = goes_on
        self._settings = settings
        self._on_event = on_event
        self._spawn = spawn
        self._admission = admission
        self._now_s = now_s
        self._routes: dict[str, tuple[tuple[str, ...], Callable[[Environ], Response]]] = {
            "/webhook/stream_status": (("POST",), lambda environ: self._event("stream_status", environ)),
            "/webhook/stream_ended": (("POST",), self._stream_ended),
            "/webhook/call_status": (("POST",), lambda environ: self._event("call_status", environ)),
            "/webhook/incoming_call": (("POST",), self._incoming_call),
            "/webhook/handle_recording": (("POST",), self._recording),
            "/webhook/transfer_ended": (("POST",), self._transfer_ended),
            "/webhook/overflow_ended": (("POST",), self._overflow_ended),
            "/webhook/message_status": (("POST",), self._message_status),
            "/webhook/incoming_call_preview": (("GET", "HEAD"), self._preview),
            "/incoming_call_preview": (("GET", "HEAD"), self._preview),
        }

    def __call__(self, environ: Environ, start_response: StartResponse) -> list[bytes] | None:
        """Answer as a WSGI app would, or return None without having touched anything."""
        response = self.handle(environ)
        return None if response is None else response.send(environ, start_response)

    def handle(self, environ: Environ) -> Response | None:
        """Return the answer to a request on one of our paths (with or without a trailing slash), else None."""
        path = str(environ.get("PATH_INFO", ""))
        route = self._routes.get(path.removesuffix("/"))
        if route is None:
            return None
        methods, answer = route
        if environ["REQUEST_METHOD"] not in methods:
            return method_not_allowed(*methods)
        try:
            return answer(environ)
        except RefusedError as error:
            log.warning("webhook_refused", path=path, status=error.response.status, why=str(error))
            return error.response

    def is_trusted(self, environ: Environ, form: Form) -> bool:
        """Tell whether a request is Twilio's: signed, or in development mode from this machine itself."""
        settings = self._settings
        if settings.auth_token:
            return request_is_signed(environ, form, settings.auth_token, settings.public_base_url)
        return is_local(environ)

    def _event(self, kind: str, environ: Environ) -> Response:
        """204 at once; what was said is handed on with whether it may be believed (R2.4, R3.3)."""
        form = read_form(environ)
        trusted = self.is_trusted(environ, form)
        if kind == "call_status" and not trusted:
            self._refused()
            log.warning("webhook_not_believed", path=environ["PATH_INFO"], why=self._why_not(environ))
        self._spawn(self._on_event, kind, dict(form), trusted)
        return no_content()

    def _stream_ended(self, environ: Environ) -> Response:
        """Twilio's `action`: 204 (R3.1), but a call that goes on without its stream gets another one (R18)."""
        form = read_form(environ)
        trusted, params = self.is_trusted(environ, form), dict(form)
        self._spawn(self._on_event, "stream_ended", params, trusted)
        if not trusted or params.get("CallStatus") != "in-progress":
            return no_content()
        more = self._goes_on(params)
        if more is None:
            return no_content()
        answer = self._stream_answer(environ, _sid(params, "CallSid"), params, PURPOSE_CALL, more)
        return Response(200, answer, twiml.CONTENT_TYPE)

    def _incoming_call(self, environ: Environ) -> Response:
        params = self._believed(environ)
        call_sid = _sid(params, "CallSid")
        answer = self._admission(params)
        if answer is None:
            self._voice()
        log.info(
            "INCOMING_CALL",
            call_sid=call_sid,
            caller=mask_number(params.get("From", "")),
            answer="stream" if answer is None else "instead",
        )
        if answer is None:
            answer = self._stream_answer(environ, call_sid, params, PURPOSE_CALL)
        self._spawn(self._on_event, "incoming_call", params, _TRUSTED)
        return Response(200, answer, twiml.CONTENT_TYPE)

    def _recording(self, environ: Environ) -> Response:
        """Thank the caller at once; the message is fetched and understood off the request (R2.7)."""
        params = self._believed(environ)
        _sid(params, "CallSid")
        self._spawn(self._on_event, "recording", params, _TRUSTED)
        return Response(200, self._settings.after_recording, twiml.CONTENT_TYPE)

    def _transfer_ended(self, environ: Environ) -> Response:
        """Tell a caller who could not be put through that it is so; after a talk with a person the call just ends."""
        return self._dialled(environ, self._settings.after_lost_transfer)

    def _overflow_ended(self, environ: Environ) -> Response:
        """Ask for a message where nobody answered in our stead."""
        return self._dialled(environ, lambda _params: self._settings.after_lost_overflow)

    def _dialled(self, environ: Environ, after_lost: Callable[[Mapping[str, str]], bytes]) -> Response:
        params = self._believed(environ)
        _sid(params, "CallSid")
        self._spawn(self._on_event, "transfer_ended", params, _TRUSTED)
        is_done = params.get("DialCallStatus") in ("completed", "answered")
        answer = twiml.empty() if is_done else after_lost(params)
        return Response(200, answer, twiml.CONTENT_TYPE)

    def _message_status(self, environ: Environ) -> Response:
        params = self._believed(environ)
        _sid(params, "MessageSid")
        self._spawn(self._on_event, "message_status", params, _TRUSTED)
        return no_content()

    def _believed(self, environ: Environ) -> dict[str, str]:
        """Return the form of a request that is Twilio's (R2.4).

        Raises:
            RefusedError: 403, it is not; or the form cannot be read.
        """
        form = read_form(environ)
        if not self.is_trusted(environ, form):
            self._refused()
            raise RefusedError(refuse(403, "not signed by Twilio"), self._why_not(environ))
        return dict(form)

    def _preview(self, environ: Environ) -> Response:
        """Show curl what Twilio would get; the token in it opens nothing (R2.3)."""
        return Response(200, self._stream_answer(environ, _PREVIEW_SID, {}, PURPOSE_PREVIEW), twiml.CONTENT_TYPE)

    def _stream_answer(
        self,
        environ: Environ,
        call_sid: str,
        params: Mapping[str, str],
        purpose: str,
        more: Mapping[str, str] = {},
    ) -> bytes:
        base_url = self._settings.public_base_url or requested_base_url(environ)
        host = base_url.partition("://")[2].rstrip("/")
        if not self._settings.public_base_url and not _HOST.fullmatch(host):
            raise RefusedError(refuse(400, "the Host header names no host; set PUBLIC_BASE_URL"))
        token = mint(
            self._settings.token_key,
            call_sid,
            self._now_s(),
            purpose=purpose,
            lifetime_s=self._settings.token_lifetime_s,
        )
        parameters = {
            "token": token,
            "call_sid": call_sid,
            "from": params.get("From", "")[:_MAX_PARTY_CHARS],
            "to": params.get("To", "")[:_MAX_PARTY_CHARS],
            **more,
        }
        # Always https and wss, whatever this hop spoke: Twilio takes nothing else, and behind the proxy it is so.
        return twiml.connect_stream(f"https://{host}", host, parameters)

    def _why_not(self, environ: Environ) -> str:
        if not self._settings.auth_token:
            only = "development mode (no TWILIO_AUTH_TOKEN) takes unsigned webhooks from this machine only"
            return f"{only}: {why_not_local(environ)}"
        if not environ.get("HTTP_X_TWILIO_SIGNATURE"):
            return "no X-Twilio-Signature header: not from Twilio, or a proxy dropped it"
        return (
            "X-Twilio-Signature does not fit: check TWILIO_AUTH_TOKEN (the primary one) and that PUBLIC_BASE_URL is "
            f"the URL set in Twilio; seen as {requested_base_url(environ)}"
        )


def _sid(params: Mapping[str, str], name: str) -> str:
    sid = params.get(name, "")
    if not (sid.isascii() and sid.isalnum() and len(sid) <= 64):
        raise RefusedError(refuse(400, f"{name} is missing or not a SID"))
    return sid
