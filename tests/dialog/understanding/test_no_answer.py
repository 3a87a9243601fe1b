"""Small readings of an answer."""

import pytest

from app.dialog.hebrew.times.clock_times import callback_words
from app.dialog.understanding.no_answer import is_open_answer


@pytest.mark.parametrize("text", ["לא יודע", "עוד לא החלטנו", "תלוי מה יש", "לא משנה לי", "אין לי מושג"])
def test_no_answer_yet_is_an_answer(text: str) -> None:
    """R10.2: the topic is left open."""
    assert is_open_answer(text)


@pytest.mark.parametrize("text", ["חולון", "לא", "שלושה חדרים"])
def test_other_answers_are_not_open(text: str) -> None:
    """R10.2: a value or a plain no."""
    assert not is_open_answer(text)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("תתקשרו אליי מחר בערב", "מחר בערב"),
        ("אפשר ביום שלישי אחרי חמש", "ביום שלישי אחרי חמש"),
        ("בשעה עשר וחצי", "בשעה עשר וחצי"),
        ("תתקשרו", ""),
        ("מתי שנוח", "מתי שנוח"),
        ("תתקשרו מחר בין עשר לשתים עשרה", "מחר בין עשר לשתים עשרה"),
        ("תתקשרו בעוד עשרים דקות בבקשה", "בעוד עשרים דקות"),
        ("מחר ב-10:30 אם אפשר", "מחר ב-10:30"),
        ("עדיף בשעות הערב", "בשעות הערב"),
        ("תחזרו אליי ברבע לשש", "ברבע לשש"),
    ],
)
def test_when_to_call_back_is_kept_in_the_callers_words(text: str, words: str) -> None:
    """R10.5: a call-back is recorded with its time."""
    assert callback_words(text) == words
