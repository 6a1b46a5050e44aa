"""Order, sweep and lifetime of graphs, deep and wide ones included."""

import gc
import os
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from types import FrameType
from typing import Any

import pytest
from hypothesis import given

import autograd
from autograd import Value, draw, grad, grad_graph, topological_order, total
from autograd.check import strategies
from autograd.check.strategies import Expression
from autograd.engine import graph, guarded
from tests.running import python


@given(strategies.expressions())
def test_every_node_comes_once_and_after_its_operands(expression: Expression) -> None:
    root = expression(*[Value(x) for x in expression.inputs])
    order = topological_order(root)
    place = {id(v): i for i, v in enumerate(order)}
    assert len(place) == len(order)
    assert order[-1] is root
    for v in order:
        assert all(place[id(operand)] < place[id(v)] for operand in v.operands)


def test_order_follows_the_operands_as_written() -> None:
    x, y = Value(1.0, label="x"), Value(2.0, label="y")
    names = [v.label or v.op or str(v.data) for v in topological_order((x - 3) * (y + x))]
    assert names == ["x", "3.0", "subtract", "y", "add", "multiply"]


def test_a_leaf_is_its_own_graph() -> None:
    x = Value(2.0)
    assert topological_order(x) == [x]
    x.backward()
    x.backward()
    assert x.grad == 2.0


def test_two_edges_to_one_operand_count_twice() -> None:
    x = Value(3.0)
    (x * x + x).backward()
    assert x.grad == 7.0


@given(strategies.expressions())
def test_two_sweeps_give_exactly_twice_the_gradient(expression: Expression) -> None:
    xs = [Value(x) for x in expression.inputs]
    root = expression(*xs)
    root.backward()
    leaves, between = [v.grad for v in xs], [v.grad for v in topological_order(root) if v.operands]
    root.backward()
    assert [v.grad for v in xs] == [2.0 * g for g in leaves]
    assert [v.grad for v in topological_order(root) if v.operands] == between


def test_two_roots_that_share_nodes_add_up() -> None:
    x = Value(2.0)
    shared = x * x
    a, b = shared * 3, shared.exp() + shared
    a.backward()
    b.backward()
    both = Value(2.0)
    square = both * both
    (square * 3 + (square.exp() + square)).backward()
    assert x.grad == pytest.approx(both.grad, rel=1e-15, abs=0.0)


@pytest.mark.parametrize("beside", [nullcontext(), guarded.WALKING])
def test_a_sweep_leaves_what_is_behind_a_detached_node_alone(beside: AbstractContextManager[object]) -> None:
    x = Value(2.0)
    inner = x * x
    inner.backward()
    with beside:  # Another walk may be under way.
        (inner.detach() * x).backward()
    assert inner.grad == 1.0
    assert x.grad == 4.0 + 4.0


def test_a_new_node_has_a_mark_below_those_of_all_walks() -> None:
    x = Value(2.0)
    assert (x * x)._mark < graph._Marks().used


def interrupted_after(lines: int, call: Callable[[], None]) -> bool:
    """Whether call was interrupted, at the line of the sweep that it runs as the so-manyth; compiled, it has none."""
    left = lines

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal left
        # A tracer can come between the parts of a `with` statement, where no signal can.
        if not frame.f_code.co_filename.endswith(("graph.py", "guarded.py")) or frame.f_code.co_name == "ordered":
            return None
        left -= event == "line"
        if left < 0:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    except KeyboardInterrupt:
        return True
    finally:
        sys.settrace(before)
    return False


def test_an_interrupt_leaves_all_leaves_as_they_were_or_as_they_should_be() -> None:
    xs = [Value(1.0) for _ in range(5)]
    root = total(x * x for x in xs)
    seen = set()
    for lines in range(1_000):
        for x in xs:
            x.grad = 100.0
        interrupted = interrupted_after(lines, root.backward)
        seen.add(tuple(x.grad for x in xs))
        if not interrupted:
            break
    else:
        pytest.fail("a sweep of ten nodes ran more than a thousand lines")
    assert seen <= {(100.0,) * 5, (102.0,) * 5}
    assert seen == {(102.0,) * 5} if autograd.COMPILED else len(seen) == 2
    root.backward()
    assert [x.grad for x in xs] == [104.0] * 5


def test_threads_may_walk_one_graph_together() -> None:
    x = Value(0.5)
    v = x
    for _ in range(30):
        v = (v * v + x).tanh()
    length, second = len(topological_order(v)), grad_graph(v, [x])[0].data
    found: list[tuple[int, float]] = []

    def walk() -> None:
        found.extend((len(topological_order(v)), grad_graph(v, [x])[0].data) for _ in range(20))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        threads = [threading.Thread(target=walk) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        sys.setswitchinterval(interval)
    assert set(found) == {(length, second)}


@given(strategies.expressions())
def test_a_walk_that_finds_another_under_way_takes_the_same_path(expression: Expression) -> None:
    xs = [Value(x) for x in expression.inputs]
    root = total([expression(*xs), (xs[0] * 2.0).detach() * xs[0], *xs])
    order = topological_order(root)
    root.backward()
    gradient = [x.grad for x in xs]
    with guarded.WALKING:  # as inside a signal handler, or while another thread walks
        assert topological_order(root) == order
        root.backward()
    assert [x.grad for x in xs] == [2.0 * g for g in gradient]


@given(strategies.expressions())
def test_the_sweep_of_compiled_code_is_that_of_the_guarded_one(expression: Expression) -> None:
    """To the last bit, with the gradients that leaves and other nodes had before."""
    found = []
    for backward in (graph.backward, guarded.backward):
        xs = [Value(x) for x in expression.inputs]
        root = expression(*xs)
        root = root * xs[0] + (root * 2.0).detach() * xs[-1]
        nodes = topological_order(root)
        for number, node in enumerate(nodes):
            node.grad = 1.0 / (number + 3.0)
        backward(root, 0.7)
        backward(xs[0], 0.1)
        found.append([node.grad.hex() for node in nodes])
    assert found[0] == found[1]


@given(strategies.expressions())
def test_a_walk_lists_each_leaf_once(expression: Expression) -> None:
    inputs = [Value(x) for x in expression.inputs]
    root = autograd.total([expression(*inputs), *inputs, inputs[0]]) * inputs[0]
    root.grad = 5.0
    leaves: list[Value] = []
    order = graph.ordered(root, leaves)
    assert root.grad == 5.0
    assert len({*map(id, leaves)}) == len(leaves)
    assert {*map(id, leaves)} == {*map(id, inputs)}
    assert order[-1] is root


LEAF_ONCE: list[Callable[[Value, Value], Value]] = [
    lambda x, y: x.tanh(),
    lambda x, y: x * 2.0,
    lambda x, y: x * x,
    lambda x, y: y.tanh() * x,
    lambda x, y: x * y.tanh(),
    lambda x, y: x.tanh() * x.sin() + x,
    lambda x, y: x + x.sin(),
    lambda x, y: total([x, y, x]),
    lambda x, y: total([x.sin(), y.tanh() * x, x]),
]


@pytest.mark.parametrize("f", LEAF_ONCE)
def test_a_leaf_is_listed_once_wherever_it_is_an_operand(f: Callable[[Value, Value], Value]) -> None:
    x, y = Value(1.0), Value(2.0)
    for _ in range(2):  # The first walk finds a leaf that no walk has marked.
        leaves: list[Value] = []
        graph.ordered(f(x, y), leaves)
        assert [v for v in leaves if v is not y] == [x]
        assert leaves.count(y) <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_forked_child_waits_for_nobody() -> None:
    program = """
import os, threading
from autograd import Value, no_grad
from autograd.engine import graph, guarded
from autograd.engine.modes import MODES
with guarded.WALKING, MODES.lock:
    child = os.fork()
    if not child:
        x = Value(3.0)
        with no_grad():
            pass
        (x * x).backward()
        os._exit(int(x.grad))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert python("-c", program).stdout.strip() == "6"


def test_only_values_have_an_order() -> None:
    with pytest.raises(TypeError, match="topological_order takes a Value, not list"):
        topological_order([Value(1.0)])  # type: ignore[arg-type]


def test_a_thousand_doublings_are_linear() -> None:
    x = Value(1.0)
    v = x
    for _ in range(1000):
        v = v + v
    assert len(topological_order(v)) == 1001
    v.backward()
    assert x.grad == 2.0**1000


def chain(length: int) -> tuple[Value, Value]:
    x = Value(1.0, label="x")
    v = x
    for _ in range(length):
        v = v * 1.0000001
    return x, v


def test_a_chain_of_a_million_nodes_lives_and_dies_at_the_default_recursion_limit() -> None:
    assert sys.getrecursionlimit() <= 1000
    x, root = chain(1_000_000)
    root.backward()
    assert x.grad == pytest.approx(1.1051709, rel=1e-6, abs=0.0)
    assert len(topological_order(root)) == 2_000_001
    assert repr(root) == "Value(data=1.10517, grad=1.0)"
    assert "200 of 333,334 boxes" in draw(root).dot
    del root


def test_gradients_of_long_chains_are_graphs_too() -> None:
    def f(x: Value) -> Value:
        for _ in range(20_000):
            x = x * 1.00001
        return x

    assert grad(f)(1.0).data == pytest.approx(1.00001**20_000, rel=1e-10, abs=0.0)


def test_a_dropped_graph_is_freed_without_the_cyclic_collector() -> None:
    def grown() -> tuple[Value, Value]:
        x = Value(2.0)
        root = total([x * i for i in range(5_000)]).tanh() + x.detach()
        for i in range(5_000):
            root = root * x + i
        root.backward()
        topological_order(root)
        draw(root)
        return x, root

    grown()
    gc.collect()
    gc.disable()
    try:
        before = sys.getallocatedblocks()
        x, root = grown()
        alive = sys.getallocatedblocks() - before
        del root
        assert x.grad != 0.0
        del x
        left = sys.getallocatedblocks() - before
    finally:
        gc.enable()
    assert alive > 15_000
    assert left < 5_000, "what caches and Python's free lists of tuples keep, not all nodes"


def test_deep_and_mixed_structures_are_freed_without_recursion() -> None:
    """Chains, sums of sums, and nodes deep inside containers, which the interpreter frees by its own means."""
    v = Value(1.0)
    for _ in range(200_000):
        v = total([v, v])
    nest: Any = v
    for _ in range(100_000):
        nest = [Value(1.0) * 2.0, (nest,)]
    w = Value(2.0)
    for _ in range(100_000):
        w = total([w * 1.0, 2.0 - w])
    del v, nest, w


def test_threads_on_their_own_graphs_are_exact() -> None:
    shared = Value(1.5)
    results: dict[int, list[float]] = {}

    def work(name: int) -> None:
        found = []
        for i in range(200):
            x = Value(0.1 * name + 0.001 * i)
            v = x
            for _ in range(30):
                v = (v * v + x * shared.data).tanh()
            v.backward()
            found.append(x.grad)
        results[name] = found

    def run(names: list[int], together: bool) -> dict[int, list[float]]:
        results.clear()
        threads = [threading.Thread(target=work, args=(name,)) for name in names]
        for t in threads:
            t.start()
            if not together:
                t.join()
        for t in threads:
            t.join()
        return dict(results)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert run([1, 2, 3, 4], together=True) == run([1, 2, 3, 4], together=False)
    finally:
        sys.setswitchinterval(interval)


PROGRAM = """
import random
from autograd import Value, dot, softmax, topological_order, draw
r = random.Random(7)
xs = [Value(r.uniform(-1, 1), label=str(i)) for i in range(8)]
vs = list(xs)
for _ in range(300):
    a, b = r.choice(vs), r.choice(vs)
    vs.append(r.choice([lambda: (a * b).tanh(), lambda: a + b, lambda: dot([a, b], xs[:2])])())
root = dot(softmax(vs[-5:]), vs[-5:])
root.backward()
print([x.grad.hex() for x in xs], [v.op for v in topological_order(root)], draw(root).dot)
"""


def test_gradients_have_the_same_bits_in_every_process() -> None:
    outputs = {python("-c", PROGRAM, PYTHONHASHSEED=str(seed)).stdout for seed in range(24)}
    assert len(outputs) == 1
