"""The shell of one call: a socket on one side, engines on the other, the pure machine in between.

    while the call lives:
        event = inbox.get(until the machine's timer)
        for command in call.receive(event, now_ms()): perform(command)

The greenlet that runs `Session.run` owns the call. One more reads the socket into the inbox, one writes frames out.
"""

import datetime
import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

import structlog

from app.call import tape
from app.call.engines import Engines
from app.call.events import (
    CallerAudio,
    CallStarted,
    Command,
    Dtmf,
    HangUp,
    KeepSample,
    Log,
    MarkEchoed,
    Paced,
    Save,
    SendClear,
    SendMark,
    SendMedia,
    StreamEnded,
    Tick,
)
from app.call.ledger import Ledger
from app.call.machine import Call, CallSettings
from app.call.services import Services
from app.call.states import State
from app.call.telephone import lost_transfer_line
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import Inbox, now_ms, spawn, spawn_after
from app.speech.engines import (
    Audio,
)
from app.telephony import messages
from app.telephony.numbers import mask_number
from app.telephony.websocket import WebSocket, WebSocketClosedError

START_WITHIN_S = 5.0
DEAD_AFTER_S = 10.0  # Twilio sends frames all the time: a stream silent for this long is gone
TWILIO_CLOSES_WITHIN_MS = 3000
LAST_VOICE_WITHIN_MS = 4000
INBOX_EVENTS = 750  # 15 s of caller audio
ISRAEL = ZoneInfo("Asia/Jerusalem")


class Session:
    """One media stream, from its first message to its end."""

    def __init__(self, socket: WebSocket, services: Services, settings: CallSettings) -> None:
        self._socket = socket
        self._services = services
        self._call = Call(settings)
        self._settings = settings
        self._inbox = Inbox(INBOX_EVENTS, lambda event: isinstance(event, CallerAudio))
        self._outbox = Inbox(INBOX_EVENTS, lambda _: False)
        self._log = structlog.get_logger("call")
        self._engines = Engines(services, self._inbox.put, self._log)
        self._ledger = Ledger(services.store, "")
        self._tape: Callable[[bytes], None] | None = None
        self.call_sid = ""
        self._stream_sid = ""
        self._dropped = 0
        self._early_ms = 0
        self._hang_up: HangUp | None = None
        self._line_over = Inbox(1, lambda _: True)

    def pace(self, read_pause_s: float, early_ms: int) -> None:
        """Let the caller's frames gather for so long before they are taken, and the agent's go out so much earlier."""
        self._socket.read_pause_s = read_pause_s
        if early_ms != self._early_ms:
            self._early_ms = early_ms
            self._inbox.put(Paced(early_ms))

    @property
    def state(self) -> State:
        """Where the call is."""
        return self._call.state

    def run(self) -> None:
        """Serve the stream until it ends. Whatever breaks in here ends this call and no other."""
        start = self._await_start()
        if start is None:
            return
        self.call_sid, self._stream_sid = start.call_sid, start.stream_sid
        self._log = self._log.bind(call_sid=start.call_sid)
        self._engines = Engines(self._services, self._inbox.put, self._log)
        self._ledger = Ledger(self._services.store, start.call_sid)
        self._tape = self._services.open_tape(start.call_sid)
        if self._tape:
            self._tape(tape.header(self._settings))
        caller = start.parameters.get("from") or None
        self._log.info("CALL_STARTED", caller=mask_number(caller or ""), stream_sid=start.stream_sid)
        spawn(self._read)
        spawn(self._write)
        today = datetime.datetime.now(ISRAEL).date()
        self._inbox.put(CallStarted(start.call_sid, start.stream_sid, caller, start.parameters.get("to"), today))
        try:
            self._own()
            if self._hang_up is not None:
                self._leave(self._hang_up, caller)
        except Exception:  # noqa: BLE001 - one call's fault must end that call alone
            self._log.exception("CALL_BROKE")
            self._ledger.save("ended", {"outcome": "fault"})
            self._socket.close(1011, "internal error")
        finally:
            self._release()

    def close(self) -> None:
        """End the stream because this process ends; Twilio goes on with the TwiML's `action`."""
        self._socket.close(1001, "going away")

    # -- the three greenlets ------------------------------------------------------------------------------------

    def _await_start(self) -> messages.StreamStart | None:
        """Return the start message of a stream whose token is good; else close the socket and return None."""
        deadline = spawn_after(START_WITHIN_S, lambda: self._socket.close(1008, "no start message"))
        try:
            while (raw := self._socket.receive()) is not None:
                try:
                    message = messages.parse(raw)
                except messages.MessageError as error:
                    self._log.warning("STREAM_REFUSED", reason=str(error))
                    self._socket.close(1008, "not a media stream")
                    return None
                if isinstance(message, messages.StreamStart):
                    refusal = self._services.admit(message)
                    if refusal is None:
                        return message
                    self._log.warning("STREAM_REFUSED", reason=refusal, call_sid=message.call_sid)
                    self._socket.close(1008, "not admitted")
                    return None
                if not isinstance(message, messages.Connected | messages.Unknown):
                    self._log.warning("STREAM_REFUSED", reason=f"{type(message).__name__} before start")
                    self._socket.close(1008, "start expected")
                    return None
            return None
        finally:
            deadline.cancel()

    def _own(self) -> None:
        call, inbox = self._call, self._inbox
        while call.state is not State.ENDED:
            item = inbox.get(call.timer())
            event, waited_ms = item if item is not None else (Tick(), 0)
            at_ms = now_ms()
            if self._tape:
                self._tape(tape.heard(event, at_ms, waited_ms))
            commands = call.receive(event, at_ms, waited_ms)
            if self._tape and (decisions := tape.decided(commands, at_ms)):
                self._tape(decisions)
            for command in commands:
                self._perform(command)
            if inbox.dropped != self._dropped:
                self._log.warning("AUDIO_LOST", frames=inbox.dropped - self._dropped)
                self._dropped = inbox.dropped

    def _read(self) -> None:
        """Socket → inbox. A message that cannot be read is logged and costs nothing else."""
        heard_at_s = time.monotonic()

        def watch() -> None:
            if time.monotonic() - heard_at_s > DEAD_AFTER_S:
                self._log.warning("STREAM_DEAD", silent_s=DEAD_AFTER_S)
                self._socket.close(1001, "silent")
            elif not self._socket.closed:
                spawn_after(DEAD_AFTER_S / 2, watch)

        spawn_after(DEAD_AFTER_S / 2, watch)
        put = self._inbox.put
        reason = "closed"
        gathered = bytearray()
        while (raw := self._socket.receive()) is not None:
            heard_at_s = time.monotonic()
            try:
                message = messages.parse(raw)
            except messages.MessageError as error:
                self._log.warning("BAD_MESSAGE", reason=str(error))
                continue
            match message:
                case messages.MediaIn():
                    if message.track == "inbound":
                        gathered += message.payload
                    if gathered and not self._socket.has_more:
                        put(CallerAudio(bytes(gathered)))
                        gathered.clear()
                case messages.MarkEcho():
                    put(MarkEchoed(message.name))
                case messages.DtmfIn():
                    put(Dtmf(message.digit))
                case messages.StreamStop():
                    reason = "stop"
                    break
        put(StreamEnded(reason))
        self._line_over.put(None)

    def _write(self) -> None:
        """Outbox → socket, so that a peer that reads slowly holds up nobody but this greenlet."""
        try:
            while True:
                item = self._outbox.get(None)
                if item is None or item[0] is None:
                    return
                self._socket.send_text(item[0])
        except (WebSocketClosedError, OSError) as error:
            self._inbox.put(StreamEnded(f"send failed: {error}"))

    # -- what the machine asks for ------------------------------------------------------------------------------

    def _perform(self, command: Command) -> None:
        match command:
            case SendMedia():
                self._outbox.put(messages.media(self._stream_sid, command.ulaw))
            case SendMark():
                self._outbox.put(messages.mark(self._stream_sid, command.name))
            case SendClear():
                self._outbox.put(messages.clear(self._stream_sid))
            case Log():
                getattr(self._log, command.level)(command.line, **command.fields)
                self._services.on_log(self.call_sid, command.line, dict(command.fields))
            case Save():
                self._ledger.save(command.kind, command.data)
                if "plan" in command.data:
                    plan, slots = command.data["plan"], command.data["state"].get("slots", {})
                    question = {"asked": plan.asked.value, "confirms": dict(plan.confirms), "slots": slots}
                    self._services.on_log(self.call_sid, "QUESTION", question)
            case KeepSample():
                spawn(self._services.keep_sample, self.call_sid, command.wav)
            case HangUp():
                self._hang_up = command
                if command.transfer:
                    self._ledger.transferred("started")
            case _:
                self._engines.perform(command)

    def _leave(self, command: HangUp, caller: str | None) -> None:
        """End the call at Twilio, which then ends the stream: a server that closes first is Twilio's error 31921."""
        telephone = self._services.telephone
        is_leaving = (command.transfer and telephone.transfer(self.call_sid)) or (
            command.message and telephone.take_message(self.call_sid)
        )
        if command.message and not is_leaving:
            self._ledger.save("ended", {"outcome": "fault"})
        if command.transfer and not is_leaving:
            self._ledger.transferred("failed")
            self._say_last(lost_transfer_line(caller))
        if is_leaving or telephone.hang_up(self.call_sid):
            self._line_over.get(now_ms() + TWILIO_CLOSES_WITHIN_MS)

    def _say_last(self, text: str) -> None:
        """Say a line that the machine, which has ended, did not foresee, and let Twilio play it."""
        voiced = Inbox(INBOX_EVENTS, lambda _: False)
        self._services.voice.speak(text, voiced.put)
        length_ms = 0
        while (item := voiced.get(now_ms() + LAST_VOICE_WITHIN_MS)) is not None and isinstance(item[0], Audio):
            self._outbox.put(messages.media(self._stream_sid, item[0].ulaw))
            length_ms += len(item[0].ulaw) * 1000 // SAMPLE_RATE_HZ
        self._line_over.get(now_ms() + length_ms)

    def _release(self) -> None:
        """Let go of everything; safe whatever state it is in."""
        self._engines.release()
        self._outbox.put(None)
        if self._tape:
            self._tape(b"")
        self._log.info("CALL_ENDED")
