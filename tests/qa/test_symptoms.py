"""One table of symptoms: README, qa and doctor say the same."""

import pytest

from app.qa.acceptance.items import ITEMS, chosen
from app.qa.symptoms import find, named, readme_table, symptoms
from tests.test_readme import README


def test_the_readmes_table_is_the_data_files() -> None:
    """R13.1: edited in one place."""
    assert "\n".join(readme_table(symptoms())) in README


def test_every_acceptance_item_has_a_row_with_a_fix() -> None:
    """R13.1: and every row names only items that there are."""
    assert all(named(item.symptom).do for item in ITEMS)
    for symptom in symptoms():
        chosen(symptom.items)


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("11205", "11205"),
        ("error 31924", "handshake"),
        ("31920", "handshake"),
        ("403", "403"),
        ("12100", "12100"),
        ("1008", "1008"),
        ("63016", "whatsapp"),
        ("תודה", "thanks"),
        ("שלום", "thanks"),
        ("the agent is cut off", "cut"),
        ("it answers itself", "echo"),
        ("נחתך", "cut"),
        ("Slow answers", "slow"),
        ("איטי", "slow"),
        ("empty", "empty"),
        ("lead", "lead"),
    ],
)
def test_a_code_or_a_few_words_find_their_row(words: str, name: str) -> None:
    """R13.1: `doctor --symptom X`."""
    found = find(words)
    assert found is not None
    assert found.name == name


def test_words_that_mean_no_row_find_none() -> None:
    """R13.1: neither do parts of words or longer numbers."""
    assert find("the weather") is None
    assert find("112055") is None
    assert find("") is None
