"""What the database keeps for a time only, and what older versions left undone: a slice a transaction (console 8)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import CursorResult, Delete, delete, select, update
from sqlalchemy.orm import Session

from app.leads.attention import bring_up_to_date, settle_attention
from app.leads.calls.folding import backwards
from app.leads.calls.summing import sum_up
from app.leads.database import Database
from app.leads.models import (
    Call,
    CallText,
    Delivery,
    Interruption,
    Lead,
    MessageReport,
    OperatorAction,
    QualityDay,
    Slot,
    StockAudio,
    Turn,
    UsedToken,
)
from app.leads.questions.quality import day_figures, next_unsettled

SLICE = 200
AUDIT_KEEP = timedelta(days=365)
REPORTS_KEEP = timedelta(days=30)
STOCK_KEEP = timedelta(days=180)
"""Lines of voices and wordings that were given up go; one that is still in use is then said once more."""
ERASED_KEEP = timedelta(days=7)
"""A notice of an erasure that no receiver took by then is given up."""


@dataclass(frozen=True, slots=True)
class Keep:
    """For how long."""

    words: timedelta = timedelta(days=180)
    leads: timedelta = timedelta(days=730)


class Sweep:
    """One pass over the database; each step returns how many rows it changed, `SLICE` or more: there are others."""

    def __init__(self, database: Database, keep: Keep, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._keep = keep
        self._clock = clock
        self.steps: tuple[Callable[[], int], ...] = (
            self.sum_up_calls,
            self.look_at_leads,
            self.erase_words,
            self.erase_people,
            self.forget_actions,
            self.forget_tokens,
            self.sum_up_day,
        )

    def sum_up_calls(self) -> int:
        """Calls that ended under an older version get their figures and the words they are found by."""
        with self._database.begin() as session:
            query = select(Call).where(Call.turn_count.is_(None), Call.ended_at.is_not(None)).limit(SLICE)
            calls = session.scalars(query.with_for_update(skip_locked=True)).all()
            for call in calls:
                call.from_backwards = backwards(call.from_number)
                sum_up(session, call)
            return len(calls)

    def look_at_leads(self) -> int:
        """Leads made by an older version get what they are found by."""
        with self._database.begin() as session:
            query = select(Lead).where(Lead.contact_backwards.is_(None)).limit(SLICE)
            leads = session.scalars(query.with_for_update(skip_locked=True)).all()
            for lead in leads:
                bring_up_to_date(lead)
                settle_attention(session, lead)
            return len(leads)

    def erase_words(self) -> int:
        """Blank what was said: in turns, quotes, transcripts; figures and the slots' values stay."""
        with self._database.begin() as session:
            calls = _older(session, Call.words_erased_at.is_(None), self._clock() - self._keep.words)
            sids = [call.call_sid for call in calls]
            blank = {"caller_text": "", "agent_text": "", "agent_heard": None}
            session.execute(update(Turn).where(Turn.call_sid.in_(sids)).values(blank))
            session.execute(update(Interruption).where(Interruption.call_sid.in_(sids)).values(words=""))
            session.execute(update(Slot).where(Slot.call_sid.in_(sids)).values(quote=""))
            session.execute(delete(CallText).where(CallText.call_sid.in_(sids)))
            for call in calls:
                call.words_erased_at, call.state = self._clock(), None
                call.facts = {name: _without_words(fact) for name, fact in call.facts.items() if name != "summary"}
            for lead in session.scalars(select(Lead).where(Lead.call_sid.in_(sids))):
                lead.payload = without_words(lead.payload)
            return len(calls)

    def erase_people(self) -> int:
        """Delete leads and whose call it was; that there was a call, and how well it went, stays."""
        with self._database.begin() as session:
            calls = _older(session, Call.person_erased_at.is_(None), self._clock() - self._keep.leads)
            sids = [call.call_sid for call in calls]
            leads = select(Lead.id).where(Lead.call_sid.in_(sids))
            session.execute(delete(Delivery).where(Delivery.lead_id.in_(leads)))
            for table in (Lead, Slot):
                session.execute(delete(table).where(table.call_sid.in_(sids)))
            for call in calls:
                call.person_erased_at = self._clock()
                call.from_number = call.to_number = call.from_backwards = ""
                call.facts, call.facts_at, call.state = {}, None, None
            return len(calls)

    def forget_actions(self) -> int:
        """Delete what is older than a year in the audit, and what has served its turn."""
        now = self._clock()
        with self._database.begin() as session:
            return sum(
                _count(session, statement)
                for statement in (
                    delete(OperatorAction).where(OperatorAction.at < now - AUDIT_KEEP),
                    delete(MessageReport).where(MessageReport.at < now - REPORTS_KEEP),
                    delete(Call).where(Call.channel == "erased", Call.started_at < now - ERASED_KEEP),
                    delete(StockAudio).where(StockAudio.kept_at < now - STOCK_KEEP),
                )
            )

    def forget_tokens(self) -> int:
        """Delete the tokens that nobody could use any more; how many is of no interest."""
        with self._database.begin() as session:
            session.execute(delete(UsedToken).where(UsedToken.expires_at < self._clock()))
        return 0

    def sum_up_day(self) -> int:
        """Sum up the oldest finished day that is not; returns `SLICE` when there was one, for there may be more."""
        with self._database.begin(read_only=True) as session:
            day = next_unsettled(session, self._clock())
            figures: dict[str, Any] = day_figures(session, day) if day else {}
        if day is None:
            return 0
        self._keep_day(day, figures)
        return SLICE

    def _keep_day(self, day: date, figures: dict[str, Any]) -> None:
        with self._database.begin() as session:
            if session.get(QualityDay, day.isoformat()) is None:
                session.add(QualityDay(day=day.isoformat(), figures=figures))


def without_words(payload: dict[str, Any]) -> dict[str, Any]:
    """Return a lead without what was said in the call; the wishes themselves stay."""
    if "transcript" not in payload:
        return payload
    slots = {name: {**slot, "quote": ""} for name, slot in payload["slots"].items()}
    return {**payload, "transcript": [], "slots": slots, "call_back": _without_words(payload["call_back"])}


def _without_words(fact: Any) -> Any:
    return {**fact, "when_text": ""} if isinstance(fact, dict) and "when_text" in fact else fact


def _older(session: Session, is_due: Any, before: datetime) -> list[Call]:
    query = select(Call).where(is_due, Call.started_at < before, Call.ended_at.is_not(None))
    return list(session.scalars(query.order_by(Call.started_at).limit(SLICE).with_for_update(skip_locked=True)))


def _count(session: Session, statement: Delete) -> int:
    result = session.execute(statement)
    return result.rowcount if isinstance(result, CursorResult) else 0
