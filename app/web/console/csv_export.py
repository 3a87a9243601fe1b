"""Leads as CSV for a spreadsheet: UTF-8 with BOM, CRLF, RFC 4180; 200 rows at a time."""

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response, request, stream_with_context
from flask.typing import ResponseReturnValue

from app.office import StoreUnavailable
from app.runtime import sleep
from app.web import clock
from app.web.console.filtering import asked, chosen
from app.web.filters import masked_phone, whole_phone
from app.web.login import refuse
from app.web.pages import office
from app.web.words import label, slot_text

export = Blueprint("export", __name__, url_prefix="/console")
export.before_request(refuse)
COLUMNS = (
    *("התקבל", "שם", "טלפון", "מצב", "עסקה", "סוג נכס", "אזור", "חדרים מ־", "חדרים עד", "תקציב מ־", "תקציב עד"),
    *("כניסה", "לחזור", "נציג", "בעל נכס", "תוצאה", "משלוחים", "הערה", "שיחה"),
)
_SLOTS = ("deal", "property_type", "area", "rooms_min", "rooms_max", "budget_min", "budget_max", "timing")
_ROWS = 200
_DANGEROUS = ("=", "+", "-", "@", "\t", "\r")


@export.get("/leads.csv")
def download() -> ResponseReturnValue:
    """Send the leads that fit; numbers are masked unless they are asked for whole, which is put on record."""
    choice = chosen(request.args, ("status", "q", "from", "to"))
    is_whole = request.args.get("whole") == "1"
    first = office().leads(**asked(choice, ("status",)), limit=_ROWS)
    office().audit(
        "csv_whole" if is_whole else "csv", " ".join(choice[name] for name in ("status", "from", "to")).strip()
    )
    name = f"leads-{datetime.now(UTC).astimezone(clock.ISRAEL):%Y-%m-%d}.csv"
    response = Response(stream_with_context(_lines(first, asked(choice, ("status",)), is_whole)), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _lines(answer: Mapping[str, Any], question: Mapping[str, Any], is_whole: bool) -> Iterator[str]:
    yield "\ufeff" + line(COLUMNS)
    while True:
        yield "".join(line(row(lead, is_whole)) for lead in answer["leads"])
        if not answer["next"]:
            return
        sleep(0)
        try:
            answer = office().leads(**question, before=answer["next"], limit=_ROWS)
        except StoreUnavailable:  # the status went out long ago: the file itself must say that it is not whole
            yield line(["המאגר לא עונה: הקובץ אינו שלם"])
            return


def row(lead: Mapping[str, Any], is_whole: bool) -> list[str]:
    """Return a lead as cells."""
    slots = lead["slots"]
    phone = lead["phone"] or ""
    wish = lead["call_back"] or {}
    return [
        f"{clock.local(lead['created_at']):%d.%m.%Y %H:%M}",
        lead["name"] or "",
        whole_phone(phone) if is_whole else masked_phone(phone),
        label(lead["status"], "status"),
        *(slot_text(slots.get(slot), slot) for slot in _SLOTS),
        wish.get("when_text") or ("כן" if lead["call_back"] else ""),
        "כן" if lead["wants_human"] else "",
        "כן" if lead["owner"] else "",
        label(lead["outcome"], "outcome"),
        ", ".join(
            f"{label(one['channel'], 'delivery_channel')}: {label(one['state'], 'delivery_state')}"
            for one in lead["deliveries"]
        ),
        lead["note"] or "",
        lead["call_sid"],
    ]


def line(cells: Iterator[str] | list[str] | tuple[str, ...]) -> str:
    """Return cells as one line; what a spreadsheet would take for a formula becomes text."""
    written = io.StringIO()
    csv.writer(written).writerow([f"'{cell}" if cell.startswith(_DANGEROUS) else cell for cell in cells])
    return written.getvalue()
