"""What to ask next."""

import pytest

from app.dialog.domain import Asked, Understanding
from app.dialog.policy.folding import Fold
from app.dialog.policy.next_question import asked_of, next_step
from app.dialog.policy.state import DialogState, Mode, Step

KNOWN = {"deal": "buy", "area": ["חולון"], "property_type": "apartment", "rooms_min": 3, "budget_max": 2_000_000}
TIMING = {"type": "flexible"}


@pytest.mark.parametrize(
    ("slots", "step"),
    [
        ({}, Step.DEAL),
        ({"deal": "buy"}, Step.AREA),
        ({"deal": "buy", "area": ["חולון"]}, Step.PROPERTY_TYPE),
        ({"deal": "buy", "area": ["חולון"], "property_type": "villa"}, Step.ROOMS),
        ({"deal": "buy", "area": ["חולון"], "property_type": "office"}, Step.BUDGET),
        (KNOWN, Step.TIMING),
        ({**KNOWN, "timing": TIMING}, Step.NAME),
        ({**KNOWN, "timing": TIMING, "name": "דנה"}, Step.PHONE),
        ({**KNOWN, "timing": TIMING, "name": "דנה", "phone": "+972541234567"}, Step.READ_BACK),
    ],
)
def test_questions_come_in_order_and_rooms_only_for_homes(slots: dict[str, object], step: Step) -> None:
    """R10.2: deal, area, type, rooms, budget, timing, name, phone."""
    assert next_step(DialogState(slots=dict(slots))) is step


def test_a_confirmed_call_ends_with_the_next_step() -> None:
    """R10.5: summary, then WhatsApp or a call, then anything else."""
    state = DialogState(
        slots={**KNOWN, "timing": TIMING, "name": "דנה", "phone": "+972541234567"}, phone_confirmed=True
    )
    assert next_step(state) is Step.SUMMARY
    state.summary_confirmed = True
    assert next_step(state) is Step.NEXT_STEP
    state.next_step_settled = True
    assert next_step(state) is Step.ANYTHING_ELSE
    state.whatsapp = True
    assert next_step(state) is Step.DONE


def test_refused_topics_are_skipped() -> None:
    """R10.2: a refusal is an answer."""
    assert next_step(DialogState(refused=["deal", "area"])) is Step.PROPERTY_TYPE


def test_a_doubtful_value_is_confirmed_first() -> None:
    """R10.2: ambiguous money is asked about at once, under its own topic."""
    state = DialogState()
    Fold(state).apply(Understanding(updates={"budget_max": 900_000}, unsure=("budget_max",)), "תשע מאות")
    assert next_step(state) is Step.SURE
    state.step, state.about = Step.SURE, "budget"
    assert asked_of(state) is Asked.BUDGET


def test_a_call_for_a_person_needs_only_name_and_number() -> None:
    """R17: no more questions than it takes to be called back."""
    state = DialogState(mode=Mode.HUMAN)
    assert next_step(state) is Step.NAME
    state.slots["name"] = "דנה"
    state.caller_number = "+972541234567"
    assert next_step(state) is Step.CALLER_ID
