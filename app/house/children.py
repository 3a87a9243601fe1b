"""The child processes of one worker, as its settings ask for them; built after the fork, not yet started.

Imports little: children load for a second themselves, and the worker starts them before it loads the rest (R18).
"""

from dataclasses import dataclass

from app.config import Settings
from app.leads.childconfig import child_environment
from app.sidecar.link import Link
from app.speech.cloud.settings import CloudSettings
from app.speech.cloud_engines import make_speech_link
from app.speech.embedded_engines import make_embedded_link

SPEECH_FOLDER = "speech"
"""Below DATA_DIR: where the cache of stock lines lies."""


@dataclass(frozen=True, slots=True)
class Children:
    """The links: those that the engines need, and the store's."""

    cloud: CloudSettings
    speech: Link
    embedded: Link
    store: Link
    engines: tuple[Link, ...]
    """Of `speech` and `embedded`, what serves; only these are started."""
    lends_voice: bool = False
    """Whether the store may have the voice's stock lines, which this disk has not: then a caller waits for it, too."""

    @classmethod
    def of(cls, settings: Settings) -> "Children":
        """Build them."""
        cloud = cloud_settings(settings)
        speech, embedded = make_speech_link(cloud), make_embedded_link(settings.data_dir / "models")
        engines = []
        if {settings.stt, settings.tts, settings.llm} & {"google", "openai"}:
            engines.append(speech)
        if "embedded" in (settings.stt, settings.tts):
            engines.append(embedded)
        callback = f"{settings.public_base_url}/webhook/message_status" if settings.public_base_url else None
        store = Link("app.leads", env=child_environment(settings, callback), name="store")
        lends_voice = settings.database_url is not None and not (settings.data_dir / SPEECH_FOLDER).exists()
        return cls(cloud, speech, embedded, store, tuple(engines), lends_voice)

    @property
    def links(self) -> tuple[Link, ...]:
        """All that are started."""
        return (*self.engines, self.store)

    @property
    def has_voice(self) -> bool:
        """Whether the child that speaks could do so at once."""
        return any(link.is_warm(service) for link, service in ((self.speech, "google_tts"), (self.embedded, "tts")))

    def start_engines(self) -> None:
        """Start those that a caller waits for."""
        for link in self.engines:
            link.start()
        if self.lends_voice:
            self.store.start()


def cloud_settings(settings: Settings) -> CloudSettings:
    """Return what the speech child needs to know."""
    account, key = settings.google_cloud_service_account_json, settings.openai_api_key
    return CloudSettings(
        google_credentials_json=account.get_secret_value() if account else "",
        google_speech_endpoint=settings.google_speech_endpoint or "",
        google_tts_endpoint=settings.google_tts_endpoint or "",
        tts_voice=settings.google_tts_voice,
        tts_stream_rate_hz=settings.tts_stream_rate_hz,
        openai_api_key=key.get_secret_value() if key else "",
        openai_base_url=settings.openai_base_url or "",
        llm_model=settings.openai_model,
        llm_second_model=settings.openai_second_model or "",
        transcribe_model=settings.openai_transcribe_model,
        speech_model=settings.openai_speech_model,
    )
