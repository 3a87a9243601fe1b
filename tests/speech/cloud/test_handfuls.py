"""An answer's pieces, and a voice's, on their way to the worker."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.cloud.handfuls import Handfuls, VoiceHandfuls

GATHER_S = 0.1

BEGAN_S = 1000.0
"""No clock begins with an answer."""


def sent(pieces: list[str], every_s: float) -> list[str]:
    handfuls = Handfuls()
    return [handfuls.add(piece, BEGAN_S + number * every_s) for number, piece in enumerate(pieces)]


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


PIECE_MS = 100


def handed_on(pieces: int, every_s: float) -> list[tuple[float, int]]:
    """Return when how many pieces go on, of a voice of which one comes every so many seconds."""
    handfuls, held, told = VoiceHandfuls(), 0, []
    due_s: float | None = None
    for number in range(pieces + 1):
        now_s = BEGAN_S + number * every_s
        is_last = number == pieces
        if held and due_s is not None and (due_s <= now_s or is_last):
            at_s = min(due_s, now_s)
            handfuls.sent(held * PIECE_MS, at_s)
            told.append((at_s - BEGAN_S, held))
            held, due_s = 0, None
        if is_last:
            break
        held += 1
        wait_s = handfuls.wait_s(now_s)
        if wait_s <= 0.0:
            handfuls.sent(held * PIECE_MS, now_s)
            told.append((now_s - BEGAN_S, held))
            held, due_s = 0, None
        elif due_s is None:
            due_s = now_s + wait_s
    return told


def test_a_voices_beginning_waits_for_nothing_and_the_rest_comes_in_handfuls() -> None:
    """R9.1: the first sound, and what is to be played next, is passed on as it is made."""
    told = handed_on(40, 0.01)
    assert [held for _, held in told[:3]] == [1, 1, 1]
    assert sum(held for _, held in told) == 40
    assert len(told) <= 8
    assert max(after - before for (before, _), (after, _) in pairwise(told)) == pytest.approx(0.1), "and no rarer"


@pytest.mark.parametrize("every_s", [0.09, 0.1, 0.11])
def test_a_voice_that_is_made_as_slowly_as_it_is_said_goes_on_piece_by_piece(every_s: float) -> None:
    assert [held for _, held in handed_on(12, every_s)][:4] == [1, 1, 1, 1]


@given(st.integers(1, 60), st.floats(0.002, 0.3))
def test_nothing_is_held_that_the_listener_needs_soon(pieces: int, every_s: float) -> None:
    """R9.1: whatever is held goes on while the worker still has 300 ms that are not said yet."""
    passed_ms = 0
    for at_s, held in handed_on(pieces, every_s):
        was_held = held > 1 or round(at_s / every_s) * every_s != pytest.approx(at_s)
        assert not was_held or passed_ms >= at_s * 1000 + 300 - 0.001
        passed_ms += held * PIECE_MS
    assert passed_ms == pieces * PIECE_MS
