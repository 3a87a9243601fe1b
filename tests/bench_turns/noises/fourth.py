"""Noises of the fourth corpus. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def dryer(ms: int, random: np.random.Generator) -> Floats:
    """A hair dryer: air through a nozzle, and its motor's whine."""
    air = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 2000) / 1500) ** 2)) + 0.3)
    seconds = np.arange(ms * 8) / RATE_HZ
    whine = np.sin(2 * np.pi * 760 * seconds + 2 * np.sin(2 * np.pi * 0.15 * seconds))
    return unit(air / air.std() + 0.35 * whine)


def forest(ms: int, random: np.random.Generator) -> Floats:
    """Wind in leaves: a soft slope, which breathes over seconds."""
    leaves = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 150) ** 0.6)
    slow = shaped(ms * 8, random, lambda hz: (hz < 0.3).astype(float))
    return unit(leaves / leaves.std() * 10 ** (0.12 * slow / slow.std()))


def transformer(ms: int, random: np.random.Generator) -> Floats:
    """A lamp's ballast: even harmonics of the mains, up to the voice's band, and a sizzle."""
    seconds = np.arange(ms * 8) / RATE_HZ
    buzz = sum(np.sin(2 * np.pi * 100 * n * seconds + random.uniform(0, 6.28)) / n**0.5 for n in (1, 2, 3, 4, 6, 8, 12))
    return unit(np.asarray(buzz) + 0.2 * random.normal(size=len(seconds)) * (np.sin(2 * np.pi * 100 * seconds) > 0.9))


def crossing(ms: int, random: np.random.Generator) -> Floats:
    """A crossing: engines that idle, a bus that brakes, the clicks for the blind, a siren far away."""
    idle = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 130) / 90) ** 2)) + 0.05)
    seconds = np.arange(ms * 8) / RATE_HZ
    sound = idle / idle.std() * (1 + 0.3 * np.sin(2 * np.pi * 11 * seconds))
    sound += 0.15 * np.sin(2 * np.pi * np.cumsum(700 + 250 * np.sin(2 * np.pi * 0.35 * seconds)) / RATE_HZ)
    click = np.sin(2 * np.pi * 1050 * seconds[:240]) * np.exp(-seconds[:240] * 120)
    for at in range(int(random.uniform(0, 1) * RATE_HZ), len(sound), RATE_HZ * 3 // 5):
        room = sound[at : at + len(click)]
        room += 0.8 * click[: len(room)]
    hiss = random.normal(size=2 * RATE_HZ) * np.hanning(2 * RATE_HZ)
    for at in range(int(random.uniform(2, 6) * RATE_HZ), len(sound), 9 * RATE_HZ):
        room = sound[at : at + len(hiss)]
        room += 0.7 * hiss[: len(room)]
    return unit(sound)


def waltz(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: an accordion's reeds in threes, detuned against each other, with chords on the weak beats."""
    sound = np.zeros(ms * 8)
    beat = int(0.36 * RATE_HZ)
    seconds = np.arange(2 * beat) / RATE_HZ
    swell = np.minimum(seconds * 40, 1) * np.minimum((seconds[-1] - seconds) * 15, 1)

    def reeds(hz: float) -> Floats:
        pair = sum(np.sin(2 * np.pi * f * n * seconds) / n for f in (hz, hz * 1.006) for n in (1, 2, 3, 4, 5))
        both: Floats = np.asarray(pair) * swell
        return both

    for number, at in enumerate(range(0, len(sound), beat)):
        root = 131 * 2 ** (float(random.choice([0, 5, 7])) / 12)
        chord = [root] if number % 3 == 0 else [root * 2, root * 2.52, root * 3]
        tune = root * 4 * 2 ** (float(random.choice([0, 2, 4, 7, 9])) / 12)
        room = sound[at : at + len(seconds)]
        room += (sum(0.5 * reeds(hz) for hz in chord) + reeds(tune))[: len(room)]
    return unit(sound)


def pump(ms: int, random: np.random.Generator) -> Floats:
    """A pump that starts and stops every few seconds: it runs up within half a second."""
    seconds = np.arange(ms * 8) / RATE_HZ
    run = np.clip(np.minimum(seconds % 5.5 * 2, (3 - seconds % 5.5) * 3), 0, 1)
    hum = sum(np.sin(2 * np.pi * np.cumsum(60 * n * run) / RATE_HZ) / n for n in (1, 2, 3, 4, 5))
    rush = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 900) ** 2))
    return unit((np.asarray(hum) + rush / rush.std()) * run)


def _drill(random: np.random.Generator) -> Floats:
    """A drill in the wall next door."""
    seconds = np.arange(int(random.uniform(0.6, 1.6) * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(random.uniform(130, 190) * np.minimum(seconds * 5, 1)) / RATE_HZ
    gear = sum(np.sin(phase * n) / n**0.7 for n in range(1, 16))
    drill: Floats = np.asarray(gear) + 0.8 * random.normal(size=len(seconds))
    drill *= np.minimum((seconds[-1] - seconds) * 20, 1)
    return drill


def _hiccup(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(random.uniform(0.07, 0.13) * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(random.uniform(200, 330) * (1 + 3 * seconds)) / RATE_HZ
    once: Floats = np.asarray(sum(np.sin(phase * n) / n for n in range(1, 6))) * np.hanning(len(seconds))
    return once


def _coins(random: np.random.Generator) -> Floats:
    seconds = np.arange(RATE_HZ // 8) / RATE_HZ
    ring = [
        np.sin(2 * np.pi * random.uniform(2200, 3700) * seconds) * np.exp(-seconds * 45)
        for _ in range(int(random.integers(4, 9)))
    ]
    return np.concatenate([one[: int(random.uniform(0.02, 0.12) * RATE_HZ)] for one in ring])


def _bird(random: np.random.Generator) -> Floats:
    """A parrot's shrieks: a tone that sweeps down and up, rough at its edge."""
    seconds = np.arange(int(random.uniform(0.15, 0.3) * RATE_HZ)) / RATE_HZ
    sweep = random.uniform(1400, 2600) * (1 + 0.3 * np.cos(2 * np.pi * 4 * seconds))
    once = np.sin(2 * np.pi * np.cumsum(sweep) / RATE_HZ) * (1 + 0.5 * np.sin(2 * np.pi * 70 * seconds))
    rest = np.zeros(int(random.uniform(0.1, 0.4) * RATE_HZ))
    return np.concatenate(
        [part for _ in range(int(random.integers(1, 4))) for part in (once * np.hanning(len(once)), rest)]
    )


FOURTH_NOISES: dict[str, Noise] = {
    "white": dryer,
    "pink": forest,
    "hum": transformer,
    "street": crossing,
    "music": waltz,
    "pump": pump,
    "drill": repeated(_drill, 2.5),
    "hiccups": repeated(_hiccup, 2.0),
    "coins": repeated(_coins, 1.5),
    "birds": repeated(_bird, 2.0),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
