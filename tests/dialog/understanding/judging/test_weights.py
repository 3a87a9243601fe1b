"""What the marks of a word weigh together."""

import numpy as np
import pytest

from app.dialog.understanding.judging.weights import Weights, marks_in, shipped

WEIGHTS = Weights(["חיפה", "בחיפה"], np.array([[1, -2], [100, 5], [0, 0]], np.int8))


def test_marks_weigh_what_those_that_are_known_do() -> None:
    """R10.2: a mark that was never met weighs nothing, and is not counted."""
    rows, known = WEIGHTS.together(("בחיפה", "חיפה", "@place ב"))
    assert (rows.tolist(), known) == ([101, 3], 2)
    rows, known = WEIGHTS.together(("נשר",))
    assert (rows.tolist(), known) == ([0, 0], 0)


def test_the_marks_of_words_weigh_up_word_by_word() -> None:
    """R10.2: a word without a known mark holds its place."""
    sums, before = WEIGHTS.of_words((("בחיפה", "חיפה"), ("נשר",), ("חיפה", "@place ב")))
    assert sums.tolist() == [[0, 0], [101, 3], [101, 3], [102, 1]]
    assert before == [0, 2, 2, 3]
    assert WEIGHTS.of_words(())[0].tolist() == [[0, 0]]


def test_a_long_turn_weighs_up_as_a_short_one_does() -> None:
    """R10.2: however many words are weighed at once."""
    words = (("בחיפה",), ("נשר",), ("חיפה", "בחיפה")) * 9
    sums, before = WEIGHTS.of_words(words)
    singly = [
        WEIGHTS.together(tuple(mark for marks in words[:size] for mark in marks)) for size in range(len(words) + 1)
    ]
    assert sums.tolist() == [held.tolist() for held, _ in singly]
    assert before == [count for _, count in singly]


def test_small_weights_add_up_beyond_what_one_of_them_can_be() -> None:
    """R10.2: rows are held in bytes, sums are not."""
    weights = Weights(["א", "ב"], np.array([[120], [120], [0]], np.int8))
    assert weights.together(("א", "ב"))[0].tolist() == [240]
    assert weights.of_words((("א", "ב"), ("א",)))[0].tolist() == [[0], [240], [360]]


def test_marks_are_read_as_they_were_written() -> None:
    """R10.6: one a line."""
    assert marks_in(np.frombuffer("=\n@given name\nחיפה".encode(), np.uint8)) == ["=", "@given name", "חיפה"]


def test_a_table_of_another_make_names_the_command_that_builds_it_anew() -> None:
    """R10.6, R24."""

    def refuses(content: bytes) -> None:
        raise KeyError(len(content))

    with pytest.raises(ValueError, match=r"judge.npz is of another make .* python -m tools\.it"):
        shipped("real_estate/judge.npz", refuses, "tools.it")
    assert shipped("real_estate/judge.npz", len, "tools.it") > 0
