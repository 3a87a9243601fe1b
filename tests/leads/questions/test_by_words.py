"""Calls found by words: however common a word is and whatever else is asked, the same calls in the same order."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import insert, select

from app.leads.database import Database
from app.leads.models import Call, CallText
from app.leads.questions.by_words import Listed, Reach, Wanted, page_by_words
from tests.leads.conftest import Clock

LISTED = Listed(Call.started_at, Call.call_sid, Call.call_sid, str)
SAID = ("דירה", "בדירה", "חולון", "ושבחולון", "מעלית", "מעליתנו", "קומה", "בית", "TLV")
EVERYWHERE, NOWHERE = "שלום", "קסטל"


@pytest.fixture
def said(database: Database, clock: Clock) -> dict[str, str]:
    """Sixty calls and their words, the newest first; every tenth is a fault. Some are of one moment."""
    dice = random.Random(3)
    texts = {f"CA{number:02}": " ".join([EVERYWHERE, *dice.choices(SAID, k=2)]) for number in range(60)}
    with database.begin() as session:
        calls = [
            {"call_sid": sid, "started_at": at, "last_activity_at": at, "ended_at": at, "had_fault": number % 10 == 0}
            for number, sid in enumerate(texts)
            for at in (clock.now + timedelta(minutes=number // 2),)
        ]
        session.execute(insert(Call), calls)
        # They end in another order than they began.
        session.execute(
            insert(CallText), [{"call_sid": sid, "words": texts[sid]} for sid in dice.sample(sorted(texts), 60)]
        )
    return dict(reversed(texts.items()))


def walk(database: Database, words: str, reach: Reach, limit: int, *, faults: bool = False) -> list[str]:
    """Page through all that is found."""
    query = select(Call).where(Call.had_fault) if faults else select(Call)
    found: list[str] = []
    before: str | None = None
    for _ in range(200):
        with database.begin(read_only=True) as session:
            page, before = page_by_words(session, words, query, LISTED, before, limit, reach)
        assert len(page) <= limit
        found += page
        if before is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize(
    "words", ["דירה", "חולון", "מעלית", "חולון דירה", "שלום קומה", "בית שלום", "tlv", EVERYWHERE, NOWHERE]
)
def test_whichever_way_is_taken_the_same_calls_are_found_in_order(
    database: Database, said: dict[str, str], words: str
) -> None:
    """R16, C17: read all, asked of the index after a few, or read on because the index has too many."""
    wanted = Wanted(words)
    right = [sid for sid, text in said.items() if wanted.stand_in(text)]
    for reach in (Reach(), Reach(at_once=4, most=200, rare=100), Reach(at_once=4, most=200, rare=1)):
        for limit in (3, 50):
            assert walk(database, words, reach, limit) == right
    faults = [sid for sid in right if int(sid[2:]) % 10 == 0]
    assert walk(database, words, Reach(at_once=2, most=200, rare=100), 2, faults=True) == faults


def test_a_page_ends_where_too_much_was_read_and_the_next_goes_on(database: Database, said: dict[str, str]) -> None:
    """C17: no question reads the whole store; none that is there is passed over."""
    reach = Reach(at_once=5, most=10, rare=0)
    with database.begin(read_only=True) as session:
        page, following = page_by_words(session, "חולון", select(Call), LISTED, None, 50, reach)
    assert following is not None
    assert len(page) <= 10
    right = [sid for sid, text in said.items() if Wanted("חולון").stand_in(text)]
    assert walk(database, "חולון", reach, 50) == right


@pytest.mark.parametrize(
    ("text", "words", "stands"),
    [
        ("אנחנו גרים בחולון", "חולון", True),
        ("אנחנו גרים בחולון", "חול", False),
        ("חולון היא עיר", "חול", True),
        ("חולון היא עיר", "חול עיר", False),
        ("Tel Aviv", "tel avi", True),
        ("מעלית ודירה", "דירה מעלית", True),
    ],
)
def test_the_last_word_may_go_on_and_letters_may_stand_before_whole_ones(text: str, words: str, stands: bool) -> None:
    """R16: as the indexes have it."""
    assert Wanted(words).stand_in(text) is stands
