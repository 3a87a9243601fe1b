"""SIGTERM: the platform wants the instance back, and somebody is on the line."""

import json
import signal
import urllib.request
from pathlib import Path
from typing import Any

from tests.e2e.office import told
from tests.e2e.phones import sample, until
from tests.e2e.town import CALLER, Town, town


def test_a_live_call_finishes_after_sigterm(house: Town, tmp_path: Path) -> None:
    """R18: no new calls, the one on the line is answered until it hangs up, then the server ends in peace."""
    with town(house.vendors, house.exchange, tmp_path, stock_from=house.data) as leaving:
        leaving.vendors.ears.script(texts=["אני מחפש דירה ברחובות"])
        phone = leaving.greeted()
        leaving.server.process.send_signal(signal.SIGTERM)
        until(lambda: version(leaving)["draining"], "the word of it")
        assert b"<Record" in told(leaving, "/webhook/incoming_call", {"CallSid": "CA" + "2" * 32, "From": CALLER}).body
        status = {"CallSid": phone.call_sid, "StreamEvent": "stream-started"}
        assert told(leaving, "/webhook/stream_status", status).status == 204
        phone.ask(sample("w01_02"))
        assert not phone.is_over
        phone.hang_up()
        assert leaving.server.process.wait(40) == 0
        assert leaving.call_row(phone)["ended_at"]
        assert leaving.turns(phone)[1]["agent_heard"]
        assert "Traceback" not in leaving.server.log()


def version(there: Town) -> dict[str, Any]:
    """Return what the server says of itself."""
    with urllib.request.urlopen(f"{there.server.url}/version", timeout=10) as answer:
        about: dict[str, Any] = json.loads(answer.read())
    return about


def test_an_idle_server_ends_at_once(house: Town, tmp_path: Path) -> None:
    """R18: with nobody on the line there is nothing to wait for, and no child stays behind."""
    with town(house.vendors, house.exchange, tmp_path, stock_from=house.data) as leaving:
        children = [leaving.child("speech"), leaving.child("store")]
        leaving.server.process.send_signal(signal.SIGTERM)
        assert leaving.server.process.wait(15) == 0
        assert "was sent" not in leaving.server.log()  # a worker that ended by a signal
        until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), "the end of the children")
