"""How a call ends: with which line, and what may be done once it has (R10.5, R17)."""

from app.dialog.hebrew.phones import takes_whatsapp
from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.state import DialogState, Mode


def closing_kind(state: DialogState) -> str:
    """Return the kind of the last line: what was asked for and can be done with the number there is."""
    if not state.slots.get("phone"):
        return "goodbye_no_phone"
    if state.whatsapp:
        return "end_whatsapp" if takes_whatsapp(state.slots["phone"]) else "end_landline"
    if state.callback:
        return "end_callback"
    return "end_handoff" if state.mode != Mode.SEEK else "goodbye"


def confirmed_actions(state: DialogState) -> list[Action]:
    """Return what was asked for, now that the number it goes to is known; once, when the call closes."""
    if state.outcome:
        return []
    actions = []
    if state.whatsapp and state.slots.get("phone"):
        actions.append(Action(ActionKind.WHATSAPP, confirmed=True))
    if state.callback:
        actions.append(Action(ActionKind.CALLBACK, confirmed=True, words=state.callback_words))
    return actions
