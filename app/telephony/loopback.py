"""Does a request truly come from this machine? Pure: a WSGI environ in, a verdict out.

Behind a proxy or a tunnel every peer is loopback, and a web page in the developer's own browser reaches loopback, too:
by its own name (a rebound DNS name shows in `Host`) or from its own address (which shows in `Origin`). So the peer, the
`Host`, the `Origin` and the absence of everything that proxies add are asked, and all must agree. Development mode
takes unsigned webhooks and tokenless streams from nobody else.
"""

import ipaddress
import re
from urllib.parse import urlsplit

from app.telephony.responses import Environ

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.\-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?")
_CARRIED = re.compile(
    r"HTTP_(X_FORWARDED.*|X_ORIGINAL_.*|X_REAL_IP|X_(CLUSTER_)?CLIENT_IP|X_ENVOY_.*|TRUE_CLIENT_IP|FASTLY_CLIENT_IP"
    r"|FORWARDED|VIA|CLIENT_IP|CF_.*|CDN_LOOP)"
)
"""What proxies, tunnels and content networks add (RFC 7239 §5, RFC 9110 §7.6.3, RFC 8586, and what is customary)."""


def is_local(environ: Environ) -> bool:
    """Tell whether a request comes from this machine, carried by nobody and sent by no foreign web page."""
    return why_not_local(environ) is None


def why_not_local(environ: Environ) -> str | None:
    """Return what shows that a request comes from elsewhere, in words for the log; None when nothing does."""
    peer = str(environ.get("REMOTE_ADDR", ""))
    if not is_loopback(peer):
        return f"the peer {peer or 'has no address and'} is not this machine"
    host = str(environ.get("HTTP_HOST", ""))
    if not _is_local_host(host):
        return f"Host is {host!r}, not localhost, 127.0.0.1 or [::1]"
    carrier = next((name for name in environ if _CARRIED.fullmatch(name)), None)
    if carrier is not None:
        return (
            f"{carrier.removeprefix('HTTP_').replace('_', '-').title()} is there: a proxy or a tunnel carried it here"
        )
    origin = environ.get("HTTP_ORIGIN")  # Twilio and command-line tools send none, a browser does
    if origin is not None and not _is_local_origin(str(origin)):
        return f"Origin is {str(origin)!r}: a web page from elsewhere sent it"
    return None


def is_loopback(address: str) -> bool:
    """Tell whether an IP address in text is this machine's own; a name is none."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)  # ::ffff:127.0.0.1 on a dual-stack socket
    return (mapped or parsed).is_loopback


def _is_local_host(host: str) -> bool:
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["name"]
    return name.lower() == "localhost" or is_loopback(name.removeprefix("[").removesuffix("]"))


def _is_local_origin(origin: str) -> bool:
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and _is_local_host(parts.netloc)
