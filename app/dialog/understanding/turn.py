"""Reads one utterance: what the caller does with it, the number, the home that is sought, the name (R10.2).

Deterministic and pure. The number is read first, then the home, and the name from the words that are left.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from app.dialog.domain import SLOT_NAMES, TOPICS, Asked, Errand, Understanding
from app.dialog.hebrew.contact.name_words import spelled
from app.dialog.hebrew.numbers import Shape, quantities
from app.dialog.hebrew.span import covered
from app.dialog.hebrew.times.durations import duration_at
from app.dialog.hebrew.tokens import Utterance
from app.dialog.understanding.acts import HOLD, decide
from app.dialog.understanding.caller import read_name, read_phone
from app.dialog.understanding.errand import understand_errand
from app.dialog.understanding.judging.judge import Judge, Jury
from app.dialog.understanding.notes import Notes
from app.dialog.understanding.slots.area import Areas
from app.dialog.understanding.slots.wishes import understand_wishes
from app.dialog.understanding.sought_home import SoughtHome

_REFUSABLE = {**{Asked(topic.name): topic.name for topic in TOPICS}, Asked.PHONE_CONFIRM: "phone"}
_INFORMS = (Errand.OWNER, Errand.ROOM_MATE, Errand.BROKER)
"""What these callers offer is information for the office."""


class Turn:
    """One utterance, and what its readers note of it."""

    def __init__(
        self, utterance: Utterance, asked: Asked, state: Mapping[str, Any], today: date, jury: Jury | None = None
    ) -> None:
        self._notes = Notes(utterance, asked, state, today)
        self._jury: Jury = jury or Judge(utterance, asked, state)

    def read(self) -> Understanding:
        """Run the readers and fold what they found."""
        notes = self._notes
        if notes.acts.ghost or notes.acts.injection:
            return Understanding(injection=notes.acts.injection)
        searching = notes.state.get("deal") is not None and notes.asked is not Asked.GREETING
        errand = None
        if self._jury.heeds_rules:
            errand = understand_errand(notes.utterance, notes.asked, searching=searching)
        # "דקה אחת" counts nothing.
        notes.claim(covered(HOLD.all(notes.utterance)) | spelled(notes.utterance))
        read_phone(notes)
        # The home that others speak of is no wish.
        areas = Areas() if errand else SoughtHome(notes, self._jury).read()
        read_name(notes, areas, self._jury)
        return self._conclude(errand)

    def _on_topic(self) -> bool:
        """Whether the caller tells of what was asked, though no value of it is theirs."""
        notes = self._notes
        if notes.acts.question or notes.acts.repeat or len(notes.utterance) < 3:
            return False
        if notes.asked is Asked.BUDGET:
            return any(quantity.shape is not Shape.BARE for quantity in quantities(notes.utterance))
        if notes.asked is Asked.TIMING:
            return any(duration_at(notes.utterance, at) for at in range(len(notes.utterance)))
        return False

    def _conclude(self, errand: Errand | None) -> Understanding:
        notes = self._notes
        acts = notes.acts
        asks = acts.question or (acts.asks_listing and not notes.seeks())
        wishes = () if errand else understand_wishes(notes.utterance, is_question=asks)
        informed = notes.informed or errand in _INFORMS or any(wish.wanted for wish in wishes) or self._on_topic()
        informed = informed or (self._jury.left_any and not acts.question)
        refused: tuple[str, ...] = ()
        if acts.refusal and not acts.schedule and not notes.updates and notes.asked in _REFUSABLE:
            refused = (_REFUSABLE[notes.asked],)
        intent = decide(acts, notes.asked, informed=informed, phone_confirmed=notes.phone_confirmed)
        return Understanding(
            updates={slot: notes.updates[slot] for slot in SLOT_NAMES if slot in notes.updates},
            intent=intent,
            quotes=notes.quotes,
            doubted=notes.doubted,
            refused=refused,
            unsure=tuple(slot for slot in SLOT_NAMES if slot in notes.unsure),
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
            phone_digits=notes.phone_digits,
        )
