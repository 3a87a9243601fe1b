"""How findings are told: lines for people, JSON by its schema, JUnit for CI."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import orjson

from app.qa.acceptance import report as reports
from app.qa.acceptance.findings import Findings
from app.qa.acceptance.items import chosen
from app.qa.acceptance.junit import junit
from app.qa.acceptance.report import Report, as_json, lines

SCHEMA = json.loads((Path(reports.__file__).parent / "report_schema.json").read_text(encoding="utf-8"))


def report(own_late_ms: float = 4.0) -> Report:
    findings = Findings(chosen(("7.1", "6.1", "9.1", "9.4")))
    findings.measure("7.1", [390.0, 655.0, 402.0])
    findings.skip("6.1", "needs states")
    findings.measure("9.4", [800.0])
    call = {"number": 1, "call_sid": "BR1", "answers_ms": [700.5], "barge_in_ms": None, "frame_late_ms_p99": 1.0}
    return Report(
        base_url="https://voice.example",
        started_at="2026-11-22T17:00:00+00:00",
        server={"version": "1"},
        findings=tuple(findings.result()),
        own_late_ms_max=own_late_ms,
        connect_ms_min=0.3,
        seconds=61.0,
        calls=({**call, "holes": 0, "failure": None},),
    )


def test_a_failed_item_shows_what_was_measured_its_limit_and_its_fix() -> None:
    """R12.1, R13.1: one line an item, the fix from the symptom table."""
    told = list(lines(report()))
    failure = next(line for line in told if line.startswith("FAIL"))
    assert "7.1  barge-in to silence" in failure
    assert "390, 655, 402 ms   limit 420 ms   → `BARGE_IN_MS`, `BARGE_IN_GRACE_MS`; symptom cut" in failure
    assert any(line.startswith("skip 6.1") and line.endswith("needs states") for line in told)
    assert told[-1] == "1 passed, 1 failed, 2 skipped in 61 s; this tool was at most 4 ms late; exit 1"


def test_a_tool_too_late_says_so_whatever_it_found() -> None:
    """R12.1: exit 3."""
    late = report(own_late_ms=21.0)
    assert late.exit_code == 3
    assert "nothing here is to be trusted" in list(lines(late))[-1]


def test_the_json_keeps_to_its_schema() -> None:
    """R12.1: `qa --json`."""
    told = json.loads(orjson.dumps(as_json(report())))
    jsonschema.validate(told, SCHEMA, jsonschema.Draft202012Validator)
    (item,) = (item for item in told["items"] if item["id"] == "7.1")
    assert item["measured"] == {"values": [390.0, 655.0, 402.0], "p50": 402.0, "p95": 629.7, "max": 655.0, "unit": "ms"}
    assert told["summary"] == {"passed": 1, "failed": 1, "skipped": 2}


def test_the_junit_has_a_suite_a_section_in_the_common_schemas_order() -> None:
    """R12.1: `qa --junit`; the elements and attributes that windyroad's and Jenkins's JUnit schemas ask for."""
    root = ET.fromstring(junit(report()))
    assert root.tag == "testsuites"
    suites = {suite.get("name"): suite for suite in root}
    assert set(suites) == {"qa.6", "qa.7", "qa.9"}
    for suite in root:
        needed = {"name", "tests", "failures", "errors", "skipped", "time", "timestamp", "hostname"}
        assert set(suite.attrib) == needed
        assert "+" not in suite.attrib["timestamp"]
        tags = [child.tag for child in suite]
        cases = int(suite.attrib["tests"])
        assert tags == ["properties", *["testcase"] * cases, "system-out", "system-err"]
    (case,) = suites["qa.7"].findall("testcase")
    assert case.attrib["classname"] == "qa.7"
    assert case.attrib["name"] == "7.1 barge-in to silence"
    (failure,) = case
    assert failure.attrib["message"] == "390, 655, 402 ms; limit 420 ms → `BARGE_IN_MS`, `BARGE_IN_GRACE_MS`"
    (skipped,) = suites["qa.6"].findall("testcase/skipped")
    assert skipped.attrib["message"] == "needs states"
    figures = {one.attrib["name"]: one.attrib["value"] for one in suites["qa.9"].iter("property")}
    assert figures["9.4 max ms"] == "800"
