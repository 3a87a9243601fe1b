"""What this worker is like at the moment it is asked."""

from collections.abc import Iterator, Mapping
from typing import Any

from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, InfoMetricFamily

from app.house.metrics.exposing import gauge

Status = Mapping[str, Any]
TROUBLES = ("model_gone", "voice_at_a_wrong_rate")
"""What children tell (`sidecar.child.Exchange.tell_trouble`)."""


def gauges(
    status: Status, store: Status | None, journal: Status | None, tabs: int, lost_lines: int, census: Mapping[str, int]
) -> Iterator[Metric]:
    """Yield the families read at this moment; what `store` (the database) or `journal` (the store's process) do not
    answer, None, is left out.

    `census` is `runtime.census()`: numbers that grow with calls that are over are a leak.
    """
    yield _one("calls_live", "Calls under way", status["live_calls"])
    yield _one("calls_limit", "MAX_CALLS", status["max_calls"])
    yield _one("draining", "Whether it was told to stop and takes no calls", status["draining"])
    yield _one("start_time_seconds", "When this worker was started, in Unix time", status["started_at_s"])
    yield _one("disk_free_bytes", "Room on the disk of DATA_DIR", status["disk_free_bytes"])
    yield _one("store_unconfirmed", "Records the store has not confirmed", status["unconfirmed"])
    yield _one("console_tabs", "Open pages of the console that are kept up to date", tabs)
    yield _one("green_threads", "Green threads begun and not ended", census["green_threads"])
    yield _one("hub_timers", "Timers of the hub that are set", census["timers"])
    yield _one("hub_sockets", "Sockets that the hub waits for", census["sockets"])
    children = status["children"]
    yield gauge(
        "child_up", "Whether a child process serves", (((one["name"],), one["up"]) for one in children), "child"
    )
    down = (((engine,), is_down) for engine, is_down in status["engines_down"].items())
    yield gauge("engine_down", "Whether an engine is passed over for what stands in for it", down, "engine")
    troubles = (((kind,), kind in status["troubles"]) for kind in TROUBLES)
    yield gauge("trouble", "Whether calls go on with something that a person should mend", troubles, "kind")
    restarts = CounterMetricFamily("agent_child_restarts", "Times a child had to be started again", labels=["child"])
    for one in children:
        restarts.add_metric([one["name"]], one["restarts"])
    yield restarts
    yield CounterMetricFamily("agent_log_lines_lost", "Log lines that nobody could take", value=lost_lines)
    yield InfoMetricFamily("agent", "What serves", {"version": status["version"], **_named(status["engines"])})
    if journal is not None:
        yield _one("journal_records", "Records that wait for a database", journal["waiting"])
    if store is None:
        return
    yield _one("outbox_oldest_seconds", "Age of the oldest lead that is still to go out", store["outbox_oldest_s"])
    states = (
        ((channel, state), count) for channel, counts in store["outbox"].items() for state, count in counts.items()
    )
    yield gauge("outbox", "Leads on their way", states, "channel", "state")


def _one(name: str, text: str, value: float) -> Metric:
    return gauge(name, text, [((), value)])


def _named(engines: Mapping[str, str]) -> dict[str, str]:
    return {name: engines[name] for name in ("stt", "llm", "tts")}
