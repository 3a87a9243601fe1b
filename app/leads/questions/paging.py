"""Pages by key, newest first: `before` is where the page before ended, so that rows that come in move nothing."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.orm import InstrumentedAttribute

MOST_ROWS = 200


def bounded(limit: int) -> int:
    """Return a page's length within reason."""
    return max(1, min(limit, MOST_ROWS))


def cursor(at: datetime, key: str | int) -> str:
    """Return what to pass as `before` to go on behind a row."""
    return f"{at.isoformat()}~{key}"


def before_cursor(
    text: str, at: InstrumentedAttribute[datetime], key: InstrumentedAttribute[Any], kind: type[str] | type[int] = str
) -> ColumnElement[bool]:
    """Return the condition for rows behind a cursor.

    Raises:
        ValueError: this is none.
    """
    when, separator, last = text.partition("~")
    if not separator:
        raise ValueError(f"not a page's end: {text[:50]!r}")
    moment = time_of(when)
    # The first of the two is what an index can begin at; alone, the second is tried on every newer row.
    return and_(at <= moment, or_(at < moment, key < kind(last)))


def time_of(text: str) -> datetime:
    """Return an ISO 8601 time; one without a zone is UTC.

    Raises:
        ValueError: this is none.
    """
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def iso(at: datetime | None) -> str | None:
    """Return a time as it travels."""
    return at.isoformat() if at else None
