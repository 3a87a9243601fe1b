"""Numbers in logs (R11.1)."""

import pytest

from app.telephony.numbers import mask_number


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        ("+972501234567", "+97250***4567"),
        ("0501234567", "050***4567"),
        ("whatsapp:+972501234567", "whatsapp:+97250***4567"),
        ("12345", "***2345"),
        ("123", "***"),
        ("client:dana", "***"),
        ("sip:dana@example.com", "***"),
        ("anonymous", "anonymous"),
        ("", ""),
    ],
)
def test_a_number_is_masked(number: str, masked: str) -> None:
    """R11.1."""
    assert mask_number(number) == masked
