"""The back ends, and the choice between them.

NumPy runs everything. Another back end may decline a program, which then goes to the next one, and the report says why.
"""

import os
import sys
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Final, NamedTuple

from autograd.arguments import known
from autograd.compiler import pipeline
from autograd.compiler.binding import Bindable, DeclinedError, UnavailableError
from autograd.compiler.pipeline import CALL, CALLS, WORK, Code, Wanted
from autograd.compiler.reading import Recording
from autograd.compiler.scalars import PARAMETER

VARIABLE: Final = "AUTOGRAD_BACKEND"
"""The environment variable that chooses in the place of "auto"."""
BATCH: Final = 64
"""The number of examples for which "auto" chooses, where the program has arrays for inputs."""
PRODUCT: Final = 0.04e-9
"""Seconds of a term of a matrix product in BLAS, forward and backward."""
INSTRUCTION: Final = 2e-9
"""Seconds of an instruction of the machine for a block of examples."""
LANE: Final = 0.2e-9
"""Seconds of it for one example of the block, forward and backward."""


class Choice(NamedTuple):
    """A back end, and why it was chosen."""

    name: str
    reason: str


def code_of(recording: Recording, wanted: Wanted, dtype: str, backend: str) -> tuple[Bindable, Choice]:
    """The code of a recording for a back end that was asked for, or for the one that takes its place."""
    code = pipeline.Code(recording, wanted, dtype)
    choice = _wish(backend)
    if choice.name == "auto":
        choice = _cheapest(code)
    declined: dict[str, list[str]] = {}
    missing: tuple[str, str] | None = None
    for name in (choice.name, *_NEXT.get(choice.name, ())):
        try:
            made = _MAKERS[name](code)
        except DeclinedError as error:
            declined.setdefault(str(error), []).append(name)
            if isinstance(error, UnavailableError):
                missing = missing or (choice.reason if name == choice.name else f"backend={name!r}", str(error))
        else:
            if missing:
                text = f"{missing[0]} isn't there, so {name} runs the program: {missing[1]}"
                warnings.warn(text, RuntimeWarning, stacklevel=_levels())
            reasons = [f"not {' nor '.join(names)}: {reason}" for reason, names in declined.items()]
            return made, Choice(name, "; ".join(reasons) or choice.reason)
    raise AssertionError("NumPy declines no program")


def _levels() -> int:
    """The level of the stack, as `warnings.warn` counts for the caller, at which somebody else calls the package."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("autograd."):
        level, frame = level + 1, frame.f_back
    return level + 1


def checked(backend: object) -> str:
    """The name of a back end, if it is one; else a ValueError."""
    return known("backend", backend, BACKENDS)


def _wish(backend: str) -> Choice:
    """The back end that was asked for, by an argument or by the environment variable."""
    if backend != "auto":
        return Choice(backend, f"backend={backend!r}")
    text = os.environ.get(VARIABLE, "") or "auto"
    return Choice(known(f"backend for {VARIABLE}", text, BACKENDS), f"{VARIABLE}={text}")


def _cheapest(code: Code) -> Choice:
    """The quicker one of NumPy and the machine, by an estimate."""
    try:
        import_module("autograd.compiler.native").check()
    except UnavailableError as error:
        return Choice("numpy", f"the machine isn't there: {error}")
    n = 1 if code.single else BATCH
    machine, arrays = seconds_of_machine(code, n), seconds_of_numpy(code, n)
    name, other = ("native", "numpy") if machine < arrays else ("numpy", "native")
    ratio = max(machine, arrays) / min(machine, arrays)
    of = "one" if code.single else f"{n} examples"
    return Choice(name, f"estimated {ratio:.2g} times as fast as {other} for {of}")


def seconds_of_machine(code: Code, n: int) -> float:
    """An estimate of a value and a gradient of n examples in the machine."""
    return (1 + len(code.graph.owner)) * (INSTRUCTION + LANE * n)


def seconds_of_numpy(code: Code, n: int) -> float:
    """The same in NumPy."""
    g = code.graph
    in_products = int((g.in_linear & g.reads(PARAMETER)).sum())
    if n == 1 and code.irregular:
        return CALL + code.seconds_on_floats
    each = WORK * (len(g.owner) - in_products) + PRODUCT * in_products
    return CALL * (1 + CALLS * len(code.schedule.groups)) + n * each


def _numpy(code: Code) -> Bindable:
    return code


def _other(module: str) -> Callable[[Code], Bindable]:
    """The back end of a sub-package, which is imported when it is asked for."""
    return lambda code: import_module(module).code_of(code)


_MAKERS: Final[dict[str, Callable[[Code], Bindable]]] = {
    "numpy": _numpy,
    "native": _other("autograd.compiler.native.machine"),
    "c": _other("autograd.compiler.native.program"),
    "jax": _other("autograd.compiler.jax.program"),
}
BACKENDS: Final = ("auto", *_MAKERS)
_NEXT: Final = {"c": ("native", "numpy"), "native": ("numpy",), "jax": ("numpy",)}
