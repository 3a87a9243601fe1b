"""Areas the caller wants, told apart from those only mentioned: lived in, passed by, denied, a street (R10.2)."""

from dataclasses import dataclass, field, replace
from itertools import product

from app.dialog.domain import Asked
from app.dialog.hebrew.gazetteer import Mention, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.name_words import first_names
from app.dialog.hebrew.repairs import answers_no_with, negated, settle
from app.dialog.hebrew.scope import MEDIA, Whose, no_wish, tokens_of
from app.dialog.hebrew.times.dates import is_ordinal, ordinal_month
from app.dialog.hebrew.tokens import Utterance, fold, stems
from app.dialog.hebrew.whereabouts import BORNE, NEAR, RESIDES, STUDIES, WORKS, told_places, wished_beside
from app.dialog.understanding.ear.misheard import misheard_places

_LISTS = Lexicon("real_estate/area.toml")
_SEEKS = Lexicon("hebrew/whereabouts.toml").words("seeks")
_LOCATES = _LISTS.words("locates")
_AREA_OF = _LISTS.words("area_of")
_NO_QUARTER = _LISTS.words("no_quarter")
_TOWN = _LISTS.words("town")
_WEEKDAY_OR_FIRST = _LISTS.words("weekday_or_first")
_DATED = _LISTS.words("dated")
_CENTRE_OF, _IN_TOWN = _LISTS.words("centre_of"), _LISTS.words("in_town")
_OF_QUARTER = _LISTS.words("of_quarter")
_IN_QUARTER = _LISTS.words("in_quarter")
_CHANGES_PLACE = _LISTS.words("changes_place")
_ALSO_PLACE = _LISTS.words("also_place")

_INTRODUCES = _LISTS.phrases("introduces")
_URGES, _NAMES_A_TOWN = _LISTS.words("urges"), _LISTS.words("names_a_town")
_JOINS_TOWNS = _LISTS.words("joins_towns")
_CLOSE_TO = _LISTS.words("close_to")
_OFF_TOPIC = _LISTS.words("off_topic")
_NEW_HOMES = _LISTS.words("new_homes")
_SHORT_NAME = 4
_TELLING = _LISTS.words("telling")
_COMMON_PLACES = frozenset(_LISTS.listed("common_places"))
"""Neighbourhoods that are everyday words, too: never taken from a preposition alone."""
_DIRECTIONS = {fold(word): word for word in ("צפון", "דרום", "מזרח", "מערב", "מרכז")}
_NARROWS = _LISTS.words("narrows")
_NARROWING = 2
_SAID = _LISTS.words("said")
_LEAVES = _LISTS.words("leaves")
_YES = _LISTS.words("yes")
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
    if (
        not mention.prefix
        and mention.end - mention.start == 1
        and _introduced(utterance, mention.start)
        and first_names().get(utterance.key(mention.start), 0) >= BORNE
    ):
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
        if (after[:1] == "ל" and mention.end - mention.start == 1) or is_ordinal(after[1:]) or after in _DATED:
            return False
        return asked is Asked.AREA or located
    if mention.alias == "bare" and mention.end - mention.start == 1 and place.kind == "region":
        if after in _CENTRE_OF or before in _IN_TOWN:
            return False
        sought = mention.name.removeprefix("ה") not in _DIRECTIONS.values() and bool(set(utterance.keys) & _SEEKS)
        return located or sought or asked is Asked.AREA or before in _DIRECTIONS
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


def _introduced(utterance: Utterance, start: int) -> bool:
    """Whether somebody's name stands at `start`: "מדבר עומר", "קוראים לי עומר"."""
    return any(match.end == start for match in _INTRODUCES.all(utterance))


def _means_forward(utterance: Utterance, mention: Mention, asked: Asked) -> bool:
    """Whether "קדימה" is no town: "סבבה קדימה", "שנה שנתיים קדימה", or an answer where no place was asked."""
    before, after = utterance.key(mention.start - 1), utterance.key(mention.end)
    if before in _NAMES_A_TOWN or after in _JOINS_TOWNS or before in _JOINS_TOWNS:
        return False
    return asked not in (Asked.AREA, Asked.GREETING) or before in _URGES or after in _URGES


def _near(utterance: Utterance, mention: Mention) -> bool:
    """Whether the place only says what another one is close to: "מבשרת ציון ליד ירושלים"."""
    before = utterance.key(mention.start - 1)
    return before in NEAR or (before in _CLOSE_TO and utterance.key(mention.start - 2) in NEAR)


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
    if before == "של" and utterance.key(mention.start - 2).removeprefix("ה") in _DIRECTIONS:
        # "כל הצפון של תל אביב".
        name = f"{_DIRECTIONS[utterance.key(mention.start - 2).removeprefix('ה')]} {mention.place.name}"
        return Mention(mention.start - 2, mention.end, mention.place, name, mention.prefix, mention.alias)
    for prefix, rest in stems(before) if before else ():
        apart = prefix.endswith("ה") or "," in utterance.tokens[mention.start].gap
        if rest in _DIRECTIONS and not mention.prefix and not apart and mention.start - 1 not in compound:
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
        beside = bool(children) and utterance.key(mention.start - 1) == "כל"
        beside = beside or any(
            (child.start == mention.end and not child.prefix.startswith("ו"))
            or (mention.start == child.end and not mention.prefix.startswith("ו"))
            or (mention.start - child.end == 1 and utterance.key(child.end) in _OF_QUARTER)
            or (child.start - mention.end == 1 and utterance.key(mention.end) in _IN_QUARTER)
            for child in children
        )
        if not beside and not _frames(utterance, mention, mentions):
            kept.append(mention)
    return kept


def _frames(utterance: Utterance, region: Mention, mentions: list[Mention]) -> bool:
    """Whether a region only says where the towns beside it are: "השרון, בעיקר רעננה", "גדרה, באזור השפלה"."""
    if region.place.kind != "region":
        return False
    others = [other for other in mentions if other.place.kind != "region"]
    if any(0 < other.start - region.end <= _NARROWING and _narrows(utterance, region, other) for other in others):
        return True
    around = utterance.key(region.start - 1) in _AREA_OF
    before = region.start - (1 + (utterance.key(region.start - 2) == "כל"))
    return around and any(
        (other.start == region.end and other.prefix[:1] != "ו") or other.end == before for other in others
    )


def _narrows(utterance: Utterance, region: Mention, town: Mention) -> bool:
    return bool(set(utterance.keys[region.end : town.start]) & _NARROWS)


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
    around = towns.union(*(mention.place.cities for mention in found if mention.end - mention.start > 1))
    certain = [mention for mention in found if _certain(utterance, mention, asked, around, len(found))]
    if asked is Asked.NAME:
        certain = [mention for mention in certain if _named_despite_name(utterance, mention)]
    claimed = frozenset(index for mention in certain for index in range(mention.start, mention.end))
    told, places = no_wish(utterance), told_places(utterance)
    wanted = [
        mention
        for mention in certain
        if mention.start not in places and (mention.start not in told or wished_beside(utterance, mention.end))
    ]
    far = [mention for mention in wanted if not _near(utterance, mention)]
    wanted = far or wanted
    if certain and not wanted and set(utterance.keys) & _SEEKS:
        # "לומדת בבאר שבע, מחפשת דירה": a student seeks where they study; it is said back.
        wanted = [replace(mention, sure=False) for mention in certain if places.get(mention.start) == STUDIES]
    if asked is Asked.AREA and certain and not wanted:
        here, others = tokens_of(utterance, Whose.NOW), tokens_of(utterance, Whose.OTHERS)
        lived_in = tuple(
            mention
            for mention in certain
            if mention.start in here
            or (mention.start not in others and places.get(mention.start) in (RESIDES, WORKS, STUDIES))
        )
        if lived_in and not negated(utterance, lived_in[0].start) and not set(utterance.keys) & _LEAVES:
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
    standing = _said_again(utterance, _denied_later(standing, denied))
    return _fold(utterance, standing, denied, known, claimed)


def _named_despite_name(utterance: Utterance, mention: Mention) -> bool:
    """Whether, though the name was asked, the words around a place make it one: a repair or a request."""
    before = utterance.keys[: mention.start]
    if set(utterance.keys[mention.end : mention.end + 2]) & _SAID:
        # "בת גלים, אמרתי כבר".
        return True
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


def _said_again(utterance: Utterance, standing: list[Mention]) -> list[Mention]:
    """Keep the place that a yes repeats: "גדרה, אה, בחדרה, כן, חדרה"."""
    again = [
        mention
        for mention, earlier in product(standing, standing)
        if mention.name == earlier.name and earlier.end < mention.start and utterance.key(mention.start - 1) in _YES
    ]
    return again or standing


def _fold(
    utterance: Utterance, standing: list[Mention], denied: list[Mention], known: list[str], claimed: frozenset[int]
) -> Areas:
    keys = set(utterance.keys)
    unknown = len(denied) == 1 and bool(known) and denied[0].name not in known
    if not standing and unknown and answers_no_with(utterance, denied[0].start):
        standing, denied = denied, []
    names: list[str] = []
    for mention in _drop_parents(utterance, [*standing, *denied]):
        if mention in standing and mention.name not in names:
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
    last = max(mention.end for mention in standing)
    adds = adds or (bool(known) and not removed and fold("גם") in utterance.keys[last:])
    if (keys & _REMOVE or removed) and any(name in known for name in removed) and len(known) > 1:
        adds = True
    if adds:
        names = [name for name in known if name not in removed and name not in names] + names
    return Areas(names, mentions=mentions, unsure=unsure, claimed=claimed)
