"""What the agent says of a value, said by a caller, is that value again."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.dialog.domain import Asked
from app.dialog.hebrew.contact.phones import to_e164
from app.dialog.hebrew.spelling import budget_words, phone_words, rooms_words, timing_words
from app.dialog.understanding.understand import understand

TODAY = date(2026, 11, 22)
ROOMS = st.integers(2, 16).map(lambda halves: halves / 2)


def updates(text: str, asked: Asked, **state: Any) -> dict[str, Any]:
    return understand(text, asked=asked, state=state, today=TODAY).updates


@settings(deadline=None)
@given(st.integers(6, 1_100).map(lambda n: n * 50_000))
def test_a_price_to_buy_for(shekels: int) -> None:
    """R10.2."""
    assert updates(budget_words(None, shekels), Asked.BUDGET, deal="buy") == {"budget_max": shekels}


@settings(deadline=None)
@given(st.integers(9, 500).map(lambda n: n * 100))
def test_a_rent(shekels: int) -> None:
    """R10.2."""
    assert updates(budget_words(None, shekels), Asked.BUDGET, deal="rent") == {"budget_max": shekels}


@settings(deadline=None)
@given(st.integers(6, 100).map(lambda n: n * 50_000), st.integers(1, 20).map(lambda n: n * 50_000))
def test_a_range_of_prices(low: int, more: int) -> None:
    """R10.2."""
    said = budget_words(low, low + more)
    assert updates(said, Asked.BUDGET, deal="buy") == {"budget_min": low, "budget_max": low + more}


@settings(deadline=None)
@given(ROOMS)
def test_a_number_of_rooms(rooms: float) -> None:
    """R10.2: halves included."""
    assert updates(rooms_words(rooms, rooms), Asked.ROOMS) == {"rooms_min": rooms, "rooms_max": rooms}


@settings(deadline=None)
@given(st.integers(1, 24))
def test_months_to_go(months: int) -> None:
    """R10.2."""
    timing = {"type": "within", "months_max": months}
    assert updates(timing_words(timing, TODAY.year), Asked.TIMING) == {"timing": timing}


@settings(deadline=None)
@given(st.integers(0, 11))
def test_a_month(ahead: int) -> None:
    """R10.2: always the next one."""
    year, month = divmod(TODAY.month - 1 + ahead, 12)
    timing = {"type": "month", "month": f"{TODAY.year + year}-{month + 1:02d}"}
    assert updates(timing_words(timing, TODAY.year), Asked.TIMING) == {"timing": timing}


@settings(deadline=None)
@given(st.from_regex(r"(05\d|07[2-9])\d{7}|0[23489]\d{7}", fullmatch=True).filter(str.isascii))
def test_a_phone_number(digits: str) -> None:
    """R10.2: mobile and landline, digit by digit."""
    phone = to_e164(digits)
    assert phone is not None
    assert updates(phone_words(phone), Asked.PHONE) == {"phone": phone}
    assert updates(digits, Asked.PHONE) == {"phone": phone}
