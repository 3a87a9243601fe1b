"""What happened: verbs in the past, and the times that only say when it did: "ביולי התחתנו", "מאז מאי" (R10.2)."""

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.times.durations import duration_at
from app.dialog.hebrew.tokens import Utterance, rests

_LISTS = Lexicon("hebrew/past.toml")
_NO_DEED = _LISTS.words("no_deed")
_DEEDS = _LISTS.words("deeds")
_NEW_CLAUSE = _LISTS.words("new_clause")
_SINCE, _AGO = _LISTS.words("since"), _LISTS.words("ago")
_BIRTHDAY, _MARRIED = _LISTS.words("birthday"), _LISTS.words("married")
_FIRST_PERSON = "תי"
_SHORTEST = 4
_NEAR = 4
_LEADING = ("ו", "ש", "כש", "וש", "וכש")


def tells_deed(key: str) -> bool:
    """Whether a folded word is a verb of what somebody did or what befell them: "שירתתי", "שנולדתי", "התחתנו"."""
    if not _NO_DEED.isdisjoint(rests(key)):
        return False
    readings = [key, *(key.removeprefix(prefix) for prefix in _LEADING if key.startswith(prefix))]
    return any(word in _DEEDS or (word.endswith(_FIRST_PERSON) and len(word) >= _SHORTEST) for word in readings)


def happened(utterance: Utterance, start: int, end: int) -> bool:
    """Whether the time from `start` to `end` only says when something happened.

    Something did where "since" stands before it or behind, where a verb of the past follows it or stands before it in
    the same clause, or where it was so many years ago.
    """
    keys = utterance.keys
    if not _SINCE.isdisjoint(keys[max(0, start - 2) : start]) or not _SINCE.isdisjoint(keys[end:-1]):
        return True
    days = _MARRIED | _BIRTHDAY if "יש" in keys else _MARRIED
    if tells_deed(utterance.key(end)) or not days.isdisjoint(keys[end : end + _NEAR]):
        return True
    return keys[start].startswith("ב") and _deed_before(utterance, start, days)


def _deed_before(utterance: Utterance, start: int, days: frozenset[str]) -> bool:
    """Whether what happened, how long ago, or one of `days`, stands before `start` in the same clause."""
    for at in range(start - 1, -1, -1):
        key = utterance.keys[at]
        if not rests(key).isdisjoint(_NEW_CLAUSE):
            return False
        ago = key in _AGO and duration_at(utterance, at + 1) is not None
        if ago or key in days or (start - at <= _NEAR and tells_deed(key)):
            return True
    return False
