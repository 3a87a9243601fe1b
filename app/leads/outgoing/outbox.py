"""When a delivery is tried again, and the thread that tries.

`after_attempt` is pure: time and jitter are given to it. The thread claims one delivery at a time, so that a crash
leaves at most one attempt in doubt, and what is in doubt is tried again under the same idempotency key.
"""

import logging
import random
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.leads.database import StoreDown
from app.leads.models import Channel, DeliveryState
from app.leads.outgoing.deliveries import Change, Claim, Deliveries
from app.telephony.numbers import mask_number

MAX_ATTEMPTS = 40
FIRST_PAUSE_S = 2.0
LONGEST_PAUSE_S = 3600.0
LEASE_S = 120.0
"""How long an attempt may take before another instance may try: longer than any deliverer's timeouts together."""
_DOWN_PAUSE_S = 5.0
_NUMBER = re.compile(r"\+\d{8,15}")
_log = logging.getLogger("leads.outbox")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The receiver has it. `vendor_id` names it there; `final` is False when a status callback will tell the end."""

    vendor_id: str | None = None
    final: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """The attempt failed. `permanent`: trying the same again cannot help. `after_s`: the receiver asked for a pause."""

    reason: str
    permanent: bool = False
    after_s: float | None = None


Result = Accepted | Refused
Deliver = Callable[[Claim], Result]


def pause_s(attempts: int, jitter: float) -> float:
    """Return the pause after the attempt number `attempts` (1 is the first): doubling, with `jitter` in [0, 1).

    Between half and the whole of the doubled pause, so that instances which failed together do not return together.
    """
    doubled: float = FIRST_PAUSE_S * 2.0 ** min(attempts - 1, 30)
    return min(doubled, LONGEST_PAUSE_S) * (0.5 + 0.5 * jitter)


def after_attempt(result: Result, attempts: int, now: datetime, jitter: float) -> Change:
    """Return what a delivery becomes after its attempt number `attempts`."""
    if isinstance(result, Accepted):
        state = DeliveryState.DELIVERED if result.final else DeliveryState.SENT
        return Change(state, None, "", result.vendor_id)
    if result.permanent:
        return Change(DeliveryState.FAILED_PERMANENTLY, None, result.reason)
    if attempts >= MAX_ATTEMPTS:
        return Change(DeliveryState.FAILED_PERMANENTLY, None, f"given up after {attempts} attempts: {result.reason}")
    wait_s = max(pause_s(attempts, jitter), min(result.after_s or 0.0, LONGEST_PAUSE_S))
    return Change(DeliveryState.PENDING, now + timedelta(seconds=wait_s), result.reason)


class Outbox:
    """Delivers one channel's leads; one channel's hanging receiver does not hold up another channel."""

    def __init__(
        self,
        channel: Channel,
        deliver: Deliver,
        deliveries: Deliveries,
        clock: Callable[[], datetime],
        poll_s: float = 1.0,
    ) -> None:
        self._channel = channel
        self._deliver = deliver
        self._deliveries = deliveries
        self._clock = clock
        self._poll_s = poll_s
        self._unrecorded: list[tuple[Claim, Change]] = []
        """Results the store could not take: written before anything else is tried, so that nothing is sent twice."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"outbox-{channel}", daemon=True)

    def start(self) -> None:
        """Start delivering in a thread of its own."""
        self._thread.start()

    def stop(self, grace_s: float) -> None:
        """Let the attempt under way finish, for at most `grace_s`."""
        self._stopping.set()
        self._thread.join(grace_s)

    def deliver_one(self, ahead_s: float = 0.0) -> bool:
        """Try one delivery that is due within `ahead_s` from now; return whether there was one."""
        self._record()
        claim = self._deliveries.claim(self._channel, LEASE_S, ahead_s)
        if claim is None:
            return False
        try:
            result = self._deliver(claim)
        except Exception as fault:  # noqa: BLE001 - a deliverer's bug must not stop all deliveries
            _log.exception("DELIVERY_BROKE | delivery=%d", claim.delivery_id, extra={"call_sid": claim.call_sid})
            result = Refused(f"{type(fault).__name__}: {fault}")
        # Jitter is no secret.
        change = after_attempt(result, claim.attempts, self._clock(), random.random())  # noqa: S311
        self._unrecorded.append((claim, change))
        self._record()
        _log.info(
            "DELIVERY | channel=%s | state=%s | attempt=%d%s",
            self._channel,
            change.state,
            claim.attempts,
            f" | error={_NUMBER.sub(lambda found: mask_number(found[0]), change.error)}" if change.error else "",
            extra={"call_sid": claim.call_sid},
        )
        return True

    def _record(self) -> None:
        while self._unrecorded:
            self._deliveries.record(*self._unrecorded[0])
            del self._unrecorded[0]

    def _run(self) -> None:
        while not self._stopping.is_set():
            pause = self._poll_s
            try:
                while not self._stopping.is_set() and self.deliver_one():
                    pass
            except StoreDown:
                pause = _DOWN_PAUSE_S  # the store's own thread reports it
            except Exception:  # noqa: BLE001 - a fault in one row must not end all deliveries
                _log.exception("the outbox met a fault and goes on")
                pause = _DOWN_PAUSE_S
            self._stopping.wait(pause)
