"""Call control through Twilio: hanging up, putting through (R17)."""

from collections.abc import Callable, Mapping

import structlog

from app.call.shell.admission import NO_VOICE_LINE, ask_for_message
from app.config import Settings
from app.dialog.hebrew.contact.phones import callable_number
from app.dialog.lines import book
from app.telephony import twiml
from app.telephony.browser_calls import is_browser_call
from app.telephony.rest import TwilioError, TwilioRest

TRANSFER_ENDED_PATH = "/webhook/transfer_ended"
_ATTEMPTS = 2
_log = structlog.get_logger("server")


class TwilioTelephone:
    """Call control through Twilio's REST API; without an account, and for a softphone call, of which Twilio knows
    nothing, the closed stream ends the call.
    """

    def __init__(self, settings: Settings, on_message: Callable[[str], None]) -> None:
        """Act for the account in `settings`, if there is one; `on_message` hears of calls that go to the recorder."""
        self._number = settings.transfer_number
        base = settings.public_base_url
        self._told_at = base + TRANSFER_ENDED_PATH if base else None
        # A document handed over by REST has no address that one of ours could be relative to.
        self._message = ask_for_message(NO_VOICE_LINE, settings.office_name, base) if base else None
        self._on_message = on_message
        self._rest: TwilioRest | None = None
        if settings.twilio_account_sid and settings.twilio_auth_token:
            token = settings.twilio_auth_token.get_secret_value()
            self._rest = TwilioRest(settings.twilio_account_sid, token, base_url=settings.twilio_api_url)

    def hang_up(self, call_sid: str) -> bool:
        """End the call; True if Twilio will close the stream."""
        rest = self._rest_for(call_sid)
        return rest is not None and self._done("HANG_UP", call_sid, lambda: rest.hang_up(call_sid))

    def transfer(self, call_sid: str) -> bool:
        """Put the caller through to TRANSFER_NUMBER; True if Twilio took it."""
        rest, number = self._rest_for(call_sid), self._number
        if rest is None or number is None:
            return False
        return self._done(
            "TRANSFER", call_sid, lambda: rest.redirect(call_sid, twiml.dial(number, action_url=self._told_at))
        )

    def take_message(self, call_sid: str) -> bool:
        """Have Twilio's voice ask the caller for a message; True if Twilio took it."""
        rest, message = self._rest_for(call_sid), self._message
        if rest is None or message is None:
            return False
        self._on_message(call_sid)
        return self._done("TAKE_MESSAGE", call_sid, lambda: rest.redirect(call_sid, message))

    def _rest_for(self, call_sid: str) -> TwilioRest | None:
        return None if is_browser_call(call_sid) else self._rest

    @staticmethod
    def _done(what: str, call_sid: str, act: Callable[[], object]) -> bool:
        for attempt in range(_ATTEMPTS):
            try:
                act()
            except TwilioError as error:
                _log.warning(f"{what}_FAILED", call_sid=call_sid, error=str(error))
                if not error.retriable:
                    return False
            else:
                _log.info(what, call_sid=call_sid, attempts=attempt + 1)
                return True
        return False


def lost_transfer_line(caller: str | None) -> str:
    """Return what a caller hears who could not be put through; nobody calls back a number that is not known."""
    kind = "end_transfer_failed" if callable_number(caller) else "end_transfer_failed_no_phone"
    return book.whole(kind)[0]


def after_lost_transfer(params: Mapping[str, str]) -> bytes:
    """Return the TwiML for a caller whom nobody answered; `params`: the signed form of `<Dial>`'s action."""
    return twiml.say_and_hang_up(lost_transfer_line(params.get("From")))
