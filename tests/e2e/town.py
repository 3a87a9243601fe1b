"""A whole town: the real server, every vendor emulated, and what a test wants to know of both."""

import re
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.qa.wire.twilio_peer import Account
from tests.e2e.phones import Exchange, Phone, until
from tests.emulators.base import EmulatorProcess
from tests.emulators.twilio_rest import TwilioRestEmulator
from tests.servers import Server, gunicorn

AUTH_TOKEN = "an-auth-token-of-no-account"
OPENAI_KEY = "sk-of-no-account"
PUBLIC_URL = "https://voice.example"
CALLER = "+972500000123"
QUICK_VOICE = {"first_byte_ms": 0, "unary_ms": 0, "times_real_time": 400.0, "ms_per_character": 8}
QUICK_EARS = {"final_delay_ms": 50}
QUICK_MIND = {"first_token_ms": 20, "tokens_per_s": 400.0, "transcribe_ms": 50}


@dataclass(frozen=True, slots=True)
class Vendors:
    """Google's ears and voice, OpenAI, Twilio's REST API."""

    ears: EmulatorProcess
    voice: EmulatorProcess
    mind: EmulatorProcess
    rest: TwilioRestEmulator

    def reset(self) -> None:
        """Forget what earlier tests scripted, and be quick."""
        for emulator, habits in ((self.ears, QUICK_EARS), (self.voice, QUICK_VOICE), (self.mind, QUICK_MIND)):
            emulator.reset()
            emulator.script(**habits)
        self.rest.delay_s = 0.0

    def violations(self) -> list[str]:
        """What any of them had to complain of."""
        return [*self.ears.violations, *self.voice.violations, *self.mind.violations]


@dataclass(frozen=True, slots=True)
class Town:
    """The server and its surroundings."""

    server: Server
    vendors: Vendors
    exchange: Exchange
    data: Path
    auth_token: str | None
    public_url: str | None

    def call(self, from_number: str = CALLER, call_sid: str | None = None, *, again: bool = False) -> Phone:
        """Make a call; the greeting is on its way. `call_sid`: the same call, on another stream.

        `again`: that stream is over, and Twilio asks what now.
        """
        account = Account(self.server.url, self.auth_token, self.public_url, from_number)
        phone = self.exchange.call(account, call_sid, again=again)
        self.vendors.rest.calls[phone.call_sid] = "in-progress"
        return phone

    def greeted(self, from_number: str = CALLER) -> Phone:
        """Make a call and hear the greeting out."""
        phone = self.call(from_number)
        phone.hear_reply()
        return phone

    def log(self, phone: Phone) -> list[str]:
        """Return the log's lines about a call, without time and level."""
        sid = f"call_sid={phone.call_sid} "
        return [line.partition(sid)[2] for line in self.server.log().splitlines() if sid in line]

    def wait_for_log(self, phone: Phone, text: str) -> str:
        """Return the first line about a call that holds `text`, waiting for it."""
        until(lambda: any(text in line for line in self.log(phone)), f"{text!r} in the log")
        return next(line for line in self.log(phone) if text in line)

    def heard(self, phone: Phone, turn: int) -> dict[str, str]:
        """Return the fields of the ASR_TEXT line of a turn, waiting for it."""
        until(lambda: any(line["turn"] == str(turn) for line in self.asr(phone)), f"the text of turn {turn}")
        return next(line for line in self.asr(phone) if line["turn"] == str(turn))

    def asr(self, phone: Phone) -> list[dict[str, str]]:
        """Return the fields of the call's ASR_TEXT lines."""
        return [fields(line) for line in self.log(phone) if line.startswith("ASR_TEXT")]

    def rows(self, query: str, *values: object) -> list[dict[str, Any]]:
        """Ask the store's SQLite file; until its child has made it, there is nothing in it."""
        if not (self.data / "agent.db").exists():
            return []
        database = sqlite3.connect(f"file:{self.data / 'agent.db'}?mode=ro", uri=True, timeout=10)
        database.row_factory = sqlite3.Row
        try:
            is_made = database.execute("SELECT 1 FROM sqlite_master WHERE name = 'leads'").fetchone()
            return [dict(row) for row in database.execute(query, values)] if is_made else []
        finally:
            database.close()

    def turns(self, phone: Phone) -> list[dict[str, Any]]:
        """Return the stored turns of a call."""
        return self.rows("SELECT * FROM turns WHERE call_sid = ? ORDER BY number", phone.call_sid)

    def call_row(self, phone: Phone) -> dict[str, Any]:
        """Return the stored call; nothing yet: an empty row."""
        rows = self.rows("SELECT * FROM calls WHERE call_sid = ?", phone.call_sid)
        return rows[0] if rows else {}

    def wait_until_stored(self, phone: Phone, column: str) -> dict[str, Any]:
        """Return the stored call once it has something in `column`."""
        until(lambda: self.call_row(phone).get(column), f"{column} of the call in the store")
        return self.call_row(phone)

    def child(self, name: str) -> int:
        """Return the process id of the youngest child of that name: `speech` or `store`."""
        started = re.findall(rf"sidecar_started \| name={name} \| pid=(\d+)", self.server.log())
        return int(started[-1])

    def worker(self) -> int:
        """Return gunicorn's worker process."""
        children = Path(f"/proc/{self.server.process.pid}/task/{self.server.process.pid}/children")
        (pid,) = children.read_text().split()
        return int(pid)


def fields(line: str) -> dict[str, str]:
    """Return the `name=value` parts of a log line."""
    return dict(part.split("=", 1) for part in line.split(" | ") if "=" in part)


@contextmanager
def emulated_vendors() -> Iterator[Vendors]:
    """Start the emulators."""
    names = ("google_speech", "google_tts", "openai_api")
    with ExitStack() as stack:
        with ThreadPoolExecutor() as starts:
            processes = [EmulatorProcess(f"tests.emulators.{name}") for name in names]
            ears, voice, mind = starts.map(stack.enter_context, processes)
        vendors = Vendors(ears, voice, mind, stack.enter_context(TwilioRestEmulator(auth_token=AUTH_TOKEN)))
        vendors.reset()
        yield vendors


def cloud_environment(vendors: Vendors, data: Path) -> dict[str, str]:
    """Return the environment of a server that is served by the emulators."""
    return {
        "DATA_DIR": str(data),
        "STT_ENGINE": "google",
        "TTS_ENGINE": "google",
        "LLM_ENGINE": "openai",
        "GOOGLE_SPEECH_ENDPOINT": vendors.ears.address,
        "GOOGLE_TTS_ENDPOINT": vendors.voice.address,
        "OPENAI_BASE_URL": f"http://{vendors.mind.address}/v1",
        "OPENAI_API_KEY": OPENAI_KEY,
    }


def twilio_environment(vendors: Vendors) -> dict[str, str]:
    """Return what makes the server belong to the emulated Twilio account."""
    return {
        "PUBLIC_BASE_URL": PUBLIC_URL,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_ACCOUNT_SID": vendors.rest.account_sid,
        "TWILIO_API_URL": vendors.rest.url,
    }


@contextmanager
def town(
    vendors: Vendors,
    exchange: Exchange,
    data: Path,
    env: Mapping[str, str] | None = None,
    *,
    signed: bool = True,
    stock: bool = True,
    stock_from: Path | None = None,
) -> Iterator[Town]:
    """Run the real server.

    With `stock`, wait until the stock lines have been spoken once; `stock_from` is the data folder of another server,
    whose lines it may use.
    """
    vendors.reset()
    if stock_from is not None:
        shutil.copytree(stock_from / "speech", data / "speech")
    environment = cloud_environment(vendors, data) | (twilio_environment(vendors) if signed else {}) | dict(env or {})
    with gunicorn("app.wsgi:app", config="gunicorn.conf.py", env=environment) as server:
        if stock:
            server.wait_for_log("STOCK_READY", 120)
        yield Town(
            server,
            vendors,
            exchange,
            data,
            AUTH_TOKEN if signed else None,
            PUBLIC_URL if signed else None,
        )
