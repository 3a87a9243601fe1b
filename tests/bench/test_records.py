"""The bench of records' own arithmetic; what it measures is no test."""

from tests.bench.records import CALL_S, COLUMNS, SAID, Script, Step, row


def test_a_call_tells_what_calls_tell() -> None:
    """R14: what the bench's calls write is what a real ledger writes of a real dialog."""
    moments = Script().moments
    told = [record["op"] for _, record in moments]
    assert told[:2] == ["call_started", "call_served"]
    assert told[-2:] == ["call_ended", "call_used"]
    assert told.count("turn") >= 2 * len(SAID)
    assert {"slots", "facts", "interruption"} <= set(told)
    assert [at_s for at_s, _ in moments] == sorted(at_s for at_s, _ in moments)
    assert moments[-1][0] == CALL_S


def test_a_store_that_is_late_is_marked() -> None:
    """A record confirmed within a quarter of a second in 99 of 100 is in time."""
    step = Step(100, 500, 4, 250, 3, 600, 300, 25, 30, 20, 12, 60)
    assert row(step).split() == ["100", "500", "4", "250", "3", "600", "300", "25", "30", "20", "12", "60"]
    assert len(row(step).split()) == len(COLUMNS)
    assert row(Step(100, 500, 4, 251, 3, 600, 300, 25, 30, 20, 12, 60)).endswith("late")
