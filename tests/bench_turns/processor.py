"""What hearing costs: processor time per second of call."""

import time
from collections.abc import Iterator

import numpy as np

from tests.bench_turns.corpus import clip
from tests.bench_turns.listening import listen
from tests.bench_turns.measures import Material, Row


def cost_of_a_call(material: Material) -> Iterator[Row]:
    """Media in a call in which the caller speaks four tenths of the time, with and without the network."""
    one = clip(material.of("sentence")[:10], np.random.default_rng(9), gap_ms=3000)
    idle = clip([], np.random.default_rng(9), lead_ms=20_000)
    costs = {}
    for name, line, neural in (
        ("with", one, True),
        ("without", one, False),
        ("idle", idle, True),
        ("bare", idle, False),
    ):
        began = time.process_time()
        listen(line, neural=neural)
        costs[name] = 100 * (time.process_time() - began) / (len(line.voiced) * 0.02)
    yield Row("added by the network, % of a core: in talk", f"{costs['with'] - costs['without']:.2f}", "≤ 0.3", "0.5")
    yield Row("  idle (all hearing without it)", f"{costs['idle'] - costs['bare']:.2f} ({costs['bare']:.2f})", "0")
