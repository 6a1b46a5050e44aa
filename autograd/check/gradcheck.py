"""Gradients checked by numbers alone: differences of function values against `backward`.

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

__all__ = ["GradcheckError", "GradcheckReport", "Row", "gradcheck", "numerical_grad"]

RTOL: Final = 1e-6
"""Relative to the larger of the two derivatives: extrapolated differences are good to about 1e-10 of a
smooth function's slope, and a wrong formula that is right to 1e-6 has not been seen."""
ATOL: Final = 1e-8
"""Of the size of f around the point or of 1, the smaller, for each unit of the input (or for its own size, if that
is larger): the noise of the differences where the derivative is 0."""
AMPLIFIED: Final = 2.0**10
"""How much of the rounding of intermediate results may reach a derivative: 1 − z² of a saturated tanh has none of
its digits, and the derivatives around it multiply what is left."""
MOST_UNCERTAIN: Final = 1e-3
"""A numerical derivative that can't be trusted to this much checks nothing, and is an error."""
CENTRAL_STEP: Final = 2.0**-17
"""About ε^(1/3), where rounding and truncation of a central difference are in balance."""
SMALL: Final = 2.0**-5
"""Below it an input may be of another scale than 1, and two steps are tried."""
NOTHING: Final = 2.0**-1000
"""Below it an input counts as 0: a fraction of it is no step that a float could take."""
DISAGREE: Final = 1e-2
"""So far apart two steps see different functions, as on the two sides of a kink; less is rounding, of the finer one."""
_SHRINK: Final = 4.0
_ROWS: Final = 13


# ── functions of numbers ──


class _Probe:
    """A function of Values as a function of numbers, which puts back whatever it moves."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[object]) -> None:
        if isinstance(inputs, (Value, str)) or not isinstance(inputs, (list, tuple)):
            raise TypeError(f"inputs is a list with one entry per argument of f, not {inputs!r}; write [x, …]")
        self._f = f
        self.noise = 0.0
        self.size = 0.0
        self.inputs = [x if isinstance(x, Value) else Value(x) for x in leaves(inputs)]
        if any(v.operands for v in self.inputs):
            raise ValueError("inputs must be leaves or numbers: moving the result of an operation moves nothing else")
        self._arguments = rebuild(inputs, iter(self.inputs))

    def root(self) -> Value:
        if not recording():
            raise RuntimeError("a gradient is checked on recorded nodes; leave no_grad() first")
        with relaxed():  # probing beyond a domain is no mistake
            root = self._f(*self._arguments)
        if not isinstance(root, Value):
            raise TypeError(f"f must return one Value, not {type(root).__name__} {root!r}")
        return root

    def at(self, v: Value, shift: float) -> float:
        """f with one input moved by shift."""
        kept = v.data
        v.data = kept + shift
        try:
            found = self.root().data
        finally:
            v.data = kept
        if math.isfinite(found):
            self.size = max(self.size, abs(found))
        return found

    def largest(self) -> float:
        """The size of the largest number on the way to the result, whose rounding it may carry."""
        return max(abs(v.data) for v in topological_order(self.root()))

    def central(self, v: Value, step: float) -> float:
        """The slope from one side of an input to the other, by the step that was really taken after rounding."""
        return _slope(self.at(v, step) - self.at(v, -step), (v.data + step) - (v.data - step))

    def one_sided(self, v: Value, here: float, step: float) -> float:
        """The slope from f at the point, which is here, to one side."""
        return _slope(self.at(v, step) - here, (v.data + step) - v.data)

    def backward(self) -> list[float]:
        """The gradient by `backward`, every `.grad` left as it was, those of hidden leaves too."""
        root = self.root()
        nodes = {id(v): v for v in [*topological_order(root), *self.inputs]}.values()
        kept = [v.grad for v in nodes]
        try:
            for v in nodes:
                v.grad = 0.0
            with relaxed():
                root.backward()
            # A result may be small and still carry the rounding of large numbers that it was made of.
            self.noise = 2.0**-52 * max(abs(v.data) for v in nodes if v.operands or v is root) + math.ulp(0.0)
            return [v.grad for v in self.inputs]
        finally:
            for v, g in zip(nodes, kept, strict=True):
                v.grad = g


def numerical_grad(f: Callable[..., Any], inputs: Sequence[object]) -> list[Any]:
    """The gradient of f by central differences, in the nesting of inputs.

    f takes Values and returns one; inputs holds a number or a leaf Value (or nested lists of them)
    per argument. The step is 2⁻¹⁷ of the size of each input, or of 1 for inputs smaller than 1; for
    inputs below 1/32 both are tried, and the finer one counts if they disagree by more than rounding
    explains. A leaf is moved in place and put back, so f may also be a closure over it.

    >>> numerical_grad(lambda x: x * x, [3.0])
    [6.0]
    """
    probe = _Probe(f, inputs)
    numbers = iter([_central(probe, v) for v in probe.inputs])
    return [rebuild(part, numbers) for part in inputs]


def _central(probe: _Probe, v: Value) -> float:
    size = abs(v.data)
    coarse_step, fine_step = CENTRAL_STEP * max(size, 1.0), CENTRAL_STEP * size
    coarse = probe.central(v, coarse_step)
    if size >= SMALL or size < NOTHING:
        return coarse
    fine = probe.central(v, fine_step)
    noise = 8.0 * 2.0**-53 * probe.largest() * (1.0 / coarse_step + 1.0 / fine_step)
    doubt = max(noise, DISAGREE * max(abs(coarse), abs(fine)))
    return coarse if abs(coarse - fine) <= doubt else fine


# ── extrapolation ──


def _extrapolate(quotient: Callable[[float], float], step: float, order: int, noise: float) -> tuple[float, float]:
    """The limit of a difference quotient for step → 0, and an estimate of its error.

    Richardson's table, keeping the entry that moved least (C. Ridders, Advances in Engineering
    Software 4 (1982) 75-76). order is the power of the step by which the error starts and goes on,
    noise what rounding does to a difference before it is divided by the step.
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
        # Steps that leave the domain tell nothing; the table starts again below them.
        row = new if all(map(math.isfinite, new)) else []
        step /= _SHRINK
    return best, error


def _numerical(probe: _Probe, v: Value, side: float = 0.0) -> tuple[float, float]:
    """The derivative with respect to one input and its error; from one side for side ±1."""
    here = probe.at(v, 0.0)

    def quotient(step: float) -> float:
        return probe.one_sided(v, here, side * step) if side else probe.central(v, step)

    order = 1 if side else 2
    sizes = {abs(v.data), 1.0} if abs(v.data) >= NOTHING else {1.0}
    tables = [_extrapolate(quotient, 0.125 * size, order, probe.noise) for size in sizes]
    return min(tables, key=lambda table: table[1])


def _slope(rise: float, run: float) -> float:
    # A step that rounding swallows tells nothing.
    return rise / run if run != 0.0 else math.nan


def _vertical(probe: _Probe, v: Value, slope: float) -> bool:
    """Whether the difference quotients grow towards the infinity that slope is, on a side where f exists."""
    here = probe.at(v, 0.0)
    for side in (-1.0, 1.0):
        far, near = (probe.one_sided(v, here, side * step) for step in (1e-6, 1e-12))
        if math.isfinite(near) and abs(near) > 10.0 * abs(far) and (near > 0.0) == (slope > 0.0):
            return True
    return False


# ── gradcheck ──


class GradcheckError(AssertionError):
    """A gradient that the numbers do not bear out; `.report` holds every row."""

    def __init__(self, message: str, report: "GradcheckReport") -> None:
        super().__init__(message)
        self.report = report


@dataclass(frozen=True)
class Row:
    """One input: its name and value, the two derivatives, their difference, and the verdict."""

    name: str
    value: float
    backward: float
    numerical: float
    error: float
    verdict: str

    @property
    def passed(self) -> bool:
        """Whether the row is in order."""
        return self.verdict in ("ok", "kink", "edge", "vertical")


@dataclass(frozen=True)
class GradcheckReport:
    """The rows of a check, one per input; prints as a table."""

    rows: tuple[Row, ...]

    @property
    def passed(self) -> bool:
        """Whether all rows are in order."""
        return all(row.passed for row in self.rows)

    def __str__(self) -> str:
        cells = [("input", "value", "backward", "numerical", "error", "")]
        for r in self.rows:
            numbers = [short(x) for x in (r.value, r.backward, r.numerical)]
            cells.append((r.name, *numbers, f"{r.error:.1e}", r.verdict))  # type: ignore[arg-type]
        widths = [max(len(row[i]) for row in cells) for i in range(5)]
        lines = [
            "  ".join(
                [row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:5], widths[1:], strict=True)), row[5]]
            )
            for row in cells
        ]
        return "\n".join(line.rstrip() for line in lines)


def gradcheck(
    f: Callable[..., Any], inputs: Sequence[object], *, order: int = 1, rtol: float = RTOL, atol: float = ATOL
) -> GradcheckReport:
    """Check the gradient of f at inputs against extrapolated differences; returns the report.

    f takes Values and returns one; inputs holds a number or a leaf Value (or nested lists of them)
    per argument. order=2 then checks the second derivatives too and returns their report; of several
    inputs each row is a weighted sum of the second derivatives by that input and any other.
    Verdicts: "ok"; "kink" where the slopes on the two sides differ and backward lies between them;
    "edge" where f exists on one side only and backward agrees with that side (to 1e-3: powers like
    x^1.5 end too roughly for more); "vertical" where both go to the same infinity; "wrong"; and
    "unsure" where no step gives a trustworthy difference. The last two raise GradcheckError, which
    names the worst input and carries the report. Every `.data` and `.grad` is left as it was.
    """
    if order not in (1, 2):
        raise ValueError(f"gradcheck checks derivatives of order 1 or 2, not {order!r}")
    if order == 2:
        # Second derivatives are derivatives of the first: those must be right to begin with.
        gradcheck(f, inputs, rtol=rtol, atol=atol)
    probe = _Probe(_gradient_sum(f) if order == 2 else f, inputs)
    derivatives = probe.backward()
    rows = tuple(
        _row(probe, v, v.label or name, d, rtol, atol)
        for v, name, d in zip(probe.inputs, _names(f, inputs), derivatives, strict=True)
    )
    report = GradcheckReport(rows)
    if not report.passed:
        worst = max((row for row in rows if not row.passed), key=lambda row: (row.error != row.error, row.error))
        what = "derivative" if order == 1 else "second derivative (of several inputs, a weighted sum)"
        raise GradcheckError(
            f"{what} with respect to input {worst.name} = {worst.value!r}: backward gives {worst.backward!r}, "
            f"differences give {worst.numerical!r} ({worst.verdict})\n{report}",
            report,
        )
    return report


def _names(f: Callable[..., Any], inputs: Sequence[object]) -> list[str]:
    """What f calls its inputs, as x or ws[1]; their numbers where it doesn't say."""
    try:
        parameters = [p for p in inspect.signature(f).parameters.values() if p.kind != p.KEYWORD_ONLY]
    except (TypeError, ValueError):
        parameters = []
    told = len(parameters) >= len(inputs) and all(p.kind != p.VAR_POSITIONAL for p in parameters)
    names: list[str] = []
    for i, part in enumerate(inputs):
        name = parameters[i].name if told else str(i)
        many = isinstance(part, (list, tuple))
        names += [f"{name}[{k}]" if many else name for k, _ in enumerate(leaves(part))]
    return names


def _gradient_sum(f: Callable[..., Any]) -> Callable[..., Value]:
    """A weighted sum of f's derivatives: its own gradient is one row of numbers made of all second derivatives."""

    def summed(*arguments: Any) -> Value:
        inputs: list[Any] = list(leaves(arguments))
        # 1 for the first, so that a function of one input shows its second derivative; the others have no
        # pattern, so that two wrong terms can't cancel.
        return dot(grad_graph(f(*arguments), inputs), [1.0 + math.sin(i) / 2.0 for i in range(len(inputs))])

    return summed


def _row(probe: _Probe, v: Value, name: str, backward: float, rtol: float, atol: float) -> Row:
    def row(numerical: float, verdict: str) -> Row:
        return Row(
            name, v.data, backward, numerical, 0.0 if backward == numerical else abs(backward - numerical), verdict
        )

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
