"""Twilio's request signature (X-Twilio-Signature). Pure.

The URL as Twilio was given it, then every form parameter as name + value sorted by name, HMAC-SHA1 under the account's
auth token, base64 (twilio.com/docs/usage/security). Behind proxies nobody knows for sure which URL that was, so a
request is compared with a few candidates: none of them can be forged without the token.
"""

import base64
import hmac
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

Params = Mapping[str, str] | Iterable[tuple[str, str]]

_URL = re.compile(r"(?P<scheme>[a-z]+)://(?P<host>[^/?#]*?)(?P<port>:\d+)?(?P<tail>[/?#].*)?", re.DOTALL)
_DEFAULT_PORTS = {"https": (":443",), "http": (":80",), "ws": (":80",)}
# Twilio's own validator writes :80 for wss; the true default is 443. Both are tried.
_WSS_PORTS = (":443", ":80")


def compute(url: str, params: Params, token: str) -> str:
    """Return the signature Twilio sends for `url` with form `params` (pairs: a name may repeat; blanks count)."""
    pairs = params.items() if isinstance(params, Mapping) else params
    signed = url + "".join(name + value for name, value in sorted(set(pairs)))
    digest = hmac.digest(token.encode(), signed.encode("utf-8", "surrogatepass"), "sha1")
    return base64.b64encode(digest).decode("ascii")


def is_valid(candidates: Iterable[str], params: Params, signature: str, token: str) -> bool:
    """Tell whether `signature` fits one of the `candidates`, each tried with and without its default port.

    Every candidate is compared, in constant time, so that the answer's delay tells nothing.
    """
    pairs = list(params.items() if isinstance(params, Mapping) else params)
    given = signature.encode("utf-8", "replace")
    fits = False
    for url in candidates:
        for variant in _port_variants(url):
            fits |= hmac.compare_digest(compute(variant, pairs, token).encode("ascii"), given)
    return fits


def candidate_urls(environ: Mapping[str, object], public_base_url: str | None) -> list[str]:
    """Return the URLs an HTTP request may have been signed for, likeliest first (R2.5).

    Per base (`public_base_url`, then what the proxy or the client named) the path without its query, then the raw
    target with its raw query. Nothing in a query may be believed when only the first of the two fitted.
    """
    target = raw_target(environ)
    path = target.partition("?")[0]
    bases = [public_base_url.rstrip("/")] if public_base_url else []
    bases.append(requested_base_url(environ))
    return list(dict.fromkeys(base + tail for base in bases for tail in (path, target)))


def websocket_candidate_urls(environ: Mapping[str, object], public_base_url: str | None) -> list[str]:
    """Return the URLs a WebSocket handshake may have been signed for: `wss` or `https`, with or without a slash.

    Twilio signs the URL as TwiML has it, yet deployments have been seen where a slash was added on the way.
    """
    variants: dict[str, None] = {}
    for url in candidate_urls(environ, public_base_url):
        rest = url.partition("://")[2]
        path, question, query = rest.partition("?")
        for scheme in ("wss", "https"):
            for slash in ("", "/"):
                variants[f"{scheme}://{path.rstrip('/')}{slash}{question}{query}"] = None
    return list(variants)


def request_is_signed(
    environ: Mapping[str, object], params: Params, auth_token: str | None, public_base_url: str | None
) -> bool:
    """Tell whether an HTTP request (WSGI `environ`, its form as pairs) carries Twilio's signature."""
    given = environ.get("HTTP_X_TWILIO_SIGNATURE")
    if not auth_token or not isinstance(given, str) or not given:
        return False
    return is_valid(candidate_urls(environ, public_base_url), params, given, auth_token)


def handshake_is_signed(
    environ: Mapping[str, object], auth_token: str | None, public_base_url: str | None
) -> bool | None:
    """Judge the signature on a WebSocket handshake: None when there is none or no token to check it with (R2.6)."""
    given = environ.get("HTTP_X_TWILIO_SIGNATURE")
    if not auth_token or not isinstance(given, str) or not given:
        return None
    return is_valid(websocket_candidate_urls(environ, public_base_url), (), given, auth_token)


def requested_base_url(environ: Mapping[str, object]) -> str:
    """Return `scheme://host` as the outermost client named it: the first of the forwarded values, else our own."""
    scheme = _first(environ.get("HTTP_X_FORWARDED_PROTO")).lower() or str(environ.get("wsgi.url_scheme", "http"))
    host = _first(environ.get("HTTP_X_FORWARDED_HOST")) or str(environ.get("HTTP_HOST", ""))
    scheme = {"wss": "https", "ws": "http"}.get(scheme, scheme)
    return f"{scheme}://{host}"


def raw_target(environ: Mapping[str, object]) -> str:
    """Return path and query as they came over the wire: decoding and quoting again would break the signature."""
    raw = environ.get("RAW_URI")
    if isinstance(raw, str) and raw.startswith("/"):
        return raw.partition("#")[0]
    # A server that is not gunicorn, or an absolute-form target.
    path = quote(str(environ.get("PATH_INFO", "/")).encode("latin-1"), safe="/:@!$&'()*+,;=~")
    query = str(environ.get("QUERY_STRING", ""))
    return f"{path}?{query}" if query else path


def _first(header: object) -> str:
    return header.partition(",")[0].strip() if isinstance(header, str) else ""


def _port_variants(url: str) -> list[str]:
    """Return `url` as it is, without its port, or with its scheme's default one (Twilio is inconsistent in this)."""
    match = _URL.fullmatch(url)
    if match is None:
        return [url]
    scheme, host, port, tail = match["scheme"], match["host"], match["port"], match["tail"] or ""
    if port:
        return [url, f"{scheme}://{host}{tail}"]
    ports = _WSS_PORTS if scheme == "wss" else _DEFAULT_PORTS.get(scheme, ())
    return [url, *(f"{scheme}://{host}{default}{tail}" for default in ports)]
