"""The WebSocket opening handshake, server side (RFC 6455 §4.2). Pure: WSGI environ in, response head out.

No extension is ever accepted: Twilio offers none, and compression of mu-law buys nothing but CPU and zip bombs.
"""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from app.telephony.responses import Environ, RefusedError, method_not_allowed, refuse

_GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455 §1.3
_UPGRADE_HEADERS = (("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"))


class HandshakeError(RefusedError):
    """The request opens no WebSocket."""


@dataclass(frozen=True, slots=True)
class Handshake:
    """An acceptable handshake: the bytes to answer, the subprotocol chosen and those that were offered."""

    answer: bytes
    subprotocol: str | None
    offered: tuple[str, ...]


def shake_hands(environ: Environ, subprotocols: Sequence[str]) -> Handshake:
    """Return the answer to a handshake; the first offered subprotocol that is in `subprotocols` is chosen.

    A subprotocol nobody offered must not be sent (RFC 6455 §4.2.2): a strict client hangs up on it. Twilio has been
    seen to offer none.

    Raises:
        HandshakeError: 405 (method), 426 (no upgrade asked, or not version 13), 400 (anything else).
    """
    _check_upgrade(environ)
    _check_version(environ)
    key = _checked_key(environ)
    offered = tuple(_tokens(environ, "HTTP_SEC_WEBSOCKET_PROTOCOL"))
    subprotocol = next((name for name in offered if name in subprotocols), None)
    accept = base64.b64encode(hashlib.sha1((key + _GUID).encode()).digest()).decode()  # noqa: S324 - RFC 6455's own
    lines = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Accept: {accept}",
    ]
    if subprotocol:
        lines.append(f"Sec-WebSocket-Protocol: {subprotocol}")
    return Handshake("\r\n".join([*lines, "", ""]).encode("ascii"), subprotocol, offered)


def _check_upgrade(environ: Environ) -> None:
    if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
        raise HandshakeError(method_not_allowed("GET"))
    if environ["REQUEST_METHOD"] == "HEAD" or "websocket" not in _lowered(environ, "HTTP_UPGRADE"):
        raise HandshakeError(refuse(426, "this is a WebSocket: ask for `Upgrade: websocket`", *_UPGRADE_HEADERS))
    if environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        raise HandshakeError(refuse(400, "a WebSocket needs HTTP/1.1"))
    if "upgrade" not in _lowered(environ, "HTTP_CONNECTION"):
        raise HandshakeError(refuse(400, "`Connection: Upgrade` is missing (a proxy may have eaten it)"))
    if not environ.get("HTTP_HOST"):
        raise HandshakeError(refuse(400, "`Host` is missing"))
    if environ.get("CONTENT_LENGTH", "0") != "0" or environ.get("HTTP_TRANSFER_ENCODING"):
        raise HandshakeError(refuse(400, "a WebSocket handshake has no body"))


def _check_version(environ: Environ) -> None:
    version = environ.get("HTTP_SEC_WEBSOCKET_VERSION", "")
    if not version:
        raise HandshakeError(refuse(400, "`Sec-WebSocket-Version` is missing"))
    if version != "13":
        raise HandshakeError(refuse(426, "only WebSocket version 13 is spoken here", *_UPGRADE_HEADERS))


def _checked_key(environ: Environ) -> str:
    key = str(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""))
    try:
        nonce = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        nonce = b""
    if len(nonce) != 16:
        raise HandshakeError(refuse(400, "`Sec-WebSocket-Key` is missing or not 16 bytes in base64"))
    return key


def _tokens(environ: Environ, name: str) -> list[str]:
    return [token for part in str(environ.get(name, "")).split(",") if (token := part.strip())]


def _lowered(environ: Environ, name: str) -> list[str]:
    return [token.lower() for token in _tokens(environ, name)]
