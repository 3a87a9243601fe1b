"""What the marks of a word weigh together."""

import numpy as np

from app.dialog.understanding.judging.weights import Weights, marks_in


def test_a_word_weighs_what_its_known_marks_do() -> None:
    """R10.2: a mark that was never met weighs nothing, and is not counted."""
    weights = Weights(["חיפה", "בחיפה"], np.array([[1, -2], [100, 5], [0, 0]], np.int8))
    rows, known = weights.word(("בחיפה", "חיפה", "@place ב"))
    assert (rows.tolist(), known) == ([101, 3], 2)
    rows, known = weights.word(("נשר",))
    assert (rows.tolist(), known) == ([0, 0], 0)


def test_small_weights_add_up_beyond_what_one_of_them_can_be() -> None:
    """R10.2: rows are held in bytes, sums are not."""
    weights = Weights(["א", "ב"], np.full((3, 1), 120, np.int8))
    assert weights.word(("א", "ב"))[0].tolist() == [240]


def test_marks_are_read_as_they_were_written() -> None:
    """R10.6: one a line."""
    assert marks_in(np.frombuffer("=\n@given name\nחיפה".encode(), np.uint8)) == ["=", "@given name", "חיפה"]
