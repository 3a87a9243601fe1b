"""One agent reply, from the first word wanted to the last word heard.

Sentences are synthesised as soon as they are known and played in order, while the language model still writes the
rest. The whole voice of the reply is kept: after a false alarm it is resumed a little before the word that was heard
last, and only what was heard enters the dialog's history (R7.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Protocol

from app.call.events import (
    AskLlm,
    CancelLlm,
    CancelSpeech,
    Command,
    LlmEnded,
    LlmFailed,
    LlmText,
    Log,
    Speak,
    SpeechAudio,
    SpeechEnded,
    SpeechFailed,
)
from app.speech.pace import Pace

ULAW_BYTES_PER_MS = 8
RESUME_SEARCH_MS = 700  # a natural restart lies within the last few words
VOICE_STALL_MS = 5000  # a voice that has begun and says no more for so long is broken
VOICE_SILENT_MS = 20_000  # both engines had their time by then
CACHED_WITHIN_MS = 100  # a voice that is there so soon was not made for this call
VOICE_AHEAD_WAIT_MS = 2000  # a hole between two sentences is better than a longer silence before the first


class Gate(Protocol):
    """Lets only lines that keep the dialog's rules be spoken, whatever a language model writes (R10.4)."""

    def feed(self, delta: str) -> list[str]:
        """Take a piece of the model's text; return the sentences that may be spoken now."""

    def end(self) -> list[str]:
        """The model is done, or will say nothing more that counts; return what completes the line."""


@dataclass(frozen=True, slots=True)
class ReplySettings:
    """How long the language model is waited for, and how much voice is to be ready before the first word is said."""

    llm_first_token_ms: int
    llm_stall_ms: int
    voice_is_slow: bool = False
    """A voice that takes longer to begin than a short sentence takes to be said."""


@dataclass(slots=True)
class _Sentence:
    text: str
    speech: int
    begun_at_ms: int
    """When its voice could be begun: it was asked for, and the one before it was whole."""
    audio: bytearray = field(default_factory=bytearray)
    sounded_at_ms: int = 0
    """When the latest of its voice came."""
    is_whole: bool = False
    is_broken: bool = False


class Reply:
    """The agent's answer to one turn. Pure; times are monotonic ms."""

    def __init__(
        self,
        number: int,
        turn: int,
        line: list[str],
        gate: Gate | None,
        settings: ReplySettings,
        speeches: Iterator[int],
        now_ms: int,
        pace: Pace | None = None,
    ) -> None:
        """Prepare to speak the sentences of `line`, or what a language model writes through `gate`.

        `pace` knows, and learns, how long a slow voice takes to begin; None: the voice is not slow.
        """
        self.number = number
        self.turn = turn
        """The caller turn it answers, 0 for the greeting."""
        self._line = line
        self.asked_at_ms = now_ms
        self.first_sentence_ms: int | None = None
        self.first_audio_ms: int | None = None
        self.ready_at_ms: int | None = None
        """Since when it is kept back for a caller who may not be done."""
        self._gate = gate
        self._settings = settings
        self._speeches = speeches
        self._pace = pace
        self._sentences: list[_Sentence] = []
        self._text_is_whole = False
        self._deadline_ms: int | None = None
        self._played = 0
        self._is_whole = self._is_taken = False
        self.played_from_ms = 0
        """Where in the reply's voice the playout in progress began."""

    def begin(self, messages: list[dict[str, str]] | None, now_ms: int) -> list[Command]:
        """Start to say it: through the language model when there are `messages`."""
        if self._gate is not None and messages is not None:
            self._deadline_ms = now_ms + self._settings.llm_first_token_ms
            return [AskLlm(self.number, messages)]
        self._text_is_whole = True
        return self._speak(self._line, now_ms)

    def receive(
        self, event: LlmText | LlmEnded | LlmFailed | SpeechAudio | SpeechEnded | SpeechFailed, now_ms: int
    ) -> list[Command]:
        """Take what the language model or the voice delivers."""
        match event:
            case LlmText() if self._gate and not self._text_is_whole:
                self._deadline_ms = now_ms + self._settings.llm_stall_ms
                return self._speak(self._gate.feed(event.delta), now_ms)
            case LlmEnded() if not self._text_is_whole:
                return self._complete(now_ms)
            case LlmFailed() if not self._text_is_whole:
                log = Log("LLM_FAILED", {"code": event.code, "message": event.message}, "warning")
                return [log, *self._complete(now_ms)]
            case SpeechAudio() | SpeechEnded() | SpeechFailed():
                return self._voice(event, now_ms)
        return []

    def late(self, now_ms: int) -> list[Command]:
        """The deadline of the language model or of the voice may have passed: then the reply goes on without it."""
        if self.is_whole:
            return []  # for most of the time that it is spoken
        commands: list[Command] = []
        if not self._text_is_whole and self._deadline_ms is not None and now_ms >= self._deadline_ms:
            fields = {"waited_ms": now_ms - self.asked_at_ms, "sentences": len(self._sentences)}
            commands += [Log("LLM_LATE", fields, "warning"), CancelLlm(self.number), *self._complete(now_ms)]
        voice_due_ms = self._voice_due_ms
        if voice_due_ms is not None and now_ms >= voice_due_ms:
            commands += [Log("TTS_LATE", {"reply": self.number}, "warning"), *self._break_voice()]
        return commands

    def timer(self) -> int | None:
        """Return when `late` may have something to do."""
        if self.is_whole:
            return None
        due = [None if self._text_is_whole else self._deadline_ms, self._voice_due_ms]
        return min((at for at in due if at is not None), default=None)

    @property
    def _voice_due_ms(self) -> int | None:
        """When the voice that is to be heard next must have come; what comes of a later sentence puts nothing off."""
        at = next((at for at, one in enumerate(self._sentences) if not one.is_whole), None)
        if at is None:
            return None
        awaited = self._sentences[at]
        if awaited.audio:
            return max(awaited.sounded_at_ms, awaited.begun_at_ms) + VOICE_STALL_MS
        # Until there is a first word, the caller waits for all of them together.
        has_begun = any(one.audio for one in self._sentences[:at])
        return (awaited if has_begun else self._sentences[0]).begun_at_ms + VOICE_SILENT_MS

    def awaits(self, event: LlmText | LlmEnded | LlmFailed | SpeechAudio | SpeechEnded | SpeechFailed) -> bool:
        """Whether `event` is an answer to something this reply asked for."""
        if isinstance(event, LlmText | LlmEnded | LlmFailed):
            return event.reply == self.number
        return any(sentence.speech == event.speech for sentence in self._sentences)

    @property
    def has_audio(self) -> bool:
        """Whether any of its voice is there, and not yet taken."""
        return self.voice_ms > 0 and self._played < len(self._voice_so_far())

    def may_start(self, now_ms: int) -> bool:
        """Whether there is voice to begin with, and enough of it to last until the next sentence's is there.

        In a hole after "נעים מאוד" the caller would take the agent for done, and answer.
        """
        if not self.has_audio or self.first_audio_ms is None:
            return self.has_audio
        return self.voice_ms >= self._next_voice_in_ms(now_ms) or now_ms >= self.first_audio_ms + VOICE_AHEAD_WAIT_MS

    def _next_voice_in_ms(self, now_ms: int) -> int:
        """How long the next sentence that has no voice yet may take to get one; 0 where none is waited for."""
        awaited = next((one for one in self._sentences if not one.audio and not one.is_whole), None)
        if awaited is None or self._pace is None:
            return 0
        is_next = all(one.is_whole for one in self._sentences[: self._sentences.index(awaited)])
        since_ms = now_ms - awaited.begun_at_ms if is_next else 0
        return self._pace.expected_ms(awaited.text) - since_ms

    def take_audio(self) -> bytes:
        """Return the voice that is ready and not yet taken, in order."""
        if self._is_taken:
            return b""
        taken = b""
        start = 0
        for sentence in self._sentences:
            end = start + len(sentence.audio)
            if end > self._played:
                taken += sentence.audio[max(self._played - start, 0) :]
            if not sentence.is_whole:
                break
            start = end
        self._played += len(taken)
        self._is_taken = self.is_whole
        return taken

    @property
    def is_whole(self) -> bool:
        """Whether every sentence is known and its voice complete; once it is, it stays so."""
        if not self._is_whole:
            self._is_whole = self._text_is_whole and all(sentence.is_whole for sentence in self._sentences)
        return self._is_whole

    @property
    def voice_ms(self) -> int:
        """How much of the reply's voice there is so far."""
        return sum(len(sentence.audio) for sentence in self._sentences) // ULAW_BYTES_PER_MS

    @property
    def text(self) -> str:
        """What the agent set out to say, as far as it is known."""
        return " ".join(sentence.text for sentence in self._sentences)

    def heard_text(self, heard_ms: int) -> str:
        """Return the words that `heard_ms` of the reply's voice hold; a word half heard does not count."""
        words: list[str] = []
        left_ms = heard_ms
        for sentence in self._sentences:
            length_ms = len(sentence.audio) // ULAW_BYTES_PER_MS
            if length_ms <= left_ms and sentence.is_whole:
                if not sentence.is_broken:
                    words.append(sentence.text)
                left_ms -= length_ms
                continue
            if length_ms:
                said = sentence.text.split()
                words += said[: int(len(said) * min(left_ms, length_ms) / length_ms)]
            break
        return " ".join(words)

    def rewind(self, heard_ms: int) -> None:
        """Make `take_audio` start again near `heard_ms`: at the quietest moment of the last few words."""
        voice = self._voice_so_far()
        heard = min(heard_ms * ULAW_BYTES_PER_MS, len(voice))
        frame = 20 * ULAW_BYTES_PER_MS
        start = max(0, heard - RESUME_SEARCH_MS * ULAW_BYTES_PER_MS)
        candidates = range(start, max(start + 1, heard - frame), frame)
        self._is_taken = False
        self._played = 0 if start == 0 else min(candidates, key=lambda at: _loudness(voice[at : at + frame]))
        self.played_from_ms = self._played // ULAW_BYTES_PER_MS

    def cancel(self) -> list[Command]:
        """Stop caring about whatever is still to come."""
        commands: list[Command] = [CancelSpeech(one.speech) for one in self._sentences if not one.is_whole]
        if not self._text_is_whole:
            commands.append(CancelLlm(self.number))
        return commands

    def _complete(self, now_ms: int) -> list[Command]:
        self._text_is_whole = True
        return self._speak(self._gate.end() if self._gate else [], now_ms)

    def _speak(self, sentences: list[str], now_ms: int) -> list[Command]:
        commands: list[Command] = []
        for text in sentences:
            if self.first_sentence_ms is None:
                self.first_sentence_ms = now_ms
            sentence = _Sentence(text, next(self._speeches), now_ms)
            self._sentences.append(sentence)
            commands.append(Speak(sentence.speech, text, self.number))
        return commands

    def _break_voice(self) -> list[Command]:
        """Do without every sentence that is not whole."""
        open_ones = [sentence for sentence in self._sentences if not sentence.is_whole]
        for sentence in open_ones:
            sentence.is_whole = sentence.is_broken = True
        return [CancelSpeech(sentence.speech) for sentence in open_ones]

    def _voice(self, event: SpeechAudio | SpeechEnded | SpeechFailed, now_ms: int) -> list[Command]:
        sentence = next((one for one in self._sentences if one.speech == event.speech), None)
        if sentence is None or sentence.is_whole:
            return []
        match event:
            case SpeechAudio():
                if sentence is self._sentences[0] and self.first_audio_ms is None:
                    self.first_audio_ms = now_ms
                took_ms = now_ms - sentence.begun_at_ms
                if self._pace and not sentence.audio and took_ms > CACHED_WITHIN_MS:
                    self._pace.learn(sentence.text, took_ms)
                sentence.audio += event.ulaw
                sentence.sounded_at_ms = now_ms
            case SpeechEnded():
                sentence.is_whole = True
            case SpeechFailed():
                sentence.is_whole = sentence.is_broken = True
        if sentence.is_whole:
            for later in self._sentences[self._sentences.index(sentence) + 1 :]:
                later.begun_at_ms = now_ms
        if not isinstance(event, SpeechFailed):
            return []
        return [Log("TTS_FAILED", {"code": event.code, "message": event.message}, "warning")]

    def _voice_so_far(self) -> bytearray:
        voice = bytearray()
        for sentence in self._sentences:
            voice += sentence.audio
            if not sentence.is_whole:
                break
        return voice


def _loudness(ulaw: bytes | bytearray) -> int:
    """Return a cheap loudness of mu-law bytes: the complement of the magnitude bits grows with it (G.711)."""
    return sum(~byte & 0x7F for byte in ulaw)
