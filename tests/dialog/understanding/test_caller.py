"""Who calls, and on what number."""

from typing import Any

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.caller import read_name, read_phone
from app.dialog.understanding.judging.judge import Lenient
from app.dialog.understanding.notes import Notes
from app.dialog.understanding.slots.area import Areas
from app.dialog.understanding.understand import understand
from tests.dialog.strategies import TODAY

NUMBER = "+972543219876"


def heard(said: str, asked: Asked, state: dict[str, Any]) -> Notes:
    notes = Notes(normalise(said), asked, state, TODAY)
    read_phone(notes)
    read_name(notes, Areas(), Lenient())
    return notes


def test_a_dictated_number_leaves_its_words_to_nobody() -> None:
    """R10.2: no digit of it is a room or a sum."""
    notes = heard("אפס חמש ארבע שלוש שתיים אחת תשע שמונה שבע שש", Asked.PHONE, {})
    assert notes.updates == {"phone": NUMBER}
    assert notes.claimed == set(range(10))


def test_a_number_half_said_is_kept_for_its_rest() -> None:
    """R10.2: over several breaths."""
    notes = heard("אפס חמש ארבע שלוש", Asked.PHONE, {})
    assert (notes.updates, notes.phone_digits) == ({}, "0543")


@pytest.mark.parametrize(
    ("said", "asked", "confirmed"),
    [
        ("כן", Asked.PHONE_CONFIRM, True),
        ("המספר הזה", Asked.PHONE, True),
        ("לא", Asked.PHONE_CONFIRM, False),
        ("כן", Asked.PHONE, False),
        ("למה אתם צריכים", Asked.PHONE_CONFIRM, False),
    ],
)
def test_a_yes_takes_the_number_that_is_called_from(said: str, asked: Asked, confirmed: bool) -> None:
    """R10.2: a no, a question and a refusal do not."""
    notes = heard(said, asked, {"caller_id": NUMBER})
    assert notes.phone_confirmed is confirmed
    assert notes.updates.get("phone") == (NUMBER if confirmed else None)


def test_digits_that_correct_the_known_number_are_put_into_it() -> None:
    """R10.2: what was read back wrong is not dictated anew."""
    assert heard("לא שש שבע בסוף", Asked.PHONE_CONFIRM, {"phone": NUMBER}).updates == {"phone": "+972543219867"}


@pytest.mark.parametrize("said", ["אני לא רוצה להגיד", "מה אמרת", "רגע", "יש לכם דירות בחולון"])
def test_who_does_something_else_names_nobody(said: str) -> None:
    """R10.2: whatever was asked."""
    assert "name" not in heard(said, Asked.NAME, {}).updates


@pytest.mark.parametrize("asked", [Asked.NAME, Asked.GREETING])
@pytest.mark.parametrize("said", ["שים לב", "תשימי לב שאני מחפש", "לא שמתי לב", "שימו לב טוב"])
def test_who_asks_for_attention_names_nobody(said: str, asked: Asked) -> None:
    """R10.2: though Lev is a name, and "put down" a word before one."""
    assert "name" not in understand(said, asked=asked, state={}, today=TODAY).updates


@pytest.mark.parametrize("said", ["לב", "קוראים לי לב", "תרשמי לב", "שמי לב"])
def test_who_is_called_so_is(said: str) -> None:
    """R10.2."""
    assert understand(said, asked=Asked.NAME, state={}, today=TODAY).updates == {"name": "לב"}


def test_a_full_name_beside_the_question_for_the_number_is_one() -> None:
    """R10.2: people answer the question before."""
    assert heard("דנה כהן", Asked.PHONE, {}).updates == {"name": "דנה כהן"}
