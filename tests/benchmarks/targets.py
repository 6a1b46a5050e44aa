"""Targets beside figures, and whether they are reached."""

from typing import Final

from tests.benchmarks.table import Figure

MARKS: Final = {True: "✓", False: "✗"}


def least(target: float | None) -> str:
    return "" if target is None else f"≥ {target:.3g}"


def most(target: float | None) -> str:
    return "" if target is None else f"≤ {target:.3g}"


def reached(target: float | None, figure: Figure) -> str:
    """A target that a figure mustn't exceed, and whether it does."""
    if target is None or figure is None:
        return most(target)
    return f"{most(target)} {MARKS[figure <= target]}"
