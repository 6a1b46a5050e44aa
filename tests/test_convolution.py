"""Convolutions: the output of a filter, whose weights it shares, the calls that are refused."""

import importlib
import importlib.util
import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, nn, topological_order, total
from autograd.check import gradcheck

ROUNDING = 1e-12
"""Relative and absolute: the terms of a filter are summed in another way."""

Images = list[list[list[float]]]


@st.composite
def cases(draw: st.DrawFn) -> tuple[nn.Conv2d, Images]:
    """A convolution, and images that its filter fits into."""
    rng = random.Random(draw(st.integers()))
    nin, nout = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rows, columns = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    stride, padding = draw(st.integers(1, 3)), draw(st.integers(0, 2))
    height, width = draw(st.integers(rows, 6)), draw(st.integers(columns, 6))
    bias = draw(st.booleans())
    conv = nn.Conv2d(nin, nout, (rows, columns), stride=stride, padding=padding, bias=bias, rng=rng)
    return conv, [[[rng.uniform(-2.0, 2.0) for _ in range(width)] for _ in range(height)] for _ in range(nin)]


def by_hand(conv: nn.Conv2d, images: Images) -> Images:
    """The sum over the filter, one term after another."""
    rows, columns = len(conv.weight[0][0]), len(conv.weight[0][0][0])
    height, width = (n + 2 * conv.padding for n in (len(images[0]), len(images[0][0])))

    def pixel(image: list[list[float]], i: int, j: int) -> float:
        i, j = i - conv.padding, j - conv.padding
        return image[i][j] if 0 <= i < len(image) and 0 <= j < len(image[0]) else 0.0

    def at(k: int, top: int, left: int) -> float:
        terms = [
            conv.weight[k][n][i][j].data * pixel(image, top + i, left + j)
            for n, image in enumerate(images)
            for i in range(rows)
            for j in range(columns)
        ]
        return math.fsum(terms) + (conv.bias[k].data if conv.bias else 0.0)

    tops, lefts = range(0, height - rows + 1, conv.stride), range(0, width - columns + 1, conv.stride)
    return [[[at(k, top, left) for left in lefts] for top in tops] for k in range(len(conv.weight))]


def data(images: list[list[list[Value]]]) -> list[float]:
    return [v.data for image in images for row in image for v in row]


@given(cases())
def test_a_window_computes_what_its_formula_says(case: tuple[nn.Conv2d, Images]) -> None:
    conv, images = case
    found, expected = conv(images), by_hand(conv, images)
    assert [[len(row) for row in image] for image in found] == [[len(row) for row in image] for image in expected]
    flat = [v for image in expected for row in image for v in row]
    assert data(found) == pytest.approx(flat, rel=ROUNDING, abs=ROUNDING)


def test_each_weight_is_one_node_at_every_place() -> None:
    conv = nn.Conv2d(1, 2, 3, padding=1, rng=random.Random(1))
    image = [[[0.25 * i * j - 1.0 for j in range(5)] for i in range(4)]]
    sum_of_all = total([v.tanh() for made in conv(image) for row in made for v in row])
    uses = sum(conv.weight[1][0][0][2] is x for node in topological_order(sum_of_all) for x in node.operands)
    assert uses == 5 * 4
    gradcheck(lambda *_: total([v.tanh() for made in conv(image) for row in made for v in row]), conv.parameters())


def test_parameters_start_as_pytorch_s() -> None:
    conv = nn.Conv2d(4, 25, 3, rng=random.Random(1))
    weights = [p.data for p in conv.parameters()]
    assert len(weights) == 25 * 4 * 9 + 25
    assert -1 / 6 <= min(weights) < -0.16
    assert 0.16 < max(weights) <= 1 / 6
    assert list(conv.tensors()) == ["weight", "bias"]
    assert list(nn.Conv2d(1, 1, 2, bias=False).tensors()) == ["weight"]
    assert repr(conv) == "Conv2d of 25 filters of 3×3, 4 input channels"


def test_nodes_of_an_image_are_kept() -> None:
    pixel = Value(2.0)
    conv = nn.Conv2d(1, 1, 1, bias=False, rng=random.Random(1))
    conv([[[pixel]]])[0][0][0].backward()
    assert pixel.grad == conv.weight[0][0][0][0].data


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@given(case=cases())
def test_pytorch_finds_the_same_values_and_gradients(case: tuple[nn.Conv2d, Images]) -> None:
    torch = importlib.import_module("torch")
    conv, images = case
    weight = torch.tensor(
        [[[[w.data for w in row] for row in window] for window in windows] for windows in conv.weight],
        dtype=torch.float64,
        requires_grad=True,
    )
    bias = torch.tensor([b.data for b in conv.bias], dtype=torch.float64, requires_grad=True) if conv.bias else None
    x = torch.tensor([images], dtype=torch.float64)
    theirs = torch.nn.functional.conv2d(x, weight, bias, stride=conv.stride, padding=conv.padding)
    torch.tanh(theirs).sum().backward()
    found = conv(images)
    total([v.tanh() for image in found for row in image for v in row]).backward()
    assert data(found) == pytest.approx(theirs.flatten().tolist(), rel=ROUNDING, abs=ROUNDING)
    gradients = weight.grad.flatten().tolist() + (bias.grad.tolist() if bias is not None else [])
    assert [p.grad for p in conv.parameters()] == pytest.approx(gradients, rel=1e-9, abs=ROUNDING)


IMAGE = [[1.0, 2.0], [3.0, 4.0]]
WRONG: Any = IMAGE


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nn.Conv2d(0, 1, 1), ValueError, "the number of input channels is a whole number from 1, not 0"),
        (lambda: nn.Conv2d(1, 0, 1), ValueError, "the number of output channels is a whole number from 1, not 0"),
        (lambda: nn.Conv2d(1, 1, 0), ValueError, "the side of a kernel is a whole number from 1, not 0"),
        (lambda: nn.Conv2d(1, 1, (1, 2, 3)), ValueError, "a kernel is a side or"),  # type: ignore[arg-type]
        (lambda: nn.Conv2d(1, 1, 1, stride=0), ValueError, "the stride is a whole number from 1, not 0"),
        (lambda: nn.Conv2d(1, 1, 1, padding=-1), ValueError, "the padding is a whole number from 0, not -1"),
        (lambda: nn.Conv2d(1, 1, 1, init="gauss"), ValueError, "there is no initialisation"),
        (lambda: nn.Conv2d(2, 1, 1)([IMAGE]), ValueError, "a Conv2d takes 2 images, not 1"),
        (lambda: nn.Conv2d(1, 1, 1)(WRONG), TypeError, "a list of images, each a list of rows"),
        (lambda: nn.Conv2d(1, 1, 1)([[[1.0], [2.0, 3.0]]]), ValueError, "have one size, not"),
        (lambda: nn.Conv2d(2, 1, 1)([IMAGE, [[1.0]]]), ValueError, "have one size, not"),
        (lambda: nn.Conv2d(1, 1, 1)([[]]), ValueError, "have one size, not"),
        (lambda: nn.Conv2d(2, 1, 1)([[[1.0]], []]), ValueError, "have one size, not"),
        (lambda: nn.Conv2d(1, 1, 3)([IMAGE]), ValueError, "a filter of 3×3 doesn't fit into an image of 2×2"),
        (lambda: nn.Conv2d(1, 1, 1)([[["a"]]]), TypeError, "Conv2d takes .* not str 'a'"),  # type: ignore[list-item]
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()
