"""The texts of small programs, as they are printed: a change of a pass shows in them, and can be read in a diff.

Each program is right, too: all its stages give the same numbers. After a change that is meant,
`python -m tests.compiler.test_sources` writes the texts anew.
"""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import numpy as np
import pytest

import autograd
from autograd import Value, dot, maximum, softmax, total, where
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.report import report
from autograd.compiler.statements import ArrayProgram, Map, Named, Product, Slots
from autograd.compiler.text import text_of
from tests.compiler.finding import culprit, recording
from tests.compiler.graphs import attention, flat, leaves, linear, recurrence, restart, squares
from tests.compiler.test_text import SIZES, A, Programs, call, compared
from tests.compiler.texts import kept, write

FOLDER: Final = Path(__file__).parent / "sources"


class Model(NamedTuple):
    """The roots of a graph, its inputs, its parameters, and names for some of them."""

    roots: Sequence[Value]
    inputs: Any
    parameters: Any
    names: dict[str, Any]
    wanted: Wanted = "both"


# ── programs ──


def network() -> Model:
    """Two layers with biases, and the cross-entropy of a class."""
    x, w, u = leaves(3), leaves(4, 4), leaves(2, 5)
    weights, biases = [[r[:-1] for r in m] for m in (w, u)], [[r[-1] for r in m] for m in (w, u)]
    h = [v.tanh() for v in linear(weights[0], x, biases[0])]
    z = linear(weights[1], h, biases[1])
    names = {"layers.0.weight": weights[0], "layers.0.bias": biases[0], "w": weights[1], "b": biases[1]}
    return Model([autograd.logsumexp(z) - z[0], *z], x, [w, u], names, "parameters")


def positions() -> Model:
    """Two layers with biases, of the same weights at each of three positions."""
    x, w, u = leaves(3, 2), leaves(2, 3), leaves(1, 3)
    h = [[v.tanh() for v in linear([r[:2] for r in w], row, [r[2] for r in w])] for row in x]
    z = [v.sigmoid() for row in h for v in linear([r[:2] for r in u], row, [r[2] for r in u])]
    return Model([dot(z, [z[2], z[0], z[1]])], x, [w, u], {"w": w, "rows": u})


def states() -> Model:
    """Four steps of a recurrence, over which the gradient of the weights is summed."""
    xs, wx, wh, b = leaves(4, 2), leaves(2, 2), leaves(2, 2), leaves(2)
    return Model([squares(recurrence(xs, wx, wh, b, [0.0, 0.5]))], xs, [wx, wh, b], {"w.x": wx, "w.h": wh, "b": b})


def filters() -> Model:
    """Two filters over an image, and the greatest of each row of results."""
    image, f = leaves(4, 3), leaves(2, 4)
    rows = [
        [dot(one, [image[i + a][j + c] for a in (0, 1) for c in (0, 1)]).relu() for j in range(2)]
        for one in f
        for i in range(3)
    ]
    return Model([total([autograd.largest(row) * maximum(row[0], 0.25) for row in rows])], image, f, {"f": f})


def masked() -> Model:
    """Attention in which no token sees a later one."""
    x, q, k, v = leaves(3, 2), leaves(2, 2), leaves(2, 2), leaves(2, 2)
    rows = attention(x, q, k, v, 1, lambda t: t + 1)
    return Model([squares(rows)], x, [q, k, v], {"q": q, "k": k, "v": v})


def branches() -> Model:
    """Logarithms and products that are read where a number is positive alone."""
    x, p = leaves(4), leaves(4)
    taken = [where(a, (a * b).log() + dot(p, x), b * b) for a, b in zip(x, p, strict=True)]
    inner = where(p[0], total([a.sqrt() for a in p]), p[1].exp())
    same = where(x[3], p[2].log() * p[3].log(), p[1])  # For all examples, and read by some.
    return Model([total(taken) * inner + same, taken[1]], x, p, dict(zip("abcd", p, strict=True)))


def scores() -> Model:
    """Products of rows with rows, each read where a number of its left row is positive, or of its right one."""
    x, y = leaves(2, 2), leaves(2, 2)
    q, k = ([[v.log() for v in row] for row in rows] for rows in (x, y))
    left = [where(x[i][0], dot(q[i], k[j]), 0.0) for i in range(2) for j in range(2)]
    right = [where(y[j][1], dot(q[i], y[j]), 0.0) for i in range(2) for j in range(2)]
    return Model([total(left) + total(right)], [x, y], [], {}, "inputs")


def lists() -> Model:
    """Functions of lists, some of which are longer than others, of nodes, leaves and numbers."""
    x, p = leaves(4), leaves(3)
    h = [v.exp() for v in x]
    made = [
        autograd.norm(h[:2]),
        autograd.norm(h[1:3]),
        autograd.norm(h[:3]),
        autograd.product(h),
        autograd.product([*h[:2], p[0], -0.5]),
    ]
    made += [autograd.norm(h[2:]).detach() * p[0], autograd.norm(h[1:]).detach() * p[1]]
    made += [autograd.largest([*h[:2], -0.5]).detach() * p[1], autograd.largest(h).detach() * p[2]]
    return Model([total(made) + dot(softmax(p), x[:3])], x, p, dict(zip("abc", p, strict=True)), "inputs")


def functions() -> Model:
    """A chain of functions in which nothing is alike, with numbers of many kinds."""
    x, y, p = leaves(), leaves(), leaves(3)
    z = 2.0**x - p[2].detach() + (x / y + 2.0).log() * p[0] - x**3 / 7.0 + y ** p[1] - autograd.minimum(x, -0.5)
    z = z.sin() * 3.0 + (z * z - 1.5).sigmoid() / (1.0 + z.square()) + maximum(x, y).detach() * z.sign()
    return Model([z.softplus() + abs(x), x * 0.5 - 1.0], [x, y], p, {"p": p})


def sums() -> Model:
    """Sums of terms of all kinds, with coefficients."""
    x, p = leaves(3), leaves(3)
    h, u = [v.tanh() for v in x], [v.exp() for v in p]
    z = [
        a * b + 2.0 * c * d - b * d + 3.0 * a + b - c * c + 0.5 * b * b + float(i)
        for i, (a, b, c, d) in enumerate(zip(x, p, h, u, strict=True))
    ]
    return Model([squares(z), h[1], u[2], p[0], (x[0] + 5.0).operands[1]], x, p, {"a": p[0], "b": p[1:]})


def turned() -> Model:
    """A table of which rows are read, and then columns, and biases of some of its results."""
    tokens, table, b = leaves(2, 3), leaves(3, 2), leaves(3)
    embedded = [[dot([table[k][j] for k in range(3)], t) for j in range(2)] for t in tokens]
    return Model(
        [total([autograd.logsumexp(linear(table, e, b)) for e in embedded])], tokens, [table, b], {"table": table}
    )


def scattered() -> Model:
    """Nodes and leaves that are read in no order, some of them more than once."""
    x, p = leaves(9), leaves(5)
    h = [v.tanh() for v in x]
    z = [h[i] * p[j] for i, j in zip([0, 3, 4, 8, 1, 3, 7], [0, 1, 4, 2, 0, 4, 4], strict=True)]
    y = [v.sin() for v in (z[0], z[3], z[2], z[6], h[5])]
    return Model(
        [total([a * b.exp() for a, b in zip(y, [*z[3:], h[2]], strict=True)])], x, p, dict(zip("abcde", p, strict=True))
    )


def nothing() -> Model:
    """Results without gradients."""
    x, p = leaves(2, 2), leaves(2, 2)
    z = [v.relu() for row in x for v in linear(p, row)]
    return Model([total(z), *z], x, p, {"p": p}, "nothing")


MODELS: Final[Sequence[Callable[[], Model]]] = (
    network,
    positions,
    states,
    filters,
    masked,
    branches,
    scores,
    lists,
    functions,
    sums,
    turned,
    scattered,
    nothing,
)
SEEDS: Final = (12, 19, 72, 76, 128, 232)
"""Of random statements, whose views are odder than those of graphs."""


# ── texts ──


def statements(seed: int) -> ArrayProgram:
    """A random statement forward and one backward."""
    made = Programs(Random(seed))
    first, second = made.statement("v", "p c u x"), made.statement("dp dx", "p c x s")
    constants = np.array([0.5, -1.5, 2.0, 0.25, 3.0, -0.75])
    return ArrayProgram(SIZES, constants, (), (first,), (second,), Slots("v", np.array([0])))


def gaps() -> ArrayProgram:
    """Gradients that are sums over lanes, of slots with gaps between them."""
    total = Map(Slots("v", np.array([0])), A, {"a": Slots("x", np.array([5]))})
    pieces = Map(Slots("dp", np.arange(4).reshape(2, 2)), A, {"a": Slots("x", np.array([[0, 1], [4, 5]]))})
    turned = Map(Slots("dp", np.arange(6, 10).reshape(2, 2)), A, {"a": Slots("x", np.array([[0, 4], [1, 5]]))})
    sizes = {"p": 10, "c": 0, "u": 0, "x": 6, "v": 1, "s": 1}
    return ArrayProgram(sizes, np.zeros(0), (), (total,), (pieces, turned), Slots("v", np.array([0])))


def uneven() -> ArrayProgram:
    """Three steps that are no loop, because the slots that they read don't lie alike in memory."""
    x = [Map(Slots("v", np.array(at)), A, {"a": Slots("x", np.array(at))}) for at in ([0, 1, 2], [3, 5], [6, 8])]
    steps = [
        Map(Slots("v", 10 + 2 * t + np.arange(2)), call("tanh", A), {"a": Slots("v", 3 * t + np.array([0, 2]))})
        for t in range(3)
    ]
    sizes = {"p": 1, "c": 0, "u": 0, "x": 9, "v": 16, "s": 1}
    return ArrayProgram(sizes, np.zeros(0), (), (*x, *steps), (), Slots("v", np.array([10])))


def overlapping() -> ArrayProgram:
    """Four steps that add to windows in which a slot stands twice."""
    place, window = np.array([[0, 1], [2, 3]]), np.array([[0, 1], [1, 2]])
    steps = [Map(Slots("v", 4 * t + window), A, {"a": Slots("x", 4 * t + place)}, add=True) for t in range(4)]
    sizes = {"p": 1, "c": 0, "u": 0, "x": 16, "v": 16, "s": 1}
    return ArrayProgram(sizes, np.zeros(0), (), tuple(steps), (), Slots("v", np.array([1, 5])))


def products() -> ArrayProgram:
    """Products of few rows and terms: with lanes on one side, on both sides, and summed over them."""
    shapes = [(1, 1, 1, 3), (1, 2, 1, 1), (1, 1, 3, 2), (2, 1, 1, 1), (2, 1, 1, 3), (2, 2, 2, 3)]
    sizes = {"p": 0, "c": 0, "u": 0, "x": 13, "v": 0, "s": 1}

    def made(out: str, left: str, right: str, c: int, f: int, p: int, t: int) -> Product:
        first = sizes[out.removeprefix("d")]
        sizes[out.removeprefix("d")] += c * f * p
        read = [np.arange(c * rows * t).reshape(c, rows, t) for rows in (f, p)]
        target = Slots(out, first + np.arange(c * f * p).reshape(c, f, p))
        return Product(target, Slots(left, read[0]), Slots(right, 1 + read[1]))

    forward = [made("v", left, "x", *shape) for left in "px" for shape in shapes]
    in_no_order = made("v", "p", "x", 1, 4, 2, 3)
    in_no_order.left.index[0, 1] = [12, 5, 8]
    alike = made("dp", "p", "x", 1, 2, 2, 3)
    alike.right.index[0, 1] = alike.right.index[0, 0]
    backward = [*(made("dp", "x", "x", *shape) for shape in shapes), alike]
    return ArrayProgram(sizes, np.zeros(0), (), (*forward, in_no_order), tuple(backward), in_no_order.out)


PROGRAMS: Final = {"gaps": gaps, "overlapping": overlapping, "products": products, "uneven": uneven} | {
    f"seed_{seed}": partial(statements, seed) for seed in SEEDS
}


def text_and_tables(program: ArrayProgram, *, lanes: bool) -> str:
    """The text for batches or for one example, with its index arrays."""
    text = text_of(program, "float64", lanes=lanes)
    return "\n".join([text.source, *(f"{name} = {index.tolist()}" for name, index in text.tables.items())])


def code_of(model: Model) -> Code:
    """The code of a model."""
    places = {id(v): place for place, v in enumerate(flat(model.parameters))}
    found = recording(model.roots, flat(model.inputs), flat(model.parameters))
    names = [
        Named(name, Slots("p", np.array([places[id(v)] for v in flat(part)]).reshape(np.shape(part))))
        for name, part in model.names.items()
    ]
    found = found._replace(names=[*names, Named("x", Slots("x", np.arange(len(found.inputs))))])
    return Code(found, model.wanted, "float64")


def printed(code: Code) -> str:
    """All that can be read of a program."""
    one = text_and_tables(code.program, lanes=False)
    parts = [code.trace(), one, code.floats.source, report(code.facts, code.layout.sizes["p"])]
    return "\n\n".join(parts) + "\n"


def text_of_model(model: Callable[[], Model]) -> str:
    restart()
    return printed(code_of(model()))


def text_of_program(made: Callable[[], ArrayProgram]) -> str:
    return text_and_tables(made(), lanes=True)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_the_text_of_a_model(model: Callable[[], Model]) -> None:
    assert text_of_model(model) == kept(FOLDER, model.__name__)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_a_model_is_right(model: Callable[[], Model]) -> None:
    made = model()
    code = code_of(made)
    with np.errstate(all="ignore"):
        assert culprit(code.recording, made.wanted) == ""
    assert code.program
    assert code.completes == (model in (masked, branches))


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_text_of_an_array_program(name: str) -> None:
    assert text_of_program(PROGRAMS[name]) == kept(FOLDER, name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_an_array_program_is_right(name: str) -> None:
    compared(PROGRAMS[name]())


if __name__ == "__main__":
    write(FOLDER, {model.__name__: partial(text_of_model, model) for model in MODELS})
    write(FOLDER, {name: partial(text_of_program, made) for name, made in PROGRAMS.items()})
