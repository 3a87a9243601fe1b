"""Turn-taking, measured: `make bench-turns`, or `python -m tests.bench_turns [tuning] [second] [held-out]`.

Each corpus is made here and now, from seeds, out of voices and noises; every label is exact by construction. Settings
are chosen on `tuning`, causes of what was lost were looked for on `second`, too; `held-out` has other voices, words,
noises, levels and seeds. One table each: ours, the target,
what peers are known for on their own audio; then the voice detectors side by side on this audio.
"""

import sys
import time

from tests.bench_turns import lines, measures
from tests.bench_turns.fresh_noises import FRESH_NOISES
from tests.bench_turns.noises import NOISES, Noise, babble_of
from tests.bench_turns.other_noises import OTHER_NOISES
from tests.bench_turns.peers import detectors
from tests.bench_turns.processor import cost_of_a_call
from tests.bench_turns.resuming import resuming
from tests.bench_turns.voices import HELD_OUT, SECOND, TUNING, Script, load

CORPORA: dict[str, tuple[Script, dict[str, Noise], int, int, tuple[float, float]]] = {
    "tuning": (TUNING, NOISES, 6, 0, (0.0, -13.0)),
    "second": (SECOND, OTHER_NOISES, 5, 1000, (0.0, -13.0)),
    "held-out": (HELD_OUT, FRESH_NOISES, 7, 5000, (-4.0, -10.0)),
}
"""By name: who says what, the noises, the talkers of the babble, the seed, the short words' levels (dB)."""


def material_of(name: str) -> tuple[measures.Material, str]:
    """Make a corpus; return it with a line about where it comes from."""
    script, noises, talkers, seed, levels_db = CORPORA[name]
    said, source = load(script)
    babble = babble_of([one.samples for one in said], talkers)
    return measures.Material(said, {**noises, "babble": babble}, seed, levels_db), source


def main() -> None:
    """Print the tables of the corpora named on the command line, all without any."""
    for name in sys.argv[1:] or CORPORA:
        report(name)


def report(name: str) -> None:
    """Print the tables of one corpus."""
    began = time.process_time()
    material, source = material_of(name)
    if not material.said:
        print(f"corpus {source}\n")
        return
    print(f"corpus {source}; noises synthesised\n")
    print(f"| {'measure':76} | {'ours':24} | {'target':22} | peers |\n| --- | --- | --- | --- |")
    groups = (
        measures.short_words,
        measures.end_of_utterance,
        measures.pauses,
        measures.dictation,
        measures.babble_call,
        measures.barge_ins,
        measures.false_alarms,
        lines.echoes,
        lines.company,
        lines.missing_frames,
        resuming,
        cost_of_a_call,
    )
    for group in groups:
        for row in group(material):
            print(f"| {row.name:76} | {row.ours:24} | {row.target:22} | {row.peers} |", flush=True)
    found, skipped = detectors()
    print("\n| voice detector | F1 clean | F1 20/10 dB | F1 5 dB | false alarms an hour of noises |")
    print("| --- | --- | --- | --- | --- |")
    for scores in measures.frame_scores(material, found):
        print(f"| {' | '.join(scores)} |", flush=True)
    print("\n" + "\n".join(f"skipped: {line}" for line in skipped))
    print(f"{time.process_time() - began:.0f} s of processor time\n")


if __name__ == "__main__":
    main()
