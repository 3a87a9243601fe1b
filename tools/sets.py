"""The sets of turns and dialogs that the learned tables are trained on and must leave right (R10.6)."""

import json
from pathlib import Path

from tools.labels import Record

_ROOT = Path(__file__).parent.parent
DATA = _ROOT / "app" / "dialog" / "data"
TAUGHT = _ROOT / "training"
RULED = sorted((_ROOT / "tests" / "dialog").glob("utterances_*.jsonl"))
DIALOGS = sorted((_ROOT / "tests" / "dialog").glob("dialogs*.jsonl"))


def load(path: Path) -> list[Record]:
    """Return the turns of a set.

    Raises:
        OSError: the file cannot be read.
        ValueError: a line is no JSON.
    """
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line.strip()]
