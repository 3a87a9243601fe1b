"""The agent's sentences and how one line is put together from them (R10.4).

A line is a short acknowledgement of what was said now, then one question. Both come in several lengths; the composer
takes the first pair that makes 12 to 20 words, opens with another word than the line before, and passes the checks.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Any

from app.dialog import data

MIN_WORDS = 12
MAX_WORDS = 20
# Two sentences of more words than this take over six seconds to say: longer ones only when nothing shorter fits.
PLEASANT_WORDS = 16


@cache
def entries() -> dict[str, Any]:
    """Return the stock sentences of data/real_estate/lines.json."""
    loaded: dict[str, Any] = data.read_json("real_estate/lines.json")
    return loaded


def word_count(line: str) -> int:
    """Count words as they are counted for the limits: by spaces."""
    return len(line.split())


def opening(line: str) -> str:
    """Return the word a line opens with, without punctuation."""
    return line.split(maxsplit=1)[0].strip(",.!?") if line.strip() else ""


def acks(kind: str, **values: str) -> tuple[str, ...]:
    """Return the acknowledgements of a kind with their values filled in."""
    return tuple(template.format(**values) for template in entries()["ack"][kind])


def asks(topic: str, **values: str) -> tuple[str, ...]:
    """Return the questions for a topic, short ones first."""
    return tuple(template.format(**values) for template in entries()["ask"][topic])


def whole(kind: str, **values: str) -> tuple[str, ...]:
    """Return complete lines of a kind."""
    return tuple(template.format(**values) for template in entries()["whole"][kind])


def holding() -> tuple[str, ...]:
    """Return the phrases that ask for a moment while an answer is late; no lines of their own, and so short."""
    return tuple(entries()["holding"])


def rephrased(topic: str) -> tuple[str, ...]:
    """Return the questions that ask for other words."""
    return tuple(entries()["rephrase"].get(topic) or entries()["rephrase"][topic.split("_", maxsplit=1)[0]])


def exemplified(topic: str) -> tuple[str, ...]:
    """Return the questions that give examples of an answer."""
    return tuple(entries()["examples"][topic])


def compose(
    openings: Iterable[str],
    questions: Iterable[str],
    *,
    last_opening: str,
    turn: int,
    accept: Callable[[str], bool],
) -> str | None:
    """Return the best acknowledgement-and-question pair, or None when no pair is acceptable.

    `turn` rotates the acknowledgements, so that a caller does not hear the same ones in the same order.
    """
    ranked: list[tuple[bool, int, int, str]] = []
    first = list(dict.fromkeys(openings))
    second = [(question, word_count(question)) for question in dict.fromkeys(questions)]
    for rank, ack in enumerate(first):
        ack_words = word_count(ack)
        for question, question_words in second:
            line, words = f"{ack} {question}".strip(), ack_words + question_words
            if MIN_WORDS <= words <= MAX_WORDS and opening(line) != last_opening:
                # The turn decides among equals: kept stable so that a replay says the same.
                order = (rank - turn) % len(first)
                ranked.append((words > PLEASANT_WORDS, order, abs(words - MIN_WORDS - 1), line))
    ranked.sort(key=lambda option: option[:3])
    return next((line for *_, line in ranked if accept(line)), None)


def pick(lines: Sequence[str], *, last_opening: str, turn: int, accept: Callable[[str], bool]) -> str | None:
    """Return one of several complete lines: 12 to 20 words, another opening than last time, acceptable."""
    rotated = [lines[(turn + index) % len(lines)] for index in range(len(lines))]
    return next(
        (
            line
            for line in rotated
            if MIN_WORDS <= word_count(line) <= MAX_WORDS and opening(line) != last_opening and accept(line)
        ),
        None,
    )
