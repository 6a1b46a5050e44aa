"""A small window of weights moved over an image.

>>> from autograd import Value
>>> from autograd.nn import Conv2d
>>> edges = Conv2d(1, 1, (1, 2), bias=False)
>>> edges.weight = [[[[Value(-1.0), Value(1.0)]]]]
>>> [[v.data for v in row] for row in edges([[[0, 0, 5, 5]]])[0]]
[[0.0, 5.0, 0.0]]

Each weight is one node, used at every place of the window: its gradient is the sum over all of them.
"""

import random
from collections.abc import Sequence
from typing import TypeAlias

from autograd.arguments import whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn.choices import Initial
from autograd.nn.module import Module
from autograd.wording import counted

Image: TypeAlias = Sequence[Sequence[Number]]


class Conv2d(Module):
    """The correlation of images with nout sets of windows, plus a bias each.

    Called with nin images, lists of rows of one size, it returns nout of them: each side of a picture of n numbers
    becomes (n + 2·padding − kernel)//stride + 1. kernel is a side or (rows, columns); `weight` is nout × nin × rows ×
    columns and `bias` nout, by default uniform within ±1/√(nin·rows·columns), all as in PyTorch. What padding
    adds is zero. ValueError for sizes below 1, a number of images other than nin, ragged or unequal images, and
    images smaller than the window. Source: Y. LeCun et al., Gradient-Based Learning Applied to Document
    Recognition (1998).
    """

    def __init__(
        self,
        nin: int,
        nout: int,
        kernel: int | tuple[int, int],
        *,
        stride: int = 1,
        padding: int = 0,
        bias: bool = True,
        init: str = "fan_in",
        rng: random.Random | None = None,
    ) -> None:
        sides = kernel if isinstance(kernel, (tuple, list)) else (kernel, kernel)
        if len(sides) != 2:
            raise ValueError(f"a kernel is a side or (rows, columns), not {kernel!r}")
        rows, columns = (whole("the side of a kernel", side) for side in sides)
        whole("the number of images that come in", nin)
        whole("the number of images that go out", nout)
        self.stride = whole("the stride", stride)
        self.padding = whole("the padding", padding, least=0)
        initial = Initial(init, nin * rows * columns, nout * rows * columns, rng)
        self.weight = [
            [[[initial.weight() for _ in range(columns)] for _ in range(rows)] for _ in range(nin)] for _ in range(nout)
        ]
        self.bias = [initial.bias() for _ in range(nout)] if bias else []

    def __call__(self, images: Sequence[Image]) -> list[list[list[Value]]]:
        rows, columns = len(self.weight[0][0]), len(self.weight[0][0][0])
        padded = [self._padded(image) for image in self._checked(images, rows, columns)]
        height, width = len(padded[0]), len(padded[0][0])
        flat = [[w for window in windows for row in window for w in row] for windows in self.weight]
        out: list[list[list[Value]]] = [[] for _ in flat]
        for top in range(0, height - rows + 1, self.stride):
            for made in out:
                made.append([])
            for left in range(0, width - columns + 1, self.stride):
                patch = [v for image in padded for row in image[top : top + rows] for v in row[left : left + columns]]
                for k, weights in enumerate(flat):
                    z = dot(weights, patch)
                    out[k][-1].append(z + self.bias[k] if self.bias else z)
        return out

    def _checked(self, images: Sequence[Image], rows: int, columns: int) -> Sequence[Image]:
        wanted = len(self.weight[0])
        try:
            given = len(images)
            shapes = {(len(image), *{len(row) for row in image}) for image in images}
        except TypeError:
            raise TypeError("a Conv2d takes a list of images, each a list of rows of numbers or Values") from None
        if given != wanted:
            raise ValueError(f"a Conv2d of {counted(wanted, 'image')} was given {given}; one image is [image]")
        if len(shapes) != 1 or len(min(shapes)) != 2:
            raise ValueError(f"the rows and images that a Conv2d is given have one size, not {sorted(shapes)}")
        height, width = (side + 2 * self.padding for side in shapes.pop())
        if height < rows or width < columns:
            raise ValueError(f"a window of {rows}×{columns} doesn't fit into an image of {height}×{width}")
        return images

    def _padded(self, image: Image) -> list[list[Value]]:
        zero = operand(0.0, "Conv2d")
        side = [zero] * self.padding
        inner = [[*side, *(operand(v, "Conv2d") for v in row), *side] for row in image]
        beyond = [[zero] * len(inner[0]) for _ in range(self.padding)]
        return [*beyond, *inner, *beyond]

    def __repr__(self) -> str:
        sides = f"{len(self.weight[0][0])}×{len(self.weight[0][0][0])}"
        return f"Conv2d from {len(self.weight[0])} to {counted(len(self.weight), 'image')} by windows of {sides}"
