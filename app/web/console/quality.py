"""How good the calls were, day by day."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from markupsafe import Markup

from app.web import clock
from app.web.login import refuse
from app.web.pages import office, page
from app.web.words import WORDS

quality = Blueprint("quality", __name__, url_prefix="/console")
quality.before_request(refuse)
RANGES = (("1", "היום"), ("7", "שבוע"), ("30", "חודש"))
_TOTALS = ("answer", "voice_to_voice")
_WIDTH, _HEIGHT, _SCALE, _BOTTOM = 900, 220, 60, 28
"""The scale stands on the right, by the newest day: that end is seen first where all is not."""
_LEAST_AXIS_MS = 2000


@quality.get("/quality", endpoint="page")
def show() -> ResponseReturnValue:
    """Show answer times, interruptions and fallbacks by day, and the slowest answers."""
    count = next((code for code, _ in RANGES if code == request.args.get("days")), "7")
    today = datetime.now(UTC).astimezone(clock.ISRAEL).date()
    since, until = clock.bounds(today - timedelta(days=int(count) - 1), today)
    answer = office().quality(since.isoformat(), until.isoformat())
    days = [day for day in answer["days"] if day["turns"]]
    steps = [name for name in WORDS["step"] if any(name in day["steps"] for day in days)]
    return page(
        "quality.html",
        section="quality",
        ranges=RANGES,
        days_shown=count,
        days=days,
        steps=steps,
        verdicts=[verdict for verdict in WORDS["verdict"] if verdict != "pending"],
        worst=answer["worst"],
        chart=draw(days),
    )


def draw(days: Sequence[Mapping[str, Any]]) -> Markup:
    """Return p50 and p95 of the answer time as bars, a pair a day, the oldest on the left."""
    figures = [
        (day["day"], next((day["steps"][name] for name in _TOTALS if name in day["steps"]), None)) for day in days
    ]
    shown = [(day, step) for day, step in figures if step is not None]
    top_ms = max([_LEAST_AXIS_MS, *(step["p95_ms"] for _, step in shown)])
    plot, room = _HEIGHT - _BOTTOM, (_WIDTH - _SCALE) / max(1, len(shown))
    bar = min(54.0, room * 0.7)
    size = f'dir="ltr" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
    parts = [f'<svg {size} role="img" aria-label="זמן תשובה לפי יום; הנתונים בטבלה שלמטה">']
    for at_ms in range(0, int(top_ms) + 1, 500 if top_ms <= 4000 else 2000):
        y = plot - at_ms / top_ms * (plot - 12)
        parts.append(f'<line x1="0" x2="{_WIDTH - _SCALE}" y1="{y:.1f}" y2="{y:.1f}" stroke="var(--line)"/>')
        parts.append(f'<text x="{_WIDTH - _SCALE + 8}" y="{y + 4:.1f}">{at_ms / 1000:g} s</text>')
    for index, (day, step) in enumerate(shown):
        x = room * index + (room - bar) / 2
        for name in ("p95", "p50"):
            height = step[f"{name}_ms"] / top_ms * (plot - 12)
            parts.append(
                f'<rect class="{name}" x="{x:.1f}" y="{plot - height:.1f}" width="{bar:.1f}" height="{height:.1f}">'
                f"<title>{day} {name}: {step[f'{name}_ms']:,.0f} ms</title></rect>"
            )
        if len(shown) <= 10 or index % (len(shown) // 8) == 0:
            label = f"{day[8:10]}.{day[5:7]}"
            parts.append(f'<text x="{x + bar / 2:.1f}" y="{_HEIGHT - 8}" text-anchor="middle">{label}</text>')
    return Markup("".join([*parts, "</svg>"]))  # noqa: S704 - numbers and our own words
