"""The word lists that a Hebrew speaker edits."""

import re
from pathlib import Path

import pytest

from app.dialog import data
from app.dialog.hebrew.lexicon import CLASSES, Lexicon
from app.dialog.hebrew.tokens import fold, normalise
from app.dialog.understanding.judging.marks import EVIDENCE
from app.dialog.understanding.slots.wishes import KINDS

DIALOG = Path(data.__file__).parent.parent
DEALS = ("buy", "rent")
FILES = sorted(str(path.relative_to(DIALOG / "data")) for path in (DIALOG / "data").rglob("*.toml"))
LISTS = [
    (file, name, listed) for file in FILES for name, listed in data.read_toml(file).items() if isinstance(listed, str)
]
CODE = "\n".join(path.read_text(encoding="utf-8") for path in DIALOG.parent.rglob("*.py"))


def items(listed: str) -> list[str]:
    """Return the words or phrases of a list."""
    return [item.strip() for item in re.split(r"[\n|]", listed) if item.strip()] if "|" in listed else listed.split()


def test_words_are_found_in_any_spelling() -> None:
    """R10.2: the file has one spelling, the caller another."""
    relatives = Lexicon("hebrew/scope.toml").words("others")
    assert {fold("אחותי"), fold("אימא")} <= relatives


def test_phrases_are_found_among_words() -> None:
    """R10.2."""
    repairs = Lexicon("hebrew/scope.toml").phrases("repairs")
    assert [match.value for match in repairs.all(normalise("שלושה לא סליחה ארבעה"))] == ["=לא סליחה"]


def test_a_table_of_values_gives_each_spelling_its_value() -> None:
    """R10.2: the calendar's words are read as the lists are."""
    months = Lexicon("hebrew/calendar.toml").valued("months")
    assert months[fold("מרץ")] == months[fold("מארס")] == 3


def test_a_list_that_is_not_there_is_named() -> None:
    """R24: a slip of the pen is found at once."""
    with pytest.raises(KeyError, match=r"hebrew/scope.toml: no list 'cousins'"):
        Lexicon("hebrew/scope.toml").words("cousins")


@pytest.mark.parametrize(("file", "name", "listed"), LISTS)
def test_a_list_is_in_normal_spelling_without_repetition_and_has_a_reader(file: str, name: str, listed: str) -> None:
    """R24: nobody has to know how words are folded, and no list stands there for nothing."""
    words = [word.lstrip("=") for word in re.split(r"[\s|]+", listed)]
    assert not [word for word in words if re.fullmatch(r"[א-ת]+[כמנצ]", word) and len(word) > 2]
    said = items(listed)
    assert sorted(set(said)) == sorted(said)
    assert file in (CLASSES, EVIDENCE) or f'("{name}")' in CODE or name in (*DEALS, *KINDS)
