"""Listed phrases among an utterance's words."""

from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.tokens import normalise


def test_a_phrase_may_carry_a_prefix_unless_it_says_not() -> None:
    """R10.2: how rules state their words."""
    book = Phrasebook("בית פרטי | =ביי | תתקשר*")
    assert book.within(normalise("לבית פרטי"))
    assert not book.within(normalise("וביי"))
    assert book.within(normalise("שתתקשרי"))


def test_a_book_finds_its_own_phrases_alone_also_in_what_was_read_before_it_was_made() -> None:
    """R10.2: an utterance is searched once for the phrases of all books."""
    said = normalise("בית פרטי עם גינה, בית פרטי גדול")
    homes = Phrasebook("בית פרטי | בית")
    assert [match.value for match in homes.all(said)] == ["בית פרטי", "בית פרטי"]
    large = Phrasebook("פרטי גדול | בית פרטי גדול")
    assert [(match.start, match.value) for match in large.all(said)] == [(4, "בית פרטי גדול")]
    assert [match.value for match in homes.all(said)] == ["בית פרטי", "בית פרטי"]
    assert large.at(said, 0) is None
