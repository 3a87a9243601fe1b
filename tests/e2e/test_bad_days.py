"""Whatever fails around a call, the caller notices at most a pause, and nothing that was said is lost."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.office import asked_of_twilio, found, told
from tests.e2e.phones import AUDIO, Phone, hum, sample, until
from tests.e2e.town import CALLER, PUBLIC_URL, Town, fields, town
from tests.servers import HOST, free_port

SENTENCE, WORD = "w01_01", "w01_02"
WISH = "אני מחפש דירה ברחובות"
BY_GOOGLE = ("final", "interim")
"""On a busy machine the final may come too late to be waited for; the interim that stands has the same words."""
TALKATIVE = {"texts": [WISH], "start_ms": 0, "ms_per_word": 200}
"""Ears that have heard all words, as interims, before the caller's turn is over."""


def ask(town: Town, phone: Phone, turn: int) -> dict[str, str]:
    """Say a word, hear the answer; return what was understood."""
    phone.ask(sample(WORD), 90)
    return town.heard(phone, turn)


def ended(town: Town, phone: Phone) -> None:
    """Hang up; the store must know."""
    phone.hang_up()
    town.wait_until_stored(phone, "ended_at")


# -- hearing ----------------------------------------------------------------------------------------------------------


def test_a_refused_language_or_model_costs_no_word(town: Town) -> None:
    """R8.1: he-IL with the enhanced model, and what Google has of it: iw-IL, and no enhanced model."""
    town.vendors.ears.script(texts=[WISH], refuse_languages=["he-IL"], refuse_enhanced=True)
    with town.greeted() as phone:
        heard = ask(town, phone, 1)
        tried = [(entry["language"], entry["enhanced"]) for entry in town.vendors.ears.entries]
        assert tried[0] == ("he-IL", True)
        assert tried[-1] == ("iw-IL", False)
        assert heard["text"] == WISH
        assert heard["source"] in BY_GOOGLE
        assert ask(town, phone, 2)["text"] == WISH
        tried_again = [(entry["language"], entry["enhanced"]) for entry in town.vendors.ears.entries[len(tried) :]]
        assert tried_again == [("iw-IL", False)]
        assert town.vendors.violations() == []


def test_a_final_that_never_comes_is_not_waited_for(town: Town) -> None:
    """R8.4: the interim that has stood is the turn's text."""
    town.vendors.ears.script(**TALKATIVE, withhold_final="hang")
    with town.greeted() as phone:
        heard = ask(town, phone, 1)
        assert (heard["text"], heard["source"]) == (WISH, "interim")


def test_whisper_hears_the_turn_that_google_does_not(town: Town) -> None:
    """R8.2: down, over quota, not logged in, breaking off in mid-turn, or just silent: the kept audio is read again."""
    troubles: list[dict[str, Any]] = [
        {"error": "UNAVAILABLE"},
        {"error": "RESOURCE_EXHAUSTED"},
        {"error": "UNAUTHENTICATED"},
        {"error": "UNAVAILABLE", "error_after_ms": 600},
        {"silent": True, "withhold_final": "hang"},
    ]
    wishes = ["אני מחפש דירה ברחובות", "לקנות", "ארבעה חדרים", "עד שני מיליון", "בעוד חצי שנה"]
    with town.greeted() as phone:
        for turn, (trouble, wish) in enumerate(zip(troubles, wishes, strict=True), 1):
            town.vendors.ears.script(**{"error": "", "error_after_ms": 0, "silent": False, **trouble})
            town.vendors.mind.script(transcript=wish)
            heard = ask(town, phone, turn)
            assert (heard["text"], heard["source"]) == (wish, "fallback"), trouble
        read = [entry for entry in town.vendors.mind.entries if "audio_ms" in entry]
        spoken = sample(WORD)
        assert len(read) == len(troubles)
        assert all(entry["audio_ms"] >= (spoken.voiced_to - spoken.voiced_from) // 8 for entry in read)
        assert town.vendors.violations() == []  # among them: a WAV that is not 16 kHz mono 16 bit
        ended(town, phone)
    assert [turn["caller_text"] for turn in town.turns(phone)] == ["", *wishes]


def test_a_monologue_longer_than_googles_streams_is_one_turn(town: Town) -> None:
    """R8.5, R6.4: each stream goes on where the words of the one before end; the agent keeps silent meanwhile."""
    town.vendors.ears.script(
        {"texts": ["אני מחפש", "דירה"]},  # settled up to 1.7 s when the stream ends at 3 s
        {"texts": ["בחולון", "עד שני מיליון"]},
        {"texts": ["בעוד חודשיים"]},
        max_stream_s=3,
        texts=[],
    )
    with town.greeted() as phone:
        phone.ask(hum(220, 6000))
        heard = town.heard(phone, 1)
        lines = [line.split(" | ")[0] for line in town.log(phone)]
        assert lines.count("STATE→PROCESSING") == 2  # the greeting's and this one
        assert lines.index("EOU") < lines.index("ASR_TEXT")  # segments were cut, the turn was not
        assert heard["text"] == "אני מחפש דירה בחולון עד שני מיליון בעוד חודשיים"
        assert heard["source"] in BY_GOOGLE
        assert len(town.vendors.ears.entries) >= 3
        assert town.vendors.violations() == []


# -- thinking ---------------------------------------------------------------------------------------------------------


def test_without_the_language_model_the_rules_speak(town: Town) -> None:
    """R10.6: refused, broken, late or stalled: the line is the deterministic dialog's, the slots are the same."""
    town.vendors.mind.script(answer="נהדר ונפלא מאוד. מה שלומכם היום, ואיך מזג האוויר אצלכם?")
    stall: tuple[str, dict[str, Any]] = ("LLM_LATE", {"stall_after_tokens": 2})
    troubles: list[tuple[str, dict[str, Any]]] = [
        ("LLM_LATE", {"first_token_ms": 60_000}),
        stall,  # a sign of life between the others, or the model would not be asked any more
        ("LLM_FAILED", {"status": 429}),
        stall,
        ("LLM_FAILED", {"status": 500}),
    ]
    texts = [WISH, "לקנות", "ארבעה חדרים", "עד שני מיליון", "בעוד חצי שנה"]
    with town.greeted() as phone:
        for turn, ((log, trouble), text) in enumerate(zip(troubles, texts, strict=True), 1):
            town.vendors.ears.script(texts=[text])
            healthy = {"status": 200, "first_token_ms": 20, "stall_after_tokens": -1}
            town.vendors.mind.script(**{**healthy, **trouble})
            before = sum(line.startswith(log) for line in town.log(phone))
            ask(town, phone, turn)
            assert sum(line.startswith(log) for line in town.log(phone)) > before, trouble
        ended(town, phone)
    answers = [turn["agent_heard"] for turn in town.turns(phone)[1:]]
    assert all(answer.endswith("?") for answer in answers)
    assert not any("מזג" in answer for answer in answers)
    slots = {row["slot"] for row in town.rows("SELECT slot FROM slots WHERE call_sid = ?", phone.call_sid)}
    assert {"area", "property_type", "deal", "budget_max"} <= slots


def test_a_model_that_is_down_is_soon_no_longer_asked_and_found_again_by_itself(town: Town) -> None:
    """R18: every call of the process profits from what one learned; recovery takes no restart."""
    town.vendors.ears.script(texts=["לא יודע"])
    with town.greeted() as phone:
        town.vendors.mind.script(status=500)
        for turn in range(1, 4):
            ask(town, phone, turn)
        assert "ENGINE_DOWN" in town.server.log()
        town.vendors.mind.script(status=200)
        backs = town.server.log().count("ENGINE_BACK")
        ended(town, phone)
    with town.greeted() as phone:
        turn = 0
        while town.server.log().count("ENGINE_BACK") == backs:
            turn += 1
            assert turn < 8
            ask(town, phone, turn)
        ended(town, phone)


# -- speaking ---------------------------------------------------------------------------------------------------------


def test_a_voice_that_does_not_stream_speaks_whole_sentences(town: Town) -> None:
    """R9.1: streaming refused, the sentence comes in one piece."""
    town.vendors.ears.script(texts=["אני מחפש דירה בכפר סבא"])
    town.vendors.mind.script(answer="בשמחה, רשמתי דירה בכפר סבא. האם אתם רוצים לקנות או לשכור?")
    town.vendors.voice.script(stream_error="INVALID_ARGUMENT")
    with town.greeted() as phone:
        ask(town, phone, 1)
        spoken = [entry for entry in town.vendors.voice.entries if "כפר סבא" in entry["text"]]
        assert spoken[-1]["method"] == "unary"
        assert town.vendors.violations() == []
        ended(town, phone)
    assert "כפר סבא" in town.turns(phone)[1]["agent_heard"]


def test_a_second_voice_says_what_the_first_cannot(town: Town) -> None:
    """R18: within the turn, and nothing is said twice."""
    town.vendors.ears.script(texts=["אני מחפש דירה באשדוד"])
    town.vendors.mind.script(answer="בשמחה, רשמתי דירה באשדוד. האם תרצו דירה באשדוד לקנייה או לשכירות?")
    town.vendors.voice.script(stream_error="UNAVAILABLE", unary_error="UNAVAILABLE")
    with town.greeted() as phone:
        ask(town, phone, 1)
        said = [entry["input"] for entry in town.vendors.mind.entries if entry.get("path") == "/v1/audio/speech"]
        assert any("אשדוד" in text for text in said)
        assert len(said) == len(set(said))
        assert not any(line.startswith("TTS_FAILED") for line in town.log(phone))
        assert any(line.startswith("TTS_FALLBACK") for line in town.log(phone))
        assert town.vendors.violations() == []
        ended(town, phone)
    assert "אשדוד" in town.turns(phone)[1]["agent_heard"]


def test_a_call_survives_a_day_without_a_voice(town: Town) -> None:
    """R18: no sentence can be spoken that is not in the cache; when the voice is back, the talk goes on."""
    town.vendors.mind.script(status=503)
    town.vendors.ears.script(texts=["אני מחפש דירה באשקלון"])
    town.vendors.voice.script(stream_error="UNAVAILABLE", unary_error="UNAVAILABLE")
    with town.greeted() as phone:
        phone.say(sample(WORD))
        town.wait_for_log(phone, "TTS_FAILED")
        until(lambda: "STATE→LISTENING" in town.log(phone)[-1], "the caller's turn again")
        town.vendors.voice.script(stream_error="", unary_error="")
        town.vendors.mind.script(status=200)
        phone.ask(sample(WORD))
        assert not phone.is_over
        assert "TTS_END | reply=" in "\n".join(town.log(phone))


# -- processes --------------------------------------------------------------------------------------------------------


def kill_speech(town: Town) -> None:
    os.kill(town.child("speech"), signal.SIGKILL)


def stop_speech(town: Town) -> None:
    os.kill(town.child("speech"), signal.SIGSTOP)


@pytest.mark.parametrize("harm", [kill_speech, stop_speech], ids=["killed", "stopped"])
def test_the_death_of_the_speech_child_in_mid_turn_is_a_pause(town: Town, harm: Callable[[Town], None]) -> None:
    """R8.2, R18: dead or wedged, it is started again, the turn is read from the kept audio; other calls go on."""
    town.vendors.ears.script(texts=[WISH])
    town.vendors.mind.script(transcript=WISH)
    child = town.child("speech")
    with town.call() as phone, town.call() as other:
        phone.hear_reply()
        other.hear_reply()
        streams = len(town.vendors.ears.entries)
        phone.say(sample(SENTENCE))
        until(lambda: len(town.vendors.ears.entries) > streams, "the caller's words at the recogniser")
        harm(town)
        phone.hear_reply(90)
        assert town.heard(phone, 1)["text"] == WISH
        assert town.child("speech") != child
        assert town.call_row(phone)["ended_at"] is None
        assert ask(town, other, 1)["text"] == WISH
        assert not phone.is_over
        assert other.peer.warnings == []


def a_child_stands_by(town: Town) -> bool:
    log = town.server.log()
    return log.rfind("sidecar_stands_by | name=speech") > log.rfind("sidecar_started | name=speech")


@pytest.mark.parametrize("harm", [kill_speech, stop_speech], ids=["killed", "stopped"])
def test_an_answer_whose_voice_died_is_said_all_the_same(town: Town, harm: Callable[[Town], None]) -> None:
    """R18: the child dies, or freezes, while the voice is awaited; the answer follows from the one that stood by."""
    town.vendors.ears.script(texts=["אני מחפש דירה בנתניה"])
    answer = "בשמחה, רשמתי דירה בנתניה. האם תרצו דירה בנתניה לקנייה או לשכירות?"
    town.vendors.mind.script(answer=answer, transcript="אני מחפש דירה בנתניה")
    with town.greeted() as phone:
        until(lambda: a_child_stands_by(town), "a child that stands by")
        town.vendors.voice.script({"first_byte_ms": 60_000, "unary_ms": 60_000})
        asked = len(town.vendors.voice.entries)
        phone.say(sample(WORD))
        until(lambda: len(town.vendors.voice.entries) > asked, "the answer at the voice")
        harm(town)
        until(lambda: any("?" in (turn["agent_heard"] or "") for turn in town.turns(phone)[1:]), "the answer, heard")
        assert not any(line.startswith("TTS_FAILED") for line in town.log(phone))
        ended(town, phone)


def test_the_death_of_the_store_child_loses_nothing(town: Town) -> None:
    """R14: what is told while it is away reaches the database when it is back."""
    town.vendors.ears.script(texts=[WISH])
    child = town.child("store")
    with town.greeted() as phone:
        os.kill(child, signal.SIGKILL)
        ask(town, phone, 1)
        ask(town, phone, 2)
        assert town.child("store") != child
        ended(town, phone)
    assert [turn["caller_text"] for turn in town.turns(phone)] == ["", WISH, WISH]
    assert all(turn["agent_heard"] for turn in town.turns(phone))


# -- the caller's end -------------------------------------------------------------------------------------------------


def test_a_connection_that_breaks_ends_the_call_in_the_store(town: Town) -> None:
    """R14, R18: a RST from the caller's side; everything of the call is let go."""
    with town.greeted() as phone:
        phone.say(sample(WORD))
        town.wait_for_log(phone, "ASR_TEXT")
        phone.reset()
        town.wait_until_stored(phone, "ended_at")
        town.wait_for_log(phone, "CALL_ENDED")
        assert "Traceback" not in town.server.log()


def test_a_caller_who_reads_nothing_hurts_nobody_else(town: Town) -> None:
    """R18: what is sent to one waits in its socket; another is answered meanwhile, and the first hears it all later."""
    town.vendors.ears.script(texts=[WISH])
    with town.call() as phone, town.call() as other:
        phone.hear_reply()
        other.hear_reply()
        phone.stop_reading()
        phone.say(sample(WORD))
        heard = phone.frames_heard()
        town.wait_for_log(phone, "MARK_SENT | mark=assistant_tts_end:2")
        assert phone.frames_heard() == heard
        ask(town, other, 1)
        assert not other.was_left_waiting()
        phone.read_on()
        until(lambda: phone.frames_heard() > heard, "the frames that waited")


def test_without_any_voice_twilios_own_asks_for_a_message(house: Town, tmp_path: Path) -> None:
    """R2.7, R18: rather than silence; the message makes the call's lead, and the next callers are asked at once."""
    nowhere = {"GOOGLE_TTS_ENDPOINT": f"{HOST}:{free_port()}", "OPENAI_SPEECH_MODEL": "none"}
    with town(house.vendors, house.exchange, tmp_path, nowhere, stock=False) as mute, mute.call() as phone:
        asked = asked_of_twilio(mute, phone.call_sid)["Twiml"]
        assert f'<Record action="{PUBLIC_URL}/webhook/handle_recording"' in asked
        next_one = {"CallSid": "CA" + "7" * 32, "From": CALLER, "To": CALLER}
        assert b"<Record" in told(mute, "/webhook/incoming_call", next_one).body
        assert "VOICE_LOST" in mute.wait_for_log(phone, "VOICE_LOST")
        sid = "RE" + "7" * 32
        mute.vendors.rest.recordings[sid] = next(AUDIO.glob(f"{SENTENCE}*.wav")).read_bytes()
        mute.vendors.ears.script(texts=["אני מחפשת דירה ברמת גן"])
        left = {"CallSid": phone.call_sid, "From": CALLER, "RecordingUrl": mute.vendors.rest.recording_url(sid)}
        assert told(mute, "/webhook/handle_recording", left).status == 200
        database = mute.data / "agent.db"
        until(lambda: database.exists() and mute.rows("SELECT 1 FROM sqlite_master WHERE name = 'leads'"), "the store")
        (lead,) = found(lambda: mute.rows("SELECT payload FROM leads WHERE call_sid = ?", phone.call_sid), "the lead")
        assert json.loads(lead["payload"])["slots"]["area"]["value"] == ["רמת גן"]


# -- the worker -------------------------------------------------------------------------------------------------------


def test_the_death_of_the_worker_leaves_a_lead(town: Town) -> None:
    """R14: the store has the turns so far, and makes a lead of them; a new worker serves the next call."""
    town.vendors.ears.script(texts=["שלום אני רוצה לקנות דירה בחולון"])
    ready = "Composite WSGI ready"
    starts = town.server.log().count(ready)
    with town.greeted() as phone:
        ask(town, phone, 1)
        until(lambda: town.turns(phone)[1:] and town.turns(phone)[1]["agent_heard"], "the answer in the store")
        os.kill(town.worker(), signal.SIGKILL)
        until(lambda: phone.is_over, "the end of the connection")
        lead = "SELECT 1 FROM leads WHERE call_sid = ?"
        until(lambda: town.rows(lead, phone.call_sid), "the lead")
    assert [turn["caller_text"] for turn in town.turns(phone)] == ["", "שלום אני רוצה לקנות דירה בחולון"]
    assert town.turns(phone)[1]["agent_heard"]
    assert town.call_row(phone)["outcome"] == "abandoned"
    until(lambda: town.server.log().count(ready) > starts, "a new worker")
    with town.greeted() as phone:
        assert ask(town, phone, 1)["text"]
        assert fields(town.wait_for_log(phone, "TTS_START"))["reply"] == "1"


def test_a_call_that_twilio_opens_twice_goes_on_on_the_newer_stream(town: Town) -> None:
    """R18: one call, one talk: the older stream closes quietly, nothing said is written over, nobody is hung up."""
    town.vendors.ears.script(texts=[WISH])
    with town.greeted() as phone:
        assert ask(town, phone, 1)["text"] == WISH
        with town.call(call_sid=phone.call_sid) as newer:
            until(lambda: phone.is_over, "the older stream's end")
            assert phone.peer.closed == (1000, "replaced by a newer stream")
            newer.say(sample(WORD))
            assert town.heard(newer, 2)["text"] == WISH
            newer.hear_reply()
            assert not newer.is_over
            town.wait_for_log(newer, "STREAM_REPLACED")
            assert not any(line.startswith("CALL_ENDED") for line in town.log(newer))
            ended(town, newer)
    assert [turn["caller_text"] for turn in town.turns(phone)] == ["", WISH, WISH]
    town.wait_for_log(phone, "CALL_ENDED")
    assert sum(line.startswith("CALL_ENDED") for line in town.log(phone)) == 1
    assert "Traceback" not in town.server.log()
