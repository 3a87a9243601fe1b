"""What a caller changes of the rooms or the budget that are known: "תוסיפי חדר", "ארבעה במקום שלושה" (R10.2)."""

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import is_masculine
from app.dialog.hebrew.numbers import Quantity, Shape, quantities, quantity_at
from app.dialog.hebrew.repairs import rejected_after
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import Utterance, fold

_LISTS = Lexicon("real_estate/changes.toml")
_MORE, _LESS = _LISTS.words("more"), _LISTS.words("less")
_ONE_MORE, _ONE_LESS = _LISTS.words("one_more"), _LISTS.words("one_less")
_RAISED, _LOWERED, _BESIDES = _LISTS.words("raised"), _LISTS.words("lowered"), _LISTS.words("besides")
_ROOM, _ONE, _HALF = _LISTS.words("room"), _LISTS.words("one"), _LISTS.words("half")
_AND_A_HALF = fold("וחצי")
_CONTRASTS = _LISTS.words("contrasts")
_ALONE = _LISTS.words("alone")
_LEAST_ROOMS, _MOST_ROOMS = 1, 12
_THE_ROOM, _FEW = _LISTS.words("the_room"), 2
_LEAST_ALONE, _MOST_ALONE = 1.5, 9.5
_BEFORE_ALONE = _LISTS.words("before_alone")
_TOLD_BACK = (Asked.SUMMARY_CONFIRM, Asked.ANYTHING_ELSE)
_COUNTING = (Asked.TIMING, Asked.NAME, Asked.PHONE, Asked.PHONE_CONFIRM)

Known = tuple[float | None, float | None]


def changed_rooms(utterance: Utterance, asked: Asked, known: Known, budget: float | None) -> Range | None:
    """Return the rooms wanted when the caller tells only how they differ from those `known`, or None.

    `budget`: the one that is known; a number that stands against it is no room.
    """
    if known == (None, None):
        return None
    return (
        _half_more(utterance, known)
        or _stepped(utterance, known)
        or _against(utterance, asked, known, budget)
        or _alone(utterance, asked, budget)
        or _only(utterance, asked, known)
    )


def _half_more(utterance: Utterance, known: Known) -> Range | None:
    """Read "וחצי" and nothing else as half a room on top of those known."""
    low, high = known
    if utterance.keys != (_AND_A_HALF,) or low is None or low != high or low != int(low):
        return None
    return Range(0, 1, Bounds(low + 0.5, low + 0.5))


def _stepped(utterance: Utterance, known: Known) -> Range | None:
    """Read "תוסיפי חדר", "חצי חדר פחות": nothing else may be counted beside it."""
    at = next((index for index, key in enumerate(utterance.keys) if key.removeprefix("ב") in _ROOM), None)
    if at is None:
        return None
    by_one = utterance.key(at) not in _ROOM
    half = utterance.key(at - 1) in _HALF
    start, end = at - half, at + 1 + (utterance.key(at + 1) in _ONE)
    verb = _verb_before(utterance, start)
    up, down = _ways(verb, utterance.key(end), by_one=by_one)
    if up == down or _tells_which(utterance, start, end, verb):
        return None
    step = (0.5 if half else 1.0) * (1 if up else -1)
    low, high = (None if bound is None else bound + step for bound in known)
    if not all(_LEAST_ROOMS <= bound <= _MOST_ROOMS for bound in (low, high) if bound is not None):
        return None
    return Range(start, end, Bounds(low, high))


def _tells_which(utterance: Utterance, start: int, end: int, verb: str) -> bool:
    """Whether other rooms are counted, or which room it is is told: "עוד חדר ארונות", "יש עוד חדר בבניין"."""
    counted = any(not start <= quantity.start < end for quantity in quantities(utterance))
    return counted or (verb == "עוד" and end < len(utterance))


def _ways(verb: str, after: str, *, by_one: bool) -> tuple[bool, bool]:
    """Return whether a room comes on top, and whether it goes; `by_one`: "תעלי בחדר", where no other word says so."""
    if by_one:
        return verb in _RAISED, verb in _LOWERED
    return verb in _MORE | _RAISED or after in _ONE_MORE, verb in _LESS or after in _ONE_LESS


def _verb_before(utterance: Utterance, start: int) -> str:
    """Return the word that may say what becomes of the amount at `start`: "תוסיפי (לי עוד) מאה אלף"."""
    before = start - 1
    while utterance.key(before) in _BESIDES:
        before -= 1
    verb = utterance.key(before)
    return verb if verb in _MORE | _LESS | _RAISED | _LOWERED else utterance.key(start - 1)


def _against(utterance: Utterance, asked: Asked, known: Known, budget: float | None) -> Range | None:
    """Read "ארבעה ולא שלושה", three being known: of two bare numbers the other one."""
    found = quantities(utterance)
    digits = asked in _COUNTING and not _as_rooms(utterance, asked, found)
    if digits or len(found) != 2 or not all(_is_count(utterance, quantity) for quantity in found):
        return None
    old = [quantity for quantity in found if utterance.key(quantity.start - 1) in _CONTRASTS]
    gone = [quantity for quantity in found if quantity.value in known and rejected_after(utterance, quantity.end)]
    new = [quantity for quantity in found if (quantity not in gone if gone else quantity.value not in known)]
    if not gone and _CONTRASTS.isdisjoint(utterance.keys):
        return None
    if len(new) != 1 or new == old or _is_sum(new[0], found, budget) or not _LEAST_ROOMS <= new[0].value <= _MOST_ROOMS:
        return None
    return Range(new[0].start, new[0].end, Bounds(new[0].value, new[0].value))


def _as_rooms(utterance: Utterance, asked: Asked, found: list[Quantity]) -> bool:
    """Whether numbers are said as rooms are counted and digits are not: "שלושה ולא ארבעה"."""
    return asked is not Asked.TIMING and all(is_masculine(utterance, at.start) for at in found)


def _alone(utterance: Utterance, asked: Asked, budget: float | None) -> Range | None:
    """Read "לא, ארבעה" where the details are told back: a number and nothing else, which can be no budget."""
    start = next((at for at, key in enumerate(utterance.keys) if key not in _BEFORE_ALONE), 0)
    number = quantity_at(utterance, start)
    if asked not in _TOLD_BACK or number is None or number.end != len(utterance):
        return None
    counts = number.shape is Shape.BARE and not number.prefix and _LEAST_ALONE <= number.value <= _MOST_ALONE
    halves = 2 * number.value == int(2 * number.value)
    if not (counts and halves) or (budget is not None and _like_budget(number.value, budget)):
        return None
    return Range(start, number.end, Bounds(number.value, number.value))


def _only(utterance: Utterance, asked: Asked, known: Known) -> Range | None:
    """Read "אפשר לוותר על החדר הרביעי, שלושה", "תרשמי חמישה בלבד": as rooms are counted, and last."""
    end = len(utterance) - (utterance.key(len(utterance) - 1) in _ALONE)
    found = quantities(utterance)
    if asked in (Asked.TIMING, Asked.ROOMS) or len(found) != 1 or found[0].end != end:
        return None
    value, start = found[0].value, found[0].start
    of_rooms = end < len(utterance) or any(key in _THE_ROOM for key in utterance.keys[:start])
    near = any(0 < abs(value - bound) <= _FEW for bound in known if bound is not None)
    if not (of_rooms and near and start == end - 1 and is_masculine(utterance, start)) or found[0].prefix:
        return None
    return Range(start, end, Bounds(value, value))


def _like_budget(number: float, budget: float) -> bool:
    """Whether a number, as thousands or millions, is near the budget that is known: it may as well be a new one."""
    return any(budget / 2 <= number * unit <= budget * 2 for unit in (1_000, 1_000_000))


def _is_count(utterance: Utterance, quantity: Quantity) -> bool:
    """Whether a number is bare and counts nothing that is named: it ends the clause or stands before a contrast."""
    after = utterance.key(quantity.end)
    apart = quantity.end == len(utterance) or "," in utterance.tokens[quantity.end].gap
    apart = apart or after in _CONTRASTS | _ALONE or rejected_after(utterance, quantity.end)
    return quantity.shape is Shape.BARE and quantity.prefix in ("", "ה", "ש") and apart


def _is_sum(new: Quantity, found: list[Quantity], budget: float | None) -> bool:
    """Whether the number that is replaced may as well be the budget that is known: six of 6,000."""
    if budget is None:
        return False
    return any(
        quantity is not new and budget in (quantity.value * 1_000, quantity.value * 1_000_000) for quantity in found
    )


def changed_sum(utterance: Utterance, said: Quantity, amount: float, known: float | None) -> float | None:
    """Return the sum wanted when `amount` comes on top of, or off, the one `known`: "עוד מאה אלף", "תעלי באלף".

    None: it stands for itself. What is more than half of the budget is no difference.
    """
    if known is None or 2 * amount > known or said.prefix not in ("", "ב") or said.shape is Shape.BARE:
        return None
    verb = _verb_before(utterance, said.start)
    last = said.end == len(utterance) - 1
    if verb in _MORE or (said.prefix and verb in _RAISED) or (last and utterance.key(said.end) in _ONE_MORE):
        return known + amount
    down = verb in _LESS | _ONE_LESS or (said.prefix and verb in _LOWERED)
    return known - amount if down or (last and utterance.key(said.end) in _ONE_LESS) else None


def tail_of_sum(utterance: Utterance, said: Quantity, known: float | None) -> float | None:
    """Return the sum wanted when "ומאתיים" and nothing else is said on a round one that is `known`."""
    if known is None or (said.start, said.end) != (0, len(utterance)) or said.prefix != "ו":
        return None
    unit = 1_000_000 if known >= 1_000_000 else 1_000
    tail = said.value * unit / 1_000 if said.shape is Shape.HUNDREDS else 0
    return known + tail if known % unit == 0 and 0 < tail < unit else None
