"""What is said of a whole call in one line, once it has ended: its turns, its answers, and what it may be found by."""

import re
from collections.abc import Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.leads.calls.measured import answer_ms, figures_of
from app.leads.models import Call, CallText, Interruption, Turn

SLOW_ANSWER_MS = 2000
_UNHEARD = re.compile(r"[\u0591-\u05c7'\"]")  # vowel points, and what stands within abbreviations
_NOT_LETTERS = re.compile(r"[^\w\s]|[\d_]")
_FALLBACKS = frozenset({"fallback", "gave_up"})
_FAULTY_ENDS = frozenset({"fault", "voice_lost", "ears_lost"})


def sum_up(session: Session, call: Call) -> None:
    """Bring an ended call's figures, flags and words to what its rows say."""
    turns = session.scalars(select(Turn).where(Turn.call_sid == call.call_sid).order_by(Turn.number)).all()
    answers = sorted(answer for turn in turns if (answer := answer_ms(turn.timing, turn.latencies_ms)) is not None)
    timings = [turn.timing for turn in turns if turn.timing]
    verdicts = session.scalars(select(Interruption.verdict).where(Interruption.call_sid == call.call_sid)).all()
    call.turn_count = sum(bool(turn.caller_text) for turn in turns)
    call.answer_p50_ms = answers[(len(answers) - 1) // 2] if answers else None
    call.was_interrupted = bool(verdicts)
    call.used_fallback = any(
        timing.get("stt_source") in _FALLBACKS or timing.get("line_source") == "late" for timing in timings
    )
    call.was_slow = bool(answers) and answers[-1] > SLOW_ANSWER_MS
    call.had_fault = (
        call.outcome == "fault" or call.end_reason in _FAULTY_ENDS or any(timing.get("faults") for timing in timings)
    )
    call.figures = {**figures_of(turns, verdicts)}
    if call.words_erased_at is None:
        _keep_words(session, call.call_sid, turns)


def letters(text: str) -> str:
    """Return the words of `text` as they are searched: letters alone, vowel points gone."""
    return " ".join(_NOT_LETTERS.sub(" ", _UNHEARD.sub("", text)).split())


def _keep_words(session: Session, call_sid: str, turns: Sequence[Turn]) -> None:
    said = (text for turn in turns for text in (turn.caller_text, turn.agent_text) if text)
    words = letters(" ".join(said))
    row = session.scalar(select(CallText).where(CallText.call_sid == call_sid))
    if row is not None and row.words == words:
        return
    if not words:
        session.execute(delete(CallText).where(CallText.call_sid == call_sid))
    elif row is None:
        session.add(CallText(call_sid=call_sid, words=words))
    else:
        row.words = words
