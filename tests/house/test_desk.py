"""What an onlooker waits for."""

from typing import Any

import pytest

from app.house.desk import STORE_ANSWERS_WITHIN_S, told_by
from app.office import StoreUnavailable

TOLD: dict[str, dict[str, Any]] = {"journal": {"waiting": 3}, "store_status": {"outbox": {}}}
JOURNAL, STATUS = TOLD["journal"], TOLD["store_status"]


@pytest.mark.parametrize(
    ("silent", "asked", "told"),
    [
        ((), ["journal", "store_status"], (JOURNAL, STATUS)),
        (("store_status",), ["journal", "store_status"], (JOURNAL, None)),
        (("journal", "store_status"), ["journal"], (None, None)),
    ],
)
def test_a_store_that_is_silent_is_waited_for_once(silent: tuple[str, ...], asked: list[str], told: object) -> None:
    """R11.4: whoever takes the metrics every few seconds gets them, whatever is away."""
    names: list[str] = []

    def query(name: str, timeout_s: float) -> dict[str, Any]:
        assert timeout_s == STORE_ANSWERS_WITHIN_S
        names.append(name)
        if name in silent:
            raise StoreUnavailable("no answer")
        return TOLD[name]

    assert told_by(query) == told
    assert names == asked
