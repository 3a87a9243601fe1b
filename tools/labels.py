"""Whether a value that a reader found is wished for by the labels of a turn; training/README.md says what they mean."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.dialog.domain import PARTS
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.span import Span
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.judge import BESIDE, STRUCK
from app.qa.scoring import same_value

Record = Mapping[str, Any]


def label_of(record: Record, topic: str, value: Span[Any]) -> bool | None:
    """Return whether a value is wished for by a turn's labels; None: they leave it open."""
    meant = value.value
    if topic in (STRUCK, BESIDE):
        return _of_known(record, topic, value)
    if topic not in PARTS:
        return _of_slot(record, topic, meant)
    labels = [_of_slot(record, slot, end) for slot, end in zip(PARTS[topic], meant, strict=True) if end is not None]
    return True if True in labels else None if None in labels else False


def _of_known(record: Record, question: str, place: Span[Any]) -> bool | None:
    """Return what a turn's labels do to the places known; None: they leave it open."""
    known = list((record.get("state") or {})["area"])
    named = {mention.value for mention in find(said(record["caller"]))} | {place.value}
    if leaves_area_open(record):
        return None
    changes, after = "area" in record["expected"], record["expected"].get("area") or []
    if question == STRUCK:
        return changes and not _among(place.value, after)
    others = [name for name in known if name not in named]
    if not others or (changes and not _among(place.value, after)) or (not changes and place.value not in known):
        return None
    return not changes or any(_among(name, after) for name in others)


def leaves_area_open(record: Record) -> bool:
    """Return whether the labels allow for other places than those they expect."""
    return any("area" in (record.get(labels) or {}) for labels in ("accept", "optional"))


def _among(place: str, names: Sequence[str]) -> bool:
    return any(same_value("area", [place], [[name]], []) for name in names)


def _of_slot(record: Record, slot: str, value: Any) -> bool | None:
    expected, accept, optional = record["expected"], record.get("accept") or {}, record.get("optional") or {}
    known = (record.get("state") or {}).get(slot)
    if slot == "area":
        wanted = [[name] for names in (expected.get(slot), *accept.get(slot, [])) for name in names or ()]
        beside = list(optional.get(slot) or ())
        left_open = (beside and same_value(slot, [value], [[name] for name in beside], beside)) or (
            slot not in expected and value in (known or ())
        )
        return True if same_value(slot, [value], wanted, []) and wanted else None if left_open else False
    wanted = [*([expected[slot]] if slot in expected else []), *accept.get(slot, [])]
    if slot in expected and same_value(slot, value, wanted, []):
        return True
    generic = slot == "property_type" and slot in expected and value in ("apartment", "private_house", "commercial")
    may_be = [*wanted, *([optional[slot]] if slot in optional else [])]
    left_open = generic or same_value(slot, value, may_be, []) or (slot not in expected and known == value)
    return None if left_open else False
