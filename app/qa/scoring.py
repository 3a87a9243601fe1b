"""Scores predictions of the understanding against an evaluation set (R10.6).

The rules are those of the sets: a turn is judged by the slots it changes; `accept` lists values that are equally
right, `optional` values that may be reported and need not be; names and places are compared loosely.
"""

import re
from collections import Counter
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

from app.dialog.domain import SLOT_NAMES

_FILLER_WORDS = "שכונת שכונה רובע אזור עיר צפון דרום מזרח מערב מרכז יפו מכבים רעות ו"
_FILLERS = frozenset(_FILLER_WORDS.split())
_SIMILAR = 0.9

Record = dict[str, Any]


@dataclass
class SlotScore:
    """Counts over a slots set, and the shares computed from them."""

    turns: int = 0
    intents_right: int = 0
    empty_turns: int = 0
    empty_turns_right: int = 0
    hits: int = 0
    inventions: int = 0
    misses: int = 0
    tags_right: Counter[str] = field(default_factory=Counter)
    tags_seen: Counter[str] = field(default_factory=Counter)
    wrong: list[tuple[str, Record, Record]] = field(default_factory=list)

    @property
    def f1(self) -> float:
        """Micro-averaged F1 over all slot updates."""
        counted = 2 * self.hits + self.inventions + self.misses
        return 2 * self.hits / counted if counted else 1.0

    @property
    def intent_accuracy(self) -> float:
        """Share of turns with the right intent."""
        return self.intents_right / max(1, self.turns)

    @property
    def empty_turn_ok(self) -> float:
        """Share of the turns with nothing to extract where nothing was invented."""
        return self.empty_turns_right / max(1, self.empty_turns)


def _plain(text: str) -> str:
    bare = re.sub("[\u0591-\u05c7\"'\u05f3\u05f4`\u00b4.,!?()]", "", text)
    bare = re.sub("[-\u05be\u2013/]", " ", bare).replace("יי", "י").replace("וו", "ו")
    return " ".join(word[1:] if len(word) > 3 and word.startswith("ה") else word for word in bare.split())


def _like(left: str, right: str) -> bool:
    return left == right or SequenceMatcher(None, left, right).ratio() >= _SIMILAR


def _same_place(said: str, wanted: str, cities: list[str]) -> bool:
    """Whether two place names agree, or the one said only adds its town or a direction."""
    left, right = _plain(said), _plain(wanted)
    if _like(left, right):
        return True
    if not all(any(_like(word, other) for other in left.split()) for word in right.split()):
        return False
    extra = [word for word in left.split() if not any(_like(word, other) for other in right.split())]
    known = _FILLERS | {word for city in cities for word in _plain(city).split()}
    return all(word in known or len(word) == 1 for word in extra)


def _same_areas(said: Any, wanted: list[Any], optional: list[str]) -> bool:
    if not said:
        return any(not choice for choice in wanted)
    names = [said] if isinstance(said, str) else list(said)
    for choice in filter(None, wanted):
        complete = all(any(_same_place(name, place, optional) for name in names) for place in choice)
        allowed = [*choice, *optional]
        if complete and all(any(_same_place(name, place, optional) for place in allowed) for name in names):
            return True
    return False


def same_value(slot: str, said: Any, wanted: list[Any], optional: list[str]) -> bool:
    """Whether a slot's value is one of those wanted; `optional` are places that may stand beside them."""
    if slot == "area":
        return _same_areas(said, wanted, optional)
    if slot == "name":
        return said in wanted or any(said and name and _like(_plain(said), _plain(name)) for name in wanted)
    return said in wanted


def _optional_places(record: Record) -> list[str]:
    return list((record.get("optional") or {}).get("area") or [])


def _judge(record: Record, slot: str, updates: Record) -> tuple[int, int, int]:
    """Return hit, invention and miss (0 or 1 each) for one slot of one turn."""
    expected, accept, optional = record["expected"], record.get("accept") or {}, record.get("optional") or {}
    state = record.get("state") or {}
    places = _optional_places(record)
    if slot in expected:
        if slot not in updates:
            return 0, 0, 1
        right = same_value(slot, updates[slot], [expected[slot], *accept.get(slot, [])], places)
        return (1, 0, 0) if right else (0, 1, 1)
    if slot not in updates or state.get(slot) == updates[slot]:
        return 0, 0, 0
    if slot == "area" and places:
        return (0, 0, 0) if _same_areas(updates[slot], [[place] for place in places], places) else (0, 1, 0)
    allowed = [*([optional[slot]] if slot in optional else []), *accept.get(slot, [])]
    return (0, 0, 0) if same_value(slot, updates[slot], allowed, places) else (0, 1, 0)


def score_slots(records: list[Record], predictions: list[Record]) -> SlotScore:
    """Score single turns; predictions are matched by id, a missing one counts as empty."""
    by_id = {prediction["id"]: prediction for prediction in predictions}
    score = SlotScore()
    for record in records:
        prediction = by_id.get(record["id"], {})
        updates = prediction.get("updates") or {}
        judged = [_judge(record, slot, updates) for slot in SLOT_NAMES]
        exact = not any(invention or miss for _, invention, miss in judged)
        intents = [record["expected"]["intent"], *(record.get("accept") or {}).get("intent", [])]
        score.turns += 1
        score.intents_right += prediction.get("intent") in intents
        score.hits += sum(hit for hit, _, _ in judged)
        score.inventions += sum(invention for _, invention, _ in judged)
        score.misses += sum(miss for _, _, miss in judged)
        if set(record["expected"]) == {"intent"}:
            score.empty_turns += 1
            score.empty_turns_right += exact
        for tag in record.get("tags", []):
            score.tags_seen[tag] += 1
            score.tags_right[tag] += exact
        if not exact or prediction.get("intent") not in intents:
            score.wrong.append((record["caller"], record["expected"], prediction))
    return score


def score_dialogs(records: list[Record], predictions: list[Record]) -> tuple[float, list[str]]:
    """Return the share of dialogs whose final slots are all right, and the ids of the others."""
    by_id = {prediction["id"]: prediction.get("final") or {} for prediction in predictions}
    wrong = [record["id"] for record in records if not _dialog_right(record, by_id.get(record["id"], {}))]
    return 1 - len(wrong) / max(1, len(records)), wrong


def _dialog_right(record: Record, final: Record) -> bool:
    expected, accept, optional = record["expected_final"], record.get("accept") or {}, record.get("optional") or {}
    places = _optional_places(record)
    for slot in SLOT_NAMES:
        said = final.get(slot)
        if slot in expected:
            if not same_value(slot, said, [expected[slot], *accept.get(slot, [])], places):
                return False
        elif said not in (None, [], "") and not (slot in optional and same_value(slot, said, [optional[slot]], places)):
            return False
    return True
