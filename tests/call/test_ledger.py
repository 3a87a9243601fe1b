"""What the store is told of a call."""

from collections.abc import Mapping
from typing import Any

from app.call.events import Save
from app.call.ledger import Ledger, summary_text
from app.call.states import State
from app.leads.records import CallBack, SlotChange, WhatsAppRequest
from tests.call.driver import CallDriver, Stt, World

AREA = "אני מחפש דירה בשכירות ברעננה"


class RecordingStore:
    """Keeps the calls made to it, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, dict[str, Any]]] = []

    def call_started(self, call_sid: str, **given: Any) -> None:
        self.told.append(("started", {"call_sid": call_sid, **given}))

    def turn_saved(self, call_sid: str, number: int, **given: Any) -> None:
        self.told.append(("turn", {"call_sid": call_sid, "number": number, **given}))

    def slots_changed(self, call_sid: str, turn: int, changes: Mapping[str, SlotChange]) -> None:
        self.told.append(("slots", {"call_sid": call_sid, "turn": turn, "changes": dict(changes)}))

    def facts_saved(self, call_sid: str, **given: Any) -> None:
        self.told.append(("facts", {"call_sid": call_sid, **given}))

    def call_ended(self, call_sid: str, outcome: str = "") -> None:
        self.told.append(("ended", {"call_sid": call_sid, "outcome": outcome}))

    def all(self, kind: str) -> list[dict[str, Any]]:
        return [given for name, given in self.told if name == kind]

    def turn(self, number: int) -> dict[str, Any]:
        """The turn as it was written last."""
        return [given for given in self.all("turn") if given["number"] == number][-1]

    def fact(self, name: str) -> Any:
        return next((given[name] for given in self.all("facts") if name in given), None)


def kept(drive: CallDriver) -> RecordingStore:
    """Write all that a driven call saved."""
    store = RecordingStore()
    ledger = Ledger(store, "CA1")
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
        "started",
        {"call_sid": "CA1", "stream_sid": "MZ1", "from_number": "+972541234549", "to_number": "+972500000000"},
    )
    assert store.told[-1][0] == "ended"
    assert len(store.all("ended")) == len(store.all("started")) == 1
    greeting, first = store.turn(0), store.turn(1)
    assert (greeting["caller_text"], greeting["asked"]) == ("", "greeting")
    assert greeting["agent_heard"] == greeting["agent_text"] != ""
    assert (first["caller_text"], first["asked"]) == (AREA, "rooms")
    assert first["agent_heard"] == first["agent_text"] != ""
    assert first["state"]["slots"]["area"] == ["רעננה"]


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


def test_wishes_for_a_person_a_call_and_silence_about_something_are_facts() -> None:
    """R17: what the office has to know beside the slots."""
    assert kept(talk("אני רוצה לדבר עם נציג אנושי")).fact("wants_human") is True
    refused = kept(talk(AREA, "שלושה חדרים", "מעדיף לא להגיד כמה")).fact("refused")
    assert refused == ["budget"]
    words = ("תחזרו אליי מחר בערב", "דנה", "כן")
    call_back = kept(talk(*words, caller="+972541234549")).fact("call_back")
    assert call_back is None or isinstance(call_back, CallBack)


def test_the_summary_is_text_to_read() -> None:
    """R10.5: also when little is known."""
    assert summary_text({"area": ["חולון"], "name": "דנה"}).startswith("סיכום הפנייה: ")
    assert "דנה" in summary_text({"name": "דנה"})
