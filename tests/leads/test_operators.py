"""Operators' changes of leads, on both databases."""

import pytest

from app.leads.database import Database
from app.leads.models import Channel
from app.leads.records import CallEnded, CallStarted, SendAgain
from app.leads.store import LeadRules, Store
from tests.leads.conftest import Clock
from tests.leads.outgoing.test_deliveries import CALLER


def lead_of(store: Store, clock: Clock) -> int:
    """Return the id of a lead that was made without an address to send it to."""
    store.apply(CallStarted(at=clock.now, call_sid="CA1", from_number=CALLER))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid="CA1", outcome="confirmed"))
    assert store.deliveries.claim(Channel.WEBHOOK, 60, ahead_s=3600) is None
    return 1


def test_a_lead_from_before_there_was_an_address_can_be_sent_once_there_is_one(
    database: Database, clock: Clock
) -> None:
    """C36: and without one it is said what is missing."""
    without, url = Store(database, LeadRules(), clock), "https://office.example/leads"
    lead_id = lead_of(without, clock)
    with pytest.raises(ValueError, match="LEAD_WEBHOOK_URL is not set"):
        without.apply(SendAgain(at=clock.now, lead_id=lead_id))
    Store(database, LeadRules(webhook_url=url), clock).apply(SendAgain(at=clock.pass_s(1), lead_id=lead_id))
    claim = without.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    assert (claim.call_sid, claim.target) == ("CA1", url)


def test_a_summary_that_nobody_asked_for_is_not_sent(database: Database, clock: Clock) -> None:
    """C36, R10.5: there is nothing to send."""
    store = Store(database, LeadRules(webhook_url="https://office.example/leads", whatsapp_from=CALLER), clock)
    store.apply(CallStarted(at=clock.now, call_sid="CA1", from_number=CALLER))
    store.apply(CallEnded(at=clock.pass_s(1), call_sid="CA1", outcome="confirmed"))
    with pytest.raises(ValueError, match="asked for no summary"):
        store.apply(SendAgain(at=clock.now, lead_id=1, channel="whatsapp"))
    assert store.deliveries.claim(Channel.WHATSAPP, 60, ahead_s=3600) is None
