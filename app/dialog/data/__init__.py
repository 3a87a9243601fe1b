"""The words, places, lines and prompts of the dialog: `hebrew` of the language, `real_estate` of this business."""

import json
import tomllib
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import Any


def read_text(name: str) -> str:
    """Return a file of this room, by its path in it ("hebrew/first_names.txt")."""
    return resources.files(__name__).joinpath(name).read_text(encoding="utf-8")


def read_bytes(name: str) -> bytes:
    """Return what a file of this room holds, byte for byte."""
    return resources.files(__name__).joinpath(name).read_bytes()


def read_json(name: str) -> Any:
    """Return what a JSON file of this room holds."""
    return json.loads(read_text(name))


def read_toml(name: str) -> dict[str, Any]:
    """Return what a TOML file of this room holds."""
    return tomllib.loads(read_text(name))


@cache
def property_kinds() -> Mapping[str, tuple[str, ...]]:
    """Return what callers call each kind of property."""
    return {kind: phrases(listed) for kind, listed in read_toml("real_estate/kinds.toml")["kinds"].items()}


@cache
def questions() -> Mapping[str, Mapping[str, str]]:
    """Return what is said of each question the agent can ask: its label, what asks about it, what it expects."""
    return read_toml("real_estate/questions.toml")


def phrases(listed: str) -> tuple[str, ...]:
    """Return the phrases of a list that "|" parts."""
    return tuple(" ".join(phrase.split()) for phrase in listed.split("|") if phrase.strip())
