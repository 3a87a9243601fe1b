"""Stock speech in the database, on both databases."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from app.leads.database import Database
from app.leads.instances.stock_audio import StockVoices
from app.leads.upkeep.sweeping import STOCK_KEEP, Keep, Sweep
from tests.leads.conftest import Clock

MOST_AT_ONCE, MOST_BYTES = 50, 1_048_576


def packed(audio: bytes) -> str:
    return base64.b64encode(audio).decode()


def test_what_one_instance_keeps_another_reads_and_the_first_stays(database: Database, clock: Clock) -> None:
    """R9.4, R18: two that say the same line at the same time are no fault."""
    one, other = StockVoices(database, clock), StockVoices(database, clock)
    one.keep("a line", packed(b"\x7f\xff" * 9))
    other.keep("a line", packed(b"another take"))
    other.keep("another", packed(b"x"))
    assert other.read(["a line", "nobody said it"]) == {"audio": {"a line": packed(b"\x7f\xff" * 9)}}


@pytest.mark.parametrize("audio", ["", "no base64!", packed(bytes(MOST_BYTES + 1))])
def test_what_is_no_line_is_refused(database: Database, clock: Clock, audio: str) -> None:
    voices = StockVoices(database, clock)
    with pytest.raises(ValueError, match=r"."):
        voices.keep("a line", audio)
    assert voices.read(["a line"]) == {"audio": {}}


def test_not_everything_is_read_at_once(database: Database, clock: Clock) -> None:
    voices = StockVoices(database, clock)
    assert voices.read(["x"] * MOST_AT_ONCE) == {"audio": {}}
    with pytest.raises(ValueError, match="at most"):
        voices.read(["x"] * (MOST_AT_ONCE + 1))


def test_old_lines_go(database: Database, clock: Clock) -> None:
    """R16: of a voice that was given up nothing stays for ever."""
    voices = StockVoices(database, clock)
    voices.keep("old", packed(b"x"))
    clock.pass_s((STOCK_KEEP + timedelta(hours=1)).total_seconds())
    voices.keep("new", packed(b"x"))
    Sweep(database, Keep(timedelta(days=1), timedelta(days=1)), clock).forget_actions()
    assert set(voices.read(["old", "new"])["audio"]) == {"new"}
    assert clock() > datetime(2026, 1, 1, tzinfo=UTC)
