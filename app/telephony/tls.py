"""HTTPS by one TLS context for all connections.

`requests` reads its file of authorities anew for each connection: 35 to 70 ms, and a hang-up's would be the hub's.
"""

import ssl
from functools import cache
from pathlib import Path
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.ssl_ import create_urllib3_context


@cache
def _shared() -> ssl.SSLContext:
    return create_urllib3_context()


@cache
def load_authorities() -> str:
    """Have the shared context trust whom `requests` trusts, the first request does it else; return their file.

    REQUESTS_CA_BUNDLE may name another than certifi's.
    """
    named = requests.Session().merge_environment_settings("https://", {}, None, None, None)["verify"]
    path = named if isinstance(named, str) else DEFAULT_CA_BUNDLE_PATH
    if Path(path).is_dir():
        _shared().load_verify_locations(capath=path)
    else:
        _shared().load_verify_locations(path)
    return path


class OneContext(HTTPAdapter):
    """Connections that share a context."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        """`context`: whom to trust, if not the usual authorities."""
        self._given = context
        super().__init__()

    def send(self, *args: Any, **kwargs: Any) -> requests.Response:
        """See `HTTPAdapter`."""
        if self._given is None:
            load_authorities()
        return super().send(*args, **kwargs)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """See `HTTPAdapter`."""
        super().init_poolmanager(*args, **kwargs, ssl_context=self._given or _shared())

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> Any:
        """See `HTTPAdapter`."""
        return super().proxy_manager_for(*args, **kwargs, ssl_context=self._given or _shared())

    def cert_verify(self, conn: Any, url: str, verify: bool | str, cert: Any) -> None:
        """See `HTTPAdapter`; what the context trusts is not read into it once more."""
        super().cert_verify(conn, url, verify, cert)  # type: ignore[no-untyped-call]
        conn.ca_certs = conn.ca_cert_dir = None


def session(context: ssl.SSLContext | None = None) -> requests.Session:
    """Return a session whose connections share a context; see `OneContext`."""
    made = requests.Session()
    made.mount("https://", OneContext(context))
    return made
