"""Places that are known and named again, by a name that alone would be none, or by half of it."""

import pytest

from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.known_places import named_again


def again(said: str, *known: str) -> list[str]:
    utterance = normalise(said)
    return [mention.value for mention in named_again(utterance, list(find(utterance)), list(known))]


@pytest.mark.parametrize(
    ("said", "known"),
    [
        ("את אחיסמך תשמיטי", "אחיסמך"),
        ("את אתא אפשר להוריד", "קריית אתא"),
        ("את מזכרת תורידי", "מזכרת בתיה"),
        ("רק ביאליק", "קריית ביאליק"),
    ],
)
def test_a_known_place_needs_no_more_than_its_name(said: str, known: str) -> None:
    """R10.2: a village without its kind, and a town by half its name."""
    assert again(said, known) == [known]


@pytest.mark.parametrize("said", ["יש לי מזכרת מסבא", "ביאליק הוא משורר", "אתא יפה"])
def test_half_a_name_is_a_place_only_where_it_is_struck_or_stays(said: str) -> None:
    """R10.2: other words are written the same."""
    assert again(said, "מזכרת בתיה", "קריית ביאליק", "קריית אתא") == []


def test_what_is_not_known_is_not_read_so() -> None:
    """R10.2: nothing is added to a first sentence."""
    assert again("את אתא אפשר להוריד") == []


def test_the_places_keep_their_order() -> None:
    """R10.2: as they were said."""
    assert again("בלוד ואת אחיסמך תורידי", "אחיסמך") == ["לוד", "אחיסמך"]
