"""A message on Twilio's recorder becomes a lead like a call's: fetched, transcribed, read, stored (R2.7).

Off the request, in a green thread of its own. The call is in the store before its message is fetched: whatever fails
afterwards, the office still gets the number and the recording's address.
"""

import datetime
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import structlog

from app.call.shell.ledger import ISRAEL, Store, call_back, summary_text
from app.dialog.domain import Asked
from app.dialog.hebrew.contact.phones import callable_number
from app.dialog.lines.priming import phrases
from app.dialog.understanding.voicemail import Message, read_message
from app.leads.records import CallEnded, CallStarted, FactsSaved, SlotChange, SlotsChanged, TurnSaved
from app.media.codec import FRAME_MS, SAMPLE_RATE_HZ, encode_ulaw
from app.media.frontend import FrontEnd
from app.media.resampling import to_telephone_rate
from app.media.vad import Vad
from app.media.wav import WavError, parse_wav
from app.runtime import Inbox, now_ms, offload, sleep
from app.speech.engines import Done, Failed, Heard, SttEngine
from app.telephony.numbers import mask_number
from app.telephony.recordings import RecordingAccount, RecordingError, fetch_recording

RETRY_AFTER_S = (1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # Twilio's recordings can be late by a minute
MOST_MESSAGE_S = 300
_YIELD_EVERY_MS = 100
_WRITE_BYTES = 3200
_HEAR_MS = 15_000
_MOST_REMEMBERED = 1000
Samples = npt.NDArray[np.int16]
_log = structlog.get_logger("recording")


class Fetch(Protocol):
    """Gets a recording; see `telephony.recordings.fetch_recording`."""

    def __call__(self, account: RecordingAccount, recording_url: str) -> bytes:
        """Return the WAV file."""


@dataclass
class PieceCutter:
    """Cuts a message at the caller's pauses, into pieces that a recogniser takes well. Pure.

    A piece ends in a pause of `pause_ms` once it is `least_ms` long, or at `most_ms` whatever is being said.
    """

    pause_ms: int = 600
    least_ms: int = 2000
    most_ms: int = 14_000
    preroll_ms: int = 800
    _front: FrontEnd = field(default_factory=FrontEnd)
    _vad: Vad = field(default_factory=Vad)
    _frames: list[bytes] = field(default_factory=list)
    _is_voiced: bool = False
    _quiet_ms: int = 0

    def process(self, ulaw: bytes) -> list[bytes]:
        """Take more of the message (mu-law 8 kHz); return the pieces that are whole (LINEAR16 8 kHz, cleaned)."""
        pieces = []
        for frame in self._front.process(ulaw):
            self._vad.receive(frame)
            self._frames.append(frame.pcm)
            self._is_voiced = self._is_voiced or self._vad.is_speech
            self._quiet_ms = 0 if self._vad.is_speech else self._quiet_ms + FRAME_MS
            if not self._is_voiced:
                del self._frames[: -self.preroll_ms // FRAME_MS]
                continue
            length_ms = len(self._frames) * FRAME_MS
            paused = self._quiet_ms >= self.pause_ms and length_ms >= self.least_ms
            if paused or length_ms >= self.most_ms:
                pieces += self.rest()
        return pieces

    def rest(self) -> list[bytes]:
        """Return what is left at the end, if anything was said in it."""
        piece, voiced = b"".join(self._frames), self._is_voiced
        self._frames, self._is_voiced, self._quiet_ms = [], False, 0
        return [piece] if voiced else []


class Recordings:
    """Takes recorded messages. `take` blocks its greenlet until the message is a lead."""

    def __init__(
        self,
        account: RecordingAccount | None,
        stts: tuple[SttEngine, ...],
        store: Store,
        office_name: str,
        fetch: Fetch = fetch_recording,
        retry_after_s: tuple[float, ...] = RETRY_AFTER_S,
        now: Callable[[], datetime.datetime] = lambda: datetime.datetime.now(ISRAEL),
        delete: Callable[[RecordingAccount, str], None] | None = None,
    ) -> None:
        """`stts`: the engines to ask, one after the other. Without `account` nothing can be fetched.

        `delete`: removes at Twilio what has been read into a lead.
        """
        self._account = account
        self._stts = stts
        self._store = store
        self._phrases = phrases(Asked.GREETING, office_name)
        self._fetch = fetch
        self._delete = delete
        self._retry_after_s = retry_after_s
        self._now = now
        self._taken: dict[str, None] = {}
        self._under_way = 0

    def took(self, call_sid: str) -> bool:
        """Tell whether this call's message came here: then its end is told to the store here, too, when all is read."""
        return call_sid in self._taken

    @property
    def under_way(self) -> int:
        """How many messages are being worked on."""
        return self._under_way

    def take(self, params: Mapping[str, str]) -> None:
        """Make a lead of the message that a signed `handle_recording` webhook tells of."""
        call_sid = params["CallSid"]
        if call_sid in self._taken:
            return  # Twilio asks again when it heard no answer
        if len(self._taken) >= _MOST_REMEMBERED:
            del self._taken[next(iter(self._taken))]
        self._taken[call_sid] = None
        self._under_way += 1
        log = _log.bind(call_sid=call_sid)
        log.info("RECORDING", caller=mask_number(params.get("From", "")), duration_s=params.get("RecordingDuration"))
        caller, callee = params.get("From", ""), params.get("To", "")
        self._store.tell(CallStarted, call_sid=call_sid, from_number=caller, to_number=callee, channel="recording")
        try:
            url = params.get("RecordingUrl", "")
            message = self._read(url, call_sid, log)
            self._save(call_sid, message)
            if message.text and (message.updates or callable_number(caller)):
                self._remove(url, call_sid, log)  # else the sound is all that the office has
        except (RecordingError, WavError) as error:
            log.warning("RECORDING_NOT_HEARD", why=str(error))
        except Exception:
            log.exception("RECORDING_BROKE")
        finally:
            self._store.tell(CallEnded, call_sid=call_sid, outcome="recording")
            self._under_way -= 1

    def _read(self, url: str, call_sid: str, log: structlog.stdlib.BoundLogger) -> Message:
        if self._account is None:
            raise RecordingError("TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN are needed to fetch recordings")
        self._account.address(url)  # an address that is not Twilio's is not stored either
        self._store.tell(FactsSaved, call_sid=call_sid, recording_url=url)
        wav = self._fetched(self._account, url, log)
        texts = []
        for piece in _pieces(wav):
            text = self._hear(piece, log)
            log.info("ASR_TEXT", text=text, audio_ms=len(piece) // (2 * SAMPLE_RATE_HZ // 1000), source="recording")
            texts.append(text)
        if texts and not any(texts):
            log.warning("RECORDING_NOT_HEARD", why="no words were recognised in it")
        return offload(read_message, [text for text in texts if text], self._now().date())

    def _remove(self, url: str, call_sid: str, log: structlog.stdlib.BoundLogger) -> None:
        if self._delete is None or self._account is None:
            return
        try:
            self._delete(self._account, url)
        except RecordingError as error:
            log.warning("RECORDING_NOT_DELETED", why=str(error))
        else:
            self._store.tell(FactsSaved, call_sid=call_sid, withdrawn=["recording_url"])

    def _fetched(self, account: RecordingAccount, url: str, log: structlog.stdlib.BoundLogger) -> bytes:
        for pause_s in self._retry_after_s:
            try:
                return self._fetch(account, url)
            except RecordingError as error:
                if not error.retriable:
                    raise
                log.info("RECORDING_LATE", why=str(error), again_in_s=pause_s)
            sleep(pause_s)
        return self._fetch(account, url)

    def _hear(self, pcm: bytes, log: structlog.stdlib.BoundLogger) -> str:
        """Return the words of a piece, by the first engine that finds any."""
        for engine in self._stts:
            text, fault = _transcribe(engine, self._phrases, pcm)
            if fault:
                log.warning("STT_FAILED", engine=engine.name, error=fault)
            if text:
                return text
        return ""

    def _save(self, call_sid: str, message: Message) -> None:
        self._store.tell(
            TurnSaved,
            call_sid=call_sid,
            number=1,
            caller_text=message.text,
            asked=Asked.GREETING.value,
            intent=message.intent.value,
        )
        if message.updates:
            changes = {
                slot: SlotChange(
                    value=value, quote=message.quotes.get(slot, ""), confidence=0.5 if slot in message.unsure else 1.0
                )
                for slot, value in message.updates.items()
            }
            self._store.tell(SlotsChanged, call_sid=call_sid, turn=1, changes=changes)
        self._store.tell(
            FactsSaved,
            call_sid=call_sid,
            summary=summary_text(message.updates) if message.updates else None,
            owner=message.owner or None,
            wants_human=message.wants_human or None,
            call_back=None if message.call_back is None else call_back(message.call_back, self._now()),
            refused=message.refused or None,
        )


def _pieces(wav: bytes) -> Iterator[bytes]:
    """Cut a WAV file of any rate into pieces; lets other greenlets run all along."""
    ulaw = offload(_as_telephone, wav)
    cutter = PieceCutter()
    step = _YIELD_EVERY_MS * SAMPLE_RATE_HZ // 1000
    for start in range(0, len(ulaw), step):
        yield from cutter.process(ulaw[start : start + step])
        sleep(0)
    yield from cutter.rest()


def _as_telephone(wav: bytes) -> bytes:
    """Return a WAV file's sound as mu-law 8 kHz: of two minutes at 44.1 kHz 400 ms of work."""
    sound = parse_wav(wav)
    samples = sound.mono()[: MOST_MESSAGE_S * sound.rate_hz]
    return encode_ulaw(to_telephone_rate(samples, sound.rate_hz))


def _transcribe(engine: SttEngine, phrases_: tuple[str, ...], pcm: bytes) -> tuple[str, str]:
    """Return the words of `pcm` and what went wrong, each empty where there is none."""
    inbox = Inbox(1000, lambda _: False)
    stream = engine.open(phrases_, inbox.put)
    for start in range(0, len(pcm), _WRITE_BYTES):
        stream.write(pcm[start : start + _WRITE_BYTES])
    stream.finish()
    text, until_ms = "", now_ms() + _HEAR_MS
    while (item := inbox.get(until_ms)) is not None:
        match item[0]:
            case Heard(heard):
                text = heard
            case Done():
                return text.strip(), ""
            case Failed(code, why):
                return text.strip(), f"{code}: {why}"
    stream.cancel()
    return text.strip(), f"no end of the transcript within {_HEAR_MS} ms"
