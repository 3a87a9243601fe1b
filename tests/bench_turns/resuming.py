"""How soon the agent goes on after a false alarm: the whole call machine in a world that is played, not waited for."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from app.call.events import SendClear
from app.call.states import State
from tests.bench_turns.listening import SETTINGS
from tests.bench_turns.measures import Material, Row
from tests.bench_turns.noises.sounds import Floats
from tests.call.driver import CallDriver, Stt, World, hush, settings

_LIMIT_MS = 5000
_SHORT_MS = 280


def resuming(material: Material) -> Iterator[Row]:
    """Sounds of a voice in which the recogniser hears no words, while the agent speaks: a laugh, a word next door."""
    words = [word.samples for word in material.of("word")]
    for name, sounds, target in (
        ("a voice of 280 ms", [word[: _SHORT_MS * 8] for word in words], "≤ 700 ms"),
        ("a whole word from elsewhere", words, "≤ 700 ms"),
    ):
        late, unresumed = [], 0
        for number, sound in enumerate(sounds):
            late_ms = _resumed_after(sound, np.random.default_rng(number))
            if late_ms is not None:
                late.append(late_ms)
                unresumed += late_ms >= _LIMIT_MS
        measured = f"{np.percentile(late, 50):.0f} / {np.percentile(late, 95):.0f} ms" if late else "never stopped"
        title = f"{name} → agent resumes, p50 / p95 ({len(late)} of {len(sounds)} stopped it)"
        yield Row(title, f"{measured}, {unresumed} not", target, "not resumed")


def _resumed_after(sound: Floats, random: np.random.Generator) -> int | None:
    """Return how long after the sound's end the agent spoke again; None when it never stopped."""
    driver = CallDriver(World(stts=[Stt("")]), replace(settings(), vad=SETTINGS.vad, barge_in=SETTINGS.barge_in))
    driver.start()
    driver.until(State.SPEAKING)
    driver.quiet(int(random.integers(45, 70)) * 20)
    sound = sound[: len(sound) // 160 * 160]
    driver.caller(sound + hush(len(sound) // 8))
    end_ms = driver.now_ms
    if not any(isinstance(command, SendClear) for step in driver.steps for command in step.commands):
        return None
    while driver.call.state is not State.SPEAKING and driver.now_ms < end_ms + _LIMIT_MS:
        driver.quiet(20)
    return driver.now_ms - end_ms
