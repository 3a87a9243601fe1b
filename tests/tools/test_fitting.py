"""Weights of least cost are found, and a table that is written is read again."""

import numpy as np
from scipy.sparse import csr_matrix

from app.dialog.understanding.judging.weights import marks_in, read_sparse
from tools.fitting import Floats, fit_shares, in_bytes, least, written_sparse


def test_the_weights_of_least_cost_are_found() -> None:
    """R10.6: the same each time."""
    aim = np.array([3.0, -1.0])

    def cost(weights: Floats) -> tuple[float, Floats]:
        return float(((weights - aim) ** 2).sum()), 2 * (weights - aim)

    assert np.allclose(least(cost, 2, 50), aim, atol=1e-3)
    assert (least(cost, 2, 50) == least(cost, 2, 50)).all()


def test_shares_follow_the_labels_and_what_each_case_weighs() -> None:
    """R10.2: of two that look alike the heavier one decides."""
    heard = csr_matrix(np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]))
    weights = fit_shares(heard, np.array([0, 1, 0]), np.array([1.0, 5.0, 1.0]), 2, 0.1, 50)
    assert weights[0].argmax() == 0
    assert weights[1].argmax() == 1


def test_weights_fit_into_bytes_by_a_scale() -> None:
    """R10.6: the widest ones reach as far as a byte does."""
    held, scale = in_bytes(np.array([0.0, 1.0, -2.0]))
    assert held.dtype == np.int8
    assert np.allclose(held * scale, [0.0, 1.0, -2.0], atol=0.02)


def test_a_table_that_is_written_is_read_again() -> None:
    """R10.6: rows that are zero are not kept, the one of a mark unknown is added."""
    content = written_sparse(["a", "b"], [1, 2], np.array([[4.0, 0.0], [0.0, 0.0]]), 0.5, (1.0, 2.0))
    marks, rows, scale, sure = read_sparse(content, 2, 2)
    assert marks == ["a", "b"]
    assert np.allclose(rows[0, 1] * scale, [2.0, 0.0], atol=0.05)
    assert not rows[1:].any()
    assert sure == [1.0, 2.0]
    assert marks_in(np.frombuffer(b"a", np.uint8)) == ["a"]
