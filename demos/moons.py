"""Two moons, separated with the widest margin: read it from top to bottom, or run it cell by cell.

python demos/moons.py --out pictures
"""

# %% [markdown]
# # Two moons: a max-margin classifier
#
# A hundred points lie on two interleaved half circles, with noise. A network of 2-16-16-1 neurons, ReLU inside and
# linear at the end, gives each point x a score s(x). Its sign is the answer, and its size is the confidence in it.
#
# This is the demo of micrograd, step for step: the same points, the same first weights, the same losses.

# %%
import random
import time

from lesson import BLUE, ORANGE, agree, check, compare, parser, save, steps, words

import matplotlib.pyplot as plt
from sklearn.datasets import make_moons

from autograd import Value, dot, draw, losses, nn, no_grad, optim
from autograd.check import gradcheck

made = parser(
    "This lesson is micrograd's demo, step for step: it separates two moons with the widest margin. You see the "
    "hinge loss, the penalty of the weights, the boundary, and micrograd's numbers beside ours.",
    epochs=100,
    seed=1337,
)
options = words(made, epochs=11)
if not 0 <= options.seed < 2**32:
    made.error(f"--seed {options.seed} can't draw the moons: NumPy's generator takes 0 to {2**32 - 1}")

points, moons = make_moons(n_samples=100, noise=0.1, random_state=options.seed)
rows = [[float(x1), float(x2)] for x1, x2 in points]
targets = [1.0 if moon else -1.0 for moon in moons]

# %% [markdown]
# ## The network
#
# Weights are drawn uniformly from (-1, 1), one neuron after another, and biases start at 0. This is micrograd's order,
# so the same seed gives the same network.

# %%
model = nn.MLP(2, [16, 16, 1], rng=random.Random(options.seed))
weights = model.parameters()
print(*model.layers, sep="\n")
print(f"{len(weights)} parameters: 16·(2 + 1), 16·(16 + 1) and 16 + 1")

# %% [markdown]
# ## The loss
#
# A point with target t = ±1 is right with a margin if t·s(x) ≥ 1; then its loss is 0. Otherwise its loss is the
# difference 1 − t·s(x). To this *hinge loss* a penalty for large weights is added, the L2 regularisation:
#
#     L = mean of max(0, 1 − t·s(x)) + α·Σ w²      α = 10⁻⁴
#
# Without the penalty, larger weights would reach the margin by scaling all scores up.

# %%
ALPHA = 1e-4


def max_margin(scores: list[Value]) -> Value:
    """The hinge loss of all points plus the penalty of the weights."""
    return losses.hinge(scores, targets) + ALPHA * dot(weights, weights)


def accuracy(scores: list[Value]) -> float:
    """The fraction of the points whose score has the right sign."""
    return sum((s.data > 0) == (t > 0) for s, t in zip(scores, targets, strict=True)) / len(targets)


# %% [markdown]
# ## Training
#
# Plain gradient descent on all points at once. The learning rate falls from 1 to 0.1 in a hundred steps: large steps
# find the boundary, and small ones adjust it.

# %%
optimizer = optim.SGD(weights, lr=1.0)
history: list[tuple[float, float]] = []
print()
started = time.perf_counter()
try:
    for k in steps(range(options.epochs), "gradient descent"):
        scores = [model(x) for x in rows]
        loss = max_margin(scores)
        history.append((loss.data, accuracy(scores)))
        optimizer.zero_grad()
        loss.backward()
        optimizer.lr = max(1.0 - 0.9 * k / 100, 0.1)
        optimizer.step()
except KeyboardInterrupt:
    print(f"interrupted after {len(history)} steps; the lesson goes on with the parameters so far")
seconds = time.perf_counter() - started

for k, (data, right) in enumerate(history):
    if k in (0, 1, 2, 5, 10, 20, 50) or k == len(history) - 1:
        print(f"step {k:>3}   loss {data:.6f}   accuracy {right:4.0%}")
print(f"{len(history)} steps, {seconds / max(1, len(history)):.3f} s each")

# %% [markdown]
# ## The result
#
# Only points within the margin, |s| < 1, or on the wrong side contribute to the gradient of the hinge loss; for the
# others it is exactly 0. When no such point is left, the whole loss is the penalty of the weights.

# %%
with no_grad():
    scores = [model(x) for x in rows]
    hinge = losses.hinge(scores, targets).data
    penalty = max_margin(scores).data - hinge
short = sum(t * s.data < 1 for s, t in zip(scores, targets, strict=True))
print(f"\nafter the last step: hinge {hinge:.4f} + penalty {penalty:.4f}, {short} points short of the margin")

# %% [markdown]
# ## Is it micrograd's run?
#
# These are the losses and accuracies that micrograd 0.1.0 prints in its demo. It rounds after every addition, and `dot`
# rounds once at the end, so the last digits of a float may differ.

# %%
MICROGRAD = {
    0: (0.8958441028683222, 0.50),
    1: (1.7235905336972022, 0.81),
    10: (0.24507023853658036, 0.91),
    20: (0.1897752285608763, 0.91),
    50: (0.09875114765619639, 0.96),
    99: (0.010978370135492717, 1.00),
}
published = {k: figures for k, figures in MICROGRAD.items() if k < len(history)}
if options.seed == 1337:
    apart = max((abs(history[k][0] / data - 1) for k, (data, _) in published.items()), default=0.0)
    says = "the same to 12 digits" if apart < 1e-12 else f"up to {apart:.0e} of the loss away"
    print(f"micrograd's losses at steps {', '.join(map(str, published))}: {says}")

# %% [markdown]
# ## The boundary
#
# The black line is where the score is 0, the dashed ones are where it is ±1: the margin.

# %%
across = [-1.7 + 4.4 * i / 55 for i in range(56)]
up = [-1.2 + 2.9 * i / 40 for i in range(41)]
with no_grad():
    surface = [[model([x1, x2]).data for x1 in across] for x2 in up]

figure, panels = plt.subplot_mosaic([["map", "loss"], ["map", "accuracy"]], figsize=(11, 5), width_ratios=(1.5, 1))
left = panels["map"]
levels = [-6 + 0.5 * i for i in range(25)]
colours = left.contourf(across, up, surface, levels=levels, cmap="PuOr_r", extend="both", alpha=0.8)
figure.colorbar(colours, ax=left, label="score", ticks=range(-6, 7, 2))
left.contour(across, up, surface, levels=[-1, 0, 1], colors="black", linewidths=(1, 2, 1), linestyles=("--", "-", "--"))
for sign, colour, marker, label in ((-1, BLUE, "o", "t = −1"), (1, ORANGE, "s", "t = +1")):
    moon = [x for x, t in zip(rows, targets, strict=True) if t == sign]
    left.scatter(*zip(*moon, strict=True), color=colour, marker=marker, edgecolor="black", label=label)
left.set(title=f"the score after {len(history)} steps", xlabel="x₁", ylabel="x₂")
left.grid(visible=False)
left.legend(loc="upper right", frameon=True)

panels["loss"].semilogy([data for data, _ in history], color=BLUE, label="ours")
if options.seed == 1337:
    theirs = [data for data, _ in published.values()]
    panels["loss"].semilogy(list(published), theirs, "o", color="black", mfc="none", label="micrograd")
panels["loss"].set(title="loss: hinge + penalty of the weights", ylabel="loss")
panels["loss"].legend()
panels["accuracy"].plot([100 * right for _, right in history], color=BLUE)
panels["accuracy"].set(title="accuracy", xlabel="step", ylabel="% of 100 points", ylim=(45, 103))
save(figure, options.out / "moons.png")

# %% [markdown]
# ## The network after training
#
# Each unit has its output for the first point. An edge is a weight: orange is positive, blue is negative, and a wide
# one is large.

# %%
save(draw(model, rows[0]), options.out / "moons-network.svg")

# %% [markdown]
# ## Comparison with the tutorial

# %%
table: list[tuple[str, object, object]] = [("seed", "1337", options.seed)]
for k, figures in published.items():
    said, made_here = (f"{data:.14f}, {right:.0%}" for data, right in (figures, history[k]))
    table.append((f"step {k}: loss, accuracy", said, made_here))
compare(table, tutorial="micrograd's demo")

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. What is the derivative of the hinge loss max(0, 1 − t·s) by the score s? At t·s = 1 take 0.


# %% answer
def hinge_slope(s: float, t: float) -> float:
    """The derivative of max(0, 1 − t·s) by s."""
    return -t if t * s < 1 else 0.0


# %%
@check
def hinge_slope_is_right() -> None:
    for s, t in ((0.5, 1.0), (2.0, 1.0), (0.5, -1.0), (-3.0, -1.0)):
        score = Value(s)
        losses.hinge([score], [t]).backward()
        agree(hinge_slope(s, t), score.grad, f"at s = {s:g}, t = {t:g}")


# %% [markdown]
# 2. The logistic loss log(1 + e^(−t·s)) is a smooth relative of the hinge loss. Write it with Values. Scores of ±800
#    must give no inf and no nan; `softplus` helps.


# %% answer
def logistic_loss(s: Value, t: float) -> Value:
    """log(1 + e^(−t·s)) for t = ±1 and every score s."""
    return (-t * s).softplus()


# %%
@check
def logistic_loss_is_right() -> None:
    for s, t, right in ((0.0, 1.0, 0.6931471805599453), (800.0, -1.0, 800.0), (800.0, 1.0, 0.0), (-800.0, 1.0, 800.0)):
        agree(logistic_loss(Value(s), t).data, right, f"at s = {s:g}, t = {t:g}")
    gradcheck(lambda s: logistic_loss(s, -1.0), [0.3])
