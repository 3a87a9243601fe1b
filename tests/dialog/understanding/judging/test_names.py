"""A learned second opinion on the caller's name overrules the rules only where it is sure."""

from io import BytesIO

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.judging.names import (
    BEGINS,
    GOES_ON,
    MOST_WORDS,
    NONE,
    OFFSETS,
    TAGS,
    UNSURE,
    VERSIONS,
    NameTable,
    judged_name,
    likeliest,
    may_name,
    name_marks,
    versions,
)

HERE, BEFORE = OFFSETS.index(0), OFFSETS.index(-1)


def table(weights: dict[tuple[str, int, int], int], sure: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NameTable:
    """Return a table of a few weights by mark, offset and tag, whatever was asked."""
    marks = sorted({mark for mark, _, _ in weights})
    rows = np.zeros((len(marks) + 1, VERSIONS, len(OFFSETS), len(TAGS)), np.int8)
    for (mark, offset, tag), weight in weights.items():
        rows[marks.index(mark), 0, offset, tag] = weight
    return NameTable(marks, rows, 1.0, sure)


def named(said: str, weights: NameTable, by_rules: Span[str] | None = None, asked: Asked = Asked.NAME) -> str | None:
    name = judged_name(normalise(said), asked, "", frozenset(), by_rules, weights)
    return None if name is None else name.value


def test_a_name_begins_where_the_words_before_say_so_and_goes_on() -> None:
    """R10.2: "written down it says" introduces a name that no list of cues has."""
    weights = table({("כתוב", BEFORE, BEGINS): 9, ("=edge", 5, NONE): 0, ("=rules False", HERE, NONE): 2})
    assert named("בתעודה כתוב ניקולאי שטרן", weights) == "ניקולאי"
    further = table({("כתוב", BEFORE, BEGINS): 9, ("=last", HERE, GOES_ON): 9, ("=rules False", HERE, NONE): 2})
    assert named("בתעודה כתוב ניקולאי שטרן", further) == "ניקולאי שטרן"


def test_the_rules_are_overruled_from_a_limit_on_of_its_own_for_each_case() -> None:
    """R10.2: where they found none, to take theirs away, and to change it."""
    likely = {("=^די", HERE, BEGINS): 5, ("=^טל", HERE, NONE): 5}
    found = Span(0, 1, "טלי")
    assert named("טלי דינה", table(likely, (1.0, 1.0, 1.0)), found) == "דינה"
    assert named("טלי דינה", table(likely, (1.0, 1.0, 99.0)), found) == "טלי"
    assert named("טלי דינה", table(likely, (99.0, 1.0, 1.0))) is None
    none = {("=^טל", HERE, NONE): 5, ("=^די", HERE, NONE): 5}
    assert named("טלי דינה", table(none, (1.0, 1.0, 1.0)), found) is None
    assert named("טלי דינה", table(none, (1.0, 99.0, 1.0)), found) == "טלי"


def test_a_reading_of_the_rules_that_is_the_likeliest_stays_as_they_wrote_it() -> None:
    """R10.2: they take a prefix off that the head knows nothing of."""
    weights = table({("=^לד", HERE, BEGINS): 9})
    assert named("לדורית", weights, Span(0, 1, "דורית")) == "דורית"


def test_a_greeting_is_nobody_s_name() -> None:
    """R10.4: many are called Shalom, and more say it."""
    weights = table({("=^של", HERE, BEGINS): 9, ("=^דו", HERE, BEGINS): 5})
    assert named("שלום", weights) is None
    assert named("דוד", weights) == "דוד"


def test_it_is_looked_for_where_one_was_asked_for_or_a_word_is_one() -> None:
    """R10.2: a turn about rooms costs nothing."""
    assert may_name(normalise("טקלה"), Asked.NAME, None)
    assert may_name(normalise("פה דוד"), Asked.GREETING, None)
    assert not may_name(normalise("שלושה חדרים"), Asked.ROOMS, None)
    assert may_name(normalise("שלושה חדרים"), Asked.ROOMS, Span(0, 1, ""))
    assert not may_name(normalise(""), Asked.NAME, None)
    assert not may_name(normalise("דוד " * LONG_SPEECH), Asked.NAME, None)


def test_the_marks_say_what_a_word_looks_like_and_what_the_rules_say() -> None:
    """R10.2."""
    said = normalise("אני דוד לוינסקי, דוד")
    marks = name_marks(said, Asked.NAME, "דוד כהן", {2}, Span(1, 2, "דוד"))
    assert {"=asked name", "=rules begin True", "=known", "=comes again", "=borne 4"} <= set(marks[1])
    assert {"=סקי$", "=^לו", "=after the rules' name", "=claimed"} <= set(marks[2])
    assert {"=comma", "=again", "=last"} <= set(marks[3])
    assert "=first" in marks[0]


def test_what_was_asked_chooses_the_weights() -> None:
    """R10.2."""
    assert len({versions(asked) for asked in (Asked.NAME, Asked.GREETING, Asked.ROOMS)}) == 3
    assert versions(Asked.ROOMS) == versions(Asked.BUDGET)


def test_the_likeliest_name_is_none_when_no_word_is_likelier_one() -> None:
    """R10.2."""
    assert likeliest(np.array([[0, -1, -1], [0, -2, 3]], np.float32)) == (2.0, 0, 2)
    assert likeliest(np.array([[0, -1, -1], [0, -2, 0]], np.float32)) == (0.0, 0, 0)


def test_a_table_is_read_as_it_was_written() -> None:
    """R10.2: only its rows that are not zero are kept."""
    out = BytesIO()
    place = (VERSIONS + 0) * len(OFFSETS) + HERE
    np.savez_compressed(
        out,
        marks=np.frombuffer("א\n=last".encode(), np.uint8),
        places=np.array([place], np.int32),
        rows=np.array([[0, 7, 0]], np.int8),
        scale=np.array(1.0),
        sure=np.array([1.0, 1.0, 1.0]),
    )
    assert named("מיש", NameTable.loads(out.getvalue())) == "מיש"


@pytest.mark.parametrize("text", ["", "בלי כלום", "a", "דוד " * 90])
def test_the_shipped_head_names_anybody_alike_each_time(text: str) -> None:
    """R10.6: deterministic, whatever was said; and one that knows nothing lets the rules decide."""
    said = normalise(text)
    assert len({judged_name(said, Asked.NAME, "", frozenset(), None) for _ in range(2)}) == 1
    assert judged_name(said, Asked.NAME, "", frozenset(), None, UNSURE) is None


@given(st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), max_size=9))
def test_the_likeliest_name_is_the_best_of_all_that_are_short_enough(words: list[tuple[int, int]]) -> None:
    """R10.2: one word or up to four in a row; of equals the later, longer one."""
    odds = np.array([(0, begins, goes_on) for begins, goes_on in words], np.float32).reshape(-1, 3)
    every = [
        (float(words[start][0] + sum(goes_on for _, goes_on in words[start + 1 : end])), start, end)
        for start in range(len(words))
        for end in range(start + 1, min(start + MOST_WORDS, len(words)) + 1)
    ]
    assert likeliest(odds) == max([(0.0, 0, 0), *every])
