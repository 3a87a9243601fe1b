"""What a call's turns and interruptions add to its day's figures (R19). Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

_OLD_STEPS = {"endpointing": "endpointing", "asr": "asr", "llm_first_token": "sentence", "tts_first_byte": "tts"}


class Answer(TypedDict):
    """One answer, among those that may be a day's slowest; `at` is ISO 8601 UTC."""

    number: int
    at: str
    answer_ms: int


class Figures(TypedDict):
    """One call's part. `steps`: what each step took in each of its turns, in ms."""

    turns: int
    steps: dict[str, list[float]]
    fallbacks: int
    withdrawn: int
    verdicts: dict[str, int]
    answers: list[Answer]


def figures_of(turns: Iterable[Any], verdicts: Iterable[str]) -> Figures:
    """Return what a call's turns (rows with `number, at, timing, latencies_ms`) come to; the greeting is none."""
    steps: dict[str, list[float]] = {}
    answers: list[Answer] = []
    count = fallbacks = withdrawn = 0
    for turn in turns:
        if not turn.number:
            continue
        count += 1
        timing = turn.timing
        answer = answer_ms(timing, turn.latencies_ms)
        if timing is not None:
            withdrawn += timing["withdrawn"]
            fallbacks += timing["stt_source"] == "fallback" or timing["line_source"] == "late"
        if answer is None:
            continue  # nobody heard it: no answer
        answers.append({"number": turn.number, "at": turn.at.isoformat(), "answer_ms": answer})
        measured = (
            timing["segments"] if timing else {new: turn.latencies_ms.get(old) for old, new in _OLD_STEPS.items()}
        )
        for step, value in {**measured, "answer": answer}.items():
            if value is not None:
                steps.setdefault(step, []).append(value)
    said = Counter(verdict or "none" for verdict in verdicts)
    return Figures(
        turns=count, steps=steps, fallbacks=fallbacks, withdrawn=withdrawn, verdicts=dict(said), answers=answers
    )


def answer_ms(timing: Mapping[str, Any] | None, latencies_ms: Mapping[str, Any]) -> int | None:
    """Return the silence that the caller heard before a turn's answer, as well as it was measured."""
    if timing is not None:
        answer: int | None = timing.get("answer_ms")
        return answer
    sent = latencies_ms.get("voice_to_voice")  # of a version that measured no more
    return None if sent is None else round(sent)
