"""A child process for the link's tests: it answers, counts, fails, and hangs on request."""

import asyncio
import os
import time
from collections.abc import Mapping

from app.sidecar.child import Exchange, ServiceError, run


async def echo(_request: dict[str, object], exchange: Exchange) -> Mapping[str, object]:
    count = 0
    async for chunk in exchange:
        count += len(chunk)
        await exchange.send_data(chunk)
    return {"bytes": count}


async def refuse(request: dict[str, object], _exchange: Exchange) -> None:
    raise ServiceError("quota", f"no more for {request['who']}", retriable=True)


async def crash(_request: dict[str, object], _exchange: Exchange) -> None:
    raise ZeroDivisionError("a bug")


async def hang(_request: dict[str, object], exchange: Exchange) -> None:
    await exchange.send_event({"state": "hanging"})
    try:
        await asyncio.sleep(3600)
    finally:
        RELEASED.append("hang")


async def released(_request: dict[str, object], _exchange: Exchange) -> Mapping[str, object]:
    return {"count": len(RELEASED)}


async def block(_request: dict[str, object], _exchange: Exchange) -> None:
    time.sleep(3600)  # noqa: ASYNC251 - the wedge under test


async def descriptors(_request: dict[str, object], _exchange: Exchange) -> Mapping[str, object]:
    links = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            links.append(os.readlink(f"/proc/self/fd/{entry}"))
        except OSError:
            continue
    return {"sockets": sum(link.startswith("socket:") for link in links)}


RELEASED: list[str] = []

if __name__ == "__main__":
    run({handler.__name__: handler for handler in (echo, refuse, crash, hang, released, block, descriptors)})
