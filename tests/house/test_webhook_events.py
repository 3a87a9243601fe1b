"""What comes of Twilio's webhooks, once they are answered."""

from typing import Any, cast

from structlog.testing import capture_logs

from app.house.webhook_events import WebhookEvents
from app.whose import CALL_SID


class Store:
    """A store that breaks, and knows for whom."""

    def __init__(self) -> None:
        self.asked_for: list[str] = []

    def tell(self, *_: object, **__: object) -> None:
        self.asked_for.append(CALL_SID.get())
        raise RuntimeError("a bug")


def test_a_fault_in_an_event_is_told_as_that_calls_and_ends_nothing_else() -> None:
    """R11.1, R18: the request was answered long ago; its green thread has nobody else to tell."""
    store, unused = Store(), cast("Any", None)
    events = WebhookEvents(cast("Any", store), unused, unused, recorded=lambda: None, over=lambda _: None)
    params = {"CallSid": "CA7", "DialCallStatus": "busy"}
    with capture_logs() as logs:
        events("transfer_ended", params, trusted=True)
    assert store.asked_for == ["CA7"]
    assert [(line["event"], line.get("kind")) for line in logs][-1] == ("EVENT_BROKE", "transfer_ended")
    assert CALL_SID.get() == ""
