"""Taking what is there, for a greenlet that looks after many sockets, over a real pair of them."""

import eventlet
import pytest
from eventlet.greenio import GreenSocket
from eventlet.patcher import original

from app.telephony.websocket import WebSocket, WebSocketClosedError
from tests.telephony.peer import Peer, close, frame, text


def pair() -> tuple[WebSocket, Peer]:
    """Return our end, and the peer's."""
    ours, theirs = original("socket").socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return WebSocket(GreenSocket(ours), linger_s=0.1), Peer(GreenSocket(theirs))


def test_what_is_there_is_taken_in_order_and_nothing_is_waited_for() -> None:
    """R9.2, R5: several frames in one look, none lost, half of one kept for the next."""
    socket, peer = pair()
    assert socket.take() == []
    whole = text("three")
    peer.send(text("one") + text("two") + whole[:4])
    assert socket.take() == ["one", "two"]
    peer.send(whole[4:] + frame(0x2, b"four"))
    assert socket.take() == ["three", b"four"]
    assert not socket.needs_reader


def test_a_ping_between_two_messages_is_answered() -> None:
    """RFC 6455 §5.5.2."""
    socket, peer = pair()
    peer.send(text("one") + frame(0x9, b"are you there") + text("two"))
    assert socket.take() == ["one", "two"]
    assert peer.receive() == (0xA, b"are you there")


def test_the_end_is_left_to_the_reader_and_no_message_before_it_is_lost() -> None:
    """RFC 6455 §5.5.1, §7.1.7: a Close, a violation, an end of file."""
    for end, code in ((close(1000), 1000), (frame(0x3), 1002), (b"", 1006)):
        socket, peer = pair()
        peer.send(text("last") + end)
        peer.socket.shutdown(original("socket").SHUT_WR)
        taken = [message for _ in range(2) for message in socket.take()]
        assert taken == ["last"]
        assert socket.needs_reader
        assert socket.receive() is None
        assert socket.close_code == code


def test_who_closes_while_the_socket_is_looked_after_takes_over() -> None:
    """R18: nothing that comes after our Close counts."""
    socket, peer = pair()
    closing = eventlet.spawn(socket.close, 1001, "going away")
    assert peer.receive() == (0x8, (1001).to_bytes(2) + b"going away")
    peer.send(text("too late") + close(1001))
    assert socket.take() == []
    assert socket.needs_reader
    closing.wait()
    assert socket.receive() is None


def test_half_a_second_of_audio_in_one_look_says_that_there_is_more() -> None:
    """Design: who is behind sees first how far."""
    socket, peer = pair()
    peer.send(b"".join([text("x" * 1000)] * 12))
    taken: list[str | bytes] = []
    looks = 0
    while len(taken) < 12:
        taken += socket.take()
        looks += 1
        assert socket.is_behind is (len(taken) < 12)
    assert looks == 2


def test_nothing_is_sent_after_our_close() -> None:
    """RFC 6455 §5.5.1: who sends all the same is told, and not a byte goes out."""
    socket, peer = pair()
    eventlet.spawn(socket.close, 1000)
    eventlet.sleep(0)
    assert socket.closed
    with pytest.raises(WebSocketClosedError):
        socket.send("too late")
    peer.send(close(1000))
    with eventlet.Timeout(5):
        assert peer.receive() == (0x8, (1000).to_bytes(2))
    with pytest.raises(eventlet.Timeout), eventlet.Timeout(0.1):
        peer.receive()
