"""A server of a few answers, in a thread of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tests.emulators.http_server import Handler, start_http


@contextmanager
def stand_in(handler: Handler) -> Iterator[int]:
    """Serve on loopback for the length of the block; yield the port."""
    loop = asyncio.new_event_loop()
    server, port = loop.run_until_complete(start_http(handler, 0))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield port
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
