"""Areas the caller wants, told apart from those only mentioned: lived in, passed by, denied, a street (R10.2)."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

from app.dialog.domain import Asked
from app.dialog.hebrew.dates import is_ordinal, ordinal_month
from app.dialog.hebrew.gazetteer import Mention, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.names import first_names
from app.dialog.hebrew.numbers import atom_at
from app.dialog.hebrew.repairs import answers_no_with, negated, settle
from app.dialog.hebrew.scope import MEDIA, Whose, then_seeks, tokens_of
from app.dialog.hebrew.tokens import Utterance, fold, stems
from app.dialog.understanding.ear.misheard import misheard_places

_LISTS = Lexicon("real_estate/area.toml")
_LOCATES = _LISTS.words("locates")
_AREA_OF = _LISTS.words("area_of")
_NO_QUARTER = _LISTS.words("no_quarter")
_TOWN = _LISTS.words("town")
_WEEKDAY_OR_FIRST = _LISTS.words("weekday_or_first")
_DATED = _LISTS.words("dated")
_CENTRE_OF = _LISTS.words("centre_of")
_OF_ORIGIN = _LISTS.words("of_origin")
_MOVES = _LISTS.words("moves")
_YOU = _LISTS.words("you")
_WERE = _LISTS.words("were")
_SON_OF_NONE = _LISTS.words("son_of_none")
_FOR_WHOM = _LISTS.words("for_whom")
_TELLS_WHO = _LISTS.words("tells_who")
_OF_QUARTER = _LISTS.words("of_quarter")
_IN_QUARTER = _LISTS.words("in_quarter")
_CHANGES_PLACE = _LISTS.words("changes_place")
_ALSO_PLACE = _LISTS.words("also_place")

_STREET = _LISTS.words("street")
_INTRODUCES = _LISTS.words("introduces")
_BORNE = 300
"""Of so many people a name is no rare one."""
_WOULD_LIKE = _LISTS.words("would_like")
_NEAR = _LISTS.words("near")
_URGES, _NAMES_A_TOWN = _LISTS.words("urges"), _LISTS.words("names_a_town")
_JOINS_TOWNS = _LISTS.words("joins_towns")
_BESIDE_ONE, _TO_ONE = _LISTS.words("beside_one"), _LISTS.words("to_one")
_CLOSE_TO = _LISTS.words("close_to")
_LIVES_WORDS = _LISTS.words("lives")
_CALLS = _LISTS.words("calls")
_KIN = _LISTS.words("kin")
_OWN_CHILD = _LISTS.words("own_child")
_SEEKS = _LISTS.words("seeks")
_OFF_TOPIC = _LISTS.words("off_topic")
_NEW_HOMES = _LISTS.words("new_homes")
_TEAMS = _LISTS.words("teams")
_SHORT_NAME = 4
_TELLING = _LISTS.words("telling")
_CONCLUDES = _LISTS.words("concludes")
_COMMON_PLACES = frozenset(_LISTS.listed("common_places"))
"""Neighbourhoods that are everyday words, too: never taken from a preposition alone."""
_DIRECTIONS = {fold(word): word for word in ("צפון", "דרום", "מזרח", "מערב", "מרכז")}
_ADD = _LISTS.words("add")
_REMOVE = _LISTS.words("remove")


@dataclass(frozen=True, slots=True)
class Areas:
    """What an utterance says about the area: the new full list (None: no change), and where."""

    value: list[str] | None = None
    withdrawn: bool = False
    mentions: tuple[Mention, ...] = ()
    unsure: bool = False
    claimed: frozenset[int] = field(default_factory=frozenset)
    doubted: tuple[Mention, ...] = ()
    """To the question for the area, where the caller lives: perhaps they would stay there."""


def _certain(utterance: Utterance, mention: Mention, asked: Asked, towns: set[str], mentions: int) -> bool:
    """Whether a name that is also a common word stands for the place here."""
    place, before, after = mention.place, utterance.key(mention.start - 1), utterance.key(mention.end)
    if place.name == "עומר" and before == "לג":
        return False
    if not mention.prefix and before in _INTRODUCES and first_names().get(utterance.key(mention.start), 0) >= _BORNE:
        # "מדבר עומר": who, not where.
        return False
    located = mention.prefix[-1:] in ("ב", "ל") or before in _LOCATES
    located = located or (before == "של" and utterance.key(mention.start - 2) in _AREA_OF)
    located = located or (after == "או" and mentions > 1)
    located_area = located and not mention.prefix and before not in _NO_QUARTER
    alone = asked is Asked.AREA and len(utterance) - (mention.end - mention.start) <= 2
    if place.risky == "word":
        return (
            (before in _TOWN or (mentions == 1 and (located or len(utterance) == 1) and len(utterance) == mention.end))
            and mention.end == len(utterance)
            and (asked is Asked.AREA or before in _TOWN)
        )
    if mention.alias == "risky":
        if ordinal_month(utterance, mention.start) or before in _WEEKDAY_OR_FIRST:
            return False
        if after[:1] == "ל" or is_ordinal(after[1:]) or after in _DATED:
            return False
        return asked is Asked.AREA or located
    if mention.alias == "bare" and mention.end - mention.start == 1 and place.kind == "region":
        if after in _CENTRE_OF:
            return False
        return located or asked is Asked.AREA or before in _DIRECTIONS
    if place.needs_city:
        first = utterance.key(mention.start).removeprefix(mention.prefix)
        telling = first in _TELLING and mention.end - mention.start > 1
        inside = asked is Asked.GREETING and mention.prefix == "ב" and place.name not in _COMMON_PLACES
        return inside or asked is Asked.AREA or located_area or telling or bool(towns & set(place.cities))
    if place.name == "קדימה" and not mention.prefix and _means_forward(utterance, mention, asked):
        return False
    if place.risky == "small":
        return located or alone
    # "לקנות דירה יפו": no preposition, but no person is called so.
    sought = place.name not in first_names() and bool(set(utterance.keys) & _SEEKS)
    long = len(place.name) > _SHORT_NAME or place.kind != "neighbourhood"
    return bool(long or located or alone or towns or sought)


def _means_forward(utterance: Utterance, mention: Mention, asked: Asked) -> bool:
    """Whether "קדימה" is no town: "סבבה קדימה", "שנה שנתיים קדימה", or an answer where no place was asked."""
    before, after = utterance.key(mention.start - 1), utterance.key(mention.end)
    if before in _NAMES_A_TOWN or after in _JOINS_TOWNS or before in _JOINS_TOWNS:
        return False
    return asked not in (Asked.AREA, Asked.GREETING) or before in _URGES or after in _URGES


def _wanted(utterance: Utterance, mention: Mention, named: frozenset[int]) -> bool:
    """Whether the caller wants the place, rather than living there, passing by or naming a street."""
    before = utterance.key(mention.start - 1)
    if (before in _STREET and mention.place.name != "שדרות") or before in _TEAMS:
        return False
    if before == "על" and "חדשות" in utterance.keys:
        # "ראיתי חדשות על שדרות".
        return False
    if before in _OF_ORIGIN:
        before = utterance.key(mention.start - 2)
    if mention.prefix.endswith("מ") and _tells_who(before) and not mention.place.name.startswith("מ"):
        return False
    kin = near = False
    for index in range(mention.start - 1, max(-1, mention.start - 7), -1):
        key = utterance.key(index)
        if index in named:
            # "כפר סבא רעננה": words of another place say nothing about this one.
            continue
        rest = {rest for _, rest in stems(key)}
        if _is_no_background(utterance, index, rest):
            continue
        if key in _CONCLUDES:
            return True
        if rest & _SEEKS:
            return not (mention.prefix.endswith("מ") and rest & _MOVES)
        if rest & _LIVES_WORDS:
            return _beside_them(utterance, index, mention.end)
        if rest & _CALLS and mention.prefix.endswith("מ"):
            return False
        kin = kin or key.removeprefix("ה") in _KIN or key in _KIN
        near = near or key in _NEAR
    return near or not kin or _beside_one(utterance, mention.end)


def _beside_them(utterance: Utterance, lives: int, end: int) -> bool:
    """Whether the caller wants to be near whoever lives there: "קרוב לאמא שגרה בנס ציונה", "אחי גר ביבנה, לידו"."""
    return _beside_one(utterance, end) or bool(set(utterance.keys[max(0, lives - 5) : lives]) & _NEAR)


def _beside_one(utterance: Utterance, end: int) -> bool:
    """Whether soon after a place the caller wants to be near whoever was told of: "לידו", "קרוב אליה"."""
    after = utterance.keys[end : end + 6]
    near = any(key in _NEAR and other in _TO_ONE for key, other in pairwise(after))
    return near or any(key in _BESIDE_ONE for key in after)


def _is_no_background(utterance: Utterance, index: int, rest: set[str]) -> bool:
    """Whether a word that could tell where somebody lives or works does not, by the words beside it."""
    key, before, after = utterance.key(index), utterance.key(index - 1), utterance.key(index + 1)
    if before in _YOU:
        # "אתם משכירים דירות בחיפה?": the office's doing is no background of the caller's.
        return True
    if key in _WERE:
        return after in _WOULD_LIKE
    if "בנ" in rest and (key == fold("לבן") or after in _SON_OF_NONE):
        # "דירה לבן שלי בחיפה", "בן אדם אחד": nobody's home town.
        return True
    if key in ("בנ", "בת") and after not in _OWN_CHILD:
        return True
    if key == fold("עובדים"):
        # "משרד לארבעה עובדים": staff, not where the caller works.
        return atom_at(utterance, index - 1) is not None
    # "בשביל ההורים": whom the home is for.
    return key in _KIN and before in _FOR_WHOM


def _tells_who(before: str) -> bool:
    """Whether the word before "מנצרת" makes it an origin: "אני מנצרת", "מוחמד מנצרת"."""
    return before in _TELLS_WHO or first_names().get(before, 0) >= _BORNE


def _near(utterance: Utterance, mention: Mention) -> bool:
    """Whether the place only says what another one is close to: "מבשרת ציון ליד ירושלים"."""
    before = utterance.key(mention.start - 1)
    return before in _NEAR or (before in _CLOSE_TO and utterance.key(mention.start - 2) in _NEAR)


def _in_its_town(mention: Mention, towns: set[str]) -> Mention:
    """Take the neighbourhood of the town that was named: "הדרים" is one in Kfar Saba, "ההדרים" one in Rehovot."""
    if towns & set(mention.place.cities):
        return mention
    for town, name in mention.place.elsewhere:
        if town in towns:
            return replace(mention, place=replace(mention.place, name=name, cities=(town,)), name=name)
    return mention


def _span(mention: Mention) -> range:
    return range(mention.start, mention.end)


def _with_direction(utterance: Utterance, mention: Mention, compound: frozenset[int]) -> Mention:
    """Read "צפון תל אביב" and "תל אביב מרכז" as one name, unless the direction is part of another ("צפון ישן")."""
    if mention.place.kind != "city":
        return mention
    before = utterance.key(mention.start - 1)
    for prefix, rest in stems(before) if before else ():
        if rest in _DIRECTIONS and not mention.prefix and mention.start - 1 not in compound:
            name = f"{_DIRECTIONS[rest]} {mention.place.name}"
            return Mention(mention.start - 1, mention.end, mention.place, name, prefix, mention.alias)
    after = utterance.key(mention.end)
    if after in _DIRECTIONS and mention.end not in compound:
        name = f"{_DIRECTIONS[after]} {mention.place.name}"
        return Mention(mention.start, mention.end + 1, mention.place, name, mention.prefix, mention.alias)
    return mention


def _without_overlaps(mentions: list[Mention]) -> list[Mention]:
    """Leave out mentions inside a longer one, and the word "שדרות" before the name of a boulevard."""
    kept: list[Mention] = []
    for mention in mentions:
        inside = any(
            other is not mention and other.start <= mention.start and mention.end <= other.end for other in mentions
        )
        boulevard = mention.place.name == "שדרות" and any(
            other.start == mention.end and not other.prefix for other in mentions
        )
        if not inside and not boulevard:
            kept.append(mention)
    return kept


def _drop_parents(utterance: Utterance, mentions: list[Mention]) -> list[Mention]:
    """Leave out a town that only says where a neighbourhood is: "פלורנטין בתל אביב", "תל אביב פלורנטין"."""
    kept: list[Mention] = []
    for mention in mentions:
        children = [other for other in mentions if mention.place.name in other.place.cities]
        beside = any(
            (child.start == mention.end and not child.prefix.startswith("ו"))
            or (mention.start == child.end and not mention.prefix.startswith("ו"))
            or (mention.start - child.end == 1 and utterance.key(child.end) in _OF_QUARTER)
            or (child.start - mention.end == 1 and utterance.key(mention.end) in _IN_QUARTER)
            for child in children
        )
        if not beside:
            kept.append(mention)
    return kept


def understand_areas(utterance: Utterance, asked: Asked, known: list[str], *, fuzzy: bool = True) -> Areas:
    """Return what the utterance says about the area, given the areas `known` before.

    `fuzzy`: look for misheard names when the area was asked and none was found.
    """
    named = find(utterance)
    compound = frozenset(index for mention in named if mention.end - mention.start > 1 for index in _span(mention))
    found = _without_overlaps([_with_direction(utterance, mention, compound) for mention in named])
    towns = {mention.place.name for mention in found if mention.place.kind == "city"}
    towns |= set(known)
    found = [_in_its_town(mention, towns) for mention in found]
    certain = [mention for mention in found if _certain(utterance, mention, asked, towns, len(found))]
    if asked is Asked.NAME:
        certain = [mention for mention in certain if _named_despite_name(utterance, mention)]
    claimed = frozenset(index for mention in certain for index in range(mention.start, mention.end))
    now = then_seeks(utterance) | tokens_of(utterance, Whose.ASKED)
    wanted = [
        mention
        for mention in certain
        if (mention.start not in now or _beside_one(utterance, mention.end)) and _wanted(utterance, mention, claimed)
    ]
    far = [mention for mention in wanted if not _near(utterance, mention)]
    wanted = far or wanted
    if asked is Asked.AREA and certain and not wanted:
        here = tokens_of(utterance, Whose.NOW)
        lived_in = tuple(mention for mention in certain if mention.start in here)
        if lived_in and not negated(utterance, lived_in[0].start):
            return Areas(mentions=lived_in, claimed=claimed, doubted=lived_in)
    if fuzzy and not wanted and not certain and asked is Asked.AREA:
        wanted = misheard_places(utterance)
        certain = wanted
        claimed = frozenset(index for mention in certain for index in range(mention.start, mention.end))
    if set(utterance.keys) & (_OFF_TOPIC | MEDIA) and not set(utterance.keys) & (_SEEKS | _NEW_HOMES):
        wanted = []
    standing, denied = settle(utterance, wanted)
    standing, denied = _deny_known(utterance, standing, denied, known)
    standing, denied = _extend_denial(utterance, standing, denied)
    standing = _denied_later(standing, denied)
    return _fold(utterance, standing, denied, known, claimed)


def _named_despite_name(utterance: Utterance, mention: Mention) -> bool:
    """Whether, though the name was asked, the words around a place make it one: a repair or a request."""
    before = utterance.keys[: mention.start]
    repair = bool(set(before) & (_CHANGES_PLACE | _SEEKS))
    sure = mention.place.kind != "neighbourhood" or mention.prefix[-1:] == "ב"
    return repair and (sure or utterance.key(mention.start - 1) in _ALSO_PLACE)


def _deny_known(
    utterance: Utterance, standing: list[Mention], denied: list[Mention], known: list[str]
) -> tuple[list[Mention], list[Mention]]:
    """Let "לא לא צפת כרמיאל" deny the place that is known when another is named."""
    no = [mention for mention in standing if mention.name in known and utterance.key(mention.start - 1) == "לא"]
    left = [mention for mention in standing if mention not in no]
    return (left, [*denied, *no]) if left else (standing, denied)


def _extend_denial(
    utterance: Utterance, standing: list[Mention], denied: list[Mention]
) -> tuple[list[Mention], list[Mention]]:
    """Let "לא בחיפה או בנשר" deny both."""
    for mention in list(standing):
        before = [other for other in denied if negated(utterance, other.start)]
        if any(mention.start - other.end == 1 and utterance.key(other.end) == "או" for other in before):
            standing.remove(mention)
            denied.append(mention)
    return standing, denied


def _denied_later(standing: list[Mention], denied: list[Mention]) -> list[Mention]:
    """Leave out a place that is denied further on, when another stays: "אזור חדרה, לא בחדרה עצמה, אולי בנימינה"."""
    left = [
        mention
        for mention in standing
        if not any(other.name == mention.name and other.start > mention.start for other in denied)
    ]
    return left or standing


def _fold(
    utterance: Utterance, standing: list[Mention], denied: list[Mention], known: list[str], claimed: frozenset[int]
) -> Areas:
    keys = set(utterance.keys)
    unknown = len(denied) == 1 and bool(known) and denied[0].name not in known
    if not standing and unknown and answers_no_with(utterance, denied[0].start):
        standing, denied = denied, []
    names: list[str] = []
    for mention in _drop_parents(utterance, standing):
        if mention.name not in names:
            names.append(mention.name)
    mentions = (*standing, *denied)
    unsure = any(not mention.sure for mention in standing)
    removed = {mention.name for mention in denied}
    if not names:
        left = [name for name in known if name not in removed]
        if left == known:
            return Areas(mentions=mentions, claimed=claimed)
        return Areas(left or None, not left, mentions, unsure, claimed)
    first = min(mention.start for mention in standing)
    adds = bool(known) and not removed and bool(set(utterance.keys[max(0, first - 3) : first + 1]) & _ADD)
    adds = adds or (bool(known) and not removed and utterance.key(len(utterance) - 1) == "גמ")
    if (keys & _REMOVE or removed) and any(name in known for name in removed) and len(known) > 1:
        adds = True
    if adds:
        names = [name for name in known if name not in removed and name not in names] + names
    return Areas(names, mentions=mentions, unsure=unsure, claimed=claimed)
