"""The alert rules and the dashboard parse as PromQL, and ask only for what this server exports."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from tests.house.test_metrics import busy_worker, scraped
from tools.dashboard import TARGET, text

OPS = Path(__file__).parents[2] / "ops"
RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load((OPS / "alerts.yml").read_text())["groups"] for rule in group["rules"]
]
PANELS: list[dict[str, Any]] = json.loads((OPS / "grafana.json").read_text())["panels"]
QUERIES = [
    *((rule["alert"], rule["expr"]) for rule in RULES),
    *((panel["title"], target["expr"]) for panel in PANELS for target in panel["targets"]),
]


def selectors(node: Any) -> Iterator[Any]:
    """Every series that an expression asks for."""
    if isinstance(node, promql_parser.VectorSelector):
        yield node
    for part in ("lhs", "rhs", "expr", "param", "vs", "vector_selector"):
        if (child := getattr(node, part, None)) is not None:
            yield from selectors(child)
    for child in getattr(node, "args", None) or ():
        yield from selectors(child)


@pytest.mark.parametrize(("name", "query"), QUERIES)
def test_every_query_asks_for_series_that_are_exported(name: str, query: str) -> None:
    """R19: an alert on a name that nobody exports never fires."""
    exported: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(scraped(busy_worker())):  # type: ignore[no-untyped-call]
        for sample in family.samples:
            exported.setdefault(sample.name, set()).update(sample.labels)
    asked = list(selectors(promql_parser.parse(query.replace("$__rate_interval", "5m"))))
    assert asked, name
    for selector in asked:
        assert selector.name in exported, selector.name
        labels = {matcher.name for matcher in selector.matchers.matchers}
        assert labels <= exported[selector.name], selector.name


def test_every_alert_says_how_bad_it_is_and_what_to_run() -> None:
    """R19: whoever is woken knows what to do next."""
    for rule in RULES:
        assert rule["labels"]["severity"] in ("page", "warn"), rule["alert"]
        assert rule["annotations"]["runbook"].startswith("python -m app doctor"), rule["alert"]
        assert rule["annotations"]["summary"].endswith((".", "?")), rule["alert"]


def test_the_dashboard_is_what_its_tool_writes() -> None:
    """R19: panels are changed in one place."""
    assert TARGET.read_text() == text()
