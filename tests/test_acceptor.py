"""Connections go on being accepted, whatever befalls one of them."""

import errno
import http.client
import os
import socket
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

import pytest
from eventlet.greenio import GreenSocket

from app.acceptor import PAUSE_S, Listener, connections_within, is_replaced
from tests.servers import HOST, gunicorn

FEW_DESCRIPTORS = 100


class Failing:
    """A listening socket whose next `accept()`s fail, one code each; then a connection is there."""

    def __init__(self, *codes: int) -> None:
        self._codes = list(codes)
        self.family = socket.AF_INET

    def getsockname(self) -> tuple[str, int]:
        return HOST, 5000

    def accept(self) -> tuple[str, str]:
        if self._codes:
            code = self._codes.pop(0)
            raise OSError(code, errno.errorcode[code])
        return "connection", "address"


@pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.ECONNABORTED, errno.ENOBUFS])
def test_a_failed_accept_is_one_that_found_nobody(code: int) -> None:
    """R18: and the next one is tried after a pause."""
    listener = Listener(Failing(code, errno.EAGAIN))
    began_s = time.monotonic()
    with pytest.raises(BlockingIOError) as failed:
        listener.accept()
    assert failed.value.errno == errno.EWOULDBLOCK
    assert time.monotonic() - began_s >= PAUSE_S
    began_s = time.monotonic()
    with pytest.raises(BlockingIOError):
        listener.accept()
    assert time.monotonic() - began_s < PAUSE_S, "nobody there is no fault"
    assert listener.accept()[1] == "address"


def test_all_else_of_the_socket_shows_through() -> None:
    assert Listener(Failing()).family == socket.AF_INET


def test_the_name_of_a_listener_is_known_when_it_is_closed() -> None:
    """R18: whoever was accepted just before a stop is answered still."""
    with socket.create_server((HOST, 0)) as server:
        listener, name = Listener(server), server.getsockname()
    green = GreenSocket(listener)
    assert listener.getsockname() == green.getsockname() == name


@pytest.mark.parametrize(("descriptors", "connections"), [(65_536, 1000), (1024, 960), (100, 36), (20, 8)])
def test_connections_leave_descriptors_for_the_worker(descriptors: int, connections: int) -> None:
    """R18: descriptors run out for strangers before they run out for calls."""
    assert connections_within(descriptors, 1000) == connections


def test_a_worker_whose_descriptors_ran_out_answers_again(tmp_path: Path) -> None:
    """R1.2, R18: more idle connections than there are descriptors, then none."""
    env = {"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:9", "GOOGLE_TTS_ENDPOINT": "127.0.0.1:9", "DATA_DIR": str(tmp_path)}
    arguments = ("--worker-connections", "1000")
    with gunicorn(
        "app.wsgi:app", env=env, config="gunicorn.conf.py", arguments=arguments, most_descriptors=FEW_DESCRIPTORS
    ) as server:
        with ExitStack() as strangers:
            for _ in range(FEW_DESCRIPTORS + 20):
                strangers.enter_context(socket.create_connection((HOST, server.port), 5))
            server.wait_for_log("ACCEPT_FAILED")
        connection = http.client.HTTPConnection(HOST, server.port, timeout=10)
        connection.request("GET", "/version")
        assert connection.getresponse().status == 200
        connection.close()


def test_a_worker_in_whose_place_another_was_started_is_told_from_one_whose_server_ends() -> None:
    """R18: on SIGHUP newcomers are the other's; at the end nobody else is there to answer Twilio."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(subprocess.Popen(["sleep", "60"])) for _ in range(2))
        assert is_replaced(one.pid, os.getpid())
        assert not is_replaced(one.pid, one.pid), "a master without any worker"
        one.kill()
        two.kill()
    assert not is_replaced(1, one.pid), "a master that is gone"
