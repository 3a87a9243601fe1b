"""Numbers in Hebrew words, as people say them (R9.6).

Masculine and feminine forms, construct forms, thousands, halves, shekels, rooms, phone digits, months.
Every function returns words only: Hebrew letters, spaces and, in phone numbers, commas between groups.
"""

from collections.abc import Mapping
from typing import Any, Literal

from app.dialog.hebrew.lexicon import Lexicon

Gender = Literal["m", "f"]

MASCULINE = (
    "אפס אחד שניים שלושה ארבעה חמישה שישה שבעה שמונה תשעה עשרה|אחד עשר|שנים עשר|שלושה עשר|ארבעה עשר|חמישה עשר|"
    "שישה עשר|שבעה עשר|שמונה עשר|תשעה עשר"
)
FEMININE = (
    "אפס אחת שתיים שלוש ארבע חמש שש שבע שמונה תשע עשר|אחת עשרה|שתים עשרה|שלוש עשרה|ארבע עשרה|חמש עשרה|"
    "שש עשרה|שבע עשרה|שמונה עשרה|תשע עשרה"
)


def _below_twenty(table: str) -> tuple[str, ...]:
    units, *teens = table.split("|")
    return (*units.split(), *teens)


UNITS: Mapping[Gender, tuple[str, ...]] = {"m": _below_twenty(MASCULINE), "f": _below_twenty(FEMININE)}
TENS = ("", "", "עשרים", "שלושים", "ארבעים", "חמישים", "שישים", "שבעים", "שמונים", "תשעים")
CONSTRUCT = ("", "", "", "שלושת", "ארבעת", "חמשת", "ששת", "שבעת", "שמונת", "תשעת", "עשרת")
HUNDREDS = ("", "מאה", "מאתיים", *(f"{unit} מאות" for unit in UNITS["f"][3:10]))
MONTHS = ("", *(names.split()[0] for names in Lexicon("hebrew/calendar.toml").table("months").values()))
SCALES = ((10**9, "מיליארד"), (10**6, "מיליון"))
_SPOKEN_WITH_NOUN = 2
LARGEST = 10**12
MOBILE_GROUPS = (3, 6)
LANDLINE_GROUPS = (2, 5)


def _below_thousand(number: int, gender: Gender) -> list[str]:
    words = []
    if number >= 100:
        words.append(HUNDREDS[number // 100])
        number %= 100
    if number >= 20:
        words.append(TENS[number // 10])
        number %= 10
    if number:
        words.append(UNITS[gender][number])
    return words


def _joined(words: list[str]) -> str:
    return words[0] if len(words) == 1 else " ".join(words[:-1]) + " ו" + words[-1]


def number_words(number: int, gender: Gender = "m") -> str:
    """Spell a whole number below 10**12; beyond that, digit by digit, since nobody says such a number."""
    if number < 0:
        return "מינוס " + number_words(-number, gender)
    if number >= LARGEST:
        return digits_words(str(number))
    if number == 0:
        return UNITS[gender][0]
    said: list[str] = []
    for scale, name in SCALES:
        count, number = divmod(number, scale)
        if count:
            counted = {1: "", 2: "שני "}.get(count, _joined(_below_thousand(count, "m")) + " ")
            said.append(f"{'ו' if said and not number else ''}{counted}{name}")
    thousands, rest = divmod(number, 1000)
    if thousands:
        said.append(_thousands(thousands, and_before=bool(said) and not rest))
    if rest:
        words = _below_thousand(rest, gender)
        said.append("ו" + words[0] if said and len(words) == 1 else _joined(words))
    return " ".join(said)


def _thousands(count: int, *, and_before: bool) -> str:
    if count <= 10:
        words = {1: "אלף", 2: "אלפיים"}.get(count, f"{CONSTRUCT[count]} אלפים")
        return "ו" + words if and_before else words
    parts = _below_thousand(count, "m")
    joiner = "ו" if and_before and len(parts) == 1 else ""
    return f"{joiner}{_joined(parts)} אלף"


def decimal_words(number: str, gender: Gender = "m") -> str:
    """Spell "3.5" as שלושה וחצי, "2.25" as שניים ורבע, "1.8" as אחד נקודה שמונה."""
    whole, _, fraction = number.partition(".")
    spelled = number_words(int(whole or "0"), gender)
    fraction = fraction.rstrip("0")
    if not fraction:
        return spelled
    tail = {"5": "חצי", "25": "רבע", "75": "שלושת רבעי"}.get(fraction)
    if tail is None:
        return f"{spelled} נקודה {digits_words(fraction) if len(fraction) > 2 else number_words(int(fraction), gender)}"
    return tail if not int(whole or "0") else f"{spelled} ו{tail}"


def counted(number: int, singular: str, plural: str, gender: Gender) -> str:
    """Spell a count with its noun: חדר אחד, שני חדרים, שתי דירות, שלושה חדרים."""
    if number == 1:
        return f"{singular} {UNITS[gender][1]}"
    if number == 2:
        return f"{'שני' if gender == 'm' else 'שתי'} {plural}"
    return f"{number_words(number, gender)} {plural}"


def price_words(shekels: int) -> str:
    """Spell a price in shekels the way people say it: שניים וחצי מיליון שקל, חמשת אלפים שקל."""
    if shekels in (1, 2):
        return counted(shekels, "שקל", "שקלים", "m")
    millions, rest = divmod(shekels, 10**6)
    noun = "שקלים" if 3 <= shekels % 100 <= 10 and shekels % 100 == shekels % 1000 else "שקל"
    if rest == 500_000 and 1 <= millions < 20:
        return "מיליון וחצי שקל" if millions == 1 else f"{UNITS['m'][millions]} וחצי מיליון שקל"
    return f"{number_words(shekels)} {noun}"


def budget_words(lowest: int | None, highest: int | None) -> str:
    """Spell a budget: עד X, מ־X ומעלה, בין X ל־Y. Empty when nothing is known."""
    if lowest and highest and lowest != highest:
        return f"בין {price_words(lowest).removesuffix(' שקל')} ל{price_words(highest)}"
    if highest:
        return f"עד {price_words(highest)}"
    return f"מעל {price_words(lowest)}" if lowest else ""


def rooms_words(lowest: float | None, highest: float | None = None) -> str:
    """Spell a room count or range, halves allowed: חדר וחצי, שלושה וחצי חדרים, שלושה עד ארבעה חדרים."""
    if lowest is None and highest is None:
        return ""
    if lowest is not None and highest is not None and lowest != highest:
        if lowest < _SPOKEN_WITH_NOUN:
            # "חדר וחצי עד שני חדרים": one room is said before its number.
            return f"{rooms_words(lowest, lowest)} עד {rooms_words(highest, highest)}"
        return f"{_room_count(lowest)} עד {_room_count(highest)} חדרים"
    if lowest is None:
        return f"עד {rooms_words(highest, highest)}"
    said = {1.0: "חדר אחד", 1.5: "חדר וחצי", 2.0: "שני חדרים"}.get(lowest, f"{_room_count(lowest)} חדרים")
    return said if highest is not None else f"לפחות {said}"


def _room_count(rooms: float) -> str:
    return decimal_words(f"{rooms:g}")


def digits_words(digits: str) -> str:
    """Spell digits one by one, in the feminine, as phone numbers are read."""
    return " ".join(UNITS["f"][int(digit)] for digit in digits if digit.isascii() and digit.isdigit())


def national_digits(phone: str) -> str:
    """Return the digits as dialled in Israel (0…) of an E.164 number; of a foreign number, all its digits."""
    digits = "".join(character for character in phone if character.isdigit())
    return "0" + digits[3:] if digits.startswith("972") else digits


def phone_words(phone: str) -> str:
    """Read a phone number aloud in groups of three, three and four (landline: two, three, four)."""
    digits = national_digits(phone)
    first, second = MOBILE_GROUPS if len(digits) != 9 else LANDLINE_GROUPS
    groups = (digits[:first], digits[first:second], digits[second:])
    return ", ".join(digits_words(group) for group in groups if group)


def months_words(months: int) -> str:
    """Spell a number of months: חודש, חודשיים, חצי שנה, שנה וחצי, שנתיים."""
    known = {1: "חודש", 2: "חודשיים", 6: "חצי שנה", 12: "שנה", 18: "שנה וחצי", 24: "שנתיים"}
    return known.get(months) or counted(months, "חודש", "חודשים", "m")


def timing_words(timing: Mapping[str, Any], this_year: int) -> str:
    """Spell a move-in time as a noun phrase: כניסה מיידית, כניסה תוך חודשיים, כניסה במרץ."""
    match timing.get("type"):
        case "immediate":
            return "כניסה מיידית"
        case "within":
            return f"כניסה תוך {months_words(int(timing['months_max']))}"
        case "month":
            year, month = (int(part) for part in str(timing["month"]).split("-"))
            # The year is only said when it is not the coming one: "במרץ" always means the next March.
            later = f" {year_words(year)}" if year > this_year + 1 else ""
            return f"כניסה ב{MONTHS[month]}{later}"
        case "flexible":
            return "מועד כניסה גמיש"
    return ""


def year_words(year: int) -> str:
    """Spell a year: אלפיים עשרים ושבע, אלף תשע מאות תשעים ותשע."""
    return number_words(year, "f")


def date_words(day: int, month: int, year: int | None = None) -> str:
    """Spell a date: חמישה עשר במרץ אלפיים עשרים ושבע; the first of a month as people say it."""
    said = f"{'אחד' if day == 1 else number_words(day)} ב{MONTHS[month]}"
    return f"{said} {year_words(year)}" if year is not None else said


def clock_words(hour: int, minute: int) -> str:
    """Spell a clock time: שתיים וחצי, שמונה ורבע, עשר ועשרים, with the part of day when hour is 13 or more."""
    part = "" if hour < 13 else " אחר הצהריים" if hour < 18 else " בערב"
    base = UNITS["f"][(hour - 1) % 12 + 1]
    tail = {0: "", 1: " ודקה", 2: " ושתי דקות", 15: " ורבע", 30: " וחצי", 5: " וחמישה", 10: " ועשרה"}.get(minute)
    if tail is None:
        tail = (
            f" ו{number_words(minute, 'f')}" if minute >= 20 or minute == 0 else f" ו{number_words(minute, 'f')} דקות"
        )
    return base + tail + part
