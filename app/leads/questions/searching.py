"""Finding calls by the end of a number."""

from sqlalchemy import ColumnElement, select, union
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.leads.calls.folding import backwards
from app.leads.models import Call, Lead

LEAST_DIGITS = 3
MOST_FOUND = 1000
"""Calls of one number that are looked at."""


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
