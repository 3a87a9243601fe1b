"""The calls of an acceptance run: what each caller does, and what the caller's ear makes of it.

Each scene is one call; what only the server knows of it is judged afterwards (`judging.py`).
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import numpy as np

from app.qa.acceptance.evidence import Evidence
from app.qa.acceptance.findings import Findings
from app.qa.acceptance.items import item
from app.qa.acceptance.phone import Phone
from app.qa.acceptance.sounds import WEAK_OFFSET, Sounds, level_dbfs
from app.qa.answering import Question
from app.qa.player import SAMPLES_PER_MS
from app.qa.script import Turn
from app.qa.scripted import Cast
from app.qa.utterance import Line, Utterance

TIMES = 3
ANSWERED_WITHIN_MS = 4_500
"""Later than that it is no answer any more: a silent caller is asked whether he is still there after 5 s."""
INTO_TALK_MS = 700
BARGE_IN_LIMIT_MS = 420.0
MOST_TRIES = 6
COUGH_AT_MS = 800
GOES_ON_WITHIN_MS = 1_500
NOISE_ALONE_MS = 10_000
NOISE_BELOW_DB = 10.0
MOST_TURNS = 14
STILL_MS = 240


@dataclass(slots=True)
class Stage:
    """What every scene needs."""

    sounds: Sounds
    findings: Findings
    evidence: Evidence
    cast: Cast | None = None
    """Who plays the sample dialog, listening to what is asked; None where other sentences were given."""
    orderly: Cast | None = None
    """The same, saying one sentence after the other: for a server that does not tell what it asks."""


async def weak_line(stage: Stage, phone: Phone) -> None:
    """5.1: the first sentence, soft and with a constant offset."""
    await phone.hears_out(0)
    turn = await phone.ask(stage.sounds.weak, ANSWERED_WITHIN_MS)
    _answered(stage, "5.1", [turn])


async def conversation(stage: Stage, phone: Phone) -> None:
    """8.2 and the evidence of most others: the sample dialog, or the sentences given, each after the answer."""
    await _greeted(stage, phone)
    turns: list[Turn] = []
    if stage.cast is None:
        for sentence in stage.sounds.sentences:
            turns.append(await phone.ask(sentence))
            if turns[-1].answer_from is None:
                break
    else:
        while len(turns) < MOST_TURNS and (spoken := await _next_words(stage, phone)) is not None:
            turns.append(await phone.ask(spoken))
            if turns[-1].answer_from is None:
                break
    silent = [turn.utterance.name for turn in turns if turn.answer_from is None]
    answers = [turn.voice_to_voice_ms for turn in turns if turn.voice_to_voice_ms is not None]
    if silent:
        stage.findings.fail("8.2", f"silence after {', '.join(silent)}", answers, "ms")
    else:
        _within_p95(stage.findings, "8.2", answers)
    talked_over = [turn.utterance.name for turn in turns if turn.talked_over]
    reason = f"talked over: {', '.join(talked_over)}" if talked_over else ""
    stage.findings.add(
        "12.1", not silent and not talked_over, reason or ("not every sentence was answered" if silent else "")
    )


async def _next_words(stage: Stage, phone: Phone) -> Utterance | None:
    """Return what the sample's caller says now: by the agent's question where the server tells it, else in order."""
    assert stage.cast is not None
    assert stage.orderly is not None
    if not phone.peer.open:
        return None
    events = await stage.evidence.events(phone.call_sid)
    asked = [event for event in events or () if event["event"] == "QUESTION"]
    if not asked:
        return stage.orderly.answering.answer(Question("greeting"))
    return stage.cast.answering.answer(Question(str(asked[-1]["asked"]), asked[-1].get("confirms") or {}))


async def short_answers(stage: Stage, phone: Phone) -> None:
    """6.2: a lone yes is answered, each time."""
    await phone.hears_out(0)
    turns = [await phone.ask(stage.sounds.yes, ANSWERED_WITHIN_MS) for _ in range(TIMES)]
    _counted(stage, "6.2", [turn.answer_from is not None for turn in turns])


async def pauses(stage: Stage, phone: Phone) -> None:
    """6.3 and 6.4: a pause within a sentence is no end of it, and neither is breath in 7 s of speech."""
    await phone.hears_out(0)
    turns = [await phone.ask(stage.sounds.with_pause, ANSWERED_WITHIN_MS) for _ in range(TIMES)]
    _counted(stage, "6.3", [not turn.talked_over for turn in turns])
    turn = await phone.ask(stage.sounds.long)
    stage.findings.add("6.4", not turn.talked_over, "the agent spoke into it" if turn.talked_over else "")


async def interruptions(stage: Stage, phone: Phone) -> None:
    """7.1 to 7.4: words stop the agent, noise does not."""
    await _greeted(stage, phone, hears_out=False)
    since, figures = 0, list[float]()
    for _ in range(MOST_TRIES):
        if len(figures) == TIMES or (began := await phone.hears_agent(since, 2 * ANSWERED_WITHIN_MS)) is None:
            break
        figure, turn = await interrupt(phone, stage.sounds.sentences[0], began)
        since = turn.voiced_to
        if figure is not None:
            figures.append(figure)
    if len(figures) < TIMES:
        said = f"only {len(figures)} of {TIMES} tries: the agent's lines were too short or did not come"
        stage.findings.fail("7.1", said, figures, "ms")
    else:
        stage.findings.measure("7.1", figures)
    await phone.hears_out(since, ANSWERED_WITHIN_MS)
    await _noise_at_the_start(stage, phone)
    await _cough(stage, phone)
    stage.findings.measure("7.2", [float(frames) for frames in phone.witness.sent_after_clear(200)] or [0.0])


async def interrupt(phone: Phone, spoken: Utterance, began: int) -> tuple[float | None, Turn]:
    """Speak into the agent's talk, which began at a sample; return ms to its silence (None: it ended by itself)."""
    await phone.until(lambda now: now >= began + INTO_TALK_MS * SAMPLES_PER_MS, INTO_TALK_MS + 1000)
    clears = len(phone.witness.clears_at)
    was_over = phone.peer.player.finished(phone.peer.now())
    turn = await phone.say(spoken)
    await phone.wait(STILL_MS)
    phone.judge(turn)
    figure = turn.barge_in_ms
    ended_itself = figure is not None and len(phone.witness.clears_at) == clears and figure <= BARGE_IN_LIMIT_MS
    return (None if was_over or ended_itself else figure), turn


async def _noise_at_the_start(stage: Stage, phone: Phone) -> None:
    """7.3: 120 ms of noise within the first 150 ms of a reply stop nothing."""
    turn = await phone.say(stage.sounds.sentences[0])
    if await phone.hears_agent(turn.voiced_to, ANSWERED_WITHIN_MS) is None:
        stage.findings.fail("7.3", "the agent did not speak")
        return
    clears = len(phone.witness.clears_at)
    await phone.say(stage.sounds.burst)
    await phone.until(phone.peer.player.finished, 40_000)
    stopped = len(phone.witness.clears_at) > clears
    stage.findings.add("7.3", not stopped, "the agent stopped" if stopped else "")
    await phone.wait(STILL_MS)


async def _cough(stage: Stage, phone: Phone) -> None:
    """7.4: after a cough of 250 ms the agent goes on."""
    turn = await phone.say(stage.sounds.sentences[0])
    began = await phone.hears_agent(turn.voiced_to, ANSWERED_WITHIN_MS)
    if began is None:
        stage.findings.fail("7.4", "the agent did not speak")
        return
    await phone.until(lambda now: now >= began + COUGH_AT_MS * SAMPLES_PER_MS, COUGH_AT_MS + 1000)
    clears = len(phone.witness.clears_at)
    cough = await phone.say(stage.sounds.cough)
    again = await phone.hears_agent(cough.voiced_to, 2 * GOES_ON_WITHIN_MS)
    if again is None and len(phone.witness.clears_at) == clears:
        again = cough.voiced_to  # it had nothing left to say, and was not stopped
    if again is None:
        stage.findings.fail("7.4", "it fell silent and stayed so")
    else:
        stage.findings.measure("7.4", [(again - cough.voiced_to) / SAMPLES_PER_MS])
    await phone.until(phone.peer.player.finished, 40_000)


async def noise(stage: Stage, phone: Phone) -> None:
    """12.2: in noise of 10 dB the agent is not stopped, the caller is answered, and not talked over."""
    await phone.hears_out(0)
    await phone.wait(NOISE_ALONE_MS)
    await phone.until(phone.peer.player.finished, 40_000)
    stops = len(phone.witness.clears_at)
    turn = await phone.ask(stage.sounds.sentences[0], ANSWERED_WITHIN_MS)
    faults = [f"noise alone stopped the agent {stops} times"] if stops else []
    if turn.talked_over:
        faults.append("the agent spoke into the caller's words")
    if turn.answer_from is None:
        faults.append("no answer")
    stage.findings.add("12.2", not faults, "; ".join(faults))


async def _greeted(stage: Stage, phone: Phone, *, hears_out: bool = True) -> None:
    """9.4: the greeting is audible soon after the stream began."""
    first = await (phone.hears_out(0) if hears_out else phone.hears_agent(0))
    stage.findings.measure(
        "9.4", [] if first is None else [first / SAMPLES_PER_MS], "" if first is not None else "silence"
    )


def _answered(stage: Stage, number: str, turns: list[Turn]) -> None:
    silent = [turn.utterance.name for turn in turns if turn.answer_from is None]
    stage.findings.add(number, not silent, f"no answer to {', '.join(silent)}" if silent else "")


def _counted(stage: Stage, number: str, right: list[bool]) -> None:
    stage.findings.measure(number, [float(sum(right))])


def _within_p95(findings: Findings, number: str, values: list[float]) -> None:
    """Hold the 95th percentile against the item's limit, for one slow answer in twenty is allowed."""
    limit = item(number).limit
    assert limit is not None
    holds = bool(values) and limit.holds(float(np.percentile(values, 95)))
    findings.add(number, holds, "" if values else "nothing could be measured", values, limit.unit)


@dataclass(frozen=True, slots=True)
class Scene:
    """One call of the run: who plays it, which items it speaks to by itself, and the line it is on."""

    play: Callable[[Stage, Phone], Awaitable[None]]
    items: tuple[str, ...]
    line: Callable[[Sounds], Line] = lambda _: Line()


def _noisy(sounds: Sounds) -> Line:
    return Line(noise_dbfs=level_dbfs(sounds.sentences[0]) - NOISE_BELOW_DB)


CONVERSATION = "conversation"
SCENES: dict[str, Scene] = {
    "weak line": Scene(weak_line, ("5.1",), lambda _: Line(offset=WEAK_OFFSET)),
    CONVERSATION: Scene(conversation, ("8.2", "9.4", "12.1")),
    "interruptions": Scene(interruptions, ("7.1", "7.2", "7.3", "7.4")),
    "short answers": Scene(short_answers, ("6.2",)),
    "pauses": Scene(pauses, ("6.3", "6.4")),
    "noise": Scene(noise, ("12.2",), _noisy),
}
