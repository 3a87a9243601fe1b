"""How what was understood changes the state."""

from app.dialog.domain import Understanding
from app.dialog.policy.folding import Fold
from app.dialog.policy.state import DialogState


def test_changing_from_rent_to_buy_drops_the_rent() -> None:
    """R10.2: a monthly figure says nothing about a purchase."""
    state = DialogState(slots={"deal": "rent", "budget_max": 5000})
    Fold(state).apply(Understanding(updates={"deal": "buy"}), "בעצם לקנות")
    assert state.slots == {"deal": "buy"}


def test_every_change_keeps_its_words_and_its_turn() -> None:
    """R14: provenance."""
    state = DialogState(turn=3)
    fold = Fold(state)
    fold.apply(Understanding(updates={"area": ["חולון"]}, quotes={"area": "בחולון"}), "אני רוצה בחולון")
    assert state.provenance["area"] == {
        "slot": "area",
        "value": ["חולון"],
        "quote": "בחולון",
        "turn": 3,
        "unsure": False,
        "source": "parser",
    }
