"""Who may open a media stream."""

from app.config import load
from app.house.admitting import Doorkeeper
from app.telephony.browser_calls import new_browser_call_sid
from app.telephony.messages import StreamStart


def start(call_sid: str, token: str) -> StreamStart:
    return StreamStart("MZ1", call_sid, "AC1", {"token": token})


def test_a_softphone_call_gets_in_with_its_own_token_and_once() -> None:
    """R2.6, R21: not with another call's, not a second time."""
    doorkeeper = Doorkeeper(load({}), live=lambda: 0)
    sid, other = new_browser_call_sid(), new_browser_call_sid()
    token = doorkeeper.browser_token(sid)
    assert doorkeeper.admit(start(other, token)) == "token forged, or minted for another call"
    assert doorkeeper.admit(start(sid, "")) is not None
    assert doorkeeper.admit(start(sid, token)) is None
    assert doorkeeper.admit(start(sid, token)) == "token used before"


def test_softphone_calls_count_against_the_limit_from_their_token_on() -> None:
    """R18, R21: on their way or in, like Twilio's."""
    live: list[str] = []
    doorkeeper = Doorkeeper(load({"MAX_CALLS": "2"}), live=lambda: len(live))
    first, second = new_browser_call_sid(), new_browser_call_sid()
    assert doorkeeper.book(first)
    assert doorkeeper.admit(start(first, doorkeeper.browser_token(first))) is None
    live.append(first)
    assert doorkeeper.book(second)
    assert not doorkeeper.book(new_browser_call_sid())
