"""Stock speech in the database that instances share: what one has had said, the next need not ask for (R9.4, R18)."""

import base64
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from app.leads.database import Database
from app.leads.models import StockAudio

MOST_AT_ONCE = 50
MOST_BYTES = 1024 * 1024
"""Two minutes of speech: no stock line is nearly as long."""


class StockVoices:
    """Mu-law 8 kHz audio by the digest of engine, voice and text (`speech.cache`)."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    def read(self, digests: Sequence[str]) -> dict[str, Any]:
        """Return `{"audio": {digest: base64}}` of those that are there.

        Raises:
            ValueError: too many are asked for.
            StoreDown: the database cannot tell.
        """
        if len(digests) > MOST_AT_ONCE:
            raise ValueError(f"{len(digests)} lines at once: {MOST_AT_ONCE} at most")
        with self._database.begin(read_only=True) as session:
            rows = session.execute(
                select(StockAudio.digest, StockAudio.ulaw).where(StockAudio.digest.in_(digests))
            ).all()
        return {"audio": {digest: base64.b64encode(ulaw).decode() for digest, ulaw in rows}}

    def keep(self, digest: str, audio: str) -> dict[str, Any]:
        """Keep one line, `audio` in base64; one that is there stays as it is.

        Raises:
            ValueError: it is no audio of a stock line.
            StoreDown: the database cannot take it.
        """
        ulaw = base64.b64decode(audio, validate=True)
        if not 0 < len(ulaw) <= MOST_BYTES:
            raise ValueError(f"{len(ulaw)} bytes: a stock line has between 1 and {MOST_BYTES}")
        with suppress(IntegrityError), self._database.begin() as session:
            session.execute(insert(StockAudio).values(digest=digest, ulaw=ulaw, kept_at=self._clock()))
        return {}
