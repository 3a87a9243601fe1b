"""Stock speech shared through the database: an instance with a fresh disk has its voice before the voice's own process.

Only where instances have a database in common: beside SQLite lies the folder of the cache itself.
"""

import base64
import time
from collections.abc import Callable

import structlog

from app.leads.client import LeadStore
from app.office import StoreUnavailable
from app.runtime import spawn
from app.speech.cache import SpeechCache

AT_ONCE = 8
"""Lines that are asked for together: to unpack them holds the hub for 1 ms."""
ANSWERED_WITHIN_S = 10.0
"""The store's child may be loading."""
AWAY_S = 60.0
"""So long a store that could not keep a line is not asked to keep another."""
_log = structlog.get_logger("server")


class Shelf:
    """Lends and takes stock lines. What the database does not have, or cannot tell in time, is said by the engine."""

    def __init__(self, store: LeadStore, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._clock_s = clock_s
        self._away_until_s = 0.0

    def fill(self, cache: SpeechCache, texts: tuple[str, ...]) -> None:
        """Bring what is there of `texts`, in order; waits in the calling greenlet."""
        began_s, missing, found = self._clock_s(), cache.missing(texts), 0
        for start in range(0, len(missing), AT_ONCE):
            by_digest = {cache.digest(text): text for text in missing[start : start + AT_ONCE]}
            try:
                answer = self._store.query("stock_audio", ANSWERED_WITHIN_S, digests=list(by_digest))
            except (StoreUnavailable, ValueError) as fault:
                _log.info("STOCK_NOT_LENT", why=str(fault), lines=len(missing) - start)
                break
            for digest, audio in answer["audio"].items():
                cache.take(by_digest[digest], base64.b64decode(audio))
                found += 1
        if missing:
            took_ms = round((self._clock_s() - began_s) * 1000)
            _log.info("STOCK_LENT", lines=found, missing=len(missing), took_ms=took_ms)

    def put(self, digest: str, audio: bytes) -> None:
        """Keep a line for others; returns at once. One that cannot be kept is, once another instance has it said."""
        if self._clock_s() >= self._away_until_s:
            spawn(self._put, digest, audio)

    def _put(self, digest: str, audio: bytes) -> None:
        try:
            self._store.query(
                "keep_stock_audio", ANSWERED_WITHIN_S, digest=digest, audio=base64.b64encode(audio).decode()
            )
        except (StoreUnavailable, ValueError) as fault:
            self._away_until_s = self._clock_s() + AWAY_S
            _log.info("STOCK_NOT_KEPT", why=str(fault), again_in_s=AWAY_S)
