"""Gradient descent on two weights: all rows at once, a few, or one, and how large a step may be.

python demos/gradient_descent.py --out pictures
"""

# %% [markdown]
# # Gradient descent: batch, stochastic, and the learning rate
#
# A small problem shows all of it: fit a line y = w·x + b to noisy rows by least squares.
#
#     L(w, b) = mean of (w·x + b − t)² over the rows
#
# There are two weights, so the path of a descent can be drawn. There is a closed-form solution to compare it with.

# %%
import random
from statistics import linear_regression

from lesson import (
    BLUE,
    COLOURS,
    GREY,
    ORANGE,
    PURPLE,
    RED,
    agree,
    check,
    compare,
    parser,
    positive,
    save,
    show,
    steps,
    words,
)

import matplotlib.pyplot as plt
import numpy as np
from numpy.typing import NDArray

from autograd import Value, autopsy, grad_graph, losses, mean, nn, optim, train

made = parser(
    "This lesson fits a line by gradient descent: on all rows at once, on a few, and on one. You see the paths, "
    "their noise, and the largest learning rate that is stable, by theory and by experiment.",
    epochs=100,
)
made.add_argument("--rows", type=positive, default=32, metavar="N", help="so many rows to fit, from 3; %(default)s")
made.add_argument("--batch", type=positive, default=8, metavar="K", help="rows in a mini-batch; %(default)s")
options = words(made, epochs=50, rows=16, batch=4)
if options.rows < 3:
    made.error(f"--rows is from 3, not {options.rows}: two points lie on a line, whatever the noise")

draws = random.Random(options.seed)
xs = [draws.uniform(0.0, 2.0) for _ in range(options.rows)]
ts = [1.5 * x + 0.5 + draws.gauss(0.0, 0.3) for x in xs]
rows = [([x], t) for x, t in zip(xs, ts, strict=True)]
solution = np.array(linear_regression(xs, ts))
print(f"closed form: w = {solution[0]:.6f}, b = {solution[1]:.6f}")

# %% [markdown]
# ## The shape of the loss
#
# A squared error of a linear model is a quadratic: its Hessian H, the matrix of second derivatives, is the same
# everywhere. The engine computes it exactly, as the gradient of each part of the gradient. The eigenvalues of H are the
# curvatures along the axes of the elliptic contours; the condition number κ = λmax/λmin measures how long and narrow
# they are. As L is a quadratic, a single Newton step, -H⁻¹∇L, ends in the minimum.

# %%
model = nn.Neuron(1, nonlin=False, init="zeros")
weights = model.parameters()
loss = mean([losses.mse(model(x), t) for x, t in rows])
gradient = grad_graph(loss, weights)
hessian = np.array([[h.data for h in grad_graph(g, weights)] for g in gradient])
newton = -np.linalg.solve(hessian, [g.data for g in gradient])

lowest, highest = np.linalg.eigvalsh(hessian)
condition = highest / lowest
limit, best = 2.0 / highest, 2.0 / (lowest + highest)
print(f"H = {hessian.round(4).tolist()}, λ = {lowest:.4f} and {highest:.4f}, κ = {condition:.2f}")
print(f"one Newton step from 0, 0: w = {newton[0]:.6f}, b = {newton[1]:.6f}")

# %% [markdown]
# ## A descent that records its path
#
# `train.fit` takes its steps through an optimiser, so an optimiser can record every one of them.

# %%


class Walk(optim.SGD):
    """Gradient descent that keeps the weights before and after every step."""

    def __init__(self, model: nn.Module, lr: float) -> None:
        super().__init__(model.parameters(), lr)
        self.path = [[p.data for p in self.parameters]]

    def step(self) -> None:
        super().step()
        self.path.append([p.data for p in self.parameters])


def descend(
    rate: float, batch_size: int | None = None, *, epochs: int = options.epochs, falling: bool = False
) -> NDArray[np.float64]:
    """The path from (0, 0), a row for each point, with a learning rate that is fixed or falls from epoch to epoch."""
    model = nn.Neuron(1, nonlin=False, init="zeros")
    walk = Walk(model, rate)

    def after(epoch: int, _: float) -> None:
        if falling:
            walk.lr = rate / (1.0 + 0.2 * (epoch + 1))

    train.fit(
        model,
        rows,
        losses.mse,
        walk,
        epochs=epochs,
        batch_size=batch_size,
        rng=random.Random(options.seed),
        callback=after,
        progress=False,
    )
    return np.array(walk.path)


def excess(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """The loss minus its minimum, which is ½dᵀHd at the distance d from the solution."""
    d = path - solution
    return np.asarray(0.5 * (d @ hessian * d).sum(axis=-1))


def distance(path: NDArray[np.float64]) -> NDArray[np.float64]:
    """The distance of the weights from the solution."""
    return np.asarray(np.hypot(*(path - solution).T))


# %% [markdown]
# ## All rows, a few, or one
#
# Batch descent takes the gradient of all rows for one step. Stochastic descent steps after every row, in a new order
# in each epoch: its gradient is right only on average, but costs much less. A mini-batch is between the two. One row
# alone can be far steeper than the mean of all, so the noisy descents get a smaller rate than the best one for batch.

# %%
few = min(options.batch, options.rows)
small = limit / 8
ways = {
    f"batch, rate {best:.2f}": (options.rows, descend(best)),
    f"mini-batch of {few}, rate {small:.2f}": (few, descend(small, few)),
    f"stochastic, rate {small:.2f}": (1, descend(small, 1)),
    "stochastic, rate falling": (1, descend(small, 1, falling=True)),
}
settled = [excess(path[-len(path) // 4 :]).mean() for _, path in ways.values()]
print(f"\nloss above the minimum, mean of the last quarter of {options.epochs} epochs of {options.rows} rows")
for (name, (_, path)), left_over in zip(ways.items(), settled, strict=True):
    print(f"  {name:26} {len(path) - 1:5} steps  {left_over:.1e}")

# %%
side = 1.25 * float(np.abs(solution).max())
across, up = (centre + np.linspace(-side, side, 81) for centre in solution)
surface = excess(np.stack(np.meshgrid(across, up), axis=-1))
figure, panels = plt.subplots(1, 3, figsize=(12, 4.4), sharey=True)
for panel, (name, (_, path)), colour in zip(panels, ways.items(), COLOURS, strict=False):
    panel.contour(across, up, surface, levels=np.geomspace(0.01, 20.0, 12), colors="#c8c8c8")
    panel.plot(*path.T, "o-", color=colour, markersize=2.5, linewidth=0.8, label="path")
    panel.plot(*solution, "*", color="black", markersize=11, linestyle="none", label="closed form")
    panel.set(title=name, xlabel="w", aspect="equal")
    panel.grid(visible=False)
panels[0].set_ylabel("b")
panels[0].legend(loc="lower left", frameon=True)
save(figure, options.out / "gradient_descent-path.png")

# %% [markdown]
# Batch descent zigzags: it steps across the valley again and again while it moves along it. An epoch uses every row
# once, whatever the batch size, so all three cost the same. In the first epoch stochastic descent has come most of the
# way before batch descent has taken one step. Later its noise keeps it away from the minimum, as long as the rate is
# fixed. With a rate that falls as 1/epoch it converges, but slowly (H. Robbins, S. Monro 1951).

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), sharey=True)
for (name, (looked_at, path)), colour in zip(ways.items(), COLOURS, strict=False):
    an_epoch = -(-options.rows // looked_at)  # The steps of an epoch, rounded up: the last batch may be smaller.
    above = excess(path)
    left.semilogy(above[::an_epoch], color=colour)
    seen = [k // an_epoch * options.rows + k % an_epoch * looked_at for k in range(3 * an_epoch + 1)]
    right.semilogy(seen[: len(path)], above[: len(seen)], "o-", color=colour, markersize=3.0, linewidth=0.8, label=name)
left.set(title="after each epoch", xlabel="epoch", ylabel="loss above the minimum", ylim=(1e-8, None))
right.set(title="after each step, three epochs", xlabel="rows used")
right.legend(loc="lower right")
save(figure, options.out / "gradient_descent-loss.png")

# %% [markdown]
# ## How large may a step be?
#
# Along an axis of curvature λ a step at the rate η multiplies the distance from the minimum by 1 - ηλ. The slowest
# axis decides: the factor per step is max|1 - ηλ| over the two eigenvalues.
#
# - It is below 1, and descent converges, exactly if η < 2/λmax.
# - It is least at η = 2/(λmin + λmax), where it is (κ - 1)/(κ + 1): the narrower the valley, the slower the descent.
#
# The limit is found a second time without theory, by bisection: does descent at this rate come nearer or not?

# %%


def contraction(path: NDArray[np.float64]) -> float:
    """The factor per step by which the distance from the solution changed in the second half of the path."""
    d = distance(path[len(path) // 2 :])
    return float((d[-1] / d[0]) ** (1.0 / (len(d) - 1)))


STEPS = 60  # Enough for the slower axis to decide, and too few to reach rounding errors.

low, high = 0.0, 1.0  # At 1 it diverges, because the curvature is at least 2, which is that of b alone.
for _ in steps(range(14 if options.quick else 24), "bisection"):
    middle = (low + high) / 2
    low, high = (middle, high) if contraction(descend(middle, epochs=STEPS)) < 1.0 else (low, middle)

rates = [0.05, 0.3, 0.6, best / limit, 0.95, 0.99, 1.01, 1.05]  # in units of the limit
measured = {rate: contraction(descend(rate * limit, epochs=STEPS)) for rate in rates}
print(f"\nlimit of stability: 2/λmax = {limit:.6f}, by bisection {low:.6f}")
for rate, factor in measured.items():
    says = "converges" if factor < 1.0 else "diverges"
    print(f"  {rate:4.2f} of the limit: × {factor:.4f} a step, {says}")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4))
shown = {"too small": 0.05, "best": best / limit, "just below": 0.99, "just above": 1.01}
for (name, rate), colour in zip(shown.items(), (ORANGE, BLUE, PURPLE, RED), strict=True):
    left.semilogy(excess(descend(rate * limit, epochs=STEPS)), color=colour, label=f"{rate:.2f}, {name}")
left.set(title="batch descent at four rates", xlabel="step", ylabel="loss above the minimum", ylim=(1e-12, 1e3))
left.legend(loc="lower left", title="rate, in units of 2/λmax")
etas = np.linspace(0.0, 1.1 * limit, 200)
theory = np.maximum(np.abs(1.0 - etas * lowest), np.abs(1.0 - etas * highest))
right.plot(etas, theory, color=GREY, label="theory: max|1 − ηλ|")
right.plot([rate * limit for rate in measured], list(measured.values()), "o", color=BLUE, label="measured")
right.axvline(limit, color="black", linestyle=":", label="2/λmax")
right.set(title="factor per step", xlabel="learning rate η", ylabel="distance from the minimum, after / before")
right.legend(loc="lower left")
save(figure, options.out / "gradient_descent-rates.png")

# %% [markdown]
# ## Far above the limit
#
# At three times the limit, a step multiplies the distance by up to |1 − 6| = 5. After a few hundred steps the square of
# an error is beyond the largest float. `fit` stops there, before the weights are lost too, and says where it is. The
# same is found by `autopsy`, in the loss of all rows.

# %%
runaway = nn.Neuron(1, nonlin=False, init="zeros")
too_fast = optim.SGD(runaway.parameters(), lr=3.0 * limit)
print(f"\n{train.fit(runaway, rows, losses.mse, too_fast, epochs=1000, progress=False)}\n")
show(autopsy(mean([losses.mse(runaway(x), t) for x, t in rows])))

# %% [markdown]
# ## Comparison with the theory

# %%
_, way = ways[f"batch, rate {best:.2f}"]
slowest = (condition - 1.0) / (condition + 1.0)
compare(
    [
        ("w", f"{solution[0]:.6f} (closed form)", f"{way[-1][0]:.6f}"),
        ("b", f"{solution[1]:.6f} (closed form)", f"{way[-1][1]:.6f}"),
        ("one Newton step, distance from the solution", "0", f"{float(distance(newton)):.0e}"),
        ("limit of stability", f"{limit:.6f} (2/λmax)", f"{low:.6f}"),
        ("best factor per step", f"{slowest:.6f} ((κ−1)/(κ+1))", f"{measured[best / limit]:.6f}"),
        ("factor at 0.99 of the limit", "below 1, converges", f"{measured[0.99]:.4f}"),
        ("factor at 1.01 of the limit", "above 1, diverges", f"{measured[1.01]:.4f}"),
        ("stochastic, fixed rate: loss above the minimum", "stays above 0", f"{settled[2]:.1e}"),
        ("stochastic, rate falling", "goes to 0", f"{settled[3]:.1e}"),
    ],
    tutorial="theory",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. L is the mean of (w·x + b − t)² over the rows. What are its derivatives by w and b?


# %% answer
def gradient_by_hand(w: float, b: float, xs: list[float], ts: list[float]) -> tuple[float, float]:
    """∂L/∂w and ∂L/∂b, without the engine."""
    errors = [w * x + b - t for x, t in zip(xs, ts, strict=True)]
    by_w = sum(2 * error * x for error, x in zip(errors, xs, strict=True)) / len(xs)
    return by_w, 2 * sum(errors) / len(xs)


# %%
@check
def gradient_by_hand_is_right() -> None:
    for data in ((0.0, 0.0), (1.0, -0.5)):
        w, b = line = [Value(x) for x in data]
        mean([(w * x + b - t) ** 2 for x, t in zip(xs, ts, strict=True)]).backward()
        agree(gradient_by_hand(*data, xs, ts), [v.grad for v in line], f"at w, b = {data}")


# %% [markdown]
# 2. Along one axis of curvature λ, and with a rate η that converges: after how many steps is the distance at most a
#    part of the one at the start?


# %% answer
def steps_needed(rate: float, curvature: float, part: float) -> int:
    """The least number of steps after which the distance is at most that part of the first."""
    distance, taken = 1.0, 0
    while distance > part:
        distance *= abs(1 - rate * curvature)
        taken += 1
    return taken


# %%
@check
def steps_needed_is_right() -> None:
    agree(steps_needed(0.4, 1.0, 0.3), 3, "a factor of 0.6, to 0.3")
    agree(steps_needed(0.9, 2.0, 0.1), 11, "a factor of -0.8, to 0.1")
    agree(steps_needed(0.5, 2.0, 1e-9), 1, "a factor of 0")


# %% [markdown]
# 3. Write a Newton step for a loss of one weight: it goes to the minimum of the parabola with the same slope and the
#    same curvature.


# %% answer
def newton_step(slope: float, curvature: float) -> float:
    """The change of the weight."""
    return -slope / curvature


# %%
@check
def newton_step_is_right() -> None:
    w = Value(5.0)
    [slope] = grad_graph(3 * (w - 2) ** 2 + 1, [w])
    [curvature] = grad_graph(slope, [w])
    agree(w.data + newton_step(slope.data, curvature.data), 2.0, "the minimum of 3(w − 2)² + 1, from 5")
