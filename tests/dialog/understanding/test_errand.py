"""What a caller rings about when it is no search of their own."""

import pytest

from app.dialog.domain import Asked, Errand
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.errand import understand_errand


@pytest.mark.parametrize(
    ("said", "errand"),
    [
        ("יש לי דירה למכירה בחולון", Errand.OWNER),
        ("מחפש שוכר לדירה שלי", Errand.OWNER),
        ("דרושה שותפה לדירה בתל אביב", Errand.ROOM_MATE),
        ("התפנה אצלנו חדר", Errand.ROOM_MATE),
        ("אני מתווכת ממשרד אחר", Errand.BROKER),
        ("רציתי לשלוח קורות חיים", Errand.JOB),
        ("סליחה טעות במספר", Errand.WRONG_NUMBER),
        ("זה פיצה האט", Errand.WRONG_NUMBER),
    ],
)
def test_who_seeks_no_home_is_known_by_what_they_ring_about(said: str, errand: Errand) -> None:
    """R10.2: the homes they speak of are no wish."""
    assert understand_errand(normalise(said), Asked.GREETING) is errand


@pytest.mark.parametrize(
    "said",
    [
        "מחפש דירה עם שותפים",
        "אני מחפש לקנות דירה קרוב לעבודה",
        "דירה בלי תיווך",
        "אתם מוכרים דירות בחיפה",
        "אני לא מתווך",
        "מחפש דירה ליד קופת חולים",
    ],
)
def test_seekers_are_none_of_these(said: str) -> None:
    """R10.2: a search stays one."""
    assert understand_errand(normalise(said), Asked.GREETING) is None


@pytest.mark.parametrize("asked", [Asked.PHONE, Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM])
def test_a_mistake_in_the_number_is_in_the_digits_once_they_were_read(asked: Asked) -> None:
    """R10.2: after the read-back the caller corrects, and has not dialled wrong."""
    assert understand_errand(normalise("טעות במספר"), asked) is None
