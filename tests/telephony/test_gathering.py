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


MUCH = 600_000
"""More than a pair of sockets holds in the kernel."""


def test_who_closes_while_much_waits_still_reads_all_of_it_and_our_close() -> None:
    """RFC 6455 §5.5.1: a Close answers a Close, behind what was sent before it."""
    socket, peer = pair()
    socket._linger_s = 20.0
    sent = [letter * 40_000 for letter in "abcdefghij"]
    socket.send(*sent)
    assert socket._unsent
    peer.send(close(1000, b"bye"))
    reading = eventlet.spawn(socket.receive)
    assert [peer.receive() for _ in sent] == [(0x1, whole.encode()) for whole in sent]
    assert peer.receive() == (0x8, (1000).to_bytes(2) + b"bye")
    assert reading.wait() is None
    assert (socket.close_code, socket.close_reason) == (1000, "bye")


def test_a_peer_that_goes_while_much_waits_for_it_holds_nobody() -> None:
    """R18: what was being sent to it is let go, and the connection cut."""
    socket, peer = pair()
    socket.send("x" * MUCH)
    eventlet.sleep(0)
    peer.socket.shutdown(original("socket").SHUT_WR)
    assert socket.receive() is None
    assert socket.close_code == 1006
    with pytest.raises(WebSocketClosedError):
        socket.send("more")
    read = 0
    while piece := peer.socket.recv(65_536):
        read += len(piece)
    assert read < MUCH


def test_a_peer_that_is_a_quarter_of_a_mib_behind_is_cut_off() -> None:
    """R18: fifteen seconds of voice; the next word finds that out, and all after it."""
    socket, _ = pair()
    socket.send("x" * MUCH)
    waiting = len(socket._unsent)
    assert waiting > 256 * 1024, "what is begun goes whole"
    with pytest.raises(WebSocketClosedError, match="too slowly"):
        socket.send("y")
    assert socket.close_code == 1006
    behind, _ = pair()
    behind.send("x" * (MUCH - waiting))
    behind.send("y" * (256 * 1024 - len(behind._unsent) - 10))
    assert len(behind._unsent) == 256 * 1024
    with pytest.raises(WebSocketClosedError, match="too slowly"):
        behind.send("")


def test_a_peer_that_does_not_answer_our_close_is_waited_for_so_long_and_no_longer() -> None:
    """R18: it may still say what it likes."""
    socket, peer = pair()
    peer.send(text("still talking"))
    socket.close(4001, "enough")
    assert (socket.close_code, socket.close_reason, socket.last_words) == (4001, "enough", "still talking")
    assert socket.closed
    socket.close(4002)
    socket.ping()
    assert socket.close_code == 4001
    assert peer.receive() == (0x8, (4001).to_bytes(2) + b"enough")
    assert peer.receive() is None


def test_a_pong_is_a_sign_of_life_and_a_ping_asks_for_one() -> None:
    """RFC 6455 §5.5.2, §5.5.3."""
    socket, peer = pair()
    before_s = socket.heard_at_s
    socket.ping()
    assert peer.receive() == (0x9, b"")
    assert socket.take() == []
    assert socket.heard_at_s == before_s
    peer.send(frame(0xA))
    assert socket.take() == []
    assert socket.heard_at_s > before_s


def test_two_may_not_receive_at_once_unless_one_of_them_closes() -> None:
    """R4: a message would go to either."""
    socket, peer = pair()
    first = eventlet.spawn(socket.receive)
    eventlet.sleep(0)
    with pytest.raises(RuntimeError, match="two greenlets"):
        socket.receive()
    assert socket.take() == []
    peer.send(text("one"))
    assert first.wait() == "one"
