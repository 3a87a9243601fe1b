"""How the findings are told: a line an item, JSON (`report_schema.json`), and the exit status."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from app.qa.acceptance.findings import Finding, Status
from app.qa.acceptance.items import Evidence

SCHEMA = "qa/1"
ALL_PASSED, SOME_FAILED, NOT_TO_BE_TRUSTED = 0, 1, 3
OWN_LATE_LIMIT_MS = 20.0
_WORD = {Status.PASSED: "ok  ", Status.FAILED: "FAIL", Status.SKIPPED: "skip"}
_SHOWN = 6
_PERCENTILES = (50, 95, 100)


@dataclass(frozen=True, slots=True)
class Report:
    """The whole run. `own_late_ms_max` is how late this tool itself was; `calls` what each of `--calls` gave."""

    base_url: str
    started_at: str
    server: dict[str, str]
    findings: tuple[Finding, ...]
    own_late_ms_max: float
    connect_ms_min: float
    seconds: float
    own_late_limit_ms: float = OWN_LATE_LIMIT_MS
    calls: tuple[dict[str, Any], ...] = ()

    def count(self, status: Status) -> int:
        """Return how many items ended so."""
        return sum(finding.status is status for finding in self.findings)

    @property
    def is_trusted(self) -> bool:
        """Whether this tool was punctual enough to judge a server."""
        return self.own_late_ms_max <= self.own_late_limit_ms

    @property
    def exit_code(self) -> int:
        """0: all passed; 1: an item failed; 3: the tool was too late itself."""
        if not self.is_trusted:
            return NOT_TO_BE_TRUSTED
        return SOME_FAILED if self.count(Status.FAILED) else ALL_PASSED


def lines(report: Report) -> Iterator[str]:
    """Say each item in a line, then the sum."""
    for finding in report.findings:
        yield line(finding)
    passed, failed, skipped = (report.count(status) for status in (Status.PASSED, Status.FAILED, Status.SKIPPED))
    yield f"fastest TCP connect {report.connect_ms_min:.1f} ms; answers are timed to their first byte, less that"
    total = f"{passed} passed, {failed} failed, {skipped} skipped in {report.seconds:.0f} s"
    own = f"this tool was at most {report.own_late_ms_max:.0f} ms late"
    if not report.is_trusted:
        own += f", over {report.own_late_limit_ms:.0f}: nothing here is to be trusted; give it a quieter machine"
    yield f"{total}; {own}; exit {report.exit_code}"


def line(finding: Finding) -> str:
    """Say one item: measured, limit, and on failure what to do."""
    head = f"{_WORD[finding.status]} {finding.item.id:<4} {finding.item.title:<37}"
    if finding.status is Status.SKIPPED:
        return f"{head} {finding.reason}"
    parts = [part for part in (measured(finding), finding.reason) if part]
    text = f"{head} {', '.join(parts)}"
    if finding.item.limit and finding.values:
        text += f"   limit {finding.item.limit}"
    if finding.status is Status.FAILED:
        text += f"   → {finding.fix}; symptom {finding.item.symptom}"
    return text.rstrip()


def measured(finding: Finding) -> str:
    """Say the values in a few words."""
    values = finding.values
    if not values:
        return ""
    if len(values) <= _SHOWN:
        return f"{', '.join(f'{value:g}' for value in values)} {finding.unit}".rstrip()
    p50, p95, most = (finding.percentile(percent) for percent in _PERCENTILES)
    return f"{len(values)} measured: p50 {p50:g}, p95 {p95:g}, most {most:g} {finding.unit}".rstrip()


def as_json(report: Report) -> dict[str, Any]:
    """Return the report as `report_schema.json` describes it."""
    counts = {status.value: report.count(status) for status in Status}
    return {
        "schema": SCHEMA,
        "base_url": report.base_url,
        "started_at": report.started_at,
        "seconds": round(report.seconds, 1),
        "server": report.server,
        "own_late_ms_max": round(report.own_late_ms_max, 1),
        "connect_ms_min": round(report.connect_ms_min, 2),
        "summary": counts,
        "exit_code": report.exit_code,
        "items": [_item(finding) for finding in report.findings],
        "calls": list(report.calls),
    }


def _item(finding: Finding) -> dict[str, Any]:
    limit = finding.item.limit
    p50, p95, most = (finding.percentile(percent) for percent in _PERCENTILES)
    return {
        "id": finding.item.id,
        "title": finding.item.title,
        "status": finding.status.value,
        "evidence": Evidence(finding.item.evidence).value,
        "measured": {"values": list(finding.values), "p50": p50, "p95": p95, "max": most, "unit": finding.unit},
        "limit": {"op": limit.op, "value": limit.value, "unit": limit.unit} if limit else None,
        "reason": finding.reason,
        "fix": finding.fix if finding.status is Status.FAILED else None,
        "symptom": finding.item.symptom,
        "seconds": round(finding.seconds, 2),
    }


def sections(findings: Sequence[Finding]) -> dict[int, list[Finding]]:
    """Return the findings by the guideline's section."""
    grouped: dict[int, list[Finding]] = {}
    for finding in findings:
        grouped.setdefault(finding.item.section, []).append(finding)
    return grouped
