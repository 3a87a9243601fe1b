"""What the operator sets arrives at the machine that it is meant for."""

import pytest

from app.call.shell.tuning import call_settings
from app.config import load

HOLD_AFTER_BATCH_MS, HOLD_AFTER_MS = 2500, 1500

GOOGLE = {"GOOGLE_SPEECH_ENDPOINT": "127.0.0.1:8400", "GOOGLE_TTS_ENDPOINT": "127.0.0.1:8401"}
OPENAI = {"OPENAI_API_KEY": "sk-x"}


@pytest.mark.parametrize(
    ("given", "streams", "has_fallback", "speculates", "fine_ear", "hold_after_ms"),
    [
        (GOOGLE | OPENAI, True, True, True, True, HOLD_AFTER_MS),
        (GOOGLE, True, False, True, True, HOLD_AFTER_MS),
        (OPENAI, False, False, False, True, HOLD_AFTER_BATCH_MS),
        ({}, False, False, True, False, HOLD_AFTER_BATCH_MS),
        (GOOGLE | {"SPECULATION": "off"}, True, False, False, True, HOLD_AFTER_MS),
    ],
)
def test_a_call_is_tuned_to_the_recogniser_that_hears_it(
    given: dict[str, str], streams: bool, has_fallback: bool, speculates: bool, fine_ear: bool, hold_after_ms: int
) -> None:
    """R8.2: a batch recogniser is late as a rule, a paid one is not asked ahead, the embedded one errs more."""
    tuned = call_settings(load(given))
    assert (tuned.hearing.streams, tuned.hearing.has_fallback) == (streams, has_fallback)
    assert (tuned.guesses, tuned.hearing.reads_ahead) == (speculates, speculates)
    assert (tuned.dialog.fine_ear, tuned.hold_after_ms) == (fine_ear, hold_after_ms)
    assert tuned.replying.voice_is_slow is ("GOOGLE_TTS_ENDPOINT" not in given)
    assert tuned.dialog.uses_llm is ("OPENAI_API_KEY" in given)


def test_what_is_set_for_turn_taking_reaches_its_machine() -> None:
    """R6: none is mistaken for its neighbour."""
    tuned = call_settings(
        load(
            {
                "VAD_CALIBRATION_MS": "410",
                "VAD_HYSTERESIS_MS": "40",
                "VAD_NEURAL": "off",
                "EOU_SILENCE_MIN_MS": "360",
                "EOU_SILENCE_MAX_MS": "490",
                "EOU_SHARP_DROP_MS": "210",
                "EOU_DICTATION_MS": "1600",
                "MIN_UTT_MS": "910",
                "MAX_UTT_MS": "4900",
                "BARGE_IN_MS": "190",
                "BARGE_IN_GRACE_MS": "220",
                "MAX_CALL_MINUTES": "7",
            }
        ),
        keeps_sample=True,
    )
    vad, end = tuned.vad, tuned.endpointing
    assert (vad.calibration_ms, vad.attack_ms, vad.release_ms, vad.neural) == (410, 40, 40, False)
    assert (end.min_silence_ms, end.max_silence_ms, end.sharp_silence_ms) == (360, 490, 210)
    assert (end.dictating_silence_ms, end.min_utterance_ms, end.max_utterance_ms) == (1600, 910, 4900)
    assert (tuned.barge_in.voice_ms, tuned.barge_in.grace_ms) == (190, 220)
    assert (tuned.max_call_ms, tuned.keeps_sample) == (420_000, True)


@pytest.mark.parametrize("missing", ["", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"])
def test_nobody_is_told_of_a_person_who_cannot_be_reached(missing: str) -> None:
    """R17: putting through takes the account's name and its key."""
    given = {"TRANSFER_NUMBER": "+972500000000", "TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "t" * 32}
    given.pop(missing, None)
    assert (call_settings(load(given)).dialog.transfer_number is None) is bool(missing)
