"""What fuzzing begins with: one good input of each kind, and the small pieces that good inputs are made of."""

import random

from tests.telephony.peer import frame

_FORM = b"CallSid=CA1&From=%2B972500000001&To=%2B97230000009&CallStatus=in-progress&DialCallStatus=busy"
SEEDS: dict[str, tuple[bytes, ...]] = {
    "stream_message": (
        b'{"event":"connected","protocol":"Call","version":"1.0.0"}',
        (
            b'{"event":"start","start":{"streamSid":"MZ1","callSid":"CA1","tracks":["inbound"],"mediaFormat":{"encoding":'
            b'"audio/x-mulaw","sampleRate":8000,"channels":1},"customParameters":{"token":"t"}},"streamSid":"MZ1"}'
        ),
        b'{"event":"media","media":{"track":"inbound","chunk":"2","timestamp":"40","payload":"f39/fw=="}}',
        b'{"event":"mark","mark":{"name":"m1"}}',
        b'{"event":"dtmf","dtmf":{"digit":"5"}}',
        b'{"event":"stop","stop":{"callSid":"CA1"}}',
    ),
    "web_socket": (
        frame(1, b"hello"),
        frame(1, b"\xd7", fin=False) + frame(9, b"p") + frame(0, b"\x90"),
        frame(8, b""),
    ),
    "handshake": (
        (
            b"GET\nUpgrade: websocket\nConnection: Upgrade\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: "
            b"dGhlIHNhbXBsZSBub25jZQ==\nSec-WebSocket-Protocol: audio.twilio.com"
        ),
    ),
    "webhook": (
        b"\x04\nX-Twilio-Signature: x\n\n" + _FORM,
        b"\x05\nX-Twilio-Signature: x\n\n" + _FORM,
        b"\x06\nX-Twilio-Signature: x\n\n" + _FORM,
        b"\x0f/webhook/incoming_call_preview\n\n",
        b"\x07/webhook/message_status\n\n" + _FORM,
    ),
    "token": (b"v1.call.1000.abc.def", b""),
    "child_wire": (b"\x02\x00\x00\x00\x01\x00\x00\x00\x02hi",),
    "wav_file": (b"data\x04\x00\x00\x00\x01\x00\x02\x00", b"LIST\x03\x00\x00\x00abc\x00data\x02\x00\x00\x00\x01\x00"),
    "hebrew": (bytes(range(200)), b"\x01\x10\x05\x20\xd0\x03\x07\x21\xd0\x04"),
    "model_answer": (
        "מצוין, חולון. כמה חדרים תרצו בדירה, ומתי תרצו להיכנס אליה?".encode(),
        b'{"area":{"value":"\xd7\x97\xd7\x95\xd7\x9c\xd7\x95\xd7\x9f","quote":"x"},"budget":null,"rooms":3.5}',
    ),
}
_PIECES = (
    b"",
    b"\x00",
    b"\xff",
    b"0",
    b"-1",
    b"1e999",
    b"null",
    b"{",
    b"[" * 40,
    b'"',
    b"\n",
    b"\r\n",
    b":",
    b"%",
    b"\xd0\x00",
)


def inputs(target: str, count: int, seed: int) -> list[bytes]:
    """Return `count` inputs: the target's good ones, and such with something changed, the same for the same seed."""
    choose = random.Random(f"{target} {seed}")
    made = list(SEEDS[target])
    while len(made) < count:
        data = bytearray(choose.choice(made))
        for _ in range(choose.randint(1, 4)):
            _change(data, choose)
        made.append(bytes(data[:4096]))
    return made[:count]


def _change(data: bytearray, choose: random.Random) -> None:
    place = choose.randint(0, len(data))
    length = min(choose.choice((1, 1, 1, 2, 8, 40)), len(data) - place)
    match choose.randrange(5):
        case 0:
            data[place : place + length] = choose.randbytes(length)
        case 1:
            data[place:place] = choose.choice(_PIECES)
        case 2:
            del data[place : place + length]
        case 3:
            data[place:place] = data[place : place + length] * choose.randint(1, 3)
        case _:
            data[place:place] = choose.randbytes(choose.randint(1, 12))
