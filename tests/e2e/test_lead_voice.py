"""Whole calls by voice through the whole server, and what is left of those that break off."""

import os
import signal
from collections.abc import Sequence

from click.testing import CliRunner

from app.leads.command import transcript_command
from tests.e2e.office import SECRET, asked_of_twilio, converse, found, lead_of, told, values, whatsapp_to
from tests.e2e.phones import Phone, sample, until
from tests.e2e.town import CALLER, Town
from tests.leads.receiver import Receiver

BUY = (
    "שלום אני רוצה לקנות דירה בחולון",
    "ארבעה חדרים",
    "עד שני מיליון",
    "לא, שני מיליון ומאתיים",
    "בעוד חצי שנה בערך",
    "אני מעדיף לא לומר את השם",
    "כן אפשר",
    "כן הכל נכון",
    "בוואטסאפ בבקשה",
)
BUY_SLOTS = {
    "deal": "buy",
    "area": ["חולון"],
    "property_type": "apartment",
    "rooms_min": 4,
    "rooms_max": 4,
    "budget_max": 2_200_000,
    "timing": {"type": "within", "months_max": 6},
    "phone": CALLER,
}


def leads_of(desk: Receiver, call_sid: str) -> int:
    """Return how often a call's lead came to the desk."""
    return sum(f'"sid":"{call_sid}"'.encode() in request.body for request in desk.requests)


def begin(there: Town, texts: Sequence[str]) -> Phone:
    """Hold a call whose every turn is answered, and stay on the line."""
    there.vendors.reset()
    there.vendors.ears.script(*({"texts": [text]} for text in texts))
    phone = there.greeted()
    for _ in texts:
        phone.ask(sample("w01_02"))
    return phone


def test_a_purchase_with_a_correction_and_a_refusal_ends_in_a_confirmed_lead(office: Town, desk: Receiver) -> None:
    """R10.2, R10.5, R14: corrections replace, refusals are respected; lead, WhatsApp and hang-up follow."""
    phone = converse(office, BUY)
    assert asked_of_twilio(office, phone.call_sid) == {"Status": "completed"}
    phone.hang_up()

    lead = lead_of(desk, phone.call_sid)
    assert values(lead) == BUY_SLOTS
    assert (lead["refused"], lead["contact"]["name"]) == (["name"], None)
    assert (lead["call"]["outcome"], lead["summary_confirmed"]) == ("whatsapp", True)
    assert lead["contact"]["phone_confirmed"] is True
    budget = lead["slots"]["budget_max"]
    assert (budget["turn"], budget["quote"] in BUY[3]) == (4, True)
    assert all(slot["quote"] and slot["turn"] for slot in lead["slots"].values())
    turns = lead["transcript"]
    assert [turn["caller"] for turn in turns] == ["", *BUY]
    assert "שני מיליון ומאתיים אלף" in turns[len(BUY) - 2]["agent"], "the summary"
    assert turns[-1]["agent"].endswith("יום נעים.")
    message = found(lambda: whatsapp_to(office, CALLER), "the WhatsApp message")
    assert "שני מיליון ומאתיים אלף" in message["Body"]
    assert leads_of(desk, phone.call_sid) == 1

    database = f"sqlite:///{office.data / 'agent.db'}"
    printed = CliRunner(env={"DATABASE_URL": database}).invoke(transcript_command, [phone.call_sid]).stdout
    assert [line for line in printed.splitlines() if line.startswith("caller:")] == [f"caller: {said}" for said in BUY]
    assert office.vendors.violations() == []


def test_a_caller_who_hangs_up_in_the_middle_is_one_lead(office: Town, desk: Receiver) -> None:
    """R14, R10.5: with what was said until then, also when to call."""
    phone = begin(office, (*BUY[:2], "תתקשרו אליי מחר בעשר בבוקר"))
    phone.hang_up()
    lead = lead_of(desk, phone.call_sid)
    assert values(lead) == {name: BUY_SLOTS[name] for name in lead["slots"]}
    assert lead["slots"].keys() == {"deal", "area", "property_type", "rooms_min", "rooms_max"}
    assert lead["contact"]["phone_source"] == "caller_id"
    assert lead["call"]["outcome"] == "schedule"
    assert lead["call_back"]["when_text"] == "מחר בעשר בבוקר"
    assert "T10:00:00+0" in lead["call_back"]["when"]
    form = {"CallSid": phone.call_sid, "CallStatus": "completed"}
    assert told(office, "/webhook/call_status", form).status == 204
    office.wait_for_log(phone, "CALL_STATUS")
    assert office.rows("SELECT count(*) AS n FROM leads WHERE call_sid = ?", phone.call_sid) == [{"n": 1}]
    assert leads_of(desk, phone.call_sid) == 1


def test_a_server_killed_in_mid_call_still_delivers_the_lead_once(office: Town, desk: Receiver) -> None:
    """R14: kill -9 loses at most the turn in progress; the call's end comes to the next worker."""
    phone = begin(office, BUY[:3])
    killed = office.worker()
    os.kill(killed, signal.SIGKILL)
    until(lambda: phone.is_over, "the end of the stream")
    until(lambda: office.server.log().count("STOCK_READY") >= 2, "the next worker", 90)
    form = {"CallSid": phone.call_sid, "From": CALLER, "CallStatus": "completed"}
    assert told(office, "/webhook/call_status", form).status == 204
    lead = lead_of(desk, phone.call_sid)
    assert lead["slots"].keys() == {"deal", "area", "property_type", "rooms_min", "rooms_max", "budget_max"}
    assert [turn["caller"] for turn in lead["transcript"]] == ["", *BUY[:3]]
    until(
        lambda: office.rows(
            "SELECT * FROM deliveries JOIN leads ON leads.id = lead_id WHERE call_sid = ? AND state = 'delivered'",
            phone.call_sid,
        ),
        "the delivery in the store",
    )
    assert leads_of(desk, phone.call_sid) == 1
    phone.hang_up()
    assert SECRET not in office.server.log()
