"""Leads: the list, one lead, and what an operator does with it."""

from typing import Any

import structlog
from flask import Blueprint, abort, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue

from app.web.console.filtering import asked, chosen
from app.web.filters import masked_phone
from app.web.login import own_path, refuse
from app.web.pages import is_fragment, office, page

leads = Blueprint("leads", __name__, url_prefix="/console/leads")
leads.before_request(refuse)
TABS = (("", "הכול"), ("new", "חדשים"), ("call_back", "לחזור"), ("undelivered", "לא נמסרו"), ("handled", "טופלו"))
_NAMES = ("status", "q", "from", "to")
_MOST_NOTE = 2000
_log = structlog.get_logger("console")


@leads.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """List the leads that fit, the newest first."""
    choice = chosen(request.args, _NAMES)
    if choice["status"] not in {code for code, _ in TABS}:
        choice["status"] = ""
    before = request.args.get("before")
    try:
        found = office().leads(**asked(choice, ("status",)), before=before)
    except ValueError:  # no word in the search, or a page's end that is none
        found = {"leads": [], "next": None}
    return page(
        "leads.html",
        section="leads",
        rows=found["leads"],
        next=found["next"],
        is_later=before is not None,
        chosen=choice,
        tabs=TABS,
    )


@leads.get("/<int:lead_id>", endpoint="one")
def show_one(lead_id: int) -> ResponseReturnValue:
    """Show one lead."""
    lead = _lead(lead_id)
    return page("lead.html", section="leads", lead=lead, pending=_is_under_way(lead))


@leads.get("/<int:lead_id>/deliveries")
def deliveries(lead_id: int) -> ResponseReturnValue:
    """Say where a lead's deliveries stand, for a page that waits for them."""
    lead = _lead(lead_id)
    return render_template("_deliveries.html", lead=lead, pending=_is_under_way(lead))


@leads.post("/<int:lead_id>/number")
def number(lead_id: int) -> ResponseReturnValue:
    """Show a lead's number whole; that it was shown is on record."""
    lead = _lead(lead_id)
    if not lead["phone"]:
        abort(404, "אין מספר לליד הזה")
    return show_number(lead["phone"], lead["name"], f"/console/leads/{lead_id}")


@leads.post("/<int:lead_id>/status")
def status(lead_id: int) -> ResponseReturnValue:
    """Mark a lead as handled, to be called back, or new again."""
    wanted = request.form.get("status", "")
    if wanted not in ("new", "call_back", "handled"):
        abort(400, "אין מצב כזה")
    _lead(lead_id)
    office().set_status(lead_id, wanted)
    return redirect(own_path(request.form.get("next", "")) or f"/console/leads/{lead_id}", 303)


@leads.post("/<int:lead_id>/note")
def note(lead_id: int) -> ResponseReturnValue:
    """Keep the operator's note."""
    _lead(lead_id)
    office().set_note(lead_id, request.form.get("note", "").strip()[:_MOST_NOTE])
    flash("ההערה נשמרה", "good")
    return redirect(f"/console/leads/{lead_id}", 303)


@leads.post("/<int:lead_id>/send")
def send(lead_id: int) -> ResponseReturnValue:
    """Send a lead on its way again."""
    channel = request.form.get("channel", "")
    if channel not in ("webhook", "whatsapp"):
        abort(400, "אין ערוץ כזה")
    _lead(lead_id)
    try:
        office().send_again(lead_id, channel)
        flash("הליד בדרך", "good")
    except ValueError:
        flash("אין לאן לשלוח: הגדירו LEAD_WEBHOOK_URL", "bad")
    return redirect(f"/console/leads/{lead_id}", 303)


def show_number(phone: str, name: str | None, back: str) -> ResponseReturnValue:
    """Return a number to call, as a page's piece or a page of its own, and note that it was shown."""
    office().audit("number_shown", masked_phone(phone))
    context: dict[str, Any] = {"number": phone, "name": name, "back": back}
    return render_template("_number.html" if is_fragment() else "number.html", **context)


def _lead(lead_id: int) -> dict[str, Any]:
    lead = office().lead(lead_id)
    if not lead["known"]:
        abort(404, f"אין ליד {lead_id}")
    return lead


def _is_under_way(lead: dict[str, Any]) -> bool:
    return any(delivery["state"] in ("pending", "sent") for delivery in lead["deliveries"])
