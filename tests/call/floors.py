"""The floor of a call, told by hand what was heard."""

from app.call.answering.conversation import Conversation
from app.call.events import CallStarted, SttHeard
from app.call.floor import Floor
from app.call.states import Trigger
from tests.call.driver import CALLER, TODAY, settings

GREETED_AT_MS = 3000


def opened() -> Floor:
    """Return a floor whose greeting is being prepared."""
    call_settings = settings()
    floor = Floor(call_settings)
    started = CallStarted("CA1", "MZ1", CALLER, None, TODAY)
    floor.open(Conversation(call_settings.dialog, call_settings.replying, started), 0)
    floor.reply, _ = floor.conversation.say(floor.conversation.dialog.greet(), 0, 0)
    return floor


def greeted() -> Floor:
    """Return a floor that is the caller's since `GREETED_AT_MS`."""
    floor = opened()
    floor.go(Trigger.REPLY_READY)
    floor.listen(Trigger.PLAYED, GREETED_AT_MS)
    return floor


def hear(floor: Floor, text: str, *, is_over: bool = True) -> None:
    """Let the caller say a second of `text`: known for good where the turn `is_over`, else so far."""
    at_ms = GREETED_AT_MS + 1000
    floor.collect(GREETED_AT_MS)
    stretch = floor.caller.stretch
    assert stretch
    for _ in range(50):
        floor.caller.keep(bytes(320))
    floor.adopt(stretch)
    if is_over:
        floor.end_stretch(400, at_ms)
        stretch.end(at_ms)
        floor.go(Trigger.EOU)
    floor.receive(SttHeard(1, text, is_final=is_over, stability=0.9), at_ms)
