"""One reply after another on its way to the caller's ear: frames, marks, and what was heard (R7.3, R9.3). Pure."""

from app.call.answering.replying import Reply
from app.call.events import Command, Log, Save, SendClear, SendMark, SendMedia
from app.call.hearing.turn import Turn
from app.media.echo import Playing, nothing
from app.media.playout import FrameDue, Playout, PlayoutSettings


class Speaking:
    """Feeds the voice of a reply into the playout. Times are monotonic ms."""

    def __init__(self, settings: PlayoutSettings) -> None:
        self._playout = Playout(settings)
        self._frames_sent = 0
        self._is_queued = False
        self.sends_until_ms = 0
        """Frames due by then are sent along with those due now."""

    def begin(self, reply: Reply, now_ms: int) -> None:
        """Start with what `reply` gives next."""
        self._playout.start(reply.number, now_ms)
        self._frames_sent = 0
        self._is_queued = False

    def move(self, reply: Reply, now_ms: int, *, is_last: bool = True) -> list[Command]:
        """Take the voice that is there; return what is due to be sent. Behind what is not the last comes no mark."""
        audio = reply.take_audio()
        if audio:
            self._playout.add_audio(audio)
        if is_last and reply.is_whole and not self._is_queued:
            self._is_queued = True
            self._playout.finish()
        commands: list[Command] = []
        for due in self._playout.poll(now_ms, self.sends_until_ms):
            if isinstance(due, FrameDue):
                self._frames_sent += 1
                commands.append(SendMedia(due.ulaw))
            else:
                commands += [SendMark(due.name), Log("MARK_SENT", {"mark": due.name, "frames": self._frames_sent})]
        if self._playout.ended(now_ms):
            commands.append(Log("TTS_END", {"reply": reply.number, "frames": self._frames_sent}))
        return commands

    def rests(self, now_ms: int) -> bool:
        """Whether `move` has nothing to do yet: the whole reply is in hand, and neither a frame nor its end is due."""
        due_ms = self._playout.timer() if self._is_queued else None
        return due_ms is not None and due_ms > max(now_ms, self.sends_until_ms)

    def is_over(self, now_ms: int) -> bool:
        """Whether the reply begun last was played to its end."""
        return self._playout.ended(now_ms)

    def timer(self) -> int | None:
        """Return when `move` has something to do next."""
        return self._playout.timer()

    def heard_ms(self, reply: Reply, now_ms: int) -> int:
        """How much of the reply's whole voice the caller has heard."""
        return reply.played_from_ms + self._playout.heard_ms(now_ms)

    def playing(self, now_ms: int) -> Playing:
        """Return what tells the frame that the caller was played so long before `now_ms`; to be asked at once."""
        playout = self._playout
        return (lambda ago_ms: playout.playing(now_ms - ago_ms)) if playout.is_running else nothing

    def silence(self, now_ms: int) -> list[Command]:
        """Fall silent at once."""
        self._playout.clear(now_ms)
        return [SendClear()]

    def mark_echoed(self, name: str, now_ms: int) -> list[Command]:
        """Twilio played a mark, or cleared it."""
        known = self._playout.mark_echoed(name, now_ms)
        return [Log("MARK_ACK", {"mark": name, "played": known is not None})]


def timings(turn: Turn, reply: Reply, now_ms: int, own_wait_ms: int, held_ms: int = 0) -> list[Command]:
    """Where the time of this turn went; `own_ms`: what no engine took, nor `held_ms`, for which the answer was kept."""
    if reply.first_sentence_ms is None or reply.first_audio_ms is None:
        return []
    # A guess may have its sentence, or its voice, before the final transcript: then they cost no time.
    sentence_at_ms = max(reply.first_sentence_ms, reply.asked_at_ms)
    audio_at_ms = max(reply.first_audio_ms, sentence_at_ms)
    total_ms = now_ms - turn.ended_at_ms
    stt_ms = reply.asked_at_ms - turn.ended_at_ms
    llm_ms = sentence_at_ms - reply.asked_at_ms
    tts_ms = audio_at_ms - sentence_at_ms
    own_ms = total_ms - stt_ms - llm_ms - tts_ms - held_ms + own_wait_ms
    engines = {"stt_ms": stt_ms, "llm_ms": llm_ms, "tts_ms": tts_ms}
    fields = {"own_ms": own_ms, **engines, "held_ms": held_ms, "total_ms": total_ms}
    data = {"turn": turn.number, **fields, "endpointing_ms": turn.silence_ms}
    return [Log("TURN", data), Save("timings", data)]
