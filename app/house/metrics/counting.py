"""Counters and histograms, fed by what onlookers see of calls (`app.house.watching`). Never waits."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram

from app.house.hub_watch import Late

ANSWER_BUCKETS_S = (0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.9, 1.2, 1.5, 2.0, 3.0, 5.0)
CALL_BUCKETS_S = (15, 30, 60, 120, 180, 300, 600, 900)
LAG_BUCKETS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
OUTCOMES = frozenset(
    (
        *("confirmed", "collected", "goodbye_incomplete", "whatsapp", "schedule", "human", "no_input", "abuse"),
        *("recording", "abandoned", "fault"),
    )
)
REFUSED = ("full", "late", "draining", "muted", "token", "signature", "webhook", "rate", "too many wait")
LOGINS = ("ok", "bad", "locked")
_ERROR_KINDS = {
    "timeout": "timeout",
    "quota": "quota",
    "unauthenticated": "auth",
    "unavailable": "network",
    "child_died": "network",
}
_FAILED = {"STT_FAILED": "stt", "LLM_FAILED": "llm", "TTS_FAILED": "tts"}
_FELL_BACK = {"LLM_FAILED": "llm", "LLM_LATE": "llm", "TTS_LATE": "tts"}
"""What says that something stood in; of the recogniser that is told with the text."""
_USAGE = {
    "stt_ms": ("stt_seconds", 0.001),
    "tts_chars": ("tts_chars", 1),
    "llm_in_tokens": ("llm_in_tokens", 1),
    "llm_out_tokens": ("llm_out_tokens", 1),
}
_SHARP_BELOW_MS, _DICTATING_ABOVE_MS = 350, 500


class Counts:
    """One worker's counters, in a registry of their own."""

    def __init__(self, engine: str) -> None:
        """`engine` is the recogniser that serves: answers are as slow as it makes them."""
        self.registry = CollectorRegistry()
        self._engine = engine
        self._verdicts_told: set[tuple[str, int, str]] = set()
        self.calls = self._counter("calls", "Calls that have ended", "channel", "outcome")
        self.refused = self._counter("refused", "Who was not let in", "why")
        self.logins = self._counter("logins", "Attempts to log into the console", "result")
        for counter, values in ((self.refused, REFUSED), (self.logins, LOGINS)):
            for value in values:
                counter.labels(value)  # shown as 0: of a series that begins at 1, an alert sees no increase
        self._interruptions = self._counter("interruptions", "Times the caller spoke over the agent", "verdict")
        self._ends = self._counter("eou", "Ends of utterances", "kind")
        self._speculations = self._counter("speculations", "Replies prepared before the final transcript", "result")
        self._withdrawn = self._counter("replies_withdrawn", "Replies taken back because the caller went on")
        self._happened = {
            "HOLDING": self._counter("holding", "Holding phrases before late answers"),
            "LINE_LOST": self._counter("lines_lost", "Media sockets that broke while their call went on"),
        }
        self._faults = self._counter("timing_faults", "Measured times that cannot be")
        self._holes = self._counter("holes", "Pauses in the agent's voice that were not meant")
        self._errors = self._counter("engine_errors", "What engines failed at", "engine", "kind")
        self._fallbacks = self._counter("engine_fallbacks", "Times another engine, or none, stood in", "engine")
        self._cache = self._counter("tts_cache", "Sentences found in the cache of voices, or not", "result")
        self._usage = self._counter("usage", "Units that vendors bill", "unit")
        self._seconds = self._histogram("call_seconds", "Length of calls", CALL_BUCKETS_S)
        self._steps = self._histogram("turn_step_seconds", "Where the time of an answer went", ANSWER_BUCKETS_S, "step")
        self._answers = self._histogram(
            "answer_seconds", "Silence between the caller's last word and the answer", ANSWER_BUCKETS_S, "engine"
        )
        self._lag = self._histogram("hub_lag_seconds", "How late the hub runs what is due", LAG_BUCKETS_S)
        self._held = self._histogram("hub_held_seconds", "How much of it is this process's own work", LAG_BUCKETS_S)

    def note(self, call_sid: str, channel: str, event: str, fields: Mapping[str, Any], since_start_ms: int) -> None:
        """Count what an event of a call tells."""
        match event:
            case "TIMING":
                self._note_timing(fields)
            case "INTERRUPTION":
                self._note_interruption(call_sid, fields)
            case "STATE→PROCESSING" if "silence_ms" in fields:
                silence_ms = fields["silence_ms"]
                sharp, dictating = silence_ms < _SHARP_BELOW_MS, silence_ms > _DICTATING_ABOVE_MS
                self._ends.labels("sharp" if sharp else "dictating" if dictating else "adaptive").inc()
            case "EOU":
                self._ends.labels("forced").inc()
            case "SPECULATION":
                self._speculations.labels("used" if fields["used"] else "wrong").inc()
            case "HOLDING" | "LINE_LOST":
                self._happened[event].inc()
            case "STT_FAILED" | "LLM_FAILED" | "TTS_FAILED" | "LLM_LATE" | "TTS_LATE":
                self._note_failure(event, fields)
            case "ASR_TEXT" if fields["source"] == "fallback":
                self._fallbacks.labels("stt").inc()
            case "USAGE":
                self._note_usage(fields)
            case "ENDED":
                self.call_ended(channel, str(fields.get("outcome") or ""))
            case "CALL_ENDED":
                self._seconds.observe(since_start_ms / 1000)
                self._verdicts_told = {told for told in self._verdicts_told if told[0] != call_sid}

    def second_voice_spoke(self) -> None:
        """Count a sentence that the first voice could not say."""
        self._fallbacks.labels("tts").inc()

    def call_ended(self, channel: str, outcome: str) -> None:
        """Count a call that is over."""
        self.calls.labels(channel, outcome if outcome in OUTCOMES else "other").inc()

    def hub_was_late(self, late: Late) -> None:
        """Take a measurement of the hub."""
        self._lag.observe(late.lag_ms / 1000)
        self._held.observe(late.held_ms / 1000)

    def _note_timing(self, fields: Mapping[str, Any]) -> None:
        self._withdrawn.inc(fields["withdrawn"])
        self._faults.inc(fields["faults"])
        self._holes.inc(fields["holes"])
        if fields["answer_ms"] is None:
            return
        self._answers.labels(self._engine).observe(fields["answer_ms"] / 1000)
        for step, took_ms in fields["segments"].items():
            self._steps.labels(step).observe(took_ms / 1000)

    def _note_interruption(self, call_sid: str, fields: Mapping[str, Any]) -> None:
        told = (call_sid, fields["number"], fields["verdict"])
        if fields["verdict"] and told not in self._verdicts_told:
            self._verdicts_told.add(told)
            self._interruptions.labels(fields["verdict"]).inc()

    def _note_failure(self, event: str, fields: Mapping[str, Any]) -> None:
        if event in _FAILED:
            self._errors.labels(_FAILED[event], _ERROR_KINDS.get(str(fields.get("code")), "other")).inc()
        if event in _FELL_BACK:
            self._fallbacks.labels(_FELL_BACK[event]).inc()

    def _note_usage(self, fields: Mapping[str, Any]) -> None:
        for unit, (name, factor) in _USAGE.items():
            self._usage.labels(name).inc(fields.get(unit, 0) * factor)
        self._cache.labels("hit").inc(fields.get("tts_cached_lines", 0))
        self._cache.labels("miss").inc(fields.get("tts_lines", 0))

    def _counter(self, name: str, text: str, *labels: str) -> Counter:
        return Counter(f"agent_{name}", text, labels, registry=self.registry)

    def _histogram(self, name: str, text: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
        return Histogram(f"agent_{name}", text, labels, buckets=buckets, registry=self.registry)
