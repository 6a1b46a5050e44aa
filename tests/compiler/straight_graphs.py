"""What tests of straight-line programs share: graphs, numbers, and the truth about them."""

from typing import Any, Final

import numpy as np

import autograd
from autograd import Value, total, where
from autograd.compiler.pipeline import Code, Wanted
from tests.compiler.evaluating import Evaluator
from tests.compiler.finding import recording
from tests.compiler.graphs import flat, leaves, linear, restart
from tests.compiler.random_programs import Array

CLOSE: Final = {"float64": 1e-12, "float32": 2e-5}
"""Relative to the greatest number of its kind: a few hundred roundings."""
WANTED: Final[tuple[Wanted, ...]] = ("both", "parameters", "inputs", "nothing")


def code_of(roots: Any, x: Any, p: Any, wanted: Wanted = "both", dtype: str = "float64") -> Code:
    return Code(recording(flat(roots), flat(x), flat(p)), wanted, dtype)


class Truth:
    """The results of a recorded graph for each example, one by one from the rules."""

    def __init__(self, roots: Any, x: Any, p: Any, xs: Array, ps: Array, seed: float = 1.0) -> None:
        runs = [Evaluator(flat(roots), flat(x), flat(p)).run(column, ps.tolist()) for column in xs.T.tolist()]
        self.roots = np.array([run.roots for run in runs]).T
        self.dx = seed * np.array([run.by_inputs for run in runs]).reshape(len(runs), len(xs)).T
        self.dp = seed * np.array([run.by_parameters for run in runs]).reshape(len(runs), len(ps)).sum(axis=0)


def close(got: Array, want: Array, dtype: str = "float64") -> None:
    finite = np.abs(want[np.isfinite(want)])
    limit = CLOSE[dtype] * max(1.0, float(finite.max(initial=0.0)))
    np.testing.assert_allclose(got, want, rtol=0.0, atol=limit)


def numbers(count: int, n: int, seed: int = 0) -> Array:
    """Numbers of (count, n), from -1.5 to 1.5."""
    return np.random.default_rng((seed, count, n)).uniform(-1.5, 1.5, (count, n))


def compared(found: Any, truth: Truth, wanted: Wanted, dtype: str = "float64") -> None:
    close(found.roots, truth.roots, dtype)
    if wanted in ("parameters", "both"):
        close(found.dp, truth.dp, dtype)
    if wanted in ("inputs", "both"):
        close(found.dx, truth.dx, dtype)


def chain(count: int) -> tuple[Value, list[Value], list[Value]]:
    z, a, b = leaves(3)
    x = z
    for _ in range(count):
        x = (x * a + b).tanh()
    return x, [z], [a, b]


def everything() -> tuple[list[Value], list[Value], list[Value]]:
    """A graph with sums of many kinds, lists, choices and numbers; its roots are a loss, a parameter and an input."""
    restart()
    x, p = leaves(5), leaves(11)
    h = [z.tanh() for z in linear([p[:5], p[3:8], p[6:11]], x)]
    largest = autograd.largest([*h, x[0]])
    chosen = where(x[1], (x[1] + 2.0).log() * h[0], autograd.norm([x[2], h[1], p[0]]))
    shares = autograd.softmax([h[0], x[3], 0.5])
    loss = largest * chosen + shares[0] * 3.0 - x[4].sigmoid() * p[1].exp() + total(h) / 3.0 + 1.0
    return [loss, p[2], x[3], *h], x, p
