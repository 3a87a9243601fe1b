"""How a line is cut into pieces and levelled before it goes out (R15, R9). The model itself: test_models."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.speech.embedded.kokoro import levelled, pieces
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
