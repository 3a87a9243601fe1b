"""Twilio's REST API through the official client, against an emulator over real HTTP."""

import itertools
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from app.telephony import twiml
from app.telephony.rest import (
    CallNotFoundError,
    TwilioAuthError,
    TwilioBusyError,
    TwilioError,
    TwilioRest,
    TwilioUnreachableError,
)
from tests.emulators.twilio_rest import TwilioRestEmulator
from tests.servers import ROOT, free_port

OFFICE, CALLER = "+97230000000", "+972500000001"


@pytest.fixture
def emulator() -> Iterator[TwilioRestEmulator]:
    """Twilio with one live call and one that is over."""
    with TwilioRestEmulator(calls={"CAlive": "in-progress", "CAover": "completed"}) as running:
        yield running


@pytest.fixture
def rest(emulator: TwilioRestEmulator) -> TwilioRest:
    """The account's client."""
    return TwilioRest(emulator.account_sid, emulator.auth_token, base_url=emulator.url, timeout_s=5)


def test_a_live_call_is_hung_up(emulator: TwilioRestEmulator, rest: TwilioRest) -> None:
    """R17: hanging up by REST lets Twilio close the stream (no error 31921)."""
    rest.hang_up("CAlive")

    assert emulator.calls["CAlive"] == "completed"
    assert emulator.requests[0].path == f"/2010-04-01/Accounts/{emulator.account_sid}/Calls/CAlive.json"


def test_a_call_that_is_over_is_left_in_peace(emulator: TwilioRestEmulator, rest: TwilioRest) -> None:
    """R17: the caller may hang up first (error 21220)."""
    rest.hang_up("CAover")
    assert not rest.redirect("CAover", twiml.empty())
    assert [request.status for request in emulator.requests] == [400, 400]


def test_a_call_is_given_new_twiml(emulator: TwilioRestEmulator, rest: TwilioRest) -> None:
    """R17: transfer to a person."""
    document = twiml.dial(OFFICE)

    assert rest.redirect("CAlive", document)
    assert emulator.requests[0].form == {"Twiml": document.decode()}


def test_a_whatsapp_message_goes_out_as_text_or_as_a_template(emulator: TwilioRestEmulator, rest: TwilioRest) -> None:
    """R10.5: outside the 24 hours after the caller's last message only a template is delivered."""
    first = rest.send_whatsapp(OFFICE, CALLER, body="שלום", status_callback="https://agent.example/webhook/x")
    second = rest.send_whatsapp(f"whatsapp:{OFFICE}", CALLER, content_sid="HX1", variables={"1": "דנה"})

    assert first != second
    assert [request.form for request in emulator.requests] == [
        {
            "From": f"whatsapp:{OFFICE}",
            "To": f"whatsapp:{CALLER}",
            "Body": "שלום",
            "StatusCallback": "https://agent.example/webhook/x",
        },
        {
            "From": f"whatsapp:{OFFICE}",
            "To": f"whatsapp:{CALLER}",
            "ContentSid": "HX1",
            "ContentVariables": '{"1":"דנה"}',
        },
    ]


def test_text_and_template_together_or_neither_is_our_own_mistake(rest: TwilioRest) -> None:
    """R10.5."""
    with pytest.raises(ValueError, match="either body or content_sid"):
        rest.send_whatsapp(OFFICE, CALLER)


@pytest.mark.parametrize(
    ("status", "code", "kind", "retriable"),
    [
        (401, 20003, TwilioAuthError, False),
        (403, 20403, TwilioAuthError, False),
        (404, 20404, CallNotFoundError, False),
        (429, 20429, TwilioBusyError, True),
        (500, 20500, TwilioBusyError, True),
        (503, 0, TwilioBusyError, True),
        (400, 21211, TwilioError, False),
    ],
)
def test_errors_have_a_kind_a_code_and_say_whether_to_try_again(
    emulator: TwilioRestEmulator, rest: TwilioRest, status: int, code: int, kind: type[TwilioError], retriable: bool
) -> None:
    """R13, R14: in the older form and in RFC 9457's."""
    asks: tuple[Callable[[], object], ...] = (
        lambda: rest.send_whatsapp(OFFICE, CALLER, body="שלום"),
        lambda: rest.hang_up("CAlive"),
    )
    for ask, emulator.tells_problems in itertools.product(asks, (False, True)):
        emulator.requests.clear()
        emulator.fail_next.append((status, code))
        with pytest.raises(TwilioError, match="as told") as caught:
            ask()
        assert type(caught.value) is kind
        assert (caught.value.status, caught.value.code, caught.value.retriable) == (status, code, retriable)
        assert len(emulator.requests) == 1, "no hidden retry: the message could go out twice"


def test_the_first_hang_up_loads_nothing(emulator: TwilioRestEmulator) -> None:
    """R18: what would load then (a hundred modules of the official client) would hold every call."""
    code = f"""
import sys
from app.telephony.rest import TwilioRest
rest = TwilioRest({emulator.account_sid!r}, {emulator.auth_token!r}, base_url={emulator.url!r})
before = set(sys.modules)
rest.hang_up("CAlive")
print(sorted(name for name in set(sys.modules) - before if name.startswith("twilio")))
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert (ended.stdout, emulator.calls["CAlive"]) == ("[]\n", "completed")


def test_a_wrong_token_and_an_unknown_call_are_told_apart(emulator: TwilioRestEmulator, rest: TwilioRest) -> None:
    """R13."""
    with pytest.raises(CallNotFoundError):
        rest.hang_up("CAnobody")
    stranger = TwilioRest(emulator.account_sid, "wrong", base_url=emulator.url)
    with pytest.raises(TwilioAuthError, match="20003"):
        stranger.hang_up("CAlive")


def test_no_answer_in_time_or_no_server_is_unreachable(emulator: TwilioRestEmulator) -> None:
    """R18: short timeouts, so that a call's end is not held up."""
    emulator.delay_s = 1.0
    with pytest.raises(TwilioUnreachableError):
        TwilioRest(emulator.account_sid, emulator.auth_token, base_url=emulator.url, timeout_s=0.2).hang_up("CAlive")
    nobody = TwilioRest("AC1", "x", base_url=f"http://127.0.0.1:{free_port()}", timeout_s=0.2)
    with pytest.raises(TwilioUnreachableError, match="did not answer"):
        nobody.hang_up("CAlive")


def test_stray_region_variables_send_nothing_elsewhere(
    emulator: TwilioRestEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R1.3: the client reads TWILIO_REGION by itself, and a call ends in a 401 in another region."""
    monkeypatch.setenv("TWILIO_REGION", "ie1")
    monkeypatch.setenv("TWILIO_EDGE", "dublin")
    TwilioRest(emulator.account_sid, emulator.auth_token, base_url=emulator.url).hang_up("CAlive")

    assert emulator.calls["CAlive"] == "completed"
