"""Reads one utterance slot by slot: every reader in turn, each leaving its words to no other (R10.2).

Deterministic and pure: places are claimed first, then rooms, phones, times and money share the numbers that are
left, then the name takes words nothing else explained.
"""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from app.dialog.domain import PARTS, SLOT_NAMES, TOPICS, Asked, Errand, Understanding
from app.dialog.hebrew.contact.name_words import first_names, spelled
from app.dialog.hebrew.contact.names import GIVEN_NAME_ONLY, opens_answer, understand_name, whole_name
from app.dialog.hebrew.contact.phone_repairs import places_digits, repaired_phone
from app.dialog.hebrew.contact.phones import PHONE_NOUNS, Dictation, understand_phone
from app.dialog.hebrew.lexicon import Lexicon
from app.dialog.hebrew.number_words import is_masculine
from app.dialog.hebrew.numbers import Shape, quantities
from app.dialog.hebrew.scopes.scope import Whose, rules_at, tokens_of
from app.dialog.hebrew.span import Range, Span, covered
from app.dialog.hebrew.times.durations import duration_at
from app.dialog.hebrew.tokens import Phrasebook, Utterance, rests_of
from app.dialog.understanding.acts import HOLD, Acts, decide, understand_acts
from app.dialog.understanding.errand import understand_errand
from app.dialog.understanding.judging.judge import BARE, AgainstRules, Judge, Jury
from app.dialog.understanding.judging.marks import LONG_SPEECH
from app.dialog.understanding.slots.area import Areas, understand_areas
from app.dialog.understanding.slots.budget import replaces_budget, same_budget, understand_budget
from app.dialog.understanding.slots.changes import changed_rooms
from app.dialog.understanding.slots.deal import understand_deal
from app.dialog.understanding.slots.kind import HOUSES, SETTLES_FOR, understand_type
from app.dialog.understanding.slots.move_in import understand_timing
from app.dialog.understanding.slots.rooms import names_rooms, understand_rooms
from app.dialog.understanding.slots.wishes import understand_wishes
from app.dialog.understanding.slots.withdrawals import withdrawn

_LISTS = Lexicon("real_estate/turn.toml")

_REFUSABLE = {**{Asked(topic.name): topic.name for topic in TOPICS}, Asked.PHONE_CONFIRM: "phone"}
_INFORMS = (Errand.OWNER, Errand.ROOM_MATE, Errand.BROKER)
"""What these callers offer is information for the office."""
_HOW_MUCH_IS, _WHAT_IS = _LISTS.phrases("how_much_is"), _LISTS.phrases("what_is")
"""Openings of questions about homes in general: "מה זה דופלקס", "כמה עולה דירה"."""
_NO_QUESTION = _LISTS.words("no_question")
_PLAIN_HOME = _LISTS.words("plain_home")
_SEEKERS = _LISTS.words("seekers")
_ENTERS = _LISTS.words("enters")


class Turn:
    """Collects what each reader finds, one slot after another."""

    def __init__(
        self, utterance: Utterance, asked: Asked, state: Mapping[str, Any], today: date, jury: Jury | None = None
    ) -> None:
        self.utterance = utterance
        self.asked = asked
        self.state = state
        self.today = today
        self.jury: Jury = jury or Judge(utterance, asked, state)
        self.updates: dict[str, Any] = {}
        self.quotes: dict[str, str] = {}
        self.unsure: set[str] = set()
        self.doubted: dict[str, Any] = {}
        self.claimed: frozenset[int] = frozenset()
        self.phone_digits = ""
        self.bare: Range | None = None
        """A number that may be rooms, though nothing says so."""
        self.despite = False
        self.acts: Acts = understand_acts(utterance, asked)
        self.informed = False
        self.values_heard = 0
        self.phone_confirmed = False

    def put(self, slot: str, value: Any, start: int, end: int, *, unsure: bool = False) -> None:
        """Record a slot's value with the caller's words for it; a value already known is information, no update."""
        self.informed = True
        self.values_heard += 1
        if self.state.get(slot) == value:
            return
        self.updates[slot] = value
        self.quotes[slot] = self.utterance.quote(start, end)
        if unsure:
            self.unsure.add(slot)

    def known(self, slot: str) -> Any:
        """Return the slot as it stands after what this turn said so far."""
        return self.updates.get(slot, self.state.get(slot))

    def read(self) -> Understanding:
        """Run the readers and fold what they found."""
        if self.acts.ghost or self.acts.injection:
            return Understanding(injection=self.acts.injection)
        searching = self.state.get("deal") is not None and self.asked is not Asked.GREETING
        errand = None
        if self.jury.heeds_rules:
            errand = understand_errand(self.utterance, self.asked, searching=searching)
        # "דקה אחת" counts nothing.
        self.claimed = covered(HOLD.all(self.utterance))
        self.claimed |= spelled(self.utterance)
        self._phone()
        readers = (self._kind, self._deal, self._rooms, self._timing, self._budget)
        if errand is None:
            areas = self._areas()
            free = self.claimed
            told = rules_at(self.utterance) if self.jury.heeds_rules else {}
            told = {index: rule for index, rule in told.items() if index not in free}
            self.claimed |= told.keys()
            for read in readers:
                said = self.values_heard
                read()
                if self.values_heard == said:
                    self._despite(told, read)
            self._bare_number()
            self._doubt(free)
            self._doubt_judged()
            self._clear()
        else:
            # The home they speak of is no wish.
            areas = Areas()
        self._name(areas)
        return self._conclude(errand)

    def _despite(self, rules: Mapping[int, str], read: Callable[[], None]) -> None:
        """Let a reader find values where `rules` say, token by token, why none is a wish: the jury may know better."""
        if not rules or len(self.utterance) >= LONG_SPEECH:
            return
        jury, claimed, informed = self.jury, self.claimed, self.informed
        kept = dict(self.updates), dict(self.quotes), set(self.unsure)
        self.jury = despite = AgainstRules(jury, rules)
        self.claimed -= rules.keys()
        self.despite = True
        read()
        self.despite = False
        if not despite.took_any:
            # What no jury took is not taken by the way.
            self.updates, self.quotes, self.unsure = kept
            self.informed = informed
        self.claimed |= claimed
        self.jury = jury

    def _phone(self) -> None:
        held = str(self.state.get("phone_digits") or "")
        dictation = understand_phone(self.utterance, held, expected=self.asked in (Asked.PHONE, Asked.PHONE_CONFIRM))
        if (dictation is None or dictation.phone is None) and self._phone_repair(dictation):
            return
        if dictation is not None:
            if dictation.phone is not None:
                self.put("phone", dictation.phone, dictation.start, dictation.end)
                self.claimed |= frozenset(range(dictation.start, dictation.end))
            elif dictation.digits:
                self.phone_digits = dictation.digits
                self.informed = True
                self.claimed |= frozenset(range(dictation.start, dictation.end))
            return
        caller_id = self.state.get("caller_id")
        if self.asked in (Asked.PHONE_CONFIRM, Asked.PHONE) and caller_id and not self.state.get("phone"):
            yes = (self.acts.confirm and not self.acts.deny) or self.acts.same_number
            refused = self.acts.refusal and not self.acts.same_number
            denied = self.acts.deny or refused or self.acts.question
            if yes and not denied and (self.asked is Asked.PHONE_CONFIRM or self.acts.same_number):
                self.put("phone", caller_id, 0, len(self.utterance))
                self.phone_confirmed = True

    def _phone_repair(self, dictation: Dictation | None) -> bool:
        """Read digits that only correct the known number; whether they belong to it."""
        known = self.state.get("phone")
        about_it = self.asked is Asked.PHONE_CONFIRM or rests_of(self.utterance.keys) & PHONE_NOUNS
        if not known or not (about_it or (self.asked is Asked.PHONE and places_digits(self.utterance))):
            return False
        repaired = repaired_phone(self.utterance, known)
        if repaired is not None:
            self.put("phone", repaired, 0, len(self.utterance))
            self.claimed |= frozenset(range(len(self.utterance)))
            return True
        if dictation is None or dictation.digits.startswith("0"):
            return False
        # Digits of the number just read, or a repair that fits nowhere: no beginning of another number.
        self.claimed |= frozenset(range(dictation.start, dictation.end))
        return True

    def _areas(self) -> Areas:
        known = [name for name in (self.state.get("area") or []) if isinstance(name, str)]
        areas = understand_areas(self.utterance, self.asked, known, self.jury, fuzzy=not self._acts())
        if self.acts.asks_listing and self.acts.question and not self._seeks():
            return Areas(mentions=areas.mentions, claimed=areas.claimed)
        if areas.value is not None or areas.withdrawn:
            spans = [(mention.start, mention.end) for mention in areas.mentions]
            start, end = min(s for s, _ in spans), max(e for _, e in spans)
            self.put("area", areas.value, start, end, unsure=areas.unsure)
        self.claimed |= areas.claimed
        if areas.doubted and not known:
            self.doubted["area"] = list(dict.fromkeys(mention.value for mention in areas.doubted))
        return areas

    def _acts(self) -> bool:
        """Whether the caller does something other than answer, so that no misheard place is looked for."""
        acts = self.acts
        return (
            acts.human
            or acts.goodbye
            or acts.repeat
            or acts.schedule
            or acts.whatsapp
            or acts.refusal
            or acts.abuse
            or acts.asks_robot
            or acts.question
        )

    def _seeks(self) -> bool:
        keys = set(self.utterance.keys)
        return bool(keys & _SEEKERS) or ("יש" in keys and "כמה" not in keys) or self.asked is Asked.AREA

    def _asks(self, openings: Phrasebook) -> bool:
        """Whether the utterance asks about homes in general, and no wish follows."""
        opening = openings.at(self.utterance, 0)
        asks = opening is not None and self.utterance.key(opening.end) not in _NO_QUESTION
        return asks and not set(self.utterance.keys) & _SEEKERS

    def _asks_about_homes(self) -> bool:
        return (self.acts.asks_listing and self.acts.question and not self._seeks()) or self._asks(_WHAT_IS)

    def _kind(self) -> None:
        if self._asks_about_homes():
            return
        kind = understand_type(self.utterance, self.asked, self.claimed, self.state.get("property_type"), self.jury)
        if kind is not None and self.asked is Asked.NAME and first_names().get(self.utterance.key(kind.start), 0):
            # "חוה אשכנזי" is no farm.
            kind = None
        asks = self.acts.question and self.asked not in (Asked.GREETING, Asked.PROPERTY_TYPE)
        if kind is not None and not (asks and not self._seeks()):
            known = self.state.get("property_type")
            passing = (
                kind.value == "apartment"
                and not kind.instead
                and known not in (None, "apartment")
                and self.asked is not Asked.PROPERTY_TYPE
                and self.utterance.key(kind.end) not in _PLAIN_HOME
                and not (known in HOUSES and self.utterance.key(kind.start - 1) in SETTLES_FOR)
            )
            if not passing:
                self.put("property_type", kind.value, kind.start, kind.end)

    def _deal(self) -> None:
        if self._asks_about_homes():
            return
        deal = understand_deal(self.utterance, self.asked, self.claimed, self.jury, known=self.state.get("deal"))
        if deal is not None:
            self.put("deal", deal.value, deal.start, deal.end)

    def _rooms(self) -> None:
        if self._asks(_HOW_MUCH_IS):
            return
        known = self.state.get("rooms_min"), self.state.get("rooms_max")
        changed = changed_rooms(self.utterance, self.asked, known, self.state.get("budget_max"))
        if changed is not None:
            self.claimed |= frozenset(changed.tokens)
            self._bounds("rooms", changed)
            return
        if self._replaces_budget(known):
            return
        rooms, told = understand_rooms(
            self.utterance, self.asked, self.claimed, self.jury, known=known, bare=self._weighs_bare()
        )
        self.claimed |= told
        if rooms is not None and rooms.against == BARE and self.asked is not Asked.ROOMS:
            # Perhaps a sum or a time has more right to it.
            self.bare = rooms
        elif rooms is not None:
            self._bounds("rooms", rooms)

    def _weighs_bare(self) -> bool:
        """Whether numbers that nothing is said of come before the jury: not from others' words, nor long speech."""
        return not self.despite and len(self.utterance) < LONG_SPEECH

    def _replaces_budget(self, rooms: tuple[float | None, float | None]) -> bool:
        """Whether numbers that count nothing are the known budget and its new value: "שניים שש במקום שניים שמונה"."""
        if rooms != (None, None) or self.state.get("budget_max") is None or not self._weighs_bare():
            return False
        if names_rooms(self.utterance):
            return False
        numbers = quantities(self.utterance)
        if self.asked is Asked.ROOMS and all(is_masculine(self.utterance, number.start) for number in numbers):
            # "לא שלושה, ארבעה".
            return False
        deal, known = self.known("deal"), self.state.get("budget_max")
        return replaces_budget(self.utterance, self.asked, deal, self.claimed, known)

    def _bare_number(self) -> None:
        """Take a number for rooms of which only the jury says so, unless it is something else."""
        if self.bare is None or not self.updates.keys().isdisjoint(PARTS["rooms"]):
            return
        known = self.state.get("rooms_min"), self.state.get("rooms_max")
        if self.bare.value != known and self.claimed.isdisjoint(self.bare.tokens):
            self.claimed |= frozenset(self.bare.tokens)
            self._bounds("rooms", self.bare)

    def _bounds(self, slot: str, said: Range) -> None:
        """Put one or both bounds; a known bound that contradicts the new one is withdrawn."""
        start, end, (low, high), unsure = said.start, said.end, said.value, not said.sure
        known_low, known_high = self.state.get(f"{slot}_min"), self.state.get(f"{slot}_max")
        if low is not None:
            self.put(f"{slot}_min", _whole(low), start, end, unsure=unsure)
        elif high is not None and known_low is not None and known_low > high:
            self.put(f"{slot}_min", None, start, end)
        if high is not None:
            self.put(f"{slot}_max", _whole(high), start, end, unsure=unsure)
        elif low is not None and known_high is not None and known_high <= max(low, known_low or 0):
            # "מינימום שלושה", three being known as the very number.
            self.put(f"{slot}_max", None, start, end)

    def _timing(self) -> None:
        if self.acts.goodbye or self.acts.human or (self.acts.schedule and not set(self.utterance.keys) & _ENTERS):
            # "תתקשרו אחרי החגים" is when to call, not when to move in.
            return
        timing = understand_timing(
            self.utterance, self.asked, self.today, self.claimed, self.jury, known=self.state.get("timing")
        )
        if timing is None or (self.acts.schedule and not timing.sure):
            return
        self.claimed |= frozenset(timing.tokens)
        self.put("timing", timing.value, timing.start, timing.end)

    def _budget(self) -> None:
        if self.acts.hold or (self.asked in (Asked.PHONE, Asked.PHONE_CONFIRM) and self.phone_digits):
            return
        deal, kind = self.known("deal"), self.known("property_type")
        was = self.state.get("deal")
        known = self.state.get("budget_max") or self.state.get("budget_min")
        # "תחזרו אליי בשמונה": an hour; beside it only what says it is money counts.
        asked = Asked.NEXT_STEP if self.acts.schedule else self.asked
        budget = understand_budget(
            self.utterance, asked, deal, kind, self.claimed, self.jury, known=known, bare=self._weighs_bare()
        )
        if budget is None and deal is not None and not self.despite:
            told = tokens_of(self.utterance, *Whose)
            budget = same_budget(self.utterance, deal, kind, self.claimed - told)
        if budget is not None and budget.against and self._may_be_rooms(budget):
            budget = self.bare = None
        if budget is not None:
            self._bounds("budget", budget)
            self.claimed |= frozenset(budget.tokens)
            if budget.deal is not None and deal is None:
                self.put("deal", budget.deal, budget.start, budget.end, unsure=True)
        if "deal" in self.updates and was is not None:
            for slot in ("budget_min", "budget_max"):
                if slot not in self.updates and self.state.get(slot) is not None:
                    self.updates[slot] = None
                    self.quotes[slot] = self.quotes.get("deal", "")

    def _may_be_rooms(self, budget: Range) -> bool:
        """Whether what may be a sum may as well be rooms: it is neither, then."""
        return self.bare is not None and self.bare.start < budget.end and budget.start < self.bare.end

    def _doubt(self, claimed: frozenset[int]) -> None:
        """Note what one has or pays today, when just that was asked: perhaps it is what one wants again."""
        topic = self.asked.value
        slots = PARTS.get(topic)
        if slots is None or not tokens_of(self.utterance, Whose.NOW):
            return
        if any(slot in self.updates or self.state.get(slot) is not None for slot in slots):
            return
        claimed |= tokens_of(self.utterance, *(whose for whose in Whose if whose is not Whose.NOW))
        has: Range | None = None
        if self.asked is Asked.ROOMS:
            has, _ = understand_rooms(self.utterance, self.asked, claimed)
        elif self.asked is Asked.BUDGET:
            has = understand_budget(self.utterance, self.asked, self.known("deal"), None, claimed)
        if has is not None:
            bounds = zip(slots, has.value, strict=True)
            self.doubted |= {slot: _whole(value) for slot, value in bounds if value is not None}

    def _doubt_judged(self) -> None:
        """Note what may be no wish by the words around it, when just that was asked."""
        topic = self.asked.value
        values = self.jury.doubted.get(topic, ())
        slots = PARTS.get(topic, (topic,))
        if not values or self.doubted or any(self.known(slot) is not None for slot in slots):
            return
        if self.asked is Asked.AREA:
            self.doubted["area"] = list(dict.fromkeys(value.value for value in values))
        elif self.asked is Asked.BUDGET:
            bounds = zip(slots, values[0].value, strict=True)
            self.doubted |= {slot: value for slot, value in bounds if value is not None}

    def _name(self, areas: Areas) -> None:
        by_rules = None if self._names_nobody() else self._name_by_rules(areas)
        if by_rules and self.asked is Asked.NAME and self.jury.heeds_rules and opens_answer(self.utterance, by_rules):
            self.put("name", by_rules.value, by_rules.start, by_rules.end, unsure=not by_rules.sure)
            return
        name = self.jury.name(self.claimed, by_rules)
        if name is not None:
            self.put("name", name.value, name.start, name.end, unsure=not name.sure)

    def _names_nobody(self) -> bool:
        """Whether by the rules the caller does something other than give a name."""
        refused = self.acts.refusal and not GIVEN_NAME_ONLY.within(self.utterance)
        if (refused and self.asked is Asked.NAME) or (self.acts.human and self.asked is not Asked.NAME):
            return True
        question = self.acts.question and self.utterance.keys[:2] != ("מי", "אני")
        return self.asked is Asked.NAME and (
            self.acts.repeat or question or self.acts.asks_listing or self.acts.hold or self.acts.abuse
        )

    def _name_by_rules(self, areas: Areas) -> Span[str] | None:
        known = str(self.state.get("name") or "")
        expected = self.asked is Asked.NAME
        name = understand_name(self.utterance, areas.mentions, self.claimed, known, expected=expected)
        if name is None and not known and self.asked is Asked.PHONE and not self._acts():
            name = whole_name(self.utterance, self.claimed)
        return name

    def _clear(self) -> None:
        """Withdraw known values the caller no longer cares for: "התקציב לא משנה"."""
        for slot in withdrawn(self.utterance, self.asked, self.state, self.updates):
            self.put(slot, None, 0, len(self.utterance))

    def _on_topic(self) -> bool:
        """Whether the caller tells of what was asked, though no value of it is theirs."""
        if self.acts.question or self.acts.repeat or len(self.utterance) < 3:
            return False
        if self.asked is Asked.BUDGET:
            return any(quantity.shape is not Shape.BARE for quantity in quantities(self.utterance))
        if self.asked is Asked.TIMING:
            return any(duration_at(self.utterance, at) for at in range(len(self.utterance)))
        return False

    def _conclude(self, errand: Errand | None) -> Understanding:
        acts = self.acts
        asks = acts.question or (acts.asks_listing and not self._seeks())
        wishes = () if errand else understand_wishes(self.utterance, is_question=asks)
        informed = self.informed or errand in _INFORMS or any(wish.wanted for wish in wishes) or self._on_topic()
        informed = informed or (self.jury.left_any and not acts.question)
        refused: tuple[str, ...] = ()
        if acts.refusal and not acts.schedule and not self.updates and self.asked in _REFUSABLE:
            refused = (_REFUSABLE[self.asked],)
        intent = decide(acts, self.asked, informed=informed, phone_confirmed=self.phone_confirmed)
        return Understanding(
            updates={slot: self.updates[slot] for slot in SLOT_NAMES if slot in self.updates},
            intent=intent,
            quotes=self.quotes,
            doubted=self.doubted,
            refused=refused,
            unsure=tuple(slot for slot in SLOT_NAMES if slot in self.unsure),
            owner=errand is Errand.OWNER,
            errand=errand,
            hold=acts.hold,
            abuse=acts.abuse,
            injection=acts.injection,
            asks_robot=acts.asks_robot,
            asks_listing=acts.asks_listing,
            asks_who=acts.asks_who,
            more_to_say=acts.more_to_say,
            wishes=wishes,
            phone_digits=self.phone_digits,
        )


def _whole(value: float) -> float | int:
    return int(value) if value == int(value) else value
