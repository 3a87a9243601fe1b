"""What the doctor finds: how it stands, what is, what mends it. Pure."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Health(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARN = "warn"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Finding:
    """One check: `what` is, and what to `do`; `why` it matters where that is not plain."""

    check: str
    health: Health
    what: str
    do: str = ""
    why: str = ""

    def __str__(self) -> str:
        parts = [f"{self.health:<4} {self.check}", self.what]
        if self.why and self.health is not Health.OK:
            parts.append(self.why)
        if self.do:
            parts.append(f"do: {self.do}")
        return " — ".join(parts)

    def as_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return asdict(self)


def ok(check: str, what: str) -> Finding:
    """All is well."""
    return Finding(check, Health.OK, what)


def warn(check: str, what: str, do: str = "", why: str = "") -> Finding:
    """It works, but somebody should know."""
    return Finding(check, Health.WARN, what, do, why)


def fail(check: str, what: str, do: str, why: str = "") -> Finding:
    """It does not work."""
    return Finding(check, Health.FAIL, what, do, why)
