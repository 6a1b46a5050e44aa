"""gradcheck accepts right gradients and refuses wrong ones; numerical gradients and strategies do their part."""

import collections
import math
import random
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import mpmath
import pytest
from hypothesis import example, find, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, formula, maximum, softmax, total
from autograd.check import GradcheckError, GradcheckReport, gradcheck, numerical_grad, strategies
from autograd.check.bounds import rounding
from autograd.check.strategies import Expression
from autograd.engine.tape import Tape
from autograd.engine.value import record
from autograd.formula.replay import replay
from tests.running import PACKAGE, python


@given(strategies.expressions())
def test_right_gradients_pass(expression: Expression) -> None:
    inputs = list(expression.inputs)
    assert gradcheck(expression, inputs).passed
    assert gradcheck(expression, inputs, order=2).passed


@pytest.mark.parametrize("op", strategies._IN_EXPRESSIONS)
@given(data=st.data())
def test_every_operation_passes_in_its_domain(op: str, data: st.DataObject) -> None:
    operands = data.draw(strategies.operands(op))
    xs = [x for row in operands for x in row] if formula.rule(op).of_sequences else list(operands)
    for order in (1, 2):
        assert gradcheck(lambda *vs: strategies.apply(op, vs), xs, order=order).passed


def report(f: Callable[..., Value], inputs: Sequence[object], order: int = 1) -> GradcheckReport:
    """The report of gradcheck, whether or not it is that of an error."""
    try:
        return gradcheck(f, inputs, order=order)
    except GradcheckError as error:
        return error.report


def verdict(f: Callable[..., Value], at: float, order: int = 1) -> str:
    return report(f, [at], order).rows[0].verdict


def off_by(factor: float, f: Callable[..., Value]) -> Callable[..., Value]:
    """f with a derivative that is wrong by a factor."""
    return lambda *xs: factor * f(*xs) + (1.0 - factor) * f(*xs).detach()


WRONG: Final = (1.0001, 0.9999, 1.01, 2.0, 0.0, -1.0)

# ── functions that are not smooth, or not to the scale of their input ──


def square_of_relu(x: Value) -> Value:
    return x.relu() ** 2


@pytest.mark.parametrize(
    ("f", "at", "order", "expected"),
    [
        # The second derivative jumps, so that the error of a difference goes as the step.
        (square_of_relu, 0.0, 1, "ok"),
        (lambda x: x + square_of_relu(x), 0.0, 1, "ok"),
        (lambda x: x * abs(x), 0.0, 1, "ok"),
        (lambda x: (x - 3) * abs(x - 3) + x, 3.0, 1, "ok"),
        (lambda x: abs(x) ** 3, 0.0, 1, "ok"),
        (lambda x: abs(x) ** 3, 0.0, 2, "ok"),
        (lambda x: maximum(x, 1) ** 2 - 2 * maximum(x, 1), 1.0, 1, "ok"),
        # The error goes as another power of it.
        (lambda x: x.relu() ** 1.5, 0.0, 1, "ok"),
        (lambda x: x + x**1.5, 0.0, 1, "edge"),
        (lambda x: x**1.5, 0.0, 1, "edge"),
        (lambda x: x + x**1.3, 0.0, 1, "edge"),
        (lambda x: x + (1 - x) ** 1.5, 1.0, 1, "edge"),
        # f is another function at the scale of its input.
        (lambda x: x.sin(), 1e10, 1, "ok"),
        (lambda x: x.sin(), 1e14, 1, "ok"),
        (lambda x: x.sin(), 1e15, 1, "ok"),
        (lambda x: (1e8 * x).sin(), 1.0, 1, "ok"),
        (lambda x: x.relu(), 1e-7, 1, "ok"),
        (lambda x: x.log(), 1e-300, 1, "ok"),
        (lambda x: (x * 1e20).tanh() * 1e-21 + x, 1e-20, 1, "ok"),
        # f or its input is huge or tiny.
        (lambda x: 1e-300 * x, 1.0, 1, "ok"),
        (lambda x: 1e300 * x, 1e7, 1, "ok"),
        (lambda x: +x, 1.7e308, 1, "ok"),
        (lambda x: x, 1.7e308, 1, "ok"),
        (lambda x: x.exp(), 709.7, 1, "ok"),
        (lambda x: x.sin(), 1e-310, 1, "ok"),
        (lambda x: x * x, 3e-9, 1, "ok"),
        # Kinks, edges and infinite slopes.
        (lambda x: x.relu(), 0.0, 1, "kink"),
        (lambda x: abs(x), 0.0, 1, "kink"),
        (lambda x: abs(x) + 2 * x, 0.0, 1, "kink"),
        (lambda x: maximum(x, -x), 0.0, 1, "kink"),
        (lambda x: maximum(x, 0.3) * 2, 0.3, 1, "kink"),
        (lambda x: x.relu() + (x - 1e-6).relu(), 0.0, 1, "kink"),
        (lambda x: x.sqrt(), 0.0, 1, "vertical"),
        (lambda x: x**0.9, 0.0, 1, "vertical"),
        (lambda x: x.asin(), 1.0, 1, "vertical"),
        (lambda x: x.acos(), -1.0, 1, "vertical"),
        (lambda x: x.log(), 5e-324, 1, "vertical"),
        # Derivatives that are 0, or hidden by the last digits of f.
        (lambda x: x * 0, 3.0, 1, "ok"),
        (lambda x: x.cos(), 0.0, 1, "ok"),
        (lambda x: Value(float(round(x.data))) + 0 * x, 0.4, 1, "ok"),
        (lambda x: x.tanh(), 30.0, 1, "ok"),
        (lambda x: x.tanh(), 14.0, 1, "tiny"),
        (lambda x: x.sin(), math.pi / 2, 1, "tiny"),
        (lambda x: x.cosh(), 7e-11, 1, "tiny"),
        (lambda x: total(softmax([x, 2 * x, 3 * x])), 0.3, 1, "tiny"),
        (lambda x: (300 * x - 1) ** 2, 1 / 300, 1, "tiny"),
    ],
)
def test_a_right_derivative_passes(f: Callable[[Value], Value], at: float, order: int, expected: str) -> None:
    assert verdict(f, at, order) == expected
    if expected == "ok" and report(f, [at], order).rows[0].backward != 0.0:
        found = {verdict(off_by(factor, f), at) for factor in WRONG}
        assert found <= {"wrong", "unsure"}
        assert "wrong" in found or at >= 1e15  # Floats are further apart there than sin and its like stretch.


@pytest.mark.parametrize(
    ("f", "at", "why"),
    [
        (lambda x: x.log(), -1.0, "f is nan here; check it where the input and f are finite"),
        (lambda x: x.log(), 0.0, "f is -inf here"),
        (lambda x: x.tanh(), math.inf, "the input is inf"),
        (lambda x: x.sin(), 1e16, "don't settle down before the steps reach the distance between floats; check it at"),
        (lambda x: x.sin(), 1e17, "don't settle down"),
        (lambda x: Value(float(x.data > 0)) + 0 * x, 0.0, "f jumps here, so it has no slope; check it at another"),
        (lambda x: (x + 1e10) - 1e10, 3.0, r"may be off by ...e-05, because f is rounded; .* with atol=.e-05"),
        (lambda x: (x + 1e16) - 1e16, 3.0, "because f is rounded; check it at another point$"),
    ],
)
def test_where_nothing_can_be_checked_that_is_said(f: Callable[[Value], Value], at: float, why: str) -> None:
    for factor in (1.0, *WRONG):
        assert verdict(off_by(factor, f), at) != "ok"
    with pytest.raises(GradcheckError, match=f"(?m)and it can't be checked: .*{why}") as error:
        gradcheck(f, [at])
    assert [row.verdict for row in error.value.report.rows] == ["unsure"]
    assert error.value.report.rows[0].reason in str(error.value)


def test_tolerances_accept_less() -> None:
    def cancelling(x: Value) -> Value:
        return (x + 1e10) - 1e10

    assert gradcheck(cancelling, [3.0], atol=1e-4).passed
    assert gradcheck(cancelling, [3.0], rtol=1e-3).passed
    assert gradcheck(off_by(1.001, Value.exp), [1.0], rtol=1e-2).passed
    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(off_by(1.001, Value.exp), [1.0], rtol=1e-4)


# ── exact functions: mpmath computes values and derivatives, which are rounded once ──

mp: Final = mpmath.mp.clone()
mp.dps = 60
Real = Any


def _sign(x: Real) -> Real:
    return mp.sign(x)


EXACT: Final[dict[str, tuple[Callable[[Real], Real], Callable[[Real], Real]]]] = {
    "sin": (mp.sin, mp.cos),
    "exp": (mp.exp, mp.exp),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "log": (mp.log, lambda x: 1 / x),
    "sqrt": (mp.sqrt, lambda x: 1 / (2 * mp.sqrt(x))),
    "square": (lambda x: x * x, lambda x: 2 * x),
    "cube": (lambda x: x**3, lambda x: 3 * x * x),
    "reciprocal": (lambda x: 1 / x, lambda x: -1 / x**2),
    "atan": (mp.atan, lambda x: 1 / (1 + x * x)),
    "gauss": (lambda x: mp.exp(-x * x), lambda x: -2 * x * mp.exp(-x * x)),
    "relu²": (lambda x: max(x, mp.zero) ** 2, lambda x: 2 * max(x, mp.zero)),
    "x|x|": (lambda x: x * abs(x), lambda x: 2 * abs(x)),
    "|x|^1.5": (lambda x: abs(x) ** 1.5, lambda x: 1.5 * mp.sqrt(abs(x)) * mp.sign(x)),
    "huber": (
        lambda x: x * x / 2 if abs(x) < 1 else abs(x) - mp.mpf(0.5),
        lambda x: x if abs(x) < 1 else mp.sign(x),
    ),
}
CLOSE: Final = 2.0**-22
"""Relative to an input or 1, the distance from which on differences have to show what a function does."""
FEW: Final = 64.0
"""Units in the last place, in which differences show nothing for certain."""
LARGEST: Final = 1e4
"""Beyond it, exp and its like leave the range, and mpmath takes long over them."""


class Composition:
    """Exact functions one after the other, each of a scaled and shifted operand; nan outside their domains."""

    def __init__(self, parts: Sequence[tuple[str, float, float]], factor: float = 1.0) -> None:
        self.parts, self.factor = parts, factor

    def exact(self, at: float) -> tuple[Real, Real]:
        """The value and the derivative."""
        value, slope = mp.mpf(at), mp.one
        for name, scale, shift in self.parts:
            value, slope = scale * value + shift, slope * scale
            if abs(value) > LARGEST and name in ("exp", "tanh", "gauss"):
                return mp.nan, mp.nan
            if (value <= 0 and name in ("log", "sqrt")) or (value == 0 and name == "reciprocal"):
                return mp.nan, mp.nan
            function, derivative = EXACT[name]
            value, slope = function(value), slope * derivative(value)
        return value, slope

    def __call__(self, x: Value) -> Value:
        value, slope = self.exact(x.data)
        # Under the name of an operation of this package, whose results are off by a few roundings at most.
        return record("positive", float(value), x, self.factor * float(slope))

    def is_hidden(self, at: float) -> bool:
        """Whether another slope follows within so small a distance that f moves by a few roundings there."""
        value, slope = self.exact(at)
        others = [self.exact(at + shift * max(abs(at), 1.0))[1] for shift in (-CLOSE, CLOSE)]
        turns = any(not abs(other - slope) <= 1e-3 * abs(slope) for other in others)
        return bool(turns and abs(slope) * CLOSE * max(abs(at), 1.0) < FEW * math.ulp(float(value)))

    def __repr__(self) -> str:
        return " then ".join(f"{name}({scale!r} x + {shift!r})" for name, scale, shift in self.parts)


SCALES: Final = (1.0, -1.0, 2.0, 0.5, 10.0, 100.0, 1e3, 1e5, 1e8, 1e-3, 1e-8)
SHIFTS: Final = (0.0, 1.0, -1.0, 0.3, 10.0, 1e3, 1e6, -1e8)


def compositions(scales: Sequence[float], shifts: Sequence[float], most: int) -> st.SearchStrategy[Composition]:
    part = st.tuples(st.sampled_from(sorted(EXACT)), st.sampled_from(scales), st.sampled_from(shifts))
    return st.lists(part, min_size=1, max_size=most).map(Composition)


def sizes(least: float, most: float) -> st.SearchStrategy[float]:
    return st.floats(math.log10(least), math.log10(most)).map(lambda x: 10.0**x)


HOSTILE: Final = st.one_of(
    st.sampled_from([0.0, 1.0, -1.0, 0.5, 2.0, 1e14, 1e15, 1e16, 1e22]),
    st.floats(-3.0, 3.0, allow_subnormal=False).filter(lambda x: x == 0.0 or abs(x) > 1e-30),
    sizes(1e-30, 1e30),
    sizes(1e-30, 1e30).map(lambda x: -x),
    sizes(1e-16, 1e-3).map(lambda d: 1.0 - d),
)


@settings(max_examples=300)
@example(Composition([("atan", 1e3, 0.0), ("atan", 1.0, -1e8), ("cube", 1.0, 0.0)]), 0.0, 0.0)
@example(Composition([("atan", 1e5, 0.0), ("tanh", 1e-8, 10.0)]), 0.0, 0.0)
@given(compositions(SCALES, SHIFTS, 3), HOSTILE, st.sampled_from(WRONG))
def test_an_exact_derivative_is_never_called_wrong_and_a_wrong_one_never_right(
    f: Composition, at: float, factor: float
) -> None:
    value, slope = map(float, f.exact(at))
    if not math.isfinite(value) or not math.isfinite(slope):
        return
    assert verdict(f, at) != "wrong" or f.is_hidden(at)
    if abs(factor * slope - slope) > 0.5e-4 * abs(slope) > 0.0:
        found = report(Composition(f.parts, factor), [at]).rows[0]
        # Factor 0 makes a derivative of 0, which is right wherever f does not move.
        assert found.verdict != "ok" or (factor == 0.0 and found.numerical == 0.0)


ORDINARY: Final = 400
SELDOM: Final = 0.01
"""Of ordinary points, the part at which differences may not be able to tell."""


def test_at_ordinary_points_nearly_every_verdict_is_sure() -> None:
    """Functions and points of size 1: what is right is "ok", and what is wrong by 1e-4 is "wrong"."""
    rng, counts = random.Random(1), collections.Counter[tuple[bool, str]]()
    while counts.total() < 2 * ORDINARY:
        parts = [(rng.choice(sorted(EXACT)), rng.choice((1.0, -1.0, 2.0, 0.5)), rng.choice((0.0, 1.0, 0.3)))]
        at = rng.gauss(0.0, 1.0)
        value, slope = map(float, Composition(parts).exact(at))
        if math.isfinite(value) and abs(slope) > 1e-6 * abs(value):
            counts[True, verdict(Composition(parts), at)] += 1
            counts[False, verdict(Composition(parts, rng.choice((1.0001, 0.9999))), at)] += 1
    assert counts[True, "ok"] >= (1.0 - SELDOM) * ORDINARY, counts
    assert counts[False, "wrong"] >= (1.0 - SELDOM) * ORDINARY, counts
    assert counts[True, "wrong"] == counts[False, "ok"] == 0


@pytest.mark.parametrize(
    ("f", "slope"),
    [
        (lambda x: math.log(1.0 + math.exp(x)), lambda x: 1.0 / (1.0 + math.exp(-x))),
        (lambda x: 1.0 - math.cos(x), math.sin),
        (lambda x: math.exp(x) - 1.0, math.exp),
        (lambda x: (math.exp(x) - math.exp(-x)) / 2.0, math.cosh),
        (lambda x: x**3 - 3.0 * x**2 + 3.0 * x - 1.0, lambda x: 3.0 * (x - 1.0) ** 2),
    ],
)
@given(at=st.floats(-20.0, 20.0, allow_subnormal=False))
def test_a_users_rule_may_cancel(f: Callable[[float], float], slope: Callable[[float], float], at: float) -> None:
    """Inside such a rule, which is one operation, large numbers cancel, and their rounding is all that is left."""
    assert verdict(lambda x: record("own", f(x.data), x, slope(x.data)), at) != "wrong"


@given(strategies.expressions())
def test_rounding_is_bounded(expression: Expression) -> None:
    root = expression(*map(Value, expression.inputs))
    exact = replay(root, "mpmath").value
    assert abs(root.data - exact) <= 4.0 * rounding(Tape(root)) + math.ulp(0.0)


@pytest.mark.parametrize("factor", WRONG)
def test_a_wrong_operation_of_ones_own_is_refused(factor: float) -> None:
    def own(x: float) -> tuple[float, float]:
        z = math.tanh(x)
        return z, factor * (1.0 - z * z)

    with pytest.raises(ValueError, match=r"own: the derivative by x is wrong at x = "):
        autograd.operation(own)


# ── planted errors ──

PROGRAM = """
import sys
from autograd import Value, formula
from autograd.check import GradcheckError, gradcheck, strategies
from hypothesis import HealthCheck, Phase, given, seed, settings, strategies as st

op, order, caught = sys.argv[1], int(sys.argv[2]), False

@seed(1)
@settings(database=None, deadline=None, max_examples=20, phases=[Phase.generate])
@given(st.data())
def check(data):
    operands = data.draw(strategies.operands(op))
    xs = [x for row in operands for x in row] if formula.rule(op).of_sequences else list(operands)
    gradcheck(lambda *vs: strategies.apply(op, vs), xs, order=order)

try:
    check()
except GradcheckError:
    print("caught")
"""


def planted(folder: Path, old: str, new: str, op: str, order: int) -> str:
    """The output of gradcheck for op in a copy of the package in which a line of the rules is wrong."""
    shutil.copytree(PACKAGE, folder / "autograd", ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    rules = folder / "autograd" / "engine" / "rules.py"
    source = rules.read_text(encoding="utf-8")
    assert source.count(old) == 1, f"{old!r} must stand once in rules.py"
    rules.write_text(source.replace(old, new), encoding="utf-8")
    return python("-c", PROGRAM, op, str(order), package=folder / "autograd", cwd=folder).stdout.strip()


@pytest.mark.parametrize(
    ("op", "old", "new"),
    [
        ("tanh", "return z, 1.0 - z * z", "return z, 1.0 - z"),
        ("tanh", "return z, 1.0 - z * z", "return z, 1.00001 * (1.0 - z * z)"),
        ("sigmoid", "return z, z * (1.0 - z)", "return z, z * (1.0 + z)"),
        ("multiply", "return x * y, y, x", "return x * y, x, y"),
        ("divide", "ieee.divide(1.0, y), -ieee.over_square(x, y)", "ieee.divide(1.0, y), ieee.over_square(x, y)"),
        ("subtract", "return x - y, 1.0, -1.0\n\n\ndef multiply", "return x - y, 1.0, 1.0\n\n\ndef multiply"),
        ("cos", "return z, -ieee.sin(x)", "return z, ieee.sin(x)"),
        ("dot", "return z, ys, xs", "return z, xs, ys"),
        ("softplus", "z = ieee.softplus(x)\n    return z, ieee.sigmoid(x)", "z = ieee.softplus(x)\n    return z, z"),
        ("power", "(y, x, y, 1.0), ieee.scaled_power(ieee.log(x)", "(y, x, y, 0.0), ieee.scaled_power(ieee.log(x)"),
        ("mean", "[1.0 / len(xs) for x in xs]", "[1.0 for x in xs]"),
    ],
)
@pytest.mark.parametrize("order", [1, 2])
def test_a_planted_error_is_caught(tmp_path: Path, op: str, old: str, new: str, order: int) -> None:
    assert planted(tmp_path, old, new, op, order) == "caught"


@pytest.mark.parametrize("order", [1, 2])
def test_nothing_is_caught_where_nothing_is_planted(tmp_path: Path, order: int) -> None:
    line = "return z, 1.0 - z * z"
    assert planted(tmp_path, line, line, "tanh", order) == ""


@pytest.mark.parametrize(
    ("file", "old", "new", "test"),
    [
        ("engine/rules.py", "1.0 - z * z\n", "1.0 - z * z * z\n", "formula.py::test_the_complex_step_agrees"),
        # Here first derivatives are right, and only the derivatives made of them are wrong.
        (
            "formula/textbook.py",
            "-rate * (x * x)",
            "-rate * x",
            "functional.py::test_the_numbers_of_a_second_derivative",
        ),
        (
            "functional/graphs.py",
            "else -partial",
            "else partial",
            "functional.py::test_derivatives_to_the_fourth_order",
        ),
    ],
)
def test_the_suite_fails_with_a_planted_error(tmp_path: Path, file: str, old: str, new: str, test: str) -> None:
    """Tests that were written without this error in mind notice a wrong derivative of first or second order."""
    tests = Path(__file__).parent
    for folder in (PACKAGE, tests):
        shutil.copytree(folder, tmp_path / folder.name, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    shutil.copy(tests.parent / "pyproject.toml", tmp_path)
    path = tmp_path / "autograd" / file
    source = path.read_text(encoding="utf-8")
    assert source.count(old) == 1
    path.write_text(source.replace(old, new), encoding="utf-8")
    words = ("-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", f"tests/test_{test}")
    done = python(*words, package=tmp_path / "autograd", cwd=tmp_path, check=False)
    assert done.returncode == 1
    assert f"FAILED tests/test_{test}[" in done.stdout


def test_an_error_in_the_second_derivative_alone_is_caught() -> None:
    def f(x: Value) -> Value:
        # Value and slope are those of x³ at every x, but half of the second derivative is missing in the graph.
        return x.detach() * x * x + x.detach() ** 2 * x - x.detach() ** 3

    assert gradcheck(lambda x: x**3, [1.5], order=2).rows[0].backward == 9.0
    with pytest.raises(GradcheckError, match=r"second derivative .* with respect to input x = 1\.5"):
        gradcheck(f, [1.5], order=2)


def test_the_error_names_the_worst_input_and_carries_the_table() -> None:
    def f(x: Value, y: Value) -> Value:
        return x.detach() * x + y

    x = Value(3.0, label="weight")
    with pytest.raises(
        GradcheckError, match=r"input weight = 3\.0: backward gives 3\.0, differences give 6\.0"
    ) as error:
        gradcheck(f, [x, 1.0])
    assert [row.verdict for row in error.value.report.rows] == ["wrong", "ok"]
    assert "numerical" in str(error.value)


# ── kinks and edges ──


@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: x.relu(), 0.0),
        (lambda x: x.leaky_relu(0.3), 0.0),
        (lambda x: abs(x), 0.0),
        (lambda x: x.elu(2.0), 0.0),
        (lambda x: maximum(x, 0.3) * 2, 0.3),
        (lambda x: x.relu(), 1e-7),
        (lambda x: x.relu() + (x - 1e-6).relu(), 0.0),
        (lambda x: x.sqrt(), 0.0),
        (lambda x: x.asin(), 1.0),
        (lambda x: x**1.5, 0.0),
        (lambda x: x.log(), 1e-300),
        (lambda x: (1000 * x).sin(), 1.3),
        (lambda x: x.sin(), 1e10),
        (lambda x: 1 + x, 1e-8),
        (lambda x: x.exp(), 700.0),
        (lambda x: x * 0, 3.0),
    ],
)
def test_no_false_alarms(f: Callable[[Value], Value], at: float) -> None:
    assert gradcheck(f, [at]).passed


@pytest.mark.parametrize(
    "f", [lambda x: (x * 1e-9).detach() * x, lambda x: (x * 1e-9).detach() + 0 * x, lambda x: x.detach() * x * 1e9]
)
def test_small_and_large_functions_are_no_excuse(f: Callable[[Value], Value]) -> None:
    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(f, [3.0])


@pytest.mark.parametrize("factor", [1.0001, 2.0, -1.0, 100.0])
@pytest.mark.parametrize(
    ("f", "at"),
    [
        (lambda x: (300 * x).exp(), 0.0),
        (lambda x: 1e5 + x, 1.0),
        (lambda x: 1 / x, 0.125 + 1e-9),
        (lambda x: x**200, 1.0),
        (lambda x: x.tan(), 1.57),
    ],
)
def test_steep_functions_are_no_excuse(f: Callable[[Value], Value], at: float, factor: float) -> None:
    assert gradcheck(f, [at]).passed
    with pytest.raises(GradcheckError):
        gradcheck(lambda x: factor * f(x) + (1 - factor) * f(x).detach(), [at])


def test_a_kink_does_not_excuse_a_wrong_gradient() -> None:
    def f(x: Value) -> Value:
        return x.relu() + 3 * x - 3 * x.detach()

    with pytest.raises(GradcheckError, match="wrong"):
        gradcheck(f, [0.0])


def test_the_callers_blocks_do_not_get_in_the_way() -> None:
    with autograd.strict():
        assert gradcheck(lambda x: x.log(), [0.05]).passed
        assert gradcheck(lambda x: x.sqrt(), [0.0]).passed
    with autograd.no_grad(), pytest.raises(RuntimeError, match="leave no_grad"):
        gradcheck(lambda x: x * x, [1.0])


# ── inputs are put back ──


def test_everything_is_left_as_it_was() -> None:
    w, x = Value(0.5, label="w"), Value(2.0)
    hidden = Value(3.0)
    w.grad, hidden.grad = 7.0, 8.0

    def loss(*_: Any) -> Value:
        return (w * x * hidden).tanh()

    gradcheck(loss, [w, x])
    gradcheck(loss, [w, x], order=2)
    numerical_grad(loss, [w, x])
    assert (w.data, x.data, w.grad, x.grad, hidden.grad) == (0.5, 2.0, 7.0, 0.0, 8.0)


def test_an_error_inside_the_function_puts_back_too() -> None:
    w = Value(0.5)

    def f(v: Value) -> Value:
        if v.data != 0.5:
            raise ZeroDivisionError
        return v * 2

    with pytest.raises(ZeroDivisionError):
        numerical_grad(f, [w])
    assert w.data == 0.5


@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (lambda x: 1 + x, 1e-10, 1.0),
        (lambda x: (x.sigmoid() * 4).sigmoid(), 3e-6, 0.10499),
        (lambda x: x.log(), 1e-9, 1e9),
        (lambda x: x.relu(), 1e-9, 1.0),
        (lambda x: x * x, 1e5, 2e5),
        (lambda x: x.sin(), 0.0, 1.0),
        (lambda x: x.sin(), 5e-324, 1.0),
    ],
)
def test_the_step_fits_the_input(f: Callable[[Value], Value], at: float, slope: float) -> None:
    assert numerical_grad(f, [at])[0] == pytest.approx(slope, rel=1e-4, abs=0.0)
    assert gradcheck(f, [at]).passed


def test_inputs_are_called_what_the_function_calls_them() -> None:
    names = [row.name for row in gradcheck(lambda ws, b: ws[0] * ws[1] + b, [[2.0, 3.0], 1.0]).rows]
    assert names == ["ws[0]", "ws[1]", "b"]
    assert [row.name for row in gradcheck(lambda *xs: xs[0] * xs[1], [2.0, 3.0]).rows] == ["0", "1"]
    assert [row.name for row in gradcheck(Value.exp, [Value(1.0, label="v")]).rows] == ["v"]


def test_nested_inputs_are_called_by_their_place() -> None:
    names = [row.name for row in gradcheck(lambda ws: ws[0][0] * ws[1][0] + ws[2], [[[2.0], (3.0,), 1.0]]).rows]
    assert names == ["ws[0][0]", "ws[1][0]", "ws[2]"]


# ── the table ──


def test_the_table_is_the_text_at_the_prompt() -> None:
    found = gradcheck(lambda x, y: -(x.relu()) * y, [0.0, 2.5])
    assert repr(found) == str(found)
    table, note = str(found).split("\nkink: ")
    head, *rows = table.splitlines()
    assert head.split() == ["input", "value", "backward", "numerical", "error"]
    assert [row.split()[0] for row in rows] == ["x", "y"]
    assert [row.split()[-1] for row in rows] == ["kink", "ok"]
    assert {row.index(row.split()[1]) + len(row.split()[1]) for row in rows} == {head.index("value") + len("value")}
    assert note.startswith("f has another slope on each side")
    assert table.isascii()


@pytest.mark.parametrize("count", [1, 9, 10, 300])
def test_many_rows_are_shortened(count: int) -> None:
    inputs = [[float(i) for i in range(1, count + 1)]]
    found = report(lambda xs: total([x * x for x in xs[1:]]) + xs[0].detach() * xs[0], inputs)
    lines = str(found).splitlines()
    assert len(found.rows) == count
    assert len(lines) <= 11
    assert all(len(line) < 80 for line in lines)
    assert (count == 300) == any("… 291 more …" in line and line.endswith("ok") for line in lines)


def test_no_label_breaks_the_table() -> None:
    with pytest.raises(GradcheckError) as error:
        gradcheck(lambda x: x.detach() * x, [Value(2.0, label="two\nlines")])
    message, *table = str(error.value).splitlines()
    assert "input two␊lines = 2.0: backward gives 2.0, differences give 4.0 (wrong); is there a detach()" in message
    assert len(table) == 2


# ── the number of calls ──


@pytest.mark.parametrize(
    ("f", "at", "most"),
    [
        (lambda x: (x.tanh() * 2).exp(), 0.8, 28),
        (lambda x: x.relu(), 0.0, 28),
        (lambda x: x.relu(), -1.0, 28),
        (lambda x: x.sqrt(), 0.0, 28),
        (lambda x: x.sin(), 1e10, 28),
        (lambda x: x.log(), 1e-9, 54),
        (off_by(2.0, Value.exp), 1.0, 130),
    ],
)
def test_few_calls_are_enough(f: Callable[[Value], Value], at: float, most: int) -> None:
    calls = []

    def counted(x: Value) -> Value:
        calls.append(x.data)
        return f(x)

    report(counted, [at])
    assert len(calls) <= most
    assert len(calls) - len(set(calls)) <= 26  # Where few steps don't tell, rounding is computed at each of them.


def test_an_input_more_is_no_call_more_than_its_own() -> None:
    calls = []

    def f(*xs: Value) -> Value:
        calls.append(xs)
        return total([x.tanh() for x in xs])

    gradcheck(f, [0.1 * i for i in range(1, 11)])
    assert len(calls) == 2 + 10 * 26


def test_nested_inputs_come_back_nested() -> None:
    gradient = numerical_grad(lambda ws, b: ws[0] * ws[1] + b, [[2.0, 3.0], 1.0])
    assert gradient[0] == pytest.approx([3.0, 2.0], rel=1e-9, abs=0.0)
    assert gradient[1] == pytest.approx(1.0, rel=1e-9, abs=0.0)


@pytest.mark.parametrize(
    ("f", "inputs", "words"),
    [
        (
            lambda x: x,
            Value(1.0),
            r"inputs is a list with one entry per argument of f, not Value\(.*; write \[x, \.\.\.\]",
        ),
        (lambda x: x, 1.0, r"not float 1.0; write \[x"),
        (lambda x: x, "12", r"not str '12'; write \[x"),
        (
            Value(1.0),
            [1.0],
            r"f is a function of Values, not Value\(.*; give it first, as in \(lambda x: x \* x",
        ),
        ([1.0], lambda x: x, "f is a function of Values, not list"),
        (None, [1.0], "f is a function of Values, not None"),
        (
            lambda x: 1.0,
            [1.0],
            r"f must return one Value, not float 1\.0; compute with Values, x\.exp\(\) and not math",
        ),
        (lambda x: math.exp(x.data), [1.0], r"not float 2\.718\d+; compute with Values"),
        (lambda x: None, [1.0], r"f must return one Value, not None; does it lack a return\?"),
        (lambda x: [x, x], [1.0], r"not list \[Value.*; check one of its items, or their sum by total\(\)"),
        (lambda x: (x, x), [1.0], r"not tuple .*; check one of its items"),
        (
            lambda x, y: x * y,
            [1.0],
            r"f takes 2 arguments, x, y, and the length of inputs is 1: missing .* 'y'; give one entry",
        ),
        (
            lambda xs: total(xs),
            [1.0, 2.0],
            r"f takes 1 argument, xs, and .* inputs is 2: .*, as in \[\[x, y\]\]",
        ),
        (lambda x: x, [None], "did a function forget to return"),
        (lambda x: x, ["1"], "convert it with float"),
    ],
)
def test_a_slip_gets_a_remedy(f: Any, inputs: Any, words: str) -> None:
    for check in (gradcheck, numerical_grad):
        with pytest.raises(TypeError, match=words):
            check(f, inputs)


def test_other_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(ValueError, match="leaves or numbers"):
        gradcheck(lambda x: x, [Value(1.0) * 2])
    with pytest.raises(ValueError, match="inputs is empty, so there is no derivative to check; give one entry"):
        gradcheck(lambda: Value(1.0), [])
    with pytest.raises(ValueError, match="inputs is empty"):
        gradcheck(lambda xs: total(xs), [[]])
    with pytest.raises(ValueError, match="order 1 or 2, not 3"):
        gradcheck(lambda x: x, [1.0], order=3)


def test_a_function_that_changes_is_refused() -> None:
    rng = random.Random(1)
    with pytest.raises(ValueError, match=r"f gives 0\.\d+ and then 0\.\d+ at the same inputs.*random\.Random\(42\)"):
        gradcheck(lambda x: x * rng.random(), [1.0])
    assert gradcheck(lambda x: x * random.Random(42).random(), [1.0]).passed
    with pytest.raises(GradcheckError, match="f is nan here"):
        gradcheck(lambda x: x * math.nan, [1.0])


# ── strategies ──


def test_importing_the_package_does_not_need_hypothesis() -> None:
    program = "import sys; sys.modules['hypothesis'] = None; import autograd, autograd.check; print('fine')"
    assert python("-c", program).stdout == "fine\n"


def test_expressions_shrink_to_a_few_lines_of_python() -> None:
    def has_tanh_of_a_product(e: Expression) -> bool:
        ops = [step.op for step in e.steps]
        return "multiply" in ops and "tanh" in ops

    smallest = find(strategies.expressions(), has_tanh_of_a_product)
    assert len(smallest.source.splitlines()) <= 4, smallest


@given(strategies.expressions())
def test_an_expression_prints_as_the_program_it_is(e: Expression) -> None:
    scope: dict[str, Any] = {name: getattr(autograd, name) for name in autograd.__all__}
    exec(e.source, scope)
    last = f"v{len(e.inputs) + len(e.steps) - 1}"
    assert repr(scope[last].data) == repr(e(*map(Value, e.inputs)).data)


def test_a_failing_expression_is_shown_as_python() -> None:
    @settings(database=None, max_examples=2000)
    @given(strategies.expressions())
    def fails(e: Expression) -> None:
        assert "sin" not in [step.op for step in e.steps]

    with pytest.raises(AssertionError) as error:
        fails()
    assert "\nx0 = Value(0.0)\nv1 = x0.sin()\n" in "\n".join(error.value.__notes__)


def test_expressions_share_and_repeat() -> None:
    def has_shared_step(e: Expression) -> bool:
        uses = [x for step in e.steps for x in step.operands if isinstance(x, int) and x >= len(e.inputs)]
        return len(uses) > len(set(uses))

    assert find(strategies.expressions(), has_shared_step)
    assert find(strategies.expressions(), lambda e: any(isinstance(x, float) for s in e.steps for x in s.operands))
    assert find(strategies.expressions(), lambda e: total(map(Value, e.inputs)).data > 5.0)


def test_an_unknown_operation_is_named() -> None:
    with pytest.raises(ValueError, match="no operation is named 'sine'"):
        strategies.operands("sine")
