"""The engines and the store of one worker, as its settings ask for them; built after the fork, not yet started."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import structlog

from app.config import Settings
from app.dialog.lines.stock import stock_sentences
from app.house.children import SPEECH_FOLDER, Children
from app.leads.childconfig import journal_folder
from app.leads.client import LeadStore
from app.runtime import offload, spawn, spawn_after
from app.speech.breaker import Breaker
from app.speech.cache import Share, SpeechCache
from app.speech.cloud_engines import (
    GoogleStt,
    GoogleTts,
    OpenAiJson,
    OpenAiLlm,
    OpenAiStt,
    OpenAiTts,
)
from app.speech.embedded_engines import EmbeddedStt, EmbeddedTts, voice_pack_path
from app.speech.engines import Failed, JsonEngine, LlmEngine, SttEngine, TtsEngine
from app.speech.guarded import Guard, GuardedLlm, GuardedStt, GuardedTts
from app.speech.pack import VoicePack
from app.speech.sparing import SparingJson
from app.speech.voice import Voice
from app.telephony.recordings import RecordingAccount
from app.whose import CALL_SID, of_call

_log = structlog.get_logger("server")


def soon(work: Callable[[], None]) -> None:
    """Run `work` once the present event is handled, for the call that is worked for now."""
    spawn_after(0, _for_call, CALL_SID.get(), work)


def _for_call(call_sid: str, work: Callable[[], None]) -> None:
    with of_call(call_sid):
        work()


@dataclass(frozen=True, slots=True)
class Engines:
    """What listens, thinks and speaks."""

    stt: SttEngine
    stt_fallback: SttEngine | None
    llm: LlmEngine | None
    extractor: JsonEngine | None
    voice: Voice
    cache: SpeechCache
    stock: tuple[str, ...]
    """The lines that are spoken from the cache."""
    breakers: Mapping[str, Breaker]
    """What is known of the engines that need not be waited for, by name."""

    @property
    def names(self) -> dict[str, str]:
        """The engines that serve."""
        return {
            "stt": self.stt.name,
            "stt_fallback": self.stt_fallback.name if self.stt_fallback else "none",
            "llm": self.llm.name if self.llm else "rules",
            "tts": self.voice.name,
            "tts_fallback": self.voice.second_name or "none",
        }


def build_engines(
    settings: Settings, children: Children, share: Share, second_voice_spoke: Callable[[], None] = lambda: None
) -> Engines:
    """Return the engines that `settings` name, which live in `children`; `share`: see `SpeechCache`."""
    cloud, speech, embedded = children.cloud, children.speech, children.embedded
    guards: dict[str, Guard] = {}

    def guarded(engine: str, late_ms: int) -> Guard:
        guards[engine] = _guard(engine, late_ms)
        return guards[engine]

    def fell_back(failed: Failed) -> None:
        second_voice_spoke()
        _log.warning("TTS_FALLBACK", code=failed.code, message=failed.message)

    stts: dict[str, Callable[[], SttEngine]] = {
        "google": lambda: GoogleStt(speech, cloud),
        "openai": lambda: OpenAiStt(speech, cloud),
        "embedded": lambda: EmbeddedStt(embedded),
    }
    tts: TtsEngine = GoogleTts(speech, cloud) if settings.tts == "google" else EmbeddedTts(embedded)
    second_voice = OpenAiTts(speech, cloud) if settings.tts_fallback else None
    if second_voice:
        tts = GuardedTts(tts, guarded(f"{tts.name} voice", settings.tts_first_audio_ms))
    stock = stock_sentences(settings.office_name, settings.agent_name)
    cache = SpeechCache(
        settings.data_dir / SPEECH_FOLDER,
        tts.name,
        tts.voice,
        frozenset(stock),
        partial(spawn, offload),  # a file is written beside the events of all calls, never among them
        pack=VoicePack.read(pack) if (pack := voice_pack_path(tts.name, tts.voice)).is_file() else None,
        share=share,
    )
    cache.load()
    thinks = settings.llm == "openai"
    stt = stts[settings.stt]()
    fallback: SttEngine | None = None
    if settings.stt_fallback:
        fallback = stts[settings.stt_fallback]()
        stt = GuardedStt(stt, guarded(stt.name, settings.stt_fallback_ms))
        fallback = GuardedStt(fallback, guarded(f"{fallback.name} recogniser", settings.stt_give_up_ms))
    return Engines(
        stt=stt,
        stt_fallback=fallback,
        llm=GuardedLlm(OpenAiLlm(speech, cloud), guarded("openai", settings.llm_first_token_ms)) if thinks else None,
        extractor=SparingJson(OpenAiJson(speech, cloud), lambda: speech.behind_ms, soon) if thinks else None,
        voice=Voice(
            tts,
            second_voice,
            cache,
            settings.tts_first_audio_ms,
            spawn_after,
            is_slow=settings.tts == "embedded",
            fell_back=fell_back,
        ),
        cache=cache,
        stock=stock,
        breakers={engine: guard.breaker for engine, guard in guards.items()},
    )


def _guard(engine: str, late_ms: int) -> Guard:
    """One breaker for an engine of this process that need not be waited for."""

    def tell_down() -> None:
        _log.warning("ENGINE_DOWN", engine=engine, why="it failed or was late several times in a row")

    def tell_back() -> None:
        _log.info("ENGINE_BACK", engine=engine)

    return Guard(Breaker(time.monotonic, tell_down, tell_back), time.monotonic, late_ms / 1000, soon)


def build_store(settings: Settings, children: Children) -> LeadStore:
    """Return the store, as it is told from here."""
    return LeadStore(children.store, journal_folder(settings), beside=offload)


def recording_account(settings: Settings) -> RecordingAccount | None:
    """Return the account whose recorded messages can be fetched, if there is one."""
    if not settings.twilio_account_sid or not settings.twilio_auth_token:
        return None
    token = settings.twilio_auth_token.get_secret_value()
    return RecordingAccount(settings.twilio_account_sid, token, settings.twilio_api_url)
