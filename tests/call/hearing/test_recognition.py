"""The recognition of one turn, with every way in which a recogniser lets a caller down."""

from itertools import count

import pytest

from app.call.events import CancelStt, Command, FinishStt, Log, OpenStt, SttEnded, SttFailed, SttHeard, WriteStt
from app.call.hearing.recognition import Recognition, RecognitionSettings, TurnHeard, joined

MOST_READ_AHEAD = 6

FRAME = b"\x01\x02" * 160


def recognition(*, streams: bool = True, has_fallback: bool = True, reads_ahead: bool = False) -> Recognition:
    settings = RecognitionSettings(
        streams=streams,
        has_fallback=has_fallback,
        commit_ms=500,
        fallback_ms=1200,
        give_up_ms=6000,
        reads_ahead=reads_ahead,
    )
    return Recognition(settings, count(1), ("רעננה",))


def speak(part: Recognition, frames: int) -> list[Command]:
    return [command for _ in range(frames) for command in part.audio(FRAME)]


def written(commands: list[Command], stream: int) -> bytes:
    return b"".join(one.pcm for one in commands if isinstance(one, WriteStt) and one.stream == stream)


def texts(part: Recognition, now_ms: int) -> str | None:
    heard, _ = part.result(now_ms)
    return heard.text if heard else None


def test_a_streaming_recogniser_hears_the_turn_as_it_is_spoken_to_the_last_sample() -> None:
    """R8.1: audio flows in 200 ms messages and the rest goes out before the end."""
    part = recognition()
    commands = speak(part, 13)
    assert commands[0] == OpenStt(1, False, ("רעננה",))
    assert len(written(commands, 1)) == 3200
    commands += part.end(1000)
    assert written(commands, 1) == FRAME * 13
    assert commands[-1] == FinishStt(1)


def test_the_end_of_a_word_is_heard_as_the_voice_pauses_and_what_follows_in_whole_messages() -> None:
    """R8.1: words in the pause are what a guess, and the end of a turn, wait for."""
    part = recognition()
    commands = [*speak(part, 13), *part.pause()]
    assert written(commands, 1) == FRAME * 13
    assert part.pause() == []
    assert written(speak(part, 9), 1) == b""
    assert len(written(speak(part, 1), 1)) == 3200


def test_a_pause_has_nothing_read_that_nobody_reads() -> None:
    """R8.1: before the first frame, of a batch recogniser, behind a final that was asked for."""
    assert recognition().pause() == []
    batch = recognition(streams=False)
    assert [*speak(batch, 13), *batch.pause()] == []
    held = recognition()
    speak(held, 13)
    assert held.finish_early()
    assert [*speak(held, 3), *held.pause()] == []


def test_the_final_is_the_text_of_the_turn() -> None:
    """R8.4: with the alternatives it came with."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    part.receive(SttHeard(1, "דירה ברעננה", True, 1.0, ("דירה ברמלה",)), 1150)
    heard, commands = part.result(1150)
    assert heard == TurnHeard("דירה ברעננה", ("דירה ברמלה",), "final", 150, 200)
    assert commands == []


def test_a_turn_that_ends_where_it_was_cut_holds_nothing_more_to_read() -> None:
    """R8.2: a batch recogniser is asked once for each stretch."""
    part = recognition(streams=False)
    speak(part, 20)
    assert OpenStt(1, False, ("רעננה",)) in part.cut(0)
    assert part.end(1000) == []


def test_a_streaming_recogniser_is_asked_once_for_its_final_where_the_voice_stops_and_hears_on_after_it() -> None:
    """R7.5: the stretch in progress is asked, and what follows waits until the voice is back."""
    part = recognition()
    assert part.finish_early() == []
    speak(part, 10)
    part.receive(SttHeard(1, "כן", True, 1.0, ()), 1000)
    speak(part, 8)
    assert part.finish_early()[-1] == FinishStt(2)
    assert part.finish_early() == []
    assert speak(part, 10) == []
    assert part.go_on() == []
    assert written(speak(part, 10), 3)


def test_no_sign_of_words_means_nothing_while_a_segment_is_read_or_after_a_failure() -> None:
    """R8.2: and something where a recogniser tells of words as they are said."""
    batch, live, broken = recognition(streams=False), recognition(), recognition()
    for part in (batch, live, broken):
        speak(part, 10)
        part.end(1000)
    broken.receive(SttFailed(1, "unavailable", "down"), 1100)
    assert [part.is_reading for part in (batch, live, broken)] == [True, False, True]
    batch.receive(SttHeard(1, "דירה", True, 1.0), 1200)
    assert not batch.is_reading


def test_the_readings_of_a_turn_in_parts_are_joined_rank_by_rank() -> None:
    """R10.6: a number dictated over a cut is read by all its readings, too."""
    parts = [("אפס חמש", ("פת חמש", "אפס חם")), ("", ()), ("שתיים", ("סתיים",))]
    assert joined(parts) == ("פת חמש סתיים", "אפס חם סתיים")
    assert joined([("אפס", ())]) == ()


def test_a_stable_interim_is_committed_when_the_final_is_late() -> None:
    """R8.4: the caller does not wait for a recogniser that has already understood."""
    part = recognition()
    speak(part, 10)
    part.receive(SttHeard(1, "שלושה חדרים", False, 0.9), 900)
    part.end(1000)
    assert part.timer() == 1500
    assert texts(part, 1499) is None
    heard, commands = part.result(1500)
    assert heard is not None
    assert (heard.text, heard.source) == ("שלושה חדרים", "interim")
    assert commands == [CancelStt(1)]


@pytest.mark.parametrize(("end_ms", "commits_ms"), [(None, 1500), (400, 1500), (150, 1500), (140, 1950)])
def test_an_interim_that_does_not_reach_the_voices_end_stands_later_for_the_final(
    end_ms: int | None, commits_ms: int
) -> None:
    """R8.4: of 800 ms the last 400 were silence; what was said behind 140 ms of them is not in it."""
    part = recognition()
    speak(part, 40)
    part.receive(SttHeard(1, "שלושה חדרים", False, 0.9, (), end_ms), 900)
    part.end(1000, 400)
    assert part.timer() == min(commits_ms, 1000 + 1200)
    assert texts(part, commits_ms - 1) is None
    assert texts(part, commits_ms) == "שלושה חדרים"


def test_a_later_interim_that_reaches_it_stands_at_once() -> None:
    """R8.4: and it is the last one's end that counts, in the turn's own audio."""
    part = recognition()
    speak(part, 10)
    part.receive(SttHeard(1, "שלושה", True, 0.9, (), 200), 300)
    part.receive(SttEnded(1), 300)
    speak(part, 30)
    part.receive(SttHeard(2, "חדרים", False, 0.9, (), 100), 900)
    part.end(1000, 100)
    assert texts(part, 1600) is None
    part.receive(SttHeard(2, "חדרים ומרפסת", False, 0.9, (), 480), 1600)
    assert texts(part, 1700) == "שלושה חדרים ומרפסת"


@pytest.mark.parametrize(
    ("stability", "stands_ms"), [(0.01, 600), (0.29, 600), (0.3, 300), (0.79, 300), (0.8, 100), (0.0, 300)]
)
def test_an_interim_that_is_young_or_unstable_is_waited_for(stability: float, stands_ms: int) -> None:
    """R8.4: only a stable interim stands for the final, which is 10 ms away here."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    part.receive(SttHeard(1, "אני מחפש", False, stability), 1499)
    assert part.timer() == 1499 + stands_ms
    assert texts(part, 1500) is None
    part.receive(SttHeard(1, "אני מחפש", False, stability), 1510)
    assert texts(part, 1498 + stands_ms) is None
    assert texts(part, 1499 + stands_ms) == "אני מחפש"


def test_the_final_that_comes_first_is_the_turn() -> None:
    """R8.4: nothing of the sentence is thrown away for a young interim's sake."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    part.receive(SttHeard(1, "אני מחפש", False, 0.01), 1499)
    assert texts(part, 1500) is None
    part.receive(SttHeard(1, "אני מחפש דירה ברעננה", True, 1.0), 1510)
    assert texts(part, 1510) == "אני מחפש דירה ברעננה"


def test_interims_that_never_stand_are_read_again_by_the_fallback() -> None:
    """R8.2: a recogniser that changes its mind for ever is as late as a silent one."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    for number in range(12):
        part.receive(SttHeard(1, f"מילה {number}", False, 0.01), 1100 + 100 * number)
        assert texts(part, 1100 + 100 * number) is None
    assert part.has_failed


def test_a_recogniser_that_ends_empty_at_once_is_not_opened_for_every_frame() -> None:
    """R8.2: it gave up on a caller who still speaks; the turn is read again at its end."""
    part = recognition()
    commands = []
    for number in range(100):
        commands += part.audio(FRAME)
        for one in commands[-2:]:
            if isinstance(one, OpenStt):
                part.receive(SttEnded(one.stream), 1000 + 20 * number)
    assert len([one for one in commands if isinstance(one, OpenStt)]) == 1
    part.end(3000)
    _, commands = part.result(3000)
    assert written(commands, 2) == FRAME * 100


def test_words_late_in_a_very_long_turn_reach_the_recogniser() -> None:
    """R6.4: a turn of 100 s is one turn; what is over the longest is said to be lost."""
    part = recognition()
    commands = speak(part, 100 * 50)
    assert len(written(commands, 1)) == len(FRAME) * 100 * 50
    commands = speak(part, 40 * 50)
    lost = [one for one in commands if isinstance(one, Log)]
    assert [one.line for one in lost] == ["TURN_TOO_LONG"]


def test_a_silent_primary_hands_the_kept_audio_to_the_fallback_within_the_turn() -> None:
    """R8.2: not one sample of the turn is missing."""
    part = recognition()
    speak(part, 50)
    part.end(1000)
    heard, commands = part.result(2200)
    assert heard is None
    assert CancelStt(1) in commands
    _, commands = part.result(2200)
    assert commands[0] == OpenStt(2, True, ("רעננה",))
    assert written(commands, 2) == FRAME * 50
    part.receive(SttHeard(2, "כן", True), 2600)
    assert texts(part, 2600) == "כן"


def test_a_primary_that_fails_in_mid_speech_costs_no_word() -> None:
    """R8.2: the fallback reads the whole turn at its end."""
    part = recognition()
    speak(part, 10)
    part.receive(SttFailed(1, "child_died", "gone"), 500)
    later = speak(part, 10)
    assert later == []
    assert part.end(1000) == []
    _, commands = part.result(1000)
    assert commands[0] == OpenStt(2, True, ("רעננה",))
    assert written(commands, 2) == FRAME * 20


def test_without_a_fallback_the_primary_is_tried_again_once_it_is_back() -> None:
    """R8.2: a dead child process costs a pause."""
    part = recognition(has_fallback=False)
    speak(part, 10)
    part.end(1000)
    part.receive(SttFailed(1, "child_died", "gone"), 1000)
    assert part.result(1399) == (None, [])
    assert part.timer() == 1400
    _, commands = part.result(1400)
    assert commands[0] == OpenStt(2, False, ("רעננה",))
    assert written(commands, 2) == FRAME * 10
    part.receive(SttHeard(2, "חולון", True), 1700)
    assert texts(part, 1700) == "חולון"


def test_words_heard_before_a_failure_count_when_nothing_better_comes() -> None:
    """R8.2: an interim is better than silence."""
    part = recognition(has_fallback=False)
    speak(part, 10)
    part.receive(SttHeard(1, "דירת גן", False), 150)
    part.end(1000)
    for stream in range(1, 7):
        part.receive(SttFailed(stream, "unavailable", "down"), 1000)
        part.result(1_000 + 500 * stream * stream)
    heard, _ = part.result(7000)
    assert heard is not None
    assert heard.text == "דירת גן"


def test_an_empty_final_is_checked_by_the_fallback() -> None:
    """R8.2: a primary that finds no words in speech may be wrong."""
    part = recognition()
    speak(part, 40)
    part.end(1000)
    part.receive(SttEnded(1), 1200)
    assert part.result(1200)[0] is None
    _, commands = part.result(1200)
    assert commands[0] == OpenStt(2, True, ("רעננה",))
    part.receive(SttEnded(2), 1700)
    assert texts(part, 1700) == ""


def test_a_word_less_turn_of_a_healthy_recogniser_stays_one_where_the_fallback_fails() -> None:
    """R8.2: somebody has heard it, and heard no word."""
    part = recognition()
    speak(part, 40)
    part.end(1000)
    part.receive(SttEnded(1), 1200)
    part.result(1200)
    part.result(1200)
    part.receive(SttFailed(2, "unavailable", "not asked"), 1210)
    heard, _ = part.result(1210)
    assert heard == TurnHeard("", (), "final", 210, 800)


@pytest.mark.parametrize("code", ["unauthenticated", "unavailable", "quota", "timeout", "invalid_request"])
def test_where_the_fallback_fails_too_nobody_is_asked_again(code: str) -> None:
    """R8.2: it would cost the caller seconds of silence."""
    part = recognition()
    speak(part, 10)
    part.receive(SttFailed(1, code, "no"), 500)
    part.end(1000)
    part.result(1000)
    part.receive(SttFailed(2, code, "no"), 1150)
    heard, commands = part.result(1150)
    assert (heard, commands) == (TurnHeard("", (), "gave_up", 150, 200), [])


def test_a_fallback_that_dies_with_its_process_is_asked_again() -> None:
    """R8.2: another process is there in a moment."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    part.receive(SttFailed(1, "child_died", "gone"), 1000)
    part.result(1000)
    part.receive(SttFailed(2, "child_died", "gone"), 1000)
    assert part.result(1000) == (None, [])
    _, commands = part.result(1800)
    assert commands[0] == OpenStt(3, True, ("רעננה",))


def test_a_batch_recogniser_gets_a_segment_at_each_cut_and_the_texts_join() -> None:
    """R6.4: a monologue is one turn; its segments are transcribed while the caller speaks on."""
    part = recognition(streams=False, has_fallback=False)
    assert speak(part, 250) == []
    first = part.cut(40)
    assert first[0] == OpenStt(1, False, ("רעננה",))
    assert written(first, 1) == FRAME * 248
    assert first[-1] == FinishStt(1)
    speak(part, 50)
    last = part.end(6000)
    assert written(last, 2) == FRAME * 52
    part.receive(SttHeard(2, "עד שני מיליון", True), 6300)
    assert texts(part, 6300) is None
    part.receive(SttHeard(1, "אני מחפש דירה", True), 6400)
    assert texts(part, 6400) == "אני מחפש דירה עד שני מיליון"


def test_a_streaming_recogniser_is_not_cut_for_a_cut_could_split_a_word() -> None:
    """R6.4: it has transcribed the segment already."""
    part = recognition()
    speak(part, 250)
    assert part.cut(0) == []


def test_the_wait_has_an_end() -> None:
    """R8.2: after the last deadline the caller is asked again instead of waiting for ever."""
    part = recognition(streams=False, has_fallback=False)
    speak(part, 40)
    part.end(1000)
    assert part.timer() == 7000
    heard, commands = part.result(7000)
    assert heard is not None
    assert (heard.text, heard.source) == ("", "gave_up")
    assert commands == [CancelStt(1)]


def test_what_comes_late_for_a_recognition_given_up_is_dropped() -> None:
    """R8.2: one turn has one text."""
    part = recognition()
    speak(part, 10)
    part.end(1000)
    part.result(2200)
    part.result(2200)
    part.receive(SttHeard(1, "ישן", True), 2300)
    part.receive(SttHeard(2, "חדש", True), 2400)
    assert texts(part, 2400) == "חדש"


# -- a batch recogniser that reads ahead ------------------------------------------------------------------------------


def ahead() -> Recognition:
    return recognition(streams=False, has_fallback=False, reads_ahead=True)


def test_what_is_there_is_read_while_the_silence_is_judged() -> None:
    """R8.4: at the end of the turn nothing is left to ask for; the text may be there by then."""
    part = ahead()
    speak(part, 40)
    commands = part.read_ahead()
    assert commands[0] == OpenStt(1, False, ("רעננה",))
    assert written(commands, 1) == FRAME * 40
    assert commands[-1] == FinishStt(1)
    assert part.read_ahead() == [], "once a pause"
    assert speak(part, 15) == []
    part.receive(SttHeard(1, "חולון", True, 1.0, ("כולון",)), 900)
    assert (part.interim, part.alternatives) == ("חולון", ("כולון",))
    assert part.end(1000) == []
    heard, _ = part.result(1000)
    assert heard is not None
    assert (heard.text, heard.alternatives, heard.source, heard.asr_ms) == ("חולון", ("כולון",), "final", 0)


@pytest.mark.parametrize("is_heard", [True, False])
def test_what_was_read_ahead_is_forgotten_when_the_voice_goes_on(is_heard: bool) -> None:
    """R6.3: half a sentence is no turn; all of it is read once it is over."""
    part = ahead()
    speak(part, 40)
    part.read_ahead()
    if is_heard:
        part.receive(SttHeard(1, "עד שני", True), 900)
    assert part.go_on() == ([] if is_heard else [CancelStt(1)])
    assert part.interim == ""
    speak(part, 30)
    part.receive(SttHeard(1, "ישן", True), 950)
    commands = part.end(2000)
    assert written(commands, 2) == FRAME * 70
    part.receive(SttHeard(2, "עד שני מיליון", True), 2300)
    assert texts(part, 2300) == "עד שני מיליון"


def test_a_forced_cut_takes_the_place_of_what_was_read_ahead() -> None:
    """R6.4: nothing is read twice into one text."""
    part = ahead()
    speak(part, 248)
    part.read_ahead()
    speak(part, 2)
    commands = part.cut(40)
    assert commands[0] == CancelStt(1)
    assert written(commands, 2) == FRAME * 248
    speak(part, 50)
    assert written(part.read_ahead(), 3) == FRAME * 52
    assert part.end(6000) == []
    for stream, text in ((1, "ישן"), (3, "מיליון"), (2, "עד שני")):
        part.receive(SttHeard(stream, text, True), 6400)
    assert texts(part, 6400) == "עד שני מיליון"


def test_a_recognition_ahead_that_breaks_is_made_up_for() -> None:
    """R8.2: the whole turn is read again at its end."""
    part = ahead()
    speak(part, 40)
    part.read_ahead()
    part.receive(SttFailed(1, "child_died", "gone"), 900)
    speak(part, 10)
    assert part.end(1000) == []
    _, commands = part.result(1000 + 2000)
    assert written(commands, 2) == FRAME * 50


def test_who_pauses_all_the_time_is_read_ahead_a_few_times() -> None:
    """R22: a stuttering line costs no recognition for each of its gaps."""
    part, read = ahead(), 0
    for _ in range(20):
        speak(part, 10)
        read += bool(part.read_ahead())
        part.go_on()
    assert read == MOST_READ_AHEAD


def test_only_who_may_reads_ahead() -> None:
    """R8.1: a stream hears all the same; a recogniser that is paid for is asked once a turn."""
    for part in (recognition(), recognition(streams=False), ahead()):
        assert part.read_ahead() == [], "there is nothing to read yet"
    for part in (recognition(), recognition(streams=False)):
        speak(part, 40)
        assert part.read_ahead() == []
