"""What was found in words: one shape for whatever it is (R10.2, R24)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, NamedTuple, TypeVar

V_co = TypeVar("V_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Span(Generic[V_co]):
    """A value at tokens `start` up to, not including, `end`; `sure` is false when it may be something else.

    `against`: the rule by which it is no wish; only a jury that knows better takes it then.
    """

    start: int
    end: int
    value: V_co
    sure: bool = field(default=True, kw_only=True)
    against: str = field(default="", kw_only=True)

    @property
    def tokens(self) -> range:
        """The tokens that said it."""
        return range(self.start, self.end)


class Bounds(NamedTuple):
    """The least and the most; None: not said."""

    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Range(Span[Bounds]):
    """A number with its bounds: both are equal when it is said plainly."""

    @property
    def low(self) -> float | None:
        """The least."""
        return self.value.low

    @property
    def high(self) -> float | None:
        """The most."""
        return self.value.high


def covered(spans: Iterable[Span[Any]]) -> frozenset[int]:
    """Return the tokens of several."""
    return frozenset(index for span in spans for index in span.tokens)
