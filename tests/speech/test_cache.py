"""Stock speech, kept in memory and in a folder."""

from collections.abc import Callable
from pathlib import Path

from app.speech.cache import SpeechCache

GREETING, HOLD, QUESTION, GOODBYE = "שלום, הגעתם למשרד.", "רגע.", "איפה?", "להתראות."
STOCK = frozenset({GREETING, HOLD, QUESTION, GOODBYE})


def now(work: Callable[..., object], *args: object) -> object:
    return work(*args)


def cache_in(folder: Path, voice: str = "v", limit_bytes: int = 10_000) -> SpeechCache:
    return SpeechCache(folder, "script", voice, STOCK, now, limit_bytes)


def test_what_is_said_for_the_first_time_is_shared_and_what_others_said_is_not(tmp_path: Path) -> None:
    """R9.4: among instances; and it lies in the folder for the next start."""
    shared: list[tuple[str, bytes]] = []
    cache = SpeechCache(tmp_path, "script", "v", STOCK, now, share=lambda *line: shared.append(line))
    cache.put(GREETING, b"said here")
    cache.put(GREETING, b"said again")
    cache.put("no stock line", b"x")
    cache.take("רגע.", b"said elsewhere")
    assert shared == [(cache.digest(GREETING), b"said here")]
    assert len({cache.digest(GREETING), cache.digest("רגע."), cache_in(tmp_path, "w").digest(GREETING)}) == 3
    again = cache_in(tmp_path)
    assert again.load() == 2
    assert (again.get(GREETING), again.get("רגע.")) == (b"said here", b"said elsewhere")


def test_another_voice_never_plays_the_old_ones_audio(tmp_path: Path) -> None:
    """R9.4: keyed by engine, voice and text."""
    cache_in(tmp_path).put(GREETING, b"ab")
    assert cache_in(tmp_path, voice="other").load() == 0


def test_a_folder_that_cannot_be_written_costs_only_the_next_start(tmp_path: Path) -> None:
    """R1.6: the file system may vanish."""
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    cache = cache_in(blocked / "speech")
    cache.put(GREETING, b"ab")
    assert cache.get(GREETING) == b"ab"


def test_the_cache_is_bounded_and_full_is_not_too_full(tmp_path: Path) -> None:
    """R9.4: the line that was least recently said or asked for goes first, and no more of them than must."""
    cache = cache_in(tmp_path, limit_bytes=6)
    for text in (GREETING, HOLD, QUESTION):
        cache.put(text, b"ab")
    assert [text for text in (HOLD, QUESTION, GREETING) if cache.get(text)] == [HOLD, QUESTION, GREETING]
    cache.put(GOODBYE, b"cde")
    assert cache.missing((GREETING, HOLD, QUESTION, GOODBYE)) == [HOLD, QUESTION]
    assert cache.get(GREETING) == b"ab"
    cache.put(HOLD, b"x")
    assert cache.missing((GREETING, HOLD, GOODBYE)) == [], "what went no longer counts"


def test_all_stock_lines_of_an_office_find_room(tmp_path: Path) -> None:
    """R9.4: half an hour of them."""
    kept = SpeechCache(tmp_path, "script", "v", STOCK, lambda *_: None)
    lines = (GREETING, HOLD, QUESTION, GOODBYE)
    for text in lines:
        kept.put(text, bytes(30 * 60 * 8000 // 4))
    assert kept.missing(lines) == []
    small = SpeechCache(tmp_path, "script", "v", STOCK, lambda *_: None)
    for text in lines:
        small.put(text, bytes(6 * 1024 * 1024))
    assert len(small.missing(lines)) == 2, "and not any number"


def test_only_stock_lines_that_were_said_are_kept_each_once(tmp_path: Path) -> None:
    """R9.4: the folder holds whole files and nothing else."""
    cache = cache_in(tmp_path / "data" / "speech")
    cache.put("תודה דנה.", b"ab")
    cache.put(HOLD, b"")
    assert cache.get("תודה דנה.") is None
    assert not (tmp_path / "data" / "speech").exists()
    cache.put(HOLD, b"first")
    cache.put(HOLD, b"second")
    cache.take(HOLD, b"third")
    assert cache.get(HOLD) == b"first"
    (file,) = (tmp_path / "data" / "speech").iterdir()
    assert (file.suffix, file.read_bytes()) == (".ulaw", b"first")


def test_what_an_earlier_run_left_empty_is_no_line(tmp_path: Path) -> None:
    """R9.4: a file that a full disk left empty is said anew."""
    first = cache_in(tmp_path)
    first.put(HOLD, b"ab")
    first.put(GREETING, b"cd")
    next(file for file in tmp_path.iterdir() if file.read_bytes() == b"cd").write_bytes(b"")
    again = cache_in(tmp_path)
    assert again.load() == 1
    assert again.missing((GREETING, HOLD)) == [GREETING]
