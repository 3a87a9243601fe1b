"""Noises of the sixth corpus. 8 kHz, float, RMS 1 over their loud parts."""

import numpy as np

from tests.bench_turns.noises.sounds import RATE_HZ, Floats, Noise, dtmf, repeated, shaped, unit


def _mixed(sound: Floats, one: Floats, starts: range, level: float) -> None:
    """Add a sound again and again where it starts."""
    for at in starts:
        room = sound[at : at + len(one)]
        room += level * one[: len(room)]


def vacuum(ms: int, random: np.random.Generator) -> Floats:
    """A vacuum cleaner: a roar, and a turbine whose pitch gives way as the brush meets the carpet."""
    roar = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 1100) / 1300) ** 2)) + 0.25)
    seconds = np.arange(ms * 8) / RATE_HZ
    pitch = 410 + 25 * np.sin(2 * np.pi * 0.45 * seconds + random.uniform(0, 6.28))
    turbine = sum(np.sin(2 * np.pi * n * np.cumsum(pitch) / RATE_HZ) / n for n in (1, 2, 3))
    return unit(roar / roar.std() + 0.4 * np.asarray(turbine))


def motorway(ms: int, random: np.random.Generator) -> Floats:
    """A car at speed with a window ajar: tyres below, a flutter of air above."""
    tyres = shaped(ms * 8, random, lambda hz: 1 / np.maximum(hz, 70) ** 0.8)
    flutter = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 600) / 350) ** 2)))
    seconds = np.arange(ms * 8) / RATE_HZ
    beat = 1 + 0.35 * np.sin(2 * np.pi * 9 * seconds)
    return unit(tyres / tyres.std() + 0.5 * beat * flutter / flutter.std())


def generator(ms: int, random: np.random.Generator) -> Floats:
    """A generator behind a kiosk: firing strokes, uneven, through an exhaust."""
    seconds = np.arange(ms * 8) / RATE_HZ
    stroke = np.cumsum(26 + 0.8 * np.sin(2 * np.pi * 0.9 * seconds)) / RATE_HZ
    firing = np.exp(-((stroke % 1) * 9)) * (1 + 0.25 * np.sin(np.pi * np.floor(stroke)))
    exhaust = np.exp(-np.arange(120) / 30) * np.sin(2 * np.pi * 190 * np.arange(120) / RATE_HZ)
    return unit(np.convolve(firing, exhaust)[: ms * 8] + 0.15 * random.normal(size=ms * 8))


def market(ms: int, random: np.random.Generator) -> Floats:
    """A market street without words: carts on stones, a reversing lorry's beeps, crates put down, pigeons' wings."""
    ground = shaped(ms * 8, random, lambda hz: np.exp(-(((hz - 350) / 300) ** 2)) + 0.1)
    seconds = np.arange(ms * 8) / RATE_HZ
    sound: Floats = ground / ground.std() * (1 + 0.4 * np.sin(2 * np.pi * 0.17 * seconds))
    stone = random.normal(size=200) * np.exp(-np.arange(200) / 30)
    beep = np.sin(2 * np.pi * 1250 * seconds[:4000]) * np.minimum(seconds[:4000] * 200, 1)
    crate = random.normal(size=1600) * np.exp(-np.arange(1600) / 250)
    wings = random.normal(size=3200) * np.hanning(3200) * (np.sin(2 * np.pi * 12 * seconds[:3200]) > 0)
    for one, every_s, level in ((stone, 0.23, 0.8), (beep, 1.1, 0.3), (crate, 4.3, 0.9), (wings, 8.0, 0.7)):
        every = int(every_s * RATE_HZ)
        _mixed(sound, one, range(int(random.uniform(0, 1) * every), len(sound), every), level)
    return unit(sound)


def marimba(ms: int, random: np.random.Generator) -> Floats:
    """Music on hold: wooden bars that ring at one and four times their pitch, over a held string chord."""
    sound, step = np.zeros(ms * 8), int(0.17 * RATE_HZ)
    seconds = np.arange(3 * step) / RATE_HZ
    long = np.arange(ms * 8) / RATE_HZ
    for hz in (147.0, 185.0, 220.0):
        sound += 0.25 * sum(
            np.sin(2 * np.pi * hz * n * long + 0.4 * np.sin(2 * np.pi * 4.7 * long)) / n for n in (1, 2, 3)
        )
    for at in range(0, len(sound), step):
        if random.random() < 0.25:
            continue
        hz = 294 * 2 ** (float(random.choice([0, 2, 4, 7, 9, 12, 14])) / 12)
        bar = np.sin(2 * np.pi * hz * seconds) * np.exp(-seconds * 9)
        bar += 0.4 * np.sin(2 * np.pi * 3.9 * hz * seconds) * np.exp(-seconds * 25)
        _mixed(sound, bar, range(at, at + 1), 1.0)
    return unit(sound)


def escalator(ms: int, random: np.random.Generator) -> Floats:
    """An escalator that speeds up when somebody steps on it: a chain's clatter at a rate of its own."""
    seconds = np.arange(ms * 8) / RATE_HZ
    speed = 0.4 + 0.6 * np.clip(np.minimum(seconds % 7 * 1.5, (4.5 - seconds % 7) * 1.5), 0, 1)
    turns = np.cumsum(14 * speed) / RATE_HZ
    clatter = random.normal(size=len(seconds)) * np.exp(-((turns % 1) * 6))
    motor = np.sin(2 * np.pi * np.cumsum(95 * speed) / RATE_HZ)
    return unit((clatter + 0.8 * motor) * speed)


def _snore(random: np.random.Generator) -> Floats:
    """Somebody asleep beside the caller: a flutter drawn in through the nose."""
    length = int(random.uniform(0.5, 0.9) * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    flap = (np.sin(2 * np.pi * np.cumsum(random.uniform(38, 55) * (1 + 0.2 * seconds)) / RATE_HZ) > 0.6).astype(float)
    air = shaped(length, random, lambda hz: np.exp(-(((hz - 450) / 400) ** 2)))
    snore: Floats = air / air.std() * (0.3 + flap) * np.sin(np.pi * seconds / seconds[-1])
    return snore


def _zip(random: np.random.Generator) -> Floats:
    length = int(random.uniform(0.3, 0.6) * RATE_HZ)
    seconds = np.arange(length) / RATE_HZ
    teeth = np.sin(2 * np.pi * np.cumsum(np.linspace(90, random.uniform(200, 320), length)) / RATE_HZ) > 0.7
    pulled: Floats = random.normal(size=length) * teeth * np.minimum((seconds[-1] - seconds) * 60, 1)
    return pulled


def _cat(random: np.random.Generator) -> Floats:
    """A cat: one tone that rises and sinks, with overtones that open and close."""
    seconds = np.arange(int(random.uniform(0.35, 0.7) * RATE_HZ)) / RATE_HZ
    part = seconds / seconds[-1]
    phase = 2 * np.pi * np.cumsum(random.uniform(420, 640) * (0.8 + 0.5 * np.sin(np.pi * part))) / RATE_HZ
    open_mouth = np.sin(np.pi * part)
    return np.asarray(sum(np.sin(phase * n) * open_mouth**n / n for n in range(1, 7))) * np.hanning(len(seconds))


def _ball(random: np.random.Generator) -> Floats:
    """A ball that bounces ever faster in the flat above."""
    seconds = np.arange(int(0.08 * RATE_HZ)) / RATE_HZ
    thud = np.sin(2 * np.pi * random.uniform(90, 170) * seconds) * np.exp(-seconds * 45)
    gaps = random.uniform(0.3, 0.5) * 0.75 ** np.arange(7)
    parts = [part for n, gap in enumerate(gaps) for part in (thud * 0.85**n, np.zeros(int(gap * RATE_HZ)))]
    return np.concatenate(parts)


SIXTH_NOISES: dict[str, Noise] = {
    "white": vacuum,
    "pink": motorway,
    "hum": generator,
    "street": market,
    "music": marimba,
    "escalator": escalator,
    "snores": repeated(_snore, 2.6),
    "zips": repeated(_zip, 1.8),
    "cats": repeated(_cat, 2.4),
    "balls": repeated(_ball, 2.2),
    "dtmf": dtmf,
}
"""By the names that the measures ask for: each stands where the tuning corpus has its like."""
