"""The filler of the store's bench makes what calls make; how long the pages take is no test."""

from datetime import UTC, datetime
from pathlib import Path

from app.leads.database import Database
from tests.bench.filling import fill
from tests.bench.store import ask, settle


def test_a_filled_store_answers_every_page(tmp_path: Path) -> None:
    """R16: each page finds something to read, and is timed."""
    now = datetime.now(UTC)
    database = Database(f"sqlite:///{tmp_path}/agent.db")
    fill(database, 600, now)
    settle(database, now)
    timed = list(ask(database, now, asked=1))
    database.close()
    assert len(timed) > 25
    assert all(len(one.page_ms) == len(one.store_ms) == 1 for one in timed)
