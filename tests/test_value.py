"""Value as its users see it."""

import copy
import math
import operator
import pickle
import threading
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, no_grad, strict, topological_order
from autograd.graph import is_constant
from autograd.modes import MODES
from autograd.number import short

METHODS = [
    "exp",
    "log",
    "log1p",
    "expm1",
    "log2",
    "log10",
    "sqrt",
    "rsqrt",
    "square",
    "reciprocal",
    "sin",
    "cos",
    "tan",
    "sinh",
    "cosh",
    "tanh",
    "asin",
    "acos",
    "atan",
    "erf",
    "sigmoid",
    "logsigmoid",
    "softplus",
    "relu",
    "leaky_relu",
    "elu",
    "silu",
    "gelu",
]
BINARY = (operator.add, operator.sub, operator.mul, operator.truediv, operator.pow)


def test_the_package_is_this_one() -> None:
    assert hasattr(autograd, "Value")
    assert not hasattr(autograd, "numpy")


def test_micrograds_readme_example_prints_the_same() -> None:
    a = Value(-4.0)
    b = Value(2.0)
    c = a + b
    d = a * b + b**3
    c += c + 1
    c += 1 + c + (-a)
    d += d * 2 + (b + a).relu()
    d += 3 * d + (b - a).relu()
    e = c - d
    f = e**2
    g = f / 2.0
    g += 10.0 / f
    assert f"{g.data:.4f}" == "24.7041"
    g.backward()
    assert f"{a.grad:.4f}" == "138.8338"
    assert f"{b.grad:.4f}" == "645.5773"


def test_the_habits_of_micrograds_users() -> None:
    ps = [Value(1.0), Value(-2.0)]
    loss = sum(p**2 for p in ps) + 2 / ps[0] - 1.0
    loss.backward()
    for p in ps:
        p.data -= 0.1 * p.grad
        p.grad = 0
    assert [p.grad for p in ps] == [0.0, 0.0]
    assert [p.data for p in ps] == pytest.approx([1.0, -1.6])


# ── what a value shows ──


def test_repr_is_short() -> None:
    assert repr(Value(2.0, label="w")) == "Value(data=2.0, grad=0.0, label='w')"
    assert repr(Value(1 / 3)) == "Value(data=0.333333, grad=0.0)"


@given(st.floats())
def test_short_numbers_are_close_and_look_like_floats(x: float) -> None:
    text = short(x)
    assert len(text) <= 13
    assert any(c in text for c in ".en")
    if math.isfinite(x):
        assert float(text) == pytest.approx(x, rel=1e-5)


def test_a_node_tells_how_it_was_made() -> None:
    x, y = Value(3.0), Value(4.0)
    v = x * y
    assert (v.op, v.operands, v.partials) == ("multiply", (x, y), (4.0, 3.0))
    assert (x.op, x.operands, x.partials) == ("", (), ())
    assert [c.data for c in (x + 1).operands] == [3.0, 1.0]
    assert (x**2).partials == (6.0, 0.0)


@pytest.mark.parametrize("name", METHODS)
def test_a_method_records_its_rule(name: str) -> None:
    v = getattr(Value(0.5), name)()
    assert v.op == name
    assert len(v.partials) == len(v.operands) >= 1


@given(st.floats(), st.floats())
def test_arithmetic_is_that_of_floats(x: float, y: float) -> None:
    def same(v: Value, z: float) -> bool:
        return v.data == z or (v.data != v.data and z != z)

    assert same(Value(x) + y, x + y)
    assert same(x - Value(y), x - y)
    assert same(Value(x) * Value(y), x * y)
    assert same(-Value(x), -x)
    assert same(+Value(x), x)
    assert same(abs(Value(x)), abs(x))
    if y != 0.0:
        assert same(x / Value(y), x / y)


# ── what may become a value ──


@pytest.mark.parametrize(
    "number", [2, True, 2.0, np.float64(2), np.float32(2), np.float16(2), np.int8(2), np.uint64(2)]
)
def test_real_numbers_are_welcome(number: Any) -> None:
    x = Value(3.0)
    for v in (Value(number), x + number, number + x, number * x, x**number, number / x):
        assert isinstance(v, Value)
        assert type(v.data) is float
    assert (number - x).data == float(number) - 3.0


@pytest.mark.parametrize(
    ("thing", "remedy"),
    [
        ("2", "float()"),
        (None, "forget to return"),
        (2j, ".real"),
        ([1.0], "elements"),
        (np.array([1.0, 2.0]), "elements"),
        (np.array([True, False]), "elements"),
        (np.array(2.0), ".item()"),
        (np.bool_(True), ".item()"),
        (Decimal(2), "float()"),
        (Fraction(1, 2), "float()"),
        (object(), "give a number"),
    ],
)
def test_anything_else_is_a_type_error_with_a_remedy(thing: Any, remedy: str) -> None:
    x = Value(3.0)
    attempts: list[Callable[[], object]] = [lambda: Value(thing), lambda: x < thing, lambda: setattr(x, "data", thing)]
    for f in BINARY:
        attempts.append(lambda f=f: f(x, thing))  # type: ignore[misc]
        if not isinstance(thing, Fraction):  # which makes a float of itself as a base
            attempts.append(lambda f=f: f(thing, x))  # type: ignore[misc]
    for attempt in attempts:
        with pytest.raises(TypeError) as error:
            attempt()
        assert type(thing).__name__ in str(error.value)
        assert remedy in str(error.value)
    assert x.data == 3.0


def test_an_error_names_the_operation() -> None:
    with pytest.raises(TypeError, match=r"^multiply takes"):
        Value(1.0) * "a"
    with pytest.raises(TypeError, match=r"^Value takes .*v\.detach"):
        Value(Value(1.0))
    with pytest.raises(OverflowError, match=r"^add: an int of 1329 bits"):
        Value(1.0) + 10**400
    with pytest.raises(TypeError, match="str, not int"):
        Value(1.0, label=3)  # type: ignore[arg-type]


def test_a_long_thing_is_shown_short() -> None:
    with pytest.raises(TypeError) as error:
        Value("a" * 10_000)
    assert len(str(error.value)) < 300


def test_data_and_grad_are_floats_whatever_is_assigned() -> None:
    x = Value(1)
    x.data, x.grad = 3, np.float32(0.5)
    assert (type(x.data), type(x.grad)) == (float, float)


# ── identity and order ──


def test_equality_and_hash_go_by_identity() -> None:
    x, y = Value(1.0), Value(1.0)
    assert x != y
    assert x == x
    assert len({x, y, x}) == 2


@given(st.floats(), st.floats())
def test_comparisons_go_by_data(x: float, y: float) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        assert compare(Value(x), Value(y)) == compare(Value(x), y) == compare(x, Value(y)) == compare(x, y)


def test_truth_and_float_are_refused() -> None:
    with pytest.raises(TypeError, match="neither true nor false"):
        bool(Value(1.0))
    with pytest.raises(TypeError, match=r"take v\.data, or v\.exp\(\)"):
        math.exp(Value(1.0))


def test_the_greatest_of_values_is_one_of_them() -> None:
    xs = [Value(1.0), Value(3.0), Value(2.0)]
    assert max(xs) is xs[1]
    assert [v.data for v in sorted(xs)] == [1.0, 2.0, 3.0]


# ── changing data ──


def test_changing_data_does_not_corrupt_a_gradient() -> None:
    x, y = Value(3.0), Value(4.0)
    z = x * y
    x.data = 100.0
    z.backward()
    assert (x.grad, y.grad) == (4.0, 3.0)


# ── blocks ──


def test_strict_names_the_operation_operands_and_labels() -> None:
    x, y = Value(1.0, label="a"), Value(0.0, label="b")
    with strict():
        with pytest.raises(FloatingPointError, match=r"^divide\(a = 1\.0, b = 0\.0\) is inf; .*leave strict"):
            x / y
        with pytest.raises(FloatingPointError, match=r"… 100 operands\)"):
            autograd.total([1e308] * 100)
        assert (x * math.inf).data == math.inf, "an infinite operand is not born here"
    assert (x / y).data == math.inf


def test_strict_refuses_a_sweep_through_an_infinite_derivative() -> None:
    x = Value(0.0, label="x")
    x.grad = 5.0
    with strict():
        root = x.sqrt() * x
        with pytest.raises(FloatingPointError, match=r"the derivative of sqrt\(x = 0\.0\) by x is inf"):
            root.backward()
        assert x.grad == 5.0
        (x.relu() + x**2).backward()
    assert x.grad == 5.0


def test_blocks_belong_to_their_thread() -> None:
    inside, done = threading.Event(), threading.Event()
    found: list[str] = []
    block = no_grad()

    def elsewhere() -> None:
        inside.wait()
        found.append((Value(1.0) * 2).op)
        with block:  # the same block, in another thread
            found.append((Value(1.0) * 2).op)
        found.append((Value(1.0) * 2).op)
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with block:
        inside.set()
        done.wait()
        assert (Value(1.0) * 2).op == ""
    thread.join()
    assert found == ["multiply", "", "multiply"]
    assert MODES.active == 0


def test_blocks_nest_and_end_with_errors() -> None:
    x = Value(0.0)
    with strict(), pytest.raises(FloatingPointError), strict(), strict():
        x.log()
    assert x.log().data == -math.inf
    assert MODES.active == 0


def test_nothing_is_recorded_under_no_grad() -> None:
    x = Value(2.0)
    with no_grad():
        y = (x * x).exp() + autograd.total([x, x])
    assert (y.op, y.operands) == ("", ())
    y.backward()
    y.backward()
    assert (x.grad, y.grad) == (0.0, 2.0), "y is a leaf like any other"
    with no_grad(), pytest.raises(RuntimeError, match="leave no_grad"):
        autograd.grad(lambda v: v * v)(2.0)


def test_no_gradient_passes_a_detached_node() -> None:
    x = Value(2.0)
    y = x.detach()
    assert (y.op, y.operands, y.partials, y.data) == ("detach", (x,), (0.0,), 2.0)
    (y * x).backward()
    assert x.grad == 2.0
    x.grad = 0.0
    (y * math.inf).backward()
    assert x.grad == 0.0, "not even 0·inf"


# ── copies ──


def graph() -> list[Value]:
    x = Value(0.5, label="x")
    y = (x * 2 + 1).tanh()
    z = autograd.total([x, y, y]) * y.detach() ** 2
    y.grad = 7.0
    return [z, y, x]


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, *[lambda v, p=p: pickle.loads(pickle.dumps(v, p)) for p in range(2, 6)]]
)
def test_a_copy_is_an_equal_graph_of_its_own(duplicate: Callable[[Any], Any]) -> None:
    originals = graph()
    copies = duplicate(originals)
    theirs, ours = (topological_order(g[0]) for g in (copies, originals))
    assert [(v.data, v.grad, v.label, v.op, v.partials) for v in theirs] == [
        (v.data, v.grad, v.label, v.op, v.partials) for v in ours
    ]
    assert not {id(v) for v in theirs} & {id(v) for v in ours}
    assert copies[1] in theirs, "nodes that were shared are shared again"
    assert copies[2] in theirs
    copies[0].backward()
    originals[0].backward()
    assert copies[2].grad == originals[2].grad != 0.0


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_constants_stay_constants_and_subclasses_keep_what_they_add(duplicate: Callable[[Any], Any]) -> None:
    power = duplicate(Value(2.0) ** 3)
    assert is_constant(power.operands[1])
    named = Named(2.0)
    named.history = [1.0]
    twin = duplicate(named)
    assert (type(twin), twin.history, twin.data) == (Named, [1.0], 2.0)


class Named(Value):
    """A Value with something of its own."""

    history: list[float]


def test_a_shallow_copy_shares_operands() -> None:
    z = graph()[0]
    twin = copy.copy(z)
    assert twin is not z
    assert twin.operands == z.operands
    assert pickle.loads(pickle.dumps(z.operands[0])).data == z.operands[0].data


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda v: pickle.loads(pickle.dumps(v))])
def test_long_chains_are_copied(duplicate: Callable[[Any], Any]) -> None:
    x = Value(1.0)
    chain = [x]
    for _ in range(100_000):
        chain.append(chain[-1] + 1)
    # Listing the middle first leaves nodes behind that the end lists again.
    middle, end = duplicate([chain[50_000], chain[-1]])
    end.backward()
    assert (end.data, end.operands[1].data, middle.grad) == (100_001.0, 1.0, 1.0)
    again = duplicate(chain[99_000])
    assert again.data == 99_001.0
