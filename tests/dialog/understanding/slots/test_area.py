"""Areas: the gazetteer, what a place is said for, and misheard names."""

import pytest

from app.dialog import data
from app.dialog.domain import Asked
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.ear.misheard import mend
from app.dialog.understanding.slots.area import understand_areas
from app.dialog.understanding.understand import understand
from tests.dialog.strategies import TODAY

ENTRIES = data.read_json("hebrew/areas.json")


def areas(text: str, *known: str, asked: Asked = Asked.AREA) -> list[str] | None:
    return understand_areas(normalise(text), asked, list(known)).value


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry["name"])
def test_every_place_is_understood_as_the_answer(entry: dict[str, object]) -> None:
    """R10.2: alone, and with a preposition."""
    name = str(entry["name"])
    stem = name.removeprefix("ה") if entry["kind"] == "region" else name
    assert areas(name) == [name]
    if len(name.partition(" ")[0]) > 1:
        assert areas(f"ב{stem}") == [name]


@pytest.mark.parametrize(
    "said",
    ["אני גר בחולון", "אחותי גרה בחיפה", "ביום ראשון", "ברחוב ירושלים", "עם נוף לפארק", "באזור שקט", "עולה חדשה"],
)
def test_places_only_mentioned_are_no_areas(said: str) -> None:
    """R10.2: homes, streets, days and common words, by the words around them."""
    assert "area" not in understand(said, asked=Asked.GREETING, state={}, today=TODAY).updates


def test_a_town_beside_its_neighbourhood_is_left_out() -> None:
    """R10.2: the narrower name is the wish."""
    assert areas("פלורנטין בתל אביב") == ["פלורנטין"]
    assert areas("תל אביב או יפו") == ["תל אביב", "יפו"]


@pytest.mark.parametrize("joins", ["או", "ו", "גם", "עד", "בין", "ליד", "במקום"])
def test_a_place_is_read_where_the_next_one_is_not_said_yet(joins: str) -> None:
    """R10.2: interims break off anywhere, callers now and then."""
    assert areas(f"אני מחפש בחולון {joins}") == ["חולון"]


def test_adding_removing_and_replacing_keep_the_list_right() -> None:
    """R10.2: the full list after the turn."""
    assert areas("תוסיפי גם את חולון", "בת ים") == ["בת ים", "חולון"]
    assert areas("תורידי את חולון", "בת ים", "חולון") == ["בת ים"]
    assert areas("במקום חולון רמלה", "חולון") == ["רמלה"]
    assert understand_areas(normalise("לא חולון"), Asked.ROOMS, ["חולון"]).withdrawn


@pytest.mark.parametrize(("heard", "name"), [("רענה", "רעננה"), ("כפרסבא", "כפר סבא"), ("נבה צדק", "נווה צדק")])
def test_misheard_names_are_found_when_the_area_was_asked(heard: str, name: str) -> None:
    """R10.6: lost gutturals, glued words, letters that sound alike; and only then."""
    assert areas(heard) == [name]


def test_common_words_are_not_taken_for_towns() -> None:
    """R10.4."""
    for said in ("עולה לי", "מעלית", "הכלב נובח", "אולי מחר", "עזבי אותי"):
        assert areas(said) is None


def test_numbers_are_not_taken_for_towns_but_in_a_name_of_several_words() -> None:
    """R10.4: "ארבעה" sounds like "רובע ה"."""
    for said in ("ארבעה חדרים", "ארבעה", "ארבעה חדרים פחות או יותר"):
        assert areas(said) is None
    for said, name in (("באר שבה", "באר שבע"), ("קריאת שמונה", "קריית שמונה"), ("רובע הא", "רובע ה")):
        assert areas(said) == [name]


def test_words_are_mended_towards_what_was_asked() -> None:
    """R10.6: the closed set of a question reads a misheard answer; numbers already known stay."""
    mended = mend(normalise("שכירוט"), Asked.DEAL)
    assert mended is not None
    assert mended.key(0) == "שכירות"
    assert mend(normalise("שלושים"), Asked.ROOMS) is None
    assert mend(normalise("שכירוט"), Asked.NAME) is None
