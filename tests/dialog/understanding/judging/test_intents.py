"""A learned second opinion on what a caller does overrules the rules only where it is sure."""

from io import BytesIO

import numpy as np
import pytest

from app.dialog.domain import Asked, Intent, Understanding
from app.dialog.hebrew.tokens import normalise
from app.dialog.understanding.judging.intents import (
    INTENTS,
    SILENT,
    VERSIONS,
    IntentTable,
    judged_intent,
    turn_marks,
    versions,
)

UNCLEAR = Understanding()
ANYWHERE, FIRST, LAST = 0, 1, 3


def table(
    weights: dict[tuple[str, int, Intent], int], sure: tuple[float, float] = (0.5, 0.9), scale: float = 1.0
) -> IntentTable:
    """Return a table of a few weights by mark, version and intent."""
    marks = sorted({mark for mark, _, _ in weights})
    rows = np.zeros((len(marks) + 1, VERSIONS, len(INTENTS)), np.int8)
    for (mark, version, intent), weight in weights.items():
        rows[marks.index(mark), version, INTENTS.index(intent)] = weight
    return IntentTable(marks, rows, scale, sure)


def judged(said: str, weights: IntentTable, read: Understanding = UNCLEAR, asked: Asked = Asked.AREA) -> Intent:
    return judged_intent(normalise(said), asked, read, weights)


def test_a_sure_head_overrules_the_rules() -> None:
    """R10.2."""
    weights = table({("בסדר", ANYWHERE, Intent.CONFIRM): 9})
    assert judged("בסדר", weights) is Intent.CONFIRM
    assert judged("משהו", weights) is Intent.UNCLEAR


def test_a_wish_that_changes_the_call_comes_and_goes_only_when_the_head_is_surer_still() -> None:
    """R10.2: nobody is hung up on or handed on by a guess."""
    likely, certain = (table({("די", ANYWHERE, Intent.GOODBYE): weight}) for weight in (4, 9))
    assert judged("די", likely) is Intent.UNCLEAR
    assert judged("די", certain) is Intent.GOODBYE
    wanted = Understanding(intent=Intent.HUMAN)
    told = table({("די", ANYWHERE, Intent.PROVIDE_INFO): 4})
    assert judged("די", told, wanted) is Intent.HUMAN
    assert judged("די", told) is Intent.PROVIDE_INFO


def test_a_yes_that_nobody_said_does_not_come_from_a_guess() -> None:
    """R17: a number or a summary is confirmed by words that say so."""
    likely, certain = (table({("פטיש", ANYWHERE, Intent.CONFIRM): weight}) for weight in (4, 9))
    assert judged("פטיש", likely, asked=Asked.PHONE_CONFIRM) is Intent.UNCLEAR
    assert judged("פטיש", certain, asked=Asked.PHONE_CONFIRM) is Intent.CONFIRM


def test_a_word_weighs_by_where_it_stands_in_the_turn() -> None:
    """R10.2: a "no" that opens the turn is another one than a "no" in its midst."""
    weights = table({("לא", FIRST, Intent.DENY): 9, ("לא", LAST, Intent.CONFIRM): 9})
    assert judged("לא צריך את זה", weights) is Intent.DENY
    assert judged("זה משהו אחר לא", weights) is Intent.CONFIRM
    assert judged("אני כבר לא יודע מה", weights) is Intent.UNCLEAR


def test_which_weights_count_follows_from_the_place_the_question_and_the_rules() -> None:
    """R10.2."""
    alone = set(versions(0, 1, Asked.PHONE, Intent.UNCLEAR))
    midst = set(versions(5, 9, Asked.PHONE, Intent.UNCLEAR))
    assert midst < alone
    assert set(versions(5, 9, Asked.AREA, Intent.UNCLEAR)) == set(versions(5, 9, Asked.ROOMS, Intent.UNCLEAR)) != midst
    assert all(
        0 <= version < VERSIONS for asked in Asked for rules in Intent for version in versions(0, 1, asked, rules)
    )


def test_the_turn_has_marks_of_what_the_rules_made_of_it() -> None:
    """R10.2: with the rules' intent and without it."""
    marks = turn_marks(4, Asked.AREA, Understanding(updates={"area": ["חולון"]}, intent=Intent.CONFIRM, hold=True))
    assert {"=confirm", "=has area", "=confirm has area", "=hold", "=asked area"} <= set(marks)


def test_an_injection_and_silence_stay_what_the_rules_say() -> None:
    """R10.2."""
    weights = table({("=", ANYWHERE, Intent.CONFIRM): 9})
    assert judged("", weights) is Intent.UNCLEAR
    assert judged("משהו", weights, Understanding(injection=True)) is Intent.UNCLEAR
    assert judged("משהו", weights) is Intent.CONFIRM


def test_a_silent_head_leaves_everything_to_the_rules() -> None:
    """R10.2."""
    assert [judged("כן", SILENT, Understanding(intent=intent)) for intent in Intent] == list(Intent)


def test_a_table_holds_only_the_rows_that_weigh() -> None:
    """R10.6: what is written is read again."""
    out = BytesIO()
    rows = np.zeros((1, len(INTENTS)), np.int8)
    rows[0, INTENTS.index(Intent.REPEAT)] = 9
    marks = np.frombuffer("מה\nשוב".encode(), np.uint8)
    np.savez_compressed(out, marks=marks, places=np.array([VERSIONS]), rows=rows, scale=1.0, sure=np.array([0.5, 0.9]))
    weights = IntentTable.loads(out.getvalue())
    assert judged("שוב", weights) is Intent.REPEAT
    assert judged("מה", weights) is Intent.UNCLEAR


@pytest.mark.parametrize("text", ["", "בלי כלום", "a", "חיפה " * 90])
def test_the_shipped_head_judges_any_text_alike_each_time(text: str) -> None:
    """R10.6: deterministic, whatever was said."""
    assert len({judged_intent(normalise(text), asked, UNCLEAR) for _ in range(2) for asked in (Asked.AREA,)}) == 1
