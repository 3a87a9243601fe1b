"""How finished an interim sounds, and what is only a backchannel."""

import pytest

from app.dialog.domain import Asked
from app.dialog.understanding.endings import interim_sounds, is_backchannel


@pytest.mark.parametrize(
    ("text", "asked", "sounds"),
    [
        ("אני מחפש דירה של", Asked.GREETING, "open"),
        ("שלושה חדרים או", Asked.ROOMS, "open"),
        ("המספר שלי הוא", Asked.PHONE, "open"),
        ("קוראים לי", Asked.NAME, "open"),
        ("באזור קריית", Asked.AREA, "open"),
        ("אני גר היום בפתח", Asked.AREA, "open"),
        ("חולון ובת", Asked.AREA, "open"),
        ("ואני", Asked.AREA, "open"),
        ("אני לא", Asked.DEAL, "open"),
        ("הייתי רוצה למצוא", Asked.GREETING, "open"),
        ("חשוב לי שתהיה", Asked.ANYTHING_ELSE, "open"),
        ("אני מחפש דירה של ארבעה חדרים", Asked.GREETING, "unknown"),
        ("אני מחפש דירה של ארבעה חדרים", Asked.ROOMS, "complete"),
        ("תשלחו לי את זה בבקשה", Asked.AREA, "unknown"),
        ("התקציב שלנו הוא בערך שני מיליון שקל", Asked.BUDGET, "complete"),
        ("ארבעה חדרים", Asked.AREA, "complete"),
        ("בחולון", Asked.AREA, "unknown"),
        ("ממש לא", Asked.SUMMARY_CONFIRM, "complete"),
        ("שבעת אלפים שקל", Asked.BUDGET, "complete"),
        ("כן", Asked.PHONE_CONFIRM, "complete"),
        ("ארבעה", Asked.ROOMS, "complete"),
        ("להשכרה", Asked.DEAL, "complete"),
        ("אפס חמש ארבע", Asked.PHONE, "dictating"),
        ("054 721", Asked.PHONE, "dictating"),
        ("חמישים ושתיים שלושים", Asked.PHONE, "dictating"),
        ("פלוס שלוש שלוש שש שתיים ארבע שבע תשע אחת שמונה", Asked.PHONE, "dictating"),
        ("פלוס ארבע ארבע שבע שבע אפס אפס תשע שתיים שמונה שש שלוש אחת", Asked.PHONE, "complete"),
        ("אפס חמש ארבע שבע שתיים אחת ארבע שש תשע שבע", Asked.PHONE, "complete"),
        ("0547214697", Asked.PHONE, "complete"),
        ("036492083", Asked.PHONE, "complete"),
        ("אפס שלוש שש ארבע תשע שתיים אפס שמונה שלוש", Asked.PHONE, "complete"),
        ("אפס חמש ארבע", Asked.PHONE_CONFIRM, "dictating"),
        ("חולון", Asked.AREA, "unknown"),
        ("", None, "unknown"),
    ],
)
def test_interims_are_judged_by_their_words(text: str, asked: Asked | None, sounds: str) -> None:
    """R6.3: an open phrase lengthens the wait, a finished one shortens it, dictation waits for its digits."""
    assert interim_sounds(text, asked) == sounds


def test_digits_of_earlier_turns_count() -> None:
    """R17: the rest of a number ends the dictation."""
    assert interim_sounds("ארבע שש תשע שבע", Asked.PHONE, digits_before=6) == "complete"
    assert interim_sounds("ארבע שש", Asked.PHONE, digits_before=6) == "dictating"


@pytest.mark.parametrize("text", ["אהה", "כן כן", "הממ", "אוקיי", "כן, הבנתי"])
def test_assent_is_no_turn(text: str) -> None:
    """R7.5: a backchannel does not cost the caller the rest of the sentence."""
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "לא", "רגע", "כן אבל בחולון", "אוקיי אז מה המחיר", "כן כן כן כן"])
def test_words_with_content_are_a_turn(text: str) -> None:
    """R7.5: words take the floor."""
    assert not is_backchannel(text)
