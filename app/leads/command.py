"""What an operator can do from the command line: `python -m app leads`, `transcript` and `forget` (R14).

They open the store itself, so they work beside a running server and without one.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import click
from sqlalchemy.orm import Session

from app import config
from app.leads.childconfig import store_child_config
from app.leads.database import Database, StoreDown
from app.leads.models import DeliveryState
from app.leads.queries import call_timeline, recent_leads
from app.leads.records import Requeue
from app.leads.store import LeadRules, Store
from app.leads.upkeep.forgetting import Forgetting
from app.telephony.numbers import mask_number


@click.command("leads")
@click.option("--undelivered", is_flag=True, help="Only those that somebody has yet to hear of.")
@click.option("--full", is_flag=True, help="Show telephone numbers whole.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(1, 200), help="How many, the newest first.")
@click.option("--again", metavar="ID", type=int, help="Send a delivery that was given up on its way again.")
def leads_command(*, undelivered: bool, full: bool, limit: int, again: int | None) -> None:
    """Print leads and where their deliveries stand."""
    with _database() as database:
        if again is not None:
            Store(database, LeadRules()).apply(Requeue(delivery_id=again))
        with database.begin(read_only=True) as session:
            leads = recent_leads(session, limit, undelivered)["leads"]
    for lead in leads:
        for line in lead_lines(lead, full=full):
            click.echo(line)
    if not leads:
        click.echo("every lead was delivered" if undelivered else "no leads yet", err=True)


@click.command("transcript")
@click.argument("call_sid")
def transcript_command(call_sid: str) -> None:
    """Print a call word by word: the caller as understood, the agent as heard."""
    with _database() as database, database.begin(read_only=True) as session:
        lines = transcript(session, call_sid)
    if not lines:
        raise click.ClickException(f"no call {call_sid} in the store")
    for line in lines:
        click.echo(line)


@click.command("forget")
@click.argument("number")
@click.option("--dry-run", is_flag=True, help="Only say what would be erased.")
def forget_command(number: str, *, dry_run: bool) -> None:
    """Erase everything of a telephone number, in any spelling, or of one call by its SID.

    Calls from it and calls in which it was left, with their turns, leads, deliveries and files. It cannot be undone.
    """
    settings = store_child_config(config.load())
    with _database() as database:
        forget = Forgetting(
            *(database, settings.files(), settings.journal_folder, settings.webhook_url, settings.audit_key, _now),
            delete_recording=settings.delete_recording(),
        )
        try:
            found = forget(number, dry_run=True)
        except ValueError as fault:
            raise click.ClickException(str(fault)) from None
        click.echo(", ".join(f"{name} {found[name]}" for name in found if name != "call_sids"))
        if found["live"]:
            raise click.ClickException("a call of this number is under way: try again after it")
        if dry_run or not any(found[name] for name in ("calls", "rejected_lines")):
            return
        last_four = "".join(filter(str.isalnum, number))[-4:]
        if click.prompt("Repeat the last four digits to erase all of this") != last_four:
            raise click.ClickException("these are not the last four digits; nothing was erased")
        erased = forget(number, dry_run=False, instance="command line")
        if erased["live"]:
            raise click.ClickException("a call of this number has begun: try again after it")
        if erased["recordings_left"]:
            raise click.ClickException("erased here; the recordings named above are still at Twilio: delete them there")
    click.echo("erased")


def lead_lines(lead: Mapping[str, Any], *, full: bool) -> Iterator[str]:
    """Say a lead in one line, and each of its deliveries in one more."""
    payload = lead["payload"]
    contact = payload["contact"]
    number = contact["phone"] or ""
    who = (number if full else mask_number(number), contact["name"])
    parts = (lead["created_at"][:16], lead["call_sid"], *who, payload["call"]["outcome"], payload["summary"])
    yield " | ".join(part for part in parts if part)
    for delivery in lead["deliveries"]:
        state, error = delivery["state"], delivery["last_error"]
        yield f"    {delivery['channel']}: {state}, attempts {delivery['attempts']}{f': {error}' if error else ''}"
        if state == DeliveryState.FAILED_PERMANENTLY.value:
            yield f"    to send it again: python -m app leads --again {delivery['id']}"
    if not lead["deliveries"]:
        yield "    nobody was told: LEAD_WEBHOOK_URL is not set"
    if why := payload.get("whatsapp_not_sent"):
        yield f"    whatsapp: asked for, not sent: {why.replace('_', ' ')}"


def transcript(session: Session, call_sid: str) -> list[str]:
    """Return a call's turns as lines."""
    lines = []
    for turn in call_timeline(session, call_sid).get("turns", ()):
        heard = turn["agent_text"] if turn["agent_heard"] is None else turn["agent_heard"]
        lines += [f"caller: {turn['caller_text']}"] if turn["caller_text"] else []
        lines += [f"agent:  {heard}"] if heard else []
    return lines


def _now() -> datetime:
    return datetime.now(UTC)


@contextmanager
def _database() -> Iterator[Database]:
    database = Database(store_child_config(config.load()).database_url)
    try:
        yield database
    except StoreDown as fault:
        raise click.ClickException(f"the store cannot be read: {fault}") from None
    finally:
        database.close()
