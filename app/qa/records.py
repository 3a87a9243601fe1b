"""JSON-lines files of the evaluation commands: a faulty line is named with its field, and costs itself alone."""

import json
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, Field, ValidationError

from app.dialog.domain import Asked

Record = dict[str, Any]
_Day = Annotated[str, AfterValidator(date.fromisoformat)]


class RecordsError(ValueError):
    """Lines of a file cannot be used; the message has one line each: its number, the field and what is wrong."""


class _Turn(BaseModel):
    asked: Asked
    caller: str
    agent: str | None = None


class Utterance(BaseModel):
    """What a record of a slots set must hold."""

    id: str | int
    today: _Day
    asked: Asked
    caller: str
    agent: str | None = None
    state: Record | None = None
    alternatives: list[str] | None = None


class Script(BaseModel):
    """What a record of a dialogs set must hold."""

    id: str | int
    today: _Day
    caller_id: str | None = None
    turns: list[_Turn] = Field(min_length=1)


def evaluate(source: Path, target: Path, kind: type[BaseModel], predict: Callable[[Record], Record]) -> int:
    """Write what `predict` makes of each record of `source`, one JSON line each; return how many.

    Raises:
        RecordsError: some lines cannot be used: the others are written all the same. Or none can: then `target` is left
            as it was.
        OSError: a file cannot be read or written.
    """
    faults: list[str] = []
    predictions = [predict(record) for record in _records(source, kind, faults)]
    if predictions:
        written = "".join(json.dumps(prediction, ensure_ascii=False) + "\n" for prediction in predictions)
        target.write_text(written, encoding="utf-8")
    if faults:
        raise RecordsError("\n".join([*faults, f"{len(predictions)} other lines were evaluated"]))
    if not predictions:
        raise RecordsError("there is no record in it")
    return len(predictions)


def _records(source: Path, kind: type[BaseModel], faults: list[str]) -> Iterator[Record]:
    # Not `splitlines`: a separator such as U+2028 may stand inside a JSON string.
    for number, line in enumerate(source.read_bytes().removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
            kind.model_validate(record)
        except ValidationError as error:
            for fault in error.errors(include_input=False, include_url=False):
                field = ".".join(map(str, fault["loc"])) or "record"
                faults.append(f"line {number}: {field}: {fault['msg']}")
        except ValueError as error:  # no JSON, or no UTF-8
            faults.append(f"line {number}: not JSON: {error}")
        else:
            yield record
