"""What onlookers see of live calls."""

from typing import Any

from app.house.watching import ENDED_KEPT, EVENTS_KEPT, Watching


class Clock:
    def __init__(self) -> None:
        self.now_ms = 5000

    def __call__(self) -> int:
        return self.now_ms


def watching(clock: Clock | None = None) -> Watching:
    return Watching(clock or Clock(), lambda sid: "browser" if sid.startswith("BR") else "call")


def started(view: Watching, sid: str = "CA1") -> Watching:
    view.note(sid, "CALL_STARTED", {"caller": "+972501234567", "stream_sid": "MZ1"})
    return view


def test_a_live_call_shows_its_state_words_slots_and_last_answer() -> None:
    """R16: what an operator wants to see of a call while it lives."""
    view = started(watching())
    told: list[tuple[str, dict[str, Any]]] = [
        ("STATE→LISTENING", {"on": "played"}),
        ("INTERIM", {"turn": 1, "text": "אני מחפש"}),
    ]
    for name, fields in told:
        view.note("CA1", name, fields)
    (call,) = view.live()
    assert (call["state"], call["interim"], call["from_number"]) == ("LISTENING", "אני מחפש", "+972501234567")
    slots = {"area": {"value": "חולון", "quote": "בחולון", "confirmed": False}}
    view.note("CA1", "ASR_TEXT", {"turn": 1, "text": "אני מחפש בחולון"})
    view.note("CA1", "SLOTS", {"turn": 1, "slots": slots, "asked": "budget", "confirms": {}})
    view.note("CA1", "PLANNED", {"turn": 1, "text": "מה התקציב?"})
    view.note("CA1", "SAYING", {"turn": 1, "reply": 2, "text": "בשמחה. מה התקציב?"})
    view.note("CA1", "TURN", {"endpointing_ms": 360, "total_ms": 400})
    (call,) = view.live()
    assert (call["interim"], call["last_caller"], call["turns"]) == ("", "אני מחפש בחולון", 1)
    assert (call["slots"], call["last_agent"], call["last_answer_ms"]) == (slots, "בשמחה. מה התקציב?", 760)


def test_events_come_once_each_with_their_time_since_the_start() -> None:
    """Console, 2 and 4: whoever looks again gets what is new."""
    clock = Clock()
    view = started(watching(clock))
    clock.now_ms += 120
    view.note("CA1", "DTMF", {})
    events, seen = view.events("CA1")
    assert [(event["event"], event["at_ms"]) for event in events] == [("CALL_STARTED", 0), ("DTMF", 120)]
    assert view.events("CA1", seen) == ([], seen)
    view.note("CA1", "CALL_ENDED", {})
    assert [event["event"] for event in view.events("CA1", seen)[0]] == ["CALL_ENDED"]
    assert view.live() == []


def test_an_event_shows_no_whole_number() -> None:
    """R11.1: the number is for the office's own page, which masks it."""
    view = started(watching())
    assert "1234567" not in str(view.events("CA1")[0])


def test_interim_words_come_four_times_a_second_at_most() -> None:
    """Console, 2: a page that draws every interim would stutter."""
    clock = Clock()
    view = started(watching(clock))
    for _ in range(100):
        clock.now_ms += 20
        view.note("CA1", "INTERIM", {"turn": 1, "text": "מילים"})
    assert sum(event["event"] == "INTERIM" for event in view.events("CA1")[0]) == 8


def test_memory_is_bounded() -> None:
    """R18: a long call drops its oldest events, and the calls that ended first are forgotten."""
    view = started(watching())
    for _ in range(EVENTS_KEPT + 10):
        view.note("CA1", "DTMF", {})
    events, seen = view.events("CA1")
    assert len(events) == EVENTS_KEPT
    assert seen == EVENTS_KEPT + 11
    for number in range(ENDED_KEPT + 5):
        started(view, f"CB{number}").note(f"CB{number}", "CALL_ENDED", {})
    assert view.knows("CA1")  # it lives
    assert not view.knows("CB0")
    assert view.knows(f"CB{ENDED_KEPT + 4}")


def test_changes_grow_with_every_event_and_a_stranger_is_ignored() -> None:
    """Console, 4: a page draws again only when something happened."""
    view = watching()
    view.note("CA9", "DTMF", {})
    assert (view.changes(), view.events("CA9", 7)) == (0, ([], 7))
    started(view, "BR1")
    assert view.changes() == 1
    assert view.live()[0]["channel"] == "browser"
