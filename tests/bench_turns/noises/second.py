"""Noises of the second corpus: other sounds than those that settings are chosen on, and the same made otherwise.

8 kHz, float, RMS 1 over their loud parts, from a seed.
"""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def brown(ms: int, random: np.random.Generator) -> Floats:
    """A car's cabin: nearly all of it deep."""
    return unit(shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 60)))


def air(ms: int, random: np.random.Generator) -> Floats:
    """Air conditioning: a broad hiss with a bump, and a fan's hum that wavers."""
    hiss = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 700) / 900) ** 2)) + 0.2)
    seconds = np.arange(ms * 8) / RATE_HZ
    return unit(hiss / hiss.std() + 0.5 * np.sin(2 * np.pi * 118 * seconds + np.sin(2 * np.pi * 0.3 * seconds)))


def wind(ms: int, random: np.random.Generator) -> Floats:
    """Gusts into the microphone: deep noise that comes and goes within a second."""
    low = shaped(ms * 8, random, lambda hz: 1 / (1 + (hz / 250) ** 2))
    slow = shaped(ms * 8, random, lambda hz: (hz < 1.5).astype(float))
    return unit(low / low.std() * 10 ** (0.5 * slow / slow.std()))


def avenue(ms: int, random: np.random.Generator) -> Floats:
    """Traffic: a bed of noise, motorcycles that pass with falling pitch, short horns."""
    bed = shaped(ms * 8, random, lambda hz: 1 / (1 + hz / 300))
    sound = bed / bed.std()
    at = int(random.uniform(1, 4) * RATE_HZ)
    while at < len(sound):
        seconds = np.arange(int(random.uniform(1.5, 3) * RATE_HZ)) / RATE_HZ
        phase = (
            2 * np.pi * np.cumsum(random.uniform(90, 140) * (1 - 0.1 * np.tanh(seconds - seconds[-1] / 2))) / RATE_HZ
        )
        engine = sum(np.sin(phase * k + k) / k for k in range(1, 12)) * np.sin(np.pi * seconds / seconds[-1]) ** 2
        horn = 0.7 * np.sign(np.sin(2 * np.pi * random.uniform(330, 480) * seconds[: RATE_HZ // 4]))
        for start, one in ((at, 1.5 * np.asarray(engine)), (at + 3 * RATE_HZ, horn)):
            room = sound[start : start + len(one)]
            room += one[: len(room)]
        at += int(random.uniform(4, 8) * RATE_HZ)
    return unit(sound)


def organ(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: a slow arpeggio of plucked strings (Karplus-Strong) over an organ with tremolo."""
    seconds = np.arange(ms * 8) / RATE_HZ
    pad = sum(np.sin(2 * np.pi * hz * seconds) for hz in (196.0, 247.0, 294.0, 392.0))
    sound = 0.3 * np.asarray(pad) * (1 + 0.3 * np.sin(2 * np.pi * 5 * seconds))
    for at in range(0, len(sound), int(0.3 * RATE_HZ)):
        string = random.normal(size=int(RATE_HZ / (196 * 2 ** (random.choice([0, 4, 7, 12, 16]) / 12))))
        pluck = np.empty(RATE_HZ)
        for start in range(0, RATE_HZ, len(string)):
            room = pluck[start : start + len(string)]
            room[:] = string[: len(room)]
            string = 0.5 * (string + np.roll(string, 1))
        room = sound[at : at + RATE_HZ]
        room += pluck[: len(room)]
    return unit(sound)


def ringing(ms: int, random: np.random.Generator) -> Floats:
    """Another telephone rings in the room: 400 Hz, a second on, three off; then a melody's beeps."""
    seconds = np.arange(ms * 8) / RATE_HZ
    ring = np.sin(2 * np.pi * 400 * seconds) * (seconds % 4 < 1)
    beep = np.sin(2 * np.pi * 1300 * seconds) * ((seconds % 4 > 2) & (seconds % 0.25 < 0.1))
    return unit(ring + 0.8 * beep + 0.001 * random.normal(size=len(seconds)))


def _sneeze(random: np.random.Generator) -> Floats:
    length = int(random.uniform(0.3, 0.5) * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    hiss = shaped(length, random, lambda hz: np.minimum(hz / 1500, 1))
    once: Floats = hiss / hiss.std() * np.minimum(seconds * 30, 1) * np.exp(-seconds * 7)
    return once


def _throat(random: np.random.Generator) -> Floats:
    """Clearing the throat: rough pulses at an irregular rate through one formant, under breath."""
    length = int(random.uniform(0.25, 0.45) * RATE_HZ)
    pulses = (random.random(length) < random.uniform(60, 90) / RATE_HZ).astype(float)
    ring = np.exp(-np.arange(160) / 25) * np.cos(2 * np.pi * 500 * np.arange(160) / RATE_HZ)
    rough = np.convolve(pulses, ring)[:length] + 0.3 * random.normal(size=length)
    rough *= np.hanning(length)
    return np.concatenate([rough, np.zeros(800), 0.6 * rough])


def _door(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(0.4 * RATE_HZ)) / RATE_HZ
    thud = np.sin(2 * np.pi * random.uniform(60, 110) * seconds) * np.exp(-seconds * 14)
    return 2 * thud + random.normal(size=len(seconds)) * np.exp(-seconds * 35)


def _tap(random: np.random.Generator) -> Floats:
    seconds = np.arange(int(0.03 * RATE_HZ)) / RATE_HZ
    tap = random.normal(size=len(seconds)) * np.exp(-seconds * 250)
    rest = [np.zeros(int(random.uniform(0.06, 0.2) * RATE_HZ)) for _ in range(8)]
    return np.concatenate([part for gap in rest for part in (tap * random.uniform(0.4, 1), gap)])


SECOND_NOISES: dict[str, Noise] = {
    "white": air,
    "pink": brown,
    "hum": brown,
    "street": avenue,
    "music": organ,
    "wind": wind,
    "ringing": ringing,
    "sneezes": repeated(_sneeze, 2.5),
    "throats": repeated(_throat, 2.5),
    "doors": repeated(_door, 2.0),
    "typing": repeated(_tap, 1.5),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
