"""A whole call through the real server: heard, understood, answered, logged, stored, and ended politely."""

import json
import re
from collections.abc import Iterator
from functools import partial

import pytest

from app.qa.player import END_MARK
from tests.e2e.phones import Phone, hum, loudest_hz, sample, until
from tests.e2e.town import AUTH_TOKEN, CALLER, OPENAI_KEY, Town, fields

TEXTS = ["שלום אני רוצה לקנות דירה בחולון", "ארבעה חדרים עד שני מיליון", "לא תודה להתראות"]
ANSWER = "בשמחה, רשמתי דירה לקנייה בחולון. כמה חדרים תרצו שיהיו בה, כולל הסלון?"
CALL_EVENTS = re.compile(r"STATE→|ASR_TEXT|TTS_START|TTS_END|MARK_SENT|MARK_ACK|\bEOU\b|BARGE_IN|\bTURN \|")


@pytest.fixture(scope="module")
def held(house: Town) -> Iterator[tuple[Town, Phone]]:
    """A call of three turns, held to its end."""
    house.vendors.reset()
    house.vendors.ears.script(*({"texts": [text]} for text in TEXTS))
    house.vendors.mind.script(answers={"חולון": ANSWER})
    phone = house.greeted()
    for name in ("w01_01", "w01_04"):
        phone.ask(sample(name))
    phone.say(sample("w01_02"))
    until(lambda: phone.is_over, "the agent's hang-up")
    phone.hang_up()
    house.wait_for_log(phone, "CALL_STATUS")
    yield house, phone


def test_the_caller_hears_a_greeting_and_an_answer_to_each_turn(held: tuple[Town, Phone]) -> None:
    """R5 to R9, R12.1: four stretches of talk, none with a hole, each ended by its mark."""
    _, phone = held
    player = phone.peer.player
    assert player.utterances == 4
    assert phone.peer.warnings == []
    assert player.clears == []


def test_the_log_tells_the_call_in_the_guidelines_words(held: tuple[Town, Phone]) -> None:
    """R6.6, R9.5, R11.1, R12.1: greppable, in order, once for each turn."""
    town, phone = held
    steps = ["STATE→PROCESSING", "ASR_TEXT", "TTS_START", "MARK_SENT", "MARK_ACK", "STATE→LISTENING"]
    told = [line for line in town.log(phone) if line.split(" | ")[0] in steps]
    told = told[told.index(next(line for line in told if "ASR_TEXT" in line)) - 1 :]
    assert [line.split(" | ")[0] for line in told] == steps * len(TEXTS)
    for line in told[:: len(steps)]:
        assert re.fullmatch(r"STATE→PROCESSING \| silence_ms=\d+ \| len=\d+", line)
    assert [fields(line)["text"] for line in told[1 :: len(steps)]] == TEXTS
    assert all(fields(line)["mark"].startswith(END_MARK) for line in told[3 :: len(steps)])
    assert all(fields(line)["played"] == "True" for line in told[4 :: len(steps)])


def test_every_line_of_a_call_names_it_and_none_its_caller(held: tuple[Town, Phone]) -> None:
    """R11.1, R1.3: `call_sid` on every line, numbers masked, no secret, nothing for each frame."""
    town, phone = held
    log = town.server.log()
    unnamed = [line for line in log.splitlines() if CALL_EVENTS.search(line) and "call_sid=CA" not in line]
    assert unnamed == []
    assert CALLER.removeprefix("+972") not in log
    assert AUTH_TOKEN not in log
    assert OPENAI_KEY not in log
    assert len(town.log(phone)) < 60


def test_the_vendors_had_nothing_to_complain_of(held: tuple[Town, Phone]) -> None:
    """R8.1, R9.1, R10.1: each was spoken to in its own protocol."""
    town, _ = held
    assert town.vendors.violations() == []
    heard = [entry for entry in town.vendors.ears.entries if entry.get("audio_ms")]
    assert len(heard) == len(TEXTS)
    assert all(entry["half_closed"] for entry in heard)
    assert all(entry["phrases"] for entry in heard)
    asked = [entry for entry in town.vendors.mind.entries if entry["path"].endswith("completions")]
    assert asked
    assert asked[0]["messages"][0]["role"] == "system"
    assert "את סוכנת נדל״ן של AgentLocator" in asked[0]["messages"][0]["content"]
    assert any(TEXTS[0] in entry["messages"][-1]["content"] for entry in asked)


def test_the_store_has_the_call_its_turns_its_slots_and_the_lead(held: tuple[Town, Phone]) -> None:
    """R10.2, R14: as it was said and heard, one lead."""
    town, phone = held
    until(lambda: town.rows("SELECT 1 FROM leads WHERE call_sid = ?", phone.call_sid), "the lead")
    call = town.call_row(phone)
    assert (call["from_number"], call["channel"]) == (CALLER, "call")
    assert call["ended_at"]
    turns = town.turns(phone)
    assert [turn["caller_text"] for turn in turns] == ["", *TEXTS]
    assert turns[1]["agent_heard"] == turns[1]["agent_text"] == ANSWER
    assert all(turn["agent_heard"] for turn in turns)
    assert json.loads(turns[1]["latencies_ms"])["voice_to_voice"] > 0
    rows = town.rows("SELECT slot, value, turn FROM slots WHERE call_sid = ?", phone.call_sid)
    slots = {row["slot"]: json.loads(row["value"])["value"] for row in rows}
    assert slots["deal"] == "buy"
    assert slots["property_type"] == "apartment"
    assert slots["area"] == ["חולון"]
    assert {row["slot"]: row["turn"] for row in rows}["area"] == 1
    assert any(row["turn"] == 2 for row in rows)
    (lead,) = town.rows("SELECT payload FROM leads WHERE call_sid = ?", phone.call_sid)
    assert json.loads(lead["payload"])["contact"]["phone"] == CALLER


def test_the_agent_hangs_up_after_its_last_word(held: tuple[Town, Phone]) -> None:
    """R17: the call is ended through Twilio, once, and not into the agent's own goodbye."""
    town, phone = held
    (request,) = [request for request in town.vendors.rest.requests if phone.call_sid in request.path]
    assert (request.form, request.status) == ({"Status": "completed"}, 200)
    last_word = phone.peer.player.spurts()[-1].to_sample
    assert request.at_s >= phone.played_at_s(last_word)


def test_the_callbacks_of_the_call_were_answered_at_once(held: tuple[Town, Phone]) -> None:
    """R3.1: 204 for stream started, stream stopped and call status."""
    _, phone = held
    assert sorted(phone.peer.callback_statuses) == [
        ("/webhook/call_status", 204),
        ("/webhook/stream_status", 204),
        ("/webhook/stream_status", 204),
    ]


CITIES = {"חולון": (250, 500), "רחובות": (350, 700), "נתניה": (450, 900), "אשדוד": (600, 1100), "חיפה": (800, 1300)}
"""Each caller hums on one note and means a city; what is said of that city is said on another note."""
NOTE_SAMPLES = 800


def cities_heard(phone: Phone) -> set[str]:
    """Return of which cities the caller has heard something so far."""
    heard = phone.heard()
    notes = [loudest_hz(heard[start : start + NOTE_SAMPLES]) for start in range(0, len(heard), NOTE_SAMPLES)]
    return {city for city, (_, hz) in CITIES.items() if any(abs(note - hz) < 20 for note in notes)}


def test_five_callers_at_once_each_hear_only_their_own_replies(town: Town) -> None:
    """R1.6: no word of one call, said or heard, is ever another's."""
    vendors = town.vendors
    vendors.ears.script(texts_by_hz={str(said): f"אני מחפש דירה ב{city}" for city, (said, _) in CITIES.items()})
    vendors.mind.script(answers={city: f"בשמחה, דירה ב{city}. כמה חדרים תרצו?" for city in CITIES})
    vendors.voice.script(hz_by_text={city: heard for city, (_, heard) in CITIES.items()})
    phones = {city: town.call(f"+97250000{number:04d}") for number, city in enumerate(CITIES)}
    for phone in phones.values():
        phone.hear_reply()
    for city, phone in phones.items():
        phone.say(hum(CITIES[city][0]))
    for city, phone in phones.items():
        until(partial(cities_heard, phone), f"what is said of {city}")  # a busy server asks for a moment before it
        phone.hear_reply()
    for city, phone in phones.items():
        phone.hang_up()
        assert cities_heard(phone) == {city}
        assert [line["text"] for line in town.asr(phone)] == [f"אני מחפש דירה ב{city}"]
        town.wait_until_stored(phone, "ended_at")
        told = town.turns(phone)[1]
        assert city in told["caller_text"]
        assert city in told["agent_heard"]
        assert not any(other in told["agent_heard"] for other in CITIES if other != city)
    assert len({row["from_number"] for row in map(town.call_row, phones.values())}) == len(CITIES)
    assert vendors.violations() == []
