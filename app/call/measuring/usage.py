"""What a call uses, in the units that vendors bill. Pure."""

from collections import Counter
from collections.abc import Callable, Iterable

from app.call.events import AskExtraction, AskLlm, Command, Log, Speak, WriteStt

PCM_BYTES_PER_MS = 16


class Usage:
    """Counts one call's commands to engines; tokens come from the vendor and are added as they are told."""

    def __init__(self) -> None:
        self.units: Counter[str] = Counter()

    def see(self, commands: Iterable[Command], is_cached: Callable[[str], bool]) -> None:
        """Count what commands cost; `is_cached`: whether a sentence's voice is ready."""
        for command in commands:
            match command:
                case WriteStt():
                    self.units["stt_bytes"] += len(command.pcm)
                case AskLlm() | AskExtraction():
                    self.units["llm_calls"] += 1
                case Speak():
                    cached = "cached_" if is_cached(command.text) else ""
                    self.units[f"tts_{cached}chars"] += len(command.text)
                    self.units[f"tts_{cached}lines"] += 1
                case Log() if command.line == "SPECULATION":
                    self.units["guesses_used" if command.fields["used"] else "guesses_wasted"] += 1

    def tokens(self, read: int, written: int) -> None:
        """A language model says what an answer cost."""
        self.units["llm_in_tokens"] += read
        self.units["llm_out_tokens"] += written

    def total(self) -> dict[str, int]:
        """Return the units so far, as `records.CallUsed` has them."""
        units = dict(self.units)
        stt_ms = units.pop("stt_bytes", 0) // PCM_BYTES_PER_MS
        return {**units, "stt_ms": stt_ms}
