"""An instance that is started because somebody calls: nothing is cached, and the caller is on the line (R18)."""

import base64
from datetime import UTC, datetime
from pathlib import Path

from app.config import load
from app.dialog.lines.stock import stock_sentences
from app.house.children import Children
from app.house.warming import GREETING_SENTENCES
from app.leads.database import Database
from app.leads.instances.stock_audio import StockVoices
from app.speech.cache import SpeechCache
from app.speech.cloud_engines import GoogleTts
from tests.e2e.phones import Exchange, until
from tests.e2e.town import Vendors, cloud_environment, town
from tests.servers import free_port


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


def test_a_fresh_disk_greets_by_what_the_database_has_of_the_voice(
    vendors: Vendors, exchange: Exchange, tmp_path: Path
) -> None:
    """R9.4, R18: what another instance had said, while the vendor cannot be reached."""
    settings = load(cloud_environment(vendors, tmp_path))
    voice = GoogleTts(Children.of(settings).speech, Children.of(settings).cloud)
    greeting = stock_sentences(settings.office_name, settings.agent_name)[:GREETING_SENTENCES]
    kept = SpeechCache(tmp_path, voice.name, voice.voice, frozenset(greeting), lambda *_: None)
    lent, url = bytes([0x20, 0xA0]) * 8000, f"sqlite:///{tmp_path}/shared.db"
    database = Database(url)
    shelf = StockVoices(database, lambda: datetime.now(UTC))
    for text in greeting:
        shelf.keep(kept.digest(text), base64.b64encode(lent).decode())
    database.close()
    env = {"DATABASE_URL": url, "GOOGLE_TTS_ENDPOINT": f"127.0.0.1:{free_port()}"}
    with town(vendors, exchange, tmp_path / "fresh", env, stock=False) as cold:
        cold.server.wait_for_log("STOCK_LENT")
        with cold.call() as phone:
            assert len(phone.hear_reply()) >= len(greeting) * len(lent) * 0.9
        log = cold.server.log()
    assert log.index("sidecar_started | name=store") < log.index("Composite WSGI ready")
    assert {file.read_bytes() for file in (tmp_path / "fresh" / "speech").iterdir()} == {lent}
