"""What the corpora's noises are made with: 8 kHz, float, RMS 1 over their loud parts, from a seed."""

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

RATE_HZ = 8000

Floats = npt.NDArray[np.float64]
Noise = Callable[[int, np.random.Generator], Floats]


def unit(sound: Floats) -> Floats:
    """Scale so that the loud half of its 20 ms frames has RMS 1: bursts are as loud as what is steady."""
    frames = sound[: len(sound) // 160 * 160].reshape(-1, 160)
    powers = np.sort((frames**2).mean(axis=1))
    powers = powers[powers > powers[-1] / 1000]
    scaled: Floats = sound / np.sqrt(powers[len(powers) // 2 :].mean())
    return scaled


def shaped(samples: int, random: np.random.Generator, gain: Callable[[Floats], Floats]) -> Floats:
    """Gaussian noise with this gain over frequency (Hz)."""
    spectrum = np.fft.rfft(random.normal(size=samples))
    hz: Floats = np.fft.rfftfreq(samples, 1 / RATE_HZ).astype(np.float64)
    shaped: Floats = np.fft.irfft(spectrum * gain(hz), samples)
    return shaped


def bursts(ms: int, random: np.random.Generator, one: Callable[[np.random.Generator], Floats], gap_s: float) -> Floats:
    """One sound again and again, about `gap_s` apart."""
    sound = np.zeros(ms * 8)
    at = int(random.uniform(0.2, gap_s) * RATE_HZ)
    while at < len(sound):
        burst = one(random)
        room = sound[at : at + len(burst)]
        room += burst[: len(room)]
        at += len(burst) + int(random.uniform(0.5, 1.5) * gap_s * RATE_HZ)
    return sound


def repeated(one: Callable[[np.random.Generator], Floats], gap_s: float) -> Noise:
    """Return the noise of one sound again and again, about `gap_s` apart."""
    return lambda ms, random: unit(bursts(ms, random, one, gap_s))


_ROWS, _COLUMNS = (697, 770, 852, 941), (1209, 1336, 1477, 1633)


def _key(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(random.uniform(0.08, 0.4) * RATE_HZ)) / RATE_HZ
    row, column = random.choice(_ROWS), random.choice(_COLUMNS)
    both: Floats = np.sin(2 * np.pi * row * seconds) + np.sin(2 * np.pi * column * seconds)
    return both


def dtmf(ms: int, random: np.random.Generator) -> Floats:
    return unit(bursts(ms, random, _key, 1.0))


def babble_of(voices: Sequence[Floats], talkers: int = 6) -> Noise:
    """Many people talking in the room: each talker is a run of utterances, at a level of its own."""

    def babble(ms: int, random: np.random.Generator) -> Floats:
        sound = np.zeros(ms * 8)
        for _ in range(talkers):
            at, level = int(random.integers(-16000, 1600)), random.uniform(0.6, 1.4)
            while at < len(sound):
                voice = voices[int(random.integers(len(voices)))]
                voice = voice / voice.std() * level
                room = sound[max(at, 0) : max(at + len(voice), 0)]
                room += voice[len(voice) - len(room) :] if at < 0 else voice[: len(room)]
                at += len(voice) + int(random.integers(0, 2400))
        return unit(sound)

    return babble
