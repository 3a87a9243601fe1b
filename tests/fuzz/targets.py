"""What is fuzzed. Each target takes bytes and fails (any exception) where the product breaks a promise."""

import io
import json
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from app.dialog import data as words_data
from app.dialog.dialog import Dialog, DialogSettings
from app.dialog.lines.book import opening
from app.dialog.lines.checks import check_line
from app.dialog.llm.reply_gate import ReplyGate
from app.dialog.plan import Plan
from app.media.wav import WavError, parse_wav
from app.sidecar.wire import Unpacker, WireError
from app.telephony import guests, messages
from app.telephony.frames import Event, FrameDecoder, PeerClosed, Violation
from app.telephony.handshake import HandshakeError, shake_hands
from app.telephony.token import TokenVerdict, derive_key, mint, verify
from app.telephony.webhooks import Webhooks, WebhookSettings

Target = Callable[[bytes], None]
TODAY = date(2026, 11, 22)
KEY = derive_key("an auth token of no account")
MOST_BYTES = 4096
MOST_TURNS = 6
_VERBS = ("GET", "POST", "HEAD", "PUT")
_ANSWERS = {200, 204, 400, 403, 405, 408, 413}


def stream_message(data: bytes) -> None:
    """A message on the media stream is understood, or refused with a reason."""
    for parse in (messages.parse, guests.parse_guest):
        try:
            parse(data)
        except messages.MessageError as fault:
            assert str(fault)


def web_socket(data: bytes) -> None:
    """However the network cuts a byte stream, the same comes out; and after a violation nothing does."""
    whole, cut = FrameDecoder(MOST_BYTES), FrameDecoder(MOST_BYTES)
    at_once = whole.feed(data)
    piecemeal: list[Event] = []
    step = 1 + len(data) % 7
    for start in range(0, len(data), step):
        piecemeal += cut.feed(data[start : start + step])
    assert piecemeal == at_once
    ends = [number for number, event in enumerate(at_once) if isinstance(event, Violation | PeerClosed)]
    assert not ends or ends == [len(at_once) - 1]


def handshake(data: bytes) -> None:
    """A handshake is accepted whole or answered with what is wrong."""
    method, *lines = data.decode("latin-1").split("\n")
    environ = _environ(method, "/ws/twilio-media", lines)
    try:
        shake_hands(environ, ("audio.twilio.com",))
    except HandshakeError as fault:
        assert fault.response.status in (400, 405, 426)


def webhook(data: bytes) -> None:
    """Whatever is posted unsigned is answered, and opens no stream."""
    head, _, body = data.partition(b"\n\n")
    first, *lines = head.decode("latin-1").split("\n")
    number = ord(first[0]) if first else 0
    path = ("/webhook/incoming_call", "/webhook/stream_ended", "/webhook/handle_recording", first[1:])[number % 4]
    environ = _environ(_VERBS[number // 4 % 4], path, lines)
    environ |= {"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    environ.setdefault("CONTENT_TYPE", "application/x-www-form-urlencoded")
    answer = WEBHOOKS.handle(environ)
    if answer is not None:
        assert answer.status in _ANSWERS
        assert b"<Stream" not in answer.body or "preview" in path


def token(data: bytes) -> None:
    """No string but one that was minted, for this call and lately, opens a stream."""
    assert verify(KEY, data.decode("utf-8", "replace"), "CA1", 1_000.0) is not TokenVerdict.VALID
    good = mint(KEY, "CA1", 1_000.0)
    place = len(data) % len(good)
    forged = good[:place] + data.decode("latin-1")[:3] + good[place + 1 :]
    assert forged == good or verify(KEY, forged, "CA1", 1_000.0) is not TokenVerdict.VALID


def child_wire(data: bytes) -> None:
    """What a child sends is frames, or told to be none."""
    unpacker = Unpacker()
    try:
        for start in range(0, len(data), 5):
            list(unpacker.feed(data[start : start + 5]))
    except WireError as fault:
        assert str(fault)


def wav_file(data: bytes) -> None:
    """A recording is read, or refused with a reason."""
    for start in (b"", _WAV_HEAD):
        try:
            parse_wav(start + data).mono()
        except WavError as fault:
            assert str(fault)


def hebrew(data: bytes) -> None:
    """Whatever is recognised, keyed or left unsaid, every line that the agent says keeps its rules (R10.4)."""
    dialog = Dialog(DialogSettings(office_name="כהן נכסים"), TODAY, "+972541234567")
    last, plan = "", dialog.greet()
    for act in _acts(data):
        plan = _checked(dialog, plan, last)
        last = opening(plan.line)
        dialog.said(plan.line)
        if plan.ends_call:
            return
        answered = act(dialog)
        if answered is None:
            dialog.memory.last_opening = last = ""
            answered = dialog.resume()
        plan = answered
    _checked(dialog, plan, last)
    restored = Dialog.restore(dialog.settings, TODAY, json.loads(json.dumps(dialog.state)))
    assert restored.state == dialog.state


def model_answer(data: bytes) -> None:
    """Whatever a language model writes, what passes the gate keeps the rules; its reading invents nothing it cannot."""
    text = data.decode("utf-8", "replace")
    dialog = Dialog(DialogSettings(uses_llm=True), TODAY, None)
    dialog.greet()
    plan = dialog.hear("אני מחפש דירה בחולון עד שני מיליון")
    gate = ReplyGate(plan)
    for start in range(0, len(text), 9):
        gate.feed(text[start : start + 9])
    gate.end()
    assert check_line(gate.spoken, plan.context) == (), gate.spoken
    dialog.extracted(text, plan.turn)
    assert json.loads(json.dumps(dialog.state))


TARGETS: dict[str, Target] = {
    one.__name__: one
    for one in (stream_message, web_socket, handshake, webhook, token, child_wire, wav_file, hebrew, model_answer)
}
WEBHOOKS = Webhooks(
    WebhookSettings("an auth token of no account", "https://voice.example", KEY),
    on_event=lambda *_: None,
    spawn=lambda work, *args: work(*args),
)
_WAV_HEAD = (
    b"RIFF\x00\x01\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00"
)


def _environ(method: str, path: str, lines: list[str]) -> dict[str, Any]:
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "192.0.2.1",
        "wsgi.url_scheme": "http",
        "HTTP_HOST": "voice.example",
    }
    for line in lines:
        name, _, value = line.partition(":")
        environ["HTTP_" + name.strip().upper().replace("-", "_")] = value.strip()
    return environ


def _checked(dialog: Dialog, plan: Plan, last: str) -> Plan:
    faults = check_line(plan.line, replace(plan.context, last_opening=last))
    assert faults == (), (plan.line, faults, [said.text for said in dialog.history])
    return plan


def _acts(data: bytes) -> Iterator[Callable[[Dialog], Plan | None]]:
    """Read turns from bytes: two make a word of the product's own lists, an odd character or the end of a turn."""
    said: list[str] = []
    turns = 0
    for first, second in zip(data[::2], data[1::2], strict=False):
        number = 256 * first + second
        if first >= 0xE0:
            said.append(chr(number - 0xE000 + 0x590))
        elif first >= 0xD0:
            turns += 1
            yield _act(number, " ".join(said))
            said = []
        else:
            said.append(WORDS[number % len(WORDS)])
        if turns == MOST_TURNS:
            return
    if said:
        yield _act(0, " ".join(said))


def _act(number: int, text: str) -> Callable[[Dialog], Plan | None]:
    match number % 8:
        case 0 if not text:
            return Dialog.no_input
        case 1:
            return lambda dialog: dialog.dtmf("0123456789*#"[number // 8 % 12])
        case 2:
            return lambda dialog: dialog.hear(text, (text[::-1], text[1:]))
    return lambda dialog: dialog.hear(text)


def _words() -> tuple[str, ...]:
    """Return what callers say: every entry of the lists of words, and numbers as recognisers write them."""
    found = {"", "1", "3", "2,000,000", "050-1234567", "19:30", "₪", "%", "3.5", "ב-2", "2027"}
    for file in Path(words_data.__file__).parent.rglob("*.toml"):
        for text in _texts(tomllib.loads(file.read_text(encoding="utf-8"))):
            found |= {*text.split(), *words_data.phrases(text)}
    return tuple(sorted(found - {"|"}))


def _texts(value: object) -> Iterator[str]:
    match value:
        case str():
            yield value
        case dict():
            for one in value.values():
                yield from _texts(one)
        case list():
            for one in value:
                yield from _texts(one)


WORDS = _words()
