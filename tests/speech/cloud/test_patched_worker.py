"""The whole path in a monkey-patched process, where gRPC itself would freeze."""

import json
import subprocess
import sys

from app.speech.cloud.settings import ENV_NAME
from app.speech.cloud_engines import CloudSettings
from tests.emulators.base import EmulatorProcess


def test_a_patched_worker_serves_many_calls_and_its_hub_runs_on(
    settings: CloudSettings, google_speech: EmulatorProcess, google_tts: EmulatorProcess, openai_api: EmulatorProcess
) -> None:
    """R4, R8.2: results for every call, a sidecar's death included, and no long stop of the 20 ms pacers."""
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tests.speech.cloud.patched_worker", settings.to_env()[ENV_NAME]],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    report = json.loads(run.stdout.splitlines()[-1])

    assert report["finals"] == ["שלום אני מחפש דירה"] * 10
    assert report["answers"] == ["תודה רבה. באיזה אזור תרצו לחפש?"] * 10
    assert report["voice_bytes"] == [60 * 8 * len("שלום וברכה")] * 10
    assert report["failures"] == ["child_died"] * 10
    assert report["vendors_imported"] == []
    assert report["late_ms"] < 1000  # generous: the machine may be busy; a hub that gRPC holds stops for good
