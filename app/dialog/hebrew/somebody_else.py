"""What a caller tells about others: a sister's home, the neighbours' rent, when the parents moved (R10.2).

Figures, rooms and months told of somebody else are no wish of the caller, whichever question stands.
"""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.tokens import Utterance, stems

_LISTS = Lexicon("hebrew/scope.toml")

OTHERS = _LISTS.words("others")
_BEFORE_A_BENEFICIARY = _LISTS.words("before_a_beneficiary")
_THEIRS = _LISTS.words("theirs")
_DOES = _LISTS.words("does")
_WAS, _MINE = _LISTS.words("was"), _LISTS.words("somebody_else_mine")
_I_DID = _LISTS.words("i_did")
_HOME, _PRESENT = _LISTS.words("home"), _LISTS.words("present")
_NOW, _WE = _LISTS.words("somebody_else_now"), _LISTS.words("we")
MEDIA = _LISTS.words("media")
_SAY = _LISTS.words("say")
_HAS = _LISTS.words("has")
_WITH_ME = _LISTS.words("with_me")
_BACK_TO_ONESELF = _LISTS.words("back_to_oneself")
_LONGEST_SUBJECT = 4


def told_of_others(utterance: Utterance) -> frozenset[int]:
    """Return the tokens that tell what somebody else has, pays or did, up to where the caller speaks of oneself."""
    told: set[int] = set()
    for start, key in enumerate(utterance.keys):
        if start in told:
            continue
        if (opening := _opens(utterance, start)) is not None:
            told.update(range(start, _end(utterance, opening)))
            continue
        if key.removeprefix("ש").removeprefix("ו") not in OTHERS and key not in OTHERS:
            continue
        if utterance.key(start - 1) in _BEFORE_A_BENEFICIARY:
            continue
        verb = _verb(utterance, start)
        if verb is None or utterance.key(verb + 1) in _WITH_ME:
            continue
        told.update(range(start, _end(utterance, verb + 1)))
    return frozenset(told)


def _opens(utterance: Utterance, start: int) -> int | None:
    """Return where a telling of a former or present home, or of hearsay, goes on after its opening words."""
    key, after, third = utterance.keys[start], utterance.key(start + 1), utterance.key(start + 2)
    if key in _I_DID | MEDIA or (after in _PRESENT and any(rest in _HOME for _, rest in stems(key))):
        # "גרנו בשלושה חדרים", "בדירה הנוכחית".
        return start + 1
    if (key in _WAS and after in _MINE) or (key == "כולמ" and after in _SAY):
        # "הייתה לנו דירה של ארבעה חדרים", "כולם אומרים".
        return start + 2
    now_here = (key in _NOW and after in _WE) or (key in _WE and after in _NOW)
    # "היום אנחנו בשלושה חדרים".
    return start + 3 if now_here and third.startswith("ב") and third not in _BACK_TO_ONESELF else None


def _verb(utterance: Utterance, start: int) -> int | None:
    """Return where the verb of the subject at `start` stands."""
    for index in range(start + 1, min(start + 1 + _LONGEST_SUBJECT, len(utterance))):
        key = utterance.key(index)
        if any(rest in _DOES for prefix, rest in stems(key) if prefix in ("", "ש")):
            return index
        if key == "יש" and utterance.key(index + 1) in _HAS:
            return index + 1
        if key not in _THEIRS:
            return None
    return None


def _end(utterance: Utterance, start: int) -> int:
    """Return the first token from `start` on with which the caller comes back to their own wish."""
    for index in range(start, len(utterance)):
        key = utterance.key(index)
        if key in _BACK_TO_ONESELF or key.removeprefix("ו") in _BACK_TO_ONESELF:
            return index
    return len(utterance)
