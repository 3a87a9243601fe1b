"""Make any text speakable: no digit, symbol or Latin letter is left for the TTS to guess at (R9.6).

The agent's own lines are written in words already; this is what stands between free text (an LLM's line, an office's
name, a caller's spelling) and the voice. Rules run from the most specific to the plainest, and the last one removes
whatever is neither Hebrew nor plain punctuation.
"""

import re
from collections.abc import Callable

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.spelling import (
    MONTHS,
    UNITS,
    Gender,
    clock_words,
    counted,
    date_words,
    decimal_words,
    digits_words,
    months_words,
    number_words,
    phone_words,
    price_words,
    rooms_words,
    year_words,
)

_LISTS = Lexicon("hebrew/speakable.toml")
Rule = tuple[re.Pattern[str], Callable[[re.Match[str]], str]]

NUMBER = r"(?<![\d.,])(\d{1,3}(?:,\d{3})+|\d+)(\.\d+)?"
ABBREVIATIONS: dict[str, str] = _LISTS.table("abbreviations")
LATIN_WORDS: dict[str, str] = _LISTS.table("latin_words")
LATIN_LETTERS: dict[str, str] = _LISTS.table("letters")
SYMBOLS: dict[str, str] = _LISTS.table("symbols")
_GENDERS: tuple[tuple[Gender, str], ...] = (("f", "feminine_nouns"), ("m", "masculine_nouns"))
NOUNS: dict[str, tuple[str, str, Gender]] = {
    several: (one, several, gender) for gender, name in _GENDERS for several, one in _LISTS.table(name).items()
}
"""Nouns a digit may stand before: singular, plural, gender."""
_ONE = {single: gender for single, _, gender in NOUNS.values()} | dict.fromkeys(_LISTS.text("feminine").split(), "f")
# Plurals whose ending is of the other gender.
_FEMININE_PLURALS = frozenset(_LISTS.text("feminine_plurals").split())
_MASCULINE_PLURALS = frozenset(_LISTS.text("masculine_plurals").split())


def _value(text: str) -> int:
    return int(text.replace(",", ""))


def _plural(match: re.Match[str]) -> str:
    """Say a count as its noun asks: "2 ערים" is שתי ערים, "4 שכונות" ארבע שכונות."""
    noun = match.group(2)
    feminine = noun in _FEMININE_PLURALS or (noun.endswith("ות") and noun not in _MASCULINE_PLURALS)
    return counted(_value(match.group(1)), noun, noun, "f" if feminine else "m")


def _one(match: re.Match[str]) -> str:
    noun = match.group(1)
    return f"{noun} {UNITS['f' if _ONE[noun] == 'f' else 'm'][1]}"


def _metres(match: re.Match[str]) -> str:
    number, square = match.group(1), match.group(2) or ""
    if number == "1":
        return f"מטר {square} אחד".replace("  ", " ")
    if number == "2":
        return f"שני מטרים {'רבועים' if square else ''}".strip()
    return f"{decimal_words(number.replace(',', ''))} מטר {square}".strip()


def _agorot(match: re.Match[str]) -> str:
    shekels, agorot = _value(match.group(1)), int(match.group(2))
    said = counted(shekels, "שקל", "שקלים", "m")
    return f"{said} ו{counted(agorot, 'אגורה', 'אגורות', 'f')}" if agorot else said


def _hours(match: re.Match[str]) -> str:
    first, last = (number_words(int(hour), "f") for hour in match.group(2, 3))
    return f"{match.group(1)}{first} עד {last}"


def _money(match: re.Match[str]) -> str:
    whole, fraction, scale = match.group("whole"), match.group("fraction") or "", match.group("scale") or ""
    factor = {"מיליון": 10**6, "m": 10**6, "אלף": 1000, "k": 1000}.get(scale.lower(), 1)
    shekels = round(float(whole.replace(",", "") + fraction) * factor)
    return price_words(shekels)


def _scaled(match: re.Match[str]) -> str:
    whole, fraction, scale = match.group("whole"), match.group("fraction") or "", match.group("scale").lower()
    factor = 10**6 if scale in ("m", "מיליון") else 1000
    return price_words(round(float(whole.replace(",", "") + fraction) * factor)).removesuffix(" שקל")


def _date(match: re.Match[str]) -> str:
    day, month = int(match.group("day")), int(match.group("month"))
    if not (1 <= day <= 31 and 1 <= month <= 12):
        return match.group()
    year = int(match.group("year")) if match.group("year") else None
    if year is not None and year < 100:
        year += 2000
    # "ב-1.12" is said "באחד בדצמבר": the prefix joins the day.
    return (match.group("prefix") or "").rstrip("-־") + date_words(day, month, year)


def _clock(match: re.Match[str]) -> str:
    hour, minute = int(match.group(1)), int(match.group(2))
    return clock_words(hour or 12, minute) if hour < 24 and minute < 60 else match.group()


def _phone(match: re.Match[str]) -> str:
    return phone_words("".join(character for character in match.group() if character.isdigit()))


def _rooms(match: re.Match[str]) -> str:
    rooms = float(match.group(1))
    return rooms_words(rooms, rooms)


def _counted(match: re.Match[str]) -> str:
    return counted(_value(match.group(1)), *NOUNS[match.group(2)])


def _percent(match: re.Match[str]) -> str:
    number = match.group(1)
    return "אחוז אחד" if number == "1" else "שני אחוזים" if number == "2" else f"{decimal_words(number)} אחוז"


def _plain(match: re.Match[str]) -> str:
    whole = match.group(1)
    if len(whole) > 1 and whole.startswith("0"):
        return digits_words(whole + (match.group(2) or ""))
    return decimal_words(whole.replace(",", "") + (match.group(2) or ""))


_AMOUNT = r"(?<![\d.,])(?P<whole>\d{1,3}(?:,\d{3})+|\d{1,12})(?P<fraction>\.\d{1,6})?"
_PREFIX = r"(?P<prefix>(?<![א-ת])[בלמשוהכ]{1,2}[-־]?)?"
_MONTH_NAMES = "|".join(MONTHS[1:])
RULES: tuple[Rule, ...] = (
    (re.compile(r"(?<!\d)24/7(?!\d)"), lambda _: "עשרים וארבע שבע"),
    (re.compile(r"(?:\+?972[-\s]?|(?<!\d)0)\d{1,2}[-\s]?\d{3}[-\s]?\d{4}(?!\d)"), _phone),
    (
        re.compile(r"(?<![\d-])\d{1,4}(?:-\d{2,4}){2,}(?![\d-])"),
        lambda m: ", ".join(digits_words(group) for group in m.group().split("-")),
    ),
    (re.compile(r"(שע(?:ה|ות) )(\d{1,2})\s*[-–־]\s*(\d{1,2})(?![\d:])"), _hours),
    (
        re.compile(r"(קומה )(\d{1,3})( מתוך )(\d{1,3})(?!\d)"),
        lambda m: f"{m[1]}{number_words(int(m[2]), 'f')}{m[3]}{number_words(int(m[4]), 'f')}",
    ),
    (
        re.compile(
            _PREFIX
            + r"(?P<day>\d{1,2})[./](?P<month>\d{1,2})(?:[./](?P<year>\d{4}|\d{2}))?(?![\d./])"
            + r"(?!\s*(?:חד|מיליון|אלף|[kmKM₪%]))"
        ),
        _date,
    ),
    (re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?!\d)"), _clock),
    (re.compile(r"(?<=[א-ת])[-־](?=\d)"), lambda _: ""),
    (
        re.compile(r"(?<!\d)(\d{1,2})\s+ב(?=" + _MONTH_NAMES + ")"),
        lambda m: f"{date_words(int(m.group(1)) or 1, 1).split(' ב')[0]} ב",
    ),
    (re.compile(r"(?<=\d)\s*[-–־]\s*(?=\d)"), lambda _: " עד "),
    (re.compile(r"(?<![\d.,])(\d{1,4})\.(\d{2})\s*(?:₪|שקלים|שקל|שח)(?![א-ת])"), _agorot),
    (re.compile(r"₪\s*(\d{1,4})\.(\d{2})(?![\d.,])"), _agorot),
    (
        re.compile(r"(?:₪\s*)" + _AMOUNT),
        lambda m: price_words(round(float(m["whole"].replace(",", "") + (m["fraction"] or "")))),
    ),
    (re.compile(_AMOUNT + r"\s*(?P<scale>מיליון|אלף|[kKmM](?![a-zA-Z]))?\s*(?:₪|שקלים|שקל|שח)(?![א-ת])"), _money),
    (re.compile(_AMOUNT + r"\s*(?P<scale>מיליון|אלף|[kKmM](?![a-zA-Z]))"), _scaled),
    (re.compile(r"(\d{1,2}(?:\.\d)?)\s*חדר(?:ים)?(?![א-ת])"), _rooms),
    (re.compile(r"(\d{1,3})\s*חודש(?:ים)?(?![א-ת])"), lambda m: months_words(int(m.group(1)) or 1)),
    (re.compile(r"(\d{1,6})\s+(" + "|".join(NOUNS) + r")(?![א-ת])"), _counted),
    (re.compile(r"(?<![\d.,])1\s+(" + "|".join(_ONE) + r")(?![א-ת])"), _one),
    (re.compile(r"(?<![\d.,])(\d+(?:,\d{3})*(?:\.\d+)?)\s*מטר(?: (רבוע))?(?![א-ת])"), _metres),
    (re.compile(r"(\d+(?:\.\d+)?)\s*(?:%|אחוזים|אחוז)"), _percent),
    (re.compile(r"(ספרות(?: האחרונות)? |\*|כוכבית )(\d{2,10})"), lambda m: m.group(1) + digits_words(m.group(2))),
    (
        re.compile(
            r"((?:קומה|דירה|כניסה|שעה|שכונה|אוטובוס|קו|שורה|קוד(?: הוא)?|(?:רחוב|שדרות)(?: [א-ת'\"]+){1,3}) )"
            r"(\d{1,3})(?!\d)"
        ),
        lambda m: m.group(1) + number_words(int(m.group(2)), "f"),
    ),
    (re.compile(r"(?<![\d.,])(\d{1,3})\s+((?![בלו])[א-ת]{2,}(?:ים|ות))(?![א-ת])"), _plural),
    (re.compile(r"(?<=שנת )(\d{4})"), lambda m: year_words(int(m.group(1)))),
    (re.compile(r"(?<![\d,.])((?:19|20)\d{2})(?![\d,.]?\d)"), lambda m: year_words(int(m.group(1)))),
    (re.compile(r"(?<![\d,.])(0\d+|\d{13,})"), lambda m: digits_words(m.group(1))),
    (re.compile(NUMBER), _plain),
)
NIQQUD = re.compile(r"[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4-\u05c7]")
QUOTES = str.maketrans(
    {"״": '"', "׳": "'", "”": '"', "“": '"', "’": "'", "‘": "'", "–": "-", "—": ",", "־": "-", "…": "."}
)
_ABBREVIATION = re.compile(
    r"(?<![א-ת\"'])([ובלמשהכ]?)("
    + "|".join(sorted(map(re.escape, ABBREVIATIONS), key=len, reverse=True))
    + r")(?![א-ת\"])"
)
_LATIN = re.compile(r"[A-Za-z]+")
_DIGIT = re.compile(r"\d")
_UNSPEAKABLE = re.compile(r"[^א-ת\s,.?!'\"]")
_STRAY_QUOTE = re.compile(r"(?<![א-ת])['\"]|\"(?![א-ת])")


def _latin(match: re.Match[str]) -> str:
    word = match.group()
    known = LATIN_WORDS.get(word.lower())
    if known:
        return f" {known} "
    return " " + " ".join(LATIN_LETTERS[letter] for letter in word.lower()) + " "


def speakable(text: str) -> str:
    """Return the text in Hebrew words: Hebrew letters, spaces, , . ? ! and quotes inside a word (צ'ק) only."""
    text = NIQQUD.sub("", text).translate(QUOTES)
    text = _ABBREVIATION.sub(lambda match: match.group(1) + ABBREVIATIONS[match.group(2)], text)
    for pattern, say in RULES:
        text = pattern.sub(say, text)
    for symbol, words in SYMBOLS.items():
        text = text.replace(symbol, words)
    text = _LATIN.sub(_latin, text)
    # Digits of other scripts (and any the rules left) are still digits to a TTS.
    text = _DIGIT.sub(lambda match: f" {UNITS['f'][int(match.group())]} ", text)
    text = _STRAY_QUOTE.sub(" ", _UNSPEAKABLE.sub(" ", text))
    text = re.sub(r"\s+([,.?!])", r"\1", re.sub(r"\s+", " ", text))
    text = re.sub(r"([,.?!])[,.]+", r"\1", text)
    return text.strip(" ,")
