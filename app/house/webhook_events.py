"""What Twilio's webhooks tell of a call, handed to whom it concerns: the store, and the reader of recorded messages."""

from collections.abc import Callable, Mapping

import structlog

from app.call.shell.admission import Admission
from app.call.shell.recording import Recordings
from app.leads import records
from app.leads.client import LeadStore
from app.runtime import sleep
from app.telephony.browser_calls import call_channel
from app.whose import of_call

MESSAGE_COMES_WITHIN_S = 10.0
_OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
_log = structlog.get_logger("server")


class WebhookEvents:
    """Called off the request, in a greenlet of its own, once for each event."""

    def __init__(
        self,
        store: LeadStore,
        recordings: Recordings,
        admission: Admission,
        recorded: Callable[[], None],
        over: Callable[[str], None],
    ) -> None:
        """`recorded` hears of every message that was taken, `over` of every call that Twilio says is over."""
        self._over = over
        self._store = store
        self._recordings = recordings
        self._admission = admission
        self._recorded = recorded
        self._kinds: dict[str, Callable[[Mapping[str, str]], None]] = {
            "stream_status": self._on_stream_status,
            "stream_ended": self._on_stream_status,
            "incoming_call": self._on_ringing,
            "recording": self._on_recording,
            "transfer_ended": self._on_transfer_ended,
            "message_status": self._on_message_status,
        }

    def __call__(self, kind: str, params: Mapping[str, str], trusted: bool) -> None:
        """Take one event; `trusted`: Twilio signed it."""
        with of_call(params.get("CallSid", "")):
            try:
                if kind == "call_status":
                    self._on_call_status(params, trusted)
                else:
                    self._kinds[kind](params)
            except Exception:  # noqa: BLE001 - Twilio has its answer already: all that is left is to tell
                _log.exception("EVENT_BROKE", kind=kind)

    def _on_call_status(self, params: Mapping[str, str], trusted: bool) -> None:
        """A call that Twilio says is over is over in the store, too (R3.3); one with a message, once that was read."""
        call_sid, status = params.get("CallSid", ""), params.get("CallStatus", "")
        _log.info("CALL_STATUS", call_sid=call_sid, status=status, trusted=trusted)
        if not trusted or not call_sid or status not in _OVER:
            return
        self._over(call_sid)
        if self._admission.sent_to_recorder(call_sid) and not self._recordings.took(call_sid):
            sleep(MESSAGE_COMES_WITHIN_S)
        if not self._recordings.took(call_sid):
            self._store.tell(records.CallEnded, call_sid=call_sid)

    def _on_stream_status(self, params: Mapping[str, str]) -> None:
        call_sid, error = params.get("CallSid", ""), params.get("StreamError", "")
        _log.info("STREAM_STATUS", call_sid=call_sid, event_name=params.get("StreamEvent", "stream-ended"), error=error)

    def _on_recording(self, params: Mapping[str, str]) -> None:
        if not self._recordings.took(params["CallSid"]):  # Twilio asks again when it heard no answer
            self._recorded()
        self._recordings.take(params)

    def _on_ringing(self, params: Mapping[str, str]) -> None:
        """Who has called is stored before the stream comes, for it may never come (R14)."""
        call_sid = params.get("CallSid", "")
        self._store.tell(
            records.CallStarted,
            call_sid=call_sid,
            from_number=params.get("From", ""),
            to_number=params.get("To", ""),
            channel="recording" if self._admission.sent_to_recorder(call_sid) else call_channel(call_sid),
        )

    def _on_transfer_ended(self, params: Mapping[str, str]) -> None:
        call_sid, result = params.get("CallSid", ""), params.get("DialCallStatus", "")
        _log.info("TRANSFER_ENDED", call_sid=call_sid, result=result)
        self._store.tell(records.FactsSaved, call_sid=call_sid, transfer=records.transfer_result(result))

    def _on_message_status(self, params: Mapping[str, str]) -> None:
        message_sid, status, code = params["MessageSid"], params.get("MessageStatus", ""), params.get("ErrorCode", "")
        call_sid = params.get("CallSid", "")
        _log.info("MESSAGE_STATUS", call_sid=call_sid, message_sid=message_sid, status=status, error=code)
        number = int(code) if code.isdecimal() else None
        self._store.tell(records.MessageStatus, message_sid=message_sid, status=status, error_code=number)
