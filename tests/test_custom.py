"""A user's own operation works like any other in every view and to any order; wrong ones are refused."""

import inspect
import linecache
import math
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mpmath
import numpy
import pytest

import autograd
from autograd import Stepper, Value, draw, explain, formula, grad, losses, no_grad, tree
from autograd import operations as table
from autograd.check import gradcheck
from autograd.formula import vocabularies
from autograd.formula.parse import read
from tests.running import PACKAGE, surroundings

SCALE = 2.5


def softsign() -> Callable[..., Value]:
    @autograd.operation
    def softsign(x):  # type: ignore[no-untyped-def]
        """x / (1 + |x|)."""
        z = x / (1 + abs(x))
        return z, 1 / (1 + abs(x)) ** 2

    return softsign


def rms() -> Callable[..., Value]:
    @autograd.operation
    def rms(xs: list[float]):  # type: ignore[no-untyped-def]
        z = math.sqrt(sum(x * x for x in xs) / len(xs))
        return z, [x / (len(xs) * z) for x in xs]

    return rms


def test_it_records_one_node() -> None:
    x = Value(3.0, label="x")
    y = softsign()(x)
    assert (y.op, y.data, y.operands, y.partials) == ("softsign", 0.75, (x,), (0.0625,))
    assert softsign()(3).data == 0.75
    assert (softsign().__name__, softsign().__doc__) == ("softsign", "x / (1 + |x|).")


def test_every_reader_knows_it() -> None:
    x = Value(3.0, label="x")
    y = softsign()(x) * 2
    y.label = "y"
    assert "v1 = softsign(x) = 0.75" in str(tree(y))
    assert "y ←[2] v1 ←[0.0625] x" in str(explain(y, x))
    walk = Stepper(y)
    steps = [str(walk.step()) for _ in range(len(walk))]
    assert steps[0] == "v1 = softsign(x) = softsign(3) = 0.75"
    assert steps[-1].endswith("(1/(1 + |x|)²)")
    assert "<softsign>" in draw(y).dot
    assert formula.describe("softsign") == "z = x/(1 + |x|)\n∂z/∂x = 1/(1 + |x|)²"
    assert read("2*softsign(x)", {"x": 3.0}).data == 1.5
    assert table.operation("softsign").python(["x"]) == "softsign(x)"
    assert y.operands[0].op in pickle.dumps(y).decode("latin-1")


@pytest.mark.parametrize("x", [-2.0, -0.3, 0.4, 5.0])
def test_it_has_every_derivative(x: float) -> None:
    f = softsign()
    assert gradcheck(f, [x], order=2).passed
    third = grad(grad(grad(f)))(x)
    assert third.data == pytest.approx(6.0 / (1.0 + abs(x)) ** 4, rel=1e-12, abs=0.0)


def test_it_is_read_over_other_numbers() -> None:
    softsign()
    z, slope = formula.over("softsign", vocabularies.complex_numbers())(0.5 + 1e-30j)
    assert z.imag / 1e-30 == pytest.approx(slope.real, rel=1e-12, abs=0.0)
    with mpmath.workdps(40):
        z, _ = formula.over("softsign", vocabularies.mpmath_numbers())(mpmath.mpf(2))
        assert abs(z - mpmath.mpf(2) / 3) < mpmath.mpf(10) ** -39
    arrays = formula.Vocabulary({"where": numpy.where, "power": numpy.power})
    z, _ = formula.over_arrays("softsign", arrays)(numpy.array([3.0, -1.0]))
    assert z.tolist() == [0.75, -0.5]


def test_it_takes_several_operands_and_constants_from_outside() -> None:
    shift = 1

    @autograd.operation(domain=[(0.5, 3.0), [(-2.0, -0.5), (0.5, 2.0)]])
    def f(x, y):  # type: ignore[no-untyped-def]
        if x > 1 and y > 0.0:
            return SCALE * x**2 + y, 2 * SCALE * x, 1
        z = math.exp(-x) * math.pi + shift * tanh(y)  # type: ignore[name-defined]  # noqa: F821
        return z, shift - z + shift * tanh(y) - 1, 1 - tanh(y) ** 2  # type: ignore[name-defined]  # noqa: F821

    assert f(2.0, Value(3.0)).partials == (10.0, 1.0)
    assert f(0.5, Value(-1.0)).data == pytest.approx(math.exp(-0.5) * math.pi + math.tanh(-1.0))
    assert formula.describe("f").splitlines()[0] == "z = SCALE·x² + y, ∂z/∂x = 2·SCALE·x, ∂z/∂y = 1  if x > 1 and y > 0"
    assert gradcheck(f, [0.4, 0.7], order=2).passed
    with pytest.raises(TypeError, match="f takes 2 operands, x, y, and not 1"):
        f(1.0)
    with pytest.raises(TypeError, match="f takes Values, ints, floats"):
        f(1.0, "2")
    assert f(y=Value(3.0), x=2.0).partials == f(2.0, y=Value(3.0)).partials == (10.0, 1.0)
    with pytest.raises(TypeError, match="f takes x, y: missing a required argument: 'y'"):
        f(x=1.0)
    with pytest.raises(TypeError, match="f takes x, y: got an unexpected keyword argument 'w'"):
        f(1.0, 2.0, w=3.0)


def test_more_than_two_operands_are_a_node_too() -> None:
    @autograd.operation
    def affine(x, w, b):  # type: ignore[no-untyped-def]
        return x * w + b, w, x, 1.0

    assert affine(2.0, Value(3.0), Value(1.0)).partials == (3.0, 2.0, 1.0)


def test_it_takes_lists() -> None:
    f = rms()
    xs = [Value(3.0), Value(4.0)]
    y = f(xs)
    assert y.data == pytest.approx(math.sqrt(12.5))
    assert formula.partial_text(y, 1, names=["a", "b"], name="r") == "b/(2·r)"
    assert gradcheck(lambda *vs: f(vs), [1.0, 2.0, 3.0], order=2).passed
    with pytest.raises(ValueError, match="lists of one length, not empty"):
        f([])
    for alone in (xs[0], 3.0, None, "12"):
        with pytest.raises(TypeError, match=r"rms takes a sequence of Values and numbers, not .*; write rms\(\[…\]\)"):
            f(alone)
    assert f(x for x in (3.0, 4.0)).data == y.data

    scale = 2

    @autograd.operation(domain=(0.5, 2.0))
    def logs(xs):  # type: ignore[no-untyped-def]
        return sum([scale * math.log(x) for x in xs]), [scale / x for x in xs]

    assert logs([1.0, 2.0]).partials == (2.0, 1.0)

    @autograd.operation
    def top(xs):  # type: ignore[no-untyped-def]
        z = max(xs)
        k = ties(xs, z)  # type: ignore[name-defined]  # noqa: F821
        return z, [1 / k if x == z else 0 for x in xs]

    assert top([2.0, Value(3.0), Value(3.0)]).partials == (0.0, 0.5, 0.5)

    @autograd.operation
    def weighted(xs, ws):  # type: ignore[no-untyped-def]
        z = sum([x * w for x, w in zip(xs, ws, strict=True)])
        return z, ws, xs

    assert weighted([1.0, 2.0], [Value(3.0), Value(4.0)]).partials == (3.0, 4.0, 1.0, 2.0)
    with pytest.raises(ValueError, match=r"these have \[2, 1\]"):
        weighted([1.0, 2.0], [1.0])


def test_nothing_makes_it_raise() -> None:
    @autograd.operation(domain=(0.5, 2.0))
    def f(x):  # type: ignore[no-untyped-def]
        return 1 / x + math.log(x) + x**0.5, -1 / x**2 + 1 / x + 0.5 / math.sqrt(x)

    assert math.isnan(f(0.0).data)
    assert math.isnan(f(-1.0).data)
    assert f(math.inf).data == math.inf
    assert softsign()(math.inf).partials == (0.0,)


# ── what is refused ──


def test_a_wrong_derivative_is_refused_and_leaves_nothing_behind() -> None:
    with pytest.raises(
        ValueError, match=r"f: the derivative by y is wrong at x = .*, y = .*: the rule gives .*, differences .* give"
    ):

        @autograd.operation
        def f(x, y):  # type: ignore[no-untyped-def]
            return x * y, y, 1.001 * x

    with pytest.raises(ValueError, match="no rule is named 'f'"):
        formula.describe("f")
    with pytest.raises(ValueError, match=r"g: the derivative by xs\[0\] is wrong at xs\[0\] = "):

        @autograd.operation
        def g(xs):  # type: ignore[no-untyped-def]
            return sum(xs) / len(xs), [1.0 for x in xs]


def test_a_domain_without_a_point_is_refused() -> None:
    with pytest.raises(ValueError, match=r"give one where it is smooth, domain=\(low, high\)"):

        @autograd.operation(domain=(-3.0, -1.0))
        def f(x):  # type: ignore[no-untyped-def]
            return math.log(x), 1 / x

    for domain in ((2.0, 1.0), [(0.0, 1.0), (0.0, 1.0), (0.0, 1.0)], 3, "ab"):
        with pytest.raises(ValueError, match="domain is"):

            @autograd.operation(domain=domain)  # type: ignore[arg-type]
            def g(x, y):  # type: ignore[no-untyped-def]
                return x * y, y, x


def test_lists_and_numbers_do_not_mix() -> None:
    with pytest.raises(TypeError, match=r"scaled can't be computed: .*operands are all numbers or all lists"):

        @autograd.operation
        def scaled(xs, c):  # type: ignore[no-untyped-def]
            return sum([c * x for x in xs]), [c for x in xs], sum(xs)

    with pytest.raises(TypeError, match="mean_of can't be computed: "):

        @autograd.operation
        def mean_of(xs):  # type: ignore[no-untyped-def]
            return sum(xs) / len(xs), 1 / len(xs)


def test_a_decorated_function_is_refused() -> None:
    # Its source would be that of the function inside, and its names those of another module.
    with pytest.raises(TypeError, match="a plain function, and softsign is decorated already"):
        autograd.operation(softsign())


def test_a_name_that_is_assigned_later_is_refused() -> None:
    with pytest.raises(SyntaxError, match="late is outside the grammar: it is no operand, no name assigned before"):

        @autograd.operation
        def f(x):  # type: ignore[no-untyped-def]
            return late * x, late

    late = 2.0


def test_a_constant_from_outside_stays_as_it_was() -> None:
    scale = 2.0

    @autograd.operation
    def scaled_once(x):  # type: ignore[no-untyped-def]
        return scale * x, scale

    scale = 3.0
    y = scaled_once(Value(1.0, label="x"))
    assert (y.data, y.partials, grad(scaled_once)(1.0).data) == (2.0, (2.0,), 2.0)


def test_the_name_of_a_loss_is_free() -> None:
    """A rule with that name is for readers of graphs; no node has it."""

    @autograd.operation
    def cross_entropy(x):  # type: ignore[no-untyped-def]
        return 2 * x, 2.0

    y = cross_entropy(Value(3.0, label="x"))
    y.label = "y"
    loss = losses.cross_entropy([y, Value(1.0, label="one")], 0)
    texts = [str(step) for step in Stepper(loss)][:2]
    assert [text.split(" = ")[1] for text in texts] == ["cross_entropy(x)", "cross_entropy([y, one], 0)"]
    assert formula.describe("cross_entropy") == "z = 2·x\n∂z/∂x = 2"


def test_names_are_not_taken_twice() -> None:
    with pytest.raises(ValueError, match="tanh is an operation of this package; give yours another name"):

        @autograd.operation
        def tanh(x):  # type: ignore[no-untyped-def]
            return x, 1.0

    with pytest.raises(TypeError, match="define it with def and a name"):
        autograd.operation(lambda x: (x, 1.0))
    with pytest.raises(TypeError, match="not of 3"):
        autograd.operation(3)  # type: ignore[call-overload]


REFUSALS: list[tuple[str, str]] = [
    ("return x @ x, 1", "x @ x is outside the grammar"),
    ("return max(x, 0), 1", r"max\(x, 0\) is outside the grammar: max takes a list; choose between two with"),
    ("return x.tanh(), 1", r"x\.tanh\(\) is outside the grammar: write tanh\(x\)"),
    ("return math.hypot(x), 1", r"math\.hypot takes 2 operands"),
    ("return ties(x), 1", "ties takes 2 operands"),
    ("return helper(x), 1", "helper is none of its functions, such as abs, sqrt, exp"),
    ("return w + x, 1", "w is outside the grammar: it is no operand"),
    ("return math.log(x, 2), 1 / x", r"math.log\(x, 2\) is outside the grammar: math.log takes 1"),
    ("return [sum(y * v for v in x) for y in x], 1", "y is outside the grammar: it is no operand"),
    ("for k in range(3): x = x + k", "is outside the grammar"),
    ("x = x + 1; return x, 1", "uses the name x, which is taken"),
    ("return x", "is 1 of 2 results"),
    ("return x if True else 0, 1", "True is outside the grammar"),
    ("z = exp(x); return z + 1, z", "call the other z by another name"),
]


def defined(*lines: str, parameters: str = "x", source: bool = True) -> Callable[..., Value]:
    """An operation f, from a file that there is or as typed at a prompt."""
    text = "\n".join([f"def f({parameters}):", *(f"    {line}" for line in lines), ""])
    name = "<stdin>"
    if source:
        name = "/tmp/own.py"
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    scope: dict[str, Any] = {"math": math, "helper": lambda x: x, "__name__": "own", "__loader__": object()}
    exec(compile(text, name, "exec"), scope)
    with pytest.MonkeyPatch.context() as patch:
        if source:
            patch.setattr(inspect, "getsourcefile", lambda _: name)
            patch.setattr(linecache, "checkcache", lambda _=None: None)
        return autograd.operation(scope["f"])


@pytest.mark.parametrize(("line", "why"), REFUSALS)
def test_the_grammar_refuses(line: str, why: str) -> None:
    with pytest.raises(SyntaxError, match=f"f, in `.*`: .*{why}.*own.py, line") as error:
        defined(*line.split("; "))
    assert error.value.lineno in (2, 3)


@pytest.mark.parametrize("parameters", ["z", "x, z", "z, x"])
def test_no_operand_has_the_name_of_the_value(parameters: str) -> None:
    with pytest.raises(
        SyntaxError, match=r"f, in `def f.*`: z is the name of the value of the operation; choose another"
    ):
        defined("return 1, 1", parameters=parameters)


@pytest.mark.parametrize("parameters", ["*xs", "x=1.0", "x, *, y"])
def test_operands_are_plain(parameters: str) -> None:
    shown = re.escape(f"def f({parameters}) is outside the grammar: operands have no * and no default")
    with pytest.raises(SyntaxError, match=shown):
        defined("return 1, 1", parameters=parameters)


def test_an_operation_has_an_operand() -> None:
    with pytest.raises(SyntaxError, match=r"def f\(\) is outside the grammar: an operation has at least one operand"):
        defined("return 1, 1", parameters="")


# ── an operation made again ──


def test_the_same_again_changes_nothing() -> None:
    x = Value(1.0)
    assert softsign()(x).op == softsign()(x).op == "softsign"


def test_another_rule_of_the_same_name_leaves_old_nodes_their_own() -> None:
    old = defined("return 2 * x, 2")(Value(1.5, label="x"))
    new = defined("return 3 * x * x, 6 * x")(Value(1.5, label="x"))
    assert (old.op, new.op) == ("f", "f#2")
    assert formula.partial_text(old, 0) == "2"
    assert formula.partial_text(new, 0) == "6·x"
    assert grad(defined("return 3 * x * x, 6 * x"))(1.0).data == 6.0
    assert "f(x)" in str(tree(new))
    assert "<f>" in draw(new).dot
    assert read("f(2)", {}).data == 12.0
    assert defined("return 2 * x, 2")(1.0).op == "f"


# ── without a source ──


def test_without_a_source_it_has_first_derivatives() -> None:
    f = defined("return x * x, 2 * x", source=False)
    x = Value(3.0, label="x")
    y = f(x)
    y.backward()
    assert (y.op, y.data, x.grad) == ("f", 9.0, 6.0)
    walk = Stepper(y)
    assert "of which no source can be read" in [str(walk.step()) for _ in range(len(walk))][-1]
    for question in (lambda: formula.describe("f"), lambda: grad(f)(3.0)):
        with pytest.raises(ValueError, match="f has no formula, because its source can't be read; backward"):
            question()
    with pytest.raises(TypeError, match="f must return its value and 1 derivatives"):
        defined("return x, 1, 1", source=False)
    with pytest.raises(ValueError, match="is wrong at x ="):
        defined("return x * x, x", source=False)


@pytest.mark.parametrize(
    ("line", "at"),
    [
        ("return math.log(x), 1 / x", -1.0),
        ("return 1 / x, -1 / x**2", 0.0),
        ("return math.exp(800 * x), 800 * math.exp(800 * x)", 1.0),
    ],
)
def test_without_a_source_it_is_nan_where_python_raises(line: str, at: float) -> None:
    y = defined(line, source=False)(Value(at))
    assert all(map(math.isnan, (y.data, *y.partials)))
    f = defined("return sum(1 / x for x in xs), [-1 / x**2 for x in xs]", parameters="xs: list", source=False)
    assert all(map(math.isnan, f([1.0, Value(0.0)]).partials))


def test_without_a_source_the_remedies_are_those_for_it() -> None:
    with pytest.raises(TypeError, match="as no source can be read, write xs: list for a list"):
        defined("return sum(xs), [1 for _ in xs]", parameters="xs", source=False)
    with pytest.raises(TypeError, match="f must return its value and 1 derivatives"):
        defined("x * x", source=False)


def test_the_source_of_another_function_is_not_taken(tmp_path: Path) -> None:
    text = """import autograd

def make():
    @autograd.operation
    def first(x):
        return 2 * x, 2

    @autograd.operation
    def second(x):
        return 3 * x, 3

    return first
"""
    file = tmp_path / "edited.py"
    file.write_text(text)
    scope: dict[str, Any] = {}
    exec(compile(text, str(file), "exec"), scope)
    file.write_text(text.replace("    @autograd.operation\n    def first(x):\n        return 2 * x, 2\n\n", "", 1))
    linecache.checkcache()
    first = scope["make"]()
    assert first(Value(1.0)).partials == (2.0,)
    with pytest.raises(ValueError, match="first has no formula, because its source can't be read"):
        formula.describe("first")


def test_without_a_source_it_takes_lists() -> None:
    f = defined("return sum(xs), [1 for _ in xs]", parameters="xs: list", source=False)
    assert f([Value(1.0), 2]).partials == (1.0, 1.0)


def test_a_pickled_node_of_an_unknown_operation_lacks_a_formula_alone() -> None:
    x = Value(3.0, label="x")
    program = """
import pickle, sys, autograd
y = pickle.loads(sys.stdin.buffer.read())
y.backward()
print(y.operands[0].grad, "<softsign>" in autograd.draw(y).dot)
try:
    autograd.formula.partial_text(y, 0)
except ValueError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(softsign()(x)),
        env=surroundings(PACKAGE),
        capture_output=True,
        check=True,
    )
    first, second = done.stdout.decode().splitlines()
    assert first == "0.0625 True"
    assert "no rule is named 'softsign'" in second
    assert "import the module that defines it" in second


def test_micrograds_way_of_recording_names_the_remedy() -> None:
    a = Value(1.0)
    for rest in (((a, a), "+"), ((a,),), ("a", "b")):
        with pytest.raises(TypeError, match=r"leaf and takes no operands.*@autograd\.operation"):
            Value(1.0, *rest)


def test_describe_shows_the_latest_rule_of_a_name() -> None:
    defined("return 2 * x, 2")
    defined("return 3 * x, 3")
    assert formula.describe("f") == "z = 3·x\n∂z/∂x = 3"
    defined("return 2 * x, 2")
    assert formula.describe("f") == "z = 2·x\n∂z/∂x = 2"


def test_an_operation_may_be_defined_where_nothing_is_recorded() -> None:
    with no_grad():
        f = defined("return 2 * x, 2")
    assert f(Value(3.0)).partials == (2.0,)
