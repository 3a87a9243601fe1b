"""HTTPS to Twilio: verified, by one context."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from app.telephony import tls
from app.telephony.rest import TwilioRest
from app.telephony.tls import OneContext, session
from tests.emulators.certificate import Certificate
from tests.emulators.twilio_rest import TwilioRestEmulator
from tests.servers import ROOT

WORKER = """
import sys
import eventlet
eventlet.monkey_patch()
from collections import Counter
from app.runtime import offload
from app.telephony.rest import TwilioError, TwilioRest
from app.telephony.tls import load_authorities

called, (url, account, token) = Counter(), sys.argv[1:]
offload(load_authorities)
sys.setprofile(lambda _frame, event, function: called.update([function.__name__] if event == "c_call" else []))
for call_sid in ("CA1", "CA2"):
    try:
        TwilioRest(account, token, base_url=url).hang_up(call_sid)
    except TwilioError as error:
        print("not verified" if "certificate verify failed" in str(error) else error)
sys.setprofile(None)
print(*(called[name] for name in ("load_verify_locations", "load_default_certs", "set_default_verify_paths")))
print("connections", called["_wrap_socket"])
"""
"""Two hang-ups as the worker does them, each by a connection of its own: what they read again of authorities."""


@pytest.fixture
def certificate(tmp_path: Path) -> Certificate:
    """What the emulator shows."""
    return Certificate(tmp_path)


@pytest.fixture
def emulator(certificate: Certificate) -> Iterator[TwilioRestEmulator]:
    """Twilio as it is: by HTTPS."""
    with TwilioRestEmulator(calls={"CA1": "in-progress", "CA2": "in-progress"}, tls=certificate.server()) as running:
        yield running


@pytest.mark.parametrize("is_trusted", [True, False])
def test_no_connection_of_the_worker_reads_the_authorities_anew(
    emulator: TwilioRestEmulator, certificate: Certificate, is_trusted: bool
) -> None:
    """R9.2: each would hold every call for 35 to 70 ms, at each hang-up.

    Whom to trust may be said as to every program that uses `requests`; without a word it is the usual authorities, and
    who shows a certificate that none of them signed is not spoken to.
    """
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_CA_BUNDLE")}
    if is_trusted:
        environment["REQUESTS_CA_BUNDLE"] = str(certificate.path)
    command = [sys.executable, "-W", "ignore", "-c", WORKER, emulator.url, emulator.account_sid, emulator.auth_token]
    ended = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, env=environment)
    *verdicts, read, connections = ended.stdout.splitlines()
    assert (read, connections) == ("0 0 0", "connections 2")
    assert verdicts == ([] if is_trusted else ["not verified", "not verified"])
    assert set(emulator.calls.values()) == {"completed" if is_trusted else "in-progress"}


def test_by_way_of_a_proxy_the_same_context_is_used(certificate: Certificate) -> None:
    """R2.6, R9.2: HTTPS_PROXY is how some networks let anybody out."""
    context = certificate.client()
    manager = OneContext(context).proxy_manager_for("http://127.0.0.1:1")
    assert manager.connection_pool_kw["ssl_context"] is context


def test_a_context_that_is_given_is_the_one_that_is_used(
    emulator: TwilioRestEmulator, certificate: Certificate
) -> None:
    """R2.6: a name that the certificate does not bear is refused all the same."""
    trusted = certificate.client()
    TwilioRest(emulator.account_sid, emulator.auth_token, base_url=emulator.url, tls=trusted).hang_up("CA1")
    assert emulator.calls["CA1"] == "completed"
    with session(trusted) as http, pytest.raises(requests.exceptions.SSLError, match="not valid for 'localhost'"):
        http.get(emulator.url.replace("127.0.0.1", "localhost"), timeout=5)


@pytest.fixture
def anew() -> Iterator[None]:
    """A process in which no connection was made yet."""
    for made_once in (tls._shared, tls.load_authorities):
        made_once.cache_clear()
    yield
    for made_once in (tls._shared, tls.load_authorities):
        made_once.cache_clear()


@pytest.mark.usefixtures("anew")
def test_the_first_connection_reads_whom_to_trust_where_nobody_has(
    emulator: TwilioRestEmulator, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R13: doctor and the store's child connect without the worker's preparations."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate.path))
    TwilioRest(emulator.account_sid, emulator.auth_token, base_url=emulator.url).hang_up("CA1")
    assert emulator.calls["CA1"] == "completed"
    assert tls.load_authorities() == str(certificate.path)


@pytest.mark.usefixtures("anew")
def test_authorities_may_be_named_as_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """REQUESTS_CA_BUNDLE may be either; without it they are the usual ones."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert tls.load_authorities() == str(tmp_path)
