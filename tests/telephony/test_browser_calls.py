"""A softphone call is known by its SID."""

import pytest

from app.telephony.browser_calls import is_browser_call, new_browser_call_sid


def test_every_new_sid_is_another_and_is_known() -> None:
    """R21."""
    sids = {new_browser_call_sid() for _ in range(100)}
    assert len(sids) == 100
    assert all(map(is_browser_call, sids))


@pytest.mark.parametrize(
    "sid", ["CA" + "0" * 32, "BR", "BR" + "0" * 31, "BR" + "0" * 33, "BR" + "Z" * 32, "xBR" + "0" * 32, ""]
)
def test_no_other_call_is_taken_for_one(sid: str) -> None:
    """R21."""
    assert not is_browser_call(sid)
