"""How a line is cut into pieces and levelled before it goes out (R15, R9). The model itself: test_models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.embedded.kokoro import TOKENS, levelled, pause_near, pieces, trimmed
from app.speech.embedded.nikud import bare


def test_a_line_is_cut_at_its_pauses() -> None:
    """R9: the first piece is heard while the next is made; a piece too short to say well joins its neighbour."""
    assert pieces("שלום, הגעתם למשרד התיווך, מדברת נועה. איך אוכל לעזור לכם?") == [
        "שלום, הגעתם למשרד התיווך,",
        "מדברת נועה. איך אוכל לעזור לכם?",
    ]


def test_a_long_clause_is_cut_between_words() -> None:
    """R9: nobody waits for the end of a long breath."""
    said = pieces("על נכסים ומחירים יועץ מהמשרד ייתן תשובה מדויקת מאוד בהקדם האפשרי.")
    assert len(said) == 2
    assert max(len(piece) for piece in said) < 45


def test_vowel_points_do_not_make_a_piece_long() -> None:
    """R9: pointed text is cut where the bare text would be."""
    assert pieces("אֶפְשָׁר שֶׁיּוֹעֵץ יַחֲזוֹר לַמִּסְפָּר הַזֶּה?") == ["אֶפְשָׁר שֶׁיּוֹעֵץ יַחֲזוֹר לַמִּסְפָּר הַזֶּה?"]


@given(st.text(alphabet="אבג ,.?!:ab", max_size=200))
def test_no_letter_is_lost_or_moved(text: str) -> None:
    """R9: whatever the punctuation."""
    assert "".join("".join(pieces(text)).split()).strip(",.?!:") == "".join(text.split()).strip(",.?!:")


@given(st.integers(10, 20000))
def test_speech_comes_out_at_one_level(peak: int) -> None:
    """R9: about -20 dBFS, never clipping."""
    tone = (peak / 32768 * np.sin(np.arange(8000) / 5)).astype(np.float32)
    loud = levelled(tone)
    assert 20 * np.log10(np.sqrt(np.mean(loud**2))) == pytest.approx(-20, abs=0.5)


def test_silence_stays_silent() -> None:
    """R9: no gain is found for nothing."""
    assert not levelled(np.zeros(100, np.float32)).any()


def test_text_is_stripped_to_its_letters() -> None:
    """R15: points, Hebrew quotes and dashes."""
    assert bare("בֵּית־סֵפֶר צה״ל ג׳וק") == "בית-ספר צה\"ל ג'וק"


def test_the_symbols_are_the_rows_that_the_model_was_made_with() -> None:
    """R15: its published vocabulary keeps the Latin letters in their order, and no two symbols share a row."""
    letters = {symbol: row for symbol, row in TOKENS.items() if symbol in "abcdefghijklmnopqrstuvwxyz"}
    assert letters == {symbol: 43 + ord(symbol) - ord("a") for symbol in letters}
    assert [TOKENS[mark] for mark in ";:,.!?"] == [1, 2, 3, 4, 5, 6]
    ipa = {" ": 16, "ʦ": 20, "ʤ": 82, "ɡ": 92, "ɾ": 125, "ʃ": 131, "ʧ": 133, "ʒ": 147, "ˈ": 156}
    assert {symbol: TOKENS[symbol] for symbol in ipa} == ipa
    assert len(TOKENS) == len(letters) + 6 + len(ipa) == len(set(TOKENS.values()))


def test_a_piece_is_cut_to_its_sound_with_an_edge_that_does_not_click() -> None:
    """R9: 30 ms of the model's own silence are left on each side, faded."""
    tone = np.ones(4800, np.float32)
    faint = np.full(2400, 0.009, np.float32)
    cut = trimmed(np.concatenate([faint, tone, faint]))
    assert len(cut) == 720 + 4800 + 719
    assert cut[0] == cut[-1] == 0
    assert cut[360] == cut[-361] == np.float32(0.009)
    assert (cut[720:5520] == 1).all()
    assert np.all(np.diff(cut[:361]) >= 0)
    assert len(trimmed(tone)) == 4800
    assert len(trimmed(np.zeros(2400, np.float32))) == 0
    assert len(trimmed(np.zeros(0, np.float32))) == 0


@pytest.mark.parametrize("expected", [12_000, 15_000, 20_000, 25_000])
def test_an_opening_ends_in_the_pause_where_its_comma_is_expected(expected: int) -> None:
    """R9: of pauses as quiet the nearest; one that is only softer speech is none."""
    speech = np.tile(np.array([0.5, -0.5], np.float32), 24_000)
    for pause in (10_000, 22_000):
        speech[pause - 1200 : pause + 1200] = 0
    speech[14_000:17_000] *= 0.3
    nearest = 10_000 if expected < 16_000 else 22_000
    assert abs(pause_near(speech, expected) - nearest) <= 480


def test_pieces_are_at_least_twelve_letters_long_and_about_forty_five_at_most() -> None:
    """R9: what is shorter joins the piece before it, or the next where it comes first."""
    assert pieces("אאאאאאאאאאאאאא, בבבבבבבבבבבבבב, גגג.") == ["אאאאאאאאאאאאאא,", "בבבבבבבבבבבבבב, גגג."]
    assert pieces("אאאאאאאאאאא, בבבבבבבבבבבבב.") == ["אאאאאאאאאאא,", "בבבבבבבבבבבבב."]
    assert pieces("אאאאאאאאאא, בבבבבבבבבבבבב.") == ["אאאאאאאאאא, בבבבבבבבבבבבב."]
    words = " ".join(["אאאאא"] * 7)
    assert len(bare(words)) == 41
    assert pieces(f"{words} בב.") == [f"{words} בב."]
    assert len(bare(f"{words} בבב.")) == 46
    assert pieces(f"{words} בבב.") == [" ".join(["אאאאא"] * 4), " ".join([*["אאאאא"] * 3, "בבב."])]
    assert len(pieces(" ".join(["אאאאא"] * 20))) == 3
    assert pieces("") == []


@pytest.mark.parametrize(("loudness", "level_dbfs"), [(0.5, -20.0), (0.001, -20.0)])
def test_only_what_is_voiced_counts_for_the_level(loudness: float, level_dbfs: float) -> None:
    """R9: the silence between words does not make them louder, nor does one peak clip."""
    tone = (loudness * np.sin(np.arange(8000) / 5)).astype(np.float32)
    line = levelled(np.concatenate([tone, np.full(8000, 0.015 * loudness, np.float32)]))
    assert 20 * np.log10(np.sqrt(np.mean(line[:8000] ** 2))) == pytest.approx(level_dbfs, abs=0.5)
    tone[4000] = 20 * loudness
    assert np.max(np.abs(levelled(tone))) == pytest.approx(0.85)
