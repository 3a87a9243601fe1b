"""A socket whose `send` sends all of it."""

import socket
import threading
import time

import pytest

from app.web.console.whole_sends import WholeSends

SIZE, SENDS = 60_000, 20


def test_every_send_goes_out_whole_and_none_inside_another() -> None:
    """R16: flask-sock's library sends once, from two threads; a reader slower than both sees whole frames."""
    ours, theirs = socket.socketpair()
    whole = WholeSends(ours)

    def send(first: int) -> None:
        for number in range(first, first + SENDS):
            assert whole.send(bytes([number]) * SIZE) == SIZE

    threads = [threading.Thread(target=send, args=(first,)) for first in (0, 100)]
    for thread in threads:
        thread.start()
    received = bytearray()
    while len(received) < 2 * SENDS * SIZE:
        received += theirs.recv(7000)
    for thread in threads:
        thread.join()
    blocks = [bytes(received[at : at + SIZE]) for at in range(0, len(received), SIZE)]
    assert all(len(set(block)) == 1 for block in blocks)
    assert sorted(block[0] for block in blocks) == [*range(SENDS), *range(100, 100 + SENDS)]
    assert whole.stuck_ms() == 0


def test_a_send_that_nobody_reads_is_noticed_and_can_be_cut() -> None:
    """R16, C20: how long it has been waiting; cutting wakes it with an error. The kernel keeps little for the peer."""
    ours, theirs = socket.socketpair()
    whole = WholeSends(ours)
    ended: list[OSError] = []

    def send() -> None:
        try:
            whole.send(bytes(10_000_000))
        except OSError as error:
            ended.append(error)

    thread = threading.Thread(target=send)
    thread.start()
    deadline = time.monotonic() + 5
    while whole.stuck_ms() < 50 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert whole.stuck_ms() >= 50
    whole.cut()
    thread.join(5)
    assert len(ended) == 1
    kept = len(theirs.recv(10_000_000, socket.MSG_PEEK))
    assert kept <= 256 * 1024
    with pytest.raises(OSError, match=r"."):
        whole.send(b"more")
