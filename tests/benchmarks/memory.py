"""How much memory this process has, and the most that it ever had."""

import sys
from pathlib import Path
from typing import Final

STATM: Final = Path("/proc/self/statm")
STATUS: Final = Path("/proc/self/status")
MEGABYTE: Final = 1e6


def resident() -> int | None:
    """Bytes of this process in memory now; where the system doesn't tell, the most so far, or None."""
    if STATM.exists():
        from resource import getpagesize

        return int(STATM.read_text().split()[1]) * getpagesize()
    return peak()


def grown(before: int | None, now: int | None) -> int | None:
    """Bytes more than before; None where the system doesn't tell."""
    return None if before is None or now is None else now - before


def peak() -> int | None:
    """Bytes of this process in memory at its peak; None where the system doesn't tell."""
    # Linux lets ru_maxrss of a new process begin at the peak of the one that started it; VmHWM is its own.
    if STATUS.exists():
        for line in STATUS.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    try:
        from resource import RUSAGE_SELF, getrusage
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return getrusage(RUSAGE_SELF).ru_maxrss * unit
