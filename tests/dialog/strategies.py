"""What callers may mean, for property tests: any values, any acts, any order."""

from datetime import date
from typing import Any

from hypothesis import strategies as st

from app.dialog.domain import Asked, Intent, Understanding
from app.dialog.lines.values import TYPES

TODAY = date(2026, 11, 22)
AREAS = [
    "חולון",
    "תל אביב",
    "באר שבע",
    "קריית שמונה",
    "הצפון הישן",
    "הרצליה",
    "השרון",
    "צ'ק פוסט",
    "מודיעין",
    "רמת אביב",
    "הדר",
    "האלף",
]
NAMES = ["דנה", "אסף", "משפחת כהן", "ז'אן קלוד", "Dan", "אתה", "שבע", "בת שבע", "יוסי בן דוד הלוי", "", "חיפה", "מתי"]
PHONES = ["+972541234567", "+97236123456", "+972772138783", "+14155550123", "+447911123456789"]


def phones() -> st.SearchStrategy[str]:
    """Numbers as the parser gives them."""
    return st.sampled_from(PHONES) | st.from_regex(r"\+9725[0-9]{8}", fullmatch=True)


def timings() -> st.SearchStrategy[dict[str, Any]]:
    """Move-in times."""
    return st.one_of(
        st.just({"type": "immediate"}),
        st.just({"type": "flexible"}),
        st.builds(lambda months: {"type": "within", "months_max": months}, st.integers(1, 60)),
        st.builds(
            lambda year, month: {"type": "month", "month": f"{year}-{month:02}"},
            st.integers(2026, 2030),
            st.integers(1, 12),
        ),
    )


ROOMS = st.integers(2, 24).map(lambda halves: halves / 2)
MONEY = (
    st.integers(500, 60_000_000)
    | st.sampled_from([1000, 1500, 11_000, 1_001_000])
    | st.integers(1, 600).map(lambda units: units * 50_000)
)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "deal": st.sampled_from(["buy", "rent"]),
    "area": st.lists(st.sampled_from(AREAS), min_size=1, max_size=5, unique=True),
    "property_type": st.sampled_from(sorted(TYPES)),
    "rooms_min": ROOMS,
    "rooms_max": ROOMS,
    "budget_min": MONEY,
    "budget_max": MONEY,
    "timing": timings(),
    "name": st.sampled_from(NAMES),
    "phone": phones(),
}
_ACTS = ["owner", "hold", "abuse", "injection", "robot", "listing", "digits"]
_COMMON = [Intent.PROVIDE_INFO, Intent.CONFIRM, Intent.DENY, Intent.UNCLEAR]
TOPICS = ["deal", "area", "property_type", "rooms", "budget", "timing", "name", "phone"]


@st.composite
def understandings(draw: st.DrawFn) -> Understanding:
    """Draw what one utterance may mean."""
    slots = draw(st.lists(st.sampled_from(sorted(VALUES)), max_size=4, unique=True))
    updates = {slot: draw(VALUES[slot]) if draw(st.integers(0, 6)) else None for slot in slots}
    # One act of its own at most, and that seldom.
    act = draw(st.sampled_from([*_ACTS, *[""] * 20]))
    return Understanding(
        updates=updates,
        intent=draw(st.sampled_from([*Intent, *_COMMON * 3])),
        refused=(draw(st.sampled_from(TOPICS)),) if draw(st.integers(0, 5)) == 0 else (),
        unsure=(slots[0],) if bool(slots) and draw(st.booleans()) else (),
        owner=act == "owner",
        hold=act == "hold",
        abuse=act == "abuse",
        injection=act == "injection",
        asks_robot=act == "robot",
        asks_listing=act == "listing",
        phone_digits=draw(st.sampled_from(["05", "054", "1234", "7654321"])) if act == "digits" else "",
    )


class Scripted:
    """Stands at the parser's place and returns what the test says each utterance means."""

    def __init__(self) -> None:
        self.next = Understanding()

    def __call__(
        self,
        text: str,
        *,
        asked: Asked,
        state: dict[str, Any],
        today: date,
        alternatives: tuple[str, ...] = (),
        agent: str = "",
    ) -> Understanding:
        """Return the meaning set for this turn."""
        return self.next
