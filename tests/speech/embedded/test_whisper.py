"""What surrounds the recogniser: level, silence, cutting, readings (R15). The model itself: test_models."""

import numpy as np
import pytest

from app.speech.embedded.whisper import Pcm, distinct, prepared, segments, speech_level, text_of


def noise(rms: float, seconds: float) -> Pcm:
    """Return white noise of this RMS on the int16 scale."""
    return np.random.default_rng(1).normal(0, rms, int(8000 * seconds)).astype(np.int16)


def test_a_quiet_line_holds_no_speech() -> None:
    """R15: nothing is sent to the model, so that it can hear no ghosts."""
    assert speech_level(np.zeros(8000, np.int16)) is None
    assert speech_level(noise(25, 2)) is None
    assert speech_level(np.zeros(0, np.int16)) is None


def test_a_click_is_no_speech() -> None:
    """R15: a knock of 40 ms is not a word."""
    pcm = np.zeros(8000, np.int16)
    pcm[4000:4320] = 8000 * (-1) ** np.arange(320)
    assert speech_level(pcm) is None


def test_a_short_word_between_silences_is_speech_at_its_own_level() -> None:
    """R6.4: a short "כן" is heard; the silence around it does not count."""
    pcm = np.concatenate([noise(5, 1), noise(1000, 0.25), noise(5, 1)])
    assert speech_level(pcm) == pytest.approx(1000, rel=0.1)


def test_what_the_model_sees_is_levelled_and_fills_a_window() -> None:
    """R5.2: quiet and loud callers look alike; 10 s at 16 kHz, the speech a fifth of a second in."""
    for rms in (300, 3000):
        pcm = noise(rms, 1)
        level = speech_level(pcm)
        assert level is not None
        seen = prepared(pcm, level)
        assert len(seen) == 160_000
        assert 20 * np.log10(np.sqrt(np.mean(seen[4200:18000] ** 2))) == pytest.approx(-20, abs=1)
        assert np.abs(seen[:2800]).max() < 0.01


def test_a_long_turn_is_cut_where_it_is_quiet() -> None:
    """R8.2: no sample is lost, no piece is too long, and no word is cut in two."""
    pcm = np.concatenate([noise(2000, 12), noise(3, 0.5), noise(2000, 12)])
    cut = segments(pcm)
    assert np.array_equal(np.concatenate(cut), pcm)
    assert len(cut) == 2
    assert 12 * 8000 <= len(cut[0]) <= 12.5 * 8000


def test_a_turn_that_fits_is_not_cut() -> None:
    """R15: the usual case."""
    assert len(segments(noise(100, 12))) == 1


def test_vocabulary_entries_spell_hebrew() -> None:
    """R15: each Hebrew letter is two bytes, and may be split over two entries."""
    assert text_of(["<|he|>", "Ġ×", "Ľ", "×Ł", "<|endoftext|>"]) == "כן"


def test_a_broken_letter_is_left_out() -> None:
    """R15: a hypothesis may end in the middle of a letter."""
    assert text_of(["×Ľ", "×"]) == "כ"


def test_readings_that_differ_in_punctuation_are_one() -> None:
    """R15: five readings should be five chances."""
    assert distinct(["כן.", "כן", "כאן", "", "כן!"]) == ["כן.", "כאן"]


def test_speech_lasts_a_tenth_of_a_second_and_stands_out_of_its_line() -> None:
    """R6.4: 100 ms, above telephone silence and above a tenth of the loudest; a constant is no sound."""
    tone = (1000 * (-1.0) ** np.arange(8000)).astype(np.int16)
    quiet = np.zeros(8000, np.int16)
    assert speech_level(np.concatenate([quiet, tone[:640], quiet])) is None
    assert speech_level(np.concatenate([quiet, tone[:800], quiet])) == pytest.approx(1000)
    assert speech_level((0.055 * tone).astype(np.int16)) is None
    assert speech_level((0.065 * tone).astype(np.int16)) == pytest.approx(65)
    assert speech_level(np.full(8000, 3000, np.int16)) is None
    loud = np.concatenate([(8 * tone[:800]).astype(np.int16), (0.7 * tone).astype(np.int16)])
    assert speech_level(loud) == pytest.approx(8000), "what is far below it is the line"
    assert speech_level(np.concatenate([loud[:800], (0.9 * tone).astype(np.int16)])) < 3000  # type: ignore[operator]


def test_no_turn_is_made_louder_than_it_can_be_nor_its_noise_than_it_should() -> None:
    """R5.2: a gain of 20 at most, no peak over the scale, and the same breath of noise each time."""
    faint = np.rint(100 * np.sin(np.arange(8000) * np.pi / 4)).astype(np.int16)
    seen = prepared(faint, 70.0)
    assert float(np.abs(seen[4000:15000]).max()) * 32768 == pytest.approx(100 * 20, rel=0.1)
    peaky = np.zeros(8000, np.int16)
    peaky[4000] = 20_000
    assert float(np.abs(prepared(peaky, 70.0)).max()) * 32768 < 32_767
    assert np.array_equal(prepared(faint, 70.0), seen)
    lead = seen[200:3000] * 32768
    assert 14 < float(np.sqrt(np.mean(lead**2))) < 21
    assert len(prepared(np.zeros(15 * 8000, np.int16), 70.0)) == 243_200, "in whole frames of the encoder"


def test_a_turn_of_any_length_is_cut_into_pieces_that_fit() -> None:
    """R8.2: fifteen seconds, cut in the last third of each."""
    assert len(segments(np.ones(15 * 8000, np.int16))) == 1
    pieces = segments(noise(1000, 40))
    assert len(pieces) in (3, 4)
    assert all(10 * 8000 <= len(piece) <= 15 * 8000 for piece in pieces[:-1])
    assert sum(map(len, pieces)) == 40 * 8000
    quiet = np.concatenate([noise(1000, 10.5), np.zeros(3200, np.int16), noise(1000, 6)])
    assert abs(len(segments(quiet)[0]) - int(10.7 * 8000)) <= 800, "in the middle of its silence"
