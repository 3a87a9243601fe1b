"""Sockets whose stream has not started."""

from contextlib import ExitStack
from typing import Any, cast

import eventlet

from app.house.lobby import Lobby, Visitor


class Socket:
    """Notes with what it was closed."""

    def __init__(self) -> None:
        self.closed: int | None = None

    def close(self, code: int, _reason: str) -> None:
        self.closed = code


class Door:
    """A lobby, and who came in."""

    def __init__(self, most: int = 4, most_of_one: int = 2) -> None:
        self.refused: list[str] = []
        self.lobby = Lobby(self.refused.append, most, most_of_one)
        self.stack = ExitStack()

    def comes(self, address: str, *, is_signed: bool = False) -> Socket:
        socket = Socket()
        self.stack.enter_context(self.lobby.waiting(cast("Any", socket), Visitor(address, is_signed)))
        eventlet.sleep(0)
        return socket


def test_one_address_has_so_many_places_and_its_newest_finds_one() -> None:
    """R2.6, R18: it pushes out its own, nobody else's."""
    door = Door()
    other, *mine = door.comes("198.51.100.7"), *(door.comes("192.0.2.1") for _ in range(4))
    assert [socket.closed for socket in mine] == [1013, 1013, None, None]
    assert other.closed is None
    assert door.refused == ["too many wait"] * 2


def test_a_full_lobby_sends_away_whoever_came_in_numbers() -> None:
    """R18: the newest is let in, at the cost of the address of which most wait."""
    door = Door(most=3)
    mine, first, _ = door.comes("192.0.2.1"), door.comes("198.51.100.7"), door.comes("198.51.100.7")
    newest = door.comes("203.0.113.9")
    assert (mine.closed, first.closed, newest.closed) == (None, 1013, None)
    assert len(door.lobby) == 3


def test_whom_twilio_signed_is_not_counted_and_never_sent_away() -> None:
    """R2.6."""
    door = Door(most=1)
    signed = [door.comes("192.0.2.1", is_signed=True) for _ in range(5)]
    door.comes("192.0.2.1")
    door.comes("192.0.2.1")
    assert {socket.closed for socket in signed} == {None}
    assert len(door.lobby) == 1


def test_whoever_goes_leaves_a_free_place_and_no_trace() -> None:
    """R18: started, gone or sent away."""
    door = Door(most=1)
    gone = door.comes("192.0.2.1")
    with door.stack:
        door.comes("198.51.100.7")
    assert gone.closed == 1013
    assert len(door.lobby) == 0
    assert door.comes("192.0.2.1").closed is None


def test_at_the_end_all_are_sent_away() -> None:
    """R18: 1001, as RFC 6455 has it for a server that goes down."""
    door = Door()
    waiting = door.comes("192.0.2.1")
    door.lobby.close()
    eventlet.sleep(0)
    assert waiting.closed == 1001
