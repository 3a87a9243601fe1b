"""What a worker is made of, before the first caller."""

import subprocess
import sys
from collections.abc import Callable
from typing import cast

import pytest

from app.house.children import Children
from app.house.warming import Warming
from app.speech.engines import Done, TtsEvent
from app.speech.voice import Voice
from tests.servers import ROOT

FIRST_CALL = """
import sys
from datetime import date
from app.house.warming import rehearse
from app.call.events import CallStarted
from app.call.machine import Call
from app.call.shell.tuning import call_settings
from app.config import load

settings = call_settings(load({"OPENAI_API_KEY": "sk-none"}))
rehearse(settings)
before = set(sys.modules)
call = Call(settings)
call.receive(CallStarted("CA1", "MZ1", "+972521234567", None, date(2026, 11, 22)), 0)
call.dialog.hear("שלום, דירת גן ברמת גן בשלושה מיליון, קוראים לי דנה", ())
print(sorted(set(sys.modules) - before))
"""


def test_nothing_is_left_to_load_when_the_first_call_comes() -> None:
    """R3.1: loading stalls every call of the worker, so it is done before there is one."""
    ended = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FIRST_CALL],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert ended.stdout.strip() == "[]"


class SayingVoice:
    """A voice that has said some lines already, and says the others at once."""

    def __init__(self, *said: str) -> None:
        self.said = list(said)

    def missing(self, texts: tuple[str, ...]) -> list[str]:
        return [text for text in texts if text not in self.said]

    def speak(self, text: str, listener: Callable[[TtsEvent], None]) -> "SayingVoice":
        self.said.append(text)
        listener(Done())
        return self

    def cancel(self) -> None:
        """There is nothing to stop."""


class YoungChildren:
    """Children of which the one that speaks is there when it is looked for the third time."""

    links = ()

    def __init__(self) -> None:
        self.looks = 0

    @property
    def has_voice(self) -> bool:
        self.looks += 1
        return self.looks > 2


STOCK = ("שלום, כאן משרד כהן.", "במה לעזור?", "באיזה אזור?", "כמה חדרים?")


def test_a_greeting_that_comes_from_elsewhere_waits_for_no_engine() -> None:
    """R18: another instance has had it said; the child that speaks is still loading."""

    class LentTo(SayingVoice):
        def missing(self, texts: tuple[str, ...]) -> list[str]:
            if len(self.said) < 2:
                self.said.append(STOCK[len(self.said)])
            return super().missing(texts)

    voice, children, voiced = LentTo(), YoungChildren(), list[int]()
    warming = Warming(
        *(cast("Voice", voice), STOCK, cast("Children", children)),
        *(lambda: False, lambda: voiced.append(len(voice.said)), lambda: None),
    )
    warming.run()
    assert (voiced, children.looks) == ([2], 1)


@pytest.mark.parametrize(
    ("said", "has_voice_with", "looks"),
    [((), [1, 2], 3), (("במה לעזור?",), [2], 3), ((STOCK[0],), [1, 2], 3), (STOCK[:2], [2], 0)],
)
def test_it_is_ready_once_the_greeting_has_its_voice_and_goes_on_with_the_rest(
    said: tuple[str, ...], has_voice_with: list[int], looks: int
) -> None:
    """R9.4, R18: a greeting may begin once its first sentence is there; what came with the package waits for nobody."""
    voice, children, voiced, ready = SayingVoice(*said), YoungChildren(), list[int](), list[int]()
    Warming(
        cast("Voice", voice),
        STOCK,
        cast("Children", children),
        lambda: False,
        lambda: voiced.append(len(voice.said)),
        lambda: ready.append(len(voice.said)),
    ).run()
    assert (voiced, ready, children.looks) == (has_voice_with, [2], looks)
    assert sorted(voice.said) == sorted(STOCK)
