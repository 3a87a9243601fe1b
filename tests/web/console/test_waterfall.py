"""What an answer's time is made of."""

import re
from typing import Any

import pytest

from app.web.console.waterfall import SEGMENTS, draw, fall
from tests.web.fake_records import SEGMENTS as WHOLE


def turn(total_ms: float | None, segments: dict[str, Any], **timing: Any) -> dict[str, Any]:
    return {"number": 1, "timing": {"answer_ms": total_ms, "segments": segments, **timing}, "latencies_ms": {}}


def test_segments_add_up_to_the_answer() -> None:
    """R19, C32: nothing is left over, and the bars are as long as the answer."""
    found = fall(turn(1060, WHOLE))
    assert found is not None
    assert sum(value or 0 for value in found.segments.values()) == found.total_ms == 1060
    assert (found.rest_ms, found.unmeasured) == (None, ())
    widths = [float(width) for width in re.findall(r'class="bar" x="[\d.]+" y="\d+" width="([\d.]+)"', draw([found]))]
    assert sum(widths) == pytest.approx(1060 / 2000 * 800, abs=5)


def test_what_nobody_measured_is_said_and_not_zero() -> None:
    """R19: a dashed stretch, as long as what is missing, with its names."""
    found = fall(turn(1060, {**WHOLE, "llm": None, "sentence": None}))
    assert found is not None
    assert (found.rest_ms, found.unmeasured) == (330, ("llm", "sentence"))
    assert "לא נמדד: מודל, משפט" in draw([found])
    assert "לא מוסבר" not in draw([found])


@pytest.mark.parametrize(("total_ms", "rest_ms"), [(1060, None), (1064, None), (1100, 40)])
def test_what_no_segment_explains_is_hatched_above_five_milliseconds(total_ms: float, rest_ms: float | None) -> None:
    """R19: named, not hidden."""
    found = fall(turn(total_ms, WHOLE))
    assert found is not None
    assert found.rest_ms == rest_ms
    assert ("לא מוסבר" in draw([found])) == (rest_ms is not None)


@pytest.mark.parametrize("value", [-3, 61_000])
def test_a_time_that_cannot_be_is_a_fault(value: float) -> None:
    """R19: below zero or above a minute."""
    found = fall(turn(1060, {**WHOLE, "tts": value}))
    assert found is not None
    assert (found.faults, found.segments["tts"]) == (("tts",), None)


def test_a_reply_withdrawn_before_it_was_heard_is_an_outline() -> None:
    """R19, C33: and one that was heard after a withdrawn one is whole."""
    cancelled, heard = fall(turn(None, WHOLE, withdrawn=1)), fall(turn(1060, WHOLE, withdrawn=1))
    assert cancelled is not None
    assert heard is not None
    assert (cancelled.is_cancelled, heard.is_cancelled) == (True, False)
    assert draw([cancelled]).count('class="bar cancelled"') == len(SEGMENTS)


def test_what_else_happened_is_a_line_that_can_be_pointed_at() -> None:
    """Console 3: first words, guesses, holding phrases, what came too late; none before the voice ended."""
    times = {
        "speech_to": 4000,
        "first_interim": 3500,
        "moments": {"holding": 4600, "guess_wrong": 4400, "llm_late": 9000},
    }
    found = fall(turn(1060, WHOLE, **times))
    assert found is not None
    assert found.marks == (("guess_wrong", 400), ("holding", 600))
    drawn = draw([found])
    assert drawn.index("ניחוש שנזרק: 400 ms") < drawn.index("משפט המתנה: 600 ms")
    assert {float(width) for width in re.findall(r'class="reach" [^>]*width="(\d+)"', drawn)} == {12}


def test_a_step_of_a_millisecond_is_wide_enough_to_be_seen() -> None:
    """Console 3: `own` and `send` are short on a good day, and are what one looks for on a bad one."""
    found = fall(turn(1060, WHOLE))
    assert found is not None
    widths = [float(width) for width in re.findall(r'class="bar" x="[\d.]+" y="\d+" width="([\d.]+)"', draw([found]))]
    assert min(widths) == 3


def test_a_row_is_a_button_where_there_is_something_to_play() -> None:
    """C14, C35: reached by keyboard; what it shows is its name."""
    found = fall(turn(1060, WHOLE), from_ms=4200)
    assert found is not None
    assert 'tabindex="0" role="button" data-play-ms="3200"' in draw([found], plays=True)
    assert "tabindex" not in draw([found])


def test_a_turn_without_an_answer_has_no_row() -> None:
    """R19: greeting, silence."""
    assert fall(turn(None, {})) is None
    assert fall({"number": 0, "timing": None, "latencies_ms": {}}) is None


def test_calls_of_before_show_the_steps_they_have() -> None:
    """R19: endpointing, recogniser, sentence and voice; the rest was not measured."""
    before = {"endpointing": 400, "asr": 100, "llm_first_token": 200, "tts_first_byte": 150, "voice_to_voice": 900}
    found = fall({"number": 2, "timing": None, "latencies_ms": before})
    assert found is not None
    assert (found.total_ms, found.rest_ms) == (900, 50)
    assert found.unmeasured == ("sentence", "own", "send", "path")


def test_all_turns_stand_on_one_axis() -> None:
    """R19: at least two seconds long, as long as the slowest answer; each row whole, with its total."""
    rows = [found for total in (900, 3100) if (found := fall(turn(total, WHOLE)))]
    drawn = draw(rows)
    assert "3,100 ms" in drawn
    assert max(float(x) for x in re.findall(r'<text x="([\d.]+)" y="[\d.]+">', drawn)) <= 70 + 800 + 8
