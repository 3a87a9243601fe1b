"""What is heard of the caller."""

import numpy as np
import pytest

from app.call.hearing.ear import Ear, Noticed
from app.media.bargein import BargeInSettings
from app.media.endpointing import EndpointSettings
from app.media.vad import SpeechStarted, SpeechStopped, VadSettings
from tests.bench_turns.noises.second import SECOND_NOISES
from tests.bench_turns.noises.sounds import babble_of
from tests.bench_turns.noises.tuning import TUNING_NOISES
from tests.media.sounds import Floats, at_dbfs, caller, noise, silence, to_ulaw

LOUD_RMS = 820.0  # 10 dB under a voice at -22 dBFS
NOT_SPEECH = {**SECOND_NOISES, **{f"tuning {name}": make for name, make in TUNING_NOISES.items()}}


def _ear(*, neural: bool = True) -> Ear:
    return Ear(VadSettings(neural=neural), EndpointSettings(), BargeInSettings())


def _hear(ear: Ear, sound: Floats) -> list[Noticed]:
    return list(ear.receive(to_ulaw(sound + noise(len(sound) // 8, 8.0))))


@pytest.mark.parametrize("name", NOT_SPEECH)
def test_what_is_no_speech_opens_no_turn_and_does_not_stop_the_agent(name: str) -> None:
    """R6.2, R7.5: key tones, clicks, music on hold, coughs, sneezes, knocks, doors, the street, wind."""
    ear = _ear()
    _hear(ear, silence(1000))
    ear.agent_started()
    sound = NOT_SPEECH[name](6000, np.random.default_rng(77)) * LOUD_RMS
    for noticed in ear.receive(to_ulaw(sound + noise(6000, 8.0))):
        assert not isinstance(noticed.change, SpeechStarted)
        assert not ear.is_interrupting(noticed.frame)


@pytest.mark.parametrize("dbfs", [-35, -40])
def test_a_soft_word_in_a_hiss_is_heard(dbfs: float) -> None:
    """R6.2, R6.4: to a network that has not heard the hiss before, it is more hiss."""
    for seed in range(4):
        line = np.concatenate([silence(1000), at_dbfs(caller("w01_06"), dbfs), silence(800)])
        heard = _ear().receive(to_ulaw(line + noise(len(line) // 8, 32767 * 10 ** ((dbfs - 5) / 20), seed)))
        assert any(isinstance(noticed.change, SpeechStarted) for noticed in heard)


@pytest.mark.parametrize(("name", "within_ms"), [("w01_03", 440), ("v010", 400), ("v022", 460)])
def test_a_voice_that_sinks_into_the_noise_between_its_syllables_stops_the_agent_in_time(
    name: str, within_ms: int
) -> None:
    """R7.1: its soft beginning counts, and what is faint of it; the recordings begin with 200 ms of silence."""
    voice = np.concatenate([silence(1000), at_dbfs(caller(name), -22), silence(300)])
    ear = Ear(VadSettings(neural=True), EndpointSettings(), BargeInSettings(voice_ms=180))
    ear.agent_started()
    line = to_ulaw(voice + noise(len(voice) // 8, 32767 * 10 ** (-34 / 20)))
    hit = next(noticed.frame.end_ms for noticed in ear.receive(line) if ear.is_interrupting(noticed.frame))
    assert 1200 < hit <= 1000 + within_ms


def test_a_sentence_is_heard_from_its_onset_to_its_end() -> None:
    """R6.3: and its voice is counted."""
    ear = _ear()
    voice = at_dbfs(caller("w01_01"), -22)
    heard = _hear(ear, np.concatenate([silence(1000), voice, silence(1500)]))
    changes = [one.change for one in heard if one.change]
    assert isinstance(changes[0], SpeechStarted)
    assert 1000 <= changes[0].at_ms <= 1250
    last = changes[-1]
    assert isinstance(last, SpeechStopped)
    (eou,) = [one.eou for one in heard if one.eou]
    assert 180 <= eou.silence_ms <= 520
    assert ear.silence_ms == ear.media_ms - last.at_ms
    assert not ear.is_speech
    assert ear.voiced_ms == ear.speech_ms > 500
    ear.count_anew()
    assert ear.speech_ms == 0


def test_words_that_are_open_lengthen_the_wait() -> None:
    """R6.3."""
    voice = np.concatenate([silence(1000), at_dbfs(caller("w01_01"), -22), silence(1500)])
    waits = []
    for told in (False, True):
        ear = _ear(neural=False)
        for noticed in ear.receive(to_ulaw(voice + noise(len(voice) // 8, 8.0))):
            if told:
                ear.told("open")
            if noticed.eou:
                waits.append(noticed.eou.silence_ms)
    assert waits[0] <= waits[1] == 500


def test_a_caller_over_the_agent_is_noticed_once_and_again_after_listening_on() -> None:
    """R7.1, R7.2: whoever was no barge-in after all needs no new grace."""
    ear = _ear(neural=False)
    _hear(ear, silence(1000))
    ear.agent_started()
    hits = []
    for noticed in ear.receive(to_ulaw(np.concatenate([silence(300), noise(1000, 2000.0)]))):
        if ear.is_interrupting(noticed.frame):
            hits.append(noticed.frame.end_ms)
            if len(hits) == 1:
                ear.listen_on()
    assert hits == [1500, 1700]


def test_an_utterance_forgotten_does_not_end() -> None:
    """R7.5: the noise that paused the agent is nobody's turn."""
    ear = _ear(neural=False)
    _hear(ear, np.concatenate([silence(1000), noise(400, 2000.0)]))
    ear.forget_utterance()
    assert not any(one.eou for one in _hear(ear, silence(2000)))


def _overhears(ear: Ear, line: Floats, agent: Floats) -> tuple[list[int], list[int]]:
    """Return when a turn began and when the agent was stopped, while it says `agent` from 1000 ms on."""
    ulaw, sent = to_ulaw(line), to_ulaw(np.concatenate([silence(1000), agent]))
    starts, stops = [], []
    for at in range(0, len(ulaw) // 160 * 160, 160):
        if at == 8000:
            ear.agent_started()
        for noticed in ear.receive(ulaw[at : at + 160], lambda _, at=at: sent[at : at + 160]):  # type: ignore[misc]
            if isinstance(noticed.change, SpeechStarted):
                starts.append(noticed.change.at_ms)
            if at >= 8000 and ear.is_interrupting(noticed.frame):
                stops.append(noticed.frame.end_ms)
                ear.agent_started()
    return starts, stops


@pytest.mark.parametrize("neural", [True, False])
@pytest.mark.parametrize(("db", "delay_ms"), [(-20, 100), (-22, 180), (-28, 250), (-35, 400)])
def test_the_agents_own_voice_neither_opens_a_turn_nor_stops_the_agent(db: float, delay_ms: int, neural: bool) -> None:
    """R7.1: it comes back on the caller's line, and goes on for a moment after the agent fell silent."""
    agent = at_dbfs(np.concatenate([caller(f"w01_0{number}") for number in range(1, 6)]), -20)
    back = np.concatenate([silence(1000 + delay_ms), agent * 10 ** (db / 20), silence(1500)])
    assert _overhears(_ear(neural=neural), back + noise(len(back) // 8 + 1, 18.0)[: len(back)], agent) == ([], [])


def test_a_caller_over_the_agents_echo_is_heard_in_time() -> None:
    """R7.1."""
    agent = at_dbfs(np.concatenate([caller(f"w01_0{number}") for number in range(1, 6)]), -20)
    line = np.concatenate([silence(1250), agent * 10 ** (-22 / 20), silence(1500)])
    line += noise(len(line) // 8 + 1, 18.0)[: len(line)]
    voice = at_dbfs(caller("v022"), -25)
    line[24000 : 24000 + len(voice)] += voice
    starts, stops = _overhears(_ear(), line, agent)
    assert 3000 <= starts[0] <= 3250
    assert 3180 <= stops[0] <= 3450


def _babble(ms: int, rms: float) -> Floats:
    """Six voices at once, of the sample callers."""
    others = [caller(f"w01_0{number}") for number in range(1, 9)]
    return babble_of(others, 6)(ms, np.random.default_rng(3)) * rms


@pytest.mark.parametrize("db", [-20, -15])
def test_an_utterance_ends_in_time_though_others_talk_on_behind_the_caller(db: float) -> None:
    """R6.3: they began after the line was measured; the next word is heard over them."""
    sentence, word = at_dbfs(caller("v022"), -20), at_dbfs(caller("v004"), -20)
    line = np.concatenate([silence(1000), sentence, silence(2500), word, silence(2500)])
    behind = np.concatenate([silence(1500), _babble(len(line) // 8 - 1500, 3277 * 10 ** (db / 20))])
    heard = _hear(_ear(), line + np.pad(behind, (0, len(line) - len(behind))))
    ends = [one.eou.at_ms for one in heard if one.eou and not one.eou.forced]
    first_ms, second_ms = 1000 + len(sentence) // 8, 1000 + len(sentence) // 8 + 2500 + len(word) // 8
    assert -200 <= ends[0] - first_ms <= 1000
    assert -300 <= ends[-1] - second_ms <= 1000
    assert len(ends) <= 3  # the others alone may once be taken for somebody


@pytest.mark.parametrize("db", [-8, -10])
def test_a_softer_voice_on_a_quiet_line_is_the_caller_too(db: float) -> None:
    """R6.2: who turns away, or hands the phone over."""
    parts = [silence(1000)]
    for level in (-20, -20, -20 + db, -20 + db):
        parts += [at_dbfs(caller("v001"), level), silence(1500)]
    assert sum(one.eou is not None for one in _hear(_ear(), np.concatenate(parts))) == 4


def test_a_held_sound_far_below_the_sentence_does_not_end_it() -> None:
    """R6.3: "ehh", which is as even as many voices, belongs to the speaker."""
    sentence, seconds = at_dbfs(caller("v001"), -20), np.arange(8 * 1100) / 8000
    held = sum(np.sin(2 * np.pi * 180 * harmonic * seconds) / harmonic for harmonic in range(1, 9))
    ehh = at_dbfs(np.asarray(held), -33)
    heard = _hear(_ear(neural=False), np.concatenate([silence(1000), sentence, ehh, sentence, silence(1500)]))
    assert sum(one.eou is not None and not one.eou.forced for one in heard) == 1


def test_what_the_agent_said_while_no_frame_came_is_no_voice_when_it_comes_back() -> None:
    """R6.3, R7.1: the carrier sent nothing for a second; then comes the end of a word that the agent has said."""
    agent = to_ulaw(at_dbfs(caller("w01_01"), -20))[: 50 * 160]
    for heard in (True, False):
        ear = _ear(neural=False)
        _hear(ear, silence(600))

        def playing(ago_ms: int, is_known: bool = heard) -> bytes:
            at = len(agent) - 160 - 8 * ago_ms
            return agent[at : at + 160] if is_known and at >= 0 else b""

        list(ear.receive_nothing(50, playing))
        back = at_dbfs(caller("w01_01"), -40)[30 * 160 : 50 * 160]
        assert any(one.change for one in _hear(ear, back)) is not heard


@pytest.mark.parametrize(("voice_db", "echo_db", "is_heard"), [(-22, None, True), (-22, -12, True), (-28, -14, False)])
def test_what_is_faint_over_the_agent_counts_unless_it_may_be_the_agents_echo(
    voice_db: float, echo_db: float | None, is_heard: bool
) -> None:
    """R7.1: over an echo that 200 ms of a voice are louder than, a caller is heard as soon; no echo stops the agent."""
    agent = at_dbfs(np.tile(caller("w01_01"), 3), -20)[: 4000 * 8]
    voice = at_dbfs(caller("w01_03"), voice_db)
    line = np.concatenate([silence(2000), voice, silence(2000)])[: len(agent)]
    line = line + noise(len(line) // 8, 32767 * 10 ** ((voice_db - 12) / 20))
    if echo_db is not None:
        line = line + np.concatenate([silence(200), agent])[: len(agent)] * 10 ** (echo_db / 20)
    ear = Ear(VadSettings(neural=True), EndpointSettings(), BargeInSettings(voice_ms=180))
    sent, ulaw = to_ulaw(agent), to_ulaw(line)
    ear.agent_started()
    hits = [
        noticed.frame.end_ms
        for at in range(0, len(ulaw), 160)
        for noticed in ear.receive(ulaw[at : at + 160], lambda _, at=at: sent[at : at + 160])  # type: ignore[misc]
        if ear.is_interrupting(noticed.frame)
    ]
    assert all(at_ms > 2000 for at_ms in hits)
    assert any(at_ms < 2440 for at_ms in hits) is is_heard


@pytest.mark.parametrize(
    ("sound", "most_ms"),
    [(noise(600, 2000.0), 200), (at_dbfs(np.sin(np.arange(4800) / 8000 * 6283), -20), 200), (noise(20, 3000.0), 100)],
)
def test_a_sound_that_sets_in_may_be_speech_for_a_moment_only(sound: Floats, most_ms: int) -> None:
    """R6.4: the agent does not begin in that moment; a hiss, a tone or a click keeps it silent for no longer."""
    ear = _ear()
    _hear(ear, silence(1000))
    assert not ear.may_be_speech
    at_once = [ear.may_be_speech for _ in ear.receive(to_ulaw(np.concatenate([sound, silence(400)])))]
    assert at_once[0]
    assert not ear.is_speech
    assert 20 * sum(at_once) <= most_ms
