"""Twilio's REST API over real HTTP: updating a call, sending a message, recordings, the account's numbers.

It checks what it is sent as Twilio does (basic auth, form encoding, required and exclusive fields) and answers with
Twilio's bodies and error codes. Unknown calls are 404; `calls` and `fail_next` set the scene.
"""

import base64
import contextlib
import json
import re
import ssl
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self
from urllib.parse import parse_qs

ACTIVE = ("queued", "ringing", "in-progress")
MAX_TWIML_CHARS = 4000
MAX_BODY_CHARS = 1600


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came: the form decoded, the status it got, when it was answered (monotonic seconds)."""

    method: str
    path: str
    form: dict[str, str]
    status: int
    at_s: float = field(default_factory=time.monotonic, compare=False)


@dataclass
class _RestError(Exception):
    status: int
    code: int
    message: str
    is_problem: bool = False

    def body(self) -> dict[str, object]:
        if self.is_problem:
            told = {"type": "about:blank", "title": self.message, "detail": f"{self.message}, in detail"}
            return {**told, "status": self.status, "code": self.code}
        more_info = f"https://www.twilio.com/docs/errors/{self.code}"
        return {"code": self.code, "message": self.message, "more_info": more_info, "status": self.status}


@dataclass
class TwilioRestEmulator:
    """A running emulator; use it as a context manager.

    `calls` maps the CallSids there are to their status, `requests` is what was asked so far. `fail_next` holds
    `(status, code)` answers for the next requests, `delay_s` is waited before each answer. `recordings` maps the
    RecordingSids there are to their WAV files; the first `recordings_late` requests for one find it not ready.
    """

    account_sid: str = "AC" + "0" * 32
    auth_token: str = "a token"
    calls: dict[str, str] = field(default_factory=dict)
    requests: list[Recorded] = field(default_factory=list)
    fail_next: list[tuple[int, int]] = field(default_factory=list)
    tells_problems: bool = False
    """Whether `fail_next` is told in the newer form (RFC 9457)."""
    delay_s: float = 0.0
    recordings: dict[str, bytes] = field(default_factory=dict)
    recordings_late: int = 0
    numbers: list[dict[str, str]] = field(default_factory=list)
    """The account's numbers, as `number_resource` makes them."""
    secondary_token: str = ""
    """Another token that the account may be asked with."""
    clock_off_s: float = 0.0
    """How far ahead the `Date` of its answers is."""
    tls: ssl.SSLContext | None = None
    """Its certificate, where it speaks HTTPS."""
    _messages: int = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"rest": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if self.tls:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens, in place of https://api.twilio.com."""
        return f"http{'s' if self.tls else ''}://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, authorization: str, content_type: str, body: bytes) -> tuple[int, dict[str, object]]:
        """Return status and JSON for one POST, and record it."""
        form: dict[str, str] = {}
        try:
            form = _form(content_type, body)
            status, said = self._answer(path, authorization, form)
        except _RestError as error:
            status, said = error.status, error.body()
        self.requests.append(Recorded("POST", path, form, status))
        return status, said

    def recording_url(self, sid: str) -> str:
        """Return what Twilio's webhooks call a recording."""
        return f"https://api.twilio.com/2010-04-01/Accounts/{self.account_sid}/Recordings/{sid}"

    def recording(self, path: str, authorization: str) -> tuple[int, bytes]:
        """Return status and body for one GET, and record it."""
        sid = path.removeprefix(f"/2010-04-01/Accounts/{self.account_sid}/Recordings/").removesuffix(".wav")
        status, body = 404, b""
        if authorization != self._expected:
            status = 401
        elif self.fail_next:
            status, _ = self.fail_next.pop(0)
        elif self.recordings_late > 0:
            self.recordings_late -= 1
        elif sid in self.recordings:
            status, body = 200, self.recordings[sid]
        self.requests.append(Recorded("GET", path, {}, status))
        return status, body

    def delete(self, path: str, authorization: str) -> int:
        """Return the status of one DELETE of a recording, and record it."""
        sid = path.removeprefix(f"/2010-04-01/Accounts/{self.account_sid}/Recordings/").removesuffix(".json")
        if authorization != self._expected:
            status = 401
        elif self.fail_next:
            status, _ = self.fail_next.pop(0)
        else:
            status = 204 if self.recordings.pop(sid, None) is not None else 404
        self.requests.append(Recorded("DELETE", path, {}, status))
        return status

    def resource(self, path: str, authorization: str) -> tuple[int, dict[str, object]]:
        """Return status and JSON for a GET of the account or its numbers, and record it."""
        account = f"/2010-04-01/Accounts/{self.account_sid}"
        found: dict[str, dict[str, object]] = {
            f"{account}.json": {"sid": self.account_sid, "auth_token": self.auth_token, "status": "active"},
            f"{account}/IncomingPhoneNumbers.json": {"incoming_phone_numbers": self.numbers, "next_page_uri": None},
        }
        resource = found.get(path.partition("?")[0])
        if authorization not in self._known:
            status, said = 401, _RestError(401, 20003, "Authenticate").body()
        elif self.fail_next:
            status, code = self.fail_next.pop(0)
            said = _RestError(status, code, "as told").body()
        elif resource is None:
            status, said = 404, _RestError(404, 20404, f"The requested resource {path} was not found").body()
        else:
            status, said = 200, resource
        self.requests.append(Recorded("GET", path, {}, status))
        return status, said

    @property
    def _expected(self) -> str:
        return self._basic(self.auth_token)

    @property
    def _known(self) -> set[str]:
        return {self._basic(token) for token in (self.auth_token, self.secondary_token) if token}

    def _basic(self, token: str) -> str:
        return f"Basic {base64.b64encode(f'{self.account_sid}:{token}'.encode()).decode()}"

    def _answer(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if authorization != self._expected:
            raise _RestError(401, 20003, "Authenticate")
        if self.fail_next:
            status, code = self.fail_next.pop(0)
            raise _RestError(status, code, "as told", self.tells_problems)
        account = f"/2010-04-01/Accounts/{self.account_sid}/"
        resource = path.removeprefix(account)
        if resource == "Messages.json" and path.startswith(account):
            return 201, self._create_message(form)
        number = next((one for one in self.numbers if resource == f"IncomingPhoneNumbers/{one['sid']}.json"), None)
        if number is not None:
            return 200, self._update_number(number, form)
        call_sid = resource.removeprefix("Calls/").removesuffix(".json")
        if path == f"{account}Calls/{call_sid}.json" and call_sid in self.calls:
            return 200, self._update_call(call_sid, form)
        raise _RestError(404, 20404, f"The requested resource {path} was not found")

    def _update_call(self, call_sid: str, form: dict[str, str]) -> dict[str, object]:
        if self.calls[call_sid] not in ACTIVE:
            raise _RestError(400, 21220, "Call is not in-progress. Cannot redirect.")
        if ("Twiml" in form) + ("Url" in form) + ("Status" in form) != 1:
            raise _RestError(400, 21218, "one of Twiml, Url and Status is wanted")
        if len(form.get("Twiml", "")) > MAX_TWIML_CHARS:
            raise _RestError(400, 21624, "Twiml over 4000 characters")
        if "Status" in form:
            if form["Status"] not in ("completed", "canceled"):
                raise _RestError(400, 21218, "Invalid Status")
            self.calls[call_sid] = form["Status"]
        return {"sid": call_sid, "account_sid": self.account_sid, "status": self.calls[call_sid]}

    @staticmethod
    def _update_number(number: dict[str, str], form: dict[str, str]) -> dict[str, object]:
        names = {"VoiceUrl", "VoiceMethod", "StatusCallback", "StatusCallbackMethod"}
        if unknown := set(form) - names:
            raise _RestError(400, 21100, f"unknown parameters {sorted(unknown)}")
        for name, value in form.items():
            number[re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()] = value
        return dict(number)

    def _create_message(self, form: dict[str, str]) -> dict[str, object]:
        if "To" not in form:
            raise _RestError(400, 21604, "A 'To' phone number is required.")
        if "From" not in form and "MessagingServiceSid" not in form:
            raise _RestError(400, 21603, "A 'From' phone number is required.")
        if "Body" not in form and "ContentSid" not in form:
            raise _RestError(400, 21619, "A text message body or media urls must be specified.")
        if len(form.get("Body", "")) > MAX_BODY_CHARS:
            raise _RestError(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if form["To"].startswith("whatsapp:") != form.get("From", "whatsapp:").startswith("whatsapp:"):
            raise _RestError(400, 21910, "Invalid From and To pair. From and To should be of the same channel")
        if "ContentVariables" in form and not _is_json_object(form["ContentVariables"]):
            raise _RestError(400, 21656, "The Content Variables parameter is invalid.")
        self._messages += 1
        return {
            "sid": f"SM{self._messages:032d}",
            "account_sid": self.account_sid,
            "status": "queued",
            "to": form["To"],
            "from": form.get("From"),
            "body": form.get("Body", ""),
        }


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    rest: TwilioRestEmulator

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        time.sleep(self.rest.delay_s)
        status, said = self.rest.answer(
            self.path, self.headers.get("Authorization", ""), self.headers.get("Content-Type", ""), body
        )
        answer = json.dumps(said).encode()
        with contextlib.suppress(ConnectionError):  # a client that gave up waiting
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

    def do_GET(self) -> None:
        time.sleep(self.rest.delay_s)
        authorization, kind = self.headers.get("Authorization", ""), "audio/x-wav"
        if self.path.partition("?")[0].endswith(".json"):
            status, said = self.rest.resource(self.path, authorization)
            body, kind = json.dumps(said).encode(), "application/json"
        else:
            status, body = self.rest.recording(self.path, authorization)
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def do_DELETE(self) -> None:
        time.sleep(self.rest.delay_s)
        status = self.rest.delete(self.path, self.headers.get("Authorization", ""))
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string((timestamp or time.time()) + self.rest.clock_off_s)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Say nothing: what came is in `requests`."""


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if not content_type.startswith("application/x-www-form-urlencoded"):
        raise _RestError(400, 20001, f"Content-Type {content_type!r} is no form")
    fields = parse_qs(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body))
    return {name: values[0] for name, values in fields.items()}


def number_resource(sid: str, number: str, voice_url: str = "", status_callback: str = "") -> dict[str, str]:
    """Return a number of the account as the API gives it."""
    return {
        "sid": sid,
        "phone_number": number,
        "voice_url": voice_url,
        "voice_method": "POST",
        "status_callback": status_callback,
        "status_callback_method": "POST",
    }


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
