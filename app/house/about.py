"""What is running: version, commit, since when, on which instance."""

import os
import socket
from dataclasses import dataclass, field
from datetime import UTC, datetime

import app
from app.commit import commit


@dataclass(frozen=True, slots=True)
class About:
    """One worker's identity; made once, at its start."""

    version: str = app.__version__
    commit: str = field(default_factory=commit)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    instance: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}-{os.getpid()}")
    """Tells this worker from others that share a database."""
