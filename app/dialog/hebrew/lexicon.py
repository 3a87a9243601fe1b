"""The word lists of the rules, read from files that a Hebrew speaker edits (R10.2, R24).

A file of `app/dialog/data` holds lists by name, in normal spelling: words parted by spaces, or phrases parted by "|"
(`Phrasebook` says how a phrase is written). "{name}" in a list stands for the list of that name, of the same file or of
hebrew/classes.toml, or for the forms of verbs (hebrew/verbs.toml); within a phrase, for each of them in turn.
Everything is folded once, when a module of rules is imported.
"""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

from app.dialog import data
from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.tokens import fold, words
from app.dialog.hebrew.verbs import is_meaning, verb_forms

CLASSES = "hebrew/classes.toml"
_CLASS = re.compile(r"\{(\w+)(?:\.(\w+))?\}")
_BETWEEN_PHRASES = re.compile(r"[\n|]")


class Lexicon:
    """The lists of one file.

    Raises KeyError, naming file and list, for a list that is not there.
    """

    def __init__(self, file: str) -> None:
        self._file = file

    def words(self, name: str) -> frozenset[str]:
        """Return a list of words, folded."""
        return words(" ".join(each for word in self._text_of(name).split() for each in self._in_turn(word)))

    def phrases(self, name: str) -> Phrasebook:
        """Return a list of phrases; the value of each is the phrase as it is written."""
        return Phrasebook("|".join(self.listed(name)))

    def listed(self, name: str) -> tuple[str, ...]:
        """Return a list of phrases as they are written."""
        return tuple(each for phrase in _parted(self._text_of(name)) for each in self._in_turn(phrase))

    def table(self, name: str) -> dict[str, Any]:
        """Return a table as it is written: what is said, or its value, first."""
        return dict(_lists(self._file)[name])

    def valued(self, name: str) -> dict[str, float]:
        """Return the words of a table of values, folded, each with its value."""
        table = self.table(name).items()
        return {fold(word): float(value) for value, spellings in table for word in spellings.split()}

    def text(self, name: str) -> str:
        """Return a list as it is written, with the lists that it names put in."""
        return _CLASS.sub(self._named, self._text_of(name))

    def _in_turn(self, phrase: str) -> tuple[str, ...]:
        """Return a phrase with each word or phrase of the list that it names."""
        named = _CLASS.search(phrase)
        if named is None:
            return (phrase,)
        listed = self._named(named)
        each = _parted(listed) if "|" in listed else listed.split()
        return tuple(phrase[: named.start()] + one + phrase[named.end() :] for one in each)

    def _named(self, named: re.Match[str]) -> str:
        name, group = named.groups()
        return verb_forms(name, group or "") if is_meaning(name) else self._text_of(name)

    def _text_of(self, name: str) -> str:
        for file in (self._file, CLASSES):
            if name in _lists(file):
                return str(_lists(file)[name])
        raise KeyError(f"{self._file}: no list {name!r}")


def _parted(listed: str) -> list[str]:
    return [" ".join(phrase.split()) for phrase in _BETWEEN_PHRASES.split(listed) if phrase.strip()]


@cache
def _lists(file: str) -> dict[str, Any]:
    return data.read_toml(file)


def _verbs_named(named: re.Match[str]) -> str:
    """Return the verbs that a list names: what it shares with other lists besides is no mark of it."""
    name, group = named.groups()
    return verb_forms(name, group or "") if is_meaning(name) else ""


@cache
def lists_by_word(files: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return the lists of single words, of several files, that each folded word stands in."""
    found: dict[str, set[str]] = {}
    for file in files:
        for name, listed in _lists(file).items():
            if isinstance(listed, str) and "|" not in listed:
                for word in words(_CLASS.sub(_verbs_named, listed)):
                    found.setdefault(word, set()).add(f"{file} {name}")
    return {word: tuple(sorted(lists)) for word, lists in found.items()}
