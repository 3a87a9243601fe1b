"""The sentences that hold nothing of a caller: what may be synthesised before any call and kept (R9.4)."""

import re
from collections.abc import Iterator
from typing import Any

from app.dialog.lines import book
from app.dialog.lines.writer import LineWriter
from app.dialog.policy.state import DialogState

_SENTENCE_END = re.compile(r"(?<=[.?!])\s+")
_NEEDED_FIRST = ("greeting", "ask")  # every call has the greeting and one of the questions in every turn


def sentences(line: str) -> list[str]:
    """Split a line where the voice falls: each sentence is synthesised, cached and resumed by itself."""
    return [sentence for sentence in _SENTENCE_END.split(line.strip()) if sentence]


def stock_sentences(office_name: str, agent_name: str) -> tuple[str, ...]:
    """Return every sentence without a caller's values, in the order in which calls need them: greeting first."""
    writer = LineWriter(DialogState(), office_name, agent_name, 2000)
    found: dict[str, None] = {}
    entries = book.entries()
    first = {part: entries[part] for part in _NEEDED_FIRST}
    for template in _templates([first, entries]):
        line = template.replace("{office}", writer.office).replace("{agent}", writer.agent)
        found.update(dict.fromkeys(sentence for sentence in sentences(line) if "{" not in sentence))
    return tuple(found)


def stock_openings(office_name: str, agent_name: str) -> tuple[str, ...]:
    """Return what stock sentences say before a caller's values, up to the last comma: "תודה, ", "בסדר גמור, עדכנתי,".

    A voice that is slow to begin can say them from the cache while it makes the rest.
    """
    whole = frozenset(stock_sentences(office_name, agent_name))
    found: dict[str, None] = {}
    for template in _templates(book.entries()):
        for sentence in sentences(template):
            before, value, _ = sentence.partition("{")
            opening = before[: before.rfind(",") + 1]
            if value and opening and opening not in whole:
                found[opening] = None
    return tuple(found)


def _templates(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict):
        for child in node.values():
            yield from _templates(child)
    elif isinstance(node, list):
        for child in node:
            yield from _templates(child)
