"""One call as its page shows it. Pure: the store's answer in, what the template needs out."""

from collections.abc import Mapping
from datetime import datetime
from statistics import median
from typing import Any

from app.web import clock
from app.web.console.waterfall import SEGMENTS, Fall, draw, fall
from app.web.filters import holds_phone
from app.web.words import label

SLOW_MS = 2000
_FALLBACKS = ("fallback", "rescue", "openai", "gave_up")


def context_of(
    answer: Mapping[str, Any], *, has_audio: bool, has_tape: bool, is_live: bool, whole: bool
) -> dict[str, Any]:
    """Return what `call.html` shows; `whole`: telephone numbers in the words, too."""
    call = answer["call"]
    started = datetime.fromisoformat(call["started_at"])
    ended = datetime.fromisoformat(call["ended_at"]) if call["ended_at"] else None
    interruptions = answer.get("interruptions") or []
    turns = [_turn(turn, interruptions) for turn in answer["turns"]]
    falls = [found for turn in turns if (found := turn.pop("fall")) is not None]
    heard = [found.total_ms for found in falls if not found.is_cancelled]
    slots = answer["slots"]
    lead = answer["lead"]
    return {
        "call": call,
        "name": (slots.get("name") or {}).get("value"),
        "number": (lead or {}).get("phone") or call["from_number"],
        "started_title": f"{clock.local(started):%d.%m.%Y %H:%M}",
        "length_s": (ended - started).total_seconds() if ended else None,
        "answer_p50_ms": median(heard) if heard else None,
        "turns": turns,
        "interruptions": interruptions,
        "slots": slots,
        "lead": lead,
        "sent": answer["deliveries"],
        "usage": call.get("usage") or {},
        "flags": _flags(call, turns, falls, interruptions),
        "falls": falls,
        "chart": draw(falls, plays=has_audio) if falls else "",
        "segments": SEGMENTS,
        "moments": sorted({name for found in falls for name, _ in found.marks}),
        "has_audio": has_audio,
        "has_tape": has_tape,
        "is_live": is_live,
        "whole": whole,
        "has_numbers": any(holds_phone(turn["caller_text"] + " " + turn["agent_text"]) for turn in turns),
        "words_gone": bool(turns) and not any(turn["caller_text"] or turn["agent_text"] for turn in turns),
    }


def of_live(call: Mapping[str, Any]) -> dict[str, Any]:
    """Return a live call as the store would tell it, for as long as the store has not heard of it or is down."""
    told = {name: call[name] for name in ("call_sid", "channel", "from_number", "started_at")}
    unknown = {"ended_at": None, "outcome": "", "end_reason": "", "engines": None, "app_version": "", "instance": ""}
    slots = {name: {"turn": 0, "confidence": None, **slot} for name, slot in call["slots"].items()}
    return {
        "known": True,
        "call": {**told, **unknown, "usage": None},
        "turns": [],
        "interruptions": [],
        "slots": slots,
        "lead": None,
        "deliveries": [],
    }


def _turn(turn: Mapping[str, Any], interruptions: list[dict[str, Any]]) -> dict[str, Any]:
    timing = turn.get("timing") or {}
    from_ms = timing.get("speech_from")
    if from_ms is None:
        from_ms = 0 if turn["number"] == 0 else None
    to_ms = timing.get("agent_to") or timing.get("speech_to")
    found = fall(turn, from_ms)
    return {
        **turn,
        "from_ms": from_ms,
        "to_ms": to_ms if to_ms is not None and from_ms is not None and to_ms > from_ms else None,
        "answer_ms": found.total_ms if found and not found.is_cancelled else None,
        "fall": found,
        "notes": _notes(timing),
        "interruptions": [one for one in interruptions if one["turn"] == turn["number"]],
    }


def _notes(timing: Mapping[str, Any]) -> list[dict[str, str]]:
    """Return what was not as usual in a turn, in words."""
    notes = []
    if timing.get("stt_source") in _FALLBACKS:
        notes.append({"text": f"תמלול: {label(timing['stt_source'], 'stt_source')}", "tone": "warn"})
    if timing.get("line_source") in ("late", "gate"):
        notes.append({"text": label(timing["line_source"], "line_source"), "tone": "warn"})
    if timing.get("tts_source") == "second":
        notes.append({"text": f"קול: {label('second', 'tts_source')}", "tone": "warn"})
    if timing.get("eou_kind") == "forced":
        notes.append({"text": label("forced", "eou_kind"), "tone": "warn"})
    if timing.get("withdrawn"):
        notes.append({"text": label("withdrawn", "flag"), "tone": "warn"})
    if timing.get("guess_used"):
        notes.append({"text": "ניחוש שהתקבל", "tone": "good"})
    if timing.get("holding"):
        notes.append({"text": "נאמר משפט המתנה", "tone": ""})
    return notes


def _flags(
    call: Mapping[str, Any], turns: list[dict[str, Any]], falls: list[Fall], interruptions: list[dict[str, Any]]
) -> list[str]:
    found = {
        "interrupted": bool(interruptions),
        "fallback": any((turn.get("timing") or {}).get("stt_source") in _FALLBACKS for turn in turns),
        "slow": any(one.total_ms > SLOW_MS for one in falls if not one.is_cancelled),
        "fault": call["outcome"] == "fault",
    }
    return [name for name, is_so in found.items() if is_so]
