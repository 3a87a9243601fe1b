"""The filler of the store's bench makes what calls make; how long the questions take is no test."""

from pathlib import Path

from app.leads.database import Database
from tests.bench.store import ASKED, NOW, ask, fill


def test_a_filled_store_answers_every_question(tmp_path: Path) -> None:
    """R16: each question finds something to read, and is timed."""
    database = Database(f"sqlite:///{tmp_path}/agent.db")
    fill(database, 800)
    timed = list(ask(database, NOW))
    database.close()
    assert len(timed) > 15
    assert all(len(took) == len(own) == ASKED for _, took, own in timed)
