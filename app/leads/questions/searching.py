"""Finding calls by the end of a number, and by words that were said."""

from sqlalchemy import ColumnElement, column, func, literal_column, select, table, text, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.leads.folding import backwards
from app.leads.models import Call, CallText, Lead
from app.leads.questions.prefixes import forms
from app.leads.summing import letters

LEAST_DIGITS = 3
MOST_FOUND = 1000
"""Calls of one number that are looked at; and matches of words read at a time."""


def ends_with(
    number_backwards: InstrumentedAttribute[str] | InstrumentedAttribute[str | None], number: str
) -> ColumnElement[bool]:
    """Return the condition for numbers that end in the digits of `number`, in whatever spelling it is.

    Raises:
        ValueError: so few digits would find everybody.
    """
    found = backwards(number)
    # 050-123-4567 and +972501234567 end alike but for the trunk zero.
    found = (
        found[:-1]
        if len(found) > LEAST_DIGITS and found.endswith("0") and not number.lstrip().startswith("+")
        else found
    )
    if len(found) < LEAST_DIGITS:
        raise ValueError(f"give at least {LEAST_DIGITS} digits of the number")
    return number_backwards.between(found, found + "~")


def sids_by_number(session: Session, number: str) -> list[str]:
    """Return the calls from that number, and those whose caller left it."""
    dictated = select(Lead.call_sid).where(ends_with(Lead.contact_backwards, number)).limit(MOST_FOUND)
    called = select(Call.call_sid).where(ends_with(Call.from_backwards, number)).limit(MOST_FOUND)
    return list(session.scalars(union(called.subquery().select(), dictated.subquery().select())))


def texts_by_words(session: Session, words: str, below: int | None, limit: int) -> list[tuple[int, str]]:
    """Return `(id, call_sid)` of call texts that hold each of `words`, the newest first.

    The last word may go on; Hebrew's prefixes may stand before each that is whole.

    Raises:
        ValueError: there is no word in it.
    """
    wanted = letters(words).split()
    if not wanted:
        raise ValueError("give at least one word")
    query = select(CallText.id, CallText.call_sid).order_by(CallText.id.desc()).limit(limit)
    if session.get_bind().dialect.name == "postgresql":
        expression = _expression(wanted, "'{}'", "'{}':*", " | ", " & ")
        vector = func.to_tsvector(literal_column("'simple'"), CallText.words)
        query = query.where(vector.op("@@")(func.to_tsquery(literal_column("'simple'"), expression)))
        # "+ 0": by the ids' own index PostgreSQL would read, and take apart, every text until a rare word has come.
        query = query.order_by(None).order_by((CallText.id + 0).desc())
        if below is not None:
            query = query.where(CallText.id < below)
    else:
        expression = _expression(wanted, '"{}"', '"{}"*', " OR ", " AND ")
        index = table("call_words", column("rowid"))
        hits = select(index.c.rowid).where(text("call_words MATCH :expression")).order_by(index.c.rowid.desc())
        if below is not None:
            hits = hits.where(index.c.rowid < below)
        found = hits.limit(limit).subquery()
        query = select(CallText.id, CallText.call_sid).join(found, found.c.rowid == CallText.id)
        query = query.order_by(CallText.id.desc()).params(expression=expression)
    return [(number, sid) for number, sid in session.execute(query)]


def _expression(wanted: list[str], whole: str, open_ended: str, either: str, both: str) -> str:
    """Write the question in an index's own language.

    Only the word as it is goes on: its seventy forms open-ended would look like most of the table to PostgreSQL.
    """
    groups = []
    for number, word in enumerate(wanted):
        is_last = number == len(wanted) - 1
        itself, *prefixed = forms(word)
        written = [(open_ended if is_last else whole).format(itself), *(whole.format(form) for form in prefixed)]
        groups.append(f"({either.join(written)})")
    return both.join(groups)
