"""XOR, a small problem that one neuron can't solve: read it from top to bottom, or run it cell by cell.

python demos/xor.py --out pictures
"""

# %% [markdown]
# # XOR: why a network needs a hidden layer
#
# One of two, but not both: (0,0) → 0, (0,1) → 1, (1,0) → 1, (1,1) → 0. No straight line separates the ones from the
# zeros, so one neuron alone must fail. Ten hidden neurons with ReLU can bend the line.
#
#     h = relu(W1·x + b1)      ten hidden units
#     y = W2·h + b2            one output
#     L = mean of (y − t)² over the four rows

# %%
import random
from time import perf_counter

from lesson import BLUE, ORANGE, agree, check, code, compare, parser, save, show, words

import matplotlib.pyplot as plt

import autograd
from autograd import Value, draw, explain, losses, nn, no_grad, optim, topological_order, train
from autograd.check import gradcheck

made = parser(
    "This lesson learns XOR. You see that one neuron can't learn it, that ten hidden neurons with ReLU can, and "
    "the code that `compile` writes for them.",
    epochs=1000,
    eager=True,
)
options = words(made, epochs=1000)
rows = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]

# %% [markdown]
# ## One neuron fails
#
# The best output of w·x + b is ½ for everything, with a mean squared error of ¼. Here `fit` records a graph of the four
# rows in every epoch and sweeps it backward. The history that it returns has the loss of each epoch.

# %%
neuron = nn.Neuron(2, nonlin=False, init="fan_in", rng=random.Random(options.seed))
started = perf_counter()
alone = train.fit(neuron, rows, losses.mse, optim.SGD(neuron.parameters(), lr=0.1), epochs=options.epochs)
print(f"one neuron: {alone} in {perf_counter() - started:.2f} s")
print("  its outputs", ", ".join(f"{x[0]:.0f} xor {x[1]:.0f} = {neuron(x):.3f}" for x, _ in rows))
save(alone.draw(), options.out / "xor-neuron.svg")

# %% [markdown]
# ## Ten hidden neurons
#
# Weights and biases start uniform within ±1/√(number of inputs), as PyTorch's linear layers do. The network is written
# for one row, in single numbers.

# %%
model = nn.MLP(2, [10, 1], init="fan_in", rng=random.Random(options.seed))
print(f"\n{model}")
print(f"{len(model.parameters())} parameters: 10·(2 + 1) and 10 + 1")
x, t = autograd.inputs(2), autograd.inputs(name="t")
loss = losses.mse(model(x), t)

# %% [markdown]
# ## Compiled
#
# The graph of one row is the same for every row: only the numbers differ. So it is recorded once, and `compile` turns
# it into code over arrays of N rows. Ten neurons that read the same inputs become one product of matrices, with a 1
# beside the inputs for the bias. The command line shows all of the code: `python -m autograd compile xor`.

# %%
if options.eager:
    started = perf_counter()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    history = train.fit(model, rows, losses.mse, optimizer, epochs=options.epochs)
else:
    program = autograd.compile(loss, inputs=(x, t), parameters=model, backend="numpy")
    print(f"\n{program.report()}\n\n{code(program)}\n")
    started = perf_counter()
    history = train.fit(program, rows, optim.SGD(program, lr=0.1), epochs=options.epochs)
print(f"{history} in {perf_counter() - started:.2f} s")

# %% [markdown]
# ## The training, snapshot by snapshot
#
# A `Recorder` keeps snapshots of the same training of Values: its parameters, its gradients and its outputs. From them
# `page` makes a lesson for a browser, in which you slide through the epochs and see how the square is divided.

# %%
watched = nn.MLP(2, [10, 1], init="fan_in", rng=random.Random(options.seed))
recorder = train.Recorder(every=max(1, options.epochs // 100))
optimizer = optim.SGD(watched.parameters(), lr=0.1)
train.fit(watched, rows, losses.mse, optimizer, epochs=min(options.epochs, 400), record=recorder)
save(autograd.page(recorder, title="A network learns XOR"), options.out / "xor-training.html")

# %% [markdown]
# ## The result
#
# The colours are the output over the whole square, and on the line it is ½. With ReLU its surface has flat facets.

# %%
ticks = [-0.5 + 2.0 * i / 40 for i in range(41)]
with no_grad():
    surface = [[model([x1, x2]).data for x1 in ticks] for x2 in ticks]
    outputs = [model(x).data for x, _ in rows]

figure, (left, right) = plt.subplots(1, 2, figsize=(10, 4.2))
levels = [-0.5 + 0.125 * i for i in range(17)]
colours = left.contourf(ticks, ticks, surface, levels=levels, cmap="PuOr_r", extend="both", alpha=0.9)
figure.colorbar(colours, ax=left, label="output")
left.contour(ticks, ticks, surface, levels=[0.5], colors="black", linewidths=1.5)
for (x, t), y in zip(rows, outputs, strict=True):
    left.scatter(*x, s=140, color=ORANGE if t else BLUE, edgecolor="black", zorder=3)
    left.annotate(f"{y:.2f}", x, xytext=(0, 12), textcoords="offset points", ha="center", weight="bold")
left.set(title="the output of the network", xlabel="x₁", ylabel="x₂", aspect="equal")
left.set(xticks=[-0.5, 0.0, 0.5, 1.0, 1.5], yticks=[-0.5, 0.0, 0.5, 1.0, 1.5])
left.grid(visible=False)
right.semilogy(history.losses, label="2-10-1")
right.semilogy(alone.losses, label="one neuron")
right.set(title="loss", xlabel="epoch", ylabel="mean squared error")
right.legend()
save(figure, options.out / "xor.png")

# %% [markdown]
# ## Which weights decide?
#
# This is the trained network on the input 1, 0. Edges are weights, orange for positive and blue for negative ones, and
# each unit has its output. Most hidden units are 0 here: another input needs them.

# %%
print()
save(draw(model, [1.0, 0.0]), options.out / "xor-network.svg")

# %% [markdown]
# How does the output depend on a weight? `explain` writes the derivative as the sum over all ways from the output to
# the weight. Two weights are shown, those with the greatest and with the least derivative. The last way goes through a
# unit that is 0, where the slope of ReLU is 0 too.

# %%
y = model([1.0, 0.0])
y.label = "y"
model.zero_grad()
y.backward()
for choose in (max, min):
    w = choose((w for unit in model.layers[0].neurons for w in unit.w), key=lambda w: abs(w.grad))
    show(explain(y, w))

# %% [markdown]
# ## Comparison with the tutorial

# %%
right_ones = sum(round(y) == t for (_, t), y in zip(rows, outputs, strict=True))
compare(
    [
        *((f"{x[0]:.0f} xor {x[1]:.0f}", f"{t:.0f}", f"{y:.4f}") for (x, t), y in zip(rows, outputs, strict=True)),
        ("rounded and right", "4 of 4", f"{right_ones} of 4"),
        ("one neuron: best loss", "0.25 (closed form)", f"{alone.losses[-1]:.4f}"),
    ]
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. Two ReLU units are enough. One counts the ones among a and b, and the other is only above 0 if both are 1. Find a
#    formula of this kind for XOR.


# %% answer
def by_two_units(a: Value, b: Value) -> Value:
    """a XOR b for numbers that are 0 or 1."""
    return (a + b).relu() - 2 * (a + b - 1).relu()


# %%
@check
def by_two_units_is_right() -> None:
    for (a, b), t in rows:
        agree(by_two_units(Value(a), Value(b)).data, t, f"{a:g} xor {b:g}")
    nodes = topological_order(by_two_units(Value(1.0), Value(0.0)))
    assert sum(v.op == "relu" for v in nodes) == 2, "it has two ReLU units"
    gradcheck(by_two_units, [0.25, 0.5])


# %% [markdown]
# 2. L is the mean of (y − t)² over the rows. What is its derivative by each output y?


# %% answer
def slopes(ys: list[float], ts: list[float]) -> list[float]:
    """The derivative of the mean squared error by each y."""
    return [2 * (y - t) / len(ys) for y, t in zip(ys, ts, strict=True)]


# %%
@check
def slopes_are_right() -> None:
    for ys, ts in (([0.5, 0.25], [0.0, 1.0]), ([1.0, -2.0, 0.5, 0.0], [0.0, 1.0, 1.0, 0.0])):
        nodes = [Value(y) for y in ys]
        losses.mse(nodes, ts).backward()
        agree(slopes(ys, ts), [v.grad for v in nodes], f"for y = {ys}, t = {ts}")


# %% [markdown]
# 3. How many parameters has a network of `nin` inputs, one hidden layer of `hidden` units, and one output?


# %% answer
def number_of_parameters(nin: int, hidden: int) -> int:
    """The number of weights and biases of nin-hidden-1."""
    return hidden * (nin + 1) + hidden + 1


# %%
@check
def number_of_parameters_is_right() -> None:
    for nin, hidden in ((2, 10), (3, 1), (5, 7)):
        agree(number_of_parameters(nin, hidden), len(nn.MLP(nin, [hidden, 1]).parameters()), f"{nin}-{hidden}-1")
