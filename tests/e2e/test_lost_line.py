"""The media socket dies and the call lives: Twilio asks what now, and the talk goes on where it was."""

import os
import signal

import pytest

from app.dialog.lines import book
from app.qa.wire.http_client import ServerError
from tests.e2e.office import told
from tests.e2e.phones import Phone, sample, until
from tests.e2e.town import CALLER, Town

ENDED = "/webhook/stream_ended"
WORD = "w01_02"
WISH, DEAL = "אני מחפש דירה ברחובות", "לקנות"


def ask(town: Town, phone: Phone, turn: int) -> str:
    phone.ask(sample(WORD), 90)
    return town.heard(phone, turn)["text"]


def is_back(said: str) -> bool:
    """Tell whether the agent said that it is back on the line, and asked on."""
    return any(line in said for line in book.acks("reconnected")) and said.endswith("?")


def test_a_cut_line_goes_on_at_the_same_slot(town: Town) -> None:
    """R18: a RST in mid-talk; the caller is told, is asked the same question, and what was said before stays said."""
    town.vendors.ears.script(texts=[WISH])
    with town.greeted() as phone:
        assert ask(town, phone, 1) == WISH
        phone.reset()
        town.wait_for_log(phone, "LINE_LOST")
        town.vendors.ears.script(texts=[DEAL])
        with town.call(call_sid=phone.call_sid, again=True) as back:
            back.hear_reply()
            assert ask(town, back, 2) == DEAL
            assert town.call_row(back)["ended_at"] is None
            back.hang_up()
            town.wait_until_stored(back, "ended_at")
    slots = {row["slot"] for row in town.rows("SELECT slot FROM slots WHERE call_sid = ?", phone.call_sid)}
    assert {"area", "deal"} <= slots
    town.wait_for_log(phone, "CALL_ENDED")
    log = town.log(phone)
    assert (
        sum(line.startswith("CALL_STARTED") for line in log) == sum(line.startswith("CALL_ENDED") for line in log) == 1
    )
    turns = town.turns(phone)
    assert [turn["caller_text"] for turn in turns] == ["", WISH, DEAL]
    assert is_back(turns[1]["agent_heard"])
    assert "Traceback" not in town.server.log()


def test_a_call_goes_on_after_the_death_of_the_worker(town: Town) -> None:
    """R18: from the store, in another process; nothing stored is written over."""
    town.vendors.ears.script(texts=[WISH])
    starts = town.server.log().count("READY")
    with town.greeted() as phone:
        assert ask(town, phone, 1) == WISH
        until(lambda: town.turns(phone)[1:] and town.turns(phone)[1]["agent_heard"], "the turn in the store")
        os.kill(town.worker(), signal.SIGKILL)
        until(lambda: phone.is_over, "the end of the connection")
        until(lambda: town.server.log().count("READY") > starts, "a new worker")
        town.vendors.ears.script(texts=[DEAL])
        with town.call(call_sid=phone.call_sid, again=True) as back:
            back.hear_reply()
            assert ask(town, back, 3) == DEAL
            back.hang_up()
            until(
                lambda: town.call_row(phone)["outcome"] != "abandoned" and town.call_row(phone)["ended_at"], "the end"
            )
    turns = town.turns(phone)
    assert [turn["caller_text"] for turn in turns] == ["", WISH, "", DEAL]
    assert all(turn["agent_heard"] for turn in turns[:3])
    assert is_back(turns[2]["agent_heard"])
    slots = {row["slot"] for row in town.rows("SELECT slot FROM slots WHERE call_sid = ?", phone.call_sid)}
    assert {"area", "deal"} <= slots


def test_a_line_that_does_not_come_back_is_the_end_of_the_call(town: Town) -> None:
    """R14, R18: at once where Twilio says so; and no stream is offered again."""
    with town.greeted() as phone:
        phone.reset()
        town.wait_for_log(phone, "LINE_LOST")
        completed = {"CallSid": phone.call_sid, "CallStatus": "completed", "From": CALLER}
        assert told(town, "/webhook/call_status", completed).status == 204
        town.wait_until_stored(phone, "ended_at")
        with pytest.raises(ServerError):
            town.call(call_sid=phone.call_sid, again=True)


def test_only_twilio_is_offered_another_stream_and_only_so_often(town: Town) -> None:
    """R2.4, R3.1: everybody else, and who asks for a call that is over, gets the plain 204."""
    with town.greeted() as phone:
        form = {"CallSid": phone.call_sid, "CallStatus": "in-progress", "From": CALLER}
        unsigned = told(town, ENDED, form, signed=False)
        assert (unsigned.status, unsigned.body) == (204, b"")
        assert told(town, ENDED, {**form, "CallStatus": "completed"}).status == 204
        assert told(town, ENDED, {**form, "CallSid": "CA" + "9" * 32}).status == 204
        statuses = [told(town, ENDED, form).status for _ in range(8)]
        assert statuses == sorted(statuses)
        assert set(statuses) == {200, 204}
