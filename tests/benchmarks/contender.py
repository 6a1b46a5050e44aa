"""The contenders of a work, the programs that they make, and their names."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Scalar: TypeAlias = Any
"""A node of any engine: the works are written once for all engines."""


class Program(NamedTuple):
    """The program of a contender for a work, which can be run many times.

    `run` is timed. `results` runs it once from its initial state and returns the value and the gradient.
    """

    run: Callable[[], object]
    results: Callable[[], list[float]]
    nodes: int | None = None
    compile_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Contender:
    """A row of a work: make(tiny) returns its program; `needs` is the module that it imports, if it is a rival.

    In the name of one of our contenders, {build} is replaced by the build that it runs on.
    """

    name: str
    make: Callable[[bool], Program]
    needs: str = ""
    in_every_build: bool = False
    compared: bool = True

    @property
    def is_ours(self) -> bool:
        return "{build}" in self.name


class Work(NamedTuple):
    """A program that is measured; its first contender is ours, and the others are compared with it."""

    name: str
    heading: str
    unit: str
    units_per_second: float
    contenders: Sequence[Contender]
    notes: Sequence[str] = ()


class MissingRivalError(Exception):
    """A rival that can't take part; the message is the reason."""


def require(module: str) -> None:
    """Import the module of a rival, or raise an error with the reason."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module.partition(".")[0]:
            raise MissingRivalError(f"missing: {error.name} is not installed") from None
        raise MissingRivalError(f"missing: {module} can't be imported: {error}") from error
    except (ImportError, OSError) as error:
        raise MissingRivalError(f"missing: {module} can't be imported: {error}") from error


def count_nodes(root: Scalar, operands: Callable[[Scalar], Sequence[Scalar]]) -> int:
    """The number of nodes of a graph, with leaves and constants."""
    seen = {id(root)}
    stack = [root]
    while stack:
        for node in operands(stack.pop()):
            if id(node) not in seen:
                seen.add(id(node))
                stack.append(node)
    return len(seen)
