"""The WebSocket under a real gunicorn, against a peer that breaks every rule (R4, RFC 6455)."""

import base64
import hashlib
import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable

import pytest

from app.telephony.websocket import WebSocket
from tests.servers import Server
from tests.telephony.peer import HEADERS, KEY, Peer, close, frame, handshake, open_websocket, text


def answer(server: Server, request: bytes) -> tuple[int, dict[str, str]]:
    """Send a raw request; return status and headers (lower-cased names)."""
    peer = Peer(server.connect())
    with peer.socket:
        peer.send(request)
        status, *lines = peer.head().split("\r\n")
    return int(status.split()[1]), {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}


def ended(server: Server) -> list[int | None]:
    """Return the close codes of the WebSockets that ended so far, as our side saw them."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=10)
    connection.request("GET", "/")
    codes: list[int | None] = json.loads(connection.getresponse().read())["ended"]
    connection.close()
    return codes


def wait_until(condition: Callable[[], bool]) -> None:
    """Poll `condition` until it holds."""
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_the_handshake_is_answered_with_the_accept_key_and_no_extension(server: Server) -> None:
    """R4.1."""
    headers = HEADERS | {"Sec-WebSocket-Extensions": "permessage-deflate; client_max_window_bits"}
    status, got = answer(server, handshake("/ws/echo", headers))

    digest = hashlib.sha1((KEY + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").encode()).digest()
    assert status == 101
    assert got["upgrade"] == "websocket"
    assert got["connection"] == "Upgrade"
    assert got["sec-websocket-accept"] == base64.b64encode(digest).decode()
    assert "sec-websocket-extensions" not in got
    assert "sec-websocket-protocol" not in got


@pytest.mark.parametrize("offered", ["audio.twilio.com", "chat, audio.twilio.com", "x,audio.twilio.com,y"])
def test_twilios_subprotocol_is_echoed_when_offered(server: Server, offered: str) -> None:
    """R4.1, R4.2."""
    status, got = answer(server, handshake("/ws/echo", HEADERS | {"Sec-WebSocket-Protocol": offered}))

    assert (status, got["sec-websocket-protocol"]) == (101, "audio.twilio.com")
    server.wait_for_log("Twilio subprotocol requested / Added Twilio subprotocol to handshake")


def test_a_subprotocol_we_do_not_speak_is_not_echoed(server: Server) -> None:
    """R4.1: RFC 6455 forbids it."""
    status, got = answer(server, handshake("/ws/echo", HEADERS | {"Sec-WebSocket-Protocol": "chat"}))

    assert status == 101
    assert "sec-websocket-protocol" not in got
    server.wait_for_log("No Twilio subprotocol requested")


@pytest.mark.parametrize(
    "changes",
    [
        {"Connection": "keep-alive, Upgrade", "Upgrade": "WebSocket"},
        {"Connection": "upgrade"},
    ],
)
def test_headers_are_read_as_lists_and_in_any_case(server: Server, changes: dict[str, str]) -> None:
    """R4.1: proxies rewrite both."""
    assert answer(server, handshake("/ws/echo", HEADERS | changes))[0] == 101


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"Upgrade": ""}, 426),
        ({"Upgrade": "h2c"}, 426),
        ({"Connection": "close"}, 400),
        ({"Sec-WebSocket-Key": ""}, 400),
        ({"Sec-WebSocket-Key": "AAAA"}, 400),
        ({"Sec-WebSocket-Key": "not base64 at all!"}, 400),
        ({"Sec-WebSocket-Key": KEY + "," + KEY}, 400),
        ({"Sec-WebSocket-Version": ""}, 400),
        ({"Sec-WebSocket-Version": "12"}, 426),
        ({"Sec-WebSocket-Version": "99"}, 426),
        ({"Content-Length": "5"}, 400),
    ],
)
def test_a_bad_handshake_gets_400_or_426_never_500(server: Server, changes: dict[str, str], status: int) -> None:
    """R4.3."""
    headers = {name: value for name, value in (HEADERS | changes).items() if value}
    got_status, got = answer(server, handshake("/ws/echo", headers) + b"hello")

    assert got_status == status
    assert int(got["content-length"]) > 0
    if status == 426:
        assert got["sec-websocket-version"] == "13"
        assert got["upgrade"].lower() == "websocket"


def test_a_plain_get_gets_426_and_names_what_is_wanted(server: Server) -> None:
    """R4.3."""
    status, got = answer(server, handshake("/ws/echo", {"Host": "x"}))

    assert status == 426
    assert (got["upgrade"], got["connection"].lower(), got["sec-websocket-version"]) == ("websocket", "upgrade", "13")


def test_a_wrong_method_gets_405_and_an_old_http_400(server: Server) -> None:
    """R4.3."""
    status, got = answer(server, handshake("/ws/echo", HEADERS, method="POST"))
    assert (status, got["allow"]) == (405, "GET")
    assert answer(server, handshake("/ws/echo", HEADERS, version="HTTP/1.0"))[0] == 400
    without_host = {name: value for name, value in HEADERS.items() if name != "Host"}
    assert answer(server, handshake("/ws/echo", without_host))[0] == 400


def test_text_comes_back_and_binary_is_seen_as_bytes(server: Server) -> None:
    """R4.1."""
    peer = open_websocket(server)
    peer.send(text("שלום") + frame(0x2, b"\x00\xff\x80"))

    assert peer.receive_text() == "שלום"
    assert peer.receive_text() == "3 bytes"
    peer.socket.close()


@pytest.mark.parametrize("size", [0, 1, 125, 126, 127, 65535, 65536])
def test_every_length_form_passes(server: Server, size: int) -> None:
    """RFC 6455 §5.2: 7, 16 and 64 bit lengths, up to the cap itself."""
    peer = open_websocket(server)
    peer.send(text("a" * size))

    assert peer.receive_text() == "a" * size
    peer.socket.close()


def test_frames_in_the_packet_of_the_handshake_are_not_lost(server: Server) -> None:
    """R4.1: gunicorn's parser has read them already."""
    peer = Peer(server.connect())
    peer.send(handshake("/ws/echo", HEADERS) + text("early") + text("bird")[:3])
    assert peer.head().startswith("HTTP/1.1 101 ")

    assert peer.receive_text() == "early"
    peer.socket.close()


def test_fragments_are_joined_round_a_ping(server: Server) -> None:
    """RFC 6455 §5.4."""
    peer = open_websocket(server)
    peer.send(frame(0x1, b"one ", fin=False) + frame(0x9, b"are you there") + frame(0x0, b"two ", fin=False))
    assert peer.receive() == (0xA, b"are you there")
    peer.send(frame(0xA, b"unasked") + frame(0x0, b"", fin=False) + frame(0x0, b"three"))

    assert peer.receive_text() == "one two three"
    peer.socket.close()


def test_a_character_may_be_cut_between_fragments_and_segments(server: Server) -> None:
    """RFC 6455 §5.6; one byte a segment."""
    peer = open_websocket(server)
    word = "דירה".encode()
    for byte in frame(0x1, word[:3], fin=False) + frame(0x0, word[3:4], fin=False) + frame(0x0, word[4:]):
        peer.send(bytes([byte]))

    assert peer.receive_text() == "דירה"
    peer.socket.close()


VIOLATIONS = {
    "unmasked": (frame(0x1, b"hi", masked=False), 1002),
    "reserved bit 1": (frame(0x1, b"hi", rsv=4), 1002),
    "reserved bit 3": (frame(0x1, b"hi", rsv=1), 1002),
    "unknown data opcode": (frame(0x3, b"hi"), 1002),
    "unknown control opcode": (frame(0xB, b"hi"), 1002),
    "continuation of nothing": (frame(0x0, b"hi"), 1002),
    "message inside a message": (frame(0x1, b"a", fin=False) + frame(0x1, b"b"), 1002),
    "fragmented ping": (frame(0x9, b"hi", fin=False), 1002),
    "ping over 125 bytes": (frame(0x9, b"x" * 126), 1002),
    "long form of a short length": (b"\x81\xfe\x00\x05" + b"\x00" * 9, 1002),
    "longest form of a middling length": (b"\x81\xff" + struct.pack("!Q", 300) + b"\x00" * 304, 1002),
    "bad UTF-8": (frame(0x1, b"\xff\xfe"), 1007),
    "surrogate in UTF-8": (frame(0x1, b"\xed\xa0\x80"), 1007),
    "UTF-8 cut off at the end": (frame(0x1, b"\xd7"), 1007),
    "UTF-8 cut off at the last fragment": (frame(0x1, b"a", fin=False) + frame(0x0, b"\xd7"), 1007),
    "too big": (frame(0x1, b"a" * 65537), 1009),
    "too big by its header alone": (frame(0x1, b"a", length=1 << 40), 1009),
    "too big over fragments": (frame(0x1, b"a" * 40000, fin=False) + frame(0x0, b"a" * 40000), 1009),
    "close with one byte": (frame(0x8, b"\x03"), 1002),
    "close with bad UTF-8": (close(1000, b"\xff"), 1007),
    **{f"close with {code}": (close(code), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000)},
}


@pytest.mark.parametrize(("sent", "code"), VIOLATIONS.values(), ids=VIOLATIONS.keys())
def test_a_violation_is_answered_with_its_code(server: Server, sent: bytes, code: int) -> None:
    """RFC 6455 §7.4.1: 1002, 1007, 1009; what came before it still counts."""
    peer = open_websocket(server)
    peer.send(text("before") + sent)

    assert peer.receive_text() == "before"
    assert peer.receive_close() == code
    peer.socket.close()


@pytest.mark.parametrize(("path", "of_call"), [("/ws/call", " call_sid='CA7'"), ("/ws/echo", "")])
def test_a_violation_is_logged_as_the_calls_whose_stream_it_is(server: Server, path: str, of_call: str) -> None:
    """R11.1: once the stream has said whose it is."""
    peer = open_websocket(server, path)
    peer.send(text("hello"))
    assert peer.receive_text() == "hello"
    peer.send(frame(0x3))
    assert peer.receive_close() == 1002
    peer.socket.close()
    line = server.wait_for_log(f"code=1002 reason='unknown opcode 0x3'{of_call}")
    assert ("call_sid" in line) == bool(of_call)


def test_a_peer_that_is_gone_before_its_handshake_is_answered_is_cut_off() -> None:
    """R4: it ends as any line that broke, and not with a fault of ours."""
    ours, theirs = socket.socketpair()
    theirs.close()
    request = {"REQUEST_METHOD": "GET", "SERVER_PROTOCOL": "HTTP/1.1"}
    environ = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in HEADERS.items()}
    with ours:
        opened = WebSocket.accept({**request, **environ, "gunicorn.socket": ours})
        assert opened.close_code == 1006
        assert opened.receive() is None


@pytest.mark.parametrize("code", [1000, 1001, 1011, 3000, 4999])
def test_the_peers_close_is_echoed(server: Server, code: int) -> None:
    """RFC 6455 §5.5.1."""
    peer = open_websocket(server)
    peer.send(close(code, "שלום".encode()) + text("too late"))

    assert peer.receive_close() == code
    peer.socket.close()


def test_an_empty_close_is_echoed_empty(server: Server) -> None:
    """RFC 6455 §7.1.5."""
    peer = open_websocket(server)
    peer.send(frame(0x8))

    assert peer.receive_close() == 1005


def test_closing_from_our_side_waits_for_the_peers_answer(server: Server) -> None:
    """RFC 6455 §7.1.1."""
    peer = open_websocket(server)
    peer.send(text("close me") + text("not heard any more"))
    received = peer.receive()

    assert received == (0x8, struct.pack("!H", 4001) + b"as asked")
    peer.send(close(4001))
    assert peer.receive() is None


def test_closing_from_another_greenlet_wakes_the_reader_though_the_peer_says_nothing(server: Server) -> None:
    """A dead peer must not hold a greenlet for ever."""
    before = ended(server).count(1001)
    peer = open_websocket(server, "/ws/close")

    assert peer.receive_close() == 1001
    wait_until(lambda: ended(server).count(1001) == before + 1)


def test_closing_waits_no_longer_than_it_lingers_for_a_peer_that_reads_nothing(server: Server) -> None:
    """A peer that stopped reading neither."""
    before = ended(server).count(1001)
    peer = open_websocket(server, "/ws/stuck")

    wait_until(lambda: ended(server).count(1001) == before + 1)
    peer.socket.close()


def test_a_peer_that_reads_nothing_is_cut_off_before_memory_fills(server: Server) -> None:
    """What waits for one slow peer is bounded."""
    before = ended(server).count(1006)
    peer = open_websocket(server, "/ws/too_much")

    wait_until(lambda: ended(server).count(1006) == before + 1)
    peer.socket.close()


def test_who_breaks_the_rules_while_much_waits_for_it_still_reads_all_and_why(server: Server) -> None:
    """RFC 6455 §7.1.7: the Close comes after what was sent before it, and our side is not shut until then."""
    peer = open_websocket(server, "/ws/stuck")
    with peer.socket:
        peer.send(frame(0x3))
        assert [len(peer.receive_text()) for _ in range(3)] == [60_000] * 3
        assert peer.receive_close() == 1002


def test_a_slow_reader_gets_every_message_whole_from_four_senders(server: Server) -> None:
    """Back-pressure and concurrent senders corrupt nothing."""
    peer = Peer(socket.socket())
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    peer.socket.settimeout(30)
    peer.socket.connect((server.host, server.port))
    peer.send(handshake("/ws/many", HEADERS))
    peer.head()
    wait_until(lambda: len(peer.socket.recv(4096, socket.MSG_PEEK)) > 0)

    got: dict[str, int] = {}
    while len(message := peer.receive_text()) == 12_000:
        assert message == message[0] * 12_000
        got[message[0]] = got.get(message[0], 0) + 1
    assert got == dict.fromkeys("abcd", 5)
    assert [message, peer.receive_text(), peer.receive_text()] == ["two", "at once", "all sent"]
    peer.socket.close()


def test_a_reset_ends_the_call_as_cut_off(server: Server) -> None:
    """RFC 6455 §7.1.5: 1006."""
    before = ended(server).count(1006)
    peer = open_websocket(server)
    peer.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.socket.close()

    wait_until(lambda: ended(server).count(1006) == before + 1)


def test_many_peers_at_once_do_not_mix(server: Server) -> None:
    """One process carries many calls."""
    failures: list[str] = []

    def talk(number: int) -> None:
        peer = open_websocket(server)
        for turn in range(20):
            peer.send(text(f"{number}:{turn}"))
            if peer.receive_text() != f"{number}:{turn}":
                failures.append(f"{number}:{turn}")
        peer.socket.close()

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_a_flood_on_one_line_leaves_the_others_served(server: Server) -> None:
    """R3.1: a stranger who sends faster than we read must not hold the hub."""
    flood = frame(0xA, b"") * 200_000
    peer = open_websocket(server)
    done = threading.Event()

    def send() -> None:
        while not done.is_set():
            peer.send(flood)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        other = open_websocket(server)
        for _ in range(5):
            other.send(text("still there?"))
            assert other.receive_text() == "still there?"
        ended(server)
    finally:
        done.set()
        sender.join()
        peer.socket.close()


def test_the_server_logged_no_traceback(server: Server) -> None:
    """R4.3. Runs last in this file: whatever the peers did, nothing was unexpected."""
    assert "Traceback" not in server.log()
