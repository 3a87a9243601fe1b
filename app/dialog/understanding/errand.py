"""What a caller rings about when it is no search of their own (R10.2, R10.4).

Owners, landlords, who looks for a room-mate or somebody to take over a lease, other agents, job-seekers and wrong
numbers: the homes they speak of are no wish.
"""

from app.dialog.domain import Asked, Errand
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.phrases import Match
from app.dialog.hebrew.scopes.telling import OTHERS, is_told
from app.dialog.hebrew.tokens import Utterance, rests_of
from app.dialog.understanding.acts import WRONG_NUMBER
from app.dialog.understanding.slots.kind import SEEKS

_LISTS = Lexicon("real_estate/errands.toml")
_OURS = _LISTS.words("ours")
_THE_PROPERTY = _LISTS.words("the_property")

_OWNER = _LISTS.phrases("owner")
_NOT_THE_CALLER = _LISTS.words("not_the_caller")
_SEEKS_TAKERS = _LISTS.phrases("seeks_takers")
_HAVE = _LISTS.phrases("have")
_LET_HOMES = _LISTS.words("let_homes")
_WHICH_I = _LISTS.words("which_i")
_NOTHING_OWNED = _LISTS.words("nothing_owned")
_SALE = _LISTS.words("sale")
_ONESELF = _LISTS.words("oneself")
_SOUGHT_HOME = _LISTS.words("sought_home")
_MOVES_TO = _LISTS.phrases("moves_to")
_NOT_OWNER = _LISTS.words("not_owner")
_ROOM_MATES, _ROOM_OFFERED = _LISTS.words("room_mates"), _LISTS.phrases("room_offered")
_HOME_FOR_MATES = _LISTS.words("home_for_mates")
_SEEKS_SOMEBODY = _LISTS.words("seeks_somebody")
_BROKER, _NO_BROKER = _LISTS.phrases("broker"), _LISTS.phrases("no_broker")
_JOB = _LISTS.phrases("job")
_OTHER_BUSINESS = _LISTS.phrases("other_business")
_NUMBERS_ASKED = (Asked.PHONE, Asked.PHONE_CONFIRM, Asked.SUMMARY_CONFIRM)
"""Here "טעות במספר" is about the digits."""
_BEFORE_A_MATE = 2
_SHORT = 5


def understand_errand(utterance: Utterance, asked: Asked, *, searching: bool = False) -> Errand | None:
    """Return what the caller rings about, when it is no search of their own.

    `searching`: a search is under way; who sells a home now sells it to buy.
    """
    if not searching and _offers_property(utterance):
        return Errand.OWNER
    if _wants_room_mate(utterance):
        return Errand.ROOM_MATE
    if _BROKER.within(utterance) and not _NO_BROKER.within(utterance):
        return Errand.BROKER
    if _JOB.within(utterance):
        return Errand.JOB
    if asked not in _NUMBERS_ASKED and WRONG_NUMBER.within(utterance):
        return Errand.WRONG_NUMBER
    elsewhere = asked is Asked.GREETING and len(utterance) <= _SHORT and _OTHER_BUSINESS.within(utterance)
    return Errand.WRONG_NUMBER if elsewhere else None


def _wants_room_mate(utterance: Utterance) -> bool:
    """Whether the caller has a home and looks for who will share it or take it over."""
    if _ROOM_OFFERED.within(utterance):
        return True
    for index, key in enumerate(utterance.keys):
        before = utterance.keys[max(0, index - _BEFORE_A_MATE) : index]
        if key in _ROOM_MATES and set(before) & _SEEKS_SOMEBODY and not set(before) & _HOME_FOR_MATES:
            return True
    return False


def _offers(utterance: Utterance, match: Match) -> bool:
    """Whether an owner's phrase is the caller's own: neither the office's doing nor a neighbour's."""
    before, after = utterance.key(match.start - 1), utterance.key(match.end)
    if match.value == "להשכיר את" and after not in _LET_HOMES:
        return False
    return before not in _NOT_THE_CALLER and before not in OTHERS


def _then_seeks_home(utterance: Utterance) -> bool:
    """Whether a home to seek follows the one to sell: "מוכרת את הבית ורוצה דירה קטנה"."""
    for at, key in enumerate(utterance.keys):
        oneself = key.startswith("ו") or utterance.key(at - 1) in _ONESELF
        if at and oneself and key.removeprefix("ו") in SEEKS and utterance.key(at + 1) in _SOUGHT_HOME:
            return True
    return False


def _offers_property(utterance: Utterance) -> bool:
    """Whether the caller sells or lets a property of their own, rather than seeking one."""
    keys = set(utterance.keys)
    if _SEEKS_TAKERS.within(utterance):
        return True
    if _MOVES_TO.within(utterance) or _then_seeks_home(utterance):
        # "מוכרים את הדירה ורוצים לעבור לבית צמוד קרקע".
        return False
    if rests_of(keys) & _NOT_OWNER:
        return False
    if any(
        not is_told(utterance, match.start, OTHERS) and _offers(utterance, match) for match in _OWNER.all(utterance)
    ):
        return True
    for match in _HAVE.all(utterance):
        for index in range(match.end, min(match.end + 9, len(utterance))):
            lets_it = utterance.key(index - 1) in _WHICH_I and utterance.key(index + 1) in _SALE
            if utterance.key(index) in SEEKS | _NOTHING_OWNED and not lets_it:
                break
            if utterance.key(index) in _SALE:
                return True
    return any(
        utterance.key(index) in _SALE and keys & _OURS and keys & _THE_PROPERTY for index in range(len(utterance))
    )
