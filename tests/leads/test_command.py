"""What an operator sees of leads, asked as an operator asks; on SQLite and on PostgreSQL."""

import pytest
from click.testing import CliRunner, Result

from app.leads.command import leads_command, transcript_command
from app.leads.models import Channel, DeliveryState
from app.leads.outgoing.deliveries import Change
from app.leads.records import CallEnded, CallStarted, FactsSaved, Record, SlotChange, SlotsChanged, TurnSaved
from app.leads.store import LeadRules, Store
from tests.leads.conftest import Clock

CALLER = "+972500000007"


@pytest.fixture
def office(store: Store, clock: Clock) -> Store:
    """A delivered lead (CA1), one refused by its receiver (CA2), one with a summary that cannot go out (CA3)."""
    for sid in ("CA1", "CA2"):
        end(store, clock, sid)
    for state, error in ((DeliveryState.DELIVERED, ""), (DeliveryState.FAILED_PERMANENTLY, "HTTP 410")):
        claim = store.deliveries.claim(Channel.WEBHOOK, 60)
        assert claim is not None
        store.deliveries.record(claim, Change(state, None, error))
    quiet = Store(store.database, LeadRules(webhook_url="https://office.example/leads"), clock)
    end(quiet, clock, "CA3", FactsSaved(at=clock.now, call_sid="CA3", whatsapp_not_sent="landline"))
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    store.deliveries.record(claim, Change(DeliveryState.DELIVERED, None, ""))
    return store


def end(store: Store, clock: Clock, sid: str, *facts: FactsSaved) -> None:
    area = SlotChange(value=["חיפה"], quote="בחיפה")
    turn = TurnSaved(
        at=clock.now, call_sid=sid, number=1, caller_text="דירה בחיפה", agent_text="מה התקציב?", agent_heard="מה"
    )
    greeting = TurnSaved(at=clock.now, call_sid=sid, number=0, agent_text="שלום")
    changes = SlotsChanged(at=clock.now, call_sid=sid, turn=1, changes={"area": area})
    started = CallStarted(at=clock.now, call_sid=sid, from_number=CALLER)
    records: list[Record] = [started, greeting, turn, changes, *facts]
    for record in records:
        store.apply(record)
    store.apply(CallEnded(at=clock.now, call_sid=sid, outcome="goodbye"))
    clock.pass_s(5)


def ask(url: str, *arguments: str) -> Result:
    """Run a command against a store."""
    command = transcript_command if arguments[0] == "transcript" else leads_command
    return CliRunner(env={"DATABASE_URL": url}).invoke(command, arguments[1:])


def test_all_leads_come_newest_first_with_their_numbers_masked(office: Store, url: str) -> None:
    """R14, R11.1: visible to the operator, numbers only on demand."""
    shown = ask(url, "leads")
    assert shown.exit_code == 0
    heads = [line for line in shown.stdout.splitlines() if not line.startswith(" ")]
    assert [head.split(" | ")[1] for head in heads] == ["CA3", "CA2", "CA1"]
    assert "+97250***0007" in shown.stdout
    assert CALLER not in shown.stdout
    assert CALLER in ask(url, "leads", "--full").stdout


def test_the_undelivered_say_why_and_how_to_send_them_again(office: Store, clock: Clock, url: str) -> None:
    """R14: what cannot be delivered is visible, never dropped."""
    shown = ask(url, "leads", "--undelivered").stdout
    assert "CA1" not in shown
    assert "webhook: failed_permanently, attempts 1: HTTP 410" in shown
    assert "whatsapp: asked for, not sent: landline" in shown
    again = next(line for line in shown.splitlines() if "--again" in line).split()[-1]
    assert ask(url, "leads", "--again", again).exit_code == 0
    clock.pass_s(1e9)  # the command's clock is the machine's own
    claim = office.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    assert (claim.call_sid, claim.attempts) == ("CA2", 1)


def test_a_lead_that_goes_nowhere_is_shown(store: Store, clock: Clock, url: str) -> None:
    """R14: without a webhook the store is the only one who knows."""
    end(Store(store.database, LeadRules(), clock), clock, "CA1")
    assert "LEAD_WEBHOOK_URL is not set" in ask(url, "leads", "--undelivered").stdout


def test_an_empty_store_and_one_that_is_down_say_so(database: object, url: str) -> None:
    """Errors for humans: what is wrong."""
    assert ask(url, "leads").stderr == "no leads yet\n"
    assert ask(url, "leads", "--undelivered").stderr == "every lead was delivered\n"
    down = ask("postgresql://office@127.0.0.1:1/leads", "leads")
    assert down.exit_code == 1
    assert "the store cannot be read" in down.stderr


def test_a_call_can_be_read_word_by_word(office: Store, url: str) -> None:
    """R7.5: the agent as heard, not as written."""
    assert ask(url, "transcript", "CA2").stdout == "agent:  שלום\ncaller: דירה בחיפה\nagent:  מה\n"
    unknown = ask(url, "transcript", "CA9")
    assert (unknown.exit_code, unknown.stderr) == (1, "Error: no call CA9 in the store\n")
