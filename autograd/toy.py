"""The toy network x → h → y with one hidden unit: its gradient three ways, its training, its pictures and its pages.

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
from types import SimpleNamespace
from typing import Any, Final

from autograd.check import numerical_grad
from autograd.console import is_terminal
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.page.face import Page, page
from autograd.page.training import MOST_SNAPSHOTS
from autograd.show.pictures.chart import draw_curves
from autograd.show.pictures.draw import draw
from autograd.show.pictures.picture import Drawing
from autograd.show.terminal import say
from autograd.wording import aligned, counted

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

        It ends after the given number of steps, when the loss is below threshold, and when no step can lower it any
        more: it is not finite, or every gradient is 0. lr is the learning rate.
        """
        for step in range(steps + 1):
            loss = self.loss()
            yield loss.data
            if loss.data < threshold or step == steps or not math.isfinite(loss.data):
                return
            self.zero_grad()
            loss.backward()
            if not any(w.grad for w in self.weights):
                return
            for w in self.weights:
                w.data -= lr * w.grad


def story(toy: Toy, *, lr: float, steps: int, threshold: float, out: Path) -> None:
    """Print the gradient of a network three ways, train it, and write pictures and pages of both into the folder out.

    The pages are lessons for a browser: one walks through the graph before the training, step by step, and one through
    the training. The folder is made if it doesn't exist. lr, steps and threshold are those of `Toy.train`. OSError if
    the folder or a file can't be written.
    """
    out.mkdir(parents=True, exist_ok=True)
    say("The network   h = σ(x·w1 + b1)   y = σ(h·w2 + b2)   L = (y − t)²")
    say(", ".join(f"{v.label} = {short(v.data)}" for v in (toy.x, toy.target, *toy.weights)))
    _show_gradients(toy)
    _show_shared_factors(toy)
    before, walk, record = _picture(toy), page(toy.loss(), title="The toy network, step by step"), _Record(toy)
    losses = _train(toy, lr, steps, threshold, record)
    loss = draw_curves(losses, title="loss", across="step")
    made: dict[str, Drawing | Page] = {"before.svg": before, "after.svg": _picture(toy), "loss.svg": loss}
    made |= {"steps.html": walk, "training.html": page(record, title="The toy network learns")}
    print()
    for name, picture in made.items():
        print(f"wrote {picture.save(out / f'toy-{name}')}")


def _digits(x: float) -> str:
    """A float with eight digits after the point, and an exponent where these would hide it."""
    return f"{x:.8f}" if x == 0.0 or 1e-4 <= abs(x) < 1e4 else f"{x:.8e}"


def _show_gradients(toy: Toy) -> None:
    say("", "The gradient, three ways, and how far the first two are from the third")
    rows = [["", "by hand", "differences", "backward", "1st − 3rd", "2nd − 3rd"]]
    for name, *ways in toy.gradients():
        apart = [f"{way - ways[-1]:.1e}" for way in ways[:-1]]
        rows.append([f"  ∂L/∂{name}", *map(_digits, ways), *apart])
    print(aligned(rows))
    hand, differences, backward = map(toy.cost, (toy.by_hand, toy.by_differences, toy.by_backward))
    say(
        f"  evaluations of the loss: {hand} by hand, {differences} by differences, two for each step tried, and "
        f"{backward} by backward, with one sweep back over the graph for all weights at once"
    )


def _show_shared_factors(toy: Toy) -> None:
    named = toy.forward()
    toy.zero_grad()
    named["L"].backward()
    w1, b1, w2, b2 = (_digits(w.grad) for w in toy.weights)
    say(
        "",
        "What backpropagation computes once and uses again",
        f"  δ2 = ∂L/∂z2 = 2(y − t)·y(1 − y) = {_digits(named['z2'].grad)}, for w2, b2 and δ1",
        f"  δ1 = ∂L/∂z1 = δ2·w2·h(1 − h) = {_digits(named['z1'].grad)}, for w1 and b1",
        f"  ∂L/∂w2 = δ2·h = {w2}, ∂L/∂b2 = δ2 = {b2}",
        f"  ∂L/∂w1 = δ1·x = {w1}, ∂L/∂b1 = δ1 = {b1}",
    )


def _train(toy: Toy, lr: float, steps: int, threshold: float, record: "_Record") -> list[float]:
    say("", f"Gradient descent, learning rate {short(lr)}, until the loss is below {threshold:g}")
    losses: list[float] = []
    live = is_terminal(sys.stdout)
    for step, loss in enumerate(toy.train(lr=lr, steps=steps, threshold=threshold)):
        losses.append(loss)
        record.keep(step, loss)
        # A pipe gets a line for the steps 0, 1, 2, 5, 10, 20, 50, 100 and so on.
        if live or str(step).rstrip("0") in ("", "1", "2", "5"):
            print(f"{chr(13) if live else ''}  step {step:>6}   loss {loss:.3e}", end="" if live else "\n", flush=live)
    record.finish(losses)
    y = toy.forward()["y"].data
    say(*[""] * live, f"  after {counted(len(losses) - 1, 'step')}: loss {losses[-1]:.3e}, y = {y:.6f}")
    if not losses[-1] < threshold:
        say(f"  not below {threshold:g}{_obstacle(losses, steps)}")
    return losses


def _obstacle(losses: list[float], steps: int) -> str:
    """The reason why the loss is not below the threshold, and a remedy."""
    if not math.isfinite(losses[-1]):
        return ": the training diverged; try a smaller --lr"
    if len(losses) <= steps:
        return ": every gradient is 0, since a sigmoid is flat far from 0; try a smaller --lr, --x or initial weights"
    return "; try more --steps, another --lr, another --seed"


def _picture(toy: Toy) -> Drawing:
    toy.zero_grad()
    loss = toy.loss()
    loss.backward()
    return draw(loss, parameters=toy.weights)


class _Record:
    """The snapshots of the training of a Toy, as a `train.Recorder` has them for a page."""

    def __init__(self, toy: Toy) -> None:
        self.toy, self.model = toy, _as_model(toy)
        self.inputs, self.targets, self.grid = [[toy.x.data]], [toy.target.data], None
        self.snapshots: list[SimpleNamespace] = []
        self.history = SimpleNamespace(losses=[], validation=[], metrics={})
        self._every = 1

    def keep(self, step: int, loss: float) -> None:
        """Keep the state before a step, if it is one of those kept; if there are many, every second one goes."""
        if step % self._every:
            return
        self._add(step, loss)
        if len(self.snapshots) == MOST_SNAPSHOTS:
            self._every *= 2
            del self.snapshots[1::2]

    def finish(self, losses: list[float]) -> None:
        """Keep the state after the last step, and the losses before all steps."""
        last = len(losses) - 1
        if self.snapshots[-1].epoch != last:
            self._add(last, losses[-1])
        self.history.losses = losses[:-1]

    def _add(self, step: int, loss: float) -> None:
        named = self.toy.forward()
        self.toy.zero_grad()
        named["L"].backward()
        weights = dict(self.model.named_parameters())
        data, gradients = ({name: getattr(w, of) for name, w in weights.items()} for of in ("data", "grad"))
        one = {"epoch": step, "batch": 0, "loss": loss, "outputs": [named["y"].data], "surface": []}
        self.snapshots.append(SimpleNamespace(**one, parameters=data, gradients=gradients))


def _as_model(toy: Toy) -> Any:
    """The network as a model of `nn` with the same weights, which draws it in columns."""
    from autograd.nn import MLP  # The rest of this module needs no layers.

    class Network(MLP):
        def __call__(self, x: Any) -> Any:
            h = self.layers[0]([Value(x[0], label="x")])
            h.label = "h"
            y = self.layers[1]([h])
            y.label = "y"
            return y

    model = Network(1, [1, 1], activation="sigmoid", output_activation="sigmoid")
    w1, b1, w2, b2 = toy.weights
    for layer, w, b in zip(model.layers, (w1, w2), (b1, b2), strict=True):
        layer.neurons[0].w, layer.neurons[0].b = [w], b
    return model
