"""What `/metrics` says of a worker."""

from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from app.house.hub_watch import Late
from app.house.metrics.counting import Counts
from app.house.metrics.exposing import exposed
from app.house.metrics.gauges import gauges

STATUS = {
    "version": "1.2.3",
    "engines": {"stt": "google", "stt_fallback": "openai", "llm": "openai", "tts": "google"},
    "children": [{"name": "speech", "up": True, "restarts": 2}, {"name": "store", "up": False, "restarts": 0}],
    "engines_down": {"google": True, "openai": False},
    "troubles": {"model_gone": "gpt-old is no longer there, gpt-next answers"},
    "live_calls": 3,
    "max_calls": 120,
    "unconfirmed": 0,
    "draining": False,
    "started_at_s": 1_795_000_000.0,
    "disk_free_bytes": 5_000_000_000,
}
STORE = {"outbox": {"webhook": {"pending": 2}}, "outbox_oldest_s": 17}
JOURNAL = {"waiting": 3}
CENSUS = {"green_threads": 20, "timers": 7, "sockets": 9}
TIMING: dict[str, Any] = {
    "withdrawn": 1,
    "faults": 0,
    "holes": 2,
    "answer_ms": 900,
    "segments": {
        "endpointing": 400,
        "asr": 200,
        "llm": 100,
        "sentence": 50,
        "tts": 120,
        "own": 0,
        "held": 0,
        "send": 0,
        "path": 30,
    },
}


def busy_worker(calls: int = 1) -> Counts:
    """A worker to which everything that is counted has happened in each of its calls."""
    counts = Counts("google")
    counts.hub_was_late(Late(3, 2, 1, 0, ()))
    for why in ("full", "draining", "muted", "token", "signature", "rate"):
        counts.refused.labels(why).inc()
    counts.logins.labels("bad").inc()
    counts.call_ended("recording", "recording")
    counts.second_voice_spoke()
    happened: list[tuple[str, dict[str, Any]]] = [
        ("STATE→PROCESSING", {"silence_ms": 400, "len": 1500}),
        ("EOU", {"len": 5000, "silence_ms": 0, "forced": True}),
        ("SPECULATION", {"used": True, "guesses": 1}),
        ("LINE_LOST", {}),
        ("HOLDING", {"turn": 1, "waited_ms": 1600}),
        ("STT_FAILED", {"code": "quota", "message": "full"}),
        ("ASR_TEXT", {"turn": 1, "text": "דירה", "source": "fallback", "asr_ms": 900}),
        ("ASR_TEXT", {"turn": 2, "text": "דירה", "source": "final", "asr_ms": 200}),
        ("LLM_FAILED", {"code": "unauthenticated", "message": "no"}),
        ("LLM_LATE", {"waited_ms": 900, "sentences": 0}),
        ("TIMING", {"turn": 1, **TIMING}),
        ("INTERRUPTION", {"number": 1, "verdict": ""}),
        ("INTERRUPTION", {"number": 1, "verdict": "floor"}),
        ("INTERRUPTION", {"number": 1, "verdict": "floor", "words": "דירה"}),
        ("USAGE", {"stt_ms": 2500, "tts_chars": 80, "tts_lines": 3, "tts_cached_lines": 5}),
        ("ENDED", {"reason": "stop", "outcome": "confirmed"}),
        ("CALL_ENDED", {}),
    ]
    for number in range(calls):
        for event, fields in happened:
            counts.note(f"CA{number}", "call", event, fields, 61_000)
    return counts


def scraped(counts: Counts, store: dict[str, Any] | None = STORE, journal: dict[str, Any] | None = JOURNAL) -> str:
    pauses: list[None] = []
    now = gauges(STATUS, store, journal, 2, 0, CENSUS)
    text = b"".join(exposed(counts.registry, now, lambda: pauses.append(None))).decode()
    assert len(pauses) > 20, "the hub goes on between families"
    return text


def value(text: str, sample: str, **labels: str) -> float | None:
    for family in text_string_to_metric_families(text):  # type: ignore[no-untyped-call]
        for one in family.samples:
            if one.name == sample and all(one.labels.get(name) == wanted for name, wanted in labels.items()):
                return float(one.value)
    return None


def test_what_happens_in_calls_is_counted() -> None:
    """R19: outcomes, steps, verdicts, ends of utterances, errors, usage."""
    text = scraped(busy_worker())
    assert value(text, "agent_calls_total", channel="call", outcome="confirmed") == 1
    assert value(text, "agent_calls_total", channel="recording") == 1
    assert value(text, "agent_answer_seconds_sum", engine="google") == pytest.approx(0.9)
    assert value(text, "agent_turn_step_seconds_sum", step="asr") == pytest.approx(0.2)
    assert value(text, "agent_interruptions_total", verdict="floor") == 1  # told twice, happened once
    assert value(text, "agent_engine_errors_total", engine="stt", kind="quota") == 1
    assert value(text, "agent_engine_errors_total", engine="llm", kind="auth") == 1
    served_by_what_stands_in = {"stt": 1, "llm": 2, "tts": 1}
    for engine, times in served_by_what_stands_in.items():
        assert value(text, "agent_engine_fallbacks_total", engine=engine) == times
    assert value(text, "agent_usage_total", unit="stt_seconds") == 2.5
    assert value(text, "agent_tts_cache_total", result="hit") == 5
    assert value(text, "agent_holes_total") == 2
    assert value(text, "agent_lines_lost_total") == 1
    assert value(text, "agent_child_restarts_total", child="speech") == 2
    assert value(text, "agent_child_up", child="store") == 0
    assert value(text, "agent_outbox", channel="webhook", state="pending") == 2


def test_an_answer_that_nobody_heard_is_no_answer_time() -> None:
    """Console 0: a reply taken back is counted as that alone."""
    counts = Counts("google")
    counts.note("CA1", "call", "TIMING", {**TIMING, "answer_ms": None, "segments": {}}, 0)
    text = scraped(counts)
    assert value(text, "agent_answer_seconds_count", engine="google") is None
    assert value(text, "agent_replies_withdrawn_total") == 1


def test_a_thousand_calls_make_no_more_lines_and_hold_nobody_s_number() -> None:
    """C42: at most 400 lines; an outcome that is not known is "other"."""
    counts = busy_worker(calls=1000)
    counts.call_ended("call", "+972501234567")
    text = scraped(counts)
    assert len(text.splitlines()) <= 400
    assert value(text, "agent_calls_total", outcome="other") == 1
    assert "1234567" not in text


@pytest.mark.parametrize(("journal", "told"), [(JOURNAL, 3), (None, None)])
def test_a_database_or_a_store_that_does_not_answer_leaves_out_what_only_it_knows(
    journal: dict[str, Any] | None, told: float | None
) -> None:
    """R18: the rest is told all the same, and nothing false; how much waits for a database is told without it."""
    text = scraped(busy_worker(), None, journal)
    assert value(text, "agent_outbox_oldest_seconds") is None
    assert value(text, "agent_journal_records") == told
    assert value(text, "agent_calls_live") == 3
