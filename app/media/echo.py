"""The agent's own voice on the caller's line: how loud it may be in each frame (R7.1). Pure.

What was sent is known, and roughly when it was heard. Its echo comes some lag later, one that nobody needs to know: it
is no louder than the loudest that was sent within all lags, times the line's gain. And the gain is known soon: the echo
of what was sent longest ago has been heard by now, whatever the lag, so it was no louder than what was heard.

Until the gain is known, what is louder than most lines' echo is compared with what was sent (`likeness`): what is like
it is an echo all the same, and teaches how loud this line's is.
"""

import math
from collections import deque
from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt

from app.media.codec import FRAME_SAMPLES, ULAW_SILENCE, decode_ulaw
from app.media.likeness import Likeness, likeness, likenesses

Playing = Callable[[int], bytes]
"""The agent's frame (mu-law) that played so many ms ago, empty where none did."""

LAGS = 30  # frames: an echo comes back within 600 ms
_PRIOR_GAIN = 0.1  # -20 dB, before anything is known
_LEAST_GAIN = 0.002
_MOST_GAIN = 0.5  # no line gives back more than -6 dB
_AUDIBLE_RMS = 100.0  # what the agent sends under this leaves no echo
_FALL, _RELAX = 0.2, 1.003
_DOUBT = 1.6  # 4 dB
_MARGIN = 1.7
# Over so long the echo's level is steadier than frame by frame, and lower: a soft voice is heard by it.
_SPAN = 10
_SPAN_MARGIN = 1.8
# A gain so far under what was thought at first is known.
_KNOWN_SHARE = 0.7
# Such a stretch is compared, every so many frames over the gate; so often alike in a row, it is the echo's gain.
_COMPARED, _COMPARE_EVERY = 12, 3
_ALIKE = 0.82
_OFTEN = 4
# A caller who sounds like the agent is louder than its echo can be, by what was heard in this second of the agent's.
_BOUNDS = 50

_SILENCE = bytes([ULAW_SILENCE]) * FRAME_SAMPLES
_QUIET = np.zeros(FRAME_SAMPLES)
_SQUARES = decode_ulaw(bytes(range(256))).astype(np.float64) ** 2


def nothing(_: int) -> bytes:
    """Where the agent is silent."""
    return b""


def ulaw_rms(ulaw: bytes) -> float:
    """Return the RMS (int16 scale) of mu-law bytes; 0 of none."""
    return math.sqrt(float(_SQUARES[np.frombuffer(ulaw, np.uint8)].sum()) / len(ulaw)) if ulaw else 0.0


class _Latest:
    """What was measured in all lags, and the largest of it, which is looked for anew only once it is too long ago."""

    def __init__(self) -> None:
        self.values: deque[float] = deque([0.0] * LAGS, maxlen=LAGS)
        self.largest = 0.0

    def add(self, value: float) -> None:
        gone = self.values[0]
        self.values.append(value)
        if value >= self.largest:
            self.largest = value
        elif gone >= self.largest:
            self.largest = max(self.values)


class Echo:
    """Follow one call: `receive` for every frame of the caller, with what was played as it came."""

    def __init__(self) -> None:
        self.gain = self._prior = _PRIOR_GAIN
        self._bounds: deque[float] = deque(maxlen=_BOUNDS)
        self._silent_frames = LAGS + 1
        self._begin()

    def _begin(self) -> None:
        """The agent speaks after a pause longer than all lags."""
        self._sent, self._heard, self._sent_span = _Latest(), _Latest(), _Latest()
        self._sent_power = self._heard_power = 0.0
        self._played: deque[bytes] = deque([_SILENCE] * (LAGS + _COMPARED), maxlen=LAGS + _COMPARED)
        self._samples = np.zeros((_COMPARED, FRAME_SAMPLES), np.float32)
        self._at = 0
        self._over_frames = self._alike = self._unheard_frames = 0
        self._is_alike = False
        self._open_gate = 0.0

    def was_echo(self) -> None:
        """What was taken for the caller was the agent's own voice: the line's echo is louder than was thought."""
        self._prior = min(self._prior * _DOUBT, _MOST_GAIN)
        self.gain = max(self.gain, self._prior)

    def receive(self, samples: npt.NDArray[np.float64], rms: float, playing: bytes) -> float:
        """Take a frame of the caller and its RMS, and the agent's frame that was played as it came.

        Return what the frame's RMS must be over to be more than echo; 0 where there is none.
        """
        gate = self.listen(samples, rms, playing, ulaw_rms(playing))
        if gate is not None:
            return gate
        played = decode_ulaw(self.lately_played).astype(np.float64)
        return self.judge(likeness(self.lately_heard, played))

    def listen(self, samples: npt.NDArray[np.float64], rms: float, playing: bytes, sent_rms: float) -> float | None:
        """Do what `receive` does, up to where it takes a comparison of what was heard with what was played.

        None there: `judge` goes on, with what a comparison has found.
        """
        if not self._play(playing, sent_rms):
            return 0.0
        self._hear(samples, rms)
        gate = self._gate()
        if rms <= gate or self.gain < _KNOWN_SHARE * self._prior:
            return gate
        self._open_gate = gate
        self._over_frames += 1
        if self._over_frames % _COMPARE_EVERY:
            return math.inf if self._is_alike else gate
        return None

    @property
    def lately_heard(self) -> npt.NDArray[np.float32]:
        """What a comparison is about: the caller's latest frames."""
        return np.concatenate((self._samples[self._at :], self._samples[: self._at]), axis=None)

    @property
    def lately_played(self) -> bytes:
        """What they are compared with: the agent's latest frames, mu-law, from before the longest lag on."""
        return b"".join(self._played)

    def judge(self, found: Likeness) -> float:
        """Say whether a frame over the gate is the agent's voice nevertheless; return as `receive`."""
        bound = min(self._bounds, default=_MOST_GAIN)
        self._is_alike = found.score >= _ALIKE and found.gain <= min(_MARGIN * bound, _MOST_GAIN)
        self._alike = self._alike + 1 if self._is_alike else 0
        if self._alike >= _OFTEN:
            self._prior = min(max(self._prior, min(found.gain, bound)), _MOST_GAIN)
            self.gain = self._prior
        return math.inf if self._is_alike else self._open_gate

    def miss(self, playing: bytes) -> None:
        """A frame of the caller did not come, but what was played as it should have may still come back.

        It was not heard whether it does, so nothing is learned of the line until all that was played since is over.
        """
        if self._play(playing, ulaw_rms(playing)):
            self._hear(_QUIET, 0.0)
            self._unheard_frames = LAGS

    def _play(self, playing: bytes, sent_rms: float) -> bool:
        """The agent goes on; return whether anything of it may come back by now."""
        if sent_rms > _AUDIBLE_RMS:
            if self._silent_frames > LAGS:
                self._begin()
            self._silent_frames = 0
        else:
            self._silent_frames += 1
        if self._silent_frames > LAGS:
            return False
        self._played.append(playing or _SILENCE)
        self._sent.add(sent_rms)
        self._sent_power += (sent_rms * sent_rms - self._sent.values[-1 - _SPAN] ** 2) / _SPAN
        self._sent_span.add(self._sent_power)
        return True

    def _hear(self, samples: npt.NDArray[np.float64], rms: float) -> None:
        self._samples[self._at] = samples
        self._at = (self._at + 1) % _COMPARED
        self._heard.add(rms)
        self._heard_power += (rms * rms - self._heard.values[-1 - _SPAN] ** 2) / _SPAN

    def _gate(self) -> float:
        sent = self._sent.values
        # A frame of the echo lies across two that were sent: only where both are loud is the bound one.
        oldest = min(sent[0], sent[1])
        if self._unheard_frames:
            self._unheard_frames -= 1
        elif oldest > _AUDIBLE_RMS:
            bound = max(self._heard.largest / oldest, _LEAST_GAIN)
            self._bounds.append(bound)
            if bound < self.gain:
                self.gain += (bound - self.gain) * _FALL
            else:
                self.gain = min(self.gain * _RELAX, self._prior)
        span_gate = _SPAN_MARGIN * self.gain
        if self._heard_power > span_gate * span_gate * self._sent_span.largest:
            return 0.0
        return _MARGIN * self.gain * self._sent.largest


def listen_together(
    echoes: Sequence[Echo], samples: npt.NDArray[np.float64], levels: Sequence[float], played: Sequence[bytes]
) -> list[float]:
    """Do for many calls in one pass what `Echo.receive` does for each; `samples` has a row a call."""
    heard = zip(echoes, samples, levels, played, _sent_rms(played), strict=True)
    gates = [echo.listen(frame, rms, playing, sent_rms) for echo, frame, rms, playing, sent_rms in heard]
    asking = [echo for echo, gate in zip(echoes, gates, strict=True) if gate is None]
    if not asking:
        return [gate for gate in gates if gate is not None]
    lately = decode_ulaw(b"".join([echo.lately_played for echo in asking])).astype(np.float64)
    found = iter(likenesses(np.array([echo.lately_heard for echo in asking]), lately.reshape(len(asking), -1)))
    return [echo.judge(next(found)) if gate is None else gate for echo, gate in zip(echoes, gates, strict=True)]


def _sent_rms(frames: Sequence[bytes]) -> list[float]:
    """Return the RMS of mu-law frames (20 ms, or none), as `ulaw_rms` does of each."""
    heard = [row for row, frame in enumerate(frames) if frame]
    levels = [0.0] * len(frames)
    if heard:
        squares = _SQUARES[np.frombuffer(b"".join(frames), np.uint8)].reshape(-1, FRAME_SAMPLES)
        for row, rms in zip(heard, np.sqrt(squares.sum(axis=1) / FRAME_SAMPLES).tolist(), strict=True):
            levels[row] = rms
    return levels
