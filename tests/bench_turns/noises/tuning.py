"""Noises of the corpus on which settings are chosen. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, bursts, dtmf, shaped, unit


def white(ms: int, random: np.random.Generator) -> Floats:
    return random.normal(size=ms * 8)


def pink(ms: int, random: np.random.Generator) -> Floats:
    return unit(shaped(ms * 8, random, lambda hz: 1 / np.sqrt(np.maximum(hz, 50))))


def hum(ms: int, random: np.random.Generator) -> Floats:
    """Mains hum with its harmonics, which a 100 Hz high-pass does not remove."""
    seconds = np.arange(ms * 8) / RATE_HZ
    parts = [np.sin(2 * np.pi * 50 * n * seconds + random.uniform(0, 6.28)) / n for n in (1, 2, 3, 5, 7, 9)]
    return unit(np.sum(parts, axis=0))


def street(ms: int, random: np.random.Generator) -> Floats:
    """Low rumble that swells as cars pass, with a horn now and then."""
    rumble = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 80))
    slow = shaped(ms * 8, random, lambda hz: (hz < 0.5).astype(float))
    swell = 10 ** (0.3 * slow / max(float(np.abs(slow).max()), 1e-9))
    sound = rumble / rumble.std() * swell
    seconds = np.arange(RATE_HZ * 2 // 5) / RATE_HZ
    horn = np.sign(np.sin(2 * np.pi * 420 * seconds)) + np.sign(np.sin(2 * np.pi * 530 * seconds))
    for at in range(int(random.integers(8, 40)) * 800, len(sound) - len(horn), 12 * RATE_HZ):
        sound[at : at + len(horn)] += 0.8 * horn
    return unit(sound)


def music(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: a chord and a melody a beat, with overtones and decay."""
    sound = np.zeros(ms * 8)
    beat = RATE_HZ // 2
    seconds = np.arange(2 * beat) / RATE_HZ
    for number, at in enumerate(range(0, len(sound), beat)):
        root = 220 * 2 ** (random.choice([0, 5, 7, 9]) / 12)
        notes = [root, root * 1.26, root * 1.5] if number % 2 == 0 else []
        notes.append(root * 2 ** (random.integers(0, 12) / 12) * 2)
        chord = sum(
            np.sin(2 * np.pi * hz * k * seconds) / k**1.5 * np.exp(-2 * k * seconds) for hz in notes for k in (1, 2, 3)
        )
        room = sound[at : at + len(seconds)]
        room += np.asarray(chord)[: len(room)] * np.minimum(seconds[: len(room)] * 100, 1)
    return unit(sound)


def _cough(random: np.random.Generator) -> Floats:
    """An explosive burst, then a hoarse tail: formant-shaped noise, twice in a row as people cough."""
    length = int(random.uniform(0.18, 0.35) * RATE_HZ)
    colour = shaped(
        length, random, lambda hz: np.exp(-(((hz - 900) / 700) ** 2)) + 0.4 * np.exp(-(((hz - 2500) / 600) ** 2))
    )
    seconds = np.arange(length) / RATE_HZ
    once = colour / colour.std() * np.exp(-seconds * 12) * np.minimum(seconds * 400, 1)
    return np.concatenate([once, np.zeros(int(random.uniform(0.1, 0.25) * RATE_HZ)), 0.7 * once])


def _knock(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(0.09 * RATE_HZ)) / RATE_HZ
    hz = random.uniform(150, 400)
    once = (np.sin(2 * np.pi * hz * seconds) + 0.5 * random.normal(size=len(seconds))) * np.exp(-seconds * 60)
    rest = np.zeros(int(0.13 * RATE_HZ))
    return np.concatenate([part for _ in range(int(random.integers(2, 5))) for part in (once, rest)])


def _click(random: np.random.Generator) -> Floats:
    burst = random.normal(size=int(random.uniform(0.002, 0.012) * RATE_HZ)) * 3
    return np.concatenate([burst, np.zeros(400)])


def coughs(ms: int, random: np.random.Generator) -> Floats:
    return unit(bursts(ms, random, _cough, 2.0))


def knocks(ms: int, random: np.random.Generator) -> Floats:
    return unit(bursts(ms, random, _knock, 2.0))


def clicks(ms: int, random: np.random.Generator) -> Floats:
    return unit(bursts(ms, random, _click, 1.0))


def fan_on(ms: int, random: np.random.Generator) -> Floats:
    """Silence, then a fan that is switched on."""
    blow = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 600) ** 2))
    return unit(blow / blow.std() * np.clip((np.arange(ms * 8) / RATE_HZ - 2) * 4, 0, 1))


TUNING_NOISES: dict[str, Noise] = {
    "white": white,
    "pink": pink,
    "hum": hum,
    "street": street,
    "music": music,
    "coughs": coughs,
    "knocks": knocks,
    "clicks": clicks,
    "dtmf": dtmf,
    "fan on": fan_on,
}
