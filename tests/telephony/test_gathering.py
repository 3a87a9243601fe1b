"""Messages that gather before they are read, over a real pair of sockets (design: a full house)."""

import eventlet
from eventlet.greenio import GreenSocket
from eventlet.patcher import original

from app.telephony.websocket import WebSocket
from tests.telephony.peer import text


def test_what_gathers_is_handed_out_one_by_one_and_says_when_it_is_the_last() -> None:
    """R9.2, R5: several frames in one read, none lost, order kept."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    socket = WebSocket(GreenSocket(ours))
    socket.read_pause_s = 0.05
    theirs.sendall(text("one"))
    eventlet.spawn_after(0.01, theirs.sendall, text("two"))
    got = [(socket.receive(), socket.has_more), (socket.receive(), socket.has_more)]
    assert got == [("one", True), ("two", False)]
    theirs.close()
    assert socket.receive() is None
