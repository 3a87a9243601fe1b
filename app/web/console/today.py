"""The first page: what an office has to do today."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, current_app
from flask.typing import ResponseReturnValue

from app.office import StoreUnavailable
from app.web import clock
from app.web.console.live import pictures
from app.web.login import refuse
from app.web.pages import office, page

today = Blueprint("today", __name__, url_prefix="/console")
today.before_request(refuse)
MOST_ROWS = 20
BLOCKS = (
    ("call_backs", "לחזור אליהם", "אין למי לחזור כרגע", "warn", "/console/leads?status=call_back"),
    ("undelivered", "לא נמסרו", "כל הלידים נמסרו", "bad", "/console/leads?status=undelivered"),
    ("messages", "הודעות קוליות", "אין הודעות שמחכות", "", "/console/leads"),
    ("leads", "לידים מהיום", "עדיין אין לידים היום", "", "/console/leads"),
)
"""Of each list, in the order in which an office needs them: its name, title, words for none, colour, and the whole."""
_NONE: dict[str, Any] = {
    **{
        f"{kind}{end}": empty
        for kind in ("call_backs", "undelivered", "messages", "leads")
        for end, empty in (("", []), ("_total", 0))
    },
    "calls": 0,
    "answer_p50_ms": None,
}


@today.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """Show who is to be called back, what was not delivered, messages and today's leads; the last known if need be."""
    now = datetime.now(UTC)
    since, until = clock.bounds(now.astimezone(clock.ISRAEL).date())
    asked_at: datetime | None = None
    try:
        figures = office().today(since.isoformat(), until.isoformat())
        current_app.extensions["today_known"] = (now, figures)
    except StoreUnavailable:
        asked_at, figures = current_app.extensions.get("today_known", (None, _NONE))
    is_known = asked_at is None and figures is not _NONE
    return page(
        "today.html",
        section="today",
        figures=figures,
        blocks=BLOCKS,
        most=MOST_ROWS,
        now=now.isoformat(),
        day=since.astimezone(clock.ISRAEL).date().isoformat(),
        strip=pictures().draw("strip"),
        store_down=not is_known,
        store_down_since=asked_at,
    )
