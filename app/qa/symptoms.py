"""The symptom table: what is seen, where to look, what to do (R13.1). One data file feeds README, `qa` and `doctor`."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_FILE = Path(__file__).parent / "symptoms.toml"


@dataclass(frozen=True, slots=True)
class Symptom:
    """One row; see symptoms.toml for the columns."""

    name: str
    seen: str
    look: str
    do: str
    words: tuple[str, ...]
    items: tuple[str, ...]
    checks: tuple[str, ...]


@cache
def symptoms() -> tuple[Symptom, ...]:
    """Return the table, in README's order."""
    rows = tomllib.loads(_FILE.read_text(encoding="utf-8"))["symptom"]
    return tuple(
        Symptom(
            *(row[name] for name in ("name", "seen", "look", "do")),
            *(tuple(row[name]) for name in ("words", "items", "checks")),
        )
        for row in rows
    )


def named(name: str) -> Symptom:
    """Return the row of that name."""
    return next(symptom for symptom in symptoms() if symptom.name == name)


def find(words: str) -> Symptom | None:
    """Return the row that a code or a few words mean; None: no row does."""
    asked = words.strip().casefold()
    said = asked.split()
    exact = (symptom for symptom in symptoms() if asked == symptom.name or asked in symptom.words)
    within = (
        symptom
        for symptom in symptoms()
        if any(
            word.split() == said[at : at + len(word.split())]
            for word in (symptom.name, *symptom.words)
            for at in range(len(said))
        )
    )
    return next(exact, None) or next(within, None)


def readme_table(rows: Iterable[Symptom]) -> list[str]:
    """Return the rows as README's Markdown table."""
    return [
        "| symptom | look at | do |",
        "| --- | --- | --- |",
        *(f"| {row.seen} | {row.look} | {row.do} |" for row in rows),
    ]
