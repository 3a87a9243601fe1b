"""The real models, text to speech to text over the real link: needs `python -m app.speech.embedded.install` (R15)."""

import re
from collections.abc import Iterator
from pathlib import Path

import eventlet
import eventlet.queue
import numpy as np
import pytest
from rapidfuzz import fuzz

from app.media.codec import decode_ulaw
from app.sidecar.link import Link
from app.speech.embedded import g2p
from app.speech.embedded.kokoro import sounds_of
from app.speech.embedded.nikud import Nakdimon
from app.speech.embedded.weights import missing
from app.speech.embedded_engines import VOICE, EmbeddedStt, EmbeddedTts, make_embedded_link, voice_pack_path
from app.speech.engines import Audio, Done, Failed, Heard, SttEvent, TtsEvent
from app.speech.pack import VoicePack, digest

MODELS = Path(__file__).parents[3] / "data" / "models"
PATIENCE_S = 60
pytestmark = [
    pytest.mark.models,
    pytest.mark.skipif(bool(missing(MODELS)), reason=f"no embedded models in {MODELS}; `make install` fetches them"),
]


@pytest.fixture(scope="module")
def link() -> Iterator[Link]:
    """Start the child with the models, once."""
    started = make_embedded_link(MODELS)
    started.start()
    yield started
    started.stop()


@pytest.fixture(scope="module")
def nakdimon() -> Nakdimon:
    """Load the pointing model, once."""
    return Nakdimon(MODELS / "nakdimon" / "nakdimon.onnx")


def until_the_end(events: "eventlet.queue.Queue") -> list[SttEvent | TtsEvent]:
    """Return a stream's events."""
    heard: list[SttEvent | TtsEvent] = []
    while not heard or not isinstance(heard[-1], Done | Failed):
        heard.append(events.get(timeout=PATIENCE_S))
    return heard


def speak(link: Link, text: str) -> list[bytes]:
    """Return the pieces of mu-law speech."""
    events = eventlet.queue.Queue()
    EmbeddedTts(link).open(text, events.put)
    *audio, end = until_the_end(events)
    assert end == Done()
    return [event.ulaw for event in audio if isinstance(event, Audio)]


def hear(link: Link, pcm: bytes) -> Heard:
    """Return the final transcript, written in 20 ms frames."""
    events = eventlet.queue.Queue()
    stream = EmbeddedStt(link).open((), events.put)
    for start in range(0, len(pcm), 320):
        stream.write(pcm[start : start + 320])
    stream.finish()
    final, end = until_the_end(events)
    assert end == Done()
    assert isinstance(final, Heard)
    return final


@pytest.mark.parametrize(
    "text",
    [
        "אני רוצה לקנות דירה.",
        "שלושה חדרים.",
        "מיליון וחצי שקל.",
        "כן.",
    ],
)
def test_what_is_said_is_heard(link: Link, text: str) -> None:
    """R15: the agent can be understood, and a caller as clear as it too."""
    speech = b"".join(speak(link, text))
    final = hear(link, decode_ulaw(speech).tobytes())
    letters = [re.sub("[^א-ת ]", "", reading) for reading in (final.text, *final.alternatives)]
    assert max(fuzz.ratio(reading, re.sub("[^א-ת ]", "", text)) for reading in letters) >= 75, letters
    assert final.is_final


def test_a_line_comes_in_pieces_at_telephone_level(link: Link) -> None:
    """R9: the first piece before the last is made, at about -20 dBFS, without clipping."""
    pieces = speak(link, "תודה, רשמתי את הפרטים. מדובר בקנייה או בשכירות?")
    assert len(pieces) >= 2
    for piece in pieces:
        samples = decode_ulaw(piece).astype(np.float64)
        loud = samples[np.abs(samples) > 300]
        assert 20 * np.log10(np.sqrt(np.mean(loud**2)) / 32768) == pytest.approx(-20, abs=3)
        assert np.abs(samples).max() < 32000


def test_silence_and_noise_bring_no_ghost(link: Link) -> None:
    """R15: a quiet line says nothing, not "תודה רבה"."""
    assert hear(link, bytes(32_000)) == Heard("", is_final=True, stability=1.0)
    hiss = np.random.default_rng(0).normal(0, 30, 24_000).astype(np.int16)
    assert hear(link, hiss.tobytes()).text == ""


def test_a_line_without_hebrew_ends_without_audio(link: Link) -> None:
    """R15: nothing to say is no fault."""
    assert speak(link, "... ?") == []


def test_digits_are_refused(link: Link) -> None:
    """R9.6: they are spelt out upstream."""
    events = eventlet.queue.Queue()
    EmbeddedTts(link).open("3 חדרים", events.put)
    failed = until_the_end(events)[-1]
    assert isinstance(failed, Failed)
    assert failed.code == "invalid_request"


def test_a_cancelled_line_is_silent_and_the_next_is_spoken(link: Link) -> None:
    """R7.1: barge-in."""
    events = eventlet.queue.Queue()
    EmbeddedTts(link).open("זה משפט ארוך מאוד, שאף אחד לא ישמע, כי הוא נקטע.", events.put).cancel()
    assert speak(link, "רגע, בודקת.")
    assert events.empty()


@pytest.mark.parametrize(
    ("text", "sound"),
    [
        ("איך אוכל לעזור לכם היום?", "ˈejx uxˈal laazˈoɾ laxˈem hajˈom?"),
        ("מתי תרצו להיכנס לדירה?", "matˈaj tiɾʦˈu lehikanˈes ladiɾˈa?"),
        ("חולון", "xolˈon"),
        ("שלוש עשרה", "ʃlˈoʃ esɾˈe"),
        ("שבעת אלפים שקל", "ʃivˈat alafˈim ʃˈekel"),
    ],
)
def test_unpointed_text_sounds_right(nakdimon: Nakdimon, text: str, sound: str) -> None:
    """R15: pointing and sounding out together; a bare phrase as well as a sentence."""
    assert g2p.phonemes(nakdimon.point(text)) == sound


def test_the_voice_pack_says_what_the_voice_would_say_today(nakdimon: Nakdimon) -> None:
    """R9.4: after a change of pointing or pronunciation the pack is built anew (a sample of it is looked at)."""
    pack = VoicePack.read(voice_pack_path("embedded", VOICE))
    sample = list(pack.lines)[::15]
    assert [text for text in sample if pack.lines[text].sounds != digest(sounds_of(nakdimon, text).encode())] == []
