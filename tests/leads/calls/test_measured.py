"""What a call adds to its day's figures."""

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from app.leads.calls.measured import figures_of

AT = datetime(2026, 11, 28, 12, 0, tzinfo=UTC)


def turn(number: int, latencies: dict[str, Any] | None = None, **timing: Any) -> SimpleNamespace:
    told = {"withdrawn": 0, "stt_source": "final", "line_source": "llm", "segments": {}, **timing} if timing else None
    return SimpleNamespace(number=number, at=AT, timing=told, latencies_ms=latencies or {})


def test_each_step_is_kept_by_turn_and_the_greeting_is_none() -> None:
    """R19."""
    turns = [
        turn(0, answer_ms=1),
        turn(1, answer_ms=900, segments={"asr": 120, "llm": None}, stt_source="fallback"),
        turn(2, answer_ms=700, segments={"asr": 100}, withdrawn=1, line_source="late"),
    ]
    told = figures_of(turns, ["floor", "", "floor"])
    assert told["turns"] == 2
    assert told["steps"] == {"asr": [120, 100], "answer": [900, 700]}
    assert (told["fallbacks"], told["withdrawn"]) == (2, 1)
    assert told["verdicts"] == {"floor": 2, "none": 1}
    assert told["answers"][0] == {"number": 1, "at": AT.isoformat(), "answer_ms": 900}


def test_an_answer_that_nobody_heard_is_in_no_time() -> None:
    """C33: but its turn counts."""
    told = figures_of([turn(1, answer_ms=None, segments={"asr": 120})], [])
    assert (told["turns"], told["steps"], told["answers"]) == (1, {}, [])


def test_turns_of_a_version_that_measured_less_count_by_what_it_measured() -> None:
    """R14: after an upgrade the days before it keep their figures."""
    told = figures_of([turn(1, {"asr": 120.0, "llm_first_token": 240.0, "voice_to_voice": 810.4})], [])
    assert told["steps"] == {"asr": [120.0], "sentence": [240.0], "answer": [810]}
