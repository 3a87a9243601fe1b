"""What happened: verbs in the past, and the times that only say when it did."""

import pytest

from app.dialog.hebrew.scopes.past import happened, tells_deed
from app.dialog.hebrew.tokens import normalise


@pytest.mark.parametrize("word", ["שירתתי", "שנולדתי", "והתחתנו", "נכנסה", "כשעבדתי"])
def test_a_verb_of_what_somebody_did_is_one(word: str) -> None:
    """R10.2: with and without what joins it to the sentence."""
    assert tells_deed(normalise(word).key(0))


@pytest.mark.parametrize("word", ["אמרתי", "והתאהבתי", "אשתי", "מתי", "מחפש", "דירתי"])
def test_what_one_meant_said_or_owns_is_no_deed(word: str) -> None:
    """R10.2: "I said May" is a wish."""
    assert not tells_deed(normalise(word).key(0))


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("ביולי התחתנו", "ביולי"),
        ("מאז מאי אני בלי עבודה", "מאי"),
        ("עברנו לפה לפני שנתיים בדיוק בפסח", "בפסח"),
        ("סיימתי תואר בפברואר", "בפברואר"),
        ("יש לאמא יום הולדת באפריל", "באפריל"),
    ],
)
def test_a_time_may_only_say_when_something_happened(said: str, time: str) -> None:
    """R10.2: no time to move in."""
    at = normalise(said).keys.index(normalise(time).key(0))
    assert happened(normalise(said), at, at + 1)


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("מכרנו את הדירה וצריכים לפנות במרץ", "במרץ"),
        ("סיימתי תואר ואני עובר במאי", "במאי"),
        ("חתמתי חוזה עד יוני", "יוני"),
        ("במאי", "במאי"),
    ],
)
def test_a_time_behind_another_clause_is_none_of_what_happened(said: str, time: str) -> None:
    """R10.2: one sold, and moves out in March."""
    at = normalise(said).keys.index(normalise(time).key(0))
    assert not happened(normalise(said), at, at + 1)
