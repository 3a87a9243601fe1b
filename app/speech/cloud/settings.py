"""What the cloud engines need to know, on both sides of the link. Imports no vendor."""

import json
from dataclasses import asdict, dataclass, field

ENV_NAME = "SPEECH_CLOUD_SETTINGS"
"""The worker hands the settings to its child in this variable, as JSON: secrets stay off the command line."""


@dataclass(frozen=True, slots=True)
class CloudSettings:
    """Settings of Google's and OpenAI's services; secrets do not show in `repr`."""

    google_credentials_json: str = field(default="", repr=False)
    """The service account's whole JSON."""
    google_speech_endpoint: str = ""
    """`host:port` instead of Google's own; plain text without credentials when the host is loopback."""
    google_tts_endpoint: str = ""
    stt_language: str = "he-IL"
    stt_language_fallback: str = "iw-IL"
    """Used, and remembered, when `stt_language` is refused. Google's table lists Hebrew under this older code."""
    stt_enhanced: bool = True
    """Ask for the enhanced model; dropped, and remembered, when there is none for the language."""
    stt_model: str = ""
    stt_boost: float = 10.0
    """Weight of the speech contexts, 0..20; 0 leaves it to Google."""
    stt_max_alternatives: int = 3
    stt_stream_limit_s: float = 240.0
    """Age at which a stream is rolled over; Google ends it at 305 s."""
    stt_final_timeout_s: float = 6.0
    """Longest wait for the final transcript after the caller's turn is over."""
    tts_voice: str = "he-IL-Chirp3-HD-Aoede"
    tts_speaking_rate: float = 1.0
    """0.25..2.0."""
    tts_stream_rate_hz: int = 8000
    """Rate asked of streaming synthesis: a multiple of 8000, brought down to 8000 here."""
    tts_timeout_s: float = 10.0
    openai_api_key: str = field(default="", repr=False)
    openai_base_url: str = ""
    openai_connect_timeout_s: float = 3.0
    llm_model: str = "gpt-6-luna"
    llm_second_model: str = ""
    """Asked where `llm_model` is no longer there; empty: none."""
    llm_reasoning_effort: str = "none"
    llm_max_tokens: int = 700
    """A line needs 60; the reading of a turn that fills every slot, as JSON with quotes, some 600."""
    llm_temperature: float | None = None
    llm_timeout_s: float = 8.0
    """Longest silence of a streaming answer."""
    llm_total_timeout_s: float = 20.0
    transcribe_model: str = "gpt-transcribe"
    transcribe_language: str = "he"
    transcribe_timeout_s: float = 8.0
    speech_model: str = "gpt-4o-mini-tts"
    speech_voice: str = "shimmer"

    def to_env(self) -> dict[str, str]:
        """Return the environment that carries these settings to the child."""
        return {ENV_NAME: json.dumps(asdict(self), ensure_ascii=False)}

    @classmethod
    def from_json(cls, text: str) -> "CloudSettings":
        """Read what `to_env` wrote."""
        return cls(**json.loads(text))
