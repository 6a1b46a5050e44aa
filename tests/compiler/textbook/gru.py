"""A gated recurrent unit reads a sequence, and a linear unit predicts a number from its last state.

Source: K. Cho et al., Learning Phrase Representations using RNN Encoder-Decoder (2014).
"""

from importlib import import_module
from typing import Any

from autograd import Value
from tests.compiler.textbook.lesson import Lesson, normal, uniform

STEPS, WIDTH, HIDDEN = 12, 3, 6


def affine(weights: Any, x: Any, bias: Any) -> list[Value]:
    return [sum((w * v for w, v in zip(row, x, strict=True)), b) for row, b in zip(weights, bias, strict=True)]


def gru(p: Any, x: list[Value], h: list[Any]) -> list[Value]:
    z = [v.sigmoid() for v in affine(p["Wz"], x + h, p["bz"])]
    r = [v.sigmoid() for v in affine(p["Wr"], x + h, p["br"])]
    candidate = [v.tanh() for v in affine(p["Wh"], x + [a * b for a, b in zip(r, h, strict=True)], p["bh"])]
    return [(1 - a) * old + a * new for a, old, new in zip(z, h, candidate, strict=True)]


def loss(xs: list[list[Value]], y: Value, p: Any) -> Value:
    h: list[Any] = [0.0] * HIDDEN
    for x in xs:
        h = gru(p, x, h)
    prediction = affine([p["out"]], h, [p["c"]])[0]
    return (prediction - y) ** 2


def torch_loss(xs: Any, y: Any, p: Any) -> Any:
    torch: Any = import_module("torch")

    h = torch.zeros(HIDDEN, dtype=torch.float64)
    for x in xs:
        both = torch.cat([x, h])
        z, r = torch.sigmoid(p["Wz"] @ both + p["bz"]), torch.sigmoid(p["Wr"] @ both + p["br"])
        h = h + z * (torch.tanh(p["Wh"] @ torch.cat([x, r * h]) + p["bh"]) - h)
    return (p["out"] @ h + p["c"] - y).square()


PARAMETERS = {
    **{f"W{gate}": uniform(i, HIDDEN, WIDTH + HIDDEN) for i, gate in enumerate("zrh")},
    **{f"b{gate}": uniform(i + 3, HIDDEN) for i, gate in enumerate("zrh")},
    "out": uniform(6, HIDDEN),
    "c": 0.1,
}
LESSON = Lesson("GRU", loss, ((STEPS, WIDTH), ()), PARAMETERS, normal((STEPS, WIDTH), ()), torch=torch_loss)
