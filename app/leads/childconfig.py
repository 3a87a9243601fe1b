"""What the store child is told at its start: one JSON in one environment variable, never on the command line."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from app.config import Settings
from app.leads.upkeep.files import CallFiles, Kept

VARIABLE = "STORE_CHILD_CONFIG"


class StoreChildConfig(BaseModel):
    """The settings of the store child; it holds secrets, so it is never logged."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    database_url: str
    journal_folder: Path
    webhook_url: str | None = None
    webhook_secret: str | None = None
    twilio_account_sid: str | None = None
    twilio_auth_token: str | None = None
    twilio_api_url: str | None = None
    whatsapp_from: str | None = None
    whatsapp_template_sid: str | None = None
    whatsapp_status_callback: str | None = None
    settle_s: float = 3.0
    abandoned_settle_s: float = 90.0
    transfer_settle_s: float = 60.0
    ring_settle_s: float = 30.0
    idle_s: float = 600.0
    data_folder: Path = Path("data")
    tape_folder: Path | None = None
    sample_keep_s: float = 72 * 3600
    audio_keep_s: float = 30 * 86_400
    tape_keep_s: float = 7 * 86_400
    words_keep_days: int = 180
    lead_keep_days: int = 730
    audit_key: str = "development"
    """Keys the HMAC by which an erasure is on record."""

    def delete_recording(self) -> Callable[[str], None] | None:
        """Return what deletes a recording at Twilio; None without an account."""
        if not (self.twilio_account_sid and self.twilio_auth_token):
            return None
        from app.telephony.recordings import RecordingAccount, delete_recording  # the worker, too, imports this module

        account = RecordingAccount(self.twilio_account_sid, self.twilio_auth_token, self.twilio_api_url)
        return partial(delete_recording, account)

    def files(self) -> CallFiles:
        """Return the files that calls leave on this machine."""
        return CallFiles(
            (
                Kept("samples", self.data_folder / "samples", self.sample_keep_s),
                Kept("audio", self.data_folder / "audio", self.audio_keep_s),
                Kept("tapes", self.tape_folder, self.tape_keep_s),
            )
        )


def store_child_config(settings: Settings, whatsapp_status_callback: str | None = None) -> StoreChildConfig:
    """Return the child's part of the settings; `whatsapp_status_callback` is the absolute URL of that webhook."""
    token, secret, url = settings.twilio_auth_token, settings.lead_webhook_secret, settings.database_url
    return StoreChildConfig(
        database_url=url.get_secret_value() if url else f"sqlite:///{(settings.data_dir / 'agent.db').absolute()}",
        journal_folder=journal_folder(settings),
        webhook_url=settings.lead_webhook_url,
        webhook_secret=secret.get_secret_value() if secret else None,
        twilio_account_sid=settings.twilio_account_sid,
        twilio_auth_token=token.get_secret_value() if token else None,
        twilio_api_url=settings.twilio_api_url,
        whatsapp_from=settings.whatsapp_from,
        whatsapp_template_sid=settings.whatsapp_template_sid,
        whatsapp_status_callback=whatsapp_status_callback,
        # A live call shows signs of life well before its longest time is over.
        idle_s=max(600.0, settings.max_call_minutes * 60.0),
        data_folder=settings.data_dir.absolute(),
        tape_folder=settings.log_calls.absolute() if settings.log_calls else None,
        sample_keep_s=settings.sample_keep_hours * 3600,
        audio_keep_s=settings.audio_keep_days * 86_400,
        tape_keep_s=settings.tape_keep_days * 86_400,
        words_keep_days=settings.transcript_keep_days,
        lead_keep_days=settings.lead_keep_days,
        audit_key=token.get_secret_value() if token else secret.get_secret_value() if secret else "development",
    )


def journal_folder(settings: Settings) -> Path:
    """Return where records wait that no database has taken yet."""
    return settings.data_dir.absolute() / "journal"


def child_environment(settings: Settings, whatsapp_status_callback: str | None = None) -> dict[str, str]:
    """Return the environment that carries the child's settings; see `store_child_config`."""
    return {VARIABLE: store_child_config(settings, whatsapp_status_callback).model_dump_json()}
