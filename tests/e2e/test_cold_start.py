"""An instance that is started because somebody calls: nothing is cached, and the caller is on the line (R18)."""

from pathlib import Path

from tests.e2e.phones import Exchange, until
from tests.e2e.town import Vendors, town


def test_the_first_caller_is_greeted_by_what_was_said_while_it_rang(
    vendors: Vendors, exchange: Exchange, tmp_path: Path
) -> None:
    """R9.4, R18: the webhook is answered once there is a voice, so the greeting is asked of the vendor once; what
    nobody waits for (the store's child, the pages) comes after, and is there.
    """
    with town(vendors, exchange, tmp_path, {"OFFICE_NAME": "כהן נכסים"}, stock=False) as cold, cold.call() as phone:
        asked = [entry["text"] for entry in vendors.voice.entries]
        assert asked
        assert "כהן נכסים" in asked[0]
        phone.hear_reply()
        assert [entry["text"] for entry in vendors.voice.entries].count(asked[0]) == 1
        cold.server.wait_for_log("sidecar_started | name=store")
        log = cold.server.log()
        assert log.index("INCOMING_CALL") < log.index("sidecar_started | name=store")
        until(lambda: cold.call_row(phone), "the call in the store")
