"""Runs the deterministic understanding over evaluation sets, teacher-forced (R10.6)."""

import json
from datetime import date
from pathlib import Path
from typing import Any

from app.dialog.slots import Asked
from app.dialog.understand import understand


def _records(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.strip()]


def _write(path: Path, records: list[dict[str, Any]]) -> None:
    lines = [json.dumps(record, ensure_ascii=False) for record in records]
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")


def fold_updates(state: dict[str, Any], updates: dict[str, Any]) -> dict[str, Any]:
    """Return `state` after one turn's updates; None withdraws a slot."""
    merged = {**state, **updates}
    return {slot: value for slot, value in merged.items() if value is not None}


def predict_slots(record: dict[str, Any]) -> dict[str, Any]:
    """Return {"id", "updates", "intent"} for one record of a slots set."""
    result = understand(
        record["caller"],
        asked=Asked(record["asked"]),
        state=record.get("state") or {},
        today=date.fromisoformat(record["today"]),
        alternatives=tuple(record.get("alternatives") or ()),
        agent=record.get("agent", ""),
    )
    return {"id": record["id"], "updates": result.updates, "intent": result.intent.value}


def predict_dialog(record: dict[str, Any]) -> dict[str, Any]:
    """Return {"id", "final"} for one dialog: every scripted turn understood with the state folded so far."""
    slots: dict[str, Any] = {}
    held = ""
    for turn in record["turns"]:
        state = {**slots, "phone_digits": held}
        if record.get("caller_id"):
            state["caller_id"] = record["caller_id"]
        result = understand(
            turn["caller"],
            asked=Asked(turn["asked"]),
            state=state,
            today=date.fromisoformat(record["today"]),
            agent=turn.get("agent", ""),
        )
        held = result.phone_digits
        slots = fold_updates(slots, result.updates)
    return {"id": record["id"], "final": slots}


def eval_slots(source: Path, target: Path) -> int:
    """Predict every record of a slots set, one JSON line each; return how many."""
    predictions = [predict_slots(record) for record in _records(source)]
    _write(target, predictions)
    return len(predictions)


def eval_dialogs(source: Path, target: Path) -> int:
    """Predict every dialog of a set, one JSON line each; return how many."""
    predictions = [predict_dialog(record) for record in _records(source)]
    _write(target, predictions)
    return len(predictions)
