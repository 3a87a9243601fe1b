"""Verbs by which something known is changed: every form, made from a root by its pattern (R10.2).

The data is data/hebrew/verbs.toml. A form that no caller has used yet is known as soon as its verb is.
"""

from collections.abc import Mapping
from functools import cache
from typing import Any

from app.dialog import data
from app.dialog.hebrew.tokens import fold, words

_USUAL = ("told", "says")
"""What changes something that is known: the agent is told to, or the caller does it."""


@cache
def verb_forms(meaning: str, group: str = "") -> str:
    """Return the forms of the verbs of a meaning, parted by spaces: one `group` of them, or the usual ones.

    Raises KeyError for a meaning, a pattern or a group that is not there.
    """
    verbs, everyday = _table()["meanings"][meaning].split(","), words(_table()["everyday"])
    found = [
        _inflected(form, letters)
        for pattern, letters in (verb.split() for verb in verbs)
        for kind in ([group] if group else _USUAL)
        for form in _table()["patterns"][pattern][kind].split()
    ]
    return " ".join(form for form in dict.fromkeys(found) if fold(form) not in everyday)


def is_meaning(name: str) -> bool:
    """Whether verbs have a meaning of this name."""
    return name in _table()["meanings"]


def _inflected(form: str, letters: str) -> str:
    return "".join(letters[int(sign) - 1] if sign.isdigit() else sign for sign in form)


@cache
def _table() -> Mapping[str, Any]:
    return data.read_toml("hebrew/verbs.toml")
