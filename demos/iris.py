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

import matplotlib.pyplot as plt
from lesson import COLOURS, above_zero, compare, parser, save, steps, words
from sklearn.datasets import load_iris
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import normalize

from autograd import Value, losses, nn, no_grad, optim, total

made = parser("Iris with 4-5-3 sigmoid neurons and no biases.", epochs=20_000, also=("--iterations",))
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
# ## The loop
#
# Full-batch gradient descent: every iteration uses all flowers once and takes one step. The lengths of the flowers are
# made Values once, before the loop.

# %%
model = nn.MLP(
    4, [5, 3], activation="sigmoid", output_activation="sigmoid", bias=False, rng=random.Random(options.seed)
)
optimizer = optim.SGD(model.parameters(), lr=options.lr)
inputs = [[Value(v) for v in x] for x, _ in training]
targets = [t for _, t in training]


def error() -> Value:
    """Half the summed squared error of all flowers of the training data."""
    return 0.5 * total([losses.squared_error(model(x), t) for x, t in zip(inputs, targets, strict=True)])


def mean_absolute_error(rows: list[tuple[list[float], list[float]]]) -> float:
    """The error of the tutorial: the mean of |y − t| over flowers and kinds."""
    with no_grad():
        errors: list[float] = [abs(y.data - t) for x, ts in rows for y, t in zip(model(x), ts, strict=True)]
    return sum(errors) / len(errors)


learning = []
seen: list[tuple[int, float, float]] = []
every = max(1, options.epochs // 200)
try:
    for i in steps(range(options.epochs), "learning"):
        loss = error()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        learning.append(loss.data)
        if i % every == 0 or i == options.epochs - 1:
            seen.append((i, mean_absolute_error(training), mean_absolute_error(validation)))
except KeyboardInterrupt:
    print(f"stopped after {len(learning)} iterations; the parameters so far are kept")

print(f"{len(learning)} iterations: squared error {2 * learning[0]:.3f} → {2 * learning[-1]:.3f}")

# %% [markdown]
# ## Two measures of success
#
# The tutorial reports (1 − mean absolute error)·100 and calls it accuracy. It measures how close the three outputs are
# to 0 and 1, and it is above 50 % for a network that only learned the output ⅓ for everything. Elsewhere accuracy is
# the fraction of the flowers that are classified correctly: their greatest output is that of the right kind.


# %%
def correct(rows: list[tuple[list[float], list[float]]]) -> int:
    """The number of flowers whose greatest output is that of their kind."""
    with no_grad():
        outputs = [[y.data for y in model(x)] for x, _ in rows]
    return sum(ys.index(max(ys)) == ts.index(1.0) for ys, (_, ts) in zip(outputs, rows, strict=True))


# %% [markdown]
# Where the error oscillates, a step of this learning rate is too long for the steepest direction of the valley; the
# lesson gradient_descent shows why. Along the other directions the error still falls.

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
left.loglog(range(1, len(learning) + 1), [2 * v for v in learning])
left.set(title="summed squared error of the training data", xlabel="iteration", ylabel="Σ (y − t)²")
right.semilogx([i + 1 for i, _, _ in seen], [100 * (1 - e) for _, e, _ in seen], label="training")
right.semilogx([i + 1 for i, _, _ in seen], [100 * (1 - e) for _, _, e in seen], label="validation")
right.axhline(100 * (1 - 4 / 9), color=COLOURS[3], linestyle=":", label="⅓ for everything")
right.set(title="the tutorial's accuracy", xlabel="iteration", ylabel="(1 − mean absolute error)·100")
right.legend()
save(figure, options.out / "iris.png")

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
