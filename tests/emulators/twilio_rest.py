"""Twilio's REST API over real HTTP: updating a call, sending a message, fetching a recording.

It checks what it is sent as Twilio does (basic auth, form encoding, required and exclusive fields) and answers with
Twilio's bodies and error codes. Unknown calls are 404; `calls` and `fail_next` set the scene.
"""

import base64
import contextlib
import json
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
    """One request as it came: the form decoded, the status it got."""

    method: str
    path: str
    form: dict[str, str]
    status: int


@dataclass
class _RestError(Exception):
    status: int
    code: int
    message: str

    def body(self) -> dict[str, object]:
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
    delay_s: float = 0.0
    recordings: dict[str, bytes] = field(default_factory=dict)
    recordings_late: int = 0
    _messages: int = 0

    def __enter__(self) -> Self:
        handler = type("Handler", (_Handler,), {"rest": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
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
        return f"http://127.0.0.1:{self._server.server_address[1]}"

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

    @property
    def _expected(self) -> str:
        return f"Basic {base64.b64encode(f'{self.account_sid}:{self.auth_token}'.encode()).decode()}"

    def _answer(self, path: str, authorization: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if authorization != self._expected:
            raise _RestError(401, 20003, "Authenticate")
        if self.fail_next:
            status, code = self.fail_next.pop(0)
            raise _RestError(status, code, "as told")
        account = f"/2010-04-01/Accounts/{self.account_sid}/"
        resource = path.removeprefix(account)
        if resource == "Messages.json" and path.startswith(account):
            return 201, self._create_message(form)
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
        status, body = self.rest.recording(self.path, self.headers.get("Authorization", ""))
        with contextlib.suppress(ConnectionError):
            self.send_response(status)
            self.send_header("Content-Type", "audio/x-wav")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's own name
        """Say nothing: what came is in `requests`."""


def _form(content_type: str, body: bytes) -> dict[str, str]:
    if not content_type.startswith("application/x-www-form-urlencoded"):
        raise _RestError(400, 20001, f"Content-Type {content_type!r} is no form")
    fields = parse_qs(body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body))
    return {name: values[0] for name, values in fields.items()}


def _is_json_object(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict)
    except ValueError:
        return False
