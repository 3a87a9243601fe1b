"""How often the caller spoke over the agent, and what came of it each time. Pure; times are ms since the start."""

from collections.abc import Iterable, Mapping
from typing import Any

from app.call.events import Command, Event, Log, Save, SttHeard


class Verdicts:
    """Watches one call's interruptions."""

    def __init__(self) -> None:
        self._open: dict[str, Any] | None = None
        self._last: dict[str, Any] | None = None
        self._count = 0
        self._awaits_words = False

    def see(self, event: Event, commands: Iterable[Command], at_ms: int) -> list[dict[str, Any]]:
        """Take one event and what it brought about; return the fields of `records.InterruptionSaved` that changed."""
        changed: list[dict[str, Any]] = []
        if isinstance(event, SttHeard) and event.text and self._open is not None:
            self._open["words"] = event.text
        for command in commands:
            match command:
                case Log():
                    changed += self._see_log(command.line, command.fields, at_ms)
                case Save() if command.kind == "said" and self._is_of_open(command.data):
                    # Nothing was left to say: the verdict stood with the interruption itself.
                    changed += self._judge("near_end", at_ms)
        return [dict(one) for one in changed]

    def _see_log(self, line: str, fields: Mapping[str, Any], at_ms: int) -> list[dict[str, Any]]:
        match line:
            case "BARGE_IN":
                return [self._begin(fields, at_ms)]
            case "STATE→LISTENING" if "reply" in fields:  # so early that the reply was taken back
                self._begin(fields, at_ms)
                return self._judge("withdrawn", at_ms)
            case "FLOOR_TAKEN":
                self._awaits_words = True
                return self._judge("floor", at_ms)
            case "STATE→SPEAKING" if "on" not in fields:
                self._open = self._open or self._last  # the floor had been given to an echo
                return self._judge("resumed", at_ms)
            case "LATE_WORDS" if self._last is not None and self._last["verdict"] == "resumed":
                self._last |= {"verdict": "late_words", "verdict_at_ms": at_ms, "words": fields["text"]}
                return [self._last]
            case "ASR_TEXT" if self._last is not None and self._awaits_words:
                self._awaits_words = False
                self._last["words"] = fields["text"]
                return [self._last]
        return []

    def _is_of_open(self, data: Mapping[str, Any]) -> bool:
        return self._open is not None and data["reply"] == self._open["reply"]

    def _begin(self, fields: Mapping[str, Any], at_ms: int) -> dict[str, Any]:
        self._count += 1
        voice_ms = fields.get("voice_ms")
        self._open = {
            "number": self._count,
            "turn": fields.get("turn", 0),
            "reply": fields["reply"],
            "onset_ms": None if voice_ms is None else at_ms - voice_ms,
            "clear_at_ms": at_ms,
            "heard_ms": fields["heard_ms"],
            "words": "",
            "verdict": "",
        }
        return self._open

    def _judge(self, verdict: str, at_ms: int) -> list[dict[str, Any]]:
        if self._open is None:
            return []
        self._last, self._open = self._open, None
        onset_ms = self._last["onset_ms"]
        self._last |= {"verdict": verdict, "verdict_at_ms": at_ms}
        self._last["speech_ms"] = None if onset_ms is None else at_ms - onset_ms
        return [self._last]
