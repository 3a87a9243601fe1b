"""Turn-taking, measured: `make bench-turns`, or `python -m tests.bench_turns [tuning] [second] … [held-out]`.

Each corpus is made here and now, from seeds, out of voices and noises; every label is exact by construction. Settings
are chosen on `tuning`, causes of what was lost were looked for on `second` to `seventh`, too; `held-out` has other
voices, words, noises, levels, delays, rhythms and seeds. One table each: ours, the target, what peers are known for on
their own audio; then the voice detectors side by side on this audio.
"""

import sys
import time
from dataclasses import dataclass, field

from tests.bench_turns import lines, measures
from tests.bench_turns.answers import answers
from tests.bench_turns.noises.fifth import FIFTH_NOISES
from tests.bench_turns.noises.fourth import FOURTH_NOISES
from tests.bench_turns.noises.held_out import HELD_OUT_NOISES
from tests.bench_turns.noises.second import SECOND_NOISES
from tests.bench_turns.noises.seventh import SEVENTH_NOISES
from tests.bench_turns.noises.sixth import SIXTH_NOISES
from tests.bench_turns.noises.sounds import Noise, babble_of
from tests.bench_turns.noises.third import THIRD_NOISES
from tests.bench_turns.noises.tuning import TUNING_NOISES
from tests.bench_turns.peers import detectors
from tests.bench_turns.processor import cost_of_a_call
from tests.bench_turns.resuming import resuming
from tests.bench_turns.scripts import FIFTH, FOURTH, HELD_OUT, SECOND, SEVENTH, SIXTH, THIRD, TUNING, Script
from tests.bench_turns.voices import load


@dataclass(frozen=True, slots=True)
class Corpus:
    """Who says what, among what; the rest are `measures.Material`'s."""

    script: Script
    noises: dict[str, Noise]
    seed: int
    talkers: int  # of the babble
    lines: measures.Lines = field(default_factory=measures.Lines)


CORPORA = {
    "tuning": Corpus(TUNING, TUNING_NOISES, 0, 6),
    "second": Corpus(SECOND, SECOND_NOISES, 1000, 5),
    "third": Corpus(THIRD, THIRD_NOISES, 5000, 7, measures.Lines(levels_db=(-4.0, -10.0))),
    "fourth": Corpus(
        FOURTH,
        FOURTH_NOISES,
        9000,
        8,
        measures.Lines(
            levels_db=(3.0, -11.0), delays_ms=(120, 370), step_ms=60, rhythms_ms=((6500, 4500), (2500, 3500))
        ),
    ),
    "fifth": Corpus(
        FIFTH,
        FIFTH_NOISES,
        13000,
        5,
        measures.Lines(
            levels_db=(-2.0, -12.0), delays_ms=(140, 330), step_ms=50, rhythms_ms=((9000, 6000), (3500, 2500))
        ),
    ),
    "sixth": Corpus(
        SIXTH,
        SIXTH_NOISES,
        17000,
        6,
        measures.Lines(
            levels_db=(2.0, -9.0), delays_ms=(110, 390), step_ms=45, rhythms_ms=((7000, 7500), (4500, 3000))
        ),
    ),
    "seventh": Corpus(
        SEVENTH,
        SEVENTH_NOISES,
        21000,
        7,
        measures.Lines(
            levels_db=(4.0, -7.0), delays_ms=(130, 350), step_ms=55, rhythms_ms=((5500, 6500), (3500, 4500))
        ),
    ),
    "held-out": Corpus(
        HELD_OUT,
        HELD_OUT_NOISES,
        25000,
        5,
        measures.Lines(
            levels_db=(1.0, -8.0), delays_ms=(150, 310), step_ms=35, rhythms_ms=((6000, 5500), (4000, 3500))
        ),
    ),
}


def material_of(name: str) -> tuple[measures.Material, str]:
    """Make a corpus; return it with a line about where it comes from."""
    corpus = CORPORA[name]
    said, source = load(corpus.script)
    babble = babble_of([one.samples for one in said], corpus.talkers)
    return measures.Material(said, {**corpus.noises, "babble": babble}, corpus.seed, corpus.lines), source


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
        answers,
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
