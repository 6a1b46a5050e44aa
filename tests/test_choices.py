"""where, clamp, sign, xlogy and atan2; and that nothing leaks from the branch that `where` does not take."""

import copy
import math
import pickle
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Stepper, Tape, Value, autopsy, draw, explain, grad_graph, no_grad, replay, strict, tree, where
from autograd.check import strategies
from autograd.check.strategies import Expression, Step
from autograd.formula.dual import Dual
from autograd.formula.interval import Interval

INF, NAN = math.inf, math.nan
ROUNDING: Final = 1e-9
"""Relative to the largest derivative: terms that cancel are added in another order."""
NUMBERS = st.floats(-3.0, 3.0)

# ── the branch that is not taken ──

WILD: Final[list[Callable[[Value], Value]]] = [
    lambda z: z,
    lambda z: (z * 0.0 - 1.0).log(),
    lambda z: 1.0 / (z - z),
    lambda z: (z * 0.0 + 1000.0).exp(),
    lambda z: z * INF,
    lambda z: z * NAN,
    lambda z: (z - z).sqrt(),
]
"""The results and the derivatives of most are inf or nan."""


class Choice(NamedTuple):
    """A program that takes one branch of a `where`, which is the first one or the second."""

    taken: Expression
    other: Expression
    wild: int
    first: bool
    by_value: bool

    @property
    def inputs(self) -> tuple[float, ...]:
        return self.taken.inputs

    def chosen(self, leaves: Sequence[Value]) -> Value:
        """With both branches, which share leaves."""
        z = self.taken(*leaves)
        other = self.not_taken(leaves)
        x: Any = leaves[0] if self.by_value else leaves[0].data
        test = x - x + 1.0 if self.first else x - x - 1.0
        return self.ending(where(test, z, other) if self.first else where(test, other, z), leaves)

    def not_taken(self, leaves: Sequence[Value]) -> Value:
        row = [leaves[i % len(leaves)] for i in range(len(self.other.inputs))]
        return WILD[self.wild](self.other(*row))

    def alone(self, leaves: Sequence[Value]) -> Value:
        """With the branch alone that is taken."""
        return self.ending(self.taken(*leaves), leaves)

    def ending(self, z: Value, leaves: Sequence[Value]) -> Value:
        return z * leaves[0] + (0.001 * z).sin()

    def both(self) -> tuple[tuple[list[Value], Value], tuple[list[Value], Value]]:
        """Leaves and root of the two programs."""
        left, right = ([Value(x, label=f"x{i}") for i, x in enumerate(self.inputs)] for _ in range(2))
        return (left, self.chosen(left)), (right, self.alone(right))


def choices(branches: st.SearchStrategy[Expression]) -> st.SearchStrategy[Choice]:
    return st.builds(Choice, branches, branches, st.integers(0, len(WILD) - 1), st.booleans(), st.booleans())


CHOICES = choices(strategies.expressions())


def place_of_choice(tape: Tape) -> int:
    """The last `where`; a branch may have others."""
    return max(place for place in range(len(tape)) if tape.operation(place) == "where")


def gradients(leaves: Sequence[Value], root: Value) -> list[str]:
    root.backward()
    return [v.grad.hex() for v in leaves]


@given(CHOICES)
def test_backward_is_that_of_the_branch_alone(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    assert chosen.data == alone.data
    assert gradients(left, chosen) == gradients(right, alone)
    assert gradients(left, chosen) == gradients(right, alone), "and once more, added to the first"


@given(CHOICES)
def test_nodes_of_the_other_branch_keep_their_gradients(choice: Choice) -> None:
    (_, chosen), (_, alone) = choice.both()
    for v in autograd.topological_order(chosen):
        v.grad = 7.0
    chosen.backward()
    untouched = [v for v in autograd.topological_order(chosen) if v.op and v.grad == 7.0]
    swept = len(Tape(alone).swept())
    operations = [v for v in autograd.topological_order(chosen) if v.op]
    assert len(operations) - len(untouched) == swept + 1, "the where itself comes to the others"


@given(CHOICES)
def test_gradients_as_nodes_are_those_of_the_branch_alone(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    ours, theirs = grad_graph(chosen, left), grad_graph(alone, right)
    assert close(ours, theirs)
    for g, h in zip(ours, theirs, strict=True):
        assert close(grad_graph(g, left), grad_graph(h, right))


def close(ours: Sequence[Value], theirs: Sequence[Value]) -> bool:
    """Whether the same terms were added, in any order."""
    most = ROUNDING * max((abs(v.data) for v in theirs), default=0.0)
    return all(abs(v.data - w.data) <= most for v, w in zip(ours, theirs, strict=True))


@given(CHOICES)
def test_the_steps_of_a_sweep_are_those_of_the_branch_alone(choice: Choice) -> None:
    (_, chosen), (_, alone) = choice.both()
    tape = Tape(chosen)
    steps = [step for step in tape.sweep() if step.place != place_of_choice(tape)]
    assert [step.amount.hex() for step in steps] == [step.amount.hex() for step in Tape(alone).sweep()]
    lines = [str(step) for step in Stepper(chosen) if step.operand]
    assert len(lines) == len(steps) + 1
    assert not [line for line in lines if "nan" in line or "inf" in line]


@given(CHOICES)
def test_copies_choose_the_same_branch(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    want = gradients(right, alone)
    for leaves, root in (copy.deepcopy((left, chosen)), pickle.loads(pickle.dumps((left, chosen)))):
        assert gradients(leaves, root) == want
        assert [v.partials for v in autograd.topological_order(root)] == [
            v.partials for v in autograd.topological_order(chosen)
        ] or any(d != d for v in autograd.topological_order(chosen) for d in v.partials)
    assert gradients(left, copy.copy(chosen)) == want


@given(CHOICES)
def test_views_show_both_branches(choice: Choice) -> None:
    (_, chosen), _ = choice.both()
    assert "where" in str(tree(chosen))
    assert "where" in draw(chosen, partials=True, max_nodes=1000).dot
    tape = Tape(chosen)
    place, taken = place_of_choice(tape), 1 if choice.first else 2
    assert tape[place].partials == tuple(float(i == taken) for i in range(3))
    assert tape.passes_on(place) == [taken]


@given(CHOICES)
def test_explanations_have_the_paths_of_the_branch_alone(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    for v, w in zip(left, right, strict=True):
        if w in Tape(alone):
            ours, theirs = explain(chosen, v, most=1000), explain(alone, w, most=1000)
            products = [[*map(Value, sorted(path.product for path in found.paths))] for found in (ours, theirs)]
            assert ours.count == theirs.count
            assert close(*products)
            assert "nan" not in str(ours)


@given(CHOICES)
def test_an_autopsy_does_not_blame_the_branch_that_is_not_taken(choice: Choice) -> None:
    (left, chosen), _ = choice.both()
    assert autopsy(chosen).where == "nowhere"
    other = choice.not_taken(left)
    culprit = (left[0] * 0.0 - 1.0).log()
    root = where(1.0, culprit, other) if choice.first else where(-1.0, other, culprit)
    assert autopsy(root + left[0]).node is culprit


@given(CHOICES)
def test_nothing_is_recorded_of_either_branch_in_no_grad(choice: Choice) -> None:
    with no_grad():
        (_, chosen), (_, alone) = choice.both()
    assert (chosen.data, chosen.operands) == (alone.data, ())


@given(CHOICES)
def test_strict_minds_the_derivatives_of_the_branch_alone(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    with strict():
        assert gradients(left, chosen) == gradients(right, alone)


def test_strict_does_not_mind_a_leaf_that_is_not_taken() -> None:
    x, y = Value(0.0), Value(1.0)
    root = where(x, y, 0.0).sqrt() + y
    with strict():
        root.backward()
        with pytest.raises(FloatingPointError, match=r"the derivative of sqrt\(0\.0\) is inf"):
            where(x, 0.0, x).sqrt().backward()
        with pytest.raises(FloatingPointError, match=r"log\(0\.0\) is -inf"):
            where(x, x.log(), 0.0)
    assert (x.grad, y.grad) == (0.0, 1.0)


POLYNOMIAL: Final = ("add", "subtract", "multiply", "negative", "square")


@st.composite
def polynomials(draw: st.DrawFn) -> Expression:
    """Expressions that every kind of numbers has."""
    inputs = tuple(draw(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=2)))
    steps: list[Step] = []
    for i in range(draw(st.integers(1, 4))):
        op = draw(st.sampled_from(POLYNOMIAL))
        count = 1 if op in ("negative", "square") else 2
        steps.append(Step(op, tuple(draw(st.integers(0, len(inputs) + i - 1)) for _ in range(count))))
    return Expression(inputs, tuple(steps))


@pytest.mark.parametrize("kind", ["fraction", "decimal", "complex", "mpmath", "dual", "interval", "sympy"])
@given(choice=choices(polynomials()))
@settings(max_examples=30)
def test_over_other_numbers_the_branch_counts_alone(kind: str, choice: Choice) -> None:
    """The wild branches have no value over fractions, complex numbers and formulas, and that is no error."""
    choice = choice._replace(by_value=False)

    class Rational(Choice):
        def ending(self, z: Value, leaves: Sequence[Value]) -> Value:
            return z * leaves[0] + z

    (left, chosen), (right, alone) = Rational(*choice).both()
    ours, theirs = replay(chosen, kind), replay(alone, kind)
    assert repr(ours.value) == repr(theirs.value)
    for v, w in zip(left, right, strict=True):
        if w in Tape(alone):
            assert repr(ours.grad(v)) == repr(theirs.grad(w))


@given(choices(polynomials()))
def test_a_dual_number_moves_with_the_branch_alone(choice: Choice) -> None:
    (left, chosen), (right, alone) = choice.both()
    seeds = [Dual(x, 1.0 + i) for i, x in enumerate(choice.inputs)]
    ours, theirs = (
        replay(root, "dual", inputs={v: seed for v, seed in zip(leaves, seeds, strict=True) if v in Tape(root)})
        for leaves, root in ((left, chosen), (right, alone))
    )
    assert ours.value.derivative == pytest.approx(theirs.value.derivative)
    assert ours.value.value == theirs.value.value


def test_over_other_numbers_the_condition_decides_anew() -> None:
    x = Value(2.0, label="x")
    y = where(x, 1.0 / x, x * x)
    for kind, zero in (("fraction", 0), ("complex", 0j), ("decimal", 0)):
        again = replay(y, kind, inputs={x: zero})
        assert (again.value, again.grad(x)) == (0, 0)
    with pytest.raises(ZeroDivisionError, match=r"the value of divide, v\d, can't be computed at 1, 0"):
        replay(y, "fraction", inputs={x: 0})[y.operands[1]]
    assert replay(y, "fraction", inputs={x: -3}).grad(x) == -6
    with pytest.raises(ZeroDivisionError, match="divide"):
        replay(where(-x, x, 1.0 / x), "fraction", inputs={x: 0})
    wide = replay(y, "interval", inputs={x: (-2.0, -1.0)})
    assert (wide.value, wide.grad(x)) == (Interval(1.0, 4.0), Interval(-4.0, -2.0))
    assert str(replay(y, "sympy").value) == "Piecewise((1/x, x > 0), (x**2, True))"


# ── what where takes ──


@pytest.mark.parametrize(
    ("x", "first"),
    [
        *((1, True), (0, False), (-1, False), (0.5, True), (-0.0, False), (NAN, False), (INF, True), (-INF, False)),
        *((True, True), (False, False), (np.True_, True), (np.False_, False), (np.float32(2), True), (5e-324, True)),
    ],
)
def test_a_condition_is_a_number_above_zero_or_a_comparison(x: Any, first: bool) -> None:
    for condition in (x, Value(x)):
        a, b = Value(2.0), Value(3.0)
        z = where(condition, a, b)
        z.backward()
        assert (z.data, a.grad, b.grad) == ((2.0, 1.0, 0.0) if first else (3.0, 0.0, 1.0))
        assert z.op == "where"
        assert [v.data for v in z.operands[1:]] == [2.0, 3.0]
        assert z.partials == (0.0, float(first), float(not first))


@given(NUMBERS)
def test_branches_may_be_one_node(x: float) -> None:
    v = Value(x)
    size = where(v > 0, v, -v), -1.0 if x <= 0 else 1.0
    for root, slope in ((where(v > 0, v, v), 1.0), size, (where(v, v, v), 1.0)):
        v.grad = 0.0
        root.backward()
        assert v.grad == slope


@given(NUMBERS, st.lists(NUMBERS, min_size=1, max_size=5))
def test_a_table_of_pieces(x: float, knots: list[float]) -> None:
    """Nested, as a function in pieces is written."""
    v = Value(x)
    root: Any = v * 0.0
    for i, knot in enumerate(sorted(knots, reverse=True)):
        root = where(v < knot, v * (i + 1.0), root)
    root.backward()
    above = [i for i, knot in enumerate(sorted(knots, reverse=True)) if x < knot]
    slope = above[-1] + 1.0 if above else 0.0
    assert (root.data, v.grad) == (x * slope, slope)


def test_a_condition_gets_no_gradient() -> None:
    x = Value(0.5)
    where(x * x, 2.0, 3.0).backward()
    where(x.sqrt(), x.detach(), 0.0).backward()
    assert x.grad == 0.0
    assert [g.data for g in grad_graph(where(x, x, 0.0), [x])] == [1.0]


@pytest.mark.parametrize("row", [("a", 1.0, 2.0), (1.0, None, 2.0), (1.0, 2.0, [3.0])])
def test_where_takes_numbers(row: tuple[Any, ...]) -> None:
    with pytest.raises(TypeError, match=r"^where takes Values, ints, floats and NumPy real scalars, not "):
        where(*row)


# ── clamp, sign, xlogy, atan2 ──


@given(NUMBERS, NUMBERS, NUMBERS)
def test_clamp_is_what_it_says(x: float, low: float, high: float) -> None:
    v, a, b = Value(x), Value(low), Value(high)
    z = v.clamp(a, b)
    z.backward()
    assert z.data == min(max(x, low), high)
    winner = b if x > high or low > high else a if x < low else v
    assert [w.grad for w in (v, a, b)] == [float(w is winner) for w in (v, a, b)]
    assert (v.clamp(low).data, v.clamp(max=high).data, v.clamp().data) == (max(x, low), min(x, high), x)
    assert v.clamp(low, high).data == z.data


def test_clamp_at_a_bound_and_at_infinity() -> None:
    for x, low, high, want in ((1.0, 1.0, 2.0, 1.0), (2.0, 1.0, 2.0, 1.0), (1.0, 1.0, 1.0, 1.0), (INF, 0.0, 2.0, 0.0)):
        v = Value(x)
        v.clamp(low, high).backward()
        assert v.grad == want
    assert math.isnan(Value(NAN).clamp(0.0, 1.0).data)
    v = Value(-INF)
    assert (v.clamp(max=0.0).data, v.clamp(min=-1.0).data) == (-INF, -1.0)
    with pytest.raises(TypeError, match=r"^clamp takes Values, ints, floats .*not str 'a'"):
        v.clamp("a")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("x", "want"), [(3.0, 1.0), (-2.0, -1.0), (0.0, 0.0), (-0.0, 0.0), (INF, 1.0), (-INF, -1.0), (5e-324, 1.0)]
)
def test_sign_is_flat(x: float, want: float) -> None:
    v = Value(x)
    z = v.sign()
    z.backward()
    assert (z.data, v.grad) == (want, 0.0)
    assert [g.data for g in grad_graph(v.sign() + v, [v])] == [1.0]
    assert math.isnan(Value(NAN).sign().data)


@given(st.lists(st.floats(0.0, 10.0), min_size=1, max_size=6))
def test_entropy_is_finite_at_impossible_events(weights: list[float]) -> None:
    total = math.fsum(weights) or 1.0
    ps = [Value(w / total) for w in weights]
    entropy = -autograd.total([autograd.xlogy(p, p) for p in ps])
    assert entropy.data == pytest.approx(-math.fsum(p.data * math.log(p.data) for p in ps if p.data), abs=1e-12)
    entropy.backward()
    for p in ps:
        assert p.grad == pytest.approx(-math.log(p.data) - 1.0 if p.data else INF)


def test_xlogy_at_zero_is_zero_for_every_log() -> None:
    for of in (0.0, 1.0, 5e-324, INF):
        x = Value(0.0)
        z = autograd.xlogy(x, of)
        z.backward()
        assert (z.data, x.grad) == (0.0, math.log(of) if of else -INF)
    x, y = Value(-2.0), Value(0.5)
    autograd.xlogy(x, y).backward()
    assert (x.grad, y.grad) == (math.log(0.5), -4.0)
    v = Value(0.5)
    unknown = replay(autograd.xlogy(v, v.log()), "interval", inputs={v: (-1.0, 0.0)})
    assert "nan" in repr(unknown.value)
    assert "nan" in repr(unknown.grad(v))


@given(NUMBERS, NUMBERS)
def test_atan2_is_the_angle(y: float, x: float) -> None:
    a, b = Value(y), Value(x)
    z = autograd.atan2(a, b)
    assert z.data == math.atan2(y, x)
    z.backward()
    square = x * x + y * y
    if square > 1e-300:
        assert [a.grad, b.grad] == pytest.approx([x / square, -y / square])
    elif x == y == 0.0:
        assert not math.isfinite(a.grad)
