"""Judges what all calls of a run showed: frames, marks, and what the server told of states and words. Pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from app.qa.acceptance.evidence import (
    NO_EVENTS,
    Event,
    ends_of_turns,
    hearing_times_ms,
    lines_said,
    slots_over_time,
)
from app.qa.acceptance.findings import Findings
from app.qa.acceptance.items import item
from app.qa.acceptance.phone import Phone
from app.qa.acceptance.scenes import CONVERSATION
from app.qa.acceptance.witness import some
from app.qa.answering import slots_right
from app.qa.player import SAMPLES_PER_MS
from app.qa.scripted import Cast

LEAST_SILENCE_MS, MOST_DICTATING_MS = 200.0, 1500.0
SHORTEST_UTTERANCE_MS = 1200.0
DICTATED = frozenset({"phone"})
CLOSINGS = frozenset({"next_step", "anything_else", "none", ""})
FEWEST_WORDS, MOST_WORDS = 12, 20
RIGHT_SHARE = 0.8
_WORD = re.compile(r"\w[\w'\"׳״,.:-]*")


@dataclass(slots=True)
class Held:
    """A call that was held: its ear and its wire, and what the server told of it (None: it does not tell)."""

    scene: str
    phone: Phone
    events: list[Event] | None = None
    closed_in_time: bool | None = None


def judge_ears(held: Sequence[Held], findings: Findings) -> None:
    """9.1, 9.2, 9.3, 9.5: over all calls, for every one of them must sound right."""
    players = [call.phone.peer.player for call in held]
    late = [samples / SAMPLES_PER_MS for player in players for samples in player.schedule_lateness]
    holes = [hole.gap_samples / SAMPLES_PER_MS for player in players for hole in player.underruns]
    p99 = float(np.percentile(late, 99)) if late else None
    limit = item("9.1").limit
    assert limit is not None
    in_time = p99 is not None and limit.holds(p99) and not holes
    told = f"p99 of {len(late)} frames, {len(holes)} holes" + (f" of up to {max(holes):.0f} ms" if holes else "")
    findings.add("9.1", in_time, told if late else "no frame came", [p99] if p99 is not None else [], "ms")
    waiting = [value for call in held for value in call.phone.witness.waiting_ms]
    findings.measure("9.2", [max(waiting)] if waiting else [])
    tails = [value for call in held for value in call.phone.witness.tails_ms]
    if faults := [fault for call in held for fault in call.phone.witness.mark_faults]:
        findings.fail("9.3", some(faults), [min(tails)] if tails else [], "ms")
    else:
        findings.measure("9.3", [min(tails)] if tails else [], "" if tails else "no end mark came")
    faults = [fault for call in held for fault in (*call.phone.witness.message_faults, *call.phone.peer.warnings)]
    findings.measure("9.5", [float(len(faults))], some(faults))


def judge_events(held: Sequence[Held], findings: Findings, cast: Cast | None) -> None:
    """5.1, 6.1, 8.1, 10.1, 10.2 and the end of 12.1: what only the server can tell."""
    told = [call.events for call in held if call.events]
    if not told:
        for number in ("6.1", "8.1", "10.1", "10.2"):
            findings.skip(number, NO_EVENTS)
        return
    _judge_ends_of_turns(told, findings)
    _judge_hearing(told, findings)
    _judge_lines(told, findings)
    conversation = next((call for call in held if call.scene == CONVERSATION), None)
    if conversation is not None and conversation.events:
        _judge_slots(conversation.events, findings, cast)
        weak = next((call.events for call in held if call.scene == "weak line" and call.events), None)
        if weak:
            _judge_weak_line(weak, conversation.events, findings)
    open_calls = [call.scene for call in held if call.closed_in_time is False]
    if open_calls:
        findings.fail("12.1", f"not closed within 10 s of the hang-up: {', '.join(open_calls)}")


def _judge_ends_of_turns(told: Sequence[list[Event]], findings: Findings) -> None:
    limit = item("6.1").limit
    assert limit is not None
    silences, faults = list[float](), list[str]()
    for silence_ms, length_ms, asked in (end for events in told for end in ends_of_turns(events)):
        silences.append(silence_ms)
        most = MOST_DICTATING_MS if asked in DICTATED else limit.value
        # An utterance must not be shorter than MIN_UTT: after a lone "yes" the silence makes up for it.
        most = max(most, SHORTEST_UTTERANCE_MS) if length_ms <= SHORTEST_UTTERANCE_MS else most
        if not LEAST_SILENCE_MS <= silence_ms <= most:
            faults.append(f"{silence_ms:.0f} ms of silence after {length_ms:.0f} ms, asked for {asked}")
    if silences:
        findings.add("6.1", not faults, some(faults), silences, "ms")
    else:
        findings.skip("6.1", "not judged: no turn ended")


def _judge_hearing(told: Sequence[list[Event]], findings: Findings) -> None:
    times = [value for events in told for value in hearing_times_ms(events)]
    if not times:
        findings.skip("8.1", "not judged: no turn got a text")
        return
    limit = item("8.1").limit
    assert limit is not None
    findings.add("8.1", limit.holds(float(np.percentile(times, 95))), "", times, "ms")


def _judge_lines(told: Sequence[list[Event]], findings: Findings) -> None:
    lengths, faults = list[float](), list[str]()
    for text, asked, confirms in (line for events in told for line in lines_said(events)):
        words = len(_WORD.findall(text))
        lengths.append(float(words))
        asks = text.count("?")
        may_be_short = not asks or confirms or asked.endswith("_confirm") or asked in CLOSINGS
        if not (1 if may_be_short else FEWEST_WORDS) <= words <= MOST_WORDS:
            faults.append(f"{words} words: {text}")
        elif asks > 1 or (asks == 1 and not text.rstrip().endswith("?")):
            faults.append(f"{asks} question marks, or not at the end: {text}")
    reason = some(faults) or ("" if lengths else "no line was said")
    findings.add("10.1", bool(lengths) and not faults, reason, lengths, "words")


def _judge_slots(events: list[Event], findings: Findings, cast: Cast | None) -> None:
    states = slots_over_time(events)
    if cast is None:
        findings.skip("10.2", "other sentences were given: what they should come to is not known")
        return
    lost = [
        f"{slot} was filled and then was not"
        for before, after in pairwise(states)
        for slot, value in before.items()
        if value is not None and after.get(slot) is None
    ]
    known = states[-1] if states else {}
    share = 100.0 * slots_right(known, cast.expected, cast.cities) / len(cast.expected)
    wrong = [slot for slot, value in cast.expected.items() if not slots_right(known, {slot: value}, cast.cities)]
    reason = some(lost) or (f"wrong or missing: {', '.join(wrong)}" if wrong else "")
    findings.add("10.2", share >= 100.0 * RIGHT_SHARE and not lost, reason, [share], "%")


def _judge_weak_line(weak: list[Event], normal: list[Event], findings: Findings) -> None:
    """The same sentence must leave the same slots, however soft it was."""
    heard, wanted = slots_over_time(weak), slots_over_time(normal)
    if len(heard) > 1 and len(wanted) > 1:
        same = heard[1] == wanted[1]
        findings.add("5.1", same, "" if same else f"understood {heard[1]}, at the usual level {wanted[1]}")
