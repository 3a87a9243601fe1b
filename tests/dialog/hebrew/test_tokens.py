"""The tokenizer every rule shares."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.hebrew.tokens import fold, normalise, stems


@pytest.mark.parametrize(
    ("one", "other"), [("קוטג'", "קוטג"), ("ש״ח", "שח"), ("קריית", "קרית"), ("ווילה", "וילה"), ("תֵּל", "תל")]
)
def test_spellings_of_one_word_are_equal(one: str, other: str) -> None:
    """R10.2: quotes, niqqud, doubled letters."""
    assert fold(one) == fold(other)


def test_two_months_stay_apart_from_months() -> None:
    """R10.2: the dual keeps both its yods."""
    assert fold("חודשיים") != fold("חודשים")


def test_hesitations_are_left_out_and_look_alikes_stay() -> None:
    """R10.2: "אממ" says nothing; "אם המושבות" is a place."""
    assert [token.text for token in normalise("אהה אממ אם המושבות נו").tokens] == ["אם", "המושבות"]


def test_a_letter_before_a_number_is_its_prefix() -> None:
    """R10.2: "ב-5", "ל 6"."""
    assert [(token.prefix, token.text) for token in normalise("ב-5 ל 6").tokens] == [("ב", "5"), ("ל", "6")]


def test_quotes_are_the_callers_own_words() -> None:
    """R10.2: provenance shows what was said, not what was matched."""
    utterance = normalise("אני, אה, ברמת־גן!")
    assert utterance.quote(1, 3) == "ברמת־גן"


def test_the_whole_word_comes_before_its_stems() -> None:
    """R10.2: "לוד" begins with a prefix letter and is a town."""
    assert stems(fold("ובלוד"))[0] == ("", fold("ובלוד"))
    assert ("וב", fold("לוד")) in stems(fold("ובלוד"))


@given(st.text(max_size=60))
def test_every_token_is_where_it_says_it_is(text: str) -> None:
    """R10.2: quotes can be cut from any text."""
    for token in normalise(text).tokens:
        assert token.text in text[token.start : token.end]


@pytest.mark.parametrize(
    ("said", "keys"),
    [
        ("מיליון ו חצי", ("מיליונ", "וחצי")),
        ("רובע ו", ("רובע", "ו")),
        ("ו 5", ("5",)),
        ("two and a half million", ("שתיימ", "וחצי", "מיליונ")),
        ("12 rooms in herzliya", ("12", "חדרימ", "in", "הרצליה")),
        ("thirteen", ("13",)),
        ("או קיי עד שתיים", ("אוקי", "עד", "שתיימ")),
        ("טוב או קי", ("טוב", "אוקי")),
        ("כן או קיי תודה", ("כנ", "אוקי", "תודה")),
        ("ארבע או חמש קיי", ("ארבע", "או", "חמש", "קי")),
        ("שלושים קיי", ("שלושימ", "קי")),
        ("באו קיימברידג'", ("באו", "קימברידג")),
    ],
)
def test_what_is_parted_and_english_words_are_read_as_hebrew(said: str, keys: tuple[str, ...]) -> None:
    """R10.2: what the recogniser wrote apart belongs together; English words have the keys of Hebrew ones."""
    assert normalise(said).keys == keys


def test_a_quote_of_english_is_what_was_said() -> None:
    """R10.2: the lead quotes the caller."""
    utterance = normalise("up to two and a half million please")
    assert utterance.quote(0, 4) == "up to two and a half million"
