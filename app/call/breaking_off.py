"""What ends in mid-word whatever is going on: keys, another line, an engine that is gone, the end (R3.2, R12). Pure.

Times are monotonic ms.
"""

from app.call.events import Command, HangUp, Log
from app.call.floor import Floor
from app.call.states import State, Trigger


def by_keys(floor: Floor, now_ms: int) -> list[Command]:
    """Keys are an answer that nothing may delay: whatever is said, heard or awaited ends here."""
    commands = [*(floor.grant(now_ms) if floor.interruption else []), *floor.let_go()]
    if floor.reply and floor.state is State.SPEAKING:
        heard_ms = floor.agent.heard_ms(floor.reply, now_ms)
        commands += [*floor.agent.silence(now_ms), *floor.conversation.said(floor.reply, heard_ms)]
        commands += floor.go(Trigger.BARGE_IN)
    commands += [*floor.caller.drop(), *floor.conversation.drop_guess()]
    commands += floor.reply.cancel() if floor.reply else []
    commands += floor.turn.cancel() if floor.turn else []
    floor.turn = None
    commands += floor.stop_holding(now_ms)
    return commands if floor.state is State.PROCESSING else [*commands, *floor.go(Trigger.PROMPTED)]


def by_another_line(floor: Floor, now_ms: int) -> list[Command]:
    """The line is another one from here: say again what was not heard on the old one."""
    floor.caller.line.begin(now_ms)
    if floor.state is State.LISTENING:
        floor.await_caller(now_ms)
    if floor.state is not State.SPEAKING or floor.reply is None:
        return floor.stop_holding(now_ms)
    floor.reply.rewind(floor.agent.heard_ms(floor.reply, now_ms))
    commands = floor.agent.silence(now_ms)
    floor.play_from_here(floor.reply, now_ms)
    return commands


def by_the_end(floor: Floor, now_ms: int) -> list[Command]:
    """The call is over: what was heard of the reply, and what was said of the turn, is all there is."""
    last_words = unanswered_words(floor)
    commands = [
        *floor.holding.stop(floor.agent, now_ms),
        *floor.caller.drop(),
        *floor.conversation.drop_guess(),
        *floor.drop_doubt(),
    ]
    commands += floor.turn.cancel() if floor.turn else []
    if floor.interruption:
        commands += floor.grant(now_ms)
    commands += floor.let_go()
    if floor.reply:
        heard_ms = floor.agent.heard_ms(floor.reply, now_ms) if floor.state is State.SPEAKING else 0
        commands += [*floor.conversation.said(floor.reply, heard_ms), *floor.reply.cancel()]
    if floor.turn and last_words:
        commands += floor.conversation.overhear(last_words, floor.turn.number)
    return commands


def for_a_message(floor: Floor, line: str, now_ms: int, goodbye: str = "") -> list[Command]:
    """Who cannot be talked with is asked for a message by Twilio's voice (R2.7); `line` tells the log why.

    `goodbye` is said where no message can be taken.
    """
    commands = [
        *floor.holding.stop(floor.agent, now_ms),
        *floor.caller.drop(),
        *floor.conversation.drop_guess(),
        *floor.drop_doubt(),
        *(floor.turn.cancel() if floor.turn else []),
    ]
    floor.reply = floor.turn = None
    commands += [Log(line, level="warning"), HangUp(message=True, goodbye=goodbye)]
    return [*commands, *floor.go(Trigger.ENDED, {"reason": line.lower()})]


def unanswered_words(floor: Floor) -> str:
    """Return what the caller has said of a turn that the agent did not answer, as far as it is known."""
    if floor.turn is None or (floor.reply and not floor.interruption):
        return ""
    words = floor.turn.interim
    is_callers = floor.takes_floor(words) if floor.interruption else not floor.is_echo(words)
    return words if is_callers else ""
