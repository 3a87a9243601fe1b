"""The stock sentences and how lines are composed of them."""

import pytest

from app.dialog.lines.book import MAX_WORDS, MIN_WORDS, acks, asks, compose, entries, opening, word_count
from app.dialog.lines.checks import LineContext, check_line

CLOSING = ("goodbye", "goodbye_no_phone", "silence_end", "abuse_end", "transfer")
ALL_ACTIONS = frozenset({"whatsapp", "callback", "human"})


@pytest.mark.parametrize("kind", sorted(entries()["whole"]))
def test_whole_lines_keep_the_rules_and_open_differently(kind: str) -> None:
    """R10.4: every complete line, and another opening to choose when the last line had the same."""
    closing = kind in CLOSING or kind.startswith("end_") or kind.endswith("_end")
    options = entries()["whole"][kind]
    for line in options:
        assert check_line(line, LineContext(closing=closing, actions=ALL_ACTIONS)) == (), line
    assert len({opening(line) for line in options}) >= 2


@pytest.mark.parametrize("topic", sorted(entries()["ask"]))
def test_every_question_can_follow_a_plain_acknowledgement(topic: str) -> None:
    """R10.4: 12 to 20 words can always be reached, whatever the last line opened with."""
    questions = asks(topic, tail="ארבע תשע", value="חולון")
    for last in {opening(ack) for ack in acks("generic")}:
        line = compose(acks("generic"), questions, last_opening=last, turn=0, accept=lambda _: True)
        assert line is not None
        assert MIN_WORDS <= word_count(line) <= MAX_WORDS
        assert opening(line) != last


@pytest.mark.parametrize("section", ["rephrase", "examples"])
def test_every_topic_has_its_ladder(section: str) -> None:
    """R10.4: not understood → other words → examples, for every question the agent asks."""
    assert {"greeting", "deal", "area", "property_type", "rooms", "timing", "name", "phone", "phone_confirm"} <= set(
        entries()[section]
    )


def test_turns_rotate_the_acknowledgements() -> None:
    """R10.4: a caller does not hear the same phrase each time."""
    made = {
        compose(acks("noted", values="בחולון"), asks("rooms"), last_opening="", turn=turn, accept=lambda _: True)
        for turn in range(7)
    }
    assert len(made) >= 5
