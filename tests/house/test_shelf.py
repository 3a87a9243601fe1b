"""Stock speech lent by the database."""

import base64
from pathlib import Path
from typing import Any, cast

import eventlet
import pytest

from app.house.shelf import AT_ONCE, AWAY_S, Shelf
from app.leads.client import LeadStore
from app.office import StoreUnavailable
from app.speech.cache import SpeechCache

STOCK = tuple(f"שורה {number}." for number in range(2 * AT_ONCE + 3))


class Lending:
    """A store that has some lines, or is away from a number of questions on."""

    def __init__(self, away_from: int = 99) -> None:
        self.lines: dict[str, bytes] = {}
        self.asked: list[int] = []
        self.away_from = away_from

    def query(self, name: str, timeout_s: float, **arguments: Any) -> dict[str, Any]:
        assert timeout_s > 0
        if len(self.asked) >= self.away_from:
            raise StoreUnavailable("away")
        if name == "keep_stock_audio":
            self.lines[arguments["digest"]] = base64.b64decode(arguments["audio"])
            return {}
        self.asked.append(len(arguments["digests"]))
        found = {digest: self.lines[digest] for digest in arguments["digests"] if digest in self.lines}
        return {"audio": {digest: base64.b64encode(audio).decode() for digest, audio in found.items()}}


def cache_in(folder: Path, shelf: Shelf | None = None) -> SpeechCache:
    share = shelf.put if shelf else lambda *_: None
    return SpeechCache(folder, "cloud", "v", frozenset(STOCK), lambda work, *args: work(*args), share=share)


def test_what_one_instance_has_had_said_is_there_for_another_with_a_fresh_disk(tmp_path: Path) -> None:
    """R9.4, R18: all but the line that nobody has said; and in slices, in order."""
    store = Lending()
    shelf = Shelf(cast("LeadStore", store))
    first, second = cache_in(tmp_path / "one", shelf), cache_in(tmp_path / "two")
    for text in STOCK[:-1]:
        first.put(text, text.encode())
    eventlet.sleep(0)
    shelf.fill(second, STOCK)
    assert store.asked == [AT_ONCE, AT_ONCE, 3]
    assert second.missing(STOCK) == [STOCK[-1]]
    assert second.get(STOCK[0]) == STOCK[0].encode()
    assert cache_in(tmp_path / "two").load() == len(STOCK) - 1
    store.asked.clear()
    shelf.fill(second, STOCK[:-1])
    assert store.asked == []


@pytest.mark.parametrize("away_from", [0, 1])
def test_a_database_that_is_away_costs_a_line_its_loan_and_nothing_else(tmp_path: Path, away_from: int) -> None:
    """R18: the engine says it, then."""
    store = Lending(away_from)
    shelf = Shelf(cast("LeadStore", store))
    cache = cache_in(tmp_path)
    store.lines = {cache.digest(text): b"x" for text in STOCK}
    shelf.fill(cache, STOCK)
    shelf.put("a digest", b"x")
    eventlet.sleep(0)
    assert len(cache.missing(STOCK)) == len(STOCK) - AT_ONCE * away_from


def test_a_store_that_cannot_keep_a_line_is_left_alone_for_a_minute() -> None:
    """R18: three hundred lines are said in a row at a first start."""
    store, now = Lending(away_from=0), [0.0]
    shelf = Shelf(cast("LeadStore", store), lambda: now[0])
    shelf.put("first", b"x")
    eventlet.sleep(0)
    store.away_from = 99
    shelf.put("second", b"x")
    now[0] = AWAY_S
    shelf.put("third", b"x")
    eventlet.sleep(0)
    assert set(store.lines) == {"third"}
