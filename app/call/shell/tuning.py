"""From the operator's settings to the machines' own."""

from app.call.answering.replying import ReplySettings
from app.call.hearing.recognition import RecognitionSettings
from app.call.machine import CallSettings
from app.config import Settings
from app.dialog.dialog import DialogSettings
from app.media.bargein import BargeInSettings
from app.media.endpointing import EndpointSettings
from app.media.playout import PlayoutSettings
from app.media.vad import VadSettings

HOLD_AFTER_MS = 1500
# A recogniser that begins when the caller ends, and a voice that is made on this machine, are late as a rule: what is
# usual needs no excuse.
HOLD_AFTER_BATCH_MS = 2500


def call_settings(settings: Settings, *, keeps_sample: bool = False) -> CallSettings:
    """Return what one call is tuned by."""
    # OpenAI's recogniser is paid by the minute and knows nothing before the turn's end.
    speculates = settings.speculation == "on" and settings.stt != "openai"
    return CallSettings(
        vad=VadSettings(
            calibration_ms=settings.vad_calibration_ms,
            attack_ms=settings.vad_hysteresis_ms,
            release_ms=settings.vad_hysteresis_ms,
            neural=settings.vad_neural == "on",
        ),
        endpointing=EndpointSettings(
            min_silence_ms=settings.eou_silence_min_ms,
            max_silence_ms=settings.eou_silence_max_ms,
            sharp_silence_ms=settings.eou_sharp_drop_ms,
            dictating_silence_ms=settings.eou_dictation_ms,
            min_utterance_ms=settings.min_utt_ms,
            max_utterance_ms=settings.max_utt_ms,
        ),
        barge_in=BargeInSettings(voice_ms=settings.barge_in_ms, grace_ms=settings.barge_in_grace_ms),
        playout=PlayoutSettings(
            lead_ms=settings.playout_lead_ms,
            tail_silence_ms=settings.tts_tail_ms,
            mark_timeout_ms=settings.mark_timeout_ms,
        ),
        hearing=RecognitionSettings(
            streams=settings.stt == "google",
            has_fallback=settings.stt_fallback is not None,
            commit_ms=settings.stt_commit_ms,
            fallback_ms=settings.stt_fallback_ms,
            give_up_ms=settings.stt_give_up_ms,
            reads_ahead=speculates,
        ),
        replying=ReplySettings(
            llm_first_token_ms=settings.llm_first_token_ms,
            llm_stall_ms=settings.llm_stall_ms,
            voice_is_slow=settings.tts == "embedded",
        ),
        dialog=DialogSettings(
            office_name=settings.office_name,
            agent_name=settings.agent_name,
            uses_llm=settings.llm == "openai",
            recorded=settings.record_calls == "on",
            fine_ear=settings.stt != "embedded",
            # Without an account nobody can be put through, and must not be told so.
            transfer_number=settings.transfer_number
            if settings.twilio_account_sid and settings.twilio_auth_token
            else None,
        ),
        guesses=speculates,
        max_call_ms=settings.max_call_minutes * 60_000,
        keeps_sample=keeps_sample,
        hold_after_ms=HOLD_AFTER_MS if settings.stt == "google" else HOLD_AFTER_BATCH_MS,
    )
