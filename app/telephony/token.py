"""The one-call token: what proves to the media WebSocket that a signed webhook or the softphone page sent it (R2.6).

`purpose.expires_s.nonce.mac`, where `mac` is HMAC-SHA256 over purpose, CallSid, expiry and nonce. The key comes from
the account's auth token, so the instance that minted a token and the one that is shown it need share nothing (R1.6).
Pure.
"""

import base64
import hashlib
import hmac
import secrets
from datetime import UTC, datetime
from enum import Enum

LIFETIME_S = 300
BROWSER_LIFETIME_S = 60
PURPOSE_CALL = "call"
PURPOSE_BROWSER = "browser"
PURPOSE_PREVIEW = "preview"
_OPENING = frozenset({PURPOSE_CALL, PURPOSE_BROWSER})


class TokenVerdict(Enum):
    """What `verify` found."""

    VALID = "valid"
    MALFORMED = "malformed"
    FORGED = "forged, or minted for another call"
    EXPIRED = "expired"
    PREVIEW = "a preview's, which opens no call"


def derive_key(auth_token: str | None) -> bytes:
    """Return the key that signs tokens; without an auth token (development) a random one for this process."""
    if not auth_token:
        return secrets.token_bytes(32)
    return hmac.digest(auth_token.encode(), b"media stream token, version 1", "sha256")


def mint(key: bytes, call_sid: str, now_s: float, *, purpose: str = PURPOSE_CALL, lifetime_s: int = LIFETIME_S) -> str:
    """Return a token for `call_sid`, good until `now_s + lifetime_s` (Unix seconds). ASCII, about 80 characters."""
    claims = f"{purpose}.{int(now_s) + lifetime_s}.{secrets.token_urlsafe(12)}"
    return f"{claims}.{_mac(key, claims, call_sid)}"


def verify(key: bytes, token: str, call_sid: str, now_s: float) -> TokenVerdict:
    """Judge `token` as presented for `call_sid` at `now_s`. Whether it was used before is `UsedTokens`' business."""
    claims, _, mac = token.rpartition(".")
    purpose, _, rest = claims.partition(".")
    expires_s = rest.partition(".")[0]
    if not (mac and purpose and expires_s.isascii() and expires_s.isdigit() and len(expires_s) <= 12):
        return TokenVerdict.MALFORMED
    # The text itself is compared, not decoded bytes: base64 has several spellings of one value, and a second spelling
    # of a used token must not pass for a new one.
    if not hmac.compare_digest(_mac(key, claims, call_sid).encode(), mac.encode("utf-8", "replace")):
        return TokenVerdict.FORGED
    if now_s >= int(expires_s):
        return TokenVerdict.EXPIRED
    return TokenVerdict.VALID if purpose in _OPENING else TokenVerdict.PREVIEW


class UsedTokens:
    """Remember which valid tokens were used in this process; holds at most `capacity` and forgets what expired."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._expiry_s: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._expiry_s)

    def use(self, token: str, now_s: float) -> bool:
        """Mark a token that `verify` called VALID as used; False when it already was."""
        if token in self._expiry_s:
            return False
        while self._expiry_s:  # dicts keep their order: the oldest is first
            oldest = next(iter(self._expiry_s))
            if self._expiry_s[oldest] > now_s and len(self._expiry_s) < self._capacity:
                break
            del self._expiry_s[oldest]
        self._expiry_s[token] = int(token.split(".")[1])
        return True


def digest_of(token: str) -> str:
    """Return what a store may keep of a token: who reads it there cannot use it."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def expiry(token: str) -> str:
    """Return when a token that `verify` called VALID expires, in ISO 8601."""
    return datetime.fromtimestamp(int(token.split(".")[1]), UTC).isoformat()


def _mac(key: bytes, claims: str, call_sid: str) -> str:
    digest = hmac.digest(key, f"{claims}\n{call_sid}".encode("utf-8", "replace"), "sha256")
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
