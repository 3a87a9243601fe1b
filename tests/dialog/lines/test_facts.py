"""The numbers and places a line states."""

import pytest

from app.dialog.lines.facts import canonical, claims, parents


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("שלושה וחצי חדרים", 3.5),
        ("מיליון וחצי שקל", 1_500_000),
        ("שניים וחצי מיליון", 2_500_000),
        ("שני מיליון ומאה אלף", 2_100_000),
        ("שבעת אלפים ומאתיים", 7_200),
        ("חצי שנה", 6),
        ("שנה וחצי", 18),
        ("תוך חודש", 1),
        ("מיליון ורבע", 1_250_000),
        ("תשע מאות אלף", 900_000),
    ],
)
def test_a_number_is_read(text: str, number: float) -> None:
    """R10.4: numbers in words have a value."""
    assert any(number in readings for readings in claims(text).numbers)


def test_ranges_are_two_numbers() -> None:
    """R10.4: both ends of a range are claims."""
    said = claims("בין שני מיליון לשניים וחצי מיליון שקל").numbers
    assert [min(readings) for readings in said] == [2_000_000, 2_500_000]


def test_places_are_found_with_prefixes_and_are_no_numbers() -> None:
    """R10.4: באר שבע is a town, not a seven."""
    said = claims("רשמתי חיפוש בבאר שבע ובקריית שמונה, או בצפון הישן")
    assert said.numbers == ()
    assert {"באר שבע", "קריית שמונה", "הצפון הישן"} <= {name for place in said.places for name in canonical(place)}


@pytest.mark.parametrize("text", ["עד לאלף שקל", "בין אלף לאלף וחמש מאות שקל", "מיליון ואלף שקל", "הגענו לאלף שקלים"])
def test_a_number_with_a_preposition_is_no_place_named_like_it(text: str) -> None:
    """R10.4: "האלף" is a neighbourhood, "לאלף שקל" a price."""
    said = claims(text)
    assert (said.places, said.either) == (frozenset(), ())
    assert said.numbers


@pytest.mark.parametrize("text", ["דירה באלף", "בהדר ובאלף, עד שני מיליון", "הגעה לאלף."])
def test_a_lone_number_word_may_be_the_place_named_like_it(text: str) -> None:
    """R10.4: a line that names the neighbourhood states no thousand."""
    said = claims(text)
    assert said.either == ((frozenset({1000.0}), "האלף"),)
    assert 1000.0 not in frozenset().union(*said.numbers)


@pytest.mark.parametrize("text", ["דירה בהאלף", "בשכונת האלף", "האלף, בראשון לציון"])
def test_with_its_article_the_name_is_a_place(text: str) -> None:
    """R10.4."""
    assert "האלף" in claims(text).places


@pytest.mark.parametrize("text", ["שאלה אחת אחרונה", "ביום שני", "רגע אחד", "עוד פרט אחד"])
def test_everyday_words_claim_nothing(text: str) -> None:
    """R10.4: not every number word is a number."""
    assert claims(text).numbers == ()


@pytest.mark.parametrize("area", ["דרום תל אביב", "תל אביב מרכז", "צפון ירושלים", "קריית ארבע"])
def test_a_part_of_a_town_may_be_said_by_its_names(area: str) -> None:
    """R10.4: who seeks in the south of a town has named the town and the south."""
    known = parents([area])
    said = claims(f"רשמתי דירה להשכרה ב{area}")
    assert all(canonical(place) & known for place in said.places)
    assert said.numbers == ()
