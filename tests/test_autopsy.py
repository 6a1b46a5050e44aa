"""Where a nan or an infinity arises, and that the remedy is finite, and the same where both are."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, autopsy, hypot, logsumexp, maximum, norm, operation, softmax, total
from autograd.wording import WIDTH


def x_and_y() -> tuple[Value, Value]:
    return Value(800.0, label="x"), Value(-1.0, label="y")


X, Y = x_and_y()
CASES: list[tuple[Callable[[Value, Value], Value], str]] = [
    (lambda x, y: softmax([y * 800, x])[0].log(), "log_softmax(xs)[k]"),
    (lambda x, y: (y * x).sigmoid().log() + (-x).exp().log(), ""),
    (lambda x, y: (1 - x.sigmoid()).log(), "(-x).logsigmoid()"),
    (lambda x, y: (1 + x.exp()).log(), "x.softplus()"),
    (lambda x, y: x.exp().log1p(), "x.softplus()"),
    (lambda x, y: x.exp() / (1 + x.exp()), "x.sigmoid()"),
    (lambda x, y: 1 / (1 + x.exp()), "(-x).sigmoid()"),
    (lambda x, y: x.exp() / (x.exp() + y.exp()), "exp(x)/Σ exp(xs), write softmax(xs)[k]"),
    (lambda x, y: (x.exp() / (x.exp() + y.exp())).log(), "log_softmax(xs)[k]"),
    (lambda x, y: (x.exp() / (1 + x.exp())).log(), "exp(x)/(1 + exp(x)), write x.sigmoid()"),
    (lambda x, y: 1 / ((-y * 800).exp() + 1), "1/(1 + exp("),
    (lambda x, y: total([x.exp(), y.exp(), y.exp()]).log(), "logsumexp(xs)"),
    (lambda x, y: total([x.exp()] * 1000).log(), "logsumexp(xs)"),
    (lambda x, y: ((x * 1e200) ** 2 + y * y).sqrt(), "hypot("),
    (lambda x, y: total([(x * 1e200) ** 2, y * y, x.square()]).sqrt(), "norm(xs)"),
    (lambda x, y: ((x * 0) ** 2).sqrt(), "abs("),
    (lambda x, y: (x * 0).sqrt(), "+ 1e-12).sqrt()"),
]


@pytest.mark.parametrize(("f", "remedy"), CASES)
def test_the_well_known_cases_have_a_remedy(f: Callable[[Value, Value], Value], remedy: str) -> None:
    found = autopsy(f(*x_and_y()))
    assert found.where != "nowhere"
    assert remedy in found.remedy
    assert max(map(len, repr(found).splitlines())) <= WIDTH
    assert "digraph" in found.draw().dot


@pytest.mark.parametrize("further", [0, 60])
def test_the_picture_has_the_names_of_the_text(further: int) -> None:
    root = x_and_y()[0].exp() + 1
    for _ in range(further):
        root = root * 1.5 + 1
    found = autopsy(root)
    assert repr(found).splitlines()[0] == "The first node that isn't finite is v1."
    dot = found.draw().dot
    for name in ("v1", "v3", "x"):
        assert f"<B>{name}</B>" in dot
    assert dot.count("#dc2626") == 1
    assert ("of 244 nodes shown, nearest to v5; draw(root, max_nodes=" in dot) == bool(further)


@given(st.floats(-5.0, 5.0), st.floats(-5.0, 5.0))
def test_what_is_advised_is_the_same_number(a: float, b: float) -> None:
    x, y = Value(a), Value(b)
    pairs = [
        ((1 - x.sigmoid()).log(), (-x).logsigmoid()),
        ((1 + x.exp()).log(), x.softplus()),
        (x.exp() / (1 + x.exp()), x.sigmoid()),
        (1 / (1 + x.exp()), (-x).sigmoid()),
        (x.exp() / (x.exp() + y.exp()), softmax([x, y])[0]),
        (total([x.exp(), y.exp()]).log(), logsumexp([x, y])),
        ((x * x + y * y).sqrt(), hypot(x, y)),
        ((x * x + y * y).sqrt(), norm([x, y])),
    ]
    for unstable, stable in pairs:
        assert unstable.data == pytest.approx(stable.data, rel=1e-9, abs=1e-12)


def test_values_come_before_gradients_and_the_first_is_found() -> None:
    x = Value(0.0, label="x")
    found = autopsy((1 / x).sin() * 2)
    assert (found.where, found.reason) == ("value", "a division by 0")
    assert [v.op for v in found.path] == ["divide", "sin", "multiply"]
    assert repr(found).splitlines()[0] == "The first node that isn't finite is v2."
    found = autopsy(x.sqrt() * 3 + 1)
    assert (found.where, found.operand) == ("gradient", x)
    assert repr(found).splitlines() == [
        "v5 is finite. The first gradient that isn't finite is that of x, with the",
        "    contribution of v1.",
        "  ∂v5/∂x += ∂v5/∂v1 · ∂v1/∂x = 3 · inf = inf   (0.5/v1)",
        "  the local derivative of sqrt is inf there",
        "  on its way to the root: v1 → v3 → v5",
        "Instead of sqrt(x) at 0, write (x + 1e-12).sqrt(), if 0 may come.",
    ]
    found = autopsy(Value(math.nan, label="n") + 1)
    assert found.reason == "it is a leaf, and so from the start"
    huge = Value(1e200, label="q")
    assert autopsy(huge * huge).reason == "the result is beyond the largest float, 1.8e308"
    assert autopsy(((huge * 1e-200) * 1e200).detach() * x * huge).where == "gradient"


def test_of_an_own_operation_no_reason_is_invented() -> None:
    @operation(domain=(0.5, 2.0))
    def own_log(x):  # type: ignore[no-untyped-def]
        return math.log(x), 1 / x

    assert autopsy(own_log(Value(0.0))).reason == "own_log is -inf there"
    assert autopsy(own_log(Value(-1.0))).reason == "own_log isn't defined there"


def test_nothing_is_wrong_and_nothing_is_changed() -> None:
    x = Value(2.0, label="x")
    y = x.log() * x
    x.grad = 7.0
    found = autopsy(y)
    assert found.where == "nowhere"
    assert repr(found) == "v2 is finite, and so are its gradients."
    assert x.grad == 7.0
    wrong: Any = 1.0
    with pytest.raises(TypeError, match="autopsy takes a Value, not float"):
        autopsy(wrong)


def test_what_does_no_harm_is_not_blamed() -> None:
    q, u = Value(1.0, label="q"), Value(-1.0, label="u")
    found = autopsy(maximum(q, -math.inf) + u.sqrt())
    assert found.node is not None
    assert (found.where, found.node.op) == ("value", "sqrt")
    found = autopsy(1 / (1 + (-Value(-800.0)).exp()) + u.sqrt())
    assert found.node is not None
    assert (found.node.op, found.remedy) == ("sqrt", "")
    assert autopsy(maximum(q, -math.inf) * 2).where == "nowhere"
    assert autopsy(maximum(q, -math.inf) + (u + 1).sqrt()).where == "gradient"


@pytest.mark.parametrize(
    "f",
    [
        lambda x, u: x.exp() / ((x + 1).exp() + u.exp()),
        lambda x, u: (Value(1.0, label="bias") + x.exp()).log(),
        lambda x, u: (u.log() ** 2 + x**2).sqrt(),
        lambda x, u: (1 + (u**0.5).exp()).log(),
        lambda x, u: (u.log().exp() + u.exp()).log(),
        lambda x, u: ((x * 1e200) ** 2 + Value(math.inf) ** 2).sqrt(),
        lambda x, u: x.exp() + (1 / x.exp()).sqrt(),
        lambda x, u: (x.exp() + Value(1.0)).log(),
        lambda x, u: x.exp() / (1 + (x + 1).exp()),
    ],
)
def test_no_remedy_is_better_than_a_wrong_one(f: Callable[[Value, Value], Value]) -> None:
    found = autopsy(f(Value(800.0, label="x"), Value(-1.0, label="u")))
    assert found.where == "value"
    assert found.remedy == ""


def test_long_and_shared_sums_are_looked_through_at_once() -> None:
    z = Value(0.5).exp()
    for _ in range(3000):
        z = z + Value(1.0).exp()
    assert autopsy((z + Value(800.0).exp()).log()).where == "value"
    z = Value(0.5).exp()
    for _ in range(60):
        z = z + z
    assert autopsy((z + Value(800.0).exp()).log()).where == "value"


def test_reasons_of_gradients() -> None:
    x = Value(1e-200, label="x")
    assert autopsy(x * 1e200 * 1e200).reason == "the product is beyond the largest float"
    assert autopsy(x * 1e308 + x * 1e308).reason == "the sum of the contributions is beyond the largest float"
    found = autopsy((x * 0).sqrt() * 2)
    assert found.reason == "the local derivative of sqrt is inf there"
    assert found.node in found.path
    assert found.operand is found.path[0].operands[0]


def test_the_way_to_the_root_is_one_that_gradients_take() -> None:
    y = Value(0.0, label="x").sqrt()
    found = autopsy(y.detach() + ((y * 2) * 2) * 2)
    assert [v.op for v in found.path] == ["sqrt", "multiply", "multiply", "multiply", "add"]
    huge = Value(800.0).exp()
    found = autopsy(((huge * 2) * 2) * 2 + 1 / huge)
    assert [v.op for v in found.path] == ["exp", "multiply", "multiply", "multiply", "add"]


@pytest.mark.parametrize(
    ("f", "reason"),
    [
        (lambda v: v.log(), "log of a negative number"),
        (lambda v: v.sqrt(), "sqrt of a negative number"),
        (lambda v: v**0.5, "no real power"),
        (lambda v: (v + 2) ** -1, "0 to a negative power"),
        (lambda v: (v + 2).reciprocal(), "reciprocal at 0 is inf"),
        (lambda v: v.acos() * 0 + (v * 5).acos(), "acos is of numbers from -1 to 1"),
        (lambda v: (v + 2) / (v + 2), "0/0 is no number"),
        (lambda v: v.log1p(), "log1p below -1"),
        (lambda v: (v + 1).log1p(), "log1p at -1 is the log of 0"),
    ],
)
def test_reasons(f: Callable[[Value], Value], reason: str) -> None:
    assert reason in autopsy(f(Value(-2.0))).reason
