"""The memory of this process: its current size and its peak."""

import sys
from pathlib import Path
from typing import Final

STATM: Final = Path("/proc/self/statm")
STATUS: Final = Path("/proc/self/status")
MEGABYTE: Final = 1e6


def resident() -> int | None:
    """The bytes of this process in memory; if the system doesn't report them, the peak, or None."""
    if STATM.exists():
        from resource import getpagesize

        return int(STATM.read_text().split()[1]) * getpagesize()
    return peak()


def grown(before: int | None, now: int | None) -> int | None:
    """The bytes added since before; None if the system doesn't report them."""
    return None if before is None or now is None else now - before


def peak() -> int | None:
    """The bytes of this process in memory at its peak; None if the system doesn't report them."""
    # On Linux ru_maxrss of a new process starts at the peak of its parent; VmHWM doesn't.
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
