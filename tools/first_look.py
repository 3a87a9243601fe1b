"""Score the understanding over sets it has not met, by the rules of the sets: one line of figures a file (R10.6).

    python -m tools.first_look [--wrong] SET.jsonl …

A set holds single turns or whole dialogs, teacher-forced either way. Of a new set keep half sealed while the code is
changed: what this prints when that half is first opened is the figure that counts. `--wrong` shows what went wrong,
which unseals it. A turn's line: F1 of the slots, intents right, nothing invented where nothing was said, and values
taken that are wrong or invented for each 100 expected. A dialog's line: dialogs with every slot right.
"""

import json
import sys
from pathlib import Path
from typing import Any

from app.qa.scoring import score_dialogs, score_slots
from app.qa.understanding import predict_dialog, predict_slots

Record = dict[str, Any]


def look(path: Path) -> tuple[str, list[str]]:
    """Return a set's line of figures, and a line for each turn or dialog that is not right.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no JSON.
    """
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
    return _dialogs(records) if records and "turns" in records[0] else _turns(records)


def _turns(records: list[Record]) -> tuple[str, list[str]]:
    score = score_slots(records, [predict_slots(record) for record in records])
    taken_wrong = 100 * score.inventions / max(1, score.hits + score.misses)
    figures = (
        f"{score.turns} turns | F1 {score.f1:.3f} | intent {score.intent_accuracy:.3f} | "
        f"nothing invented {score.empty_turns_right}/{score.empty_turns} = {score.empty_turn_ok:.3f} | "
        f"wrong or invented per 100 {taken_wrong:.1f}"
    )
    return figures, [json.dumps(wrong, ensure_ascii=False) for wrong in score.wrong]


def _dialogs(records: list[Record]) -> tuple[str, list[str]]:
    predictions = [predict_dialog(record) for record in records]
    share, wrong = score_dialogs(records, predictions)
    by_id = {prediction["id"]: prediction["final"] for prediction in predictions}
    shown = [
        json.dumps([record["id"], record["expected_final"], by_id[record["id"]]], ensure_ascii=False)
        for record in records
        if record["id"] in wrong
    ]
    return f"{len(records)} dialogs | right {len(records) - len(wrong)}/{len(records)} = {share:.3f}", shown


def main(arguments: list[str]) -> None:
    """Print the figures of every set named."""
    for name in (argument for argument in arguments if argument != "--wrong"):
        figures, wrong = look(Path(name))
        shown = wrong if "--wrong" in arguments else []
        sys.stdout.write("\n".join([f"{name}: {figures}", *shown]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
