"""Every way of being broken fails the item that is about it, and no other."""

from dataclasses import replace
from typing import Any

import pytest

from app.qa.acceptance.command import sample_casts
from app.qa.acceptance.findings import Status
from app.qa.acceptance.report import Report
from app.qa.acceptance.runner import NotJudgedError, Options, accept
from app.qa.acceptance.scenes import SCENES
from app.qa.acceptance.sounds import load_sounds
from app.qa.answering import Answering, Manner
from app.qa.scripted import Cast
from app.qa.wire.twilio_peer import Account
from tests.qa.broken_server import DIALOG, PASSWORD, PUBLIC, Server, broken_server
from tests.qa.virtual_time import run_virtually

TOKEN = "a-token-of-no-account"
SOUNDS = load_sounds()
HTTP = ("1", "2", "3.1", "3.2", "3.3", "4")
TALKS = ("3.4", "6.1", "7", "8", "9", "10", "11", "12.1")
CALLS = ("3.4", "5", "6", "7", "8", "9", "10", "11", "12.1", "12.2")
HTTP_FAULTS = {
    "slow version": "1.1",
    "version without commit": "1.1",
    "no root": "1.2",
    "BOM before XML": "2.1",
    "preview as a page": "2.1",
    "callback without https": "2.2",
    "trusts strangers": "2.3",
    "slash redirects": "2.4",
    "slow stream_status": "3.1",
    "stream_ended 200": "3.2",
    "GET on call_status": "3.3",
    "wrong accept": "4.1",
    "no subprotocol": "4.2",
    "no slash": "4.3",
    "open socket": "4.4",
    "tokens again and again": "4.4",
}
CALL_FAULTS = {
    "slow callbacks during calls": "3.4",
    "deaf to weak lines": "5.1",
    "late end of turn": "6.1",
    "ignores short answers": "6.2",
    "hasty": "6.3",
    "cuts at 5 s": "6.4",
    "no clear": "7.1",
    "frames after clear": "7.2",
    "no grace": "7.3",
    "coughed away": "7.4",
    "late text": "8.1",
    "slow answers": "8.2",
    "stalls": "9.1",
    "late frames": "9.1",
    "sends all at once": "9.2",
    "no tail": "9.3",
    "no marks": "9.3",
    "two marks": "9.3",
    "no greeting": "9.4",
    "late greeting": "9.4",
    "extra keys": "9.5",
    "binary marks": "9.5",
    "long lines": "10.1",
    "loses slots": "10.2",
    "log without SIDs": "11.1",
    "never notes the end": "12.1",
    "never stores the end": "12.1",
    "deaf in noise": "12.2",
    "stops for any noise": "12.2",
}


def short_dialog(manner: Manner) -> Cast:
    """Return a caller who says three sentences of the sample."""
    asked = ("greeting", *(asked for asked, _ in DIALOG))
    turns = [(one, frozenset(gives), SOUNDS.sentences[0]) for one, (_, gives) in zip(asked, DIALOG, strict=False)]
    expected: dict[str, Any] = {}
    for _, gives in DIALOG:
        expected |= gives
    return Cast(Answering(turns, expected, manner), expected, (), None)


async def judged(server: Server, **changes: Any) -> Report:
    options = Options(
        Account(server.url, server.auth_token, PUBLIC if server.auth_token else None),
        SOUNDS,
        casts=(short_dialog(Manner.TRUTHFUL), short_dialog(Manner.ORDER)),
        at_once=len(SCENES),
        log=lambda: server.log,
    )
    return await accept(replace(options, **changes))


def run(fault: str, auth_token: str | None = None, **changes: Any) -> Report:
    """Judge a server that is broken in one way, on a clock that jumps."""

    async def scene() -> Report:
        async with broken_server(fault, auth_token) as server:
            return await judged(server, **changes)

    return run_virtually(scene())


def failed(report: Report) -> dict[str, str]:
    return {finding.item.id: finding.reason for finding in report.findings if finding.status is Status.FAILED}


def skipped(report: Report) -> dict[str, str]:
    return {finding.item.id: finding.reason for finding in report.findings if finding.status is Status.SKIPPED}


def test_a_server_that_keeps_the_list_passes_every_item() -> None:
    """R12.1: all of it, with three calls at once behind it; none skipped, and the tool was in time."""
    report = run("", calls=3)
    assert (failed(report), skipped(report)) == ({}, {})
    assert report.exit_code == 0
    assert report.own_late_ms_max == 0
    assert [call["failure"] for call in report.calls] == [None, None, None]


@pytest.mark.parametrize("fault", HTTP_FAULTS)
def test_a_fault_seen_over_http_fails_its_item_alone(fault: str) -> None:
    """R12.1, sections 1 to 4."""
    report = run(fault, only=HTTP)
    assert set(failed(report)) == {HTTP_FAULTS[fault]}, failed(report)
    assert report.exit_code == 1


@pytest.mark.parametrize("fault", CALL_FAULTS)
def test_a_fault_heard_in_a_call_fails_its_item_alone(fault: str) -> None:
    """R12.1, sections 5 to 12: judged by the calls that most items rest on, and the one that is about the fault."""
    wanted = CALL_FAULTS[fault]
    report = run(fault, only=(*TALKS, wanted))
    assert set(failed(report)) == {wanted}, failed(report)
    assert all(f"not judged: {wanted} failed" in reason for reason in skipped(report).values())


def test_what_follows_from_a_fault_is_skipped_and_names_it() -> None:
    """R12.1: a silent agent is one failure, not twelve."""
    report = run("silent agent", only=CALLS)
    assert set(failed(report)) == {"8.2"}
    assert {"5.1", "6.2", "7.1", "12.1", "12.2"} <= set(skipped(report))
    assert all("not judged: 8.2 failed" in reason or "no turn" in reason for reason in skipped(report).values())


def test_a_server_that_stutters_only_when_full_fails_the_crowd_alone() -> None:
    """R12.1, `--calls N`: every call is judged by itself."""
    report = run("chokes in a crowd", only=("12.3",), calls=4)
    assert set(failed(report)) == {"12.3"}
    assert sum(call["failure"] is None for call in report.calls) == 0


def test_signed_webhooks_are_judged_with_the_token() -> None:
    """R2.4, R2.5: strangers, false signatures, a query, two proxies."""
    assert failed(run("", TOKEN, only=("2", "4", "8.2"))) == {}
    assert set(failed(run("trusts strangers", TOKEN, only=("2",)))) == {"2.3"}
    assert set(failed(run("query breaks signature", TOKEN, only=("2",)))) == {"2.4"}


def test_a_server_that_wants_signatures_is_not_judged_without_the_token() -> None:
    """R12.1: wrong use, not a bad server."""

    async def scene() -> None:
        async with broken_server("", TOKEN) as server:
            server.auth_token = None
            account = Account(server.url)
            server.auth_token = TOKEN
            with pytest.raises(NotJudgedError, match="TWILIO_AUTH_TOKEN"):
                await accept(Options(account, SOUNDS))

    run_virtually(scene())


def test_what_only_the_server_can_tell_is_skipped_where_it_does_not() -> None:
    """R12.1: never passed, and the exit status is not spoiled."""
    report = run("tells nothing", only=("6.1", "8", "10"))
    assert set(skipped(report)) == {"6.1", "8.1", "10.1", "10.2"}
    assert all("--console-password" in reason for reason in skipped(report).values())
    assert report.exit_code == 0


def test_the_consoles_password_shows_states_and_words_of_a_signed_deployment() -> None:
    """R12.1, R16: by the softphone's events; a wrong password is wrong use."""
    report = run("tells nothing", TOKEN, only=("6.1", "8", "10"), console_password=PASSWORD)
    assert (failed(report), skipped(report)) == ({}, {})
    with pytest.raises(NotJudgedError, match="console-password"):
        run("", TOKEN, only=("8",), console_password="another one")


def test_a_tool_that_was_late_itself_judges_nobody() -> None:
    """R12.1: it tries again, then says so, and ends with 3."""

    async def scene() -> Report:
        async with broken_server() as server:
            return await judged(server, only=("5",), own_late_limit_ms=-1.0)

    report = run_virtually(scene())
    assert report.exit_code == 3
    assert not report.is_trusted


def test_the_sample_dialog_can_be_played_both_ways() -> None:
    """R12.1: by what is asked, and in order."""
    truthful, orderly = sample_casts()
    assert truthful.expected == orderly.expected
    assert truthful.answering is not orderly.answering
