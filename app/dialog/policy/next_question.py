"""What to ask next, and which questions are open (R10.2, R10.5)."""

from typing import Any

from app.dialog.domain import PARTS, TOPIC_OF, WISHES, Asked
from app.dialog.hebrew.contact.phones import takes_whatsapp
from app.dialog.policy.state import SEEKER_STEPS, DialogState, Mode, Step

HOMES = frozenset(
    {
        "apartment",
        "penthouse",
        "garden_apartment",
        "roof_apartment",
        "duplex",
        "triplex",
        "housing_unit",
        "cottage",
        "private_house",
        "villa",
        "semi_detached",
    }
)
_ASKED: dict[str, Asked] = {
    **{step.value: Asked(step.value) for step in Step if step.value in set(Asked)},
    Step.CALLER_ID: Asked.PHONE_CONFIRM,
    Step.READ_BACK: Asked.PHONE_CONFIRM,
    Step.SUMMARY: Asked.SUMMARY_CONFIRM,
    Step.CALLBACK_TIME: Asked.NEXT_STEP,
    Step.MOBILE: Asked.PHONE,
    Step.OFFER_CALLBACK: Asked.NEXT_STEP,
    Step.DONE: Asked.ANYTHING_ELSE,
}


def asked_of(state: DialogState) -> Asked:
    """Return the question kind an answer is to be understood by."""
    if state.step == Step.SURE:
        return Asked.NEXT_STEP if state.about in WISHES else Asked(state.about)
    return _ASKED[state.step]


def confirms(state: DialogState) -> dict[str, Any]:
    """Return the values that a plain yes to the standing question confirms."""
    match Step(state.step):
        case Step.CALLER_ID:
            return {"phone": state.caller_number}
        case Step.READ_BACK:
            return {"phone": state.slots.get("phone")}
        case Step.SURE:
            return {slot: state.slots[slot] for slot in PARTS.get(state.about, (state.about,)) if slot in state.slots}
        case Step.SUMMARY:
            return {slot: value for slot, value in state.slots.items() if TOPIC_OF.get(slot, slot) in SEEKER_STEPS}
    return {}


def next_step(state: DialogState) -> Step:
    """Return what to ask next; DONE when the call is to be closed."""
    if state.finished:
        return Step.DONE
    if state.mode == Mode.SEEK and state.unsure:
        return Step.SURE
    if state.reopened:
        return _phone_step(state) or Step.ANYTHING_ELSE
    sought = _sought_steps(state)
    for step in sought:
        if step.value not in state.passed:
            return step
    if not state.settled("name") and "name" not in state.passed:
        return Step.NAME
    contact = _phone_step(state)
    if contact is not None:
        return contact
    if sought:
        return sought[0]
    if not state.settled("name"):
        return Step.NAME
    if state.mode != Mode.SEEK:
        return Step.DONE
    if not state.summary_confirmed:
        return Step.SUMMARY
    return _last_step(state)


def open_steps(state: DialogState) -> tuple[Step, ...]:
    """Return every question that words said now may answer, in the order in which they are to be asked.

    A name is looked for only where it is next, for any word may be one.
    """
    sought = _sought_steps(state, known_type=False)
    asked_now = sum(step.value not in state.passed and step.value != state.step for step in sought)
    contact = [Step.NAME] if not asked_now and not state.settled("name") else []
    if _phone_step(state) is Step.PHONE:
        contact.append(Step.PHONE)
    return (*sought, *contact)


def _sought_steps(state: DialogState, *, known_type: bool = True) -> list[Step]:
    """Return the open questions about what is sought; `known_type`: rooms only when a home is."""
    if state.mode != Mode.SEEK:
        return []
    kind = state.slots.get("property_type")
    has_rooms = kind in HOMES or (kind is None and not known_type)
    return [step for step in SEEKER_STEPS if not state.settled(step.value) and (step is not Step.ROOMS or has_rooms)]


def _phone_step(state: DialogState) -> Step | None:
    if state.slots.get("phone"):
        return None if state.phone_confirmed or "read_back" in state.left_open else Step.READ_BACK
    if state.settled("phone"):
        return None
    return Step.CALLER_ID if state.caller_number and not state.caller_number_denied else Step.PHONE


def _last_step(state: DialogState) -> Step:
    if state.callback and not state.callback_words and not state.settled("callback_time"):
        return Step.CALLBACK_TIME
    phone = state.slots.get("phone")
    if state.whatsapp and phone and not takes_whatsapp(phone) and not state.settled(Step.MOBILE.value):
        return Step.MOBILE
    if state.whatsapp or state.callback or not phone:
        return Step.DONE
    return Step.ANYTHING_ELSE if state.next_step_settled else Step.NEXT_STEP
