"""Slot values as Hebrew phrases."""

import pytest

from app.dialog.lines.values import areas_phrase, in_area, property_phrase, slots_phrase, spoken_name


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("חולון", "בחולון"),
        ("הצפון הישן", "בצפון הישן"),
        ("השרון", "בשרון"),
        ("הרצליה", "בהרצליה"),
        ("הוד השרון", "בהוד השרון"),
        ("הדר", "בהדר"),
        ("ההדרים", "בהדרים"),
    ],
)
def test_the_article_is_swallowed_where_it_is_one(name: str, said: str) -> None:
    """R9.6: ב + ה as people say it."""
    assert in_area(name) == said


def test_long_lists_of_places_are_cut_short() -> None:
    """R10.5: two places are said, the rest counted in."""
    assert areas_phrase(["חולון", "בת ים"]) == "בחולון ובבת ים"
    assert areas_phrase(["חולון", "בת ים", "לוד"]) == "בחולון, בבת ים ובאזורים נוספים".replace(", ", " ")


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        (
            {"property_type": "apartment", "rooms_min": 3, "rooms_max": 4, "deal": "buy"},
            "דירת שלושה עד ארבעה חדרים לקנייה",
        ),
        ({"property_type": "garden_apartment", "rooms_min": 4, "rooms_max": 4}, "דירת גן עם ארבעה חדרים"),
        ({"property_type": "apartment", "rooms_min": 4, "deal": "rent"}, "דירה עם לפחות ארבעה חדרים להשכרה"),
        ({"deal": "rent", "area": ["לוד"]}, "שכירות בלוד"),
        ({"area": ["לוד"]}, "חיפוש בלוד"),
        ({}, ""),
    ],
)
def test_what_is_sought_in_one_phrase(slots: dict[str, object], said: str) -> None:
    """R10.5: deal, type, rooms and place."""
    assert property_phrase(slots) == said


def test_details_are_dropped_before_the_line_grows_too_long() -> None:
    """R10.4: at most so many words."""
    slots = {
        "property_type": "penthouse",
        "deal": "buy",
        "area": ["קריית אתא", "קריית ביאליק"],
        "budget_min": 2_150_000,
        "budget_max": 2_650_000,
    }
    said = slots_phrase(slots, slots, 2026, 10)
    assert len(said.split()) <= 10
    assert said.startswith("פנטהאוז לקנייה")


@pytest.mark.parametrize(
    ("name", "said"),
    [("דנה", "דנה"), ("Dan", ""), ("שבע", ""), ("בת שבע", "בת שבע"), ("יוסי בן דוד הלוי", "יוסי בן"), (None, "")],
)
def test_only_hebrew_names_are_spoken(name: str | None, said: str) -> None:
    """R10.4: a name is said as it was given or not at all."""
    assert spoken_name(name) == said
