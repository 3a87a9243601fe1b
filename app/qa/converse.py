"""Whole dialogs run freely: the agent picks its questions, the script answers with the turn that fits (R10.6).

Input lines are scripted dialogs (`id`, `today`, `caller_id`, `turns` with `asked` and `caller`); output lines hold the
agent's lines, the turns as they went, the slots and the outcome. A yes-or-no question the script has no answer to is
answered "כן"; at any other the caller says what the script had left for a question that needs no asking any more
(a correction that missed its moment), or "לא יודע". When the script is used up the caller says nothing more.
"""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from app.dialog.dialog import Dialog, DialogSettings, Understand
from app.dialog.domain import TOPIC_OF, Asked
from app.dialog.plan import Plan
from app.qa.records import Script, evaluate

MOST_TURNS = 60
YES, DO_NOT_KNOW = "כן", "לא יודע"
_YES_NO = (Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM)


def converse(in_jsonl: Path | str, out_jsonl: Path | str, understand: Understand | None = None) -> int:
    """Run every scripted dialog of a file freely, one result line each; return how many. Errors: see `evaluate`."""
    return evaluate(Path(in_jsonl), Path(out_jsonl), Script, lambda script: converse_one(script, understand))


def converse_one(script: Mapping[str, Any], understand: Understand | None = None) -> dict[str, Any]:
    """Run one scripted dialog."""
    dialog = Dialog(
        DialogSettings(),
        date.fromisoformat(script["today"]),
        caller_number=script.get("caller_id"),
        understand=understand,
    )
    left = list(script["turns"])
    lines: list[str] = []
    turns: list[dict[str, str]] = []
    refused_before: set[str] = set()
    reasked = 0
    plan = dialog.greet()
    for _ in range(MOST_TURNS):
        lines.append(plan.line)
        dialog.said(plan.line)
        reasked += plan.asked.value in refused_before
        if plan.ends_call or not left:
            break
        caller = _answer(left, plan, {turn["asked"] for turn in left if dialog.memory.settled(turn["asked"])})
        turns.append({"agent": plan.line, "caller": caller, "asked": plan.asked.value})
        plan = dialog.hear(caller)
        refused_before = {TOPIC_OF.get(topic, topic) for topic in dialog.memory.refused}
    return {
        "id": script["id"],
        "lines": lines,
        "turns": turns,
        "slots": dialog.slots,
        "outcome": dialog.hung_up(),
        "refused": sorted(refused_before),
        "reasked_refused": reasked,
    }


def _answer(left: list[Any], plan: Plan, past: set[str]) -> str:
    for index, turn in enumerate(left):
        if turn["asked"] == plan.asked.value:
            return str(left.pop(index)["caller"])
    if plan.asked in _YES_NO:
        return YES
    late = next((index for index, turn in enumerate(left) if turn["asked"] in past), None)
    return DO_NOT_KNOW if late is None else str(left.pop(late)["caller"])
