"""What a worker is made of, before the first caller."""

import subprocess
import sys

from tests.servers import ROOT

FIRST_CALL = """
import sys
from datetime import date
from app.house.warming import rehearse
from app.call.events import CallStarted
from app.call.machine import Call
from app.call.shell.tuning import call_settings
from app.config import load

settings = call_settings(load({"OPENAI_API_KEY": "sk-none"}))
rehearse(settings)
before = set(sys.modules)
call = Call(settings)
call.receive(CallStarted("CA1", "MZ1", "+972521234567", None, date(2026, 11, 22)), 0)
call.dialog.hear("שלום, דירת גן ברמת גן בשלושה מיליון, קוראים לי דנה", ())
print(sorted(set(sys.modules) - before))
"""


def test_nothing_is_left_to_load_when_the_first_call_comes() -> None:
    """R3.1: loading stalls every call of the worker, so it is done before there is one."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_CALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.strip() == "[]"
