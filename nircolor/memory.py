"""How much memory is free: of this machine, or of the container that this runs in."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

_UNKNOWN = 4 << 30  # bytes that are taken to be free where nothing says how many there are


def available_memory(proc: Path = Path("/proc"), cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that can be taken without swapping: of the machine, or of the container (cgroup v2) if that has fewer.

    Half of the machine's memory where the system does not say how much is free (macOS), 4 GiB where it says nothing.
    """
    free = _table(proc / "meminfo").get("MemAvailable:", 0) * 1024 or _half_of_all()
    with suppress(OSError, ValueError):  # no such file: no container; "max": no limit
        limit = int((cgroup / "memory.max").read_text())
        droppable = _table(cgroup / "memory.stat").get("inactive_file", 0)  # cached files, given back on demand
        free = min(free, limit - int((cgroup / "memory.current").read_text()) + droppable)
    return max(0, free)


def _table(path: Path) -> dict[str, int]:
    """The first number of each line, by its first word."""
    try:
        lines = (line.split() for line in path.read_text().splitlines())
        return {words[0]: int(words[1]) for words in lines if len(words) > 1}
    except (OSError, ValueError):
        return {}


def _half_of_all() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 2
    except (AttributeError, ValueError, OSError):  # Windows has no sysconf
        return _UNKNOWN
