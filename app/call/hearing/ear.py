"""What is heard of the caller: whether it is speech, where an utterance ends, and speech over the agent.

All of it is judged in media time (how much audio came). Pure.
"""

from collections.abc import Iterator
from typing import NamedTuple

from app.media.bargein import BargeIn, BargeInSettings
from app.media.confirmer import NeuralConfirmer
from app.media.echo import Playing, nothing
from app.media.endpointing import EndOfUtterance, Endpointer, EndpointSettings, Interim, Sound
from app.media.frontend import Frame, FrontEnd
from app.media.vad import SpeechStarted, SpeechStopped, Vad, VadEvent, VadSettings

_ECHO_MS = 600  # as long as an echo may take to come back
_OPEN_MS = 160  # a voice is known for one by then, as a rule


class Noticed(NamedTuple):
    """One frame of the caller, and what it made certain."""

    frame: Frame
    change: VadEvent | None
    eou: EndOfUtterance | None


class Ear:
    """Turn Twilio's payloads into frames with what they mean for the talk."""

    def __init__(self, vad: VadSettings, endpointing: EndpointSettings, barge_in: BargeInSettings) -> None:
        self.front = FrontEnd()
        self.confirmer = NeuralConfirmer() if vad.neural else None
        self._vad = Vad(vad, self.confirmer)
        self._endpointer = Endpointer(endpointing)
        self._barge_in = BargeIn(barge_in)
        self._grace_ms = barge_in.grace_ms
        self._voiced_from_ms = 0
        self._voiced_ms = 0
        self._silent_from_ms = self._echo_until_ms = 0
        self.media_ms = 0

    @property
    def is_speech(self) -> bool:
        """Whether the caller speaks."""
        return self._vad.is_speech

    @property
    def is_counting(self) -> bool:
        """Whether something over the agent's voice may be going to stop it."""
        return self._barge_in.is_counting

    @property
    def may_be_speech(self) -> bool:
        """Whether the caller speaks, or a sound has just set in that may turn out to be that."""
        onset_ms = self._vad.onset_ms
        return self.is_speech or (onset_ms is not None and self.media_ms - onset_ms <= _OPEN_MS)

    @property
    def since_onset_ms(self) -> int:
        """How long ago the latest voice set in."""
        return self.media_ms - self._voiced_from_ms

    @property
    def silence_ms(self) -> int:
        """How long ago the latest voice fell silent."""
        return self.media_ms - self._silent_from_ms

    @property
    def voiced_ms(self) -> int:
        """Length of the voice since `count_anew`, without the stretch in progress."""
        return self._voiced_ms

    @property
    def speech_ms(self) -> int:
        """Length of the voice since `count_anew`, with the stretch in progress."""
        return self._voiced_ms + (self.since_onset_ms if self.is_speech else 0)

    def count_anew(self) -> None:
        """A new utterance: count its voice from here."""
        self._voiced_ms = 0

    def receive(self, ulaw: bytes, playing: Playing = nothing) -> Iterator[Noticed]:
        """Take a mu-law payload of any size and what was `playing` as it came; yield its frames one by one."""
        for frame in self.front.process(ulaw, playing):
            yield self._notice(frame)

    def receive_nothing(self, frames: int, playing: Playing = nothing) -> Iterator[Noticed]:
        """Take it that so many frames did not come because nobody speaks; yield them as the line's noise."""
        for frame in self.front.silence(frames, self._vad.noise_floor, playing):
            yield self._notice(frame)

    def _notice(self, frame: Frame) -> Noticed:
        self.media_ms = frame.end_ms
        change = self._vad.receive(frame)
        if isinstance(change, SpeechStarted):
            self._voiced_from_ms = change.at_ms
        elif isinstance(change, SpeechStopped):
            self._voiced_ms += change.at_ms - self._voiced_from_ms
            self._silent_from_ms = change.at_ms
        eou = self._endpointer.receive(change) if change else None
        if self._endpointer.is_open:
            eou = self._endpointer.receive(frame) or eou
        return Noticed(frame, change, eou)

    def told(self, sounds: Sound) -> None:
        """The words of the utterance so far sound like this."""
        self._endpointer.receive(Interim(sounds))

    def forget_utterance(self) -> None:
        """What was said is no utterance: the next voice begins a new one."""
        self._endpointer.reset()

    def agent_started(self) -> None:
        """The agent is to be heard from here."""
        self._barge_in.agent_started(self.media_ms)

    def listen_on(self) -> None:
        """What seemed to be a barge-in was none: wait for another one, without any grace."""
        self._barge_in.agent_started(self.media_ms - self._grace_ms)

    def is_interrupting(self, frame: Frame) -> bool:
        """Whether the caller speaks over the agent since long enough; ask for each frame while the agent speaks.

        Before the line's noise is known, noise would pass for a voice.
        """
        vad = self._vad
        if frame.echo_rms > vad.threshold:
            self._echo_until_ms = frame.end_ms + _ECHO_MS
        bar = max(vad.threshold, frame.echo_rms)
        if frame.rms <= bar and not self._barge_in.is_counting:
            return False  # most of what is heard while the agent speaks
        # Without a gate there is no echo, or a voice that is more than one by the power of 200 ms.
        over_echo = frame.echo_rms > 0.0 and frame.end_ms < self._echo_until_ms
        hit = self._barge_in.receive(
            frame,
            bar,
            opinion=vad.opinion,
            near_rms=vad.near_rms,
            caller_rms=vad.caller_rms,
            is_faint=vad.is_faint_voice(frame),
            before_ms=vad.voiced_before_ms,
            over_echo=over_echo,
        )
        return hit is not None

    def was_echo(self) -> None:
        """What was taken for the caller was the agent's own voice, by its words: take the line's echo for louder."""
        self.front.echo.was_echo()

    def raise_bar(self) -> None:
        """The agent was stopped for nothing: be harder to convince in this call."""
        self._barge_in.raise_bar()

    def lower_bar(self) -> None:
        """It was not for nothing after all."""
        self._barge_in.lower_bar()
