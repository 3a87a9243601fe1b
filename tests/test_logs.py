"""The log's lines, and a log that cannot be written."""

import http.client
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.logs import LONGEST_FIELD, LogWriter, one_line
from app.whose import of_call
from tests.servers import ROOT, Server, gunicorn


def line(**fields: object) -> str:
    return one_line(None, "info", {"timestamp": "2026-11-22T19:04:12Z", "level": "info", "event": "LEAD", **fields})


def test_a_line_names_time_level_call_event_and_fields() -> None:
    """R11.1."""
    assert line(call_sid="CA12", len=1240) == "2026-11-22T19:04:12Z INFO call_sid=CA12 LEAD | len=1240"


def test_a_line_of_a_calls_work_names_the_call_without_being_told() -> None:
    """R11.1: whoever writes it, deep in a call's work; a line that names a call itself is that call's."""
    with of_call("CA7"):
        assert line() == "2026-11-22T19:04:12Z INFO call_sid=CA7 LEAD"
        assert line(call_sid="CA12") == "2026-11-22T19:04:12Z INFO call_sid=CA12 LEAD"
    assert line() == "2026-11-22T19:04:12Z INFO LEAD"


FORGED = "CA1\n2026-11-28T10:00:00Z INFO call_sid=CA2 LEAD | phone=1"


@pytest.mark.parametrize("field", ["call_sid", "status", "error"])
def test_no_value_can_begin_a_line_or_a_field(field: str) -> None:
    """R11.1: what strangers send is logged, but it does not speak for the server."""
    text = line(**{field: FORGED})
    assert "\n" not in text
    assert text.count("|") == (0 if field == "call_sid" else 1)
    assert text.count("call_sid=") == 1 or field != "call_sid"


@given(st.dictionaries(st.sampled_from(["call_sid", "text", "why"]), st.text(max_size=60), max_size=3))
def test_whatever_the_fields_hold_the_event_stays_one_visible_line(fields: dict[str, str]) -> None:
    """R11.1: line ends, cursor movements and marks that turn the reading direction are left out."""
    text = line(**fields)
    assert len(text.splitlines()) == 1
    assert not any(mark in text for mark in "\x1b\x00\u202e\u2066\u200f")
    assert text.count("|") == len(fields.keys() - {"call_sid"})


def test_a_long_value_is_cut_and_says_so() -> None:
    """R11.1: forty kilobytes of a stranger are not."""
    text = line(status="x" * 40_000)
    assert len(text) < LONGEST_FIELD + 120
    assert text.endswith("(40000 characters)")


def test_a_traceback_is_indented_below_its_line() -> None:
    """R11.1: a message within it cannot pass for a line of the log."""
    text = line(exception="Traceback:\n  File x\nValueError: \n2026-11-22 LEAD")
    first, *rest = text.splitlines()
    assert first.endswith("LEAD")
    assert rest
    assert all(row.startswith("    ") for row in rest)


def read_all(descriptor: int, until: str, timeout_s: float = 10.0) -> str:
    text, deadline_s = "", time.monotonic() + timeout_s
    while until not in text and time.monotonic() < deadline_s:
        text += os.read(descriptor, 65536).decode()
    return text


def test_lines_that_nobody_reads_are_counted_and_the_rest_follows() -> None:
    """A reader that stalls costs lines, and the next line says how many."""
    reader, writer = os.pipe()
    log = LogWriter(writer, most_waiting=10)
    for number in range(200):
        log.msg(f"{number} " + "x" * 4000)
    assert log.lost > 100
    text = read_all(reader, f"\n{9} ")
    log.msg("after")
    text += read_all(reader, "after")
    assert f"LOG_LINES_LOST | count={log.lost}" in text
    log.close()
    os.close(reader)
    os.close(writer)


def test_a_pipe_that_broke_raises_into_nobody() -> None:
    """Nor does it end the writer: what cannot be written is counted."""
    reader, writer = os.pipe()
    os.close(reader)
    log = LogWriter(writer)
    for number in range(3):
        log.msg(str(number))
    log.close()
    assert log.lost == 3
    os.close(writer)


PATCHED = """
import eventlet, os, sys
eventlet.monkey_patch()
from app.logs import LogWriter
log = LogWriter(int(sys.argv[1]))
for number in range(3):
    log.msg(str(number))
log.close()
print(log.lost)
"""


def test_a_pipe_that_broke_is_given_up_in_a_patched_process_too() -> None:
    """Design, "Eventlet": a green write would wait for a broken pipe, and turn in circles, for ever."""
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-W", "ignore", "-c", PATCHED, str(writer)]
    told = subprocess.run(command, pass_fds=(writer,), cwd=ROOT, capture_output=True, text=True, timeout=60, check=True)
    assert told.stdout.strip() == "3"
    os.close(writer)


def test_the_server_answers_while_nobody_reads_its_log(tmp_path: Path) -> None:
    """R1.2, R3.1: standard output is a pipe whose reader stalls, and a stranger makes the server log a lot."""
    env = {"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:9", "GOOGLE_TTS_ENDPOINT": "127.0.0.1:9", "DATA_DIR": str(tmp_path)}
    reader, writer = os.pipe()
    with gunicorn("app.wsgi:app", env=env, config="gunicorn.conf.py", stdout=writer) as server:
        body = urlencode({"CallSid": "CA1", "CallStatus": "x" * 40_000})
        for _ in range(100):  # each line holds a thousand characters; a pipe holds 65,536
            assert ask(server, "POST", "/webhook/call_status", body) == 204
        assert ask(server, "GET", "/version") == 200
    os.close(reader)
    os.close(writer)


def ask(server: Server, method: str, path: str, body: str | None = None) -> int:
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    try:
        connection.request(method, path, body, {"Content-Type": "application/x-www-form-urlencoded"} if body else {})
        return connection.getresponse().status
    finally:
        connection.close()
