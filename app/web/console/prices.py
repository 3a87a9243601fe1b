"""What a call cost, by the office's own price list. Pure.

None is shipped: prices age. `PRICES_FILE` is a JSON object: `currency`, `as_of` (a date), and `units`, the price of one
of each unit of a call's usage: `stt_ms`, `tts_chars`, `llm_in`, `llm_out`, and `call_ms` for the line itself.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Cost:
    """An estimate with what it rests on; units without a price count nothing and are named."""

    amount: float
    currency: str
    as_of: str

    @property
    def text(self) -> str:
        """Return `0.0423 USD`."""
        return f"{self.amount:,.4f} {self.currency}"


@dataclass(frozen=True, slots=True)
class Prices:
    """A price list."""

    currency: str
    as_of: str
    units: Mapping[str, float]

    @classmethod
    def read(cls, path: Path | None) -> "Prices | None":
        """Read the list that the settings name; they have checked it."""
        return None if path is None else cls(**json.loads(path.read_text(encoding="utf-8")))

    def cost(self, usage: Mapping[str, float | None], call_ms: float) -> Cost:
        """Return what this usage costs."""
        amounts = {**usage, "call_ms": call_ms}
        total = sum(price * (amounts.get(unit) or 0) for unit, price in self.units.items())
        return Cost(total, self.currency, self.as_of)
