"""What takes part in a work: contenders, the programs that they make, and what both are called."""

import importlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeAlias

Scalar: TypeAlias = Any
"""A number of whichever engine: the works are written once for all of them."""


class Program(NamedTuple):
    """What a contender made of a work, ready to be run again and again.

    `run` is what is timed. `results` runs it once from its initial state and gives the value and the gradient.
    """

    run: Callable[[], object]
    results: Callable[[], list[float]]
    nodes: int | None = None
    compile_seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class Contender:
    """One row of a work: `make` takes whether the size is the tiny one; `needs` is the module of a rival.

    In the name of a contender that is ours, {build} stands for the build it runs on.
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
    """A program that contenders race in; the first of them is ours, to which the others are compared."""

    name: str
    heading: str
    unit: str
    units_per_second: float
    contenders: Sequence[Contender]
    notes: Sequence[str] = ()


class MissingRivalError(Exception):
    """A rival that can't take part; the message says why."""


def require(module: str) -> None:
    """Import the module of a rival, or say why that can't be."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name == module.partition(".")[0]:
            raise MissingRivalError(f"missing: {error.name} is not installed") from None
        raise MissingRivalError(f"missing: {module} can't be imported: {error}") from error
    except (ImportError, OSError) as error:
        raise MissingRivalError(f"missing: {module} can't be imported: {error}") from error


def count_nodes(root: Scalar, operands: Callable[[Scalar], Sequence[Scalar]]) -> int:
    """How many nodes a graph has, leaves and constants included."""
    seen = {id(root)}
    stack = [root]
    while stack:
        for node in operands(stack.pop()):
            if id(node) not in seen:
                seen.add(id(node))
                stack.append(node)
    return len(seen)
