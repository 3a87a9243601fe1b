"""Whose it is that a caller speaks of: each stretch of an utterance that holds no wish, labelled once a turn (R10.2).

Rooms, sums, months, kinds and places told of somebody else, of today's home or of a former one, of a later day, or
asked about, are no wish of the caller, whichever question stands. Each rule has a name, which a test or a log can cite.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from app.dialog.hebrew.gazetteer import find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.tokens import Utterance, fold, heard, rests, rests_of, stems, words

_LISTS = Lexicon("hebrew/scope.toml")

OTHERS = _LISTS.words("others")
_BEFORE_A_BENEFICIARY = _LISTS.words("before_a_beneficiary")
_THEIRS = _LISTS.words("theirs")
_DOES_OR_WISHES = _LISTS.words("does_or_wishes")
_OWN_LIMIT = _LISTS.words("own_limit")
_GIVES, _IS_WORTH = _LISTS.words("gives"), _LISTS.words("is_worth")
_DOES = _LISTS.words("does") | _DOES_OR_WISHES | _GIVES
_SELLERS = _LISTS.words("sellers")
_SEARCHED, _THEN_NOW = _LISTS.words("searched"), _LISTS.words("then_now")
_HE_OR_SHE = _LISTS.words("he_or_she")
_OFFERED = _LISTS.phrases("offered")
_WAS, _MINE = _LISTS.words("was"), _LISTS.words("somebody_else_mine")
_I_DID = _LISTS.words("i_did")
_HOME, _PRESENT = _LISTS.words("home"), _LISTS.words("present")
_NOW, _WE = _LISTS.words("somebody_else_now"), _LISTS.words("we")
MEDIA = _LISTS.words("media")
_SAY = _LISTS.words("say")
_ONCE_MORE, _ONCE_ONLY = _LISTS.words("once_more"), _LISTS.words("once_only")
_WITH_ME = _LISTS.words("with_me")
_BACK_TO_ONESELF = _LISTS.words("back_to_oneself")
_LONGEST_SUBJECT = 4
_LIVES, _BEFORE_LIVES = _LISTS.words("lives"), _LISTS.words("between_we_and_live")
_HAS_NOW = _LISTS.words("has_now")
_THEREFORE = _LISTS.words("therefore")
_RENTS, _HOLDS_NOW = _LISTS.words("rents"), _LISTS.words("now")
_MOVES = _LISTS.words("moves_out")
_OWN, _HOMES = _LISTS.words("mine"), _LISTS.words("homes")
_SEEKS = _LISTS.words("seeks")
_SOME_DAY, _FOR_NOW = _LISTS.phrases("some_day"), _LISTS.words("for_now")
_LETS_ON = _LISTS.words("lets_on")
_LETS_LATER, _LETS_IT = _LISTS.phrases("lets_later"), _LISTS.phrases("lets_it")
_NEAR_LETTING = 3
_ADOPTS = _LISTS.phrases("adopts")
_SOON = 2
_NEAR_PAST, _NO_PAST = 3, _LISTS.words("no_past")
_PAYS = _LISTS.words("pays")
_COMPLAINS = _LISTS.phrases("complains")
_NOT_MINE = _LISTS.phrases("not_mine")
_YIELD = _LISTS.phrases("yield")
_OFFICE_IS = _LISTS.phrases("office_is")


_HAVE = {("יש", mine) for mine in _OWN}
_MAY_HAVE_NOW = _HAS_NOW | _RENTS | {"יש"}
_HOMES_OR_ROOMS = _HOMES | words("חדרים חדר")
_OPENERS = _I_DID | _WAS | _WE | _NOW | MEDIA | words("פעם כולם יש מה ואני ואנחנו")
_OPENED_TO = OTHERS | _HOMES


class Whose(StrEnum):
    """Whose a stretch of an utterance is, when it is no wish of the caller."""

    NOW = "has now"
    PAST = "past"
    OTHERS = "somebody else's"
    LATER = "later"
    """A wish for another day, or what an investor does with the home afterwards."""
    ASKED = "question"


@dataclass(frozen=True, slots=True)
class Scope(Span[Whose]):
    """A stretch, whose it is, and the rule that says so."""

    rule: str


@lru_cache(maxsize=64)
def scopes(utterance: Utterance) -> tuple[Scope, ...]:
    """Return every stretch that holds no wish. Stretches of different rules may overlap."""
    told = (
        *_told(utterance),
        *_then_seeks(utterance),
        *_moves_out(utterance),
        *_searched(utterance),
        *_pays_now(utterance),
    )
    kept = (scope for scope in told if not _adopted(utterance, scope))
    asked = *_asks_yield(utterance), *_asks_where_we_are(utterance)
    return (*kept, *_later(utterance), *_not_mine(utterance), *asked)


def tokens_of(utterance: Utterance, *whose: Whose) -> frozenset[int]:
    """Return the tokens in stretches of these kinds."""
    return frozenset(index for scope in scopes(utterance) if scope.value in whose for index in scope.tokens)


@lru_cache(maxsize=64)
def no_wish(utterance: Utterance) -> frozenset[int]:
    """Return the tokens that tell of others, of a home one has or had, of later, or ask: no value there is a wish."""
    return frozenset(index for scope in scopes(utterance) for index in scope.tokens)


def rules_at(utterance: Utterance) -> dict[int, str]:
    """Return of each token that is told of the rule that says so; of several, the last one."""
    return {index: scope.rule for scope in scopes(utterance) for index in scope.tokens}


def lasted(utterance: Utterance, start: int) -> bool:
    """Whether a verb in the first person past tells how long what begins at `start` lasted: "עבדתי שם עשר שנים"."""
    before = utterance.keys[max(0, start - _NEAR_PAST) : start]
    return any(key.endswith("תי") and len(key) > len("ביתי") and key not in _NO_PAST for key in before)


def _adopted(utterance: Utterance, scope: Scope) -> bool:
    """Whether the caller wants just what was told: "לאחותי יש ארבעה חדרים וזה מה שאני רוצה", "משלם חמש, משהו דומה"."""
    return any(
        scope.start < match.start <= scope.end + _SOON and utterance.key(match.start - 1) != "לא"
        for match in _ADOPTS.all(utterance)
    )


def _told(utterance: Utterance) -> Iterator[Scope]:
    """Yield what somebody else has, pays or did, and former and present homes, up to where the caller comes back."""
    end = 0
    may_open = _may_open(utterance)
    for start, key in enumerate(utterance.keys):
        if start < end:
            continue
        if start in may_open and (opening := _opens(utterance, start)) is not None:
            after, whose, rule = opening
            end = _back_to_oneself(utterance, after, today=whose is Whose.PAST)
            yield Scope(start, end, whose, rule)
            continue
        bare = key.removeprefix("ש").removeprefix("ו")
        if bare in _HE_OR_SHE and (back := _then_i(utterance, start)) is not None:
            # "הוא אומר חמש, אני אומרת שש".
            end = back
            yield Scope(start, end, Whose.OTHERS, "he says, I say")
        if bare not in OTHERS and key not in OTHERS:
            continue
        if utterance.key(start - 1) in _BEFORE_A_BENEFICIARY:
            continue
        if key.startswith("ש") and utterance.key(start - 1) in _OWN_LIMIT:
            # "המקסימום שהבנק אישר זה מיליון שבע".
            continue
        verb = _verb(utterance, start) or _stands_for_verb(utterance, start)
        if verb is None or utterance.key(verb + 1) in _WITH_ME:
            continue
        if utterance.key(verb) in _GIVES and utterance.key(verb + 1) in _MINE:
            # "אבא שלי נותן לי חצי מיליון": own money, which the budget knows by its words.
            continue
        end = _back_to_oneself(utterance, verb + 1)
        if end < len(utterance) or not _may_be_for_them(utterance.key(verb)):
            yield Scope(start, end, Whose.OTHERS, "what others do")


def _may_open(utterance: Utterance) -> frozenset[int]:
    """Return the tokens with which a telling can open: most words open none."""
    phrases = (match.start for book in (_OFFERED, _COMPLAINS) for match in book.all(utterance))
    single = (
        at
        for at, key in enumerate(utterance.keys)
        if key in _OPENERS
        or key.removeprefix("ו") in _WE
        or (key[:1] in ("ל", "ה") and key[1:] in _OPENED_TO)
        or utterance.key(at + 1) in _PRESENT
    )
    return frozenset((*phrases, *single))


def _opens(utterance: Utterance, start: int) -> tuple[int, Whose, str] | None:
    """Return where a telling goes on after its opening words, whose it is and the rule."""
    if (begun := _opens_past(utterance, start)) is not None:
        return (begun[0], Whose.PAST, begun[1])
    if (begun := _opens_now(utterance, start)) is not None:
        return (begun[0], Whose.NOW, begun[1])
    begun = _opens_others(utterance, start)
    return None if begun is None else (begun[0], Whose.OTHERS, begun[1])


def _opens_past(utterance: Utterance, start: int) -> tuple[int, str] | None:
    key, after = utterance.keys[start], utterance.key(start + 1)
    if key in _I_DID:
        return start + 1, "what one did"
    if key in _WAS and after in _MINE:
        # "הייתה לנו דירה של ארבעה חדרים".
        return start + 2, "what one had"
    if (offer := _OFFERED.at(utterance, start)) is not None:
        # "הציעו לי דירה בלוד, לא לקחתי".
        return offer.end, "what was offered"
    if key[:1] == "ה" and after[:1] == "ש" and key[1:] in _HOMES and (was := _was_at(utterance, start + 2)) is not None:
        # "הדירה שראינו אתמול הייתה שלושה וחצי".
        return was + 1, "a home once seen"
    if key == fold("פעם") and utterance.key(start - 1) not in _ONCE_MORE and after not in _ONCE_ONLY:
        had = after in _WAS and utterance.key(start + 2) in _MINE
        return start + (3 if had else 1), "once upon a time"
    return None


def _opens_now(utterance: Utterance, start: int) -> tuple[int, str] | None:
    key, after = utterance.keys[start].removeprefix("ו"), utterance.key(start + 1)
    if after in _PRESENT and not rests(key).isdisjoint(_HOME):
        return start + 1, "this home or the last"
    if key in _WE and (lives := _lives_at(utterance, start + 1)) is not None:
        # "אני גר בשלושה חדרים".
        return lives + 1, "where one lives"
    if key in _WE and after[:1] == "ב" and after[1:] in _HOMES and set(utterance.keys[start + 2 :]) & _SEEKS:
        # "אנחנו בדירת שלושה חדרים בירושלים, מחפשים…".
        return start + 2, "today we are in"
    return _opens_today(utterance, start)


def _opens_today(utterance: Utterance, start: int) -> tuple[int, str] | None:
    key, after, third = utterance.keys[start].removeprefix("ו"), utterance.key(start + 1), utterance.key(start + 2)
    if key == "מה" and after == fold("שיש") and third in _OWN:
        # "מה שיש לי היום זה דירת גג".
        return start + 3, "has today"
    has_today = key in _NOW and (after, third) in _HAVE
    if has_today and not rests_of(utterance.keys[start + 3 : start + 3 + _SOON + 1]).isdisjoint(_HOMES_OR_ROOMS):
        # "היום יש לנו שלושה חדרים".
        return start + 3, "has today"
    now_here = (key in _NOW and after in _WE) or (key in _WE and after in _NOW)
    if now_here and third.startswith("ב") and third not in _BACK_TO_ONESELF:
        # "היום אנחנו בשלושה חדרים".
        return start + 3, "today we are in"
    return None


def _opens_others(utterance: Utterance, start: int) -> tuple[int, str] | None:
    key, has = utterance.keys[start], start + 1
    if key[:1] == "ל" and key[1:] in OTHERS:
        while utterance.key(has) in _THEIRS:
            has += 1
        if utterance.key(has) == "יש":
            return has + 1, "what others have"
    if key in MEDIA:
        return start + 1, "seen and heard"
    if (complaint := _COMPLAINS.at(utterance, start)) is not None:
        # "לא הגיוני, חדר וחצי בשמונה אלף".
        return complaint.end, "complains of"
    if key == fold("כולם") and utterance.key(start + 1) in _SAY:
        return start + 2, "seen and heard"
    return None


def _lives_at(utterance: Utterance, index: int) -> int | None:
    """Return where "גר" stands, soon after "אני"."""
    while utterance.key(index) in _BEFORE_LIVES:
        index += 1
    return index if utterance.key(index) in _LIVES else None


def _verb(utterance: Utterance, start: int) -> int | None:
    """Return where the verb of the subject at `start` stands."""
    places = covered(mention for mention in find(utterance) if mention.prefix)
    for index in range(start + 1, min(start + 1 + _LONGEST_SUBJECT, len(utterance))):
        key = utterance.key(index)
        if any(rest in _DOES for prefix, rest in stems(key) if prefix in ("", "ש")):
            return index
        if utterance.key(start) in _SELLERS and not rests(key).isdisjoint(_SEEKS):
            return index
        if key not in _THEIRS and index not in places:
            return None
    return None


def _then_i(utterance: Utterance, start: int) -> int | None:
    """Return where "I" follows what "he" or "she" at `start` says or wants."""
    if not rests(utterance.key(start + 1)) & (_DOES | _SEEKS):
        return None
    return next((at for at in range(start + 2, len(utterance)) if utterance.key(at).removeprefix("ו") in _WE), None)


def _stands_for_verb(utterance: Utterance, start: int) -> int | None:
    """Return where "in …" stands instead of a verb, when the caller then comes back: "השכנים בארבעה, ואנחנו…"."""
    place = start + 1
    while utterance.key(place) in _THEIRS:
        place += 1
    back = _back_to_oneself(utterance, place) < len(utterance)
    return place if back and utterance.key(place).startswith("ב") else None


def _may_be_for_them(verb: str) -> bool:
    """Whether the verb may tell of those the home is for: "הבן שלי קונה דירה ראשונה"."""
    return not rests(verb).isdisjoint(_DOES_OR_WISHES)


def _was_at(utterance: Utterance, start: int) -> int | None:
    return next((at for at in range(start, min(start + 3, len(utterance))) if utterance.key(at) in _WAS), None)


def _back_to_oneself(utterance: Utterance, start: int, *, today: bool = False) -> int:
    """Return the first token from `start` on with which the caller comes back to their own wish.

    `today`: after the past, "today" does, too.
    """
    for index in range(start, len(utterance)):
        key = utterance.key(index)
        is_today = today and key in _NOW and utterance.key(index + 1) not in _IS_WORTH
        if is_today or key in _BACK_TO_ONESELF or key.removeprefix("ו") in _BACK_TO_ONESELF:
            return index
    return len(utterance)


def _then_seeks(utterance: Utterance) -> Iterator[Scope]:
    """Yield what the caller has now, up to the next word of seeking: "גרים ברמת גן בשכירות ורוצים לקנות"."""
    has, seeks = [], []
    if _MAY_HAVE_NOW.isdisjoint(heard(utterance)):
        return
    for index, key in enumerate(utterance.keys):
        rest = rests(key)
        rents_now = not rest.isdisjoint(_RENTS) and set(utterance.keys[max(0, index - 2) : index + 2]) & _HOLDS_NOW
        if (not rest.isdisjoint(_HAS_NOW) or rents_now) or (
            key == "יש" and utterance.key(index + 1) in _OWN and utterance.key(index + 2) in _HOMES
        ):
            has.append(index)
        if not rest.isdisjoint(_SEEKS):
            seeks.append(index)
    for start in has:
        if seeks and seeks[-1] > start:
            end = min(seek for seek in seeks if seek > start)
            yield Scope(start, _therefore(utterance, start, end), Whose.NOW, "has now, then seeks")


def _therefore(utterance: Utterance, start: int, end: int) -> int:
    """Return where the wish follows: "בעלת הבית מוכרת, אז עד סוף יוני אנחנו צריכים…"."""
    return next((at for at in range(start, end) if utterance.key(at) in _THEREFORE), end)


def _searched(utterance: Utterance) -> Iterator[Scope]:
    """Yield where the caller looked before: "קודם חיפשנו בחיפה, עכשיו ירדנו לעכו"."""
    for index, key in enumerate(utterance.keys):
        if key not in _SEARCHED:
            continue
        now = next((at for at in range(index, len(utterance)) if utterance.key(at) in _THEN_NOW), None)
        if now is not None:
            yield Scope(index, now, Whose.PAST, "searched before")


def _moves_out(utterance: Utterance) -> Iterator[Scope]:
    """Yield the home one leaves: "לעבור מדירת שלושה חדרים לבית פרטי", up to where one goes."""
    if _MOVES.isdisjoint(utterance.keys):
        return
    for index, key in enumerate(utterance.keys):
        if not (key.startswith("מ") and key[1:] in _HOMES and set(utterance.keys[max(0, index - 2) : index]) & _MOVES):
            continue
        end = index + 1
        while end < len(utterance) and not _goes_to(utterance.key(end)):
            end += 1
        yield Scope(index, end, Whose.NOW, "moves out of")


def _pays_now(utterance: Utterance) -> Iterator[Scope]:
    """Yield the rent paid today: "כרגע אני משלם ארבע", "אני משלם ארבע היום"."""
    for index, key in enumerate(utterance.keys):
        if key not in _PAYS:
            continue
        end = _back_to_oneself(utterance, index + 1 + (utterance.key(index + 1) in _NOW))
        if set(utterance.keys[max(0, index - 2) : end + 1]) & _NOW:
            yield Scope(index, end, Whose.NOW, "pays now")


def _goes_to(key: str) -> bool:
    return key.startswith("ל") or not rests(key).isdisjoint(_SEEKS)


def _later(utterance: Utterance) -> Iterator[Scope]:
    """Yield what is for another day: "בעתיד נרצה לקנות", and an investor's letting: "להשכיר את זה הלאה"."""
    for match in _SOME_DAY.all(utterance):
        end = match.end
        while end < len(utterance) and utterance.key(end).removeprefix("ו") not in _FOR_NOW:
            end += 1
        yield Scope(match.start, end, Whose.LATER, "some day")
    if _LETS_ON.isdisjoint(heard(utterance)):
        return
    for index, key in enumerate(utterance.keys):
        if rests(key).isdisjoint(_LETS_ON):
            continue
        for book, rule in ((_LETS_LATER, LETS_LATER), (_LETS_IT, "lets it")):
            near = (book.at(utterance, at) for at in range(index + 1, index + 1 + _NEAR_LETTING))
            yield from (Scope(index, match.end, Whose.LATER, rule) for match in near if match is not None)


LETS_LATER = "lets it afterwards"


def _not_mine(utterance: Utterance) -> Iterator[Scope]:
    """Yield what has nothing to do with the caller: "החברה שלי מחפשת בתל אביב, אבל זה לא קשור אליי"."""
    for match in _NOT_MINE.all(utterance):
        others = (at for at in range(match.start, -1, -1) if not rests(utterance.key(at)).isdisjoint(OTHERS))
        yield Scope(next(others, 0), match.end, Whose.OTHERS, "nothing to do with me")


def _asks_yield(utterance: Utterance) -> Iterator[Scope]:
    """Yield a question what rent a home brings: "כמה שכר דירה אפשר לקבל על שלושה חדרים בחיפה"."""
    for match in _YIELD.all(utterance):
        yield Scope(match.start, _back_to_oneself(utterance, match.end), Whose.ASKED, "what rent one can get")


ABOUT_THE_OFFICE = "where the office is"


def _asks_where_we_are(utterance: Utterance) -> Iterator[Scope]:
    """Yield a question where the office is, and nothing behind it: "יש לכם גם משרד בחיפה", "אתם יושבים בחיפה"."""
    size = len(utterance)
    for match in _OFFICE_IS.all(utterance):
        if any(mention.start == match.end and mention.end == size for mention in find(utterance)):
            yield Scope(match.start, size, Whose.ASKED, ABOUT_THE_OFFICE)
