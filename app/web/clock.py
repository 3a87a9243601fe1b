"""Israel's days and clock. Pure: aware times in UTC come in."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ISRAEL = ZoneInfo("Asia/Jerusalem")


def local(at: datetime | str) -> datetime:
    """Return a time of the store (aware, or ISO 8601) as Israel's."""
    parsed = datetime.fromisoformat(at) if isinstance(at, str) else at
    return parsed.replace(tzinfo=parsed.tzinfo or UTC).astimezone(ISRAEL)


def bounds(first: date, last: date | None = None) -> tuple[datetime, datetime]:
    """Return where Israel's day (or a range of days) begins and ends, in UTC; 23 or 25 hours where clocks change."""
    begins = datetime.combine(first, time(), ISRAEL)
    ends = datetime.combine((last or first) + timedelta(days=1), time(), ISRAEL)
    return begins.astimezone(UTC), ends.astimezone(UTC)


def is_doubled(at: datetime) -> bool:
    """Return whether an Israeli wall time comes twice on its day."""
    return at.replace(fold=0).utcoffset() != at.replace(fold=1).utcoffset()


def ago(at: datetime, now: datetime) -> str:
    """Return a time relative to now in Hebrew, whole units."""
    seconds = int((now - at).total_seconds())
    is_past, seconds = seconds >= 0, abs(seconds)
    if seconds < 60:
        return "עכשיו"
    if seconds < 3600:
        what = _units(seconds // 60, "דקה", "דקות", "שתי דקות")
    elif seconds < 86400:
        what = _units(seconds // 3600, "שעה", "שעות", "שעתיים")
    else:
        what = _units(seconds // 86400, "יום", "ימים", "יומיים")
    return f"לפני {what}" if is_past else f"בעוד {what}"


def _units(count: int, one: str, many: str, two: str) -> str:
    return one if count == 1 else two if count == 2 else f"{count} {many}"
