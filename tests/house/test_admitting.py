"""Who may open a media stream."""

from typing import Any

import pytest

from app.config import load
from app.house.admitting import TOLD_WITHIN_S, Doorkeeper
from app.office import StoreUnavailable
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


class Store:
    """Knows which tokens were used, or cannot tell."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.fault = fault
        self.used: set[str] = set()
        self.asked: list[tuple[str, float]] = []

    def query(self, name: str, timeout_s: float, **arguments: str) -> dict[str, Any]:
        self.asked.append((name, timeout_s))
        if self.fault:
            raise self.fault
        first = arguments["digest"] not in self.used
        self.used.add(arguments["digest"])
        return {"first": first}


def test_a_token_used_at_another_instance_or_before_a_restart_opens_nothing() -> None:
    """R2.6: what the store keeps is a digest, and nobody waits for it longer than 20 ms."""
    store = Store()
    settings = load({"TWILIO_AUTH_TOKEN": "one account's"})
    doorkeepers = [Doorkeeper(settings, live=lambda: 0, ask=store.query) for _ in range(2)]
    sid = new_browser_call_sid()
    token = doorkeepers[0].browser_token(sid)
    assert doorkeepers[0].admit(start(sid, token)) is None
    assert doorkeepers[1].admit(start(sid, token)) == "token used before"
    assert store.asked == [("use_token", TOLD_WITHIN_S)] * 2
    assert token not in store.used


@pytest.mark.parametrize("fault", [StoreUnavailable("no answer within 0.02 s"), ValueError("a question of next year")])
def test_a_store_that_cannot_tell_keeps_no_caller_waiting_or_out(fault: Exception) -> None:
    """R1.6, R2.6."""
    doorkeeper = Doorkeeper(load({}), live=lambda: 0, ask=Store(fault).query)
    sid = new_browser_call_sid()
    token = doorkeeper.browser_token(sid)
    assert doorkeeper.admit(start(sid, token)) is None
    assert doorkeeper.admit(start(sid, token)) == "token used before"


def test_a_token_that_is_not_valid_costs_the_store_nothing() -> None:
    """R18: strangers ask it nothing."""
    store = Store()
    assert Doorkeeper(load({}), live=lambda: 0, ask=store.query).admit(start("CA1", "call.99.x.y")) is not None
    assert store.asked == []
