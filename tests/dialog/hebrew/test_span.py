"""One shape for whatever is found in words."""

from app.dialog.hebrew.span import Bounds, Range, Span, covered


def test_what_several_cover_is_what_each_does() -> None:
    """R10.2: a reader leaves the words of others alone."""
    assert covered([Span(0, 2, "דירה"), Span(4, 5, "חיפה")]) == {0, 1, 4}
    assert covered([]) == frozenset()


def test_a_range_knows_its_ends() -> None:
    """R10.2: a bound that was not said is none."""
    at_most = Range(3, 5, Bounds(None, 4.5), sure=False)
    assert (at_most.low, at_most.high, at_most.sure) == (None, 4.5, False)
    assert list(at_most.tokens) == [3, 4]
