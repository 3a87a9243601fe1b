"""From the first word to the office's desk: whole calls end as leads that were delivered."""

import json
import signal
from pathlib import Path
from xml.etree import ElementTree

from tests.e2e.office import (
    OFFICE,
    SECRET,
    WHATSAPP_FROM,
    asked_of_twilio,
    converse,
    delivery,
    found,
    lead_of,
    told,
    values,
    whatsapp_to,
)
from tests.e2e.phones import AUDIO, sample, until
from tests.e2e.town import CALLER, PUBLIC_URL, Town, town
from tests.leads.receiver import Receiver

RENT = (
    "שלום אני מחפשת דירה לשכירות בגבעתיים",
    "שלושה חדרים",
    "עד שבעת אלפים שקל",
    "בעוד חודשיים",
    "דנה לוי",
    "לא תרשמי מספר אחר",
    "אפס חמש ארבע שלוש שתיים אחת ארבע חמש שש שבע",
    "כן נכון",
    "כן הכל נכון",
    "בוואטסאפ בבקשה",
)
RENT_SLOTS = {
    "deal": "rent",
    "area": ["גבעתיים"],
    "property_type": "apartment",
    "rooms_min": 3,
    "rooms_max": 3,
    "budget_max": 7000,
    "timing": {"type": "within", "months_max": 2},
    "name": "דנה לוי",
    "phone": "+972543214567",
}


def test_a_rental_call_ends_in_a_confirmed_summary_a_delivered_lead_and_a_whatsapp(
    office: Town, desk: Receiver
) -> None:
    """R10.5, R14: stored, signed and delivered; the WhatsApp really goes to Twilio, its status comes back."""
    phone = converse(office, RENT)
    rest = office.vendors.rest
    until(lambda: rest.calls[phone.call_sid] == "completed", "the hang-up by REST")
    assert not phone.is_over, "the server closed before Twilio could: error 31921"
    phone.hang_up()

    lead = lead_of(desk, phone.call_sid)
    assert values(lead) == RENT_SLOTS
    assert lead["call"]["outcome"] == "whatsapp"
    assert lead["contact"] == {
        "name": "דנה לוי",
        "phone": "+972543214567",
        "phone_source": "caller",
        "phone_confirmed": True,
    }
    assert all(slot["quote"] for slot in lead["slots"].values())
    assert [turn["caller"] for turn in lead["transcript"][1:]] == list(RENT)
    assert "גבעתיים" in lead["summary"]

    message = found(lambda: whatsapp_to(office, "+972543214567"), "the WhatsApp message")
    assert message["From"] == f"whatsapp:{WHATSAPP_FROM}"
    assert "גבעתיים" in message["Body"]
    assert message["StatusCallback"] == f"{PUBLIC_URL}/webhook/message_status"

    row = found(lambda: delivery(office, phone.call_sid), "the message's SID in the store")
    form = {"MessageSid": row["vendor_id"], "MessageStatus": "delivered"}
    assert told(office, "/webhook/message_status", form, signed=False).status == 403
    assert told(office, "/webhook/message_status", form).status == 204
    until(lambda: (delivery(office, phone.call_sid) or {}).get("state") == "delivered", "the delivery in the store")


def test_every_turn_is_read_once_more_and_what_only_the_model_saw_is_kept(office: Town, desk: Receiver) -> None:
    """R10.2: extraction beside the talk, with a quote for each value."""
    office.vendors.reset()
    quote = "קרוב לסבתא"
    update = {"slot": "area", "op": "set", "text": None, "list": ["ליד סבתא"], "number": None, "timing": None}
    document = {"intent": "provide_info", "intent_quote": "", "refused": [], "needs_confirmation": []}
    office.vendors.mind.script(json_answer={"updates": [{**update, "quote": quote}], **document})
    office.vendors.ears.script(texts=["אנחנו רוצים לגור " + quote])
    with office.greeted() as phone:
        phone.ask(sample("w01_02"))
        office.wait_for_log(phone, "EXTRACTED")
    lead = lead_of(desk, phone.call_sid)
    assert lead["slots"]["area"]["value"] == ["ליד סבתא"]
    assert lead["slots"]["area"]["quote"] == quote
    assert office.vendors.violations() == []


def test_who_asks_for_a_person_and_is_not_answered_hears_so_and_the_lead_says_it(office: Town, desk: Receiver) -> None:
    """R17, R14: <Dial> by REST once the line was heard; its end is told to a signed webhook."""
    phone = converse(office, ["אני רוצה לדבר עם נציג אנושי"])
    dialled = ElementTree.fromstring(asked_of_twilio(office, phone.call_sid)["Twiml"])
    dial = dialled.find("Dial")
    assert dial is not None
    assert dial.findtext("Number") == OFFICE
    path = dial.attrib["action"].removeprefix(PUBLIC_URL)
    assert not phone.is_over
    phone.hang_up()

    form = {"CallSid": phone.call_sid, "From": CALLER, "DialCallStatus": "no-answer"}
    assert told(office, path, form, signed=False).status == 403
    answer = told(office, path, form)
    said = ElementTree.fromstring(answer.body).findtext("Say") or ""
    assert answer.status == 200
    assert "יועץ יחזור אליכם בהקדם" in said
    lead = lead_of(desk, phone.call_sid)
    assert (lead["wants_human"], lead["transfer"], lead["contact"]["phone"]) == (True, "no-answer", CALLER)


def test_a_transfer_that_twilio_refuses_ends_in_the_agents_own_words(office: Town, desk: Receiver) -> None:
    """R17: nobody is left on a dead line; the lead says that it failed."""
    office.vendors.reset()
    office.vendors.ears.script({"texts": ["אני רוצה לדבר עם נציג אנושי"]})
    phone = office.greeted()
    office.vendors.rest.fail_next = [(400, 21205)]
    office.vendors.rest.delay_s = 0.5  # so that what is said before and after the refusal is two replies
    phone.ask(sample("w01_02"))
    office.wait_for_log(phone, "TRANSFER_FAILED")
    office.vendors.rest.delay_s = 0.0
    assert len(phone.hear_reply()) > 0
    until(lambda: office.vendors.rest.calls[phone.call_sid] == "completed", "the hang-up by REST")
    phone.hang_up()
    lead = lead_of(desk, phone.call_sid)
    assert (lead["wants_human"], lead["transfer"]) == (True, "failed")


def test_a_caller_whose_line_never_came_is_a_lead(house: Town) -> None:
    """R14: Twilio could not open the stream; the office gets the number."""
    form = {"CallSid": "CA" + "d" * 32, "From": CALLER, "To": OFFICE, "CallStatus": "ringing"}
    assert b"<Stream" in told(house, "/webhook/incoming_call", form).body
    assert told(house, "/webhook/call_status", {**form, "CallStatus": "completed"}).status == 204
    query = "SELECT payload FROM leads WHERE call_sid = ?"
    (row,) = found(lambda: house.rows(query, form["CallSid"]), "the lead in the store")
    lead = json.loads(row["payload"])
    assert (lead["contact"]["phone"], lead["slots"], lead["call"]["outcome"]) == (CALLER, {}, "")


def test_a_full_house_takes_a_message_and_makes_a_lead_of_it(office: Town, desk: Receiver) -> None:
    """R18, R2.7: the second caller is asked for a message, which is fetched (late), heard, read and delivered."""
    office.vendors.reset()
    rest = office.vendors.rest
    with office.greeted():
        form = {"CallSid": "CA" + "f" * 32, "From": CALLER, "To": OFFICE, "CallStatus": "ringing"}
        answer = told(office, "/webhook/incoming_call", form)
        assert b"<Record action=" in answer.body
        assert f"{PUBLIC_URL}/webhook/handle_recording".encode() in answer.body

    sid = "RE" + "a" * 32
    rest.recordings[sid] = (AUDIO / "w01_01_ef_dora.wav").read_bytes()
    rest.recordings_late = 1
    office.vendors.ears.script(texts=["שלום קוראים לי דנה לוי אני מחפשת דירה לקנייה ברמת גן"])
    left = {**form, "RecordingUrl": rest.recording_url(sid), "RecordingDuration": "5", "Digits": "hangup"}
    assert told(office, "/webhook/handle_recording", left, signed=False).status == 403
    thanked = told(office, "/webhook/handle_recording", left)
    assert thanked.status == 200
    assert b"<Hangup/>" in thanked.body
    assert told(office, "/webhook/call_status", {**form, "CallStatus": "completed"}).status == 204

    lead = lead_of(desk, form["CallSid"])
    assert values(lead) == {"name": "דנה לוי", "deal": "buy", "property_type": "apartment", "area": ["רמת גן"]}
    assert lead["call"]["outcome"] == "recording"
    assert lead["call"]["channel"] == "recording"
    assert lead["call"]["recording_url"] is None, "read into the lead, and deleted at Twilio"
    assert sid not in rest.recordings
    assert lead["contact"]["phone"] == CALLER
    assert [one.status for one in rest.requests if one.method == "GET" and sid in one.path] == [404, 200]


def test_who_only_knocks_takes_no_place_in_the_house(office: Town) -> None:
    """R18, R2.6: a socket that has shown no token yet is nobody's call, even where there is room for one alone."""
    knock = (
        "GET /ws/twilio-media HTTP/1.1\r\nHost: voice.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    )
    office.vendors.reset()
    with office.server.connect() as stranger:
        stranger.sendall(knock.encode())
        assert stranger.recv(1000).startswith(b"HTTP/1.1 101 ")
        with office.greeted() as phone:
            assert not phone.is_over


def test_a_message_that_cannot_be_had_leaves_the_number_and_forged_addresses_are_not_asked(
    office: Town, desk: Receiver
) -> None:
    """R2.7, R14: a lead is never lost, and will be delivered (later: such a caller may ring again at once); no other
    host is ever contacted.
    """
    office.vendors.reset()
    asked_before = len(office.vendors.rest.requests)
    another = "+972500000456"
    form = {
        "CallSid": "CA" + "e" * 32,
        "From": another,
        "To": OFFICE,
        "RecordingUrl": desk.url + "/2010-04-01/Accounts/x/Recordings/RE" + "a" * 32,
    }
    assert told(office, "/webhook/handle_recording", form).status == 200
    query = "SELECT payload, next_attempt_at FROM leads JOIN deliveries ON leads.id = lead_id WHERE call_sid = ?"
    (row,) = found(lambda: office.rows(query, form["CallSid"]), "the lead in the store, and its delivery")
    lead = json.loads(row["payload"])
    assert lead["contact"]["phone"] == another
    assert lead["call"]["recording_url"] is None
    assert lead["slots"] == {}
    assert row["next_attempt_at"]
    assert [one for one in office.vendors.rest.requests[asked_before:] if one.method == "GET"] == []
    assert all(request.path == "/leads" for request in desk.requests)


def test_a_server_told_to_stop_delivers_what_its_last_call_left(house: Town, desk: Receiver, tmp_path: Path) -> None:
    """R18, R14: the store finishes before its process is ended; on a machine too busy for that, its end of the call
    waits on the disk for the next start.
    """
    env = {"LEAD_WEBHOOK_URL": desk.url + "/leads", "LEAD_WEBHOOK_SECRET": SECRET, "SHUTDOWN_GRACE_S": "12"}
    with town(house.vendors, house.exchange, tmp_path, env, stock_from=house.data) as leaving:
        leaving.vendors.ears.script(texts=["אני מחפש דירה ברחובות"])
        phone = leaving.greeted()
        phone.ask(sample("w01_02"))
        leaving.server.process.send_signal(signal.SIGTERM)
        leaving.server.wait_for_log("DRAINING")
        until(lambda: phone.is_over, "the end of patience")
        assert phone.peer.closed == (1001, "going away")
        assert leaving.server.process.wait(30) == 0
        assert "STOPPED" in leaving.server.log()
        assert "Traceback" not in leaving.server.log()
        waiting = (file.read_text() for file in (leaving.data / "journal").glob("pending-*.jsonl"))
        ends = [
            line for text in waiting for line in text.splitlines() if phone.call_sid in line and '"call_ended"' in line
        ]
        assert leaving.call_row(phone).get("ended_at") or ends
    phone.hang_up()
