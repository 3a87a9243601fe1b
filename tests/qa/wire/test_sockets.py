"""Both WebSocket clients behave alike towards a server, and know when its bytes came."""

import asyncio
import socket
import time
from urllib.parse import urlsplit

import pytest

from app.qa.wire.http_client import ServerError
from app.qa.wire.sockets import QuickWebSocket, StampedSocket, StrictWebSocket, WebSocketClient
from tests.qa.fake_agent import Habits, fake_agent

KINDS = [StrictWebSocket, QuickWebSocket]
START = b'{"event":"start","streamSid":"MZ1"}'


@pytest.mark.parametrize("kind", KINDS)
def test_a_client_shakes_hands_talks_and_reports_the_servers_close(kind: type[WebSocketClient]) -> None:
    """R4.1, R2.6: subprotocol, text, the length of binary messages, close code and reason."""
    texts: list[bytes] = []
    binaries: list[int] = []

    async def scene() -> tuple[str | None, tuple[int, str]]:
        closed: asyncio.Future[tuple[int, str]] = asyncio.get_running_loop().create_future()
        habits = Habits(extra_messages=["שלום" * 40, "x" * 70_000], binary=True, close_after_start=1008)
        async with fake_agent(habits) as agent:
            client = kind(
                urlsplit(agent.url.replace("http", "ws") + "/ws/twilio-media"),
                {"X-Twilio-Signature": "abc"},
                ("audio.twilio.com",),
                lambda text, _age_s: texts.append(text if isinstance(text, bytes) else text.encode()),
                binaries.append,
                lambda code, reason: closed.set_result((code, reason)),
            )
            await client.open()
            client.send(START)
            async with asyncio.timeout(10):
                ended = await closed
            assert agent.requests[0][1]["x-twilio-signature"] == "abc"
            assert agent.messages == [{"event": "start", "streamSid": "MZ1"}]
            return client.subprotocol, ended

    subprotocol, ended = asyncio.run(scene())
    assert subprotocol == "audio.twilio.com"
    assert ended == (1008, "stranger")
    assert texts == [("שלום" * 40).encode(), b"x" * 70_000]
    assert binaries == [3]


@pytest.mark.parametrize("kind", KINDS)
def test_a_handshake_that_is_refused_says_so(kind: type[WebSocketClient]) -> None:
    """R4.3: whatever is not 101 is no WebSocket."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    async def scene() -> None:
        server = await asyncio.start_server(refuse, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            url = urlsplit(f"ws://localhost:{port}/ws")
            client = kind(url, {}, (), lambda _text, _age_s: None, lambda _length: None, lambda _code, _reason: None)
            with pytest.raises(ServerError, match="403"):
                await client.open()

    asyncio.run(scene())


def test_bytes_that_waited_are_older_than_their_reading() -> None:
    """A tool that was late itself still knows when the server was."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(1)
        reader = StampedSocket()
        reader.stamp()
        with reader:
            reader.connect(listener.getsockname())
            writer, _ = listener.accept()
            with writer:
                # A kernel that nobody asked for stamps before begins with them a moment later, by its work queue.
                for _ in range(20):
                    before_s = time.time()
                    writer.sendall(b"frame")
                    time.sleep(0.1)  # the lateness that is to be seen; its length does not matter
                    assert reader.recv(100) == b"frame"
                    assert reader.age_s <= time.time() - before_s
                    if reader.age_s > 0.05:
                        return
    pytest.fail("no bytes were stamped when they came")
