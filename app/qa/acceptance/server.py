"""The server under test, as HTTP reaches it: signed or not, from here or carried by a proxy."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlencode, urlsplit

from app.qa.wire.http_client import HttpResponse, request
from app.qa.wire.twilio_peer import Account, sign
from app.telephony.browser_calls import new_browser_call_sid

FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
STRANGER = "203.0.113.7"  # RFC 5737: nobody's address


@dataclass(slots=True)
class ServerUnderTest:
    """Makes requests and remembers how long connections took; what that costs is not the server's."""

    account: Account
    connects_ms: list[float] = field(default_factory=list)

    @property
    def is_signed(self) -> bool:
        """Whether requests can be signed as Twilio's."""
        return bool(self.account.auth_token)

    @property
    def public_url(self) -> str:
        """The address that Twilio knows."""
        return (self.account.public_url or self.account.url).rstrip("/")

    def url(self, path: str, query: str = "") -> SplitResult:
        """Return where a path is asked for."""
        here = urlsplit(self.account.url)
        return SplitResult(here.scheme, here.netloc, path, query, "")

    def delay_ms(self, response: HttpResponse) -> float:
        """Return what the server itself took: to the first byte, less the fastest round trip seen."""
        return max(0.0, response.first_byte_ms - min(self.connects_ms, default=0.0))

    async def ask(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, query: str = "", body: bytes = b""
    ) -> HttpResponse:
        """Make a request.

        Raises:
            ServerError: refused, too late, or not HTTP.
        """
        answer = await request(method, self.url(path, query), {**self._proxy(), **(headers or {})}, body)
        self.connects_ms.append(answer.connect_ms)
        return answer

    async def webhook(
        self,
        path: str,
        form: Mapping[str, str],
        *,
        signature: str | None = None,
        is_stranger: bool = False,
        query: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> HttpResponse:
        """Post a webhook: signed where that can be done, `signature` instead if given, none for a stranger.

        Raises:
            ServerError: refused, too late, or not HTTP.
        """
        written = self.public_url + path + (f"?{query}" if query else "")
        extra = dict(headers or {})
        if signature is not None:
            extra["X-Twilio-Signature"] = signature
        elif self.account.auth_token and not is_stranger:
            extra["X-Twilio-Signature"] = sign(self.account.auth_token, written, form)
        if is_stranger and not self.account.auth_token:
            extra["X-Forwarded-For"] = STRANGER  # to a server in development mode this machine is no stranger
        return await self.ask("POST", path, {**FORM, **extra}, query, urlencode(form).encode())

    def _proxy(self) -> dict[str, str]:
        if not self.account.public_url:
            return {}
        public = urlsplit(self.account.public_url)
        return {"X-Forwarded-Proto": public.scheme, "X-Forwarded-Host": public.netloc}


def new_call_form(account: Account, **extra: str) -> dict[str, str]:
    """Return the form of a test call that nobody makes: no lead comes of it."""
    return {
        "CallSid": new_browser_call_sid(),
        "AccountSid": "AC" + secrets.token_hex(16),
        "ApiVersion": "2010-04-01",
        "Direction": "inbound",
        "From": "anonymous",
        "To": account.to_number,
        "CallStatus": "ringing",
        **extra,
    }
