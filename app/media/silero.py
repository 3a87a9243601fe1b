"""Silero VAD's 8 kHz network in plain numpy: how probable is speech in each 32 ms of sound?

A spectrum (an STFT as a convolution), four convolutions over it, an LSTM of 128 cells and one output neuron: about
360,000 multiplications a chunk. An inference runtime would cost the process more memory than the rest of the media
path together, so the network is spelled out; tests compare it with onnxruntime's answers on the original file. Weights:
silero-vad 6.2.3, MIT licence (`data/silero_8k.LICENSE`), extracted by `tools/extract_silero.py`.
"""

from collections import deque
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

CHUNK_SAMPLES = 256
_CONTEXT_SAMPLES = 32
_WINDOW, _HOP = 128, 64
_FRAMES = 4
_BINS = _WINDOW // 2 + 1
_CELLS = 128
_MEMORY = _CONTEXT_SAMPLES + 2 * _CELLS
_PAD_ROWS = 16  # so many rows at least: the library sums fewer of them in another order

Floats = npt.NDArray[np.float32]

# Read once a process, at import: a model loaded at a call's start would stall the other calls.
with np.load(Path(__file__).parent / "data" / "silero_8k.npz") as _file:
    _W: dict[str, Floats] = {name: np.asfortranarray(_file[name]) for name in _file.files}


class Silero:
    """One stream's network state. Feed it consecutive chunks of 256 samples."""

    def __init__(self) -> None:
        # Every buffer is allocated once; the windows below are views into them.
        self._samples = np.zeros(_CONTEXT_SAMPLES + CHUNK_SAMPLES + _CONTEXT_SAMPLES, np.float32)
        self._spectra = np.zeros((_FRAMES + 2, _BINS), np.float32)
        self._first = np.zeros((_FRAMES + 2, 128), np.float32)
        self._recurrent = np.zeros(2 * _CELLS, np.float32)
        self._memory = np.zeros(_MEMORY, np.float32)
        self._context, self._hidden, self._cells = _parts(self._memory)
        slide = np.lib.stride_tricks.sliding_window_view
        self._windows = slide(self._samples, _WINDOW)[::_HOP]
        self._spectra_windows = slide(self._spectra.reshape(-1), 3 * _BINS)[::_BINS]
        # A stride of two frames.
        self._first_windows = slide(self._first.reshape(-1), 3 * 128)[:: 2 * 128][:2]
        self._ahead: deque[Ahead] = deque()

    def reset(self) -> None:
        """Forget the stream: what comes next has nothing to do with it."""
        self._ahead.clear()
        self._memory[:] = 0

    def process(self, chunk: npt.NDArray[np.int16]) -> float:
        """Return the probability of speech in the next 256 samples (8 kHz, int16 scale)."""
        if self._ahead:
            ahead = self._ahead.popleft()
            if ahead.chunk.tobytes() == chunk.tobytes():  # a quarter of `array_equal`'s time
                self._memory[:] = ahead.memory
                return ahead.probability
            self._ahead.clear()
        samples = self._samples
        samples[:_CONTEXT_SAMPLES] = self._context
        np.multiply(chunk, 1 / 32768, out=samples[_CONTEXT_SAMPLES:-_CONTEXT_SAMPLES], casting="unsafe")
        samples[-_CONTEXT_SAMPLES:] = samples[-_CONTEXT_SAMPLES - 2 : -2 * _CONTEXT_SAMPLES - 2 : -1]
        self._context[:] = samples[CHUNK_SAMPLES : CHUNK_SAMPLES + _CONTEXT_SAMPLES]
        parts = self._windows.dot(_W["basis"])
        np.sqrt(_powers(parts), out=self._spectra[1:-1])
        _convolve(self._spectra_windows, 0, out=self._first[1:-1])
        second = _convolve(self._first_windows, 1)
        third = _convolve(second.reshape(1, -1), 2)
        recurrent = self._recurrent
        _convolve(third, 3, out=recurrent[None, :_CELLS])
        recurrent[_CELLS:] = self._hidden
        return self._remember(recurrent.dot(_W["lstm"]) + _W["lstm_bias"])

    @property
    def memory(self) -> Floats:
        """What it remembers after the chunks so far, those worked out ahead included; see `_parts`."""
        return self._ahead[-1].memory if self._ahead else self._memory

    def expect(self, ahead: "Ahead") -> None:
        """Take what was worked out elsewhere, should `process` be asked for just that next."""
        self._ahead.append(ahead)

    def _remember(self, gates: Floats) -> float:
        hidden = _step(gates, self._cells)
        self._hidden[:] = hidden
        score = float(np.maximum(hidden, 0).dot(_W["out"])) + float(_W["out_bias"][0])
        return float(1 / (1 + np.exp(-score)))


class Ahead(NamedTuple):
    """What a network is to answer for a chunk, and what it remembers then (see `Silero.memory`)."""

    chunk: npt.NDArray[np.int16]
    probability: float
    memory: Floats


def _parts(memory: Floats) -> tuple[Floats, Floats, Floats]:
    """Return what a network, or each row of many, remembers: the end of the sound, the hidden state, the cells."""
    hidden, cells = _CONTEXT_SAMPLES, _CONTEXT_SAMPLES + _CELLS
    return memory[..., :hidden], memory[..., hidden:cells], memory[..., cells:]


def _step(gates: Floats, cells: Floats) -> Floats:
    """One step of the LSTM; gates in the order input, forget, cell, output. Return what is hidden, renew `cells`."""
    sigmoid = 1 / (1 + np.exp(-gates))
    cells *= sigmoid[..., _CELLS : 2 * _CELLS]
    cells += sigmoid[..., :_CELLS] * np.tanh(gates[..., 2 * _CELLS : 3 * _CELLS])
    hidden: Floats = np.multiply(sigmoid[..., 3 * _CELLS :], np.tanh(cells), dtype=np.float32)
    return hidden


def _powers(parts: Floats) -> Floats:
    """Return the power in each bin, real parts beside imaginary ones; nothing here is near single precision's ends."""
    squares = np.square(parts)
    powers: Floats = squares[:, :_BINS]
    powers += squares[:, _BINS:]
    return powers


def _convolve(windows: Floats, layer: int, out: Floats | None = None) -> Floats:
    """Return the rectified convolution of flat windows."""
    answer = windows.dot(_W[f"kernel{layer}"])
    answer += _W[f"bias{layer}"]
    rectified: Floats = np.maximum(answer, 0, out=out)
    return rectified


def process_ahead(networks: Sequence[Silero], chunks: Sequence[npt.NDArray[np.int16]]) -> None:
    """Work out in one pass what `Silero.process` does for each network's chunk, should it be asked for it next.

    May be repeated for the chunks after these.
    """
    rows = len(networks)
    padded = -(-rows // _PAD_ROWS) * _PAD_ROWS
    samples = np.zeros((padded, _CONTEXT_SAMPLES + CHUNK_SAMPLES + _CONTEXT_SAMPLES), np.float32)
    recurrent, memory = np.zeros((padded, 2 * _CELLS), np.float32), np.zeros((padded, _MEMORY), np.float32)
    memory[:rows] = [network.memory for network in networks]
    context, before, cells = _parts(memory)
    samples[:, :_CONTEXT_SAMPLES], recurrent[:, _CELLS:] = context, before
    heard = samples[:rows, _CONTEXT_SAMPLES:-_CONTEXT_SAMPLES]
    np.multiply(np.array(chunks), 1 / 32768, out=heard, casting="unsafe")
    samples[:, -_CONTEXT_SAMPLES:] = samples[:, -_CONTEXT_SAMPLES - 2 : -2 * _CONTEXT_SAMPLES - 2 : -1]
    parts = _windows(samples, _WINDOW, _HOP, _FRAMES).dot(_W["basis"])
    spectra, first = _between(padded)
    np.sqrt(_powers(parts).reshape(padded, _FRAMES, _BINS), out=spectra[:, 1:-1])
    first[:, 1:-1] = _convolve(_windows(spectra, 3 * _BINS, _BINS, _FRAMES), 0).reshape(padded, _FRAMES, 128)
    second = _convolve(_windows(first, 3 * 128, 2 * 128, 2), 1)
    third = _convolve(second.reshape(padded, -1), 2)
    recurrent[:, :_CELLS] = _convolve(third, 3)
    hidden = _step(recurrent.dot(_W["lstm"]) + _W["lstm_bias"], cells)
    scores = np.maximum(hidden, 0).dot(_W["out"]).reshape(-1) + _W["out_bias"][0]
    probabilities: list[float] = (1 / (1 + np.exp(-scores))).tolist()
    context[:], before[:] = samples[:, CHUNK_SAMPLES : CHUNK_SAMPLES + _CONTEXT_SAMPLES], hidden
    for network, chunk, probability, remembered in zip(networks, chunks, probabilities, memory, strict=False):
        network.expect(Ahead(chunk, probability, remembered))


@cache
def _between(rows: int) -> tuple[Floats, Floats]:
    """Return what lies between two layers, silence before and behind: so large that each pass would map it anew."""
    return np.zeros((rows, _FRAMES + 2, _BINS), np.float32), np.zeros((rows, _FRAMES + 2, 128), np.float32)


def _windows(rows: Floats, length: int, hop: int, count: int) -> Floats:
    """Return `count` windows of each row, flat, one below the other."""
    flat = rows.reshape(len(rows), -1)
    row, step = flat.strides
    windows = np.lib.stride_tricks.as_strided(flat, (len(rows), count, length), (row, hop * step, step))
    return windows.reshape(-1, length)
