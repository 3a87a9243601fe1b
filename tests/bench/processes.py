"""What one core spends and holds: processes watched through /proc."""

import os
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")
_PPID, _UTIME, _STIME = 1, 11, 12


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far and resident memory now, of some processes together; `cpu_by_role_s` has each apart."""

    cpu_s: float
    rss_mb: float
    pss_mb: float
    cpu_by_role_s: Mapping[str, float] = field(default_factory=dict)


def descendants(pid: int) -> list[int]:
    """Return the children of a process, and theirs."""
    parents: dict[int, list[int]] = {}
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and (fields := _stat(int(folder.name))):
            parents.setdefault(int(fields[_PPID]), []).append(int(folder.name))
    found, waiting = [], [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        found += below
        waiting += below
    return found


def usage(pids: Iterable[int]) -> Usage:
    """Sum up processes; one that has ended counts for nothing. `pss_mb` counts shared pages once."""
    cpu_s = rss_mb = pss_mb = 0.0
    by_role: defaultdict[str, float] = defaultdict(float)
    for pid in pids:
        fields = _stat(pid)
        if fields is None:
            continue
        spent_s = (int(fields[_UTIME]) + int(fields[_STIME])) / _TICKS_PER_S
        cpu_s += spent_s
        by_role[_role(pid)] += spent_s
        rss_mb += _kilobytes(Path(f"/proc/{pid}/status"), "VmRSS:") / 1024
        pss_mb += _kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss:") / 1024
    return Usage(cpu_s, rss_mb, pss_mb, by_role)


def core_busy_s(core: int) -> float:
    """Return for how many seconds since boot a core was busy, whoever used it (proc(5): idle and iowait left out)."""
    for line in Path("/proc/stat").read_text().splitlines():
        name, *ticks = line.split()
        if name == f"cpu{core}":
            user, nice, system, _idle, _iowait, *interrupts = map(int, ticks[:8])
            return (user + nice + system + sum(interrupts)) / _TICKS_PER_S
    return 0.0


def _role(pid: int) -> str:
    """Return what a process of ours is, by its command line: the module that a child runs, or "worker"."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        words = []
    module = words[words.index("-m") + 1] if "-m" in words[:-1] else ""
    return module.split(".")[1] if module.startswith("app.") else "worker"


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return text.rpartition(")")[2].split()


def _kilobytes(path: Path, name: str) -> float:
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return 0.0
    return next((float(line.split()[1]) for line in lines if line.startswith(name)), 0.0)
