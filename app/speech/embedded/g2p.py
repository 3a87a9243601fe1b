"""Pointed Hebrew to phonemes, the way Israelis say it: five vowels, no length, no gemination, no glottal stop.

Rules first, from the phonology of Modern Hebrew (Coffin & Bolozky, "A Reference Grammar of Modern Hebrew", chapters 1
and 2); then a lexicon for what rules cannot know: names, loan words, and words the pointing model gets wrong.
The symbols are those of Kokoro's alphabet; the r is a tap and the het is `x`, which its Spanish voices know best.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.speech.embedded.nikud import PATAH, SHIN_DOT, SHURUK_OR_DAGESH, SHVA, SIN_DOT, bare

_HATAF_SEGOL, _HATAF_PATAH, _HATAF_QAMATS = "\u05b1", "\u05b2", "\u05b3"
_HIRIQ, _TSERE, _SEGOL, _QAMATS, _HOLAM, _HOLAM_VAV, _QUBUTS = "\u05b4\u05b5\u05b6\u05b8\u05b9\u05ba\u05bb"
_QAMATS_QATAN = "\u05c7"
_VOWEL = {
    **dict.fromkeys((_HATAF_SEGOL, _TSERE, _SEGOL), "e"),
    **dict.fromkeys((_HATAF_PATAH, PATAH, _QAMATS), "a"),
    **dict.fromkeys((_HATAF_QAMATS, _HOLAM, _HOLAM_VAV, _QAMATS_QATAN), "o"),
    _HIRIQ: "i",
    _QUBUTS: "u",
}
_CONSONANT: dict[str, str] = dict(
    zip("אבגדהוזחטיכלמנסעפצקרשתךםןףץ", [*"\0vɡdhvzxtjxlmns\0f", "ʦ", *"kɾʃt", *"xmnf", "ʦ"], strict=True)
)
_SILENT = "\0"
"""The place of aleph and ayin: no sound of their own, but they part vowels and attract them."""
_PLOSIVE = {"ב": "b", "כ": "k", "פ": "p"}
_WITH_GERESH = {"ג": "ʤ", "ז": "ʒ", "צ": "ʧ", "ץ": "ʧ"}
_GUTTURALS = frozenset("אהחע")
_MAY_END_IN_A_VOWEL = frozenset("אהוחיךעת")
"""Other final letters are never pointed; where the model does so it is wrong."""
_STRESS = "ˈ"
_WORD = re.compile("[א-ת][א-ת\u05b0-\u05c7'\"]*")
_PAUSES = frozenset(",.?!;:")


@dataclass(slots=True)
class _Sound:
    """A consonant with the vowel after it; either may be empty."""

    letter: str
    consonant: str
    vowel: str = ""
    mark: str = ""
    has_shva: bool = False
    has_dagesh: bool = False
    furtive: bool = False


def phonemes(pointed: str) -> str:
    """Return what `pointed` sounds like. Pauses (`,.?!;:`) stay; whatever else has no sound is dropped."""
    text = pointed.replace("-", " ")
    words = list(_WORD.finditer(text))
    said = [_between(text[: words[0].start()] if words else text)]
    at = 0
    while at < len(words):
        taken, sound = 1, ""
        if at + 1 < len(words) and text[words[at].end() : words[at + 1].start()] == " ":
            sound = lexicon().get(f"{bare(words[at].group())} {bare(words[at + 1].group())}", "")
        if sound:
            taken = 2
        at += taken
        until = words[at].start() if at < len(words) else len(text)
        said += [sound or word(words[at - 1].group()), _between(text[words[at - 1].end() : until])]
    return re.sub(r"\s+([,.?!;:])", r"\1", re.sub(r"\s+", " ", "".join(said))).strip()


def word(pointed: str) -> str:
    """Return the phonemes of one pointed word, with `ˈ` before the stressed vowel of a word of several syllables."""
    plain = bare(pointed)
    if known := lexicon().get(plain):
        return known
    sounds = _sounds(pointed)
    if (prefixed := _prefix_and_known(plain, sounds)) is not None:
        return prefixed
    _voice_shvas(sounds)
    stressed = _stressed(plain, sounds)
    return "".join(
        # A furtive patah is said before its guttural.
        (sound.vowel + sound.consonant if sound.furtive else sound.consonant + _marked(sound.vowel, at == stressed))
        for at, sound in enumerate(sounds)
    ).replace(_SILENT, "")


@cache
def lexicon() -> dict[str, str]:
    """Return phonemes by unpointed word. The file is plain Latin: capital = stressed vowel (see its head)."""
    entries = {}
    for line in Path(__file__).with_name("lexicon.tsv").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            hebrew, latin = line.split("\t")
            entries[hebrew] = from_latin(latin)
    return entries


_LATIN = {"sh": "ʃ", "ch": "ʧ", "ts": "ʦ", "zh": "ʒ", "y": "j", "g": "ɡ", "j": "ʤ", "r": "ɾ", "'": ""}


def from_latin(latin: str) -> str:
    """Return the phonemes of the lexicon's Latin spelling, e.g. `shalOm`."""
    spelled = re.sub("[AEIOU]", lambda vowel: _STRESS + vowel.group().lower(), latin)
    return re.sub("sh|ch|ts|zh|[ygjr']", lambda part: _LATIN[part.group()], spelled)


def _between(text: str) -> str:
    return "".join(char if char in _PAUSES else " " for char in text)


def _marked(vowel: str, stressed: bool) -> str:
    return _STRESS + vowel if stressed and vowel else vowel


def _sounds(pointed: str) -> list[_Sound]:
    """Return the word's consonants and vowels; letters that only lengthen or carry a vowel are folded in."""
    letters: list[tuple[str, str]] = re.findall("([א-ת])([^א-ת]*)", pointed)
    final, points = letters[-1]
    if len(letters) > 1 and final not in _MAY_END_IN_A_VOWEL:
        letters[-1] = final, "".join(point for point in points if point in {SHIN_DOT, SIN_DOT, "'"} or final == "פ")
    sounds: list[_Sound] = []
    for at, (letter, points) in enumerate(letters):
        is_last = at == len(letters) - 1
        following = letters[at + 1] if not is_last else ("", "")
        if _joins_the_vowel_before(letter, points, following, sounds):
            continue
        vowel_mark = next((point for point in points if point in _VOWEL), "")
        sound = _Sound(
            letter,
            _consonant(letter, points),
            _VOWEL.get(vowel_mark, ""),
            vowel_mark,
            has_shva=SHVA in points,
            has_dagesh=SHURUK_OR_DAGESH in points,
        )
        if letter == "ו" and sound.has_dagesh and not sound.vowel and not sounds:
            sound.consonant, sound.vowel = "", "u"
        if is_last and sounds and letter in "חעה" and vowel_mark == PATAH and sounds[-1].vowel not in {"", "a"}:
            sound.furtive = True
            if letter == "ה":
                sound.consonant = ""
        sounds.append(sound)
    return sounds


def _consonant(letter: str, points: str) -> str:
    if letter == "ש":
        return "s" if SIN_DOT in points and SHIN_DOT not in points else "ʃ"
    if "'" in points and letter in _WITH_GERESH:
        return _WITH_GERESH[letter]
    if SHURUK_OR_DAGESH in points and letter in _PLOSIVE:
        return _PLOSIVE[letter]
    return _CONSONANT[letter]


def _mater(letter: str, points: str) -> str:
    """Return the vowel that a vav writes, if it is one."""
    if letter != "ו":
        return ""
    if SHURUK_OR_DAGESH in points:
        return "" if any(point in _VOWEL for point in points) or SHVA in points else "u"
    return "o" if _HOLAM in points or _HOLAM_VAV in points else ""


def _joins_the_vowel_before(letter: str, points: str, following: tuple[str, str], sounds: list[_Sound]) -> bool:
    """Fold a mater lectionis, a doubled vav or yod, or a silent letter into the sound before it; tell if it was one."""
    if not sounds:
        return False
    before = sounds[-1]
    if (vowel := _mater(letter, points)) and not before.vowel and not before.has_shva:
        before.vowel, before.mark = vowel, _HOLAM if vowel == "o" else _QUBUTS
        return True
    if any(point in _VOWEL for point in points) or SHVA in points or _mater(*following):
        return False
    is_last = not following[0]
    if letter == "י":
        if is_last and before.mark == _TSERE:
            before.vowel = "ej"
        is_silent = before.vowel in {"i", "e", "ej"} and not points
        return is_silent or before.letter == "י" or (following == ("ו", "") and before.vowel == "a")
    if letter == "ו":
        return not points and (before.vowel in {"o", "u"} or before.letter == "ו")
    if letter == "א":
        return is_last or bool(before.vowel)
    return is_last and letter == "ה"


def _voice_shvas(sounds: list[_Sound]) -> None:
    """Give a vowel to the shvas that Israelis voice: mostly those without which the cluster cannot be said."""
    for at, sound in enumerate(sounds[:-1]):
        if not sound.has_shva:
            continue
        following = sounds[at + 1]
        same = sound.consonant == following.consonant
        if at == 0:
            hard = following.letter in "אהע" or same
            voiced = (
                hard or sound.consonant in "jlmnɾ" or sound.letter in "ול" or (sound.letter == "ב" and _clitic(sounds))
            )
        else:
            before = sounds[at - 1]
            after_prefix = at == 1 and before.letter in "הש" and sound.has_dagesh and sound.consonant in "jlmn"
            voiced = same or after_prefix or (before.has_shva and not before.vowel)
        if voiced:
            sound.vowel = "e"


def _clitic(sounds: list[_Sound]) -> bool:
    """Tell whether an initial `ב` is the preposition: a root's own bet is seldom followed by three sounds."""
    return len(sounds) > 3 or sounds[1].has_dagesh


_PREFIX = re.compile("^([ושהכלבמ]{1,3})")


def _prefix_and_known(plain: str, sounds: list[_Sound]) -> str | None:
    """Return a lexicon word behind prefix letters (and, the, in, to, from, that), or None."""
    match = _PREFIX.match(plain)
    if not match:
        return None
    for length in range(1, len(match.group(1)) + 1):
        stem = plain[length:]
        if len(stem) < 3 or stem not in lexicon() or len(sounds) <= length:
            continue
        prefix = sounds[:length]
        said = "".join(
            ("" if sound.vowel == "u" and sound.letter == "ו" else sound.consonant)
            + (sound.vowel or _PREFIX_VOWEL[sound.letter])
            for sound in prefix
        )
        return said.replace(_SILENT, "") + lexicon()[stem]
    return None


_PREFIX_VOWEL = {"ו": "e", "ש": "e", "ה": "a", "כ": "e", "ל": "e", "ב": "e", "מ": "i"}


def _stressed(plain: str, sounds: list[_Sound]) -> int | None:
    """Return the place of the stressed vowel: the last one, but for the patterns that draw it one back."""
    vowels = [at for at, sound in enumerate(sounds) if sound.vowel]
    if len(vowels) < 2:
        return vowels[0] if vowels else None
    last, before = sounds[vowels[-1]], sounds[vowels[-2]]
    closing = sounds[vowels[-1] + 1 :]
    penult = (
        last.furtive
        or (vowels[-1] == vowels[-2] + 1 and _is_segolate(plain, before, last, closing))
        or (before.vowel == "a" and last.letter == "י" and last.mark == _HIRIQ and bool(closing))
        or _has_light_ending(plain, vowels, sounds)
    )
    return vowels[-2] if penult else vowels[-1]


def _is_segolate(plain: str, before: _Sound, last: _Sound, closing: list[_Sound]) -> bool:
    """bOker, Erev, dElet, rEga, mexapEset: a final segol or patah after a segol-like vowel, closed by one consonant."""
    if len(closing) > 1 or plain.endswith(("כם", "כן", "הם", "הן")):
        return False
    if closing and last.mark == _SEGOL:
        return before.mark in {_SEGOL, _HOLAM, _TSERE}
    ends_guttural = closing and closing[0].letter in _GUTTURALS
    around_guttural = last.letter in _GUTTURALS or ends_guttural
    return bool(closing and around_guttural and last.mark == PATAH and before.mark in {_SEGOL, _HOLAM, PATAH, _TSERE})


def _has_light_ending(plain: str, vowels: list[int], sounds: list[_Sound]) -> bool:
    """rashAmti, higAnu, shelAnu, masArtem: the ending is never stressed in speech."""
    opens_after_consonant = not sounds[vowels[-1] - 1].vowel if vowels[-1] else False
    if plain.endswith("נו") and len(plain) > 3:
        return sounds[vowels[-1]].vowel == "u"
    if plain.endswith("תי") and len(plain) > 3:
        return opens_after_consonant or _ends_in_iti(vowels, sounds)
    return plain.endswith(("תם", "תן")) and len(plain) > 3 and opens_after_consonant


def _ends_in_iti(vowels: list[int], sounds: list[_Sound]) -> bool:
    """Tell the past tense of final-yod roots (panIti, ratsIti), where a vowel precedes the ending."""
    return sounds[vowels[-2]].vowel == "i" and sounds[vowels[-1]].vowel == "i"
