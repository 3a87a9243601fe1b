"""What a caller changes of the rooms or the budget that are known: "תוסיפי חדר", "ארבעה במקום שלושה" (R10.2)."""

from app.dialog.domain import Asked
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.limits import range_between
from app.dialog.hebrew.number_words import is_masculine
from app.dialog.hebrew.numbers import Quantity, Shape, quantities, quantity_at
from app.dialog.hebrew.span import Bounds, Range
from app.dialog.hebrew.tokens import Utterance, fold, rests_of
from app.dialog.understanding.slots.bare_rooms import counts_others, plausible
from app.dialog.understanding.slots.sums import BUDGET_WORDS

_LISTS = Lexicon("real_estate/changes.toml")
_MORE, _LESS = _LISTS.words("more"), _LISTS.words("less")
_ONE_MORE, _ONE_LESS = _LISTS.words("one_more"), _LISTS.words("one_less")
_RAISED, _LOWERED, _BESIDES = _LISTS.words("raised"), _LISTS.words("lowered"), _LISTS.words("besides")
_ROOM, _ONE, _HALF = _LISTS.words("room"), _LISTS.words("one"), _LISTS.words("half")
_AND_A_HALF = fold("וחצי")
_CONTRASTS = _LISTS.words("contrasts")
_ALONE = _LISTS.words("alone")
_THE_ROOM = _LISTS.words("the_room")
_BEFORE_ALONE = _LISTS.words("before_alone")
_TOLD_BACK = (Asked.SUMMARY_CONFIRM, Asked.ANYTHING_ELSE)
_COUNTING = (Asked.TIMING, Asked.NAME, Asked.PHONE, Asked.PHONE_CONFIRM)

Known = tuple[float | None, float | None]


def changed_rooms(utterance: Utterance, asked: Asked, known: Known, budget: float | None) -> Range | None:
    """Return the rooms wanted when the caller tells only how they differ from those `known`, or None.

    `budget`: the one that is known; a number alone that may be a new one is no room.
    """
    if known == (None, None):
        return None
    return (
        _half_more(utterance, known)
        or _stepped(utterance, known)
        or _against(utterance, asked, known)
        or _alone(utterance, asked, budget)
        or _only(utterance, asked)
    )


def _half_more(utterance: Utterance, known: Known) -> Range | None:
    """Read "וחצי" and nothing else as half a room on top of those known."""
    low, high = known
    if utterance.keys != (_AND_A_HALF,) or low is None or low != high:
        return None
    return Range(0, 1, Bounds(low + 0.5, low + 0.5))


def _stepped(utterance: Utterance, known: Known) -> Range | None:
    """Read "תוסיפי חדר", "חצי חדר פחות"; "יש עוד חדר בבניין" and "עוד חדר ארונות" tell which room it is."""
    at = next((index for index, key in enumerate(utterance.keys) if key.removeprefix("ב") in _ROOM), None)
    if at is None:
        return None
    by_one = utterance.key(at) not in _ROOM
    half = utterance.key(at - 1) in _HALF
    start, end = at - half, at + 1 + (utterance.key(at + 1) in _ONE)
    verb = _verb_before(utterance, start)
    up, down = _ways(verb, utterance.key(end), by_one=by_one)
    if up == down or (verb == "עוד" and end < len(utterance)):
        return None
    step = (0.5 if half else 1.0) * (1 if up else -1)
    low, high = (None if bound is None else bound + step for bound in known)
    if not all(plausible(bound) for bound in (low, high) if bound is not None):
        return None
    return Range(start, end, Bounds(low, high))


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


def _against(utterance: Utterance, asked: Asked, known: Known) -> Range | None:
    """Read "ארבעה ולא שלושה", three being known: of two bare numbers the other one."""
    found = quantities(utterance)
    old = [number for number in found if utterance.key(number.start - 1) in _CONTRASTS and number.value in known]
    new = [number for number in found if number not in old and number.value not in known]
    digits = asked in _COUNTING and not all(is_masculine(utterance, number.start) for number in found)
    of_money = not BUDGET_WORDS.isdisjoint(rests_of(utterance.keys))
    if digits or of_money or (len(old), len(new), len(found)) != (1, 1, 2) or _to_higher(utterance, *found):
        return None
    if any(counts_others(utterance, number.end) for number in found):
        # "לא שלושה חודשים, ארבעה".
        return None
    return _as_many(new[0]) if plausible(new[0].value) else None


def _to_higher(utterance: Utterance, low: Quantity, high: Quantity) -> bool:
    """Whether a word makes two numbers the ends of a range: "לא, ארבע עד חמש"."""
    return low.end < high.start and range_between(utterance, low, high)


def _alone(utterance: Utterance, asked: Asked, budget: float | None) -> Range | None:
    """Read "לא, ארבעה" where the details are told back: a number and nothing else, which can be no budget."""
    start = next((at for at, key in enumerate(utterance.keys) if key not in _BEFORE_ALONE), 0)
    number = quantity_at(utterance, start)
    if asked not in _TOLD_BACK or number is None or number.end != len(utterance):
        return None
    may_be_sum = budget is not None and _like_budget(number.value, budget)
    return _as_many(number) if plausible(number.value) and not may_be_sum else None


def _only(utterance: Utterance, asked: Asked) -> Range | None:
    """Read "אפשר לוותר על החדר הרביעי, שלושה", "תרשמי חמישה בלבד": as rooms are counted, and last."""
    end = len(utterance) - (utterance.key(len(utterance) - 1) in _ALONE)
    found = quantities(utterance)
    if asked in (Asked.TIMING, Asked.ROOMS) or not found or found[-1].end != end:
        return None
    start = found[-1].start
    of_rooms = end < len(utterance) or any(key in _THE_ROOM for key in utterance.keys[:start])
    return _as_many(found[-1]) if of_rooms and is_masculine(utterance, start) else None


def _as_many(number: Quantity) -> Range:
    """Return just so many rooms."""
    return Range(number.start, number.end, Bounds(number.value, number.value))


def _like_budget(number: float, budget: float) -> bool:
    """Whether a number, as thousands or millions, is near the budget that is known: it may as well be a new one."""
    return any(budget / 2 <= number * unit <= budget * 2 for unit in (1_000, 1_000_000))


def changed_sum(utterance: Utterance, said: Quantity, amount: float, known: float | None) -> float | None:
    """Return the sum wanted when `amount` comes on top of, or off, the one `known`: "עוד מאה אלף", "תעלי באלף".

    None: it stands for itself. What is more than half of the budget is no difference.
    """
    if known is None or 2 * amount > known or said.prefix not in ("", "ב") or said.shape is Shape.BARE:
        return None
    verb, after = _verb_before(utterance, said.start), utterance.key(said.end)
    if verb in _MORE or (said.prefix and verb in _RAISED) or after in _ONE_MORE:
        return known + amount
    return known - amount if verb in _LESS | _ONE_LESS | _LOWERED or after in _ONE_LESS else None


def tail_of_sum(utterance: Utterance, said: Quantity, known: float | None) -> float | None:
    """Return the sum wanted when "ומאתיים" and nothing else is said on a round one that is `known`."""
    if known is None or (said.start, said.end, said.prefix) != (0, len(utterance), "ו"):
        return None
    unit = 1_000_000 if known >= 1_000_000 else 1_000
    return known + said.value * unit / 1_000 if known % unit == 0 and said.shape is Shape.HUNDREDS else None
