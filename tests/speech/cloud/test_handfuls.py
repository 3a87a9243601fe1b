"""An answer's pieces on their way to the worker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.cloud.handfuls import GATHER_S, Handfuls


def sent(pieces: list[str], every_s: float) -> list[str]:
    handfuls = Handfuls()
    return [handfuls.add(piece, number * every_s) for number, piece in enumerate(pieces)]


def test_an_answers_beginning_and_its_sentences_wait_for_nothing() -> None:
    """R8.4: the first token and the first sentence are what the caller waits for."""
    assert sent(["תודה", " רבה", " לכם", ".", " כמה", " חדרים", "?"], 0.01) == [
        *("תודה", "", "", " רבה לכם."),
        *(" כמה", "", " חדרים?"),
    ]


@pytest.mark.parametrize("end", [".", "!", "?", ". ", "נהדר! א"])
def test_what_may_complete_a_sentence_goes_on_at_once(end: str) -> None:
    """It is complete by its mark, or by the space behind it."""
    assert sent(["בסדר", end, " הלאה"], 0.001)[1] == end


def test_the_rest_comes_a_tenth_of_a_second_at_a_time() -> None:
    """A model that stalls is noticed by what does not come: what came is not held back for longer."""
    assert sent([" א"] * 9, GATHER_S / 4) == [" א", "", "", "", " א" * 4, "", "", "", " א" * 4]


@given(st.lists(st.text(alphabet="אב .!?", min_size=1, max_size=4), max_size=30), st.floats(0.001, 0.3))
def test_nothing_is_lost_or_moved(pieces: list[str], every_s: float) -> None:
    handfuls = Handfuls()
    told = [handfuls.add(piece, number * every_s) for number, piece in enumerate(pieces)]
    assert "".join([*told, handfuls.rest()]) == "".join(pieces)
    assert handfuls.rest() == ""
