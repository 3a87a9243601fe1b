"""Text made speakable, numbers in correct Hebrew words."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.speakable import speakable


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("85 מ״ר", "שמונים וחמישה מטר רבוע"),
        ('120 ר"מ', "מאה ועשרים מטר רבוע"),
        ("2,350,000 ₪", "שני מיליון שלוש מאות וחמישים אלף שקל"),
        ("ב-5,500 ש״ח", "בחמשת אלפים וחמש מאות שקל"),
        ("דירת 3.5 חד׳", "דירת שלושה וחצי חדרים"),
        ("2.5 מיליון", "שניים וחצי מיליון"),
        ("עד 2M או 5K", "עד שני מיליון או חמשת אלפים"),
        ("ב-1.12.2026", "באחד בדצמבר אלפיים עשרים ושש"),
        ("ב-1 בינואר", "באחד בינואר"),
        ("עד ה־15 במרץ", "עד החמישה עשר במרץ"),
        ("רח׳ הרצל 12, קומה 2", "רחוב הרצל שתים עשרה, קומה שתיים"),
        ("15/03/2027", "חמישה עשר במרץ אלפיים עשרים ושבע"),
        ("14:30", "שתיים וחצי אחר הצהריים"),
        ("4,000-5,000 שקל", "ארבעת אלפים עד חמשת אלפים שקל"),
        ("052-765-4321", "אפס חמש שתיים, שבע שש חמש, ארבע שלוש שתיים אחת"),
        ("+972527654321", "אפס חמש שתיים, שבע שש חמש, ארבע שלוש שתיים אחת"),
        ("הספרות האחרונות 4567", "הספרות האחרונות ארבע חמש שש שבע"),
        ("2 דירות", "שתי דירות"),
        ("3 חדרי שינה", "שלושה חדרי שינה"),
        ("1 חדר", "חדר אחד"),
        ("2 חודשים", "חודשיים"),
        ("20%", "עשרים אחוז"),
        ("קומה 3", "קומה שלוש"),
        ("בשנת 2027", "בשנת אלפיים עשרים ושבע"),
        ("AgentLocator בWhatsApp", "אייג'נט לוקייטור ב וואטסאפ"),
        ("צ'ק", "צ'ק"),
        ("פתוח 24/7", "פתוח עשרים וארבע שבע"),
        ("שָׁלוֹם", "שלום"),
    ],
)
def test_text_is_said_as_people_say_it(text: str, said: str) -> None:
    """R9.6: numbers, prices, rooms, phones, dates and abbreviations become correct Hebrew words."""
    assert speakable(text) == said


@given(st.text(max_size=60) | st.from_regex(r"[0-9a-zA-Zא-ת .,:/₪$%\-+'\"״׳]{0,40}", fullmatch=True))
def test_nothing_unspeakable_is_left(text: str) -> None:
    """R9.6: no digit, symbol or Latin letter reaches the TTS."""
    said = speakable(text)
    assert re.fullmatch(r"[א-ת\s,.?!'\"]*", said), said
    assert not any(character.isdigit() for character in said)
    assert speakable(said) == said
