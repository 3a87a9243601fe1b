"""What a driven call measures of itself, held against what the driver knows to have happened."""

from dataclasses import replace
from typing import Any

import pytest

from app.call.events import CallStarted, Speak
from app.call.measuring.measures import Measures
from app.call.states import State
from app.leads.records import InterruptionSaved, Timing
from tests.call.driver import CallDriver, Llm, Stt, World, settings

AREA = "אני מחפש דירה בשכירות ברעננה"


class Kept:
    """A keeper that keeps; what it is given must fit the store's records."""

    def __init__(self) -> None:
        self.timings: dict[int, Timing] = {}
        self.interruptions: dict[int, dict[str, Any]] = {}
        self.units: dict[str, int] = {}
        self.shown: list[str] = []

    def timed(self, turn: int, timing: dict[str, Any]) -> None:
        self.timings[turn] = Timing.model_validate(timing)

    def interrupted(self, interruption: dict[str, Any]) -> None:
        InterruptionSaved(call_sid="CA1", **interruption)
        self.interruptions[interruption["number"]] = interruption

    def used(self, units: dict[str, int]) -> None:
        self.units = units

    @property
    def verdicts(self) -> list[str]:
        return [one["verdict"] for one in self.interruptions.values()]


def measured(drive: CallDriver) -> Kept:
    """Measure a driven call, as a session does while it goes on."""
    kept = Kept()
    measures = Measures(kept, lambda name, _: kept.shown.append(name), drive.world.is_cached)
    for step in drive.steps:
        measures.see(step.event, step.commands, step.at_ms, 0)
    measures.finish()
    return kept


def after_greeting(world: World, **given: bool) -> CallDriver:
    return CallDriver(world, settings(**given)).listening()


def to_the_end(drive: CallDriver) -> CallDriver:
    drive.until(State.LISTENING)
    return drive


def first_heard_ms(drive: CallDriver, words: str) -> int:
    """When the first sample of a sentence came to the caller's ear, since the stream's start."""
    clock0_ms = next(step.at_ms for step in drive.steps if isinstance(step.event, CallStarted))
    speech = next(number for number, text in drive.sentences.items() if text == words)
    return next(frame.at_ms for frame in drive.heard if frame.speech == speech) - clock0_ms


@pytest.mark.parametrize("uses_llm", [False, True])
def test_the_steps_add_up_to_the_silence_that_was_heard(uses_llm: bool) -> None:
    """C32: within 5 ms of the total, and the total within 60 ms of what came to the ear."""
    line = "נשמח לעזור לכם למצוא דירה ברעננה. כמה חדרים אתם צריכים בדירה החדשה שלכם?"
    drive = after_greeting(World(llms=[Llm((line,))]), uses_llm=uses_llm)
    before = len(drive.sentences)
    drive.answer(1500, Stt(AREA, interim="אני מחפש"))
    spoke_until_ms = drive.steps[-1].at_ms
    to_the_end(drive)
    timing = measured(drive).timings[1]
    assert timing.answer_ms is not None
    assert timing.speech_to is not None
    assert timing.first_heard is not None
    steps = timing.segments.model_dump()
    assert all(value is not None for value in steps.values()), steps
    assert sum(steps.values()) == timing.answer_ms == timing.first_heard - timing.speech_to
    truth_ms = first_heard_ms(drive, list(drive.sentences.values())[before])
    assert 0 <= timing.first_heard - truth_ms <= 60  # a mark's way back is in it
    assert timing.speech_to < spoke_until_ms
    assert (timing.stt_source, timing.heard_by, timing.eou_kind) == ("final", "mark", "adaptive")
    assert timing.first_interim is not None
    assert timing.line_source == ("llm" if uses_llm else "rules")
    if uses_llm:
        assert abs(steps["llm"] - 300) <= 20
    assert abs(steps["tts"] - drive.world.tts_ms) <= 20


def test_the_greeting_answers_nobody_and_is_timed_all_the_same() -> None:
    """Console 3: what nobody measured is null, never 0."""
    timing = measured(after_greeting(World())).timings[0]
    assert (timing.answer_ms, timing.speech_to, timing.segments.endpointing) == (None, None, None)
    assert timing.first_frame is not None
    assert timing.voice_ms == timing.heard_ms
    assert (timing.withdrawn, timing.holding) == (0, False)


def test_a_voice_from_the_cache_is_told_from_one_that_was_made() -> None:
    """Console 3: "מטמון"; what is cached costs no characters."""
    drive = after_greeting(World(is_cached=lambda _: True))
    kept = measured(drive)
    assert kept.timings[0].tts_source == "cache"
    assert (kept.units.get("tts_chars", 0), kept.units["tts_cached_chars"] > 0) == (0, True)
    assert measured(after_greeting(World())).timings[0].tts_source == "engine"


def test_a_reply_of_several_sentences_is_timed_by_its_first() -> None:
    """C33: what the language model writes while the first is said costs the caller no time."""
    drive = after_greeting(World(llms=[Llm(("נעים מאוד. ", "כמה ", "חדרים ", "אתם ", "צריכים?"))]), uses_llm=True)
    before = len(drive.steps)
    drive.answer(1500, Stt(AREA))
    timing = measured(to_the_end(drive)).timings[1]
    asked = [step.at_ms for step in drive.steps[before:] if any(isinstance(one, Speak) for one in step.commands)]
    assert len(asked) == 2
    assert timing.first_sentence == asked[0] - drive.steps[0].at_ms
    assert timing.tts_first_byte is not None
    assert timing.tts_first_byte - timing.first_sentence == drive.world.tts_ms


def test_a_late_language_model_and_a_fallback_are_named() -> None:
    """C33."""
    drive = after_greeting(World(llms=[Llm(first_ms=5000)]), uses_llm=True)
    drive.answer(1500, Stt(silent=True), Stt(AREA))
    timing = measured(to_the_end(drive)).timings[1]
    assert (timing.line_source, timing.stt_source) == ("late", "fallback")
    assert timing.answer_ms is not None
    assert timing.eou is not None
    assert timing.eou < timing.moments["stt_late"] < timing.moments["llm_late"] < (timing.first_heard or 0)
    assert timing.answer_ms > 2000


def test_a_reply_taken_back_is_no_answer_time() -> None:
    """C33: the caller goes on before it is heard; the turn has one answer, from its last word on."""
    drive = after_greeting(World(tts_ms=600))
    drive.world.stts += [Stt("אני מחפש דירה"), Stt("בשכירות ברעננה")]
    drive.says(1200)
    drive.until(State.PROCESSING)
    drive.quiet(300)
    drive.says(900)
    drive.until(State.SPEAKING)
    timing = measured(to_the_end(drive)).timings[1]
    assert timing.withdrawn == 1
    assert timing.speech_from is not None
    assert timing.speech_to is not None
    assert timing.speech_to - timing.speech_from > 2000
    assert timing.answer_ms == timing.first_heard - timing.speech_to  # type: ignore[operator]


def test_words_over_the_agent_take_the_floor_and_the_verdict_says_so() -> None:
    """C26: onset, clear and words are told."""
    drive = CallDriver(World(stts=[Stt(AREA, interim=AREA)]))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1000)
    drive.says(1500)
    drive.until(State.SPEAKING)
    kept = measured(to_the_end(drive))
    assert kept.verdicts == ["floor"]
    (one,) = kept.interruptions.values()
    assert one["words"] == AREA
    assert 160 <= one["clear_at_ms"] - one["onset_ms"] <= 300
    assert one["verdict_at_ms"] > one["clear_at_ms"]
    assert kept.timings[0].heard_ms == one["heard_ms"]


def test_a_cough_is_told_from_words() -> None:
    """C26: resumed."""
    drive = CallDriver(World())
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(1000)
    drive.says(260)
    drive.until(State.SPEAKING)
    kept = measured(to_the_end(drive))
    assert kept.verdicts == ["resumed"]
    assert kept.interruptions[1]["words"] == ""


def test_an_echo_that_took_the_floor_was_resumed_in_the_end() -> None:
    """C26: the words tell; they stay with the interruption."""
    drive = CallDriver()
    drive.start()
    drive.until(State.SPEAKING)
    echo = " ".join(drive.spoken().split()[1:7])
    drive.world.stts.append(Stt(echo))
    drive.quiet(2600)
    drive.says(1100)
    drive.until(State.PROCESSING)
    drive.until(State.SPEAKING)
    (one,) = measured(to_the_end(drive)).interruptions.values()
    assert (one["verdict"], one["words"]) == ("resumed", echo)


def test_what_a_call_uses_is_counted() -> None:
    """C37: audio given to the recogniser, characters given to the voice, questions to the language model."""
    drive = after_greeting(World(llms=[Llm(("כמה חדרים אתם צריכים?",))]), uses_llm=True)
    drive.answer(1500, Stt(AREA))
    units = measured(to_the_end(drive)).units
    audio_ms = sum(len(pcm) for pcm in drive.audio.values()) // 16
    assert units["stt_ms"] == audio_ms > 1500
    assert units["tts_chars"] == sum(len(text) for text in drive.sentences.values())
    assert units["llm_calls"] >= 1


def test_onlookers_see_what_was_measured() -> None:
    """Console 2: the live pane."""
    drive = after_greeting(World())
    drive.answer(1500, Stt(AREA))
    assert measured(to_the_end(drive)).shown == ["TIMING", "TIMING", "USAGE"]


def test_a_guess_that_was_used_is_told_of_the_turn_it_answered() -> None:
    """Console 3: what was done early took no time after the text."""
    drive = CallDriver(World(), replace(settings(), guesses=True)).listening()
    drive.answer(1500, Stt(AREA, interim=AREA, final_ms=400))
    timing = measured(to_the_end(drive)).timings[1]
    assert (timing.guess_used, timing.guesses) == (True, 1)
    assert (timing.segments.sentence, timing.answer_ms) == (0, sum(timing.segments.model_dump().values()))
