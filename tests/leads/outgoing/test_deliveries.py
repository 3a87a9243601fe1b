"""Claims, results and status callbacks; on SQLite and on PostgreSQL."""

import threading
from datetime import timedelta
from typing import Any

from app.leads.models import Channel, DeliveryState
from app.leads.outgoing.deliveries import Change, Claim
from app.leads.queries import call_timeline
from app.leads.records import CallEnded, CallStarted, FactsSaved, MessageStatus, Requeue, WhatsAppRequest
from app.leads.store import LeadRules, Store
from tests.leads.conftest import Clock

CALLER = "+972500000007"


def end_calls(store: Store, clock: Clock, *sids: str) -> None:
    for sid in sids:
        store.apply(CallStarted(at=clock.now, call_sid=sid, from_number=CALLER))
        wish = WhatsAppRequest(to=CALLER, body="סיכום")
        store.apply(FactsSaved(at=clock.now, call_sid=sid, whatsapp=wish))
        store.apply(CallEnded(at=clock.now, call_sid=sid, outcome="whatsapp"))
    clock.pass_s(5)


def delivery(store: Store, sid: str, channel: Channel) -> dict[str, Any]:
    with store.database.begin(read_only=True) as session:
        rows = call_timeline(session, sid)["deliveries"]
    return next(row for row in rows if row["channel"] == channel)


def sent(store: Store, sid: str, message_sid: str) -> Claim:
    claim = store.deliveries.claim(Channel.WHATSAPP, 60)
    assert claim is not None
    assert claim.call_sid == sid
    store.deliveries.record(claim, Change(DeliveryState.SENT, None, "", message_sid))
    return claim


def report(store: Store, clock: Clock, message_sid: str, status: str, error_code: int | None = None) -> None:
    store.apply(MessageStatus(at=clock.now, message_sid=message_sid, status=status, error_code=error_code))


def steps(store: Store, sid: str) -> list[str]:
    return [step["state"] for step in delivery(store, sid, Channel.WEBHOOK)["history"]]


def test_an_attempt_whose_process_died_is_made_again_and_the_history_says_why(store: Store, clock: Clock) -> None:
    """R14: killed between the receiver's answer and the store's note of it, nobody can know: that is told, too."""
    end_calls(store, clock, "CA1")
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is not None  # and its process is gone
    assert steps(store, "CA1") == ["sending"]
    clock.pass_s(61)
    again = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert again is not None
    assert (again.attempts, steps(store, "CA1")) == (2, ["in_doubt", "sending"])
    store.deliveries.record(again, Change(DeliveryState.DELIVERED, None, ""))
    assert steps(store, "CA1") == ["in_doubt", "delivered"]


def test_an_attempt_that_failed_is_in_no_doubt(store: Store, clock: Clock) -> None:
    """R14: what the receiver answered is known; the next attempt is no repeat of one that may have arrived."""
    end_calls(store, clock, "CA1")
    for _ in range(2):
        claim = store.deliveries.claim(Channel.WEBHOOK, 60)
        assert claim is not None
        store.deliveries.record(claim, Change(DeliveryState.PENDING, clock.now, "HTTP 503"))
    assert steps(store, "CA1") == ["pending", "pending"]


def test_instances_never_claim_the_same_delivery(store: Store, clock: Clock) -> None:
    """R14: several instances share one outbox."""
    sids = [f"CA{number}" for number in range(12)]
    end_calls(store, clock, *sids)
    claimed: list[str] = []

    def claim_all() -> None:
        while claim := store.deliveries.claim(Channel.WEBHOOK, 60):
            claimed.append(claim.call_sid)

    threads = [threading.Thread(target=claim_all) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # A claimer may meet only rows that others hold at that moment and stop: what is left is there for the next poll.
    claim_all()
    assert sorted(claimed) == sorted(sids)


def test_an_attempt_whose_process_died_is_made_again_after_its_lease(store: Store, clock: Clock) -> None:
    """R14: retried across restarts."""
    end_calls(store, clock, "CA1")
    first = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None
    clock.pass_s(61)
    second = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert first is not None
    assert second is not None
    assert (first.attempts, second.attempts) == (1, 2)
    assert first.idempotency_key == second.idempotency_key
    store.deliveries.record(first, Change(DeliveryState.PENDING, clock.now + timedelta(hours=1), "late"))
    assert delivery(store, "CA1", Channel.WEBHOOK)["last_error"] == ""
    store.deliveries.record(second, Change(DeliveryState.DELIVERED, None, ""))
    assert delivery(store, "CA1", Channel.WEBHOOK)["state"] == "delivered"


def test_what_was_given_up_is_visible_and_can_be_sent_again(store: Store, clock: Clock) -> None:
    """R14: what cannot be delivered is visible, never dropped."""
    end_calls(store, clock, "CA1")
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    store.deliveries.record(claim, Change(DeliveryState.FAILED_PERMANENTLY, None, "HTTP 410"))
    assert delivery(store, "CA1", Channel.WEBHOOK)["last_error"] == "HTTP 410"
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None
    store.apply(Requeue(at=clock.now, delivery_id=claim.delivery_id))
    again = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert again is not None
    assert again.attempts == 1


def test_the_status_callback_tells_that_the_message_arrived(store: Store, clock: Clock) -> None:
    """R10.5: Twilio taking a message is not its delivery."""
    end_calls(store, clock, "CA1")
    sent(store, "CA1", "SM1")
    report(store, clock, "SM1", "sent")
    assert delivery(store, "CA1", Channel.WHATSAPP)["state"] == "sent"
    report(store, clock, "SM1", "read")
    report(store, clock, "SM1", "failed", 63016)
    assert delivery(store, "CA1", Channel.WHATSAPP)["state"] == "delivered"


def test_a_callback_that_overtakes_the_record_of_its_send_is_not_lost(store: Store, clock: Clock) -> None:
    """R14: the callback may reach another instance first."""
    end_calls(store, clock, "CA1")
    report(store, clock, "SM1", "failed", 63024)
    sent(store, "CA1", "SM1")
    row = delivery(store, "CA1", Channel.WHATSAPP)
    assert row["state"] == "failed_permanently"
    assert "63024" in row["last_error"]


def test_outside_the_24_hour_window_the_template_is_asked_for_once(store: Store, clock: Clock) -> None:
    """R14: error 63016."""
    end_calls(store, clock, "CA1")
    sent(store, "CA1", "SM1")
    report(store, clock, "SM1", "undelivered", 63016)
    again = sent(store, "CA1", "SM2")
    assert again.message["by_template"] is True
    assert again.message["body"] == "סיכום"
    report(store, clock, "SM2", "undelivered", 63016)
    assert delivery(store, "CA1", Channel.WHATSAPP)["state"] == "failed_permanently"


def test_a_rate_limit_in_the_callback_is_tried_again_later(store: Store, clock: Clock) -> None:
    """R14: retried with a pause."""
    end_calls(store, clock, "CA1")
    sent(store, "CA1", "SM1")
    report(store, clock, "SM1", "failed", 63018)
    assert store.deliveries.claim(Channel.WHATSAPP, 60) is None
    clock.pass_s(61)
    assert store.deliveries.claim(Channel.WHATSAPP, 60) is not None


def test_whatsapp_without_a_sender_fails_visibly(store: Store, clock: Clock) -> None:
    """R14: what cannot be delivered is visible."""
    unset = Store(store.database, LeadRules(), clock)
    end_calls(unset, clock, "CA1")
    row = delivery(unset, "CA1", Channel.WHATSAPP)
    assert row["state"] == "failed_permanently"
    assert "WHATSAPP_FROM" in row["last_error"]


def test_what_is_on_its_way_or_there_is_not_sent_again_by_asking_twice(store: Store, clock: Clock) -> None:
    """R14: an operator's second click, or a page that is an hour old, doubles no lead."""
    end_calls(store, clock, "CA1")
    waiting = delivery(store, "CA1", Channel.WEBHOOK)["id"]
    store.apply(Requeue(at=clock.now, delivery_id=waiting))
    claim = store.deliveries.claim(Channel.WEBHOOK, 60)
    assert claim is not None
    store.apply(Requeue(at=clock.now, delivery_id=claim.delivery_id))
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None, "it is being sent at this moment"
    store.deliveries.record(claim, Change(DeliveryState.DELIVERED, None, ""))
    for delivery_id in (claim.delivery_id, 10**6):
        store.apply(Requeue(at=clock.now, delivery_id=delivery_id))
    assert store.deliveries.claim(Channel.WEBHOOK, 60) is None
    assert delivery(store, "CA1", Channel.WEBHOOK)["state"] == "delivered"


def test_a_message_that_is_lost_on_the_way_again_and_again_is_given_up(store: Store, clock: Clock) -> None:
    """R14: the tenth time, and not before."""
    end_calls(store, clock, "CA1")
    for number in range(1, 11):
        sent(store, "CA1", f"SM{number}")
        assert delivery(store, "CA1", Channel.WHATSAPP)["state"] == "sent", number
        report(store, clock, f"SM{number}", "failed", 63018)
        clock.pass_s(3600)
    assert delivery(store, "CA1", Channel.WHATSAPP)["state"] == "failed_permanently"
