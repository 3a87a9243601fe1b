"""A full house takes messages."""

from app.call.shell.admission import Admission, thanks

ARRIVES_WITHIN_S, FEW_CALLS, FORGIVEN_AFTER_S, LONGEST_MUTE_S, MUTE_S = 15.0, 4, 120.0, 60.0, 5.0


class House:
    """A clock and a number of live calls."""

    def __init__(
        self, most: int = 2, base: str | None = "https://agent.example", overflow_number: str | None = None
    ) -> None:
        self.now_s = 100.0
        self.live = 0
        self.is_late = False
        self.admission = Admission(
            most,
            "תיווך <הגליל>",
            base,
            lambda: self.live,
            lambda: self.now_s,
            overflow_number,
            is_late=lambda: self.is_late,
        )

    def rings(self, call_sid: str) -> bool:
        """Ring; tell whether the call is connected."""
        return self.admission({"CallSid": call_sid}) is None


def test_calls_on_their_way_count_until_they_arrive_or_do_not_come() -> None:
    """R18: many webhooks at once do not slip in beside the live calls."""
    house = House()
    assert house.rings("CA1")
    assert house.rings("CA1")  # Twilio asks again
    assert house.rings("CA2")
    assert not house.rings("CA3")
    house.live = 1
    house.admission.arrived("CA1")
    assert not house.rings("CA3")
    house.now_s += ARRIVES_WITHIN_S
    assert house.rings("CA4")
    assert not house.rings("CA5")


def test_who_finds_no_place_is_asked_for_a_message() -> None:
    """R18, R2.7: politely, with the address that takes it."""
    house = House(most=1)
    house.live = 1
    document = (house.admission({"CallSid": "CA1"}) or b"").decode()
    assert "הגעתם אל תיווך הגליל." in document
    assert '<Record action="https://agent.example/webhook/handle_recording"' in document
    assert house.admission.sent_to_recorder("CA1")
    assert not house.admission.sent_to_recorder("CA2")
    assert b"<Hangup/>" in thanks()


def test_without_a_known_address_the_action_is_relative() -> None:
    """R2.7: Twilio resolves it against the document's own address."""
    house = House(most=1, base=None)
    house.live = 1
    assert b'action="/webhook/handle_recording"' in (house.admission({"CallSid": "CA1"}) or b"")


def test_an_instance_about_to_stop_lets_nobody_in() -> None:
    """R18."""
    house = House()
    house.admission.is_closed = True
    assert not house.rings("CA1")


def test_after_a_call_without_a_voice_callers_are_asked_for_a_message_for_a_while() -> None:
    """R18, R2.7: one fault of the voice is known to all calls; a few seconds later one call tries again."""
    house = House()
    assert house.rings("CA1")
    house.admission.arrived("CA1")
    house.admission.voice_lost("CA1")
    assert house.admission.sent_to_recorder("CA1")
    assert not house.rings("CA2")
    house.now_s += MUTE_S
    assert house.rings("CA3")


def test_each_further_call_without_a_voice_in_a_row_mutes_for_twice_as_long() -> None:
    """R18: a hiccup costs five seconds, a voice that is down a call a minute; calls that were in add nothing."""
    house = House()
    mutes = []
    for number in range(6):
        house.admission.voice_lost(f"CA{number}")
        house.admission.voice_lost(f"CA{number} that was in")
        began_s = house.now_s
        while not house.rings("CAnext"):
            house.now_s += 1
        mutes.append(house.now_s - began_s)
    assert mutes == [MUTE_S, 2 * MUTE_S, 4 * MUTE_S, 8 * MUTE_S, LONGEST_MUTE_S, LONGEST_MUTE_S]
    house.now_s += FORGIVEN_AFTER_S
    house.admission.voice_lost("CAlater")
    house.now_s += MUTE_S
    assert house.rings("CAlast")


def test_a_process_that_runs_late_takes_no_more_calls_whatever_the_limit() -> None:
    """R18: those inside must not notice; where there are few, a late voice is better than none."""
    house = House(most=100)
    house.is_late = True
    house.live = FEW_CALLS - 1
    assert house.rings("CA1")
    house.admission.arrived("CA1")
    house.live = FEW_CALLS
    assert not house.rings("CA2")
    assert house.admission.why_not == "late"
    house.is_late = False
    assert house.rings("CA3")


def test_where_there_is_another_number_it_is_dialled_and_a_message_taken_if_nobody_answers() -> None:
    """R18: what becomes of it is asked at an address of ours."""
    house = House(most=1, overflow_number="+97230000009")
    house.live = 1
    document = (house.admission({"CallSid": "CA1"}) or b"").decode()
    assert "<Number>+97230000009</Number></Dial>" in document
    assert 'action="https://agent.example/webhook/overflow_ended"' in document
    assert "<Record" not in document
    assert b"<Record" in house.admission.message
    assert house.admission.why_not == "full"
