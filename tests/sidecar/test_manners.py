"""How a child logs, and what it says before it dies."""

import json
import os
import re
import socket
import subprocess
import sys

import pytest

from app.sidecar.manners import tell_last_words
from app.sidecar.wire import Op, Unpacker

CHILD = """
import logging
from app.sidecar.manners import log_like_worker
from app.whose import of_call
log_like_worker("own")
logging.getLogger("own.part").info("LEAD | slots=%d", 4, extra={"call_sid": "CA7"})
with of_call("CA8"):
    logging.getLogger("library").warning("a library complains of a call")
logging.getLogger("own").warning("LATE")
logging.getLogger("library").info("-- BEGIN request to +972500000000 --")
logging.getLogger("library").warning("a library complains")
"""


def test_a_child_logs_in_the_workers_form_and_without_its_libraries_chatter() -> None:
    """R11: one line an event, `call_sid` on every line of a call; nothing that a vendor's client prints a request."""
    child = subprocess.run([sys.executable, "-c", CHILD], capture_output=True, text=True, check=True)
    time = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"
    wanted = [
        rf"{time} INFO call_sid=CA7 LEAD \| slots=4",
        rf"{time} WARNING call_sid=CA8 a library complains of a call",
        rf"{time} WARNING LATE",
        rf"{time} WARNING a library complains",
    ]
    lines = child.stderr.splitlines()
    assert len(lines) == len(wanted)
    assert all(re.fullmatch(pattern, line) for pattern, line in zip(wanted, lines, strict=True))


def test_the_worker_is_told_on_one_line_of_bounded_length_which_fault_ended_a_child(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """R13.1: the whole of it is in the child's own log."""
    ours, theirs = socket.socketpair()
    monkeypatch.setattr(sys, "excepthook", sys.excepthook)
    monkeypatch.setattr(sys, "argv", ["child", str(theirs.fileno())])
    tell_last_words()
    sys.excepthook(ValueError, ValueError("שלום\n  " + "x" * 400), None)
    ((stream_id, op, told),) = Unpacker().feed(ours.recv(65536))
    assert (stream_id, op) == (0, Op.EVENT)
    assert json.loads(told) == {"fault": f"ValueError: שלום {'x' * 283}"}
    assert len(json.loads(told)["fault"]) == 300
    assert "x" * 400 in capsys.readouterr().err
    for nowhere in ("no descriptor", str(os.dup(ours.fileno()))):
        monkeypatch.setattr(sys, "argv", ["child", nowhere])
        theirs.close()
        sys.excepthook(ValueError, ValueError("unheard"), None)
    assert "unheard" in capsys.readouterr().err
