"""Finding calls, and their leads, by words that were said.

Neither way alone is quick for every word. A common one stands in the newest calls: they are read until a page is full.
A rare one is found by the databases' indexes of words, which know no order and would sort half the store for a common
one. So the newest are read first, then the index is asked, and only if it has too many they are read on, so far.
"""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, column, func, literal_column, select, table, text
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.leads.calls.summing import letters
from app.leads.models import CallText
from app.leads.questions.paging import before_cursor, cursor
from app.leads.questions.prefixes import forms


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a question goes for a page, in calls."""

    at_once: int = 400
    most: int = 4000
    """So many are read; the page then ends, full or not, and the next goes on behind them."""
    rare: int = 1000
    """What the index finds is looked at whole up to so many."""


@dataclass(frozen=True, slots=True)
class Listed:
    """The columns by which a list is in order, newest first, and the call of each row."""

    at: InstrumentedAttribute[Any]
    key: InstrumentedAttribute[Any]
    call_sid: InstrumentedAttribute[str]
    kind: type[str] | type[int]


class Wanted:
    """Words that are looked for. The last may go on; Hebrew's prefixes may stand before each that is whole."""

    def __init__(self, words: str) -> None:
        """Take the letters of `words`.

        Raises:
            ValueError: there is no word in it.
        """
        self._words = letters(words).lower().split()
        if not self._words:
            raise ValueError("give at least one word")
        self._forms = [frozenset(forms(word)) for word in self._words]

    def stand_in(self, said: str) -> bool:
        """Return whether each of the words stands in a call's words."""
        said = said.lower()
        tokens = frozenset(said.split())
        *whole, last = [not each.isdisjoint(tokens) for each in self._forms]
        return all(whole) and (last or f" {self._words[-1]}" in f" {said}")

    def for_postgresql(self) -> str:
        """Return the question as PostgreSQL's `to_tsquery` takes it."""
        return self._expression("'{}'", "'{}':*", " | ", " & ")

    def for_sqlite(self) -> str:
        """Return the question as SQLite's FTS5 takes it."""
        return self._expression('"{}"', '"{}"*', " OR ", " AND ")

    def _expression(self, whole: str, open_ended: str, either: str, both: str) -> str:
        """Only the word as it is goes on: seventy open-ended forms would look like most of the table to PostgreSQL."""
        groups = []
        for number, word in enumerate(self._words):
            is_last = number == len(self._words) - 1
            itself, *prefixed = forms(word)
            written = [(open_ended if is_last else whole).format(itself), *(whole.format(form) for form in prefixed)]
            groups.append(f"({either.join(written)})")
        return both.join(groups)


def page_by_words(
    session: Session,
    words: str,
    query: Select[Any],
    listed: Listed,
    before: str | None,
    limit: int,
    reach: Reach = Reach(),
) -> tuple[list[Any], str | None]:
    """Return the keys of a page of what `query` finds and whose calls hold `words`, and where the next page begins.

    Raises:
        ValueError: there is no word in `words`.
    """
    wanted = Wanted(words)
    page: list[Any] = []
    first = before
    for read in range(0, reach.most, reach.at_once):
        if read == reach.at_once and (sids := sids_by_index(session, wanted, reach.rare)) is not None:
            return _page(session, query.where(listed.call_sid.in_(sids)), listed, first, limit)
        rows = _read(session, query, listed, before, reach.at_once)
        for at, key, said in rows:
            if wanted.stand_in(said):
                if len(page) == limit:
                    return page, before
                page.append(key)
            before = cursor(at, key)
        if len(rows) < reach.at_once:
            return page, None
    return page, before


def sids_by_index(session: Session, wanted: Wanted, most: int) -> list[str] | None:
    """Return all calls that hold the words, in no order; None where there are more than `most`."""
    if session.get_bind().dialect.name == "postgresql":
        vector = func.to_tsvector(literal_column("'simple'"), CallText.words)
        asked = func.to_tsquery(literal_column("'simple'"), wanted.for_postgresql())
        query = select(CallText.call_sid).where(vector.op("@@")(asked)).limit(most + 1)
        # PostgreSQL takes seventy forms of a rare word for a common one, and would read the table.
        session.execute(text("SET LOCAL enable_seqscan = off"))
        found = list(session.scalars(query))
        session.execute(text("SET LOCAL enable_seqscan = on"))
    else:
        index = table("call_words", column("rowid"))
        hits = select(index.c.rowid).where(text("call_words MATCH :asked")).limit(most + 1).subquery()
        query = select(CallText.call_sid).join(hits, hits.c.rowid == CallText.id).params(asked=wanted.for_sqlite())
        found = list(session.scalars(query))
    return None if len(found) > most else found


def _page(
    session: Session, query: Select[Any], listed: Listed, before: str | None, limit: int
) -> tuple[list[Any], str | None]:
    rows = _ordered(query.with_only_columns(listed.at, listed.key), listed, before, limit + 1)
    found = session.execute(rows).all()
    page = found[:limit]
    return [key for _, key in page], cursor(*page[-1]) if len(found) > limit else None


def _read(session: Session, query: Select[Any], listed: Listed, before: str | None, limit: int) -> list[Any]:
    """Return `(at, key, words)` of the rows behind `before`."""
    columns = query.with_only_columns(listed.at, listed.key, CallText.words)
    columns = columns.join(CallText, CallText.call_sid == listed.call_sid)
    return list(session.execute(_ordered(columns, listed, before, limit)).all())


def _ordered(query: Select[Any], listed: Listed, before: str | None, limit: int) -> Select[Any]:
    if before:
        query = query.where(before_cursor(before, listed.at, listed.key, listed.kind))
    return query.order_by(listed.at.desc(), listed.key.desc()).limit(limit)
