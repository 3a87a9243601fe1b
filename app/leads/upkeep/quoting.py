"""Whether a telephone number stands in what was said in a call: in digits or in words, in one breath or more. Pure."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache

import phonenumbers

from app.dialog.hebrew.contact.dictated import dictations

_DASH = r"[\s\-.]*(?:(?:מקף|קו|נקודה)[\s\-.]*)?"
_WRITTEN = re.compile(rf"\d(?:{_DASH}\d)*")
_MOST_BREATHS = 4


class Quoted:
    """A number to be looked for."""

    def __init__(self, e164: str) -> None:
        """`e164`: as `+972501234567`."""
        number = phonenumbers.parse(e164)
        country, national = str(number.country_code), str(number.national_number)
        self._alone = frozenset({national, f"0{national}", *_abroad(country, national)})
        # 50 and 1,234,567 in two sentences may be a house and a price: they are one with its first nought only.
        self._in_parts = self._alone - {national}

    def stands_in(self, texts: Iterable[str]) -> bool:
        """Return whether the number stands in `texts`, one speaker's of one call in order.

        A number in parts is one that ends each text but the last and begins each but the first.
        """
        begun: list[str] = []
        for runs in map(_runs, texts):
            if any(run in self._alone for run in runs):
                return True
            if not runs:
                continue
            grown = [head + runs[0] for head in begun]
            if any(whole in self._in_parts for whole in grown):
                return True
            begun = [runs[-1], *(grown if len(runs) == 1 else [])][:_MOST_BREATHS]
        return False


def _abroad(country: str, national: str) -> list[str]:
    return [f"{prefix}{country}{zero}{national}" for prefix in ("", "00") for zero in ("", "0")]


@lru_cache(maxsize=2048)  # an agent's lines come again and again
def _runs(text: str) -> Sequence[str]:
    """Return the runs of digits in a text, in order, whether written or said in words."""
    said = dictations(text)
    written = [
        (one.start(), re.sub(r"\D", "", one[0]))
        for one in _WRITTEN.finditer(text)
        if not any(run.start <= one.start() < run.end for run in said)
    ]
    return [digits for _, digits in sorted([*((run.start, run.value) for run in said), *written])]
