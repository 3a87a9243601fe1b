"""A yes to "this or that": the next line asks about one side of it, whose yes and no are both answers (R10.4)."""

from collections.abc import Mapping

from app.dialog.domain import Intent, Understanding
from app.dialog.policy.folding import Fold
from app.dialog.policy.state import DialogState, Step

SIDES: Mapping[Step, str] = {Step.DEAL: "side_buy", Step.NEXT_STEP: "side_whatsapp"}
"""The line that asks about the first side of a question's two; while it stands it is the state's side question."""


def one_side(state: DialogState, understood: Understanding, side_before: str) -> str | None:
    """Return which line narrows the question down, when the caller only says yes to it."""
    side = SIDES.get(Step(state.step))
    says_only_yes = understood.intent is Intent.CONFIRM and not understood.updates
    return side if says_only_yes and side != side_before else None


def take_side(state: DialogState, fold: Fold, side: str, text: str, *, yes: bool) -> str:
    """Take a yes or no to `side` for what it means; return the acknowledgement."""
    if side == "side_buy":
        fold.set("deal", "buy" if yes else "rent", text)
        return "noted"
    state.next_step_settled = True
    state.whatsapp, state.callback = state.whatsapp or yes, state.callback or not yes
    return "whatsapp" if yes else "callback"
