"""Random graphs against two oracles that use no code of the engine: differences at 200 digits, and dual numbers."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import mpmath
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from autograd import Tape, Value, formula, grad_graph, log_softmax, operations, product, softmax, total
from autograd.check import strategies
from autograd.check.strategies import Expression, Step
from autograd.engine.functions import normal_cdf, share
from autograd.formula.vocabularies import mpmath_numbers

Real: TypeAlias = Any
"""A number of mpmath."""

mp: Final = mpmath.mp.clone()
mp.dps = 200
"""A second difference divides by the square of the step, which costs 120 of these digits; 80 are left."""
STEP: Final = mp.mpf(10) ** -60
"""The error of a difference is 10⁻⁶⁰ times the next derivative, so that more than 50 digits are right."""

FIRST: Final = 1e-10
"""The largest error allowed, relative to the largest gradient of an input."""
SECOND: Final = 1e-9
"""The largest error allowed, relative to the largest second derivative by two inputs."""
ROUNDING: Final = 2.0**-48
"""16 ulps of 1. A local derivative near 0, as 1 - z² of a saturated tanh, has an error of ulps of 1 and not of its own.
The error enters a gradient multiplied by an adjoint and a tangent, and a second derivative by an adjoint and two
tangents. The largest error in 15,000 graphs was 1.3 ulps."""
SLIP: Final = 1e-8
"""An error to be found, relative to the largest gradient or second derivative: 100 and 10 times the error allowed."""

exact_examples = settings(
    max_examples=400,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)

# ── the exact value of every operation, and no derivative ──


EXACT: Final[dict[str, Callable[..., Real]]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / y,
    "power": lambda x, y: x**y,
    "negative": lambda x: -x,
    "positive": lambda x: x,
    "square": lambda x: x * x,
    "reciprocal": lambda x: 1 / x,
    "sqrt": mp.sqrt,
    "rsqrt": lambda x: 1 / mp.sqrt(x),
    "exp": mp.exp,
    "expm1": lambda x: mp.exp(x) - 1,
    "log": mp.log,
    "log1p": lambda x: mp.log(1 + x),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "logaddexp": lambda x, y: mp.log(mp.exp(x) + mp.exp(y)),
    "sin": mp.sin,
    "cos": mp.cos,
    "tan": mp.tan,
    "asin": mp.asin,
    "acos": mp.acos,
    "atan": mp.atan,
    "sinh": mp.sinh,
    "cosh": mp.cosh,
    "tanh": mp.tanh,
    "asinh": mp.asinh,
    "acosh": mp.acosh,
    "atanh": mp.atanh,
    "exp2": lambda x: mp.power(2, x),
    "atan2": mp.atan2,
    "xlogy": lambda x, y: x * mp.log(y),
    "clamp": lambda x, low, high: min(max(x, low), high),
    "where": lambda x, a, b: a if x > 0 else b,
    "sign": mp.sign,
    "direction": lambda x, y: x / mp.sqrt(x * x + y * y),
    "scaled_power": lambda c, x, y, k: c * x ** (y - k),
    "hypot": lambda x, y: mp.sqrt(x * x + y * y),
    "erf": mp.erf,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "logsigmoid": lambda x: -mp.log(1 + mp.exp(-x)),
    "softplus": lambda x: mp.log(1 + mp.exp(x)),
    "relu": lambda x: x if x > 0 else mp.mpf(0),
    "leaky_relu": lambda x, slope: x if x > 0 else slope * x,
    "elu": lambda x, alpha: x if x > 0 else alpha * (mp.exp(x) - 1),
    "silu": lambda x: x / (1 + mp.exp(-x)),
    "gelu": lambda x: x * (1 + mp.erf(x / mp.sqrt(2))) / 2,
    "absolute": abs,
    "maximum": max,
    "minimum": min,
    "total": sum,
    "mean": lambda xs: sum(xs) / len(xs),
    "dot": lambda xs, ys: sum(x * y for x, y in zip(xs, ys, strict=True)),
    "logsumexp": lambda xs: mp.log(sum(map(mp.exp, xs))),
    "norm": lambda xs: mp.sqrt(sum(x * x for x in xs)),
    "largest": max,
    "smallest": min,
}


FIRST_OF: Final[dict[str, tuple[Callable[..., Real], Callable[..., Value]]]] = {
    "share": (lambda *xs: 1 / (1 + mp.exp(0.5 - xs[0])), lambda *xs: share(xs[0], 0.5)),
    "normal_cdf": (lambda *xs: mp.erfc(-xs[0] / mp.sqrt(2)) / 2, lambda *xs: normal_cdf(xs[0])),
    "softmax": (lambda *xs: mp.exp(xs[0]) / sum(map(mp.exp, xs)), lambda *xs: softmax(xs)[0]),
    "log_softmax": (lambda *xs: xs[0] - mp.log(sum(map(mp.exp, xs))), lambda *xs: log_softmax(xs)[0]),
    "product": (lambda *xs: math.prod(xs), lambda *xs: product(xs)),
}
"""The exact value and our function, for functions that record several operations, some of which have no public name."""


def test_every_operation_of_the_strategies_has_an_exact_meaning() -> None:
    composed = [function(Value(1.0), Value(2.0)) for _, function in FIRST_OF.values()]
    recorded = {op for root in composed for op in Tape(root).operations}
    rows = [row for row in operations.OPERATIONS.values() if row.recorded]
    of_several = {row.name for row in rows if row.of_sequences or len(row.domains) > 1}
    assert of_several <= EXACT.keys() | recorded | {"fixed"}  # It is a derivative that has none of its own.
    assert EXACT.keys() <= operations.OPERATIONS.keys()


def _exact(op: str, xs: Sequence[Real]) -> Real:
    if op in FIRST_OF:
        return FIRST_OF[op][0](*xs)
    operands = operations.operation(op).grouped(xs)
    if op in EXACT:
        return EXACT[op](*operands)
    # A new operation of one operand takes its value from its rule; its derivative still comes from differences.
    return formula.over(op, mpmath_numbers(mp))(*operands)[0]


def _apply(op: str, xs: Sequence[Any]) -> Value:
    z: Value = FIRST_OF[op][1](*xs) if op in FIRST_OF else strategies.apply(op, xs)
    return z


# ── derivatives by differences ──


@dataclass(frozen=True)
class Derivatives:
    """First derivatives of the root by every node (inputs, then steps), and second ones by every node and input."""

    gradient: Sequence[Real]
    second: Sequence[Sequence[Real]]
    inputs: int
    tangent: Real = 1
    """The largest derivative of any node by any other, or 1: the factor by which an error can grow."""


def values_of(expression: Expression, *nudged: int) -> list[Real]:
    """The exact values of all nodes, with STEP added to a node for each time that its place is given."""
    values: list[Real] = []

    def place(z: Real) -> Real:
        values.append(z + STEP * nudged.count(len(values)))
        return values[-1]

    inputs = [place(mp.mpf(x)) for x in expression.inputs]
    expression.run(lambda op, xs: place(_exact(op, [*map(mp.mpf, xs)])), inputs)
    return values


def by_differences(expression: Expression) -> Derivatives:
    inputs = range(len(expression.inputs))
    base = values_of(expression)
    places = range(len(base))
    once = [values_of(expression, i) for i in places]
    gradient = [(once[i][-1] - base[-1]) / STEP for i in places]
    second = [
        [(values_of(expression, i, j)[-1] - once[i][-1] - once[j][-1] + base[-1]) / STEP**2 for j in inputs]
        for i in places
    ]
    tangents = [abs(a - b) / STEP for nudged in once for a, b in zip(nudged, base, strict=True)]
    return Derivatives(gradient, second, len(inputs), max(1, *tangents))


def nodes_of(
    expression: Expression, apply: Callable[[str, Sequence[Any]], Value] = _apply
) -> tuple[list[Value], list[Value]]:
    """The inputs, and all nodes including them, the root last."""
    inputs = [Value(x) for x in expression.inputs]
    nodes = list(inputs)

    def kept(op: str, xs: Sequence[Any]) -> Value:
        nodes.append(apply(op, xs))
        return nodes[-1]

    expression.run(kept, inputs)
    return inputs, nodes


def by_backward(nodes: Sequence[Value]) -> list[float]:
    nodes[-1].backward()
    return [v.grad for v in nodes]


def by_grad_graph(inputs: Sequence[Value], nodes: Sequence[Value]) -> Derivatives:
    gradient = grad_graph(nodes[-1], nodes)
    second = [[h.data for h in grad_graph(g, inputs)] for g in gradient]
    return Derivatives([g.data for g in gradient], second, len(inputs))


def _largest(xs: Sequence[Real]) -> Real:
    return max(map(abs, xs))


def gradients_agree(got: Sequence[float], want: Derivatives) -> bool:
    allowed = FIRST * _largest(want.gradient[: want.inputs]) + ROUNDING * _largest(want.gradient) * want.tangent
    # Written with <= and not with >, so that a nan disagrees.
    return all(abs(g - w) <= allowed for g, w in zip(got, want.gradient, strict=True))


def seconds_agree(got: Sequence[Sequence[float]], want: Derivatives) -> bool:
    by_inputs = [h for row in want.second[: want.inputs] for h in row]
    allowed = SECOND * _largest(by_inputs) + ROUNDING * _largest(want.gradient) * want.tangent**2
    return all(
        abs(g - w) <= allowed
        for got_row, want_row in zip(got, want.second, strict=True)
        for g, w in zip(got_row, want_row, strict=True)
    )


def check(expression: Expression) -> None:
    """Compare the derivatives by every node, from `backward` and from `grad_graph`, with differences."""
    want = by_differences(expression)
    inputs, nodes = nodes_of(expression)
    assert gradients_agree(by_backward(nodes), want)
    got = by_grad_graph(inputs, nodes)
    assert gradients_agree(got.gradient, want)
    assert seconds_agree(got.second, want)


@exact_examples
@given(strategies.expressions())
def test_random_graphs_agree_with_differences(expression: Expression) -> None:
    check(expression)


@settings(exact_examples, max_examples=60)
@given(strategies.expressions(max_inputs=5, max_steps=40))
def test_larger_random_graphs_agree_with_differences(expression: Expression) -> None:
    check(expression)


@pytest.mark.parametrize("op", EXACT)
def test_every_operation_agrees_with_differences(op: str) -> None:
    @settings(exact_examples, max_examples=10)
    @given(strategies.operands(op))
    def agrees(operands: tuple[Any, ...]) -> None:
        inputs = [x for operand in operands for x in (operand if isinstance(operand, list) else [operand])]
        check(Expression(tuple(inputs), (Step(op, tuple(range(len(inputs)))),)))

    agrees()


@pytest.mark.parametrize("function", FIRST_OF)
@settings(exact_examples, max_examples=30)
@given(st.lists(st.floats(-3.0, 3.0, allow_subnormal=False), min_size=1, max_size=5))
def test_composed_functions_agree_with_differences(function: str, inputs: list[float]) -> None:
    check(Expression(tuple(inputs), (Step(function, tuple(range(len(inputs)))),)))


# ── the comparison can fail ──

CHAIN: Final = Expression(
    (0.75, -1.25),
    (
        Step("multiply", (0, 1)),
        Step("tanh", (2,)),
        Step("dot", (3, 0, 1, 1)),
        Step("exp", (4,)),
        Step("divide", (5, 1.5)),
        Step("logaddexp", (6, 2)),
    ),
)


def _slipped(xs: Sequence[float], at: int) -> list[float]:
    return [x * (1.0 + SLIP) if i == at else x for i, x in enumerate(xs)]


@settings(exact_examples, max_examples=100)
@given(strategies.expressions())
def test_a_gradient_that_slipped_is_noticed(expression: Expression) -> None:
    want = by_differences(expression)
    got = by_backward(nodes_of(expression)[1])
    at = max(range(want.inputs), key=lambda i: abs(got[i]))
    # If the root hardly depends on its inputs, the gradients are rounding errors.
    assume(abs(got[at]) * FIRST > ROUNDING * _largest(want.gradient) * want.tangent)
    assert not gradients_agree(_slipped(got, at), want)


@settings(exact_examples, max_examples=100)
@given(strategies.expressions())
def test_a_second_derivative_that_slipped_is_noticed(expression: Expression) -> None:
    want = by_differences(expression)
    got = by_grad_graph(*nodes_of(expression)).second
    at = max(range(want.inputs), key=lambda i: _largest(got[i]))
    column = max(range(want.inputs), key=lambda j: abs(got[at][j]))
    assume(abs(got[at][column]) * SECOND > ROUNDING * _largest(want.gradient) * want.tangent**2)
    assert not seconds_agree([_slipped(row, column) if i == at else row for i, row in enumerate(got)], want)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_a_gradient_that_is_no_number_is_noticed(bad: float) -> None:
    want = by_differences(CHAIN)
    assert gradients_agree(want.gradient, want)
    assert not gradients_agree([bad, *want.gradient[1:]], want)
    assert seconds_agree(want.second, want)
    assert not seconds_agree([[bad] * want.inputs, *want.second[1:]], want)


@pytest.mark.parametrize("op", [step.op for step in CHAIN.steps])
def test_a_wrong_partial_is_noticed(op: str) -> None:
    def planted(name: str, xs: Sequence[Any]) -> Value:
        z: Value = strategies.apply(name, xs)
        # This adds 0 to the value and SLIP to the derivative.
        return z + SLIP * (xs[0] - xs[0].detach()) if name == op else z

    want = by_differences(CHAIN)
    inputs, nodes = nodes_of(CHAIN, planted)
    assert not gradients_agree(by_backward(nodes), want)
    assert not gradients_agree(by_grad_graph(inputs, nodes).gradient, want)


@pytest.mark.parametrize("op", [step.op for step in CHAIN.steps])
def test_a_wrong_partial_of_a_partial_is_noticed(op: str) -> None:
    def planted(name: str, xs: Sequence[Any]) -> Value:
        z: Value = strategies.apply(name, xs)
        # This adds 0 to value and derivative, and 2 SLIP to the second derivative.
        return z + SLIP * (xs[0] - xs[0].detach()).square() if name == op else z

    want = by_differences(CHAIN)
    inputs, nodes = nodes_of(CHAIN, planted)
    got = by_grad_graph(inputs, nodes)
    assert gradients_agree(by_backward(nodes), want)
    assert gradients_agree(got.gradient, want)
    assert not seconds_agree(got.second, want)


# ── wide graphs, by dual numbers ──

WIDE: Final = 1e-12
"""Relative to the largest derivative. Both sides add thousands of products of floats, in different orders; they differ
by at most 2e-14, where terms cancel."""
INPUTS: Final = 4
STEPS: Final = 3000


@dataclass(frozen=True)
class Dual:
    """A value and its derivative along one direction; both may be dual numbers again, for second derivatives."""

    value: Any
    derivative: Any

    def __add__(self, other: Any) -> "Dual":
        y = _dual(other)
        return Dual(self.value + y.value, self.derivative + y.derivative)

    def __sub__(self, other: Any) -> "Dual":
        y = _dual(other)
        return Dual(self.value - y.value, self.derivative - y.derivative)

    def __mul__(self, other: Any) -> "Dual":
        y = _dual(other)
        return Dual(self.value * y.value, self.derivative * y.value + self.value * y.derivative)

    def __truediv__(self, other: Any) -> "Dual":
        y = _dual(other)
        return Dual(self.value / y.value, (self.derivative * y.value - self.value * y.derivative) / (y.value * y.value))

    def exp(self) -> "Dual":
        z = _call("exp", self.value)
        return Dual(z, z * self.derivative)

    def tanh(self) -> "Dual":
        # From cosh, where the engine uses the result.
        cosh = (_call("exp", self.value) + _call("exp", self.value * -1.0)) / 2.0
        return Dual(_call("tanh", self.value), self.derivative / (cosh * cosh))


def _dual(x: Any) -> Dual:
    return x if isinstance(x, Dual) else Dual(x, 0.0)


def _call(function: str, x: Any) -> Any:
    return getattr(math, function)(x) if isinstance(x, float) else getattr(x, function)()


@dataclass(frozen=True)
class Program:
    """Steps that refer to earlier values by their index; the root is the mean of the values that no step uses."""

    inputs: Sequence[float]
    steps: Sequence[tuple[str, int, int]]

    def run(self, xs: Sequence[Any]) -> Any:
        values = list(xs)
        for op, i, j in self.steps:
            values.append(_step(op, values[i], values[j]))
        used = {k for _, i, j in self.steps for k in (i, j)}
        ends = [x for k, x in enumerate(values) if k not in used]
        root = ends[0]
        for end in ends[1:]:
            root = root + end
        return root / float(len(ends))


def _step(op: str, x: Any, y: Any) -> Any:
    match op:
        case "+":
            return x + y
        case "-":
            return x - y
        case "*":
            return x * y
        case "/":
            return x / y
        case "exp":
            return x.exp()
        case _:
            # Both are used, so that no value is left over.
            return (x + y).tanh()


def program(rng: random.Random, back: int, steps: int = STEPS) -> Program:
    """A random program whose operands are among the last `back` values: the fewer, the deeper the graph."""
    inputs = [rng.uniform(-2.0, 2.0) for _ in range(INPUTS)]
    values = [Dual(x, 0.0) for x in inputs]
    made: list[tuple[str, int, int]] = []
    for _ in range(steps):
        i, j = (rng.randrange(max(0, len(values) - back), len(values)) for _ in range(2))
        op = rng.choice(["+", "-", "*", "/", "exp", "tanh"])
        divisible, small = abs(values[j].value) > 0.5, abs(values[i].value) < 1.0
        if (op == "/" and not divisible) or (op == "exp" and not small):
            op = "tanh"
        z = _step(op, values[i], values[j])
        if abs(z.value) > 3.0:
            op, z = "tanh", _step("tanh", values[i], values[j])
        made.append((op, i, j))
        values.append(z)
    return Program(inputs, made)


def _derivative(run: Program, *inputs: int) -> Any:
    """The derivative of the root by the given inputs, one after another."""

    def seeded(x: float, at: int, order: int) -> Any:
        if order == 0:
            return x
        derivative: Any = float(at == inputs[order - 1])
        for _ in range(order - 1):
            derivative = Dual(derivative, 0.0)
        return Dual(seeded(x, at, order - 1), derivative)

    root = run.run([seeded(x, k, len(inputs)) for k, x in enumerate(run.inputs)])
    for _ in inputs:
        root = root.derivative
    return root


def _close(got: Sequence[float], want: Sequence[float]) -> bool:
    return all(abs(g - w) <= WIDE * _largest(want) for g, w in zip(got, want, strict=True))


@pytest.mark.parametrize("back", [8, 40, 200, STEPS])
@pytest.mark.parametrize("seed", range(3))
def test_wide_graphs_agree_with_dual_numbers(back: int, seed: int) -> None:
    graph = program(random.Random(seed), back)
    want = [_derivative(graph, i) for i in range(INPUTS)]
    assert _largest(want) > 0.0
    inputs = [Value(x) for x in graph.inputs]
    root = graph.run(inputs)
    root.backward()
    got = [v.grad for v in inputs]
    assert _close(got, want)
    assert not _close(_slipped(got, got.index(max(got, key=abs))), want)
    gradient = grad_graph(root, inputs)
    assert _close([g.data for g in gradient], want)
    row = random.Random(seed).randrange(INPUTS)
    second = [h.data for h in grad_graph(gradient[row], inputs)]
    assert _close(second, [_derivative(graph, row, j) for j in range(INPUTS)])


@pytest.mark.parametrize("seed", range(3))
def test_gradients_of_sums_count_the_paths(seed: int) -> None:
    rng = random.Random(seed)
    inputs = [Value(1.0) for _ in range(INPUTS)]
    nodes = list(inputs)
    # For each input, the number of paths to each node: integers, so that a single missing path is found.
    paths = [[int(i == j) for j in range(INPUTS)] for i in range(INPUTS)]
    for _ in range(STEPS):
        i, j = rng.randrange(len(nodes)), rng.randrange(len(nodes))
        if rng.randrange(2):
            nodes.append(nodes[i] + nodes[j])
            paths.append([a + b for a, b in zip(paths[i], paths[j], strict=True)])
        else:
            nodes.append(nodes[i] - nodes[j])
            paths.append([a - b for a, b in zip(paths[i], paths[j], strict=True)])
    total(nodes).backward()
    want = [sum(path) for path in zip(*paths, strict=True)]
    assert [v.grad for v in inputs] == want


def test_a_diamond_of_diamonds_counts_its_paths() -> None:
    x = v = Value(1.0)
    for _ in range(1000):
        v = v + v
    v.backward()
    assert x.grad == 2.0**1000
