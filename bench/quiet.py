"""How much of the machine other jobs took meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

_STAT = Path("/proc/stat")
_IDLE, _IOWAIT, _GUEST = 3, 4, 8


def busy_seconds() -> float:
    """Return the CPU seconds that all processes took since the machine started; 0 if unknown."""
    if not _STAT.exists():
        return 0.0
    ticks = [int(word) for word in _STAT.read_text().splitlines()[0].split()[1:]]
    busy = sum(ticks[:_GUEST]) - ticks[_IDLE] - ticks[_IOWAIT]
    return busy / os.sysconf("SC_CLK_TCK")
