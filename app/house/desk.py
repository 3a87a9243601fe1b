"""The operator's side of a live worker: `app.office.Office`, answered from memory or by the store child."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any

from app.config import Settings
from app.house.about import About
from app.house.admitting import Doorkeeper
from app.house.building import Engines
from app.house.cabinet import Cabinet
from app.house.hub_watch import HubWatch
from app.house.metrics.counting import Counts
from app.house.metrics.exposing import exposed
from app.house.metrics.gauges import gauges
from app.house.streams import Streams
from app.house.watching import Watching
from app.leads.client import LeadStore
from app.office import StoreUnavailable
from app.runtime import census, sleep
from app.sidecar.link import Link

STORE_ANSWERS_WITHIN_S = 1.0


class Desk:
    """See `app.office.Office`."""

    def __init__(
        self,
        cabinet: Cabinet,
        settings: Settings,
        about: About,
        watching: Watching,
        doorkeeper: Doorkeeper,
        streams: Streams,
        engines: Engines,
        links: tuple[Link, ...],
        hub_watch: HubWatch,
        store: LeadStore,
        counts: Counts,
        lost_lines: Callable[[], int],
    ) -> None:
        self._settings = settings
        self._about = about
        self._doorkeeper = doorkeeper
        self._streams = streams
        self._engines = engines
        self._links = links
        self._hub_watch = hub_watch
        self._store = store
        self._counts = counts
        self._lost_lines = lost_lines
        self._tabs = 0
        self.live = watching.live
        self.changes = watching.changes
        self.events = watching.events
        self.knows = watching.knows
        self.clock0_epoch_ms = watching.clock0_epoch_ms
        self.book = doorkeeper.book
        self.today, self.calls, self.call = cabinet.today, cabinet.calls, cabinet.call
        self.leads, self.lead, self.quality = cabinet.leads, cabinet.lead, cabinet.quality
        self.actions, self.store_status, self.tape = cabinet.actions, cabinet.store_status, cabinet.tape
        self.set_status, self.set_note, self.send_again = cabinet.set_status, cabinet.set_note, cabinet.send_again
        self.audit, self.forget, self.retention = cabinet.audit, cabinet.forget, cabinet.retention
        self.peaks, self.audio = cabinet.peaks, cabinet.audio
        self.browser_token = doorkeeper.browser_token

    @property
    def development(self) -> bool:
        """Whether this is development mode."""
        return self._settings.development_mode

    def status(self) -> dict[str, Any]:
        """Return how the worker is; see `app.office`."""
        settings, about = self._settings, self._about
        return {
            "version": about.version,
            "commit": about.commit,
            "started_at": about.started_at.isoformat(),
            "started_at_s": about.started_at.timestamp(),
            "instance": about.instance,
            "development": settings.development_mode,
            "public_base_url": settings.public_base_url,
            "engines": self._engines.names,
            "engines_down": {engine: breaker.is_open for engine, breaker in self._engines.breakers.items()},
            "children": [
                {"name": link.name, "up": link.ready, "restarts": link.restarts, "last_end": link.last_end}
                for link in self._links
            ],
            "troubles": {kind: what for link in self._links for kind, what in link.troubles.items()},
            "hub_lag_p99_ms": self._hub_watch.p99_ms(),
            "live_calls": len(self._streams),
            "max_calls": self._doorkeeper.admission.most_calls,
            "draining": self._doorkeeper.admission.is_closed,
            "unconfirmed": self._store.unconfirmed,
            "disk_free_bytes": shutil.disk_usage(settings.data_dir).free,
        }

    def refused(self, why: str) -> None:
        """Count somebody who was not let in."""
        self._counts.refused.labels(why).inc()

    def tabs_open(self, count: int) -> None:
        """Note how many pages are kept up to date."""
        self._tabs = count

    def login_tried(self, result: str) -> None:
        """Count an attempt to log in: ok, bad or locked."""
        self._counts.logins.labels(result).inc()

    def metrics(self) -> Iterator[bytes]:
        """Return the metrics as OpenMetrics text, a family at a time."""
        journal, store = told_by(self._store.query)
        now = gauges(self.status(), store, journal, self._tabs, self._lost_lines(), census())
        return exposed(self._counts.registry, now, lambda: sleep(0))


def told_by(query: Callable[..., dict[str, Any]]) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Return what the store's process (`journal`) and its database (`store_status`) tell, None for what is silent.

    A process that is silent is not asked for its database, too: whoever looks on waits once.
    """
    told: list[dict[str, Any] | None] = [None, None]
    try:
        for number, name in enumerate(("journal", "store_status")):
            told[number] = query(name, timeout_s=STORE_ANSWERS_WITHIN_S)
    except StoreUnavailable:
        pass
    return told[0], told[1]
