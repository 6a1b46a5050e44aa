"""Values, gradients, Hessians and a training run against PyTorch, where it is installed."""

import random
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, grad_graph, log_softmax, mean, operations, product, softmax
from autograd.check import strategies
from autograd.check.strategies import Expression, Step
from autograd.engine.functions import normal_cdf, share

with warnings.catch_warnings():
    # Warnings of PyTorch about itself at import are no concern of these tests.
    warnings.simplefilter("ignore")
    torch: Any = pytest.importorskip("torch", reason="PyTorch, an optional oracle, isn't installed")
functional: Any = torch.nn.functional
from tests.rival import OPERATIONS, as_row, disagreement, disagreements  # noqa: E402  (it needs PyTorch)

RELATIVE: Final = 1e-12
"""Relative to the result: far above the errors that were seen, far below that of a wrong formula."""
ABSOLUTE: Final = 2.0**-48
"""16 ulps of 1, times the largest operand: the error of sums that cancel and of derivatives in a tail."""
GRADIENT: Final = 1e-10
"""Relative to the largest gradient or to 1: over a dozen steps, rounding errors grow with the derivatives."""
HESSIAN: Final = 1e-9
"""Relative to the largest second derivative or to 1, for the same reason."""
TRAINED: Final = 1e-12
"""Relative to a parameter or to 1: 50 steps of gradient descent that converges don't increase rounding errors."""

examples = settings(
    max_examples=30,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


FIRST_OF: Final[dict[str, tuple[Callable[..., Any], Callable[..., Value]]]] = {
    "softmax": (lambda *xs: torch.softmax(as_row(*xs), 0)[0], lambda *xs: softmax(xs)[0]),
    "log_softmax": (lambda *xs: torch.log_softmax(as_row(*xs), 0)[0], lambda *xs: log_softmax(xs)[0]),
    "product": (lambda *xs: torch.prod(as_row(*xs)), lambda *xs: product(xs)),
    "share": (lambda *xs: torch.sigmoid(xs[0] - 0.5), lambda *xs: share(xs[0], 0.5)),
    "normal_cdf": (lambda *xs: torch.special.ndtr(xs[0]), lambda *xs: normal_cdf(xs[0])),
}
"""PyTorch's and ours, for functions made of several operations."""


def _apply(op: str, xs: Sequence[Any]) -> Any:
    return FIRST_OF[op][1](*xs) if op in FIRST_OF else strategies.apply(op, xs)


def _tensor(x: Any, *, leaf: bool = False) -> Any:
    return x if isinstance(x, torch.Tensor) else torch.tensor(x, dtype=torch.float64, requires_grad=leaf)


def _torch_apply(op: str, xs: Sequence[Any]) -> Any:
    tensors = [_tensor(x) for x in xs]
    if op in FIRST_OF:
        return FIRST_OF[op][0](*tensors)
    return OPERATIONS[op](*operations.operation(op).grouped(tensors))


def test_every_operation_that_pytorch_has_is_compared() -> None:
    composed = [ours(Value(1.0), Value(2.0)) for _, ours in FIRST_OF.values()]
    recorded = {op for root in composed for op in Tape(root).operations}
    assert OPERATIONS.keys() <= operations.OPERATIONS.keys()
    rows = {op for op, row in operations.OPERATIONS.items() if row.recorded}
    for op in rows - OPERATIONS.keys() - recorded - {"scaled_power", "direction", "fixed"}:
        row = operations.operation(op)
        assert not row.of_sequences, op
        assert len(row.domains) == 1, op
        assert not any(hasattr(home, op) for home in (torch, torch.special, functional)), op


# ── one operation ──


def _single(op: str, inputs: Sequence[float]) -> Expression:
    return Expression(tuple(inputs), (Step(op, tuple(range(len(inputs)))),))


def value_and_gradient(expression: Expression) -> list[float]:
    inputs = [Value(x) for x in expression.inputs]
    root = expression.run(_apply, inputs)
    root.backward()
    return [root.data, *(v.grad for v in inputs)]


def torch_value_and_gradient(expression: Expression) -> list[float]:
    inputs = [_tensor(x, leaf=True) for x in expression.inputs]
    root = expression.run(_torch_apply, inputs)
    if root.requires_grad:
        root.backward()
    return [root.item(), *(0.0 if v.grad is None else v.grad.item() for v in inputs)]


def same(got: Sequence[float], want: Sequence[float], inputs: Sequence[float]) -> bool:
    least = ABSOLUTE * max(1.0, *map(abs, inputs))
    return all(abs(g - w) <= RELATIVE * abs(w) + least for g, w in zip(got, want, strict=True))


@pytest.mark.parametrize("op", OPERATIONS)
def test_operation_agrees(op: str) -> None:
    @examples
    @given(strategies.operands(op))
    def agrees(operands: tuple[Any, ...]) -> None:
        inputs = [x for operand in operands for x in (operand if isinstance(operand, list) else [operand])]
        expression = _single(op, inputs)
        assert same(value_and_gradient(expression), torch_value_and_gradient(expression), inputs)

    agrees()


@pytest.mark.parametrize("function", FIRST_OF)
@examples
@given(st.lists(st.floats(-10.0, 10.0, allow_subnormal=False), min_size=1, max_size=5))
def test_composed_function_agrees(function: str, inputs: list[float]) -> None:
    expression = _single(function, inputs)
    want = torch_value_and_gradient(expression)
    # The derivatives of a product are products too, but PyTorch computes them by a division.
    assert same(value_and_gradient(expression), want, [*inputs, *want])


@pytest.mark.parametrize("op", ["exp", "tanh", "multiply", "logsumexp"])
def test_a_derivative_that_slipped_is_noticed(op: str) -> None:
    expression = _single(op, [0.5] if len(operations.operation(op).domains) == 1 else [0.5, -1.5])
    want = torch_value_and_gradient(expression)
    got = value_and_gradient(expression)
    assert same(got, want, expression.inputs)
    assert not same([*got[:-1], got[-1] * (1.0 + 1e-8)], want, expression.inputs)


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        ("relu", [0.0]),
        ("relu", [-0.0]),
        ("absolute", [0.0]),
        ("absolute", [-0.0]),
        ("leaky_relu", [0.0, 0.25]),
        ("maximum", [1.5, 1.5]),
        ("minimum", [1.5, 1.5]),
        ("largest", [1.0, 3.0, 3.0, 3.0, 3.0]),
        ("smallest", [3.0, 1.0, 1.0]),
        ("sqrt", [0.0]),
        ("log", [0.0]),
        ("power", [0.0, 0.0]),
        ("power", [0.0, 1.0]),
        ("power", [0.0, 0.5]),
        ("power", [0.0, 2.0]),
        ("norm", [0.0, 0.0]),
        ("divide", [1.0, 0.0]),
        ("sigmoid", [-700.0]),
        ("softplus", [800.0]),
        ("tanh", [400.0]),
    ],
)
def test_the_choice_at_a_point_is_that_of_pytorch(op: str, inputs: list[float]) -> None:
    expression = _single(op, inputs)
    assert value_and_gradient(expression) == pytest.approx(torch_value_and_gradient(expression), rel=RELATIVE, abs=0.0)


# ── random expressions ──


def _near(got: Sequence[float], want: Sequence[float], tolerance: float) -> bool:
    allowed = tolerance * max(1.0, *map(abs, want))
    return all(abs(g - w) <= allowed for g, w in zip(got, want, strict=True))


def hessian(expression: Expression) -> list[float]:
    inputs = [Value(x) for x in expression.inputs]
    gradient = grad_graph(expression.run(_apply, inputs), inputs)
    return [h.data for g in gradient for h in grad_graph(g, inputs)]


def torch_hessian(expression: Expression) -> list[float]:
    def root(row: Any) -> Any:
        return expression.run(_torch_apply, list(row.unbind()))

    rows: Any = torch.autograd.functional.hessian(root, _tensor(expression.inputs))
    return [float(h) for h in rows.flatten()]


@settings(examples, max_examples=400)
@given(strategies.expressions())
def test_random_expressions_agree(expression: Expression) -> None:
    assert _near(value_and_gradient(expression), torch_value_and_gradient(expression), GRADIENT)
    assert _near(hessian(expression), torch_hessian(expression), HESSIAN)


@pytest.mark.parametrize("first", range(0, 400, 100))
def test_every_node_of_hostile_programs_agrees(first: int) -> None:
    assert disagreements(first, first + 100) == []


def test_a_wrong_node_of_a_program_is_noticed() -> None:
    node = Value(0.5) * Value(3.0)
    assert not disagreement(node)
    node.data *= 1.0 + 1e-8
    assert "multiply(0.5, 3.0): value is 1.500000015, and of PyTorch 1.5" in disagreement(node)


# ── functions that differentiate functions ──


def _floats(nest: Any) -> list[float]:
    """The numbers of nested results of either side, in order; a tensor gives those of its last axes."""
    if isinstance(nest, dict):
        return [x for key in nest for x in _floats(nest[key])]
    if isinstance(nest, (list, tuple)):
        return [x for part in nest for x in _floats(part)]
    # A derivative that is 0 everywhere may be a tensor without storage, until it is added to another.
    return (nest + 0.0).flatten().tolist() if isinstance(nest, torch.Tensor) else [nest.data]


def _as_map(expression: Expression, ends: Sequence[int], apply: Callable[..., Any]) -> Callable[..., Any]:
    """A function of two nested arguments with nested results; the second argument scales the first input."""
    parts = [Expression(expression.inputs, expression.steps[:end]) for end in ends]

    def f(p: Any, scale: Any) -> Any:
        first, *rest = [part.run(apply, [p["x"] * scale, *p["more"]]) for part in parts]
        return {"first": first, "rest": tuple(rest)}

    return f


def _tensors(nest: Any) -> Any:
    return torch.utils._pytree.tree_map(_tensor, nest)


@pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")  # A concern of PyTorch's own code.
@settings(examples, max_examples=60)
@given(strategies.expressions(), st.lists(st.floats(-2.0, 2.0), min_size=8, max_size=8), st.data())
def test_functions_of_functions_agree_with_torch_func(
    expression: Expression, weights: list[float], data: st.DataObject
) -> None:
    ends = data.draw(st.lists(st.integers(1, len(expression.steps)), min_size=1, max_size=4))
    ours, theirs = _as_map(expression, ends, _apply), _as_map(expression, ends, _torch_apply)
    first, *more = expression.inputs
    point = {"x": first, "more": more}, 1.0
    nodes = {"x": Value(first), "more": [Value(x) for x in more]}, Value(1.0)
    tangents = {"x": weights[0], "more": weights[1 : 1 + len(more)]}, weights[3]
    cotangent = {"first": weights[4], "rest": tuple(weights[5 : 4 + len(ends)])}

    def compared(found: Any, want: Any, tolerance: float) -> None:
        got, wanted = _floats(found), _floats(want)
        assert len(got) == len(wanted)
        assert _near(got, wanted, tolerance)

    f = torch.func
    compared(autograd.jvp(ours, point, tangents), f.jvp(theirs, _tensors(point), _tensors(tangents)), GRADIENT)
    (value, pullback), (other, back) = autograd.vjp(ours, *point), f.vjp(theirs, *_tensors(point))
    compared([value, pullback(cotangent)], [other, back(_tensors(cotangent))], GRADIENT)
    for argnums in (0, 1, (1, 0)):
        want = f.jacrev(theirs, argnums=argnums)(*_tensors(point))
        compared(autograd.jacobian(ours, argnums=argnums)(*nodes), want, GRADIENT)

    def summed(made: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *xs: sum((y for y in made(*xs)["rest"]), made(*xs)["first"])

    our_sum, their_sum = summed(ours), summed(theirs)
    want = f.grad_and_value(their_sum, argnums=(0, 1))(*_tensors(point))
    compared(autograd.value_and_grad(our_sum)(*point)[::-1], want, GRADIENT)
    want = f.hessian(their_sum, argnums=(0, 1))(*_tensors(point))
    compared(autograd.hessian(our_sum)(*point), want, HESSIAN)
    _, want = f.jvp(f.grad(their_sum, argnums=(0, 1)), _tensors(point), _tensors(tangents))
    compared(autograd.hvp(our_sum, point, tangents), want, HESSIAN)


# ── a network ──

HIDDEN: Final = 3
RATE: Final = 0.5
EXAMPLES: Final = (((0.0, 0.0), 0.0), ((0.0, 1.0), 1.0), ((1.0, 0.0), 1.0), ((1.0, 1.0), 0.0))


def _loss(weights: Sequence[Sequence[Value]], biases: Sequence[Value], last: Sequence[Value]) -> Value:
    errors = []
    for xs, y in EXAMPLES:
        hidden = [(w[0] * xs[0] + w[1] * xs[1] + b).tanh() for w, b in zip(weights, biases, strict=True)]
        out = last[HIDDEN]
        for w, h in zip(last, hidden, strict=False):
            out = out + w * h
        errors.append((out.sigmoid() - y) ** 2)
    return mean(errors)


def test_a_network_is_trained_step_by_step_as_pytorch_does() -> None:
    rng = random.Random(3)
    weights = [[Value(rng.uniform(-1.0, 1.0)) for _ in range(2)] for _ in range(HIDDEN)]
    biases = [Value(rng.uniform(-1.0, 1.0)) for _ in range(HIDDEN)]
    last = [Value(rng.uniform(-1.0, 1.0)) for _ in range(HIDDEN + 1)]
    parameters = [*(w for row in weights for w in row), *biases, *last]

    network = torch.nn.Sequential(
        torch.nn.Linear(2, HIDDEN), torch.nn.Tanh(), torch.nn.Linear(HIDDEN, 1), torch.nn.Sigmoid()
    ).double()
    start = torch.tensor([p.data for p in parameters], dtype=torch.float64)
    torch.nn.utils.vector_to_parameters(start, network.parameters())
    inputs = torch.tensor([xs for xs, _ in EXAMPLES], dtype=torch.float64)
    targets = torch.tensor([[y] for _, y in EXAMPLES], dtype=torch.float64)

    losses = []
    for _ in range(50):
        for p in parameters:
            p.grad = 0.0
        loss = _loss(weights, biases, last)
        loss.backward()
        for p in parameters:
            p.data -= RATE * p.grad

        network.zero_grad()
        want = functional.mse_loss(network(inputs), targets)
        want.backward()
        gradient = torch.cat([p.grad.flatten() for p in network.parameters()])
        with torch.no_grad():
            for p in network.parameters():
                p -= RATE * p.grad

        losses.append(loss.data)
        assert _near([loss.data], [want.item()], TRAINED)
        assert _near([p.grad for p in parameters], gradient.tolist(), TRAINED)
        flat = torch.nn.utils.parameters_to_vector(network.parameters())
        assert _near([p.data for p in parameters], flat.tolist(), TRAINED)
    assert losses[-1] < losses[0]
