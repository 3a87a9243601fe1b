"""Who calls, and on what number: read beside what is sought (R10.2)."""

from app.dialog.domain import Asked
from app.dialog.hebrew.contact.names import GIVEN_NAME_ONLY, opens_answer, said_besides, understand_name, whole_name
from app.dialog.hebrew.contact.phone_repairs import places_digits, repaired_phone
from app.dialog.hebrew.contact.phones import PHONE_NOUNS, Dictation, understand_phone
from app.dialog.hebrew.span import Span
from app.dialog.hebrew.tokens import heard
from app.dialog.understanding.judging.judge import Jury
from app.dialog.understanding.notes import Notes
from app.dialog.understanding.slots.area import Areas


def read_phone(notes: Notes) -> None:
    """Note the number that is dictated, its digits so far, or the yes to the one that is called from."""
    held = str(notes.state.get("phone_digits") or "")
    dictation = understand_phone(notes.utterance, held, expected=notes.asked in (Asked.PHONE, Asked.PHONE_CONFIRM))
    if (dictation is None or dictation.phone is None) and _read_repair(notes, dictation):
        return
    if dictation is not None:
        if dictation.phone is not None:
            notes.put("phone", dictation.phone, dictation.start, dictation.end)
            notes.claim(range(dictation.start, dictation.end))
        elif dictation.digits:
            notes.phone_digits = dictation.digits
            notes.informed = True
            notes.claim(range(dictation.start, dictation.end))
        return
    _read_yes(notes)


def _read_yes(notes: Notes) -> None:
    """Note the number that is called from, when the caller agrees to it."""
    caller_id = notes.state.get("caller_id")
    if notes.asked in (Asked.PHONE_CONFIRM, Asked.PHONE) and caller_id and not notes.state.get("phone"):
        yes = (notes.acts.confirm and not notes.acts.deny) or notes.acts.same_number
        refused = notes.acts.refusal and not notes.acts.same_number
        denied = notes.acts.deny or refused or notes.acts.question
        if yes and not denied and (notes.asked is Asked.PHONE_CONFIRM or notes.acts.same_number):
            notes.put("phone", caller_id, 0, len(notes.utterance))
            notes.phone_confirmed = True


def _read_repair(notes: Notes, dictation: Dictation | None) -> bool:
    """Read digits that only correct the known number; whether they belong to it."""
    known = notes.state.get("phone")
    about_it = notes.asked is Asked.PHONE_CONFIRM or heard(notes.utterance) & PHONE_NOUNS
    if not known or not (about_it or (notes.asked is Asked.PHONE and places_digits(notes.utterance))):
        return False
    repaired = repaired_phone(notes.utterance, known)
    if repaired is not None:
        notes.put("phone", repaired, 0, len(notes.utterance))
        notes.claim(range(len(notes.utterance)))
        return True
    if dictation is None or dictation.digits.startswith("0"):
        return False
    # Digits of the number just read, or a repair that fits nowhere: no beginning of another number.
    notes.claim(range(dictation.start, dictation.end))
    return True


def read_name(notes: Notes, areas: Areas, jury: Jury) -> None:
    """Note the name: the rules' unless the jury knows better; `areas` hold the places, which are none."""
    by_rules = None if _names_nobody(notes) else _name_by_rules(notes, areas)
    if by_rules and notes.asked is Asked.NAME and jury.heeds_rules and opens_answer(notes.utterance, by_rules):
        notes.put("name", by_rules.value, by_rules.start, by_rules.end, unsure=not by_rules.sure)
        return
    name = jury.name(notes.claimed, by_rules)
    if name is not None and said_besides(notes.utterance).isdisjoint(name.tokens):
        notes.put("name", name.value, name.start, name.end, unsure=not name.sure)


def _names_nobody(notes: Notes) -> bool:
    """Whether by the rules the caller does something other than give a name."""
    refused = notes.acts.refusal and not GIVEN_NAME_ONLY.within(notes.utterance)
    if (refused and notes.asked is Asked.NAME) or (notes.acts.human and notes.asked is not Asked.NAME):
        return True
    question = notes.acts.question and notes.utterance.keys[:2] != ("מי", "אני")
    return notes.asked is Asked.NAME and (
        notes.acts.repeat or question or notes.acts.asks_listing or notes.acts.hold or notes.acts.abuse
    )


def _name_by_rules(notes: Notes, areas: Areas) -> Span[str] | None:
    known = str(notes.state.get("name") or "")
    expected = notes.asked is Asked.NAME
    name = understand_name(notes.utterance, areas.mentions, notes.claimed, known, expected=expected)
    if name is None and not known and notes.asked is Asked.PHONE and not notes.does_otherwise():
        name = whole_name(notes.utterance, notes.claimed)
    return name
