"""Runs the understanding over evaluation sets, teacher-forced: the parser alone, or with a language model (R10.6)."""

from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from app.dialog.domain import SLOT_NAMES, Asked, Understanding
from app.dialog.llm.extraction import merge_extraction, schema
from app.dialog.llm.prompts import extraction_messages
from app.dialog.understanding.understand import understand
from app.qa.records import Script, Utterance, evaluate

Extract = Callable[[list[dict[str, str]], dict[str, Any]], str]
"""Messages of an extraction and its JSON schema -> the model's JSON; an empty text where it gave none."""
Read = Callable[..., Understanding]
"""Reads an utterance as `understand` does."""


def fold_updates(state: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """Return `state` after one turn's updates; None withdraws a slot."""
    merged = {**state, **updates}
    return {slot: value for slot, value in merged.items() if value is not None}


def predict_slots(record: dict[str, Any], extract: Extract | None = None, read: Read = understand) -> dict[str, Any]:
    """Return {"id", "updates", "intent"} for one record of a slots set, as `read` understands it."""
    result = _understood(record, record, record.get("state") or {}, extract, read)
    return {"id": record["id"], "updates": result.updates, "intent": result.intent.value}


def predict_dialog(record: dict[str, Any], extract: Extract | None = None, read: Read = understand) -> dict[str, Any]:
    """Return {"id", "final"} for one dialog: every scripted turn understood with the state folded so far."""
    slots: dict[str, Any] = {}
    held = ""
    for turn in record["turns"]:
        state = {**slots, "phone_digits": held}
        if record.get("caller_id"):
            state["caller_id"] = record["caller_id"]
        result = _understood(record, turn, state, extract, read)
        held = result.phone_digits
        slots = fold_updates(slots, result.updates)
    return {"id": record["id"], "final": slots}


def eval_slots(source: Path, target: Path, extract: Extract | None = None) -> int:
    """Predict every record of a slots set, one JSON line each; return how many. Errors: see `evaluate`."""
    return evaluate(source, target, Utterance, partial(predict_slots, extract=extract))


def eval_dialogs(source: Path, target: Path, extract: Extract | None = None) -> int:
    """Predict every dialog of a set, one JSON line each; return how many. Errors: see `evaluate`."""
    return evaluate(source, target, Script, partial(predict_dialog, extract=extract))


def _understood(
    record: dict[str, Any], turn: dict[str, Any], state: dict[str, Any], extract: Extract | None, read: Read
) -> Understanding:
    today, agent = date.fromisoformat(record["today"]), turn.get("agent") or ""
    result = read(
        turn["caller"],
        asked=Asked(turn["asked"]),
        state=state,
        today=today,
        alternatives=tuple(turn.get("alternatives") or ()),
        agent=agent,
    )
    if extract is None:
        return result
    known = {slot: value for slot, value in state.items() if slot in SLOT_NAMES}
    answer = extract(extraction_messages(turn["caller"], agent, known, today), schema()["schema"])
    return merge_extraction(answer, turn["caller"], result, known)
