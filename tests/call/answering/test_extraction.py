"""The language model's second reading of a turn reaches the dialog and the store, and never the turn in progress."""

import json
from typing import Any

from app.call.answering.extracting import Extractions
from app.call.events import AskExtraction, Extracted, Save
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.plan import Plan
from tests.call.driver import TODAY, CallDriver, Llm, Stt, World, settings

CALLER = "+972541234549"


def reading(slot: str, quote: str, **value: Any) -> str:
    """Return a document of the schema with one update."""
    update = {"slot": slot, "op": "set", "text": None, "list": None, "number": None, "timing": None, "quote": quote}
    said = {
        "updates": [update | value],
        "intent": "provide_info",
        "intent_quote": "",
        "refused": [],
        "needs_confirmation": [],
    }
    return json.dumps(said, ensure_ascii=False)


def heard(*turns: str) -> tuple[Dialog, Plan]:
    """Return a dialog that has heard `turns`, and its last plan."""
    dialog = Dialog(DialogSettings(uses_llm=True), TODAY, CALLER)
    plan = dialog.greet()
    for text in turns:
        plan = dialog.hear(text)
    return dialog, plan


STRANGE = "אנחנו רוצים לגור קרוב לסבתא"
NEW_AREA = reading("area", "קרוב לסבתא", list=["ליד סבתא"])


def test_every_caller_turn_is_read_once_more_when_there_is_a_language_model() -> None:
    """R10.2: extraction runs beside the talk, with a strict schema."""
    drive = CallDriver(World(llms=[Llm()]), settings(uses_llm=True)).listening()
    drive.answer(1500, Stt("דירה בשכירות ברעננה"))
    (asked,) = drive.commands(AskExtraction)
    assert asked.schema["additionalProperties"] is False
    assert "דירה בשכירות ברעננה" in asked.messages[-1]["content"]


def test_without_a_language_model_nothing_is_asked() -> None:
    """R10.6: the parser alone does the job."""
    drive = CallDriver().listening()
    drive.answer(1500, Stt("דירה בשכירות ברעננה"))
    assert not drive.commands(AskExtraction)


def test_what_only_the_model_saw_is_saved_with_its_quote_and_turn() -> None:
    """R10.2, R14: provenance."""
    drive = CallDriver(World(llms=[Llm()]), settings(uses_llm=True)).listening()
    drive.answer(1500, Stt("תרשמי בבקשה שקוראים לי זוהרלי"))
    (asked,) = drive.commands(AskExtraction)
    commands = drive.give(Extracted(asked.number, reading("deal", "תרשמי בבקשה", text="rent")))
    (saved,) = [one for one in commands if isinstance(one, Save)]
    assert saved.kind == "extracted"
    assert saved.data["turn"] == 1
    assert [(change.slot, change.value, change.quote) for change in saved.data["changes"]] == [
        ("deal", "rent", "תרשמי בבקשה")
    ]
    assert saved.data["state"]["slots"]["deal"] == "rent"
    assert drive.give(Extracted(asked.number, reading("deal", "תרשמי בבקשה", text="buy"))) == []


def test_a_reading_reaches_the_dialogs_that_may_yet_take_over() -> None:
    """A reply withdrawn, or guessed ahead, does not lose what was read meanwhile."""
    extractions = Extractions()
    dialog, plan = heard(STRANGE)
    other, _ = heard(STRANGE)
    (asked,) = extractions.ask(plan, 4)
    assert isinstance(asked, AskExtraction)
    commands = extractions.receive(Extracted(asked.number, NEW_AREA), dialog, [other])
    assert dialog.slots.get("area") == other.slots.get("area") == ["ליד סבתא"]
    assert any(isinstance(one, Save) and one.data["turn"] == 4 for one in commands)


def test_the_reading_of_half_a_sentence_counts_no_more_once_the_whole_is_read() -> None:
    """R6.4: the halves are heard as one; what was made of the first is void."""
    extractions = Extractions()
    dialog, plan = heard(STRANGE)
    (half,) = extractions.ask(plan, 1)
    (whole,) = extractions.ask(plan, 1)
    assert isinstance(half, AskExtraction)
    assert isinstance(whole, AskExtraction)
    assert extractions.receive(Extracted(half.number, NEW_AREA), dialog, []) == []
    assert "area" not in dialog.slots
    assert extractions.receive(Extracted(whole.number, NEW_AREA), dialog, [])


def test_nonsense_changes_nothing() -> None:
    """R10.4: a malformed document, or a quote nobody said, leaves the parser's word."""
    for text in ("", "[]", "{", reading("deal", "מילים שלא נאמרו", text="buy")):
        extractions = Extractions()
        dialog, plan = heard("שלום")
        (asked,) = extractions.ask(plan, 1)
        assert isinstance(asked, AskExtraction)
        assert extractions.receive(Extracted(asked.number, text), dialog, []) == []
