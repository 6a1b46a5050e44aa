"""The words of the rules as functions of arrays, and expressions worked out with them.

>>> word("sigmoid")(np.array([0.0, -np.inf]))
array([0.5, 0. ])

A word is a ufunc of NumPy or a reduction along the first axis, which is that of lists; has a definition in `stable.py`;
or is a function here, which takes that of `ieee` for the elements where a quick formula is no good. Other words have
the definition of the textbook.
"""

import math
from collections.abc import Callable, Mapping
from functools import cache, reduce
from pathlib import Path
from typing import Any, Final

import numpy as np

from autograd.compiler import stable
from autograd.engine import ieee
from autograd.formula.cases import Expression, Rule, read_definitions, textbook

_ALIKE: Final = (
    "exp expm1 log log1p log2 log10 exp2 sqrt sin cos tan sinh cosh tanh hypot absolute sign copysign divide power "
    "maximum minimum fmin"
)
_ARCS: Final = ("asin", "acos", "atan", "asinh", "acosh", "atanh", "atan2")
UFUNCS: Final = {word: word for word in _ALIKE.split()} | {word: f"arc{word[1:]}" for word in _ARCS}
"""The words that NumPy has, with its names for them."""
REDUCTIONS: Final = {"total": "add", "greatest": "maximum", "least": "minimum"}
SIGNS: Final = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "==": "equal", "!=": "not_equal"} | {
    "<": "less",
    "<=": "less_equal",
    ">": "greater",
    ">=": "greater_equal",
}


@cache
def definitions() -> dict[str, Rule]:
    """The words that `stable.py` or else the textbook defines by other words."""
    found = textbook()[0] | read_definitions(Path(stable.__file__), vars(stable))[0]
    return {name: rule for name, rule in found.items() if name not in {*UFUNCS, *_FUNCTIONS}}


def is_elementwise(word: str) -> bool:
    """Whether a word that is defined by others is one of numbers, and so works on each member of a list by itself."""
    return word in definitions() and not definitions()[word].of_sequences


def is_operand(word: str) -> bool:
    """Whether a word that is defined by others is one of its operands."""
    return word in definitions() and definitions()[word].cases[0].value.form == "name"


@cache
def word(name: str) -> Callable[..., Any]:
    """A word as a function of arrays; ValueError if there is none of that name."""
    if name in UFUNCS:
        return getattr(np, UFUNCS[name])  # type: ignore[no-any-return]
    if name in REDUCTIONS:
        return lambda xs: getattr(np, REDUCTIONS[name]).reduce(xs, axis=0)
    if name in definitions():
        return lambda *arguments: _defined(definitions()[name], arguments)
    if name not in _FUNCTIONS and name not in vars(ieee):
        raise ValueError(f"there is no word {name} for arrays")
    return _FUNCTIONS.get(name) or (lambda *xs: _exact(name, *xs).astype(np.result_type(*xs)))


def _defined(definition: Rule, arguments: tuple[Any, ...]) -> Any:
    given = dict(zip(definition.operands, arguments, strict=True))
    for name, e in definition.cases[0].lets:
        given[name] = evaluated(e, given)
    return evaluated(definition.cases[0].value, given)


def evaluated(e: Expression, given: Mapping[str, Any]) -> Any:
    """The value of an expression on arrays by the names of its operands; a list is an array along its first axis.

    Warnings of NumPy are the caller's to turn off.
    """
    parts: list[Any] = [evaluated(part, given) if isinstance(part, Expression) else part for part in e.parts]
    match e.form:
        case "number" | "constant":
            return parts[-1]
        case "name" | "element":
            return given[parts[0]]
        case "length":
            return float(len(given[parts[0]]))
        case "call":
            return word(parts[0])(*parts[1:])
        case "infix" | "comparison":
            return getattr(np, SIGNS[parts[0]])(*parts[1:])
        case "negative":
            return np.negative(parts[0])
        case "logic":
            return reduce(getattr(np, f"logical_{parts[0]}"), parts[1:])
        case "choice":
            return np.where(*parts)
        case _:
            return np.broadcast_arrays(parts[0], given[parts[1]])[0]


# ── words of more than a formula ──


def helper(name: str) -> Callable[..., Any]:
    """A word as a function that stores its value in `out`, which may be one of its operands."""

    def apply(*xs: Any, out: Any) -> None:
        out[...] = word(name)(*xs)

    return apply


def _exact(name: str, *xs: Any) -> Any:
    return np.asarray(np.frompyfunc(getattr(ieee, name), len(xs), 1)(*xs))


def _extreme(x: Any) -> Any:
    """Where numbers are so near to the ends of their range that products or quotients of two may leave it."""
    size, end = np.abs(x), np.sqrt(np.finfo(x.dtype).max)
    return ~((size > 1.0 / end) & (size < end))


def _scaled_power(*xs: Any) -> Any:
    c, x, y, k = np.broadcast_arrays(*xs)
    result = np.asarray(c * np.power(np.where(x > 0.0, x, np.nan), y - k))
    odd = _extreme(result)
    result[odd] = _exact("scaled_power", *(x[odd] for x in (c, x, y, k)))
    return result


_SCALED_TAIL: Final = (
    *(1.2375126308378275, -0.14024059858554525, 0.0035854154854790257, 0.08227673848999506),
    *(-0.10880393014244462, 0.09230432116428125, -0.05869339857664934, 0.02836227737211114),
    *(-0.009746579683265262, 0.0017556261651970652, 0.000293714378044958, -0.00029015535246077655),
    *(5.164652974177416e-05, 2.2387565714911816e-05, -1.1438048033346894e-05, -9.792625707303523e-07),
    *(1.7419821586224814e-06, -5.084465378687303e-08, -2.4857126248016734e-07, 1.8790823223700487e-08),
    *(3.1979266716668e-08, -1.9551358868985632e-09, -2.623107347133469e-09),
)
"""A polynomial in t = (x − 3.75) / (x + 3.75) for (1 + 2x)·e^(x²)·erfc(x), x ≥ 0, to 1e-15.

Source: M. Shepherd, J. Laframboise, Chebyshev approximation of (1 + 2x) exp(x²) erfc x, Math. Comp. 36 (1981); the
numbers are those of the expansion to 22 terms, made with mpmath.
"""
_FEW: Final = 100
"""The function of `ieee` is quicker on so many numbers, one by one."""


def _normal_cdf(x: Any) -> Any:
    x = np.asarray(x)
    if x.size < _FEW:
        return _exact("normal_cdf", x).astype(x.dtype)
    size = np.minimum(np.abs(x), 40.0)
    root = size * math.sqrt(0.5)
    t = (root - 3.75) / (root + 3.75)
    tail = np.full_like(t, _SCALED_TAIL[-1])
    for coefficient in _SCALED_TAIL[-2::-1]:
        tail *= t
        tail += coefficient
    tail *= 0.5 * word("gaussian")(size, 0.5) / (1.0 + 2.0 * root)
    return np.where(x > 0.0, 1.0 - tail, tail)


def _of_lists(name: str, quick: Callable[[Any, Any], Any]) -> Callable[[Any], Any]:
    def apply(xs: Any) -> Any:
        size = np.asarray(np.sqrt(np.add.reduce(xs * xs, axis=0)))
        result, odd = np.array(quick(xs, size)), _extreme(size)
        if odd.any():
            exact = [getattr(ieee, name)(column) for column in xs[:, odd].T.tolist()]
            result[..., odd] = np.array(exact).T
        return result

    return apply


_directions: Final = _of_lists("directions", lambda xs, size: xs / size)
_FUNCTIONS: Final[dict[str, Callable[..., Any]]] = {
    "last": lambda xs: xs[-1],
    "others": lambda xs: xs[:-1],
    "joined": lambda xs, x: np.concatenate([xs, np.broadcast_to(x, (1, *xs.shape[1:]))]),
    "norm": _of_lists("norm", lambda xs, size: size),
    "directions": _directions,
    "direction": lambda x, y: np.where(
        (x == 0.0) & (y == 0.0), 0.0, _directions(np.array(np.broadcast_arrays(x, y)))[0]
    ),
    "normal_cdf": _normal_cdf,
    "scaled_power": _scaled_power,
}
