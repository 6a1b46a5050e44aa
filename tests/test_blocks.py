"""strict() and no_grad() as blocks and as decorators, of every kind of function, in every thread and task."""

import asyncio
import functools
import gc
import inspect
import math
import signal
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, no_grad, strict
from autograd.blocks import Block, trial
from autograd.engine.modes import MODES, PATIENCE, on_trial
from tests.interrupting import interrupted, points


def recorded() -> bool:
    return bool((Value(2.0) * 3.0).operands)


def checked() -> bool:
    try:
        Value(0.0).log()
    except FloatingPointError:
        return True
    return False


@pytest.fixture(autouse=True)
def all_blocks_are_left() -> Iterator[None]:
    nothing_is_open()  # Interrupted blocks of other tests may not be dropped yet.
    yield
    for _ in range(PATIENCE):  # Those of tasks and threads that have ended are dropped after a while.
        assert recorded()
    assert not checked()
    assert (MODES.active, MODES.trials) == (0, 0)


def nothing_is_open() -> None:
    MODES.entries.clear()
    MODES.change(None)


FORMS: list[Callable[[Any], Any]] = [no_grad, no_grad(), lambda f: no_grad()(f)]


@pytest.mark.parametrize("decorate", FORMS)
def test_a_decorated_function_records_nothing(decorate: Callable[[Any], Any]) -> None:
    def prediction(x: Value, *, scale: float = 2.0) -> Value:
        """Twice x."""
        return x * scale

    made = decorate(prediction)
    x = Value(3.0)
    assert (made(x).data, made(x, scale=4.0).data, made(x).operands) == (6.0, 12.0, ())
    assert prediction(x).operands
    assert (made.__name__, made.__doc__, made.__wrapped__) == ("prediction", "Twice x.", prediction)
    assert inspect.signature(made) == inspect.signature(prediction)


@pytest.mark.parametrize("decorate", [strict, strict()])
def test_a_decorated_function_is_strict(decorate: Callable[[Any], Any]) -> None:
    made = decorate(lambda x: x.log())
    assert made(Value(1.0)).data == 0.0
    with pytest.raises(FloatingPointError, match=r"log\(0\.0\) is -inf"):
        made(Value(0.0))
    assert Value(0.0).log().data == -math.inf


def test_methods_are_decorated() -> None:
    class Model:
        def __init__(self) -> None:
            self.w = Value(2.0)

        @no_grad()
        def method(self, x: float) -> Value:
            return self.w * x

        @staticmethod
        @no_grad
        def still(x: Value) -> Value:
            return x * 2.0

        @classmethod
        @no_grad
        def of_class(cls, x: Value) -> str:
            return cls.__name__ * len((x * 2.0).operands or (1,))

        @property
        @no_grad
        def twice(self) -> Value:
            return self.w * 2.0

        @no_grad()
        def __call__(self, x: float) -> Value:
            return self.w * x

    model = Model()
    assert [v.operands for v in (model.method(3.0), model.still(model.w), model.twice, model(3.0))] == [()] * 4
    assert Model.of_class(model.w) == "Model"


def test_other_callables_are_decorated() -> None:
    for function in (lambda x: x * 2.0, functools.partial(lambda y, x: x * y, 2.0), Value.exp, Neuron()):
        assert no_grad()(function)(Value(1.0)).operands == ()
        assert function(Value(1.0)).operands


class Neuron:
    def __call__(self, x: Value) -> Value:
        return x.tanh()


def test_a_function_may_call_itself_and_others() -> None:
    @no_grad()
    def power(x: Value, n: int) -> Value:
        return x * power(x, n - 1) if n else inner(x)

    @strict
    def inner(x: Value) -> Value:
        assert not recorded()
        assert checked()
        return x * 0.0 + 1.0

    assert (power(Value(2.0), 5).data, power(Value(2.0), 5).operands) == (32.0, ())


def test_what_runs_after_the_call_is_refused() -> None:
    def generator() -> Iterator[None]:
        yield

    async def coroutine() -> None: ...

    async def generates() -> AsyncIterator[None]:
        yield

    for function in (generator, coroutine, generates, functools.partial(generator)):
        for block in (no_grad, strict):
            name = getattr(function, "__name__", r"functools\.partial")
            with pytest.raises(TypeError, match=rf"{name}.*runs after it returns; write `with {block.__name__}\(\):`"):
                block(function)


@pytest.mark.parametrize("block", [no_grad, strict])
def test_what_is_no_function_is_refused(block: Callable[[Any], Any]) -> None:
    name = block.__name__
    for thing in (3, Value(1.0), "f", [math.exp], Neuron, property(lambda self: 1)):
        with pytest.raises(TypeError, match=rf"^{name}\(\) decorates a function, not .*; or write `with {name}\(\):`"):
            block(thing)
    for kind in (staticmethod, classmethod):
        with pytest.raises(
            TypeError, match=rf"^{name}\(\) decorates a function: write @{name}\(\) below @{kind.__name__}"
        ):
            block(kind(lambda x: x))


def test_a_block_in_a_generator_ends_with_it() -> None:
    def rows() -> Iterator[bool]:
        with no_grad():
            yield recorded()
            yield recorded()

    assert list(rows()) == [False, False]
    for _ in rows():
        break
    assert recorded()


def test_tasks_have_blocks_of_their_own() -> None:
    async def within(block: Block, seen: list[tuple[bool, bool]]) -> None:
        with block:
            await asyncio.sleep(0)
            seen.append((recorded(), checked()))
            await asyncio.sleep(0)

    async def without(seen: list[tuple[bool, bool]]) -> None:
        for _ in range(3):
            seen.append((recorded(), checked()))
            await asyncio.sleep(0)

    async def all_together() -> list[list[tuple[bool, bool]]]:
        seen: list[list[tuple[bool, bool]]] = [[], [], []]
        await asyncio.gather(within(no_grad(), seen[0]), without(seen[1]), within(strict(), seen[2]))
        return seen

    assert asyncio.run(all_together()) == [[(False, False)], [(True, False)] * 3, [(True, True)]]


def test_a_decorated_function_in_many_threads() -> None:
    together = threading.Barrier(4)

    @no_grad()
    def inside(x: float) -> bool:
        together.wait()
        found = recorded()
        together.wait()
        return found

    def outside(x: float) -> bool:
        together.wait()
        found = recorded()
        together.wait()
        return found

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(f, 1.0) for f in (inside, outside, inside, outside)]
        assert [future.result(timeout=60) for future in futures] == [False, True, False, True]


@given(st.lists(st.sampled_from([no_grad, strict]), max_size=6), st.booleans())
def test_blocks_nest_in_any_order(kinds: list[Callable[[], Block]], fails: bool) -> None:
    blocks = {kind: kind() for kind in kinds}  # One block of each kind, which is entered again and again.
    try:
        with ExitStack() as stack:
            for depth, kind in enumerate(kinds):
                stack.enter_context(blocks[kind])
                assert recorded() == (no_grad not in kinds[: depth + 1])
                assert checked() == (strict in kinds[: depth + 1])
            if fails:
                raise KeyError
    except KeyError:
        assert fails
    assert recorded()
    assert MODES.active == 0


def test_an_error_leaves_the_block() -> None:
    @no_grad()
    def failing() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        failing()


# ── Ctrl-C ──


@pytest.fixture
def uncollected() -> Iterator[None]:
    """The code of finalizers would have points of its own, in one run and not in the next."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def one() -> None:
    with no_grad():
        Value(1.0).exp()


def nested() -> None:
    with strict(), no_grad():
        Value(1.0).exp()
    Value(2.0).log()


@no_grad
def decorated() -> None:
    with trial(), strict():
        Value(1.0).exp()


@pytest.mark.usefixtures("uncollected")
@pytest.mark.parametrize("work", [one, nested, decorated])
def test_ctrl_c_leaves_no_block_open(work: Callable[[], object]) -> None:
    for place in range(1, points(work) + 1):
        with pytest.raises(KeyboardInterrupt), interrupted(place=place):
            work()
        assert recorded()
        assert not checked()
        assert not on_trial()
    assert place > 5
    nothing_is_open()  # Those that Ctrl-C kept from being entered are not dropped.


@pytest.mark.usefixtures("uncollected")
def test_a_signal_handler_may_use_blocks_at_any_time() -> None:
    """A handler that predicts, at every event of a block: it finds what is open, and leaves it open."""

    def handler(number: int, frame: object) -> None:
        found.append(recorded())
        with no_grad():
            found.append(recorded())
        decorated()
        found.append(recorded())

    def work() -> None:
        with no_grad():
            inside.append(recorded())
            inside.append(recorded())
        outside.append(recorded())

    before = signal.signal(signal.SIGINT, handler)
    try:
        found: list[bool] = []
        inside: list[bool] = []
        outside: list[bool] = []
        work()  # The first time has points of its own.
        for place in range(1, points(work) + 1):
            for row in (found, inside, outside):
                row.clear()
            with interrupted(place=place):
                work()
            assert found in ([True, False, True], [False, False, False])
            assert (inside, outside) == ([False, False], [True])
    finally:
        signal.signal(signal.SIGINT, before)
