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
