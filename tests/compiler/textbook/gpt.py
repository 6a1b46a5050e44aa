"""A small GPT that reads tokens one by one, keeps their keys and values, and is scored on each next token.

Source: A. Radford et al. (2019), with the norm of B. Zhang, R. Sennrich, Root Mean Square Layer Normalization (2019).
"""

import math
from importlib import import_module
from typing import Any

import numpy as np

from autograd import Value, dot, log_softmax, softmax, total
from tests.compiler.textbook.lesson import Lesson, one_hot, uniform

LENGTH, TOKENS, WIDTH, HEADS = 5, 9, 8, 2
HEAD = WIDTH // HEADS
SMALL = 1e-5


def times(matrix: Any, x: list[Value]) -> list[Value]:
    return [sum((w * v for w, v in zip(row[1:], x[1:], strict=True)), row[0] * x[0]) for row in matrix]


def sums(x: list[Value], y: list[Value]) -> list[Value]:
    return [a + b for a, b in zip(x, y, strict=True)]


def rms_norm(x: list[Value]) -> list[Value]:
    scale = (sum((v * v for v in x), 0.0) / len(x) + SMALL) ** -0.5
    return [v * scale for v in x]


def loss(text: list[list[Value]], weights: list[Value], p: Any) -> Value:
    """weights are 1 for the tokens that are predicted, and 0 behind the end of a shorter text."""
    keys: list[list[Value]] = []
    values: list[list[Value]] = []
    error: Any = 0.0
    for i in range(LENGTH):
        x = sums([dot(column, text[i]) for column in zip(*p["token"], strict=True)], p["position"][i])
        normed = rms_norm(x)
        query = times(p["query"], normed)
        keys.append(times(p["key"], normed))
        values.append(times(p["value"], normed))
        attended: list[Value] = []
        for first in range(0, WIDTH, HEAD):
            part = slice(first, first + HEAD)
            scores = [dot(query[part], key[part]) / math.sqrt(HEAD) for key in keys]
            shares = softmax(scores)
            columns = list(zip(*values, strict=True))[part]
            attended += [total(s * v for s, v in zip(shares, column, strict=True)) for column in columns]
        x = sums(x, times(p["mix"], attended))
        x = sums(x, times(p["narrow"], [v.relu() for v in times(p["widen"], rms_norm(x))]))
        scores = log_softmax(times(p["output"], rms_norm(x)))
        error = error - weights[i] * dot(scores, text[i + 1])
    return error / LENGTH  # type: ignore[no-any-return]


def torch_loss(text: Any, weights: Any, p: Any) -> Any:
    torch: Any = import_module("torch")
    functional: Any = import_module("torch.nn.functional")

    def normed(x: Any) -> Any:
        return functional.rms_norm(x, (WIDTH,), eps=SMALL)

    x = text[:-1] @ p["token"] + p["position"]
    q, k, v = (
        (normed(x) @ p[name].T).reshape(LENGTH, HEADS, HEAD).transpose(0, 1) for name in ("query", "key", "value")
    )
    attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    x = x + attended.transpose(0, 1).reshape(LENGTH, WIDTH) @ p["mix"].T
    x = x + torch.relu(normed(x) @ p["widen"].T) @ p["narrow"].T
    scores = torch.log_softmax(normed(x) @ p["output"].T, 1)
    return -(weights * (scores * text[1:]).sum(dim=1)).sum() / LENGTH


def draw(rng: np.random.Generator, n: int) -> list[Any]:
    ends = rng.integers(1, LENGTH + 1, n)
    return [one_hot(rng, n, LENGTH + 1, TOKENS), (np.arange(LENGTH) < ends[:, None]) * 1.0]


PARAMETERS = {
    "token": uniform(1, TOKENS, WIDTH),
    "position": uniform(2, LENGTH, WIDTH),
    **{name: uniform(i + 3, WIDTH, WIDTH) for i, name in enumerate(("query", "key", "value", "mix"))},
    "widen": uniform(7, 2 * WIDTH, WIDTH),
    "narrow": uniform(8, WIDTH, 2 * WIDTH),
    "output": uniform(9, TOKENS, WIDTH),
}
LESSON = Lesson("GPT", loss, ((LENGTH + 1, TOKENS), (LENGTH,)), PARAMETERS, draw, torch=torch_loss)
