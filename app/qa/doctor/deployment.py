"""The server as it runs: here on this machine, and at the address that Twilio calls."""

from collections.abc import Iterator
from typing import Any

import requests

import app
from app.commit import commit
from app.config import Settings
from app.qa.doctor.finding import Finding, fail, ok, warn

TIMEOUT_S = 5.0
MOST_RESTARTS = 3
MOST_LAG_MS = 50
_OK = 200


def here(settings: Settings) -> str:
    """Return where a server of this machine answers."""
    return f"http://127.0.0.1:{settings.port}"


def check_public_url(settings: Settings) -> Iterator[Finding]:
    """The address that Twilio calls leads to this version."""
    base = settings.public_base_url
    do = "set PUBLIC_BASE_URL to the https:// address that Twilio calls"
    if base is None:
        yield warn("public URL", "PUBLIC_BASE_URL is not set", do)
        return
    try:
        answer = requests.get(f"{base}/version", timeout=TIMEOUT_S, allow_redirects=False)
        about: Any = answer.json() if answer.status_code == _OK else None
    except (requests.RequestException, ValueError) as error:
        yield fail("public URL", f"{base} does not answer: {_short(error)}", do)
        return
    if not isinstance(about, dict) or "version" not in about:
        yield fail("public URL", f"{base}/version answers {answer.status_code}, and is none of ours", do)
        return
    theirs, ours = (about["version"], about.get("commit")), (app.__version__, commit())
    if theirs != ours:
        what = f"{base} runs {theirs[0]} ({theirs[1]}), this folder holds {ours[0]} ({ours[1]})"
        yield warn("public URL", what, "it answers with another version: the deployment is older than this folder")
    else:
        yield ok("public URL", f"{base} answers with this version")


_MENDED_BY = {
    "model_gone": "set OPENAI_MODEL to a model that is there, and start it again",
    "voice_at_a_wrong_rate": "set TTS_STREAM_RATE_HZ to the voice's own rate (24000), and start it again",
}


def check_running(settings: Settings) -> Iterator[Finding]:
    """A server that runs here is in time, and its children live."""
    url = f"{here(settings)}/health"
    try:
        health: Any = requests.get(url, timeout=TIMEOUT_S).json()
    except (requests.RequestException, ValueError):
        yield warn("running server", f"none answers at {here(settings)}", "start it: make run")
        return
    lag_ms = health.get("hub_lag_p99_ms")
    if lag_ms is None:
        yield warn("running server", f"{url} tells nothing of itself: is it ours?")
        return
    well = True
    for child in health.get("children", ()):
        if child["restarts"] >= MOST_RESTARTS:
            well = False
            last = f"; its last words: {child['last_end']}" if child.get("last_end") else ""
            what = f"a child restarts again and again: {child['name']}, {child['restarts']} times{last}"
            do = "mend what they name; more stands in the server's log before `sidecar_ended`"
            yield fail("running server", what, do, "calls lose their ears, their voice or their store each time")
        elif not child["up"]:
            well = False
            yield warn(
                "running server", f"the child {child['name']} is not ready", "wait a moment; see the server's log"
            )
    for engine in (name for name, is_down in health.get("engines_down", {}).items() if is_down):
        well = False
        what = f"{engine} has failed several times in a row; what stands in for it serves"
        do = "see the check of that vendor above; it is tried again by itself once a minute"
        yield warn("running server", what, do, "calls are served by the second best")
    for kind, what in health.get("troubles", {}).items():
        well = False
        yield warn(
            "running server", what, _MENDED_BY.get(kind, "see the server's log"), "calls are served by the second best"
        )
    if lag_ms > MOST_LAG_MS:
        well = False
        what = f"hub lag p99 {lag_ms} ms: fewer calls or a second core"
        yield warn("running server", what, "set MAX_CALLS lower, or give it a second core", "every call is heard late")
    if well:
        yield ok("running server", f"{health['live_calls']} calls, hub lag p99 {lag_ms} ms, all children up")


def _short(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:160]
