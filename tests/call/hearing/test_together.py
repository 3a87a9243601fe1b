"""A full house heard in one pass: nothing in it may differ from each caller heard alone, which is the oracle here."""

import math
import random
from collections.abc import Iterator
from itertools import zip_longest

import numpy as np
import pytest

from app.call.events import CallerAudio, Command
from app.call.hearing.ear import Ear, Noticed
from app.call.hearing.together import Caller, hear_ahead
from app.call.machine import Call
from app.call.states import State
from app.media.bargein import BargeInSettings
from app.media.echo import nothing
from app.media.endpointing import EndpointSettings
from app.media.vad import VadSettings
from tests.call.driver import CallDriver, Step, Stt, World, settings
from tests.media.sounds import Floats, at_dbfs, caller, noise, silence, to_ulaw, tone

LEAST = 12

VOICES = ("v001", "v004", "v010", "v022", "w01_01", "w01_04", "w01_07")


def ear(*, neural: bool = True) -> Ear:
    return Ear(VadSettings(neural=neural), EndpointSettings(), BargeInSettings())


def lines(seconds: int, seed: int) -> list[bytes]:
    """Return callers of all loudnesses, in all noises, a shout, key tones, digital silence."""
    chance = random.Random(seed)
    made: list[Floats] = [silence(seconds * 1000), noise(seconds * 1000, 300, seed), tone(seconds * 1000, 3000)]
    for _ in range(LEAST):
        voice = np.concatenate(
            [
                noise(chance.randint(300, 900), 5),
                *[at_dbfs(caller(chance.choice(VOICES)), chance.uniform(-36, -3)) for _ in range(2)],
            ]
        )
        made.append(np.resize(voice, seconds * 8000) + noise(seconds * 1000, chance.choice([0.5, 10, 60, 200]), seed))
    return [to_ulaw(sound) for sound in made]


def alike(one: Noticed, other: Noticed) -> bool:
    """Whether the machine is told the same: every sample, every decision, levels but for the order of summing."""
    return (
        (one.frame.start_ms, one.frame.pcm, one.change, one.eou)
        == (other.frame.start_ms, other.frame.pcm, other.change, other.eou)
        and math.isclose(one.frame.rms, other.frame.rms, rel_tol=1e-9)
        and (one.frame.echo_rms == other.frame.echo_rms or math.isclose(one.frame.echo_rms, other.frame.echo_rms))
    )


@pytest.mark.parametrize(("seed", "neural"), [(1, True), (2, True), (3, False)])
def test_callers_heard_together_are_heard_as_each_alone(seed: int, neural: bool) -> None:
    """R5, R6: whatever comes of whom in a tick: nothing, parts of frames, half a second; and over the agent's voice."""
    chance = random.Random(seed)
    sounds = lines(4, seed)
    agent = to_ulaw(at_dbfs(caller("v010"), -20))
    alone, together = [ear(neural=neural) for _ in sounds], [ear(neural=neural) for _ in sounds]
    at = [0] * len(sounds)
    decisions = 0
    while max(len(sound) - start for sound, start in zip(sounds, at, strict=True)) > 4000:
        payloads = []
        for row, sound in enumerate(sounds):
            length = chance.choice([0, 1, 160, 160, 320, 320, 320, 333, 800, 4000])
            payloads.append(sound[at[row] : at[row] + length])
            at[row] += length
        now = chance.randrange(0, len(agent) - 8000, 160)
        playing = (lambda ago_ms, now=now: agent[now - 8 * ago_ms :][:160]) if chance.random() < 0.5 else nothing
        hear_ahead([Caller(one, ulaw, playing) for one, ulaw in zip(together, payloads, strict=True) if ulaw])
        for one, other, ulaw in zip(alone, together, payloads, strict=True):
            if not ulaw:
                continue
            pairs = list(zip_longest(one.receive(ulaw, playing), other.receive(ulaw, playing)))
            assert all(mine and other and alike(mine, other) for mine, other in pairs)
            decisions += sum(bool(mine.change or mine.eou) for mine, _ in pairs)
            if one.confirmer and other.confirmer:
                assert abs(one.confirmer.probability - other.confirmer.probability) < 1e-4
    assert decisions > 15


def test_what_was_got_ready_for_other_audio_is_not_taken_for_it() -> None:
    """R6.2: a gate that closed, or a frame that never reached the network, makes what was foreseen untrue."""
    sounds = lines(2, 7)
    alone, together = [ear() for _ in sounds], [ear() for _ in sounds]
    chance = random.Random(7)
    for start in range(0, 2 * 8000 - 320, 320):
        parts = [sound[start : start + 320] for sound in sounds]
        rows = [row for row in range(len(sounds)) if chance.random() < 0.9]
        hear_ahead([Caller(together[row], parts[row], nothing) for row in rows])
        for row, part in enumerate(parts):
            # Some forget what they were in the middle of, as ears do whose run of sound has ended.
            if chance.random() < 0.1:
                for one in (alone[row], together[row]):
                    assert one.confirmer
                    one.confirmer.network.reset()
            pairs = zip_longest(alone[row].receive(part), together[row].receive(part))
            assert all(mine and other and alike(mine, other) for mine, other in pairs)


def talk(voice: str, dbfs: float) -> CallDriver:
    """A call with a turn, an interruption and a hesitation."""
    drive = CallDriver(World(), settings(neural=True)).listening()
    sound = at_dbfs(caller(voice), dbfs)
    drive.world.stts += [Stt("דירה בחולון"), Stt("רגע"), Stt("שלושה חדרים")]
    drive.caller(sound)
    drive.until(State.SPEAKING)
    drive.quiet(600)
    drive.caller(sound)
    drive.quiet(400)
    drive.caller(sound)
    drive.until(State.SPEAKING)
    return drive


def test_whole_calls_decide_the_same_in_company_as_alone() -> None:
    """R6, R7: the commands of taped calls, replayed side by side, sample by sample."""
    tapes = [talk(voice, dbfs).steps for voice in VOICES for dbfs in (-18.0, -27.0)]
    assert len(tapes) >= LEAST
    replayed = together(tapes)
    for tape, commands in zip(tapes, replayed, strict=True):
        assert commands == [command for step in tape for command in step.commands]
        assert sum(type(command).__name__ == "SendClear" for command in commands)


def together(tapes: list[list[Step]]) -> list[list[Command]]:
    """Replay calls so that audio is always heard with that of the others; return what each commanded."""
    calls = [Call(settings(neural=True)) for _ in tapes]
    done: list[list[Command]] = [[] for _ in tapes]
    left = [iter(tape) for tape in tapes]
    heads = [up_to_audio(steps, call, commands) for steps, call, commands in zip(left, calls, done, strict=True)]
    while any(heads):
        ahead = [calls[row].ahead(head.event, head.at_ms) for row, head in enumerate(heads) if head]  # type: ignore[arg-type]  # audio
        hear_ahead([caller for caller in ahead if caller])
        for row, head in enumerate(heads):
            if head:
                done[row] += calls[row].receive(head.event, head.at_ms)
                heads[row] = up_to_audio(left[row], calls[row], done[row])
    return done


def up_to_audio(steps: Iterator[Step], call: Call, commands: list[Command]) -> Step | None:
    """Hand over what comes before the next audio, and return that."""
    for step in steps:
        if isinstance(step.event, CallerAudio):
            return step
        commands += call.receive(step.event, step.at_ms)
    return None
