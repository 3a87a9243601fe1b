"""Everything one worker process is made of, put together once, after gunicorn's fork."""

import subprocess
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import structlog

import app
from app.call.admission import Admission, thanks
from app.call.events import CallStarted
from app.call.keeping import CallFiles
from app.call.machine import Call, CallSettings
from app.call.recording import Recordings
from app.call.services import Services
from app.call.session import Session
from app.call.telephone import TwilioTelephone, after_lost_transfer
from app.call.tuning import call_settings
from app.config import Settings
from app.dialog.stock import stock_sentences
from app.leads import records
from app.leads.childconfig import child_environment, journal_folder
from app.leads.client import LeadStore
from app.runtime import HubWatch, offload, sleep, spawn, spawn_after
from app.sidecar.link import Link
from app.speech.cache import SpeechCache
from app.speech.cloud_engines import (
    CloudSettings,
    GoogleStt,
    GoogleTts,
    OpenAiJson,
    OpenAiLlm,
    OpenAiStt,
    make_speech_link,
)
from app.speech.embedded_engines import EmbeddedStt, EmbeddedTts, make_embedded_link
from app.speech.engines import Done, Failed, SttEngine, TtsEngine, TtsEvent
from app.speech.voice import Voice
from app.telephony import messages
from app.telephony.recordings import RecordingAccount
from app.telephony.responses import Environ
from app.telephony.signature import handshake_is_signed
from app.telephony.token import TokenVerdict, UsedTokens, derive_key, verify
from app.telephony.webhooks import Webhooks, WebhookSettings
from app.telephony.websocket import WebSocket

_log = structlog.get_logger("server")
PAUSE_PER_CALL_S, LONGEST_PAUSE_S = 0.001, 0.06
CROWD, CROWD_EARLY_MS = 30, 20
STOPPING_TAKES_S = 9.0  # of the grace period: to close what still lives, to finish the store, to end the children
CALLS_END_WITHIN_S = 2.0
STORE_STOPS_WITHIN_S = 4.0
MESSAGE_COMES_WITHIN_S = 10.0
_EVENTS_KEPT = 2000
_CALLS_REMEMBERED = 50


class House:
    """One worker: its engines, its store, its live calls."""

    def __init__(self, settings: Settings) -> None:
        """Build everything; nothing is started yet."""
        self.settings = settings
        self.started_at = datetime.now(UTC)
        self.hub_watch = HubWatch(lambda lag_ms: _log.warning("HUB_LATE", lag_ms=lag_ms))
        self.live: dict[str, Session] = {}
        self.timelines: dict[str, deque[dict[str, Any]]] = {}
        token = settings.twilio_auth_token.get_secret_value() if settings.twilio_auth_token else None
        self._token_key = derive_key(token)
        self._used_tokens = UsedTokens()
        self._calls = 0
        self._links: list[Link] = []
        keep_s = settings.sample_keep_hours * 3600
        self._files = CallFiles(settings.log_calls, settings.data_dir / "samples", keep_s)
        self.services = self._services()
        self.recordings = self._recordings()
        self._admission = Admission(
            settings.max_calls,
            settings.office_name,
            settings.public_base_url,
            live=lambda: sum(bool(session.call_sid) for session in self.live.values()),  # not who only knocks
            clock_s=time.monotonic,
        )
        self.webhooks = Webhooks(
            WebhookSettings(
                auth_token=token,
                public_base_url=settings.public_base_url,
                token_key=self._token_key,
                after_recording=thanks(),
                after_lost_transfer=after_lost_transfer,
            ),
            on_event=self._on_webhook,
            spawn=spawn,
            admission=self._admission,
        )
        self._is_drained = False

    def start(self) -> None:
        """Start the child processes, warm the stock lines, watch the hub; say what serves."""
        for link in self._links:
            link.start()
        rehearse(call_settings(self.settings))
        self.hub_watch.start()
        for line in self.settings.stand_ins():
            _log.warning(line)
        voice = self.services.voice
        spawn(self._warm)
        if self.settings.sample_every_calls:
            spawn(self._files.expire)
        _log.info(
            "Composite WSGI ready / WebSocketWSGI / blueprints",
            stt=self.services.stt.name,
            stt_fallback=self.services.stt_fallback.name if self.services.stt_fallback else "none",
            llm=self.services.llm.name if self.services.llm else "rules",
            tts=voice.name,
            version=app.__version__,
        )

    def serve_stream(self, socket: WebSocket, *, is_local: bool = False) -> None:
        """Serve one media stream until it ends (blocks its greenlet).

        In development mode one that `is_local` needs no token.
        """
        self._calls += 1
        every = self.settings.sample_every_calls
        session = Session(
            socket,
            self.services,
            call_settings(self.settings, keeps_sample=bool(every) and self._calls % every == 0),
            takes_guests=is_local and self.settings.development_mode,
        )
        key = f"stream-{self._calls}"
        self.live[key] = session
        self._pace()
        try:
            session.run()
        finally:
            del self.live[key]
            self._pace()

    def _pace(self) -> None:
        """The fuller the house, the more frames are read and sent in one go: fewer wake-ups for a little delay."""
        pause_s = min(len(self.live) * PAUSE_PER_CALL_S, LONGEST_PAUSE_S)
        early_ms = CROWD_EARLY_MS if len(self.live) > CROWD else 0
        for session in self.live.values():
            session.pace(pause_s, early_ms)

    def watch(self, is_alive: Callable[[], bool], grace_s: float) -> None:
        """Notice when this worker is told to stop: no new calls, and those that live may end within `grace_s`."""
        spawn(self._drain, is_alive, max(1.0, grace_s - STOPPING_TAKES_S))

    def _drain(self, is_alive: Callable[[], bool], grace_s: float) -> None:
        while is_alive():
            sleep(0.2)
        self._admission.is_closed = True
        deadline_s = time.monotonic() + grace_s
        _log.info("DRAINING", live_calls=len(self.live), messages=self.recordings.under_way, grace_s=grace_s)
        while (self.live or self.recordings.under_way) and time.monotonic() < deadline_s:
            sleep(0.1)
        for session in list(self.live.values()):
            spawn(session.close)
        self._is_drained = True

    def stop(self) -> None:
        """Let the store finish, then end the children, once drained; else they see the worker's end themselves."""
        if not self._admission.is_closed:
            return
        while not self._is_drained:
            sleep(0.05)
        deadline_s = time.monotonic() + CALLS_END_WITHIN_S
        while self.live and time.monotonic() < deadline_s:  # their last words come before the store's end
            sleep(0.02)
        self.store.stop(STORE_STOPS_WITHIN_S)
        for link in self._links:
            link.stop()
        _log.info("STOPPED")

    def handshake_is_signed(self, environ: Environ) -> bool:
        """Judge the signature on a WebSocket handshake where there is one (R2.6)."""
        token = self.settings.twilio_auth_token.get_secret_value() if self.settings.twilio_auth_token else None
        return handshake_is_signed(environ, token, self.settings.public_base_url) is not False

    # -- parts --------------------------------------------------------------------------------------------------

    def _services(self) -> Services:
        settings = self.settings
        cloud = CloudSettings(
            google_credentials_json=_secret(settings.google_cloud_service_account_json),
            google_speech_endpoint=settings.google_speech_endpoint or "",
            google_tts_endpoint=settings.google_tts_endpoint or "",
            tts_voice=settings.google_tts_voice,
            tts_stream_rate_hz=settings.tts_stream_rate_hz,
            openai_api_key=_secret(settings.openai_api_key),
            openai_base_url=settings.openai_base_url or "",
            llm_model=settings.openai_model,
            transcribe_model=settings.openai_transcribe_model,
        )
        speech = make_speech_link(cloud)
        embedded = make_embedded_link(settings.data_dir / "models")
        if {settings.stt, settings.tts, settings.llm} & {"google", "openai"}:
            self._links.append(speech)
        if "embedded" in (settings.stt, settings.tts):
            self._links.append(embedded)
        stts: dict[str, SttEngine] = {
            "google": GoogleStt(speech, cloud),
            "openai": OpenAiStt(speech, cloud),
            "embedded": EmbeddedStt(embedded),
        }
        tts: TtsEngine = GoogleTts(speech, cloud) if settings.tts == "google" else EmbeddedTts(embedded)
        self._stock = stock_sentences(settings.office_name, settings.agent_name)
        # A file is written beside the events of all calls, never among them.
        write = partial(spawn, offload)
        cache = SpeechCache(settings.data_dir / "speech", tts.name, tts.voice, frozenset(self._stock), write)
        cache.load()
        callback = f"{settings.public_base_url}/webhook/message_status" if settings.public_base_url else None
        store_link = Link("app.leads", env=child_environment(settings, callback), name="store")
        self._links.append(store_link)
        self.store = LeadStore(store_link, journal_folder(settings))
        return Services(
            stt=stts[settings.stt],
            stt_fallback=stts[settings.stt_fallback] if settings.stt_fallback else None,
            llm=OpenAiLlm(speech, cloud) if settings.llm == "openai" else None,
            voice=Voice(tts, None, cache, settings.tts_first_audio_ms, spawn_after),
            store=self.store,
            telephone=TwilioTelephone(settings, self._on_voice_lost),
            admit=self._admit,
            keep_sample=self._files.keep_sample,
            open_tape=self._files.open_tape,
            on_log=self._on_log,
            extractor=OpenAiJson(speech, cloud) if settings.llm == "openai" else None,
        )

    def _recordings(self) -> Recordings:
        settings, account = self.settings, None
        if settings.twilio_account_sid and settings.twilio_auth_token:
            token = settings.twilio_auth_token.get_secret_value()
            account = RecordingAccount(settings.twilio_account_sid, token, settings.twilio_api_url)
        engines = tuple(engine for engine in (self.services.stt, self.services.stt_fallback) if engine)
        return Recordings(account, engines, self.store, settings.office_name)

    def _admit(self, start: messages.StreamStart) -> str | None:
        token = start.parameters.get("token", "")
        now_s = time.time()
        verdict = verify(self._token_key, token, start.call_sid, now_s)
        if verdict is not TokenVerdict.VALID:
            return f"token {verdict.value}"
        if not self._used_tokens.use(token, now_s):
            return "token used before"
        self._admission.arrived(start.call_sid)
        return None

    def _on_voice_lost(self, call_sid: str) -> None:
        self._admission.voice_lost(call_sid)

    def _on_webhook(self, kind: str, params: Mapping[str, str], trusted: bool) -> None:
        call_sid = params.get("CallSid", "")
        log = _log.bind(call_sid=call_sid)
        if kind == "call_status":
            log.info("CALL_STATUS", status=params.get("CallStatus"), trusted=trusted)
            if trusted and call_sid:
                self._store_status(call_sid, params.get("CallStatus", ""))
        elif kind in ("stream_status", "stream_ended"):
            event = params.get("StreamEvent", kind)
            log.info("STREAM_STATUS", event_name=event, error=params.get("StreamError", ""))
        elif kind == "incoming_call":
            self._store_ringing(call_sid, params.get("From", ""), params.get("To", ""))
        elif kind == "recording":
            self.recordings.take(params)
        elif kind == "transfer_ended":
            result = params.get("DialCallStatus", "")
            log.info("TRANSFER_ENDED", result=result)
            self.store.tell(records.FactsSaved, call_sid=call_sid, transfer=records.transfer_result(result))
        elif kind == "message_status":
            code = params.get("ErrorCode", "")
            status = params.get("MessageStatus", "")
            log.info("MESSAGE_STATUS", message_sid=params["MessageSid"], status=status, error=code)
            number = int(code) if code.isdecimal() else None
            self.store.tell(records.MessageStatus, message_sid=params["MessageSid"], status=status, error_code=number)

    def _store_ringing(self, call_sid: str, caller: str, callee: str) -> None:
        """Who has called is stored before the stream comes, for it may never come (R14)."""
        self.store.tell(
            records.CallStarted,
            call_sid=call_sid,
            from_number=caller,
            to_number=callee,
            channel="recording" if self._admission.sent_to_recorder(call_sid) else "call",
        )

    def _store_status(self, call_sid: str, status: str) -> None:
        """A call that Twilio says is over is over in the store, too (R3.3); one with a message, once that was read."""
        if status not in ("completed", "busy", "failed", "no-answer", "canceled"):
            return
        if self._admission.sent_to_recorder(call_sid) and not self.recordings.took(call_sid):
            sleep(MESSAGE_COMES_WITHIN_S)
        if not self.recordings.took(call_sid):
            self.store.tell(records.CallEnded, call_sid=call_sid)

    def _on_log(self, call_sid: str, line: str, fields: dict[str, Any]) -> None:
        """Keep what happens in a call where a developer's tools can read it (development mode only)."""
        if not self.settings.development_mode:
            return
        if call_sid not in self.timelines:
            while len(self.timelines) >= _CALLS_REMEMBERED:
                del self.timelines[next(iter(self.timelines))]
            self.timelines[call_sid] = deque(maxlen=_EVENTS_KEPT)
        at_ms = int(time.time() * 1000)
        self.timelines[call_sid].append({"at_ms": at_ms, "event": line, **fields})

    def _warm(self) -> None:
        """Synthesise the stock lines before they are needed, one at a time, and only while nobody is on the line."""
        while not all(link.ready for link in self._links):
            sleep(0.1)
        voice = self.services.voice
        at_first = left = voice.missing(self._stock)
        tried = len(left) + 1
        while left and len(left) < tried:  # as long as some succeed, those that failed are tried again
            tried = len(left)
            for text in left:
                while not self._render(text):
                    pass
            left = voice.missing(self._stock)
        _log.info("STOCK_READY", rendered=len(at_first) - len(left), missing=len(left), lines=len(self._stock))

    def _render(self, text: str) -> bool:
        """Synthesise a line while nobody is on the line; False when a call came and took the engine."""
        while self.live:
            sleep(1)
        over: list[TtsEvent] = []

        def listener(event: TtsEvent) -> None:
            if isinstance(event, Done | Failed):
                over.append(event)

        stream = self.services.voice.speak(text, listener)
        while not over and not self.live:
            sleep(0.02)
        stream.cancel()
        return bool(over)


def rehearse(settings: CallSettings) -> None:
    """Begin a call with nobody, so that what loads on first use (130 ms of it) stalls no live call later."""
    call = Call(settings)
    call.receive(CallStarted("", "", "+972500000000", None, datetime.now(UTC).date()), 0)
    if call.dialog is not None:
        call.dialog.hear("דירה בחולון עד שני מיליון בעוד חודשיים", ())


def commit() -> str:
    """Return the source's commit, or `unknown` where there is no git."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],  # noqa: S607 - git is where the PATH says
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=2,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return "unknown"
    return found.stdout.strip()


def _secret(value: Any) -> str:
    return value.get_secret_value() if value else ""
