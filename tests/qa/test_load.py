"""Many simulated calls at once: each talks on its own, and the figures say whose fault a delay was."""

import asyncio

import pytest

from app.qa.load import LoadOptions, LoadReport, percentiles, run_load
from app.qa.script import Cue
from app.qa.utterance import utterance
from app.qa.wire.http_client import ServerError
from tests.qa.fake_agent import Habits, fake_agent, tone


def test_calls_talk_side_by_side_and_are_measured_at_each_ear() -> None:
    """R3.1, R9.2: frames, answers and callbacks of all calls are in the figures."""
    cues = (Cue(utterance("a", tone(300))),)
    looks: list[int] = []

    async def scene() -> LoadReport:
        async with fake_agent(Habits(reply_ms=300)) as agent:
            options = LoadOptions(5, cues, agent.url, seconds=4.0, ramp_s=0.2)
            report = await run_load(options, live=lambda: looks.append(len(agent.messages)))
            sids = {message["streamSid"] for message in agent.messages if message["event"] == "start"}
            assert len(sids) == report.calls_made >= 5
            return report

    report = asyncio.run(scene())
    figures = report.summary()
    assert report.failures == []
    assert report.warnings == []
    assert figures["turns"] >= 5
    assert figures["unanswered"] == 0
    assert figures["frames"] >= 5 * 19
    assert figures["voice_to_voice_ms_p50"] > 250
    assert figures["callback_ms_p99"] > 0
    assert figures["callback_faults"] == 0
    assert len(report.own_late_ms) > 5 * 150
    assert looks


def test_a_server_that_is_not_there_fails_at_the_first_call() -> None:
    """One clear line, not one for each call."""
    options = LoadOptions(5, (Cue(utterance("a", tone(300))),), "http://127.0.0.1:1", seconds=60.0, ramp_s=0.1)
    with pytest.raises(ServerError, match="nobody answers"):
        asyncio.run(run_load(options))


def test_a_percentile_of_nothing_is_not_nought() -> None:
    """Silence is no figure."""
    assert percentiles("x", [], (50, 100)) == {}
    assert percentiles("x", [1.0, 3.0], (50, 100)) == {"x_p50": 2.0, "x_max": 3.0}
    assert "barge_in_ms_p50" not in LoadReport(1).summary()
