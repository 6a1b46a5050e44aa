"""A transformer's block: layer norm, causal attention with heads, layer norm, a network for each token, all residual.

Source: A. Vaswani et al., Attention Is All You Need (2017); the order of the norms is that of R. Xiong et al. (2020).
"""

import math
from importlib import import_module
from typing import Any

from autograd import Value, dot, softmax
from tests.compiler.textbook.lesson import Lesson, normal, uniform

TOKENS, WIDTH, HEADS, HIDDEN = 6, 8, 2, 12
HEAD = WIDTH // HEADS
SMALL = 1e-5


def times(matrix: Any, x: list[Value]) -> list[Value]:
    return [dot(row, x) for row in matrix]


def layer_norm(x: list[Value], gain: list[Value], bias: list[Value]) -> list[Value]:
    mean = sum(x[1:], x[0]) / len(x)
    centred = [v - mean for v in x]
    variance = sum((c * c for c in centred[1:]), centred[0] * centred[0]) / len(x)
    scale = 1 / (variance + SMALL) ** 0.5
    return [c * scale * g + b for c, g, b in zip(centred, gain, bias, strict=True)]


def attended(xs: list[list[Value]], p: Any) -> list[list[Value]]:
    queries, keys, values = ([times(p[name], x) for x in xs] for name in ("query", "key", "value"))
    mixed = []
    for i, query in enumerate(queries):
        row: list[Value] = []
        for first in range(0, WIDTH, HEAD):
            part = slice(first, first + HEAD)
            scores = [dot(query[part], key[part]) / math.sqrt(HEAD) for key in keys]
            weights = softmax([s if j <= i else s + -math.inf for j, s in enumerate(scores)])
            row += [dot(weights, [v[k] for v in values]) for k in range(first, first + HEAD)]
        mixed.append(times(p["mix"], row))
    return mixed


def loss(xs: list[list[Value]], ys: list[list[Value]], p: Any) -> Value:
    normed = [layer_norm(x, p["gain1"], p["bias1"]) for x in xs]
    xs = [[a + b for a, b in zip(x, y, strict=True)] for x, y in zip(xs, attended(normed, p), strict=True)]
    outputs = []
    for x in xs:
        hidden = [v.gelu() for v in times(p["widen"], layer_norm(x, p["gain2"], p["bias2"]))]
        outputs.append([a + b for a, b in zip(x, times(p["narrow"], hidden), strict=True)])
    errors = [(o - y) ** 2 for row, wanted in zip(outputs, ys, strict=True) for o, y in zip(row, wanted, strict=True)]
    return sum(errors[1:], errors[0]) / len(errors)


def torch_loss(xs: Any, ys: Any, p: Any) -> Any:
    torch: Any = import_module("torch")
    functional: Any = import_module("torch.nn.functional")

    normed = functional.layer_norm(xs, (WIDTH,), p["gain1"], p["bias1"], SMALL)
    q, k, v = ((normed @ p[name].T).reshape(TOKENS, HEADS, HEAD).transpose(0, 1) for name in ("query", "key", "value"))
    mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    xs = xs + mixed.transpose(0, 1).reshape(TOKENS, WIDTH) @ p["mix"].T
    normed = functional.layer_norm(xs, (WIDTH,), p["gain2"], p["bias2"], SMALL)
    xs = xs + functional.gelu(normed @ p["widen"].T) @ p["narrow"].T
    return torch.mean((xs - ys) ** 2)


PARAMETERS = {
    **{name: uniform(i, WIDTH, WIDTH) for i, name in enumerate(("query", "key", "value", "mix"))},
    "widen": uniform(5, HIDDEN, WIDTH),
    "narrow": uniform(6, WIDTH, HIDDEN),
    **{f"gain{i}": [1.0] * WIDTH for i in (1, 2)},
    **{f"bias{i}": [0.0] * WIDTH for i in (1, 2)},
}
SHAPE = (TOKENS, WIDTH)
LESSON = Lesson("causal attention", loss, (SHAPE, SHAPE), PARAMETERS, normal(SHAPE, SHAPE), torch=torch_loss)
