"""The toy network x → h → y with one hidden unit: its gradient three ways, its training and its pictures.

>>> from autograd.toy import Toy
>>> toy = Toy(x=1.0, target=0.0, w1=0.5, b1=0.0, w2=-0.5, b2=0.0)
>>> toy.loss()
Value(data=0.178772, label='L')
>>> for name, *gradients in toy.gradients():
...     print(name, [round(g, 6) for g in gradients])
w1 [-0.024249, -0.024249, -0.024249]
b1 [-0.024249, -0.024249, -0.024249]
w2 [0.128457, 0.128457, 0.128457]
b2 [0.206369, 0.206369, 0.206369]
"""

import math
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from autograd.check import numerical_grad
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.show.chart import curve
from autograd.show.draw import draw
from autograd.show.picture import Drawing

WEIGHTS: Final = ("w1", "b1", "w2", "b2")


class Toy:
    """The network h = σ(x·w1 + b1), y = σ(h·w2 + b2) with the loss L = (y - t)², for one input and one target.

    `x` and `target` are leaves, and `weights` is the list of the leaves w1, b1, w2 and b2. All nodes are labelled.
    """

    def __init__(self, *, x: float, target: float, w1: float, b1: float, w2: float, b2: float) -> None:
        self.x = Value(x, label="x")
        self.target = Value(target, label="t")
        self.weights = [Value(w, label=name) for name, w in zip(WEIGHTS, (w1, b1, w2, b2), strict=True)]
        self.losses_evaluated = 0

    def forward(self) -> dict[str, Value]:
        """A new graph of the loss, as its nodes z1, h, z2, y and L by name."""
        w1, b1, w2, b2 = self.weights
        z1 = self.x * w1 + b1
        h = z1.sigmoid()
        z2 = h * w2 + b2
        y = z2.sigmoid()
        named = {"z1": z1, "h": h, "z2": z2, "y": y, "L": (y - self.target) ** 2}
        for name, v in named.items():
            v.label = name
        self.losses_evaluated += 1
        return named

    def loss(self) -> Value:
        """The root L of a new graph."""
        return self.forward()["L"]

    def by_hand(self) -> list[float]:
        """The derivatives of L by w1, b1, w2 and b2, by the formulas that one derives on paper."""

        def sigmoid(z: float) -> float:
            return 0.5 * (1.0 + math.tanh(0.5 * z))  # This is 1 / (1 + e⁻ᶻ) without its overflow.

        x, t = self.x.data, self.target.data
        w1, b1, w2, b2 = (w.data for w in self.weights)
        self.losses_evaluated += 1
        h = sigmoid(x * w1 + b1)
        y = sigmoid(h * w2 + b2)
        d2 = 2.0 * (y - t) * y * (1.0 - y)
        d1 = d2 * w2 * h * (1.0 - h)
        return [d1 * x, d1, d2 * h, d2]

    def by_differences(self) -> list[float]:
        """The same derivatives by central differences of the loss."""
        return numerical_grad(lambda *_: self.loss(), self.weights)

    def by_backward(self) -> list[float]:
        """The same derivatives by `backward`, after setting every `.grad` to 0."""
        self.zero_grad()
        self.loss().backward()
        return [w.grad for w in self.weights]

    def gradients(self) -> Iterator[tuple[str, float, float, float]]:
        """For each weight its name and the derivative of L by hand, by differences and by backward."""
        return zip(WEIGHTS, self.by_hand(), self.by_differences(), self.by_backward(), strict=True)

    def cost(self, way: Callable[[], object]) -> int:
        """The number of times that a way to the gradient evaluates the loss."""
        before = self.losses_evaluated
        way()
        return self.losses_evaluated - before

    def zero_grad(self) -> None:
        """Set the `.grad` of every leaf to 0."""
        for v in (self.x, self.target, *self.weights):
            v.grad = 0.0

    def train(self, *, lr: float, steps: int, threshold: float) -> Iterator[float]:
        """Gradient descent: yields the loss before each step, and at the end the loss after the last step.

        It ends after the given number of steps, or when the loss is below threshold. lr is the learning rate.
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


def story(toy: Toy, *, lr: float, steps: int, threshold: float, out: Path) -> None:
    """Print the gradient of a network three ways, train it, and write pictures of both into the folder out.

    The folder is made if it doesn't exist. lr, steps and threshold are those of `Toy.train`. OSError if the folder or
    a picture can't be written, ValueError if no loss is a positive finite number, as the picture of them needs.
    """
    out.mkdir(parents=True, exist_ok=True)
    print("The network   h = σ(x·w1 + b1)   y = σ(h·w2 + b2)   L = (y − t)²")
    print(", ".join(f"{v.label} = {short(v.data)}" for v in (toy.x, toy.target, *toy.weights)))
    _show_gradients(toy)
    _show_shared_factors(toy)
    before = _picture(toy)
    losses = _train(toy, lr, steps, threshold)
    print()
    for name, picture in (("before", before), ("after", _picture(toy))):
        print(f"wrote {picture.save(out / f'toy-{name}.svg')}")
    print(f"wrote {curve(losses, title='loss', across='step').save(out / 'toy-loss.svg')}")


def _show_gradients(toy: Toy) -> None:
    print("\nThe gradient, three ways, and how far (Δ) the first two are from the third")
    print(f"  {'':5}{'by hand':>12}{'differences':>13}{'backward':>12}{'Δ by hand':>12}{'Δ differences':>15}")
    for name, hand, differences, backward in toy.gradients():
        print(
            f"  ∂L/∂{name}{hand:>11.8f}{differences:>13.8f}{backward:>12.8f}"
            f"{hand - backward:>12.1e}{differences - backward:>15.1e}"
        )
    hand, differences, backward = map(toy.cost, (toy.by_hand, toy.by_differences, toy.by_backward))
    print(f"  evaluations of the loss: {hand} by hand, {differences} by differences, two for each step tried,")
    print(f"  {backward} by backward, and one sweep back over the graph for all weights at once")


def _show_shared_factors(toy: Toy) -> None:
    named = toy.forward()
    toy.zero_grad()
    named["L"].backward()
    d2, d1 = named["z2"].grad, named["z1"].grad
    w1, b1, w2, b2 = (w.grad for w in toy.weights)
    print("\nWhat backpropagation computes once and uses again")
    print(f"  δ2 = ∂L/∂z2 = 2(y − t)·y(1 − y)   = {d2:>11.8f}   for w2, b2 and δ1")
    print(f"  δ1 = ∂L/∂z1 = δ2·w2·h(1 − h)      = {d1:>11.8f}   for w1 and b1")
    print(f"  ∂L/∂w2 = δ2·h = {w2:.8f}   ∂L/∂b2 = δ2 = {b2:.8f}")
    print(f"  ∂L/∂w1 = δ1·x = {w1:.8f}   ∂L/∂b1 = δ1 = {b1:.8f}")


def _train(toy: Toy, lr: float, steps: int, threshold: float) -> list[float]:
    print(f"\nGradient descent, learning rate {short(lr)}, until the loss is below {threshold:g}")
    losses: list[float] = []
    live = sys.stdout.isatty()
    for step, loss in enumerate(toy.train(lr=lr, steps=steps, threshold=threshold)):
        losses.append(loss)
        # A pipe gets a line for the steps 0, 1, 2, 5, 10, 20, 50, 100 and so on.
        if live or str(step).rstrip("0") in ("", "1", "2", "5"):
            print(f"{chr(13) if live else ''}  step {step:>6}   loss {loss:.3e}", end="" if live else "\n", flush=live)
    y = toy.forward()["y"].data
    print(f"{chr(10) if live else ''}  after {len(losses) - 1} steps: loss {losses[-1]:.3e}, y = {y:.6f}")
    if not losses[-1] < threshold:
        print(f"  not below {threshold:g}; try more --steps, another --lr, another --seed")
    return losses


def _picture(toy: Toy) -> Drawing:
    toy.zero_grad()
    loss = toy.loss()
    loss.backward()
    return draw(loss, parameters=toy.weights)
