"""How the engines of a worker are put together."""

import eventlet

from app.house.building import soon
from app.whose import CALL_SID, of_call


def test_what_is_put_off_is_done_for_the_call_that_asked_for_it() -> None:
    """R11.1: that a second voice stands in is told of its call, also where the first was not even asked."""
    seen: list[str] = []
    with of_call("CA1"):
        soon(lambda: seen.append(CALL_SID.get()))
        assert seen == []
    soon(lambda: seen.append(CALL_SID.get()))
    eventlet.sleep(0.01)
    assert seen == ["CA1", ""]
