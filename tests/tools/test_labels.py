"""What a turn's labels say of a value that a reader found."""

from typing import Any

import pytest

from app.dialog.hebrew.span import Bounds, Span
from app.dialog.understanding.judging.judge import BESIDE, STRUCK
from tools.labels import label_of, leaves_area_open

TURN: dict[str, Any] = {"caller": "חולון ולא חיפה", "state": {}, "expected": {"intent": "provide_info"}}


def labelled(topic: str, value: Any, **labels: Any) -> bool | None:
    return label_of({**TURN, **labels}, topic, Span(0, 1, value))


@pytest.mark.parametrize(
    ("topic", "value", "labels", "wished"),
    [
        ("area", "חולון", {"expected": {"area": ["חולון"]}}, True),
        ("area", "חיפה", {"expected": {"area": ["חולון"]}}, False),
        ("area", "חיפה", {"expected": {"area": ["חולון"]}, "optional": {"area": ["חיפה"]}}, None),
        ("area", "חיפה", {"state": {"area": ["חיפה"]}}, None),
        ("rooms", Bounds(3.0, 4.0), {"expected": {"rooms_max": 4}}, True),
        ("rooms", Bounds(3.0, None), {"expected": {"rooms_max": 4}}, False),
        ("deal", "rent", {"expected": {"deal": "buy"}, "accept": {"deal": ["rent"]}}, True),
        ("property_type", "apartment", {"expected": {"property_type": "penthouse"}}, None),
    ],
)
def test_a_value_is_wished_for_not_wished_for_or_left_open(
    topic: str, value: Any, labels: dict[str, Any], wished: bool | None
) -> None:
    """R10.2: one end of a range is enough; a kind of home that holds the one expected teaches nothing."""
    assert labelled(topic, value, **labels) is wished


def test_a_known_place_is_struck_when_it_is_none_of_those_left() -> None:
    """R10.2."""
    known = {"state": {"area": ["חיפה", "נשר"]}}
    assert labelled(STRUCK, "חיפה", expected={"area": ["נשר"]}, **known) is True
    assert labelled(STRUCK, "חיפה", expected={"area": ["נשר", "חיפה"]}, **known) is False
    assert labelled(STRUCK, "חיפה", optional={"area": ["נשר"]}, **known) is None


def test_known_places_stay_beside_a_new_one_that_is_added() -> None:
    """R10.2."""
    known = {"state": {"area": ["נשר"]}}
    assert labelled(BESIDE, "חולון", expected={"area": ["נשר", "חולון"]}, **known) is True
    assert labelled(BESIDE, "חולון", expected={"area": ["חולון"]}, **known) is False


def test_other_places_than_those_expected_may_be_allowed() -> None:
    """R10.2."""
    assert leaves_area_open({**TURN, "accept": {"area": [["חיפה"]]}})
    assert not leaves_area_open(TURN)
