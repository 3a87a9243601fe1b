"""How a call ends: with which line, and what may be done once it has (R10.5, R17)."""

from app.dialog.domain import Intent, Understanding
from app.dialog.hebrew.contact.phones import takes_whatsapp
from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.state import DialogState, Mode, Step


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
    fresh = [action for action in actions if action.kind not in state.confirmed]
    state.confirmed += [action.kind.value for action in fresh]
    return fresh


def goes_on(state: DialogState, understood: Understanding) -> bool:
    """Whether words after the goodbye say more than goodbye: something new, a wish, a question."""
    if state.outcome == "abuse" or understood.intent is Intent.GOODBYE:
        return False
    wishes = {
        Intent.HUMAN: True,
        Intent.REPEAT: True,
        Intent.WHATSAPP: not state.whatsapp,
        Intent.SCHEDULE: not state.callback,
    }
    says = understood.updates or understood.more_to_say or understood.hold or understood.owner
    asks = understood.asks_listing or understood.asks_robot or understood.asks_who
    return bool(says or asks or wishes.get(understood.intent, False))


def reopen(state: DialogState) -> None:
    """Call the close off: what the caller says now is answered, then whether there is anything else."""
    state.finished, state.outcome = False, ""
    state.reopened = state.next_step_settled = True
    state.step = Step.ANYTHING_ELSE.value
