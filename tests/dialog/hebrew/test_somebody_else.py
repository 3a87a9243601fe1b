"""What is told of others: where such a telling begins and ends."""

import pytest

from app.dialog.hebrew.somebody_else import told_of_others
from app.dialog.hebrew.tokens import normalise


def told(text: str) -> str:
    utterance = normalise(text)
    return " ".join(utterance.keys[index] for index in sorted(told_of_others(utterance)))


@pytest.mark.parametrize(
    "said", ["אחותי גרה בדירת שלושה חדרים", "השכנים שלי משלמים ששת אלפים", "ההורים שלי עברו ביולי"]
)
def test_a_telling_of_relatives_and_neighbours_is_no_wish(said: str) -> None:
    """R10.2: other homes, rents and months."""
    assert told(said) == " ".join(normalise(said).keys)


def test_a_telling_ends_where_callers_come_back_to_themselves() -> None:
    """R10.2: "but I need three" is a wish."""
    assert told("אחי גר בחמישה חדרים אבל לי מספיק שלושה") == " ".join(normalise("אחי גר בחמישה חדרים").keys)


@pytest.mark.parametrize("said", ["דירה בשביל ההורים שלי", "אשתי ואני רוצים ארבעה חדרים", "אחותי גרה איתי ארבעה חדרים"])
def test_whom_the_home_is_for_is_no_such_telling(said: str) -> None:
    """R10.2: those who will live there count."""
    assert told(said) == ""
