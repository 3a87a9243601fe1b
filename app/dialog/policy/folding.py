"""How what was understood changes the state (R10.2, R14)."""

from typing import Any

from app.dialog.domain import PARTS, TOPIC_OF, TOPICS, Understanding, Wish
from app.dialog.policy.state import CONTACT_STEPS, DialogState, SlotChange, Source

# A doubtful name or phone is settled by its own confirmation; a doubtful deal, type, time or room count is said back
# in the acknowledgement and again in the summary, and costs no question of its own.
_MOST_DOUBTS = 2
_LEAST_RENT, _MOST_RENT = 500, 60_000
_LEAST_PRICE = 250_000
_CAN_DOUBT = frozenset(topic.name for topic in TOPICS if topic.is_asked_back)


class Fold:
    """Applies what was understood to the state, remembering what changed in this turn."""

    def __init__(self, state: DialogState) -> None:
        self.state = state
        self.changes: list[SlotChange] = []
        self.corrected = False
        self.withdrawn = False
        self.refused: list[str] = []
        self.wished = False

    def apply(self, understood: Understanding, text: str, source: Source = Source.PARSER) -> None:
        """Fold one utterance's updates, refusals and doubts into the state."""
        state = self.state
        deal = understood.updates.get("deal")
        if deal and state.slots.get("deal") not in (None, deal) and not self._gives_budget(understood):
            # A monthly rent says nothing about a purchase: the old figure would only mislead.
            for slot in PARTS["budget"]:
                state.slots.pop(slot, None)
        for slot, value in understood.updates.items():
            doubtful = bool({slot, TOPIC_OF.get(slot, slot)} & set(understood.unsure))
            self.set(slot, value, understood.quotes.get(slot, text), unsure=doubtful, source=source)
            topic = TOPIC_OF.get(slot, slot)
            switched = topic == "budget" and "deal" in understood.updates
            if value is None and topic not in CONTACT_STEPS and not state.settled(topic) and not switched:
                # "Never mind the rooms": what was taken back is not asked for again.
                state.left_open.append(topic)
        for slot, value in understood.doubted.items():
            if slot not in understood.updates and state.slots.get(slot) is None:
                self.set(slot, value, understood.quotes.get(slot, text), unsure=True, asks=True, source=source)
        self._infer_deal(text, source)
        for wish in understood.wishes:
            self._wish(wish)
        for slot in understood.refused:
            self._refuse(TOPIC_OF.get(slot, slot))

    def _wish(self, wish: Wish) -> None:
        wishes = self.state.wishes
        if wish.wanted:
            wishes[wish.kind] = {"quote": wish.quote, "turn": self.state.turn}
            self.wished = True
        elif wishes.pop(wish.kind, None) is not None:
            self.wished = True

    def _refuse(self, topic: str) -> None:
        if topic not in self.state.refused and not self.state.knows(topic):
            self.state.refused.append(topic)
            self.refused.append(topic)

    def _infer_deal(self, text: str, source: Source) -> None:
        """Take the deal from a sum that only one fits, when it is not known otherwise; it is said back."""
        slots = self.state.slots
        said = slots.get("budget_max") or slots.get("budget_min")
        if slots.get("deal") is not None or "deal" in self.state.refused or not said:
            return
        if _LEAST_RENT <= said <= _MOST_RENT:
            self.set("deal", "rent", text, source=source)
        elif said >= _LEAST_PRICE:
            self.set("deal", "buy", text, source=source)

    def set(
        self,
        slot: str,
        value: object,
        quote: str,
        *,
        unsure: bool = False,
        asks: bool = False,
        source: Source = Source.PARSER,
    ) -> None:
        """Set one slot (None: withdraw it) and keep its provenance; `asks`: an `unsure` one has its own question."""
        state, topic = self.state, TOPIC_OF.get(slot, slot)
        before = state.slots.get(slot)
        if value == before:
            return
        change = SlotChange(slot, value, quote, state.turn, unsure, source.value)
        self.changes.append(change)
        state.provenance[slot] = change.as_json()
        if value is None:
            state.slots.pop(slot, None)
            self.withdrawn = True
        else:
            self.corrected = self.corrected or before is not None
            state.slots[slot] = value
        for gone in (state.refused, state.left_open, state.unsure, state.passed):
            if topic in gone:
                gone.remove(topic)
        doubtful = unsure and value is not None and (asks or topic in _CAN_DOUBT) and topic not in state.unsure
        if doubtful and state.doubts.get(topic, 0) < _MOST_DOUBTS:
            state.unsure.append(topic)
        state.misses.pop(topic, None)
        if slot == "phone":
            state.phone_confirmed = value is not None and value == state.caller_number
            state.phone_digits = ""

    @staticmethod
    def _gives_budget(understood: Understanding) -> bool:
        return any(slot in understood.updates for slot in PARTS["budget"])

    @property
    def said_in_doubt(self) -> list[str]:
        """Return the topics whose new value may be wrong and is only said back: those with no question of their own."""
        topics = [TOPIC_OF.get(change.slot, change.slot) for change in self.changes if change.unsure and change.value]
        asked_about = {*self.state.unsure, *(step.value for step in CONTACT_STEPS)}
        return list(dict.fromkeys(topic for topic in topics if topic not in asked_about))

    @property
    def values(self) -> dict[str, Any]:
        """Return the slots this turn gave a value."""
        return {change.slot: change.value for change in self.changes if change.value is not None}
