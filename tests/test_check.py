"""gradcheck accepts right gradients and refuses wrong ones; numerical gradients and strategies do their part."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value, formula, maximum, total
from autograd.check import GradcheckError, gradcheck, numerical_grad, strategies
from autograd.check.strategies import Expression
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
        ("functional/graphs.py", "else -other", "else other", "functional.py::test_derivatives_to_the_fourth_order"),
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


def test_where_nothing_can_be_checked_that_is_said() -> None:
    with pytest.raises(GradcheckError, match="unsure"):
        gradcheck(lambda x: x.log(), [-1.0])
    with pytest.raises(GradcheckError, match="unsure"):
        gradcheck(lambda x: x.log(), [0.0])


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
    assert numerical_grad(f, [at])[0] == pytest.approx(slope, rel=1e-4)
    assert gradcheck(f, [at]).passed


def test_inputs_are_called_what_the_function_calls_them() -> None:
    names = [row.name for row in gradcheck(lambda ws, b: ws[0] * ws[1] + b, [[2.0, 3.0], 1.0]).rows]
    assert names == ["ws[0]", "ws[1]", "b"]
    assert [row.name for row in gradcheck(lambda *xs: xs[0] * xs[1], [2.0, 3.0]).rows] == ["0", "1"]
    assert [row.name for row in gradcheck(Value.exp, [Value(1.0, label="v")]).rows] == ["v"]


def test_nested_inputs_come_back_nested() -> None:
    gradient = numerical_grad(lambda ws, b: ws[0] * ws[1] + b, [[2.0, 3.0], 1.0])
    assert gradient[0] == pytest.approx([3.0, 2.0], rel=1e-9)
    assert gradient[1] == pytest.approx(1.0, rel=1e-9)


def test_wrong_calls_say_what_to_do() -> None:
    with pytest.raises(TypeError, match=r"write \[x"):
        gradcheck(lambda x: x, Value(1.0))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="f must return one Value, not float"):
        gradcheck(lambda x: 1.0, [1.0])
    with pytest.raises(ValueError, match="leaves or numbers"):
        gradcheck(lambda x: x, [Value(1.0) * 2])
    with pytest.raises(ValueError, match="order 1 or 2, not 3"):
        gradcheck(lambda x: x, [1.0], order=3)


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
