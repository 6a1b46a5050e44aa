"""The blocks strict() and no_grad() change recording in their thread and nowhere else."""

import math
import threading
from collections.abc import Generator

import pytest

import autograd
from autograd import Value, no_grad, strict
from autograd.engine.modes import MODES


def test_strict_names_the_operation_operands_and_labels() -> None:
    x, y = Value(1.0, label="a"), Value(0.0, label="b")
    with strict():
        with pytest.raises(FloatingPointError, match=r"^divide\(a = 1\.0, b = 0\.0\) is inf; .*leave strict"):
            x / y
        with pytest.raises(FloatingPointError, match=r"… 100 operands\)"):
            autograd.total([1e308] * 100)
        assert (x * math.inf).data == math.inf, "an infinite operand is not born here"
    assert (x / y).data == math.inf


def test_strict_refuses_a_sweep_through_an_infinite_derivative() -> None:
    x = Value(0.0, label="x")
    x.grad = 5.0
    with strict():
        root = x.sqrt() * x
        with pytest.raises(FloatingPointError, match=r"the derivative of sqrt\(x = 0\.0\) by x is inf"):
            root.backward()
        assert x.grad == 5.0
        (x.relu() + x**2).backward()
    assert x.grad == 5.0


def test_strict_does_not_mind_derivatives_that_nobody_uses() -> None:
    x, y = Value(1.0), Value(2.0)
    with strict():
        (x / 1e-160).backward()
        (0.0**y).backward()
        ((x - 1.0).detach().sqrt() * y).backward()
    assert (x.grad, y.grad) == (1e160, 0.0)


def test_a_block_left_in_another_thread_does_not_count_below_zero() -> None:
    def generator() -> Generator[None, None, None]:
        with no_grad():
            yield

    blocks = generator()
    thread = threading.Thread(target=lambda: next(blocks))
    thread.start()
    thread.join()
    blocks.close()
    with no_grad():
        assert (Value(2.0) * 3).op == ""
    with strict():
        assert (Value(2.0) * 3).op == "multiply"
    assert (Value(2.0) * 3).op == "multiply"
    assert MODES.active == 0


def test_blocks_belong_to_their_thread() -> None:
    inside, done = threading.Event(), threading.Event()
    found: list[str] = []
    block = no_grad()

    def elsewhere() -> None:
        inside.wait()
        found.append((Value(1.0) * 2).op)
        with block:  # This is the same block, in another thread.
            found.append((Value(1.0) * 2).op)
        found.append((Value(1.0) * 2).op)
        done.set()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    with block:
        inside.set()
        done.wait()
        assert (Value(1.0) * 2).op == ""
    thread.join()
    assert found == ["multiply", "", "multiply"]
    assert (Value(2.0) * 3).op == "multiply"
    assert MODES.active == 0


def test_blocks_nest_and_end_with_errors() -> None:
    x = Value(0.0)
    with strict(), pytest.raises(FloatingPointError), strict(), strict():
        x.log()
    assert x.log().data == -math.inf
    assert (Value(2.0) * 3).op == "multiply"
    assert MODES.active == 0


def test_nothing_is_recorded_under_no_grad() -> None:
    x = Value(2.0)
    with no_grad():
        y = (x * x).exp() + autograd.total([x, x])
    assert (y.op, y.operands) == ("", ())
    y.backward()
    y.backward()
    assert (x.grad, y.grad) == (0.0, 2.0), "y is a leaf like any other"
    with no_grad(), pytest.raises(RuntimeError, match="leave no_grad"):
        autograd.grad(lambda v: v * v)(2.0)
