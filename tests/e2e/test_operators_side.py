"""One real call, and what the operators' side has of it afterwards: timings that agree, its sound, its figures."""

import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.call.shell.audio_file import HEADER
from app.media.codec import decode_ulaw
from tests.e2e.phones import Exchange, Phone, sample, until
from tests.e2e.town import Town, Vendors, town

TOKEN = "a-token-for-metrics"


@dataclass
class Afterwards:
    """A call of one turn that was recorded, and the silence that its caller heard before the answer."""

    town: Town
    phone: Phone
    heard_answer_ms: int
    billed: dict[str, int]
    """What the vendors counted meanwhile, in the store's units."""

    def row(self, query: str) -> dict[str, Any]:
        """Return the only row."""
        (row,) = self.town.rows(query, self.phone.call_sid)
        return row


@pytest.fixture(scope="module")
def after(
    vendors: Vendors, exchange: Exchange, house: Town, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Afterwards]:
    """Hold the call on a server that keeps sound, and wait until the store knows all of it."""
    env = {"RECORD_CALLS": "on", "METRICS_TOKEN": TOKEN}
    with town(vendors, exchange, tmp_path_factory.mktemp("kept"), env, stock_from=house.data) as there:
        there.vendors.ears.script(texts=["שלום אני רוצה לשכור דירה ברעננה"])
        stock = len(there.vendors.voice.entries)
        phone = there.greeted()
        phone.say(sample("v022"))
        spoken_to = phone._spoken_to
        there.wait_for_log(phone, "TURN | turn=1")
        phone.hear_reply()
        until(lambda: sum("TTS_END" in line for line in there.log(phone)) >= 2, "the answer's end")
        first = phone.peer.player.first_audible(spoken_to)
        assert first is not None
        phone.hang_up()
        until(lambda: there.rows("SELECT * FROM calls WHERE ended_at IS NOT NULL AND usage IS NOT NULL"), "its end")
        yield Afterwards(there, phone, (first - spoken_to) // 8, billed(there.vendors, stock))


def billed(vendors: Vendors, stock: int) -> dict[str, int]:
    """Return what the vendors would bill; the first `stock` sentences were no call's."""
    tokens = [entry["billed"] for entry in vendors.mind.entries if "billed" in entry]
    return {
        "stt_ms": sum(entry["audio_ms"] for entry in vendors.ears.entries),
        "tts_chars": sum(len(entry["text"]) for entry in vendors.voice.entries[stock:]),
        "llm_in_tokens": sum(one["prompt_tokens"] for one in tokens),
        "llm_out_tokens": sum(one["completion_tokens"] for one in tokens),
    }


def test_the_stored_steps_add_up_to_the_silence_that_the_caller_heard(after: Afterwards) -> None:
    """C32: within 5 ms among themselves; the caller's own ear has another opinion of where a voice ends."""
    timing = json.loads(after.row("SELECT timing FROM turns WHERE call_sid = ? AND number = 1")["timing"])
    assert all(value is not None for value in timing["segments"].values()), timing
    assert abs(sum(timing["segments"].values()) - timing["answer_ms"]) <= 5
    if not timing["holding"]:  # else the caller has heard something before the answer
        assert abs(timing["answer_ms"] - after.heard_answer_ms) <= 150, (timing, after.heard_answer_ms)
    assert timing["heard_by"] == "mark"


def test_the_call_says_who_served_it_how_it_ended_and_what_it_used(after: Afterwards) -> None:
    """Console 3: engines, instance, version, reason, units."""
    call = after.row("SELECT * FROM calls WHERE call_sid = ?")
    usage = json.loads(call["usage"])
    assert json.loads(call["engines"])["stt"] == "google"
    assert (call["end_reason"], call["turn_count"]) == ("stop", 1)
    assert call["clock0_at"]
    assert call["instance"]
    assert usage["stt_ms"] > 1000
    assert usage["tts_chars"] + usage["tts_cached_chars"] > 50
    assert usage["llm_in_tokens"] > usage["llm_out_tokens"] > 5


def test_what_it_used_is_what_the_vendors_counted(after: Afterwards) -> None:
    """C37: seconds of audio to the percent, characters and tokens to the last."""
    usage = json.loads(after.row("SELECT usage FROM calls WHERE call_sid = ?")["usage"])
    assert usage["stt_ms"] == pytest.approx(after.billed["stt_ms"], rel=0.01)
    counted = ("tts_chars", "llm_in_tokens", "llm_out_tokens")
    assert {name: usage.get(name, 0) for name in counted} == {name: after.billed[name] for name in counted}


def test_its_sound_is_kept_and_both_sides_are_where_they_were_heard(after: Afterwards) -> None:
    """Console 3: the greeting says that the call is recorded; the caller left, the agent right."""
    greeting = after.row("SELECT agent_heard FROM turns WHERE call_sid = ? AND number = 0")["agent_heard"]
    assert "מוקלט" in greeting
    path = after.town.data / "audio" / f"{after.phone.call_sid}.wav"
    timing = json.loads(after.row("SELECT timing FROM turns WHERE call_sid = ? AND number = 1")["timing"])

    def sides() -> Any:
        kept = np.frombuffer(path.read_bytes()[HEADER.size :], np.uint8).reshape(-1, 2)
        return kept if len(kept) >= timing["agent_to"] * 8 else None

    until(lambda: sides() is not None, "the sound on disk")
    kept = sides()
    loud = np.abs(decode_ulaw(kept.T.reshape(-1).tobytes()).astype(int)).reshape(2, -1)
    caller, agent = loud

    def level(side: Any, from_ms: int, to_ms: int) -> float:
        return float(side[from_ms * 8 : to_ms * 8].mean())

    assert level(caller, timing["speech_from"], timing["speech_to"]) > 10 * level(
        caller, timing["first_heard"], timing["agent_to"]
    )
    assert level(agent, timing["first_heard"], timing["agent_to"] - 300) > 100
    assert level(agent, timing["speech_from"], timing["speech_to"]) == 0


def test_metrics_tell_of_it_to_whoever_holds_the_token(after: Afterwards) -> None:
    """C42."""
    asked = urllib.request.Request(
        f"{after.town.server.url}/metrics",
        headers={"Host": "voice.example", "Authorization": f"Bearer {TOKEN}"},
    )
    with urllib.request.urlopen(asked, timeout=10) as answer:
        text = answer.read().decode()
    assert 'agent_calls_total{channel="call"' in text
    assert 'agent_answer_seconds_count{engine="google"} 1.0' in text
    assert Path(after.town.data).name not in text
    assert len(text.splitlines()) <= 400
