"""Broken and wrongly written words are made whole where nothing else knows them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.tokens import fold, normalise
from app.dialog.understanding.ear.whole_words import said


def keys(text: str) -> list[str]:
    return list(said(text).keys)


@pytest.mark.parametrize(
    ("broken", "whole"),
    [
        ("עש רים", "עשרים"),
        ("שמו נת אלפים", "שמונת אלפים"),
        ("פנ טהאוז", "פנטהאוז"),
        ("בספט מבר", "בספטמבר"),
        ("רוצים לש כור", "רוצים לשכור"),
        ("מיליו ן ומאתיים", "מיליון ומאתיים"),
        ("ארבעה חד רים", "ארבעה חדרים"),
        ("אנחנו מחפ שים", "אנחנו מחפשים"),
    ],
)
def test_two_pieces_of_a_word_are_one(broken: str, whole: str) -> None:
    """R10.6: a bad line makes a recogniser write the halves of a word as two."""
    assert keys(broken) == [fold(word) for word in whole.split()]
    assert [token.mended for token in said(broken).tokens].count(True) == 1


def test_a_name_in_two_pieces_is_one_where_one_of_them_is_none() -> None:
    """R10.6."""
    assert keys("בנימ ין לוי") == ["בנימינ", "לוי"]
    assert keys("רון לי") == ["רונ", "לי"]


@pytest.mark.parametrize(
    ("written", "meant"),
    [("סמונה חדרים", "שמונה"), ("מחפסים בית", "מחפשים"), ("אולי קותג", "קוטג"), ("וסלושה", "ושלושה")],
)
def test_a_word_written_as_it_sounds_is_the_one_it_sounds_like(written: str, meant: str) -> None:
    """R10.6: some tell shin and samekh, tet and tav, or kaf and het not apart."""
    assert fold(meant) in keys(written)


@pytest.mark.parametrize(
    "text",
    [
        "לא לול",
        "של דירה אחרת",
        "מה זה בית",
        "בת ים או חולון",
        "יש לי ערבה בחצר",
        "צבע לבן",
        "קבר רחל",
        "הבית שלו ש קנה",
        "בית שלום עליכם",
        "שדה תעופה",
        "3 חד",
        "אמא, מי",
    ],
)
def test_what_callers_say_besides_stays(text: str) -> None:
    """R10.6: words that no list knows, too, and pieces that are words."""
    assert said(text) is normalise(text)


def test_a_whole_word_keeps_its_place_in_the_text() -> None:
    """R10.2: what was said is quoted as it was written."""
    heard = said("אולי תש עים חדרים")
    assert heard.quote(1, 2) == "תש עים"
    assert said("אולי תש עים חדרים") is heard


@given(st.text(max_size=60))
def test_no_text_makes_it_raise(text: str) -> None:
    """R10.6."""
    assert len(said(text)) <= len(normalise(text))
