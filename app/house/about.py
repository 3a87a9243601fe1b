"""What is running: version, commit, since when, on which instance."""

import os
import socket
import subprocess
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import app


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


@dataclass(frozen=True, slots=True)
class About:
    """One worker's identity; made once, at its start."""

    version: str = app.__version__
    commit: str = field(default_factory=commit)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    instance: str = field(default_factory=lambda: f"{socket.gethostname()[:40]}-{os.getpid()}")
    """Tells this worker from others that share a database."""
