"""The shell of one call, over a real pair of sockets; fakes stand for the engines, the store and Twilio's REST API."""

import gc
import json
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import eventlet
import pytest
from eventlet.greenio import GreenSocket
from eventlet.patcher import original
from structlog.testing import capture_logs

from app.call.events import CallerAudio, HangUp
from app.call.shell.door import Door
from app.call.shell.services import Services
from app.call.shell.session import Session
from app.call.shell.telephone import lost_transfer_line
from app.call.states import State
from app.config import load
from app.house.lobby import Visitor
from app.house.streams import Streams
from app.leads.records import CallEnded, FactsSaved
from app.runtime import now_ms
from app.speech.engines import Audio, Done, Failed
from app.telephony.websocket import WebSocket
from tests.call.shell.yields import switches_within
from tests.telephony.peer import Peer, close, frame, text

TWILIO_CLOSES_WITHIN_MS = 3000

TOKEN = {"token": "good"}


@dataclass
class Stub:
    """An engine that takes everything and says nothing."""

    name: str = "stub"

    def open(self, *_: object) -> "Stub":
        return self

    def write(self, pcm: bytes) -> None:
        """Take audio."""

    def finish(self) -> None:
        """Say nothing."""

    def cancel(self) -> None:
        """Stop."""


def says(tell: Callable[[Any], None]) -> None:
    """A voice that says 200 ms of something."""
    tell(Audio(b"\x20" * 1600))
    tell(Done())


@dataclass
class House:
    """What the session is served by, and what it did to it."""

    voice: Callable[[Callable[[Any], None]], None] = says
    hangs_up: bool = True
    takes_message: bool = True
    on_leaving: Callable[[], None] = lambda: None
    told: list[dict[str, Any]] = field(default_factory=list)
    asked_of_twilio: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    spoken: list[str] = field(default_factory=list)
    streams: Streams = field(default_factory=lambda: Streams(load({}), lambda _: None))

    def services(self) -> Services:
        house: Any = self
        stub: Any = Stub()
        return Services(
            stt=stub, stt_fallback=None, llm=None, voice=house, store=house, telephone=house,
            admit=lambda start: None if start.parameters == TOKEN else "token unknown",
            keep_sample=lambda *_: None, open_tape=lambda _: None, open_audio=lambda _: None,
            on_log=lambda _sid, name, _fields: self.shown.append(name),
        )  # fmt: skip

    def speak(self, text_: str, listener: Callable[[Any], None]) -> Stub:
        self.spoken.append(text_)
        self.voice(listener)
        return Stub()

    def is_ready(self, _text: str) -> bool:
        return False

    def tell(self, kind: Any, **fields: Any) -> None:
        self.told.append({"kind": kind, **fields})

    def hang_up(self, call_sid: str) -> bool:
        self.asked_of_twilio.append(f"hang up {call_sid}")
        self.on_leaving()
        return self.hangs_up

    def transfer(self, _: str) -> bool:
        return False

    def take_message(self, call_sid: str) -> bool:
        self.asked_of_twilio.append(f"message {call_sid}")
        if self.takes_message:
            self.on_leaving()
        return self.takes_message

    @property
    def ends(self) -> list[dict[str, Any]]:
        return [one for one in self.told if one["kind"] is CallEnded]


@dataclass
class Line:
    """One stream: Twilio's end of it and the session at ours."""

    twilio: Peer
    house: House
    served: Any
    seen: Session | None = None

    @property
    def session(self) -> Session:
        """The session that serves what was connected last."""
        if self.seen is None:
            for _ in range(200):
                if sessions := list(self.house.streams):
                    self.seen = sessions[-1]
                    break
                eventlet.sleep(0.01)
        assert self.seen is not None
        return self.seen

    def start(self, call_sid: str = "CA1", stream_sid: str = "MZ1", token: dict[str, str] | None = None) -> None:
        body = {"streamSid": stream_sid, "callSid": call_sid, "customParameters": TOKEN if token is None else token}
        self.twilio.send(text(json.dumps({"event": "start", "start": body})))

    def until_state(self, state: State) -> None:
        for _ in range(200):
            if self.session.state is state:
                return
            eventlet.sleep(0.01)
        raise AssertionError(f"{self.session.state}, not {state}")

    def closed_with(self) -> int:
        """Return the code of the server's Close."""
        with eventlet.Timeout(5):
            while True:
                received = self.twilio.receive()
                assert received is not None, "cut off without a Close"
                if received[0] == 0x8:
                    return int.from_bytes(received[1][:2])

    def wait(self) -> None:
        with eventlet.Timeout(5):
            self.served.wait()


def connect(house: House) -> Line:
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    socket = WebSocket(GreenSocket(ours), linger_s=0.2)
    served = eventlet.spawn(house.streams.serve, socket, house.services(), Visitor("192.0.2.1"))
    return Line(Peer(GreenSocket(theirs)), house, served)


@pytest.fixture(autouse=True)
def handling_lets_nobody_else_run() -> Iterator[None]:
    """Design, "One owner": whatever the test does, no event's handling waits in the middle."""
    with switches_within("_handle", "app/call/shell/session.py") as found:
        yield
    assert found == []


def test_a_handler_that_waits_is_noticed() -> None:
    """The check above can fail."""

    def slow(tell: Callable[[Any], None]) -> None:
        eventlet.sleep(0)
        says(tell)

    with switches_within("_handle", "app/call/shell/session.py") as found:
        line = connect(House(voice=slow))
        line.start()
        line.until_state(State.SPEAKING)
        line.twilio.send(text('{"event":"stop"}') + close(1000))
        line.wait()
    assert any("test_session.py" in where for where in found)


def test_a_caller_who_hangs_up_leaves_no_fault_behind() -> None:
    """R14, R18: stop, the end in the store, and a log without a traceback."""
    house = House()
    with capture_logs() as logs:
        line = connect(house)
        line.start()
        line.until_state(State.SPEAKING)
        line.twilio.send(text('{"event":"stop"}') + close(1000))
        line.wait()
    assert [one["reason"] for one in house.ends] == ["stop"]
    assert house.asked_of_twilio == []
    assert not [entry for entry in logs if entry["log_level"] in ("error", "critical")]
    assert house.shown[0] == "CALL_STARTED"
    assert house.shown[-1] == "CALL_ENDED"
    assert {"QUESTION", "SLOTS", "PLANNED", "SAYING", "STATE→SPEAKING", "ENDED"} <= set(house.shown)
    assert "STATE→SPEAKING" in [entry["event"] for entry in logs]


def test_an_ended_call_is_freed_with_its_last_user() -> None:
    """Design: the collector, which searches all that lives, stands still for none of a full house's ended calls."""
    line = connect(House())
    gc.collect()
    gc.disable()
    try:
        line.start()
        line.until_state(State.SPEAKING)
        session = line.session
        parts = [weakref.ref(part) for part in (session, session._call, session._call.dialog, session._measures)]
        line.twilio.send(text('{"event":"stop"}') + close(1000))
        line.wait()
        del session, line.seen
        assert [part() for part in parts] == [None] * 4
    finally:
        gc.enable()


def test_audio_that_waits_to_be_heard_is_not_taken_for_silence() -> None:
    """R6.3: in a full house a tick may come between reading a caller's audio and hearing it."""
    line = connect(House())
    line.start()
    line.until_state(State.SPEAKING)
    session, reader = line.session, line.session._reader
    assert reader
    for audio, is_silence in (([CallerAudio(b"\xff" * 160)], False), ([], True)):
        reader._waiting.extend(audio)
        while not session._call.misses_audio(now_ms()):
            pass
        for _ in range(2):  # a line that went quiet is looked at twice
            session.tick(now_ms() + 1000, 0)
            while not session._call.misses_audio(now_ms()):
                pass
        session.tick(now_ms(), 0)
        assert session._call._floor.caller.line.is_quiet is is_silence
        reader._waiting.clear()
    line.twilio.send(close(1000))
    line.wait()


def test_when_the_agent_hangs_up_twilio_closes_first() -> None:
    """R17: a server that closes first is Twilio's error 31921."""
    house = House(voice=lambda tell: tell(Failed("unavailable", "down", retriable=True)))
    line = connect(house)
    closed_by_us: list[bool] = []

    def leave() -> None:
        closed_by_us.append(line.session._socket.closed)
        line.twilio.send(text('{"event":"stop"}') + close(1000))

    house.on_leaving = leave
    line.start()
    line.wait()
    assert house.asked_of_twilio == ["message CA1"]
    assert closed_by_us == [False]
    assert line.closed_with() == 1000


def test_who_cannot_leave_a_message_hears_a_goodbye() -> None:
    """R2.7, R18: Twilio cannot be asked, or it is no call of Twilio's."""
    house = House(takes_message=False)
    line = connect(house)
    line.start()
    line.until_state(State.SPEAKING)
    house.on_leaving = lambda: line.twilio.send(text('{"event":"stop"}') + close(1000))
    line.session._hang_up = HangUp(message=True, goodbye="להתראות.")
    line.session._release()
    line.wait()
    assert house.spoken[-1] == "להתראות."
    assert house.asked_of_twilio == ["message CA1", "hang up CA1"]
    assert [one["outcome"] for one in house.ends] == ["fault"]


def test_how_putting_a_caller_through_went_is_stored() -> None:
    """R14, R17: that it was tried, from the first moment on, and that it failed."""
    house = House(hangs_up=False)
    line = connect(house)
    line.start()
    line.until_state(State.SPEAKING)
    line.session._perform(HangUp(transfer=True))
    tried = [one["transfer"] for one in house.told if one["kind"] is FactsSaved and "transfer" in one]
    assert tried == ["started"]
    line.twilio.send(text('{"event":"stop"}') + close(1000))
    line.wait()
    tried = [one["transfer"] for one in house.told if one["kind"] is FactsSaved and "transfer" in one]
    assert tried == ["started", "failed"]
    assert house.asked_of_twilio == ["hang up CA1"]


def test_a_line_that_is_over_is_not_spoken_to_nor_waited_for() -> None:
    """R17: who was not put through and has hung up meanwhile holds no place in the house."""
    house = House()
    line = connect(house)
    line.start()
    line.until_state(State.SPEAKING)
    before = list(house.spoken)
    line.session._perform(HangUp(transfer=True))
    line.twilio.send(text('{"event":"stop"}') + close(1000))
    with eventlet.Timeout(TWILIO_CLOSES_WITHIN_MS / 1000):
        line.wait()
    assert house.asked_of_twilio == ["hang up CA1"]
    assert house.spoken == before


def test_who_is_not_put_through_and_still_there_is_told_and_then_the_call_ends() -> None:
    """R17: the line first, Twilio's end of the stream after it."""
    house = House()
    line = connect(house)
    line.start()
    line.until_state(State.SPEAKING)
    house.on_leaving = lambda: line.twilio.send(text('{"event":"stop"}') + close(1000))
    line.session._hang_up = HangUp(transfer=True)
    line.session._release()
    line.wait()
    assert house.spoken[-1] == lost_transfer_line(None)
    assert house.asked_of_twilio == ["hang up CA1"]


def test_what_breaks_in_a_call_ends_that_call_and_is_stored() -> None:
    """R18: 1011 for Twilio, `fault` for the office."""

    def breaks(_: Callable[[Any], None]) -> None:
        raise ZeroDivisionError

    house = House(voice=breaks)
    with capture_logs() as logs:
        line = connect(house)
        line.start()
        assert line.closed_with() == 1011
        line.twilio.send(close(1011))
        line.wait()
    assert [one["outcome"] for one in house.ends] == ["fault"]
    assert "CALL_BROKE" in [entry["event"] for entry in logs]


def taken_over(house: House) -> tuple[Line, Line]:
    """Return a call's first stream, closed as it should be, and the one that took over from it."""
    older = connect(house)
    older.start()
    older.until_state(State.LISTENING)
    newer = connect(house)
    newer.start(stream_sid="MZ2")
    assert older.closed_with() == 1000
    older.twilio.send(close(1000))
    return older, newer


def test_a_second_stream_of_the_call_takes_it_over_where_it_is() -> None:
    """R18: the older closes with 1000 and ends nothing; the newer one's end is the call's."""
    house = House()
    older, newer = taken_over(house)
    eventlet.sleep(0.1)
    assert house.ends == []
    assert not older.served.dead
    newer.twilio.send(text('{"event":"dtmf","dtmf":{"digit":"5"}}'))
    newer.twilio.send(text('{"event":"stop"}') + close(1000))
    newer.wait()
    older.wait()
    assert [one["reason"] for one in house.ends] == ["stop"]
    assert house.shown.count("CALL_STARTED") == house.shown.count("CALL_ENDED") == 1


@pytest.mark.parametrize(("hands_over", "reason"), [(True, "lost"), (False, "closed")])
def test_a_call_that_its_process_ends_is_not_over_where_another_may_go_on_with_it(
    *, hands_over: bool, reason: str
) -> None:
    """R18: nor is it given another stream here."""
    house = House()
    line = connect(house)
    line.start()
    line.until_state(State.LISTENING)
    eventlet.spawn(line.session.close, hands_over=hands_over)
    assert line.closed_with() == 1001
    assert house.streams.goes_on("CA1") is None
    line.twilio.send(close(1001))
    line.wait()
    assert [one["reason"] for one in house.ends] == [reason]


@pytest.mark.parametrize("is_lost", [False, True])
def test_a_call_that_moved_to_another_instance_ends_quietly_and_is_not_over(*, is_lost: bool) -> None:
    """R18: also where its line broke first, and whatever the older stream says at its end."""
    house = House()
    line = connect(house)
    line.start()
    line.until_state(State.LISTENING)
    if is_lost:
        line.twilio.socket.close()
        eventlet.sleep(0.1)
    eventlet.spawn(line.session.leave_to, "another-2")
    if not is_lost:
        assert line.closed_with() == 1000
        line.twilio.send(text('{"event":"stop"}') + close(1000))
    line.wait()
    assert [one["reason"] for one in house.ends] == ["moved"]
    assert house.asked_of_twilio == []
    assert house.streams.goes_on("CA1") is None


@pytest.mark.parametrize("before", [True, False], ids=["before our Close", "across it"])
def test_who_hangs_up_in_the_moment_of_a_hand_over_has_ended_the_call(*, before: bool) -> None:
    """R18: nobody goes on with it elsewhere, and its lead waits for nobody."""
    house = House()
    line = connect(house)
    line.start()
    line.until_state(State.LISTENING)
    last = text('{"event":"stop"}')
    if before:
        line.twilio.socket.sendall(last)  # and it is not read before the process closes
    eventlet.spawn(line.session.close, hands_over=True)
    assert line.closed_with() == 1001
    line.twilio.send((b"" if before else last) + close(1001))
    line.wait()
    assert [one["reason"] for one in house.ends] == ["stop"]


def test_the_line_of_a_call_that_went_on_on_a_newer_stream_is_waited_for_like_any() -> None:
    """R18: that a stream took over is no news of the line that is lost later."""
    house = House()
    _, newer = taken_over(house)
    newer.twilio.socket.close()
    eventlet.sleep(0.2)
    assert house.ends == []
    house.streams.call_over("CA1")
    newer.wait()
    assert [one["reason"] for one in house.ends] == ["closed"]


def test_what_is_wrong_with_a_calls_stream_is_logged_with_its_call() -> None:
    """R11.1: whoever looks for a call finds every line about it."""
    house = House()
    with capture_logs() as logs:
        line = connect(house)
        line.start("CAbad")
        line.until_state(State.SPEAKING)
        line.twilio.send(frame(0x3))
        assert line.closed_with() == 1002
        line.session.close()  # the line is not waited for
        line.wait()
    assert [entry["call_sid"] for entry in logs if entry["event"] == "websocket_violation"] == ["CAbad"]


def test_a_stream_of_another_call_takes_nothing_over() -> None:
    """R18: nor does one of a call that has ended."""
    house = House()
    first = connect(house)
    first.start()
    first.until_state(State.SPEAKING)
    second = connect(house)
    second.start(call_sid="CA2")
    second.until_state(State.SPEAKING)
    assert first.session.is_live
    first.twilio.send(text('{"event":"stop"}') + close(1000))
    first.wait()
    assert not first.session.is_live
    again = connect(house)
    again.start()
    again.until_state(State.SPEAKING)
    for line in (second, again):
        line.twilio.send(text('{"event":"stop"}') + close(1000))
        line.wait()


@pytest.mark.parametrize("token", [{}, {"token": "bad"}])
def test_nobody_talks_without_a_good_token(token: dict[str, str]) -> None:
    """R2.6: 1008, and nothing is begun."""
    house = House()
    line = connect(house)
    line.start(token=token)
    assert line.closed_with() == 1008
    line.wait()
    assert (house.told, len(house.streams)) == ([], 0)


def test_a_peer_that_stays_silent_after_the_handshake_is_closed() -> None:
    """R2.6: within the time a start may take; whatever else it says does not count."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    door = Door(WebSocket(GreenSocket(ours), linger_s=0.1), lambda _: None, _Log(), takes_guests=False, within_s=0.2)
    waiting = eventlet.spawn(door.await_start)
    twilio = Peer(GreenSocket(theirs))
    twilio.send(text('{"event":"media","media":{"payload":"/w=="}}'))
    assert twilio.receive_close() == 1008
    assert waiting.wait() is None


class _Log:
    def warning(self, *_: object, **__: object) -> None:
        """Nobody reads it."""
