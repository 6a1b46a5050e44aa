"""Two networks for images: a residual block, and a small convolution on 8×8 digits.

Sources: K. He et al., Deep Residual Learning for Image Recognition (2016); Y. LeCun et al. (1998).
"""

from importlib import import_module
from typing import Any

from autograd import Value, dot, largest, losses, nn
from tests.compiler.textbook.lesson import Lesson, one_hot, uniform

SIDE, CHANNELS, CLASSES = 5, 2, 3


def convolved(images: Any, filters: Any) -> list[list[list[Value]]]:
    """3×3 filters over images with a border of nothing, by loops."""
    side = len(images[0])
    outputs = []
    for kernel in filters:
        plane = []
        for i in range(side):
            row = []
            for j in range(side):
                z: Any = 0.0
                for image, weights in zip(images, kernel, strict=True):
                    for di in range(3):
                        for dj in range(3):
                            if 0 <= i + di - 1 < side and 0 <= j + dj - 1 < side:
                                z = z + weights[di][dj] * image[i + di - 1][j + dj - 1]
                row.append(z)
            plane.append(row)
        outputs.append(plane)
    return outputs


def scaled(images: Any, gains: Any, biases: Any) -> Any:
    return [[[v * g + b for v in row] for row in image] for image, g, b in zip(images, gains, biases, strict=True)]


def residual(images: Any, target: list[Value], p: Any) -> Value:
    hidden = scaled(convolved(images, p["first"]), p["gain1"], p["bias1"])
    hidden = [[[v.relu() for v in row] for row in plane] for plane in hidden]
    hidden = scaled(convolved(hidden, p["second"]), p["gain2"], p["bias2"])
    added = [
        [[(v + x).relu() for v, x in zip(*rows, strict=True)] for rows in zip(*planes, strict=True)]
        for planes in zip(hidden, images, strict=True)
    ]
    pooled = [sum((v for row in plane for v in row), 0.0) / SIDE**2 for plane in added]
    return losses.cross_entropy([dot(row, pooled) for row in p["out"]], target)


def torch_residual(images: Any, target: Any, p: Any) -> Any:
    torch: Any = import_module("torch")
    conv2d: Any = import_module("torch.nn.functional").conv2d

    hidden = torch.relu(conv2d(images, p["first"], padding=1) * p["gain1"][:, None, None] + p["bias1"][:, None, None])
    hidden = conv2d(hidden, p["second"], padding=1) * p["gain2"][:, None, None] + p["bias2"][:, None, None]
    pooled = torch.relu(hidden + images).mean(dim=(1, 2))
    return -(torch.log_softmax(p["out"] @ pooled, 0) * target).sum()


RESIDUAL = Lesson(
    "residual block",
    residual,
    ((CHANNELS, SIDE, SIDE), (CLASSES,)),
    {
        "first": uniform(1, CHANNELS, CHANNELS, 3, 3),
        "second": uniform(2, CHANNELS, CHANNELS, 3, 3),
        "gain1": [1.0, 0.8],
        "bias1": [0.1, -0.1],
        "gain2": [0.7, 1.2],
        "bias2": [0.0, 0.2],
        "out": uniform(3, CLASSES, CHANNELS),
    },
    lambda rng, n: [rng.normal(size=(n, CHANNELS, SIDE, SIDE)), one_hot(rng, n, CLASSES)],
    torch=torch_residual,
)

# ── digits of 8×8 ──

FILTERS, DIGITS = 3, 10


def digits(image: Any, target: list[Value], p: Any) -> Value:
    conv = nn.Conv2d(1, FILTERS, 3)
    conv.weight, conv.bias = p["filters"], p["bias"]
    planes = [[[v.relu() for v in row] for row in plane] for plane in conv([image])]
    pooled = [
        largest([plane[i][j], plane[i][j + 1], plane[i + 1][j], plane[i + 1][j + 1]])
        for plane in planes
        for i in range(0, 6, 2)
        for j in range(0, 6, 2)
    ]
    return losses.cross_entropy([dot(row, pooled) for row in p["out"]], target)


def torch_digits(image: Any, target: Any, p: Any) -> Any:
    torch: Any = import_module("torch")
    functional: Any = import_module("torch.nn.functional")

    planes = torch.relu(functional.conv2d(image[None, None], p["filters"], p["bias"]))
    pooled = functional.max_pool2d(planes, 2).flatten()
    return -(torch.log_softmax(p["out"] @ pooled, 0) * target).sum()


CONVOLUTION = Lesson(
    "convolution on 8×8",
    digits,
    ((8, 8), (DIGITS,)),
    {
        "filters": uniform(4, FILTERS, 1, 3, 3),
        "bias": uniform(5, FILTERS),
        "out": uniform(6, DIGITS, FILTERS * 9),
    },
    lambda rng, n: [rng.uniform(0.0, 1.0, (n, 8, 8)), one_hot(rng, n, DIGITS)],
    torch=torch_digits,
)
LESSONS = (RESIDUAL, CONVOLUTION)
