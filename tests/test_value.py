"""The behaviour of Value that its users rely on."""

import copy
import math
import operator
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, grad, topological_order
from autograd.engine.graph import is_constant

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


# ── attributes and text ──


def test_repr_is_short() -> None:
    assert repr(Value(2.0, label="w")) == "Value(data=2.0, grad=0.0, label='w')"
    assert repr(Value(1 / 3)) == "Value(data=0.333333, grad=0.0)"
    product = Value(2.0) * 3
    assert repr(product) == "Value(data=6.0)", "no gradient has been computed"
    (product * 2).backward()
    assert repr(product) == "Value(data=6.0, grad=2.0)"
    assert repr(grad(lambda x: x**3)(2.0)) == "Value(data=12.0)"


@given(st.floats(), st.sampled_from([".3f", "+.2e", "010.4g", "", ".0%", "_^12.1f"]))
def test_a_format_is_that_of_the_float(x: float, spec: str) -> None:
    v = Value(x, label="x")
    assert format(v, spec) == (format(x, spec) if spec else repr(v))


def test_a_format_is_read_as_plain_text() -> None:
    class Spec(str):
        __slots__ = ()

        def __len__(self) -> int:
            return -1

    assert format(Value(2.0), Spec(".2f")) == "2.00"
    assert format(Value(2.0), Spec("")) == repr(Value(2.0))


@given(st.floats(0.1, 10.0), st.floats(-3.0, 3.0))
def test_nobody_asks_for_the_derivative_by_a_constant_exponent(x: float, y: float) -> None:
    """It is nan for a negative base, and would make all of the graph nan."""
    exponent = (Value(1.0) + y).operands[1]
    for base in (x, -x):
        assert (Value(base) ** exponent).partials[1] == 0.0
    assert (Value(x) ** Value(y)).partials[1] == pytest.approx(x**y * math.log(x))


def test_a_node_records_how_it_was_made() -> None:
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


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
def test_a_bound_that_is_left_out_is_none(x: float, bound: float) -> None:
    v = Value(x)
    assert v.clamp(max=bound).data == min(x, bound)
    assert v.clamp(min=bound).data == max(x, bound)
    free = v.clamp()
    assert (free.data, free.partials[0]) == (x, 1.0)


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
@pytest.mark.parametrize("asked_before", [False, True])
def test_constants_stay_constants(duplicate: Callable[[Any], Any], asked_before: bool) -> None:
    for root, place in ((Value(2.0) ** 3, 1), (3 - Value(2.0), 0)):
        if asked_before:
            root.operands[place].label = "three"
        twin = duplicate(root)
        assert is_constant(twin.operands[place])
        assert twin.operands[place].data == 3.0
        assert twin.operands[place].label == ("three" if asked_before else "")
        assert twin.operands[place] is twin.operands[place]
        assert twin.partials == root.partials


def test_a_subclass_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Named can't be a subclass of Value.* keep a Value in an attribute"):
        type("Named", (Value,), {})


@pytest.mark.parametrize("name", ["data", "grad", "label"])
def test_nothing_can_be_deleted(name: str) -> None:
    x = Value(2.0, label="x")
    with pytest.raises(AttributeError, match=f"property '{name}' of 'Value' object has no deleter"):
        delattr(x, name)
    assert (x.data, x.grad, x.label) == (2.0, 0.0, "x")


def test_a_sweep_leaves_nothing_in_the_pickle_of_a_leaf() -> None:
    def pickled(swept: bool) -> bytes:
        x = Value(3.0, label="x")
        y = x * x
        if swept:
            x.grad = 5.0
            y.backward()
            x.grad = y.grad = 0.0
        return pickle.dumps(y)

    assert pickled(swept=True) == pickled(swept=False)


def test_a_failed_pickle_leaves_no_trace() -> None:
    chain = [Value(1.0)]
    for _ in range(5_000):
        chain.append(chain[-1] * 1.0)
    with pytest.raises(Exception, match="pickle"):
        pickle.dumps([chain[-1], lambda: 0])
    assert pickle.loads(pickle.dumps(chain[2_500])).data == 1.0


def test_a_label_is_a_plain_str() -> None:
    class Name(str):
        pass

    x = Value(1.0, label=Name("x"))
    assert type(x.label) is str
    x.label = Name("y")
    assert (type(x.label), x.label) == (str, "y")
    assert "np" not in repr(Value(1.0, label=np.array(["w"])[0]))

    def renamed(thing: Any) -> Any:
        return tuple(map(renamed, thing)) if isinstance(thing, tuple) else Name(thing) if type(thing) is str else thing

    twin = Value(0.0)
    twin.__setstate__(renamed(x.__reduce__()[2]))
    assert (twin.label, type(twin.label), type(twin.op)) == ("y", str, str), "of a pickle made by others"


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
    # The middle is listed first, so the copy of the end meets nodes that are already copied.
    middle, end = duplicate([chain[50_000], chain[-1]])
    end.backward()
    assert (end.data, end.operands[1].data, middle.grad) == (100_001.0, 1.0, 1.0)
    again = duplicate(chain[99_000])
    assert again.data == 99_001.0
