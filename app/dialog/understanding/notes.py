"""One turn as its readers see it: what was said and asked, and what they have found so far (R10.2)."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.span import Range
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.acts import Acts, understand_acts

_SEEKERS = Lexicon("real_estate/turn.toml").words("seekers")


class Notes:
    """What is known of a turn, and what each reader adds: values with the caller's words for them.

    `claimed`: the tokens that say something already, and are left alone by the readers that follow.
    """

    def __init__(self, utterance: Utterance, asked: Asked, state: Mapping[str, Any], today: date) -> None:
        self.utterance = utterance
        self.asked = asked
        self.state = state
        self.today = today
        self.acts: Acts = understand_acts(utterance, asked)
        self.updates: dict[str, Any] = {}
        self.quotes: dict[str, str] = {}
        self.unsure: set[str] = set()
        self.doubted: dict[str, Any] = {}
        self.claimed: frozenset[int] = frozenset()
        self.phone_digits = ""
        self.phone_confirmed = False
        self.informed = False
        self.values_heard = 0

    def claim(self, tokens: Iterable[int]) -> None:
        """Leave tokens to no other reader."""
        self.claimed = self.claimed.union(tokens)

    def put(self, slot: str, value: Any, start: int, end: int, *, unsure: bool = False) -> None:
        """Record a slot's value with the caller's words for it; a value already known is information, no update."""
        self.informed = True
        self.values_heard += 1
        if self.state.get(slot) == value:
            return
        self.updates[slot] = value
        self.quotes[slot] = self.utterance.quote(start, end)
        if unsure:
            self.unsure.add(slot)

    def known(self, slot: str) -> Any:
        """Return the slot as it stands after what this turn said so far."""
        return self.updates.get(slot, self.state.get(slot))

    def bounds(self, slot: str, said: Range) -> None:
        """Put one or both bounds; a known bound that contradicts the new one is withdrawn."""
        start, end, (low, high), unsure = said.start, said.end, said.value, not said.sure
        known_low, known_high = self.state.get(f"{slot}_min"), self.state.get(f"{slot}_max")
        if low is not None:
            self.put(f"{slot}_min", whole(low), start, end, unsure=unsure)
        elif high is not None and known_low is not None and known_low > high:
            self.put(f"{slot}_min", None, start, end)
        if high is not None:
            self.put(f"{slot}_max", whole(high), start, end, unsure=unsure)
        elif low is not None and known_high is not None and known_high <= max(low, known_low or 0):
            # "מינימום שלושה", three being known as the very number.
            self.put(f"{slot}_max", None, start, end)

    def does_otherwise(self) -> bool:
        """Whether the caller does something other than answer, so that nothing misheard is looked for."""
        acts = self.acts
        return (
            acts.human
            or acts.goodbye
            or acts.repeat
            or acts.schedule
            or acts.whatsapp
            or acts.refusal
            or acts.abuse
            or acts.asks_robot
            or acts.question
        )

    def seeks(self) -> bool:
        """Whether the caller says that they look for a home, or answers where."""
        keys = self.utterance.keys
        return self.says_seeking() or ("יש" in keys and "כמה" not in keys) or self.asked is Asked.AREA

    def says_seeking(self) -> bool:
        """Whether a word of looking for a home was said."""
        return not _SEEKERS.isdisjoint(self.utterance.keys)


def whole(value: float) -> float | int:
    """Return a number as it is written: 4, 3.5."""
    return int(value) if value == int(value) else value
