"""The telephone band: a 100 Hz high-pass and a 3.7 kHz low-pass, streamed without seams (R5.2).

Two second-order Butterworth sections (bilinear transform, pre-warped) are one linear system with four states `z`. For
a block of n samples its answer is linear in the samples `x` and the states before it:

    y = H x + G z        z' = B x + A z

so a block costs one small matrix product instead of n steps in Python. Matrices are made once, at import.
"""

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from app.media.codec import SAMPLE_RATE_HZ

HIGH_PASS_HZ = 100.0
LOW_PASS_HZ = 3700.0

# 10 ms. Larger blocks pay for the empty half of H, and OpenBLAS would wake its threads for them.
BLOCK = 80
_STATES = 4
_FADED = 1e-12  # in digital silence states fade into denormal numbers, on which processors are very slow

Floats = npt.NDArray[np.float64]


def _section(cutoff_hz: float, *, high: bool) -> tuple[Floats, Floats]:
    """Return a second-order Butterworth section: numerator b[0..2] and denominator a[1..2]."""
    k = math.tan(math.pi * cutoff_hz / SAMPLE_RATE_HZ)
    scale = 1 / (1 + math.sqrt(2) * k + k * k)
    b = np.array([1.0, -2.0, 1.0]) * scale if high else np.array([1.0, 2.0, 1.0]) * k * k * scale
    return b, np.array([2 * (k * k - 1), 1 - math.sqrt(2) * k + k * k]) * scale


SECTIONS = (_section(HIGH_PASS_HZ, high=True), _section(LOW_PASS_HZ, high=False))


def _step(x: float, z: Floats) -> tuple[float, Floats]:
    """Return one output sample and the next states (transposed direct form II, section after section)."""
    after = np.empty(_STATES)
    for i, (b, a) in enumerate(SECTIONS):
        y = b[0] * x + z[2 * i]
        after[2 * i] = b[1] * x - a[0] * y + z[2 * i + 1]
        after[2 * i + 1] = b[2] * x - a[1] * y
        x = y
    return x, after


def _system() -> tuple[Floats, Floats]:
    """Return the whole-block matrix [[H, G], [B, A]] and the powers A^0 .. A^BLOCK of the state matrix."""
    d, b = _step(1.0, np.zeros(_STATES))
    answers = [_step(0.0, state) for state in np.eye(_STATES)]
    c, a = np.array([y for y, _ in answers]), np.array([z for _, z in answers]).T
    powers = np.array([np.linalg.matrix_power(a, n) for n in range(BLOCK + 1)])
    impulse = np.concatenate([[d], powers[: BLOCK - 1] @ b @ c])
    matrix = np.zeros((BLOCK + _STATES, BLOCK + _STATES))
    for column in range(BLOCK):
        matrix[column:BLOCK, column] = impulse[: BLOCK - column]
        matrix[BLOCK:, column] = powers[BLOCK - 1 - column] @ b
    matrix[:BLOCK, BLOCK:] = c @ powers[:BLOCK]
    matrix[BLOCK:, BLOCK:] = powers[BLOCK]
    return matrix, powers


_MATRIX, _POWERS = _system()
_BY_COLUMN = np.asfortranarray(_MATRIX)  # with `dot` a quarter of the time that `@` takes by rows
_BY_ROW = _BY_COLUMN.T
_PAD_ROWS = 16  # so many rows at least: the library sums fewer of them in another order


class BandFilter:
    """Keep 100 Hz to 3.7 kHz of a stream of samples; state carries over from call to call."""

    def __init__(self) -> None:
        self._joined = np.zeros(BLOCK + _STATES)  # the samples of a block, then the states before it
        self._block, self.states = self._joined[:BLOCK], self._joined[BLOCK:]

    def process(self, samples: npt.NDArray[np.int16] | Floats) -> Floats:
        """Return as many filtered samples (int16 scale, float64) as were given; any number at a time."""
        output = np.empty(len(samples))
        joined, block, states = self._joined, self._block, self.states
        whole = len(samples) - len(samples) % BLOCK
        for start in range(0, whole, BLOCK):
            block[:] = samples[start : start + BLOCK]
            answer = _BY_COLUMN.dot(joined)
            output[start : start + BLOCK] = answer[:BLOCK]
            states[:] = answer[BLOCK:]
            if states.dot(states) < _FADED:  # after each block: the sizes in which samples come make no difference
                states[:] = 0.0
        rest = len(samples) - whole
        if rest:
            tail = np.asarray(samples[whole:], np.float64)
            output[whole:] = _MATRIX[:rest, :rest] @ tail + _MATRIX[:rest, BLOCK:] @ states
            states[:] = _MATRIX[BLOCK:, BLOCK - rest : BLOCK] @ tail + _POWERS[rest] @ states
            if states.dot(states) < _FADED:
                states[:] = 0.0
        return output


def filter_together(filters: Sequence[BandFilter], samples: Floats) -> None:
    """Filter whole blocks (samples of one stream a row) in place, each row by its own filter, as it would do alone."""
    rows = len(filters)
    joined = np.empty((-(-rows // _PAD_ROWS) * _PAD_ROWS, BLOCK + _STATES))
    joined[rows:] = 0.0
    for row, one in zip(joined[:, BLOCK:], filters, strict=False):
        row[:] = one.states
    for start in range(0, samples.shape[1], BLOCK):
        joined[:rows, :BLOCK] = samples[:, start : start + BLOCK]
        answer = joined.dot(_BY_ROW)
        samples[:, start : start + BLOCK] = answer[:rows, :BLOCK]
        states = answer[:, BLOCK:]
        states[np.einsum("ij,ij->i", states, states) < _FADED] = 0.0
        joined[:, BLOCK:] = states
    for row, one in zip(joined[:, BLOCK:], filters, strict=False):
        one.states[:] = row
