"""A child process for the link's tests: it answers, counts, fails, and hangs on request."""

import asyncio
import contextlib
import os
import time
from collections.abc import Mapping
from pathlib import Path

from app.sidecar.child import Exchange, ServiceError, Tell, run


async def echo(_request: dict[str, object], exchange: Exchange) -> Mapping[str, object]:
    """Send back what comes."""
    count = 0
    async for chunk in exchange:
        count += len(chunk)
        await exchange.send_data(chunk)
    return {"bytes": count}


async def refuse(request: dict[str, object], _exchange: Exchange) -> None:
    """Fail as a service fails."""
    raise ServiceError("quota", f"no more for {request['who']}", retriable=True)


async def crash(_request: dict[str, object], _exchange: Exchange) -> None:
    """Fail as a bug fails."""
    raise ZeroDivisionError("a bug")


async def hang(_request: dict[str, object], exchange: Exchange) -> None:
    """Wait for an hour, asynchronously."""
    await exchange.send_event({"state": "hanging"})
    try:
        await asyncio.sleep(3600)
    finally:
        RELEASED.append("hang")


async def released(_request: dict[str, object], _exchange: Exchange) -> Mapping[str, object]:
    """Say how many hanging streams were released."""
    return {"count": len(RELEASED)}


async def block(_request: dict[str, object], _exchange: Exchange) -> None:
    """Hold the whole process."""
    time.sleep(3600)


async def work(request: dict[str, float], _exchange: Exchange) -> None:
    """Hold the whole process, at work."""
    until_s = time.monotonic() + request["seconds"]
    while time.monotonic() < until_s:
        pass


async def descriptors(_request: dict[str, object], _exchange: Exchange) -> Mapping[str, object]:
    """Say which sockets the process holds, by inode."""
    links = []
    for entry in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):  # the listing's own descriptor is gone already
            links.append(str(entry.readlink()))
    return {"sockets": [link for link in links if link.startswith("socket:")]}


async def warm(tell: Tell) -> None:
    """Be able to echo at once, and to do the rest once the test has made a file."""
    tell("echo")
    while not Path(os.environ.get("MAY_BE_READY", "/")).exists():
        await asyncio.sleep(0.01)


RELEASED: list[str] = []

if __name__ == "__main__":
    run(
        {handler.__name__: handler for handler in (echo, refuse, crash, hang, released, block, work, descriptors)}, warm
    )
