"""A language model's answer, or a voice, in handfuls: fewer messages to the worker, nothing said later for it. Pure."""

GATHER_S = 0.1
AHEAD_MS = 300
"""So much of a voice is to be with the worker before it is needed: its own 180 ms of lead, and a hub that is late."""
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


class VoiceHandfuls:
    """Says when what has been gathered of a voice must go on.

    A vendor makes a voice many times faster than it is said, in pieces of a tenth of a second, and each costs this
    process and the worker some 150 µs. Until the listener has `AHEAD_MS` in hand each goes on at once; then all that
    comes in a tenth of a second. A voice made no faster than it is said goes piece by piece for ever.
    """

    def __init__(self) -> None:
        self._began_s: float | None = None
        self._sent_s = 0.0
        self._sent_ms = 0.0

    def wait_s(self, now_s: float) -> float:
        """Return how long what is there may be held; 0: it must go on now."""
        if self._began_s is None:
            return 0.0
        spare_s = (self._sent_ms - AHEAD_MS) / 1000 - (now_s - self._began_s)
        return max(0.0, min(spare_s, self._sent_s + GATHER_S - now_s))

    def sent(self, length_ms: float, now_s: float) -> None:
        """So much of it has gone on."""
        if self._began_s is None:
            self._began_s = now_s
        self._sent_s = now_s
        self._sent_ms += length_ms
