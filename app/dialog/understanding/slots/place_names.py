"""Whether a name that is also a common word, a person's or a day's stands for the place where it is said (R10.2)."""

from dataclasses import dataclass

from app.dialog.domain import Asked
from app.dialog.hebrew.contact.name_words import first_names
from app.dialog.hebrew.gazetteer import VILLAGE, Mention, says_village
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.times.dates import is_ordinal, ordinal_month
from app.dialog.hebrew.tokens import Utterance, fold

_LISTS = Lexicon("real_estate/area.toml")
_SEEKS = Lexicon("hebrew/whereabouts.toml").words("seeks")
_LOCATES, _NO_QUARTER = _LISTS.words("locates"), _LISTS.words("no_quarter")
_TOWN = _LISTS.words("town")
_WEEKDAY_OR_FIRST = _LISTS.words("weekday_or_first")
_CENTRE_OF, _IN_TOWN = _LISTS.words("centre_of"), _LISTS.words("in_town")
_INTRODUCES = _LISTS.phrases("introduces")
_URGES, _NAMES_A_TOWN = _LISTS.words("urges"), _LISTS.words("names_a_town")
_JOINS_TOWNS = _LISTS.words("joins_towns")
_TELLING = _LISTS.words("telling")
_SAID, _ALSO_PLACE = _LISTS.words("said"), _LISTS.words("also_place")
_CHANGES_PLACE = _LISTS.words("changes_place")
_COMMON_PLACES = frozenset(_LISTS.listed("common_places"))
"""Neighbourhoods that are everyday words, too: never taken from a preposition alone."""
_MONTHS = frozenset(Lexicon("hebrew/calendar.toml").valued("months"))
_ADDS = Lexicon("hebrew/whereabouts.toml").words("adds")
_BORNE = 300
"""Of so many people a name is no rare one."""
_SHORT_NAME = 4
_SHORT_LIST = 4
DIRECTIONS = {fold(word): word for word in ("צפון", "דרום", "מזרח", "מערב", "מרכז")}


def is_day(utterance: Utterance, mention: Mention) -> bool:
    """Whether "ראשון" is a day of the month: "מהראשון במרץ", "בראשון לינואר"."""
    after = utterance.key(mention.end)
    return mention.alias == "risky" and after[:1] in ("ב", "ל") and after[1:] in _MONTHS


@dataclass(frozen=True, slots=True)
class _Said:
    """A name where it is said: what stands around it, and what was asked."""

    utterance: Utterance
    mention: Mention
    asked: Asked
    towns: frozenset[str]
    others: bool
    """Whether other places are named."""

    @property
    def before(self) -> str:
        return self.utterance.key(self.mention.start - 1)

    @property
    def after(self) -> str:
        return self.utterance.key(self.mention.end)

    @property
    def width(self) -> int:
        return self.mention.end - self.mention.start

    @property
    def is_asked(self) -> bool:
        return self.asked is Asked.AREA

    @property
    def is_sought(self) -> bool:
        return not _SEEKS.isdisjoint(self.utterance.keys)

    @property
    def is_located(self) -> bool:
        """Whether a preposition, or a word of where, stands before it, or one of adding behind."""
        beside = self.before in _LOCATES or self.after in _ADDS or (self.after == "או" and self.others)
        return beside or self.mention.prefix[-1:] in ("ב", "ל")

    @property
    def is_alone(self) -> bool:
        return self.is_asked and len(self.utterance) - self.width <= len(("a word", "a word"))

    @property
    def is_listed(self) -> bool:
        """Whether it is one of several: "קצרין או חספין"; and, a place being asked, "פארן, צופר", "שמשית או ציפורי"."""
        joined = "או" in (self.before, self.after) or self.mention.prefix == "ו"
        asked = self.is_asked and (joined or len(self.utterance) <= _SHORT_LIST)
        return self.others and (asked or self.before == "או")


def is_place(utterance: Utterance, mention: Mention, asked: Asked, towns: set[str], mentions: int) -> bool:
    """Return whether a name stands for the place; `towns` are named or known, `mentions` counts the names."""
    said = _Said(utterance, mention, asked, frozenset(towns), mentions > 1)
    if _is_person(said):
        return False
    place = mention.place
    if place.risky == "word":
        return _is_word_s_place(said)
    if mention.alias == "risky":
        return _is_no_day(said) and (said.is_asked or said.is_located)
    if mention.alias == "bare" and said.width == 1 and place.kind == "region":
        return _is_region(said)
    if place.needs_city:
        return _is_quarter(said)
    if place.name == "קדימה" and not mention.prefix and _means_forward(said):
        return False
    if place.risky == VILLAGE:
        return _is_village(said)
    return _is_plain_place(said, towns)


def _is_plain_place(said: _Said, towns: set[str]) -> bool:
    """Whether a name that is hardly anything else stands for its place."""
    place = said.mention.place
    if place.risky == "small":
        return said.is_located or said.is_alone or said.is_listed
    # "לקנות דירה יפו": no preposition, but no person is called so.
    sought = place.name not in first_names() and said.is_sought
    long = len(place.name) > _SHORT_NAME or place.kind != "neighbourhood"
    return bool(long or said.is_located or said.is_alone or towns or sought)


def _is_person(said: _Said) -> bool:
    """Whether it is who, not where: "מדבר עומר", "קוראים לי עומר"; or a feast, "לג בעומר"."""
    if said.mention.place.name == "עומר" and said.before == "לג":
        return True
    if said.mention.prefix or said.width > 1:
        return False
    introduced = any(match.end == said.mention.start for match in _INTRODUCES.all(said.utterance))
    return introduced and first_names().get(said.utterance.key(said.mention.start), 0) >= _BORNE


def _is_word_s_place(said: _Said) -> bool:
    """Whether a name that is an everyday word ends what is said: after "the town of", or as the whole answer."""
    last = said.mention.end == len(said.utterance)
    if not last or said.before in _TOWN:
        return last
    return said.is_asked and not said.others and len(said.utterance) == 1


def _is_village(said: _Said) -> bool:
    """Whether a village is named: located, or, a place being asked, alone or in a list."""
    if said.mention.prefix[-1:] == "ב" or said.width > 1:
        return said.is_located or said.is_asked or said.is_sought or said.others
    return said.is_alone or said.is_listed or says_village(said.before)


def _is_no_day(said: _Said) -> bool:
    """Whether "ראשון" is no first of a month and no Sunday."""
    if ordinal_month(said.utterance, said.mention.start) or said.before in _WEEKDAY_OR_FIRST:
        return False
    return not ((said.after[:1] == "ל" and said.width == 1) or is_ordinal(said.after[1:]))


def _is_region(said: _Said) -> bool:
    """Whether "מרכז" is the region, and no middle of a town."""
    if said.after in _CENTRE_OF or said.before in _IN_TOWN:
        return False
    sought = said.mention.value.removeprefix("ה") not in DIRECTIONS.values() and said.is_sought
    return said.is_located or sought or said.is_asked


def _is_quarter(said: _Said) -> bool:
    """Whether a neighbourhood that means something only beside its town does here."""
    mention = said.mention
    first = said.utterance.key(mention.start).removeprefix(mention.prefix)
    telling = first in _TELLING and said.width > 1
    inside = said.asked is Asked.GREETING and mention.prefix == "ב" and mention.place.name not in _COMMON_PLACES
    located = said.is_located and not mention.prefix and said.before not in _NO_QUARTER
    return inside or said.is_asked or located or telling or bool(said.towns & set(mention.place.cities))


def _means_forward(said: _Said) -> bool:
    """Whether "קדימה" is no town: "סבבה קדימה", "שנה שנתיים קדימה", or an answer where no place was asked."""
    before, after = said.before, said.after
    if before in _NAMES_A_TOWN or after in _JOINS_TOWNS or before in _JOINS_TOWNS:
        return False
    return said.asked not in (Asked.AREA, Asked.GREETING) or before in _URGES


def named_despite_name(utterance: Utterance, mention: Mention) -> bool:
    """Whether, though the name was asked, the words around a place make it one: a repair or a request."""
    before = utterance.keys[: mention.start]
    if set(utterance.keys[mention.end : mention.end + 2]) & _SAID:
        # "בת גלים, אמרתי כבר".
        return True
    repair = bool(set(before) & (_CHANGES_PLACE | _SEEKS))
    # "גם צפת".
    repair |= utterance.key(mention.start - 1) == "גם" and mention.place.kind == "city" and not mention.place.risky
    sure = mention.place.kind != "neighbourhood" or mention.prefix[-1:] == "ב"
    return repair and (sure or utterance.key(mention.start - 1) in _ALSO_PLACE)
