"""Twilio's REST API: hang up, redirect a live call, send a WhatsApp message.

The official client, synchronous, with a short timeout and no retry: it runs in a green thread or off the hub. (Name
resolution is a plain `getaddrinfo`, which eventlet cannot make green; off the hub is the better place.)
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import orjson
import requests
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.base.version import Version
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from app.telephony.tls import session

API_URL = "https://api.twilio.com"
TIMEOUT_S = 8.0
# "Call is not in-progress. Cannot redirect": it ended before we asked.
CALL_NOT_IN_PROGRESS = 21220
_REFUSED_FROM = 300


class TwilioError(Exception):
    """Twilio refused a request. `code` is Twilio's error code (0 when it gave none), `status` the HTTP status."""

    retriable = False

    def __init__(self, message: str, code: int = 0, status: int = 0) -> None:
        super().__init__(f"{message} (Twilio error {code}, HTTP {status})" if status else message)
        self.code = code
        self.status = status


class TwilioBusyError(TwilioError):
    """Too many requests, or trouble on Twilio's side (429, 5xx): worth trying later."""

    retriable = True


class TwilioUnreachableError(TwilioBusyError):
    """No answer: no connection, or not in time. The request may still have been done."""


class TwilioAuthError(TwilioError):
    """TWILIO_ACCOUNT_SID or TWILIO_AUTH_TOKEN is wrong (401, 403)."""


class CallNotFoundError(TwilioError):
    """Twilio knows no such call or resource (404)."""


@dataclass(frozen=True, slots=True)
class PhoneNumber:
    """A number of the account, and whom it calls: on a call, and when a call changes its status."""

    sid: str
    number: str
    voice_url: str
    voice_method: str
    status_url: str
    status_method: str


class _HttpClient(TwilioHttpClient):  # type: ignore[misc] # twilio has no types
    """Twilio's HTTP client, with the API's origin replaced when another was given, and one TLS context."""

    def __init__(self, base_url: str, timeout_s: float, tls: ssl.SSLContext | None) -> None:
        super().__init__(timeout=timeout_s)
        self.session = session(tls)
        self._base_url = base_url.rstrip("/")

    def request(self, method: str, url: str, *args: Any, **kwargs: Any) -> Response:
        if url.startswith(API_URL):
            url = self._base_url + url[len(API_URL) :]
        return super().request(method, url, *args, **kwargs)


class TwilioRest:
    """One account's REST API. `base_url` points it elsewhere (an emulator, a regional proxy)."""

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        *,
        base_url: str | None = None,
        timeout_s: float = TIMEOUT_S,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`tls`: whom to trust, if not the usual authorities."""
        self._account_sid = account_sid
        # A non-empty `environment` keeps the client from reading TWILIO_REGION and TWILIO_EDGE, which would send calls
        # to another region and end in a 401.
        self._client = Client(
            account_sid,
            auth_token,
            http_client=_HttpClient(base_url or API_URL, timeout_s, tls),
            environment={"TWILIO_ACCOUNT_SID": account_sid},
        )

    def hang_up(self, call_sid: str) -> None:
        """End a call; one that is over already is left in peace.

        Raises:
            TwilioError: or one of its kinds above.
        """
        self._update_call(call_sid, status="completed")

    def redirect(self, call_sid: str, twiml: bytes | str) -> bool:
        """Give a live call new TwiML (at most 4000 characters), which ends its media stream; False if it is over.

        Raises:
            TwilioError: or one of its kinds above.
        """
        return self._update_call(call_sid, twiml=twiml.decode() if isinstance(twiml, bytes) else twiml)

    def send_whatsapp(
        self,
        sender: str,
        to: str,
        *,
        body: str | None = None,
        content_sid: str | None = None,
        variables: Mapping[str, str] | None = None,
        status_callback: str | None = None,
    ) -> str:
        """Queue a WhatsApp message between two E.164 numbers and return its SID.

        Either `body` (delivered only within 24 hours of the receiver's last message: otherwise error 63016 comes to
        `status_callback`) or an approved template, `content_sid` with its `variables`.

        Raises:
            ValueError: not exactly one of `body` and `content_sid`.
            TwilioError: or one of its kinds above.
        """
        if (body is None) == (content_sid is None):
            raise ValueError("send_whatsapp takes either body or content_sid")
        fields: dict[str, Any] = {"body": body, "content_sid": content_sid, "status_callback": status_callback}
        if variables:
            fields["content_variables"] = orjson.dumps(dict(variables)).decode()
        given = {name: value for name, value in fields.items() if value is not None}
        try:
            message = self._client.messages.create(to=_whatsapp(to), from_=_whatsapp(sender), **given)
        except (TwilioException, requests.RequestException) as error:
            raise _translated(error) from error
        return str(message.sid)

    def primary_token(self) -> str:
        """Return the account's primary auth token, the one that webhooks are signed with.

        Raises:
            TwilioError: or one of its kinds above.
        """
        try:
            return str(self._client.api.accounts(self._account_sid).fetch().auth_token)
        except (TwilioException, requests.RequestException) as error:
            raise _translated(error) from error

    def numbers(self) -> list[PhoneNumber]:
        """Return the account's numbers, the first fifty.

        Raises:
            TwilioError: or one of its kinds above.
        """
        try:
            found = self._client.incoming_phone_numbers.list(limit=50)
        except (TwilioException, requests.RequestException) as error:
            raise _translated(error) from error
        return [
            PhoneNumber(
                str(one.sid),
                str(one.phone_number),
                one.voice_url or "",
                one.voice_method or "",
                one.status_callback or "",
                one.status_callback_method or "",
            )
            for one in found
        ]

    def set_webhooks(self, sid: str, voice_url: str, status_url: str) -> None:
        """Have a number call these two addresses, by POST.

        Raises:
            TwilioError: or one of its kinds above.
        """
        try:
            self._client.incoming_phone_numbers(sid).update(
                voice_url=voice_url, voice_method="POST", status_callback=status_url, status_callback_method="POST"
            )
        except (TwilioException, requests.RequestException) as error:
            raise _translated(error) from error

    def _update_call(self, call_sid: str, **fields: Any) -> bool:
        # By the client's request, not by its resource: that one is a hundred modules (77 ms, several times as long on a
        # busy machine), which would load at the first hang-up and hold every call.
        uri = f"{API_URL}/2010-04-01/Accounts/{self._account_sid}/Calls/{quote(call_sid, safe='')}.json"
        try:
            response = self._client.request("POST", uri, data={name.title(): value for name, value in fields.items()})
        except (TwilioException, requests.RequestException) as error:
            raise _translated(error) from error
        if response.status_code < _REFUSED_FROM:
            return True
        translated = _translated(Version.exception("POST", uri, response, "Twilio refused it"))
        if translated.code == CALL_NOT_IN_PROGRESS:
            return False
        raise translated


def _whatsapp(number: str) -> str:
    return number if number.startswith("whatsapp:") else f"whatsapp:{number}"


def _translated(error: Exception) -> TwilioError:
    if not isinstance(error, TwilioRestException | TwilioServiceException):
        return TwilioUnreachableError(f"Twilio did not answer: {error}")
    kind: type[TwilioError] = TwilioError
    if error.status in (401, 403):
        kind = TwilioAuthError
    elif error.status == 404:
        kind = CallNotFoundError
    elif error.status == 429 or error.status >= 500:
        kind = TwilioBusyError
    told = error.msg if isinstance(error, TwilioRestException) else error.detail or error.title
    return kind(str(told), code=int(error.code or 0), status=int(error.status))
