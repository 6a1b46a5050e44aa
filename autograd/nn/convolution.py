"""Convolution: filters that are moved over images.

>>> from autograd import Value
>>> from autograd.nn import Conv2d
>>> edges = Conv2d(1, 1, (1, 2), bias=False)
>>> edges.weight = [[[[Value(-1.0), Value(1.0)]]]]
>>> [[v.data for v in row] for row in edges([[[0, 0, 5, 5]]])[0]]
[[0.0, 5.0, 0.0]]

Each weight is one node that is used at every position of its filter, so its gradient is the sum over all positions.
"""

from collections.abc import Sequence
from random import Random
from typing import TypeAlias

from autograd.arguments import is_row, shown, whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn.choices import Initial
from autograd.nn.module import Module
from autograd.show.layers import Layer, Units
from autograd.show.models import write_places
from autograd.wording import counted

Image: TypeAlias = Sequence[Sequence[Number]]


class Conv2d(Module):
    """Correlates nin input channels with nout filters and adds a bias to each output channel.

    Called with a list of nin images of one size, each a list of rows of numbers or Values, it returns nout images as
    nested lists of Values. A side of n becomes (n + 2·padding - kernel)//stride + 1; padding adds rows and columns of
    zeros on all four sides. kernel is the side of a square filter or (rows, columns). The parameters are `weight`
    (nout × nin × rows × columns) and `bias` (nout, or empty for bias=False), by default uniform within
    ±1/√(nin·rows·columns), as in PyTorch. ValueError for sizes below 1, an unknown init, another number of images
    than nin, images that are ragged or of different sizes, and images smaller than a filter; TypeError for images
    that are no nested lists. Source: Y. LeCun et al., Gradient-Based Learning Applied to Document Recognition (1998).
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
        rng: Random | None = None,
    ) -> None:
        sides = kernel if isinstance(kernel, (tuple, list)) else (kernel, kernel)
        if len(sides) != 2:
            raise ValueError(f"a kernel is a side or (rows, columns), not {shown(kernel)}")
        rows, columns = (whole("the side of a kernel", side) for side in sides)
        whole("the number of input channels", nin)
        whole("the number of output channels", nout)
        self.stride = whole("the stride", stride)
        self.padding = whole("the padding", padding, least=0)
        initial = Initial(init, nin * rows * columns, nout * rows * columns, rng)
        self.weight = [
            [[[initial.weight() for _ in range(columns)] for _ in range(rows)] for _ in range(nin)] for _ in range(nout)
        ]
        self.bias = [initial.bias() for _ in range(nout)] if bias else []
        write_places(self)

    def _named_layers(self) -> list[Layer]:
        rows = self._filters()
        shape = len(self.weight[0]), len(self.weight[0][0]), len(self.weight[0][0][0])
        units = Units("convolution", "linear", rows=len(rows), weights=[("w", shape)])
        return [Layer(units, rows, [self.bias[i : i + 1] for i in range(len(rows))])]

    def _filters(self) -> list[list[Value]]:
        """The weights of each filter in one row."""
        return [[w for channel in weight for row in channel for w in row] for weight in self.weight]

    def __call__(self, images: Sequence[Image]) -> list[list[list[Value]]]:
        rows, columns = len(self.weight[0][0]), len(self.weight[0][0][0])
        padded = [self._padded(image) for image in self._checked(images, rows, columns)]
        tops = range(0, len(padded[0]) - rows + 1, self.stride)
        lefts = range(0, len(padded[0][0]) - columns + 1, self.stride)
        patches = [
            [[v for image in padded for row in image[i : i + rows] for v in row[j : j + columns]] for j in lefts]
            for i in tops
        ]
        outputs = [[[dot(weights, patch) for patch in row] for row in patches] for weights in self._filters()]
        if not self.bias:
            return outputs
        return [[[z + b for z in row] for row in image] for image, b in zip(outputs, self.bias, strict=True)]

    def _checked(self, images: Sequence[Image], rows: int, columns: int) -> Sequence[Image]:
        wanted = len(self.weight[0])
        try:
            given = len(images)
            shapes = {(len(image), *{len(row) for row in image}) for image in images}
        except TypeError:
            raise TypeError("a Conv2d takes a list of images, each a list of rows of numbers or Values") from None
        if any(is_row(v) for image in images for row in image[:1] for v in row[:1]):
            raise TypeError("a Conv2d takes the images of one example, not of several; write [model(x) for x in rows]")
        if given != wanted:
            raise ValueError(f"a Conv2d takes {counted(wanted, 'image')}, not {given}; write [image] for a single one")
        if len(shapes) != 1 or len(min(shapes)) != 2:
            raise ValueError(f"all images and all rows of a Conv2d have one size, not {sorted(shapes)}")
        height, width = (side + 2 * self.padding for side in shapes.pop())
        if height < rows or width < columns:
            raise ValueError(f"a filter of {rows}×{columns} doesn't fit into an image of {height}×{width}; add padding")
        return images

    def _padded(self, image: Image) -> list[list[Value]]:
        zero = operand(0.0, "Conv2d")
        side = [zero] * self.padding
        inner = [[*side, *(operand(v, "Conv2d") for v in row), *side] for row in image]
        edge = [[zero] * len(inner[0])] * self.padding
        return [*edge, *inner, *edge]

    def __repr__(self) -> str:
        sides = f"{len(self.weight[0][0])}×{len(self.weight[0][0][0])}"
        filters = counted(len(self.weight), "filter")
        return f"Conv2d of {filters} of {sides}, {counted(len(self.weight[0]), 'input channel')}"
