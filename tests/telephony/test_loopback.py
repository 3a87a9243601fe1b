"""Who counts as this machine itself."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telephony.loopback import is_local, why_not_local

HERE = {"REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost:5000", "PATH_INFO": "/", "REQUEST_METHOD": "GET"}
OTHER_HOSTS = [
    *("", "voice.example", "localhost.voice.example", "127.0.0.1.nip.io", "localhost@voice.example", "localhost, x"),
    *(
        "127.0.0.1:5000/x",
        "0.0.0.0:5000",
        "10.0.0.1",
        "127.1",
        "2130706433",
        "[::2]",
        "localhost:123456",
        "x localhost",
    ),
]
OTHER_ORIGINS = [
    *("null", "", "https://voice.example", "http://localhost.voice.example", "http://127.0.0.1@voice.example"),
    *("http://10.0.0.1:5000", "file://", "chrome-extension://abcdef", "http://[::1", "//localhost"),
]


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize(
    "host",
    ["localhost", "LocalHost:5000", "127.0.0.1", "127.0.0.1:8080", "[::1]", "[::1]:5000", "[0:0:0:0:0:0:0:1]:80"],
)
def test_this_machine_by_any_of_its_names_is_local(peer: str, host: str) -> None:
    """R2.4, R2.6."""
    assert why_not_local(HERE | {"REMOTE_ADDR": peer, "HTTP_HOST": host}) is None


@pytest.mark.parametrize("peer", ["203.0.113.7", "10.0.0.1", "::ffff:203.0.113.7", "fe80::1", "", "localhost", "unix:"])
def test_another_peer_is_not(peer: str) -> None:
    """R2.4: a private address is another machine, a socket without an address tells nothing."""
    assert "peer" in str(why_not_local(HERE | {"REMOTE_ADDR": peer}))


@pytest.mark.parametrize("host", OTHER_HOSTS)
def test_a_name_that_only_leads_here_is_not(host: str) -> None:
    """R2.4: a rebound DNS name, a tunnel's name."""
    assert "Host" in str(why_not_local(HERE | {"HTTP_HOST": host}))
    assert not is_local({name: value for name, value in HERE.items() if name != "HTTP_HOST"})


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X_FORWARDED_FOR", "203.0.113.7"),
        ("X_FORWARDED_FOR", "127.0.0.1"),  # whoever writes it may write anything
        ("X_FORWARDED_FOR", ""),
        ("X_FORWARDED_PROTO", "https"),
        ("X_FORWARDED_HOST", "localhost"),
        ("X_FORWARDED_SERVER", "edge"),
        ("X_REAL_IP", "127.0.0.1"),
        ("FORWARDED", "for=127.0.0.1"),
        ("VIA", "1.1 edge"),
        ("CF_CONNECTING_IP", "203.0.113.7"),
        ("TRUE_CLIENT_IP", "203.0.113.7"),
        ("X_CLIENT_IP", "203.0.113.7"),
        ("X_ORIGINAL_HOST", "voice.example"),
    ],
)
def test_what_a_proxy_or_a_tunnel_carried_here_is_not(header: str, value: str) -> None:
    """R2.4: behind them everybody is loopback; the reason names the header as it is written."""
    assert header.replace("_", "-").title() in str(why_not_local(HERE | {f"HTTP_{header}": value}))


@pytest.mark.parametrize("origin", OTHER_ORIGINS)
def test_a_foreign_page_in_the_developers_browser_is_not(origin: str) -> None:
    """R2.4, R2.6: its requests come from here, but its Origin tells."""
    assert "Origin" in str(why_not_local(HERE | {"HTTP_ORIGIN": origin}))


@pytest.mark.parametrize("origin", ["http://localhost:5000", "http://127.0.0.1:3000", "https://[::1]"])
def test_a_page_of_this_machine_is_local(origin: str) -> None:
    """R15: the softphone's own page, a developer's tool on another port."""
    assert is_local(HERE | {"HTTP_ORIGIN": origin})


def test_what_every_client_sends_gives_nobody_away() -> None:
    """R2.4: curl, a WebSocket tool and a browser on this machine are not taken for strangers."""
    headers = {
        "HTTP_USER_AGENT": "curl/8",
        "HTTP_ACCEPT": "*/*",
        "HTTP_UPGRADE": "websocket",
        "HTTP_X_REQUESTED_WITH": "tool",
        "HTTP_X_TWILIO_SIGNATURE": "x",
        "HTTP_REFERER": "http://localhost/",
        "HTTP_SEC_FETCH_SITE": "none",
        "HTTP_X_REQUEST_ID": "1",
    }
    assert is_local(HERE | headers)


@given(
    peer=st.text(max_size=20) | st.sampled_from(["127.0.0.1", "::1"]),
    host=st.text(max_size=30),
    origin=st.none() | st.text(max_size=30),
)
def test_no_header_makes_it_fail(peer: str, host: str, origin: str | None) -> None:
    """R2.4: whatever is sent gets a verdict, and a local one only under a local name."""
    environ: Mapping[str, str] = HERE | {"REMOTE_ADDR": peer, "HTTP_HOST": host}
    if origin is not None:
        environ = {**environ, "HTTP_ORIGIN": origin}
    if is_local(environ):
        assert host.lower().startswith(("localhost", "127.", "[::1]"))
