"""Say every stock line with the embedded voice and write app/speech/data/embedded-ef_dora.pack.

    python tools/build_voice_pack.py [WORK_FOLDER]

Run it in the project's environment, with the models in place (`make install`), after lines were added or reworded.
Lines whose words and sounds are as in the present pack are taken from there, the rest take about half a minute a minute
of speech. WORK_FOLDER (data/speech by default) holds what an earlier run, or a server, has said already.
"""

import sys
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from app.config import load  # noqa: E402 - after the path
from app.dialog.lines.stock import stock_openings, stock_sentences  # noqa: E402
from app.speech.cache import SpeechCache  # noqa: E402
from app.speech.embedded.kokoro import Speaker  # noqa: E402
from app.speech.embedded_engines import VOICE, voice_pack_path  # noqa: E402
from app.speech.pack import VoicePack, digest, write_pack  # noqa: E402


def main(work: Path) -> None:
    """Write the pack, saying what is new in it."""
    settings = load({})
    names = settings.office_name, settings.agent_name
    texts = (*stock_sentences(*names), *stock_openings(*names))
    path = voice_pack_path("embedded", VOICE)
    before = VoicePack.read(path)
    said = SpeechCache(work, "embedded", VOICE, frozenset(texts), _now)
    said.load()
    speaker = Speaker(settings.data_dir / "models")
    lines: dict[str, tuple[bytes, str]] = {}
    for number, text in enumerate(texts, 1):
        sounds = digest(speaker.sounds(text).encode())
        known = before.lines.get(text)
        audio = before.get(text) if known and known.sounds == sounds else said.get(text)
        if audio is None:
            print(f"{number}/{len(texts)} {text}", flush=True)
            # What ends with a comma is the opening of a sentence that goes on.
            is_opening = text.endswith(",")
            audio = speaker.speak_opening(text) if is_opening else b"".join(speaker.speak(text))
            said.put(text, audio)
        lines[text] = (audio, sounds)
    path.parent.mkdir(exist_ok=True)
    write_pack(path, f"embedded/{VOICE}", lines)
    minutes = sum(len(audio) for audio, _ in lines.values()) / 8000 / 60
    print(f"{path}: {len(lines)} lines, {minutes:.0f} minutes, {path.stat().st_size / 1e6:.1f} MB")


def _now(work: Callable[..., object], *args: object) -> object:
    return work(*args)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "data" / "speech")
