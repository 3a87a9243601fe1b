"""The softphone: a page on which a person talks to the agent from the browser, over Twilio's own media path (R21).

The page is a Media Streams client; here it gets a one-call token and is told what happens in its call. Such a call is a
test (`app.telephony.browser_calls`). It is open to whom the console is open to.
"""

import time
from collections import deque
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Flask, abort, current_app, g, jsonify, request
from flask.typing import ResponseReturnValue

from app.telephony.browser_calls import is_browser_call, new_browser_call_sid
from app.web.login import refuse
from app.web.pages import office, page
from app.web.words import WORDS, known_slots, label, slot_value

STREAM_PATH = "/ws/twilio-media"
CALLS_A_MINUTE = 10
SHOWN = frozenset({"INTERIM", "ASR_TEXT", "SAYING", "SAID", "SLOTS", "TURN", "TIMING", "INTERRUPTION", "CALL_ENDED"})
"""What the page shows of a call, besides its states."""
JUDGED = frozenset({"QUESTION"})
"""What `python -m app qa` asks for besides; the page leaves it out."""

phone = Blueprint("phone", __name__, url_prefix="/phone")
phone.before_request(refuse)


@phone.get("", endpoint="page")
def show() -> ResponseReturnValue:
    """Show the telephone; this page alone may ask for the microphone."""
    g.microphone = True
    return page(
        "phone.html",
        section="phone",
        agent_name=current_app.extensions["agent_name"],
        segments=list(WORDS["segment"].items()),  # in their order, which a JSON object would lose
        verdicts=WORDS["verdict"],
    )


@phone.get("/calls/<call_sid>/events")
def events(call_sid: str) -> ResponseReturnValue:
    """Tell what happened in a softphone call since `after`; slots in words, as the console has them."""
    if not is_browser_call(call_sid):
        abort(404)
    told, following = office().events(call_sid, request.args.get("after", 0, int))
    return jsonify(events=[_shown(event) for event in told if _is_shown(event)], next=following)


@phone.post("/token")
def token() -> ResponseReturnValue:
    """Let one call in: its SID, and the token that opens the media path to it (60 s, once)."""
    minted_s: deque[float] = current_app.extensions["phone_tokens_s"]
    if len(minted_s) == CALLS_A_MINUTE and time.monotonic() - minted_s[0] < 60:
        office().refused("rate")
        return jsonify(error="too many calls a minute"), 429, {"Retry-After": "60"}
    call_sid = new_browser_call_sid()
    if not office().book(call_sid):
        return jsonify(error="every line is taken, or this server is about to stop"), 503, {"Retry-After": "10"}
    minted_s.append(time.monotonic())
    return jsonify(call_sid=call_sid, token=office().browser_token(call_sid), stream_path=STREAM_PATH)


def install(flask: Flask, agent_name: str) -> None:
    """Give the app the telephone."""
    flask.extensions["agent_name"] = agent_name
    flask.extensions["phone_tokens_s"] = deque(maxlen=CALLS_A_MINUTE)
    flask.register_blueprint(phone)


def _is_shown(event: Mapping[str, Any]) -> bool:
    return event["event"] in SHOWN | JUDGED or event["event"].startswith("STATE→")


def _shown(event: dict[str, Any]) -> dict[str, Any]:
    if event["event"] != "SLOTS":
        return event
    rows = [
        {"label": label(name, "slot"), "html": slot_value(slot["value"], name), **_evidence(slot)}
        for name, slot in known_slots(event["slots"]).items()
    ]
    return {"event": "SLOTS", "seq": event["seq"], "at_ms": event["at_ms"], "rows": rows}


def _evidence(slot: Mapping[str, Any]) -> dict[str, Any]:
    return {"quote": slot.get("quote", ""), "confirmed": bool(slot.get("confirmed"))}
