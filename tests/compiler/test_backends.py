"""The choice between back ends: what was asked for, what is there, and what is quicker."""

import copy
import pickle
import warnings
import weakref
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, losses, nn, optim, train
from autograd.compiler import backends
from autograd.compiler.backends import VARIABLE
from autograd.compiler.binding import Bindable, DeclinedError, UnavailableError
from autograd.compiler.native import extension, machine
from autograd.compiler.native import program as in_c
from autograd.compiler.native.compilers import CompilerError
from autograd.compiler.options import BACKENDS, THREADED
from autograd.compiler.pipeline import Code
from autograd.compiler.program import Program

X = np.array([0.5, -1.0, 2.0])


def squared(**options: Any) -> Program:
    """(w·x)², with w = 3."""
    w, x = Value(3.0), autograd.inputs()
    loss = (w * x).square()
    return autograd.compile(loss, (x,), parameters=[w], outputs=[loss], **options)


def declines(error: Exception) -> Callable[..., Bindable]:
    def make(*of: Any) -> Bindable:
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


CALLS: dict[str, Callable[[Program], Any]] = {
    "value": lambda p: p.value(X),
    "gradient": lambda p: p.value_and_grad(X)[1],
    "one example": lambda p: p.value(2.0),
    "outputs": lambda p: p.outputs(X),
    "each example": lambda p: p.per_example(X)[1],
    "fit": lambda p: train.fit(p, (X,), optim.SGD(p, lr=0.01), epochs=3).losses,
}


@pytest.mark.usefixtures("extension", "c_compiler")
@pytest.mark.parametrize("call", [*CALLS])
def test_a_back_end_that_declines_in_a_call_leaves_it_to_the_next_one(
    call: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The compiler of C runs in the first call for so many examples, and may be killed there."""

    def killed(*of: Any) -> Any:
        raise CompilerError("the C compiler was ended by SIGKILL")

    made, wanted = (squared(backend=name) for name in ("c", "numpy"))
    monkeypatch.setattr(in_c, "_loaded", killed)
    assert made.backend == "c"
    with pytest.warns(
        RuntimeWarning, match=r"^backend='c' isn't there, so native .*: the C compiler was ended"
    ) as told:
        found = CALLS[call](made)
    assert [warning.filename for warning in told] == [__file__]
    assert np.array_equal(found, CALLS[call](wanted))
    for again in CALLS.values():  # Of each kind of call one part of the program is told of; the others have their own.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert np.array_equal(again(made), again(wanted))
    assert made.facts.reason == "not c: the C compiler was ended by SIGKILL"


@pytest.mark.usefixtures("extension", "c_compiler")
def test_batches_of_other_sizes_are_right_after_the_change(monkeypatch: pytest.MonkeyPatch) -> None:
    """C has made functions for whole vectors already when those for one example fail."""
    monkeypatch.setattr(backends, "_NEXT", {"c": ("numpy",)})
    made = squared(backend="c")
    made.value_and_grad(np.ones(100))
    monkeypatch.setattr(in_c, "_loaded", declines(CompilerError("no memory")))
    with pytest.warns(RuntimeWarning, match="so numpy runs the program: no memory"):
        made.value_and_grad(np.ones(1))
    for n in (1, 100, 3):
        value, gradient = made.value_and_grad(np.ones(n))
        assert [value, *gradient] == pytest.approx([9.0, 6.0])
    assert made.backend == "numpy"


@pytest.mark.usefixtures("extension", "c_compiler")
def test_a_call_takes_no_new_wish(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "c")
    made = squared()
    monkeypatch.setenv(VARIABLE, "fortran")
    monkeypatch.setattr(in_c, "_loaded", declines(CompilerError("no memory")))
    with pytest.warns(RuntimeWarning, match="^AUTOGRAD_BACKEND=c isn't there, so native runs the program: no memory$"):
        made.value(X)
    assert made.facts.reason == "not c: no memory"


@pytest.mark.usefixtures("extension", "c_compiler")
def test_a_back_end_that_declined_keeps_no_data_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    class Rows(list[float]):
        """Lists have no weak references."""

    def fails(*of: Any) -> Any:
        raise CompilerError("no memory")

    made, rows = squared(backend="c"), Rows([1.0, 2.0])
    kept = weakref.ref(rows)
    monkeypatch.setattr(in_c, "_loaded", fails)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made.value(rows)
    del rows
    assert kept() is None


@pytest.mark.usefixtures("extension", "c_compiler")
def test_c_is_compiled_for_the_batches_that_come(monkeypatch: pytest.MonkeyPatch) -> None:
    lanes: list[int | None] = []

    def noted(text: Any, dtype: str, n: int | None, *more: str) -> Any:
        lanes.append(n)
        return usual(text, dtype, n, *more)

    usual = in_c._loaded
    monkeypatch.setattr(in_c, "_loaded", noted)
    made = squared(backend="c")
    assert lanes == []
    made.value(np.ones(100))
    made.value_and_grad(np.ones(100))
    made.value(np.ones(200))
    assert lanes == [None]
    made.value(np.ones(1))
    assert lanes == [None, 1]
    x, y = autograd.inputs(name="x"), autograd.inputs(name="y")
    alone = autograd.compile(x * y, (x, y), backend="c")  # It is called with floats, as a rule, and has to be quick.
    assert lanes == [None, 1, 1]
    assert alone.value_and_grad(2.0, 3.0) == (6.0, (3.0, 2.0))
    assert lanes == [None, 1, 1]


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
    ("machine", "arrays", "name", "times"),
    [
        (1.0, 2.5, "native", "2.5 times "),
        (20.0, 1.0, "numpy", "20 times "),
        (1.0, 1.04, "native", ""),
        (1.0, 1.0, "numpy", ""),
    ],
)
def test_auto_takes_the_quicker_one(
    machine: float, arrays: float, name: str, times: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backends, "import_module", lambda _: SimpleNamespace(check=lambda: None))
    monkeypatch.setattr(backends, "seconds_of_machine", lambda code, n: machine)
    monkeypatch.setattr(backends, "seconds_of_numpy", lambda code, n: arrays)
    monkeypatch.setitem(backends._MAKERS, "native", lambda code, threads: code)
    program = squared()
    assert program.backend == name
    other = {"native": "numpy", "numpy": "native"}[name]
    assert program.facts.reason == f"estimated {times}as fast as {other} for 64 examples"


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


def chosen(loss: Any, inputs: Any, **options: Any) -> tuple[str, str]:
    """The back end that auto takes where the machine is there, and the reason."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backends, "import_module", lambda _: SimpleNamespace(check=lambda: None))
        patch.setitem(backends._MAKERS, "native", lambda code, threads: code)
        facts = autograd.compile(loss, inputs, **options).facts
    return facts.backend, facts.reason


@pytest.mark.parametrize(
    ("sizes", "name"),
    [([2, 10, 1], "native"), ([4, 5, 3], "native"), ([16, 16, 4], "native"), ([100, 120, 4], "numpy")],
)
def test_auto_leaves_large_matrices_to_numpy(sizes: list[int], name: str) -> None:
    """As measured for batches of 64 by `value_and_grad` of each."""
    model, x, t = nn.MLP(sizes[0], sizes[1:]), autograd.inputs(sizes[0]), autograd.inputs(sizes[-1])
    assert chosen(losses.mse(model(x), t), (x, t), parameters=model)[0] == name


def test_auto_leaves_all_other_graphs_to_the_machine() -> None:
    def chain(x: Value, y: Value) -> Value:
        for _ in range(200):
            x = (x * y).tanh()
        return x

    name, reason = chosen(chain, ((), ()))
    assert (name, reason.split(" for ")[1]) == ("native", "1 example")
    rows = autograd.inputs(300)
    assert chosen(autograd.total([v.tanh() for v in rows]), rows)[0] == "native"
    w = [Value(0.5) for _ in range(8)]
    state, steps = rows[:8], 40
    for _ in range(steps):  # The weights are few, and each is used at many nodes.
        state = [(v * state[k - 1] + state[k]).tanh() for k, v in enumerate(w)]
    assert chosen(autograd.total(state), (rows,), parameters=w)[0] == "native"


def test_a_call_with_floats_is_quicker_than_one_with_an_array() -> None:
    one, other = (
        autograd.compile(lambda x, y: (x * y).tanh(), ((), ()), backend="numpy", dtype=dtype)._part("inputs").code
        for dtype in ("float64", "float32")
    )
    assert isinstance(one, Code)
    assert isinstance(other, Code)
    assert backends.seconds_of_machine(one, 1) < 0.5 * backends.seconds_of_machine(other, 1)
    assert backends.seconds_of_machine(other, 1) < backends.seconds_of_machine(one, 2)
    assert backends.seconds_of_numpy(one, 1) < 0.1 * backends.seconds_of_numpy(one, 2)


def test_every_name_of_a_back_end_has_a_maker() -> None:
    assert ("auto", *backends._MAKERS) == BACKENDS
    assert {*THREADED} | {*backends._NEXT} < {*BACKENDS}


@pytest.mark.parametrize("threads", [0, -1, True, 1.5, "2", None, np.float64(2.0)])
def test_threads_is_a_whole_number(threads: Any) -> None:
    for backend in ("auto", "native", "c", "numpy", "jax"):
        with pytest.raises(ValueError, match=r"^threads is a whole number from 1, not "):
            squared(backend=backend, threads=threads)


@pytest.mark.parametrize("backend", ["numpy", "jax"])
def test_other_back_ends_have_threads_of_their_own(backend: str) -> None:
    with pytest.raises(
        ValueError, match=rf"^threads=2 is for native code: .*backend='native' or 'c' and not '{backend}'"
    ):
        squared(backend=backend, threads=2)
    assert squared(backend="numpy", threads=1).threads == 1


def test_where_numpy_takes_the_place_of_native_code_threads_have_no_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, "numpy")
    made = squared(threads=np.int64(2))
    assert (made.backend, made.threads, made.facts.threads) == ("numpy", 2, 1)
    assert made.facts.reason == "AUTOGRAD_BACKEND=numpy; threads=2 is for native and c"
    monkeypatch.setitem(backends._MAKERS, "native", declines(DeclinedError("not today")))
    assert squared(backend="native", threads=2).facts.reason == "not native: not today; threads=2 is for native and c"
    assert squared(backend="native").facts.reason == "not native: not today"


def test_a_copy_keeps_its_back_end() -> None:
    program = squared(backend="numpy")
    for other in (copy.deepcopy(program), copy.copy(program), pickle.loads(pickle.dumps(program))):
        assert other.facts.reason == "backend='numpy'"
