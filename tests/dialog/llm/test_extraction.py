"""How far the LLM's reading of a turn is believed."""

import json
from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialog.domain import SLOT_NAMES, Intent, Understanding
from app.dialog.llm.extraction import merge_extraction, missed_wish, schema


def update(slot: str, quote: str, *, op: str = "set", **value: Any) -> dict[str, Any]:
    """Return one update in the schema's shape."""
    return {"slot": slot, "op": op, "text": None, "list": None, "number": None, "timing": None, "quote": quote, **value}


def extraction(*updates: dict[str, Any], intent: str = "provide_info", intent_quote: str = "") -> str:
    """Return an extraction as the LLM sends it, checked against the schema."""
    reading = {"updates": list(updates), "intent": intent, "intent_quote": intent_quote}
    whole = {**reading, "refused": [], "needs_confirmation": []}
    jsonschema.validate(whole, schema()["schema"])
    return json.dumps(whole, ensure_ascii=False)


def test_the_schema_asks_for_the_slots_there_are() -> None:
    """R10.2: one list of slots."""
    updates = schema()["schema"]["properties"]["updates"]["items"]["properties"]
    assert updates["slot"]["enum"] == list(SLOT_NAMES)


def test_what_the_parser_missed_is_taken_with_its_quote() -> None:
    """R10.2: area, type and intent from the LLM when the parser found nothing."""
    merged = merge_extraction(
        extraction(update("area", "ליד הים בחולון", list=["חולון"])), "משהו ליד הים בחולון", Understanding()
    )
    assert merged.updates == {"area": ["חולון"]}
    assert merged.quotes == {"area": "ליד הים בחולון"}
    assert merged.intent is Intent.PROVIDE_INFO


def test_a_value_nobody_said_is_dropped() -> None:
    """R10.4: no quote in the transcript, no value."""
    assert merge_extraction(extraction(update("area", "בחיפה", list=["חיפה"])), "בחולון", Understanding()).updates == {}


def test_the_parser_wins_on_digits() -> None:
    """R10.2: budget, rooms, phone and dates are the parser's."""
    parsed = Understanding(updates={"budget_max": 1_800_000}, intent=Intent.PROVIDE_INFO)
    merged = merge_extraction(
        extraction(update("budget_max", "מיליון שמונה", number=1_000_008)), "מיליון שמונה", parsed
    )
    assert merged.updates == {"budget_max": 1_800_000}
    lower = merge_extraction(extraction(update("budget_min", "מיליון שמונה", number=1_000_008)), "מיליון שמונה", parsed)
    assert "budget_min" not in lower.updates


def test_a_figure_only_the_llm_saw_is_asked_about() -> None:
    """R10.2: it is taken as doubtful."""
    merged = merge_extraction(
        extraction(update("budget_max", "שני מליון", number=2_000_000)), "שני מליון", Understanding()
    )
    assert merged.updates == {"budget_max": 2_000_000}
    assert merged.unsure == ("budget_max",)


def test_disagreement_is_doubt() -> None:
    """R10.2: parser and LLM differ on the area: the caller is asked."""
    parsed = Understanding(updates={"area": ["חולון"]}, intent=Intent.PROVIDE_INFO)
    merged = merge_extraction(extraction(update("area", "חולון", list=["חולון", "בת ים"])), "חולון", parsed)
    assert merged.updates == {"area": ["חולון"]}
    assert merged.unsure == ("area",)


def test_places_are_added_and_removed() -> None:
    """R10.2: "גם בבת ים" keeps the earlier place."""
    known = {"area": ["חולון"]}
    added = merge_extraction(
        extraction(update("area", "בבת ים", op="add", list=["בת ים"])), "גם בבת ים", Understanding(), known
    )
    assert added.updates == {"area": ["חולון", "בת ים"]}


@pytest.mark.parametrize(
    ("intent", "quote", "heard", "wish"),
    [
        ("human", "מישהו אמיתי", Intent.PROVIDE_INFO, Intent.HUMAN),
        ("whatsapp", "מישהו אמיתי", Intent.UNCLEAR, Intent.WHATSAPP),
        ("human", "נציג", Intent.PROVIDE_INFO, None),  # nobody said so
        ("human", "", Intent.PROVIDE_INFO, None),
        ("confirm", "מישהו אמיתי", Intent.PROVIDE_INFO, None),  # changes nothing in the call's course
        ("human", "מישהו אמיתי", Intent.HUMAN, None),  # already done
        ("schedule", "מישהו אמיתי", Intent.GOODBYE, None),
    ],
)
def test_a_wish_only_the_llm_heard_needs_the_callers_words(
    intent: str, quote: str, heard: Intent, wish: Intent | None
) -> None:
    """R17, R10.4: a late reading does nothing by itself, and a wish nobody voiced is none."""
    said = "דירה בחולון ואולי מישהו אמיתי"
    assert missed_wish(extraction(intent=intent, intent_quote=quote), said, Understanding(intent=heard)) is wish


@pytest.mark.parametrize("text", ["", "null", "[]", "{}", '{"updates": 5}', "not json", '{"updates": [5, null, {}]}'])
def test_malformed_extractions_leave_the_parsers_word(text: str) -> None:
    """R10.6: the deterministic reading stands."""
    parsed = Understanding(updates={"deal": "buy"}, intent=Intent.PROVIDE_INFO)
    assert merge_extraction(text, "לקנות", parsed).updates == {"deal": "buy"}


@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False)
        | st.text(max_size=6)
        | st.sampled_from(["updates", "slot"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["updates", "slot", "op", "quote", "text", "list", "number", "timing", "intent", "intent_quote"]
                ),
                inner,
                max_size=6,
            )
        ),
        max_leaves=20,
    )
)
def test_no_json_breaks_the_merge(document: Any) -> None:
    """R10.6: whatever the LLM sends."""
    merge_extraction(json.dumps(document), "אני רוצה דירה", Understanding())
    missed_wish(json.dumps(document), "אני רוצה דירה", Understanding())
