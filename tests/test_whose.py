"""Whose call is being worked for."""

import eventlet

from app.whose import CALL_SID, of_call


def test_within_a_calls_work_it_is_that_calls_and_then_as_before() -> None:
    """R11.1."""
    with of_call("CA1"):
        with of_call("CA2"):
            assert CALL_SID.get() == "CA2"
        assert CALL_SID.get() == "CA1"
    assert CALL_SID.get() == ""


def test_green_threads_do_not_speak_for_one_another() -> None:
    """R11.1: two calls' work goes on side by side, and a thread that one of them started is nobody's."""
    seen: list[tuple[str, str]] = []

    def work(call_sid: str) -> None:
        with of_call(call_sid):
            eventlet.sleep(0)
            seen.append((call_sid, CALL_SID.get()))

    with of_call("CA0"):
        threads = [eventlet.spawn(work, "CA1"), eventlet.spawn(work, "CA2"), eventlet.spawn(CALL_SID.get)]
        *_, nobodys = [thread.wait() for thread in threads]
    assert seen == [("CA1", "CA1"), ("CA2", "CA2")]
    assert nobodys == ""
