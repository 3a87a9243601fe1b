"""A day's records of a made-up office: leads, deliveries, turns, live calls."""

from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime.now(UTC)
CALLER = "+972501234567"
AREAS = ("חולון", "בת ים", "הצפון הישן", "גבעתיים")
NAMES = ("דנה לוי", "משה כהן", "יעל בר", "אבי פרץ", None, "רותם אזולאי")
SEGMENTS = {
    "endpointing": 380,
    "asr": 120,
    "llm": 240,
    "sentence": 90,
    "tts": 120,
    "own": 8,
    "held": 40,
    "send": 2,
    "path": 60,
}


def at(minutes_ago: float) -> str:
    return (NOW - timedelta(minutes=minutes_ago)).isoformat()


def delivery(number: int, state: str, error: str = "", channel: str = "webhook") -> dict[str, Any]:
    steps = [{"at": at(9), "state": "pending", "error": ""}, {"at": at(8), "state": state, "error": error}]
    return {
        "id": number,
        "channel": channel,
        "state": state,
        "attempts": 6 if error else 1,
        "last_error": error,
        "next_attempt_at": at(-3) if state == "pending" else None,
        "updated_at": at(8),
        "history": steps,
    }


def lead(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "known": True,
        "id": number,
        "call_sid": f"CA{number:032d}",
        "channel": "call",
        "created_at": at(number * 37),
        "status": "new",
        "name": NAMES[number % len(NAMES)],
        "phone": f"+97250{1234567 + number}",
        "phone_confirmed": True,
        "slots": {
            "deal": "buy",
            "area": [AREAS[number % len(AREAS)]],
            "property_type": "apartment",
            "rooms_min": 3.5,
            "rooms_max": 4,
            "budget_max": 1_800_000 + number * 50_000,
            "timing": {"type": "within", "months_max": 3},
        },
        "owner": False,
        "wants_human": False,
        "transfer": None,
        "call_back": None,
        "call_back_at": None,
        "handled_at": None,
        "note": "",
        "tries": 1,
        "other_rings": [],
        "summary": "סיכום הפנייה: דירת ארבעה חדרים בחולון, טלפון 050-1234567",
        "whatsapp_requested": False,
        "whatsapp_not_sent": None,
        "recording_url": None,
        "outcome": "confirmed",
        "deliveries": [delivery(number, "delivered")],
        **changes,
    }


def turn(number: int, caller: str, agent: str, heard: str | None = None, **changes: Any) -> dict[str, Any]:
    start = number * 6000
    segments = dict(SEGMENTS) | changes.pop("segments", {})
    timing = {
        "speech_from": start,
        "speech_to": start + 2000,
        "agent_to": start + 5500,
        "answer_ms": sum(value for value in segments.values() if value is not None),
        "segments": segments,
        "stt_source": "final",
        "line_source": "llm",
        "tts_source": "engine",
        "eou_kind": "adaptive",
        "withdrawn": 0,
        "guess_used": number % 2 == 1,
        "holding": False,
        "first_interim": start + 2140,
        "moments": {"guess_used": start + 2500} if number % 2 else {"holding": start + 2400},
        **changes.pop("timing", {}),
    }
    return {
        "number": number,
        "at": at(5 - number / 10),
        "caller_text": caller,
        "agent_text": agent,
        "agent_heard": agent if heard is None else heard,
        "asked": ("greeting", "area", "budget", "phone", "summary_confirm")[number % 5],
        "intent": "provide_info",
        "latencies_ms": {},
        "timing": timing if number else None,
        **changes,
    }


def live_call(call_sid: str, **changes: Any) -> dict[str, Any]:
    return {
        "call_sid": call_sid,
        "channel": "call",
        "from_number": CALLER,
        "started_at": at(1),
        "state": "LISTENING",
        "turns": 1,
        "interim": "",
        "last_caller": "",
        "last_agent": "",
        "slots": {"area": {"value": ["חולון"], "quote": "בחולון", "confirmed": False}},
        "last_answer_ms": 700,
        "last_seq": 1,
        **changes,
    }


TURNS = [
    turn(0, "", "שלום, הגעתם למשרד התיווך. איך אפשר לעזור?"),
    turn(1, "אני מחפש דירת ארבעה חדרים בחולון", "יופי, דירת ארבעה חדרים בחולון. מה התקציב?"),
    turn(
        2,
        "עד 2,000,000 שקל",
        "הבנתי, עד שני מיליון שקל. ולמתי אתם רוצים להיכנס?",
        heard="הבנתי, עד שני מיליון",
        timing={"stt_source": "fallback"},
        segments={"asr": 1350},
    ),
    turn(3, "המספר שלי 050-1234567", "רשמתי. נחזור אליך היום.", segments={"llm": None, "sentence": None}),
    turn(4, "כן תודה", "תודה ולהתראות.", timing={"withdrawn": 1, "answer_ms": None}),
]
