"""Noises of the seventh corpus. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def cabin(ms: int, random: np.random.Generator) -> Floats:
    """An aeroplane's cabin: air from the nozzles over engines that beat against each other."""
    nozzles = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 1600) / 1100) ** 2)) + 0.3)
    seconds = np.arange(ms * 8) / RATE_HZ
    engines = np.sin(2 * np.pi * 118 * seconds) + np.sin(2 * np.pi * 119.3 * seconds + random.uniform(0, 6.28))
    return unit(nozzles / nozzles.std() + 0.25 * engines)


def hood(ms: int, random: np.random.Generator) -> Floats:
    """A kitchen's hood, and something that fries below it."""
    fan = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 90) ** 0.6)
    fat = shaped(ms * 8, random, lambda hz: np.minimum(hz / 2500, 1.0))
    seconds = np.arange(ms * 8) / RATE_HZ
    spits = 1 + 0.6 * np.sin(2 * np.pi * 0.31 * seconds) * np.sin(2 * np.pi * 3.7 * seconds)
    return unit(fan / fan.std() + 0.35 * spits * fat / fat.std())


def sewing(ms: int, random: np.random.Generator) -> Floats:
    """A sewing machine: stitches whose rate follows the foot, and a belt that whirs."""
    seconds = np.arange(ms * 8) / RATE_HZ
    rate = 11 + 4 * np.sin(2 * np.pi * 0.23 * seconds + random.uniform(0, 6.28))
    stitch = np.exp(-((np.cumsum(rate) / RATE_HZ % 1) * 14))
    belt = np.sin(2 * np.pi * np.cumsum(rate * 17) / RATE_HZ)
    return unit(stitch * random.normal(size=ms * 8) + 0.35 * belt)


def harbour(ms: int, random: np.random.Generator) -> Floats:
    """A harbour: water at the quay, a diesel far off, a chain that runs out, gulls, a ship's horn."""
    water = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 500) / 450) ** 2)) + 0.12)
    seconds = np.arange(ms * 8) / RATE_HZ
    sound: Floats = water / water.std() * (1 + 0.5 * np.sin(2 * np.pi * 0.27 * seconds) ** 3)
    sound += 0.4 * np.sign(np.sin(2 * np.pi * 31 * seconds)) * (0.7 + 0.3 * np.sin(2 * np.pi * 0.6 * seconds))
    chain = random.normal(size=9000) * (np.sin(2 * np.pi * 21 * seconds[:9000]) > 0.4) * np.hanning(9000)
    glide = np.cumsum(1500 - 500 * seconds[:2400] / seconds[2400]) / RATE_HZ
    gull = np.sin(2 * np.pi * glide) * np.hanning(2400) * (1 + 0.4 * np.sin(2 * np.pi * 90 * seconds[:2400]))
    horn = np.asarray(sum(np.sin(2 * np.pi * 155 * n * seconds[:12000]) / n for n in (1, 2, 3, 4))) * np.hanning(12000)
    for one, every_s, level in ((chain, 6.1, 0.7), (gull, 2.3, 0.5), (horn, 14.0, 0.8)):
        every = int(every_s * RATE_HZ)
        for at in range(int(random.uniform(0, 1) * every), len(sound), every):
            room = sound[at : at + len(one)]
            room += level * one[: len(room)]
    return unit(sound)


def lounge(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: an electric piano with tremolo, a walking bass, brushes."""
    sound, beat = np.zeros(ms * 8), int(0.44 * RATE_HZ)
    seconds = np.arange(2 * beat) / RATE_HZ
    for number, at in enumerate(range(0, len(sound), beat)):
        root = 87.3 * 2 ** (float(random.choice([0, 2, 5, 7, 10])) / 12)
        bass = np.sin(2 * np.pi * root * seconds) + 0.4 * np.sin(4 * np.pi * root * seconds)
        heard = 0.8 * bass * np.exp(-seconds * 4)
        if number % 2 == 0:
            for step in (0, 4, 7, 11):
                phase = 2 * np.pi * 2 * root * 2 ** (step / 12) * seconds
                heard += 0.4 * np.sin(phase + 1.2 * np.exp(-seconds * 8) * np.sin(7 * phase)) * np.exp(-seconds * 2)
        heard *= 1 + 0.3 * np.sin(2 * np.pi * 5.1 * seconds)
        heard += 0.15 * random.normal(size=len(seconds)) * np.exp(-((seconds - 0.22) ** 2) * 200)
        room = sound[at : at + len(seconds)]
        room += heard[: len(room)]
    return unit(sound)


def lawnmower(ms: int, random: np.random.Generator) -> Floats:
    """A lawnmower that comes and goes over a garden: strokes, and blades' wind that swells."""
    seconds = np.arange(ms * 8) / RATE_HZ
    near = 0.25 + 0.75 * np.sin(2 * np.pi * seconds / 8.3 + random.uniform(0, 6.28)) ** 2
    strokes = np.exp(-((np.cumsum(44 + 3 * near) / RATE_HZ % 1) * 6))
    blades = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 800) / 500) ** 2)))
    return unit((strokes - strokes.mean() + 0.4 * blades / blades.std()) * near)


def _yawn(random: np.random.Generator) -> Floats:
    """A breath drawn in, and let out over a tone that sinks through an open mouth."""
    drawn = 0.3 * random.normal(size=3200) * np.hanning(3200)
    seconds = np.arange(int(random.uniform(0.5, 0.9) * RATE_HZ)) / RATE_HZ
    part = seconds / seconds[-1]
    phase = 2 * np.pi * np.cumsum(random.uniform(130, 230) * (1.2 - 0.5 * part)) / RATE_HZ
    tone = np.asarray(sum(np.sin(phase * n) / n**1.4 for n in range(1, 8))) * np.hanning(len(seconds))
    return np.concatenate([drawn, tone + 0.1 * random.normal(size=len(seconds)) * np.hanning(len(seconds))])


def _shutter(random: np.random.Generator) -> Floats:
    """A shutter that is let down: slats that meet, faster and faster, and the last knock."""
    slats = np.zeros(int(random.uniform(0.5, 0.9) * RATE_HZ))
    at, gap = 0.0, random.uniform(0.06, 0.09)
    click = random.normal(size=240) * np.exp(-np.arange(240) / 40)
    while int(at * RATE_HZ) < len(slats) - len(click):
        slats[int(at * RATE_HZ) :][: len(click)] += click
        at, gap = at + gap, max(gap * 0.93, 0.012)
    knock = 2.5 * np.sin(2 * np.pi * 130 * np.arange(800) / RATE_HZ) * np.exp(-np.arange(800) / 150)
    return np.concatenate([slats, knock])


def _crow(random: np.random.Generator) -> Floats:
    """A crow: rough pulses through two formants, two or three times."""
    seconds = np.arange(int(random.uniform(0.2, 0.35) * RATE_HZ)) / RATE_HZ
    pulses = np.cumsum(random.uniform(260, 340) * (1 - 0.25 * seconds) + 25 * random.normal(size=len(seconds)))
    throat = np.sin(2 * np.pi * pulses / RATE_HZ) ** 7
    caw = (
        throat
        * (np.sin(2 * np.pi * 1150 * seconds) + 0.7 * np.sin(2 * np.pi * 1750 * seconds))
        * np.hanning(len(throat))
    )
    rest = np.zeros(int(random.uniform(0.15, 0.3) * RATE_HZ))
    return np.concatenate([part for _ in range(int(random.integers(2, 4))) for part in (caw, rest)])


def _keys(random: np.random.Generator) -> Floats:
    """A bunch of keys: short rings above most voices, crowded together."""
    sound = np.zeros(int(random.uniform(0.3, 0.7) * RATE_HZ))
    seconds = np.arange(RATE_HZ // 10) / RATE_HZ
    for _ in range(int(random.integers(8, 18))):
        ring = np.sin(2 * np.pi * random.uniform(2000, 3900) * seconds) * np.exp(-seconds * random.uniform(40, 120))
        room = sound[int(random.integers(len(sound))) :][: len(ring)]
        room += ring[: len(room)]
    return sound


SEVENTH_NOISES: dict[str, Noise] = {
    "white": cabin,
    "pink": hood,
    "hum": sewing,
    "street": harbour,
    "music": lounge,
    "lawnmower": lawnmower,
    "yawns": repeated(_yawn, 2.8),
    "shutters": repeated(_shutter, 2.4),
    "crows": repeated(_crow, 2.6),
    "keys": repeated(_keys, 1.6),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
