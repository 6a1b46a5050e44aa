"""The classics: XOR, flowers by a small network, a plain recurrence of 50 steps, and micrograd's expression.

Sources: D. Rumelhart, G. Hinton, R. Williams (1986); R. Fisher (1936); J. Elman (1990); the README of A. Karpathy's
micrograd.
"""

from typing import Any

import numpy as np

from autograd import Value, dot, losses, total
from tests.benchmarks.expression import expression
from tests.compiler.textbook.lesson import Lesson, normal, one_hot, uniform

# ── XOR ──


def xor(x: list[Value], y: Value, p: Any) -> Value:
    hidden = []
    for weights, bias in zip(p["w1"], p["b1"], strict=True):
        hidden.append((weights[0] * x[0] + weights[1] * x[1] + bias).sigmoid())
    z = p["b2"]
    for w, h in zip(p["w2"], hidden, strict=True):
        z = z + w * h
    return (z.sigmoid() - y) ** 2  # type: ignore[no-any-return]


def numpy_xor(x: Any, y: Any, p: Any) -> Any:
    hidden = 1 / (1 + np.exp(-(p["w1"] @ x + p["b1"])))
    return (1 / (1 + np.exp(-(p["w2"] @ hidden + p["b2"]))) - y) ** 2


XOR = Lesson(
    "XOR",
    xor,
    ((2,), ()),
    {"w1": uniform(1, 10, 2, bound=1.0), "b1": uniform(2, 10), "w2": uniform(3, 10, bound=1.0), "b2": 0.1},
    lambda rng, n: [rng.integers(0, 2, (n, 2)) * 1.0, rng.integers(0, 2, n) * 1.0],
    numpy_xor,
)

# ── flowers ──


def iris(x: list[Value], y: list[Value], p: Any) -> Value:
    hidden = [(dot(row, x) + b).tanh() for row, b in zip(p["w1"], p["b1"], strict=True)]
    logits = [dot(row, hidden) + b for row, b in zip(p["w2"], p["b2"], strict=True)]
    decay = total(w * w for w in (*(w for row in p["w1"] for w in row), *(w for row in p["w2"] for w in row)))
    return losses.cross_entropy(logits, y) + 0.001 * decay


def numpy_iris(x: Any, y: Any, p: Any) -> Any:
    logits = p["w2"] @ np.tanh(p["w1"] @ x + p["b1"]) + p["b2"]
    decay = (p["w1"] ** 2).sum() + (p["w2"] ** 2).sum()
    return y.sum() * np.log(np.exp(logits).sum()) - y @ logits + 0.001 * decay


IRIS = Lesson(
    "Iris",
    iris,
    ((4,), (3,)),
    {"w1": uniform(1, 8, 4), "b1": uniform(2, 8), "w2": uniform(3, 3, 8), "b2": uniform(4, 3)},
    lambda rng, n: [rng.uniform(0.0, 7.0, (n, 4)), one_hot(rng, n, 3)],
    numpy_iris,
)

# ── a recurrence ──

STEPS, HIDDEN = 50, 8


def rnn(xs: list[Value], y: Value, p: Any) -> Value:
    h: list[Any] = [0.0] * HIDDEN
    for x in xs:
        h = [(w * x + dot(row, h) + b).tanh() for w, row, b in zip(p["in"], p["back"], p["bias"], strict=True)]
    return (dot(p["out"], h) - y).square()


def numpy_rnn(xs: Any, y: Any, p: Any) -> Any:
    h = np.zeros(HIDDEN)
    for x in xs:
        h = np.tanh(p["back"] @ h + (p["in"] * x + p["bias"]))
    return (p["out"] @ h - y) ** 2


RNN = Lesson(
    "recurrence of 50 steps",
    rnn,
    ((STEPS,), ()),
    {
        "in": uniform(1, HIDDEN),
        "back": uniform(2, HIDDEN, HIDDEN),
        "bias": uniform(3, HIDDEN),
        "out": uniform(4, HIDDEN),
    },
    normal((STEPS,), ()),
    numpy_rnn,
)

# ── micrograd's expression, which has no parameters ──


def numpy_expression(a: Any, b: Any, p: Any) -> Any:
    def relu(x: Any) -> Any:
        return x if np.real(x) > 0.0 else 0.0 * x

    d = 12 * (a * b + b**3) + 4 * relu(a + b) + relu(b - a)
    e = 4 * (a + b) + 3 - a - d
    return e * e / 2 + 10 / (e * e)


EXPRESSION = Lesson(
    "micrograd's expression",
    lambda a, b, p: expression(a, b),
    ((), ()),
    {},
    normal((), ()),
    numpy_expression,
)
LESSONS = (XOR, IRIS, RNN, EXPRESSION)
