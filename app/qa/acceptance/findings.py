"""What was found of each item, and which failure is only another one's consequence. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np

from app.qa.acceptance.items import ITEMS, Item, item
from app.qa.symptoms import named


class Status(StrEnum):
    """How an item ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One item's outcome: `values` as measured, in `unit`; `reason` says in words what was seen."""

    item: Item
    status: Status
    reason: str = ""
    values: tuple[float, ...] = ()
    unit: str = ""
    seconds: float = 0.0

    @property
    def fix(self) -> str:
        """What to do about it, from the symptom table."""
        return named(self.item.symptom).do

    def percentile(self, percent: int) -> float | None:
        """Return a percentile of the values; None of nothing."""
        return round(float(np.percentile(self.values, percent)), 1) if self.values else None


@dataclass(slots=True)
class Findings:
    """Collects what is found. Several scenes may speak to one item: it passes when all of them say so."""

    wanted: frozenset[str]
    _parts: dict[str, list[Finding]] = field(default_factory=dict)

    def add(
        self,
        number: str,
        holds: bool,
        reason: str = "",
        values: Sequence[float] = (),
        unit: str = "",
        seconds: float = 0.0,
    ) -> None:
        """Note a part of an item's outcome."""
        status = Status.PASSED if holds else Status.FAILED
        rounded = tuple(round(value, 1) for value in values)
        self._put(Finding(item(number), status, reason, rounded, unit, seconds))

    def fail(
        self, number: str, reason: str, values: Sequence[float] = (), unit: str = "", seconds: float = 0.0
    ) -> None:
        """Note a failure."""
        self.add(number, holds=False, reason=reason, values=values, unit=unit, seconds=seconds)

    def measure(self, number: str, values: Sequence[float], reason: str = "", seconds: float = 0.0) -> None:
        """Note measured values and hold them against the item's own limit; no value at all fails."""
        limit = item(number).limit
        assert limit is not None
        holds = bool(values) and all(limit.holds(value) for value in values)
        self.add(number, holds, reason or ("" if values else "nothing could be measured"), values, limit.unit, seconds)

    def skip(self, number: str, reason: str) -> None:
        """Note why an item was not judged."""
        self._put(Finding(item(number), Status.SKIPPED, reason))

    def absorb(self, other: "Findings") -> None:
        """Take over what was found elsewhere, in a call that counts."""
        for part in other.parts():
            self._put(part)

    def parts(self) -> list[Finding]:
        """Return everything found so far, piece by piece."""
        return [part for parts in self._parts.values() for part in parts]

    def has(self, number: str) -> bool:
        """Tell whether anything was found of an item."""
        return number in self._parts

    def result(self) -> list[Finding]:
        """Return one finding for each wanted item, in order."""
        merged = [
            _merged(parts) if (parts := self._parts.get(one.id)) else Finding(one, Status.SKIPPED, "not reached")
            for one in ITEMS
            if one.id in self.wanted
        ]
        return explained(merged)

    def _put(self, finding: Finding) -> None:
        if finding.item.id in self.wanted:
            self._parts.setdefault(finding.item.id, []).append(finding)


def explained(findings: Iterable[Finding]) -> list[Finding]:
    """Turn failures that another failure explains into skips that name it."""
    found = {finding.item.id: finding for finding in findings}
    failed = {number for number, finding in found.items() if finding.status is Status.FAILED}

    roots = {number for number in failed if not failed & set(item(number).after)}

    def cause(finding: Finding) -> str | None:
        return next((number for number in finding.item.after if number in roots), None)

    return [
        replace(
            finding,
            status=Status.SKIPPED,
            reason=f"not judged: {why} failed" + (f" ({finding.reason})" if finding.reason else ""),
        )
        if finding.status is Status.FAILED and (why := cause(finding))
        else finding
        for finding in found.values()
    ]


def _merged(parts: list[Finding]) -> Finding:
    """Join the parts of one item: the worst status, the reasons of that status, all the values."""
    status = next(
        one for one in (Status.FAILED, Status.PASSED, Status.SKIPPED) if any(part.status is one for part in parts)
    )
    reasons = dict.fromkeys(part.reason for part in parts if part.status is status and part.reason)
    values = tuple(value for part in parts for value in part.values)
    unit = next((part.unit for part in parts if part.unit), "")
    return Finding(parts[0].item, status, "; ".join(reasons), values, unit, sum(part.seconds for part in parts))
