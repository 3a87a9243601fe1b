"""Turn-taking, measured: `make bench-turns`, or `python -m tests.bench_turns`.

The corpus is made here and now, from seeds, out of the sample callers, the embedded voice where its models are, and
noises that are synthesised; every label is exact by construction. One table: ours, the target, what peers are known
for on their own audio; then the voice detectors side by side on this audio.
"""

import time

from tests.bench_turns import measures
from tests.bench_turns.noises import NOISES, babble_of
from tests.bench_turns.peers import detectors
from tests.bench_turns.processor import cost_of_a_call
from tests.bench_turns.resuming import resuming
from tests.bench_turns.voices import load


def main() -> None:
    """Print the tables."""
    began = time.process_time()
    said, source = load()
    print(f"corpus: {source}; noises synthesised\n")
    material = measures.Material(said, {**NOISES, "babble": babble_of([one.samples for one in said])})
    print(f"| {'measure':76} | {'ours':24} | {'target':22} | peers |\n| --- | --- | --- | --- |")
    groups = (
        measures.short_words,
        measures.end_of_utterance,
        measures.pauses,
        measures.dictation,
        measures.babble_call,
        measures.barge_ins,
        measures.false_alarms,
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
    print(f"{time.process_time() - began:.0f} s of processor time")


if __name__ == "__main__":
    main()
