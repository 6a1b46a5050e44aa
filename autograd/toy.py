"""The single-unit network x → h → y: its gradient three ways, and its training.

>>> from autograd.toy import Toy
>>> toy = Toy(x=1.0, target=0.0, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
>>> toy.loss()
Value(data=0.178772, grad=0.0, label='L')
>>> for name, *gradients in toy.gradients():
...     print(name, [round(g, 6) for g in gradients])
w1 [-0.024249, -0.024249, -0.024249]
b1 [-0.024249, -0.024249, -0.024249]
w2 [0.128457, 0.128457, 0.128457]
b2 [0.206369, 0.206369, 0.206369]
"""

import math
from collections.abc import Callable, Iterator
from typing import Final

from autograd.check import numerical_grad
from autograd.engine.value import Value

WEIGHTS: Final = ("w1", "b1", "w2", "b2")


class Toy:
    """h = σ(x·w1 + b1), y = σ(h·w2 + b2), L = (y − t)², with every number in reach by its label."""

    def __init__(self, *, x: float, target: float, w1: float, b1: float, w2: float, b2: float) -> None:
        self.x = Value(x, label="x")
        self.target = Value(target, label="t")
        self.weights = [Value(w, label=name) for name, w in zip(WEIGHTS, (w1, b1, w2, b2), strict=True)]
        self.losses_evaluated = 0

    def forward(self) -> dict[str, Value]:
        """A fresh graph of the loss: its intermediate numbers and L, by name."""
        w1, b1, w2, b2 = self.weights
        z1 = self.x * w1 + b1
        h = z1.sigmoid()
        z2 = h * w2 + b2
        y = z2.sigmoid()
        loss = (y - self.target) ** 2
        named = {"z1": z1, "h": h, "z2": z2, "y": y, "L": loss}
        for name, v in named.items():
            v.label = name
        self.losses_evaluated += 1
        return named

    def loss(self) -> Value:
        """The root of a fresh graph."""
        return self.forward()["L"]

    def by_hand(self) -> list[float]:
        """∂L/∂w1, ∂L/∂b1, ∂L/∂w2, ∂L/∂b2 by the formulas that one derives on paper."""

        def sigmoid(z: float) -> float:
            return 0.5 * (1.0 + math.tanh(0.5 * z))  # 1 / (1 + e⁻ᶻ), without its overflow

        x, t = self.x.data, self.target.data
        w1, b1, w2, b2 = (w.data for w in self.weights)
        self.losses_evaluated += 1
        h = sigmoid(x * w1 + b1)
        y = sigmoid(h * w2 + b2)
        return [
            2.0 * (y - t) * y * (1.0 - y) * w2 * h * (1.0 - h) * x,
            2.0 * (y - t) * y * (1.0 - y) * w2 * h * (1.0 - h),
            2.0 * (y - t) * y * (1.0 - y) * h,
            2.0 * (y - t) * y * (1.0 - y),
        ]

    def by_differences(self) -> list[float]:
        """The same by central differences, which ask for the loss alone."""
        return numerical_grad(lambda *_: self.loss(), self.weights)

    def by_backward(self) -> list[float]:
        """The same by one sweep over the graph; `.grad` starts from zero."""
        self.zero_grad()
        self.loss().backward()
        return [w.grad for w in self.weights]

    def gradients(self) -> Iterator[tuple[str, float, float, float]]:
        """For each weight: its name, and its derivative by hand, by differences and by backward."""
        return zip(WEIGHTS, self.by_hand(), self.by_differences(), self.by_backward(), strict=True)

    def cost(self, way: Callable[[], object]) -> int:
        """How many times a way to the gradient works out the loss."""
        before = self.losses_evaluated
        way()
        return self.losses_evaluated - before

    def zero_grad(self) -> None:
        """Set every `.grad` to zero."""
        for v in (self.x, self.target, *self.weights):
            v.grad = 0.0

    def train(self, *, lr: float, steps: int, threshold: float) -> Iterator[float]:
        """The loss before each step of gradient descent, until it is below the threshold or steps are done.

        The last number yielded is the loss at the end, after which no step is taken.
        """
        for step in range(steps + 1):
            loss = self.loss()
            yield loss.data
            if loss.data < threshold or step == steps:
                return
            self.zero_grad()
            loss.backward()
            for w in self.weights:
                w.data -= lr * w.grad
