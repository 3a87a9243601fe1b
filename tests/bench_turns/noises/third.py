"""Noises of the third corpus. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def kettle(ms: int, random: np.random.Generator) -> Floats:
    """Water that comes to the boil: a hiss in the voice's own band, which grows and falls by a decibel."""
    hiss = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 1500) / 1100) ** 2)) + 0.15)
    return unit(hiss * (1 + 0.12 * np.sin(2 * np.pi * 0.2 * np.arange(ms * 8) / RATE_HZ)))


def rain(ms: int, random: np.random.Generator) -> Floats:
    """Rain on a roof: a bed, and drops."""
    bed = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 100) ** 0.35)
    drops = (random.random(ms * 8) < 60 / RATE_HZ) * random.uniform(1, 5, ms * 8)
    ring = np.exp(-np.arange(80) / 18) * np.sin(2 * np.pi * 1100 * np.arange(80) / RATE_HZ)
    return unit(bed / bed.std() + np.convolve(drops, ring)[: ms * 8])


def fridge(ms: int, random: np.random.Generator) -> Floats:
    """A compressor: harmonics of 100 Hz that beat, and a rattle."""
    seconds = np.arange(ms * 8) / RATE_HZ
    hum = sum(np.sin(2 * np.pi * (100 * n + 0.4 * n) * seconds) / n for n in range(1, 8))
    rattle = random.normal(size=len(seconds)) * (np.sin(2 * np.pi * 25 * seconds) > 0.7)
    return unit(np.asarray(hum) * (1 + 0.2 * np.sin(2 * np.pi * 0.8 * seconds)) + 0.3 * rattle)


def train(ms: int, random: np.random.Generator) -> Floats:
    """In a train: rumble, rail joints in pairs, and a brake that squeals."""
    rumble = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 180) ** 1.5))
    sound = rumble / rumble.std()
    seconds = np.arange(RATE_HZ // 8) / RATE_HZ
    joint = np.sin(2 * np.pi * 90 * seconds) * np.exp(-seconds * 30) * 3 + 0.5 * random.normal(size=len(seconds))
    for at in range(0, len(sound), int(0.9 * RATE_HZ)):
        for start in (at, at + RATE_HZ // 5):
            room = sound[start : start + len(joint)]
            room += (joint * np.exp(-seconds * 20))[: len(room)]
    squeal_s = np.arange(RATE_HZ) / RATE_HZ
    squeal = np.sin(2 * np.pi * np.cumsum(2300 + 30 * random.normal(size=RATE_HZ)) / RATE_HZ) * np.sin(np.pi * squeal_s)
    for at in range(int(random.uniform(1, 5) * RATE_HZ), len(sound), 11 * RATE_HZ):
        room = sound[at : at + RATE_HZ]
        room += 0.8 * squeal[: len(room)]
    return unit(sound)


def band(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: a clarinet's tune with vibrato, a bass, and drums."""
    sound = np.zeros(ms * 8)
    beat = int(0.4 * RATE_HZ)
    seconds = np.arange(beat) / RATE_HZ
    fade = np.minimum(seconds * 60, 1) * np.minimum((seconds[-1] - seconds) * 60, 1)
    for number, at in enumerate(range(0, len(sound), beat)):
        hz = 262 * 2 ** (random.choice([0, 2, 4, 5, 7, 9, 11]) / 12)
        phase = 2 * np.pi * hz * seconds + 0.5 * np.sin(2 * np.pi * 5.5 * seconds)
        tune = sum(np.sin(phase * n) / n for n in (1, 3, 5)) * fade
        bass = np.sin(2 * np.pi * 82 * 2 ** (number % 4 * 5 / 12) * seconds) * fade
        drum = random.normal(size=beat) * np.exp(-seconds * (90 if number % 2 else 25))
        room = sound[at : at + beat]
        room += (np.asarray(tune) + bass + 0.7 * drum)[: len(room)]
    return unit(sound)


def sea(ms: int, random: np.random.Generator) -> Floats:
    """Waves on a beach: hiss that swells within seconds."""
    wash = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 1200) ** 2))
    return unit(wash * (0.15 + np.sin(np.pi * np.arange(ms * 8) / RATE_HZ / 4) ** 4))


def _hammer(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(0.15 * RATE_HZ)) / RATE_HZ
    hz = random.uniform(600, 1400)
    once = (np.sin(2 * np.pi * hz * seconds) + np.sin(2 * np.pi * 2.76 * hz * seconds)) * np.exp(-seconds * 35)
    rest = np.zeros(int(random.uniform(0.2, 0.4) * RATE_HZ))
    return np.concatenate([part for _ in range(int(random.integers(2, 6))) for part in (once, rest)])


def _sniff(random: np.random.Generator) -> Floats:
    length = int(random.uniform(0.2, 0.45) * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    breath = shaped(length, random, lambda hz: np.exp(-(((hz - 1800) / 900) ** 2)))
    once: Floats = breath / breath.std() * np.sin(np.pi * seconds / seconds[-1]) ** 2
    return once


def _plate(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(0.25 * RATE_HZ)) / RATE_HZ
    tones = sum(np.sin(2 * np.pi * random.uniform(900, 3500) * seconds) * np.exp(-seconds * 18) for _ in range(5))
    return np.asarray(tones)


def _dog(random: np.random.Generator) -> Floats:
    """A bark: pulses at a falling rate through two formants, two or three times."""
    seconds = np.arange(int(0.16 * RATE_HZ)) / RATE_HZ
    phase = np.cumsum(random.uniform(380, 520) * (1 - 1.5 * seconds)) / RATE_HZ
    rough = np.sign(np.sin(2 * np.pi * phase)) + 0.8 * random.normal(size=len(seconds))
    once = np.convolve(rough, np.exp(-np.arange(40) / 10) * np.cos(2 * np.pi * 0.1 * np.arange(40)))[: len(seconds)]
    once *= np.hanning(len(seconds))
    rest = np.zeros(int(random.uniform(0.12, 0.3) * RATE_HZ))
    return np.concatenate([part for _ in range(int(random.integers(2, 4))) for part in (once, rest)])


THIRD_NOISES: dict[str, Noise] = {
    "white": kettle,
    "pink": rain,
    "hum": fridge,
    "street": train,
    "music": band,
    "sea": sea,
    "hammer": repeated(_hammer, 2.0),
    "sniffs": repeated(_sniff, 2.0),
    "plates": repeated(_plate, 1.5),
    "dogs": repeated(_dog, 2.5),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
