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

from lesson import BLUE, ORANGE, code, compare, parser, save, words

import matplotlib.pyplot as plt

import autograd
from autograd import losses, nn, no_grad, optim, train

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
# rows in every epoch and sweeps it backward.

# %%
neuron = nn.Neuron(2, nonlin=False, init="fan_in", rng=random.Random(options.seed))
started = perf_counter()
alone = train.fit(neuron, rows, losses.mse, optim.SGD(neuron.parameters(), lr=0.1), epochs=options.epochs)
print(f"one neuron: {alone} in {perf_counter() - started:.2f} s")
print("  its outputs", ", ".join(f"{x[0]:.0f} xor {x[1]:.0f} = {neuron(x):.3f}" for x, _ in rows))

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
    program = autograd.compile(loss, inputs=(x, t), parameters=model)
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
lesson_page = autograd.page(recorder, title="A network learns XOR")
print(f"wrote {lesson_page.save(options.out / 'xor-training.html')}")

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
