"""What the trainers of the learned tables share: weights of least cost, and how a table is written (R10.6).

Nothing is drawn by chance: the same cases give the same table.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

Floats = npt.NDArray[np.float64]


def least(cost: Callable[[Floats], tuple[float, Floats]], size: int, steps: int) -> Floats:
    """Return the `size` weights of least cost, looked for from zero in so many steps; `cost` gives its slope, too."""
    options = {"maxiter": steps, "maxcor": 6, "ftol": 1e-6}
    return np.asarray(minimize(cost, np.zeros(size), jac=True, method="L-BFGS-B", options=options).x)


def fit_shares(
    matrix: csr_matrix, labels: npt.NDArray[np.int64], shares: Floats, kinds: int, penalty: float, steps: int
) -> Floats:
    """Return the weights [columns, kinds] of a multinomial logistic regression with a quadratic penalty."""
    across = matrix.T.tocsr()
    rows = np.arange(len(labels))
    shape = (matrix.shape[1], kinds)

    def cost(flat: Floats) -> tuple[float, Floats]:
        weights = flat.reshape(shape)
        odds = matrix @ weights
        odds -= odds.max(axis=1, keepdims=True)
        chances = np.exp(odds)
        chances /= chances.sum(axis=1, keepdims=True)
        total = -float(shares @ np.log(chances[rows, labels] + 1e-12)) + float(flat @ flat) * penalty / 2
        chances[rows, labels] -= 1
        slope = across @ (chances * shares[:, None]) + penalty * weights
        return total, np.asarray(slope).ravel()

    return least(cost, shape[0] * shape[1], steps).reshape(shape)


def in_bytes(weights: Floats) -> tuple[npt.NDArray[np.int8], float]:
    """Return weights as whole numbers of a byte each, and what one of them stands for."""
    widest = float(np.quantile(np.abs(weights), 0.9999))
    return np.clip(np.round(weights / widest * 127), -127, 127).astype(np.int8), widest / 127


def written(marks: Sequence[str], **held: Any) -> bytes:
    """Return a table's file: its marks and what it holds of them."""
    out = BytesIO()
    np.savez_compressed(out, marks=np.frombuffer("\n".join(marks).encode(), np.uint8), **held)
    return out.getvalue()


def written_sparse(
    marks: Sequence[str], places: npt.ArrayLike, weights: Floats, spread: float, sure: Sequence[float]
) -> bytes:
    """Return a table's file that holds only the rows of `weights`, of these `places`, that are not zero."""
    held, scale = in_bytes(weights)
    kept = np.flatnonzero(held.any(axis=1))
    at = np.asarray(places, np.int32)[kept]
    return written(marks, places=at, rows=held[kept], scale=scale * spread, sure=np.array(sure))
