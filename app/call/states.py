"""A call in three tables: its states, the ways from one to another, and what it waits for in each.

What is not in the tables cannot happen: an unknown pair raises, so a fault shows at once and in one call only.
"""

from enum import StrEnum


class State(StrEnum):
    """Who is at it: nobody yet, the caller, the recogniser, the agent, nobody any more."""

    CONNECTING = "CONNECTING"
    LISTENING = "LISTENING"
    PROCESSING = "PROCESSING"
    SPEAKING = "SPEAKING"
    ENDED = "ENDED"


class Trigger(StrEnum):
    """What moves a call from state to state."""

    ANSWERED = "answered"  # the stream is open; the greeting is being prepared
    EOU = "eou"  # the caller's utterance ended
    TOO_LONG = "too_long"  # it did not, for too long
    PROMPTED = "prompted"  # the agent speaks unasked: greeting, silence ladder, a key pressed
    NOTHING_SAID = "nothing_said"  # the utterance held no words, or there is no reply to speak
    WENT_ON = "went_on"  # the caller went on before the reply was heard
    REPLY_READY = "reply_ready"  # the first audio of the reply is there
    PLAYED = "played"  # the reply was heard to its end
    BARGE_IN = "barge_in"  # the caller spoke over the agent
    RESUMED = "resumed"  # it was a false alarm: the agent goes on
    ENDED = "ended"


class Timer(StrEnum):
    """What a call waits for, besides events."""

    AUDIO = "audio"  # a frame, or the belief that none comes (`line`)
    PROGRESS = "progress"  # something understood, or the agent speaks (`progress`)
    TEXT = "text"  # the recogniser's final, or the next best (`recognition`)
    REPLY = "reply"  # the language model and the voice, or to go on without (`replying`)
    PATIENCE = "patience"  # an answer that is ready, until the caller is sure to be done (`patience`)
    HOLDING = "holding"  # the answer, or a holding phrase (`holding`)
    PLAYOUT = "playout"  # the next frame due, or the end mark (`media.playout`)
    VERDICT = "verdict"  # whether an interruption was one (`interrupting`)
    DOUBT = "doubt"  # the words of a sound that was taken for none (`interrupting`)
    LAST_MINUTE = "last_minute"  # the longest call


class IllegalTransitionError(Exception):
    """The machine asked for a transition that makes no sense: a fault of ours."""


TRANSITIONS: dict[tuple[State, Trigger], State] = {
    (State.CONNECTING, Trigger.ANSWERED): State.PROCESSING,
    (State.LISTENING, Trigger.EOU): State.PROCESSING,
    (State.LISTENING, Trigger.TOO_LONG): State.PROCESSING,
    (State.LISTENING, Trigger.PROMPTED): State.PROCESSING,
    (State.LISTENING, Trigger.RESUMED): State.SPEAKING,
    (State.PROCESSING, Trigger.NOTHING_SAID): State.LISTENING,
    (State.PROCESSING, Trigger.WENT_ON): State.LISTENING,
    (State.PROCESSING, Trigger.REPLY_READY): State.SPEAKING,
    (State.PROCESSING, Trigger.RESUMED): State.SPEAKING,
    (State.SPEAKING, Trigger.PLAYED): State.LISTENING,
    (State.SPEAKING, Trigger.BARGE_IN): State.LISTENING,
    (State.SPEAKING, Trigger.WENT_ON): State.LISTENING,
    **{(state, Trigger.ENDED): State.ENDED for state in State if state is not State.ENDED},
}

_ALWAYS = (Timer.AUDIO, Timer.REPLY, Timer.DOUBT, Timer.LAST_MINUTE)
TIMERS: dict[State, tuple[Timer, ...]] = {
    State.CONNECTING: (),
    State.LISTENING: (*_ALWAYS, Timer.PROGRESS, Timer.VERDICT),
    State.PROCESSING: (*_ALWAYS, Timer.TEXT, Timer.PATIENCE, Timer.HOLDING, Timer.PLAYOUT, Timer.VERDICT),
    State.SPEAKING: (Timer.PLAYOUT, *_ALWAYS),  # due first as a rule
    State.ENDED: (),
}


def after(state: State, trigger: Trigger) -> State:
    """Return the state that follows.

    Raises:
        IllegalTransitionError: when the table knows no such step.
    """
    try:
        return TRANSITIONS[state, trigger]
    except KeyError:
        raise IllegalTransitionError(f"{state} cannot take {trigger}") from None
