"""What operators do with leads, each noted in the audit with the change itself."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.leads.attention import settle_attention
from app.leads.database import Database
from app.leads.models import Channel, Delivery, Lead, LeadStatus, OperatorAction
from app.leads.outgoing.deliveries import send_now
from app.leads.records import Acted, LeadMarked, LeadNoted, SendAgain


class Operators:
    """Short transactions, one a record; told twice, the second finds nothing to change."""

    def __init__(self, database: Database, webhook_url: str | None) -> None:
        self._database = database
        self._webhook_url = webhook_url

    def apply(self, record: SendAgain | LeadMarked | LeadNoted | Acted) -> None:
        """Do what an operator asked for.

        Raises:
            ValueError: there is no such lead, or no such way out of here.
        """
        with self._database.begin() as session:
            if isinstance(record, Acted):
                note_action(session, record.at, record.action, record.subject, record.instance)
                return
            if _is_done(session, record.at, f"lead {record.lead_id}"):
                return
            lead = session.get(Lead, record.lead_id, with_for_update=True)
            if lead is None:
                raise ValueError(f"there is no lead {record.lead_id}")
            match record:
                case LeadMarked():
                    action = f"lead_{record.status}"
                    lead.status = record.status
                    lead.handled_at = record.at if record.status == LeadStatus.HANDLED.value else None
                case LeadNoted():
                    action, lead.note = "lead_noted", record.text
                case SendAgain():
                    action = f"send_{record.channel}"
                    self._send(session, lead, record)
            note_action(session, record.at, action, f"lead {lead.id}", record.instance)

    def _send(self, session: Session, lead: Lead, record: SendAgain) -> None:
        channel = Channel(record.channel)
        row = session.query(Delivery).filter_by(lead_id=lead.id, channel=channel.value).with_for_update().first()
        if row is None:
            if channel is not Channel.WEBHOOK:
                raise ValueError("the caller asked for no summary by WhatsApp: there is nothing to send")
            if not self._webhook_url:
                raise ValueError("LEAD_WEBHOOK_URL is not set: there is nowhere to send the lead")
            row = Delivery(
                lead_id=lead.id,
                channel=channel.value,
                target=self._webhook_url,
                message={},
                attempts=0,
                created_at=record.at,
                updated_at=record.at,
            )
            session.add(row)
        send_now(row, record.at)
        session.flush()
        settle_attention(session, lead)


def note_action(session: Session, at: datetime, action: str, subject: str, instance: str) -> None:
    """Add a line to the audit, once."""
    if not _is_done(session, at, subject, action):
        session.add(OperatorAction(at=at, action=action, subject=subject, instance=instance))


def _is_done(session: Session, at: datetime, subject: str, action: str | None = None) -> bool:
    """Whether what was done at this moment is noted already: the record was told twice."""
    query = select(OperatorAction.id).where(OperatorAction.at == at, OperatorAction.subject == subject)
    return session.scalar(query if action is None else query.where(OperatorAction.action == action)) is not None
