"""What the store must know of a call, as it happens (R14): the machine's `Save`s, made into the store's records.

A turn is saved whole each time more is known of it: first the caller's words, then the agent's as planned, then what of
them was heard. Turn 0 is the greeting. Slots and facts are never sums of what happened: each `Save` brings the dialog's
state, and what the store was told before and the state does not hold is taken back. So half a sentence that was
answered too early leaves nothing behind once the whole was heard.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, ParamSpec, Protocol
from zoneinfo import ZoneInfo

from app.dialog.hebrew.contact.phones import takes_whatsapp
from app.dialog.hebrew.times.clock_times import call_time
from app.dialog.lines.values import budget_phrase, property_phrase, timing_phrase, wishes_phrase
from app.dialog.plan import Plan
from app.dialog.policy.state import Mode
from app.leads.records import (
    CallBack,
    CallEnded,
    CallStarted,
    CallUsed,
    FactsSaved,
    InterruptionSaved,
    Record,
    SlotChange,
    SlotsChanged,
    Timing,
    TransferResult,
    TurnSaved,
    WhatsAppRequest,
    WishKept,
)
from app.telephony.browser_calls import call_channel

ISRAEL = ZoneInfo("Asia/Jerusalem")
P = ParamSpec("P")


class Store(Protocol):
    """The part of `leads.client.LeadStore` that a call writes to; nothing here blocks."""

    def tell(self, kind: Callable[P, Record], /, *args: P.args, **fields: P.kwargs) -> None:
        """See `leads.client.LeadStore`."""


@dataclass(slots=True)
class _Turn:
    caller_text: str = ""
    agent_text: list[str] = field(default_factory=list)
    agent_heard: list[str] = field(default_factory=list)
    asked: str = ""
    intent: str = ""
    latencies_ms: dict[str, float | None] = field(default_factory=dict)
    timing: Timing | None = None
    state: dict[str, Any] | None = None


class Ledger:
    """Writes one call into the store."""

    def __init__(
        self, store: Store, call_sid: str, now: Callable[[], datetime] = lambda: datetime.now(UTC).astimezone(ISRAEL)
    ) -> None:
        """Write for `call_sid`; `now` is what "tomorrow" and "in an hour" are counted from."""
        self._store = store
        self._call_sid = call_sid
        self._now = now
        self._turns: dict[int, _Turn] = {}
        self._slots: dict[str, SlotChange] = {}
        self._facts: dict[str, Any] = {}

    def save(self, kind: str, data: Mapping[str, Any]) -> None:
        """Take one `Save` of the machine."""
        match kind:
            case "started":
                self._store.tell(
                    CallStarted,
                    call_sid=self._call_sid,
                    stream_sid=data["stream_sid"],
                    from_number=data["caller"] or "",
                    to_number=data["callee"] or "",
                    channel=call_channel(self._call_sid),
                )
            case "heard":
                self._heard(data["turn"], data["text"], data["plan"], data["state"])
            case "planned":
                self._planned(data["turn"], data["plan"], data["state"])
            case "extracted":
                self._known(data["turn"], data["state"])
            case "said":
                self._said(data["turn"], data["text"], data["heard"])
            case "timings":
                self._timings(data["turn"], data)
            case "ended":
                ended = {"outcome": data["outcome"] or "", "reason": data.get("reason", data["outcome"] or "")}
                self._store.tell(CallEnded, call_sid=self._call_sid, **ended)

    def transferred(self, result: TransferResult) -> None:
        """Note how putting the caller through went; see `records.FactsSaved`."""
        self._store.tell(FactsSaved, call_sid=self._call_sid, transfer=result)

    def timed(self, turn: int, timing: Mapping[str, Any]) -> None:
        """Take a turn's timing; it is written with what was heard of the reply."""
        self._turns.setdefault(turn, _Turn()).timing = Timing.model_validate(timing)

    def interrupted(self, interruption: Mapping[str, Any]) -> None:
        """Write an interruption as far as it is known."""
        self._store.tell(InterruptionSaved, call_sid=self._call_sid, **interruption)

    def used(self, units: Mapping[str, int]) -> None:
        """Write what the call used."""
        self._store.tell(CallUsed, call_sid=self._call_sid, usage=dict(units))

    def _heard(self, number: int, text: str, plan: Plan, state: dict[str, Any]) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.caller_text = text
        turn.intent = plan.intent.value if plan.intent else ""
        self._planned(number, plan, state)

    def _planned(self, number: int, plan: Plan, state: dict[str, Any]) -> None:
        turn = self._turns.setdefault(number, _Turn())
        turn.asked, turn.state = plan.asked.value, state
        self._write(number)
        self._known(number, state)

    def _known(self, number: int, state: Mapping[str, Any]) -> None:
        """Bring the store's slots and facts to what the dialog knows."""
        slots = slots_of(state)
        changes = {name: change for name, change in slots.items() if self._slots.get(name) != change}
        changes |= {name: withdrawal_of(name, state) for name in self._slots if name not in slots}
        if changes:
            self._store.tell(SlotsChanged, call_sid=self._call_sid, turn=number, changes=changes)
        facts = facts_of(state)
        words = facts.pop("call_back_words", None)
        if words is not None:
            before = self._facts.get("call_back")
            # "In an hour" counts from when it was said.
            facts["call_back"] = before if before and before.when_text == words else call_back(words, self._now())
        news = {name: fact for name, fact in facts.items() if self._facts.get(name) != fact}
        withdrawn = [name for name in self._facts if name not in facts]
        if news or withdrawn:
            self._store.tell(FactsSaved, call_sid=self._call_sid, withdrawn=withdrawn, **news)
        self._slots, self._facts = slots, facts

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
        self._store.tell(
            TurnSaved,
            call_sid=self._call_sid,
            number=number,
            caller_text=turn.caller_text,
            agent_text=" ".join(turn.agent_text),
            agent_heard=" ".join(turn.agent_heard) if turn.agent_heard else None,
            asked=turn.asked,
            intent=turn.intent,
            latencies_ms=turn.latencies_ms,
            timing=turn.timing,
            state=turn.state,
        )


def slots_of(state: Mapping[str, Any]) -> dict[str, SlotChange]:
    """Return what is known by the dialog's `state`, with the caller's words behind it."""
    provenance = state.get("provenance", {})
    return {
        name: SlotChange(
            value=value,
            quote=provenance.get(name, {}).get("quote", ""),
            confidence=0.5 if provenance.get(name, {}).get("unsure") else 1.0,
            confirmed=bool(name == "phone" and state.get("phone_confirmed")),
        )
        for name, value in state.get("slots", {}).items()
    }


def withdrawal_of(name: str, state: Mapping[str, Any]) -> SlotChange:
    """Return a slot that holds nothing any more, with the words that took it back where there are any."""
    change = state.get("provenance", {}).get(name, {})
    return SlotChange(value=None, quote=change.get("quote", "") if change.get("value") is None else "")


def facts_of(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return what `state` says besides slots, as `FactsSaved` has it; the call-back in the caller's words alone."""
    slots = state.get("slots", {})
    facts: dict[str, Any] = {
        "wants_human": bool(state.get("human_asked")) or None,
        "owner": bool(state.get("owner") or state.get("mode") == Mode.OWNER) or None,
        "refused": list(state.get("refused") or ()) or None,
        "wishes": [WishKept(wish=kind, **kept) for kind, kept in state.get("wishes", {}).items()] or None,
        "call_back_words": state.get("callback_words", "") if state.get("callback") else None,
        "summary": summary_text(slots, state.get("wishes", ())) if slots else None,
        "summary_confirmed": bool(state.get("summary_confirmed")) or None,
    }
    if state.get("whatsapp"):
        summary = summary_text(slots, state.get("wishes", ()))
        facts |= _whatsapp(slots.get("phone"), summary, is_confirmed=bool(state.get("phone_confirmed")))
    return {name: fact for name, fact in facts.items() if fact is not None}


def _whatsapp(phone: str | None, body: str, *, is_confirmed: bool) -> dict[str, Any]:
    """What was asked for goes out, once the number is the caller's for certain: a hang-up then changes nothing."""
    if not phone:
        return {"whatsapp_not_sent": "no_number"}
    if not is_confirmed:
        return {"whatsapp_not_sent": "number_not_confirmed"}
    if not takes_whatsapp(phone):
        return {"whatsapp_not_sent": "landline"}
    return {"whatsapp": WhatsAppRequest(to=phone, body=body, variables={"1": body})}


def call_back(words: str, now: datetime) -> CallBack:
    """Return a wish to be called, its time as far as the words are clear."""
    found = call_time(words, now)
    return CallBack(when_text=words, day=found.day, when=found.when, until=found.until)


def summary_text(slots: Mapping[str, Any], wishes: Iterable[str] = ()) -> str:
    """Return what was collected as a short Hebrew text to read."""
    home = f"{property_phrase(slots)} {wishes_phrase(wishes, most=None)}".strip()
    parts = [home, budget_phrase(slots), timing_phrase(slots, 0), str(slots.get("name") or "")]
    return "סיכום הפנייה: " + ", ".join(part for part in parts if part)
