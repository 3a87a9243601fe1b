"""Whether a caller tells of others or of the home they have, rather than of what they seek: by the last word before.

For what no judge weighs: wishes beside the slots, and why somebody rings. Values of slots are judged by all words.
"""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import atoms_of
from app.dialog.hebrew.tokens import Utterance, rests

_LISTS = Lexicon("hebrew/scope.toml")
OTHERS = _LISTS.words("others")
_TODAY = _LISTS.words("has_now") | _LISTS.words("works") | _LISTS.words("studies")
OTHERS_OR_TODAY = OTHERS | _TODAY
_BEFORE_A_BENEFICIARY = _LISTS.words("before_a_beneficiary")
_BACK_TO_ONESELF = _LISTS.words("back_to_oneself")
_MOVES, _HOMES, _SEEKS = _LISTS.words("moves_out"), _LISTS.words("homes"), _LISTS.words("seeks")
_NOW, _WE = _LISTS.words("somebody_else_now"), _LISTS.words("we")
_NEAR = 2


def is_told(utterance: Utterance, start: int, tellers: frozenset[str] = OTHERS_OR_TODAY) -> bool:
    """Whether one of `tellers` stands before `start`, and nothing with which the caller comes back to themselves.

    "לאחותי יש מעלית", but not "אחי גר רחוק, אני צריכה מעלית", nor "בשביל ההורים, עם מעלית".
    """
    for index in range(start - 1, -1, -1):
        key = utterance.key(index)
        if _comes_back(key):
            return False
        told = rests(key) & tellers
        if told and not (told & OTHERS and utterance.key(index - 1) in _BEFORE_A_BENEFICIARY):
            return True
    return False


def _comes_back(key: str) -> bool:
    return not _BACK_TO_ONESELF.isdisjoint((key, key.removeprefix("ו")))


def told_first(utterance: Utterance) -> range:
    """Return the words of others with which somebody opens who then says a number of their own.

    "להורים יש שני חדרים, לנו מספיק שלושה", "האח שלי שם שלושה מיליון, אצלנו זה מיליון וחצי".
    """
    keys = utterance.keys
    opens = any(not rests(key).isdisjoint(OTHERS) for key in keys[:_NEAR]) and keys[0] not in _BEFORE_A_BENEFICIARY
    back = next((at for at in range(_NEAR, len(keys)) if _comes_back(keys[at])), len(keys))
    return range(back if opens and any(atoms_of(utterance)[back:]) else 0)


def is_of_today(utterance: Utterance, start: int) -> bool:
    """Whether what begins at `start` is the home that the caller has: "אני גר בלוד", but not "אחותי גרה בלוד"."""
    before = frozenset(utterance.keys[max(0, start - _NEAR) : start])
    if utterance.key(start)[:1] == "ב" and before & _NOW and before & _WE:
        # "היום אנחנו בשלושה חדרים".
        return True
    return is_told(utterance, start, _TODAY) and not is_told(utterance, start, OTHERS)


def home_left(utterance: Utterance) -> frozenset[int]:
    """Return the words of the home one moves out of, up to where one goes: "לעבור מדירת שלושה חדרים לבית פרטי"."""
    keys = utterance.keys
    for start, key in enumerate(keys):
        if key[:1] == "מ" and key[1:] in _HOMES and not _MOVES.isdisjoint(keys[max(0, start - _NEAR) : start]):
            to = (
                at for at in range(start + 1, len(keys)) if keys[at][0] == "ל" or not rests(keys[at]).isdisjoint(_SEEKS)
            )
            return frozenset(range(start, next(to, len(keys))))
    return frozenset()
