"""A learned judge of the words around a value says whether it is wished for."""

import numpy as np
import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Bounds, Range, Span
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.judge import LENIENT, VERSIONS, Judge, Table
from app.dialog.understanding.judging.marks import POSITIONS, SIDE
from app.dialog.understanding.judging.names import NONE, OFFSETS, TAGS, NameTable
from app.dialog.understanding.judging.names import VERSIONS as NAME_VERSIONS


def value(start: int, end: int) -> Span[str]:
    return Span(start, end, "")


def table(weights: dict[tuple[str, int, int], int], below: tuple[float, float] = (-1.0, 1.0)) -> Table:
    """Return a table of a few weights by mark, version and position."""
    marks = sorted({mark for mark, _, _ in weights})
    rows = np.zeros((len(marks) + 1, VERSIONS, POSITIONS), np.int8)
    for (mark, version, at), weight in weights.items():
        rows[marks.index(mark), version, at] = weight
    return Table(marks, rows, 1.0, below)


def test_a_word_weighs_by_where_it_stands() -> None:
    """R10.2: "lives in" speaks against the place right after it, not against the one before."""
    weights = table({("גרה", 0, 1): -9, ("=", 0, 0): 40})
    said = normalise("בנשר גרה בחיפה")
    judge = Judge(said, Asked.AREA, {}, weights)
    assert judge.wished("area", [value(0, 1), value(2, 3)]) == [value(0, 1)]
    assert judge.left_any


def test_what_is_asked_and_known_counts_alike_in_a_short_and_in_a_long_turn() -> None:
    """R10.2: of words each counts the less the more there are."""
    long = normalise("בחיפה " + "כן " * 20)
    weights = table({("=", 0, 0): 50, ("בחיפה", 0, 0): 9, ("כנ", 0, SIDE + 5): 0})
    framed = [Judge(said, Asked.AREA, {}, table({("=", 0, 0): 50})) for said in (normalise("בחיפה"), long)]
    whole = [Judge(said, Asked.AREA, {}, weights) for said in (normalise("בחיפה"), long)]
    odds = [[judge.odds("area", value(0, 1), [0]) for judge in judges] for judges in (framed, whole)]
    assert odds[0][0] == odds[0][1] > 0
    assert odds[1][0] > odds[1][1] > odds[0][0]


def test_what_is_neither_sure_nor_out_of_the_question_is_doubted() -> None:
    """R10.2: asked back, not taken."""
    judge = Judge(normalise("בחיפה אולי"), Asked.GREETING, {}, table({("אולי", 0, SIDE + 1): 0}))
    assert judge.wished("area", [value(0, 1)]) == []
    assert judge.doubted == {"area": [value(0, 1)]}


def test_a_weight_may_hold_for_one_topic_and_for_what_was_asked() -> None:
    """R10.2: to "how many rooms" a bare number is an answer; of the budget nobody asked."""
    asked, not_asked, rooms = 1, 2, 6
    weights = table({("=", asked, 0): 5, ("=", not_asked, 0): -5, ("שלוש", rooms, 0): 2})
    judge = Judge(normalise("שלוש"), Asked.ROOMS, {}, weights)
    three = Range(0, 1, Bounds(3.0, 3.0))
    assert judge.odds("rooms", three, [0]) > judge.odds("budget", three, [0])
    assert judge.wished("budget", [three]) == []


def test_an_answer_with_hardly_a_word_around_it_is_taken() -> None:
    """R10.2: "not a million seven hundred" to the budget is read by the rules alone."""
    against = table({("חיפה", 0, 0): -9})
    assert Judge(normalise("לא חיפה"), Asked.AREA, {}, against).wished("area", [value(1, 2)]) == [value(1, 2)]
    assert Judge(normalise("לא חיפה"), Asked.ROOMS, {}, against).wished("area", [value(1, 2)]) == []


@pytest.mark.parametrize("said", ["גרתי בלוד", "עבדתי בלוד", "אחותי בלוד", "גרים בלוד"])
def test_an_answer_whose_only_other_word_tells_of_something_is_judged_all_the_same(said: str) -> None:
    """R10.2: where one lived or worked is no answer to where one seeks."""
    judge = Judge(normalise(said), Asked.AREA, {}, table({("=", 0, 0): -60}))
    assert judge.wished("area", [value(1, 2)]) == []


def test_the_lenient_jury_lets_everything_stand() -> None:
    """R10.2: a reader by itself asks nobody."""
    assert LENIENT.wished("area", [value(0, 1)]) == [value(0, 1)]


def ruled_out(start: int, end: int) -> Span[str]:
    return Span(start, end, "", against="denied")


def test_what_a_rule_speaks_against_is_taken_only_by_a_judge_who_is_sure() -> None:
    """R10.2: a wrong value costs more than one that is missed, and nothing of the kind is asked back."""
    said = normalise("חיפה או נשר ורמלה")
    weights = table({("חיפה", 0, 0): 9, ("=", 0, 0): 1}, below=(-1.0, 0.1))
    judge = Judge(said, Asked.GREETING, {}, weights)
    assert judge.wished("area", [ruled_out(0, 1), ruled_out(2, 3), value(3, 4)]) == [ruled_out(0, 1), value(3, 4)]
    assert not judge.doubted
    assert not judge.left_any
    assert LENIENT.wished("area", [ruled_out(0, 1), value(2, 3)]) == [value(2, 3)]


def test_of_one_kind_a_value_that_no_rule_speaks_against_goes_first() -> None:
    """R10.2: places may be several, a number of rooms is one."""
    said = normalise("שלוש לא ארבע")
    judge = Judge(said, Asked.GREETING, {}, table({("=", 0, 0): 60}))
    assert judge.wished("deal", [ruled_out(0, 1), value(2, 3)]) == [value(2, 3)]
    assert judge.wished("deal", [ruled_out(0, 1)]) == [ruled_out(0, 1)]


def test_a_name_that_is_none_by_the_words_around_is_something_told_all_the_same() -> None:
    """R10.2: who tells of somebody else is heard; no other judge has a say in names."""
    rows = np.zeros((2, NAME_VERSIONS, len(OFFSETS), len(TAGS)), np.int8)
    rows[0, 0, OFFSETS.index(-1), NONE], rows[0, 0, OFFSETS.index(0), NONE] = 9, 9
    heads = NameTable(["חבר"], rows, 1.0, (1.0, 3.0, 1.0))
    found = Span(1, 2, "יניב")
    judges = [Judge(normalise(said), Asked.NAME, {}, names=heads) for said in ("חבר יניב", "פה יניב")]
    assert [judge.name(frozenset(), found) for judge in judges] == [None, found]
    assert [judge.left_any for judge in judges] == [True, False]


@pytest.mark.parametrize("text", ["", "בלי כלום", "a", "חיפה " * 90])
def test_the_shipped_weights_judge_any_text_alike_each_time(text: str) -> None:
    """R10.6: deterministic, whatever was said."""
    said = normalise(f"{text} בחיפה")
    last = value(len(said) - 1, len(said))
    odds = {Judge(said, Asked.AREA, {}).odds("area", last, [last.start]) for _ in range(2)}
    assert len(odds) == 1


def test_of_several_values_the_first_is_meant_unless_another_is_clearly_likelier() -> None:
    """R10.2: "in our last house there were seven, four are enough": four."""
    said = normalise("היו שבעה מספיקים ארבעה")
    first, second = Range(1, 2, Bounds(7.0, 7.0)), Range(3, 4, Bounds(4.0, 4.0))
    known, like = table({("מספיקימ", 0, 1): 9, ("=", 0, 0): 1}), table({("=", 0, 0): 1})
    assert Judge(said, Asked.ROOMS, {}, known).likeliest("rooms", [first, second]) == second
    assert Judge(said, Asked.ROOMS, {}, like).likeliest("rooms", [first, second]) == first
    assert LENIENT.likeliest("rooms", [first, second]) == first
