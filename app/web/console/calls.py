"""Calls: the list, one call, and the files that belong to it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, abort, current_app, jsonify, request, send_file
from flask.typing import ResponseReturnValue

from app.office import StoreUnavailable
from app.web.console.call_page import context_of, of_live
from app.web.console.filtering import asked, chosen
from app.web.console.leads import show_number
from app.web.console.live import pictures
from app.web.console.prices import Prices
from app.web.filters import masked_phone
from app.web.login import refuse
from app.web.pages import office, page
from app.web.words import WORDS

calls = Blueprint("calls", __name__, url_prefix="/console/calls")
calls.before_request(refuse)
_NAMES = ("q", "from", "to", "outcome", "flag", "tests")
_FLAGS = ("interrupted", "fallback", "slow", "fault")


@calls.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """List the calls that fit, the newest first."""
    choice = chosen(request.args, _NAMES)
    before = request.args.get("before")
    question = asked(choice, ("outcome", "flag"))
    try:
        found = office().calls(**question, tests=choice["tests"] == "1", before=before)
    except ValueError:  # no such flag, no word in the search, or a page's end that is none
        found = {"calls": [], "next": None}
    return page(
        "calls.html",
        section="calls",
        rows=found["calls"],
        next=found["next"],
        is_later=before is not None,
        chosen=choice,
        narrowed=bool(question),
        outcomes=WORDS["outcome"],
        flags={flag: WORDS["flag"][flag] for flag in _FLAGS},
        live=len(office().live()),
    )


@calls.get("/<call_sid>", endpoint="one")
def show_one(call_sid: str) -> ResponseReturnValue:
    """Show one call whole."""
    return _page(call_sid, whole=False)


@calls.post("/<call_sid>/words")
def words(call_sid: str) -> ResponseReturnValue:
    """Show the call with the telephone numbers in its words; that they were shown is on record."""
    _call(call_sid)
    office().audit("words_shown", call_sid)
    return _page(call_sid, whole=True)


@calls.post("/<call_sid>/number")
def number(call_sid: str) -> ResponseReturnValue:
    """Show the caller's number whole."""
    answer = _call(call_sid)
    phone = (answer["lead"] or {}).get("phone") or answer["call"]["from_number"]
    if not phone:
        abort(404, "המספר חסוי")
    name = (answer["slots"].get("name") or {}).get("value")
    return show_number(phone, name, f"/console/calls/{call_sid}")


@calls.get("/<call_sid>/tape")
def tape(call_sid: str) -> ResponseReturnValue:
    """Send the call's replay file."""
    path = office().tape(call_sid)
    if path is None:
        abort(404, "אין קובץ שחזור לשיחה הזאת: LOG_CALLS")
    office().audit("tape", call_sid)
    return send_file(path, mimetype="application/x-ndjson", as_attachment=True, download_name=f"{call_sid}.jsonl")


@calls.get("/<call_sid>/trace.json")
def trace(call_sid: str) -> ResponseReturnValue:
    """Send all that the store knows of the call; the caller's number is masked."""
    answer = _call(call_sid)
    office().audit("trace", call_sid)
    call = {**answer["call"], "from_number": masked_phone(answer["call"]["from_number"])}
    return jsonify({name: part for name, part in answer.items() if name != "lead"} | {"call": call})


def _call(call_sid: str) -> dict[str, Any]:
    live = next((call for call in office().live() if call["call_sid"] == call_sid), None)
    try:
        answer = office().call(call_sid)
    except StoreUnavailable:
        if live is None:
            raise
        return of_live(live)
    if answer["known"]:
        return answer
    if live is None:
        abort(404, f"אין שיחה {call_sid}")
    return of_live(live)


def _why_no_audio(call: dict[str, Any]) -> str:
    """Return why a call has no recording, as far as settings and its age tell."""
    is_on, keep_days = current_app.extensions["audio_kept"]
    if datetime.now(UTC) - datetime.fromisoformat(call["started_at"]) > timedelta(days=keep_days):
        return "expired"
    return "none" if is_on else "off"


def _page(call_sid: str, *, whole: bool) -> ResponseReturnValue:
    answer = _call(call_sid)
    is_live = any(call["call_sid"] == call_sid for call in office().live())
    context = context_of(
        answer,
        has_audio=not is_live and office().audio(call_sid) is not None,
        has_tape=office().tape(call_sid) is not None,
        is_live=is_live,
        whole=whole,
    )
    context["no_audio"] = _why_no_audio(context["call"])
    prices: Prices | None = current_app.extensions["prices"]
    usage, length_s = context["usage"], context["length_s"]
    cost = prices.cost(usage, (length_s or 0) * 1000) if prices and usage else None
    inside = pictures().draw(f"call:{call_sid}") if is_live else ""
    return page("call.html", section="calls", cost=cost, inside=inside, **context)
