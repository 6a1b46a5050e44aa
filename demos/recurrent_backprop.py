"""Recurrent backpropagation: the gradient of a network whose output is fed back until it no longer changes.

python demos/recurrent_backprop.py --out pictures
"""

# %% [markdown]
# # Static and recurrent backpropagation
#
# A feed-forward network is static: it computes y from x in one pass. Here its output is an input again, beside x:
#
#     y ← f(x, y) = tanh(U·x + W·y + b)
#
# and so on, until y no longer changes. It has settled on a *fixed point* y* = f(x, y*). That point is the output of the
# network, and a loss of it has a gradient (L. Almeida 1987, F. Pineda 1987). There are two ways to compute it.

# %%
import argparse
import math
import random
from collections.abc import Callable

from lesson import BLUE, GREEN, ORANGE, PURPLE, agree, check, compare, parser, save, show, steps, words

import matplotlib.pyplot as plt
import numpy as np

from autograd import Value, dot, draw, explain, losses, nn, no_grad, optim, topological_order
from autograd.check import numerical_grad

UNITS = 4


def tolerance(text: str) -> float:
    """A number from 1e-14, below which rounding decides, to 1, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 1e-14 <= number <= 1.0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1e-14 to 1")
    return number


made = parser(
    "This lesson feeds the output of a network back until it no longer changes. You see two ways to the gradient "
    "of that fixed point, what each of them costs, and what feedback can learn.",
    epochs=300,
)
made.add_argument("--tolerance", type=tolerance, default=1e-14, help="settled when no output moves more; %(default)s")
options = words(made, epochs=100)

# %% [markdown]
# ## Settling
#
# The map f is a recurrent cell, and W is its `weight_hh`. If f brings any two states closer together, there is one
# fixed point, and the iteration reaches it from every start. That is so for small weights, because |tanh'| ≤ 1.

# %%
MOST = 2000
cell = nn.RNNCell(2, UNITS, rng=random.Random(options.seed))
parameters = cell.parameters()
zeros = [0.0] * UNITS


def settle(x: list[float], tolerance: float = options.tolerance) -> list[list[float]]:
    """Every state from zeros to the fixed point, the last one. RuntimeError if MOST iterations don't reach it."""
    way = [zeros]
    with no_grad():
        for _ in range(MOST):
            way.append([v.data for v in cell(x, way[-1])])
            moved = max(abs(a - b) for a, b in zip(*way[-2:], strict=True))
            if moved <= tolerance:
                return way
    raise RuntimeError(f"not settled after {MOST} iterations, still changing by {moved:.1g}: the weights are too large")


x = [1.0, -1.0]
way = settle(x)
fixed = way[-1]
print(f"settled after {len(way) - 1} iterations: y* = {', '.join(f'{v:.6f}' for v in fixed)}")

# %% [markdown]
# The first iterations, as a network: a column is a state, and the input is the same for all of them.

# %%
save(draw(cell, [x] * 3), options.out / "recurrent_backprop-network.svg")

# %% [markdown]
# ## The first way: unrolling
#
# Every iteration is recorded, and `backward` goes through all of them. The graph grows with each iteration.

# %%
target = [0.5, -0.5, 0.5, -0.5]


def unrolled(iterations: int) -> tuple[list[float], int]:
    """The gradient of the loss after the given number of iterations, and the number of nodes of its graph."""
    y = [Value(v) for v in zeros]
    for _ in range(iterations):
        y = cell(x, y)
    loss = losses.squared_error(y, target)
    cell.zero_grad()
    loss.backward()
    return [p.grad for p in parameters], len(topological_order(loss))


by_unrolling, nodes_unrolled = unrolled(len(way) - 1)

# %% [markdown]
# A weight is used in every iteration, and from there a change goes on through every unit of all later ones. `explain`
# counts these ways. A sweep backward adds them all up, but goes through each node only once.

# %%
twelve = [Value(v) for v in zeros]
for _iteration in range(12):
    twelve = cell(x, twelve)
loss_of_twelve = losses.squared_error(twelve, target)
loss_of_twelve.label = "L"
print(f"\n12 iterations are a graph of {len(topological_order(loss_of_twelve))} nodes")
show(explain(loss_of_twelve, cell.weight_hh[0][1], most=1))

# %% [markdown]
# ## The second way: the rule of the fixed point
#
# At the fixed point y* = f(x, y*), a change of a weight w moves y* by dy* = ∂f/∂w·dw + J·dy*, where J = ∂f/∂y. So
#
#     ∂L/∂w = λ·∂f/∂w      with      λ = ∂L/∂y + λ·J
#
# λ is the fixed point of a linear map, and it is found by iteration too. Each λ·J is one backward sweep over the graph
# of *one* pass through f, from the root Σ λᵢ·fᵢ. The iterations by which y settled are not needed.


# %%
def implicit(x: list[float], fixed: list[float], target: list[float], most: int = MOST) -> tuple[float, int]:
    """Put the gradient of the loss into the parameters; return the loss and the number of sweeps for λ."""
    y = [Value(v) for v in fixed]
    loss = losses.squared_error(y, target)
    loss.backward()
    upstream = [v.grad for v in y]
    again = cell(x, y)
    adjoint, last, sweeps = upstream, [math.inf] * len(y), 0
    while sweeps < most and max(abs(a - b) for a, b in zip(last, adjoint, strict=True)) > options.tolerance:
        sweeps += 1
        for v in y:
            v.grad = 0.0
        dot(adjoint, again).backward()
        last, adjoint = adjoint, [g + v.grad for g, v in zip(upstream, y, strict=True)]
    cell.zero_grad()
    dot(adjoint, again).backward()
    return loss.data, sweeps


_, sweeps = implicit(x, fixed, target)
by_rule = [p.grad for p in parameters]
one_pass = len(topological_order(dot([1.0] * UNITS, cell(x, [Value(v) for v in fixed]))))
by_differences = numerical_grad(
    lambda *_: losses.squared_error([Value(v) for v in settle(x, 1e-14)[-1]], target), parameters
)


def apart(ours: list[float], theirs: list[float]) -> float:
    """The greatest difference between two gradients."""
    return max(abs(a - b) for a, b in zip(ours, theirs, strict=True))


print(f"\nunrolled: {nodes_unrolled:,} nodes; by the rule: {one_pass} nodes, swept {sweeps + 1} times")
print(f"greatest difference between them: {apart(by_unrolling, by_rule):.0e}")
print(f"between the rule and central differences: {apart(by_rule, by_differences):.0e}")

# %% [markdown]
# ## How fast it settles
#
# Near the fixed point, a distance d becomes J·d. After many iterations the greatest eigenvalue of J in magnitude, its
# spectral radius ρ, decides: the distance shrinks by ρ each time. So do the errors of both gradients if their
# iterations end early (that of the unrolled one is about kρᵏ). The rows of J are the gradients of the outputs of one
# pass.

# %%
y = [Value(v) for v in fixed]
jacobian = []
for output in cell(x, y):
    for v in y:
        v.grad = 0.0
    output.backward()
    jacobian.append([v.grad for v in y])
radius = float(np.abs(np.linalg.eigvals(np.array(jacobian))).max())

distances = [math.dist(state, fixed) for state in way[:-1]]
# Nearer to the fixed point, its own error counts.
falling = [d for d in distances if d > 1e3 * options.tolerance]
half = len(falling) // 2
rate = (falling[-1] / falling[half]) ** (1.0 / (len(falling) - 1 - half)) if len(falling) - half > 1 else math.nan
print(f"\nspectral radius of J: {radius:.4f}; the distance shrinks by {rate:.4f} per iteration")

counts = range(1, len(way))
cut_short: dict[str, list[float]] = {"unrolled": [], "rule": []}
for k in counts:
    cut_short["unrolled"].append(apart(unrolled(k)[0], by_rule))
    implicit(x, fixed, target, most=k)
    cut_short["rule"].append(apart([p.grad for p in parameters], by_rule))

# %% [markdown]
# ## An advantage of feedback
#
# The problem is XOR with the values -1 and 1. One static layer of neurons can't solve it (M. Minsky, S. Papert 1969):
# its best output is 0 for everything. The same layer with feedback can: only its first unit has a target, and the
# others serve it as a hidden layer. It is trained by the rule of the fixed point.
#
# Strong feedback has more than one fixed point, and the start of the iteration decides which one is reached. Here all
# patterns start from zeros. A spike of the loss is a step after which a pattern reaches another fixed point.

# %%
patterns = [([-1.0, -1.0], -1.0), ([-1.0, 1.0], 1.0), ([1.0, -1.0], 1.0), ([1.0, 1.0], -1.0)]
static = nn.Layer(2, UNITS, activation="tanh", init="fan_in", rng=random.Random(options.seed))
of_static, of_cell = optim.Adam(static.parameters(), lr=0.03), optim.Adam(parameters, lr=0.03)
history: list[tuple[float, float]] = []
kept = [p.data for p in parameters]
try:
    for _ in steps(range(options.epochs), "learning"):
        gradient, error = [0.0] * len(parameters), 0.0
        for x, t in patterns:
            y_settled = settle(x, 1e-8)[-1]
            loss, _ = implicit(x, y_settled, [t, *y_settled[1:]])  # The other units have no target.
            gradient = [g + p.grad for g, p in zip(gradient, parameters, strict=True)]
            error += loss / len(patterns)
        kept = [p.data for p in parameters]  # With these parameters every pattern has settled.
        for p, g in zip(parameters, gradient, strict=True):
            p.grad = g / len(patterns)
        of_cell.step()

        at_once = losses.mse([static(x)[0] for x, _ in patterns], [t for _, t in patterns])
        of_static.zero_grad()
        at_once.backward()
        of_static.step()
        history.append((at_once.data, error))
except KeyboardInterrupt:
    print(f"interrupted after {len(history)} epochs; the lesson goes on with the parameters so far")
except RuntimeError as problem:
    print(f"stopped after {len(history)} epochs: {problem}")
    for p, data in zip(parameters, kept, strict=True):
        p.data = data

# %%
ways = [settle(x, 1e-8) for x, _ in patterns]
with no_grad():
    said = [[static(x)[0].data for x, _ in patterns], [states[-1][0] for states in ways]]
right = sum(y * t > 0.0 for y, (_, t) in zip(said[1], patterns, strict=True))
print("\n   x₁ x₂    t    static  recurrent")
for (x, t), at_once_says, settled_says in zip(patterns, *said, strict=True):
    print(f"  {x[0]:3g}{x[1]:3g}  {t:3g}  {at_once_says:8.3f}   {settled_says:8.3f}")

# %%
figure, (left, middle, last_panel) = plt.subplots(1, 3, figsize=(13, 4.2))
left.semilogy(counts, cut_short["unrolled"], label="unrolled k times")
left.semilogy(counts, cut_short["rule"], label="λ iterated k times")
left.semilogy(counts, [radius**k for k in counts], color="black", linestyle=":", label="ρᵏ")
left.set(
    title="error of the gradient after k iterations", xlabel="iterations k", ylabel="greatest error", ylim=(1e-16, None)
)
left.legend()
middle.semilogy([static_loss for static_loss, _ in history], label="static")
middle.semilogy([error for _, error in history], label="recurrent")
middle.set(title="learning XOR", xlabel="epoch", ylabel="mean squared error")
middle.legend()
for states, (x, _), colour in zip(ways, patterns, (BLUE, ORANGE, GREEN, PURPLE), strict=True):
    shown = states[:25]
    last_panel.plot([state[0] for state in shown], "o-", color=colour, markersize=3, label=f"x = {x[0]:g}, {x[1]:g}")
last_panel.set(title="the trained network settles", xlabel="iteration", ylabel="first unit", ylim=(-1.15, 1.15))
last_panel.xaxis.get_major_locator().set_params(integer=True)
last_panel.legend(loc="center right")
save(figure, options.out / "recurrent_backprop.png")

# %% [markdown]
# ## Comparison with the theory

# %%
compare(
    [
        ("both gradients differ by", "0 (settled exactly)", f"{apart(by_unrolling, by_rule):.0e}"),
        ("factor per iteration of settling", f"{radius:.4f} (spectral radius of J)", f"{rate:.4f}"),
        ("nodes for a gradient, unrolled", "grow with the iterations", f"{nodes_unrolled:,}"),
        ("nodes for a gradient, by the rule", "those of one pass", f"{one_pass}"),
        ("XOR, static: mean squared error", "1 (0 for everything)", f"{history[-1][0]:.4f}" if history else "–"),
        ("XOR with feedback: right", "4 of 4", f"{right} of 4"),
    ],
    tutorial="theory",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. For one unit without a bias, y = tanh(x + w·y) is the fixed point. What is dy/dw, in terms of w and y?
#    Differentiate both sides by w, and solve for dy/dw. (The slope of tanh is 1 − y² where its value is y.)


# %% answer
def by_w(w: float, y: float) -> float:
    """The derivative by w of the fixed point y = tanh(x + w·y)."""
    slope = 1 - y * y
    return slope * y / (1 - slope * w)


# %%
@check
def by_w_is_right() -> None:
    for start, data in ((0.5, 0.7), (-1.0, 0.3)):
        w, y = Value(data), Value(0.0)
        for _ in range(200):
            y = (start + w * y).tanh()
        y.backward()
        agree(by_w(data, y.data), w.grad, f"at x, w = {start}, {data}, unrolled")


# %% [markdown]
# 2. Write the iteration itself: apply f again and again, until the state changes by no more than the tolerance.


# %% answer
def fixed_point(f: Callable[[float], float], y: float, tolerance: float) -> float:
    """The first state that differs from the one before by at most the tolerance, starting from y."""
    before = math.inf
    while abs(y - before) > tolerance:
        before, y = y, f(y)
    return y


# %%
@check
def fixed_point_is_right() -> None:
    agree(fixed_point(lambda y: y / 2, 1.0, 0.3), 0.25, "y/2 from 1, with a tolerance of 0.3")
    agree(fixed_point(math.cos, 1.0, 1e-13), 0.7390851332151607, "the cosine from 1")
