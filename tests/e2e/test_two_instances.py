"""Two instances on one PostgreSQL, as real processes: Twilio's requests of one call may reach either (R1.6)."""

import json
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from app.qa.wire.twilio_peer import Account
from tests.e2e.office import values
from tests.e2e.phones import Exchange, Phone, sample, until
from tests.e2e.town import AUTH_TOKEN, CALLER, PUBLIC_URL, Town, Vendors, town
from tests.leads.postgres import running
from tests.leads.receiver import Receiver

JUDGED = ("STREAM_REFUSED", "TOKEN_UNCHECKED", "CALL_STARTED")
WISH, DEAL, BUDGET = "אני מחפש דירה ברחובות", "לקנות", "עד שני מיליון"


@dataclass(frozen=True, slots=True)
class Both:
    """Two instances, their database and their office."""

    one: Town
    two: Town
    database: "psycopg.Connection[dict[str, Any]]"
    desk: Receiver

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        return self.database.execute(query, values).fetchall()

    def delivered(self, call_sid: str) -> list[dict[str, Any]]:
        """Return the leads of a call that the office was sent."""
        leads = [json.loads(request.body) for request in list(self.desk.requests)]
        return [lead for lead in leads if lead["call"]["sid"] == call_sid]

    def lead(self, call_sid: str) -> dict[str, Any]:
        """Return the call's one lead, waiting until it is delivered."""
        until(lambda: self.delivered(call_sid), "the lead at the office")
        query = "SELECT state, attempts FROM deliveries JOIN leads ON leads.id = lead_id WHERE call_sid = %s"
        until(lambda: self.rows(query, call_sid)[0]["state"] == "delivered", "that the office has it")
        assert self.rows(query, call_sid) == [{"state": "delivered", "attempts": 1}]
        (lead,) = self.delivered(call_sid)
        return lead


@pytest.fixture(scope="module")
def both(
    vendors: Vendors, exchange: Exchange, desk: Receiver, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Both]:
    with running() as postgres, ExitStack() as stack:
        url, folder = postgres.database(), tmp_path_factory.mktemp("instances")
        env = {"DATABASE_URL": url, "LEAD_WEBHOOK_URL": desk.url + "/leads", "LEAD_WEBHOOK_SECRET": "a secret of two"}
        # One that is told to stop lets its calls live for three seconds more.
        env["SHUTDOWN_GRACE_S"] = "12"

        def started(name: str) -> Town:
            there = stack.enter_context(town(vendors, exchange, folder / name, env, stock=False))
            there.server.wait_for_log("READY", 60)
            return there

        database = stack.enter_context(psycopg.connect(url, autocommit=True, row_factory=dict_row))
        with ThreadPoolExecutor(2) as starts:
            one, two = starts.map(started, ("one", "two"))
        until(
            lambda: database.execute("SELECT 1 FROM pg_tables WHERE tablename = 'used_tokens'").fetchall(), "the schema"
        )
        yield Both(one, two, database, desk)


def account(there: Town) -> Account:
    return Account(there.server.url, AUTH_TOKEN, PUBLIC_URL, CALLER)


def test_a_call_rings_at_one_and_talks_at_the_other_and_its_lead_goes_out_once(both: Both, exchange: Exchange) -> None:
    """R1.6, R2.6, R14, R18: what the webhook's instance minted opens the other's stream, once in all; what either is
    told of the call ends in one row, and one of the two outboxes delivers.
    """
    one, two = both.one, both.two
    phone = Phone(exchange, account(one))
    exchange.run(phone.peer.ring())
    phone.peer.account = account(two)
    exchange.run(phone.open_stream())
    two.wait_for_log(phone, "CALL_STARTED")

    replayed = Phone(exchange, account(one), phone.call_sid)
    replayed.peer._twiml = phone.peer._twiml
    exchange.run(replayed.peer.connect())
    # A machine too busy to answer within 20 ms lets the caller in, and says so.
    told = until(lambda: [line for line in one.log(replayed) if line.startswith(JUDGED)], "what one thinks of it")
    assert "TOKEN_UNCHECKED" in told[0] or "token used before" in told[0]
    assert not phone.is_over
    until(lambda: len(both.rows("SELECT * FROM used_tokens")) == 1, "the one use of the token")
    replayed.hang_up()

    phone.peer.account = account(one)  # and the last callbacks reach the first again
    phone.hang_up()
    both.lead(phone.call_sid)
    (call,) = both.rows("SELECT * FROM calls WHERE call_sid = %s", phone.call_sid)
    assert (call["from_number"], call["ended_at"] is not None) == (CALLER, True)


def test_a_line_that_breaks_at_one_goes_on_at_the_other_and_the_first_lets_go_of_it(
    both: Both, vendors: Vendors, exchange: Exchange
) -> None:
    """R18, R14: that ends neither the call nor what comes to be known of it."""
    vendors.reset()
    vendors.ears.script(texts=[WISH])
    phone = exchange.call(account(both.one))
    phone.hear_reply()
    phone.ask(sample("w01_02"))
    until(lambda: heard(both, phone) == ["", WISH], "the turn in the store")
    phone.reset()
    vendors.ears.script(texts=[DEAL])
    with exchange.call(account(both.two), phone.call_sid, again=True) as back:
        back.hear_reply()
        back.ask(sample("w01_02"))
        both.one.wait_for_log(phone, "CALL_ENDED")
        vendors.ears.script(texts=[BUDGET])
        back.ask(sample("w01_02"))
        until(lambda: heard(both, phone)[-1:] == [BUDGET], "the turn after the first let go of it")
        assert is_open(both, phone)
    lead = both.lead(phone.call_sid)
    assert values(lead) == {"area": ["רחובות"], "property_type": "apartment", "deal": "buy", "budget_max": 2_000_000}
    assert [turn["caller"] for turn in lead["transcript"]] == ["", WISH, "", DEAL, BUDGET]


def test_of_two_streams_of_one_call_at_two_instances_the_newer_has_it(
    both: Both, vendors: Vendors, exchange: Exchange
) -> None:
    """R18, line.md: Twilio repeated its webhook; the talk goes on where it was, and the older stream closes quietly."""
    vendors.reset()
    vendors.ears.script(texts=[WISH])
    older = exchange.call(account(both.one))
    older.hear_reply()
    older.ask(sample("w01_02"))
    until(lambda: heard(both, older) == ["", WISH], "the turn in the store")
    vendors.ears.script(texts=[DEAL])
    with exchange.call(account(both.two), older.call_sid) as newer:
        until(lambda: older.is_over, "the older's end")
        assert older.peer.closed == (1000, "replaced by a newer stream")
        newer.hear_reply()
        newer.ask(sample("w01_02"))
        until(lambda: heard(both, newer)[-1:] == [DEAL], "the turn at the newer")
        assert is_open(both, newer)
    assert values(both.lead(newer.call_sid)) == {"area": ["רחובות"], "property_type": "apartment", "deal": "buy"}


def test_a_call_that_outlives_its_instance_goes_on_at_another(both: Both, vendors: Vendors, exchange: Exchange) -> None:
    """R18: one is told to stop, and the call is longer than its grace; the caller hears that the agent is back."""
    vendors.reset()
    vendors.ears.script(texts=[WISH])
    phone = exchange.call(account(both.one))
    phone.hear_reply()
    phone.ask(sample("w01_02"))
    both.one.server.process.send_signal(signal.SIGTERM)
    until(lambda: phone.is_over, "the end of patience")
    assert phone.peer.closed == (1001, "going away")
    vendors.ears.script(texts=[DEAL])
    assert both.one.server.process.wait(30) == 0
    with exchange.call(account(both.two), phone.call_sid, again=True) as back:
        back.hear_reply()
        back.ask(sample("w01_02"))
    lead = both.lead(phone.call_sid)
    assert values(lead) == {"area": ["רחובות"], "property_type": "apartment", "deal": "buy"}
    assert [turn["caller"] for turn in lead["transcript"]] == ["", WISH, "", DEAL]


def is_open(both: Both, phone: Phone) -> bool:
    """Return whether the call goes on, as the store has it."""
    return both.rows("SELECT ended_at FROM calls WHERE call_sid = %s", phone.call_sid) == [{"ended_at": None}]


def heard(both: Both, phone: Phone) -> list[str]:
    """Return what is stored of the caller's words."""
    query = "SELECT caller_text FROM turns WHERE call_sid = %s ORDER BY number"
    return [row["caller_text"] for row in both.rows(query, phone.call_sid)]
