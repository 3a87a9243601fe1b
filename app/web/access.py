"""Who may open the operators' pages. Pure: a WSGI environ and the time in, a verdict out."""

import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

TRIES, TRIES_WITHIN_S = 5, 15 * 60
TRIES_OF_ALL, TRIES_OF_ALL_WITHIN_S = 50, 60 * 60
_MOST_ADDRESSES = 1000


def client_address(environ: Mapping[str, Any]) -> str:
    """Return whom to count a wrong password against: whom the nearest proxy names, else the peer."""
    hops = str(environ.get("HTTP_X_FORWARDED_FOR", "")).split(",")
    return hops[-1].strip() or str(environ.get("REMOTE_ADDR", ""))


def is_same_origin(environ: Mapping[str, Any]) -> bool:
    """Return whether a request comes from a page of ours. A browser names the page's origin on POST and WebSocket."""
    origin = str(environ.get("HTTP_ORIGIN", ""))
    hosts = {environ.get("HTTP_HOST"), str(environ.get("HTTP_X_FORWARDED_HOST", "")).split(",")[0].strip()} - {None, ""}
    return urlsplit(origin).netloc in hosts


def is_password(given: str, wanted: str) -> bool:
    """Compare digests, in the same time whatever differs. The secret lies in the environment, so no slow hash helps."""
    digests = [hashlib.sha256(text.encode("utf-8", "replace")).digest() for text in (given, wanted)]
    return hmac.compare_digest(*digests)


def session_key(password: str | None, auth_token: str | None) -> bytes:
    """Return the key that signs sessions: the same on all instances, another once the password is another."""
    if password is None:
        return secrets.token_bytes(32)
    return hmac.digest(password.encode(), b"console session, version 1" + (auth_token or "").encode(), "sha256")


class Tries:
    """Count wrong passwords: five in a quarter of an hour from one address, fifty an hour from all."""

    def __init__(self, clock_s: Callable[[], float]) -> None:
        self._clock_s = clock_s
        self._of_all: deque[float] = deque(maxlen=TRIES_OF_ALL)
        self._of: dict[str, deque[float]] = {}

    def wait_s(self, address: str) -> int:
        """Return the seconds until this address may try again; 0: now."""
        now_s = self._clock_s()
        waits = [0.0]
        own = self._of.get(address)
        if own is not None and len(own) == TRIES:
            waits.append(own[0] + TRIES_WITHIN_S - now_s)
        if len(self._of_all) == TRIES_OF_ALL:
            waits.append(self._of_all[0] + TRIES_OF_ALL_WITHIN_S - now_s)
        longest_s = max(waits)
        return int(longest_s) + (longest_s % 1 > 0)

    def left(self, address: str) -> int:
        """Return how many tries this address has."""
        recent = [at_s for at_s in self._of.get(address, ()) if self._clock_s() - at_s < TRIES_WITHIN_S]
        return TRIES - len(recent)

    def failed(self, address: str) -> None:
        """Note a wrong password."""
        while len(self._of) >= _MOST_ADDRESSES:
            del self._of[next(iter(self._of))]
        self._of.setdefault(address, deque(maxlen=TRIES)).append(self._clock_s())
        self._of_all.append(self._clock_s())

    def succeeded(self, address: str) -> None:
        """Forget what this address got wrong."""
        self._of.pop(address, None)
