"""The caller's name, after a cue ("קוראים לי") or as the answer to the question for it (R10.2)."""

from dataclasses import replace

from app.dialog.hebrew.contact.name_words import (
    KNOWN_BEARERS,
    MAX_WORDS,
    PARTICLES,
    SPELLING,
    STRIP,
    TOLD_TO_OTHERS,
    UNWANTED_AFTER_AM,
    bearers_of,
    collect,
    is_common,
    is_name_word,
)
from app.dialog.hebrew.gazetteer import COMMON_WORDS, Mention
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.repairs import repair_points
from app.dialog.hebrew.span import Span, covered
from app.dialog.hebrew.tokens import Utterance, fold

_LISTS = Lexicon("hebrew/names.toml")
_ADDRESSED = _LISTS.words("addressed")
_SPEAKING = _LISTS.words("speaking")
_ABOUT_NAME = _LISTS.words("about_name")
_NO_NAME_AFTER_AM = _LISTS.words("no_name_after_am")
_MANY = 3000
"""So many bear a name that it is one though it is a common word, too."""
_NEAR_THE_START = 2
_ON = ("עליי", "עליה", "עליו", "עלינו")
_DICTATED = 4
"""So many digits beside a name are a phone number."""
_POLITE = _LISTS.phrases("polite")
_CUES, _LOOSE_CUES = _LISTS.phrases("cues"), frozenset(_LISTS.listed("loose_cues"))
_SURNAME_CUES = _LISTS.phrases("surname_cues")
_AFTER_CUE = _LISTS.words("after_cue")
GIVEN_NAME_ONLY = _LISTS.phrases("given_name_only")
_NOT_OF_ONESELF = _LISTS.words("not_of_oneself")
_WELL_KNOWN = 2000
"""Of so many people a name is one wherever it ends an answer."""
_RARE = 40
"""Of fewer people a name is hardly known."""
_PRONOUNS = _LISTS.words("pronouns")
_WEAK_CUES = _LISTS.phrases("weak_cues")
_THE_OLD_NAME = _LISTS.words("the_old_name")
_GIVEN_AND_SURNAME = 2
_CALLED, _ADDS, _CORRECTS = _LISTS.words("called"), _LISTS.words("adds"), _LISTS.words("corrects")
_HONOURED, _IS_HERE = _LISTS.words("honoured"), _LISTS.words("is_here")
_NOT_ALONE = _LISTS.words("not_alone")
_BEGINS_CLAUSE = _LISTS.words("begins_clause")
_THIS_IS, _THE_NAME = _LISTS.words("this_is"), _LISTS.words("the_name")


def understand_name(
    utterance: Utterance, places: tuple[Mention, ...], claimed: frozenset[int], known: str = "", *, expected: bool
) -> Span[str] | None:
    """Return the caller's name, or None; `known` is the name given before.

    Weak cues ("אני X") need a known given name unless a name is `expected`.
    """
    claimed = claimed | said_besides(utterance)
    if known and (other := _longer(utterance, known, claimed)) is not None:
        return other
    best = _said(utterance, claimed, expected=expected)
    if best is None and not known and claimed:
        best = _left_over(utterance, claimed)
    if best is None:
        return _new_surname(utterance, known, claimed) if known else None
    best = _repaired(utterance, _said_again(utterance, best, claimed), claimed)
    if expected:
        return _without_particle(utterance, _with_surname(utterance, best, claimed))
    of_a_place = any(m.start < best.end and best.start < m.end and m.prefix for m in places)
    return None if of_a_place else _without_particle(utterance, best)


def _without_particle(utterance: Utterance, name: Span[str] | None) -> Span[str] | None:
    """Leave out a last word that leads to another: "טל בן שלושים"."""
    if name is None or len(name.tokens) == 1 or utterance.key(name.end - 1) not in PARTICLES:
        return name
    return replace(name, end=name.end - 1, value=name.value.rpartition(" ")[0])


def opens_answer(utterance: Utterance, name: Span[str]) -> bool:
    """Whether a known name opens the answer to the question for it, and another clause follows or nothing at all.

    "ליאור, ואת ירוחם תוציאי", "מוטי, והמחיר סופי", "אילנה זה השם"; not "יוסי ואני", and not "דני תפסיק".
    """
    opens = all(key in STRIP for key in utterance.keys[: name.start])
    polite = said_besides(utterance)
    if opens and polite and all(at in polite for at in range(name.end, len(utterance))):
        # "שלום, אני שרגי, נעים מאוד".
        return True
    known = bearers_of(utterance.key(name.start)) >= KNOWN_BEARERS and not is_common(utterance.key(name.start))
    return opens and known and _new_clause(utterance, name.end)


def _new_clause(utterance: Utterance, start: int) -> bool:
    """Whether what begins at `start` says something else than the name before it."""
    key = utterance.key(start)
    if key in _BEGINS_CLAUSE or (key in _THIS_IS and utterance.key(start + 1) in _THE_NAME):
        return True
    return key.startswith("ו") and key not in _PRONOUNS and is_common(key)


def _said(utterance: Utterance, claimed: frozenset[int], *, expected: bool) -> Span[str] | None:
    """Read the name where it is said: behind a cue, before one, or, where it is `expected`, without any."""
    best = (
        _who_called(utterance, claimed)
        or _another(utterance, claimed)
        or _cued(utterance, claimed, expected=expected)
        or _speaking(utterance, claimed)
        or _honoured(utterance, claimed)
        or _weak(utterance, expected, claimed)
    )
    if best is not None or not expected:
        return best
    return _alone(utterance, claimed) or _at_the_end(utterance, claimed)


def _on_me(utterance: Utterance, index: int) -> bool:
    """Whether "עליי" is "on me": it folds like the name Ali, and "עליה" is one."""
    return index < len(utterance) and utterance.tokens[index].text in _ON


def _cued(utterance: Utterance, claimed: frozenset[int], *, expected: bool) -> Span[str] | None:
    """Read what follows a cue: "קוראים לי", "תרשמי"; of several the last."""
    best: Span[str] | None = None
    for match in _CUES.all(utterance):
        loose = match.value.lstrip("=") in _LOOSE_CUES
        if utterance.key(match.start - 1) in _ADDRESSED and utterance.key(match.start) in _SPEAKING:
            # "את מדברת יפה".
            continue
        index = match.end
        while utterance.key(index) in _AFTER_CUE or _on_me(utterance, index):
            index += 1
        name = collect(utterance, index, claimed, known_first=loose and not expected)
        if name is not None:
            best = _without_as(name)
    return best


def whole_name(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Return the full name that an utterance is and nothing besides, though another thing was asked."""
    name = collect(utterance, 0, claimed, known_first=True)
    return name if name is not None and name.end - name.start == len(utterance) > 1 else None


def _left_over(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read what is left beside a phone number when it is nothing but a well-known given name, with a surname."""
    left = [index for index in range(len(utterance)) if index not in claimed and utterance.key(index) not in STRIP]
    digits = sum(
        len(utterance.key(at)) if utterance.tokens[at].is_number else bool(atom_at(utterance, at)) for at in claimed
    )
    if not left or len(left) > MAX_WORDS or digits < _DICTATED:
        return None
    name = collect(utterance, left[0], claimed, known_first=True)
    return name if name is not None and (name.start, name.end) == (left[0], left[-1] + 1) else None


def said_besides(utterance: Utterance) -> frozenset[int]:
    """Return the tokens of what is only said besides a name: "נעים מאוד", "בלי שם משפחה", "שימי לב"."""
    return covered(_POLITE.all(utterance))


def _longer(utterance: Utterance, known: str, claimed: frozenset[int]) -> Span[str] | None:
    """Read what is said with the known given name as more of it: "קטיה ואיתי זיו", "רשמת מיכל, תוסיפי כהן צדק"."""
    given = fold(known.split(maxsplit=1)[0])
    at = next((index for index, key in enumerate(utterance.keys) if key == given), None)
    if at is None:
        return None
    partner = utterance.key(at + 1)
    if partner.startswith("ו") and bearers_of(partner[1:]) >= KNOWN_BEARERS > bearers_of(partner):
        rest = collect(utterance, at + 2, claimed, known_first=False)
        end = rest.end if rest is not None and rest.start == at + 2 else at + 2
        return Span(at, end, " ".join(token.text for token in utterance.tokens[at:end]))
    adds = next((index for index in range(at + 1, len(utterance)) if utterance.key(index) in _ADDS), None)
    if adds is None or " " in known:
        return None
    surname = collect(utterance, adds + 1, claimed, known_first=False)
    if surname is None or (surname.start, surname.end) != (adds + 1, len(utterance)):
        return None
    return Span(surname.start, surname.end, f"{known} {surname.value}")


def _who_called(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read "תרשמי שאלון מרקוביץ' התקשר": the shin is no part of the name."""
    calls = [at for at, key in enumerate(utterance.keys) if key in _CALLED]
    for end in calls:
        for at in range(max(0, end - MAX_WORDS), end):
            key = utterance.key(at)
            known = key.startswith("ש") and bearers_of(key[1:]) >= KNOWN_BEARERS > bearers_of(key)
            if not known or key[1:] in STRIP:
                # "שאני מתקשרת": Ani is a name, too.
                continue
            if all(is_name_word(utterance, word) and word not in claimed for word in range(at + 1, end)):
                return Span(at, end, " ".join(token.text for token in utterance.tokens[at:end])[1:])
    return None


def _honoured(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read "ערב טוב, פרופסור הדס": a title that only oneself is given, near the start, and a well-known name."""
    at = next((index for index, key in enumerate(utterance.keys[: _NEAR_THE_START + 1]) if key in _HONOURED), None)
    return None if at is None else collect(utterance, at + 1, claimed, known_first=True)


def _another(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read "תשני את השם לדורית", "תתקני ליונתן גיל": the lamed is no part of the name, and nothing follows it."""
    for at, key in enumerate(utterance.keys):
        start = at + 1
        while utterance.key(start) in _THE_OLD_NAME:
            start += 1
        if key not in _CORRECTS or start in claimed or not _to_name(utterance.key(start)):
            continue
        rest = collect(utterance, start + 1, claimed, known_first=False)
        end = start + 1 if rest is None else rest.end
        if end == len(utterance):
            return Span(start, end, utterance.quote(start, end)[1:])
    return None


def _to_name(key: str) -> bool:
    """Whether a word is a given name behind "ל" and none with it."""
    return key.startswith("ל") and bearers_of(key[1:]) >= KNOWN_BEARERS > bearers_of(key) and not is_common(key[1:])


def _speaking(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read "שלום, עליזה מדברת": the name stands before its cue."""
    at = next((index for index, key in enumerate(utterance.keys[:5]) if key in _SPEAKING | _IS_HERE), 0)
    for start in (at - 2, at - 1):
        if start < 0:
            continue
        name = collect(utterance, start, claimed, known_first=True)
        if name is not None and name.end == at:
            return name
    return None


def _repaired(utterance: Utterance, name: Span[str], claimed: frozenset[int]) -> Span[str]:
    """Read "יוסי סליחה יוסף חדד", "השם הוא לא נחום אלא מנחם": the name after the repair stands."""
    for point in reversed(repair_points(utterance)):
        if point >= name.end:
            later = collect(utterance, point, claimed, known_first=True)
            if later is not None:
                return later
    return name


def _said_again(utterance: Utterance, name: Span[str], claimed: frozenset[int]) -> Span[str]:
    """Read "שולה, עם ה בסוף, שולה מזרחי": said once more, and now with the surname."""
    if len(name.tokens) > 1:
        return name
    again = (at for at in range(name.end, len(utterance) - 1) if utterance.key(at) == utterance.key(name.start))
    longer = (collect(utterance, at, claimed, known_first=True) for at in again)
    return next((later for later in longer if later is not None and later.end - later.start > 1), name)


def _with_surname(utterance: Utterance, name: Span[str] | None, claimed: frozenset[int]) -> Span[str] | None:
    """Join "שם פרטי תמר, שם משפחה אלוני"."""
    for match in _SURNAME_CUES.all(utterance):
        index = match.end
        while utterance.key(index) in _AFTER_CUE:
            index += 1
        surname = collect(utterance, index, claimed, known_first=False)
        if surname is None:
            continue
        if name is None or surname.start <= name.start < surname.end:
            return name or surname
        if name.start >= surname.end:
            return Span(surname.start, name.end, f"{name.value} {surname.value}")
        return Span(name.start, surname.end, f"{name.value} {surname.value}")
    return name


def _new_surname(utterance: Utterance, known: str, claimed: frozenset[int]) -> Span[str] | None:
    """Read "שם המשפחה בארי לא ברק" as a repair of the surname known."""
    surname = _with_surname(utterance, None, claimed)
    if surname is None:
        return None
    given = known.split(maxsplit=1)[0]
    return Span(surname.start, surname.end, f"{given} {surname.value}")


def _at_the_end(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read a well-known given name, with a surname, that ends a longer answer: "היא זו שעונה, יפעת לביא"."""
    size = len(utterance)
    for start in range(max(1, size - MAX_WORDS), size):
        if bearers_of(utterance.key(start)) < _WELL_KNOWN or utterance.key(start - 1) in _NOT_OF_ONESELF:
            continue
        name = collect(utterance, start, claimed, known_first=True) if is_name_word(utterance, start) else None
        if name is not None and name.end == size:
            return name
    return None


def _without_as(name: Span[str]) -> Span[str]:
    """Read "רשמי אותי כיעל" as Yael."""
    first, _, rest = name.value.partition(" ")
    if not first.startswith("כ") or bearers_of(fold(first[1:])) < _WELL_KNOWN:
        return name
    return Span(name.start, name.end, f"{first[1:]} {rest}".strip())


def _weak(utterance: Utterance, expected: bool, claimed: frozenset[int]) -> Span[str] | None:
    """Read what follows "אני", "פה", "זה", when it can be nothing but a name."""
    for match in _WEAK_CUES.all(utterance):
        if match.end in claimed or _no_name_after_am(utterance.key(match.end)):
            continue
        pronoun = match.value.lstrip("=") in _PRONOUNS
        name = collect(utterance, match.end, claimed, known_first=not expected or not pronoun)
        if name is None or _goes_on(utterance, name, claimed):
            continue
        if expected or pronoun or _is_told(utterance, name, match.end):
            return name
    return None


def _no_name_after_am(key: str) -> bool:
    return key in UNWANTED_AFTER_AM | _NO_NAME_AFTER_AM or (key in COMMON_WORDS and bearers_of(key) < _MANY)


def _goes_on(utterance: Utterance, name: Span[str], claimed: frozenset[int]) -> bool:
    """Whether a word that is hardly a name goes on: "אני גורר חובות משנת אלפיים"."""
    left = (at for at in range(name.end, len(utterance)) if at not in claimed)
    is_rare = bearers_of(utterance.key(name.start)) < _RARE
    return is_rare and any(utterance.key(at) not in STRIP | SPELLING for at in left)


def _is_told(utterance: Utterance, name: Span[str], first: int) -> bool:
    """Whether what follows "פה" or "זה" is the caller's name, which nobody asked for; `first` is its first word."""
    if name.start > _NEAR_THE_START and _ABOUT_NAME.isdisjoint(utterance.keys):
        return False
    return utterance.key(first) not in _NOT_ALONE


def _alone(utterance: Utterance, claimed: frozenset[int]) -> Span[str] | None:
    """Read an answer that is nothing but a name, once politeness and titles are taken off."""
    start = 0
    while utterance.key(start) in STRIP:
        start += 1
    name = collect(utterance, start, claimed, known_first=False)
    if name is None:
        return None
    rest = [key for key in utterance.keys[name.end :] if key not in STRIP]
    first = utterance.key(name.start)
    if bearers_of(first) >= _RARE and _new_clause(utterance, name.end):
        # "ציפורה, אבל כולם אומרים ציפי".
        return name
    if utterance.key(name.end) in TOLD_TO_OTHERS:
        # "דני תפסיק": somebody in the room is told off.
        return None
    if first in UNWANTED_AFTER_AM and utterance.key(name.start - 1) in _PRONOUNS:
        # "אני עובד בתחום": what the caller does.
        return None
    if bearers_of(first) >= KNOWN_BEARERS:
        return name
    return name if not (rest and rest[0] not in SPELLING) and len(name.tokens) <= _GIVEN_AND_SURNAME else None
