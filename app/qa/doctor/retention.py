"""What is kept of callers: that they are told of it, and that it goes when its time is over (R14)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from app.config import Settings
from app.leads.childconfig import store_child_config
from app.leads.database import Database, StoreDown
from app.leads.questions.upkeep import retention
from app.qa.doctor.finding import Finding, fail, ok, warn

SWEPT_EVERY = timedelta(hours=1)
SPARE = timedelta(hours=1)
"""A sweep does what it does in slices; what is older than its time and both of these was passed over."""
_PLACES = {"samples": "DATA_DIR/samples", "audio": "DATA_DIR/audio", "tapes": "LOG_CALLS"}


def check_notice(settings: Settings) -> Iterator[Finding]:
    """Whoever's voice is kept hears so in the greeting, which goes by RECORD_CALLS alone."""
    if settings.record_calls == "on":
        yield ok("recording", f"calls' sound is kept for {settings.audio_keep_days} days, and the greeting says so")
        return
    kept = [
        name
        for name, is_on in (("SAMPLE_EVERY_CALLS", settings.sample_every_calls), ("LOG_CALLS", settings.log_calls))
        if is_on
    ]
    if kept:
        yield warn(
            "recording",
            f"callers' voices are kept by {' and '.join(kept)}, and the greeting does not say so",
            f"unset {' and '.join(kept)} once you have what you need, or set RECORD_CALLS=on: it adds the sentence",
            "whether a caller must be told is a question for the office's lawyer",
        )
    else:
        yield ok("recording", "nobody's voice is kept")


def check_retention(settings: Settings) -> Iterator[Finding]:
    """The oldest of everything that is kept for a time is no older than that."""
    config = store_child_config(settings)
    ages: dict[str, tuple[str | None, timedelta]] = {
        kind: (one["oldest"], timedelta(seconds=one["keep_s"])) for kind, one in config.files().kept_files().items()
    }
    try:
        database = Database(config.database_url)
        try:
            with database.begin(read_only=True) as session:
                oldest = retention(session)["oldest"]
        finally:
            database.close()
    except (StoreDown, ValueError) as error:
        yield warn("retention", f"not known: {error}")
    else:
        ages["words"] = oldest["words"], timedelta(days=config.words_keep_days)
        ages["leads"] = oldest["leads"], timedelta(days=config.lead_keep_days)
    now, overdue, shown = datetime.now(UTC), False, []
    for kind, (at, keep) in ages.items():
        if at is None:
            continue
        age = now - datetime.fromisoformat(at)
        shown.append(f"{kind} {_long(age)} of {_long(keep)}")
        if age > keep + SWEPT_EVERY + SPARE:
            overdue = True
            yield fail(
                "retention",
                f"the oldest {kind} are {_long(age)} old and were to go after {_long(keep)}",
                f"have a server run here: it sweeps hourly, if it can delete in {_PLACES.get(kind, 'the database')}",
                "callers' words and voices are kept longer than you promise",
            )
    if not overdue:
        yield ok("retention", "the oldest: " + ", ".join(shown) if shown else "nothing is kept yet")


def _long(age: timedelta) -> str:
    hours = round(age.total_seconds() / 3600)
    return f"{hours} h" if hours < 96 else f"{hours // 24} days"
