"""Whose words the corpus is made of: the sample callers, and more sentences from the embedded voice where it is here.

Synthesised speech is kept in `data/bench-turns`, so that only the first run pays for it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from app.media.codec import decode_ulaw
from app.media.wav import parse_wav, write_wav

ROOT = Path(__file__).parent.parent.parent
MODELS = ROOT / "data" / "models"
CACHE = ROOT / "data" / "bench-turns"
VOICES = ("ef_dora", "em_alex")
SPEECH_RMS = 2600.0  # about -22 dBFS
_BLOCK = 80  # 10 ms
_SILENT_DB = 30.0

SENTENCES = (
    "אני מחפש דירה של ארבעה חדרים באזור המרכז",
    "אנחנו רוצים לקנות בית עם גינה בחיפה",
    "התקציב שלנו הוא בערך שני מיליון שקל",
    "זה צריך להיות קרוב לרכבת ולא בקומה ראשונה",
    "אפשר לחזור אליי מחר בבוקר אחרי תשע",
    "אני גר היום בפתח תקווה ורוצה לעבור לרעננה",
    "ראיתי אצלכם מודעה על דירה ברחוב הרצל",
    "אשתי מעדיפה משהו חדש יותר עם מרפסת גדולה",
)
PHONES = ("אפס חמש ארבע שתיים שבע שמונה אחת שלוש תשע שש", "אפס חמש שתיים שש שש ארבע אפס שתיים אחת שמונה")
SHORT_WORDS = ("כן", "לא", "שלוש", "חמש", "בסדר", "אולי", "נכון", "ארבע")

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """Something said without a pause: `samples` begin and end with voice, `voiced` marks its 10 ms blocks."""

    name: str
    kind: str  # sentence, phone or word
    text: str
    samples: Floats
    voiced: npt.NDArray[np.bool_]


def load() -> tuple[list[Said], str]:
    """Return everything there is to say, and a line about where it comes from."""
    folder = ROOT / "samples"
    rows = [line.split("\t") for line in (folder / "manifest.tsv").read_text(encoding="utf-8").splitlines()[1:]]
    said = [_said(row[0], _kind(folder / row[0], row[-1]), row[-1], _read(folder / row[0])) for row in rows]
    files = len(said)
    said += [_said(*one) for one in _synthesised()]
    more = f"{len(said) - files} synthesised" if len(said) > files else "none synthesised: no models in data/models"
    return said, f"{files} sample callers, {more}"


def _kind(path: Path, text: str) -> str:
    if text.startswith("אפס חמש"):
        return "phone"
    return "word" if " " not in text else "sentence"


def _read(path: Path) -> Floats:
    return parse_wav(path.read_bytes()).mono().astype(np.float64)


def _synthesised() -> Iterator[tuple[str, str, str, Floats]]:
    from app.speech.embedded.weights import missing

    wanted = [
        (f"{kind}-{number}-{voice}", kind, text, voice)
        for kind, texts in (("sentence", SENTENCES), ("phone", PHONES), ("word", SHORT_WORDS))
        for number, text in enumerate(texts)
        for voice in VOICES
    ]
    paths = {name: CACHE / f"{name}.wav" for name, *_ in wanted}
    if not all(path.exists() for path in paths.values()):
        if missing(MODELS):
            return
        from app.speech.embedded.kokoro import Speaker

        CACHE.mkdir(parents=True, exist_ok=True)
        speaker = Speaker(MODELS, threads=1)
        for name, _, text, voice in wanted:
            if not paths[name].exists():
                paths[name].write_bytes(write_wav(decode_ulaw(b"".join(speaker.speak(text, voice))), 8000))
    for name, kind, text, _ in wanted:
        yield name, kind, text, _read(paths[name])


def _said(name: str, kind: str, text: str, samples: Floats) -> Said:
    levels = _levels(samples)
    voiced = levels > _loud(levels) - _SILENT_DB
    first, last = int(voiced.argmax()), len(voiced) - int(voiced[::-1].argmax())
    samples, voiced = samples[first * _BLOCK : last * _BLOCK], voiced[first:last]
    loud = np.repeat(voiced, _BLOCK)
    return Said(name, kind, text, samples * (SPEECH_RMS / np.sqrt((samples[loud] ** 2).mean())), voiced)


def _levels(samples: Floats) -> Floats:
    blocks = samples[: len(samples) // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    decibels: Floats = 10 * np.log10((blocks**2).mean(axis=1) + 1)
    return decibels


def _loud(levels: Floats) -> float:
    return float(np.percentile(levels, 90))


def pause_points(said: Said, count: int) -> list[int]:
    """Return up to `count` quiet places (samples) within the middle of what is said, apart from each other."""
    smooth = np.convolve(_levels(said.samples), np.ones(4) / 4, "same")
    blocks = len(smooth)
    points: list[int] = []
    for number in range(count):
        low, high = (int(blocks * (0.25 + 0.55 * part / count)) for part in (number, number + 1))
        if high - low > 5:
            points.append((low + int(smooth[low:high].argmin())) * _BLOCK)
    return points
