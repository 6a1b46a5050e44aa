"""Where a nan or an infinity arises, and that the remedy is finite, and the same where both are."""

import math
from collections.abc import Callable
from itertools import pairwise, product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import (
    Tape,
    Value,
    autopsy,
    dot,
    hypot,
    logsumexp,
    maximum,
    norm,
    operation,
    softmax,
    topological_order,
    total,
)
from autograd.show.patterns import MOST_NODES, Finder
from autograd.show.pictures.palette import PALETTE
from autograd.wording import WIDTH

LOOKS = 60
"""At patterns, for each node: a node is compared with the rows of the table, and a term with those for long sums."""

REWRITTEN = 1e-9
"""Relative to the number, near 1: a formula by hand and its stable form lose some digits each."""

CANCELLED = 1e-12
"""What is left of a result near 0 that a formula by hand gets by subtracting from 1."""


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
    (lambda x, y: x.exp() / (x.exp() + y.exp()), "exp(xs[k])/Σ exp(xs), write softmax(xs)[k]"),
    (lambda x, y: (x.exp() / (x.exp() + y.exp())).log(), "log_softmax(xs)[k]"),
    (lambda x, y: (x.exp() / (1 + x.exp())).log(), "log(exp(x)/(1 + exp(x))), write x.logsigmoid()"),
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


def softmax_by_hand(xs: list[Value], k: int) -> Value:
    exps = [x.exp() for x in xs]
    return exps[k] / sum(exps)


def shifted_softmax_by_hand(xs: list[Value], k: int) -> Value:
    exps = [(x - max(x.data for x in xs)).exp() for x in xs]
    return exps[k] / sum(exps)


E = math.e
OTHERS = [Value(-3.0, label="y"), Value(2.0, label="z")]
BY_HAND: list[tuple[float, str, Callable[[Value], Value]]] = [
    (800.0, "x.tanh()", lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
    (-800.0, "x.tanh()", lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp())),
    (800.0, "x.tanh()", lambda x: (x.exp() - 1 / x.exp()) / (x.exp() + 1 / x.exp())),
    (800.0, "x.tanh()", lambda x: (E**x - E**-x) / (E**x + E**-x)),
    (800.0, "x.tanh()", lambda x: (x.exp() + -(-x).exp()) * (x.exp() + (-x).exp()) ** -1),
    (800.0, "x.tanh()", lambda x: ((2 * x).exp() - 1) / ((2 * x).exp() + 1)),
    (800.0, "x.tanh()", lambda x: (x.exp() ** 2 - 1) / (x.exp() ** 2 + 1)),
    (-800.0, "x.tanh()", lambda x: (1 - (-2 * x).exp()) / (1 + (-2 * x).exp())),
    (800.0, "(x/2).tanh()", lambda x: (x.exp() - 1) / (x.exp() + 1)),
    (800.0, "(-x/2).tanh()", lambda x: (1 - x.exp()) / (1 + x.exp())),
    (-800.0, "x.sigmoid()", lambda x: 1 / (1 + (-x).exp())),
    (-800.0, "x.sigmoid()", lambda x: 1 / (1 + E**-x)),
    (-800.0, "x.sigmoid()", lambda x: (1 + (-1 * x).exp()) ** -1),
    (-800.0, "x.sigmoid()", lambda x: ((-x).exp() + 1).reciprocal()),
    (800.0, "(-x).sigmoid()", lambda x: 1 / (1 + x.exp())),
    (-800.0, "x.silu()", lambda x: x / (1 + (-x).exp())),
    (-800.0, "x.logsigmoid()", lambda x: (1 / (1 + (-x).exp())).log()),
    (800.0, "(-x).logsigmoid()", lambda x: (1 - 1 / (1 + (-x).exp())).log()),
    (800.0, "x.softplus()", lambda x: (x.exp() + 1).log()),
    (800.0, "logsumexp(xs)", lambda x: sum(v.exp() for v in [x, *OTHERS]).log()),  # type: ignore[union-attr]
    (800.0, "softmax(xs)[k]", lambda x: softmax_by_hand([x, *OTHERS], 0)),
    (800.0, "softmax(xs)[k]", lambda x: softmax_by_hand([x, *OTHERS], 1)),
    (800.0, "softmax(xs)[k]", lambda x: softmax_by_hand([OTHERS[0] * k for k in range(30)] + [x], 3)),
    (800.0, "log_softmax(xs)[k]", lambda x: softmax_by_hand([x, *OTHERS], 1).log()),
    (800.0, "log_softmax(xs)[k]", lambda x: shifted_softmax_by_hand([x, *OTHERS], 1).log()),
    (800.0, "log_softmax(xs)[k]", lambda x: -softmax([x, *OTHERS])[1].log() * 0.5 + 1),
    (1e200, "hypot(x, y)", lambda x: (x * x + OTHERS[0] ** 2).sqrt()),
    (0.0, "abs(x)", lambda x: (x * x) ** 0.5),
    (1e200, "norm(xs)", lambda x: sum(v * v for v in [x, *OTHERS]).sqrt()),  # type: ignore[union-attr]
    (1e200, "norm(xs)", lambda x: dot([x, *OTHERS], [x, *OTHERS]).sqrt()),
    (1e200, "norm(xs)", lambda x: dot([x * 1, *OTHERS], [x * 1, *OTHERS]).sqrt()),
    (800.0, "(x - y).exp()", lambda x: x.exp() / OTHERS[0].exp()),
    (800.0, "(x + y).exp()", lambda x: x.exp() * OTHERS[0].exp()),
    (800.0, "write x.", lambda x: x.exp().log()),
]


@pytest.mark.parametrize(("x", "remedy", "f"), BY_HAND)
def test_what_is_written_by_hand_has_a_stable_operation(x: float, remedy: str, f: Callable[[Value], Value]) -> None:
    found = autopsy(f(Value(x, label="x")))
    assert found.where != "nowhere"
    assert remedy in found.remedy
    assert "1e-12" not in found.remedy


@given(st.floats(-4.0, 4.0))
def test_a_stable_operation_gives_the_number_of_the_form_by_hand(a: float) -> None:
    stable: dict[str, Callable[[Value], Value]] = {
        "x.tanh()": Value.tanh,
        "(x/2).tanh()": lambda x: (x / 2).tanh(),
        "(-x/2).tanh()": lambda x: (-x / 2).tanh(),
        "x.sigmoid()": Value.sigmoid,
        "(-x).sigmoid()": lambda x: (-x).sigmoid(),
        "x.silu()": Value.silu,
        "x.logsigmoid()": Value.logsigmoid,
        "(-x).logsigmoid()": lambda x: (-x).logsigmoid(),
        "x.softplus()": Value.softplus,
        "(x - y).exp()": lambda x: (x - OTHERS[0]).exp(),
        "(x + y).exp()": lambda x: (x + OTHERS[0]).exp(),
        "hypot(x, y)": lambda x: hypot(x, OTHERS[0]),
        "norm(xs)": lambda x: norm([x, *OTHERS]),
        "logsumexp(xs)": lambda x: logsumexp([x, *OTHERS]),
    }
    for _, remedy, by_hand in BY_HAND:
        if remedy in stable:
            found, wanted = by_hand(Value(a)).data, stable[remedy](Value(a)).data
            assert found == pytest.approx(wanted, rel=REWRITTEN, abs=CANCELLED), remedy


MINUS: list[Callable[[Value], Value]] = [lambda x: -x, lambda x: -1 * x, lambda x: x * -1, lambda x: 0 - x]
TWICE: list[Callable[[Value], Value]] = [lambda x: 2 * x, lambda x: x * 2, lambda x: x + x]
TWICE_MINUS: list[Callable[[Value], Value]] = [
    *(lambda x, f=f, g=g: f(g(x)) for f, g in [*product(MINUS, TWICE), *product(TWICE, MINUS)]),
    *(lambda x: -2 * x, lambda x: x * -2),
]


@pytest.mark.parametrize(
    ("ways", "f", "x", "remedy"),
    [
        (MINUS, lambda v: 1 / (1 + v.exp()), -800.0, "write x.sigmoid()."),
        (TWICE, lambda v: (v.exp() - 1) / (v.exp() + 1), 800.0, "write x.tanh()."),
        (TWICE_MINUS, lambda v: (1 - v.exp()) / (1 + v.exp()), -800.0, "write x.tanh()."),
    ],
)
def test_every_way_to_write_a_multiple_is_known(
    ways: list[Callable[[Value], Value]], f: Callable[[Value], Value], x: float, remedy: str
) -> None:
    for way in ways:
        assert autopsy(f(way(Value(x, label="x")))).remedy.endswith(remedy)


@pytest.mark.parametrize(
    "f",
    [
        lambda v: 1 / (1 + v.exp()),
        lambda v: (v.exp() - 1) / (v.exp() + 1),
        lambda v: (1 - v.exp()) / (1 + v.exp()),
    ],
)
@pytest.mark.parametrize("way", [lambda x, k: x * k, lambda x, k: k * x, lambda x, k: k - x, lambda x, k: k / x])
def test_a_remedy_for_any_multiple_is_the_same_number(
    f: Callable[[Value], Value], way: Callable[[Value, float], Value]
) -> None:
    def graph(a: float, k: float) -> dict[str, Value]:
        x = Value(a, label="x")
        multiple = way(x, k)
        multiple.label = "m"
        return {"x": x, "m": multiple, "root": f(multiple)}

    for k in (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0):
        for huge in (800.0, -800.0, 1e-3, -1e-3):
            _, _, better = autopsy(graph(huge, k)["root"]).remedy.removesuffix(".").partition("write ")
            nodes = graph(0.75, k)
            if better:
                assert eval(better, dict(nodes)).data == pytest.approx(nodes["root"].data, rel=REWRITTEN, abs=0.0), (
                    better
                )


def test_a_label_of_several_words_is_held_together() -> None:
    assert autopsy((1 + Value(800.0, label="a + b").exp()).log()).remedy.endswith("write (a + b).softplus().")


# ── the first infinity, and the first nan ──


def test_an_infinity_and_the_nan_that_it_leads_to_are_both_told() -> None:
    a, b = Value(0.0, label="a"), Value(1000.0, label="b")
    root = a * b.exp() + 1
    found = autopsy(root)
    assert repr(found).splitlines() == [
        "The first node that isn't finite is v1.",
        "  v1 = exp(b) = exp(1000) = inf",
        "  exp is beyond the largest float above 709.78",
        "  on its way to the root: v1 → v2 → v3",
        "It leads to the first nan, v2.",
        "  v2 = a·v1 = 0·inf = nan",
        "  0·inf is no number",
    ]
    assert found.node is not None
    assert found.nan is not None
    assert (found.node.op, found.nan.op, found.path[1]) == ("exp", "multiply", found.nan)
    assert autopsy(b.exp()).nan is None
    assert autopsy(Value(-1.0).log()).nan is None


def test_a_nan_with_another_cause_is_told_as_such() -> None:
    found = autopsy(Value(800.0, label="b").exp() + Value(-1.0, label="c").log())
    assert repr(found).splitlines()[4:] == [
        "The first nan is v2.",
        "  v2 = log(c) = log(-1) = nan",
        "  log of a negative number is no real number",
    ]


def test_of_gradients_too() -> None:
    x = Value(0.0, label="x")
    found = autopsy((x * x).sqrt() + 1)
    assert repr(found).splitlines() == [
        "v3 is finite. The first gradient that isn't finite is that of v1, with the",
        "    contribution of v2.",
        "  ∂v3/∂v1 += ∂v3/∂v2 · ∂v2/∂v1 = 1 · inf = inf   (0.5/v2)",
        "  the local derivative of sqrt is inf there",
        "  on its way to the root: v2 → v3",
        "It leads to the first nan, the gradient of x, with the contribution of v1.",
        "  ∂v3/∂x += ∂v3/∂v1 · ∂v1/∂x = inf · 0 = nan   (x)",
        "  0·inf is no number",
        "Instead of √(x²), write abs(x).",
    ]
    assert found.operand is not None
    assert (found.operand.op, found.nan) == ("multiply", x)
    assert "the local derivative of sqrt is inf there, and 0·inf is no number" in repr(autopsy(x.sqrt() * 0))
    both = Value(2.0).sqrt() + (x * 1).sqrt() * 0 + (Value(0.0) * 1).sqrt() * 2
    assert "The first nan is the gradient of " in repr(autopsy(both))
    r = (x + 0).sqrt() - (x + 0).sqrt()
    assert "-inf + inf = nan" in repr(autopsy(r))
    assert "inf - inf is no number" in repr(autopsy(r))


HOSTILE = [0.0, -0.0, 1.0, -1.0, 800.0, -800.0, 1e200, 1e-200, math.inf, -math.inf, math.nan]


@given(st.lists(st.sampled_from(HOSTILE), min_size=2, max_size=4), st.data())
def test_the_first_of_each_kind_is_found_in_any_graph(numbers: list[float], data: st.DataObject) -> None:
    nodes = [Value(x) for x in numbers]
    for _ in range(data.draw(st.integers(1, 8))):
        x, y = data.draw(st.sampled_from(nodes)), data.draw(st.sampled_from(nodes))
        f = data.draw(st.sampled_from([lambda x, y: x + y, lambda x, y: x * y, lambda x, y: x - y, lambda x, y: x / y]))
        nodes.append(data.draw(st.sampled_from([f(x, y), x.exp(), x.log(), x.sqrt(), maximum(x, y), x.sin()])))
    root = nodes[-1]
    found = autopsy(root)
    if found.where != "value":
        return
    spoilt = [v for v in topological_order(root) if not math.isfinite(v.data)]
    assert found.node in spoilt
    assert all(not math.isfinite(v.data) for v in found.path)
    assert (found.path[0], found.path[-1]) == (found.node, root)
    assert all(x in y.operands for x, y in pairwise(found.path))
    if found.nan is not None:
        assert found.node is not None
        assert math.isinf(found.node.data)
        assert math.isnan(found.nan.data)
        assert not any(math.isnan(v.data) for v in found.nan.operands)
        assert ("It leads to the first nan" in repr(found)) == (found.nan in found.path)
    else:
        assert math.isnan(root.data) <= math.isnan(found.path[0].data)
    assert max(map(len, repr(found).splitlines())) <= WIDTH


@pytest.mark.parametrize("further", [0, 60])
def test_the_picture_has_the_names_of_the_text(further: int) -> None:
    root = x_and_y()[0].exp() + 1
    for _ in range(further):
        root = root * 1.5 + 1
    found = autopsy(root)
    assert repr(found).splitlines()[0] == "The first node that isn't finite is v1."
    dot = found.draw().dot
    for name in ("v1", "v2", "x"):
        assert f"<B>{name}</B>" in dot
    assert dot.count(PALETTE["lit"].light) == 1
    assert ("6 of 244 nodes shown, nearest to v3; draw(root, max_nodes=" in dot) == bool(further)


@pytest.mark.parametrize(("further", "centre"), [(0, 53), (1, 54), (2, 55), (3, 55)])
def test_the_picture_begins_two_operations_above_what_is_blamed(further: int, centre: int) -> None:
    v = Value(0.0)
    for _ in range(50):
        v = v.tanh()
    root = (v + 800).exp()
    for _ in range(further):
        root = -root
    assert f"30 of {54 + further} nodes shown, nearest to v{centre}; draw(root, max_nodes=" in autopsy(root).draw().dot


def test_a_root_that_is_not_finite_itself_needs_no_way() -> None:
    assert repr(autopsy(Value(-1.0, label="x").log())).splitlines() == [
        "The first node that isn't finite is v1.",
        "  v1 = log(x) = log(-1) = nan",
        "  log of a negative number is no real number",
    ]


def test_a_leaf_that_was_changed_is_not_blamed() -> None:
    x = Value(800.0, label="x")
    y = x.exp()
    x.data = math.nan
    with pytest.raises(ValueError, match="changed after exp was recorded"):
        autopsy(y)


def test_an_autopsy_is_what_it_found_however_it_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    x = Value(800.0, label="x")
    root = (1 + x.exp()).log()
    found = autopsy(root)
    monkeypatch.setenv("COLUMNS", "30")
    narrow = autopsy(root)
    assert repr(found) != repr(narrow)
    assert found == narrow
    with pytest.raises(AttributeError):
        found.remedy = ""  # type: ignore[misc]


def test_a_remedy_stands_on_one_line_where_it_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    root = (1 + Value(800.0, label="growth").exp()).log()
    remedy = "Instead of log(1 + exp(growth)), write growth.softplus()."
    for columns in (len(remedy), len(remedy) + 1):
        monkeypatch.setenv("COLUMNS", str(columns + 1))
        assert autopsy(root).remedy == remedy
        assert repr(autopsy(root)).endswith(f"\n{remedy}")
    monkeypatch.setenv("COLUMNS", str(len(remedy)))
    assert autopsy(root).remedy == remedy
    assert repr(autopsy(root)).endswith("\nInstead of log(1 + exp(growth)),\n  write growth.softplus().")


def test_a_formula_is_looked_for_three_operations_above() -> None:
    found = autopsy((1 - 1 / (1 + (-Value(-800.0, label="x")).exp())).log())
    assert (found.where, found.remedy) == ("gradient", "Instead of log(1 - 1/(1 + exp(-x))), write (-x).logsigmoid().")


def test_of_two_thousand_users_each_may_have_the_formula() -> None:
    x = Value(800.0, label="x").exp()
    for users, remedy in ((1999, "Instead of log(exp(x)), write x."), (2000, "")):
        root = total([x.log(), *(x.tanh() for _ in range(users))])
        assert autopsy(root).remedy == remedy


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
        assert unstable.data == pytest.approx(stable.data, rel=REWRITTEN, abs=CANCELLED)


def test_values_come_before_gradients_and_the_first_is_found() -> None:
    x = Value(0.0, label="x")
    found = autopsy((1 / x).sin() * 2)
    assert (found.where, found.reason) == ("value", "a division by 0")
    assert [v.op for v in found.path] == ["divide", "sin", "multiply"]
    assert repr(found).splitlines()[0] == "The first node that isn't finite is v1."
    found = autopsy(x.sqrt() * 3 + 1)
    assert (found.where, found.operand) == ("gradient", x)
    assert repr(found).splitlines() == [
        "v3 is finite. The first gradient that isn't finite is that of x, with the",
        "    contribution of v1.",
        "  ∂v3/∂x += ∂v3/∂v1 · ∂v1/∂x = 3 · inf = inf   (0.5/v1)",
        "  the local derivative of sqrt is inf there",
        "  on its way to the root: v1 → v2 → v3",
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


def test_a_row_fits_equal_nodes_and_one_shift() -> None:
    x, y = x_and_y()
    assert autopsy((x * 1.5).exp() / (1 + (x * 1.5).exp())).remedy.endswith(".sigmoid().")
    huge = x * 1e200
    assert autopsy(dot([huge], [huge]).sqrt()).remedy.endswith("write norm(xs).")
    exps = [(x - 1.0).exp(), (y - 1.0).exp()]
    assert autopsy((exps[0] / total(exps)).log()).remedy.startswith("Instead of log(softmax(xs)[k]),")
    exps = [(x - 1.0).exp(), (y - 2.0).exp()]
    assert autopsy((exps[0] / total(exps)).log()).remedy.startswith("Instead of log(exp(xs[k])/Σ exp(xs)),")


def test_a_formula_above_the_blamed_node_is_no_remedy() -> None:
    remedy = autopsy((1 + Value(0.0, label="x").sqrt().exp()).log()).remedy
    assert remedy == "Instead of sqrt(x) at 0, write (x + 1e-12).sqrt(), if 0 may come."
    row = [Value(math.inf), Value(1.0)]
    found = autopsy(1 / dot(row, row).sqrt())
    assert (found.where, found.remedy) == ("gradient", "")


def test_long_and_shared_sums_are_looked_through_at_once() -> None:
    z = Value(0.5).exp()
    for _ in range(3000):
        z = z + Value(1.0).exp()
    assert autopsy((z + Value(800.0).exp()).log()).where == "value"
    z = Value(0.5).exp()
    for _ in range(60):
        z = z + z
    assert autopsy((z + Value(800.0).exp()).log()).where == "value"


def quotients(count: int) -> Value:
    """A softmax by hand in which one term is no exponential, so that no row of the table fits."""
    terms = [Value(800.0).exp(), *(Value(1.0 / i).exp() for i in range(1, count)), Value(2.0)]
    divisor = total(terms)
    return total([term / divisor for term in terms])


def logs_of_sums(count: int) -> Value:
    """The logs of all sums that come up while terms are added one by one."""
    sums = [Value(2.0)]
    for term in [Value(800.0).exp(), *(Value(1.0 / i).exp() for i in range(1, count))]:
        sums.append(sums[-1] + term)
    return total([one.log() for one in sums])


def users_of_one(count: int) -> Value:
    x = Value(800.0).exp()
    return total([x / (x + i) for i in range(count)])


@pytest.mark.parametrize("f", [quotients, logs_of_sums, users_of_one])
def test_remedies_are_looked_for_in_linear_time(f: Callable[[int], Value], monkeypatch: pytest.MonkeyPatch) -> None:
    looks = [0]
    matches, added, identity = Finder.matches, Finder._added, Finder._identity

    def counted(finder: Finder, *given: Any) -> Any:
        looks[0] += 1
        return matches(finder, *given)

    def added_up(finder: Finder, place: int) -> list[int]:
        terms = added(finder, place)
        looks[0] += len(terms)
        return terms

    def identified(finder: Finder, place: int) -> Any:
        looks[0] += 1
        return identity(finder, place)

    monkeypatch.setattr(Finder, "matches", counted)
    monkeypatch.setattr(Finder, "_added", added_up)
    monkeypatch.setattr(Finder, "_identity", identified)
    root = f(600)
    assert autopsy(root).where == "value"
    assert looks[0] <= LOOKS * len(topological_order(root))
    if f is users_of_one:
        before = looks[0]
        autopsy(f(6000))
        assert looks[0] <= 3 * before, "no more than so many users are looked at"


def test_the_terms_of_a_sum_are_found_once() -> None:
    root = total([Value(1.0) for _ in range(MOST_NODES - 1)])
    finder = Finder(Tape(root))
    for _ in range(20):
        assert len(finder._terms_of(MOST_NODES - 1)) == MOST_NODES - 1


def test_a_sum_as_long_as_is_searched_has_a_remedy() -> None:
    x = Value(800.0, label="x").exp()
    others = [Value(1.0).exp() for _ in range(MOST_NODES)]
    assert autopsy(total([x, *others[: MOST_NODES - 2]]).log()).remedy.endswith("write logsumexp(xs).")
    assert autopsy(total([x, *others[: MOST_NODES - 1]]).log()).remedy == ""


def test_a_sum_is_searched_after_longer_ones() -> None:
    """The terms of sums that are too long don't count among those that are searched in all."""
    s = total([Value(800.0, label="x").exp(), Value(1.0).exp()])
    long = total([s.log(), *(Value(1.0) for _ in range(MOST_NODES))])
    found = autopsy(total([(long + i).log() for i in range(20)]))
    assert found.remedy.endswith("write logsumexp(xs).")


def test_an_infinite_divisor_is_no_obstacle() -> None:
    x = Value(800.0, label="x")
    assert "softmax(xs)[k]" in autopsy(x.exp() * (1 / (x.exp() + Value(1.0).exp()))).remedy


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
