"""What a caller changes of the rooms or the budget that are known."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.numbers import quantities
from app.dialog.hebrew.span import Bounds
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.changes import changed_rooms, changed_sum


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("תוסיפי חדר", Bounds(4, 5)),
        ("חדר פחות", Bounds(2, 3)),
        ("תורידי חצי חדר", Bounds(2.5, 3.5)),
        ("שלושה חדרים", None),
        ("חדר", None),
    ],
)
def test_a_room_more_or_less_moves_both_bounds(said: str, expected: Bounds | None) -> None:
    """R10.2: the difference is told, the known bounds are what it starts from."""
    found = changed_rooms(normalise(said), Asked.SUMMARY_CONFIRM, (3, 4), None)
    assert (found and found.value) == expected


def test_without_known_rooms_nothing_is_changed() -> None:
    """R10.2: a difference from nothing is no value."""
    assert changed_rooms(normalise("תוסיפי חדר"), Asked.ROOMS, (None, None), None) is None


@pytest.mark.parametrize(
    ("said", "expected"),
    [("תוסיפי אלף", 7_000), ("תעלי באלף", 7_000), ("תורידי אלף", 5_000), ("תורידי לאלף", None), ("אלף", None)],
)
def test_a_sum_is_a_difference_only_after_a_word_of_adding_or_taking_off(said: str, expected: int | None) -> None:
    """R10.2: on top of 6,000, or off it."""
    utterance = normalise(said)
    assert changed_sum(utterance, quantities(utterance)[0], 1_000, 6_000) == expected
