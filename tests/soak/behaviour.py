"""What a simulated caller, and the world around the calls, may do. Seeded: the same seed makes the same choices."""

import random
import time
from collections import Counter
from collections.abc import Callable, Mapping

from app.qa.wire.http_client import ServerError
from tests.e2e.phones import Phone, sample
from tests.e2e.town import Town, Vendors

WORDS = (
    "אני מחפש דירה ברחובות",
    "לקנות",
    "ארבעה חדרים",
    "עד שני מיליון",
    "בעוד חצי שנה",
    "לא יודע",
    "",
    "תודה להתראות",
)
SPOKEN = ("w01_01", "w01_02")
MOST_STEPS = 5
MOST_RINGS, RINGS_AGAIN_AFTER_S = 60, 1.0


def behave(town: Town, seed: int, done: Counter[str]) -> str | None:
    """Hold one call; return its SID, None where no call came about."""
    choose = random.Random(seed)
    phone = _ring(town, f"+97250{choose.randrange(10**7):07d}", done)
    if phone is None:
        done["never connected"] += 1
        return None
    for _ in range(choose.randint(1, MOST_STEPS)):
        action = choose.choice((_talk, _talk, _talk, _interrupt, _keep_silent, _press, _cut_and_return))
        done[action.__name__.removeprefix("_").replace("_", " ")] += 1
        phone = action(town, phone, choose)
        if phone.is_over:
            break
    if choose.random() < 0.3 and not phone.is_over:
        done["hang up in mid-word"] += 1
        phone.say(sample(choose.choice(SPOKEN)))
        time.sleep(choose.random() * 0.4)
    if choose.random() < 0.2:
        done["break off for good"] += 1
        phone.reset()
    phone.hang_up()
    return phone.call_sid


def _ring(town: Town, number: str, done: Counter[str]) -> Phone | None:
    """Ring until there is room: a full, late or mute house asks for a message."""
    for _ in range(MOST_RINGS):
        try:
            return town.call(number)
        except ServerError:
            done["asked for a message, rings again"] += 1
            time.sleep(RINGS_AGAIN_AFTER_S)
    return None


def _talk(_: Town, phone: Phone, choose: random.Random) -> Phone:
    phone.say(sample(choose.choice(SPOKEN)))
    time.sleep(1.5 + choose.random() * 2)
    return phone


def _interrupt(_: Town, phone: Phone, choose: random.Random) -> Phone:
    phone.say(sample(SPOKEN[1]))
    time.sleep(1.2 + choose.random())
    phone.say(sample(SPOKEN[0]))
    time.sleep(choose.random() * 2)
    return phone


def _keep_silent(_: Town, phone: Phone, choose: random.Random) -> Phone:
    time.sleep(1 + choose.random() * 3)
    return phone


def _press(_: Town, phone: Phone, choose: random.Random) -> Phone:
    for digit in choose.choice(("#", "0501234567#", "5")):
        phone.press(digit)
    time.sleep(choose.random())
    return phone


def _cut_and_return(town: Town, phone: Phone, choose: random.Random) -> Phone:
    phone.reset()
    time.sleep(choose.random() * 0.5)
    try:
        return town.call(phone.peer.account.from_number, phone.call_sid, again=True)
    except ServerError:  # the call was over already, or has come back too often
        return phone


Harm = Callable[[], None]


def all_well(town: Town, choose: random.Random) -> None:
    """Let the engines work, and callers say something else from now on."""
    vendors = town.vendors
    vendors.ears.script(error="", silent=False, texts=[choose.choice(WORDS)])
    vendors.mind.script(status=200, stall_after_tokens=-1, transcript=choose.choice(WORDS))
    vendors.voice.script(stream_error="", unary_error="")


WELL = "all is well"
HARMS_A_ROUND = 2
ENGINES_FAULTS: dict[str, Callable[[Vendors, random.Random], None]] = {
    "STT fails": lambda vendors, choose: vendors.ears.script(
        error=choose.choice(("UNAVAILABLE", "RESOURCE_EXHAUSTED"))
    ),
    "STT silent": lambda vendors, _: vendors.ears.script(silent=True),
    "LLM fails": lambda vendors, choose: vendors.mind.script(status=choose.choice((429, 500))),
    "LLM stalls": lambda vendors, _: vendors.mind.script(stall_after_tokens=2),
    "TTS fails": lambda vendors, _: vendors.voice.script(stream_error="UNAVAILABLE", unary_error="UNAVAILABLE"),
}


class Troubles:
    """What goes wrong, drawn without putting back: every kind comes up, however short the run."""

    def __init__(self, town: Town, choose: random.Random, done: Counter[str], harms: Mapping[str, Harm]) -> None:
        """`harms` are done to the engines' processes or to the world around: the first of them at once."""
        self._town, self._choose, self._done, self._harms = town, choose, done, harms
        self._kinds, self._left = list(harms)[:1], list(harms)[1:]

    def next(self) -> None:
        """Let all be well again, then do one thing."""
        all_well(self._town, self._choose)
        if not self._kinds:
            self._kinds = [*ENGINES_FAULTS, WELL, WELL, *self._rounds_harms()]
            self._choose.shuffle(self._kinds)
        kind = self._kinds.pop()
        self._done[kind] += 1
        if kind in self._harms:
            self._harms[kind]()
        elif kind != WELL:
            ENGINES_FAULTS[kind](self._town.vendors, self._choose)

    def _rounds_harms(self) -> list[str]:
        """Return the harms of the next round of kinds: two, until all have been done, and from the first again."""
        while len(self._left) < HARMS_A_ROUND:
            self._left += self._harms
        now, self._left = self._left[:HARMS_A_ROUND], self._left[HARMS_A_ROUND:]
        return now
