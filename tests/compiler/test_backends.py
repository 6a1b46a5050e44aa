"""The choice between back ends: what was asked for, what is there, and what is quicker."""

import copy
import pickle
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, optim, train
from autograd.compiler import backends
from autograd.compiler.backends import VARIABLE
from autograd.compiler.binding import Bindable, DeclinedError, UnavailableError
from autograd.compiler.native import extension, machine
from autograd.compiler.pipeline import Code
from autograd.compiler.program import Program

X = np.array([0.5, -1.0, 2.0])


def squared(**options: Any) -> Program:
    """(w·x)², with w = 3."""
    w, x = Value(3.0), autograd.inputs()
    return autograd.compile((w * x).square(), (x,), parameters=[w], **options)


def declines(error: Exception) -> Callable[[Code], Bindable]:
    def make(code: Code) -> Bindable:
        raise error

    return make


@pytest.fixture(autouse=True)
def no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def test_numpy_runs_when_it_is_asked_for() -> None:
    program = squared(backend="numpy")
    assert program.backend == "numpy"
    assert program.report().splitlines()[-1] == "back end numpy: backend='numpy'"


def test_a_program_that_is_declined_goes_to_the_next_back_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends._MAKERS, "c", declines(DeclinedError("too long")))
    monkeypatch.setitem(backends._MAKERS, "native", declines(DeclinedError("too wide")))
    program = squared(backend="c")
    assert program.backend == "numpy"
    assert program.report().splitlines()[-1] == "back end numpy: not c: too long; not native: too wide"
    value, gradient = program.value_and_grad(X)
    assert (value, gradient.tolist()) == ((9.0 * X * X).mean(), [(6.0 * X * X).mean()])


@pytest.mark.parametrize("by", ["backend='c'", "AUTOGRAD_BACKEND=c"])
def test_one_warning_names_all_of_a_back_end_that_is_not_there(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("c", "native"):
        monkeypatch.setitem(backends._MAKERS, name, declines(UnavailableError("there is no C compiler")))
    monkeypatch.setenv(VARIABLE, "c")
    with pytest.warns(RuntimeWarning) as warned:
        program = squared(backend="c" if by == "backend='c'" else "auto")
    (found,) = warned
    assert str(found.message) == f"{by} isn't there, so numpy runs the program: there is no C compiler"
    assert found.filename == __file__, "the warning shows the line of the caller, outside of the package"
    assert program.facts.reason == "not c nor native: there is no C compiler"
    assert program.value([1.0]) == 9.0


def test_a_warning_names_the_back_end_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends._MAKERS, "c", declines(DeclinedError("too long")))
    monkeypatch.setitem(backends._MAKERS, "native", declines(UnavailableError("there is no C compiler")))
    with pytest.warns(RuntimeWarning, match=r"^backend='native' isn't there, so numpy runs the program: there is no C"):
        assert squared(backend="c").backend == "numpy"


@pytest.mark.parametrize("name", ["native", "c"])
def test_where_nothing_was_compiled_and_there_is_no_compiler_numpy_runs_programs(
    name: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CC", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(extension, "installed", lambda: None)
    monkeypatch.setattr(extension, "native", extension.native.__wrapped__)
    monkeypatch.setattr(machine, "native", extension.native)
    with pytest.warns(RuntimeWarning, match=f"^backend='{name}' isn't there, so numpy .*: there is no C compiler; "):
        program = squared(backend=name)
    value, gradient = program.value_and_grad(X)
    assert (value, gradient.tolist()) == ((9.0 * X * X).mean(), [(6.0 * X * X).mean()])
    assert train.fit(program, (X,), optim.SGD(program), epochs=3).losses[0] == value


def test_the_environment_variable_takes_the_choice_of_auto_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(backends._MAKERS, "native", declines(DeclinedError("not today")))
    monkeypatch.setenv(VARIABLE, "native")
    assert squared().report().splitlines()[-1] == "back end numpy: not native: not today"
    assert squared(backend="numpy").report().splitlines()[-1] == "back end numpy: backend='numpy'"
    monkeypatch.setenv(VARIABLE, "numpy")
    assert squared().report().splitlines()[-1] == "back end numpy: AUTOGRAD_BACKEND=numpy"
    monkeypatch.setenv(VARIABLE, "fortran")
    with pytest.raises(ValueError, match=r"^there is no backend for AUTOGRAD_BACKEND 'fortran'; there are auto, numpy"):
        squared()


@pytest.mark.parametrize(
    ("machine", "arrays", "name"), [(1.0, 2.0, "native"), (2.0, 1.0, "numpy"), (1.0, 1.0, "numpy")]
)
def test_auto_takes_the_quicker_one(machine: float, arrays: float, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backends, "import_module", lambda _: SimpleNamespace(check=lambda: None))
    monkeypatch.setattr(backends, "seconds_of_machine", lambda code, n: machine)
    monkeypatch.setattr(backends, "seconds_of_numpy", lambda code, n: arrays)
    monkeypatch.setitem(backends._MAKERS, "native", lambda code: code)
    program = squared()
    assert program.backend == name
    other = {"native": "numpy", "numpy": "native"}[name]
    ratio = f"{max(machine, arrays) / min(machine, arrays):.2g}"
    assert program.facts.reason == f"estimated {ratio} times as fast as {other} for 64 examples"


def test_auto_is_numpy_where_there_is_no_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    def check() -> None:
        raise UnavailableError("it was built without a compiler")

    monkeypatch.setattr(backends, "import_module", lambda _: SimpleNamespace(check=check))
    assert squared().facts.reason == "the machine isn't there: it was built without a compiler"


def test_estimates_grow_with_the_work() -> None:
    def code(terms: int) -> Code:
        x = autograd.inputs(terms)
        made = autograd.compile(autograd.total([v.tanh() for v in x]), (x,), backend="numpy")._part("inputs").code
        assert isinstance(made, Code)
        return made

    few, many = code(3), code(300)
    for estimate in (backends.seconds_of_machine, backends.seconds_of_numpy):
        assert 0.0 < estimate(few, 1) < estimate(few, 1000) < estimate(many, 1000)


def test_a_copy_keeps_its_back_end() -> None:
    program = squared(backend="numpy")
    for other in (copy.deepcopy(program), copy.copy(program), pickle.loads(pickle.dumps(program))):
        assert other.facts.reason == "backend='numpy'"
