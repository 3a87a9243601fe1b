"""When a call is a lead, and what the lead says. Pure: rows in, JSON out (`lead_schema.json` describes it)."""

import re
from collections.abc import Sequence
from typing import Any

from app.leads.models import Call, Slot, Turn

SCHEMA_VERSION = 1

# What Twilio sends as a number when there is none: ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN, UNAVAILABLE on a keypad.
_NO_NUMBER = frozenset({"+266696687", "+7378742833", "+2562533", "+8566696", "+86282452253"})
_NO_TIME: dict[str, str | None] = {"day": None, "when": None, "until": None}
_NUMBER = re.compile(r"\+?\d{8,15}")


def caller_number(number: str) -> str | None:
    """Return the caller's number when somebody can be called back on it."""
    return number if _NUMBER.fullmatch(number) and number not in _NO_NUMBER else None


def is_lead(call: Call, slots: Sequence[Slot]) -> bool:
    """Return whether the office can act on the call: a number, one thing the caller said, or a recorded message.

    A call from the softphone page is somebody trying the agent: never a lead.
    """
    if call.channel == "browser":
        return False
    if caller_number(call.from_number) is not None or call.facts.get("recording_url"):
        return True
    return any(slot.value["value"] is not None for slot in slots)


def idempotency_key(call_sid: str) -> str:
    """Return the lead's name for every receiver: the same on every instance and at every attempt."""
    return f"lead-{call_sid}"


def lead_payload(call: Call, slots: Sequence[Slot], turns: Sequence[Turn], tries: int = 1) -> dict[str, Any]:
    """Return the lead as it is delivered. Times are ISO 8601 UTC; slot values as in `app.dialog.domain`.

    `tries`: how often the caller rang, see `ringing`.
    """
    known = {slot.slot: slot for slot in slots if slot.value["value"] is not None}
    spoken = known.get("phone")
    name = known.get("name")
    ended_at = call.ended_at or call.last_activity_at
    facts = call.facts
    return {
        "schema_version": SCHEMA_VERSION,
        "lead_id": idempotency_key(call.call_sid),
        "tries": tries,
        "call": {
            "sid": call.call_sid,
            "channel": call.channel,
            "from": call.from_number,
            "to": call.to_number,
            "started_at": call.started_at.isoformat(),
            "ended_at": ended_at.isoformat(),
            "duration_s": max(0, round((ended_at - call.started_at).total_seconds())),
            "outcome": call.outcome,
            "recording_url": facts.get("recording_url"),
        },
        "contact": {
            "name": name.value["value"] if name else None,
            "phone": spoken.value["value"] if spoken else caller_number(call.from_number),
            "phone_source": "caller" if spoken else "caller_id" if caller_number(call.from_number) else None,
            "phone_confirmed": bool(spoken and spoken.confirmed),
        },
        "slots": {
            slot.slot: {
                "value": slot.value["value"],
                "quote": slot.quote,
                "turn": slot.turn,
                "confidence": slot.confidence,
                "confirmed": slot.confirmed,
            }
            for slot in known.values()
        },
        "refused": facts.get("refused") or [],
        "wishes": facts.get("wishes") or [],
        "owner": bool(facts.get("owner")),
        "wants_human": bool(facts.get("wants_human")),
        "transfer": facts.get("transfer"),
        "call_back": _NO_TIME | call_back if (call_back := facts.get("call_back")) else None,
        "whatsapp_requested": "whatsapp" in facts or "whatsapp_not_sent" in facts,
        "whatsapp_not_sent": facts.get("whatsapp_not_sent"),
        "summary": facts.get("summary"),
        "summary_confirmed": bool(facts.get("summary_confirmed")),
        "transcript": [
            {
                "turn": turn.number,
                "caller": turn.caller_text,
                "agent": turn.agent_text if turn.agent_heard is None else turn.agent_heard,
            }
            for turn in turns
        ],
    }
