"""Noises of the fifth corpus. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def shower(ms: int, random: np.random.Generator) -> Floats:
    """A shower: a hiss that is higher than a voice, and drops that hit the floor."""
    water = shaped(ms * 8, random, lambda hz: np.minimum(hz / 1800, 1.0) + 0.1)
    drops = (random.random(ms * 8) < 0.004) * random.normal(size=ms * 8)
    return unit(water / water.std() + 6 * np.convolve(drops, np.exp(-np.arange(40) / 8), "same"))


def sea(ms: int, random: np.random.Generator) -> Floats:
    """Waves on a beach: each rises over three seconds, breaks and runs out."""
    surf = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 120) ** 0.5)
    phase = (np.arange(ms * 8) / RATE_HZ / 6.5 + random.uniform(0, 1)) % 1
    return unit(surf / surf.std() * (0.35 + np.where(phase < 0.5, phase * 2, (1 - phase) * 2) ** 2))


def fridge(ms: int, random: np.random.Generator) -> Floats:
    """A compressor: odd harmonics that beat slowly, and a rattle with each turn."""
    seconds = np.arange(ms * 8) / RATE_HZ
    turns = 2 * np.pi * np.cumsum(49.5 + 0.4 * np.sin(2 * np.pi * 0.2 * seconds)) / RATE_HZ
    tone = np.asarray(sum(np.sin(turns * n + random.uniform(0, 6.28)) / n**0.8 for n in (2, 3, 5, 7, 11)))
    return unit(tone + 0.5 * random.normal(size=len(seconds)) * (np.sin(turns) > 0.8))


def tram(ms: int, random: np.random.Generator) -> Floats:
    """A tram stop: rails that sing, a bell, doors that hiss, people's steps."""
    rumble = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 200) / 130) ** 2)) + 0.08)
    seconds = np.arange(ms * 8) / RATE_HZ
    sound = rumble / rumble.std() * (1 + 0.5 * np.sin(2 * np.pi * 0.11 * seconds))
    sound += 0.2 * np.sin(2 * np.pi * np.cumsum(1900 + 120 * np.sin(2 * np.pi * 0.7 * seconds)) / RATE_HZ)
    bell = np.asarray(sum(np.sin(2 * np.pi * hz * seconds[:6000]) for hz in (870, 1320, 2310)))
    bell *= np.exp(-seconds[:6000] * 6)
    doors = random.normal(size=RATE_HZ) * np.hanning(RATE_HZ)
    step = random.normal(size=400) * np.exp(-np.arange(400) / 60)
    for one, every, level in ((bell, 7 * RATE_HZ, 0.5), (doors, 11 * RATE_HZ, 0.8), (step, RATE_HZ * 11 // 20, 0.9)):
        for at in range(int(random.uniform(0, 1) * every), len(sound), every):
            room = sound[at : at + len(one)]
            room += level * one[: len(room)]
    return unit(sound)


def guitar(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: plucked strings in broken chords, each a burst that runs round a damped loop."""
    sound, step = np.zeros(ms * 8), int(0.21 * RATE_HZ)
    root = 110.0
    for number, at in enumerate(range(0, len(sound), step)):
        if number % 8 == 0:
            root = 98 * 2 ** (float(random.choice([0, 3, 5, 7])) / 12)
        hz = root * (1, 1.5, 2, 2.52, 3, 2.52, 2, 1.5)[number % 8]
        seconds = np.arange(4 * step) / RATE_HZ
        string = sum(np.sin(2 * np.pi * hz * n * seconds) / n * np.exp(-seconds * (2 + n)) for n in range(1, 9))
        room = sound[at : at + len(seconds)]
        room += np.asarray(string)[: len(room)]
    return unit(sound)


def lift(ms: int, random: np.random.Generator) -> Floats:
    """A lift's motor, which runs for four seconds in nine; its pitch slides up and down."""
    seconds = np.arange(ms * 8) / RATE_HZ
    run = np.clip(np.minimum(seconds % 9, 4 - seconds % 9) * 2, 0, 1)
    phase = 2 * np.pi * np.cumsum(220 * run) / RATE_HZ
    wind = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 500) ** 2))
    return unit((np.sin(phase) + 0.5 * np.sin(3 * phase) + wind / wind.std()) * run)


def _sneeze(random: np.random.Generator) -> Floats:
    """A breath drawn in, then the burst."""
    drawn = 0.25 * random.normal(size=2400) * np.linspace(0, 1, 2400)
    length = int(random.uniform(0.2, 0.35) * RATE_HZ)
    burst = shaped(length, random, lambda hz: np.exp(-(((hz - 1700) / 900) ** 2)) + 0.15)
    return np.concatenate([drawn, burst / burst.std() * np.exp(-np.arange(length) / 700)])


def _cutlery(random: np.random.Generator) -> Floats:
    """A spoon put down on a plate: two inharmonic rings."""
    seconds = np.arange(RATE_HZ // 5) / RATE_HZ
    parts = [random.uniform(900, 3600) for _ in range(6)]
    ring: Floats = np.asarray(sum(np.sin(2 * np.pi * hz * seconds) for hz in parts)) * np.exp(-seconds * 30)
    return np.concatenate([ring[: int(random.integers(400, 1200))], ring])


def _bark(random: np.random.Generator) -> Floats:
    """A small dog: a rough tone that falls, two to four times."""
    seconds = np.arange(int(random.uniform(0.09, 0.16) * RATE_HZ)) / RATE_HZ
    phase = 2 * np.pi * np.cumsum(random.uniform(500, 800) * (1.2 - 3 * seconds)) / RATE_HZ
    once = np.asarray(sum(np.sin(phase * n) / n**0.5 for n in range(1, 5)))
    once = (once + 0.7 * random.normal(size=len(seconds))) * np.hanning(len(seconds))
    rest = np.zeros(int(random.uniform(0.12, 0.3) * RATE_HZ))
    return np.concatenate([part for _ in range(int(random.integers(2, 5))) for part in (once, rest)])


def _stapler(random: np.random.Generator) -> Floats:
    click = random.normal(size=600) * np.exp(-np.arange(600) / 40)
    return np.concatenate([click, np.zeros(int(random.integers(500, 1500))), 0.6 * click])


FIFTH_NOISES: dict[str, Noise] = {
    "white": shower,
    "pink": sea,
    "hum": fridge,
    "street": tram,
    "music": guitar,
    "lift": lift,
    "sneezes": repeated(_sneeze, 2.2),
    "cutlery": repeated(_cutlery, 1.2),
    "barks": repeated(_bark, 2.5),
    "staplers": repeated(_stapler, 1.0),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
