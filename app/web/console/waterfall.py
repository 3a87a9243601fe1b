"""What an answer's time is made of, a row a turn. Pure: turns of the store in, figures and one drawing out.

A turn's segments follow each other from the end of the caller's voice to the first sample heard, and add up to the
answer time; what nobody measured is drawn as such, and what is left over says that it is not explained.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from markupsafe import Markup, escape

from app.web.words import label

SEGMENTS = ("endpointing", "asr", "llm", "sentence", "tts", "own", "held", "send", "path")
_BEFORE = {"endpointing": "endpointing", "asr": "asr", "llm": "llm_first_token", "tts": "tts_first_byte"}
"""Where calls of before segments were measured keep the like of them."""
LONGEST_MS = 60_000
UNEXPLAINED_MS = 5
_LEFT, _WIDTH, _RIGHT, _ROW, _BAR = 70, 800, 90, 34, 18
_THINNEST = 3.0
"""A step of a ms or two is drawn so wide: seen, and wide enough to be pointed at."""
_LEAST_AXIS_MS = 2000
_GRID_MS = (500, 1000, 2000, 5000, 10_000)
_PATTERNS = {
    "endpointing": "M0 6L6 0",
    "asr": "",
    "llm": "M0 3H6",
    "sentence": "M3 0V6",
    "tts": "M0 0L6 6",
    "own": "M0 3H6M3 0V6",
    "held": "M2 2H4M2 4H4",
    "send": "M0 6L6 0M0 0L6 6",
    "path": "M1 1H3",
    "rest": "M0 6L6 0M-1 1L1 -1M5 7L7 5",
}


@dataclass(frozen=True, slots=True)
class Fall:
    """One turn's answer in ms. `rest_ms`: what the measured segments leave of the total; None: nothing is left over."""

    number: int
    total_ms: float
    segments: Mapping[str, float | None]
    faults: tuple[str, ...]
    is_cancelled: bool
    from_ms: float | None
    marks: tuple[tuple[str, float], ...] = ()
    """What else happened meanwhile, and when, in ms since the end of the caller's voice."""

    @property
    def rest_ms(self) -> float | None:
        """Return the time that no segment explains."""
        rest = self.total_ms - sum(value for value in self.segments.values() if value is not None)
        return rest if rest > UNEXPLAINED_MS else None

    @property
    def unmeasured(self) -> tuple[str, ...]:
        """Return the segments nobody measured."""
        return tuple(name for name in SEGMENTS if self.segments[name] is None)


def fall(turn: Mapping[str, Any], from_ms: float | None = None) -> Fall | None:
    """Return what a turn's answer is made of; None for a turn that got none, or of which nothing was measured."""
    timing = turn.get("timing") or {}
    before = turn.get("latencies_ms") or {}
    measured = timing.get("segments")
    # Before answers were kept back at times there was no such step.
    given = {"held": 0, **(measured or {name: before.get(key) for name, key in _BEFORE.items()})}
    total = timing.get("answer_ms") if timing else before.get("voice_to_voice")
    is_cancelled = total is None and bool(timing.get("withdrawn"))
    if is_cancelled:
        total = sum(value for value in given.values() if value is not None and 0 <= value <= LONGEST_MS)
    if not total or not 0 <= total <= LONGEST_MS:
        return None
    segments: dict[str, float | None] = {}
    faults = []
    for name in SEGMENTS:
        value = given.get(name)
        if value is not None and not 0 <= value <= LONGEST_MS:
            faults.append(name)
            value = None
        segments[name] = value
    return Fall(turn["number"], total, segments, tuple(faults), is_cancelled, from_ms, _marks(timing, total))


def _marks(timing: Mapping[str, Any], total_ms: float) -> tuple[tuple[str, float], ...]:
    """Return what happened between the end of the voice and the answer, beside the steps."""
    ended = timing.get("speech_to")
    if ended is None:
        return ()
    times = {"first_interim": timing.get("first_interim"), **timing.get("moments", {})}
    since = ((name, at - ended) for name, at in times.items() if at is not None)
    return tuple(sorted((mark for mark in since if 0 <= mark[1] <= total_ms), key=itemgetter(1)))


def draw(falls: Iterable[Fall], *, plays: bool = False) -> Markup:
    """Return the drawing: all turns on one axis, the whole of each visible, labels at both ends.

    `plays`: a row is a button that plays the turn.
    """
    rows = list(falls)
    axis_ms = max([_LEAST_AXIS_MS, *(row.total_ms for row in rows)])
    height = len(rows) * _ROW + 26
    parts = [
        f'<svg class="waterfall" dir="ltr" viewBox="0 0 {_LEFT + _WIDTH + _RIGHT} {height}"',
        f' role="{"group" if plays else "img"}" aria-label="זמני התשובה של {len(rows)} תורות; הנתונים בטבלה שלמטה">',
        _definitions(),
        _axis(axis_ms, len(rows) * _ROW),
        *(_row(row, index * _ROW, axis_ms, plays=plays) for index, row in enumerate(rows)),
        "</svg>",
    ]
    return Markup("".join(parts))  # noqa: S704 - numbers and our own words


def _definitions() -> str:
    patterns = [
        f'<pattern id="p-{name}" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="{path}" stroke="#fff" stroke-opacity=".45" stroke-width="1.2" fill="none"/></pattern>'
        if name != "rest"
        else f'<pattern id="p-rest" width="6" height="6" patternUnits="userSpaceOnUse">'
        f'<path d="{path}" stroke="currentColor" stroke-width="1.2" fill="none"/></pattern>'
        for name, path in _PATTERNS.items()
    ]
    return f"<defs>{''.join(patterns)}</defs>"


def _axis(axis_ms: float, height: int) -> str:
    step_ms = next((step for step in _GRID_MS if axis_ms / step <= 8), _GRID_MS[-1])
    lines = []
    at_ms = 0
    while at_ms <= axis_ms:
        x = _LEFT + at_ms / axis_ms * _WIDTH
        lines.append(f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height}"/>')
        lines.append(f'<text class="axis" x="{x:.1f}" y="{height + 18}" text-anchor="middle">{at_ms / 1000:g} s</text>')
        at_ms += step_ms
    return "".join(lines)


def _row(row: Fall, y: int, axis_ms: float, *, plays: bool) -> str:
    middle = y + _ROW / 2 + 4
    play = ""
    if plays and row.from_ms is not None:
        play = f' tabindex="0" role="button" data-play-ms="{max(0, row.from_ms - 1000):.0f}"'
    parts = [
        f'<g class="row" data-fall="{row.number}"{play}>',
        f'<rect class="back" x="0" y="{y}" width="{_LEFT + _WIDTH + _RIGHT}" height="{_ROW}"/>',
        f'<text x="{_LEFT - 10}" y="{middle}" text-anchor="end">{row.number}</text>',
    ]
    x: float = _LEFT
    thin: list[str] = []
    for name in SEGMENTS:
        value = row.segments[name]
        if not value:
            continue
        width = value / axis_ms * _WIDTH
        title = f"<title>{escape(label(name, 'segment'))}: {value:,.0f} ms</title>"
        place = f'x="{x:.1f}" y="{y + 8}" width="{max(width, _THINNEST):.1f}" height="{_BAR}"'
        kind = "bar cancelled" if row.is_cancelled else "bar"
        inside = title if row.is_cancelled else f'<rect {place} fill="url(#p-{name})">{title}</rect>'
        drawn = f'<g class="{name}"><rect class="{kind}" {place}/>{inside}</g>'
        (thin if width < _THINNEST else parts).append(drawn)
        x += width
    parts += thin  # last, or their neighbours would cover them
    parts.append(_rest(row, x, y, axis_ms))
    parts += [_mark(name, at_ms, y, axis_ms) for name, at_ms in row.marks]
    end = _LEFT + row.total_ms / axis_ms * _WIDTH + 8
    note = " !" if row.faults else ""
    parts.append(f'<text x="{end:.1f}" y="{middle}">{row.total_ms:,.0f} ms{note}</text></g>')
    return "".join(parts)


def _mark(name: str, at_ms: float, y: int, axis_ms: float) -> str:
    """Return a thin line through the row, with a head; beside the line there is room to point at it."""
    x = _LEFT + at_ms / axis_ms * _WIDTH
    return (
        f'<g class="mark"><title>{escape(label(name, "moment"))}: {at_ms:,.0f} ms</title>'
        f'<rect class="reach" x="{x - 6:.1f}" y="{y}" width="12" height="{_ROW}"/>'
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y + 3}" y2="{y + _ROW - 3}"/>'
        f'<circle cx="{x:.1f}" cy="{y + 4}" r="3.5"/></g>'
    )


def _rest(row: Fall, x: float, y: int, axis_ms: float) -> str:
    rest_ms = row.rest_ms
    if rest_ms is None:
        return ""
    place = f'x="{x:.1f}" y="{y + 8}" width="{rest_ms / axis_ms * _WIDTH:.1f}" height="{_BAR}"'
    if row.unmeasured:
        names = ", ".join(str(label(name, "segment")) for name in row.unmeasured)
        return f'<rect class="bar unmeasured" {place}><title>לא נמדד: {escape(names)}</title></rect>'
    return f'<rect {place} fill="url(#p-rest)"><title>לא מוסבר: {rest_ms:,.0f} ms</title></rect>'
