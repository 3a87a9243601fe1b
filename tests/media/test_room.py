"""The other voices of a room."""

from collections.abc import Sequence

import numpy as np
import pytest

from app.media.room import Room

LINE = 10.0
CALLER = 1000.0


def hear(room: Room, levels: list[float], *, is_speech: bool = False) -> list[int]:
    """Return with which of these frames a bed was found."""
    return [at for at, rms in enumerate(levels) if room.receive(rms, LINE, is_speech=is_speech)]


def say(room: Room, levels: list[float]) -> list[int]:
    """A stretch of speech."""
    room.speech_began()
    found = hear(room, levels, is_speech=True)
    room.speech_ended()
    return found


def voices(level: float, frames: int, seed: int = 1) -> list[float]:
    """Many at once: uneven from frame to frame, even over 60 ms."""
    return [float(level * factor) for factor in np.random.default_rng(seed).uniform(0.6, 1.4, frames)]


def one_voice(level: float, frames: int) -> list[float]:
    """Syllables of 140 ms with gaps of 100 ms, in which the line is heard."""
    return [level if at % 12 < 7 else LINE for at in range(frames)]


@pytest.mark.parametrize("db", [-20, -15, -12])
def test_many_voices_behind_the_caller_are_a_bed_soon_after_the_last_near_syllable(db: float) -> None:
    """R6.2: 700 ms after it."""
    room, level = Room(), CALLER * 10 ** (db / 20)
    room.speech_began()
    found = hear(room, [*one_voice(CALLER, 60), *voices(level, 60)], is_speech=True)[0]
    assert 55 + 33 <= found <= 60 + 40
    assert room.bed == pytest.approx(level, rel=0.3)
    assert room.far_frames >= 30


def test_one_voice_is_no_bed_however_soft() -> None:
    """R6.2: a caller who turns away, a second person, a soft word."""
    for softer in (1.0, 0.4, 0.3, 0.2):
        room = Room()
        say(room, one_voice(CALLER, 100))
        hear(room, [LINE] * 50)
        assert say(room, one_voice(CALLER * softer, 200)) == []


def test_a_voice_that_trails_off_is_no_bed() -> None:
    """R6.3: a sentence that sinks by 18 dB in a second and a half."""
    room = Room()
    sinking = [float(rms) for rms in CALLER * np.geomspace(1, 0.12, 75)]
    assert say(room, [*one_voice(CALLER, 60), *sinking]) == []


def test_the_voices_before_anyone_spoke_are_a_bed_where_they_are_soft() -> None:
    """R6.2: a louder sound that the gate does not take for speech is the line's noise."""
    for level, is_bed in ((200.0, True), (900.0, False)):
        assert bool(hear(Room(), voices(level, 100))) is is_bed


def test_where_they_are_taken_for_speech_they_are_a_bed_up_to_the_level_of_a_caller() -> None:
    """R6.2: a sound that is even for a second and a half is none of one voice, but a caller may hold a loud one."""
    for level, is_bed in ((200.0, True), (900.0, True), (1600.0, True), (2600.0, False)):
        assert bool(say(Room(), voices(level, 100))) is is_bed


@pytest.mark.parametrize("level", [300.0, 1000.0, 1800.0])
def test_loud_voices_from_the_first_moment_on_do_not_keep_a_word_open(level: float) -> None:
    """R6.2: a caller 5 dB over them; a second and a half after the word they are a bed, also while there is speech."""
    room = Room()
    hear(room, voices(level, 40))
    room.speech_began()
    hear(room, one_voice(1.8 * level, 24), is_speech=True)
    assert not room.bed
    assert hear(room, voices(level, 90, seed=2), is_speech=True)[0] <= 85


@pytest.mark.parametrize("level", [300.0, 1000.0, 1800.0, 2600.0])
def test_one_loud_voice_that_is_the_first_to_be_heard_is_no_bed(level: float) -> None:
    """R6.1: who speaks from the first moment on, and long."""
    assert say(Room(), one_voice(level, 400)) == []


def test_a_known_bed_is_left_in_its_first_gap_and_found_again_sooner() -> None:
    """R6.2."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    (first,) = hear(room, voices(150.0, 80))
    hear(room, [LINE] * 5)
    assert room.bed == 0
    (again,) = hear(room, voices(150.0, 80))
    assert again < first


def test_behind_a_word_the_voices_are_found_sooner_where_they_were_found_before() -> None:
    """R6.3: a word is too short to tell how loud the caller is; 700 ms after it, and 600 the second time."""
    room = Room()
    word_and_voices = [*one_voice(CALLER, 12), *voices(150.0, 60)]
    first = say(room, word_and_voices)[0]
    hear(room, [LINE] * 30)
    (again,) = say(room, word_and_voices)
    assert first - again == 5


@pytest.mark.parametrize(("dip", "stays"), [(0.045, False), (0.055, True)])
def test_a_single_frame_far_below_the_bed_is_a_gap_that_many_voices_never_leave(dip: float, stays: bool) -> None:
    """R6.2: a caller whose first word is loud and the rest soft and even was taken for a room."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    hear(room, [200.0] * 100)
    bed = room.bed
    assert bed == pytest.approx(200)
    hear(room, [bed * dip])
    assert (room.bed > 0) is stays


def test_the_bed_follows_the_voices_but_not_the_caller() -> None:
    """R6.2: the room grows louder by 4 dB; the caller over it does not move it."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    hear(room, voices(120.0, 80))
    say(room, [float(rms) for rms in np.maximum(one_voice(CALLER, 100), voices(120.0, 100))])
    assert room.bed == pytest.approx(120, rel=0.3)
    hear(room, voices(190.0, 80))
    assert room.bed == pytest.approx(190, rel=0.3)


def test_a_bed_that_sinks_into_the_lines_noise_is_over() -> None:
    """R6.1: without a gap, as people leave a room one by one."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    hear(room, [60.0] * 100)
    assert room.bed == pytest.approx(60)
    hear(room, [12.8] * 60)
    assert room.bed == pytest.approx(12.8)
    hear(room, [12.2] * 60)
    assert room.bed == 0


def test_a_voice_that_grows_softer_in_steps_stays_the_nearest() -> None:
    """R6.2: its level is followed down, syllable by syllable; one step of as much is somebody else."""
    for levels, far_frames in (((1.0, 0.6, 0.3), 0), ((1.0, 1.0, 0.3), 60)):
        room = Room()
        room.speech_began()
        hear(room, [level * CALLER for level in levels for _ in range(100)][:260], is_speech=True)
        assert far_frames - 5 <= room.far_frames <= far_frames


def test_what_is_hardly_over_the_line_is_its_noise() -> None:
    """R6.1."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    assert hear(room, voices(11.0, 100)) == []


def test_a_bed_that_was_none_is_looked_for_anew() -> None:
    """R6.3: an "ehh" is even, too."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    sound = voices(150.0, 200)
    found = next(at for at, rms in enumerate(sound) if room.receive(rms, LINE, is_speech=False))
    room.refute()
    assert room.bed == 0
    assert hear(room, sound[found + 1 : found + 45]) == []
    assert hear(room, sound[found + 45 :]) != []


@pytest.mark.parametrize("db", [-20, -15])
def test_one_other_voice_that_goes_on_behind_the_caller_is_told_by_its_level(db: float) -> None:
    """R6.3: a television, somebody on the next telephone; the caller over it is heard; in silence it is forgotten."""
    room, other = Room(), CALLER * 10 ** (db / 20)
    room.speech_began()
    found = hear(room, [*one_voice(CALLER, 60), *one_voice(other, 100)], is_speech=True)
    assert 100 < found[0] < 130
    room.speech_ended()
    assert other < room.other_rms < 0.5 * CALLER
    hear(room, one_voice(other, 200))
    assert room.other_rms > other
    hear(room, [LINE] * 110)
    assert room.other_rms == 0


def test_another_voice_is_known_as_long_as_it_is_half_as_loud_and_found_sooner_the_second_time() -> None:
    """R6.3: it turns away, and it comes back."""
    room, other = Room(), 0.18 * CALLER
    room.speech_began()
    first = hear(room, [*one_voice(CALLER, 60), *one_voice(other, 100)], is_speech=True)[0] - 60
    assert 55 <= first <= 75
    room.speech_ended()
    hear(room, one_voice(0.5 * other, 200))
    assert room.other_rms > other
    hear(room, [LINE] * 110)
    assert room.other_rms == 0
    room.speech_began()
    again = hear(room, [*one_voice(CALLER, 60), *one_voice(other, 100)], is_speech=True)[0] - 60
    assert again <= first - 10


def test_another_s_voice_is_known_after_more_than_a_second() -> None:
    """R6.2: what a caller says softly behind a loud word is over by then, or has a loud syllable in it."""
    room = Room()
    room.speech_began()
    levels = [*one_voice(CALLER, 60), *one_voice(0.15 * CALLER, 120)]
    assert 110 <= hear(room, levels, is_speech=True)[0] <= 125


@pytest.mark.parametrize(("gap", "stays"), [(0.18, False), (0.22, True)])
def test_over_a_loud_line_a_gap_is_a_fifth_of_the_bed(gap: float, stays: bool) -> None:
    """R6.2: the line itself is heard in it, so it is no deeper."""
    room, line = Room(), 40.0
    say(room, one_voice(CALLER, 60))
    for _ in range(100):
        room.receive(200.0, line, is_speech=False)
    assert room.bed == pytest.approx(200)
    for _ in range(3):
        room.receive(gap * 200.0, line, is_speech=False)
    assert (room.bed > 0) is stays


def test_another_s_voice_that_sets_in_by_itself_is_far_since_the_caller_was_heard() -> None:
    """R6.2: the stretch's own level is the other's; where speech ended is told by the caller's last syllable."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    hear(room, [LINE] * 10)
    room.speech_began()
    assert hear(room, one_voice(0.15 * CALLER, 90), is_speech=True)
    assert room.far_frames >= 60


@pytest.mark.parametrize(("pause_frames", "is_other"), [(24, True), (25, False)])
def test_a_second_sentence_as_soft_is_not_another_voice_s(pause_frames: int, is_other: bool) -> None:
    """R6.2: what follows a pause is measured by itself: a soft answer, somebody else who takes the phone."""
    room = Room()
    say(room, one_voice(CALLER, 100))
    hear(room, [LINE] * pause_frames)
    assert bool(say(room, one_voice(CALLER * 0.15, 200))) is is_other


def test_a_sound_that_does_not_move_takes_longer_to_be_a_room() -> None:
    """R6.2: a caller who hums holds one level; many voices do not."""
    room = Room()
    room.speech_began()
    found = hear(room, [*one_voice(CALLER, 55), *[0.2 * CALLER] * 90], is_speech=True)[0]
    assert 55 + 48 <= found <= 55 + 53


@pytest.mark.parametrize(("gap", "stays"), [(0.2, True), (0.1, False)])
def test_60_ms_an_eighth_as_loud_as_the_bed_are_its_end(gap: float, stays: bool) -> None:
    """R6.2."""
    room = Room()
    say(room, one_voice(CALLER, 60))
    hear(room, [200.0] * 100)
    hear(room, [gap * 200.0] * 3)
    assert (room.bed > 0) is stays


def test_the_callers_level_is_learned_from_what_is_long_enough() -> None:
    """R6.2: a cough or a bang of 200 ms is no measure; two sentences are, and what was near is far beside them."""
    for frames, times, is_far in ((10, 2, False), (22, 6, True), (60, 3, True)):
        room = Room()
        say(room, one_voice(CALLER, 60))
        for _ in range(times):
            hear(room, [LINE] * 30)
            say(room, [4 * CALLER] * frames)
        hear(room, [LINE] * 30)
        assert bool(hear(room, voices(0.5 * CALLER, 100))) is is_far


def held_voice(levels: Sequence[float]) -> list[float]:
    """A caller whose mouth hardly closes: 800 ms of voice, even enough for a room, then 100 ms of the line."""
    return [LINE if at % 45 >= 40 else level * (0.8 + 0.4 * (at % 6 < 3)) for at, level in enumerate(levels)]


def sinking(db: float) -> list[float]:
    """A loud word, then a second half as far down, then two that far."""
    return [*one_voice(CALLER, 20), *[LINE] * 4, *held_voice([_down(db / 2)] * 45), *held_voice([_down(db)] * 100)]


def _down(db: float) -> float:
    return float(CALLER * 10 ** (db / 20))


@pytest.mark.parametrize("db", [-10, -12, -14])
def test_a_caller_whose_first_word_is_loud_is_neither_a_room_nor_another(db: float) -> None:
    """R6.3: one voice's gaps tell that it has sunk."""
    assert say(Room(), sinking(db)) == []


@pytest.mark.parametrize("db", [-10, -12, -13])
def test_a_loud_word_in_the_middle_of_a_sentence_does_not_end_it(db: float) -> None:
    """R6.3."""
    assert say(Room(), [*held_voice([_down(db)] * 90), *held_voice([CALLER] * 25), *sinking(db)[20:]]) == []


@pytest.mark.parametrize("db", [-12, -16, -20])
def test_a_caller_who_sinks_slowly_stays_the_nearest(db: float) -> None:
    """R6.3: in five seconds."""
    assert say(Room(), held_voice([float(level) for level in np.geomspace(CALLER, _down(db), 250)])) == []


def test_a_long_sentence_after_one_loud_syllable_is_no_others() -> None:
    """R6.3: the loudest syllable is forgotten as others come, not as another's softer voice goes on."""
    loud, fair, soft = [2 * CALLER] * 4, one_voice(CALLER, 100), one_voice(0.35 * CALLER, 150)
    assert say(Room(), [*loud, *fair, *soft]) == []


@pytest.mark.parametrize("db", [-15, -18])
def test_another_s_voice_does_not_become_the_measure(db: float) -> None:
    """R6.3: it goes on behind the caller with gaps; it is found as soon as before, and the caller stays the nearer."""
    room = Room()
    room.speech_began()
    found = hear(room, [*one_voice(CALLER, 100), *one_voice(CALLER * 10 ** (db / 20), 100)], is_speech=True)
    assert 150 < found[0] <= 172


@pytest.mark.parametrize("db", [-11, -15, -20])
def test_many_voices_do_not_become_the_measure(db: float) -> None:
    """R6.2: no gap is in them, however long they go on before the caller's next word."""
    room = Room()
    room.speech_began()
    hear(room, [*one_voice(CALLER, 100), *voices(CALLER * 10 ** (db / 20), 150)], is_speech=True)
    assert room.bed > 0
