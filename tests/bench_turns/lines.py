"""Lines as they are: the agent's own voice comes back, others talk behind the caller, callers change their level."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from app.call.hearing.ear import Ear
from app.media.codec import decode_ulaw
from tests.bench_turns.corpus import Clip, clip, to_ulaw
from tests.bench_turns.listening import SETTINGS, Heard, listen
from tests.bench_turns.measures import Lines, Material, Row
from tests.bench_turns.noises.sounds import Floats, Noise, babble_of
from tests.bench_turns.peers import Detector, detectors
from tests.bench_turns.voices import SPEECH_RMS, Said

_AGENT_DB = 2.0  # over the caller's: -20 dBFS
_LINE_DBFS = (-65, -55, -50, -45)
_STEP_EVERY_MS = 1500
_UTTERANCES = 24
_PEER_SILENCE_FRAMES, _PEER_VOICE_FRAMES = 25, 10  # 500 ms end a turn, 200 ms stop the agent
_GAP_MS = 2500


def _dbfs(level: float) -> float:
    return float(32768 * 10 ** (level / 20))


def _way_back(random: np.random.Generator, *, is_room: bool) -> Floats:
    """Return what the far end does to the agent's sound, at the energy of a plain wire."""
    if not is_room:
        return np.ones(1)
    reflections = random.normal(size=400) * np.exp(-np.arange(400) / 80)
    reflections[0] = 3.0
    response: Floats = reflections / np.sqrt((reflections**2).sum())
    return response


def _echo(agent: Floats, loss_db: float, random: np.random.Generator, lines: Lines) -> Floats:
    """Return what comes back: late, by a lag that steps, coloured, in the line's noise."""
    back = np.convolve(agent, _way_back(random, is_room=random.random() < 0.5))[: len(agent)] * 10 ** (-loss_db / 20)
    least_ms, most_ms = lines.delays_ms
    delay_ms, at = int(random.integers(least_ms, most_ms + 1)), np.arange(len(agent))
    steps = random.integers(-lines.step_ms, lines.step_ms + 1, len(agent) // (_STEP_EVERY_MS * 8) + 1)
    lags = 8 * np.maximum(delay_ms + steps, least_ms)[at // (_STEP_EVERY_MS * 8)]
    line = np.where(at >= lags, back[np.maximum(at - lags, 0)], 0.0)
    return line + random.normal(0, _dbfs(random.choice(_LINE_DBFS)), len(agent))


def _agent(said: Sequence[Said], random: np.random.Generator, gap_ms: int) -> Floats:
    parts: list[Floats] = [np.zeros(1000 * 8)]
    for number in random.permutation(len(said)):
        parts += [said[number].samples * 10 ** (_AGENT_DB / 20), np.zeros(gap_ms * 8)]
    return np.concatenate(parts)


def echoes(material: Material) -> Iterator[Row]:
    """The caller is silent and the agent's voice comes back; then a caller speaks over that."""
    said = material.of("sentence")
    found, _ = detectors()
    peers = {name: detect for name, detect in found.items() if not name.startswith("ours")}
    for loss_db, target in ((35, "0 / 0"), (28, "0 / 0"), (20, "0 / 0"), (15, "0 / 0"), (12, "")):
        hits = turns = agent_ms = 0
        theirs = dict.fromkeys(peers, 0)
        for number in range(4):
            random = material.random(700 + number)
            agent = _agent([said[at] for at in random.permutation(len(said))[:6]], random, 900)
            line = _clip(_echo(agent, loss_db, random, material.lines))
            heard = _listen(line, agent)
            hits, turns, agent_ms = hits + len(heard.barge_ins), turns + len(heard.starts), agent_ms + len(agent) // 8
            for name, detect in peers.items():
                theirs[name] += _stops(line, agent, detect)
        others = ", ".join(f"{name}: {count} stops" for name, count in theirs.items())
        title = f"the agent's echo, {loss_db} dB down, {agent_ms // 1000} s: needless clears / turns begun"
        yield Row(title, f"{hits} / {turns}", target, others)
    for level_dbfs, loss_db, target in ((-20, 22, "p95 ≤ 300"), (-30, 22, "p95 ≤ 350"), (-25, 15, "")):
        late, missed = [], 0
        for number in range(_UTTERANCES):
            random = material.random(800 + number)
            order = random.permutation(len(said))
            agent = _agent([said[at] for at in order[:3]], random, 300)
            voice = said[order[3]].samples * (_dbfs(level_dbfs) / SPEECH_RMS)
            wave, onset_ms = _echo(agent, loss_db, random, material.lines), 1000 + int(random.integers(300, 2500))
            room = wave[onset_ms * 8 :]
            room[: len(voice)] += voice[: len(room)]
            after = [at for at in _listen(_clip(wave), agent).barge_ins if at > onset_ms]
            missed += not after
            late += after[:1] and [after[0] - onset_ms]
        title = f"caller at {level_dbfs} dBFS over an echo {loss_db} dB down → clear p50 / p95, missed"
        measured = f"{np.percentile(late, 50):.0f} / {np.percentile(late, 95):.0f} ms, {missed} of {_UTTERANCES}"
        yield Row(title, measured, target)


def _clip(wave: Floats) -> Clip:
    return Clip("line", to_ulaw(wave[: len(wave) // 160 * 160]), np.zeros(len(wave) // 160, bool))


def _listen(line: Clip, agent: Floats) -> Heard:
    sent = to_ulaw(agent[: len(line.ulaw)])
    return listen(line, agent_speaks=lambda at_ms: _is_loud(agent, at_ms), sent=sent)


def _is_loud(agent: Floats, at_ms: int) -> bool:
    """Whether the agent is in the middle of something."""
    return bool(np.abs(agent[max(at_ms - 300, 0) * 8 : (at_ms + 300) * 8]).max(initial=0) > 0)


def _stops(line: Clip, agent: Floats, detect: Detector) -> int:
    """Count how often a peer would be stopped: 200 ms of voice while the agent speaks, then a second of patience."""
    count = run = patience = 0
    for number, voiced in enumerate(detect(line)):
        run = run + 1 if voiced and _is_loud(agent, number * 20) else 0
        patience -= 1
        if run >= _PEER_VOICE_FRAMES and patience <= 0:
            count, patience = count + 1, 50
    return count


def company(material: Material) -> Iterator[Row]:
    """Others behind the caller, who come and go; a caller whose level changes; a fan that does."""
    sentences, words = material.of("sentence"), material.of("word")
    many = babble_of([one.samples for one in material.said], 6)
    one = babble_of([one.samples for one in sentences], 1)
    level, softer, second = [0.0] * 10, [0.0] * 5 + [-10.0] * 5, [0.0, 0.0, *[-8.0, 0.0] * 4]
    short = [0.0, 0.0, *[-12.0, 0.0] * 4]
    fan = material.noises["white"]
    slow, quick = material.lines.rhythms_ms
    often = "{:.3g} s on, {:.3g} s off".format
    slowly, quickly = (often(on / 1000, off / 1000) for on, off in (slow, quick))
    rows: tuple[tuple[str, Noise | None, float, tuple[int, int], list[float], str], ...] = (
        ("quiet line", None, 0, (1, 1), level, "0 / 0 / ≤ 520"),
        (f"six others 20 dB down, {slowly}", many, 20, slow, level, "0 / 3 / 700"),
        (f"six others 15 dB down, {slowly}", many, 15, slow, level, "0 / 3 / 700"),
        (f"six others 15 dB down, {quickly}", many, 15, quick, level, "0 / 3 / 700"),
        (f"six others 10 dB down, {slowly}", many, 10, slow, level, "2 / 3"),
        (f"one other 15 dB down, {slowly}", one, 15, slow, level, "0"),
        ("a fan 10 dB down, 6 s on, 6 s off", fan, 10, (6000, 6000), level, "0"),
        ("10 dB softer from mid-call on", None, 0, (1, 1), softer, "0 / 0"),
        ("a second person 8 dB softer", None, 0, (1, 1), second, "0 / 0"),
        ("words 12 dB softer between sentences", None, 0, (1, 1), short, "0 / 0"),
        ("a second person, six others 15 dB down", many, 15, slow, second, ""),
    )
    for title, noise, down_db, rhythm, gains, target in rows:
        lost = split = count = 0
        late: list[int] = []
        peers = 0
        for number in range(4):
            random = material.random(900 + number)
            said = [sentences[at] for at in random.permutation(len(sentences))[:10]]
            if gains is short:
                said[2::2] = [words[at] for at in random.permutation(len(words))[: len(said[2::2])]]
            line = _in_company(said, gains, random, noise, down_db, rhythm)
            scored = _scored(listen(line).turns, line)
            lost, split, late, count = lost + scored[0], split + scored[1], late + scored[2], count + len(said)
            peers += _peer_lost(line)
        measured = f"{lost} / {split} / {np.percentile(late, 95):.0f} ms of {count}"
        yield Row(f"{title}: lost / split / EOU p95", measured, target, f"Silero and 500 ms: {peers} lost")


def _in_company(
    said: Sequence[Said],
    gains_db: Sequence[float],
    random: np.random.Generator,
    noise: Noise | None,
    down_db: float,
    rhythm: tuple[int, int],
) -> Clip:
    levelled = [
        replace(one, samples=one.samples * 10 ** (gain / 20)) for one, gain in zip(said, gains_db, strict=False)
    ]
    plain = clip(levelled, random, gap_ms=_GAP_MS)
    if noise is None:
        return plain
    frames = len(plain.voiced)
    on, period = rhythm[0] // 20, sum(rhythm) // 20
    begins = int(random.integers(50, 200))
    is_on = np.array([at >= begins and (at - begins) % period < on for at in range(frames)], float)
    swell = np.convolve(np.repeat(is_on, 160), np.ones(400) / 400, "same")
    sound = np.resize(noise(frames * 20, random), frames * 160) * swell * SPEECH_RMS * 10 ** (-down_db / 20)
    return replace(plain, ulaw=to_ulaw(decode_ulaw(plain.ulaw[: frames * 160]) + sound))


def _scored(turns: Sequence[tuple[int, int, int]], line: Clip) -> tuple[int, int, list[int]]:
    """Return how many utterances got no end before the next, how many an end inside, and how late the ends were."""
    lost = split = 0
    late = []
    for number, truth in enumerate(line.utterances):
        rest = line.utterances[number + 1 :]
        until_ms = rest[0].start_ms if rest else len(line.voiced) * 20
        began = [decided for start, _, decided in turns if start < truth.end_ms - 100 and decided > truth.start_ms]
        ends = [decided for decided in began if truth.end_ms - 150 < decided < until_ms]
        split += any(decided <= truth.end_ms - 150 for decided in began)
        lost += not ends
        late += ends[:1] and [ends[0] - truth.end_ms]
    return lost, split, late


def _peer_lost(line: Clip) -> int:
    """How many utterances get no end before the next by Silero on every frame and 500 ms of silence."""
    found, _ = detectors()
    voiced, turns, start, silent = found["Silero, every frame"](line), [], None, 0
    for at, is_voiced in enumerate(voiced):
        if is_voiced:
            start, silent = at * 20 if start is None else start, 0
        elif start is not None:
            silent += 1
            if silent == _PEER_SILENCE_FRAMES:
                turns.append((start, at * 20 - 480, at * 20 + 20))
                start = None
    return _scored(turns, line)[0]


def missing_frames(material: Material) -> Iterator[Row]:
    """The carrier sends nothing once the caller is silent: what the ear makes of the silence it is told of."""
    late, missing = [], 0
    for said in material.of("sentence"):
        one = clip([said], material.random(950))
        (truth,) = one.utterances
        ear = Ear(SETTINGS.vad, SETTINGS.endpointing, SETTINGS.barge_in)
        ends = [noticed.eou for noticed in ear.receive(one.ulaw[: (truth.end_ms + 60) // 20 * 160]) if noticed.eou]
        ends += [noticed.eou for noticed in ear.receive_nothing(100) if noticed.eou]
        whole = [eou.at_ms for eou in ends if not eou.forced and eou.at_ms > truth.end_ms - 150]
        missing += not whole
        late += whole[:1] and [whole[0] - truth.end_ms]
    measured = f"{np.percentile(late, 50):.0f} / {np.percentile(late, 95):.0f} ms, {missing} without an end"
    yield Row("no frames after the words → EOU p50 / p95", measured, "as with frames")
