"""A message on the recorder is read like a caller's words."""

from datetime import date
from typing import Any

import pytest

from app.dialog.understanding.voicemail import read_message

TODAY = date(2026, 11, 22)
DANA = (
    "שלום קוראים לי דנה לוי",
    "אני מחפשת דירה לקנייה ברמת גן או גבעתיים",
    "ארבעה חדרים עד שלושה מיליון",
    "כניסה בקיץ",
    "הטלפון שלי אפס חמש ארבע שלוש שתיים אחת",
    "ארבע חמש שש שבע",
    "תודה ביי",
)
DANA_WANTS: dict[str, Any] = {
    "name": "דנה לוי",
    "deal": "buy",
    "area": ["רמת גן", "גבעתיים"],
    "property_type": "apartment",
    "rooms_min": 4,
    "rooms_max": 4,
    "budget_max": 3_000_000,
    "timing": {"type": "month", "month": "2027-07"},
    "phone": "+972543214567",
}


@pytest.mark.parametrize("pieces", [DANA, [" ".join(DANA)], [". ".join(DANA)]], ids=["pauses", "breath", "stops"])
def test_a_message_gives_all_its_slots_however_it_was_cut(pieces: list[str]) -> None:
    """R2.7: the slots of a whole message, a number dictated across a pause included."""
    assert read_message(pieces, TODAY).updates == DANA_WANTS


def test_every_value_has_the_words_behind_it() -> None:
    """R14: provenance."""
    message = read_message(DANA, TODAY)
    assert set(message.quotes) >= set(message.updates)
    assert all(message.quotes[slot] in message.text for slot in message.updates)


def test_a_correction_later_in_the_message_stands() -> None:
    """R10.2: corrections replace."""
    message = read_message(["מחפשים דירת שלושה חדרים בחיפה", "בעצם ארבעה חדרים", "עד 6000 שקל לחודש"], TODAY)
    assert message.updates["rooms_min"] == message.updates["rooms_max"] == 4
    assert message.updates["budget_max"] == 6000


def test_owners_people_and_call_backs_are_noticed() -> None:
    """R17: the office must know whom to call, and when."""
    owner = read_message(["היי מדבר יוסי", "יש לי דירה למכור בחולון", "תחזרו אליי בבקשה מחר בבוקר"], TODAY)
    assert owner.owner
    assert "deal" not in owner.updates
    assert owner.call_back == "מחר בבוקר"
    assert read_message(["אני רוצה לדבר עם מישהו מהמשרד"], TODAY).wants_human


def test_silence_says_nothing() -> None:
    """R10.4: nothing is invented."""
    for pieces in ([], [""], ["אהה"]):
        assert read_message(pieces, TODAY).updates == {}
