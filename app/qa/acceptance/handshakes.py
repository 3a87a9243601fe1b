"""Section 4: how the media WebSocket opens, and to whom it does not."""

import asyncio
import base64
import hashlib
import os
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

import orjson

from app.qa.acceptance.findings import Findings
from app.qa.acceptance.server import STRANGER, ServerUnderTest, new_call_form
from app.qa.acceptance.webhooks import PREVIEW
from app.qa.wire.http_client import SWITCHING_PROTOCOLS, HttpResponse, ServerError
from app.qa.wire.sockets import ACCEPT_SUFFIX, QuickWebSocket
from app.qa.wire.twilio_peer import SUBPROTOCOL, TwilioPeer
from app.qa.wire.twiml_reader import parse_twiml
from app.telephony.browser_calls import new_browser_call_sid

MEDIA = "/ws/twilio-media"
UPGRADE_REQUIRED, BAD_REQUEST = 426, 400
POLICY_VIOLATION = 1008
CLOSES_WITHIN_S = 6.0


async def check_handshake(server: ServerUnderTest, findings: Findings) -> None:
    """4.1 to 4.3: the upgrade itself, the subprotocol, and what is no upgrade."""
    offered, key = await _upgrade(server, MEDIA, protocols=SUBPROTOCOL)
    findings.add("4.1", not (fault := _upgrade_fault(offered, key)), fault)
    chosen = offered.headers.get("sec-websocket-protocol")
    plain, _ = await _upgrade(server, MEDIA)
    other, _ = await _upgrade(server, MEDIA, protocols=f"chat, {SUBPROTOCOL}")
    faults = [f"{SUBPROTOCOL} offered, {chosen or 'none'} chosen"] if chosen != SUBPROTOCOL else []
    if (unasked := plain.headers.get("sec-websocket-protocol")) is not None:
        faults.append(f"none offered, {unasked} chosen")
    if (found := other.headers.get("sec-websocket-protocol")) != SUBPROTOCOL:
        faults.append(f"{SUBPROTOCOL} offered second, {found or 'none'} chosen")
    findings.add("4.2", not faults, "; ".join(faults))
    await _check_what_is_none(server, findings)


async def _check_what_is_none(server: ServerUnderTest, findings: Findings) -> None:
    faults = []
    slashed, key = await _upgrade(server, MEDIA + "/", protocols=SUBPROTOCOL)
    if fault := _upgrade_fault(slashed, key):
        faults.append(f"{MEDIA}/: {fault}")
    plain = await server.ask("GET", MEDIA)
    if plain.status != UPGRADE_REQUIRED:
        faults.append(f"a plain GET answers {plain.status}, not 426")
    broken, _ = await _upgrade(server, MEDIA, **{"Sec-WebSocket-Key": "short"})
    if broken.status != BAD_REQUEST:
        faults.append(f"a broken upgrade answers {broken.status}, not 400")
    findings.add("4.3", not faults, "; ".join(faults))


async def _upgrade(server: ServerUnderTest, path: str, protocols: str = "", **changes: str) -> tuple[HttpResponse, str]:
    """Ask for a WebSocket and hang up at once; return the answer and the key it must fit."""
    key = base64.b64encode(os.urandom(16)).decode()
    headers = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13",
        **({"Sec-WebSocket-Protocol": protocols} if protocols else {}),
        **changes,
    }
    return await server.ask("GET", path, headers), key


def _upgrade_fault(answer: HttpResponse, key: str) -> str:
    if answer.status != SWITCHING_PROTOCOLS:
        return f"HTTP {answer.status}, not 101"
    digest = hashlib.sha1(key.encode() + ACCEPT_SUFFIX, usedforsecurity=False).digest()
    wanted = {"upgrade": "websocket", "connection": "upgrade"}
    faults = [
        f"{name.title()}: {answer.headers.get(name, 'missing')}"
        for name, value in wanted.items()
        if answer.headers.get(name, "").lower() != value
    ]
    if answer.headers.get("sec-websocket-accept") != base64.b64encode(digest).decode():
        faults.append("Sec-WebSocket-Accept is wrong")
    return "; ".join(faults)


async def check_socket_strangers(server: ServerUnderTest, findings: Findings) -> None:
    """4.4: without a fresh token of its own a stream is closed with 1008, and hears nothing."""
    preview = parse_twiml((await server.ask("GET", PREVIEW)).body).parameters
    peer = TwilioPeer(replace(server.account, from_number="anonymous"), call_sid=new_browser_call_sid())
    used = parse_twiml((await peer.ring()).body).parameters
    await peer.connect()
    await peer.hang_up()
    strangers = [
        _Stranger("silent", None, {}),
        _Stranger("without a token", new_call_form(server.account)["CallSid"], {}),
        _Stranger("with a preview's token", preview.get("call_sid", "CApreview"), preview),
        _Stranger("with a used token", peer.call_sid, used),
    ]
    await asyncio.gather(*(stranger.knock(server) for stranger in strangers))
    faults = [f"{stranger.who}: {fault}" for stranger in strangers if (fault := stranger.fault())]
    closed = [stranger.closed_after_ms for stranger in strangers if stranger.closed_after_ms is not None]
    findings.add("4.4", not faults, "; ".join(faults), closed, "ms")


@dataclass(slots=True)
class _Stranger:
    """Somebody who opens the socket without the right to; `call_sid` None: says nothing at all."""

    who: str
    call_sid: str | None
    parameters: dict[str, str]
    media: int = 0
    code: int | None = None
    closed_after_ms: float | None = None
    refusal: str = ""
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def knock(self, server: ServerUnderTest) -> None:
        """Open, say `start`, and wait to be closed."""
        here = urlsplit(server.account.url)
        url = SplitResult("wss" if here.scheme == "https" else "ws", here.netloc, MEDIA, "", "")
        headers = {} if server.is_signed else {"X-Forwarded-For": STRANGER}
        loop = asyncio.get_running_loop()
        started_s = loop.time()

        def closed(code: int, _reason: str) -> None:
            self.code, self.closed_after_ms = code, (loop.time() - started_s) * 1000.0
            self._over.set()

        socket = QuickWebSocket(url, headers, (SUBPROTOCOL,), self._hear, lambda _: None, closed)
        try:
            await socket.open()
        except ServerError as error:
            self.refusal = str(error)
            return
        if self.call_sid is not None:
            for message in self._start(self.call_sid):
                socket.send(orjson.dumps(message))
        try:
            await asyncio.wait_for(self._over.wait(), CLOSES_WITHIN_S)
        except TimeoutError:
            socket.close()

    def fault(self) -> str:
        """Say what was wrong with the reception; nothing: an empty text."""
        if self.media:
            return f"heard {self.media} frames"
        if self.refusal:
            return self.refusal
        if self.code is None:
            return f"not closed within {CLOSES_WITHIN_S:.0f} s"
        return "" if self.code == POLICY_VIOLATION else f"closed with {self.code}, not 1008"

    def _hear(self, text: str | bytes, _age_s: float) -> None:
        self.media += b'"media"' in (text if isinstance(text, bytes) else text.encode())

    def _start(self, call_sid: str) -> list[dict[str, Any]]:
        stream_sid = "MZ" + os.urandom(16).hex()
        start = {
            "accountSid": "AC" + os.urandom(16).hex(),
            "streamSid": stream_sid,
            "callSid": call_sid,
            "tracks": ["inbound"],
            "mediaFormat": {"encoding": "audio/x-mulaw", "sampleRate": 8000, "channels": 1},
            "customParameters": self.parameters,
        }
        return [
            {"event": "connected", "protocol": "Call", "version": "1.0.0"},
            {"event": "start", "sequenceNumber": "1", "start": start, "streamSid": stream_sid},
        ]
