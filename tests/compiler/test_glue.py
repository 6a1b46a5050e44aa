"""Programs of C called from Python: floats, bound arrays and trainings; threads, signals, and what is wrong."""

import gc
import math
import re
import sys
import threading
import time
import tracemalloc
import weakref
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd.compiler.native.compilers import CompilerError
from autograd.compiler.native.extension import load, native
from tests.compiler.native_programs import LINE, WAITING, Array, Steps, files, line, line_by_parameters

ROUNDING = {"float64": 1e-12, "float32": 2e-4}
"""Relative: sums are made in another order."""
LONG = 1e9
"""Operations on a lane that make any work long, so that other threads run and are used."""
DTYPES = ("float64", "float32")
CALLS = 300
"""In which a lost object would be seen beside what Python itself keeps."""
SLOW = LINE.replace("(void)self;", "(void)self; nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);").replace(
    "#include", "#include <time.h>\n#include", 1
)
"""A program that takes 5 ms for each block of lanes."""

pytestmark = pytest.mark.usefixtures("c_compiler", "extension")


def code(text: str = LINE, dtype: str = "float64") -> Any:
    return load(files(text, dtype), dtype)


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


def places(*numbers: int) -> Array:
    return np.array(numbers, np.int64)


# ── functions of floats ──


def called(*slots: int, other: Any = None, **options: Any) -> Any:
    arguments = {"parameters": np.array([2.0, 3.0]), **options}
    return native().Call(code(), places(*slots), 3, 2, other, **arguments)


def test_floats_go_in_and_come_out() -> None:
    for x, y, t in ((1.0, 2.0, 3.0), (-4.0, 0.5, 1e300), (math.inf, 0.0, math.nan)):
        with np.errstate(all="ignore"):
            roots, slopes = line(np.array([2.0, 3.0]), np.array([[x], [y], [t]]))
        value, found = called(0, 1, 2)(x, y, t)
        assert type(value) is type(found[0]) is float
        np.testing.assert_array_equal([value, *found], [roots[0, 0], *slopes[:, 0]])
        np.testing.assert_array_equal(called(0, 1, 2, gradient=False)(x, y, t), roots[0, 0])


def test_inputs_have_any_slots_and_those_that_are_not_read_have_none() -> None:
    f = called(2, -1, 0, 1, -1)
    assert f(3.0, 99.0, 1.0, 2.0, 99.0) == (25.0, (-10.0, 0.0, 20.0, 30.0, 0.0))
    assert called(0)(1.0) == (4.0, 8.0), "of one input the gradient is a number"
    assert called()() == (0.0, ())


@pytest.mark.parametrize(
    "arguments",
    [
        (1, 2.0, 3.0),
        (1.0, 2.0),
        (1.0, 2.0, 3.0, 4.0),
        (1.0, 2.0, True),
        (np.float64(1.0), 2.0, 3.0),
        ([1.0], [2.0], "x"),
        (),
    ],
)
def test_all_other_arguments_go_to_the_other_function(arguments: tuple[object, ...]) -> None:
    seen: list[object] = []

    def other(*given: object, **options: object) -> str:
        seen.extend([given, options])
        return "else"

    f = called(0, 1, 2, other=other)
    assert (f(*arguments), seen) == ("else", [arguments, {}])
    assert f(1.0, 2.0, 3.0, copy=False) == "else"
    assert seen[2:] == [(1.0, 2.0, 3.0), {"copy": False}]
    with refused(ZeroDivisionError, "division"):
        called(0, 1, 2, other=lambda *_: 1 // 0)(1)


def test_a_function_sees_the_parameters_of_now() -> None:
    parameters = np.array([2.0, 3.0])
    f = called(0, 1, 2, parameters=parameters)
    parameters[:] = 1.0
    assert f(1.0, 1.0, 1.0)[0] == 1.0


def test_a_circle_of_references_is_freed() -> None:
    class Owner:
        def other(self, *arguments: object) -> None:
            pass

    owner = Owner()
    owner.call = called(0, 1, 2, other=owner.other)  # type: ignore[attr-defined]
    seen = weakref.ref(owner)
    del owner
    gc.collect()
    assert seen() is None


@pytest.mark.parametrize(
    ("kind", "text", "change"),
    [
        (TypeError, "a Code is needed, not str", {"code": "code"}),
        (IndexError, "slots: 3 is not from -1 to before 3", {"slots": places(3)}),
        (IndexError, "slots: -2 is not from -1 to before 3", {"slots": places(-2)}),
        (TypeError, "slots: an array of the kind l is needed, not d", {"slots": np.zeros(2)}),
        (TypeError, "slots: an array of the kind l is needed, not i", {"slots": np.zeros(2, np.int32)}),
        (TypeError, "bytes-like", {"slots": [0, 1]}),
        (ValueError, "Call: a width from 0 and roots from 1 are needed", {"width": -1}),
        (ValueError, "Call: a width from 0 and roots from 1 are needed", {"roots": 0}),
        (TypeError, "parameters: an array of the kind d is needed, not f", {"parameters": np.zeros(2, np.float32)}),
        (ValueError, "not C-contiguous", {"parameters": np.zeros(4)[::2]}),
        (ValueError, "the program has no function program_gradient", {"code": WAITING}),
    ],
)
def test_a_function_of_wrong_things_is_refused(kind: type[Exception], text: str, change: dict[str, Any]) -> None:
    given: dict[str, Any] = {"code": code(), "slots": places(0, 1), "width": 3, "roots": 2, "other": None, **change}
    if given["code"] is WAITING:
        given["code"] = code(WAITING)
    with refused(kind, text):
        native().Call(**given)


def test_a_program_of_float32_is_no_function_of_floats() -> None:
    with refused(ValueError, "a program of float32 isn't called with floats"):
        native().Call(code(dtype="float32"), places(0), 3, 2, None)


# ── bound arrays ──


class Arrays(SimpleNamespace):
    """The arrays of a batch of n examples of LINE."""

    def __init__(self, n: int, dtype: str = "float64", seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        super().__init__(
            parameters=random.normal(size=2).astype(dtype),
            inputs=random.normal(size=(3, n)).astype(dtype),
            roots=np.full((2, n), np.nan, dtype),
            gradient=np.full(2, np.nan, dtype),
            input_gradient=np.full((3, n), np.nan, dtype),
            seed=np.full(1, 0.5, dtype),
        )

    def bound(self, text: str = LINE, **options: Any) -> Any:
        arguments: dict[str, Any] = {**vars(self), **options}
        n = arguments.pop("n", self.inputs.shape[1])
        return native().Bound(code(text, self.inputs.dtype.name), n, **arguments)


def close(found: Array, expected: Array) -> None:
    np.testing.assert_allclose(found, expected, rtol=ROUNDING[found.dtype.name], atol=ROUNDING[found.dtype.name])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 16, 1023, 2047, 2048, 5000, 100_003])
def test_a_batch_is_computed_in_its_arrays(n: int, dtype: str) -> None:
    arrays = Arrays(n, dtype)
    bound = arrays.bound(threads=2, work=LONG)
    roots, slopes = line(arrays.parameters, arrays.inputs)
    assert bound.value() is None
    close(arrays.roots, roots)
    assert np.isnan(arrays.gradient).all()
    arrays.roots[:] = np.nan
    for _ in range(2):  # The second time what the first one left is overwritten.
        bound.gradient()
        close(arrays.roots, roots)
        close(arrays.input_gradient, 0.5 * slopes)
        close(arrays.gradient / n, 0.5 * line_by_parameters(arrays.parameters, arrays.inputs) / n)
    arrays.seed[:] = 2.0
    arrays.parameters[:] = 0.0
    bound.gradient()
    close(arrays.gradient / n, 2.0 * line_by_parameters(arrays.parameters, arrays.inputs) / n)


@pytest.mark.parametrize("left_out", ["gradient", "input_gradient", "seed"])
def test_what_is_not_wanted_is_left_out(left_out: str) -> None:
    arrays, whole = Arrays(5000), Arrays(5000)
    whole.bound().gradient()
    options: dict[str, Any] = {left_out: None}
    arrays.bound(**options).gradient()
    for name in {"gradient", "input_gradient"} - {left_out}:
        scale = 2.0 if left_out == "seed" else 1.0
        np.testing.assert_array_equal(vars(arrays)[name], scale * vars(whole)[name])
    assert left_out == "seed" or np.isnan(vars(arrays)[left_out]).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2048, 70_001])
def test_the_numbers_do_not_depend_on_the_threads(n: int, dtype: str) -> None:
    alone = Arrays(n, dtype)
    alone.bound().gradient()
    for threads in (2, 3, 8, 1000):
        for _ in range(3):
            shared = Arrays(n, dtype)
            shared.bound(threads=threads, work=LONG).gradient()
            for name in ("roots", "gradient", "input_gradient"):
                np.testing.assert_array_equal(vars(shared)[name], vars(alone)[name])
        shared.bound(threads=threads, work=LONG).value()
        np.testing.assert_array_equal(shared.roots, alone.roots)


MEETING = r"""
#include <sched.h>
#include <pthread.h>
#include <stdint.h>
/* The first roots are the thread. A block whose root is negative ends when so many blocks as p says have been begun. */
void program_value(const void *self, long first, long stop, long n, const double *p, const void *x, double *roots) {
    (void)self, (void)x;
    int *begun = (int *)(roots + n), all = (int)p[0];
    __atomic_add_fetch(begun, 1, __ATOMIC_SEQ_CST);
    while (roots[first] < 0.0 && __atomic_load_n(begun, __ATOMIC_SEQ_CST) < all) sched_yield();
    for (long i = first; i < stop; i++) roots[i] = (double)(uintptr_t)pthread_self();
}
"""


def threads_of_blocks(begun: int, waiting: list[float], **options: Any) -> list[float]:
    """The threads that take four blocks, of which some wait until so many are begun."""
    arrays = Arrays(4096)
    arrays.parameters[0], arrays.roots[1, 0] = begun, 0.0
    arrays.roots[0, ::1024] = waiting
    arrays.bound(MEETING, **options).value()
    found: list[float] = arrays.roots[0, ::1024].tolist()
    return found


def test_little_work_starts_no_threads() -> None:
    """A thread takes longer to start than a small batch takes."""
    few = 4e6 / 4096
    for work, threads, most in ((1.0, 4, 1), (2 * few, 4, 2), (2 * few, 3, 2), (LONG, 3, 3), (LONG, 1000, 4)):
        assert len({*threads_of_blocks(most, [-1.0] * 4, threads=threads, work=work)}) == most


def test_a_thread_that_is_ready_takes_the_next_block() -> None:
    """Another one may wait for a processor meanwhile."""
    found = threads_of_blocks(4, [1.0, -1.0, 1.0, 1.0], threads=2, work=LONG)
    assert found[2] == found[3] != found[1]


def test_arrays_are_held_as_long_as_they_are_bound() -> None:
    arrays = Arrays(4)
    before = {name: sys.getrefcount(array) for name, array in vars(arrays).items()}
    bound = arrays.bound()
    assert all(sys.getrefcount(array) > before[name] for name, array in vars(arrays).items())
    with refused(ValueError, "cannot resize"):
        arrays.gradient.resize(10)
    del bound
    assert {name: sys.getrefcount(array) for name, array in vars(arrays).items()} == before


WRONG: list[tuple[type[Exception], str, dict[str, Any]]] = [
    (ValueError, "Bound: n and threads are whole numbers from 1", {"n": 0}),
    (ValueError, "Bound: n and threads are whole numbers from 1", {"threads": 0}),
    (ValueError, "inputs: 9 numbers make no rows of 4", {"inputs": np.zeros(9)}),
    (ValueError, "roots: 9 numbers make no rows of 4", {"roots": np.zeros(9)}),
    (ValueError, "gradient: an array of 2 numbers is needed, not of 3", {"gradient": np.zeros(3)}),
    (ValueError, "input_gradient: an array of 12 numbers is needed, not of 4", {"input_gradient": np.zeros(4)}),
    (ValueError, "seed: an array of 1 numbers is needed, not of 2", {"seed": np.zeros(2)}),
    (TypeError, "roots: an array is needed", {"roots": None}),
    (TypeError, "roots: an array of the kind d is needed, not f", {"roots": np.zeros((2, 4), np.float32)}),
    (TypeError, "roots: an array of the kind d is needed, not Zd", {"roots": np.zeros((2, 4), np.complex128)}),
    (ValueError, "not C-contiguous", {"inputs": np.zeros((4, 3)).T}),
    (TypeError, "bytes-like", {"parameters": [1.0, 2.0]}),
]


def read_only() -> Array:
    array = np.zeros((2, 4))
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(("kind", "text", "change"), [*WRONG, (ValueError, "read-only", {"roots": read_only()})])
def test_arrays_that_do_not_fit_are_refused(kind: type[Exception], text: str, change: dict[str, Any]) -> None:
    arrays = Arrays(4)
    before = {name: sys.getrefcount(array) for name, array in vars(arrays).items()}
    for _ in range(3):
        with refused(kind, text):
            arrays.bound(**change)
    gc.collect()
    assert {name: sys.getrefcount(array) for name, array in vars(arrays).items()} == before


def test_a_program_without_a_gradient_has_values_alone() -> None:
    arrays = Arrays(4)
    bound = arrays.bound(WAITING)
    with refused(ValueError, "the program has no function program_gradient"):
        bound.gradient()
    arrays.roots[0] = 1.0
    bound.value()


# ── threads of Python ──


def test_a_program_that_runs_in_another_thread_is_refused_and_another_one_runs() -> None:
    arrays, other = Arrays(4), Arrays(4)
    arrays.roots[:] = 0.0
    bound = arrays.bound(WAITING, work=LONG)
    thread = threading.Thread(target=bound.value)
    thread.start()
    try:
        while not arrays.roots[1, 0]:
            time.sleep(0.001)
        with refused(
            RuntimeError, "this program is running in another thread, or in a call that has not ended; a program"
        ):
            bound.value()
        other.bound(work=LONG).gradient()
        close(other.roots, line(other.parameters, other.inputs)[0])
    finally:
        arrays.roots[0] = 1.0
        thread.join()
    bound.value()


def test_two_threads_call_two_programs_at_once() -> None:
    def work(seed: int) -> None:
        arrays = Arrays(3000, seed=seed)
        bound, found = arrays.bound(threads=2, work=LONG), []
        for _ in range(50):
            bound.gradient()
            found.append(arrays.gradient.tolist())
        alone = Arrays(3000, seed=seed)
        alone.bound().gradient()
        wrong.extend(row for row in found if row != alone.gradient.tolist())

    wrong: list[list[float]] = []
    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


# ── trainings ──


class Trained:
    """A training of LINE, and the same in NumPy; LINE reads but two of the parameters."""

    def __init__(
        self,
        rows: int,
        size: int,
        *,
        count: int = 2,
        dtype: str = "float64",
        shuffled: bool = False,
        given: Any = (),
        **options: Any,
    ) -> None:
        random = np.random.default_rng(rows)
        self.columns = random.normal(size=(3, rows)).astype(dtype)
        self.p = random.normal(size=count).astype(dtype)
        self.g, self.states, self.steps = np.zeros(count, dtype), random.normal(size=count).astype(dtype), 0
        self.same, self.size, self.rows = Steps(self.p, self.columns.astype(float), 0.1, 0.5), size, rows
        self.same.states = self.states.astype(float)
        pairs = np.ascontiguousarray(self.columns[:2].T)
        arguments: dict[str, Any] = {
            "code": code(dtype=dtype),
            "update": code(dtype=dtype),
            "rows": rows,
            "size": size,
            "width": 3,
            "roots": 2,
            "columns": [(pairs, places(0, 1)), (self.columns[2].copy(), places(2))],
            "parameters": self.p,
            "gradient": self.g,
            "states": self.states,
            "numbers": 2,
            "shuffled": shuffled,
            **options,
            **dict(given),
        }
        self.training = native().Training(**arguments)

    def call(self, epochs: int, steps: int = 100, **options: Any) -> Any:
        """The result of one call of at most so many steps."""
        numbers = self.same.numbers(self.steps, steps).astype(self.p.dtype)
        found = self.training.run(epochs, **{"numbers": numbers, "steps": steps, **options})
        self.steps += found[1]
        return found

    def run(self, epochs: int, **options: Any) -> list[float]:
        """The losses of so many epochs, in as many calls as it takes."""
        losses = list[float]()
        while len(losses) < epochs:
            found, batches, mean = self.call(epochs - len(losses), **options)
            losses += found
            assert batches > 0
            if self.training.start == 0:
                assert mean == losses[-1]
        return losses

    def check(self, losses: list[float], orders: list[list[int]]) -> None:
        """Compare with NumPy."""
        expected = [self.same.epoch(self.size, order) for order in orders]
        dtype = self.p.dtype.name
        assert losses == pytest.approx(expected, rel=10.0 * ROUNDING[dtype], abs=0.0)
        for found, same in ((self.p, self.same.p), (self.g, self.same.gradient), (self.states, self.same.states)):
            close(found, same)
        assert self.steps == self.same.steps


@given(
    rows=st.integers(1, 40),
    size=st.integers(1, 40),
    epochs=st.integers(1, 5),
    seed=st.integers(0, 9),
    double=st.booleans(),
)
def test_steps_are_those_of_numpy(rows: int, size: int, epochs: int, seed: int, double: bool) -> None:
    size, dtype = min(size, rows), DTYPES[not double]
    plain = Trained(rows, size, dtype=dtype)
    plain.check(plain.run(epochs), [[*range(rows)]] * epochs)
    shuffled, random, losses, orders = (
        Trained(rows, size, dtype=dtype, shuffled=True),
        np.random.default_rng(seed),
        [],
        [],
    )
    for _ in range(epochs):
        order = random.permutation(rows)
        losses += shuffled.run(1, order=order)
        orders.append(order.tolist())
    shuffled.check(losses, orders)


def test_large_batches_are_shared_by_threads_with_the_same_numbers() -> None:
    one, several = Trained(10_000, 9000), Trained(10_000, 9000, threads=4, work=LONG)
    assert one.run(3) == several.run(3)
    assert one.p.tolist() == several.p.tolist()


def test_many_epochs_give_as_many_losses() -> None:
    made = Trained(3, 3)
    losses, batches, mean = made.call(1000, 1000)
    assert (len(losses), batches, mean, made.training.start) == (1000, 1000, losses[-1], 0)
    made.check(losses, [[0, 1, 2]] * 1000)


def test_a_call_ends_after_a_while_and_the_next_one_goes_on() -> None:
    made, steps, numbers = Trained(20_000, 1), 0, np.ones((1, 2))
    while not steps % 20_000:  # Else it has ended just with an epoch.
        steps += made.training.run(10**9, numbers=numbers)[1]
    assert made.training.start == steps % 20_000


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [2, 7, 1024, 1025, 5000])
def test_all_parameters_and_states_are_updated(count: int, dtype: str) -> None:
    made = Trained(5, 2, count=count, dtype=dtype)
    made.check(made.run(3), [[*range(5)]] * 3)


def test_the_last_numbers_are_for_all_further_steps() -> None:
    made, same = Trained(5, 5), Trained(5, 5)
    table = np.array([[0.1, 0.5], [0.2, 0.25], [0.05, 0.75]])
    made.call(9, numbers=table)
    for k in range(9):
        same.call(1, numbers=table[min(k, 2)])
    assert made.p.tolist() == same.p.tolist()


def test_a_call_makes_at_most_so_many_steps() -> None:
    made, losses = Trained(5, 2), list[float]()
    for steps, start, finished in ((1, 2, 0), (1, 4, 0), (1, 0, 1), (4, 2, 1), (2, 0, 1)):
        found, batches, _ = made.call(99, steps)
        assert (batches, made.training.start, len(found)) == (steps, start, finished)
        losses += found
    made.check(losses, [[*range(5)]] * 3)


def test_the_mean_is_that_of_the_rows_so_far() -> None:
    pairs, targets = np.ones((6, 2)), np.arange(6.0)
    targets[4] = math.nan
    columns = [(pairs, places(0, 1)), (targets, places(2))]
    made = Trained(6, 2, columns=columns)
    losses, batches, mean = made.call(9, numbers=np.zeros((1, 2)))  # The rate is 0, so that the parameters stay.
    output = made.p.sum()
    assert (losses, batches, made.training.start) == ([], 2, 4)
    assert mean == pytest.approx(np.mean((output - targets[:4]) ** 2))


def test_an_epoch_below_the_limit_is_the_last_one() -> None:
    losses = Trained(5, 5).run(50)
    limit = losses[20]
    assert limit == min(losses[:21])
    found, batches, _ = Trained(5, 5).call(50, below=limit)
    assert (found, batches) == (losses[:22], 22), "a loss at the limit is not below it"


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_an_epoch_that_ends_with_a_parameter_that_is_not_finite_is_the_last_one(number: float) -> None:
    made = Trained(5, 5)
    made.states[1] = number
    found, batches, _ = made.call(50)
    assert (len(found), batches) == (1, 1)


def test_no_step_is_made_with_a_loss_that_is_not_finite() -> None:
    pairs = np.zeros((6, 2))
    pairs[3] = math.inf
    made = Trained(6, 2, columns=[(pairs, places(0, 1)), (np.ones(6), places(2))])
    first, start, p = made.call(9), made.training.start, made.p.copy()
    assert (first[:2], start) == (([], 1), 2)
    for _ in range(2):
        losses, batches, loss = made.call(9)
        assert (losses, batches, made.training.start) == ([], 0, 2)
        assert not math.isfinite(loss)
    assert p.tolist() == made.p.tolist()
    assert not np.isfinite(made.g).any(), "the gradient is that of the last batch"


def test_losses_whose_sum_overflows_have_a_mean() -> None:
    huge = 1e154
    made = Trained(4, 4, columns=[(np.zeros((4, 2)), places(0, 1)), (np.full(4, huge), places(2))])
    losses, batches, _ = made.call(1)
    assert (batches, losses) == (1, [pytest.approx(huge * huge)])


def test_a_long_step_is_ended_by_an_error_and_not_made() -> None:
    """The answer to Ctrl-C raises KeyboardInterrupt."""

    def answer() -> None:
        asked.append(made.p.tolist())
        if len(asked) == last:
            with refused(RuntimeError, "this program is running"):
                made.call(1)
            raise KeyboardInterrupt

    for threads, last in ((1, 2), (2, 1)):
        asked: list[list[float]] = []
        made = Trained(64 * 1024, 64 * 1024, code=code(SLOW), work=LONG, threads=threads)
        before = made.p.tolist()
        with pytest.raises(KeyboardInterrupt):
            made.call(1, answer=answer)
        assert (made.p.tolist(), asked, made.training.start) == (before, [before] * last, 0)


def test_an_answer_that_raises_no_error_lets_a_long_step_go_on() -> None:
    asked: list[int] = []
    made = Trained(64 * 1024, 64 * 1024, code=code(SLOW))
    losses, batches, _ = made.call(1, answer=lambda: asked.append(1))
    assert batches == 1
    made.check(losses, [[*range(64 * 1024)]])
    assert asked


@pytest.mark.parametrize(
    ("kind", "text", "change"),
    [
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"size": 5}),
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"size": 0}),
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"rows": 0}),
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"roots": 0}),
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"threads": 0}),
        (ValueError, "Training: a size, a number of threads or a place is out of range", {"numbers": -1}),
        (ValueError, "the program has no function program_update", {"update": "nothing"}),
        (ValueError, "the program has no function program_gradient", {"code": "waiting"}),
        (TypeError, "a Code is needed, not NoneType", {"update": None}),
        (ValueError, "the program and the update compute with numbers of different kinds", {"update": "float32"}),
        (TypeError, "columns is a sequence of pairs", {"columns": 3}),
        (TypeError, "a column is a pair of an array of rows and the slots of its leaves", {"columns": [(1, 2, 3)]}),
        (TypeError, "a column is a pair of an array of rows and the slots of its leaves", {"columns": [3]}),
        (ValueError, "a column: an array of 4 numbers is needed, not of 3", {"columns": [(np.zeros(3), places(0))]}),
        (TypeError, "a column: an array of the kind d is needed, not f", {"columns": [(np.zeros(4, "f"), places(0))]}),
        (IndexError, "slots: 3 is not from -1 to before 3", {"columns": [(np.zeros(4), places(3))]}),
        (ValueError, "gradient: an array of 2 numbers is needed, not of 3", {"gradient": np.zeros(3)}),
        (TypeError, "a training needs parameters and a gradient", {"gradient": None}),
        (ValueError, "states: 3 numbers make no rows of 2", {"states": np.zeros(3)}),
    ],
)
def test_a_training_of_wrong_things_is_refused(kind: type[Exception], text: str, change: dict[str, Any]) -> None:
    texts = {"nothing": "void program_gradient(void) {}", "waiting": WAITING, "float32": LINE}
    for name, word in change.items():
        if isinstance(word, str):
            change = {name: code(texts[word], "float32" if word == "float32" else "float64")}
    with refused(kind, text):
        Trained(4, 2, given=change)


def test_orders_are_for_rows_that_are_shuffled() -> None:
    plain, shuffled = Trained(3, 2), Trained(3, 2, shuffled=True)
    for training, order in ((plain.training, places(0, 1, 2)), (shuffled.training, None)):
        with refused(ValueError, "Training.run: an order is for shuffled rows, and epochs and steps are 1 or more"):
            training.run(1, order=order, numbers=np.ones((1, 2)))
    for wrong in ({"epochs": 0}, {"epochs": 1, "steps": 0}):
        with refused(ValueError, "epochs and steps are 1 or more"):
            plain.training.run(**wrong, numbers=np.ones((1, 2)))
    for outside in (places(0, 1, 3), places(0, -1, 2)):
        with refused(IndexError, "order: "):
            shuffled.call(1, order=outside)
    with refused(ValueError, "order: an array of 3 numbers is needed, not of 2"):
        shuffled.call(1, order=places(0, 1))
    numbers: list[tuple[Any, str]] = [
        (np.ones(3), "3 numbers make no rows of 2"),
        (None, "0 numbers make no rows of 2"),
    ]
    for wrong_numbers, text in numbers:
        with refused(ValueError, text):
            plain.call(1, numbers=wrong_numbers)
    with refused(TypeError, "numbers: an array of the kind d is needed, not f"):
        plain.call(1, numbers=np.ones((1, 2), np.float32))
    assert plain.p.tolist() == Trained(3, 2).p.tolist()
    shuffled.run(1, order=places(2, 2, 2))


# ── memory ──


def grown(work: Callable[[], object]) -> int:
    """The bytes by which memory grows in some calls, after others."""
    tracemalloc.start()
    try:
        for _ in range(20):
            work()
        gc.collect()
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(CALLS):
            work()
        gc.collect()
        return tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()


def test_nothing_leaks() -> None:
    made = Trained(8, 2, shuffled=True)
    f, arrays, order = called(0, 1, 2), Arrays(5000), np.arange(8)
    bound = arrays.bound(threads=2, work=LONG)

    def fails() -> None:
        with pytest.raises(IndexError):
            made.call(1, order=order + 1)
        with pytest.raises(ValueError, match="rows"):
            arrays.bound(inputs=np.zeros(7))

    for work in (
        lambda: f(1.0, 2.0, 3.0),
        lambda: called(0, 1, 2)(1.0, 2.0, 3.0),
        bound.gradient,
        lambda: arrays.bound(threads=3, work=LONG).gradient(),
        lambda: made.call(5, order=order),
        lambda: Trained(8, 2).call(100),
        fails,
    ):
        assert min(grown(work) for _ in range(3)) < 16 * CALLS  # Less than the smallest object in each call.


# ── loading ──


def test_a_library_that_has_no_program_is_refused() -> None:
    with refused(ValueError, "has none of program_value, program_gradient and program_update"):
        load({"a.c": "int a(void) { return 1; }"}, "float64")
    with refused(OSError, "this shared object can't be loaded: "):
        native().Code("/none/program.so")
    with refused(ValueError, "a native program is of float64 or float32, not int8"):
        native().Code("/none/program.so", "int8")
    with refused(TypeError, "NoneType"):
        native().Code(None)
    with refused(ValueError, "embedded null"):
        native().Code("a\0b")


def test_a_library_is_closed_with_its_last_program() -> None:
    path = Path("/proc/self/maps")
    if not path.exists():
        pytest.skip("only Linux tells which libraries are loaded")
    made = load({"a.c": files(LINE)["program.c"] + "/* closed */"}, "float64")
    assert (made.has_value, made.has_gradient, made.has_update) == (True, True, True)
    f = native().Call(made, places(0), 3, 2, None, parameters=np.ones(2))
    count = path.read_text().count("/scalar-autograd/")
    del made
    assert path.read_text().count("/scalar-autograd/") == count
    assert f(1.0)[0] == 1.0
    del f
    assert path.read_text().count("/scalar-autograd/") < count


def test_an_object_that_cannot_be_loaded_tells_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("autograd.compiler.native.extension.shared_object", lambda *_, **__: Path(__file__))
    with refused(CompilerError, "if the file system forbids programs, let XDG_CACHE_HOME name a folder of another one"):
        load({}, "float64")
