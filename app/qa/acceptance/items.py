"""The acceptance list as data: every item, how it is judged, its limit, and where its fix is found (R12.1).

Numbers are the guideline's sections. `after` names the items whose failure explains this one's: then it is not judged,
so that one fault shows as one failure.
"""

from dataclasses import dataclass
from enum import StrEnum


class Evidence(StrEnum):
    """What an item is judged by."""

    WIRE = "W"
    """What any caller could see and hear."""
    EVENTS = "E"
    """States and words, as the server tells them in development mode or to who knows the console's password."""
    LOG = "log"
    """The server's log."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a measured value must be: `op` is one of <=, >=, ==."""

    op: str
    value: float
    unit: str

    def holds(self, value: float) -> bool:
        """Tell whether a value keeps to the limit."""
        return {"<=": value <= self.value, ">=": value >= self.value, "==": value == self.value}[self.op]

    def __str__(self) -> str:
        sign = "" if self.op in ("<=", "==") else "at least "
        return f"{sign}{self.value:g} {self.unit}".rstrip()


@dataclass(frozen=True, slots=True)
class Item:
    """One line of the list. `symptom` names a row of the symptom table."""

    id: str
    title: str
    symptom: str
    evidence: Evidence = Evidence.WIRE
    limit: Limit | None = None
    after: tuple[str, ...] = ()

    @property
    def section(self) -> int:
        """The guideline's section."""
        return int(self.id.partition(".")[0])


_QUICK = Limit("<=", 100, "ms")
_EVERY = Limit("==", 3, "of 3")
_REACHED = ("2.1", "2.2", "2.4", "4.1", "4.2")
_TALKS = (*_REACHED, "8.2", "9.4")

ITEMS = (
    Item("1.1", "/version", "11205", limit=_QUICK),
    Item("1.2", "/", "11205", limit=_QUICK),
    Item("2.1", "TwiML preview", "12100", limit=_QUICK),
    Item("2.2", "addresses in the TwiML", "12100", after=("2.1",)),
    Item("2.3", "strangers' webhooks", "403"),
    Item("2.4", "Twilio's webhooks", "403"),
    Item("3.1", "POST stream_status", "11205", limit=_QUICK),
    Item("3.2", "POST stream_ended", "11205", limit=_QUICK),
    Item("3.3", "POST call_status", "11205", limit=_QUICK),
    Item("3.4", "callbacks during calls", "11205", limit=_QUICK, after=("3.1", "3.2", "3.3")),
    Item("4.1", "WebSocket handshake", "handshake"),
    Item("4.2", "subprotocol", "handshake", after=("4.1",)),
    Item("4.3", "slash, plain GET, broken upgrade", "handshake", after=("4.1",)),
    Item("4.4", "strangers on the socket", "1008", limit=Limit("<=", 6000, "ms"), after=("2.1", "4.1")),
    Item("5.1", "weak line", "thanks", after=_TALKS),
    Item("6.1", "end of turn", "thanks", Evidence.EVENTS, Limit("<=", 500, "ms"), after=_REACHED),
    Item("6.2", "short answers", "thanks", limit=_EVERY, after=_TALKS),
    Item("6.3", "pause of 300 ms", "cut", limit=_EVERY, after=_TALKS),
    Item("6.4", "7 s of speech", "cut", after=_TALKS),
    Item("7.1", "barge-in to silence", "cut", limit=Limit("<=", 420, "ms"), after=_TALKS),
    Item("7.2", "nothing sent after clear", "cut", limit=Limit("==", 0, "frames"), after=_TALKS),
    Item("7.3", "noise as the agent begins", "cut", after=_TALKS),
    Item("7.4", "a cough", "cut", limit=Limit("<=", 1500, "ms"), after=(*_TALKS, "7.3")),
    Item("8.1", "text after the end of turn", "slow", Evidence.EVENTS, Limit("<=", 700, "ms"), after=_REACHED),
    Item("8.2", "answer at the ear", "slow", limit=Limit("<=", 2500, "ms"), after=_REACHED),
    Item("9.1", "frames in time", "slow", limit=Limit("<=", 40, "ms"), after=_TALKS),
    Item("9.2", "audio waiting at the ear", "cut", limit=Limit("<=", 600, "ms"), after=_TALKS),
    Item("9.3", "silence and mark at the end", "cut", limit=Limit(">=", 180, "ms"), after=(*_TALKS, "9.1", "9.5")),
    Item("9.4", "greeting", "message", limit=Limit("<=", 2000, "ms"), after=_REACHED),
    Item("9.5", "messages as Twilio takes them", "handshake", limit=Limit("==", 0, "faults"), after=_REACHED),
    Item("10.1", "length of lines", "rambling", Evidence.EVENTS, after=_TALKS),
    Item("10.2", "slots of the sample dialog", "rambling", Evidence.EVENTS, Limit(">=", 80, "%"), after=_TALKS),
    Item("11.1", "log", "empty", Evidence.LOG, after=(*_TALKS, "9.3", "9.5")),
    Item("12.1", "every sentence answered, call closed", "lead", after=_TALKS),
    Item("12.2", "noise of 10 dB", "thanks", after=_TALKS),
    Item("12.3", "calls at once", "slow", after=(*_TALKS, "3.1", "3.2", "3.3", "7.1", "9.1", "12.1")),
)


def item(number: str) -> Item:
    """Return the item of that number."""
    return next(one for one in ITEMS if one.id == number)


def chosen(prefixes: tuple[str, ...]) -> frozenset[str]:
    """Return the numbers of the items that a list of items and sections means; an empty list means all.

    Raises:
        ValueError: one of them is neither.
    """
    numbers = set[str]()
    for prefix in prefixes:
        found = {one.id for one in ITEMS if prefix in (one.id, str(one.section))}
        if not found:
            raise ValueError(f"there is no item {prefix}")
        numbers |= found
    return frozenset(numbers or {one.id for one in ITEMS})
