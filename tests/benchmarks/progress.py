"""The progress on stderr: a line per work, and on a terminal each round."""

import sys
from time import monotonic


class Progress:
    """Prints the current work, and on a terminal the round."""

    def __init__(self) -> None:
        self._start = monotonic()
        self._detailed = sys.stderr.isatty()

    def work(self, name: str) -> None:
        self._say(f"{name}")

    def step(self, text: str) -> None:
        if self._detailed:
            self._say(f"  {text}")

    def _say(self, text: str) -> None:
        print(f"{monotonic() - self._start:6.0f} s  {text}", file=sys.stderr, flush=True)
