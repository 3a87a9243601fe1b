"""What is measured, one function a group of rows. Each returns rows: name, ours, target, peers."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from statistics import quantiles

import numpy as np

from tests.bench_turns.corpus import Clip, clip, noise_only
from tests.bench_turns.listening import Heard, listen
from tests.bench_turns.noises.sounds import Noise
from tests.bench_turns.peers import Detector
from tests.bench_turns.voices import SPEECH_RMS, Said

# What the rest of the way takes at the least: transcript, first words of the reply, their sound. A caller who goes on
# is noticed after 200 ms of voice, and the reply is withdrawn.
REPLY_MS = 500
NOTICED_MS = 200
_AT_10_DB = SPEECH_RMS * 10 ** (-10 / 20)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table."""

    name: str
    ours: str
    target: str = ""
    peers: str = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """What the lines are like: how loud short words are over -22 dBFS (`levels_db`), within what an echo comes back and
    by how much its delay steps, for how long others talk and are silent.
    """

    levels_db: tuple[float, float] = (0.0, -13.0)
    delays_ms: tuple[int, int] = (100, 400)
    step_ms: int = 40
    rhythms_ms: tuple[tuple[int, int], tuple[int, int]] = ((8000, 8000), (3000, 5000))


@dataclass(frozen=True, slots=True)
class Material:
    """What the corpus is made from."""

    said: list[Said]
    noises: dict[str, Noise]
    seed: int = 0
    lines: Lines = field(default_factory=Lines)

    def random(self, number: int) -> np.random.Generator:
        """Return the numbers that a measure draws from."""
        return np.random.default_rng(self.seed + number)

    def of(self, *kinds: str) -> list[Said]:
        return [one for one in self.said if one.kind in kinds]


def percentiles(values: list[int]) -> str:
    if len(values) < 2:
        return "none"
    cuts = quantiles(values, n=20, method="inclusive")
    return f"{cuts[9]:.0f} / {cuts[18]:.0f} ms"


def _lines(material: Material) -> Iterator[tuple[str, Noise | None, float]]:
    yield "clean", None, 99.0
    for snr_db in (20.0, 10.0):
        for name in ("white", "pink", "street", "babble"):
            yield f"{name} {snr_db:.0f} dB", material.noises[name], snr_db


def end_of_utterance(material: Material) -> Iterator[Row]:
    """Latency from the last voiced sample of complete sentences to the decision."""
    random = material.random(1)
    for words in (False, True):
        late: dict[str, list[int]] = {}
        early = lost = count = 0
        for _, noise, snr_db in _lines(material):
            for said in material.of("sentence"):
                one = clip([said], random, noise=noise, snr_db=snr_db)
                (truth,) = one.utterances
                heard = listen(one, words=words)
                ends = [decided for start, _, decided in heard.turns if start < truth.end_ms < decided]
                count += 1
                lost += not ends
                early += any(
                    start < truth.end_ms - 300 and truth.start_ms < at < truth.end_ms for start, _, at in heard.turns
                )
                if ends:
                    group = "10 dB" if snr_db == 10 else "clean, 20 dB"
                    late.setdefault(group, []).append(ends[0] - truth.end_ms)
        how = "with words" if words else "by ear alone"
        for group, values in late.items():
            target = "p50 ≤ 380, p95 ≤ 520" if group != "10 dB" else ""
            yield Row(f"EOU latency p50 / p95, {how}, {group}", percentiles(values), target, "600–3,000")
        yield Row(f"sentences without an end / cut in the middle, {how}", f"{lost} / {early} of {count}", "0")


def pauses(material: Material) -> Iterator[Row]:
    """A pause inside a sentence: does the utterance end in it, and would the agent be heard in it?"""
    for words in (False, True):
        random = material.random(2)
        ended = audible = count = 0
        by_length: dict[int, list[bool]] = {}
        long_enough = [said for said in material.of("sentence") if len(said.samples) > 8 * 1500]
        for pause_ms in range(100, 1000, 100):
            for said in long_enough:
                noise, snr_db = (None, 99.0) if random.random() < 0.5 else (material.noises["pink"], 20.0)
                one = clip([said], random, noise=noise, snr_db=snr_db, pauses_ms=[pause_ms])
                (truth,) = one.utterances
                ((start, end),) = truth.pauses_ms
                decided = [at for _, _, at in listen(one, words=words).turns if start < at < end + 100]
                length_ms = round(end - start, -2)
                by_length.setdefault(length_ms, []).append(bool(decided))
                if 300 <= length_ms <= 700:
                    count += 1
                    ended += bool(decided)
                    audible += bool(decided) and decided[0] + REPLY_MS < end + NOTICED_MS
        how = "with words" if words else "by ear alone"
        target = "≤ 3"
        yield Row(
            f"cut-ins per 100 in pauses of 300–700 ms, {how}", f"{100 * audible / count:.1f}", target, "27 (4 of 15)"
        )
        shares = " ".join(f"{ms}:{100 * sum(hits) // len(hits)}" for ms, hits in sorted(by_length.items()))
        yield Row(f"  utterance ended in the pause, per 100 ({how}; withdrawn unheard)", f"{100 * ended / count:.0f}")
        yield Row("  by length of the pause, ms:per 100", shares)


def short_words(material: Material) -> Iterator[Row]:
    """One word: an utterance must come of it, and its audio must cover it."""
    random = material.random(3)
    for level_db in material.lines.levels_db:
        missed, count = [], 0
        for noise_name in ("white", "pink", "babble", "street", "music"):
            for snr_db in (20.0, 10.0, 5.0):
                for said in material.of("word"):
                    noise = material.noises[noise_name]
                    one = clip([said], random, noise=noise, snr_db=snr_db, gain_db=level_db)
                    (truth,) = one.utterances
                    turns = listen(one).turns
                    # 400 ms of pre-roll are kept before the onset.
                    covered = [start - 400 < truth.start_ms and end > truth.start_ms for start, end, _ in turns]
                    count += 1
                    if not any(covered):
                        missed.append(f"{said.name}/{noise_name}{snr_db:.0f}")
        detail = f" ({', '.join(missed[:3])})" if missed else ""
        yield Row(f"short words lost at {level_db - 22:.0f} dBFS, 20/10/5 dB", f"{len(missed)} of {count}{detail}", "0")


def dictation(material: Material) -> Iterator[Row]:
    """A phone number in groups: it must come as one turn."""
    random = material.random(4)
    whole = count = 0
    for said in material.of("phone"):
        for pause_ms in (400, 600, 900):
            one = clip([said], random, pauses_ms=[pause_ms, pause_ms])
            (truth,) = one.utterances
            inside = [at for _, _, at in listen(one, words=True).turns if at < truth.end_ms]
            count += 1
            whole += not inside
    yield Row("phone numbers dictated in three groups (400–900 ms) that stay one turn", f"{whole} of {count}", "all")


def false_alarms(material: Material) -> Iterator[Row]:
    """Ten minutes of noises at 10 dB while the agent speaks; the agent resumes after each hit."""
    by_noise: dict[str, Heard] = {}
    names = [name for name in material.noises if name != "babble"]
    for number, name in enumerate(names):
        random = material.random(50 + number)
        sound = noise_only(material.noises[name], 60_000, random, _AT_10_DB)
        by_noise[name] = listen(sound, agent_speaks=lambda _: True)
    hits = {name: len(heard.barge_ins) for name, heard in by_noise.items() if heard.barge_ins}
    turns = {name: len(heard.turns) for name, heard in by_noise.items() if heard.turns}
    minutes = len(names)
    detail = f" ({hits})" if hits else ""
    yield Row(f"false barge-ins in {minutes} min of noises at 10 dB", f"{sum(hits.values())}{detail}", "≤ 1")
    yield Row("  turns opened by them", f"{sum(turns.values())}{f' ({turns})' if turns else ''}", "0")


def barge_ins(material: Material) -> Iterator[Row]:
    """A caller speaks over the agent: from the first voiced sample to the `clear`."""
    random = material.random(6)
    late: dict[str, list[int]] = {"clean, 20 dB": [], "10 dB": []}
    missed = count = 0
    for name, noise, snr_db in _lines(material):
        if name == "babble 10 dB":
            continue
        for said in material.of("sentence"):
            one = clip([said], random, noise=noise, snr_db=snr_db)
            (truth,) = one.utterances
            hits = [
                at for at in listen(one, agent_speaks=lambda _: True).barge_ins if truth.start_ms < at < truth.end_ms
            ]
            count += 1
            missed += not hits
            if hits:
                late["10 dB" if snr_db == 10 else "clean, 20 dB"].append(hits[0] - truth.start_ms)
    for group, values in late.items():
        yield Row(
            f"barge-in, voice onset → clear p50 / p95, {group}",
            percentiles(values),
            "p50 ≤ 240, p95 ≤ 300",
            "360 / 400",
        )
    yield Row("  barge-ins missed", f"{missed} of {count}", "0")


def _within(spans: list[tuple[int, int]]) -> Callable[[int], bool]:
    return lambda at_ms: any(start <= at_ms < end for start, end in spans)


def babble_call(material: Material) -> Iterator[Row]:
    """Twelve turns in a room full of voices at 10 dB; after each the agent speaks for two and a half seconds."""
    answered = clears = cut_ins = 0
    said = material.of("sentence")[:12]
    for seed in (7, 17, 27):
        one = clip(said, material.random(seed), noise=material.noises["babble"], snr_db=10, gap_ms=4000)
        agent = [(truth.end_ms + 1000, truth.end_ms + 3500) for truth in one.utterances]
        heard = listen(one, agent_speaks=_within(agent))
        for truth in one.utterances:
            ends = [at for start, _, at in heard.turns if start < truth.end_ms - 200 and at > truth.start_ms + 400]
            # The weakest end of a last syllable, under the voices, is nobody's loss.
            answered += any(truth.end_ms - 100 < at < truth.end_ms + 3000 for at in ends)
            cut_ins += any(at <= truth.end_ms - 100 for at in ends)
        clears += len(heard.barge_ins)
    yield Row(
        "babble at 10 dB, 3 x 12 turns: answered / cut-ins / needless clears",
        f"{answered} / {cut_ins} / {clears}",
        "36 / 0 / ≤ 6",
        "Pipecat, 12 turns: 12 / 3 / 14",
    )


def frame_scores(material: Material, detectors: dict[str, Detector]) -> Iterator[tuple[str, ...]]:
    """Frame F1 in speech, clean to 5 dB, and false alarms an hour where nobody speaks, for each detector."""
    spoken: dict[str, list[Clip]] = {"clean": [], "20/10 dB": [], "5 dB": []}
    random = material.random(8)
    for number, said in enumerate(material.said):
        spoken["clean"].append(clip([said], random))
        for snr_db, group in ((20.0, "20/10 dB"), (10.0, "20/10 dB"), (5.0, "5 dB")):
            name = ("white", "pink", "street", "music", "hum")[(number + int(snr_db)) % 5]
            spoken[group].append(clip([said], random, noise=material.noises[name], snr_db=snr_db))
    quiet = [
        noise_only(noise, 20_000, material.random(90), rms)
        for name, noise in material.noises.items()
        if name != "babble"
        for rms in (_AT_10_DB, 3 * _AT_10_DB)
    ]
    for name, detect in detectors.items():
        scores = [_f1([(one.voiced, detect(one)) for one in clips]) for clips in spoken.values()]
        alarms = sum(_runs(detect(one)) for one in quiet)
        hours = sum(len(one.voiced) for one in quiet) / 50 / 3600
        yield name, *(f"{score:.3f}" for score in scores), f"{alarms / hours:.0f}"


def _f1(pairs: list[tuple[np.ndarray, np.ndarray]]) -> float:
    # The 400 ms of calibration are outside: no label there is ever voiced.
    hit = sum(int((truth & found).sum()) for truth, found in pairs)
    return 2 * hit / max(sum(int(truth.sum()) + int(found.sum()) for truth, found in pairs), 1)


def _runs(found: np.ndarray) -> int:
    """Count stretches of at least 60 ms that are called speech."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], found.astype(np.int8), [0]))))
    return int((edges[1::2] - edges[::2] >= 3).sum())
