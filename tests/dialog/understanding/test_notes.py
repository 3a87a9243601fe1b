"""What readers note of a turn."""

from typing import Any

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.notes import Notes, whole
from tests.dialog.strategies import TODAY


def notes_of(said: str, state: dict[str, Any] | None = None, asked: Asked = Asked.ROOMS) -> Notes:
    return Notes(normalise(said), asked, state or {}, TODAY)


def test_a_value_is_noted_with_the_callers_words() -> None:
    """R10.2: and stands from then on."""
    notes = notes_of("אז דירה בחולון, נגיד")
    notes.put("area", ["חולון"], 2, 3, unsure=True)
    assert (notes.updates, notes.quotes, notes.unsure) == ({"area": ["חולון"]}, {"area": "בחולון"}, {"area"})
    assert notes.known("area") == ["חולון"]


def test_what_is_known_and_said_again_informs_and_changes_nothing() -> None:
    """R10.2: no update, and no miss either."""
    notes = notes_of("דירה בחולון", {"area": ["חולון"]})
    notes.put("area", ["חולון"], 1, 2)
    assert (notes.updates, notes.informed, notes.values_heard) == ({}, True, 1)


@pytest.mark.parametrize(
    ("known", "said", "left"),
    [
        ((None, None), (3.0, 4.0), {"rooms_min": 3, "rooms_max": 4}),
        ((5, 6), (None, 4.0), {"rooms_min": None, "rooms_max": 4}),
        ((3, 3), (4.0, None), {"rooms_min": 4, "rooms_max": None}),
        ((3, 6), (4.0, None), {"rooms_min": 4}),
        ((2, 3), (None, 3.5), {"rooms_max": 3.5}),
    ],
)
def test_a_bound_that_contradicts_the_new_one_is_withdrawn(
    known: tuple[int | None, int | None], said: tuple[float | None, float | None], left: dict[str, Any]
) -> None:
    """R10.2: the caller said so later."""
    notes = notes_of("מינימום ארבעה", {"rooms_min": known[0], "rooms_max": known[1]})
    notes.bounds("rooms", Range(0, 2, Bounds(*said)))
    assert notes.updates == left


def test_claimed_words_are_left_to_no_other_reader() -> None:
    """R10.2: what several claim is claimed once."""
    notes = notes_of("דירה בחולון עד שני מיליון")
    notes.claim(range(2, 4))
    notes.claim({3: "a rule"})
    assert notes.claimed == {2, 3}


@pytest.mark.parametrize(
    ("said", "asked", "seeks"),
    [
        ("אני מחפש בחולון", Asked.DEAL, True),
        ("יש לכם דירות", Asked.DEAL, True),
        ("כמה דירות יש לכם", Asked.DEAL, False),
        ("חולון", Asked.AREA, True),
        ("מה זה דופלקס", Asked.DEAL, False),
    ],
)
def test_who_seeks_says_so_or_answers_where(said: str, asked: Asked, seeks: bool) -> None:
    """R10.2: a question about homes is no wish."""
    assert notes_of(said, asked=asked).seeks() is seeks


def test_numbers_are_written_without_an_empty_half() -> None:
    """R10.2: four rooms are 4, three and a half 3.5."""
    assert (whole(4.0), whole(3.5)) == (4, 3.5)
    assert isinstance(whole(4.0), int)
