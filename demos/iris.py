"""Iris: three kinds of flower, classified by four lengths. Read it from top to bottom, or run it cell by cell.

python demos/iris.py --out pictures
"""

# %% [markdown]
# # Iris, and two measures of success
#
# 150 flowers of three kinds, each measured four times: length and width of sepals and of petals (R. Fisher, 1936).
# The tutorial's network is 4-5-3 with a sigmoid on both layers and no biases:
#
#     h = σ(W1·x)      five hidden units
#     y = σ(W2·h)      three outputs, one for each kind
#     E = ½·Σ (y − t)² over all flowers and kinds
#
# With the factor ½ the derivative of a square is the difference y − t, from which the tutorial's loop starts.

# %%
import random
from collections.abc import Callable
from itertools import pairwise
from statistics import fmean
from time import perf_counter

from lesson import COLOURS, above_zero, agree, check, code, compare, parser, save, steps, words

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import LogFormatter
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import normalize

import autograd
from autograd import Value, draw, losses, nn, optim, total

made = parser(
    "This lesson classifies flowers with a 4-5-3 network of sigmoids. You see a loop of gradient descent, two "
    "definitions of accuracy, and what a step that is too long does to the error.",
    epochs=100_000,
    also=("--iterations",),
    eager=True,
)
made.add_argument("--lr", type=above_zero, default=0.1, help="the learning rate; %(default)s")
options = words(made, epochs=250)

# %% [markdown]
# ## The data
#
# Each row is divided by its length, so that only the proportions of a flower count. The kind is one-hot: 1 for the
# right one of three, 0 for the others. A third of the flowers is kept for validation and not used in training.

# %%
iris = load_iris()
flowers: list[list[float]] = normalize(iris.data).tolist()
kinds: list[int] = iris.target.tolist()
rows = [(x, [float(kind == k) for k in range(3)]) for x, kind in zip(flowers, kinds, strict=True)]
training, validation = train_test_split(rows, test_size=0.33, random_state=options.seed)
print(f"{len(training)} flowers for training, {len(validation)} for validation")

# %% [markdown]
# ## The error of one flower
#
# The network reads a flower x of four numbers, and its error is a graph of single numbers.

# %%
model = nn.MLP(
    4, [5, 3], activation="sigmoid", output_activation="sigmoid", bias=False, rng=random.Random(options.seed)
)


def error(x: list[Value], t: list[Value]) -> Value:
    """Half the squared error of one flower."""
    return 0.5 * losses.squared_error(model(x), t)


# %% [markdown]
# ## The error of all flowers, compiled
#
# The sum over all flowers has the same graph for each of them. `compile` records it once and writes code over arrays
# of N flowers: the five hidden units of all flowers are one product of matrices. Its gradient is that of the sum.

# %%
x, t = autograd.inputs(4), autograd.inputs(3, name="t")
program = autograd.compile(
    error(x, t), inputs=(x, t), parameters=model, outputs=model(x), reduce="sum", backend="numpy"
)
print(f"\n{program.report()}\n\n{code(program)}\n")


def columns(rows: list[tuple[list[float], list[float]]]) -> tuple[np.ndarray, np.ndarray]:
    """The flowers and the kinds of rows, as one array each."""
    return np.array([x for x, _ in rows]), np.array([t for _, t in rows])


def compiled_step() -> float:
    """One step of gradient descent with the code; the error before it."""
    summed, _ = program.value_and_grad(*columns_of_training, copy=False)
    optimizer.step()
    return float(summed)


def eager_step() -> float:
    """The same with a graph of all flowers, which is recorded anew and swept."""
    summed = total([error(x, t) for x, t in values])
    optimizer.zero_grad()
    summed.backward()
    optimizer.step()
    return summed.data


# %% [markdown]
# ## The loop
#
# Full-batch gradient descent: every iteration uses all flowers once and takes one step.

# %%
columns_of_training = columns(training)
values = [([Value(v) for v in x], [Value(v) for v in t]) for x, t in training]
step: Callable[[], float] = eager_step if options.eager else compiled_step
optimizer = optim.SGD(model.parameters() if options.eager else program, lr=options.lr)


def outputs(rows: list[tuple[list[float], list[float]]]) -> np.ndarray:
    """The three outputs for each row."""
    if options.eager:
        program.read()
    of_rows: np.ndarray = program.outputs(columns(rows)[0])
    return of_rows


def mean_absolute_error(rows: list[tuple[list[float], list[float]]]) -> float:
    """The error of the tutorial: the mean of |y − t| over flowers and kinds."""
    return float(np.abs(outputs(rows) - columns(rows)[1]).mean())


learning = []
seen: list[tuple[int, float, float]] = []
looks = {round(options.epochs ** (k / 200)) - 1 for k in range(201)}  # Evenly spaced on a logarithmic axis.
started = perf_counter()
try:
    for i in steps(range(options.epochs), "learning"):
        learning.append(step())
        if i in looks:
            seen.append((i, mean_absolute_error(training), mean_absolute_error(validation)))
except KeyboardInterrupt:
    print(f"stopped after {len(learning)} iterations; the parameters so far are kept")
seconds = perf_counter() - started

print(f"{len(learning):,} iterations: squared error {2 * learning[0]:.3f} → {2 * learning[-1]:.3f}")
print(f"in {seconds:.1f} s, {1e3 * seconds / len(learning):.3g} ms each")

# %% [markdown]
# ## Two measures of success
#
# The tutorial reports (1 − mean absolute error)·100 and calls it accuracy. It measures how close the three outputs are
# to 0 and 1, and it is above 50 % for a network that only learned the output ⅓ for everything. Elsewhere accuracy is
# the fraction of the flowers that are classified correctly: their greatest output is that of the right kind.


# %%
def correct(rows: list[tuple[list[float], list[float]]]) -> int:
    """The number of flowers whose greatest output is that of their kind."""
    return int((outputs(rows).argmax(axis=1) == columns(rows)[1].argmax(axis=1)).sum())


# %% [markdown]
# Where the error oscillates, a step of this learning rate is too long for the steepest direction of the valley; the
# lesson gradient_descent shows why. Along the other directions the error still falls. The line is the mean of the
# iterations between two points of the curve, and the band reaches from the least to the greatest of them.

# %%
edges = [*sorted(i for i in looks if i < len(learning)), len(learning)]
stretches = [[2 * v for v in learning[a:b]] for a, b in pairwise(edges)]
iterations = [(a + 1 + b) / 2 for a, b in pairwise(edges)]
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
left.fill_between(iterations, [*map(min, stretches)], [*map(max, stretches)], color=COLOURS[0], alpha=0.25, linewidth=0)
left.loglog(iterations, [*map(fmean, stretches)])
left.set(title="summed squared error of the training data", xlabel="iteration", ylabel="Σ (y − t)²")
left.yaxis.set_major_formatter("{x:g}")
left.yaxis.set_minor_formatter(LogFormatter(labelOnlyBase=False, minor_thresholds=(2, 0.4)))
right.semilogx([i + 1 for i, _, _ in seen], [100 * (1 - e) for _, e, _ in seen], label="training")
right.semilogx([i + 1 for i, _, _ in seen], [100 * (1 - e) for _, _, e in seen], label="validation")
right.axhline(100 * (1 - 4 / 9), color=COLOURS[3], linestyle=":", label="⅓ for everything")
right.set(title="the tutorial's accuracy", xlabel="iteration", ylabel="(1 − mean absolute error)·100")
right.legend()
save(figure, options.out / "iris.png")

# %% [markdown]
# ## The network after training
#
# The inputs are the length and width of the sepals, then those of the petals; each unit has its output for the first
# flower. Wide edges are large weights, orange ones are positive and blue ones negative.

# %%
if not options.eager:
    program.write_back()
save(draw(model, flowers[0]), options.out / "iris-network.svg")

# %% [markdown]
# ## Comparison with the tutorial

# %%
compare(
    [
        ("iterations", "100,000", f"{len(learning):,}"),
        ("(1 − mean absolute error)·100, training", "99.04 %", f"{100 * (1 - mean_absolute_error(training)):.2f} %"),
        ("the same, validation", "92.86 %", f"{100 * (1 - mean_absolute_error(validation)):.2f} %"),
        ("classified correctly, training", "–", f"{correct(training)} of {len(training)}"),
        ("classified correctly, validation", "–", f"{correct(validation)} of {len(validation)}"),
    ]
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. For one output y = σ(z) and E = ½(y − t)²: what is ∂E/∂z, in terms of y and t?


# %% answer
def by_z(y: float, t: float) -> float:
    """∂E/∂z for E = ½(y − t)² and y = σ(z)."""
    return (y - t) * y * (1 - y)


# %%
@check
def by_z_is_right() -> None:
    for data, t in ((0.3, 0.0), (-2.0, 1.0)):
        z = Value(data)
        y = z.sigmoid()
        (0.5 * losses.squared_error([y], [t])).backward()
        agree(by_z(y.data, t), z.grad, f"at y = {y.data}, t = {t}")


# %% [markdown]
# 2. Which kind does the network say? Write the fraction of the flowers whose greatest output is that of their kind.


# %% answer
def fraction_right(outputs: list[list[float]], kinds: list[int]) -> float:
    """The fraction of the rows of outputs whose greatest number is at the index of their kind."""
    return sum(row.index(max(row)) == kind for row, kind in zip(outputs, kinds, strict=True)) / len(kinds)


# %%
@check
def fraction_right_is_right() -> None:
    unsure = [[0.4, 0.3, 0.2], [0.1, 0.2, 0.3], [0.3, 0.4, 0.2], [0.9, 0.8, 0.7]]
    agree(fraction_right(unsure, [0, 2, 1, 1]), 0.75, f"for {unsure} and the kinds 0, 2, 1, 1")
    ours = outputs(training).tolist()
    agree(fraction_right(ours, [t.index(1.0) for _, t in training]), correct(training) / len(training), "for training")
