"""Was it speech that interrupted the agent?"""

from itertools import count

import pytest

from app.call.answering.replying import Reply, ReplySettings
from app.call.events import OpenStt, SttEnded, SttFailed, SttHeard
from app.call.hearing.recognition import Recognition, RecognitionSettings
from app.call.interrupting import Interruption
from app.dialog.dialog import Dialog, DialogSettings
from tests.call.driver import TODAY

ANSWER_MS, SHORT_SPEECH_MS, VERDICT_MS = 300, 350, 500

WORD = b"\x00\x10" * 8 * 200


def _interruption(*, is_near_end: bool = False) -> Interruption:
    reply = Reply(1, 0, ["שלום."], None, ReplySettings(900, 1500), count(1), 0)
    return Interruption(reply, 500, 1000, is_near_end)


def _part(*, streams: bool = True) -> Recognition:
    settings = RecognitionSettings(streams=streams, has_fallback=True, commit_ms=550, fallback_ms=1200, give_up_ms=6000)
    part = Recognition(settings, count(1), ())
    part.audio(WORD)
    return part


@pytest.mark.parametrize("near_end", [True, False])
@pytest.mark.parametrize(
    ("words", "takes"),
    [("", False), ("לא", True), ("רגע", True), ("כן אבל בחולון", True), ("כן כן", None), ("אוקיי", None)],
)
def test_words_take_the_floor_and_assent_only_where_it_is_an_answer(
    words: str, takes: bool | None, near_end: bool
) -> None:
    """R7.5: near the end of the question "כן" is an answer."""
    dialog = Dialog(DialogSettings(), TODAY, None)
    expected = near_end if takes is None else takes
    assert _interruption(is_near_end=near_end).takes_floor(words, dialog) is expected


def test_a_final_that_was_asked_for_is_waited_for() -> None:
    """R7.5: the verdict comes no later than the final of a healthy recogniser."""
    interruption = _interruption()
    assert interruption.verdict_at_ms == 1000 + VERDICT_MS
    interruption.asked(1400)
    assert interruption.verdict_at_ms == 1400 + ANSWER_MS


def test_a_sound_is_a_false_alarm_when_the_recogniser_has_had_its_say() -> None:
    """R7.5: however long it was; before that only a short one is."""
    part = _part()
    interruption = _interruption()
    assert interruption.is_false_alarm(part, SHORT_SPEECH_MS - 1, 1100, streams=True)
    assert not interruption.is_false_alarm(part, SHORT_SPEECH_MS, 1100, streams=True)
    part.receive(SttHeard(1, "אהה", is_final=False), 0)
    assert not interruption.is_false_alarm(part, 100, 1100, streams=True)
    part = _part()
    part.finish_early()
    part.receive(SttEnded(1), 0)
    assert interruption.is_false_alarm(part, 650, 1100, streams=True)
    assert _interruption(is_near_end=True).is_false_alarm(part, 650, 1100, streams=True)


def test_silence_means_nothing_from_a_recogniser_that_broke_or_begins_later() -> None:
    """R7.5, R8.2."""
    broken = _part()
    broken.receive(SttFailed(1, "unavailable", "down"), 0)
    assert not _interruption().is_false_alarm(broken, 100, 1100, streams=True)
    assert not _interruption().is_false_alarm(_part(streams=False), 100, 1100, streams=False)


def test_near_the_end_a_short_answer_may_still_be_on_its_way() -> None:
    """R7.5."""
    assert not _interruption(is_near_end=True).is_false_alarm(_part(), 100, 1100, streams=True)


def test_after_an_early_final_the_rest_is_read_only_once_the_voice_is_back() -> None:
    """R8: no recogniser is opened for silence, and no word is lost."""
    part = _part()
    part.finish_early()
    assert part.finish_early() == []
    assert part.audio(WORD) == []
    part.receive(SttHeard(1, "לא", is_final=True), 0)
    assert part.is_settled
    part.go_on()
    assert [one for one in part.audio(WORD) if isinstance(one, OpenStt)]
    assert not part.is_settled
    part.receive(SttHeard(2, "בחולון", is_final=True), 0)
    assert part.interim == "לא בחולון"
    part.end(1000)
    heard, _ = part.result(1000)
    assert heard
    assert heard.text == "לא בחולון"


def test_a_final_that_does_not_come_in_its_time_is_not_waited_for() -> None:
    """R7.5: the agent goes on; words that come later stop it once more. An interim, or a line's end, is waited for."""
    interruption, stretch = _interruption(), _part()
    interruption.asked(1400)
    assert not interruption.is_false_alarm(stretch, 600, 1399 + ANSWER_MS, streams=True)
    assert interruption.is_false_alarm(stretch, 600, 1400 + ANSWER_MS, streams=True)
    near_end = _interruption(is_near_end=True)
    near_end.asked(1400)
    assert not near_end.is_false_alarm(stretch, 600, 1400 + ANSWER_MS, streams=True)
    stretch.receive(SttHeard(1, "בחו", is_final=False), 0)
    assert not interruption.is_false_alarm(stretch, 600, 1400 + ANSWER_MS, streams=True)
