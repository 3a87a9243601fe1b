"""What a list is narrowed to, as its address says it. Pure."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.web import clock

_NUMBER_ONLY = re.compile(r"[\d\s+\-*()]+")
_LEAST_DIGITS = 3


def search(text: str) -> dict[str, str]:
    """Return what a search box asks of the store: a number when it holds nothing but one, else words."""
    text = text.strip()[:200]
    if not text:
        return {}
    digits = re.sub(r"\D", "", text)
    if _NUMBER_ONLY.fullmatch(text) and len(digits) >= _LEAST_DIGITS:
        return {"number": digits}
    return {"words": text}


def days(first: str, last: str) -> dict[str, str]:
    """Return the range of time of Israel's days `first` to `last`, either of which may be open or no date at all."""
    since, until = _date(first), _date(last)
    asked = {}
    if since:
        asked["since"] = clock.bounds(since)[0].isoformat()
    if until:
        asked["until"] = clock.bounds(until)[1].isoformat()
    return asked


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def chosen(arguments: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    """Return those of the address's arguments that a list knows, so that links can repeat them."""
    return {name: arguments.get(name, "").strip()[:200] for name in names}


def asked(choice: Mapping[str, str], passed_on: tuple[str, ...]) -> dict[str, Any]:
    """Return what a choice asks of the store."""
    plain = {name: choice[name] for name in passed_on if choice.get(name)}
    return {**plain, **search(choice["q"]), **days(choice["from"], choice["to"])}
