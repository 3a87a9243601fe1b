"""Names that are places, and the same words where they are none."""

import pytest

from app.dialog.domain import Asked
from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.slots.place_names import is_place


def places(said: str, asked: Asked = Asked.GREETING, *towns: str) -> list[str]:
    utterance = normalise(said)
    found = find(utterance, is_asked=asked is Asked.AREA)
    named = {mention.place.name for mention in found if mention.place.kind == "city"} | set(towns)
    return [mention.value for mention in found if is_place(utterance, mention, asked, named, len(found))]


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("מדבר עומר", Asked.GREETING),
        ("אחרי לג בעומר", Asked.TIMING),
        ("ביום ראשון", Asked.TIMING),
        ("במרכז העיר", Asked.GREETING),
        ("סבבה קדימה", Asked.SUMMARY_CONFIRM),
        ("שם במרכז", Asked.AREA),
        ("טיסה לדרום אמריקה", Asked.TIMING),
    ],
)
def test_people_feasts_days_and_middles_are_no_places(said: str, asked: Asked) -> None:
    """R10.2: the same word for something else."""
    assert places(said, asked) == []


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        ("דירה בעומר", Asked.GREETING, ["עומר"]),
        ("ראשון", Asked.AREA, ["ראשון לציון"]),
        ("בקדימה", Asked.GREETING, ["קדימה"]),
        ("שכר דירה קריות רוצה", Asked.GREETING, ["הקריות"]),
        ("תל אביב יקרה לי חדרה", Asked.AREA, ["תל אביב", "חדרה"]),
    ],
)
def test_where_they_are_said_for_a_place_they_are_one(said: str, asked: Asked, expected: list[str]) -> None:
    """R10.2: a preposition, the question, or a search around them."""
    assert places(said, asked) == expected


@pytest.mark.parametrize(
    ("said", "asked", "expected"),
    [
        ("לשכור בשדרות או בגבים", Asked.GREETING, ["שדרות", "גבים"]),
        ("הרחבה בקיבוץ מגל", Asked.GREETING, ["מגל"]),
        ("פארן צופר", Asked.AREA, ["פארן", "צופר"]),
        ("שמשית או ציפורי", Asked.AREA, ["שמשית", "ציפורי"]),
        ("מחפש קרקע בשדמות דבורה", Asked.GREETING, ["שדמות דבורה"]),
    ],
)
def test_a_village_is_heard_where_it_is_located_or_answers(said: str, asked: Asked, expected: list[str]) -> None:
    """R10.2: every locality of the country is known."""
    assert places(said, asked) == expected


@pytest.mark.parametrize(
    ("said", "asked"),
    [
        ("מדברת יעל", Asked.GREETING),
        ("עמרי בר לב", Asked.NAME),
        ("בעלי עובד שם", Asked.AREA),
        ("אני עם מזומן", Asked.AREA),
        ("עד בשני מיליון", Asked.BUDGET),
        ("שקד ואיתן ורועי", Asked.NAME),
    ],
)
def test_people_and_everyday_words_that_villages_are_called_like_are_no_places(said: str, asked: Asked) -> None:
    """R10.2: the same word for somebody or something else."""
    assert places(said, asked) == []
