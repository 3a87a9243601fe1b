"""Places that are told of, not wished for: where somebody lives, works, comes from or did something (R10.2)."""

from collections.abc import Mapping
from functools import lru_cache
from itertools import pairwise

from app.dialog.hebrew.contact.name_words import first_names
from app.dialog.hebrew.gazetteer import Mention, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.scopes.past import tells_deed
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.tokens import Utterance, fold, rests, rests_of

_LISTS = Lexicon("hebrew/whereabouts.toml")
RESIDES, WORKS, STUDIES = "lives there", "works there", "studies there"
DEED = "did something there"
_STREET = _LISTS.words("street")
NEAR = _LISTS.words("near")
_BESIDE_ONE, _TO_ONE = _LISTS.words("beside_one"), _LISTS.words("to_one")
_THERE, _AROUND = _LISTS.phrases("there"), _LISTS.words("around")
_CALLS, _TELLS_WHO = _LISTS.words("calls"), _LISTS.words("tells_who")
_KIN, _OWN_CHILD = _LISTS.words("kin"), _LISTS.words("own_child")
_SEEKS, _CONCLUDES = _LISTS.words("seeks"), _LISTS.words("concludes")
_ONESELF = _LISTS.words("oneself")
_FAR, _TO_THERE = _LISTS.words("far"), _LISTS.words("to_there")
_MOVES = _LISTS.words("moves")
_PLACED = {
    RESIDES: _LISTS.words("resides"),
    WORKS: _LISTS.words("works"),
    STUDIES: _LISTS.words("studies"),
    DEED: _LISTS.words("did"),
}
_YOU, _WERE, _WOULD_LIKE = _LISTS.words("you"), _LISTS.words("were"), _LISTS.words("would_like")
_FOR_WHOM = _LISTS.words("for_whom")
_WRITES, _SAME = _LISTS.words("writes"), _LISTS.phrases("same")
_ADDS, _ADDED = _LISTS.words("adds"), _LISTS.words("added")
_COMES, _TO_ONE_S_MIND, _OPENS = _LISTS.words("comes"), _LISTS.words("to_one_s_mind"), _LISTS.words("opens")
_SITS, _SINCE, _IN_IT = _LISTS.words("sits"), _LISTS.words("since"), _LISTS.words("in_it")
_FRIENDS, _BUT_I = _LISTS.words("friends"), _LISTS.words("but_i")
_WHERE = fold("איפה")
BORNE = 300
"""Of so many people a name is no rare one."""
_TELLING = 6
"""So many words before a place may tell what it is to whom."""


@lru_cache(maxsize=64)
def told_places(utterance: Utterance) -> Mapping[int, str]:
    """Return where the places stand that are no wish by what is said around them, each with the rule that says so."""
    mentions = find(utterance)
    named = covered(mentions)
    told = {mention.start: _told(utterance, mention, mentions, named) for mention in mentions}
    return {start: rule for start, rule in told.items() if rule}


def _told(utterance: Utterance, mention: Mention, mentions: tuple[Mention, ...], named: frozenset[int]) -> str:
    """Return the rule by which a place is only told of; "" when it may be wished for."""
    before = utterance.key(mention.start - 1)
    if before in _STREET and mention.place.name != "שדרות":
        return "a street or a team"
    if mention.prefix.endswith("מ") and _tells_who(before) and not mention.place.name.startswith("מ"):
        return "comes from there"
    elsewhere = any(other.prefix[-1:] == "ב" for other in mentions)
    if mention.prefix[-1:] == "מ" and elsewhere and before not in _FAR and utterance.key(mention.end) not in _TO_THERE:
        # "זוג מאום אל פחם, רוצים בחיפה".
        return "comes from there"
    if (
        mention.prefix == "ב"
        and before in _ONESELF
        and set(utterance.keys[mention.end :]) & _SEEKS
        and mention is not mentions[-1]
    ):
        # "אנחנו בטבריה, ומחפשים בכרמיאל".
        return RESIDES
    if before in _SINCE or _deed_follows(utterance, mention):
        return "" if wished_beside(utterance, mention.end) else DEED
    rule = _background(utterance, mention, named)
    return "" if rule and wished_beside(utterance, mention.end) else rule


def _background(utterance: Utterance, mention: Mention, named: frozenset[int]) -> str:
    kin = near = False
    for index in range(mention.start - 1, max(-1, mention.start - 1 - _TELLING), -1):
        key = utterance.key(index)
        if index in named:
            # "כפר סבא רעננה": words of another place say nothing about this one.
            continue
        if _is_no_background(utterance, index):
            continue
        if (rule := _told_by(utterance, mention, index, named)) is not None:
            return rule
        kin = kin or key.removeprefix("ה") in _KIN or key in _KIN
        near = near or key in NEAR
    return "others are there" if kin and not near else ""


def _told_by(utterance: Utterance, mention: Mention, index: int, named: frozenset[int]) -> str | None:
    """Return the rule by which the word at `index` says what a place is for; "": nothing, None: it does not say."""
    key = utterance.key(index)
    rest = rests(key)
    if key in _CONCLUDES or rest & _WRITES or key.removeprefix("ו") in _ONESELF:
        # "פעם הייתי אומרת יפו, היום אני אומרת חולון": what one did stands behind the pronoun. "אבא, תרשמי שוהם".
        return ""
    if rest & _SEEKS:
        return _sought(utterance, mention, index)
    if mention.prefix[-1:] == "ב" and index + 1 in named and tells_deed(key):
        # "שירתתי במצפה רמון".
        return DEED
    if rule := next((rule for rule, verbs in _PLACED.items() if rest & verbs), ""):
        # "קרוב לאמא שגרה בנס ציונה".
        return "" if set(utterance.keys[max(0, index - 5) : index]) & NEAR else rule
    return "calls from there" if rest & _CALLS and mention.prefix.endswith("מ") else None


def _sought(utterance: Utterance, mention: Mention, verb: int) -> str:
    """Return the rule by which a place behind a verb of seeking is none that the caller seeks; "" when it is one."""
    friend = not _FRIENDS.isdisjoint(utterance.keys[max(0, verb - 2) : verb])
    if friend and not _BUT_I.isdisjoint(utterance.keys[mention.end :]):
        # "חבר שלי מחפש בגדרה, ואני…".
        return "others are there"
    return "moves from there" if mention.prefix.endswith("מ") and rests(utterance.key(verb)) & _MOVES else ""


def _deed_follows(utterance: Utterance, mention: Mention) -> bool:
    """Whether what somebody did follows its place: "בכפר יונה גרתי בתור ילד", "ירושלים גדלתי בה"."""
    there = mention.prefix[-1:] == "ב" or utterance.key(mention.end + 1) in _IN_IT
    return there and tells_deed(utterance.key(mention.end))


def same_place(utterance: Utterance, end: int) -> bool:
    """Whether a home is sought just where one lives: "גרים בכפר יונה … צריכים יותר גדול, באותו מקום"."""
    return any(
        match.start > end
        and "לא" not in utterance.keys[match.start - 2 : match.start]
        and not rests_of(utterance.keys[end : match.start]).isdisjoint(_SEEKS)
        for match in _SAME.all(utterance)
    )


def wished_beside(utterance: Utterance, end: int) -> bool:
    """Whether after a place that is told of the caller wants to be there or near: "לידו", "קרוב אליה", "אז שם"."""
    after = utterance.keys[end : end + _TELLING]
    if any(key in NEAR and other in _TO_ONE for key, other in pairwise(after)) or set(after) & _BESIDE_ONE:
        return True
    if any(key in _ADDS and other in _ADDED for key, other in pairwise(after)):
        # "בעלי מצא משהו בראש העין, תוסיפי גם אותה".
        return True
    wish = next((at for at in range(end, len(utterance)) if utterance.key(at) in _SEEKS | _CONCLUDES), None)
    if wish is None or "לא" in utterance.keys[end:]:
        return False
    there = any(match.start > wish for match in _THERE.all(utterance))
    return there or utterance.key(len(utterance) - 1) in _AROUND


def _is_no_background(utterance: Utterance, index: int) -> bool:
    """Whether a word that could tell where somebody lives or works does not, by the words beside it."""
    key, before, after = utterance.key(index), utterance.key(index - 1), utterance.key(index + 1)
    if key in _SITS and _WHERE in utterance.keys:
        # "איפה אתם יושבים, בחולון או בבת ים".
        return False
    if before in _YOU or utterance.key(index - 2) in _YOU:
        # "אתם משכירים דירות בחיפה?": the office's doing is no background of the caller's.
        return True
    if key in _COMES and after in _TO_ONE_S_MIND:
        # "בא לי דירה קטנה בעין כרם".
        return True
    if rests(before) & _OPENS:
        # "פותח סניף בהוד השרון".
        return True
    if key in _WERE:
        return after in _WOULD_LIKE
    if key == fold("לבן"):
        # "דירה לבן שלי בחיפה": nobody's home town.
        return True
    if key in ("בנ", "בת") and after not in _OWN_CHILD:
        return True
    if key == fold("עובדים"):
        # "משרד לארבעה עובדים": staff, not where the caller works.
        return atom_at(utterance, index - 1) is not None
    # "בשביל ההורים": whom the home is for.
    return key in _KIN and before in _FOR_WHOM


def _tells_who(before: str) -> bool:
    """Whether the word before "מנצרת" makes it an origin: "אני מנצרת", "מוחמד מנצרת"."""
    return before in _TELLS_WHO or first_names().get(before, 0) >= BORNE
