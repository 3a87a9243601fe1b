"""When the caller is done."""

from collections.abc import Iterator

import numpy as np
import pytest

from app.media.codec import FRAME_MS
from app.media.endpointing import EndOfUtterance, Endpointer, EndpointSettings, Interim, Sound
from app.media.frontend import Frame, FrontEnd
from app.media.vad import SpeechStarted, SpeechStopped, Vad
from tests.media.sounds import Floats, at_dbfs, caller, noise, silence, to_ulaw

HUM = (1000 * np.sin(2 * np.pi * 150 * np.arange(160) / 8000)).astype(np.int16).tobytes()
"""A frame of 150 Hz: whole periods, so that frames join."""


class Conversation:
    """A caller made of frames: `voice` and `silence` return the ends they lead to."""

    def __init__(self, settings: EndpointSettings | None = None) -> None:
        self.endpointer = Endpointer(settings)
        self.now_ms = 1000
        self.talking = False

    def voice(self, ms: int, rms: float = 2000.0) -> list[EndOfUtterance]:
        if not self.talking:
            self.endpointer.receive(SpeechStarted(self.now_ms))
        self.talking = True
        return list(self._frames(ms, rms, HUM))

    def silence(self, ms: int, rms: float = 0.0) -> list[EndOfUtterance]:
        if self.talking:
            self.endpointer.receive(SpeechStopped(self.now_ms))
        self.talking = False
        return list(self._frames(ms, rms, bytes(320)))

    def interim(self, sound: Sound) -> None:
        self.endpointer.receive(Interim(sound))

    def _frames(self, ms: int, rms: float, pcm: bytes) -> Iterator[EndOfUtterance]:
        for _ in range(ms // FRAME_MS):
            ended = self.endpointer.receive(Frame(self.now_ms, pcm, rms))
            self.now_ms += FRAME_MS
            if ended is not None:
                yield ended

    def sentence(self) -> list[EndOfUtterance]:
        """Speak for 1.2 s in a voice that fades towards the end of the sentence."""
        return self.voice(900) + self.voice(200, 400.0) + self.voice(100, 250.0)


def waits(talk: Conversation) -> int:
    (ended,) = talk.silence(3000)
    assert not ended.forced
    return ended.silence_ms


def test_a_level_voice_gets_the_long_silence_and_a_falling_one_the_short() -> None:
    """R6.3: 350..500 ms."""
    level, falling = Conversation(), Conversation()
    level.voice(1500)
    falling.sentence()
    assert waits(level) == 500
    assert 350 <= waits(falling) < 500


@pytest.mark.parametrize("sound", ["unknown", "open", "complete"])
def test_an_end_is_in_doubt_where_the_voice_did_not_fall(sound: Sound) -> None:
    """R6.4: whatever the words are; who has fallen silent for good falls before."""
    for is_falling in (True, False):
        talk = Conversation()
        assert (talk.sentence() if is_falling else talk.voice(1500)) == []
        talk.interim(sound)
        (ended,) = talk.silence(3000)
        assert ended.in_doubt is not is_falling


def test_of_a_caller_who_rests_for_long_less_will_do() -> None:
    """R6.4: a voice that fell half is done, but not that of somebody who has gone on behind 450 ms."""
    for rests in (False, True):
        talk = Conversation()
        if rests:
            talk.interim("open")
            assert talk.voice(900) == []
            talk.interim("open")
            assert talk.silence(450) == []
        assert talk.voice(1200) + talk.voice(220, 340.0) == []
        (ended,) = talk.silence(3000)
        assert ended.in_doubt is rests


@pytest.mark.parametrize("hysteresis_ms", [40, 60, 80])
def test_the_silence_by_which_the_end_was_known_is_no_part_of_the_voice(hysteresis_ms: int) -> None:
    """R6.3: a fall that the hysteresis follows gives the short wait still, and a level voice the long one."""
    waited = []
    for is_falling in (True, False):
        talk = Conversation()
        if is_falling:
            talk.sentence()
            talk.interim("complete")
        else:
            talk.voice(1500)
        stopped_ms = talk.now_ms
        assert talk.voice(hysteresis_ms, 20.0) == []
        talk.endpointer.receive(SpeechStopped(stopped_ms))
        talk.talking = False
        waited += [ended.silence_ms for ended in talk.silence(3000, 20.0)]
    assert waited == [200, 500]


@pytest.mark.parametrize(
    ("sound", "noise_rms", "silence_ms"),
    [("complete", 0.0, 200), ("complete", 300.0, 360), ("open", 0.0, 500), ("dictating", 0.0, 1500)],
)
def test_the_words_move_the_wait(sound: Sound, noise_rms: float, silence_ms: int) -> None:
    """R6.3: 200 ms only where the energy fell sharply; dictation is the named exception."""
    talk = Conversation()
    talk.sentence()
    talk.interim(sound)
    (ended,) = talk.silence(3000, noise_rms)
    assert ended.silence_ms == silence_ms


@pytest.mark.parametrize(("fades_to", "silence_ms"), [(1200.0, 360), (800.0, 360), (600.0, 200)])
def test_complete_words_in_a_voice_that_hardly_fades_are_given_the_usual_wait(fades_to: float, silence_ms: int) -> None:
    """R6.3: 200 ms take words and voice that agree."""
    talk = Conversation()
    assert talk.voice(900) + talk.voice(300, fades_to) == []
    talk.interim("complete")
    assert waits(talk) == silence_ms


def test_words_that_come_in_the_silence_count_still() -> None:
    """R6.3: an interim lags behind the voice."""
    talk = Conversation()
    talk.sentence()
    assert talk.silence(300) == []
    talk.interim("dictating")
    assert talk.silence(1180) == []
    (ended,) = talk.silence(40)
    assert ended.silence_ms == 1500


def test_the_sound_of_one_turn_does_not_reach_into_the_next() -> None:
    """R6.3."""
    talk = Conversation()
    talk.sentence()
    talk.interim("dictating")
    talk.silence(3000)
    talk.interim("dictating")
    talk.sentence()
    assert waits(talk) < 500


def test_a_stop_consonant_ends_nothing() -> None:
    """R6.3: the mouth closes for 150 ms, sharply."""
    talk = Conversation()
    assert talk.sentence() + talk.silence(160) + talk.sentence() == []


@pytest.mark.parametrize("voice_ms", [100, 200, 400, 500])
def test_a_short_word_is_never_dropped_and_ends_with_min_utt(voice_ms: int) -> None:
    """R6.4: MIN_UTT counts from speech start and includes the silence."""
    talk = Conversation()
    assert talk.voice(voice_ms) == []
    (ended,) = talk.silence(3000)
    at_ms = 1000 + max(900, voice_ms + 500)
    assert (ended.at_ms, ended.utterance_ms, ended.forced) == (at_ms, at_ms - 1000, False)


def test_a_monologue_is_cut_into_segments_and_stays_one_turn() -> None:
    """R6.4: MAX_UTT forces the cut, 4..5 s; only the real end is not forced."""
    talk = Conversation()
    ends = talk.voice(12000)
    assert [ended.forced for ended in ends] == [True, True]
    assert [ended.utterance_ms for ended in ends] == [5000, 5000]
    (last,) = talk.silence(1000)
    assert not last.forced
    assert last.utterance_ms == last.at_ms - 1000 - 10000


def test_the_cut_is_made_at_a_quiet_point_when_there_is_one() -> None:
    """R6.4: a word cut in two is two words misheard."""
    talk = Conversation()
    ends = talk.voice(4600) + talk.voice(40, 50.0) + talk.voice(1000)
    assert [(ended.at_ms, ended.forced) for ended in ends] == [(1000 + 4620, True)]


def test_long_dictation_is_cut_in_its_pauses() -> None:
    """R6.4: groups of digits with a second between them never fall silent for long enough, but do grow."""
    talk = Conversation()
    ends: list[EndOfUtterance] = []
    for _ in range(5):
        ends += talk.voice(900)
        talk.interim("dictating")
        ends += talk.silence(1000)
    assert ends
    assert all(ended.forced and ended.utterance_ms <= 5000 for ended in ends)
    assert not talk.silence(2000)[-1].forced


def test_a_slow_caller_is_given_more_time_after_having_been_cut_in_upon() -> None:
    """R6.3: the pace is learned within the call."""
    talk = Conversation()
    talk.sentence()
    first = waits_then_go_on(talk, 600)
    talk.sentence()
    assert waits(talk) == 500 > first


def test_a_caller_who_no_longer_pauses_is_answered_as_soon_as_before() -> None:
    """R6.3: a pace is forgotten by a tenth with every pause that is shorter."""
    talk = Conversation()
    talk.sentence()
    first = waits_then_go_on(talk, 600)
    for _ in range(20):
        talk.voice(300)
        talk.silence(200)
    talk.sentence()
    assert waits(talk) == first


@pytest.mark.parametrize(("short_pauses", "silence_ms"), [(1, 500), (3, 480), (12, 360)])
def test_a_pace_is_forgotten_by_a_tenth_at_a_time(short_pauses: int, silence_ms: int) -> None:
    """R6.3: who paused once for long may do so again in the sentence after next."""
    talk = Conversation()
    talk.sentence()
    waits_then_go_on(talk, 600)
    for _ in range(short_pauses):
        talk.sentence()
        talk.silence(200)
    talk.sentence()
    assert waits(talk) == pytest.approx(silence_ms, abs=20)


def waits_then_go_on(talk: Conversation, silence_ms: int) -> int:
    (ended,) = talk.silence(silence_ms)
    return ended.silence_ms


def test_an_utterance_does_not_end_in_the_moment_the_caller_goes_on() -> None:
    """R6.3: the VAD needs some frames to believe in a voice; the end waits for its verdict."""
    talk = Conversation()
    talk.voice(1500)
    assert talk.silence(480) == []
    # The voice is back, and not yet believed.
    assert talk.silence(60, 1500.0) == []
    assert talk.voice(500) == []


@pytest.mark.parametrize(("rms", "is_held"), [(190.0, False), (210.0, False), (230.0, True), (400.0, True)])
def test_a_soft_beginning_over_the_noise_holds_the_end(rms: float, is_held: bool) -> None:
    """R6.3: 2.2 times the silence so far may be the caller who goes on; less is the line's own noise."""
    talk = Conversation()
    talk.voice(1500)
    assert talk.silence(480, 100.0) == []
    assert (talk.silence(60, rms) == []) is is_held


@pytest.mark.parametrize("before_ms", [100, 300, 400])
def test_a_line_that_grows_louder_in_the_silence_is_doubted_for_200_ms(before_ms: int) -> None:
    """R6.3: what the VAD has not called speech by then is noise, and no caller waits for it to end."""
    talk = Conversation()
    talk.voice(1500)
    assert talk.silence(before_ms, 100.0) == []
    (ended,) = talk.silence(1000, 300.0)
    assert ended.silence_ms == max(500, before_ms + 220)


@pytest.mark.parametrize("voice", [(2000.0, 2000.0), (400.0, 250.0), (100.0, 60.0)])
def test_without_words_no_voice_falls_far_enough_for_the_shortest_wait(voice: tuple[float, float]) -> None:
    """R6.3: people rest for 300 ms in the midst of a sentence, after a fall as sharp as an end's."""
    talk = Conversation()
    talk.voice(900)
    for rms in voice:
        talk.voice(160, rms)
    assert talk.silence(340) == []


@pytest.mark.parametrize(("rest_ms", "silence_ms"), [(0, 200), (280, 200), (300, 360), (340, 360)])
def test_a_caller_who_has_rested_within_a_sentence_gets_no_sharp_end(rest_ms: int, silence_ms: int) -> None:
    """R6.3: words that sound complete, and a voice that falls, may be the first half of what is said."""
    talk = Conversation()
    talk.sentence()
    assert talk.silence(rest_ms) == []
    talk.sentence()
    talk.interim("complete")
    assert waits(talk) == silence_ms


def test_who_was_cut_in_upon_gets_no_sharp_end_until_a_turn_has_ended_in_peace() -> None:
    """R6.3: a rest of 240 ms after words that sounded complete; the next turn is followed by a second of silence."""
    talk, waited = Conversation(), []
    for pause_ms in (240, 1400, 1400):
        talk.sentence()
        talk.interim("complete")
        (ended,) = talk.silence(pause_ms)
        waited.append(ended.silence_ms)
    assert waited == [200, 360, 200]


def test_what_was_no_utterance_tells_nothing_of_the_callers_pace() -> None:
    """R6.3: a cough half a second before a sentence is no pause in it."""
    talk, fresh = Conversation(), Conversation()
    talk.voice(600)
    talk.silence(200)
    talk.endpointer.reset()
    talk.silence(300)
    for one in (talk, fresh):
        one.sentence()
    assert waits(talk) == waits(fresh)


def test_reset_forgets_the_utterance() -> None:
    talk = Conversation()
    talk.sentence()
    talk.endpointer.reset()
    assert talk.silence(2000) == []


@pytest.mark.parametrize(
    "bad",
    [
        {"min_silence_ms": 300},
        {"max_silence_ms": 600},
        {"min_silence_ms": 450, "max_silence_ms": 400},
        {"sharp_silence_ms": 100},
        {"sharp_silence_ms": 360},
        {"min_utterance_ms": 500},
        {"max_utterance_ms": 9000},
    ],
)
def test_a_setting_out_of_range_is_named(bad: dict[str, int]) -> None:
    """R6.3, R6.4."""
    with pytest.raises(ValueError, match=list(bad)[-1]):
        EndpointSettings(**bad)


def ends_in(*parts: Floats) -> list[EndOfUtterance]:
    vad, endpointer, ends = Vad(), Endpointer(), []
    for frame in FrontEnd().process(to_ulaw(*parts)):
        event = vad.receive(frame)
        if event is not None:
            endpointer.receive(event)
        ended = endpointer.receive(frame)
        if ended is not None:
            ends.append(ended)
    return ends


SHORT_WORDS = ["w01_02", "w01_06", "w01_07", "w01_08"]


@pytest.mark.parametrize("dbfs", [-35, -20, -10])
@pytest.mark.parametrize("name", SHORT_WORDS)
@pytest.mark.parametrize("lead_ms", [0, 200, 1000])
def test_every_short_word_is_one_utterance(name: str, dbfs: float, lead_ms: int) -> None:
    """R6.4: loud or faint, after silence or into the calibration."""
    (ended,) = ends_in(silence(lead_ms), at_dbfs(caller(name), dbfs), silence(1500))
    assert not ended.forced


@pytest.mark.parametrize("name", ["v001", "v004", "v010", "v022", "w01_01", "w01_03", "w01_04", "w01_05"])
@pytest.mark.parametrize("snr_db", [20, None])
def test_a_sentence_is_answered_soon_after_its_end(name: str, snr_db: float | None) -> None:
    """R6.3: one end each, within 520 ms of the last audible frame (samples end in 150 ms of silence)."""
    talk = caller(name)
    sound = np.concatenate([silence(1000), talk, silence(1200)])
    if snr_db is not None:
        sound += noise(len(sound) // 8, float(np.sqrt((talk**2).mean())) / 10 ** (snr_db / 20))
    (ended,) = ends_in(sound)
    frames = np.sqrt((talk[: len(talk) // 160 * 160].reshape(-1, 160) ** 2).mean(axis=1))
    last_ms = 1000 + int(np.nonzero(frames > frames.max() / 100)[0][-1] + 1) * FRAME_MS
    assert 150 <= ended.at_ms - last_ms <= 520
