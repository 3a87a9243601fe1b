"""A simulated call over real sockets: what the server is sent, what is reported, and how it fails."""

import asyncio
import base64
import itertools
import socket
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import numpy as np
import pytest
from click.testing import CliRunner
from twilio.request_validator import RequestValidator

from app.media.codec import decode_ulaw
from app.media.wav import parse_wav, write_wav
from app.qa.caller import CallOptions, CallReport, LiveCall, call_command
from tests.qa.fake_agent import FakeAgent, Habits, fake_agent, tone

TOKEN = "a-token-of-no-account"
SEQUENCED = ("start", "media", "mark", "dtmf", "stop")


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    """Return half a second of tone with silence around it."""
    path = tmp_path / "caller.wav"
    hush = np.zeros(800, np.int16)
    path.write_bytes(write_wav(np.concatenate([hush, tone(500), hush]), 8000))
    return path


async def make_call(agent: FakeAgent, wav: Path, **options: Any) -> tuple[CallReport, list[str]]:
    """Make a call to the agent and return its report and what was printed."""
    printed: list[str] = []
    settings: dict[str, Any] = {"wavs": (wav,), "gap_ms": 100, **options}
    report = await LiveCall(CallOptions(url=agent.url, **settings), printed.append).run()
    return report, printed


def with_agent(habits: Habits | None, scene: Callable[[FakeAgent], Coroutine[Any, Any, None]]) -> None:
    """Run a scene against an agent with these habits."""

    async def play() -> None:
        async with fake_agent(habits) as agent:
            await scene(agent)

    asyncio.run(play())


def test_a_call_is_made_as_twilio_makes_it(wav: Path, tmp_path: Path) -> None:
    """R2.1, R2.4, R4.1, R12.1: signed webhook, subprotocol, connected/start/media/mark/stop, callbacks, recording."""

    async def scene(agent: FakeAgent) -> None:
        record = tmp_path / "call.wav"
        report, printed = await make_call(agent, wav, auth_token=TOKEN, record=record)

        assert report.failure is None, printed
        assert report.warnings == []
        assert len(report.turns) == 1
        assert (report.turns[0].voice_to_voice_ms or 0) > 300
        check_webhooks(agent)
        check_stream(agent.messages, report.call_sid)
        check_recording(record, report)
        assert any("caller speaks caller.wav" in line for line in printed)
        assert any("agent speaks" in line for line in printed)
        assert any("mark played: assistant_tts_end:1" in line for line in printed)
        assert any("voice-to-voice" in line for line in printed)

    with_agent(None, scene)


def check_webhooks(agent: FakeAgent) -> None:
    """Every request is signed for the URL that Twilio was given, the stream's own included."""
    validator = RequestValidator(TOKEN)
    paths = [target for target, _, _ in agent.requests]
    assert paths[:2] == ["/webhook/incoming_call", "/ws/twilio-media"]
    assert paths.count("/webhook/stream_status") == 2
    assert paths.count("/webhook/call_status") == 1
    for target, headers, body in agent.requests:
        form = dict(parse_qsl(body.decode(), keep_blank_values=True))
        if target == "/ws/twilio-media":
            assert headers["sec-websocket-protocol"] == "audio.twilio.com"
            url = "wss://voice.example/ws/twilio-media"
        elif target == "/webhook/stream_status":
            url = "https://voice.example/webhook/stream_status"
        elif target.startswith("/webhook"):
            url = agent.url + target
        else:
            continue
        assert validator.validate(url, form, headers["x-twilio-signature"]), target
    statuses = [dict(parse_qsl(body.decode())) for target, _, body in agent.requests if target.endswith("_status")]
    assert {form.get("StreamEvent") for form in statuses} == {"stream-started", "stream-stopped", None}


def check_stream(messages: list[dict[str, Any]], call_sid: str) -> None:
    """The messages have the shapes of Twilio's, numbers in strings included."""
    assert messages[0] == {"event": "connected", "protocol": "Call", "version": "1.0.0"}
    start = messages[1]
    assert start["event"] == "start"
    assert start["start"]["callSid"] == call_sid
    assert start["start"]["tracks"] == ["inbound"]
    assert start["start"]["customParameters"] == {"token": "a&b", "from": "+972500000000"}
    assert start["start"]["mediaFormat"] == {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1}
    assert {len(start[name]) for name in ("streamSid",)} | {len(start["start"]["accountSid"])} == {34}
    numbered = [message for message in messages if message["event"] in SEQUENCED]
    assert [message["sequenceNumber"] for message in numbered] == [str(n) for n in range(1, len(numbered) + 1)]
    media = [message["media"] for message in messages if message["event"] == "media"]
    assert [item["chunk"] for item in media] == [str(n) for n in range(1, len(media) + 1)]
    assert [item["timestamp"] for item in media] == [str(n * 20) for n in range(1, len(media) + 1)]
    assert {len(base64.b64decode(item["payload"])) for item in media} == {160}
    assert {item["track"] for item in media} == {"inbound"}
    marks = [message["mark"]["name"] for message in messages if message["event"] == "mark"]
    assert marks == ["assistant_tts_end:1", "assistant_tts_end:2"]
    assert messages[-1]["event"] == "stop"


def check_recording(record: Path, report: CallReport) -> None:
    """Caller left, agent right, each at the millisecond at which the ear had it."""
    wav = parse_wav(record.read_bytes())
    assert (wav.rate_hz, wav.channels) == (8000, 2)
    turn = report.turns[0]
    caller, agent = wav.samples[:, 0].astype(int), wav.samples[:, 1].astype(int)
    loud = np.flatnonzero(np.abs(caller) > 1000)
    assert turn.voiced_from <= loud[0] < turn.voiced_from + 80
    assert turn.voiced_to - 80 <= loud[-1] < turn.voiced_to
    assert turn.answer_from is not None
    assert np.abs(agent[turn.answer_from]) > 1000
    assert np.abs(agent[turn.voiced_from : turn.answer_from]).max() < 200


def test_breaking_in_stops_the_agent_and_is_timed(wav: Path) -> None:
    """R7.4: the clear empties the player at once, and its marks come back."""

    async def scene(agent: FakeAgent) -> None:
        agent.habits.reply_ms = 1600
        # Two utterances: the first is said into the greeting, the second into the long reply.
        report, printed = await make_call(agent, wav, wavs=(wav, wav), barge_in_after_ms=200)

        assert len(report.turns) == 2
        second = report.turns[1]
        assert second.agent_was_speaking, printed
        assert second.barge_in_ms is not None
        assert second.barge_in_ms < 1400
        assert any("clear" in line for line in printed)

    with_agent(None, scene)


def test_a_stalled_server_is_charged_with_the_hole_the_caller_heard(wav: Path) -> None:
    """R9.2: 400 ms of nothing with 160 ms of lead leave a hole of about 240 ms."""

    async def scene(agent: FakeAgent) -> None:
        report, printed = await make_call(agent, wav)
        assert report.underruns >= 1, printed

    with_agent(Habits(stall_at_frame=12), scene)


def test_messages_that_twilio_would_drop_are_warned_of_and_dropped(wav: Path) -> None:
    """Facts: 31950 for binary, 31951 for what is no message of this stream."""
    nonsense = ["{", "[]", '{"event":"media","streamSid":"MZother","media":{"payload":""}}', '{"event":"x"}']

    async def scene(agent: FakeAgent) -> None:
        report, _ = await make_call(agent, wav)
        assert report.failure is None
        assert [warning[:5] for warning in report.warnings] == ["31951"] * 4 + ["31950"]

    with_agent(Habits(extra_messages=nonsense, binary=True), scene)


def test_what_the_server_tells_of_the_call_is_printed_once(wav: Path) -> None:
    """States, words heard and words said come from the server's events, where it has them."""
    events = [{"at_ms": 20, "event": "state", "state": "SPEAKING"}, {"at_ms": 900, "event": "asr_text", "text": "שלום"}]

    async def scene(agent: FakeAgent) -> None:
        report, printed = await make_call(agent, wav)
        assert report.server_events == events
        assert sum("server: asr_text  text=שלום" in line for line in printed) == 1

    with_agent(Habits(events=events), scene)


@pytest.mark.parametrize(
    ("habits", "failure"),
    [
        (Habits(status=403), "answered 403: no auth token"),
        (Habits(status=500), "answered HTTP 500"),
        (Habits(content_type="text/html"), "not TwiML: this is no Twilio voice server"),
        (Habits(twiml="\n<Response/>"), "12100"),
        (Habits(twiml="<Response><Say>עמוס</Say><Hangup/></Response>"), "opens no media stream; its TwiML holds <Say>"),
        (Habits(twiml="<html/>"), "its root is <html>"),
        (Habits(twiml="<Response><Connect><Stream url='ws://a/b'/></Connect></Response>"), "Twilio wants wss://"),
        (Habits(close_after_start=1008), "the server closed the call (1008 stranger) with 1 utterances unsaid"),
        (Habits(greets=False), "the agent never spoke"),
        (Habits(replies=False), "the agent never answered caller.wav"),
    ],
)
def test_a_server_that_fails_is_reported_in_one_line(wav: Path, habits: Habits, failure: str) -> None:
    """R12.1: the command says what is wrong, and exits non-zero."""

    async def scene(agent: FakeAgent) -> None:
        report, _ = await make_call(agent, wav, patience_ms=600)
        assert report.failure is not None
        assert failure in report.failure
        assert "\n" not in report.failure

    with_agent(habits, scene)


def test_the_command_takes_wavs_in_either_form_and_fails_plainly(wav: Path) -> None:
    """`--wav a.wav b.wav` and `--wav a.wav --wav b.wav` are the same; nobody listening is said in one line."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        for arguments in (["--wav", str(wav), str(wav)], ["--wav", str(wav), "--wav", str(wav)]):
            result = CliRunner().invoke(call_command, [*arguments, "--url", url])
            assert result.exit_code == 1
            assert "nobody answers at http://127.0.0.1" in result.output
    assert CliRunner().invoke(call_command, []).exit_code == 2
    missing = CliRunner().invoke(call_command, ["--wav", "none.wav"])
    assert missing.exit_code == 1
    assert "none.wav: No such file" in missing.output


def test_frames_leave_on_an_absolute_clock(wav: Path) -> None:
    """R9.2: whatever the loop's lateness, the number of frames sent is the time that passed."""

    async def scene(agent: FakeAgent) -> None:
        printed: list[str] = []
        call = LiveCall(CallOptions(wavs=(wav,), url=agent.url, gap_ms=100), printed.append)
        report = await call.run()
        frames = sum(message["event"] == "media" for message in agent.messages)
        assert report.failure is None
        assert len(call.caller_track) == frames * 160
        pairs = itertools.pairwise(call.peer.frame_due_s(number) for number in range(1, 50))
        assert all(abs(after - before - 0.020) < 1e-6 for before, after in pairs)
        assert decode_ulaw(bytes(call.caller_track)).any()

    with_agent(None, scene)
