"""What onlookers see of a call besides its log: words as they are said, lines as they are planned, slots. Pure.

None of it may be logged: it holds what callers say before it is certain, and numbers whole.
"""

from collections.abc import Iterator
from typing import Any

from app.call.events import Save
from app.call.shell.ledger import slots_of

Shown = tuple[str, dict[str, Any]]
"""An event's name and its fields; see `app.office.LiveCalls.events`."""


def shown(save: Save) -> Iterator[Shown]:
    """Yield what something saved shows; the words under way (`INTERIM`) are the session's to tell."""
    data = save.data
    if save.kind == "said":
        yield "SAID", {name: data[name] for name in ("turn", "reply", "text", "heard")}
    if save.kind == "ended":
        yield "ENDED", {"reason": data.get("reason", ""), "outcome": data["outcome"]}
    if "plan" not in data:
        return
    plan, state = data["plan"], data["state"]
    question = {"asked": plan.asked.value, "confirms": dict(plan.confirms)}
    yield "QUESTION", {**question, "slots": state.get("slots", {})}
    slots = {
        name: {"value": slot.value, "quote": slot.quote, "confirmed": slot.confirmed}
        for name, slot in slots_of(state).items()
    }
    yield "SLOTS", {"turn": data["turn"], "slots": slots, **question}
    yield "PLANNED", {"turn": data["turn"], "text": plan.line}
