"""What a caller left on Twilio's recorder: where it may be fetched from, fetching and deleting it (R2.7).

Blocking (`requests`): in a green thread or off the hub. Whatever the webhook says, the only address asked is our own
account's recordings at Twilio, so a forged or mistaken URL leads nowhere else.
"""

import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import requests

from app.telephony.rest import API_URL
from app.telephony.tls import session

MAX_BYTES = 20 * 1024 * 1024
CONNECT_TIMEOUT_S = 5.0
READ_TIMEOUT_S = 10.0
TOTAL_TIMEOUT_S = 60.0
_CHUNK_BYTES = 64 * 1024
_RECORDING = re.compile(
    r"/2010-04-01/Accounts/(AC[0-9a-fA-F]{32})/Recordings/(RE[0-9a-fA-F]{32})(?:\.wav|\.mp3|\.json)?"
)


class RecordingError(Exception):
    """The recording cannot be had; the message says why. `retriable`: later it may be there."""

    def __init__(self, message: str, *, retriable: bool = False) -> None:
        super().__init__(message)
        self.retriable = retriable


@dataclass(frozen=True, slots=True)
class RecordingAccount:
    """Whose recordings, and where: `api_url` stands in for Twilio's own address."""

    account_sid: str
    auth_token: str
    api_url: str | None = None

    def __repr__(self) -> str:
        return f"RecordingAccount({self.account_sid!r}, api_url={self.api_url!r})"

    def address(self, recording_url: str) -> str:
        """Return where to fetch what `RecordingUrl` names, as WAV.

        Raises:
            RecordingError: it names no recording of this account at Twilio.
        """
        base = (self.api_url or API_URL).rstrip("/")
        if "?" in recording_url or "#" in recording_url:
            raise RecordingError("RecordingUrl has a query: it is not from Twilio")
        origins = {_origin(API_URL), _origin(base)}
        if _origin(recording_url) not in origins:
            raise RecordingError("RecordingUrl is not at api.twilio.com (nor at TWILIO_API_URL): it is not fetched")
        match = _RECORDING.fullmatch(urlsplit(recording_url).path)
        if match is None or match[1] != self.account_sid:
            raise RecordingError("RecordingUrl names no recording of TWILIO_ACCOUNT_SID: it is not fetched")
        return f"{base}/2010-04-01/Accounts/{match[1]}/Recordings/{match[2]}.wav"


def fetch_recording(account: RecordingAccount, recording_url: str, max_bytes: int = MAX_BYTES) -> bytes:
    """Return a recording's WAV file.

    Raises:
        RecordingError: refused, too big, too slow; retriable where it may not be ready yet or Twilio is in trouble.
    """
    address = account.address(recording_url)
    deadline_s = time.monotonic() + TOTAL_TIMEOUT_S
    try:
        with (
            session() as http,
            http.get(
                address,
                auth=(account.account_sid, account.auth_token),
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
                stream=True,
            ) as answer,
        ):
            _check(answer)
            body = bytearray()
            for chunk in answer.iter_content(_CHUNK_BYTES):
                body += chunk
                if len(body) > max_bytes:
                    raise RecordingError(f"the recording is over {max_bytes} bytes")
                if time.monotonic() > deadline_s:
                    raise RecordingError(f"the recording did not come within {TOTAL_TIMEOUT_S:g} s", retriable=True)
    except requests.RequestException as error:
        raise RecordingError(f"Twilio did not send the recording: {error}", retriable=True) from error
    return bytes(body)


def delete_recording(account: RecordingAccount, recording_url: str) -> None:
    """Delete a recording at Twilio; one that is gone already is left in peace.

    Raises:
        RecordingError: refused, or Twilio did not answer.
    """
    address = account.address(recording_url).removesuffix(".wav") + ".json"
    try:
        with session() as http:
            answer = http.delete(
                address,
                auth=(account.account_sid, account.auth_token),
                timeout=(CONNECT_TIMEOUT_S, READ_TIMEOUT_S),
                allow_redirects=False,
            )
    except requests.RequestException as error:
        raise RecordingError(f"Twilio did not delete the recording: {error}", retriable=True) from error
    if answer.status_code not in (204, 404):
        raise RecordingError(f"HTTP {answer.status_code}: Twilio did not delete the recording", retriable=True)


def _check(answer: requests.Response) -> None:
    status = answer.status_code
    if status in (401, 403):
        raise RecordingError(f"HTTP {status}: TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is wrong")
    if status == 404:
        raise RecordingError("HTTP 404: the recording is not ready yet, or was deleted", retriable=True)
    if status != 200:
        raise RecordingError(f"HTTP {status} instead of the recording", retriable=status == 429 or status >= 500)


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    if parts.username or parts.password:
        return "", "", None
    return parts.scheme, parts.hostname or "", port or {"https": 443, "http": 80}.get(parts.scheme)
