"""NumPy under the names of JAX: programs run as their text for JAX says, and nothing is compiled for a second each.

>>> import autograd
>>> x = autograd.inputs(name="x")
>>> with standing_in():
...     program = autograd.compile(x.tanh(), (x,), backend="jax")
...     program.value([0.5]) == autograd.Value(0.5).tanh().data
True

It tells whether a text is right, and nothing of what XLA makes of it. JAX need not be installed.
"""

import importlib
import math
import operator
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from tests.compiler.fuzz import compiled
from tests.compiler.random_programs import RandomProgram

OURS: Final = "autograd.compiler.jax"
"""The package whose modules import JAX."""


class _Array(np.ndarray[Any, Any]):
    """An array that never changes: `x -= y` makes another one, and so does `x.at[places].add(numbers)`."""

    def __isub__(self, other: Any) -> Any:  # type: ignore[misc]
        return self - other

    def __iadd__(self, other: Any) -> Any:  # type: ignore[misc]
        return self + other

    def __imul__(self, other: Any) -> Any:  # type: ignore[misc]
        return self * other

    @property
    def at(self) -> "_At":
        return _At(self)


class _At:
    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __getitem__(self, place: Any) -> SimpleNamespace:
        return SimpleNamespace(
            add=partial(_changed, np.add.at, self._array, place),
            set=partial(_changed, operator.setitem, self._array, place),
        )


def _changed(change: Callable[..., None], array: NDArray[Any], place: Any, numbers: Any) -> NDArray[Any]:
    found = array.copy()
    change(found, place, numbers)
    return found


def _of_arrays(thing: Any) -> Any:
    """A function of NumPy that gives such arrays, or anything else of NumPy as it is."""
    if not callable(thing) or isinstance(thing, type):
        return thing

    def call(*arguments: Any, **options: Any) -> Any:
        found = thing(*arguments, **options)
        return found.view(_Array) if isinstance(found, np.ndarray) else found

    return call


def _scan(step: Callable[..., Any], carry: Any, given: Any, length: int | None = None) -> tuple[Any, Any]:
    rows = []
    for t in range(len(given) if length is None else length):
        carry, row = step(carry, tuple(x[t] for x in given) if isinstance(given, tuple) else given[t])
        rows.append(row)
    return carry, _map(lambda *column: np.stack(column), *rows)


def _slice(array: Any, start: Any, size: int) -> Any:
    assert 0 <= start <= len(array) - size, "JAX would take other rows"
    return array[start : start + size]


def _while_loop(follows: Callable[[Any], Any], make: Callable[[Any], Any], carried: Any) -> Any:
    while follows(carried):
        carried = make(carried)
    return carried


def _map(function: Callable[..., Any], tree: Any, *others: Any) -> Any:
    if isinstance(tree, Mapping):
        return {name: _map(function, part, *(other[name] for other in others)) for name, part in tree.items()}
    if isinstance(tree, tuple):
        made = [_map(function, *parts) for parts in zip(tree, *others, strict=True)]
        return type(tree)(*made) if hasattr(tree, "_fields") else tuple(made)
    return None if tree is None else function(tree, *others)


def _eval_shape(function: Callable[..., Any], *arguments: Any) -> Any:
    return function(*(_map(lambda x: np.zeros(x.shape, x.dtype), argument) for argument in arguments))


def _jit(function: Callable[..., Any], donate_argnums: int | None = None) -> Callable[..., Any]:
    """The function, which uses up one of its arguments: numbers of it that are read afterwards are nan."""

    def call(*arguments: Any) -> Any:
        found = _map(lambda x: np.array(x).view(_Array), function(*arguments))
        if donate_argnums is not None:
            _map(lambda x: x.fill(np.nan), arguments[donate_argnums])
        return found

    return call


@contextmanager
def _enable_x64(on: bool) -> Iterator[None]:
    config = sys.modules["jax"].config
    before, config.jax_enable_x64 = config.jax_enable_x64, on
    try:
        yield
    finally:
        config.jax_enable_x64 = before


def _modules() -> dict[str, ModuleType]:
    def module(name: str, **members: Any) -> ModuleType:
        made = ModuleType(name)
        vars(made).update(members)
        return made

    lax = module(
        "jax.lax",
        scan=_scan,
        while_loop=_while_loop,
        dynamic_slice_in_dim=_slice,
    )
    arrays = module("jax.numpy", **{name: _of_arrays(getattr(np, name)) for name in np.__all__})
    special = module("jax.scipy.special", erf=np.vectorize(math.erf), erfc=np.vectorize(math.erfc))
    names = ("AxisType", "Mesh", "NamedSharding", "PartitionSpec")
    sharding = module("jax.sharding", **dict.fromkeys(names))  # They are imported, but there is one device.
    jax = module(
        "jax",
        numpy=arrays,
        lax=lax,
        Array=np.ndarray,
        ShapeDtypeStruct=lambda shape, dtype: SimpleNamespace(shape=shape, dtype=dtype),
        jit=_jit,
        eval_shape=_eval_shape,
        tree=SimpleNamespace(map=_map),
        config=SimpleNamespace(jax_enable_x64=False),
        enable_x64=_enable_x64,
    )
    return {made.__name__: made for made in (jax, arrays, lax, sharding, special, module("jax.scipy"))}


@contextmanager
def standing_in() -> Iterator[None]:
    """Let the package find NumPy where it looks for JAX."""
    package = importlib.import_module(OURS)
    before, names = vars(package).copy(), [name for name in sys.modules if _is_theirs(name)]
    modules = {name: sys.modules.pop(name) for name in names}
    for name in names:  # Else `from autograd.compiler.jax import text` would find the module of before.
        vars(package).pop(name.removeprefix(f"{OURS}."), None)
    sys.modules.update(_modules())
    try:
        yield
    finally:
        for name in [name for name in sys.modules if _is_theirs(name)]:
            del sys.modules[name]
        sys.modules.update(modules)
        vars(package).clear()
        vars(package).update(before)


def _is_theirs(name: str) -> bool:
    return name.startswith(f"{OURS}.") or name.partition(".")[0] in ("jax", "jaxlib")


class Functions:
    """A program that answers by its functions of JAX, as `tests.compiler.judging` asks it."""

    def __init__(self, program: RandomProgram, **options: Any) -> None:
        self._program: Any = compiled(program, backend="numpy", **options)
        self._exact = program.plan.wild
        self.parameters = self._program.parameters

    def value(self, *parts: Any) -> Any:
        """The first result of the call that it has as a whole."""
        return self._found("value_and_grad", parts)[0]

    def value_and_grad(self, *parts: Any) -> tuple[Any, Any]:
        """The value, and the gradient as a flat array or, without parameters, as arrays of the inputs."""
        value, gradient = self._found("value_and_grad", parts)
        return value, flat(self._program, gradient)

    def gradient_of_inputs(self, *parts: Any) -> Any:
        """One array an input."""
        return self._found("gradient_of_inputs", parts)[1]

    def per_example(self, *parts: Any) -> Any:
        """The values, and a row of derivatives for each."""
        values, gradient = self._found("per_example", parts)
        return values, flat(self._program, gradient)

    def outputs(self, *parts: Any) -> Any:
        """The outputs of each example."""
        return self._found("outputs", parts)

    def _found(self, call: Any, parts: Sequence[Any]) -> Any:
        from autograd.compiler.jax.trees import precision

        function = self._program.jax(call, exact=self._exact)
        own = [self._program.jax_parameters] if len(self.parameters) else []
        with precision(str(self.parameters.dtype)):
            return function(*own, *parts)


def flat(program: Any, gradient: Any) -> Any:
    """A gradient by names as rows in the order of a program's parameters; that of inputs as it is."""
    if not isinstance(gradient, dict):
        return gradient
    from autograd.compiler.jax.trees import of_program

    entries = of_program(program)
    name, index = entries[0]
    rows = gradient[name].shape[: gradient[name].ndim - index.ndim]
    found = np.empty((*rows, len(program.parameters)))
    for name, index in entries:
        found[..., index] = gradient[name]
    return found
