"""One acceptance caller on the line: speaks, listens and waits, a frame every 20 ms whatever happens."""

import asyncio
from collections.abc import Callable

from app.qa.acceptance.witness import Witness
from app.qa.player import SAMPLES_PER_MS
from app.qa.script import Turn, judge
from app.qa.utterance import Line, Utterance
from app.qa.wire.twilio_peer import Account, PeerEvents, TwilioPeer
from app.telephony.browser_calls import new_browser_call_sid

GAP_MS = 400
SPEAKS_WITHIN_MS = 8_000
SPEAKS_AT_MOST_MS = 40_000


class HungUpError(Exception):
    """The server ended the call in the middle of a scene."""


class Phone:
    """A call under way. Times are ms since the stream's start, as the caller's ear has them."""

    def __init__(self, account: Account, line: Line | None = None, *, quick: bool = False) -> None:
        """Call as `account` over `line`; `quick` for many calls at once, whose bytes are not checked."""
        self.witness = Witness()
        events = PeerEvents(message=self.witness.hear)
        # A test call by its SID: the server makes no lead of it.
        sid = new_browser_call_sid()
        self.peer = TwilioPeer(account, events, strict=not quick, keep_audio=False, call_sid=sid)
        self.turns: list[Turn] = []
        self.own_late_ms = 0.0
        self._line = line or Line()
        self._ticked = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    @property
    def call_sid(self) -> str:
        """The call's name."""
        return self.peer.call_sid

    async def call(self) -> None:
        """Ring, connect and begin to send.

        Raises:
            ServerError: the call cannot be made.
        """
        await self.peer.ring()
        await self.peer.connect()
        self._pump = asyncio.create_task(self._send())

    async def hang_up(self) -> None:
        """End the call."""
        if self._pump is not None:
            self._pump.cancel()
        if self.peer.open:
            self.witness.end(self.peer.now())
        await self.peer.hang_up()

    async def until(self, holds: Callable[[int], bool], within_ms: float) -> bool:
        """Wait until something holds of the passing sample; False when it did not in time.

        Raises:
            HungUpError: the server closed the stream.
        """
        end = self.peer.now() + within_ms * SAMPLES_PER_MS
        while (now := self.peer.now()) <= end:
            if holds(now):
                return True
            if not self.peer.open:
                code, reason = self.peer.closed or (1006, "")
                raise HungUpError(f"the server closed the call: {code} {reason}".rstrip())
            await self._ticked.wait()
        return holds(self.peer.now())

    async def wait(self, wait_ms: float) -> None:
        """Be silent for a while."""
        await self.until(lambda _: False, wait_ms)

    async def hears_agent(self, since: int, within_ms: float = SPEAKS_WITHIN_MS) -> int | None:
        """Wait for the agent's voice; return the sample at which it was heard first after `since`."""
        player = self.peer.player

        def audible(now: int) -> bool:
            first = player.first_audible(since)
            return first is not None and first <= now

        return player.first_audible(since) if await self.until(audible, within_ms) else None

    async def hears_out(self, since: int, within_ms: float = SPEAKS_WITHIN_MS) -> int | None:
        """Wait for the agent's voice and for its end, with the pause a polite caller leaves."""
        first = await self.hears_agent(since, within_ms)
        if first is not None:
            await self.until(self.peer.player.finished, SPEAKS_AT_MOST_MS)
            await self.wait(GAP_MS)
            if not self.peer.player.finished(self.peer.now()):  # it only drew breath
                await self.until(self.peer.player.finished, SPEAKS_AT_MOST_MS)
        return first

    async def say(self, spoken: Utterance) -> Turn:
        """Say something to its end."""
        start = self._line.say(spoken)
        turn = Turn(spoken, start + spoken.voiced_from, start + spoken.voiced_to)
        self.turns.append(turn)
        await self.until(lambda _: not self._line.busy, len(spoken.pcm) / SAMPLES_PER_MS + 1000)
        return turn

    async def ask(self, spoken: Utterance, within_ms: float = SPEAKS_WITHIN_MS) -> Turn:
        """Say something, hear the answer out, and judge the turn."""
        turn = await self.say(spoken)
        await self.hears_out(turn.voiced_to, within_ms)
        self.judge(turn)
        return turn

    def judge(self, turn: Turn) -> None:
        """Note what the agent did in a turn, from all it was heard to say so far."""
        turn.answer_from = None
        judge(turn, self.peer.player.spurts())

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        number = 1
        while self.peer.open:
            due_s = self.peer.frame_due_s(number)
            await asyncio.sleep(max(0.0, due_s - loop.time()))
            self.own_late_ms = max(self.own_late_ms, (loop.time() - due_s) * 1000.0)
            self.peer.send_frame(self._line.take())
            number += 1
            self._tick()
        self._tick()

    def _tick(self) -> None:
        """Wake whoever waits."""
        ticked, self._ticked = self._ticked, asyncio.Event()
        ticked.set()
