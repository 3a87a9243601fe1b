"""What the store is told of a call."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, ParamSpec

import pytest

from app.call.events import Save
from app.call.shell.ledger import ISRAEL, Ledger, summary_text
from app.call.states import State
from app.dialog.dialog import Dialog, DialogSettings
from app.leads.records import CallBack, Record, SlotChange, WhatsAppRequest
from tests.call.driver import TODAY, CallDriver, Stt, World

P = ParamSpec("P")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=ISRAEL)
AREA = "אני מחפש דירה בשכירות ברעננה"
SEARCH = ("שלושה חדרים", "עד שבעת אלפים", "תוך חודשיים")
DICTATED = "אפס חמש ארבע שבע שתיים אחת ארבע שש תשע שבע"


class RecordingStore:
    """Keeps the calls made to it, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def tell(self, kind: Callable[P, Record], /, *args: P.args, **fields: P.kwargs) -> None:
        record = kind(*args, **fields)
        self.told.append((record.op, dict(fields)))

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [given for name, given in self.told if name == kind]

    def turn(self, number: int) -> dict[str, Any]:
        """The turn as it was written last."""
        return [given for given in self.all("turn") if given["number"] == number][-1]

    def facts(self) -> dict[str, Any]:
        """All facts as the store holds them in the end."""
        held: dict[str, Any] = {}
        for given in self.all("facts"):
            held |= {name: fact for name, fact in given.items() if name not in ("call_sid", "withdrawn")}
            held = {name: fact for name, fact in held.items() if name not in given["withdrawn"]}
        return held

    def fact(self, name: str) -> Any:
        return self.facts().get(name)

    def slots(self) -> dict[str, Any]:
        """All slots' values as the store holds them in the end."""
        held = {name: change.value for given in self.all("slots") for name, change in given["changes"].items()}
        return {name: value for name, value in held.items() if value is not None}


def kept(drive: CallDriver) -> RecordingStore:
    """Write all that a driven call saved."""
    store = RecordingStore()
    ledger = Ledger(store, "CA1", lambda: NOW)
    for save in drive.commands(Save):
        ledger.save(save.kind, save.data)
    return store


def talk(*words: str, caller: str | None = None) -> CallDriver:
    """A whole call in these words, hung up by the caller where the agent does not end it."""
    drive = CallDriver(World())
    drive.start(caller)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    for text in words:
        drive.answer(1000, Stt(text))
        drive.quiet(200)
        while drive.call.state is State.SPEAKING:
            drive.quiet(20)
    drive.end()
    return drive


def test_a_call_is_written_as_it_happens_from_start_to_end() -> None:
    """R14: who called, every turn whole, the outcome; each once."""
    store = kept(talk(AREA, "שלושה חדרים", caller="+972541234549"))
    assert store.told[0] == (
        "call_started",
        {
            "call_sid": "CA1",
            "stream_sid": "MZ1",
            "from_number": "+972541234549",
            "to_number": "+972500000000",
            "channel": "call",
        },
    )
    assert store.told[-1][0] == "call_ended"
    assert len(store.all("call_ended")) == len(store.all("call_started")) == 1
    greeting, first = store.turn(0), store.turn(1)
    assert (greeting["caller_text"], greeting["asked"]) == ("", "greeting")
    assert greeting["agent_heard"] == greeting["agent_text"] != ""
    assert (first["caller_text"], first["asked"]) == (AREA, "rooms")
    assert first["agent_heard"] == first["agent_text"] != ""
    assert first["state"]["slots"]["area"] == ["רעננה"]


def test_a_call_from_the_softphone_page_is_stored_as_what_it_is() -> None:
    """R21: its SID says so, whoever tells the store of it."""
    store = RecordingStore()
    Ledger(store, "BR" + "0a" * 16).save("started", {"stream_sid": "MZ1", "caller": "+972500000000", "callee": None})
    assert store.all("call_started")[0]["channel"] == "browser"


def test_a_turn_holds_where_its_time_went() -> None:
    """R19: from the end of the caller's voice to the agent's first frame."""
    latencies = kept(talk(AREA)).turn(1)["latencies_ms"]
    assert set(latencies) == {"endpointing", "asr", "llm_first_token", "tts_first_byte", "voice_to_voice"}
    assert latencies["asr"] == 200
    assert latencies["tts_first_byte"] == 120
    assert latencies["voice_to_voice"] >= latencies["endpointing"] + 200 + 120


def test_a_turn_is_known_before_the_agent_answers_it() -> None:
    """R14: a call that dies in the middle has lost nothing that was understood."""
    drive = CallDriver(World(stts=[Stt(AREA)])).listening()
    drive.answer(1000)
    store = kept(drive)
    assert store.turn(1)["caller_text"] == AREA
    assert store.turn(1)["agent_heard"] is None
    deal = store.all("slots")[0]["changes"]["deal"]
    assert (deal.value, deal.confirmed) == ("rent", False)
    assert deal.quote in AREA
    drive.end()
    assert kept(drive).turn(1)["agent_heard"] == ""


def test_what_was_not_heard_of_a_reply_is_not_written_as_heard() -> None:
    """R7.5: generated and heard are two columns."""
    drive = CallDriver(World(stts=[Stt(AREA, interim=AREA)]))
    drive.start()
    drive.until(State.SPEAKING)
    drive.quiet(2000)
    drive.says(1500)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    greeting = kept(drive).turn(0)
    assert greeting["agent_text"].startswith(greeting["agent_heard"])
    assert 0 < len(greeting["agent_heard"]) < len(greeting["agent_text"])


def test_the_silence_ladders_lines_stand_beside_the_turn_before() -> None:
    """R14: what was said unasked is not lost."""
    drive = CallDriver().listening()
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    drive.end()
    greeting = kept(drive).turn(0)
    assert drive.sentences[max(drive.sentences)] in greeting["agent_heard"]
    assert drive.sentences[1] in greeting["agent_heard"]


def test_a_number_read_back_and_agreed_to_is_written_as_confirmed() -> None:
    """R10.2, R14: the office must know which numbers were checked."""
    words = (
        AREA,
        "שלושה חדרים",
        "עד שבעת אלפים",
        "תוך חודשיים",
        "דנה",
        "אפס חמש ארבע שבע שתיים אחת ארבע שש תשע שבע",
        "כן",
    )
    store = kept(talk(*words))
    phones = [given["changes"]["phone"] for given in store.all("slots") if "phone" in given["changes"]]
    assert phones[0] == SlotChange(value="+972547214697", quote=words[5], confidence=1.0, confirmed=False)
    assert [phone.confirmed for phone in phones] == [False, True]


def test_a_summary_by_whatsapp_is_asked_for_once_with_the_collected_words() -> None:
    """R10.5: to the number that was confirmed."""
    words = (AREA, "שלושה חדרים", "עד שבעת אלפים", "תוך חודשיים", "דנה", "כן", "כן נכון", "וואטסאפ")
    store = kept(talk(*words, caller="+972541234549"))
    request = store.fact("whatsapp")
    assert isinstance(request, WhatsAppRequest)
    assert request.to == "+972541234549"
    assert "רעננה" in request.body
    assert request.variables == {"1": request.body}
    assert len([one for one in store.all("facts") if "whatsapp" in one]) == 1
    assert store.told[-1][1]["outcome"] == "whatsapp"


def test_wishes_for_a_person_and_silence_about_something_are_facts() -> None:
    """R17: what the office has to know beside the slots."""
    assert kept(talk("אני רוצה לדבר עם נציג אנושי")).fact("wants_human") is True
    refused = kept(talk(AREA, "שלושה חדרים", "מעדיף לא להגיד כמה")).fact("refused")
    assert refused == ["budget"]


@pytest.mark.parametrize(
    ("words", "when"),
    [("תחזרו אליי מחר בערב", "23.11 18:00"), ("תתקשרו אליי מחר בעשר בבוקר", "23.11 10:00")],
)
def test_a_wish_to_be_called_is_stored_though_the_caller_hangs_up_at_once(words: str, when: str) -> None:
    """R10.5: in the caller's words, and as Israel's time where they are clear."""
    wish = kept(talk(words, caller="+972541234549")).fact("call_back")
    assert isinstance(wish, CallBack)
    assert wish.when_text in words
    assert wish.when is not None
    assert f"{wish.when:%d.%m %H:%M}" == when


CONTACT = ("דנה", "כן")


def test_a_summary_asked_for_goes_out_though_the_caller_hangs_up_before_the_goodbye() -> None:
    """R10.5, R14: once the number is confirmed, nothing more is needed of the caller."""
    store = kept(talk(AREA, "תשלחו לי סיכום בוואטסאפ", *SEARCH, *CONTACT, caller="+972541234549"))
    request = store.fact("whatsapp")
    assert isinstance(request, WhatsAppRequest)
    assert request.to == "+972541234549"
    assert "שבעת אלפים" in request.body
    assert store.fact("whatsapp_not_sent") is None


@pytest.mark.parametrize(
    ("words", "caller", "why"),
    [
        (("תשלחו לי סיכום בוואטסאפ",), "+972541234549", "no_number"),
        (("תשלחו לי סיכום בוואטסאפ", *SEARCH, *CONTACT), "+97231234567", "landline"),
        (("תשלחו לי סיכום בוואטסאפ", *SEARCH, "דנה", DICTATED), None, "number_not_confirmed"),
    ],
)
def test_why_a_summary_that_was_asked_for_does_not_go_out_is_stored(
    words: tuple[str, ...], caller: str | None, why: str
) -> None:
    """R14: what is not delivered is visible; a landline, or a number nobody confirmed, is not tried."""
    store = kept(talk(AREA, *words, caller=caller))
    assert store.fact("whatsapp") is None
    assert store.fact("whatsapp_not_sent") == why


def test_half_a_sentence_that_was_answered_too_early_leaves_nothing_behind() -> None:
    """R6.4, R14: wishes and values of a withdrawn half are taken back when the whole is known."""
    before = Dialog(DialogSettings(), TODAY, "+972541234549")
    before.greet()
    store = RecordingStore()
    ledger = Ledger(store, "CA1", lambda: NOW)

    def heard(words: str) -> Dialog:
        dialog = before.copy()
        ledger.save("heard", {"turn": 1, "text": words, "plan": dialog.hear(words), "state": dialog.state})
        return dialog

    heard("דירה לקנייה בחיפה עד שני מיליון")
    assert store.slots()["area"] == ["חיפה"]
    heard("תשלחו לי סיכום בוואטסאפ")
    assert (store.slots(), store.fact("whatsapp_not_sent")) == ({}, "no_number")
    words = "דירה להשכרה בנתניה"
    whole = heard(words)
    assert store.slots() == whole.slots
    assert store.fact("whatsapp_not_sent") is None
    assert store.turn(1)["caller_text"] == words


def test_a_caller_who_goes_on_leaves_one_turn_with_what_both_halves_say_together() -> None:
    """R6.4, R14: through the whole machine, though the first half was stored before its reply was heard."""
    halves = "תשלחו לי סיכום בוואטסאפ", "לא רגע אני מחפש דירה בשכירות ברעננה"
    drive = CallDriver(World(stts=[Stt(halves[0]), Stt(halves[1])])).listening()
    drive.says(1500)
    drive.until(State.SPEAKING)
    assert kept(drive).turn(1)["caller_text"] == halves[0]
    drive.says(1200)
    drive.until(State.SPEAKING)
    drive.until(State.LISTENING)
    store = kept(drive)
    assert store.turn(1)["caller_text"] == " ".join(halves)
    assert max(given["number"] for given in store.all("turn")) == 1
    state = store.turn(1)["state"]
    assert store.slots() == state["slots"]
    assert (store.fact("whatsapp_not_sent") is not None) == state["whatsapp"]


def test_words_after_which_the_line_breaks_off_are_not_lost() -> None:
    """R14: in the middle of a turn, too, as far as the recogniser has heard them."""
    drive = CallDriver(World(stts=[Stt(AREA, interim=AREA)])).listening()
    drive.says(1000)
    drive.end()
    store = kept(drive)
    assert store.turn(1)["caller_text"] == AREA
    assert store.slots()["area"] == ["רעננה"]
    assert store.told[-1][0] == "call_ended"


def test_what_the_dialog_drops_is_dropped_in_the_store() -> None:
    """R10.2: a purchase's budget says nothing about a rent; a number that was denied is not the caller's."""
    store = kept(talk("דירה לקנייה ברעננה עד שני מיליון", "בעצם להשכרה"))
    assert store.slots()["deal"] == "rent"
    assert "budget_max" not in store.slots()
    denied = kept(talk(AREA, *SEARCH, "דנה", DICTATED, "לא"))
    assert "phone" not in denied.slots()


def test_after_every_turn_the_store_holds_what_the_dialog_knows() -> None:
    """R14: no change of mind leaves anything behind."""
    words = (AREA, *SEARCH, "דנה לוי", "כן", "לא, התקציב הוא שמונת אלפים", "כן", "וואטסאפ")
    store = RecordingStore()
    ledger = Ledger(store, "CA1", lambda: NOW)
    for save in talk(*words, caller="+972541234549").commands(Save):
        ledger.save(save.kind, save.data)
        if "state" in save.data:
            assert store.slots() == save.data["state"]["slots"]
    assert store.slots()["budget_max"] == 8000


def test_the_summary_is_text_to_read() -> None:
    """R10.5: also when little is known."""
    assert summary_text({"area": ["חולון"], "name": "דנה"}).startswith("סיכום הפנייה: ")
    assert "דנה" in summary_text({"name": "דנה"})
