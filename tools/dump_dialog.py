"""Write everything the dialog makes of the test sets into one file, so that two versions of the code can be compared.

    python -m tools.dump_dialog OUT [MORE.jsonl …]

Sets are the JSON lines of tests/dialog, tests/qa and samples, and those named besides: utterances, scripted dialogs,
and either as a recogniser wrote them. OUT has one line for each reading, each agent turn and each stock text, with a
key before it; after a change that is to change nothing, `cmp` of two outputs says nothing, and else `diff` names what
reads otherwise.
"""

import hashlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.domain import Asked
from app.dialog.hebrew.speakable import speakable
from app.dialog.lines.checks import LineContext, check_line
from app.dialog.lines.priming import phrases
from app.dialog.lines.stock import stock_sentences
from app.dialog.llm.extraction import schema
from app.dialog.plan import Plan
from app.dialog.understanding.ear.typical_answers import typical_answers
from app.dialog.understanding.understand import understand
from app.dialog.understanding.voicemail import read_message
from app.qa.answering import Answering, Manner, Question
from app.qa.converse import converse_one
from app.qa.understanding import predict_dialog, predict_slots

ROOT = Path(__file__).parent.parent
SETS = (
    *sorted((ROOT / "tests" / "dialog").rglob("*.jsonl")),
    ROOT / "tests" / "qa" / "heard_dialogs.jsonl",
    ROOT / "samples" / "dialogs.jsonl",
)
TODAY = "2026-11-22"
MOST_TURNS = 40
Record = Mapping[str, Any]
Entry = tuple[str, Any]


def main(target: Path, more: Iterable[Path] = ()) -> int:
    """Write the dump; return how many lines it has."""
    lines = [f"{key}\t{_written(value)}\n" for key, value in (*_stock(), *of_sets((*SETS, *more)))]
    target.write_text("".join(lines), encoding="utf-8")
    return len(lines)


def _written(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=_plain)


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, set | frozenset) else str(value)


def _digest(value: Any) -> str:
    return hashlib.sha256(_written(value).encode()).hexdigest()[:16]


def _stock() -> Iterator[Entry]:
    """Yield what is said and expected whoever calls."""
    for sentence in stock_sentences("המשרד", "נועה"):
        yield "stock", sentence
    yield "schema", _digest(schema())
    for asked in Asked:
        yield f"phrases/{asked}", phrases(asked, "המשרד")
        for deal in ("buy", "rent"):
            yield f"typical/{asked}/{deal}", _digest([asdict(one) for one in typical_answers(asked, deal)])


def of_sets(paths: Iterable[Path]) -> Iterator[Entry]:
    """Yield what the dialog makes of every record of these files, each with its key."""
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if line.strip():
                record = json.loads(line)
                for key, value in _record(record):
                    yield f"{path.name}/{number}/{record['id']}/{key}", value


def _record(record: Record) -> Iterator[Entry]:
    if "turns" not in record:
        yield from _heard(record) if "readings" in record else _utterance(record)
    elif any("readings" in turn for turn in record["turns"]):
        yield from _heard_dialog(record)
    else:
        yield from _dialog(record)


def _utterance(record: Record) -> Iterator[Entry]:
    """Yield the reading of a turn, what the agent says to it as a first word, and how its texts would be spoken."""
    state = dict(record.get("state") or {})
    read = understand(
        record["caller"],
        asked=Asked(record["asked"]),
        state=state,
        today=date.fromisoformat(record["today"]),
        alternatives=tuple(record.get("alternatives") or ()),
        agent=record.get("agent") or "",
    )
    yield "read", asdict(read)
    yield "predicted", predict_slots(dict(record))
    yield "spoken", speakable(record["caller"])
    yield "message", asdict(read_message([record["caller"]], date.fromisoformat(record["today"])))
    if record.get("agent"):
        yield "checked", check_line(record["agent"], LineContext())
    dialog = _begun(record, state.get("caller_id"), fine_ear=True)
    yield "answered", _turn(dialog.hear(record["caller"]))
    yield "then", _turn(dialog.no_input())


def _heard(record: Record) -> Iterator[Entry]:
    """Yield the reading of a turn of which a rough recogniser gave several."""
    known = {slot: record[slot] for slot in ("deal", "caller_id") if slot in record}
    best, *others = record["readings"]
    day = date.fromisoformat(TODAY)
    read = understand(best, asked=Asked(record["asked"]), state=known, today=day, alternatives=tuple(others))
    yield "read", asdict(read)


def _dialog(record: Record) -> Iterator[Entry]:
    """Yield a script's slots, its free talk, and the talk in the order of the script, turn by turn."""
    yield "final", predict_dialog(dict(record))
    yield "free", converse_one(record)
    for fine_ear in (False, True):
        dialog = _begun(record, record.get("caller_id"), fine_ear=fine_ear)
        for number, turn in enumerate(record["turns"]):
            plan = dialog.hear(turn["caller"])
            yield f"{'fine' if fine_ear else 'rough'}/{number}", _turn(plan)
            if plan.ends_call:
                break
            dialog.said(plan.line)
        yield "state", dialog.state


def _heard_dialog(record: Record) -> Iterator[Entry]:
    """Yield the talk with a caller whom a rough recogniser heard, in every manner."""
    expected = record["expected_final"]
    turns = [(turn["asked"], frozenset(turn["gives"]), turn["readings"]) for turn in record["turns"]]
    for manner in Manner:
        caller = Answering(turns, expected, manner, yes=record["yes"], no=record["no"])
        dialog = Dialog(DialogSettings(), date.fromisoformat(record["today"]), record["caller_id"])
        plan = dialog.greet()
        for number in range(MOST_TURNS):
            dialog.said(plan.line)
            heard = caller.answer(Question(plan.asked.value, plan.confirms))
            if plan.ends_call or heard is None:
                break
            plan = dialog.hear(heard[0], tuple(heard[1:])) if heard else dialog.no_input()
            yield f"{manner}/{number}", _turn(plan)
        yield f"{manner}/state", dialog.state


def _begun(record: Record, caller_number: str | None, *, fine_ear: bool) -> Dialog:
    settings = DialogSettings(uses_llm=True, fine_ear=fine_ear)
    dialog = Dialog(settings, date.fromisoformat(record["today"]), caller_number)
    dialog.said(dialog.greet().line)
    return dialog


def _turn(plan: Plan) -> dict[str, Any]:
    """Return a plan; what is long in it as a digest."""
    shown = asdict(plan)
    for name in ("context", "messages", "extraction", "questions", "phrases"):
        shown[name] = _digest(shown[name])
    return shown


if __name__ == "__main__":
    out, *others = map(Path, sys.argv[1:])
    sys.stdout.write(f"{main(out, others)} lines\n")
