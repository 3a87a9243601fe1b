"""The sentences that may be synthesised before any call."""

from datetime import date

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines.stock import sentences, stock_openings, stock_sentences

STOCK = stock_sentences("AgentLocator", "מיכל")


def test_the_whole_greeting_is_stock_and_comes_first() -> None:
    """R9.4: the first thing a caller hears is ready before the first call."""
    greeting = Dialog(DialogSettings("AgentLocator", "מיכל"), date(2026, 11, 22)).greet().line
    assert tuple(sentences(greeting)) == STOCK[: len(sentences(greeting))]


def test_no_stock_sentence_waits_for_a_callers_value() -> None:
    """R9.4: names, numbers and places are never kept."""
    assert not [sentence for sentence in STOCK if "{" in sentence]
    assert len(STOCK) == len(set(STOCK))


def test_a_line_is_split_where_the_voice_falls() -> None:
    """R9.2: the first sentence is spoken while the next is made."""
    assert sentences("רשמתי, חולון. מתי תרצו להיכנס?") == ["רשמתי, חולון.", "מתי תרצו להיכנס?"]
    assert sentences("") == []


def test_openings_are_what_stands_before_a_callers_value() -> None:
    """R9.4: up to the last comma, where a voice pauses; no whole sentence, nothing of a caller."""
    openings = stock_openings("AgentLocator", "מיכל")
    assert {"רשמתי,", "תודה,", "בסדר גמור, עדכנתי,"} <= set(openings)
    assert all(opening.endswith(",") and "{" not in opening for opening in openings)
    assert not set(openings) & set(STOCK)
