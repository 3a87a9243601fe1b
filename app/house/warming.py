"""Before the first caller: what loads on first use is loaded, and the stock lines get their voice."""

from collections.abc import Callable
from datetime import UTC, datetime

import structlog

from app.call.events import CallStarted
from app.call.machine import Call, CallSettings
from app.house.children import Children
from app.runtime import sleep
from app.speech.engines import Done, Failed, TtsEvent
from app.speech.voice import Voice

GREETING_SENTENCES = 2
_LOOK_S = 0.01
_log = structlog.get_logger("server")


class Warming:
    """Synthesises the stock lines before they are needed, one at a time, and only while nobody is on the line."""

    def __init__(
        self,
        voice: Voice,
        stock: tuple[str, ...],
        children: Children,
        anyone_there: Callable[[], bool],
        on_voice: Callable[[], None],
        on_ready: Callable[[], None],
    ) -> None:
        """`on_voice` is called once a greeting can begin at once, `on_ready` once every engine serves, too; what is
        missing then costs a wait, no more.
        """
        self._voice = voice
        self._on_voice = on_voice
        self._on_ready = on_ready
        self._stock = stock
        self._children = children
        self._anyone_there = anyone_there

    def run(self) -> None:
        """Go on until every line is there, or none of those that are missing can be had."""
        voice, greeting = self._voice, self._stock[:GREETING_SENTENCES]
        while voice.missing(greeting) and not self._children.has_voice:
            sleep(_LOOK_S)  # another instance may have had it said; an office of another name has a greeting of its own
        missing = voice.missing(greeting)
        for text in missing:
            if text != greeting[0]:
                self._on_voice()  # what follows is said while the first is being heard
            while not self._render(text):
                pass
        self._on_voice()
        while not all(link.ready for link in self._children.links):
            sleep(0.1)
        self._on_ready()
        at_first = left = voice.missing(self._stock)
        tried = len(left) + 1
        while left and len(left) < tried:  # as long as some succeed, those that failed are tried again
            tried = len(left)
            for text in left:
                while not self._render(text):
                    pass
            left = voice.missing(self._stock)
        _log.info("STOCK_READY", rendered=len(at_first) - len(left), missing=len(left), lines=len(self._stock))

    def _render(self, text: str) -> bool:
        """Synthesise a line while nobody is on the line; False when a call came and took the engine."""
        while self._anyone_there():
            sleep(1)
        over: list[TtsEvent] = []

        def listener(event: TtsEvent) -> None:
            if isinstance(event, Done | Failed):
                over.append(event)

        stream = self._voice.speak(text, listener)
        while not over and not self._anyone_there():
            sleep(0.02)
        stream.cancel()
        return bool(over)


def rehearse(settings: CallSettings) -> None:
    """Begin a call with nobody, so that what loads on first use (130 ms of it) stalls no live call later."""
    call = Call(settings)
    call.receive(CallStarted("", "", "+972500000000", None, datetime.now(UTC).date()), 0)
    if call.dialog is not None:
        call.dialog.hear("דירה בחולון עד שני מיליון בעוד חודשיים", ())
