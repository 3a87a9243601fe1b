"""The home that is sought, read slot by slot: each reader leaves its words to no other (R10.2).

Places are claimed first, then kind, deal, rooms, times and money share what is left. Whose what they find is, a wish
of the caller's or something told of, says the jury by all words around.
"""

from app.dialog.domain import PARTS, Asked
from app.dialog.hebrew.contact.name_words import first_names
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import atoms_of, is_masculine
from app.dialog.hebrew.numbers import quantities
from app.dialog.hebrew.phrases import Phrasebook
from app.dialog.hebrew.scopes.telling import home_left, told_first
from app.dialog.hebrew.span import Range
from app.dialog.understanding.judging.judge import BARE, Jury
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.notes import Notes, whole
from app.dialog.understanding.slots.area import Areas, understand_areas
from app.dialog.understanding.slots.budget import replaces_budget, same_budget, understand_budget
from app.dialog.understanding.slots.changes import changed_rooms
from app.dialog.understanding.slots.deal import understand_deal
from app.dialog.understanding.slots.kind import HOUSES, SETTLES_FOR, Kind, understand_type
from app.dialog.understanding.slots.move_in import understand_timing
from app.dialog.understanding.slots.rooms import names_rooms, understand_rooms
from app.dialog.understanding.slots.withdrawals import withdrawn

_LISTS = Lexicon("real_estate/turn.toml")
_HOW_MUCH_IS, _WHAT_IS = _LISTS.phrases("how_much_is"), _LISTS.phrases("what_is")
"""Openings of questions about homes in general: "מה זה דופלקס", "כמה עולה דירה"."""
_NO_QUESTION = _LISTS.words("no_question")
_PLAIN_HOME = _LISTS.words("plain_home")
_ENTERS = _LISTS.words("enters")
_DICTATED = 4
"""So many numbers and nothing else are digits of a phone number."""


class SoughtHome:
    """Notes what is said of the home, its place, price and time."""

    def __init__(self, notes: Notes, jury: Jury) -> None:
        self._notes = notes
        self._jury = jury
        self._bare: Range | None = None
        """A number that may be rooms, though nothing says so."""

    def read(self) -> Areas:
        """Run the readers; returns what was said of places."""
        areas = self._areas()
        utterance = self._notes.utterance
        self._notes.claim((*home_left(utterance), *told_first(utterance)))
        for read in (self._kind, self._deal, self._rooms, self._timing, self._budget):
            read()
        self._bare_number()
        self._doubt()
        self._clear()
        return areas

    def _areas(self) -> Areas:
        notes = self._notes
        known = [name for name in (notes.state.get("area") or []) if isinstance(name, str)]
        areas = understand_areas(notes.utterance, notes.asked, known, self._jury, fuzzy=not notes.does_otherwise())
        if notes.acts.asks_listing and notes.acts.question and not notes.seeks():
            return Areas(mentions=areas.mentions, claimed=areas.claimed)
        if areas.value is not None or areas.withdrawn:
            spans = [(mention.start, mention.end) for mention in areas.mentions]
            start, end = min(s for s, _ in spans), max(e for _, e in spans)
            notes.put("area", areas.value, start, end, unsure=areas.unsure)
        notes.claimed |= areas.claimed
        return areas

    def _asks(self, openings: Phrasebook) -> bool:
        """Whether the utterance asks about homes in general, and no wish follows."""
        notes = self._notes
        opening = openings.at(notes.utterance, 0)
        asks = opening is not None and notes.utterance.key(opening.end) not in _NO_QUESTION
        return asks and not notes.says_seeking()

    def _asks_about_homes(self) -> bool:
        notes = self._notes
        return (notes.acts.asks_listing and notes.acts.question and not notes.seeks()) or self._asks(_WHAT_IS)

    def _kind(self) -> None:
        notes = self._notes
        if self._asks_about_homes():
            return
        kind = understand_type(
            notes.utterance, notes.asked, notes.claimed, notes.state.get("property_type"), self._jury
        )
        if kind is not None and notes.asked is Asked.NAME and first_names().get(notes.utterance.key(kind.start), 0):
            # "חוה אשכנזי" is no farm.
            kind = None
        asks = notes.acts.question and notes.asked not in (Asked.GREETING, Asked.PROPERTY_TYPE)
        if kind is not None and not (asks and not notes.seeks()) and not self._in_passing(kind):
            notes.put("property_type", kind.value, kind.start, kind.end)

    def _in_passing(self, kind: Kind) -> bool:
        """Whether "a flat" only speaks of the home whose kind is known."""
        notes = self._notes
        known = notes.state.get("property_type")
        if known in (None, "apartment") or kind.value != "apartment" or kind.instead:
            return False
        settles = known in HOUSES and notes.utterance.key(kind.start - 1) in SETTLES_FOR
        said_plainly = notes.asked is Asked.PROPERTY_TYPE or notes.utterance.key(kind.end) in _PLAIN_HOME
        return not (settles or said_plainly)

    def _deal(self) -> None:
        notes = self._notes
        if self._asks_about_homes():
            return
        deal = understand_deal(notes.utterance, notes.asked, notes.claimed, self._jury, known=notes.state.get("deal"))
        if deal is not None:
            notes.put("deal", deal.value, deal.start, deal.end)

    def _rooms(self) -> None:
        notes = self._notes
        if self._asks(_HOW_MUCH_IS):
            return
        known = notes.state.get("rooms_min"), notes.state.get("rooms_max")
        changed = changed_rooms(notes.utterance, notes.asked, known, notes.state.get("budget_max"))
        if changed is not None:
            notes.claim(changed.tokens)
            notes.bounds("rooms", changed)
            return
        if self._replaces_budget(known):
            return
        rooms, told = understand_rooms(
            notes.utterance, notes.asked, notes.claimed, self._jury, known=known, bare=self._weighs_bare()
        )
        notes.claimed |= told
        if rooms is not None and rooms.against == BARE and notes.asked is not Asked.ROOMS:
            # Perhaps a sum or a time has more right to it.
            self._bare = rooms
        elif rooms is not None:
            notes.bounds("rooms", rooms)

    def _weighs_bare(self) -> bool:
        """Whether numbers that nothing is said of come before the jury: not of long speech, nor digits dictated."""
        said = self._notes.utterance
        dictated = len(said) >= _DICTATED and all(atoms_of(said))
        return len(said) < LONG_SPEECH and not dictated

    def _replaces_budget(self, rooms: tuple[float | None, float | None]) -> bool:
        """Whether numbers that count nothing are the known budget and its new value: "שניים שש במקום שניים שמונה"."""
        notes = self._notes
        if rooms != (None, None) or notes.state.get("budget_max") is None or not self._weighs_bare():
            return False
        if names_rooms(notes.utterance):
            return False
        numbers = quantities(notes.utterance)
        if notes.asked is Asked.ROOMS and all(is_masculine(notes.utterance, number.start) for number in numbers):
            # "לא שלושה, ארבעה".
            return False
        return replaces_budget(notes.utterance, notes.asked, notes.claimed, notes.state["budget_max"])

    def _bare_number(self) -> None:
        """Take a number for rooms of which only the jury says so, unless it is something else."""
        notes = self._notes
        if self._bare is None or not notes.updates.keys().isdisjoint(PARTS["rooms"]):
            return
        known = notes.state.get("rooms_min"), notes.state.get("rooms_max")
        if self._bare.value != known and notes.claimed.isdisjoint(self._bare.tokens):
            notes.claim(self._bare.tokens)
            notes.bounds("rooms", self._bare)

    def _timing(self) -> None:
        notes = self._notes
        if notes.acts.goodbye or notes.acts.human or (notes.acts.schedule and not set(notes.utterance.keys) & _ENTERS):
            # "תתקשרו אחרי החגים" is when to call, not when to move in.
            return
        timing = understand_timing(
            notes.utterance, notes.asked, notes.today, notes.claimed, self._jury, known=notes.state.get("timing")
        )
        if timing is None or (notes.acts.schedule and not timing.sure):
            return
        notes.claim(timing.tokens)
        notes.put("timing", timing.value, timing.start, timing.end)

    def _budget(self) -> None:
        notes = self._notes
        if notes.acts.hold or (notes.asked in (Asked.PHONE, Asked.PHONE_CONFIRM) and notes.phone_digits):
            return
        deal, kind = notes.known("deal"), notes.known("property_type")
        known = notes.state.get("budget_max") or notes.state.get("budget_min")
        # "תחזרו אליי בשמונה": an hour; beside it only what says it is money counts.
        asked = Asked.NEXT_STEP if notes.acts.schedule else notes.asked
        budget = understand_budget(
            notes.utterance, asked, deal, kind, notes.claimed, self._jury, known=known, bare=self._weighs_bare()
        )
        if budget is None and deal is not None:
            budget = same_budget(notes.utterance, deal, notes.claimed)
        if budget is not None and budget.against and self._may_be_rooms(budget):
            budget = self._bare = None
        if budget is not None:
            notes.bounds("budget", budget)
            notes.claim(budget.tokens)
            if budget.deal is not None and deal is None:
                notes.put("deal", budget.deal, budget.start, budget.end, unsure=True)
        self._drop_old_sum()

    def _drop_old_sum(self) -> None:
        """Take the known sum back where the deal changes and no other one is said: a price is no rent."""
        notes = self._notes
        if "deal" not in notes.updates or notes.state.get("deal") is None:
            return
        for slot in PARTS["budget"]:
            if slot not in notes.updates and notes.state.get(slot) is not None:
                notes.updates[slot] = None
                notes.quotes[slot] = notes.quotes.get("deal", "")

    def _may_be_rooms(self, budget: Range) -> bool:
        """Whether what may be a sum may as well be rooms: it is neither, then."""
        return self._bare is not None and self._bare.start < budget.end and budget.start < self._bare.end

    def _doubt(self) -> None:
        """Note what may be no wish by the words around it, when just that was asked."""
        notes = self._notes
        topic = notes.asked.value
        values = self._jury.doubted.get(topic, ())
        slots = PARTS.get(topic, (topic,))
        if not values or notes.doubted or any(notes.known(slot) is not None for slot in slots):
            return
        if notes.asked is Asked.AREA:
            notes.doubted["area"] = list(dict.fromkeys(value.value for value in values))
        elif notes.asked in (Asked.BUDGET, Asked.ROOMS):
            bounds = zip(slots, values[0].value, strict=True)
            notes.doubted |= {slot: whole(value) for slot, value in bounds if value is not None}

    def _clear(self) -> None:
        """Withdraw known values the caller no longer cares for: "התקציב לא משנה"."""
        notes = self._notes
        for slot in withdrawn(notes.utterance, notes.asked, notes.state, notes.updates):
            notes.put(slot, None, 0, len(notes.utterance))
