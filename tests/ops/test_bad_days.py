"""Where each failure shows: ops/bad_days.md, read against what is exported, alerted, checked and logged."""

import re
from pathlib import Path

import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from app.qa.doctor.command import check_names
from app.qa.symptoms import find
from tests.house.test_metrics import busy_worker, scraped

ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| (.+) \|$", re.MULTILINE)
TABLE = [
    tuple(cell.strip() for cell in row[1].split(" | "))
    for row in list(_ROW.finditer((ROOT / "ops" / "bad_days.md").read_text().replace("| |", "|  |")))[2:]
]
RULES = {
    rule["alert"]: rule
    for group in yaml.safe_load((ROOT / "ops" / "alerts.yml").read_text())["groups"]
    for rule in group["rules"]
}
CODE = "\n".join(path.read_text() for path in sorted((ROOT / "app").rglob("*.py")))
QUIET = {"a second stream of one call", "it is told to stop"}
"""What nobody has to do anything about."""
ABOUT_CALLS_THEMSELVES = {"Slow", "NoCalls"}
"""Alerts on how calls go, which no single failure is behind."""


def quoted(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


@pytest.mark.parametrize(("fails", "metrics", "alert", "doctor", "lines"), TABLE, ids=[row[0] for row in TABLE])
def test_every_failure_shows_in_a_metric_an_alert_the_doctor_and_the_log(
    fails: str, metrics: str, alert: str, doctor: str, lines: str
) -> None:
    """R11, R19, R13.1: whoever runs the office learns of it before a caller says so."""
    exported = {
        sample.name
        for family in text_string_to_metric_families(scraped(busy_worker()))  # type: ignore[no-untyped-call]
        for sample in family.samples
    }
    exported |= {name.removesuffix("_count") for name in exported}
    assert quoted(metrics)
    assert set(quoted(metrics)) <= exported
    assert (not alert) == (fails in QUIET)
    if alert:
        assert any(name in RULES[alert]["expr"] for name in quoted(metrics)), "the alert is on another metric"
    symptom = doctor.strip("`").partition("--symptom ")[2]
    assert find(symptom) if symptom else doctor in check_names()
    assert quoted(lines)
    for line in quoted(lines):
        assert re.search(rf"[\"'{{ ]{re.escape(line)}", CODE), line


def test_every_alert_is_about_a_failure_of_the_table() -> None:
    """R19: and what wakes a person is told there."""
    assert {row[2] for row in TABLE} - {""} == set(RULES) - ABOUT_CALLS_THEMSELVES
