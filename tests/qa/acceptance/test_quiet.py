"""While a tool keeps time its garbage waits."""

import gc

import pytest

from app.qa.acceptance.quiet import uncollected


def test_nothing_is_collected_until_the_end_whatever_it_is() -> None:
    """R12.1: the tool reports its own lateness, and causes none of it."""
    assert gc.isenabled()
    with uncollected():
        assert not gc.isenabled()
    assert gc.isenabled()
    with pytest.raises(ValueError, match="broken off"), uncollected():
        raise ValueError("broken off")
    assert gc.isenabled()
