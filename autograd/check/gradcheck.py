"""The gradient checker: compares `backward` with differences of function values, without using any derivative.

>>> from autograd.check import gradcheck
>>> print(gradcheck(lambda x, y: (x * y).tanh(), [0.5, 0.8]))
input  value  backward  numerical    error
x        0.5  0.684511   0.684511  ...e-14  ok
y        0.8  0.427819   0.427819  ...e-1...  ok
"""

import inspect
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from autograd.engine.functions import dot
from autograd.engine.modes import recording, relaxed
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.functional import grad_graph, leaves, rebuild, topological_order
from autograd.wording import aligned

__all__ = ["GradcheckError", "GradcheckReport", "Row", "gradcheck", "numerical_grad"]

RTOL: Final = 1e-6
"""Tolerance relative to the larger of the two derivatives. Extrapolated differences are good to about 1e-10 of the
slope of a smooth function, and no wrong formula that is right to 1e-6 has been seen."""
ATOL: Final = 1e-8
"""Tolerance relative to the size of f around the point or to 1, whichever is smaller, per unit of the input (or per
its own size, if that is larger). It covers the noise of the differences where the derivative is 0."""
AMPLIFIED: Final = 2.0**10
"""How many times the rounding of intermediate results may enter a derivative. For a saturated tanh 1 - z² has lost
all its digits, and the derivatives around it multiply the rest."""
MOST_UNCERTAIN: Final = 1e-3
"""The largest relative uncertainty of a numerical derivative. A more uncertain one checks nothing: it is an error."""
CENTRAL_STEP: Final = 2.0**-17
"""About ε^(1/3), at which the rounding and the truncation of a central difference are in balance."""
SMALL: Final = 2.0**-5
"""Below it the scale of an input may be another than 1, so two steps are tried."""
NOTHING: Final = 2.0**-1000
"""Below it an input counts as 0, because floats can't represent a step of a fraction of it."""
DISAGREE: Final = 1e-2
"""Two steps that differ by more see different functions, as on two sides of a kink; a smaller difference is rounding
of the finer step."""
_SHRINK: Final = 4.0
_ROWS: Final = 13


class Probe:
    """A function of Values, seen as a function of floats; every input that it moves is put back."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[object]) -> None:
        if isinstance(inputs, (Value, str)) or not isinstance(inputs, (list, tuple)):
            raise TypeError(f"inputs is a list with one entry per argument of f, not {inputs!r}; write [x, ...]")
        self._f = f
        self.noise = 0.0
        self.size = 0.0
        self.inputs = [x if isinstance(x, Value) else Value(x) for x in leaves(inputs)]
        if any(v.operands for v in self.inputs):
            raise ValueError("inputs must be leaves or numbers: a change of a result would not reach its operands")
        self._arguments = rebuild(inputs, iter(self.inputs))

    def root(self) -> Value:
        if not recording():
            raise RuntimeError("a gradient is checked on recorded nodes; leave no_grad() first")
        with relaxed():  # A step may leave the domain of f, which is no mistake of the caller.
            root = self._f(*self._arguments)
        if not isinstance(root, Value):
            raise TypeError(f"f must return one Value, not {type(root).__name__} {root!r}")
        return root

    def at(self, v: Value, shift: float) -> float:
        """f with the input v moved by shift."""
        kept = v.data
        v.data = kept + shift
        try:
            found = self.root().data
        finally:
            v.data = kept
        if math.isfinite(found):
            self.size = max(self.size, abs(found))
        return found

    def slope(self, v: Value, left: float, right: float) -> float:
        """The difference quotient of f between two shifts of v, over the distance that rounding left of them."""
        rise, run = self.at(v, right) - self.at(v, left), (v.data + right) - (v.data + left)
        return rise / run if run != 0.0 else math.nan

    def backward(self) -> list[float]:
        """The gradient by `backward`; every `.grad` is put back, those of leaves inside f too."""
        root = self.root()
        nodes = {id(v): v for v in [*topological_order(root), *self.inputs]}.values()
        kept = [v.grad for v in nodes]
        try:
            for v in nodes:
                v.grad = 0.0
            with relaxed():
                root.backward()
            # A small result may be the difference of large ones, and then it carries their rounding.
            self.noise = 2.0**-52 * max(abs(v.data) for v in nodes if v.operands or v is root) + math.ulp(0.0)
            return [v.grad for v in self.inputs]
        finally:
            for v, g in zip(nodes, kept, strict=True):
                v.grad = g


def numerical_grad(f: Callable[..., Any], inputs: Sequence[object]) -> list[Any]:
    """The gradient of f at inputs by central differences, as floats in the nesting of inputs.

    f takes Values and returns one. inputs has one entry per argument of f: a number, a leaf, or nested lists of them.
    The step is 2⁻¹⁷ of the size of each input, or of 1 for a smaller input. For an input below 1/32 both steps are
    tried, and the finer one counts if they differ by more than rounding explains. A leaf is moved in place and put
    back, so f may also use it without taking it as an argument. The errors are those of `gradcheck`, except
    GradcheckError.

    >>> numerical_grad(lambda x: x * x, [3.0])
    [6.0]
    """
    probe = Probe(f, inputs)
    numbers = iter([_central(probe, v) for v in probe.inputs])
    return [rebuild(part, numbers) for part in inputs]


def _central(probe: Probe, v: Value) -> float:
    size = abs(v.data)
    coarse_step, fine_step = CENTRAL_STEP * max(size, 1.0), CENTRAL_STEP * size
    coarse = probe.slope(v, -coarse_step, coarse_step)
    if size >= SMALL or size < NOTHING:
        return coarse
    fine = probe.slope(v, -fine_step, fine_step)
    largest = max(abs(node.data) for node in topological_order(probe.root()))
    noise = 8.0 * 2.0**-53 * largest * (1.0 / coarse_step + 1.0 / fine_step)
    doubt = max(noise, DISAGREE * max(abs(coarse), abs(fine)))
    return coarse if abs(coarse - fine) <= doubt else fine


def _extrapolate(quotient: Callable[[float], float], step: float, order: int, noise: float) -> tuple[float, float]:
    """The limit of a difference quotient as the step goes to 0, and an estimate of its error.

    The error of the quotient is a series in step^order; noise is the rounding of a difference before its division by
    the step. Source: Richardson's table with the choice of the entry that changed least, by C. Ridders, Accurate
    computation of F'(x) and F'(x)F''(x), Advances in Engineering Software 4 (1982) 75-76.
    """
    best, error = math.nan, math.inf
    row: list[float] = []
    for _ in range(_ROWS):
        new = [quotient(step)]
        for i, old in enumerate(row):
            factor = _SHRINK ** (order * (i + 1))
            new.append(new[i] + (new[i] - old) / (factor - 1.0))
            moved = max(abs(new[-1] - new[i]), abs(new[-1] - old)) + noise / step
            if moved < error:
                best, error = new[-1], moved
        # A step that leaves the domain says nothing about the limit, so the table starts again with a smaller one.
        row = new if all(map(math.isfinite, new)) else []
        step /= _SHRINK
    return best, error


def _numerical(probe: Probe, v: Value, side: float = 0.0) -> tuple[float, float]:
    """The derivative by one input and its error; with side -1 or 1 the slope on that side alone."""

    def quotient(step: float) -> float:
        return probe.slope(v, 0.0, side * step) if side else probe.slope(v, -step, step)

    sizes = {abs(v.data), 1.0} if abs(v.data) >= NOTHING else {1.0}
    tables = [_extrapolate(quotient, 0.125 * size, 1 if side else 2, probe.noise) for size in sizes]
    return min(tables, key=lambda table: table[1])


def _vertical(probe: Probe, v: Value, slope: float) -> bool:
    """Whether the difference quotients go to the infinite slope on one of the sides where f exists."""
    for side in (-1.0, 1.0):
        far, near = (probe.slope(v, 0.0, side * step) for step in (1e-6, 1e-12))
        if math.isfinite(near) and abs(near) > 10.0 * abs(far) and (near > 0.0) == (slope > 0.0):
            return True
    return False


class GradcheckError(AssertionError):
    """A gradient that differs from the numerical one; `report` is the GradcheckReport with every row."""

    def __init__(self, message: str, report: "GradcheckReport") -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Row:
    """The check of one input: its name and value, the two derivatives, their absolute difference, and the verdict."""

    name: str
    value: float
    backward: float
    numerical: float
    error: float
    verdict: str

    @property
    def passed(self) -> bool:
        """Whether the verdict is one of those that `gradcheck` accepts."""
        return self.verdict in ("ok", "kink", "edge", "vertical")


@dataclass(frozen=True)
class GradcheckReport:
    """The rows of a check, one for each input; as text it is a table."""

    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether all rows passed."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        head = ["input", "value", "backward", "numerical", "error", ""]
        cells = [
            [r.name, short(r.value), short(r.backward), short(r.numerical), f"{r.error:.1e}", r.verdict]
            for r in self.rows
        ]
        return aligned([head, *cells])


def gradcheck(
    f: Callable[..., Any], inputs: Sequence[object], *, order: int = 1, rtol: float = RTOL, atol: float = ATOL
) -> GradcheckReport:
    """Check the gradient of f at inputs against extrapolated differences; return a GradcheckReport.

    f takes Values and returns one. inputs has one entry per argument of f: a number, a leaf, or nested lists of them.
    order=2 checks the first derivatives and then the second ones, and returns the report of the second; with several
    inputs, a row is a weighted sum of the second derivatives by its input and each input. Every `.data` and `.grad`
    is put back. The verdict of a row is

    - "ok" if the two derivatives agree;
    - "kink" if the slopes on the two sides differ and backward lies between them;
    - "edge" if f exists on one side only and backward agrees with the slope there, to 1e-3: a power such as x^1.5
      ends too roughly for more;
    - "vertical" if both are the same infinity;
    - "wrong" if they disagree;
    - "unsure" if no step gives a difference that can be trusted.

    "wrong" and "unsure" raise GradcheckError, which names the worst input and has the report. ValueError for another
    order and for an input that is the result of an operation; TypeError for inputs that are no list and for an f that
    returns no Value; RuntimeError inside no_grad().
    """
    if order not in (1, 2):
        raise ValueError(f"gradcheck checks derivatives of order 1 or 2, not {order!r}")
    if order == 2:
        # The second derivatives are computed from the first ones, so an error there is reported first.
        gradcheck(f, inputs, rtol=rtol, atol=atol)
    probe = Probe(_gradient_sum(f) if order == 2 else f, inputs)
    derivatives = probe.backward()
    rows = tuple(
        _row(probe, v, v.label or name, d, rtol, atol)
        for v, name, d in zip(probe.inputs, names_of(f, inputs), derivatives, strict=True)
    )
    report = GradcheckReport(rows)
    if not report.passed:
        worst = max((row for row in rows if not row.passed), key=lambda row: (row.error != row.error, row.error))
        kind = "derivative" if order == 1 else "second derivative (of several inputs, a weighted sum)"
        raise GradcheckError(
            f"{kind} with respect to input {worst.name} = {worst.value!r}: backward gives {worst.backward!r}, "
            f"differences give {worst.numerical!r} ({worst.verdict})\n{report}",
            report,
        )
    return report


def names_of(f: Callable[..., Any], inputs: Sequence[object]) -> list[str]:
    """The names of the inputs, such as x or ws[1], from the parameters of f; else their positions."""
    try:
        parameters = [p for p in inspect.signature(f).parameters.values() if p.kind != p.KEYWORD_ONLY]
    except (TypeError, ValueError):
        parameters = []
    named = len(parameters) >= len(inputs) and all(p.kind != p.VAR_POSITIONAL for p in parameters)
    names: list[str] = []
    for i, part in enumerate(inputs):
        name = parameters[i].name if named else str(i)
        many = isinstance(part, (list, tuple))
        names += [f"{name}[{k}]" if many else name for k, _ in enumerate(leaves(part))]
    return names


def _gradient_sum(f: Callable[..., Any]) -> Callable[..., Value]:
    """A weighted sum of the first derivatives of f, whose gradient depends on all second derivatives of f."""

    def summed(*arguments: Any) -> Value:
        inputs: list[Any] = list(leaves(arguments))
        # The first weight is 1, so that for one input the row is its second derivative. The other weights have no
        # pattern, so that two errors don't cancel.
        return dot(grad_graph(f(*arguments), inputs), [1.0 + math.sin(i) / 2.0 for i in range(len(inputs))])

    return summed


def _row(probe: Probe, v: Value, name: str, backward: float, rtol: float, atol: float) -> Row:
    def row(numerical: float, verdict: str) -> Row:
        # The difference of two equal infinities would be nan.
        error = 0.0 if backward == numerical else abs(backward - numerical)
        return Row(name, v.data, backward, numerical, error, verdict)

    def agrees(numerical: float, uncertain: float) -> bool:
        size = max(abs(backward), abs(numerical))
        floor = (atol * min(probe.size, 1.0) + AMPLIFIED * probe.noise) / max(abs(v.data), 1.0)
        slack = min(uncertain, MOST_UNCERTAIN * (size + floor))
        return abs(backward - numerical) <= floor + rtol * size + slack

    probe.size = 0.0
    if not math.isfinite(probe.at(v, 0.0)):
        return row(math.nan, "unsure")
    if math.isinf(backward):
        return row(backward, "vertical") if _vertical(probe, v, backward) else row(math.nan, "wrong")
    numerical, uncertain = _numerical(probe, v)
    if agrees(numerical, uncertain) and _trusted(numerical, uncertain):
        return row(numerical, "ok")
    sides = [_numerical(probe, v, side) for side in (-1.0, 1.0)]
    known = sorted(slope for slope, error in sides if _trusted(slope, error))
    if len(known) == 2 and known[1] - known[0] > 10.0 * (sides[0][1] + sides[1][1]) + rtol * max(map(abs, known)):
        nearest = min(max(backward, known[0]), known[1])
        return row(nearest, "kink" if agrees(nearest, 0.0) else "wrong")
    if len(known) == 1 and any(math.isnan(slope) for slope, _ in sides):
        rough = MOST_UNCERTAIN * max(abs(known[0]), 1.0)
        return row(known[0], "edge" if abs(backward - known[0]) <= rough else "wrong")
    return row(numerical, "wrong" if _trusted(numerical, uncertain) else "unsure")


def _trusted(numerical: float, uncertain: float) -> bool:
    return math.isfinite(numerical) and uncertain <= MOST_UNCERTAIN * max(abs(numerical), 1.0)
