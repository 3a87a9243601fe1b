"""The embedded engines as calls see them: the worker's side, on a link to the child that holds the models (R15)."""

from collections.abc import Callable
from pathlib import Path

import orjson

from app.sidecar.life import LinkLimits, LinkStream
from app.sidecar.link import Link
from app.sidecar.wire import Op
from app.speech.engines import Audio, Done, Failed, Heard, SttEvent, TtsEvent

__all__ = ["VOICE", "EmbeddedStt", "EmbeddedTts", "make_embedded_link", "voice_pack_path"]

VOICE = "ef_dora"


def voice_pack_path(engine: str, voice: str) -> Path:
    """Return where the stock lines of a voice lie that come with the package; most voices have none."""
    return Path(__file__).parent / "data" / f"{engine}-{voice}.pack"


def make_embedded_link(models: Path) -> Link:
    """Return the link to this worker's embedded engines, whose models lie in `models`; not yet started.

    The child loads some 350 MB of models when it starts, so start it only where an embedded engine serves.
    """
    environment = {"EMBEDDED_MODELS_DIR": str(models.resolve())}
    # A recognition may hold both cores for a second: a child that is late with a PONG is busy, not wedged.
    return Link(
        "app.speech.embedded", env=environment, name="embedded", limits=LinkLimits(missed_pings=32, idle_pings=32)
    )


class EmbeddedStt:
    """Whisper base: only a final, after `finish()`, with up to four further readings."""

    name = "embedded"
    model = "whisper-base"

    def __init__(self, link: Link) -> None:
        self._link = link

    def open(self, phrases: tuple[str, ...], listener: Callable[[SttEvent], None]) -> LinkStream:
        """Start a recognition of one caller turn; see `speech.engines.SttEngine`."""

        def adapt(op: Op, payload: bytes) -> None:
            match op:
                case Op.EVENT:
                    heard = orjson.loads(payload)
                    listener(Heard(heard["text"], heard["is_final"], heard["stability"], tuple(heard["alternatives"])))
                case Op.END:
                    listener(Done())
                case Op.ERROR:
                    listener(Failed(**orjson.loads(payload)))

        return self._link.open({"service": "stt", "phrases": phrases}, adapt)


class EmbeddedTts:
    """Nakdimon and Kokoro: audio comes a piece at a time, each cut where a speaker would pause."""

    name = "embedded"

    def __init__(self, link: Link, voice: str = VOICE) -> None:
        self.voice = voice
        self._link = link

    def open(self, text: str, listener: Callable[[TtsEvent], None]) -> LinkStream:
        """Start to speak `text`; see `speech.engines.TtsEngine`."""

        def adapt(op: Op, payload: bytes) -> None:
            match op:
                case Op.DATA:
                    listener(Audio(payload))
                case Op.END:
                    listener(Done())
                case Op.ERROR:
                    listener(Failed(**orjson.loads(payload)))

        return self._link.open({"service": "tts", "text": text, "voice": self.voice}, adapt)
