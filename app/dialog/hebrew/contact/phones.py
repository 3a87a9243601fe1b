"""Phone numbers dictated in words, pairs and digits, over several turns, with repairs (R10.2, R17).

"אפס חמישים ארבע" is 0-5-0-4, "אפס חמישים וארבע" is 0-5-4: only the vav joins a pair.
"""

import re
from dataclasses import dataclass

from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import Kind, atom_at, atoms_of
from app.dialog.hebrew.repairs import turns
from app.dialog.hebrew.tokens import Utterance, fold, words

_LISTS = Lexicon("hebrew/phones.toml")

_MOBILE_DIGITS = 10
_LANDLINE_DIGITS = 9
_MOST_CUT = 4
_MOST_A_WORD = 4
"""Digits that one word of a number can stand for: "ארבע פעמים אפס"."""
_PREFIX_DIGITS = 3
_SHORTEST_ABROAD, MOST_DIGITS = 11, 15
"""E.164 allows for fifteen digits."""
_REPLACE = _LISTS.words("replace")
_RESTART = _LISTS.words("restart")
_TIMES = _LISTS.words("times")
_TIMES_EACH = fold("פעמים")
_NOUGHTS = _LISTS.words("noughts")
PHONE_NOUNS = _LISTS.words("phone_nouns")
_GLUE = _LISTS.words("glue")
_ABROAD_FOLLOWS = _LISTS.words("abroad_follows")
_ABROAD = _LISTS.valued("abroad")
_HOME_CODES = ("+972", "00972", "972")
CALLER_NUMBER = re.compile(r"\+[1-9]\d{7,14}")
# Withheld numbers arrive as words ("anonymous") or as these, which spell such words on a keypad (facts of Twilio).
WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})


@dataclass(frozen=True, slots=True)
class Dictation:
    """Digits heard: a whole number (`phone`, E.164) or what is still missing its end (`digits`)."""

    phone: str | None
    digits: str
    start: int
    end: int


def to_e164(digits: str) -> str | None:
    """Return an Israeli number as E.164: 05x/07x with ten digits, landline 02/03/04/08/09 with nine; else None.

    So, too, a number of another country behind "+" or 00, with as many digits as are dialled there. Unallocated ranges
    are accepted: numbering plans move, and the number is read back anyway.
    """
    if not digits.removeprefix("+").isdecimal():
        return None
    for country in _HOME_CODES:
        if digits.startswith(country) and len(digits) >= len(country) + 8:
            rest = digits.removeprefix(country)
            digits = rest if rest.startswith("0") else "0" + rest
            break
    if digits.startswith(("+", "00")):
        return _abroad(digits.removeprefix("+").removeprefix("00"))
    if len(digits) == _LANDLINE_DIGITS and digits[0] == "5":
        digits = "0" + digits
    mobile = len(digits) == _MOBILE_DIGITS and (digits[:2] == "05" or (digits[:2] == "07" and digits[2] in "23456789"))
    landline = len(digits) == _LANDLINE_DIGITS and digits[0] == "0" and digits[1] in "23489"
    return "+972" + digits[1:] if mobile or landline else None


def is_whole(digits: str) -> bool:
    """Return whether it is a number that no further digit would be part of: of some countries they differ in length."""
    return to_e164(digits) is not None and to_e164(f"{digits}0") is None


def _abroad(number: str) -> str | None:
    """Return another country's number, whose code comes first, as E.164 when it is whole."""
    whole = next((int(_ABROAD[number[:length]]) for length in (3, 2, 1) if number[:length] in _ABROAD), None)
    is_whole = _SHORTEST_ABROAD <= len(number) <= MOST_DIGITS if whole is None else len(number) == whole
    return f"+{number}" if is_whole and not number.startswith(("0", "972")) else None


def takes_whatsapp(phone: str) -> bool:
    """Return whether a number in E.164 can have WhatsApp by itself: an Israeli landline or 07x number cannot."""
    return not phone.startswith("+972") or phone.startswith("+9725")


def _groups(utterance: Utterance, start: int = 0) -> tuple[list[str], int, int]:
    """Return the digit groups as spoken from `start` on, repairs applied, and the tokens they span."""
    groups: list[str] = []
    first, last, index = -1, -1, start
    while index < len(utterance):
        key = utterance.key(index)
        if key in _RESTART and groups:
            groups = []
        elif key in _ABROAD_FOLLOWS and not "".join(groups).startswith("0") and group_at(utterance, index + 1):
            groups, first = ["+"], index
        elif key in _REPLACE or (key == "לא" and groups):
            index = _repair(utterance, index, groups)
            last = max(last, index)
            continue
        read = group_at(utterance, index)
        if key in _TIMES and read is None and groups:
            # "שבע פעמיים" at the end of a breath doubles the digit before.
            groups.append(groups[-1][-1])
            index += 1
            last = index
            continue
        if read is None:
            if groups and key not in _GLUE and key not in _REPLACE and _complete(groups):
                break
            index += 1
            continue
        digits, index = read
        if first < 0:
            first = index - 1
        groups.append(digits)
        last = index
    return groups, max(first, 0), max(last, 0)


def _complete(groups: list[str]) -> bool:
    return to_e164("".join(groups)) is not None


def _repair(utterance: Utterance, index: int, groups: list[str]) -> int:
    """Apply "לא סליחה X": X replaces as many digits as it has, or everything when it is a whole number."""
    while utterance.key(index) in _REPLACE or utterance.key(index) in words("לא רגע התכוונתי אני אה זה"):
        index += 1
    rest: list[str] = []
    end = index
    while (read := group_at(utterance, end)) is not None:
        rest.append(read[0])
        end = read[1]
    if not rest:
        return index
    if len("".join(rest)) >= _LANDLINE_DIGITS or "".join(rest).startswith("05"):
        groups.clear()
    elif (kept := _completed_by("".join(groups), "".join(rest))) is not None:
        # "שש שש לא סליחה שש שבע שתיים...": as many digits fall as make the number whole.
        groups[:] = [kept]
    elif groups:
        replaced, said = groups.pop(), rest[0]
        # A pair is repaired by a pair; one digit repairs only the last digit of a run.
        if len(replaced) > len(said):
            groups.append(replaced[: -len(said)])
    groups.extend(rest)
    return end


def _completed_by(before: str, rest: str) -> str | None:
    """Return what is left of `before` when `rest` replaces its last digits and ends the number; None: not one way."""
    cuts = [before[:-cut] for cut in range(1, _MOST_CUT + 1) if to_e164(before[:-cut] + rest) and before[:-cut]]
    return cuts[0] if len(cuts) == 1 else None


def group_at(utterance: Utterance, index: int) -> tuple[str, int] | None:
    """Read one spoken group: a digit, a pair joined by vav, a written run, "פעמיים שבע"."""
    token = utterance.tokens[index] if index < len(utterance) else None
    if token is None:
        return None
    if token.is_number:
        digits = "".join(letter for letter in token.text if letter.isdigit())
        return digits, index + 1
    if token.key in _NOUGHTS:
        return "0", index + 1
    if token.key in _TIMES and (twice := _repeated(utterance, index + 1, 2)) is not None:
        return twice
    atom = atom_at(utterance, index)
    if atom is None or (atom.prefix and atom.prefix not in ("ו", "ל", "ב")):
        return None
    if atom.kind is Kind.UNIT and utterance.key(index + 1) in _NOUGHTS and 1 < atom.value <= 4:
        return "0" * int(atom.value), index + 2
    if atom.kind is Kind.UNIT and utterance.key(index + 1) == _TIMES_EACH and atom.value in (3, 4):
        more = _repeated(utterance, index + 2, int(atom.value))
        if more is not None:
            return more
    return _spoken_group(utterance, index, atom.kind, int(atom.value))


def _repeated(utterance: Utterance, index: int, times: int) -> tuple[str, int] | None:
    """Read one digit that is said to stand so many times."""
    inner = group_at(utterance, index)
    return (inner[0] * times, inner[1]) if inner is not None and len(inner[0]) == 1 else None


def _spoken_group(utterance: Utterance, index: int, kind: Kind, value: int) -> tuple[str, int] | None:
    follower = atom_at(utterance, index + 1)
    if kind is Kind.TENS:
        if follower is not None and follower.kind is Kind.UNIT and follower.prefix == "ו" and 1 <= follower.value <= 9:
            return str(value + int(follower.value)), index + 2
        return str(value), index + 1
    if kind is Kind.UNIT:
        if follower is not None and follower.kind is Kind.HUNDREDS and not follower.prefix:
            return _hundreds(utterance, index + 2, value * 100)
        if (
            follower is not None
            and follower.kind is Kind.UNIT
            and follower.value == 10
            and not follower.prefix
            and 1 <= value <= 9
        ):
            return str(10 + value), index + 2
        return str(value), index + 1
    if kind is Kind.HUNDRED and utterance.key(index + 1) != "אחוז":
        return _hundreds(utterance, index + 1, value)
    return None


def _hundreds(utterance: Utterance, index: int, value: int) -> tuple[str, int]:
    """Read the tens and units of "שלוש מאות עשרים ושתיים" in a dictated number."""
    follower = atom_at(utterance, index)
    if follower is None or follower.kind not in (Kind.TENS, Kind.UNIT):
        return str(value), index
    after = atom_at(utterance, index + 1)
    teen = after is not None and after.kind is Kind.UNIT and after.value == 10 and not after.prefix
    if follower.kind is Kind.UNIT and follower.prefix != "ו" and not teen:
        return str(value), index
    rest = _spoken_group(utterance, index, follower.kind, int(follower.value))
    assert rest is not None
    return str(value + int(rest[0])), rest[1]


def _solid(utterance: Utterance, start: int, end: int) -> bool:
    """Whether nothing but digits was said between two tokens: "5,800 עד 7,400 שלושה חדרים" is no number."""
    return all(
        group_at(utterance, index) is not None or utterance.key(index) in _GLUE or utterance.key(index) in _REPLACE
        for index in range(start, end)
    )


def understand_phone(utterance: Utterance, held: str, *, expected: bool) -> Dictation | None:
    """Return the number dictated in this utterance, joined to the digits `held` from earlier turns; None: no digits.

    Unless one is `expected`, only a whole number counts.
    """
    if not (expected or held) and _spoken_digits(utterance) < _LANDLINE_DIGITS:
        return None
    groups, start, end = _groups(utterance)
    if _complete(groups) and (mine := _groups(utterance, _after_turn(utterance, end)))[0] and _complete(mine[0]):
        # "המספר של אשתי…, אבל תתקשרו אליי…".
        groups, start, end = mine
    digits = "".join(groups)
    if not digits:
        return None
    phone, digits = _whole(utterance, groups, held)
    if phone is not None:
        said = expected or bool(held) or not PHONE_NOUNS.isdisjoint(utterance.keys)
        said = said or (digits[0] in "09+" and _solid(utterance, start, end))
        return Dictation(phone, "", start, end) if said else None
    if not expected or (len(digits) < 2 and not held):
        return None
    most = MOST_DIGITS if digits.startswith((*_HOME_CODES, "+", "00")) else _MOBILE_DIGITS
    if len(digits) >= most:
        return Dictation(None, "", start, end)
    return Dictation(None, digits, start, end)


def _whole(utterance: Utterance, groups: list[str], held: str) -> tuple[str | None, str]:
    """Return the number that the groups make, with those `held` from before if need be, and the digits tried last."""
    digits = "".join(groups)
    if (phone := to_e164(digits)) is not None:
        return phone, digits
    if any(key.endswith("קידומת") for key in utterance.keys):
        # "תשע שתיים ... שמונה, והקידומת אפס חמש שלוש": the prefix may come last.
        phone = to_e164(digits[-_PREFIX_DIGITS:] + digits[:-_PREFIX_DIGITS])
    if phone is None and (anew := _begun_anew(groups)) is not None:
        phone, digits = to_e164(anew), anew
    if phone is None and held and not digits.startswith("+") and _RESTART.isdisjoint(utterance.keys):
        digits = held + digits
        phone = to_e164(digits)
    return phone, digits


def _spoken_digits(utterance: Utterance) -> int:
    """Return how many digits the numbers in an utterance can be at the very most."""
    return sum(
        len(token.text) if token.is_number else _MOST_A_WORD * (atom is not None)
        for token, atom in zip(utterance.tokens, atoms_of(utterance), strict=True)
    )


def _after_turn(utterance: Utterance, start: int) -> int:
    """Return the first token after the next "but" from `start` on; the end where there is none."""
    return next((point for point in turns(utterance) if point > start), len(utterance))


def _begun_anew(groups: list[str]) -> str | None:
    """Return the whole number that ends a longer dictation: "אפס חמש שמונה, רגע, אפס חמש שמונה ארבע אחת…"."""
    tails = ("".join(groups[at:]) for at in range(1, len(groups)))
    return next((tail for tail in tails if tail.startswith("0") and to_e164(tail) is not None), None)


def callable_number(number: str | None) -> str | None:
    """Return the number if it can be called back: not withheld, and in E.164."""
    return number if number and CALLER_NUMBER.fullmatch(number) and number not in WITHHELD else None
