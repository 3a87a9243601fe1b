"""How the server is, what it keeps, and who did what."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint
from flask.typing import ResponseReturnValue

from app.office import StoreUnavailable
from app.web.console.live import feed
from app.web.login import refuse
from app.web.pages import office, page
from app.web.words import label

system = Blueprint("system", __name__, url_prefix="/console/system")
system.before_request(refuse)
_LATE_MS = 50
_LITTLE_BYTES = 500_000_000
_OLD_S = 900
_BEHIND = 200
_NO_STORE: dict[str, Any] = {"outbox": {}, "outbox_oldest_s": None, "unconfirmed": 0}


@system.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """Show what `doctor` can see without cost."""
    status = office().status()
    try:
        store, actions, retention = office().store_status(), office().actions(50), office().retention()
        is_down = False
    except StoreUnavailable:
        store, actions, retention, is_down = _NO_STORE, [], [], True
    return page(
        "system.html",
        section="system",
        status=status,
        store=store,
        actions=actions,
        retention=retention,
        findings=findings(status, store),
        tabs=len(feed()),
        store_down=is_down,
    )


def findings(status: Mapping[str, Any], store: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what is wrong, and what to do about it."""
    found = [
        {"tone": "bad", "what": f"לא עונה: {label(child['name'], 'child')}.", "do": "בדקו את היומן של השרת."}
        for child in status["children"]
        if not child["up"]
    ]
    if status["draining"]:
        found.append({"tone": "warn", "what": "השרת נסגר.", "do": "שיחות חדשות מתבקשות להשאיר הודעה."})
    if status["hub_lag_p99_ms"] > _LATE_MS:
        found.append({"tone": "bad", "what": "השרת מאחר.", "do": "פחות שיחות (MAX_CALLS) או ליבה שנייה."})
    if status["disk_free_bytes"] < _LITTLE_BYTES:
        found.append({"tone": "bad", "what": "הדיסק כמעט מלא.", "do": "קצרו את זמני השמירה או הגדילו את הדיסק."})
    if (store["outbox_oldest_s"] or 0) > _OLD_S:
        found.append({"tone": "bad", "what": "יש לידים שממתינים למשלוח.", "do": "בדקו את LEAD_WEBHOOK_URL."})
    if store["unconfirmed"] > _BEHIND:
        found.append({"tone": "warn", "what": "המאגר מפגר אחרי השיחות.", "do": "דבר לא אבד; בדקו את DATABASE_URL."})
    if status["public_base_url"] is None and not status["development"]:
        found.append({"tone": "warn", "what": "לא הוגדרה כתובת ציבורית.", "do": "הגדירו PUBLIC_BASE_URL."})
    return found
