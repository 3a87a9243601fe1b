"""The shell of one call: a socket on one side, engines on the other, the pure machine in between.

    for each event, one at a time, whoever brings it (the conductor, an engine):
        for command in call.receive(event, now_ms()): perform(command)

Nothing a command does waits, so one greenlet, the conductor's, reads the sockets of all calls and rings their timers;
the one that runs `Session.run` waits for the end.
"""

import datetime
import time
from collections.abc import Callable
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from app.call import tape
from app.call.events import (
    CallerAudio,
    CallStarted,
    Command,
    Event,
    HangUp,
    KeepSample,
    Log,
    Save,
    SendClear,
    SendMark,
    SendMedia,
    StreamEnded,
    StreamMoved,
    SttHeard,
    Tick,
)
from app.call.hearing.together import Caller
from app.call.machine import Call, CallSettings
from app.call.measuring.measures import Measures
from app.call.shell.audio_file import AudioFile
from app.call.shell.conductor import Conductor
from app.call.shell.engines import Engines
from app.call.shell.ledger import Ledger
from app.call.shell.services import Services
from app.call.shell.showing import shown
from app.call.shell.stream_reader import DEAD_AFTER_S, StreamReader
from app.call.shell.telephone import lost_transfer_line
from app.call.states import State
from app.leads.records import LOST, MOVED
from app.media.codec import SAMPLE_RATE_HZ
from app.runtime import Inbox, Latch, OneByOne, now_ms, spawn, task
from app.speech.engines import (
    Audio,
)
from app.telephony import guests, messages
from app.telephony.browser_calls import is_browser_call
from app.telephony.frames import NORMAL
from app.telephony.numbers import mask_number
from app.telephony.outgoing import Outgoing
from app.telephony.websocket import WebSocket, WebSocketClosedError

TWILIO_CLOSES_WITHIN_MS = 3000
LAST_VOICE_WITHIN_MS = 4000
MOST_PIECES = 1000
LINE_BACK_WITHIN_MS = 5000
"""From a line's loss to a new stream of the call; Twilio asks what now within a second."""
MOST_RECONNECTS = 5
ISRAEL = ZoneInfo("Asia/Jerusalem")


class Session:
    """One media stream, from its start message to its end."""

    def __init__(
        self,
        socket: WebSocket,
        services: Services,
        settings: CallSettings,
        conductor: Conductor,
        *,
        is_guest: bool = False,
    ) -> None:
        """Serve `socket`, whose stream has been let in; a guest (`telephony/guests.py`) may be silent for long."""
        self._conductor = conductor
        self._socket = socket
        self._dead_after_s = guests.PATIENCE_S if is_guest else DEAD_AFTER_S
        self._services = services
        self._call = Call(settings)
        self._settings = settings
        self._events = OneByOne(self._handle)
        self._frames = Outgoing("")
        self._outgoing: list[bytes] = []
        self._log = structlog.get_logger("call")
        self._show = partial(services.on_log, "")  # onlookers see what happens
        self._ledger = Ledger(services.store, "")
        self._measures = Measures(self._ledger, self._show, services.voice.is_ready)
        self._engines = Engines(services, self._events.put, self._log, self._measures.tokens)
        self._tape: Callable[[bytes], None] | None = None
        self._audio: AudioFile | None = None
        self.call_sid = ""
        self._stream_sid = ""
        self._caller: str | None = None
        self._saying: tuple[int, int, str] | None = None
        self._hang_up: HangUp | None = None
        self._leaving: Any = None
        self._is_released = False
        self._over = Latch()
        self._line_over = Latch()
        self._line_back = Inbox(1, lambda _: True)
        self._held: list[Event] | None = None
        self._reader: StreamReader | None = None
        self._reconnects = 0
        self.taken_up_s = 0.0
        """When its latest stream opened (Unix time)."""
        self._is_asked_for = self._is_closing = self._hands_over = self._has_moved = False

    @property
    def state(self) -> State:
        """Where the call is."""
        return self._call.state

    def run(self, start: messages.StreamStart) -> None:
        """Serve the stream until it ends. Whatever breaks in here ends this call and no other."""
        self._begin(start)
        self._serve()

    @property
    def is_live(self) -> bool:
        """Whether a call is being held, and will be for some time."""
        return bool(self.call_sid) and not self._is_released and not self._is_closing

    def move(self, socket: WebSocket, start: messages.StreamStart) -> None:
        """Go on with the call on a newer stream of it (Twilio repeated its webhook, or the line broke) until it ends.

        The older stream closes quietly; what was said, and where the call was, stays.
        """
        older, self._socket = self._socket, socket
        self._log.warning("STREAM_REPLACED", before=self._stream_sid, stream_sid=start.stream_sid)
        self._open(start.stream_sid)
        self._outgoing.clear()
        spawn(older.close, 1000, "replaced by a newer stream")
        was_lost = self._held is not None or self._is_asked_for
        self._is_asked_for = False
        self._take_up(StreamMoved(start.stream_sid, was_lost))
        self._line_back.put(None)
        self._serve()

    def goes_on(self) -> bool:
        """Twilio asks what now, the stream being over and the call not: whether it is to open another one."""
        if self._hang_up is not None or not self.is_live or self._reconnects >= MOST_RECONNECTS:
            return False
        self._reconnects += 1
        self._is_asked_for = True
        return True

    def give_up(self) -> None:
        """The call is over: a line that is lost is not waited for any longer."""
        if self._held is not None:
            self._line_back.put(None)

    def _begin(self, start: messages.StreamStart) -> None:
        self.call_sid = start.call_sid
        self._open(start.stream_sid)
        self._log = self._log.bind(call_sid=start.call_sid)
        self._show = partial(self._services.on_log, start.call_sid)
        self._ledger = Ledger(self._services.store, start.call_sid)
        self._measures = Measures(self._ledger, self._show, self._services.voice.is_ready)
        self._engines = Engines(self._services, self._events.put, self._log, self._measures.tokens, start.call_sid)
        self._tape = self._services.open_tape(start.call_sid)
        self._audio = self._services.open_audio(start.call_sid)
        if self._tape:
            self._tape(tape.header(self._settings))
        caller = self._caller = start.parameters.get("from") or None
        self._log.info("CALL_STARTED", caller=mask_number(caller or ""), stream_sid=start.stream_sid)
        self._show("CALL_STARTED", {"caller": caller, "stream_sid": start.stream_sid})
        self._conductor.watch(self)
        today = datetime.datetime.now(ISRAEL).date()
        past, last_turn = self._services.recall(start) or (None, 0)
        callee = start.parameters.get("to")
        self._events.put(CallStarted(start.call_sid, start.stream_sid, caller, callee, today, past, last_turn))

    def _open(self, stream_sid: str) -> None:
        self._stream_sid, self._frames = stream_sid, Outgoing(stream_sid)
        self.taken_up_s = time.time()

    def _serve(self) -> None:
        """Read the stream to its end, which is the call's, unless a newer one has taken over."""
        socket, reason = self._socket, "fault"
        try:
            reader = StreamReader(
                socket, self._events.put, self._log, self._dead_after_s, self._ahead, self._is_deciding
            )
            self._reader = reader
            reason = reader.run(self._conductor)
            if reason == "closed" and self._is_lost(socket) and not self._await_line(socket):
                reason = LOST
            if self._has_moved:
                reason = MOVED
            elif reason == "closed" and self._is_closing and self._hands_over:
                reason = LOST
        finally:
            if socket is self._socket:
                self._line_over.open()
                self._take_up(StreamEnded(reason))
        if socket is not self._socket:
            self._over.wait()
        elif self._leaving is not None:
            self._leaving.wait()

    def _ahead(self, audio: CallerAudio) -> Caller | None:
        return None if self._is_released or self._held is not None else self._call.ahead(audio, now_ms())

    def _is_deciding(self) -> bool:
        return self._call.is_deciding

    def _is_lost(self, socket: WebSocket) -> bool:
        """Tell a line that broke from one that was hung up, or closed by us for good."""
        is_over = self._is_released or self._is_closing or socket is not self._socket
        return not is_over and socket.close_code != NORMAL and not is_browser_call(self.call_sid)

    def _await_line(self, socket: WebSocket) -> bool:
        """The line is gone, perhaps not the caller: time stands still for the call until another stream of it comes.

        False: none came, and nobody said that the call is over. It may have gone on at another instance.
        """
        self._held, self._line_back = [], Inbox(1, lambda _: True)
        self._log.warning("LINE_LOST", code=socket.close_code)
        self._show("LINE_LOST", {})
        return self._line_back.get(now_ms() + LINE_BACK_WITHIN_MS) is not None

    def _take_up(self, event: Event) -> None:
        """Go on with `event`, and then with what the engines said while there was no line."""
        held, self._held = self._held or [], None
        # What the recogniser said of the caller's last words belongs to a call that ends.
        for one in (*held, event) if isinstance(event, StreamEnded) else (event, *held):
            self._events.put(one)

    def close(self, *, hands_over: bool = False) -> None:
        """End the stream because this process ends; Twilio goes on with the TwiML's `action`.

        `hands_over`: another instance, which Twilio then reaches, can go on with the call.
        """
        self._is_closing, self._hands_over = True, hands_over and not is_browser_call(self.call_sid)
        self._line_back.put(None)
        self._socket.close(1001, "going away")

    def leave_to(self, instance: str) -> None:
        """Another instance has the call, on a newer stream of it: this one ends quietly, and is no end of the call."""
        self._log.warning("STREAM_REPLACED", before=self._stream_sid, instance=instance)
        self._is_closing = self._has_moved = True
        self._line_back.put(None)
        self._socket.close(1000, "replaced by a newer stream")

    def tick(self, until_ms: int, sends_until_ms: int) -> None:
        """Let the machine do what is due by `until_ms`, and send along what is due by `sends_until_ms`.

        Time stands still for a call that has lost its line.
        """
        try:
            is_due = self._held is None and not self._has_audio_for(until_ms) and self._call.is_due(until_ms)
        except Exception:  # noqa: BLE001 - one call's fault must end that call alone
            self._break()
            return
        if is_due:
            self._events.put(Tick(sends_until_ms))

    def _has_audio_for(self, until_ms: int) -> bool:
        """Whether what would be filled in as silence has come, and is handed over within this tick."""
        return self._reader is not None and self._reader.has_audio and self._call.misses_audio(until_ms)

    # -- what comes in ------------------------------------------------------------------------------------------

    def _handle(self, event: Event, waited_ms: int) -> None:
        """Take one event. Whatever breaks in here ends this call and no other."""
        call = self._call
        if self._is_released:
            return
        if self._held is not None:
            self._held.append(event)
            return
        try:
            at_ms = now_ms()
            if self._tape:
                self._tape(tape.heard(event, at_ms, waited_ms))
            commands = call.receive(event, at_ms, waited_ms)
            if self._tape and (decisions := tape.decided(commands, at_ms)):
                self._tape(decisions)
            self._measure(event, commands, at_ms, waited_ms)
            if commands or not isinstance(event, CallerAudio):  # nothing comes of half of all that is heard
                self._follow(event, commands)
        except Exception:  # noqa: BLE001 - one call's fault must end that call alone
            self._break()

    def _follow(self, event: Event, commands: list[Command]) -> None:
        """Do what an event brought about, and let onlookers see it."""
        is_more = False
        for command in commands:
            self._perform(command)
            is_more = is_more or not isinstance(command, SendMedia)
        if self._outgoing:
            self._send()
        if isinstance(event, SttHeard):
            turn, words = self._call.words_so_far
            self._show("INTERIM", {"turn": turn, "text": words})
        if is_more and (saying := self._call.saying) and saying != self._saying:
            self._saying = saying
            self._show("SAYING", dict(zip(("turn", "reply", "text"), saying, strict=True)))
        if self._call.state is State.ENDED:
            self._release()

    def _break(self) -> None:
        """A fault of ours ends this call."""
        self._log.exception("CALL_BROKE")
        self._perform(Save("ended", {"outcome": "fault", "reason": "fault"}))
        spawn(self._socket.close, 1011, "internal error")
        self._release()

    def _measure(self, event: Event, commands: list[Command], at_ms: int, waited_ms: int) -> None:
        try:
            if self._audio:
                self._audio.see(event, commands, at_ms)
            self._measures.see(event, commands, at_ms, waited_ms)
        except Exception:  # noqa: BLE001 - a figure less is no reason to end a call
            self._log.exception("MEASURE_BROKE")

    def _send(self) -> None:
        """Send what was brought about, in one go."""
        frames, self._outgoing = self._outgoing, []
        try:
            self._socket.send_frames(frames)
        except WebSocketClosedError:  # whoever reads the stream sees its end, and what becomes of the call
            self._log.debug("SEND_FAILED")

    # -- what the machine asks for ------------------------------------------------------------------------------

    def _perform(self, command: Command) -> None:
        match command:
            case SendMedia():  # two thirds of all
                self._outgoing.append(self._frames.media(command.ulaw))
            case SendMark():
                self._outgoing.append(self._frames.mark(command.name))
            case SendClear():
                self._outgoing.append(self._frames.clear())
            case Log():
                getattr(self._log, command.level)(command.line, **command.fields)
                self._show(command.line, dict(command.fields))
            case Save():
                self._ledger.save(command.kind, command.data)
                for name, fields in shown(command):
                    self._show(name, fields)
            case KeepSample():
                spawn(self._services.keep_sample, self.call_sid, command.wav)
            case HangUp():
                self._hang_up = command
                if command.transfer:
                    self._ledger.transferred("started")
            case _:
                self._engines.perform(command)

    def _part(self, command: HangUp) -> None:
        try:
            self._leave(command, self._caller)
        except Exception:  # noqa: BLE001 - one call's fault must end that call alone
            self._log.exception("CALL_BROKE")
            self._perform(Save("ended", {"outcome": "fault", "reason": "fault"}))
        finally:
            self._socket.close()

    def _leave(self, command: HangUp, caller: str | None) -> None:
        """End the call at Twilio, which then ends the stream: a server that closes first is Twilio's error 31921."""
        telephone = self._services.telephone
        is_leaving = (command.transfer and telephone.transfer(self.call_sid)) or (
            command.message and telephone.take_message(self.call_sid)
        )
        if command.message and not is_leaving:
            self._perform(Save("ended", {"outcome": "fault", "reason": "fault"}))
            if command.goodbye and not self._line_over.is_open:
                self._say_last(command.goodbye)
        if command.transfer and not is_leaving:
            self._ledger.transferred("failed")
            if not self._line_over.is_open:
                self._say_last(lost_transfer_line(caller))
        if is_leaving or telephone.hang_up(self.call_sid):
            self._line_over.wait(TWILIO_CLOSES_WITHIN_MS / 1000)

    def _say_last(self, text: str) -> None:
        """Say a line that the machine, which has ended, did not foresee, and let Twilio play it."""
        voiced = Inbox(MOST_PIECES, lambda _: False)
        self._services.voice.speak(text, voiced.put)
        length_ms = 0
        while (item := voiced.get(now_ms() + LAST_VOICE_WITHIN_MS)) is not None and isinstance(item[0], Audio):
            self._outgoing.append(self._frames.media(item[0].ulaw))
            self._send()
            length_ms += len(item[0].ulaw) * 1000 // SAMPLE_RATE_HZ
        self._line_over.wait(length_ms / 1000)

    def _release(self) -> None:
        """The call is over: let go of everything, whatever state it is in."""
        self._is_released = True
        self._conductor.forget(self)
        self._engines.release()
        if self._tape:
            self._tape(b"")
        if self._audio:
            self._audio.close(now_ms())
        self._measures.finish()
        self._log.info("CALL_ENDED")
        self._show("CALL_ENDED", {})
        # What knows this call and is known by it lets go: it is freed with its last user, and no collector has to
        # search all that lives for it.
        self._events.close()
        self._reader = None
        self._over.open()
        if self._hang_up is not None:
            self._leaving = task(self._part, self._hang_up)
