"""Pickles of nodes: linear in size in every order, whatever else is at work on the same graph."""

import collections
import io
import os
import pickle
import random
import signal
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, nn, topological_order

PER_NODE = 120
"""Bytes of a pickled node, at most; one with its label and its numbers takes some 70."""


def c_pickle(things: Any) -> bytes:
    return pickle.dumps(things, 4)


def python_pickle(things: Any) -> bytes:
    file = io.BytesIO()
    pickle._Pickler(file, 4).dump(things)
    return file.getvalue()


def oldest_pickle(things: Any) -> bytes:
    return pickle.dumps(things, 0)


PICKLERS = [c_pickle, python_pickle, oldest_pickle]


def states() -> list[Value]:
    """The states of a cell over time."""
    cell = nn.RNNCell(1, 2, rng=random.Random(0))
    h: list[Any] = [0.0, 0.0]
    found = []
    for t in range(150):
        h = cell([0.01 * t], h)
        found += h
    return found


def chain() -> list[Value]:
    v = Value(1.0, label="x")
    found = [v]
    for _ in range(3_000):
        v = v.sin()
        found.append(v)
    return found


def picture(roots: list[Value]) -> list[Any]:
    """All that can be seen of a graph, with places in place of nodes."""
    root = autograd.total(roots)
    order = topological_order(root)
    places = {id(v): k for k, v in enumerate(order)}
    return [(v.data, v.grad, v.label, v.op, v.partials, [places[id(x)] for x in v.operands]) for v in order]


ORDERS: dict[str, Callable[[list[Value]], Any]] = {
    "list": list,
    "reversed": lambda row: row[::-1],
    "tuple": tuple,
    "dict": lambda row: dict(enumerate(row)),
    "keys": lambda row: {v: k for k, v in enumerate(row)},
    "shuffled": lambda row: random.Random(1).sample(row, len(row)),
    "nested": lambda row: [[v] for v in row],
    "deque": collections.deque,
    "halves": lambda row: (row[: len(row) // 2], [row[-1]], row[len(row) // 2 :]),
}


@pytest.mark.parametrize("graph", [states, chain])
@pytest.mark.parametrize("dump", PICKLERS)
@pytest.mark.parametrize("order", ORDERS)
def test_a_pickle_of_many_nodes_is_as_long_as_their_graph(graph: Any, dump: Any, order: str) -> None:
    row = graph()
    nodes = len(topological_order(autograd.total(row)))
    things = ORDERS[order](row)
    text = dump(things)
    assert len(text) <= PER_NODE * (3 if dump is oldest_pickle else 1) * nodes
    if order in ("list", "tuple"):
        assert picture(list(pickle.loads(text))) == picture(row)
    else:
        assert len(pickle.loads(text)) == len(things)


OPERATIONS: list[Callable[[Value, Value], Value]] = [
    lambda a, b: a + b,
    lambda a, b: a * b,
    lambda a, b: a.sin(),
    lambda a, b: autograd.where(a, b, 1.0),
    lambda a, b: autograd.total([a, b, a]),
    lambda a, b: a.detach(),
    lambda a, b: 3.0 * a,
]


@given(st.data())
def test_any_list_of_nodes_comes_back_as_it_was(data: st.DataObject) -> None:
    pool = [Value(0.5, label="x"), Value(2.0, label="y")]
    for _ in range(data.draw(st.integers(1, 25))):
        kind = data.draw(st.integers(0, len(OPERATIONS) - 1))
        a, b = (data.draw(st.sampled_from(pool)) for _ in range(2))
        pool.append(OPERATIONS[kind](a, b))
    row = data.draw(st.lists(st.sampled_from(pool), min_size=1))
    dump = data.draw(st.sampled_from(PICKLERS))
    assert picture(pickle.loads(dump(row))) == picture(row)
    assert picture(pickle.loads(dump(row))) == picture(row)  # A dump leaves nothing behind.


class Nested:
    """An object that pickles something else while it is pickled."""

    def __init__(self, things: Any, dump: Callable[[Any], bytes], found: list[bytes]) -> None:
        self.things, self.dump, self.found = things, dump, found

    def __reduce__(self) -> tuple[Any, ...]:
        self.found.append(self.dump(self.things))
        return int, ()


@pytest.mark.parametrize("outer", PICKLERS)
@pytest.mark.parametrize("inner", PICKLERS)
def test_a_pickler_inside_another_one_is_told_apart(outer: Any, inner: Any) -> None:
    row, found = chain(), list[bytes]()
    things = [row[5], Nested(row[-1], inner, found), row[500], Nested(row[1_000], inner, found), row[-1], row[2_000]]
    again = pickle.loads(outer(things))
    assert picture([again[0], again[2], again[4], again[5]]) == picture([row[5], row[500], row[-1], row[2_000]])
    assert picture([pickle.loads(found[0])]) == picture([row[-1]])
    assert picture([pickle.loads(found[1])]) == picture([row[1_000]])


def test_picklers_that_take_turns_are_told_apart() -> None:
    row = chain()
    files = [io.BytesIO() for _ in range(3)]
    picklers = [pickle.Pickler(file) for file in files]
    for k in range(0, len(row), 750):
        for pickler in picklers:
            pickler.dump(row[k])
    for file in files:
        reader = pickle.Unpickler(io.BytesIO(file.getvalue()))
        read = [reader.load() for _ in range(0, len(row), 750)]
        assert picture(read) == picture(row[::750])


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")
@pytest.mark.parametrize("dump", [c_pickle, python_pickle])
def test_a_signal_handler_may_pickle_what_is_swept_walked_or_pickled(dump: Any) -> None:
    """A program that saves itself at an alarm; the gradients are those of a program without one."""
    x = Value(0.3, label="x")
    y = x
    for _ in range(200):
        y = (y * x).sin() + x
    y.backward()
    wanted, text, saved = x.grad, len(c_pickle(y)), list[int]()

    def save(*_: object) -> None:
        saved.append(len(dump(y)))
        signal.setitimer(signal.ITIMER_REAL, 0.001)  # Once more, but not while this one runs.

    usual = signal.signal(signal.SIGALRM, save)
    signal.setitimer(signal.ITIMER_REAL, 0.001)
    try:
        while len(saved) < 40:
            x.grad = 0.0
            y.backward()
            assert x.grad == wanted
            before = len(saved)
            assert len(dump([y, x])) <= (1 + len(saved) - before) * text + PER_NODE
            assert len(topological_order(y)) == 601
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, usual)
    assert max(saved) <= text + PER_NODE


def test_threads_may_pickle_one_graph_together() -> None:
    row, texts = chain(), list[bytes]()
    alone = len(c_pickle(row))
    together = threading.Barrier(4)

    def work(k: int) -> None:
        together.wait()
        for _ in range(3):
            texts.append((c_pickle if k % 2 else python_pickle)(row))

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(texts) == 12
    assert max(map(len, texts)) <= 1.1 * alone
    assert picture(pickle.loads(texts[0])) == picture(row)
