"""A scripted caller with a voice: a dialog of an evaluation set, said in the WAV files a manifest lists (R10.6).

The manifest (`file`, `voice`, `source`, `text`, tab-separated) names a turn's recording by its source, "w01/3" for the
third turn of w01. Yes and no are taken from any recording of the same voice that says just that.
"""

import csv
import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.dialog.domain import Asked
from app.dialog.understanding.understand import understand
from app.qa.answering import Answering, Manner
from app.qa.utterance import Utterance, load_utterance

_YES, _NO = ("כן", "נכון"), ("לא", "לא נכון")
_FOLDERS = (".", "callers", "wavs")


class ScriptError(Exception):
    """The dialog or its recordings cannot be used; the message says which and why."""


@dataclass(frozen=True, slots=True)
class Cast:
    """One caller: what to say when, what all of it should come to, and the number called from."""

    answering: Answering[Utterance]
    expected: dict[str, Any]
    cities: tuple[str, ...]
    caller_number: str | None


def cast(dialogs: Path, dialog_id: str, manifest: Path, manner: Manner) -> Cast:
    """Return the caller who says dialog `dialog_id` of a dialogs set with the recordings of a manifest.

    Raises:
        ScriptError: there is no such dialog, or a turn has no recording.
        UtteranceError: a recording cannot be read.
        OSError: one of the two files cannot be read.
    """
    record = _record(dialogs, dialog_id)
    with manifest.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter="\t"))
    sounds = {row["source"]: row for row in rows if row.get("source")}
    turns = []
    for number, turn in enumerate(record["turns"], start=1):
        row = sounds.get(f"{dialog_id}/{number}")
        if row is None:
            raise ScriptError(f"{manifest}: no recording has the source {dialog_id}/{number}")
        turns.append((turn["asked"], _gives(turn, record), _load(manifest, row["file"])))
    voice = sounds[f"{dialog_id}/1"].get("voice")

    def says(words: tuple[str, ...]) -> Utterance | None:
        row = next((row for row in rows if row.get("voice") == voice and row.get("text") in words), None)
        return _load(manifest, row["file"]) if row else None

    expected = dict(record["expected_final"])
    cities = tuple((record.get("optional") or {}).get("area") or ())
    answering = Answering(turns, expected, manner, yes=says(_YES), no=says(_NO), cities=cities)
    return Cast(answering, expected, cities, record.get("caller_id"))


def _record(dialogs: Path, dialog_id: str) -> dict[str, Any]:
    for number, line in enumerate(dialogs.read_text(encoding="utf-8").split("\n"), start=1):
        if not line.strip():
            continue
        try:
            record: dict[str, Any] = json.loads(line)
        except ValueError as error:
            raise ScriptError(f"{dialogs}: line {number}: not JSON: {error}") from None
        if record.get("id") == dialog_id:
            if missing := {"turns", "expected_final", "today"} - set(record):
                raise ScriptError(f"{dialogs}: line {number}: {', '.join(sorted(missing))} missing")
            return record
    raise ScriptError(f"{dialogs}: no dialog has the id {dialog_id}")


def _gives(turn: dict[str, Any], record: dict[str, Any]) -> frozenset[str]:
    """Return the slots a turn gives: as the record says, else as its text is understood."""
    if "expected" in turn:
        return frozenset(slot for slot in turn["expected"] if slot != "intent")
    state = {"caller_id": record.get("caller_id")} if record.get("caller_id") else {}
    meant = understand(
        turn["caller"], asked=Asked(turn["asked"]), state=state, today=date.fromisoformat(record["today"])
    )
    return frozenset(meant.updates)


def _load(manifest: Path, name: str) -> Utterance:
    paths = (manifest.parent / folder / name for folder in _FOLDERS)
    path = next((path for path in paths if path.is_file()), manifest.parent / name)
    return load_utterance(path)
