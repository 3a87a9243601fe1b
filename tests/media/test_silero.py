"""The neural network that tells speech from other sound."""

import json
from pathlib import Path

import numpy as np
import pytest

from app.media.silero import Silero
from tests.media.sounds import caller, noise, to_pcm, tone

CHUNK_SAMPLES = 256

ANSWERS: dict[str, list[float]] = json.loads(
    (Path(__file__).parent / "silero_answers.json").read_text(encoding="utf-8")
)


def probabilities(samples: np.ndarray[tuple[int], np.dtype[np.int16]], network: Silero | None = None) -> list[float]:
    network = network or Silero()
    starts = range(0, len(samples) - CHUNK_SAMPLES + 1, CHUNK_SAMPLES)
    return [network.process(samples[start : start + CHUNK_SAMPLES]) for start in starts]


@pytest.mark.parametrize("name", ANSWERS)
def test_the_network_answers_as_the_original_does(name: str) -> None:
    """R6.2: onnxruntime on the published file, recorded by tools/extract_silero.py, agrees to 1e-3."""
    assert probabilities(to_pcm(caller(name))) == pytest.approx(ANSWERS[name], abs=1e-3)


def test_speech_is_told_from_noise_and_tones() -> None:
    """R6.2."""
    assert max(probabilities(to_pcm(caller("w01_07")))) > 0.9
    assert max(probabilities(to_pcm(noise(2000, 2000)))) < 0.3
    assert max(probabilities(to_pcm(tone(2000, 2000)))) < 0.3


def test_a_reset_forgets_everything() -> None:
    """R6.2: two runs of sound have nothing to do with each other."""
    talk, network = to_pcm(caller("v004")), Silero()
    first = probabilities(talk, network)
    network.reset()
    assert probabilities(talk, network) == first
