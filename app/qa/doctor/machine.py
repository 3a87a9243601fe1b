"""What this machine shows by itself: settings, versions, disk, models, the database and what waits in it."""

import re
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from sqlalchemy import text

from app import config
from app.config import Settings
from app.leads.childconfig import store_child_config
from app.leads.database import Database, StoreDown
from app.leads.migrations import HEAD
from app.leads.queries import latencies, recent_leads
from app.leads.questions.upkeep import store_status
from app.qa.doctor.finding import Finding, fail, ok, warn

REQUIREMENTS = Path(__file__).parents[3] / "requirements.txt"
PAIR = "install requirements.txt: gunicorn 25.3.0 and eventlet 0.41.3 belong together; 26 has no eventlet worker"
LEAST_FREE_MB, LITTLE_FREE_MB = 100, 1000
STEPS_MS = {"stt": "STT", "llm": "the language model", "tts": "the voice", "own": "this process"}
_PYTHON = (3, 11)
_TURNS = 500
_MOST_COUNTED = 100


def check_settings(settings: Settings) -> Iterator[Finding]:
    """What the settings leave out; a faulty one never gets here."""
    missing = settings.stand_ins()
    for line in missing:
        name, _, rest = line.partition(" is not ")
        yield warn("settings", line, f"set {name}" if rest else "")
    if not missing:
        yield ok("settings", "all that matter are set")


def check_versions(requirements: Path = REQUIREMENTS) -> Iterator[Finding]:
    """Python, gunicorn and eventlet as they were chosen."""
    pinned = dict(re.findall(r"^(gunicorn|eventlet)==(\S+)", requirements.read_text(encoding="utf-8"), re.MULTILINE))
    found = {name: _version(name) for name in pinned}
    python = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] != _PYTHON:
        yield fail("python", f"it is {python}", "install Python 3.11")
    else:
        yield ok("python", python)
    wrong = [f"{name} {found[name] or 'is missing'}" for name in pinned if found[name] != pinned[name]]
    if wrong:
        yield fail("gunicorn, eventlet", ", ".join(wrong), PAIR)
    else:
        yield ok("gunicorn, eventlet", ", ".join(f"{name} {version}" for name, version in found.items()))


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_disk(settings: Settings) -> Iterator[Finding]:
    """Room in DATA_DIR."""
    folder = next(place for place in (settings.data_dir, *settings.data_dir.absolute().parents) if place.exists())
    free_mb = shutil.disk_usage(folder).free // 1_000_000
    what = f"{free_mb} MB free: samples, tapes and audio need room; see retention"
    if free_mb < LEAST_FREE_MB:
        yield fail("disk", what, f"make room on the disk of {settings.data_dir.absolute()}")
    elif free_mb < LITTLE_FREE_MB:
        yield warn("disk", what)
    else:
        yield ok("disk", f"{free_mb} MB free")


def check_models(settings: Settings) -> Iterator[Finding]:
    """The embedded engines' weights, where one of them serves."""
    from app.speech.embedded.weights import WEIGHTS

    if "embedded" not in (settings.stt, settings.tts):
        yield ok("models", "cloud engines serve: none are needed")
        return
    missing = [weight.form.path for weight in WEIGHTS if weight.present_in(settings.data_dir / "models") is None]
    what = f"{len(missing)} of {len(WEIGHTS)} are missing"
    if len(missing) == len(WEIGHTS):
        yield warn("models", f"{what}; make run fetches them", "run python -m app models")
    elif missing:
        yield fail("models", f"{what}: {', '.join(missing)}", "run python -m app models", "no call gets a voice")
    else:
        yield ok("models", f"all {len(WEIGHTS)} are in {settings.data_dir / 'models'}")


def check_database(settings: Settings) -> Iterator[Finding]:
    """It can be written, and its schema is this program's."""
    try:
        config.make_folders(settings)
        database = Database(store_child_config(settings).database_url)
        try:
            with database.begin() as session:
                is_postgresql = session.get_bind().dialect.name == "postgresql"
                read_only = is_postgresql and session.scalar(text("SHOW transaction_read_only")) == "on"
                revision = session.scalar(text("SELECT version_num FROM alembic_version"))
        finally:
            database.close()
    except (StoreDown, config.ConfigError, ValueError) as error:
        yield fail("database", str(error), "cannot be written: DATABASE_URL, or the folder DATA_DIR")
        return
    if read_only:
        yield fail("database", "it takes no writes", "cannot be written: DATABASE_URL, or the folder DATA_DIR")
    elif revision != HEAD:
        do = "start the program that made it, or go on: newer schemas only add"
        yield warn("database", f"schema is newer than this program: {revision}, not {HEAD}", do)
    else:
        yield ok("database", f"{'PostgreSQL' if is_postgresql else 'SQLite'}, schema {HEAD}, can be written")


def check_outbox(settings: Settings) -> Iterator[Finding]:
    """Leads that nobody has heard of yet."""
    try:
        database = Database(store_child_config(settings).database_url)
        try:
            with database.begin(read_only=True) as session:
                status = store_status(session)
                untold = len(recent_leads(session, _MOST_COUNTED, undelivered=True)["leads"])
        finally:
            database.close()
    except (StoreDown, ValueError) as error:
        yield warn("outbox", f"not known: {error}")
        return
    do = "python -m app leads --undelivered"
    waiting = sum(count for states in status["outbox"].values() for count in states.values())
    if waiting:
        minutes = status["outbox_oldest_s"] // 60
        what = f"{waiting} leads undelivered, oldest {minutes} min"
        yield warn("outbox", what, do, "nobody calls these people back")
    elif untold:
        number = f"{untold} or more" if untold == _MOST_COUNTED else str(untold)
        yield warn("outbox", f"leads that nobody was told of: {number}", do, "nobody calls these people back")
    else:
        yield ok("outbox", "every lead was delivered")


def check_slowest_step(settings: Settings) -> Iterator[Finding]:
    """Which step of the last turns took longest."""
    try:
        database = Database(store_child_config(settings).database_url)
        try:
            with database.begin(read_only=True) as session:
                steps = latencies(session, _TURNS)["steps"]
        finally:
            database.close()
    except (StoreDown, ValueError) as error:
        yield warn("slowest step", f"not known: {error}")
        return
    measured = {name: figures for name, figures in steps.items() if name in STEPS_MS}
    if not measured:
        yield ok("slowest step", "no turn was measured yet")
        return
    name, figures = max(measured.items(), key=lambda step: step[1]["p95_ms"])
    what = (
        f"{STEPS_MS[name]}: p50 {figures['p50_ms']:.0f} ms, p95 {figures['p95_ms']:.0f} ms of {figures['count']} turns"
    )
    yield ok("slowest step", what)


def check_console(settings: Settings) -> Iterator[Finding]:
    """Who may look in."""
    if settings.console_password is None and not settings.development_mode:
        yield warn(
            "console", "CONSOLE_PASSWORD is not set: the console is off", "set CONSOLE_PASSWORD, 12 characters or more"
        )
    else:
        yield ok("console", "behind its password" if settings.console_password else "open to this machine alone")
    if "metrics_token" in Settings.model_fields and getattr(settings, "metrics_token", None) is None:
        yield warn("console", "no METRICS_TOKEN: /metrics answers this machine alone")


def check_template(settings: Settings) -> Iterator[Finding]:
    """Whether a summary can be sent to who has not written first."""
    if settings.whatsapp_from and not settings.whatsapp_template_sid:
        what = "free text arrives only within 24 h of the receiver's message (error 63016)"
        yield warn("WhatsApp template", what, "set WHATSAPP_TEMPLATE_SID to an approved template")
    else:
        yield ok("WhatsApp template", "set" if settings.whatsapp_from else "no WhatsApp is sent")
