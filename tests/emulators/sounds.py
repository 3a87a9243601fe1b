"""What an emulated voice says: a tone that swells and fades like syllables."""

import numpy as np

NOTE_HZ = 220
_SECOND: dict[tuple[int, int], bytes] = {}


def voice_sound(duration_ms: int, rate_hz: int, hz: int = NOTE_HZ) -> bytes:
    """Return a tone of `hz` that swells and fades like syllables, LINEAR16."""
    if (rate_hz, hz) not in _SECOND:
        time_s = np.arange(rate_hz) / rate_hz
        tone = 9000 * np.sin(2 * np.pi * hz * time_s) * np.sin(2 * np.pi * 4 * time_s) ** 2
        _SECOND[rate_hz, hz] = tone.astype("<i2").tobytes()
    second = _SECOND[rate_hz, hz]
    size = 2 * (duration_ms * rate_hz // 1000)
    return (second * (size // len(second) + 1))[:size]
