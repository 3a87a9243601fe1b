"""A language model's answer in handfuls: fewer messages to the worker, and nothing spoken later for it. Pure."""

GATHER_S = 0.1
_MAY_END = frozenset(".!?\n")
"""What may complete a sentence, itself or by what follows it."""


class Handfuls:
    """Gathers the pieces of one answer.

    The first goes on at once, for it tells that the answer has begun, and so does whatever may complete a sentence;
    the rest goes on a tenth of a second at a time. A piece costs the worker some 60 µs, and an answer has fifty.
    """

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._last = ""
        self._sent_s: float | None = None

    def add(self, piece: str, now_s: float) -> str:
        """Take a piece; return what is to be sent now, perhaps nothing."""
        self._pieces.append(piece)
        is_due = self._sent_s is None or now_s - self._sent_s >= GATHER_S
        if is_due or not _MAY_END.isdisjoint(self._last + piece):
            self._sent_s = now_s
            return self.rest()
        return ""

    def rest(self) -> str:
        """Return what was not sent yet."""
        text = "".join(self._pieces)
        self._pieces.clear()
        self._last = text[-1:]
        return text
