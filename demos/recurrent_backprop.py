"""Recurrent backpropagation: the gradient of a network that feeds itself: read it from top to bottom, or cell by cell.

python demos/recurrent_backprop.py --out pictures
"""

# %% [markdown]
# # Static and recurrent backpropagation
#
# A static network maps an input to an output at once. A recurrent one feeds its state y back into itself,
#
#     y ← f(x, y) = tanh(U·x + W·y + b)
#
# until it settles on a fixed point y* = f(x, y*), which is its answer. How does a loss of y* depend on the weights?
# Almeida and Pineda found in 1987 that the gradient is a fixed point too, of a second network.

# %%
import argparse
import math
import random
import tracemalloc
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, pairwise
from statistics import linear_regression
from typing import Any, TypeAlias

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, compare, parser, positive, save, words

from autograd import Value, dot, losses, nn, no_grad, optim, topological_order, train
from autograd.check import numerical_grad


def small(text: str) -> float:
    """A number between 0 and 1, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number between 0 and 1")
    return number


made = parser("A network that feeds itself, and two ways to the gradient of what it settles on.", epochs=300)
made.add_argument("--units", type=positive, default=6, help="units, two of them the output; %(default)s")
made.add_argument("--tolerance", type=small, default=1e-12, help="what moves no more than this is settled; %(default)s")
made.add_argument("--most", type=positive, default=1000, help="at most so many iterations to settle; %(default)s")
options = words(made, epochs=120)
OUTPUTS = 2
if options.units <= OUTPUTS:
    made.error(f"--units {options.units} leaves no hidden unit; there are {OUTPUTS + 1} or more")
rng = random.Random(options.seed)
State: TypeAlias = list[Value]

# %% [markdown]
# ## The static network
#
# Inputs are ±1. The first output tells whether they differ (XOR), the second whether both are 1 (AND), as ±½. Four
# hidden units and two outputs do it in two layers: one pass forward, one sweep back.

# %%
rows = [
    ([-1.0, -1.0], [-0.5, -0.5]),
    ([-1.0, 1.0], [0.5, -0.5]),
    ([1.0, -1.0], [0.5, -0.5]),
    ([1.0, 1.0], [-0.5, 0.5]),
]
x, target = rows[1]
widths = [options.units - OUTPUTS, OUTPUTS]
static = nn.MLP(2, widths, activation="tanh", output_activation="tanh", init="fan_in", rng=rng)
static_nodes = len(topological_order(losses.mse(static(x), target)))
print(f"static: {static}\n  {len(static.parameters())} weights, {static_nodes} nodes")

# %% [markdown]
# ## The network that feeds itself
#
# As many units, but each hears the inputs and all units.


# %%
class Loop(nn.Module):
    """Units that hear the inputs and each other; the first of them are the output."""

    def __init__(self) -> None:
        self.layer = nn.Layer(2 + options.units, options.units, activation="tanh", init="fan_in", rng=rng)

    def __call__(self, x: list[float], y: State) -> State:
        """f(x, y): what the units do next."""
        return list(self.layer([*x, *y]))


class NoFixedPointError(SystemExit):
    """Where nobody catches it, the lesson ends with what it says."""


def iterate(step: Callable[[State], State], start: State, tolerance: float) -> Iterator[State]:
    """Start, step(start), step(step(start)) …, until no number moves by more than the tolerance."""
    yield start
    for _ in range(options.most):
        before, start = start, step(start)
        yield start
        moved = max(abs(new.data - old.data) for new, old in zip(start, before, strict=True))
        if moved <= tolerance:
            return
    raise NoFixedPointError(
        f"no fixed point: after {options.most} iterations a number still moves by {moved:.1e}, more than {tolerance:g}"
    )


def settle(net: Loop, x: list[float], tolerance: float) -> Iterator[State]:
    """The states from zeros to the fixed point."""
    return iterate(lambda y: net(x, y), [Value(0.0)] * options.units, tolerance)


def last(states: Iterable[State]) -> State:
    """The fixed point alone."""
    return deque(states, maxlen=1)[0]


net = Loop()
way = list(settle(net, x, options.tolerance))
print(f"recurrent: {net.layer}\n  {len(net.parameters())} weights, settles after {len(way) - 1} iterations")

# %% [markdown]
# A static network is the special case in which W has no cycle. Put its weights into a loop, with zeros elsewhere, and
# the loop settles on the same output, in as many iterations as there are layers.

# %%
hidden, output = ([[p.data for p in neuron.parameters()] for neuron in layer.neurons] for layer in static.layers)
forward = Loop()
placed = [[0.0] * (2 + OUTPUTS) + numbers for numbers in output]
placed += [numbers[:-1] + [0.0] * options.units + numbers[-1:] for numbers in hidden]
for p, number in zip(forward.parameters(), chain(*placed), strict=True):
    p.data = number
passed = list(settle(forward, x, options.tolerance))
layers = len(passed) - 2  # the last iteration only shows that nothing moves any more
apart = max(abs(v.data - y.data) for v, y in zip(passed[-1], static(x), strict=False))
print(f"the static network as a loop: settles after {layers} iterations, {apart:.0e} from its output")

# %% [markdown]
# ## How fast, and whether at all
#
# Near the fixed point each iteration multiplies what is missing by the Jacobian J = ∂f/∂y, so in the long run by its
# spectral radius ρ. The engine gives J row by row: a sweep back from v·f gives the vector-Jacobian product v·J.


# %%
def vjp(vector: State, outputs: State, wrt: State) -> list[float]:
    """vector·∂outputs/∂wrt. The sweep leaves gradients in the weights too, so zero them before they are wanted."""
    for v in wrt:
        v.grad = 0.0
    dot(vector, outputs).backward()
    return [v.grad for v in wrt]


def rate(states: list[State]) -> float:
    """The factor by which moves shrink per iteration: the slope of their logarithm over the last half."""
    moves = [math.dist([v.data for v in old], [v.data for v in new]) for old, new in pairwise(states)]
    late = [math.log(move) for move in moves[len(moves) // 2 :] if move > 0.0]
    return math.exp(linear_regression(range(len(late)), late).slope) if len(late) > 1 else 0.0


y = [Value(v.data) for v in way[-1]]
after = net(x, y)
axes = [[Value(float(i == k)) for k in range(options.units)] for i in range(options.units)]
jacobian = np.array([vjp(axis, after, y) for axis in axes])
radius = float(max(abs(np.linalg.eigvals(jacobian))))
print(f"\nmoves shrink by {rate(way):.4f} per iteration; ρ(J) = {radius:.4f}")

# %% [markdown]
# With ρ above 1 a fixed point repels, and there is no settled state to differentiate. Here each unit answers its own
# state with three times the opposite.

# %%
restless = Loop()
for i, neuron in enumerate(restless.layer.neurons):
    neuron.w[2:] = [Value(-3.0 if k == i else 0.0) for k in range(options.units)]
try:
    last(settle(restless, x, options.tolerance))
except NoFixedPointError as problem:
    print(f"with W = −3·I: {problem}")

# %% [markdown]
# ## The gradient by unrolling
#
# Each iteration was recorded, so `backward` can go back through all of them.


# %%
def unrolled(x: list[float], target: list[float], tolerance: float) -> Value:
    """The loss of the settled output, with all that led there."""
    return losses.mse(last(settle(net, x, tolerance))[:OUTPUTS], target)


# %% [markdown]
# ## The gradient at the fixed point
#
# y* = f(x, y*) holds whatever the weights w are, so dy* = J·dy* + ∂f/∂w·dw, and for a loss L of y*
#
#     dL/dw = λ·∂f/∂w      where λ = ∂L/∂y + λ·J
#
# λ is found as y* is, by iteration, each step one vector-Jacobian product on the graph of a single pass. It settles at
# the same rate, for v → v·J has the eigenvalues of J. The way to y* needn't be recorded.


# %%
def adjoint(slope: list[float], after: State, y: State, tolerance: float) -> Iterator[State]:
    """λ, from ∂L/∂y to its fixed point."""
    return iterate(
        lambda lam: [Value(s + back) for s, back in zip(slope, vjp(lam, after, y), strict=True)],
        [Value(s) for s in slope],
        tolerance,
    )


def settled(x: list[float], tolerance: float) -> tuple[list[float], State]:
    """An input and its fixed point, without the way there."""
    with no_grad():
        return x, last(settle(net, x, tolerance))


def implicit(at: tuple[list[float], State], target: list[float], tolerance: float) -> Value:
    """A Value that is the loss at a fixed point and has the gradient λ·∂f/∂w."""
    x, y = at
    after, loss = net(x, y), losses.mse(y[:OUTPUTS], target)
    slope = vjp([Value(1.0)], [loss], y)
    carried = dot(last(adjoint(slope, after, y, tolerance)), after)
    return carried + (loss.data - carried.data)


# %% [markdown]
# They are held against each other, against λ = ∂L/∂y·(I − J)⁻¹, which numpy can solve for so few units, and against
# central differences, for which the network settles twice per weight.


# %%
def gradient(loss: Value) -> list[float]:
    """By every weight."""
    net.zero_grad()
    loss.backward()
    return [p.grad for p in net.parameters()]


def greatest(these: Iterable[float], those: Iterable[float]) -> float:
    """The greatest difference."""
    return max(abs(a - b) for a, b in zip(these, those, strict=True))


by_unrolling = gradient(unrolled(x, target, options.tolerance))
by_rule = gradient(implicit(settled(x, options.tolerance), target, options.tolerance))
by_differences = numerical_grad(lambda *_: unrolled(x, target, options.tolerance), net.parameters())
slope = vjp([Value(1.0)], [losses.mse(y[:OUTPUTS], target)], y)
way_of_lam = list(adjoint(slope, after, y, options.tolerance))
solution = np.linalg.solve((np.eye(options.units) - jacobian).T, slope).tolist()
off = {
    "λ, iterated and ∂L/∂y·(I − J)⁻¹": greatest([v.data for v in way_of_lam[-1]], solution),
    "gradient, implicit and unrolled": greatest(by_rule, by_unrolling),
    "gradient, implicit and central differences": greatest(by_rule, by_differences),
}
print(f"\nλ settles after {len(way_of_lam) - 1} iterations, by {rate(way_of_lam):.4f} per iteration")
print(f"{len(by_rule)} derivatives, the largest {max(map(abs, by_rule)):.3f}; greatest differences")
for what, difference in off.items():
    print(f"  {what}: {difference:.1e}")

# %% [markdown]
# ## What it costs, and how exact it is
#
# Stopped after k iterations, unrolling is the exact gradient of a state that isn't settled yet, and the rule a gradient
# with y and λ off by about ρ^k. So the two differ, the less the tighter the tolerance. But the unrolled graph grows with
# k, and that of the rule is one pass.


# %%
def peak(work: Callable[[], object]) -> float:
    """The most memory, in kB, that work has taken at any time."""
    tracemalloc.start()
    work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most / 1000.0


tolerances = [10.0 ** (-k / 2) for k in range(2, 25)]
iterations, differences, nodes = [], [], []
for tolerance in tolerances:
    both = unrolled(x, target, tolerance), implicit(settled(x, tolerance), target, tolerance)
    iterations.append(len(list(settle(net, x, tolerance))) - 1)
    nodes.append([len(topological_order(loss)) for loss in both])
    differences.append(greatest(*map(gradient, both)))
print("\ntolerance  iterations  nodes: unrolled  implicit  difference of the gradients")
for k in range(0, len(tolerances), 4):
    print(f"{tolerances[k]:9.0e} {iterations[k]:11} {nodes[k][0]:16,} {nodes[k][1]:9} {differences[k]:12.1e}")
grown = (nodes[-1][0] - nodes[0][0]) / (iterations[-1] - iterations[0])
memory = {
    "unrolled": peak(lambda: gradient(unrolled(x, target, options.tolerance))),
    "implicit": peak(lambda: gradient(implicit(settled(x, options.tolerance), target, options.tolerance))),
    "static": peak(lambda: losses.mse(static(x), target).backward()),
}
print("at the peak", ", ".join(f"{kb:.0f} kB {way}" for way, kb in memory.items()))

# %% [markdown]
# ## Learning to settle
#
# Now all four inputs, and the implicit gradient. `fit` needn't know of it: the loss that it gets is a Value like any
# other. Two static networks learn beside it, one of them without hidden units, which can't do XOR.

# %%
LOOSE = 1e-6  # learning needs no twelve digits
layer = nn.Layer(2, OUTPUTS, activation="tanh", init="fan_in", rng=rng)
learners: dict[str, tuple[nn.Module, Callable[..., Any], Callable[..., Value]]] = {
    "recurrent": (net, lambda x: settled(x, LOOSE), lambda at, target: implicit(at, target, LOOSE)),
    "static, two layers": (static, static, losses.mse),
    "static, one layer": (layer, layer, losses.mse),
}
histories: dict[str, train.History] = {}
print()
for name, (model, says, loss_of) in learners.items():
    adam = optim.Adam(model.parameters(), lr=0.01)
    histories[name] = train.fit(says, rows, loss_of, adam, epochs=options.epochs, stop_below=1e-6)
    print(f"{name}: {histories[name]}")

right = dict.fromkeys(learners, 0)
with no_grad():
    for x, target in rows:
        states = list(settle(net, x, options.tolerance))
        for name, said in zip(learners, (states[-1], static(x), layer(x)), strict=True):
            right[name] += said[0].data * target[0] > 0.0
        told = ", ".join(f"{v.data:6.3f}" for v in states[-1][:OUTPUTS])
        print(f"  {x} settles on {told} after {len(states) - 1} iterations; wanted {target}")
print("XOR right:", ", ".join(f"{count} of 4 ({name})" for name, count in right.items()))

# %% [markdown]
# ## Pictures

# %%
figure, (settling, differing, learning) = plt.subplots(1, 3, figsize=(13, 4))
for i in range(options.units):
    names = {0: "outputs", OUTPUTS: "hidden units"}
    colour = BLUE if i < OUTPUTS else GREY
    settling.plot([state[i].data for state in way[:21]], ".-", color=colour, label=names.get(i))
settling.set(title="the state settles (before training)", xlabel="iteration", ylabel="output of a unit", ylim=(-1, 1))
settling.legend()
differing.semilogy(iterations, differences, "o", color=BLUE, label="unrolled − implicit")
differing.semilogy(iterations, [differences[0] * radius ** (k - iterations[0]) for k in iterations], ":", color=GREY)
differing.set(
    title="greatest difference of the two gradients", xlabel="iterations k until settled", ylabel="difference"
)
differing.legend(["unrolled − implicit", "falling as ρ^k"])
for (name, history), colour in zip(histories.items(), (BLUE, GREEN, ORANGE), strict=True):
    learning.semilogy(history.losses, color=colour, label=name)
learning.set(title="learning XOR and AND", xlabel="epoch", ylabel="mean squared error")
learning.legend(loc="lower left")
save(figure, options.out / "recurrent_backprop.png")

# %% [markdown]
# ## Beside theory
#
# A node is a number: three per unit and iteration (dot product, bias, tanh), and one per input.

# %%
compare(
    [
        ("y: moves shrink per iteration by", f"ρ(J) = {radius:.4f}", f"{rate(way):.4f}"),
        ("λ: moves shrink per iteration by", f"ρ(J) = {radius:.4f}", f"{rate(way_of_lam):.4f}"),
        *((f"{what} differ by", "0", f"{difference:.1e}") for what, difference in off.items()),
        ("static network as a loop: iterations", "2, its layers", layers),
        ("unrolled graph: nodes per iteration", 3 * options.units + 2, f"{grown:g}"),
        ("nodes at the tightest tolerance", "unrolled > implicit", f"{nodes[-1][0]:,} > {nodes[-1][1]:,}"),
        ("nodes, static network", "constant", static_nodes),
        ("peak memory", "unrolled > implicit > static", " > ".join(f"{kb:.0f} kB" for kb in memory.values())),
        ("XOR, recurrent", "4 of 4", f"{right['recurrent']} of 4"),
        ("XOR, one static layer", "at most 3 of 4", f"{right['static, one layer']} of 4"),
    ],
    tutorial="theory",
)
