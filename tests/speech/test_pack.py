"""Stock speech that comes with the package."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.config import load
from app.dialog.lines.stock import stock_openings, stock_sentences
from app.speech.cache import SpeechCache
from app.speech.embedded_engines import VOICE, voice_pack_path
from app.speech.pack import VoicePack, write_pack

LINES = {"שלום.": (b"\xff" * 900 + b"abc", "ʃalom"), "תודה, רשמתי.": (bytes(range(256)) * 9, "toda")}
PACK = voice_pack_path("embedded", VOICE)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A pack of two lines."""
    write_pack(tmp_path / "voice.pack", "engine/voice", LINES)
    return tmp_path / "voice.pack"


def test_a_line_comes_out_as_it_went_in(path: Path) -> None:
    """R9.4: by its exact text; another wording is not there."""
    pack = VoicePack.read(path)
    assert pack.voice == "engine/voice"
    for text, (audio, sounds) in LINES.items():
        assert text in pack
        assert (pack.get(text), pack.lines[text].sounds) == (audio, sounds)
    for other in ("שלום", "שלום!", "שלום.  ", ""):
        assert other not in pack
        assert pack.get(other) is None


def test_the_same_lines_make_the_same_file(path: Path, tmp_path: Path) -> None:
    """R1: who builds it again can compare."""
    write_pack(tmp_path / "again.pack", "engine/voice", LINES)
    assert (tmp_path / "again.pack").read_bytes() == path.read_bytes()


@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_a_damaged_pack_says_nothing_wrong(at: int, bit: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    """R22: whatever bit is wrong, a line is as it was or is not taken."""
    path = tmp_path_factory.mktemp("pack") / "voice.pack"
    write_pack(path, "engine/voice", LINES)
    data = bytearray(path.read_bytes())
    data[at % len(data)] ^= 1 << bit
    path.write_bytes(data)
    pack = VoicePack.read(path)
    for text, (audio, _) in LINES.items():
        assert pack.get(text) in (audio, None)


@pytest.mark.parametrize("data", [b"", b"VOICEPK1", b"VOICEPK1\0\0\0\5hello", b"RIFF of another kind"])
def test_what_is_no_pack_is_empty(data: bytes, tmp_path: Path) -> None:
    """R22: it costs time, never the start."""
    (tmp_path / "voice.pack").write_bytes(data)
    assert VoicePack.read(tmp_path / "voice.pack").lines == VoicePack.read(tmp_path / "none").lines == {}


def test_the_cache_takes_from_the_pack_what_it_lacks(path: Path, tmp_path: Path) -> None:
    """R9.4: nothing of it is synthesised, nothing of it is written again; what was said here comes first."""
    stock = frozenset({"שלום.", "תודה, רשמתי.", "להתראות."})
    cache = SpeechCache(
        tmp_path / "speech", "engine", "voice", stock, lambda work, *args: work(*args), pack=VoicePack.read(path)
    )
    assert cache.missing(("שלום.", "להתראות.")) == ["להתראות."]
    assert cache.get("שלום.") == LINES["שלום."][0]
    cache.put("תודה, רשמתי.", b"newer")
    assert cache.get("תודה, רשמתי.") == b"newer"
    assert len(list((tmp_path / "speech").iterdir())) == 1


def test_the_package_brings_the_stock_lines_of_the_embedded_voice() -> None:
    """R15, R9.4: the first caller is greeted at once. Reworded lines: `python tools/build_voice_pack.py`."""
    settings = load({})
    names = settings.office_name, settings.agent_name
    wanted = (*stock_sentences(*names), *stock_openings(*names))
    pack = VoicePack.read(PACK)
    assert pack.voice == f"embedded/{VOICE}"
    assert len([text for text in wanted if text in pack]) >= 0.9 * len(wanted)
    greeting, question = wanted[:2]
    assert 2 < len(pack.get(greeting) or b"") / 8000 < 8
    assert 0.8 < len(pack.get(question) or b"") / 8000 < 4
    assert PACK.stat().st_size < 6_000_000
