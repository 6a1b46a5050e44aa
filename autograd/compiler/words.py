"""The words of the rules as functions of arrays, and expressions worked out with them.

>>> import numpy as np
>>> word("sigmoid")(np.array([0.0, -np.inf]))
array([0.5, 0. ])

A word is a ufunc of NumPy, a reduction along the first axis, has a definition in `stable.py`, or is one of the helpers
here: those work with a quick formula, and take the function of `ieee` for the elements where that is no good.
"""

from collections.abc import Callable, Mapping
from functools import cache, reduce
from inspect import signature
from pathlib import Path
from typing import Any, Final

import numpy as np

from autograd.compiler import stable
from autograd.engine import ieee
from autograd.formula.cases import Case, Expression, Rule, fold, read_definitions

SAME: Final = (
    *("exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "sin", "cos", "tan", "sinh", "cosh", "tanh", "hypot"),
    *("absolute", "sign", "copysign", "maximum", "minimum", "fmin", "divide", "power"),
)
UFUNCS: Final = {**{name: name for name in SAME}, "asin": "arcsin", "acos": "arccos", "atan": "arctan"}
"""The words that NumPy has, with its names for them."""
REDUCTIONS: Final = {"total": "add.reduce", "greatest": "maximum.reduce", "least": "minimum.reduce"}
INFIX: Final = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}
COMPARISONS: Final = {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
    "==": "equal",
    "!=": "not_equal",
}
LISTS: Final = ("directions", "shares", "shifted_shares", "joined", "others")
"""The words whose value is a list."""


@cache
def definitions() -> dict[str, Rule]:
    """The words that `stable.py` defines by other words."""
    return read_definitions(Path(stable.__file__), vars(stable))[0]


@cache
def word(name: str) -> Callable[..., Any]:
    """A word as a function of arrays; ValueError if there is none of that name."""
    if name in UFUNCS:
        return getattr(np, UFUNCS[name])  # type: ignore[no-any-return]
    if name in REDUCTIONS:
        ufunc = getattr(np, REDUCTIONS[name].partition(".")[0])
        return lambda xs: ufunc.reduce(xs, axis=0)
    if name in _ON_ROWS:
        return _ON_ROWS[name]
    if name in definitions():
        operands, case = definitions()[name].operands, definitions()[name].cases[0]
        return lambda *arguments: _of_case(case, dict(zip(operands, arguments, strict=True)))
    return helper(name)


_ON_ROWS: Final[dict[str, Callable[..., Any]]] = {
    "last": lambda xs: xs[-1],
    "others": lambda xs: xs[:-1],
    "joined": lambda xs, x: np.concatenate([xs, np.broadcast_to(x, (1, *xs.shape[1:]))]),
}


# ── expressions ──


def evaluated(e: Expression, given: Mapping[str, Any]) -> Any:
    """The value of an expression on arrays by the names of its operands; a list is an array along its first axis."""
    with np.errstate(all="ignore"):
        return fold(e, _Evaluation(given))


def _of_case(case: Case, given: dict[str, Any]) -> Any:
    for name, e in case.lets:
        given[name] = fold(e, _Evaluation(given))
    return fold(case.value, _Evaluation(given))


class _Evaluation:
    """The reading of expressions as arrays."""

    def __init__(self, given: Mapping[str, Any]) -> None:
        self._given = given

    def number(self, number: float) -> Any:
        return number

    def constant(self, name: str, number: float) -> Any:
        return number

    def name(self, name: str) -> Any:
        return self._given[name]

    def element(self, sequence: str) -> Any:
        return self._given[sequence]

    def length(self, sequence: str) -> Any:
        return float(len(self._given[sequence]))

    def call(self, name: str, *arguments: Any) -> Any:
        return word(name)(*arguments)

    def infix(self, sign: str, left: Any, right: Any) -> Any:
        return getattr(np, INFIX[sign])(left, right)

    def negative(self, inner: Any) -> Any:
        return -inner

    def comparison(self, sign: str, left: Any, right: Any) -> Any:
        return getattr(np, COMPARISONS[sign])(left, right)

    def logic(self, word: str, *parts: Any) -> Any:
        return reduce(getattr(np, f"logical_{word}"), parts)

    def choice(self, test: Any, then: Any, other: Any) -> Any:
        return np.where(test, then, other)

    def each(self, of: Any, *sequences: str) -> Any:
        return np.broadcast_arrays(of, self._given[sequences[0]])[0]


# ── helpers ──


@cache
def helper(name: str) -> Callable[..., Any]:
    """A function of arrays for a word of `ieee` that is no ufunc and has no definition; it takes `out`."""
    if name not in vars(ieee):
        raise ValueError(f"there is no word {name} for arrays")
    on_floats = getattr(ieee, name)
    if name in ("norm", "directions"):
        return _with_out(lambda xs: _on_lists(on_floats, _LISTS_QUICKLY[name], xs))
    exact = np.frompyfunc(on_floats, len(signature(on_floats).parameters), 1)
    if name in _QUICKLY:
        return _with_out(lambda *xs: _repaired(exact, _QUICKLY[name], xs))
    return _with_out(lambda *xs: exact(*xs).astype(np.result_type(*xs)))


def _with_out(function: Callable[..., Any]) -> Callable[..., Any]:
    def apply(*xs: Any, out: Any = None) -> Any:
        result = function(*xs)
        if out is None:
            return result
        out[...] = result
        return out

    return apply


def _ordinary(x: Any) -> Any:
    """Where numbers are so far from the ends of their range that products and quotients of two are in it."""
    size, end = np.abs(x), float(np.sqrt(np.finfo(x.dtype).max))
    return (size > 1.0 / end) & (size < end)


def _repaired(exact: Callable[..., Any], quick: Callable[..., Any], xs: tuple[Any, ...]) -> Any:
    xs = np.broadcast_arrays(*xs)
    with np.errstate(all="ignore"):
        result = np.array(quick(*xs))
        odd = ~_ordinary(result)
    if odd.any():
        result[odd] = exact(*(x[odd] for x in xs))
    return result


def _only(test: Callable[[Any], Any], x: Any) -> Any:
    return np.where(test(x), x, np.nan)


_QUICKLY: Final[dict[str, Callable[..., Any]]] = {
    "scaled_power": lambda c, x, y, k: c * np.power(_only(lambda x: x > 0.0, x), y - k),
    "direction": lambda x, y: x / _only(_ordinary, np.hypot(x, y)),
}
_LISTS_QUICKLY: Final[dict[str, Callable[..., Any]]] = {
    "norm": lambda xs, size: size,
    "directions": lambda xs, size: xs / size,
}


def _on_lists(on_floats: Callable[..., Any], quick: Callable[..., Any], xs: Any) -> Any:
    with np.errstate(all="ignore"):
        size = np.sqrt(np.add.reduce(xs * xs, axis=0))
        result = np.array(quick(xs, size))
    odd = ~_ordinary(size)
    if odd.any():
        columns = [on_floats(column) for column in xs[:, odd].T.tolist()]
        result[..., odd] = np.array(columns).T
    return result
