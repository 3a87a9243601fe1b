"""A full house is heard in one pass: what each ear would work out by itself is worked out for all of them at once.

Only work is saved by it. Filters, levels and the network's opinions of what came are got ready, row by row the same as
alone; what they mean for the talk each call finds by itself, in its turn, by its own rules. Pure.
"""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from app.call.hearing.ear import Ear
from app.media import frontend, silero
from app.media.echo import Playing

LEAST = 12
"""Fewer callers are heard faster one by one: a pass takes as long for one as for sixteen."""
LEAST_CHUNKS = 8
"""The network likewise."""


class Caller(NamedTuple):
    """A payload that `ear` is to receive next, and what was `playing` as it came."""

    ear: Ear
    ulaw: bytes
    playing: Playing


def hear_ahead(callers: Sequence[Caller]) -> None:
    """Get ready what `Ear.receive` needs for each caller's payload; it must be what that ear receives next."""
    if len(callers) < LEAST:
        return
    heard = frontend.process_ahead([frontend.Waiting(one.ear.front, one.ulaw, one.playing) for one in callers])
    chunks = [
        (one.ear.confirmer.network, one.ear.confirmer.next_chunks(frames))
        for one, frames in zip(callers, heard, strict=True)
        if one.ear.confirmer is not None
    ]
    for number in count():
        these = [(network, ones[number]) for network, ones in chunks if len(ones) > number]
        if len(these) < LEAST_CHUNKS:
            return
        silero.process_ahead([network for network, _ in these], [chunk for _, chunk in these])
