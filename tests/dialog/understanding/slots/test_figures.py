"""What sums mean in ILS."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.figures import figures_of
from app.dialog.understanding.slots.sums import sums


def bounds(said: str, deal: str | None) -> list[tuple[float | None, float | None]]:
    utterance = normalise(said)
    found = sums(utterance, frozenset(), Asked.BUDGET)
    return [(figure.low, figure.high) for figure in figures_of(utterance, found, deal, Asked.BUDGET)]


@pytest.mark.parametrize(
    ("said", "deal", "expected"),
    [
        ("ארבע וחצי", "buy", (None, 4_500_000)),
        ("ארבע וחצי", "rent", (None, 4_500)),
        ("חמש מאתיים", "rent", (None, 5_200)),
        ("מיליון שבע עד תשע", "buy", (1_700_000, 1_900_000)),
        ("שבע שמונה מאות אלף", "buy", (700_000, 800_000)),
        ("שתיים ארבע", "buy", (None, 2_400_000)),
        ("שניים שלושה", "buy", (2_000_000, 3_000_000)),
        ("שני מיליון ומעלה", "buy", (2_000_000, None)),
        ("שש אלף שש מאתיים", "rent", (6_000, 6_200)),
    ],
)
def test_ellipsis_tenths_and_ranges_are_read_by_the_deal(
    said: str, deal: str, expected: tuple[int | None, int | None]
) -> None:
    """R10.2: as callers leave units out."""
    assert bounds(said, deal) == [expected]


def test_who_says_one_sum_in_tenths_says_the_other_so_too() -> None:
    """R10.2: two three is no range beside two six."""
    assert bounds("שתיים שלוש לא שתיים שש", "buy")[0] == (None, 2_300_000)
