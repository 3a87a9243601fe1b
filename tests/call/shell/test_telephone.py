"""What is asked of Twilio, and of which calls."""

from collections.abc import Callable

import pytest

from app.call.shell.telephone import TwilioTelephone
from app.config import load
from app.telephony.browser_calls import new_browser_call_sid
from tests.emulators.twilio_rest import TwilioRestEmulator

CALL_SID = "CA" + "1" * 32
ACTS: dict[str, Callable[[TwilioTelephone, str], bool]] = {
    "hang_up": TwilioTelephone.hang_up,
    "transfer": TwilioTelephone.transfer,
    "take_message": TwilioTelephone.take_message,
}


@pytest.mark.parametrize("act", ACTS)
def test_twilio_is_asked_for_its_own_calls_and_never_for_a_softphones(act: str) -> None:
    """R17, R21: a softphone call is a test; only closing its stream ends it."""
    lost: list[str] = []
    with TwilioRestEmulator(auth_token="a token") as rest:
        rest.calls[CALL_SID] = "in-progress"
        settings = {
            "TWILIO_ACCOUNT_SID": rest.account_sid,
            "TWILIO_AUTH_TOKEN": "a token",
            "TWILIO_API_URL": rest.url,
            "TRANSFER_NUMBER": "+97230000002",
            "PUBLIC_BASE_URL": "https://voice.example",
        }
        telephone = TwilioTelephone(load(settings), lost.append)
        assert not ACTS[act](telephone, new_browser_call_sid())
        assert rest.requests == []
        assert ACTS[act](telephone, CALL_SID)
        assert len(rest.requests) == 1
    assert lost == ([CALL_SID] if act == "take_message" else [])
