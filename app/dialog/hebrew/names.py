"""The caller's name, after a cue ("קוראים לי") or as the answer to the question for it (R10.2).

Given names come from data/hebrew/first_names.txt (public births data): name, tab, bearers.
"""

from dataclasses import dataclass
from functools import lru_cache

from app.dialog import data
from app.dialog.hebrew.common_words import COMMON_WORDS
from app.dialog.hebrew.gazetteer import Mention, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.repairs import repair_points
from app.dialog.hebrew.tokens import Utterance, fold, stems, words

_LISTS = Lexicon("hebrew/names.toml")
_ADDRESSED = _LISTS.words("addressed")
_SPEAKING = _LISTS.words("speaking")
_PROFESSIONS = _LISTS.words("professions")
_ABOUT_NAME = _LISTS.words("about_name")
_NO_NAME_AFTER_AM = _LISTS.words("no_name_after_am")

_KNOWN_BEARERS = 300
_SHORTEST_COMMAND = 5
_LONGEST_STUTTER = 3
_PARTICLES = _LISTS.words("particles")
_FROM_SOMEWHERE = _LISTS.words("from_somewhere")
_MAX_WORDS = 3
_DICTATED = 4
"""So many digits beside a name are a phone number."""

_POLITE, _AFFILIATIONS = _LISTS.phrases("polite"), _LISTS.words("affiliations")
_CUES = _LISTS.phrases("cues")
_SURNAME_CUES = _LISTS.phrases("surname_cues")
_AFTER_CUE = _LISTS.words("after_cue")
GIVEN_NAME_ONLY = _LISTS.phrases("given_name_only")
_NOT_OF_ONESELF = _LISTS.words("not_of_oneself")
_WELL_KNOWN = 2000
"""Of so many people a name is one wherever it ends an answer."""
_RARE = 40
"""Of fewer people a name is hardly known."""
_PRONOUNS = _LISTS.words("pronouns")
_NICKNAMES = _LISTS.words("nicknames")
_RENAMES = _LISTS.phrases("renames")
_WEAK_CUES = _LISTS.phrases("weak_cues")
_STRIP = _LISTS.words("strip")
_TITLES = _LISTS.words("titles")
_STOP = _LISTS.words("stop")
_SPELLING, _LETTERS = _LISTS.words("spelling"), _LISTS.words("letters")
_NOT_ALONE = _LISTS.words("not_alone")
_TOLD_TO_OTHERS = _LISTS.words("told_to_others")
_UNWANTED_AFTER_AM = _LISTS.words("unwanted_after_am")


@dataclass(frozen=True, slots=True)
class Name:
    """A name at tokens `start` up to, not including, `end`."""

    start: int
    end: int
    value: str
    sure: bool = True


@lru_cache(maxsize=1)
def first_names() -> dict[str, int]:
    """Return folded given names with their number of bearers."""
    table: dict[str, int] = {}
    for line in data.read_text("hebrew/first_names.txt").splitlines():
        name, _, bearers = line.partition("\t")
        key = fold(name)
        table[key] = table.get(key, 0) + int(bearers)
    for key in _NICKNAMES:
        table[key] = max(table.get(key, 0), _KNOWN_BEARERS)
    return table


def _bearers(key: str) -> int:
    return first_names().get(key, 0)


def _common(key: str) -> bool:
    """Whether a word is a common one, prefixed or not; a known name is none."""
    if key in COMMON_WORDS or key in _STOP:
        return True
    if key.startswith("לה") and len(key) >= _SHORTEST_COMMAND and _bearers(key) < _KNOWN_BEARERS:
        # "להמשיך": an infinitive.
        return True
    if key in _TOLD_TO_OTHERS:
        return True
    told = key.removeprefix("ו")
    if told.startswith("ת") and key.endswith("י") and len(key) >= _SHORTEST_COMMAND and _bearers(key) < _KNOWN_BEARERS:
        # "תמשיכי", "תוותרי": somebody is told to do something.
        return True
    return _bearers(key) < _KNOWN_BEARERS and any(
        len(prefix) == 1 and prefix in "הובלש" and rest in COMMON_WORDS for prefix, rest in stems(key)
    )


def _name_word(utterance: Utterance, index: int) -> bool:
    """Whether a word can be part of a name: no number, no common word unless many people bear it."""
    key = utterance.key(index)
    if len(key) < 2 or utterance.tokens[index].is_number or not ("א" <= key[0] <= "ת"):
        return False
    if (key == "אל" and utterance.key(index + 1).startswith("ת")) or key in words("ולא"):
        # "אל תרשמי": do not.
        return False
    if _common(key):
        return _bearers(key) >= 3000 and key not in _STRIP and key not in _UNWANTED_AFTER_AM
    return atom_at(utterance, index) is None or _bearers(key) >= _KNOWN_BEARERS


def _collect(utterance: Utterance, start: int, claimed: frozenset[int], *, known_first: bool) -> Name | None:
    """Read up to three name words at `start`: a given name and surnames, stutter and spelling hints left out."""
    while utterance.key(start) in _TITLES or (
        utterance.key(start) == fold("דין") and utterance.key(start - 1)[:4] == fold("עורך")
    ):
        start += 1
    while _stutters(utterance, start):
        start += 1
    chosen: list[int] = []
    index = start
    origins = _origins(utterance)
    while index < len(utterance) and sum(utterance.key(at) not in _PARTICLES for at in chosen) < _MAX_WORDS:
        token = utterance.tokens[index]
        if (
            token.key in _SPELLING
            or _spelled(utterance, index)
            or (chosen and ("," in token.gap or "." in token.gap) and len(chosen) > 1)
        ):
            break
        if index in claimed or not _name_word(utterance, index):
            break
        if known_first and chosen and "," in token.gap and _bearers(token.key) < _KNOWN_BEARERS:
            # "פה אסנת, ראינו דירה": what nobody asked for ends with the clause.
            break
        affiliated = token.key in _FROM_SOMEWHERE or (token.key.startswith("מה") and len(token.key) > len("מהדי"))
        affiliated = affiliated or (token.key[0] == "מ" and token.key[1:] in _AFFILIATIONS)
        if chosen and (
            (affiliated and token.key not in first_names()) or (index in origins and token.key not in first_names())
        ):
            break
        if chosen and utterance.key(chosen[-1]) == token.key:
            # "גל אה גל כהן": the repeated word is a stutter.
            chosen[-1] = index
        else:
            chosen.append(index)
        index += 1
    if not chosen or (known_first and _bearers(utterance.key(chosen[0])) < _KNOWN_BEARERS):
        return None
    return Name(chosen[0], chosen[-1] + 1, " ".join(utterance.tokens[position].text for position in chosen))


def _spelled(utterance: Utterance, index: int) -> bool:
    """Whether a name is spelled from here on: "ריש ואו נון"."""
    return all(
        utterance.key(at).removeprefix("ו") in _LETTERS or utterance.key(at) in _LETTERS for at in (index, index + 1)
    )


def _stutters(utterance: Utterance, start: int) -> bool:
    """Whether a name is only begun here: "א אורי", "איי איילת"."""
    key, after = utterance.key(start), utterance.key(start + 1)
    begun = len(key) <= _LONGEST_STUTTER and key != after and after.startswith(key)
    return len(key) == 1 or (bool(key) and begun and _bearers(key) < _KNOWN_BEARERS <= _bearers(after))


def spelled(utterance: Utterance) -> frozenset[int]:
    """Return the tokens of a word spelled letter by letter: "יוד ואו אלף בית"."""
    letters = [key in _LETTERS or key.removeprefix("ו") in _LETTERS for key in utterance.keys]
    found: set[int] = set()
    for at in range(len(letters) - 2):
        if all(letters[at : at + 3]):
            found.update(range(at, at + 3))
    return frozenset(found)


def _origins(utterance: Utterance) -> frozenset[int]:
    """Return where a place begins that the caller is from: "דרור מהוד השרון"."""
    return frozenset(mention.start for mention in find(utterance) if mention.prefix == "מ")


def understand_name(
    utterance: Utterance, places: tuple[Mention, ...], claimed: frozenset[int], known: str = "", *, expected: bool
) -> Name | None:
    """Return the caller's name, or None; `known` is the name given before.

    Weak cues ("אני X") need a known given name unless a name is `expected`.
    """
    claimed = claimed | _politeness(utterance) | _somebody_else(utterance)
    best: Name | None = None
    for match in _CUES.all(utterance):
        loose = match.value.lstrip("=") in (
            "מדבר",
            "מדברת",
            "בתור",
            "צריך להיות",
            "צריכה להיות",
            "אמור להיות",
            "אמורה להיות",
            "לקרוא",
            "כאן",
            "תרשמי",
            "תרשום",
            "כתבי",
            "רשום",
            "ותרשמי",
            "ותרשום",
            "רשמי",
            "תכתבי",
            "תכתוב",
            "תרשמי את",
            "השם",
            "תרשמו",
            "לרשום",
            "לכתוב",
        )
        if utterance.key(match.start - 1) in _ADDRESSED and utterance.key(match.start) in _SPEAKING:
            # "את מדברת יפה".
            continue
        index = match.end
        while utterance.key(index) in _AFTER_CUE or _on_me(utterance, index):
            index += 1
        name = _collect(utterance, index, claimed, known_first=loose and not expected)
        if name is not None and not _professional(utterance, name) and not _claims(name, claimed):
            best = _without_as(name)
    best = best or _renamed(utterance) or _speaking(utterance, claimed)
    if best is None:
        best = _weak(utterance, expected, claimed)
    if best is None and expected:
        best = _alone(utterance, claimed) or _at_the_end(utterance, claimed)
    if best is None and not known and claimed:
        best = _left_over(utterance, claimed)
    if best is not None or _CUES.within(utterance):
        best = _repaired(utterance, best, claimed)
        best = _with_surname(utterance, best, claimed) if expected else best
    if known and best is not None and utterance.key(best.start - 1) == "לא":
        best = _instead(best, known)
    if known and not expected and best is None:
        best = _new_surname(utterance, known, claimed)
    if (
        best is not None
        and not expected
        and any(m.start < best.end and best.start < m.end and m.prefix for m in places)
    ):
        return None
    return best


def _on_me(utterance: Utterance, index: int) -> bool:
    """Whether "עליי" is "on me": it folds like the name Ali."""
    return index < len(utterance) and utterance.tokens[index].text == "עליי"


def whole_name(utterance: Utterance, claimed: frozenset[int]) -> Name | None:
    """Return the full name that an utterance is and nothing besides, though another thing was asked."""
    name = _collect(utterance, 0, claimed, known_first=True)
    return name if name is not None and name.end - name.start == len(utterance) > 1 else None


def _left_over(utterance: Utterance, claimed: frozenset[int]) -> Name | None:
    """Read what is left beside a phone number when it is nothing but a well-known given name, with a surname."""
    left = [index for index in range(len(utterance)) if index not in claimed and utterance.key(index) not in _STRIP]
    digits = sum(
        len(utterance.key(at)) if utterance.tokens[at].is_number else bool(atom_at(utterance, at)) for at in claimed
    )
    if not left or len(left) > _MAX_WORDS or digits < _DICTATED or left[-1] - left[0] >= len(left):
        return None
    name = _collect(utterance, left[0], claimed, known_first=True)
    whole = name is not None and (name.start, name.end) == (left[0], left[-1] + 1)
    return name if whole and _bearers(utterance.key(left[0])) >= _WELL_KNOWN else None


def _politeness(utterance: Utterance) -> frozenset[int]:
    """Return the tokens of what is only said besides: "נעים מאוד", "בלי שם משפחה"."""
    return frozenset(index for match in _POLITE.all(utterance) for index in range(match.start, match.end))


def _somebody_else(utterance: Utterance) -> frozenset[int]:
    """Return where a name is denied before another is given: "לא אני לא משה, אני ניר"."""
    named = [at for at, key in enumerate(utterance.keys) if _bearers(key) >= _KNOWN_BEARERS and not _common(key)]
    return frozenset(at for at in named[:-1] if utterance.key(at - 1) == "לא" and utterance.key(at - 2) in _PRONOUNS)


def _renamed(utterance: Utterance) -> Name | None:
    """Read "תשני את השם לדורית": the lamed is no part of the name."""
    for match in _RENAMES.all(utterance):
        key = utterance.key(match.end)
        if key.startswith("ל") and _bearers(key[1:]) >= _KNOWN_BEARERS > _bearers(key):
            return Name(match.end, match.end + 1, utterance.tokens[match.end].text[1:])
    return None


def _speaking(utterance: Utterance, claimed: frozenset[int]) -> Name | None:
    """Read "שלום, עליזה מדברת": the name stands before its cue."""
    at = next((index for index, key in enumerate(utterance.keys[:5]) if key in _SPEAKING), 0)
    for start in (at - 2, at - 1):
        if start < 0 or utterance.key(start) in COMMON_WORDS or _bearers(utterance.key(start)) < _KNOWN_BEARERS:
            continue
        name = _collect(utterance, start, claimed, known_first=True)
        if name is not None and name.start == start and name.end == at:
            return name
    return None


def _repaired(utterance: Utterance, name: Name | None, claimed: frozenset[int]) -> Name | None:
    """Read "יוסי סליחה יוסף חדד", "השם הוא לא נחום אלא מנחם": the name after the repair stands."""
    for point in reversed(repair_points(utterance)):
        if point >= (name.end if name is not None else 1):
            later = _collect(utterance, point, claimed, known_first=True)
            if later is not None and not _professional(utterance, later):
                return later
    return name


def _with_surname(utterance: Utterance, name: Name | None, claimed: frozenset[int]) -> Name | None:
    """Join "שם פרטי תמר, שם משפחה אלוני"."""
    for match in _SURNAME_CUES.all(utterance):
        index = match.end
        while utterance.key(index) in _AFTER_CUE:
            index += 1
        surname = _collect(utterance, index, claimed, known_first=False)
        if surname is None:
            continue
        if name is None or surname.start <= name.start < surname.end:
            return name or surname
        if name.start >= surname.end:
            return Name(surname.start, name.end, f"{name.value} {surname.value}")
        given = name if name.end <= match.start else Name(name.start, match.start, name.value)
        return Name(given.start, surname.end, f"{given.value} {surname.value}")
    return name


def _instead(name: Name, known: str) -> Name:
    """Read "לא רוני, רינה" as the second name when the first is the one known."""
    first, _, rest = name.value.partition(" ")
    return Name(name.start + 1, name.end, rest) if rest and first == known.split(maxsplit=1)[0] else name


def _new_surname(utterance: Utterance, known: str, claimed: frozenset[int]) -> Name | None:
    """Read "שם המשפחה בארי לא ברק" as a repair of the surname known."""
    surname = _with_surname(utterance, None, claimed)
    if surname is None:
        return None
    given = known.split(maxsplit=1)[0]
    return Name(surname.start, surname.end, f"{given} {surname.value}")


def _at_the_end(utterance: Utterance, claimed: frozenset[int]) -> Name | None:
    """Read a well-known given name, with a surname, that ends a longer answer: "היא זו שעונה, יפעת לביא"."""
    size = len(utterance)
    for start in range(max(1, size - _MAX_WORDS), size):
        if _bearers(utterance.key(start)) < _WELL_KNOWN or utterance.key(start - 1) in _NOT_OF_ONESELF:
            continue
        name = _collect(utterance, start, claimed, known_first=True) if _name_word(utterance, start) else None
        if name is not None and name.start == start and name.end == size:
            return name
    return None


def _without_as(name: Name) -> Name:
    """Read "רשמי אותי כיעל" as Yael."""
    first, _, rest = name.value.partition(" ")
    if not first.startswith("כ") or _bearers(fold(first)) >= _KNOWN_BEARERS:
        return name
    if _bearers(fold(first[1:])) < _WELL_KNOWN:
        return name
    return Name(name.start, name.end, f"{first[1:]} {rest}".strip())


def _claims(name: Name, claimed: frozenset[int]) -> bool:
    return any(index in claimed for index in range(name.start, name.end))


def _professional(utterance: Utterance, name: Name) -> bool:
    return utterance.key(name.end) in _PROFESSIONS


def _weak(utterance: Utterance, expected: bool, claimed: frozenset[int]) -> Name | None:
    about_name = expected or bool(set(utterance.keys) & _ABOUT_NAME)
    for match in _WEAK_CUES.all(utterance):
        key = utterance.key(match.end)
        if (
            key in _UNWANTED_AFTER_AM
            or key in _NO_NAME_AFTER_AM
            or match.end in claimed
            or (key in COMMON_WORDS and _bearers(key) < 3000)
        ):
            continue
        pronoun = match.value.lstrip("=") in _PRONOUNS
        name = _collect(utterance, match.end, claimed, known_first=not expected or not pronoun)
        if name is not None and _bearers(utterance.key(name.start)) < _RARE and name.end < len(utterance):
            # "אני גורר חובות משנת אלפיים": no name is unknown and goes on.
            left = range(name.end, len(utterance))
            if any(at not in claimed and utterance.key(at) not in _STRIP | _SPELLING for at in left):
                continue
        if name is None or _professional(utterance, name) or (not pronoun and not about_name and name.start > 2):
            continue
        if not expected and not pronoun and utterance.key(match.end) not in first_names():
            continue
        if not expected and key in _NOT_ALONE and name.end - name.start == 1 and not pronoun:
            continue
        return name
    return None


def _alone(utterance: Utterance, claimed: frozenset[int]) -> Name | None:
    """Read an answer that is nothing but a name, once politeness and titles are taken off."""
    start = 0
    while (
        start < len(utterance)
        and (utterance.key(start) in _STRIP or start in claimed)
        and not (
            _bearers(utterance.key(start)) >= _KNOWN_BEARERS
            and start == len(utterance) - 1
            and utterance.key(start) not in COMMON_WORDS
        )
    ):
        start += 1
    name = _collect(utterance, start, claimed, known_first=False)
    if name is None:
        return None
    polite = _politeness(utterance)
    rest = [
        index for index in range(name.end, len(utterance)) if utterance.key(index) not in _STRIP and index not in polite
    ]
    first = utterance.key(name.start)
    known = _bearers(first) >= _RARE
    if utterance.key(name.end) in _TOLD_TO_OTHERS:
        # "דני תפסיק": somebody in the room is told off.
        return None
    if first in _UNWANTED_AFTER_AM and utterance.key(name.start - 1) in _PRONOUNS:
        # "אני עובד בתחום": what the caller does.
        return None
    if utterance.key(name.start - 1) == "לא" and _bearers(first) < _KNOWN_BEARERS:
        return None
    if first in _NOT_ALONE and not known:
        return None
    if known and _bearers(first) >= _KNOWN_BEARERS:
        return name
    if rest and utterance.key(rest[0]) not in _SPELLING and rest[0] not in _origins(utterance):
        return None
    return name if name.end - name.start <= 2 or known else None
