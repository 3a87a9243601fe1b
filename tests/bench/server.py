"""The real server with every vendor emulated, as the benches run it."""

import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Self

import click

from tests.bench.processes import Usage, core_busy_s, descendants, usage
from tests.emulators.base import EmulatorProcess

ROOT = Path(__file__).parents[2]
MADE = """
    SELECT call_sid, number, json_extract(timing, '$.answer_ms') FROM turns
    WHERE json_extract(timing, '$.tts_source') = 'engine' AND json_extract(timing, '$.answer_ms') IS NOT NULL
"""
START_S = 60.0
STOP_S = 15.0
TURN = re.compile(r"\bTURN \| (.*)")
FIELD = re.compile(r"(\w+)=(-?\d+(?:\.\d+)?)")

# The vendors as the targets assume them: the final 150 ms after the half-close, the first token after 300 ms and then
# 40 tokens a second (two a word, five words in the first sentence), the first byte of a sentence after 150 ms and then
# ten times real time.
SPEECH = {"texts": ["אני מחפש דירה בחולון"], "final_delay_ms": 150, "ms_per_word": 250}
CHAT = {
    "answer": "תודה רבה על כל הפרטים. באיזו שכונה או סביבה נוחה לכם תרצו לחפש את הדירה?",
    "first_token_ms": 300,
    "tokens_per_s": 40.0,
}
VOICE = {"first_byte_ms": 150, "unary_ms": 150, "times_real_time": 10.0}


class BenchServer:
    """Gunicorn on `core`, emulators wherever this process may run; all of it for the length of a `with` block."""

    def __init__(
        self, core: int | None, log: Path, store: Path | None = None, *, engines: str = "cloud", waits: bool = True
    ) -> None:
        """Prepare.

        Args:
            core: the server's own; None: any.
            log: the file it writes to.
            store: a SQLite file to begin with, copied.
            engines: cloud (emulated) or embedded.
            waits: until it answers, as the block begins.
        """
        self.log = log
        self.began_s = 0.0
        """When it was executed (monotonic)."""
        self._store, self._engines, self._waits = store, engines, waits
        self.url = ""
        self._core = core
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._log_offset = 0
        self._data = Path()
        self._answers: set[tuple[str, int]] = set()

    def __enter__(self) -> Self:
        try:
            self._start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                for pid in [*descendants(self._process.pid), self._process.pid]:
                    os.kill(pid, 9)
                self._process.wait()
        self._stack.close()

    def usage(self) -> Usage:
        """Return what the worker and its children (not gunicorn's master) use."""
        assert self._process is not None
        return usage(descendants(self._process.pid))

    def core_busy_s(self) -> float | None:
        """Return for how long the server's core was busy, with whatever; None when it has none to itself."""
        return None if self._core is None else core_busy_s(self._core)

    def turns(self) -> list[dict[str, float]]:
        """Return the fields of the TURN lines logged since the last time this was asked."""
        with self.log.open("rb") as log:
            log.seek(self._log_offset)
            text = log.read().decode("utf-8", "replace")
            self._log_offset = log.tell()
        lines = (match.group(1) for match in TURN.finditer(text))
        return [{name: float(value) for name, value in FIELD.findall(line)} for line in lines]

    def uncached_ms(self) -> list[float]:
        """Return how long callers waited for answers, as the store has it, since the last time this was asked.

        Only answers whose voice was made for them: stock lines come from a cache after their first time.
        """
        with closing(sqlite3.connect(f"file:{self._data / 'agent.db'}?mode=ro", uri=True)) as store:
            rows = store.execute(MADE).fetchall()
        new = [(sid, number, answer_ms) for sid, number, answer_ms in rows if (sid, number) not in self._answers]
        self._answers.update((sid, number) for sid, number, _ in new)
        return [answer_ms for *_, answer_ms in new]

    def _start(self) -> None:
        emulate = self._stack.enter_context
        data = emulate(tempfile.TemporaryDirectory(prefix="bench-"))
        self._data = Path(data)
        if self._store is not None:
            shutil.copy(self._store, data)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        keep = ("PATH", "HOME", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
        environment = {
            **{name: os.environ[name] for name in keep if name in os.environ},
            **(self._emulated() if self._engines == "cloud" else self._embedded(Path(data))),
            "PORT": str(port),
            "DATA_DIR": data,
            "MAX_CALLS": "1000",  # how many are too many is what is measured here
            "PYTHONUNBUFFERED": "1",
        }
        command = [sys.executable, "-m", "gunicorn", "-c", "gunicorn.conf.py", "app.wsgi:app"]
        if self._core is not None:
            command = ["taskset", "-c", str(self._core), *command]
        log = emulate(self.log.open("wb"))
        self.began_s = time.monotonic()
        self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT)
        if self._waits:
            self._wait_until_up()

    def _emulated(self) -> dict[str, str]:
        emulate = self._stack.enter_context
        speech = emulate(EmulatorProcess("tests.emulators.google_speech", SPEECH))
        voice = emulate(EmulatorProcess("tests.emulators.google_tts", VOICE))
        chat = emulate(EmulatorProcess("tests.emulators.openai_api", CHAT))
        return {
            "STT_ENGINE": "google",
            "TTS_ENGINE": "google",
            "LLM_ENGINE": "openai",
            "GOOGLE_SPEECH_ENDPOINT": speech.address,
            "GOOGLE_TTS_ENDPOINT": voice.address,
            "OPENAI_BASE_URL": f"http://{chat.address}/v1",
            "OPENAI_API_KEY": "none-needed",
        }

    @staticmethod
    def _embedded(data: Path) -> dict[str, str]:
        (data / "models").symlink_to((ROOT / "data" / "models").resolve())
        return {"STT_ENGINE": "embedded", "TTS_ENGINE": "embedded", "LLM_ENGINE": "rules"}

    def check(self) -> None:
        """Fail with the end of its log where it has ended by itself."""
        if self._process is not None and self._process.poll() is not None:
            raise self._not_up()

    def _wait_until_up(self) -> None:
        assert self._process is not None
        deadline_s = time.monotonic() + START_S
        while time.monotonic() < deadline_s:
            if self._process.poll() is not None:
                break
            try:
                with urllib.request.urlopen(f"{self.url}/version", timeout=2):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise self._not_up()

    def _not_up(self) -> click.ClickException:
        tail = self.log.read_text(errors="replace")[-2000:]
        return click.ClickException(f"the server did not come up:\n{tail}")
