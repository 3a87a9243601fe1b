"""Everything one worker process is made of, put together once, after gunicorn's fork."""

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import chain
from typing import Any

import structlog

from app.call.shell.admission import thanks
from app.call.shell.call_files import CallFiles
from app.call.shell.recording import Recordings
from app.call.shell.services import Services
from app.call.shell.telephone import TwilioTelephone, after_lost_transfer
from app.call.shell.tuning import call_settings
from app.config import Settings
from app.dialog.understanding.ear import by_ear
from app.house.about import About
from app.house.admitting import Doorkeeper
from app.house.building import build_engines, build_store, recording_account
from app.house.cabinet import Cabinet
from app.house.capacity import is_late
from app.house.children import Children
from app.house.desk import Desk
from app.house.draining import Drain
from app.house.hub_watch import HubWatch, Late
from app.house.lobby import Visitor
from app.house.metrics.counting import Counts
from app.house.moving import Moving
from app.house.reconnecting import Reconnecting
from app.house.shelf import Shelf
from app.house.streams import Streams
from app.house.tidying import Tidying
from app.house.warming import Warming, rehearse
from app.house.watching import Watching
from app.house.webhook_events import WebhookEvents
from app.leads.records import CallServed
from app.runtime import Latch, give_back, now_ms, offload, settle, sleep, spawn, spawn_after, tidy
from app.telephony.browser_calls import is_browser_call
from app.telephony.recordings import delete_recording
from app.telephony.tls import load_authorities
from app.telephony.webhooks import Webhooks, WebhookSettings
from app.telephony.websocket import WebSocket

LONGEST_RINGING_S = 3.0
"""How long a caller of an instance just started hears it ring, at most, until there is a voice; Twilio waits 15 s."""
LONGEST_START_S = 60.0
"""A child that is not there by then is no longer part of the start."""
REST_AFTER_S, STEP_S = 1.0, 0.1
"""What nobody waits for is done so long after there is a voice, a step at a time: the first greeting goes first."""
HELD_TOLD_FROM_MS = 20
"""A frame of audio: so long our own work may hold the hub before the log says by what, at LOG_LEVEL=DEBUG."""
_log = structlog.get_logger("server")


class House:
    """One worker: who lets callers in, what serves them, who watches, and the way out. Each part has its own module."""

    def __init__(self, settings: Settings, children: Children, lost_lines: Callable[[], int] = lambda: 0) -> None:
        """Build everything; nothing is started yet. `lost_lines` tells how many lines the log has lost."""
        self.settings = settings
        self.about = About()
        self._children = children
        self._has_voice = Latch()
        self._is_complete = Latch()
        store = build_store(settings, children)
        self._shelf = Shelf(store) if settings.database_url else None
        share = self._shelf.put if self._shelf else lambda *_: None

        def second_voice_spoke() -> None:
            self._counts.second_voice_spoke()

        self._engines = build_engines(settings, children, share, second_voice_spoke)
        self._counts = counts = Counts(self._engines.stt.name)
        self._hub_watch = HubWatch(_tell_late, note=self._hub_was_late)
        self._links = children.links

        def refused(why: str) -> None:
            counts.refused.labels(why).inc()

        self.streams = Streams(settings, refused)
        self.doorkeeper = Doorkeeper(
            settings,
            live=lambda: len(self.streams),
            refused=refused,
            is_late=lambda: is_late(self._hub_watch),
            ask=store.query,
        )
        self._tidying = Tidying(tidy, give_back, self._anyone_there, spawn_after)
        self._watching = Watching(now_ms, _channel_of)
        self._files = CallFiles(
            settings.log_calls,
            settings.data_dir / "samples",
            settings.data_dir / "audio",
            keeps_audio=settings.record_calls == "on",
        )
        admission, engines = self.doorkeeper.admission, self._engines
        has_company = settings.database_url is not None
        reconnecting = Reconnecting(self.streams, store, has_company=has_company)
        self._moving = Moving(self.streams, store.query, self.about.instance) if has_company else None
        self._services = Services(
            stt=engines.stt,
            stt_fallback=engines.stt_fallback,
            llm=engines.llm,
            voice=engines.voice,
            store=store,
            telephone=TwilioTelephone(settings, admission.voice_lost),
            admit=self.doorkeeper.admit,
            keep_sample=self._files.keep_sample,
            open_tape=self._files.open_tape,
            open_audio=self._files.open_audio,
            on_log=self._on_log,
            extractor=engines.extractor,
            recall=reconnecting.recall,
        )
        stts = tuple(engine for engine in (engines.stt, engines.stt_fallback) if engine)
        delete = delete_recording if settings.twilio_keep_recordings == "off" else None
        recordings = Recordings(recording_account(settings), stts, store, settings.office_name, delete=delete)
        self.webhooks = Webhooks(
            WebhookSettings(
                auth_token=self.doorkeeper.auth_token,
                public_base_url=settings.public_base_url,
                token_key=self.doorkeeper.token_key,
                after_recording=thanks(),
                after_lost_transfer=after_lost_transfer,
                after_lost_overflow=admission.message,
            ),
            on_event=WebhookEvents(
                store,
                recordings,
                admission,
                recorded=lambda: counts.call_ended("recording", "recording"),
                over=self.streams.call_over,
            ),
            spawn=spawn,
            admission=self.doorkeeper.judge,
            goes_on=reconnecting,
            voice=lambda: self._has_voice.wait(LONGEST_RINGING_S),
            refused=lambda: refused("webhook"),
        )
        self.drain = Drain(admission, self.streams, recordings, store, self._links)
        self.desk = Desk(
            Cabinet(store, self._files, self._watching, self.about.instance, settings),
            settings,
            self.about,
            self._watching,
            self.doorkeeper,
            self.streams,
            engines,
            self._links,
            self._hub_watch,
            store,
            counts,
            lost_lines,
        )

    def start(self, later: Callable[[], Iterator[None]] = lambda: iter(())) -> None:
        """Start the child processes, warm the stock lines, watch the hub; say what serves.

        `later` is work that nobody waits for, a step at a time: it is done once there is a voice.
        """
        self._children.start_engines()
        rehearse(call_settings(self.settings))
        self._hub_watch.start()
        for line in self.settings.stand_ins():
            _log.warning(line)
        engines = self._engines
        if self._shelf and engines.voice.missing(engines.stock):
            self._children.store.start()
            spawn(self._shelf.fill, engines.cache, engines.stock)
        if self._moving:
            spawn(self._moving.run)
        warming = Warming(
            engines.voice, engines.stock, self._children, self._anyone_there, self._has_voice.open, self._tell_where
        )
        spawn(warming.run)
        spawn(self._complete, later)
        names: Mapping[str, Any] = engines.names
        _log.info("Composite WSGI ready / WebSocketWSGI / blueprints", **names, version=self.about.version)

    def stop(self) -> None:
        """See `house.draining.Drain.stop`; nothing is served after it."""
        self.drain.stop()
        self._hub_watch.stop()

    def _hub_was_late(self, late: Late) -> None:
        self._counts.hub_was_late(late)
        if late.held_ms >= HELD_TOLD_FROM_MS:
            _log.debug("HUB_HELD", live_calls=len(self.streams), **late.fields())

    def _anyone_there(self) -> bool:
        return len(self.streams) > 0

    def _complete(self, later: Callable[[], Iterator[None]]) -> None:
        """Do what may wait for the first voice: nothing of it may hold a call, or be waited for by one."""
        self._has_voice.wait(LONGEST_RINGING_S)
        sleep(REST_AFTER_S)
        self._children.store.start()
        offload(load_authorities)
        for _ in chain(by_ear.load(), later()):
            sleep(STEP_S)
        self._is_complete.wait(LONGEST_START_S)
        self._hub_watch.judge()
        while self._anyone_there():
            sleep(1)
        settle(thoroughly=True)
        self._hub_watch.judge()

    def _tell_where(self) -> None:
        """All serves: say in one line where a person talks to the agent."""
        self._is_complete.open()
        settings = self.settings
        if settings.development_mode:
            _log.info(f"READY: talk to the agent at http://localhost:{settings.port}/phone")
        else:
            _log.info("READY")

    def _on_log(self, call_sid: str, event: str, fields: dict[str, Any]) -> None:
        """Hand what happens in a call to whoever wants to know."""
        self._watching.note(call_sid, event, fields)
        self._counts.note(call_sid, _channel_of(call_sid), event, fields, self._watching.since_start_ms(call_sid))
        if event == "CALL_ENDED":
            self._tidying.call_ended()
        if event == "CALL_STARTED":
            self._services.store.tell(
                CallServed,
                call_sid=call_sid,
                clock0_at=datetime.now(UTC),
                instance=self.about.instance,
                app_version=self.about.version,
                engines=self._engines.names,
            )

    def serve_stream(self, socket: WebSocket, visitor: Visitor) -> None:
        """Serve one media stream until it ends (blocks its greenlet)."""
        self.streams.serve(socket, self._services, visitor)


def _tell_late(late: Late) -> None:
    _log.warning("HUB_LATE", **late.fields())


def _channel_of(call_sid: str) -> str:
    return "browser" if is_browser_call(call_sid) else "call"
