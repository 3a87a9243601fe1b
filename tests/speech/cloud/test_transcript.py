"""Many results, one transcript."""

from app.speech.cloud.transcript import Piece, Transcript


def piece(text: str, *others: str, final: bool = False, stability: float = 0.0, end_ms: int | None = None) -> Piece:
    return Piece((text, *others), is_final=final, stability=stability, end_ms=end_ms)


def test_finals_add_up_and_interims_are_replaced() -> None:
    transcript = Transcript()
    transcript.take([piece("שלום", stability=0.9), piece(" אני", stability=0.1)])
    assert (transcript.text, transcript.stability, transcript.is_settled) == ("שלום אני", 0.1, False)

    transcript.take([piece("שלום אני", final=True), piece(" דנה", stability=0.8)])
    assert (transcript.text, transcript.stability) == ("שלום אני דנה", 0.8)

    transcript.take([piece(" דנה", final=True)])
    assert (transcript.text, transcript.stability, transcript.is_settled) == ("שלום אני דנה", 1.0, True)


def test_a_dropped_interim_leaves_the_finals() -> None:
    transcript = Transcript()
    transcript.take([piece("שלום", final=True), piece("אני")])
    transcript.drop_interims()
    assert (transcript.text, transcript.is_settled) == ("שלום", True)


def test_alternatives_are_whole_readings_without_repeats() -> None:
    transcript = Transcript()
    transcript.take([piece("חיפה", "יפה", "חיפה", final=True), piece(" צפון", " ספון", final=True)])
    assert transcript.alternatives == ("יפה ספון", "חיפה צפון")[:1]


def test_text_is_nfc() -> None:
    transcript = Transcript()
    transcript.take([piece("e\u0301", final=True)])
    assert transcript.text == "\u00e9"


def test_a_final_counts_once_however_often_it_comes() -> None:
    """R8.1: by its end; the last reading stands. The same word later is another word."""
    transcript = Transcript()
    for text, end_ms in (("מיליון", 900), ("מיליון", 900), ("מיליון", 990), ("שמונה", 1500), ("שמונה", 1500)):
        transcript.take([piece(text, final=True, end_ms=end_ms)])
    assert transcript.text == "מיליון שמונה"

    transcript.take([piece("שמונים", final=True, end_ms=1500), piece("שמונים", final=True, end_ms=2400)])
    assert transcript.text == "מיליון שמונים שמונים"


def test_ends_near_each_other_are_one_where_the_best_reading_is_the_same() -> None:
    """R8.1: other readings may differ; from 200 ms on it is the word said again ("לא, לא")."""
    for end_ms, readings, text in (
        (1199, ("לא", "לו"), "לא"),
        (1200, ("לא", "לו"), "לא לא"),
        (801, ("לא", "לו"), "לא"),
        (800, ("לא", "לו"), "לא לא"),
        (1199, ("לו", "לא"), "לא לו"),
    ):
        transcript = Transcript()
        transcript.take([piece("לא", final=True, end_ms=1000)])
        transcript.take([piece(*readings, final=True, end_ms=end_ms)])
        assert transcript.text == text


def test_a_transcript_of_nothing_is_empty_and_settled() -> None:
    transcript = Transcript()
    transcript.take(
        [Piece((), is_final=True, stability=0.0, end_ms=1), Piece((), is_final=False, stability=0.5, end_ms=2)]
    )
    assert (transcript.text, transcript.alternatives, transcript.is_settled, transcript.stability) == (
        "",
        (),
        True,
        1.0,
    )


def test_finals_stand_in_the_order_of_the_audio() -> None:
    """R8.1: one that comes late goes where it was said."""
    transcript = Transcript()
    transcript.take([piece("שלום", final=True, end_ms=800), piece("בחולון", final=True, end_ms=3000)])
    transcript.take([piece("מחפש דירה", final=True, end_ms=1900)])
    assert transcript.text == "שלום מחפש דירה בחולון"


def test_an_interim_of_what_is_final_already_says_nothing() -> None:
    """R8.1: else the words would be there twice, and the turn never settled."""
    transcript = Transcript()
    transcript.take([piece("שלום", final=True, end_ms=800)])
    transcript.take([piece("שלום", stability=0.9, end_ms=700), piece(" אני", stability=0.1, end_ms=1200)])
    assert transcript.text == "שלום אני"
    transcript.take([piece("שלום", stability=0.9, end_ms=800)])
    assert (transcript.text, transcript.is_settled) == ("שלום", True)


def test_a_vendor_may_tell_where_one_word_ends_and_not_where_another_does() -> None:
    """R8.1: what has no place of its own stays where it came."""
    transcript = Transcript()
    transcript.take([piece("שלום", final=True), piece("אני", final=True, end_ms=900)])
    transcript.take([piece("מחפש", final=True), piece("דירה", final=True, end_ms=2000)])
    assert transcript.text == "שלום אני מחפש דירה"


def test_where_the_text_so_far_ends_is_known_when_all_of_it_that_is_open_was_placed() -> None:
    """R8.4: of words that are final the last ones tell it."""
    transcript = Transcript()
    assert transcript.end_ms is None
    transcript.take([piece("שלום", final=True)])
    assert transcript.end_ms is None
    transcript.take([piece("אני", final=True, end_ms=900)])
    assert transcript.end_ms == 900
    transcript.take([piece("מחפש", end_ms=1500), piece("דירה", end_ms=1200)])
    assert transcript.end_ms == 1500
    transcript.take([piece("מחפש", end_ms=1500), piece("דירה")])
    assert transcript.end_ms is None
