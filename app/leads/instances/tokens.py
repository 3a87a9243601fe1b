"""Which call tokens were used, for all instances on one database, and beyond the life of a process (R2.6)."""

import threading
import time
from contextlib import suppress
from datetime import datetime
from typing import Any

from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from app.leads.database import Database, StoreDown
from app.leads.models import UsedToken

WARM_EVERY_S = 60.0


class UsedTokens:
    """Remembers a token's digest until it has expired; the database's own constraint says who was first."""

    def __init__(self, database: Database) -> None:
        """Write to `database`, which the calls' writes do not use: a caller waits for the answer."""
        self._database = database

    def start(self) -> None:
        """Keep the connection warm from now on: making one takes longer than a caller waits."""
        threading.Thread(target=self._keep_warm, name="tokens", daemon=True).start()

    def _keep_warm(self) -> None:
        while True:
            with suppress(StoreDown), self._database.begin(read_only=True) as session:
                session.execute(text("SELECT 1"))
            time.sleep(WARM_EVERY_S)

    def use(self, digest: str, expires_at: str) -> dict[str, Any]:
        """Mark a token as used; `{"first": False}` when it already was. `expires_at`: ISO 8601.

        Raises:
            StoreDown: the database cannot tell.
        """
        expires = datetime.fromisoformat(expires_at)
        try:
            with self._database.begin() as session:
                session.execute(insert(UsedToken).values(digest=digest, expires_at=expires))
        except IntegrityError:
            return {"first": False}
        return {"first": True}
