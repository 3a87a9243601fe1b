"""Settings: the only reader of the environment (R1.3).

One frozen object, validated at start. A bad value stops the start with the variable's name and what is wrong with it.
Secrets are `SecretStr`: they never show in a log or a repr.
"""

import ipaddress
import json
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

EngineName = Literal["auto", "google", "openai", "embedded", "rules"]


class ConfigError(Exception):
    """The environment holds a value that cannot work; the message names each variable and its fault."""


def _https_base(url: str) -> str:
    if not url.startswith("https://") or not _names_a_host(url):
        raise ValueError("must start with https:// and name a host, like https://agent.example.com")
    parts = urlsplit(url)
    if parts.query or parts.fragment or parts.path not in ("", "/") or "@" in parts.netloc:
        raise ValueError("must be scheme and host alone, with no path, no query and no password")
    return f"https://{parts.netloc}"


def _http_url(url: str) -> str:
    if not url.startswith(("http://", "https://")) or not _names_a_host(url):
        raise ValueError("must start with https:// or http:// and name a host")
    return url


def _mirror(place: str) -> str:
    if place.startswith("file://") or (place.startswith(("http://", "https://")) and _names_a_host(place)):
        return place
    folder = Path(place)
    if not folder.is_dir():
        raise ValueError("must be a folder of this machine, or start with https://, http:// or file://")
    return folder.resolve().as_uri()


def _names_a_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    return bool(parts.hostname) and port != 0 and not any(letter.isspace() for letter in url)


def _endpoint(value: str) -> str:
    host, separator, port = value.rpartition(":")
    if not separator or not host or not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        raise ValueError("must be host:port, like 127.0.0.1:8400")
    return value


def _database_url(value: SecretStr) -> SecretStr:
    kind, separator, _ = value.get_secret_value().partition("://")
    if not separator or kind.partition("+")[0] not in ("postgresql", "postgres", "sqlite"):
        raise ValueError("must start with postgresql:// (or sqlite:///), like postgresql://name:password@host:5432/db")
    return value


def _password(value: SecretStr) -> SecretStr:
    if len(value.get_secret_value()) < 12:
        raise ValueError("must have 12 characters or more")
    return value


def _service_account(value: SecretStr) -> SecretStr:
    try:
        account = json.loads(value.get_secret_value())
    except ValueError:
        raise ValueError("is not JSON: paste the whole service-account file on one line") from None
    if not isinstance(account, dict):
        raise ValueError("is JSON but no object: it must be a service-account key file")  # noqa: TRY004 - pydantic names only these
    missing = [key for key in ("client_email", "private_key", "token_uri") if key not in account]
    if missing:
        raise ValueError(f"is JSON but lacks {', '.join(missing)}: it must be a service-account key file")
    return value


def is_loopback(host: str) -> bool:
    """Return whether `host` (a name or an address, no port) is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Settings(BaseModel):
    """Every setting, its default and its range. The environment name is the field's name in capitals."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    # Server
    port: int = Field(5000, ge=1, le=65535, description="Port to listen on")
    public_base_url: Annotated[str, AfterValidator(_https_base)] | None = Field(
        None, description="The https:// address Twilio knows; unset: taken from the request's forwarded headers"
    )
    data_dir: Path = Field(Path("data"), description="Folder for models, cached speech, samples and the SQLite file")
    database_url: Annotated[SecretStr, AfterValidator(_database_url)] | None = Field(
        None, description="PostgreSQL URL for several instances; unset: SQLite in DATA_DIR"
    )
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="Least severe log line shown")
    log_calls: Path | None = Field(None, description="Folder for one replayable .jsonl a call; unset: none are written")
    sample_every_calls: int = Field(0, ge=0, description="Keep a short WAV of what STT hears every N calls; 0: never")
    sample_keep_hours: int = Field(72, ge=1, description="Hours until a kept WAV is deleted")
    record_calls: Literal["on", "off"] = Field(
        "off", description="Keep each call's sound in DATA_DIR/audio (16 KB a second); the greeting says so"
    )
    twilio_keep_recordings: Literal["on", "off"] = Field(
        "off", description="Keep recorded messages at Twilio, too, once they have been read into a lead"
    )
    audio_keep_days: int = Field(30, ge=1, description="Days until a call's sound is deleted")
    tape_keep_days: int = Field(7, ge=1, description="Days until a file of LOG_CALLS is deleted")
    transcript_keep_days: int = Field(
        180, ge=1, description="Days until what was said is blanked: turns, quotes, leads' transcripts"
    )
    lead_keep_days: int = Field(730, ge=1, description="Days until leads and numbers are deleted; figures stay")

    max_calls: int | None = Field(
        None, ge=1, le=1000, description="Live calls at most; unset: 70 on one core, 110 on more, 3 a core if embedded"
    )
    overflow_number: str | None = Field(
        None, pattern=r"^\+\d{8,15}$", description="Where a caller is put through for whom there is no room, as +972…"
    )
    shutdown_grace_s: int = Field(
        25, ge=12, le=3600, description="Seconds from SIGTERM to the end; live calls may finish"
    )

    # Twilio
    twilio_account_sid: str | None = Field(None, description="Account SID, for hanging up and WhatsApp")
    twilio_auth_token: SecretStr | None = Field(
        None, description="Auth token; unset: development mode, unsigned webhooks from this machine only"
    )
    twilio_api_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="Another address for Twilio's REST API (tests)"
    )
    transfer_number: str | None = Field(
        None, pattern=r"^\+\d{8,15}$", description="Where a caller who asks for a person is put through, as +972…"
    )
    whatsapp_from: str | None = Field(
        None, pattern=r"^\+\d{8,15}$", description="WhatsApp sender number, as +972…; unset: no WhatsApp is sent"
    )
    whatsapp_template_sid: str | None = Field(
        None, pattern=r"^HX[0-9a-fA-F]{32}$", description="Approved template for summaries outside the 24 h window"
    )
    lead_webhook_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="Where finished leads are POSTed"
    )
    lead_webhook_secret: SecretStr | None = Field(None, description="Key that signs lead webhooks")
    max_call_minutes: int = Field(15, ge=1, le=240, description="Longest call; a line warns before it ends")

    # Engines
    stt_engine: EngineName = Field("auto", description="auto, google, openai or embedded")
    tts_engine: EngineName = Field("auto", description="auto, google or embedded")
    llm_engine: EngineName = Field("auto", description="auto, openai or rules (the deterministic dialog alone)")
    openai_api_key: SecretStr | None = Field(None, description="Enables OpenAI chat and the transcription fallback")
    openai_base_url: Annotated[str, AfterValidator(_http_url)] | None = Field(
        None, description="Another address for the OpenAI API"
    )
    openai_model: str = Field("gpt-6-luna", description="Chat model that phrases the agent's lines")
    openai_second_model: str | None = Field(
        None, description="Chat model asked once OPENAI_MODEL is no longer there (404); unset: the rules speak"
    )
    openai_transcribe_model: str = Field("gpt-transcribe", description="Transcription model of the STT fallback")
    openai_speech_model: str = Field("gpt-4o-mini-tts", description="Model of the second voice; none: no second voice")
    google_cloud_service_account_json: Annotated[SecretStr, AfterValidator(_service_account)] | None = Field(
        None, description="The whole service-account JSON on one line; enables Google STT and TTS"
    )
    google_speech_endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        None, description="host:port of Google STT; on a loopback address plaintext and anonymous"
    )
    google_tts_endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        None, description="host:port of Google TTS; on a loopback address plaintext and anonymous"
    )
    google_tts_voice: str = Field("he-IL-Chirp3-HD-Aoede", description="Google voice; Chirp3-HD voices stream")
    tts_stream_rate_hz: int = Field(
        8000,
        ge=8000,
        le=48000,
        multiple_of=8000,
        description="Rate asked of Google's streaming voices, brought to 8000",
    )
    models_mirror: Annotated[str, AfterValidator(_mirror)] | None = Field(
        None, description="First place to look for the embedded engines' weights: a folder or an address"
    )

    # Office
    office_name: str = Field("AgentLocator", description="Name of the office, as STT should expect it")
    agent_name: str = Field("נועה", description="The agent's first name, in Hebrew")

    # Console
    metrics_token: SecretStr | None = Field(
        None, min_length=16, description="Lets whoever holds it read /metrics and /health; unset: this machine alone"
    )
    console_password: Annotated[SecretStr, AfterValidator(_password)] | None = Field(
        None, description="Opens /console and /phone, 12 characters or more; unset: on this machine in development only"
    )
    console_show_numbers: Literal["on", "off"] = Field(
        "off", description="on: the console shows callers' numbers whole; off: masked until somebody asks for one"
    )
    prices_file: Path | None = Field(
        None, description="JSON with what a unit costs, for the console's cost estimates; unset: units alone"
    )

    # Hearing (R6, R7): the guideline's numbers
    vad_calibration_ms: int = Field(400, ge=300, le=500, description="Noise-floor measurement at the start")
    vad_hysteresis_ms: int = Field(60, ge=40, le=80, description="How long energy must stay across the threshold")
    vad_neural: Literal["on", "off"] = Field("on", description="Have a small network confirm that loud sound is speech")
    eou_silence_min_ms: int = Field(350, ge=350, le=500, description="Least silence that ends an utterance")
    eou_silence_max_ms: int = Field(480, ge=350, le=500, description="Silence that always ends an utterance")
    eou_sharp_drop_ms: int = Field(200, ge=200, le=350, description="Silence that suffices when energy falls sharply")
    eou_dictation_ms: int = Field(1500, ge=500, le=3000, description="Silence that ends a number being dictated")
    min_utt_ms: int = Field(900, ge=900, le=1200, description="An utterance ends no earlier than this")
    max_utt_ms: int = Field(5000, ge=4000, le=5000, description="A segment is cut and transcribed after this")
    barge_in_ms: int = Field(180, ge=180, le=220, description="Caller's voice that stops the agent")
    barge_in_grace_ms: int = Field(200, ge=150, le=250, description="Start of an agent utterance without barge-in")

    # Speaking, as R8 and R9 ask
    stt_commit_ms: int = Field(550, ge=100, le=2000, description="Wait for a final before a stable interim is taken")
    stt_fallback_ms: int = Field(1200, ge=300, le=5000, description="Silence of the primary STT before the fallback")
    stt_give_up_ms: int = Field(9000, ge=1000, le=20000, description="No transcript by then: the caller is asked again")
    llm_first_token_ms: int = Field(900, ge=200, le=5000, description="LLM deadline before the template line is used")
    llm_stall_ms: int = Field(1500, ge=300, le=5000, description="Silence between tokens that ends the LLM's line")
    tts_first_audio_ms: int = Field(
        2500, ge=500, le=20000, description="TTS deadline before the second voice; three times as long without one"
    )
    speculation: Literal["on", "off"] = Field(
        "on", description="on: replies are prepared on a stable interim and used only if the final says the same"
    )
    playout_lead_ms: int = Field(180, ge=60, le=400, multiple_of=20, description="Audio kept ahead in Twilio's buffer")
    tts_tail_ms: int = Field(200, ge=0, le=400, multiple_of=20, description="Silence after the agent's last word")
    mark_timeout_ms: int = Field(150, ge=50, le=1000, description="Wait for a mark after it was due to play")

    @model_validator(mode="after")
    def _engines_have_what_they_need(self) -> Self:
        allowed = {
            "stt_engine": ("auto", "google", "openai", "embedded"),
            "tts_engine": ("auto", "google", "embedded"),
            "llm_engine": ("auto", "openai", "rules"),
        }
        for field, names in allowed.items():
            if getattr(self, field) not in names:
                raise ValueError(f"{field.upper()} must be one of {', '.join(names)}")
        if self.stt_engine == "google" and not self._google(self.google_speech_endpoint):
            raise ValueError("STT_ENGINE is google: set GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON")
        if self.tts_engine == "google" and not self._google(self.google_tts_endpoint):
            raise ValueError("TTS_ENGINE is google: set GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON")
        for field in ("stt_engine", "llm_engine"):
            if getattr(self, field) == "openai" and not self.openai_api_key:
                raise ValueError(f"{field.upper()} is openai: set OPENAI_API_KEY")
        if self.lead_keep_days < self.transcript_keep_days:
            raise ValueError("LEAD_KEEP_DAYS must not be less than TRANSCRIPT_KEEP_DAYS")
        if self.eou_silence_min_ms > self.eou_silence_max_ms:
            raise ValueError("EOU_SILENCE_MIN_MS must not exceed EOU_SILENCE_MAX_MS")
        return self

    def _google(self, endpoint: str | None) -> bool:
        local = endpoint is not None and is_loopback(endpoint.rpartition(":")[0])
        return self.google_cloud_service_account_json is not None or local

    @property
    def development_mode(self) -> bool:
        """Whether webhooks are unsigned: no TWILIO_AUTH_TOKEN."""
        return self.twilio_auth_token is None

    @property
    def stt(self) -> Literal["google", "openai", "embedded"]:
        """The STT engine that serves."""
        if self.stt_engine != "auto":
            return self.stt_engine  # type: ignore[return-value]  # the validator allows no other
        if self._google(self.google_speech_endpoint):
            return "google"
        return "openai" if self.openai_api_key else "embedded"

    @property
    def stt_fallback(self) -> Literal["openai"] | None:
        """The STT engine that takes over within a turn (R8.2)."""
        return "openai" if self.openai_api_key and self.stt != "openai" else None

    @property
    def tts(self) -> Literal["google", "embedded"]:
        """The TTS engine that serves."""
        if self.tts_engine != "auto":
            return self.tts_engine  # type: ignore[return-value]  # the validator allows no other
        return "google" if self._google(self.google_tts_endpoint) else "embedded"

    @property
    def tts_fallback(self) -> Literal["openai"] | None:
        """The second voice, for a sentence that the first one cannot say (R18)."""
        return "openai" if self.openai_api_key and self.openai_speech_model != "none" and self.tts == "google" else None

    @property
    def llm(self) -> Literal["openai", "rules"]:
        """Who phrases the agent's lines."""
        if self.llm_engine != "auto":
            return self.llm_engine  # type: ignore[return-value]  # the validator allows no other
        return "openai" if self.openai_api_key else "rules"

    def stand_ins(self) -> list[str]:
        """Return one plain line for each optional setting whose absence changes what serves."""
        lines = []
        if self.development_mode:
            lines.append("TWILIO_AUTH_TOKEN is not set: DEVELOPMENT MODE, unsigned webhooks from this machine only")
        if self.public_base_url is None:
            lines.append("PUBLIC_BASE_URL is not set: the address comes from each request's forwarded headers")
        if self.google_cloud_service_account_json is None and "embedded" in (self.stt, self.tts):
            lines.append(f"GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON is not set: STT is {self.stt}, TTS is {self.tts}")
        if self.transfer_number and not (self.twilio_account_sid and self.twilio_auth_token):
            lines.append("TWILIO_ACCOUNT_SID is not set: nobody can be put through to TRANSFER_NUMBER")
        if self.llm == "rules":
            lines.append("OPENAI_API_KEY is not set or not used: the deterministic dialog speaks")
        return lines


def load(environment: Mapping[str, str] = os.environ) -> Settings:
    """Read and validate the settings; white space around a value is dropped, and blank values count as unset.

    Raises:
        ConfigError: one line a fault, naming the variable and never its value.
    """
    given = {name: environment.get(name.upper(), "").strip() for name in Settings.model_fields}
    try:
        return Settings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_input=False, include_url=False):
            name = str(fault["loc"][0]).upper() if fault["loc"] else ""
            text = str(fault["msg"]).removeprefix("Value error, ")
            faults.append(f"{name}: {text}" if name else text)
        raise ConfigError("\n".join(faults)) from None


def set_in_environment(*names: str, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return which of these variables, none of them a setting of ours, the environment holds."""
    return [name for name in names if environment.get(name, "").strip()]


def make_folders(settings: Settings) -> None:
    """Make the folders that the settings name, where they are missing.

    Raises:
        ConfigError: one line a folder that cannot be written, naming the variable.
    """
    faults = []
    for name in ("data_dir", "log_calls"):
        folder: Path | None = getattr(settings, name)
        if folder is None:
            continue
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            faults.append(f"{name.upper()}: {folder} cannot be written: {error.strerror}")
    if faults:
        raise ConfigError("\n".join(faults))


def table() -> list[str]:
    """Return the settings as the rows of a Markdown table: name, default, range, meaning."""
    rows = ["| setting | default | allowed | meaning |", "| --- | --- | --- | --- |"]
    for name, field in Settings.model_fields.items():
        bounds = {key: getattr(one, key) for one in field.metadata for key in ("ge", "le") if hasattr(one, key)}
        allowed = f"{bounds.get('ge', '')}…{bounds.get('le', '')}" if bounds else ""
        default = "" if field.default is None else str(field.default)
        rows.append(f"| `{name.upper()}` | {default} | {allowed} | {field.description} |")
    return rows
