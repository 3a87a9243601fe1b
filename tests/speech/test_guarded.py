"""Engines behind a breaker: what a call gets of them, and what the breaker learns."""

from collections.abc import Callable
from typing import Any

import pytest

from app.speech.breaker import Breaker
from app.speech.engines import Audio, Done, Failed, Heard, LlmEvent, Text
from app.speech.guarded import Guard, GuardedLlm, GuardedStt, GuardedTts

FIRST_REST_S, MOST_FAILURES = 5.0, 3

DOWN = Failed("unavailable", "no route", retriable=True)
LATE_S = 1.0


class Engine:
    """A vendor whose streams do as the test says; counts what it was asked."""

    name, voice = "vendor", "voice"

    def __init__(self) -> None:
        self.asked = 0
        self.listener: Callable[[Any], None] = lambda _: None
        self.done: list[str] = []

    def open(self, _request: Any, listener: Callable[[Any], None]) -> "Engine":
        self.asked += 1
        self.listener = listener
        return self

    def write(self, pcm: bytes) -> None:
        self.done.append(f"write {len(pcm)}")

    def finish(self) -> None:
        self.done.append("finish")

    def cancel(self) -> None:
        self.done.append("cancel")


class House:
    """A guard with a clock, and what runs soon."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.pending: list[Callable[[], None]] = []
        self.breaker = Breaker(lambda: self.now_s, lambda: None, lambda: None)
        self.guard = Guard(self.breaker, lambda: self.now_s, LATE_S, self.pending.append)
        self.engine = Engine()
        self.llm = GuardedLlm(self.engine, self.guard)

    def ask(self, *answers: LlmEvent) -> list[LlmEvent]:
        heard: list[LlmEvent] = []
        asked = self.engine.asked
        self.llm.open([], heard.append)
        if self.engine.asked > asked:
            for answer in answers:
                self.engine.listener(answer)
        while self.pending:
            self.pending.pop()()
        return heard


def test_while_it_is_open_a_stream_fails_at_once_and_the_engine_is_not_asked() -> None:
    """R18: fallback inside the turn."""
    house = House()
    for _ in range(MOST_FAILURES):
        assert house.ask(DOWN) == [DOWN]
    (failed,) = house.ask(DOWN)
    assert isinstance(failed, Failed)
    assert (failed.code, failed.retriable, house.engine.asked) == ("unavailable", True, MOST_FAILURES)
    house.now_s += FIRST_REST_S
    assert house.ask(Text("שלום"), Done()) == [Text("שלום"), Done()]
    assert not house.breaker.is_open


def test_a_refused_stream_that_was_cancelled_says_nothing() -> None:
    """`Stream.cancel`: no event arrives after it."""
    house = House()
    for _ in range(MOST_FAILURES):
        house.ask(DOWN)
    heard: list[LlmEvent] = []
    house.llm.open([], heard.append).cancel()
    house.pending.pop()()
    assert heard == []


@pytest.mark.parametrize("code", ["invalid_request", "stream_too_long"])
def test_a_wrong_request_says_nothing_about_the_engine(code: str) -> None:
    """R18: one odd text does not silence the voice for everybody."""
    house = House()
    for _ in range(3 * MOST_FAILURES):
        house.ask(Failed(code, "", retriable=False))
    assert not house.breaker.is_open


def test_a_stream_given_up_after_a_long_silence_has_failed_and_one_given_up_early_has_not() -> None:
    """R18: most callers who cut in do so before the engine could answer."""
    house = House()
    for waited_s, opens in ((LATE_S / 2, False), (LATE_S, True)):
        for _ in range(MOST_FAILURES):
            stream = house.llm.open([], lambda _: None)
            house.now_s += waited_s
            stream.cancel()
        assert house.breaker.is_open is opens
    assert house.engine.done.count("cancel") == 2 * MOST_FAILURES


def test_a_stream_that_spoke_and_is_cut_off_late_is_a_success() -> None:
    house = House()
    for _ in range(MOST_FAILURES):
        stream = house.llm.open([], lambda _: None)
        house.engine.listener(Text("ש"))
        house.now_s += 10
        stream.cancel()
    assert not house.breaker.is_open
    for _ in range(MOST_FAILURES - 1):
        house.ask(DOWN)
    assert not house.breaker.is_open, "none of them counts with those that fail after it"


def test_a_stream_that_failed_has_failed_once_however_late_it_is_let_go() -> None:
    """R18: one incident counts as one."""
    house = House()
    for _ in range(MOST_FAILURES - 1):
        stream = house.llm.open([], lambda _: None)
        house.engine.listener(DOWN)
        house.now_s += 2 * LATE_S
        stream.cancel()
        stream.cancel()
    assert not house.breaker.is_open


def test_a_stream_that_was_waited_for_in_vain_has_failed_once_however_often_it_is_cancelled() -> None:
    """`Stream.cancel`: safe to call twice."""
    house = House()
    for _ in range(MOST_FAILURES - 1):
        stream = house.llm.open([], lambda _: None)
        house.now_s += 2 * LATE_S
        stream.cancel()
        stream.cancel()
    assert not house.breaker.is_open


def test_a_recogniser_is_waited_for_from_the_end_of_the_turn() -> None:
    """R8.2: a caller who thinks for a minute is no fault of the engine."""
    house = House()
    stt = GuardedStt(house.engine, house.guard)
    for _ in range(MOST_FAILURES):
        stream = stt.open((), lambda _: None)
        stream.write(b"12")
        house.now_s += 60
        stream.cancel()
    assert not house.breaker.is_open
    assert house.engine.done[:2] == ["write 2", "cancel"]
    for _ in range(MOST_FAILURES):
        stream = stt.open((), lambda _: None)
        stream.finish()
        house.now_s += LATE_S
        stream.cancel()
    assert house.breaker.is_open
    refused = stt.open((), lambda _: None)
    refused.write(b"12")
    refused.finish()
    refused.cancel()
    assert house.engine.done[-1] == "cancel"
    assert house.engine.done.count("finish") == MOST_FAILURES


def test_the_guarded_engines_pass_their_events_and_names_on() -> None:
    house = House()
    heard: list[Any] = []
    voice = GuardedTts(house.engine, house.guard)
    voice.open("שלום", heard.append)
    house.engine.listener(Audio(b"1"))
    stt = GuardedStt(house.engine, house.guard)
    stt.open((), heard.append)
    house.engine.listener(Heard("כן", is_final=True))
    assert heard == [Audio(b"1"), Heard("כן", is_final=True)]
    assert (voice.name, voice.voice, stt.name) == ("vendor", "voice", "vendor")
