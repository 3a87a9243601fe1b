"""What a newly trained table must leave right: else its trainer does not write it (R10.6).

Every line that holds a rule in place; every short act (a yes, a no, a goodbye); and the shares that each set of
tests/dialog is held to, whole dialogs too.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from tempfile import gettempdir
from typing import Any

from app.dialog.domain import Intent
from app.dialog.understanding.judging.intents import SILENT, intent_table
from app.dialog.understanding.judging.names import UNSURE, name_table
from app.dialog.understanding.understand import understand
from app.qa.scoring import score_dialogs, score_slots
from app.qa.understanding import predict_dialog, predict_slots
from tools.labels import Record
from tools.sets import DIALOGS, RULED, load

LEAST_F1, LEAST_INTENTS, LEAST_NOT_INVENTED, LEAST_DIALOGS = 0.97, 0.97, 0.98, 0.95
_SHORT = 3
_MAY_ERR = (Intent.PROVIDE_INFO.value, Intent.UNCLEAR.value)
"""Between these two even people differ."""


_BESIDE: dict[str, tuple[Callable[[], Any], Any]] = {"intents": (intent_table, SILENT), "names": (name_table, UNSURE)}
"""The tables that judge besides, and which stand in while one that ships is of another shape than the code."""


def broken(read: Callable[..., Any], ruled: Sequence[Path] = RULED, whole: Sequence[Path] = DIALOGS) -> list[str]:
    """Return a line for each thing that is wrong as `read` understands it, and must not be.

    `ruled`: sets of turns, those named after kinds to be right to the last; `whole`: sets of dialogs.
    """
    found: list[str] = []
    for path in ruled:
        records = load(path)
        predictions = {record["id"]: predict_slots(dict(record), read=read) for record in records}
        score = score_slots([dict(record) for record in records], list(predictions.values()))
        if path.stem.endswith("kinds"):
            found += [f"{path.name}: {wrong}" for wrong in score.wrong]
        shares = (
            ("F1", score.f1, LEAST_F1),
            ("intents", score.intent_accuracy, LEAST_INTENTS),
            ("nothing invented", score.empty_turn_ok if score.empty_turns else 1.0, LEAST_NOT_INVENTED),
        )
        found += [f"{path.name}: {name} {share:.3f} < {least}" for name, share, least in shares if share < least]
        found += [
            f"{path.name}: {record['caller']!r} ({record['asked']}): {predictions[record['id']]}"
            for record in records
            if _is_short_act(record) and not _is_right(record, predictions[record["id"]])
        ]
    for path in whole:
        dialogs = load(path)
        share, wrong = score_dialogs(
            [dict(dialog) for dialog in dialogs], [predict_dialog(dict(dialog), read=read) for dialog in dialogs]
        )
        if share < LEAST_DIALOGS:
            found.append(f"{path.name}: right {share:.3f} < {LEAST_DIALOGS}; wrong: {wrong}")
    return found


def _is_short_act(record: Record) -> bool:
    expected = record["expected"]
    return (
        len(record["caller"].split()) <= _SHORT and set(expected) == {"intent"} and expected["intent"] not in _MAY_ERR
    )


def _is_right(record: Record, prediction: Record) -> bool:
    allowed = [record["expected"]["intent"], *(record.get("accept") or {}).get("intent", [])]
    may_be = record.get("optional") or {}
    return prediction["intent"] in allowed and set(prediction["updates"]) <= set(may_be)


def _shipped(read: Callable[[], Any], otherwise: Any) -> Any:
    try:
        return read()
    except ValueError:
        return otherwise


def write(
    target: Path, content: bytes, ruled: Sequence[Path] = RULED, whole: Sequence[Path] = DIALOGS, **tables: Any
) -> None:
    """Write a table that was learned, unless it breaks what must hold.

    `tables`: as `understand` takes them; `ruled`, `whole`: as `broken` does.

    Raises:
        SystemExit: with a line for each thing that would be wrong; the table that was there stays.
    """
    beside = {name: _shipped(*of) for name, of in _BESIDE.items()}
    if wrong := broken(partial(understand, **{**beside, **tables}), ruled, whole):
        kept = Path(gettempdir()) / target.name
        kept.write_bytes(content)
        broke = f"not written: {target.name} would break {len(wrong)} things; it is kept as {kept}"
        raise SystemExit("\n".join([broke, *wrong]))
    target.write_bytes(content)
