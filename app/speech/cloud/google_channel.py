"""How Google's clients reach their service: TLS and a service account, or plain text to an emulator on loopback."""

import asyncio
import json
from collections.abc import Iterable
from typing import Any

import grpc
from google.auth.credentials import AnonymousCredentials
from google.oauth2 import service_account

from app.sidecar.child import ServiceError

_LOOPBACK = ("127.", "localhost:", "[::1]:")
# A path that died is noticed within 5 s while audio is written to it (gRPC sets TCP_USER_TIMEOUT from the second), and
# within 35 s where nothing is; Google's servers take pings this often.
_KEEPALIVE = (("grpc.keepalive_time_ms", 30_000), ("grpc.keepalive_timeout_ms", 5_000))
_CONNECT_S = 5.0
_ANONYMOUS = AnonymousCredentials()  # type: ignore[no-untyped-call] # google-auth is half typed


def is_loopback(endpoint: str) -> bool:
    """True for `host:port` on this machine."""
    return endpoint.startswith(_LOOPBACK)


def make_client(client: Any, transport: Any, endpoint: str, credentials_json: str) -> Any:
    """Return an async client of Google's class `client`, over its gRPC `transport` class.

    Raises:
        ServiceError: `unauthenticated` when there are no usable credentials.
    """
    if is_loopback(endpoint):
        channel = grpc.aio.insecure_channel(endpoint, options=_KEEPALIVE)
        return client(transport=transport(channel=channel, credentials=_ANONYMOUS))
    if not credentials_json:
        raise ServiceError(
            "unauthenticated", "GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON is not set: paste the whole JSON", retriable=False
        )
    try:
        info = json.loads(credentials_json)
        credentials = service_account.Credentials.from_service_account_info(info)  # type: ignore[no-untyped-call] # as above
    except (ValueError, TypeError, AttributeError) as exc:
        # The exception's own words may quote the key.
        raise ServiceError(
            "unauthenticated",
            f"GOOGLE_CLOUD_SERVICE_ACCOUNT_JSON is no service account's JSON ({type(exc).__name__})",
            retriable=False,
        ) from None

    def kept_alive(*args: Any, options: Iterable[tuple[str, object]] = (), **kwargs: Any) -> grpc.aio.Channel:
        return transport.create_channel(*args, options=[*options, *_KEEPALIVE], **kwargs)

    where = {"host": endpoint} if endpoint else {}
    return client(transport=transport(credentials=credentials, channel=kept_alive, **where))


async def connect(client: Any) -> None:
    """Open the client's connection ahead of the first call, so that no caller waits for TLS."""
    channel: Any = client.transport.grpc_channel
    channel.get_state(try_to_connect=True)
    await asyncio.wait_for(channel.channel_ready(), _CONNECT_S)
