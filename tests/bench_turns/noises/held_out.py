"""Noises of the corpus that is held out: none of them chose a setting. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def aquarium(ms: int, random: np.random.Generator) -> Floats:
    """An aquarium beside the telephone: air through a stone, bubbles that burst, a pump."""
    air = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 2300) / 900) ** 2)) + 0.25)
    seconds = np.arange(ms * 8) / RATE_HZ
    sound: Floats = air / air.std() * (1 + 0.35 * np.sin(2 * np.pi * 6.3 * seconds)) + 0.3 * np.sin(
        2 * np.pi * 50 * seconds
    )
    drop = np.arange(320) / RATE_HZ
    bubble = np.sin(2 * np.pi * (700 + 9000 * drop) * drop) * np.exp(-drop * 90)
    for at in random.integers(0, max(len(sound) - 320, 1), ms // 70):
        sound[at : at + 320] += random.uniform(0.3, 1.2) * bubble
    return unit(sound)


def orchard(ms: int, random: np.random.Generator) -> Floats:
    """Leaves in gusts, sprinklers that beat, crickets."""
    leaves = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 200) ** 0.4)
    gusts = shaped(ms * 8, random, lambda hz: (hz < 0.7).astype(float))
    seconds = np.arange(ms * 8) / RATE_HZ
    beat = np.exp(-((seconds * 3.1 + random.uniform()) % 1) * 9) * random.normal(size=ms * 8)
    cricket = np.sin(2 * np.pi * 3600 * seconds) * (np.sin(2 * np.pi * 28 * seconds) > 0.2)
    swell = 10 ** (0.25 * gusts / max(float(np.abs(gusts).max()), 1e-9))
    return unit(leaves / leaves.std() * swell + 0.6 * beat + 0.2 * cricket)


def shaver(ms: int, random: np.random.Generator) -> Floats:
    """An electric shaver: a buzz with many overtones that sinks where it cuts."""
    seconds = np.arange(ms * 8) / RATE_HZ
    load = np.clip(np.sin(2 * np.pi * 0.4 * seconds + random.uniform(0, 6.28)), 0, 1)
    phase = 2 * np.pi * np.cumsum(103 * (1 - 0.12 * load)) / RATE_HZ
    buzz = np.asarray(sum(np.sin(phase * n + random.uniform(0, 6.28)) / n**0.6 for n in range(1, 20)))
    return unit(buzz * (1 + 0.3 * load) + 0.5 * load * random.normal(size=ms * 8))


def platform(ms: int, random: np.random.Generator) -> Floats:
    """A platform: wheels that roll in and stand, brakes, a gong before an announcement, trolleys over joints."""
    wheels = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 120) ** 0.8)
    seconds = np.arange(ms * 8) / RATE_HZ
    rolls = 0.35 + 0.65 * np.clip(np.sin(2 * np.pi * seconds / 11.7 + random.uniform(0, 6.28)), 0, 1) ** 0.5
    sound: Floats = wheels / wheels.std() * rolls
    ring = np.arange(6400) / RATE_HZ
    gong = np.concatenate([np.sin(2 * np.pi * hz * ring) * np.exp(-ring * 4) for hz in (660, 520, 415)])
    brakes = np.sin(2 * np.pi * np.cumsum(2300 + 120 * random.normal(size=8000)) / RATE_HZ) * np.hanning(8000)
    joint = np.concatenate([random.normal(size=300) * np.exp(-np.arange(300) / 60), np.zeros(700)])
    for one, every_s, level in ((gong, 13.0, 0.7), (brakes, 11.7, 0.5), (np.tile(joint, 5), 4.3, 0.9)):
        every = int(every_s * RATE_HZ)
        for at in range(int(random.uniform(0, 1) * every), len(sound), every):
            room = sound[at : at + len(one)]
            room += level * one[: len(room)]
    return unit(sound)


def oud(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: an oud that plucks through a maqam, over a frame drum."""
    sound, beat = np.zeros(ms * 8), int(0.27 * RATE_HZ)
    seconds = np.arange(4 * beat) / RATE_HZ
    steps, at_step = (0.0, 1.5, 3.5, 5.0, 7.0, 8.5, 10.0, 12.0), 3
    drum = np.sin(2 * np.pi * 95 * seconds) * np.exp(-seconds * 22)
    for number, at in enumerate(range(0, len(sound), beat)):
        at_step = int(np.clip(at_step + random.integers(-2, 3), 0, len(steps) - 1))
        hz = 147 * 2 ** (steps[at_step] / 12)
        heard = np.zeros(len(seconds))
        if random.random() < 0.8:
            for n in range(1, 9):
                wobble = 1 + 0.004 * np.sin(2 * np.pi * 5.5 * seconds)
                heard += np.sin(2 * np.pi * hz * n * wobble * seconds) / n * np.exp(-seconds * (2 + 1.3 * n))
        if number % 8 in (0, 3, 6):
            heard += 0.9 * drum
        room = sound[at : at + len(seconds)]
        room += heard[: len(room)]
    return unit(sound)


def helicopter(ms: int, random: np.random.Generator) -> Floats:
    """A helicopter that circles: blades that slap, a turbine that whines, now nearer, now farther."""
    seconds = np.arange(ms * 8) / RATE_HZ
    near = 0.15 + 0.85 * np.sin(2 * np.pi * seconds / 13.1 + random.uniform(0, 6.28)) ** 2
    slap = np.exp(-((np.cumsum(13.5 + 0.6 * near) / RATE_HZ % 1) * 8))
    low = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 260) / 220) ** 2)))
    whine = np.sin(2 * np.pi * np.cumsum(1900 + 70 * near) / RATE_HZ)
    return unit((slap * low / low.std() + 0.3 * low / low.std() + 0.12 * whine) * near)


def _giggle(random: np.random.Generator) -> Floats:
    """Laughter without words: short voiced breaths whose pitch falls from one to the next."""
    parts: list[Floats] = []
    hz = random.uniform(190, 340)
    for _ in range(int(random.integers(3, 7))):
        seconds = np.arange(int(random.uniform(0.07, 0.13) * RATE_HZ)) / RATE_HZ
        phase = 2 * np.pi * np.cumsum(hz * (1 - 0.8 * seconds)) / RATE_HZ
        tone = np.asarray(sum(np.sin(phase * n) * np.exp(-(((hz * n - 800) / 700) ** 2)) for n in range(1, 10)))
        breath = 0.25 * random.normal(size=len(seconds))
        parts += [(tone + breath) * np.hanning(len(seconds)), np.zeros(int(random.uniform(0.06, 0.12) * RATE_HZ))]
        hz *= 0.95
    return np.concatenate(parts)


def _drawer(random: np.random.Generator) -> Floats:
    """A drawer: it rolls, and knocks against its end."""
    roll = random.normal(size=int(random.uniform(0.25, 0.6) * RATE_HZ))
    roll = np.convolve(roll, np.ones(6) / 6, "same") * np.linspace(0.4, 1, len(roll))
    knock = 3 * np.sin(2 * np.pi * random.uniform(90, 180) * np.arange(700) / RATE_HZ) * np.exp(-np.arange(700) / 110)
    return np.concatenate([roll, knock])


def _duck(random: np.random.Generator) -> Floats:
    """A duck: nasal quacks, each lower and shorter than the one before."""
    parts: list[Floats] = []
    hz, length = random.uniform(210, 300), random.uniform(0.16, 0.24)
    for _ in range(int(random.integers(2, 6))):
        seconds = np.arange(int(length * RATE_HZ)) / RATE_HZ
        train = np.sin(2 * np.pi * hz * seconds + 0.8 * random.normal()) ** 9
        nose = np.sin(2 * np.pi * 1350 * seconds) + 0.6 * np.sin(2 * np.pi * 2700 * seconds)
        parts += [train * nose * np.hanning(len(seconds)), np.zeros(int(0.08 * RATE_HZ))]
        hz, length = hz * 0.93, length * 0.88
    return np.concatenate(parts)


def _tape(random: np.random.Generator) -> Floats:
    """Sticky tape torn from its roll: a rasp that rises, and a snap."""
    length = int(random.uniform(0.3, 0.8) * RATE_HZ)
    grain = random.normal(size=length) * (random.random(length) < np.linspace(0.15, 0.6, length))
    return np.concatenate([grain, 3 * random.normal(size=60)])


HELD_OUT_NOISES: dict[str, Noise] = {
    "white": aquarium,
    "pink": orchard,
    "hum": shaver,
    "street": platform,
    "music": oud,
    "helicopter": helicopter,
    "giggles": repeated(_giggle, 2.7),
    "drawers": repeated(_drawer, 2.1),
    "ducks": repeated(_duck, 2.5),
    "tapes": repeated(_tape, 1.9),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
