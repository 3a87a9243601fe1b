"""What the judge of wishes sees of a word and of a value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.domain import Asked
from app.dialog.hebrew.span import Bounds, Span
from app.dialog.hebrew.tokens import fold, normalise
from app.dialog.understanding.ear.whole_words import said
from app.dialog.understanding.judging.marks import (
    POSITIONS,
    SIDE,
    frame_marks,
    marks_of,
    position,
    skeleton,
    stretches,
    whole_marks,
    word_marks,
)


def test_a_word_is_seen_with_and_without_its_prefix_and_with_the_next_one() -> None:
    """R10.2."""
    marks = word_marks("בחיפה", "עכשיו")
    assert {"בחיפה", "~חיפה", "בחיפה עכשיו"} <= set(marks)


@pytest.mark.parametrize(
    "forms",
    [
        "תוסיפי הוסיפי להוסיף תוסיפו הוסף ולהוסיף שתוסיפי",
        "תורידי להוריד הורידו יורדת ירדה ירד",
        "מחפש מחפשים חיפשתי לחפש שחיפשנו",
        "שכירות לשכור להשכיר שוכר ושכרתי",
        "רוצה רוצים רציתי",
        "דירה דירות הדירה",
    ],
)
def test_the_forms_of_a_word_have_a_mark_in_common(forms: str) -> None:
    """R10.2: what one form of a verb teaches holds for those that no training speech had."""
    assert len({skeleton(fold(form)) for form in forms.split()}) == 1


def test_words_that_mean_something_else_have_other_marks() -> None:
    """R10.2: to rent, to sell, to buy; to add, to take down."""
    words = "לשכור למכור לקנות להוסיף להוריד לחפש לגור"
    assert len({skeleton(fold(word)) for word in words.split()}) == len(words.split())
    assert [skeleton(fold(word)) for word in ("וי", "3", "עד")] == ["וי", "3", "עד"]


def test_places_given_names_figures_and_listed_words_are_seen_as_such() -> None:
    """R10.2: what one sentence teaches of Haifa holds for every place."""
    said = normalise("דנה גרה בחיפה 3")
    assert "@given name" in marks_of(said)[0]
    assert "hebrew/whose.toml resides" in marks_of(said)[1]
    assert "@place ב" in marks_of(said)[2]
    assert "#" in marks_of(said)[3]


def test_a_word_that_was_made_whole_says_so() -> None:
    """R10.2: what is guessed may be weighed otherwise than what was heard."""
    marks = marks_of(said("ארבעה חד רים"))
    assert ["@mended" in of_word for of_word in marks] == [False, True]


def test_positions_are_told_by_side_and_distance() -> None:
    """R10.2: words within the value, then 1, 2, 3, 4 to 6 away and farther, on either side."""
    assert [position(at, 8, 10) for at in range(10)] == [5, 5, 4, 4, 4, 3, 2, 1, 0, 0]
    assert [position(at, 0, 1) for at in range(9)] == [0, *(SIDE + step for step in (1, 2, 3, 4, 4, 4, 5, 5))]
    assert position(99, 0, 1) < POSITIONS


@given(st.integers(0, 20), st.integers(1, 3), st.integers(0, 20))
def test_stretches_hold_each_word_at_its_position(start: int, width: int, after: int) -> None:
    """R10.2: what the judge sums by stretches is what was learned by positions."""
    end, size = start + width, start + width + after
    held = {at: where for where, (low, high) in enumerate(stretches(start, end, size)) for at in range(low, high)}
    assert held == {at: position(at, start, end) for at in range(size)}


def test_the_frame_tells_what_was_asked_and_which_value_of_several_it_is() -> None:
    """R10.2."""
    said = normalise("בחיפה או בנשר")
    marks = frame_marks(said, Asked.AREA, {"area": ["לוד"]}, "area", Span(2, 3, "נשר"), [0])
    assert {"=asked area", "=known True", "=first False", "=last True", "=before 1", "=after 0", "=prefix ב"} <= set(
        marks
    )


def test_the_turn_tells_how_it_opens_how_many_places_it_names_and_of_whom_it_speaks() -> None:
    """R10.2: "my sister lives in" says of every value of the turn whose it may be."""
    marks = whole_marks(normalise("אחותי גרה בחיפה ואני בנשר"))
    assert {"=opens אחותי", "=opens אחותי גרה", "=places 2", "=tells hebrew/whose.toml resides"} <= set(marks)
    assert whole_marks(normalise("")) == ("=places 0", "=opens ", "=opens  ", "=opens /")


@pytest.mark.parametrize(
    ("text", "place", "marks"),
    [
        ("אני גר בחולון ומחפש בנשר", 5, {"=told seeks", "=told seeks earlier has", "=told next "}),
        ("אני גר בחולון ומחפש בנשר", 2, {"=told has", "=told has next seeks", "=told has earlier "}),
        ("מחפשת בנשר ההורים בחולון", 1, {"=told seeks", "=told seeks next others"}),
        ("נולדתי בנשר", 1, {"=told did", "=told next "}),
        ("בנשר אמרתי", 0, {"=told ", "=told  next says"}),
    ],
)
def test_the_frame_tells_who_seeks_has_or_did_around_a_value(text: str, place: int, marks: set[str]) -> None:
    """R10.2: one lives here and seeks there: the nearest word that tells so counts, however long the turn is."""
    said = normalise(text)
    at = min(place, len(said) - 1)
    assert marks <= set(frame_marks(said, Asked.AREA, {}, "area", Span(at, at + 1, "נשר"), []))


def test_what_was_asked_and_what_a_rule_says_have_marks_together() -> None:
    """R10.2: what holds of one question, rule or kind of value need not hold of another."""
    said = normalise("אולי ארבע")
    marks = frame_marks(said, Asked.ROOMS, {}, "rooms", Span(1, 2, Bounds(4.0, 4.0), against="denied"), [])
    assert {"=asked rooms rule denied", "=asked rooms value True True 4", "=rule denied value True True 4"} <= set(
        marks
    )


@pytest.mark.parametrize(
    ("topic", "value", "roughly"),
    [
        ("rooms", Bounds(3.0, 4.0), "True True 4"),
        ("budget", Bounds(None, 1_500_000.0), "False True 7"),
        ("timing", {"type": "month", "month": "2027-01"}, "month"),
        ("deal", "rent", "rent"),
        ("name", "דנה", ""),
    ],
)
def test_the_frame_tells_roughly_what_a_value_is_and_which_rule_speaks_against_it(
    topic: str, value: object, roughly: str
) -> None:
    """R10.2: what one sum of seven digits teaches holds for another."""
    said = normalise("אולי כן")
    marks = frame_marks(said, Asked.GREETING, {}, topic, Span(0, 1, value, against="denied"), [])
    assert {f"=value {roughly}", "=rule denied", "=ruled out True"} <= set(marks)
