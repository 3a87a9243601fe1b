"""Areas the caller wants, told apart from those only mentioned: lived in, passed by, denied, a street (R10.2)."""

from dataclasses import dataclass, field, replace

from app.dialog.domain import Asked
from app.dialog.hebrew.gazetteer import Mention, find
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.repairs import against, answers_no_with, kept, settle
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.tokens import Utterance, fold, rests_of, stems
from app.dialog.understanding.ear.misheard import misheard_places
from app.dialog.understanding.judging.judge import BESIDE, LENIENT, NO_PLACE, STRUCK, Jury
from app.dialog.understanding.slots.known_places import named_again
from app.dialog.understanding.slots.place_names import DIRECTIONS, is_day, is_place, named_despite_name

_LISTS = Lexicon("real_estate/area.toml")
_WHEREABOUTS = Lexicon("hebrew/whereabouts.toml")
_SEEKS, _CONCLUDES = _WHEREABOUTS.words("seeks"), _WHEREABOUTS.words("concludes")
_NEAR, _THERE = _WHEREABOUTS.words("near"), _WHEREABOUTS.phrases("there")
_AREA_OF = _LISTS.words("area_of")
_OF_QUARTER = _LISTS.words("of_quarter")
_IN_QUARTER = _LISTS.words("in_quarter")

_NARROWS = _LISTS.words("narrows")
_NARROWING = 2
_ADD = _LISTS.words("add")
_ONLY, _ALONE, _NO_DENIAL = _LISTS.words("only"), _LISTS.words("alone"), _LISTS.words("no_denial")


@dataclass(frozen=True, slots=True)
class Areas:
    """What an utterance says about the area: the new full list (None: no change), and where."""

    value: list[str] | None = None
    withdrawn: bool = False
    mentions: tuple[Mention, ...] = ()
    unsure: bool = False
    claimed: frozenset[int] = field(default_factory=frozenset)


def _near(utterance: Utterance, mention: Mention) -> bool:
    """Whether the place only says what another one is close to: "מבשרת ציון ליד ירושלים"."""
    before = utterance.key(mention.start - 1)
    return before in _NEAR


def _in_its_town(mention: Mention, towns: set[str]) -> Mention:
    """Take the neighbourhood of the town that was named: "הדרים" is one in Kfar Saba, "ההדרים" one in Rehovot."""
    if towns & set(mention.place.cities):
        return mention
    for town, name in mention.place.elsewhere:
        if town in towns:
            return replace(mention, place=replace(mention.place, name=name, cities=(town,)), value=name)
    return mention


def _with_direction(utterance: Utterance, mention: Mention, compound: frozenset[int]) -> Mention:
    """Read "צפון תל אביב" and "תל אביב מרכז" as one name, unless the direction is part of another ("צפון ישן")."""
    if mention.place.kind != "city":
        return mention
    before = utterance.key(mention.start - 1)
    if before == "של" and utterance.key(mention.start - 2).removeprefix("ה") in DIRECTIONS:
        # "כל הצפון של תל אביב".
        name = f"{DIRECTIONS[utterance.key(mention.start - 2).removeprefix('ה')]} {mention.place.name}"
        return Mention(mention.start - 2, mention.end, name, mention.place, mention.prefix, mention.alias)
    for prefix, rest in stems(before) if before else ():
        apart = prefix.endswith("ה") or "," in utterance.tokens[mention.start].gap
        if rest in DIRECTIONS and not mention.prefix and not apart and mention.start - 1 not in compound:
            name = f"{DIRECTIONS[rest]} {mention.place.name}"
            return Mention(mention.start - 1, mention.end, name, mention.place, prefix, mention.alias)
    after = utterance.key(mention.end)
    if after in DIRECTIONS and mention.end not in compound:
        name = f"{DIRECTIONS[after]} {mention.place.name}"
        return Mention(mention.start, mention.end + 1, name, mention.place, mention.prefix, mention.alias)
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
    if any(other.start == region.end and other.prefix in ("", "ב") for other in others):
        # "בעמק יזרעאל נהלל, רמת ישי".
        return True
    around = utterance.key(region.start - 1) in _AREA_OF
    before = region.start - (1 + (utterance.key(region.start - 2) == "כל"))
    return around and any(
        (other.start == region.end and other.prefix[:1] != "ו") or other.end == before for other in others
    )


def _narrows(utterance: Utterance, region: Mention, town: Mention) -> bool:
    return bool(set(utterance.keys[region.end : town.start]) & _NARROWS)


def understand_areas(
    utterance: Utterance,
    asked: Asked,
    known: list[str],
    jury: Jury = LENIENT,
    *,
    fuzzy: bool = True,
) -> Areas:
    """Return what the utterance says about the area, given the areas `known` before.

    `fuzzy`: look for misheard names when the area was asked and none was found.
    """
    found, certain = _named(utterance, asked, known)
    claimed = covered(certain)
    wanted = [mention for mention in certain if not _near(utterance, mention)] or certain
    if fuzzy and not wanted and not certain and asked is Asked.AREA:
        wanted = misheard_places(utterance)
        claimed = covered(wanted)
    if not found and not wanted:
        # Most turns name no place.
        return Areas()
    standing, denied = settle(utterance, wanted)
    standing, denied = _deny_known(utterance, standing, denied, known)
    unwanted = [*_against(found, wanted, certain), *against(utterance, denied)]
    standing, again = _judged(standing, unwanted, known, jury)
    denied = [mention for mention in denied if mention.start not in again]
    standing = standing or _there(utterance, certain)
    claimed |= again
    standing, denied = _struck(standing, denied, [mention for mention in certain if mention.value in known], jury)
    return _fold(utterance, standing, denied, known, claimed, jury)


def _named(utterance: Utterance, asked: Asked, known: list[str]) -> tuple[list[Mention], list[Mention]]:
    """Return the names found, each with its direction and in its town, and those of them that stand for a place."""
    named = find(utterance, is_asked=asked is Asked.AREA)
    compound = covered(mention for mention in named if len(mention.tokens) > 1)
    found = _without_overlaps([_with_direction(utterance, mention, compound) for mention in named])
    # "מהראשון במרץ" is no town, whoever would say so.
    found = [mention for mention in found if not is_day(utterance, mention)]
    found = named_again(utterance, found, known)
    towns = {mention.place.name for mention in found if mention.place.kind == "city"}
    towns |= set(known)
    found = [_in_its_town(mention, towns) for mention in found]
    around = towns.union(*(mention.place.cities for mention in found if mention.end - mention.start > 1))
    return found, _certain(utterance, asked, found, known, around)


def _certain(
    utterance: Utterance, asked: Asked, found: list[Mention], known: list[str], around: set[str]
) -> list[Mention]:
    """Return the names that stand for a place, given the towns `around`; one that is known needs no more to say so."""
    again = [mention for mention in found if mention.value in known and mention.place.risky != "word"]
    around = around.union(*(mention.place.cities for mention in again))
    certain = [
        mention for mention in found if mention in again or is_place(utterance, mention, asked, around, len(found))
    ]
    if asked is Asked.NAME and not again:
        return [mention for mention in certain if named_despite_name(utterance, mention)]
    return certain


def _judged(
    standing: list[Mention], unwanted: list[Mention], known: list[str], jury: Jury
) -> tuple[list[Mention], frozenset[int]]:
    """Return the places that are wished for, and the words of those that a rule spoke against."""
    said = {*known, *(mention.value for mention in standing)}
    unwanted = [mention for mention in unwanted if mention.value not in said]
    if not unwanted and all(mention.value in known for mention in standing):
        return standing, frozenset()
    wished = jury.wished("area", sorted([*standing, *unwanted], key=lambda mention: mention.start))
    return wished, covered(mention for mention in wished if mention.against)


def _there(utterance: Utterance, certain: list[Mention]) -> list[Mention]:
    """Return the only place that is named, when the caller then seeks just there, or near who lives there.

    "הבן לומד בחיפה ואנחנו קונים לו דירה שם", "אחי גר באלעד ואני רוצה לידו", "באותה סביבה".
    """
    if not certain or len({mention.value for mention in certain}) > 1:
        return []
    end = certain[0].end
    seeks = next((at for at in range(end, len(utterance)) if utterance.key(at) in _SEEKS | _CONCLUDES), len(utterance))
    comes_back = any(match.start > seeks for match in _THERE.all(utterance))
    return certain[:1] if comes_back and "לא" not in utterance.keys[end:] else []


def _struck(
    standing: list[Mention], denied: list[Mention], known: list[Mention], jury: Jury
) -> tuple[list[Mention], list[Mention]]:
    """Let the jury say which of the `known` places that are named are taken back, whatever the rules deny of them."""
    if not known:
        return standing, denied
    struck = [mention for mention in known if jury.holds(STRUCK, mention, by_rules=mention in denied)]
    gone, named = {mention.value for mention in struck}, {mention.value for mention in known}
    staying = [mention for mention in denied if mention.value in named - gone]
    left = [mention for mention in (*standing, *staying) if mention.value not in gone]
    left.sort(key=lambda mention: mention.start)
    return left, [*(mention for mention in denied if mention not in (*staying, *struck)), *struck]


def _against(found: list[Mention], wanted: list[Mention], certain: list[Mention]) -> list[Mention]:
    """Return the places that are none or not wished for by the rules, each with the rule that says so."""
    starts = {mention.start for mention in wanted}
    return [
        replace(
            mention,
            against="near one" if mention in certain else NO_PLACE,
        )
        for mention in found
        if mention.start not in starts
    ]


def _deny_known(
    utterance: Utterance, standing: list[Mention], denied: list[Mention], known: list[str]
) -> tuple[list[Mention], list[Mention]]:
    """Deny of the places known what the caller takes back, when another stays: "רק כרמיאל", "רמת גן לא, כרמיאל"."""
    again = [mention for mention in standing if mention.value in known]
    only = [mention for mention in standing if _is_the_only(utterance, mention)]
    no = [mention for mention in again if (only and mention not in only) or _taken_back(utterance, mention)]
    left = [mention for mention in standing if mention not in no]
    stays = left or len(known) > len({mention.value for mention in no})
    return (left, [*denied, *no]) if stays else (standing, denied)


def _is_the_only(utterance: Utterance, mention: Mention) -> bool:
    """Whether only this place is meant: "רק כרמיאל", "נשאר כרמיאל", "כרמיאל בלבד"."""
    before = mention.start - 1 - (utterance.key(mention.start - 1) == "את")
    return utterance.key(before) in _ONLY or utterance.key(mention.end) in _ALONE


def _taken_back(utterance: Utterance, mention: Mention) -> bool:
    """Whether a no behind it takes a place back: "רמת גן לא, ניצחתי", but not "חולון לא בת ים" nor "חולון לא רחוק"."""
    after = mention.end + 1
    denies = utterance.key(mention.end) in ("לא", fold("אין")) and utterance.key(after) not in _NO_DENIAL
    return denies and after not in covered(find(utterance))


def _fold(
    utterance: Utterance,
    standing: list[Mention],
    denied: list[Mention],
    known: list[str],
    claimed: frozenset[int],
    jury: Jury = LENIENT,
) -> Areas:
    unknown = len(denied) == 1 and bool(known) and denied[0].value not in known
    if not standing and unknown and answers_no_with(utterance, denied[0].start):
        standing, denied = denied, []
    removed = {mention.value for mention in denied}
    stated = [mention for mention in _drop_parents(utterance, [*standing, *denied]) if mention in standing]
    mentions = (*standing, *denied)
    unsure = any(not mention.sure for mention in standing)
    if not stated:
        left = [name for name in known if name not in removed]
        if left == known:
            return Areas(mentions=mentions, claimed=claimed)
        return Areas(left or None, not left, mentions, unsure, claimed)
    names = _with_known(utterance, stated, removed, known, jury)
    return Areas(names, mentions=mentions, unsure=unsure, claimed=claimed)


def _with_known(
    utterance: Utterance, stated: list[Mention], removed: set[str], known: list[str], jury: Jury
) -> list[str]:
    """Return the places that are wished for now, the known ones that stay beside those stated first."""
    names = list(dict.fromkeys(mention.value for mention in stated))
    others = [name for name in known if name not in names and name not in removed]
    if others:
        adds = _adds(utterance, stated) if not removed else len(known) > 1 and not removed.isdisjoint(known)
        first = next((mention for mention in stated if mention.value not in known), stated[0])
        names = [*others, *names] if jury.holds(BESIDE, first, by_rules=adds) else names
    # Said again in another order, they are the same.
    return known if sorted(names) == sorted(known) else names


def _adds(utterance: Utterance, standing: list[Mention]) -> bool:
    """Whether places are said besides those known: "גם בחולון", "תוסיפי את חולון", "חולון גם"."""
    first = min(mention.start for mention in standing)
    last = max(mention.end for mention in standing)
    before = rests_of(utterance.keys[max(0, first - 3) : first + 1])
    # "וחיפה".
    goes_on = first == 0 and standing[0].prefix[:1] == "ו"
    return goes_on or kept(utterance, first) or not _ADD.isdisjoint(before) or fold("גם") in utterance.keys[last:]
