"""What the store must know of a call, as it happens (R14): the machine's `Save`s, made into the store's records.

A turn is saved whole each time more is known of it: first the caller's words, then the agent's as planned, then what of
them was heard. Turn 0 is the greeting.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.dialog import policy as dialog_policy
from app.dialog.phrases import budget_phrase, property_phrase, timing_phrase
from app.dialog.plan import ActionKind, Plan
from app.leads.records import CallBack, SlotChange, WhatsAppRequest


class Store(Protocol):
    """The part of `leads.client.LeadStore` that a call writes to; nothing here blocks."""

    def call_started(
        self, call_sid: str, *, stream_sid: str = "", from_number: str = "", to_number: str = "", channel: str = "call"
    ) -> None:
        """See `leads.client.LeadStore`."""

    def turn_saved(
        self,
        call_sid: str,
        number: int,
        *,
        caller_text: str = "",
        agent_text: str = "",
        agent_heard: str | None = None,
        asked: str = "",
        intent: str = "",
        latencies_ms: Mapping[str, float | None] | None = None,
        state: Mapping[str, Any] | None = None,
    ) -> None:
        """See `leads.client.LeadStore`."""

    def slots_changed(self, call_sid: str, turn: int, changes: Mapping[str, SlotChange]) -> None:
        """See `leads.client.LeadStore`."""

    def facts_saved(
        self,
        call_sid: str,
        *,
        whatsapp: WhatsAppRequest | None = None,
        call_back: CallBack | None = None,
        wants_human: bool | None = None,
        owner: bool | None = None,
        refused: list[str] | None = None,
        summary: str | None = None,
        recording_url: str | None = None,
    ) -> None:
        """See `leads.client.LeadStore`."""

    def call_ended(self, call_sid: str, outcome: str = "") -> None:
        """See `leads.client.LeadStore`."""


@dataclass(slots=True)
class _Turn:
    caller_text: str = ""
    agent_text: list[str] = field(default_factory=list)
    agent_heard: list[str] = field(default_factory=list)
    asked: str = ""
    intent: str = ""
    latencies_ms: dict[str, float | None] = field(default_factory=dict)
    state: dict[str, Any] | None = None


class Ledger:
    """Writes one call into the store."""

    def __init__(self, store: Store, call_sid: str) -> None:
        """Write for `call_sid`."""
        self._store = store
        self._call_sid = call_sid
        self._turns: dict[int, _Turn] = {}
        self._unconfirmed_phone: SlotChange | None = None

    def save(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take one `Save` of the machine."""
        match kind:
            case "started":
                self._store.call_started(
                    self._call_sid,
                    stream_sid=data["stream_sid"],
                    from_number=data["caller"] or "",
                    to_number=data["callee"] or "",
                )
            case "heard":
                self._heard(data["turn"], data["text"], data["plan"], data["state"])
            case "planned":
                self._planned(data["turn"], data["plan"], data["state"])
            case "extracted":
                self._changed(data["turn"], data["changes"], data["state"])
            case "said":
                self._said(data["turn"], data["text"], data["heard"])
            case "timings":
                self._timings(data["turn"], data)
            case "ended":
                self._store.call_ended(self._call_sid, data["outcome"] or "")

    def _heard(self, number: int, text: str, plan: Plan, state: dict[str, Any]) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.caller_text = text
        turn.intent = plan.intent.value if plan.intent else ""
        self._planned(number, plan, state)

    def _planned(self, number: int, plan: Plan, state: dict[str, Any]) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.asked, turn.state = plan.asked.value, state
        self._write(number)
        if plan.changes:
            self._changed(number, plan.changes, state)
        if self._unconfirmed_phone and state.get("phone_confirmed"):
            # The "yes" to a number read back changes no slot, but the office must know of it.
            confirmed = self._unconfirmed_phone.model_copy(update={"confirmed": True})
            self._store.slots_changed(self._call_sid, number, {"phone": confirmed})
            self._unconfirmed_phone = None
        self._facts(plan, state)

    def _changed(self, number: int, changes: Sequence[dialog_policy.SlotChange], state: dict[str, Any]) -> None:
        records = {
            change.slot: SlotChange(
                value=change.value,
                quote=change.quote,
                confidence=0.5 if change.unsure else 1.0,
                confirmed=bool(change.slot == "phone" and state.get("phone_confirmed")),
            )
            for change in changes
        }
        if phone := records.get("phone"):
            self._unconfirmed_phone = None if phone.confirmed or phone.value is None else phone
        self._store.slots_changed(self._call_sid, number, records)

    def _facts(self, plan: Plan, state: dict[str, Any]) -> None:
        slots = state.get("slots", {})
        for action in plan.actions:
            if action.kind is ActionKind.HUMAN:
                self._store.facts_saved(self._call_sid, wants_human=True)
            elif action.kind is ActionKind.CALLBACK and action.confirmed:
                self._store.facts_saved(self._call_sid, call_back=CallBack(when_text=action.words))
            elif action.kind is ActionKind.WHATSAPP and action.confirmed and slots.get("phone"):
                body = summary_text(slots)
                request = WhatsAppRequest(to=slots["phone"], body=body, variables={"1": body})
                self._store.facts_saved(self._call_sid, whatsapp=request, summary=body)
        if state.get("mode") == "owner":
            self._store.facts_saved(self._call_sid, owner=True)
        if state.get("refused"):
            self._store.facts_saved(self._call_sid, refused=list(state["refused"]))

    def _said(self, number: int, text: str, heard: str) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.agent_text.append(text)
        turn.agent_heard.append(heard)
        self._write(number)

    def _timings(self, number: int, data: Mapping[str, Any]) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.latencies_ms = {
            "endpointing": data["endpointing_ms"],
            "asr": data["stt_ms"],
            "llm_first_token": data["llm_ms"],
            "tts_first_byte": data["tts_ms"],
            "voice_to_voice": data["endpointing_ms"] + data["total_ms"],
        }  # written with what was heard of the reply

    def _write(self, number: int) -> None:
        turn = self._turns[number]
        self._store.turn_saved(
            self._call_sid,
            number,
            caller_text=turn.caller_text,
            agent_text=" ".join(turn.agent_text),
            agent_heard=" ".join(turn.agent_heard) if turn.agent_heard else None,
            asked=turn.asked,
            intent=turn.intent,
            latencies_ms=turn.latencies_ms,
            state=turn.state,
        )


def summary_text(slots: Mapping[str, Any]) -> str:
    """Return what was collected as a short Hebrew text to read."""
    parts = [property_phrase(slots), budget_phrase(slots), timing_phrase(slots, 0), str(slots.get("name") or "")]
    return "סיכום הפנייה: " + ", ".join(part for part in parts if part)
