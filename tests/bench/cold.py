"""A cold start: nothing said before, and somebody is calling already (R18). From the exec, in seconds."""

import asyncio
import http.client
import threading
import time
from pathlib import Path

from app.media.codec import ULAW_SILENCE
from app.qa.player import FRAME_SAMPLES
from app.qa.wire.http_client import ServerError
from app.qa.wire.twilio_peer import RATE_HZ, Account, TwilioPeer
from tests.bench.server import BenchServer

FIRST_SOUND_WITHIN_S = 20.0
SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
TARGETS = {"version": 2.0, "answered": None, "greeting": 5.0, "after_start": 0.3}
LABELS = {
    "version": "exec to /version, s",
    "answered": "exec to the webhook's answer, s",
    "greeting": "exec to the greeting, s",
    "after_start": "stream start to the greeting, s",
}


def measure_cold(core: int | None, log: Path, engines: str) -> dict[str, float]:
    """Start a server of `engines` (cloud or embedded), ring the moment its port is open; return the figures."""
    server = BenchServer(core, log, engines=engines, waits=False)
    with server:
        versions: list[float] = []
        looking = threading.Thread(target=lambda: versions.append(_version_at(server)))
        looking.start()
        answered, started, heard = asyncio.run(_first_call(server.url))
        looking.join()
    began = server.began_s
    return {
        "version": versions[0] - began,
        "answered": answered - began,
        "greeting": heard - began,
        "after_start": heard - started,
    }


def cold_table(figures: dict[str, dict[str, float]]) -> str:
    """Return the figures by engines, beside their targets; `!` marks a missed one."""
    lines = [f"{'cold start':36}" + "".join(f"{engines:>26}" for engines in figures)]
    for name, label in LABELS.items():
        target = TARGETS[name]
        cells = []
        for measured in figures.values():
            value = measured[name]
            cells.append(f"{value:.2f}" if target is None else f"{'!' * (value > target)}{value:.2f} (≤ {target:g})")
        lines.append(f"{label:36}" + "".join(f"{cell:>26}" for cell in cells))
    return "\n".join(lines)


def _version_at(server: BenchServer) -> float:
    host, _, port = server.url.removeprefix("http://").partition(":")
    while True:
        connection = http.client.HTTPConnection(host, int(port), timeout=FIRST_SOUND_WITHIN_S)
        try:
            connection.request("GET", "/version")
            connection.getresponse().read()
        except OSError:
            server.check()
            time.sleep(0.01)
        else:
            return time.monotonic()
        finally:
            connection.close()


async def _first_call(url: str) -> tuple[float, float, float]:
    """Return when the webhook was answered, the stream started, and the first sound was played (monotonic)."""
    loop = asyncio.get_running_loop()
    peer = TwilioPeer(Account(url, None, None, "+972500000123"))
    while True:
        try:
            await peer.ring()
            break
        except ServerError:
            await asyncio.sleep(0.01)
    answered = loop.time()
    await peer.connect()
    started, number = loop.time(), 1
    while (first := peer.player.first_audible(0)) is None and loop.time() - started < FIRST_SOUND_WITHIN_S:
        await asyncio.sleep(max(0.0, peer.frame_due_s(number) - loop.time()))
        peer.send_frame(SILENCE)
        number += 1
    await peer.hang_up()
    heard = started + FIRST_SOUND_WITHIN_S if first is None else peer.frame_due_s(0) + first / RATE_HZ
    return answered, started, heard
