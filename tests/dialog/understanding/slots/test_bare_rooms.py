"""Numbers that may count rooms, alone or beside what else is counted (R10.2)."""

import pytest

from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.bare_rooms import bare_rooms, counts_others, small_at


def rooms_of(text: str) -> list[tuple[float | None, float | None]]:
    return [(rooms.low, rooms.high) for rooms in bare_rooms(normalise(text), frozenset())]


@pytest.mark.parametrize(
    ("text", "rooms"),
    [
        ("ארבעה", [(4.0, 4.0)]),
        ("שלוש עד ארבע", [(3.0, 4.0)]),
        ("לפחות שלושה", [(3.0, None)]),
        ("שניים וסלון", [(3.0, 3.0)]),
        ("ארבע אבל אחד יהיה חדר עבודה", [(4.0, 4.0)]),
    ],
)
def test_numbers_alone_are_rooms(text: str, rooms: list[tuple[float | None, float | None]]) -> None:
    """R10.2: halves, ranges, bounds; the living room counts, and one of them is none more."""
    assert rooms_of(text) == rooms


@pytest.mark.parametrize(
    "text", ["קומה שלוש", "בני שש ארבע", "מדברים מחדר שבע", "תוך שלושה", "שני הטלפונים", "מיליון שמונה"]
)
def test_floors_ages_numbers_of_rooms_and_weeks_are_none(text: str) -> None:
    """R10.2: what a number counts is said before or behind it."""
    assert rooms_of(text) == []


def test_a_number_is_small_and_what_it_counts_stands_behind_it() -> None:
    """R10.2: thirteen are no rooms, and children none either."""
    assert small_at(normalise("שלוש עשרה"), 0, frozenset()) is None
    assert counts_others(normalise("שלושה ילדים"), 1)
    assert not counts_others(normalise("שלושה חדרים"), 1)
