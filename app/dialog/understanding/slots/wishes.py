"""What callers wish of a home and no slot holds: a safe room, a lift, parking, pets allowed (R23).

Never asked for; kept with the caller's words. What others have, what one has now, and what is only asked about is no
wish; what one can do without is taken back.
"""

from app.dialog import data
from app.dialog.domain import Wish
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.phrases import Match, Phrasebook
from app.dialog.hebrew.scopes.telling import is_told
from app.dialog.hebrew.tokens import Utterance

_FILE = "real_estate/wishes.toml"
_LISTS = Lexicon(_FILE)
_WITHOUT, _NOT_NEEDED = _LISTS.words("without"), _LISTS.words("not_needed")
KINDS = tuple(name for name in data.read_toml(_FILE) if name not in ("without", "not_needed"))
_PHRASES = Phrasebook({phrase: kind for kind in KINDS for phrase in _LISTS.listed(kind)})
_OWNED_AND_WISHED = frozenset({"pets", "accessible"})
"""What one has now and will have there: "יש לי כלב" is a wish."""
_WITH_WHAT_FOLLOWS = frozenset({"floor", "view"})
_MOST_FOLLOWING = 2
_NEAR = 2


def understand_wishes(utterance: Utterance, *, is_question: bool) -> tuple[Wish, ...]:
    """Return the wishes in an utterance, in its order, each kind once. `is_question`: the caller asks, not tells."""
    if is_question:
        return ()
    found: dict[str, Wish] = {}
    for match in _PHRASES.all(utterance):
        if match.value not in _OWNED_AND_WISHED and is_told(utterance, match.start):
            continue
        found.setdefault(match.value, Wish(match.value, _quote(utterance, match), not _is_negated(utterance, match)))
    return tuple(found.values())


def _is_negated(utterance: Utterance, match: Match) -> bool:
    """Whether "without" stands before it, also across "needed": "לא חייב מעלית"."""
    for index in range(match.start - 1, max(-1, match.start - 1 - _NEAR), -1):
        key = utterance.key(index)
        if key in _WITHOUT:
            return True
        if key not in _NOT_NEEDED:
            return False
    return False


def _quote(utterance: Utterance, match: Match) -> str:
    end = match.end + (_MOST_FOLLOWING if match.value in _WITH_WHAT_FOLLOWS else 0)
    return utterance.quote(match.start, min(end, len(utterance)))
