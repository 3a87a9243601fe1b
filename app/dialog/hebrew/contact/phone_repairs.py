"""Repairs of a number that was read back: "הסוף הוא שלוש שמונה", "שבע ולא שש", "הקידומת אפס חמש ארבע" (R10.2, R17)."""

from app.dialog.hebrew.contact.phones import group_at, to_e164
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import Utterance, rests_of, words

_LISTS = Lexicon("hebrew/phones.toml")

_END = _LISTS.words("end")
_BEGINNING = _LISTS.words("beginning")
_NOT = _LISTS.words("not")
_MOST_REPAIRED = 7
_FEWEST_UNPLACED = 3
"""Fewer digits than this fit too many places of a number to say which they repair."""


def _runs(utterance: Utterance) -> list[Span[str]]:
    """Return the digits said in one breath each; any other word parts them."""
    runs: list[Span[str]] = []
    index = 0
    while index < len(utterance):
        read = group_at(utterance, index)
        if read is None:
            index += 1
            continue
        digits, end = read
        if runs and runs[-1].end == index:
            runs[-1] = Span(runs[-1].start, end, runs[-1].value + digits)
        else:
            runs.append(Span(index, end, digits))
        index = end
    return runs


def _exchanged(number: str, old: str, new: str) -> str:
    """Return the number with the digits denied exchanged, "" when it is not clear which ones are meant."""
    return number.replace(old, new) if number.count(old) == 1 else ""


def _denied(utterance: Utterance, runs: list[Span[str]]) -> list[Span[str]]:
    """Return the digits that a no stands before, but for an opening no that answers the question."""
    denied = [run for run in runs if utterance.key(run.start - 1) in _NOT]
    others = len(denied) > 1 or len(runs) == 1
    # "לא, שמונה שבע ולא שמונה ארבע", "לא, שבע שמונה בסוף".
    return denied[1:] if denied and others and denied[0].start == 1 and utterance.key(0) == "לא" else denied


def _differences(said: str, there: str) -> int:
    if said != there and sorted(said) == sorted(there):
        return 1  # two digits that changed places are one mistake
    return sum(one != other for one, other in zip(said, there, strict=True))


def _fitted(number: str, said: str) -> str:
    """Return the number with the digits said put where they differ least, "" when that is not one place."""
    length = len(said)
    if length < _FEWEST_UNPLACED or said in number:
        return ""
    places = sorted((_differences(said, number[at : at + length]), at) for at in range(len(number) - length + 1))
    if places[0][0] > max(1, length // 3) or (len(places) > 1 and places[1][0] == places[0][0]):
        return ""
    at = places[0][1]
    return number[:at] + said + number[at + length :]


def places_digits(utterance: Utterance) -> bool:
    """Whether the caller says where digits belong: "שבע בסוף", "הקידומת חמישים ושתיים"."""
    return not rests_of(utterance.keys).isdisjoint(_END | _BEGINNING)


def repaired_phone(utterance: Utterance, phone: str) -> str | None:
    """Return the number `phone` (E.164) with the part the caller corrects exchanged, as E.164; None: no such repair."""
    number = phone.replace("+972", "0", 1)
    runs = _runs(utterance)
    if not runs or max(len(run.value) for run in runs) > _MOST_REPAIRED:
        return None
    heard = rests_of(utterance.keys)
    last, first = bool(heard & _END), bool(heard & _BEGINNING)
    if len(runs) == 1 and utterance.key(runs[0].start - 1) in words("במקום") and len(runs[0].value) % 2 == 0:
        # "במקום שש תשע": the old digits and at once the new ones.
        said = runs[0].value
        half = len(said) // 2
        return to_e164(_exchanged(number, said[:half], said[half:]))
    denied = _denied(utterance, runs)
    wanted = [run.value for run in runs if run not in denied]
    if len(denied) == 1 and len(wanted) == 1 and len(denied[0].value) == len(wanted[0]):
        repaired = _exchanged(number, denied[0].value, wanted[0])
    elif len(runs) == 1:
        repaired = _with_one_run(number, runs[0].value, last=last, first=first)
    else:
        repaired = _with_prefix(number, "".join(run.value for run in runs))
    return to_e164(repaired) if repaired != number else None


def _with_one_run(number: str, said: str, *, last: bool, first: bool) -> str:
    """Return the number with the only digits said put where the caller says, or where they fit; "" when nowhere."""
    if last:
        return number[: -len(said)] + said
    if first:
        # "הקידומת חמישים וארבע": its nought goes without saying.
        start = said if said.startswith("0") else "0" + said
        return start + number[len(start) :]
    return _with_prefix(number, said) or _fitted(number, said)


def _with_prefix(number: str, said: str) -> str:
    """Return the number with its prefix exchanged: "לא, חמישים ושלוש", said as one number; "" when it is none."""
    if len(said) == len("52") and said.startswith("5") and number.startswith("05"):
        return "0" + said + number[len("052") :]
    return ""
