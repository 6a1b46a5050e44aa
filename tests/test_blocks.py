"""strict() and no_grad() as blocks and as decorators, of every kind of function, in every thread and task."""

import asyncio
import functools
import inspect
import math
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, no_grad, strict
from autograd.blocks import Block
from autograd.engine.modes import MODES, NO_GRAD, STRICT


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
    yield
    assert (MODES.active, NO_GRAD.get(), STRICT.get()) == (0, 0, 0)
    assert recorded()
    assert not checked()


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
    assert MODES.active == 0
    assert recorded()


def test_an_error_leaves_the_block() -> None:
    @no_grad()
    def failing() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        failing()
