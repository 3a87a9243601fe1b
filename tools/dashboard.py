"""Write `ops/grafana.json` from the panels below: `python tools/dashboard.py`. A test compares the two."""

import json
import sys
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parents[1] / "ops" / "grafana.json"
RATE = "$__rate_interval"

# title, unit, (legend, query)…
PANELS: tuple[tuple[str, str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Live calls, and who was not let in",
        "short",
        (
            ("live {{instance}}", "agent_calls_live"),
            ("limit", "sum(agent_calls_limit)"),
            ("refused: {{why}}", f"sum by (why) (increase(agent_refused_total[{RATE}]))"),
        ),
    ),
    (
        "Answer: silence that the caller hears",
        "s",
        (
            ("p50", f"histogram_quantile(0.5, sum by (le) (rate(agent_answer_seconds_bucket[{RATE}])))"),
            ("p95", f"histogram_quantile(0.95, sum by (le) (rate(agent_answer_seconds_bucket[{RATE}])))"),
        ),
    ),
    (
        "Where an answer's time goes (mean)",
        "s",
        (
            (
                "{{step}}",
                (
                    "sum by (step) (rate(agent_turn_step_seconds_sum[$__rate_interval])) / sum by (step) "
                    "(rate(agent_turn_step_seconds_count[$__rate_interval]))"
                ),
            ),
        ),
    ),
    (
        "Interruptions by verdict",
        "short",
        (("{{verdict}}", f"sum by (verdict) (increase(agent_interruptions_total[{RATE}]))"),),
    ),
    ("Ends of utterances", "short", (("{{kind}}", f"sum by (kind) (increase(agent_eou_total[{RATE}]))"),)),
    (
        "Engines: errors and stand-ins",
        "short",
        (
            ("{{engine}}: {{kind}}", f"sum by (engine, kind) (increase(agent_engine_errors_total[{RATE}]))"),
            ("{{engine}}: stand-in", f"sum by (engine) (increase(agent_engine_fallbacks_total[{RATE}]))"),
        ),
    ),
    (
        "Hub: lateness p99, and holes in the voice",
        "s",
        (
            ("lateness", f"histogram_quantile(0.99, sum by (le) (rate(agent_hub_lag_seconds_bucket[{RATE}])))"),
            ("holes", f"sum(increase(agent_holes_total[{RATE}]))"),
        ),
    ),
    (
        "Leads on their way",
        "short",
        (
            ("{{channel}} {{state}}", "sum by (channel, state) (agent_outbox)"),
            ("oldest, s", "max(agent_outbox_oldest_seconds)"),
            ("journal", "sum(agent_journal_records)"),
        ),
    ),
    ("Used in a day", "short", (("{{unit}}", "sum by (unit) (increase(agent_usage_total[1d]))"),)),
    (
        "Children: restarts, and log lines lost",
        "short",
        (
            ("{{child}}", f"sum by (child) (increase(agent_child_restarts_total[{RATE}]))"),
            ("log lines", f"sum(increase(agent_log_lines_lost_total[{RATE}]))"),
        ),
    ),
    (
        "Calls by outcome",
        "short",
        (("{{outcome}}", f'sum by (outcome) (increase(agent_calls_total{{channel="call"}}[{RATE}]))'),),
    ),
    (
        "Prepared replies, replies taken back",
        "short",
        (
            ("prepared: {{result}}", f"sum by (result) (increase(agent_speculations_total[{RATE}]))"),
            ("taken back", f"sum(increase(agent_replies_withdrawn_total[{RATE}]))"),
            ("holding phrases", f"sum(increase(agent_holding_total[{RATE}]))"),
        ),
    ),
)
SOURCE = {"type": "prometheus", "uid": "${source}"}


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "title": "Phone agent",
        "uid": "phone-agent",
        "schemaVersion": 39,
        "refresh": "30s",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": [{"name": "source", "type": "datasource", "query": "prometheus"}]},
        "panels": [_panel(index, *panel) for index, panel in enumerate(PANELS)],
    }


def text() -> str:
    """Return the file's content."""
    return json.dumps(dashboard(), indent=1) + "\n"


def _panel(index: int, title: str, unit: str, queries: tuple[tuple[str, str], ...]) -> dict[str, Any]:
    return {
        "id": index + 1,
        "title": title,
        "type": "timeseries",
        "datasource": SOURCE,
        "gridPos": {"x": 12 * (index % 2), "y": 8 * (index // 2), "w": 12, "h": 8},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "targets": [
            {"refId": chr(ord("A") + number), "datasource": SOURCE, "legendFormat": legend, "expr": query}
            for number, (legend, query) in enumerate(queries)
        ],
    }


if __name__ == "__main__":
    TARGET.write_text(text())
    sys.stdout.write(f"{TARGET} written\n")
