"""Small graphs for the tests of the passes: leaves with numbers of their own, layers, attention, recurrences.

>>> m = leaves(2, 3)
>>> [len(row) for row in m], m[0][0].data != m[0][1].data
([3, 3], True)
"""

from collections.abc import Callable, Sequence
from itertools import count
from math import tanh
from typing import Any, Final

from hypothesis import strategies as st

import autograd
from autograd import Value, dot, softmax, total
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.statements import Product
from tests.compiler.finding import culprit, recording

_drawn = count(1)


def restart() -> None:
    """Let `leaves` begin anew."""
    global _drawn
    _drawn = count(1)


def leaves(*shape: int) -> Any:
    """Leaves in nested lists of a shape, with numbers from -1 to 1, no two of them alike."""
    if not shape:
        return Value(tanh(2.0 * ((next(_drawn) * 0.6180339887498949) % 1.0) - 1.0))
    return [leaves(*shape[1:]) for _ in range(shape[0])]


def flat(nested: Any) -> list[Value]:
    """The leaves of nested lists, in order."""
    return [nested] if isinstance(nested, Value) else [v for part in nested for v in flat(part)]


def code_of(roots: Value | Sequence[Value], inputs: Any, parameters: Any, wanted: Wanted = "both") -> Code:
    """The code of a graph, lowered, after a check that all its stages give the same numbers."""
    found = recording([roots] if isinstance(roots, Value) else roots, flat(inputs), flat(parameters))
    assert culprit(found, wanted) == ""
    code = Code(found, wanted, "float64")
    assert code.program.roots.space == "v"
    return code


def canonical_text(root: Value, inputs: Any, parameters: Any) -> str:
    """The canonical form as text."""
    return str(Code(recording([root], flat(inputs), flat(parameters)), "both", "float64").graph)


def products(code: Code, part: str = "forward") -> list[tuple[int, ...]]:
    """(c, f, p, t) of each product of a part."""
    found = [s for s in getattr(code.program, part) if isinstance(s, Product)]
    return [(*s.out.index.shape, s.left.index.shape[2]) for s in found]


def spaces(code: Code, part: str = "forward") -> list[str]:
    """The spaces of the result and the factors of each product of a part, such as "v=p·x"."""
    found = [s for s in getattr(code.program, part) if isinstance(s, Product)]
    return [f"{s.out.space}={s.left.space}·{s.right.space}" for s in found]


# ── models ──


def linear(m: Any, x: Any, b: Any = None) -> list[Value]:
    """m·x + b."""
    z = [dot(row, x) for row in m]
    return z if b is None else [v + c for v, c in zip(z, b, strict=True)]


def sums_of_many_kinds(*rows: list[Value]) -> list[Value]:
    """Sums of products of the items of four rows, with coefficients and a number."""
    return [
        a * b + 2.0 * c * d + a * c - b * d + 3.0 * a + b - c * c + 0.5 * b * b + 7.0
        for a, b, c, d in zip(*rows, strict=True)
    ]


def squares(nested: Any) -> Value:
    return total([v * v for v in flat(nested)])


def attention(x: Any, q: Any, k: Any, v: Any, heads: int, first: Callable[[int], int] | None = None) -> Any:
    """Attention of tokens x; token t sees the tokens before first(t), or all."""
    qs, ks, vs = ([linear(m, token) for token in x] for m in (q, k, v))
    d = len(q) // heads
    rows = []
    for t in range(len(x)):
        seen = range(first(t) if first else len(x))
        row: list[Value] = []
        for h in range(heads):
            s = slice(h * d, h * d + d)
            weights = softmax([dot(qs[t][s], ks[u][s]) / d**0.5 for u in seen])
            row += [dot(weights, [vs[u][h * d + j] for u in seen]) for j in range(d)]
        rows.append(row)
    return rows


def recurrence(xs: Any, wx: Any, wh: Any, b: Any, h: Any) -> list[Value]:
    """The last state of a recurrent network."""
    for x in xs:
        h = [(dot(r, x) + dot(s, h) + c).tanh() for r, s, c in zip(wx, wh, b, strict=True)]
    return list(h)


# ── graphs that hypothesis makes ──

UNARY: Final[dict[str, Callable[[Value], Any]]] = {
    "negative": lambda x: -x,
    "square": lambda x: x.square(),
    "power": lambda x: x**2,
    "twice": lambda x: 2.0 * x,
    "third": lambda x: x / 3.0,
    "tanh": lambda x: x.tanh(),
    "exp": lambda x: x.tanh().exp(),
    "relu": lambda x: x.relu(),
    "detach": lambda x: x.detach(),
    "constant": lambda x: x + 0.5,
    "one": lambda x: total([x]),
    "zero": lambda x: 0.0 + x,
    "nothing": lambda x: x * 0.0,
    "clamp": lambda x: x.clamp(-0.5, 0.25),
    "sign": lambda x: x.sign() * x,
}
BINARY: Final[dict[str, Callable[[Value, Value], Any]]] = {
    "add": lambda x, y: x + y,
    "subtract": lambda x, y: x - y,
    "multiply": lambda x, y: x * y,
    "divide": lambda x, y: x / (y * y + 1.0),
    "maximum": lambda x, y: autograd.maximum(x, y),
    "where": lambda x, y: autograd.where(x, y, x * y),
}
LISTS: Final[dict[str, Callable[[list[Value]], Any]]] = {
    "total": total,
    "mean": autograd.mean,
    "largest": lambda xs: autograd.largest(xs),
    "logsumexp": lambda xs: autograd.logsumexp([x.tanh() for x in xs]),
    "softmax": lambda xs: softmax([x.tanh() for x in xs])[0],
    "dot": lambda xs: dot(xs, xs[::-1]),
}
CALLS: Final = [*UNARY, *BINARY, *LISTS]


@st.composite
def graphs(draw: Any) -> tuple[list[Value], list[Value], list[Value]]:
    """The roots, inputs and parameters of a small graph of any structure."""
    restart()  # The same graph has the same numbers.
    x, p = leaves(3), leaves(3)
    nodes = [*x, *p]
    for name in draw(st.lists(st.sampled_from(CALLS), min_size=1, max_size=14)):
        a, b, c = (nodes[draw(st.integers(0, len(nodes) - 1))] for _ in range(3))
        if name in UNARY:
            made = UNARY[name](a)
        elif name in BINARY:
            made = BINARY[name](a, b)
        else:
            made = LISTS[name]([a, b, c, a][: draw(st.integers(1, 4))])
        # Numbers stay small, so that sums don't cancel all their digits.
        nodes.append(made.tanh() if abs(made.data) > 8.0 else made)
    roots = [nodes[-1], *(nodes[i] for i in draw(st.lists(st.integers(0, len(nodes) - 1), max_size=2)))]
    return roots, x, p
