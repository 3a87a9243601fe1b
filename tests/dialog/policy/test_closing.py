"""The last line says what will be done, and only that is done."""

from typing import Any

import pytest

from app.dialog.policy.actions import Action, ActionKind
from app.dialog.policy.closing import closing_kind, confirmed_actions
from app.dialog.policy.state import DialogState, Mode

MOBILE, LANDLINE = {"phone": "+972541234567"}, {"phone": "+97236123456"}


@pytest.mark.parametrize(
    ("known", "kind"),
    [
        ({}, "goodbye_no_phone"),
        ({"whatsapp": True}, "goodbye_no_phone"),
        ({"slots": MOBILE}, "goodbye"),
        ({"slots": MOBILE, "whatsapp": True}, "end_whatsapp"),
        ({"slots": LANDLINE, "whatsapp": True}, "end_landline"),
        ({"slots": MOBILE, "callback": True}, "end_callback"),
        ({"slots": MOBILE, "mode": Mode.HUMAN}, "end_handoff"),
    ],
)
def test_the_last_line_promises_what_can_be_kept(known: dict[str, Any], kind: str) -> None:
    """R10.5: nothing is promised without a number it can go to."""
    assert closing_kind(DialogState(**known)) == kind


def test_what_was_asked_for_is_confirmed_once() -> None:
    """R10.5: a call that has an outcome has been closed before."""
    state = DialogState(slots=dict(MOBILE), whatsapp=True, callback=True, callback_words="מחר")
    wanted = [Action(ActionKind.WHATSAPP, confirmed=True), Action(ActionKind.CALLBACK, confirmed=True, words="מחר")]
    assert confirmed_actions(state) == wanted
    state.outcome = "whatsapp"
    assert confirmed_actions(state) == []
