"""A dialog of an evaluation set finds its voice: recordings by their source, yes and no by their text."""

import asyncio
import json
from pathlib import Path

import numpy as np
import pytest

from app.media.wav import write_wav
from app.qa.answering import Manner, Question
from app.qa.caller import CallOptions, CallReport, LiveCall
from app.qa.scripted import Cast, ScriptError, cast
from tests.qa.fake_agent import Habits, fake_agent, tone

DIALOG = {
    "id": "a1",
    "today": "2026-11-22",
    "caller_id": "+972541234567",
    "turns": [
        {"asked": "greeting", "caller": "דירה לקנות", "expected": {"deal": "buy", "intent": "provide_info"}},
        {"asked": "area", "caller": "חולון"},
    ],
    "expected_final": {"deal": "buy", "area": ["חולון"]},
}
ROWS = [
    ("1.wav", "one", "a1/1", "דירה לקנות"),
    ("2.wav", "one", "a1/2", "חולון"),
    ("yes.wav", "one", "b7/3", "כן"),
    ("no.wav", "other", "b8/3", "לא"),
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a dialog, its recordings and their manifest."""
    lines = ["file\tvoice\tsource\ttext", *("\t".join(row) for row in ROWS)]
    (tmp_path / "manifest.tsv").write_text("\n".join(lines), encoding="utf-8")
    (tmp_path / "dialogs.jsonl").write_text(json.dumps(DIALOG, ensure_ascii=False) + "\n", encoding="utf-8")
    hush = np.zeros(800, np.int16)
    (tmp_path / "callers").mkdir()
    for name, *_ in ROWS:
        (tmp_path / "callers" / name).write_bytes(write_wav(np.concatenate([hush, tone(300), hush]), 8000))
    return tmp_path


def test_each_turn_is_said_in_its_own_recording(folder: Path) -> None:
    """R12.1: and yes in the same voice; another voice's no is not borrowed."""
    caller = cast(folder / "dialogs.jsonl", "a1", folder / "manifest.tsv", Manner.TRUTHFUL)
    said = [
        caller.answering.answer(question)
        for question in (
            Question("greeting"),
            Question("area"),
            Question("area", {"area": ["חולון"]}),
            Question("area", {"area": ["יבנה"]}),
        )
    ]
    assert [utterance and utterance.name for utterance in said] == ["1.wav", "2.wav", "yes.wav", "2.wav"]
    assert caller.caller_number == "+972541234567"


def test_an_unknown_dialog_is_named(folder: Path) -> None:
    """R12.1: the error says what is missing where."""
    with pytest.raises(ScriptError, match="no dialog has the id zz"):
        cast(folder / "dialogs.jsonl", "zz", folder / "manifest.tsv", Manner.ORDER)


def test_a_turn_without_a_recording_is_named(folder: Path) -> None:
    """R12.1: a dialog is played whole or not at all."""
    manifest = folder / "manifest.tsv"
    manifest.write_text(manifest.read_text(encoding="utf-8").replace("a1/2", "a1/9"), encoding="utf-8")
    with pytest.raises(ScriptError, match="no recording has the source a1/2"):
        cast(folder / "dialogs.jsonl", "a1", manifest, Manner.ORDER)


def test_a_scripted_call_answers_the_question_the_server_says_it_asked(folder: Path) -> None:
    """R12.1: and counts at the end what the server knew."""
    question = {"at_ms": 1, "event": "QUESTION", "asked": "area", "confirms": {}, "slots": {"deal": "buy"}}
    summary = {**question, "asked": "next_step"}
    caller = cast(folder / "dialogs.jsonl", "a1", folder / "manifest.tsv", Manner.ASKED)
    report, printed = asyncio.run(_call(Habits(events=[question, summary]), caller))
    assert report.failure is None, printed
    assert not report.turns  # it asks what the script has no answer to: the caller hangs up
    assert any("slots right: 1 of 2" in line for line in printed)


def test_a_scripted_call_needs_a_server_that_tells(folder: Path) -> None:
    """R12.1: without the server's events nobody knows what was asked."""
    caller = cast(folder / "dialogs.jsonl", "a1", folder / "manifest.tsv", Manner.ORDER)
    report, _ = asyncio.run(_call(Habits(), caller))
    assert report.failure == "the server does not tell what it asks: it must run in development mode"


async def _call(habits: Habits, caller: Cast) -> tuple[CallReport, list[str]]:
    printed: list[str] = []
    async with fake_agent(habits) as agent:
        options = CallOptions(cast=caller, url=agent.url, gap_ms=100, patience_ms=1500)
        report = await LiveCall(options, printed.append).run()
    return report, printed
