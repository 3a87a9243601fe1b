"""Reading a form out of a request that may be hostile, slow or broken off."""

from urllib.parse import parse_qsl

import eventlet

from app.telephony.responses import Environ, RefusedError, refuse

MAX_BODY_BYTES = 64 * 1024
READ_TIMEOUT_S = 5.0
_MAX_FIELDS = 500

Form = tuple[tuple[str, str], ...]


def read_form(environ: Environ, max_bytes: int = MAX_BODY_BYTES) -> Form:
    """Read the whole body and return its form fields in order; blanks and repeats are kept, for they are signed.

    A body over `max_bytes` is not read here: gunicorn drains it before the next request, within its keep-alive time.

    Raises:
        RefusedError: 400 (bad length, broken off, too many fields), 408 (too slow), 413 (too big).
    """
    body = _read(environ, max_bytes)
    if not str(environ.get("CONTENT_TYPE", "")).lower().startswith("application/x-www-form-urlencoded"):
        return ()
    try:
        fields = parse_qsl(
            body.decode("utf-8", "replace"), keep_blank_values=True, errors="replace", max_num_fields=_MAX_FIELDS
        )
    except ValueError as error:
        raise RefusedError(refuse(400, f"more than {_MAX_FIELDS} form fields")) from error
    return tuple(fields)


def _read(environ: Environ, max_bytes: int) -> bytes:
    declared = str(environ.get("CONTENT_LENGTH") or "").strip()
    chunked = "chunked" in str(environ.get("HTTP_TRANSFER_ENCODING", "")).lower()
    if declared and not (declared.isascii() and declared.isdigit()):
        raise RefusedError(refuse(400, "Content-Length is not a number"))
    if declared and int(declared) > max_bytes:
        raise RefusedError(refuse(413, f"body over {max_bytes} bytes"))
    if not declared and not chunked:
        return b""
    wanted = max_bytes + 1 if chunked else int(declared)
    try:
        with eventlet.Timeout(READ_TIMEOUT_S):
            body: bytes = environ["wsgi.input"].read(wanted)
    except eventlet.Timeout as error:
        raise RefusedError(refuse(408, f"body did not arrive within {READ_TIMEOUT_S:g} s")) from error
    except OSError as error:  # gunicorn's words for broken chunks and a lost peer
        raise RefusedError(refuse(400, f"body broken off: {error}")) from error
    if len(body) > max_bytes:
        raise RefusedError(refuse(413, f"body over {max_bytes} bytes"))
    if not chunked and len(body) < wanted:
        raise RefusedError(refuse(400, "body shorter than its Content-Length"))
    return body
