"""One tokenizer for every rule: folded Hebrew words with their place in the caller's text (R10.2).

Folding makes the spellings one word can have equal: no niqqud, no quote marks, final letters as medial ones,
doubled yod and vav single. The dual ending "-יים" keeps its two yods, because "חודשיים" is two months and
"חודשים" any number of them. Rules fold their own vocabulary with the same functions, so both sides agree.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import NamedTuple

from app.dialog import data
from app.dialog.hebrew.english import reading_at

_NIQQUD = re.compile("[\u0591-\u05c7]")
_QUOTES = re.compile("[\"'`\u2018\u2019\u201c\u201d\u05f3\u05f4\u00b4]")
_TOKEN = re.compile(
    r"(?P<number>\d+(?:[.,:/]\d+)*)"
    "|(?P<okay>או קיי?(?![\u05d0-\u05ea]))"
    "|(?P<hebrew>[\u05d0-\u05ea][\u0591-\u05bd\u05bf-\u05c7\u05d0-\u05ea\"'`\u2019\u05f3\u05f4\u201d]*)"
    r"|(?P<latin>[A-Za-z]+)"
    r"|(?P<sign>[+*%₪$])"
)
_LATIN = re.compile("[A-Za-z]")
_FINALS = str.maketrans("ךםןףץ", "כמנפצ")
_MEDIAL = "כמנפצ"
_HESITATION = re.compile(r"^(?:א+ה+|א{2,}|אה?ממ+|אה?מ|ה+ממ*|ממ+|ע+ה+|אהמ+|אהא|ה{2,}|אוו*)$")
_NOISE = re.compile(r"([אגדזחטינסעפצקרת])\1\1|([א-ת])\2\2\2")
"""A letter three times in a row, as in no word: "פסססט"; of those that are prefixes, four times: "בבבלי" is a place."""
_STRETCHED = re.compile(r"(?<=[א-ת])([א-ת])\1\1+")
_EVERYTHING = re.compile(r"\bהכול\b")
_LETTERED = frozenset({"שכונה", "רובע", "רמות", "יפו"})
"""After these a lone letter is a part of the name, and no prefix of the number that follows."""
_APART = frozenset({"ו", "ב", "ל", "מ"})
"""Letters that a recogniser writes apart from the word they belong to."""
_BEFORE_NUMBERS = frozenset({"ב", "ל", "מ", "כ", "ה", "ו", "וב", "ול", "ומ", "שב"})
"""Letters that a recogniser writes apart from the number they belong to."""
_RUN_ON = ("אלפים", "אלף", "מיליון", "מאות", "וחצי")
"""Units, and the half, that a recogniser writes onto the number before them."""
_FILLERS = frozenset({"יעני", "נו", "כאילו"})
_PREFIXED = re.compile("^(ו?(?:כש|ש)?[בלמכה]?ה?)(.{2,})$")


@lru_cache(maxsize=8192)
def fold(word: str) -> str:
    """Return the form under which spellings of one word are equal. Words of a phrase stay apart by single spaces."""
    bare = _QUOTES.sub("", _NIQQUD.sub("", word)).lower().translate(_FINALS)
    bare = re.sub("\u05d9\u05d9(?!מ(?: |$))", "י", bare)
    bare = _EVERYTHING.sub("הכל", bare)
    return " ".join(bare.replace("וו", "ו").split())


@lru_cache(maxsize=2048)
def words(text: str) -> frozenset[str]:
    """Fold a space separated list of words: the way rules state their vocabulary."""
    return frozenset(fold(word) for word in text.split())


@lru_cache(maxsize=8192)
def stems(key: str) -> tuple[tuple[str, str], ...]:
    """Return (prefix, rest) readings of a folded word, the whole word first, then ever longer prefixes off."""
    readings = [("", key)]
    for cut in range(1, min(4, len(key) - 1)):
        prefix, rest = key[:cut], key[cut:]
        match = _PREFIXED.match(prefix + "xx")
        if match and match.group(1) == prefix:
            readings.append((prefix, rest))
    return tuple(readings)


@lru_cache(maxsize=8192)
def rests(key: str) -> frozenset[str]:
    """Return a folded word with and without its prefixes."""
    return frozenset(rest for _, rest in stems(key))


def rests_of(keys: Iterable[str]) -> frozenset[str]:
    """Return the words of several, each with and without its prefixes."""
    return frozenset().union(*map(rests, keys))


class Token(NamedTuple):
    """One word, number or sign; `start` and `end` index the caller's text, `gap` is what stood before it.

    `prefix` holds letters written onto a number ("ב-5", "ל2"), which are no word of their own. `mended`: the key is
    guessed from a word that was broken or wrongly written.
    """

    text: str
    key: str
    start: int
    end: int
    gap: str = ""
    prefix: str = ""
    is_number: bool = False
    mended: bool = False

    @property
    def abbreviated(self) -> bool:
        """Whether a quote mark stands before the last letter, as Hebrew marks abbreviations."""
        return len(self.text) > 2 and bool(_QUOTES.match(self.text[-2]))


class _Keys(dict[int, str]):
    """Folded words by their place; a dictionary is asked in half the time that a method of ours takes."""

    def __missing__(self, index: int) -> str:
        return ""


@dataclass(frozen=True, slots=True, eq=False)
class Utterance:
    """A caller's words in order, hesitations left out; `text` is what the recogniser wrote.

    Two are never equal: what is worked out for one may be kept by it, however long it is.
    """

    text: str
    tokens: tuple[Token, ...]
    keys: tuple[str, ...]
    """The folded words, one a token."""
    key: Callable[[int], str]
    """Returns the folded word at an index, or "" outside the utterance: rules look left and right freely."""

    @classmethod
    def of(cls, text: str, tokens: Iterable[Token]) -> "Utterance":
        """Return the utterance that these tokens of a text are."""
        kept = tuple(tokens)
        keys = tuple(token.key for token in kept)
        return cls(text, kept, keys, _Keys(enumerate(keys)).__getitem__)

    def __len__(self) -> int:
        return len(self.keys)

    def quote(self, start: int, end: int) -> str:
        """Return the caller's own words from token `start` up to, not including, token `end`."""
        if not 0 <= start < end <= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[end - 1].end]


@lru_cache(maxsize=64)
def heard(utterance: Utterance) -> frozenset[str]:
    """Return the words of an utterance, each with and without its prefixes: whoever needs one looks here first."""
    return rests_of(utterance.keys)


@lru_cache(maxsize=8192)
def _is_hesitation(text: str, key: str) -> bool:
    if key in _FILLERS:
        return True
    if _NOISE.search(text):
        return True
    # "אם" (if, mother) folds like the hesitation "אמ"; only the written form tells them apart.
    return text not in ("אם", "או", "הם") and bool(_HESITATION.match(key))


def _with_prefixes_on_numbers(tokens: list[Token]) -> Iterator[Token]:
    """Join "ב" + "5" (also "ב-5") into one number token that remembers its prefix."""
    held: Token | None = None
    before = ""
    for token in tokens:
        if held is not None:
            if token.is_number and token.gap in ("", "-", "\u05be", " -", "- ", " "):
                yield Token(token.text, token.key, held.start, token.end, held.gap, held.key, is_number=True)
                held = None
                continue
            yield held
            held = None
        key = token.key
        lettered, before = key in _BEFORE_NUMBERS and before.removeprefix("ב") in _LETTERED, key
        if key in _BEFORE_NUMBERS and not lettered:
            held = token
            continue
        yield token
    if held is not None:
        yield held


def _with_letters(tokens: list[Token]) -> Iterator[Token]:
    """Join a letter that the recogniser wrote apart to its word: "מיליון ו חצי", "אני מ נצרת"."""
    held: Token | None = None
    before = ""
    for token in tokens:
        if held is not None:
            joined = not token.is_number and "א" <= token.key[0] <= "ת" and not token.gap.strip()
            if joined and len(token.key) > (held.text != "ו"):
                stuttered = held.text != "ו" and token.text.startswith(held.text)
                text = token.text if stuttered else held.text + token.text
                yield Token(text, fold(text), held.start, token.end, held.gap)
                held = None
                continue
            yield held
        # "רובע ו": the letter is the name.
        apart = token.text in _APART and before.removeprefix("ב") not in _LETTERED and not before[:1].isdigit()
        held = token if apart else None
        before = token.key
        if held is None:
            yield token
    if held is not None:
        yield held


@cache
def _number_words() -> frozenset[str]:
    spellings = data.read_toml("hebrew/numbers.toml")["words"].values()
    return frozenset(fold(word) for values in spellings for listed in values.values() for word in listed.split())


@cache
def _everyday_words() -> frozenset[str]:
    """Return the words of numbers and those that everybody says: what is stretched in speech."""
    return _number_words() | words(data.read_toml("hebrew/common_words.toml")["common_words"])


def _parted(tokens: list[Token]) -> Iterator[Token]:
    """Part a number from its unit that the recogniser wrote as one word: "שלושתאלפים", "בחצימיליון"."""
    for token in tokens:
        if not token.text.endswith(_RUN_ON) or token.text in _RUN_ON:
            yield token
            continue
        unit = next(unit for unit in _RUN_ON if token.text.endswith(unit))
        number = token.text.removesuffix(unit)
        if rests(fold(number)).isdisjoint(_number_words()):
            yield token
            continue
        middle = token.end - len(unit)
        yield token._replace(text=number, key=fold(number), end=middle)
        yield Token(unit, fold(unit), middle, token.end, "", is_number=False)


def _without_fragments(tokens: list[Token]) -> list[Token]:
    """Leave out the beginning of a word that is then said whole."""
    followers = [*(token.key for token in tokens[1:]), ""]
    return [
        token
        for token, whole in zip(tokens, followers, strict=False)
        if not (whole.startswith(token.key) and 1 < len(token.key) < len(whole) and _cut_off(token, whole))
    ]


def _cut_off(token: Token, whole: str) -> bool:
    """Whether a word that another begins with is no word itself: "דנ דניאל", or of a number ("ששת אל אלפים")."""
    into_a_number = not rests(whole).isdisjoint(_number_words()) and token.key not in _number_words()
    return token.text[-1] in _MEDIAL or into_a_number


def _in_hebrew(tokens: list[Token]) -> Iterator[Token]:
    """Give English words the keys of the Hebrew they are read as."""
    keys = [token.key for token in tokens]
    index = 0
    while index < len(tokens):
        reading = reading_at(keys, index) if keys[index].isascii() and keys[index].isalpha() else None
        if reading is None:
            yield tokens[index]
            index += 1
            continue
        width, hebrew = reading
        for offset, word in enumerate(hebrew):
            first = tokens[index + offset]
            last = tokens[index + width - 1] if offset == len(hebrew) - 1 else first
            text = word if word.isdigit() else first.text
            yield Token(text, fold(word), first.start, last.end, first.gap, is_number=word.isdigit())
        index += width


# Callers use few words: each is folded once.
@lru_cache(maxsize=8192)
def _word(found: str, kind: str | None) -> tuple[str, str, bool]:
    """Return a word, number or sign without quote marks around it, its key, and whether it is a number."""
    if kind == "number":
        return found, found, True
    if kind == "okay":
        # A recogniser parts the word; "קיי" by itself is a thousand.
        return found, fold(found.replace(" ", "")), False
    written = found.rstrip('"`\u05f4\u201d') if kind == "hebrew" else found.strip("\"'`\u05f3\u05f4\u2019\u201d")
    plain = _STRETCHED.sub(r"\1", written)
    if plain != written and fold(plain) in _everyday_words():
        # "כןןן", "ארבעעע".
        written = plain
    return written or found, fold(written or found), False


@lru_cache(maxsize=256)
def normalise(text: str) -> Utterance:
    """Split recognised text into an `Utterance`. Never raises; unknown characters are gaps."""
    tokens: list[Token] = []
    end = 0
    for match in _TOKEN.finditer(text):
        written, key, is_number = _word(match.group(), match.lastgroup)
        before, (start, end) = end, match.span()
        if key:
            tokens.append(Token(written, key, start, end, text[before:start], "", is_number))
    if _LATIN.search(text):
        tokens = list(_in_hebrew(tokens))
    # Few turns have a letter apart or a number run on; the others need not be gone through for them.
    if any(unit in text for unit in _RUN_ON):
        tokens = list(_parted(tokens))
    if not _APART.isdisjoint([token.text for token in tokens]):
        tokens = list(_with_letters(tokens))
    if not _BEFORE_NUMBERS.isdisjoint([token.key for token in tokens]):
        tokens = list(_with_prefixes_on_numbers(tokens))
    kept = _without_fragments([token for token in tokens if not _is_hesitation(token.text, token.key)])
    return Utterance.of(text, kept)
