"""Say phonemes with Kokoro-82M (int8): phonemes in, telephone speech out (R15).

Text goes Nakdimon -> g2p -> Kokoro. A line is said in pieces, cut where a speaker pauses, so that the first piece is
heard while the next is being made.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from app.media.codec import encode_ulaw
from app.speech.embedded import g2p
from app.speech.embedded.nikud import Nakdimon, bare
from app.speech.embedded.onnx import open_session
from app.speech.embedded.resample import KOKORO_HZ, TELEPHONE_HZ, Signal, kokoro_to_telephone

DEFAULT_VOICE = "ef_dora"
_STAND_IN_VOICE = "jf_gongitsune"
_SPEED = 1.0
_LEVEL_DBFS = -20.0
_PEAK = 0.85
_LONGEST_TOKENS = 480
_LONGEST_PIECE = 45
"""Letters; some 3 s of speech. A longer piece would keep the caller waiting."""
_SHORTEST_PIECE = 12
"""Letters; the model clips the first sound of anything shorter."""
_PAUSE_MS = {",": 130, ";": 180, ":": 180, ".": 260, "?": 260, "!": 260}
_CARRIER = "אנחנו ממשיכים בשיחה הזאת."
"""What stands behind an opening while it is said."""
_EDGE_MS = 30
"""Silence left around a piece when the model's own (up to half a second) is cut away."""

# Rows of the model's embedding (its v1.0 vocabulary), for the symbols that g2p makes.
TOKENS = {
    ";": 1,
    ":": 2,
    ",": 3,
    ".": 4,
    "!": 5,
    "?": 6,
    " ": 16,
    "ʦ": 20,
    "a": 43,
    "b": 44,
    "d": 46,
    "e": 47,
    "f": 48,
    "h": 50,
    "i": 51,
    "j": 52,
    "k": 53,
    "l": 54,
    "m": 55,
    "n": 56,
    "o": 57,
    "p": 58,
    "s": 61,
    "t": 62,
    "u": 63,
    "v": 64,
    "w": 65,
    "x": 66,
    "z": 68,
    "ʤ": 82,
    "ɡ": 92,
    "ɾ": 125,
    "ʃ": 131,
    "ʧ": 133,
    "ʒ": 147,
    "ˈ": 156,
}


def pieces(text: str) -> list[str]:
    """Return `text` cut at its pauses into pieces that are neither too short nor too long; each ends as it did."""
    said: list[str] = []
    for clause in re.findall(r"[^,.?!;:]+[,.?!;:]*", text):
        for part in filter(None, _bounded(clause.strip())):
            if said and _letters(said[-1]) < _SHORTEST_PIECE:
                said[-1] = f"{said[-1]} {part}"
            else:
                said.append(part)
    if len(said) > 1 and _letters(said[-1]) < _SHORTEST_PIECE:
        last = said.pop()
        said[-1] = f"{said[-1]} {last}"
    return said


def _letters(text: str) -> int:
    """Return how long `text` is to say; its vowel points do not count."""
    return len(bare(text))


def _bounded(clause: str) -> list[str]:
    """Cut a clause without pauses into equal parts at its spaces, when it is too long to say in one piece."""
    parts = -(-_letters(clause) // _LONGEST_PIECE)
    if parts <= 1:
        return [clause]
    cut: list[str] = [""]
    for spoken in clause.split():
        if _letters(cut[-1]) >= _letters(clause) / parts:
            cut.append("")
        cut[-1] = f"{cut[-1]} {spoken}".strip()
    return cut


class Kokoro:
    """The voice; one at a time may use it."""

    def __init__(self, folder: Path, threads: int = 2) -> None:
        self._session = open_session(folder / "kokoro-v1.0.int8.onnx", threads)
        self._folder = folder
        self._styles: dict[str, Signal] = {}

    def say(self, phonemes: str, voice: str = DEFAULT_VOICE) -> Signal:
        """Return 24 kHz speech; empty when there is nothing to say.

        Raises:
            KeyError: there is no such voice.
        """
        tokens = [TOKENS[symbol] for symbol in phonemes if symbol in TOKENS][:_LONGEST_TOKENS]
        if not any(symbol.isalpha() for symbol in phonemes):
            return np.zeros(0, np.float32)
        style = self._style(voice)[len(tokens) - 1].reshape(1, -1)
        inputs = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": style,
            "speed": np.array([_SPEED], np.float32),
        }
        audio: Signal = self._session.run(None, inputs)[0].ravel()
        return audio

    def _style(self, voice: str) -> Signal:
        if voice not in self._styles:
            own, shared = self._folder / f"{voice}.bin", self._folder / "voices_ja.npz"
            if own.is_file():
                style = np.fromfile(own, np.float32)
            elif shared.is_file():
                with np.load(shared) as voices:
                    style = voices[voice if voice in voices else _STAND_IN_VOICE].astype(np.float32)
            else:
                raise KeyError(f"no voice {voice!r} in {self._folder}")
            self._styles[voice] = style.reshape(-1, 256)
        return self._styles[voice]


class Speaker:
    """Hebrew text to telephone speech."""

    def __init__(self, models: Path, threads: int = 2) -> None:
        self._nakdimon = Nakdimon(models / "nakdimon" / "nakdimon.onnx", threads)
        self._kokoro = Kokoro(models / "kokoro", threads)

    def begin(self, text: str, voice: str = DEFAULT_VOICE) -> list[Callable[[], bytes]]:
        """Return what makes each piece of `text`, in order: mu-law 8 kHz at about -20 dBFS, empty without a letter."""
        spoken = pieces(self._nakdimon.point(text))
        pauses_ms = [*(_PAUSE_MS.get(piece[-1], 0) for piece in spoken[:-1]), 0]
        return [partial(self._say, piece, pause_ms, voice) for piece, pause_ms in zip(spoken, pauses_ms, strict=False)]

    def speak(self, text: str, voice: str = DEFAULT_VOICE) -> Iterator[bytes]:
        """Yield the pieces of `text`, each made when it is wanted."""
        return filter(None, (say() for say in self.begin(text, voice)))

    def _say(self, piece: str, pause_ms: int, voice: str) -> bytes:
        audio = trimmed(self._kokoro.say(g2p.phonemes(piece), voice))
        return _for_telephone(audio, pause_ms) if len(audio) else b""

    def speak_opening(self, text: str, voice: str = DEFAULT_VOICE) -> bytes:
        """Return `text`, which ends with a comma, said as the beginning of a sentence, with the pause behind it.

        It is cut out of a whole sentence: alone, the model would clip its first sound and drop its voice at its end.
        """
        audio = trimmed(self._kokoro.say(g2p.phonemes(self._nakdimon.point(f"{text} {_CARRIER}")), voice))
        share = len(text) / len(f"{text} {_CARRIER}")
        return _for_telephone(trimmed(audio[: pause_near(audio, int(len(audio) * share))]), _PAUSE_MS[","])

    def sounds(self, text: str) -> str:
        """Return what `speak` would say of `text`; see `sounds_of`."""
        return sounds_of(self._nakdimon, text)


def sounds_of(nakdimon: Nakdimon, text: str) -> str:
    """Return the phonemes of a text, its pieces apart: what changes them changes the voice."""
    return "|".join(g2p.phonemes(piece) for piece in pieces(nakdimon.point(text)))


def _for_telephone(audio: Signal, pause_ms: int) -> bytes:
    """Return 24 kHz speech as levelled mu-law 8 kHz with a pause behind it."""
    telephone = np.pad(kokoro_to_telephone(audio), (0, pause_ms * TELEPHONE_HZ // 1000))
    return encode_ulaw(np.rint(levelled(telephone) * 32767).astype(np.int16))


def pause_near(audio: Signal, expected: int) -> int:
    """Return the middle of the quietest 60 ms of 24 kHz speech not far from sample `expected`."""
    width = KOKORO_HZ * 60 // 1000
    energy = np.convolve(audio.astype(np.float64) ** 2, np.ones(width), "same")
    first, last = expected // 2, min(len(audio) - width, expected * 2)
    distance = np.abs(np.arange(first, last) - expected) / expected
    # Of two pauses as quiet, the nearer one is the comma's.
    return first + int(np.argmin(energy[first:last] + distance * energy.max() * 1e-3))


def levelled(speech: Signal) -> Signal:
    """Return `speech` with its voiced parts at -20 dBFS, or lower where a peak would clip."""
    voiced = speech[np.abs(speech) > 0.02 * np.max(np.abs(speech), initial=1e-9)]
    loudness = float(np.sqrt(np.mean(voiced**2))) if len(voiced) else 1.0
    peak = float(np.max(np.abs(speech), initial=1e-9))
    return speech * np.float32(min(10 ** (_LEVEL_DBFS / 20) / max(loudness, 1e-9), _PEAK / peak))


def trimmed(audio: Signal) -> Signal:
    """Cut away the silence before and after, but for an edge, faded so that it does not click."""
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.max(np.abs(audio), initial=1e-9))
    if not len(loud):
        return audio[:0]
    edge = KOKORO_HZ * _EDGE_MS // 1000
    cut = audio[max(0, loud[0] - edge) : loud[-1] + edge].copy()
    fade = np.linspace(0, 1, min(edge // 2, len(cut) // 2), dtype=np.float32)
    cut[: len(fade)] *= fade
    cut[len(cut) - len(fade) :] *= fade[::-1]
    return cut
