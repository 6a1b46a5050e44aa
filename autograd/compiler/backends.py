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
from autograd.compiler.options import BACKENDS, THREADED, Options
from autograd.compiler.pipeline import GROUP, STEP, Code, Wanted
from autograd.compiler.reading import Recording
from autograd.compiler.scalars import PARAMETER
from autograd.wording import counted

VARIABLE: Final = "AUTOGRAD_BACKEND"
"""The environment variable that chooses in the place of "auto"."""
BATCH: Final = 64
"""The number of examples for which "auto" chooses, where the program has arrays for inputs."""
PRODUCT: Final = 0.12e-9
"""Seconds of a term of a matrix product in BLAS for one example, forward and backward."""
NODE: Final = 1.25e-9
"""Seconds of another term in NumPy for one example, forward and backward."""
START: Final = 1.5e-6
"""Seconds of a call of the machine with arrays, beside its instructions."""
INSTRUCTION: Final = 2e-9
"""Seconds of an instruction of the machine for a block of examples."""
LANE: Final = 0.16e-9
"""Seconds of it for one example of the block, forward and backward."""
PLACE: Final = 3e-9
"""Seconds of a parameter in a batch of the machine, which reads it and adds up its gradient."""
FLOATS: Final = 0.1e-6
"""Seconds of a call with floats, of either of them, beside the work."""


class Choice(NamedTuple):
    """A back end, and why it was chosen."""

    name: str
    reason: str


class Candidates:
    """The back ends for a recording: the one that was asked for, and those that take its place.

    The wish is that of the time when they were made; NumPy, the last one, declines nothing.
    """

    def __init__(self, recording: Recording, wanted: Wanted, dtype: str, options: Options) -> None:
        self._code, self._threads = pipeline.Code(recording, wanted, dtype), options.threads
        wish = _wish(options.backend)
        self._wish = _cheapest(self._code) if wish.name == "auto" else wish
        self._names = [self._wish.name, *_NEXT.get(self._wish.name, ())]
        self._declined: dict[str, list[str]] = {}
        self._missing: tuple[str, str] | None = None

    def first(self) -> tuple[Bindable, Choice]:
        """The code of the first one that takes the recording. A warning tells of one that isn't there."""
        while True:
            name = self._names[0]
            try:
                made = _MAKERS[name](self._code, self._threads)
            except DeclinedError as error:
                self.decline(error)
            else:
                self._warn()
                reasons = [f"not {' nor '.join(names)}: {reason}" for reason, names in self._declined.items()]
                unused = [f"threads={self._threads} is for native and c"] * (self._threads > 1 and name not in THREADED)
                return made, Choice(name, "; ".join([*(reasons or [self._wish.reason]), *unused]))

    def decline(self, error: DeclinedError) -> None:
        """Note that the first one can't run the program, and why; the next one is the first from now on."""
        name = self._names.pop(0)
        self._declined.setdefault(str(error), []).append(name)
        if isinstance(error, UnavailableError) and self._missing is None:
            asked = self._wish.reason if name == self._wish.name else f"backend={name!r}"
            self._missing = asked, str(error)

    def _warn(self) -> None:
        if self._missing is not None:
            asked, reason = self._missing
            text = f"{asked} isn't there, so {self._names[0]} runs the program: {reason}"
            self._missing = None
            warnings.warn(text, RuntimeWarning, stacklevel=_levels())


def _levels() -> int:
    """The level of the stack, as `warnings.warn` counts for the caller, at which somebody else calls the package."""
    level, frame = 0, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("autograd."):
        level, frame = level + 1, frame.f_back
    return level + 1


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
    ratio = f"{max(machine, arrays) / min(machine, arrays):.2g}"
    times = "" if ratio == "1" else f"{ratio} times "
    return Choice(name, f"estimated {times}as fast as {other} for {counted(n, 'example')}")


def seconds_of_machine(code: Code, n: int) -> float:
    """An estimate of a value and a gradient of n examples in the machine."""
    quick = n == 1 and code.single and code.dtype == "float64"
    start = FLOATS if quick else START + PLACE * len(code.recording.parameters)
    return start + len(code.graph.owner) * (INSTRUCTION + LANE * n)


def seconds_of_numpy(code: Code, n: int) -> float:
    """The same in NumPy."""
    g = code.graph
    in_products = int((g.in_linear & g.reads(PARAMETER)).sum())
    if n == 1 and code.irregular:
        return FLOATS + code.seconds_on_floats
    each = NODE * (len(g.owner) - in_products) + PRODUCT * in_products
    return STEP + GROUP * len(code.schedule.groups) + n * each


# Those of sub-packages are imported when they are asked for.
_MAKERS: Final[dict[str, Callable[[Code, int], Bindable]]] = {
    "numpy": lambda code, _: code,
    "native": lambda *of: import_module("autograd.compiler.native.machine").code_of(*of),
    "c": lambda *of: import_module("autograd.compiler.native.program").code_of(*of),
    "jax": lambda code, _: import_module("autograd.compiler.jax.program").code_of(code),
}
_NEXT: Final = {"c": ("native", "numpy"), "native": ("numpy",), "jax": ("numpy",)}
