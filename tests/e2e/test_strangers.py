"""Strangers at the door, on the real server: callers do not notice them."""

import http.client
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from tests.e2e.office import told
from tests.e2e.phones import sample, until
from tests.e2e.town import CALLER, Town
from tests.telephony.peer import HEADERS, Peer, handshake

MEDIA = "/ws/twilio-media"
KNOCKING, IDLE = 300, 700
WISH = "אני מחפש דירה בנתניה"


def health(town: Town) -> dict[str, int]:
    connection = http.client.HTTPConnection(town.server.host, town.server.port, timeout=20)
    try:
        connection.request("GET", "/health")
        answer: dict[str, int] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return answer


def test_a_thousand_connections_at_once_are_no_calls(town: Town) -> None:
    """R2.6, R18: streams that never start and sockets that say nothing; a call among them goes on."""
    town.vendors.ears.script(texts=[WISH])
    with town.call() as phone:
        idle = [town.server.connect() for _ in range(IDLE)]
        strangers = [Peer(town.server.connect()) for _ in range(KNOCKING)]
        for stranger in strangers:
            stranger.send(handshake(MEDIA, HEADERS))
        assert health(town)["live_calls"] == 1
        phone.hear_reply()
        phone.ask(sample("w01_02"), 90)
        assert town.heard(phone, 1)["text"] == WISH
        with town.call() as newcomer:
            newcomer.hear_reply()
            assert health(town)["live_calls"] == 2
        assert {closed_with(stranger) for stranger in strangers} == {1008, 1013}
        for one in idle:
            until(partial(is_gone, one), "the end of one who says nothing")
        phone.hang_up()
        town.wait_until_stored(phone, "ended_at")
    assert "Traceback" not in town.server.log()
    until(lambda: health(town)["live_calls"] == 0, "an empty house")


def test_callers_inside_do_not_notice_two_hundred_outside(office: Town) -> None:
    """R18: a full house answers each at once, politely; who is in is heard and answered without a hole."""
    office.vendors.reset()
    office.vendors.ears.script(texts=[WISH])

    def rings(number: int) -> bytes:
        return told(office, "/webhook/incoming_call", {"CallSid": f"CA{number:032x}", "From": CALLER}).body

    with office.greeted() as phone, ThreadPoolExecutor(20) as outside:
        answers = outside.map(rings, range(200))
        phone.ask(sample("w01_02"), 90)
        assert all(b"<Record" in answer for answer in answers)
        assert office.heard(phone, 1)["text"] == WISH
        assert not phone.was_left_waiting()
        phone.hang_up()
        office.wait_until_stored(phone, "ended_at")


def closed_with(stranger: Peer) -> int:
    """Return the code of the Close that a stranger got."""
    with stranger.socket:
        assert stranger.head().startswith("HTTP/1.1 101 ")
        return stranger.receive_close()


def is_gone(connection: socket.socket) -> bool:
    """Tell whether the server has closed a connection on which it never wrote."""
    connection.setblocking(False)
    try:
        assert connection.recv(1) == b""
    except BlockingIOError:
        return False
    connection.close()
    return True
