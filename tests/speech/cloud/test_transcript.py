"""Many results, one transcript."""

from app.speech.cloud.transcript import Piece, Transcript


def piece(text: str, *others: str, final: bool = False, stability: float = 0.0) -> Piece:
    return Piece((text, *others), is_final=final, stability=stability, end_ms=None)


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
