"""Who may open a media stream: signed handshakes, one-call tokens, a house that is not full (R2.6, R18)."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Protocol

import structlog

from app.call.shell.admission import Admission
from app.config import Settings
from app.house.capacity import calls_at_most, cores_at_hand
from app.office import StoreUnavailable
from app.telephony import messages
from app.telephony.responses import Environ
from app.telephony.signature import handshake_is_signed
from app.telephony.token import (
    BROWSER_LIFETIME_S,
    PURPOSE_BROWSER,
    TokenVerdict,
    UsedTokens,
    derive_key,
    digest_of,
    expiry,
    mint,
    verify,
)

TOLD_WITHIN_S = 0.02
_log = structlog.get_logger("server")


class Ask(Protocol):
    """Asks the store."""

    def __call__(self, name: str, timeout_s: float, **arguments: str) -> Mapping[str, Any]:
        """See `leads.client.LeadStore.query`."""


class Doorkeeper:
    """Judges who comes; `live` counts the calls that are in."""

    def __init__(
        self,
        settings: Settings,
        live: Callable[[], int],
        refused: Callable[[str], None] = lambda _: None,
        is_late: Callable[[], bool] = lambda: False,
        ask: Ask = lambda *_, **__: {"first": True},
    ) -> None:
        """`refused` hears why whoever was not let in; `is_late` tells that the worker has no time for another call;
        `ask` is `LeadStore.query`.
        """
        self._ask = ask
        token = settings.twilio_auth_token
        self.auth_token = token.get_secret_value() if token else None
        self.token_key = derive_key(self.auth_token)
        self.admission = Admission(
            calls_at_most(settings, cores_at_hand()),
            settings.office_name,
            settings.public_base_url,
            live=live,
            clock_s=time.monotonic,
            overflow_number=settings.overflow_number,
            is_late=is_late,
        )
        self._public_base_url = settings.public_base_url
        self._used_tokens = UsedTokens()
        self._refused = refused

    def handshake_is_signed(self, environ: Environ) -> bool | None:
        """Judge the signature on a WebSocket handshake (R2.6); None: there is none to judge."""
        is_signed = handshake_is_signed(environ, self.auth_token, self._public_base_url)
        if is_signed is False:
            self._refused("signature")
        return is_signed

    def judge(self, params: Mapping[str, str]) -> bytes | None:
        """Judge a signed incoming call: None, or the TwiML of what there is instead."""
        instead = self.admission(params)
        if instead is not None:
            why = self.admission.why_not
            _log.warning(
                "NO_ROOM", call_sid=params.get("CallSid", ""), why=why, calls_at_most=self.admission.most_calls
            )
            self._refused(why)
        return instead

    def admit(self, start: messages.StreamStart) -> str | None:
        """Judge a start message: None lets the call in, else it is the reason for which it is turned away."""
        why_not = self._why_not(start)
        if why_not is not None:
            self._refused("token")
        return why_not

    def _why_not(self, start: messages.StreamStart) -> str | None:
        token, now_s = start.parameters.get("token", ""), time.time()
        verdict = verify(self.token_key, token, start.call_sid, now_s)
        if verdict is not TokenVerdict.VALID:
            return f"token {verdict.value}"
        if not self._used_tokens.use(token, now_s) or not self._is_first_anywhere(token, start.call_sid):
            return "token used before"
        self.admission.arrived(start.call_sid)
        return None

    def _is_first_anywhere(self, token: str, call_sid: str) -> bool:
        """Ask the store whether another instance, or this one before it was started again, has seen the token (R2.6).

        A caller waits for the answer: so not for long, and who cannot be told is let in.
        """
        try:
            answer = self._ask("use_token", TOLD_WITHIN_S, digest=digest_of(token), expires_at=expiry(token))
        except (StoreUnavailable, ValueError) as fault:
            _log.info("TOKEN_UNCHECKED", call_sid=call_sid, why=str(fault))
            return True
        return bool(answer["first"])

    def book(self, call_sid: str) -> bool:
        """Count a browser call on its way; False: the house is full, or about to close."""
        return self.judge({"CallSid": call_sid}) is None

    def browser_token(self, call_sid: str) -> str:
        """Return the one-call token with which that call's stream starts."""
        lifetime_s = BROWSER_LIFETIME_S
        return mint(self.token_key, call_sid, time.time(), purpose=PURPOSE_BROWSER, lifetime_s=lifetime_s)
