"""Two instances on one PostgreSQL, as real processes: Twilio's requests of one call may reach either (R1.6)."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest
from psycopg.rows import dict_row

from app.qa.twilio_peer import Account
from tests.e2e.phones import Exchange, Phone, until
from tests.e2e.town import AUTH_TOKEN, CALLER, PUBLIC_URL, Town, Vendors, town
from tests.leads.postgres import Postgres, running
from tests.leads.receiver import Receiver


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running() as server:
        yield server


JUDGED = ("STREAM_REFUSED", "TOKEN_UNCHECKED", "CALL_STARTED")


def account(there: Town) -> Account:
    return Account(there.server.url, AUTH_TOKEN, PUBLIC_URL, CALLER)


def test_a_call_rings_at_one_and_talks_at_the_other_and_its_lead_goes_out_once(
    vendors: Vendors, exchange: Exchange, postgres: Postgres, desk: Receiver, tmp_path: Path
) -> None:
    """R1.6, R2.6, R14, R18: what the webhook's instance minted opens the other's stream, once in all; what either is
    told of the call ends in one row, and one of the two outboxes delivers.
    """
    url = postgres.database()
    env = {"DATABASE_URL": url, "LEAD_WEBHOOK_URL": desk.url + "/leads", "LEAD_WEBHOOK_SECRET": "a secret of two"}
    with ExitStack() as stack, psycopg.connect(url, autocommit=True, row_factory=dict_row) as database:

        def started(name: str) -> Town:
            there = stack.enter_context(town(vendors, exchange, tmp_path / name, env, stock=False))
            there.server.wait_for_log("READY", 60)
            return there

        with ThreadPoolExecutor(2) as both:
            one, two = both.map(started, ("one", "two"))
        until(
            lambda: database.execute("SELECT 1 FROM pg_tables WHERE tablename = 'used_tokens'").fetchall(), "the schema"
        )
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
        until(lambda: len(database.execute("SELECT * FROM used_tokens").fetchall()) == 1, "the one use of the token")
        replayed.hang_up()

        phone.peer.account = account(one)  # and the last callbacks reach the first again
        phone.hang_up()
        sid = phone.call_sid
        until(lambda: [sid_of(body) for body in bodies(desk)].count(sid), "the lead at the office")
        (call,) = database.execute("SELECT * FROM calls WHERE call_sid = %s", [sid]).fetchall()
        assert (call["from_number"], call["ended_at"] is not None) == (CALLER, True)
        delivered = "SELECT attempts FROM deliveries WHERE state = 'delivered'"
        until(lambda: database.execute(delivered).fetchall(), "that the office has it")
        assert database.execute("SELECT state, attempts FROM deliveries").fetchall() == [
            {"state": "delivered", "attempts": 1}
        ]
    assert [sid_of(body) for body in bodies(desk)].count(sid) == 1


def bodies(desk: Receiver) -> list[bytes]:
    return [request.body for request in list(desk.requests)]


def sid_of(body: bytes) -> str:
    return str(json.loads(body)["call"]["sid"])
