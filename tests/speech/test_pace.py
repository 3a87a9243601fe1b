"""How long a voice takes to begin."""

from hypothesis import given
from hypothesis import strategies as st

from app.speech.pace import Pace

SHORT, LONG = "דירה לקנייה.", "דירת ארבעה חדרים לקנייה בחולון."


def test_what_is_longer_takes_longer_up_to_the_first_piece() -> None:
    """R9.2: a text is said in pieces; only the first is waited for."""
    pace = Pace()
    assert pace.expected_ms(SHORT) < pace.expected_ms(LONG)
    assert pace.expected_ms(LONG) == pace.expected_ms(f"{LONG} ועוד כמה מילים, ועוד הרבה מאוד מילים.")


def test_it_follows_the_machine() -> None:
    """R15: a busy machine is slower, and an idle one quick again."""
    pace = Pace()
    at_first = pace.expected_ms(SHORT)
    for _ in range(10):
        pace.learn(SHORT, 3000)
    assert 3000 < pace.expected_ms(SHORT) < 5000
    for _ in range(20):
        pace.learn(SHORT, 200)
    assert pace.expected_ms(SHORT) < at_first


def test_what_may_have_been_opened_from_a_cache_teaches_nothing() -> None:
    """R9.4: "רשמתי," was there at once; that says nothing of how quick the voice is."""
    pace = Pace()
    pace.learn(f"רשמתי, {LONG}", 10)
    assert pace.expected_ms(LONG) == Pace().expected_ms(LONG)
    assert pace.expected_ms(f"רשמתי, {LONG}") > pace.expected_ms(SHORT)


@given(text=st.text(max_size=100), took_ms=st.floats(0, 60_000))
def test_no_text_and_no_time_upset_it(text: str, took_ms: float) -> None:
    """R22."""
    pace = Pace()
    pace.learn(text, took_ms)
    assert pace.expected_ms(text) >= 0


def test_a_first_piece_is_as_long_as_the_voice_can_say_alone_and_no_longer_than_it_says_at_once() -> None:
    """R9.2: twelve letters to forty-five; of what is shorter the next clause is part."""
    pace = Pace()
    alone, too_short, rest = "דירה לקנייה,", "דירה לקניה,", " בחולון או בבת ים."
    assert (len(alone), len(too_short)) == (12, 11)
    assert pace.expected_ms(alone + rest) == pace.expected_ms(alone)
    assert pace.expected_ms(too_short + rest) == pace.expected_ms("א" * (len(too_short + rest) - 1))
    assert pace.expected_ms("א" * 44) < pace.expected_ms("א" * 45) == pace.expected_ms("א" * 46)
    assert pace.expected_ms("") == pace.expected_ms("א"), "nothing is ever divided by none"


def test_what_is_expected_before_anything_was_said_is_in_the_order_of_what_was_measured() -> None:
    """R15: three quarters of a second for a short clause, over two for the longest piece."""
    assert Pace().expected_ms(SHORT) == 765
    assert Pace().expected_ms("א" * 80) == 2250


def test_half_of_what_was_new_is_learnt_at_once() -> None:
    """R15: one slow line does not hold back all that follow, and two do."""
    pace = Pace()
    pace.learn(SHORT, 150 + 12 * 50)
    assert pace.expected_ms(SHORT) == int((150 + 12 * 40) * 1.5)
    pace.learn("אאאאאאאאאא,", 9999)
    assert pace.expected_ms(SHORT) == int((150 + 12 * 40) * 1.5)
    pace.learn(SHORT, 100)
    assert pace.expected_ms(SHORT) == int((150 + 12 * 20) * 1.5)
