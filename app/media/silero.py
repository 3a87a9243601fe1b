"""Silero VAD's 8 kHz network in plain numpy: how probable is speech in each 32 ms of sound?

A spectrum (an STFT as a convolution), four convolutions over it, an LSTM of 128 cells and one output neuron: about
360,000 multiplications a chunk. An inference runtime would cost the process more memory than the rest of the media
path together, so the network is spelled out; tests compare it with onnxruntime's answers on the original file. Weights:
silero-vad 6.2.3, MIT licence (`data/silero_8k.LICENSE`), extracted by `tools/extract_silero.py`.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt

CHUNK_SAMPLES = 256
_CONTEXT_SAMPLES = 32
_WINDOW, _HOP = 128, 64
_FRAMES = 4
_BINS = _WINDOW // 2 + 1
_CELLS = 128

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
        self._cells = np.zeros(_CELLS, np.float32)
        slide = np.lib.stride_tricks.sliding_window_view
        self._windows = slide(self._samples, _WINDOW)[::_HOP]
        self._spectra_windows = slide(self._spectra.reshape(-1), 3 * _BINS)[::_BINS]
        # A stride of two frames.
        self._first_windows = slide(self._first.reshape(-1), 3 * 128)[:: 2 * 128][:2]

    def reset(self) -> None:
        """Forget the stream: what comes next has nothing to do with it."""
        self._samples[:] = 0
        self._recurrent[:] = 0
        self._cells[:] = 0

    def process(self, chunk: npt.NDArray[np.int16]) -> float:
        """Return the probability of speech in the next 256 samples (8 kHz, int16 scale)."""
        samples = self._samples
        samples[:_CONTEXT_SAMPLES] = samples[CHUNK_SAMPLES : CHUNK_SAMPLES + _CONTEXT_SAMPLES]
        np.multiply(chunk, 1 / 32768, out=samples[_CONTEXT_SAMPLES:-_CONTEXT_SAMPLES], casting="unsafe")
        samples[-_CONTEXT_SAMPLES:] = samples[-_CONTEXT_SAMPLES - 2 : -2 * _CONTEXT_SAMPLES - 2 : -1]
        parts = self._windows.dot(_W["basis"])
        np.hypot(parts[:, :_BINS], parts[:, _BINS:], out=self._spectra[1:-1])
        _convolve(self._spectra_windows, 0, out=self._first[1:-1])
        second = _convolve(self._first_windows, 1)
        third = _convolve(second.reshape(1, -1), 2)
        recurrent = self._recurrent
        _convolve(third, 3, out=recurrent[None, :_CELLS])
        return self._remember(recurrent.dot(_W["lstm"]) + _W["lstm_bias"])

    def _remember(self, gates: Floats) -> float:
        """One step of the LSTM; gates in the order input, forget, cell, output."""
        cells = self._cells
        sigmoid = 1 / (1 + np.exp(-gates))
        cells *= sigmoid[_CELLS : 2 * _CELLS]
        cells += sigmoid[:_CELLS] * np.tanh(gates[2 * _CELLS : 3 * _CELLS])
        hidden = sigmoid[3 * _CELLS :] * np.tanh(cells)
        self._recurrent[_CELLS:] = hidden
        score = float(np.maximum(hidden, 0).dot(_W["out"])) + float(_W["out_bias"][0])
        return float(1 / (1 + np.exp(-score)))


def _convolve(windows: Floats, layer: int, out: Floats | None = None) -> Floats:
    """Return the rectified convolution of flat windows."""
    answer = windows.dot(_W[f"kernel{layer}"])
    answer += _W[f"bias{layer}"]
    rectified: Floats = np.maximum(answer, 0, out=out)
    return rectified
