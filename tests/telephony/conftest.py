"""One real gunicorn for all edge tests of this room."""

from collections.abc import Iterator

import pytest

from tests.servers import Server, gunicorn

AUTH_TOKEN = "12345"


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    """A server that knows the auth token of Twilio's published vectors, and no public base URL."""
    with gunicorn("tests.telephony.served:app", env={"TWILIO_AUTH_TOKEN": AUTH_TOKEN}) as running:
        yield running
