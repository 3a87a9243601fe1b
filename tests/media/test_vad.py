"""When the caller speaks."""

import numpy as np
import pytest

from app.media.confirmer import NeuralConfirmer
from app.media.frontend import Frame, FrontEnd
from app.media.vad import SpeechStarted, SpeechStopped, Vad, VadEvent, VadSettings
from tests.media.sounds import Floats, at_dbfs, caller, frames, noise, silence, to_pcm, to_ulaw, tone

CALM = [10.0] * 25


def heard(levels: list[float], vad: Vad | None = None) -> list[VadEvent]:
    vad = vad or Vad()
    return [event for frame in frames(levels) if (event := vad.receive(frame))]


def test_speech_is_told_by_its_true_edges() -> None:
    """R6.2: hysteresis delays the news, not the times in it."""
    assert heard(CALM + [500.0] * 30 + [10.0] * 10) == [SpeechStarted(500), SpeechStopped(1100)]


def test_hysteresis_works_both_ways() -> None:
    """R6.2: 40 ms of click open nothing, 40 ms of closure close nothing."""
    assert heard(CALM + [500.0] * 2 + [10.0] * 10) == []
    assert heard(CALM + [500.0] * 10 + [10.0] * 2 + [500.0] * 10) == [SpeechStarted(500)]


@pytest.mark.parametrize("attack_ms", [40, 60, 80])
def test_hysteresis_is_a_setting(attack_ms: int) -> None:
    """R6.2."""
    vad = Vad(VadSettings(attack_ms=attack_ms))
    for frame in frames(CALM):
        vad.receive(frame)
    needed = next(n for n in range(1, 9) if vad.receive(Frame(480 + n * 20, b"", 500.0)))
    assert needed * 20 == attack_ms


def test_nothing_is_believed_before_the_calibration_and_nothing_is_lost_by_it() -> None:
    """R6.1: who speaks at once is heard from the first frame."""
    vad = Vad()
    levels = [2500.0, 900.0, 4000.0, 1500.0] * 10
    events = [(frame.start_ms, event) for frame in frames(levels) if (event := vad.receive(frame))]
    assert events == [(380, SpeechStarted(0))]


def test_a_word_within_the_calibration_is_told_with_both_its_ends() -> None:
    """R6.1, R6.4."""
    assert heard([10.0] * 4 + [900.0, 2000.0] * 4 + [10.0] * 30) == [SpeechStarted(80), SpeechStopped(240)]


def test_the_state_can_be_read() -> None:
    """R6.1, R6.2."""
    vad = Vad()
    assert not vad.calibrated
    heard([100.0] * 25 + [2000.0] * 5, vad)
    assert vad.calibrated
    assert vad.is_speech
    assert vad.is_voiced
    assert vad.noise_floor == pytest.approx(100)
    assert vad.threshold == pytest.approx(228)


def test_a_word_end_sinking_into_noise_belongs_to_the_word() -> None:
    """R6.2: noise of 100 gives a threshold of 228; the tail counts, for 100 ms at most."""
    calm = [100.0] * 25
    assert heard(calm + [2000.0] * 10 + [200.0, 160.0] + [100.0] * 9)[-1] == SpeechStopped(740)
    assert heard(calm + [2000.0] * 10 + [200.0] * 20)[-1] == SpeechStopped(800)


def edges(sound: Floats, vad: Vad | None = None) -> list[VadEvent]:
    vad = vad or Vad()
    return [event for frame in FrontEnd().process(to_ulaw(sound)) if (event := vad.receive(frame))]


@pytest.mark.parametrize("snr_db", [10, 20, 60])
@pytest.mark.parametrize("name", ["v001", "v004", "w01_07"])
def test_a_caller_is_found_in_noise(name: str, snr_db: float) -> None:
    """R6.2: starts and stops within 150 ms of where they are in clean sound."""
    talk = caller(name)
    level = float((talk**2).mean() ** 0.5)
    sound = np.concatenate([silence(1000), talk, silence(800)])
    clean, noisy = edges(sound), edges(sound + noise(len(sound) // 8, level / 10 ** (snr_db / 20)))
    assert abs(noisy[0].at_ms - clean[0].at_ms) <= 150
    assert abs(noisy[-1].at_ms - clean[-1].at_ms) <= 150


class Opinion:
    """A second opinion that changes its mind on request."""

    def __init__(self, *, is_speech: bool | None, probability: float = 0.0) -> None:
        self.is_speech = is_speech
        self.probability = probability
        self.speech_until_ms = 10**9
        self.voiced_before_ms = 0
        self.is_alone = False
        self.open_frames = 0

    def receive(self, frame: Frame, *, is_open: bool) -> None:
        self.open_frames += is_open


def test_a_confirmer_is_asked_only_while_the_gate_is_open_and_has_the_last_word() -> None:
    """R6.2: what it denies leaves no trace; what it comes to believe is told from the onset of the sound."""
    opinion = Opinion(is_speech=False)
    vad = Vad(confirmer=opinion)
    assert heard(CALM + [500.0] * 20, vad) == []
    assert opinion.open_frames == 20
    opinion.is_speech = True
    assert vad.receive(Frame(900, b"", 500.0)) == SpeechStarted(500)
    opinion.is_speech = False
    later = [vad.receive(Frame(920 + 20 * index, b"", 500.0)) for index in range(4)]
    assert SpeechStopped(920) in later


def test_speech_waits_for_the_opinion_also_when_the_word_is_over_by_then() -> None:
    """R6.4: a word of 60 ms is confirmed by the frames after it."""
    opinion = Opinion(is_speech=None)
    vad = Vad(confirmer=opinion)
    assert heard(CALM + [500.0] * 3, vad) == []
    assert vad.receive(Frame(560, b"", 10.0)) is None
    opinion.is_speech = True
    assert vad.receive(Frame(580, b"", 10.0)) == SpeechStarted(500)
    assert vad.receive(Frame(600, b"", 10.0)) == SpeechStopped(560)


def test_an_opinion_that_comes_too_late_is_about_something_else() -> None:
    """R6.2."""
    opinion = Opinion(is_speech=None)
    vad = Vad(confirmer=opinion)
    assert heard(CALM + [500.0] * 3 + [10.0] * 3, vad) == []
    opinion.is_speech = True
    assert vad.receive(Frame(620, b"", 10.0)) is None


def test_a_weak_word_end_lasts_as_long_as_it_sounds_like_speech() -> None:
    """R6.2: noise of 100 gives a threshold of 228; of the tail at 200, 100 ms belong to the word."""
    levels = [100.0] * 25 + [2000.0] * 10 + [130.0] * 8 + [100.0] * 9
    opinion = Opinion(is_speech=True, probability=0.9)
    assert heard(levels, Vad(confirmer=opinion))[-1] == SpeechStopped(800)


def test_what_no_longer_sounds_like_speech_is_no_words_end() -> None:
    """R6.2: hardly over the noise, and the network doubts it: the word ends with its voice."""
    levels = [100.0] * 25 + [2000.0] * 10 + [130.0] * 8 + [100.0] * 9
    opinion = Opinion(is_speech=True, probability=0.5)
    assert heard(levels, Vad(confirmer=opinion))[-1] == SpeechStopped(700)


@pytest.mark.parametrize(
    ("caller_rms", "probability", "is_alone", "heard_ms"),
    [
        (500.0, 0.9, True, 300),
        (590.0, 0.9, True, 300),
        (610.0, 0.9, True, 0),  # 16 dB over the noise nothing drowns
        (500.0, 0.89, True, 0),
        (500.0, 0.9, False, 0),
    ],
)
def test_what_drowns_in_noise_belongs_to_the_only_voice_there_is(
    caller_rms: float, probability: float, is_alone: bool, heard_ms: int
) -> None:
    """R6.3: the weak syllables of a caller 10 dB over a hiss, which the network hears and the gate does not."""
    opinion = Opinion(is_speech=True, probability=probability)
    opinion.is_alone = is_alone
    levels = [100.0] * 25 + [caller_rms] * 10 + [100.0] * 25
    assert heard(levels, Vad(confirmer=opinion))[-1] == SpeechStopped(700 + heard_ms)


@pytest.mark.parametrize(
    ("caller_rms", "probability", "is_alone", "rises"),
    [
        (350.0, 0.9, True, False),
        (350.0, 0.89, True, True),
        (410.0, 1.0, True, False),
        (520.0, 1.0, True, True),  # there the gate hears all of a voice
        (350.0, 1.0, False, True),  # it may be others' voices
    ],
)
def test_the_noise_is_not_learned_from_weak_syllables_that_the_network_hears(
    caller_rms: float, probability: float, is_alone: bool, rises: bool
) -> None:
    """R6.1: noise of 60 gives a threshold of 140; of a caller a little over it the weaker syllables are under that."""
    opinion = Opinion(is_speech=True, probability=probability)
    opinion.is_alone = is_alone
    vad = Vad(confirmer=opinion)
    heard([70.0] * 25 + ([caller_rms] * 12 + [60.0] * 4) * 2 + [caller_rms] * 5, vad)
    for index in range(20):
        vad.receive(Frame(1240 + 20 * index, b"", caller_rms if index % 5 == 4 else 130.0))
    assert (vad.noise_floor > 75) is rises


@pytest.mark.parametrize(
    ("rms", "probability", "quiet_frames", "is_faint"),
    [
        (130.0, 0.6, 0, True),
        (130.0, 0.59, 0, False),
        (113.0, 0.9, 0, False),
        (115.0, 0.9, 0, True),
        (130.0, 0.9, 4, True),
        (130.0, 0.9, 5, False),
    ],
)
def test_a_faint_voice_is_soon_behind_a_loud_one_and_sounds_like_speech(
    rms: float, probability: float, quiet_frames: int, is_faint: bool
) -> None:
    """R7.1: noise of 100 gives a threshold of 228, and half of it; no word goes on for more than 100 ms like this."""
    opinion = Opinion(is_speech=True, probability=probability)
    vad, last = Vad(confirmer=opinion), Frame(700 + 20 * quiet_frames, b"", rms)
    heard([100.0] * 25 + [2000.0] * 10 + [100.0] * quiet_frames, vad)
    vad.receive(last)
    assert vad.is_faint_voice(last) is is_faint
    assert not Vad().is_faint_voice(last)


def test_half_of_what_an_echo_may_reach_is_asked_of_a_faint_voice() -> None:
    """R7.1."""
    vad = Vad(confirmer=Opinion(is_speech=True, probability=0.9))
    heard([100.0] * 25 + [2000.0] * 10, vad)
    for echo_rms, is_faint in ((250.0, True), (270.0, False)):
        frame = Frame(700, b"", 130.0, echo_rms)
        vad.receive(frame)
        assert vad.is_faint_voice(frame) is is_faint


def test_how_long_a_voice_was_too_soft_is_the_confirmers_to_say() -> None:
    """R7.1."""
    opinion = Opinion(is_speech=True)
    opinion.voiced_before_ms = 64
    assert Vad(confirmer=opinion).voiced_before_ms == 64
    assert Vad().voiced_before_ms == 0


def test_before_the_calibration_nothing_is_confirmed() -> None:
    """R7.1: noise must not pass for a voice before it is known."""
    vad = Vad()
    assert vad.opinion is False
    heard(CALM, vad)
    assert vad.opinion is None
    heard(CALM + [500.0] * 5, vad)
    assert vad.opinion is True
    assert Vad(confirmer=Opinion(is_speech=True)).opinion is False


def test_what_follows_the_last_speech_is_taken_back_once_it_is_denied() -> None:
    """R6.3: noise after the words must not delay the end of the utterance."""
    opinion = Opinion(is_speech=True)
    vad = Vad(confirmer=opinion)
    assert heard(CALM + [500.0] * 20, vad) == [SpeechStarted(500)]
    opinion.is_speech, opinion.speech_until_ms = False, 780
    assert vad.receive(Frame(900, b"", 500.0)) == SpeechStopped(780)


def test_in_a_loud_room_only_the_near_voice_counts() -> None:
    """R6.2: babble is speech too; half the caller's own level is asked of what comes next."""
    room, caller_level = [300.0] * 25, 1500.0
    vad = Vad(confirmer=Opinion(is_speech=True))
    assert heard(room + [caller_level] * 20 + [300.0] * 10, vad) == [SpeechStarted(500), SpeechStopped(900)]
    far = [vad.receive(Frame(1100 + index * 20, b"", 700.0)) for index in range(10)]
    assert far == [None] * 10
    near = [vad.receive(Frame(1300 + index * 20, b"", 1200.0)) for index in range(5)]
    assert any(near)


def test_over_the_agent_the_callers_level_is_asked_for_once_it_is_known_and_only_in_a_lively_room() -> None:
    """R7.5: a second of voice tells it; on a quiet line a soft word is the caller's, too."""
    for room_rms, near in ((200.0, True), (20.0, False)):
        vad = Vad(confirmer=Opinion(is_speech=True))
        heard([room_rms] * 25 + [1500.0] * 30, vad)
        assert (vad.caller_rms, vad.near_rms) == (None, 0.0)
        for index in range(40):
            vad.receive(Frame(1100 + index * 20, b"", 1500.0))
        assert vad.caller_rms == pytest.approx(1500)
        assert vad.near_rms == (pytest.approx(1050) if near else 0.0)


def babble(level: float, count: int) -> list[float]:
    """Return levels of many voices at once: none of them falls silent."""
    chance = np.random.default_rng(int(level))
    return [float(one) for one in level * chance.uniform(0.75, 1.25, count)]


@pytest.mark.parametrize(("spoken", "is_bed"), [([2000.0, 900.0] * 25, True), ([], False)])
def test_who_ends_before_the_voices_of_a_room_has_told_how_loud_callers_are(spoken: list[float], is_bed: bool) -> None:
    """R6.2: 12 dB under a caller an even sound is a room's after a second; of nobody known it may be somebody."""
    levels = CALM + spoken + (babble(300, 60) if spoken else []) + [10.0] * 100 + babble(500, 60)
    vad = Vad()
    assert (SpeechStopped(1520) if spoken else SpeechStarted(2500)) in heard(levels, vad)
    assert (vad.threshold > 500) is is_bed
    assert vad.is_speech is not is_bed


@pytest.mark.parametrize(("held_frames", "is_bed"), [(0, True), (16, True), (26, False)])
def test_an_even_sound_that_holds_one_tune_is_the_callers(held_frames: int, is_bed: bool) -> None:
    """R6.2: an "ehh" is as even as many voices; of those some may hold theirs for a while."""
    tune, rough = to_pcm(tone(20, 900, 200)).tobytes(), to_pcm(noise(20, 900)).tobytes()
    levels = CALM + [2000.0, 900.0] * 25 + babble(300, 60)
    vad = Vad()
    told = [vad.receive(Frame(at * 20, tune if at % 26 < held_frames else rough, rms)) for at, rms in enumerate(levels)]
    assert (SpeechStopped(1520) in told) is is_bed


@pytest.mark.parametrize("snr_db", [10, 20])
@pytest.mark.parametrize("name", ["v004", "w01_06", "w01_07", "w01_08"])
def test_the_network_lets_no_short_word_go(name: str, snr_db: int) -> None:
    """R6.4: one word, quiet, in noise, as early as its sound sets in."""
    word = at_dbfs(caller(name), -35)
    level = 32767 * 10 ** (-35 / 20)
    sound = np.concatenate([silence(1000), word, silence(800)])
    noisy = sound + noise(len(sound) // 8, level / 10 ** (snr_db / 20))
    confirmed = edges(noisy, Vad(confirmer=NeuralConfirmer()))
    assert abs(confirmed[0].at_ms - edges(noisy)[0].at_ms) <= 40
    # A final consonant may drown.
    assert abs(confirmed[-1].at_ms - edges(sound)[-1].at_ms) <= 220


def test_the_network_lets_no_noise_pass() -> None:
    """R6.2: a fan that is switched on, a key tone, a burst."""
    for sound in (noise(1500, 3000), tone(300, 3000, 770) + tone(300, 3000, 1336), noise(80, 5000)):
        heard_sound = np.concatenate([silence(1000), sound, silence(500)])
        assert edges(heard_sound) != []
        assert edges(heard_sound, Vad(confirmer=NeuralConfirmer())) == []
