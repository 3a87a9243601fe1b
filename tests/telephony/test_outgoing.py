"""Frames to Twilio, made from parts that were made before."""

import pytest

from app.telephony import frames, messages
from app.telephony.outgoing import Outgoing


@pytest.mark.parametrize("length", [0, 1, 159, 160, 161, 3200, 60_000])
def test_each_frame_is_the_message_whatever_its_length(length: int) -> None:
    """R2, R9.2: with a head in hand and without."""
    outgoing = Outgoing("MZ1")
    for first in (0, 7, 255):
        ulaw = bytes((first + at) % 256 for at in range(length))
        assert outgoing.media(ulaw) == frames.text_frame(messages.media("MZ1", ulaw))


def test_marks_and_clear_are_the_messages() -> None:
    """R7.3, R9.3."""
    outgoing = Outgoing("MZ1")
    assert outgoing.mark('a "name": 1') == frames.text_frame(messages.mark("MZ1", 'a "name": 1'))
    assert outgoing.clear() == frames.text_frame(messages.clear("MZ1"))
