"""Sigmoid, tanh and ReLU on the same network: slopes, speed of learning, and gradients in depth.

python demos/activations.py --out pictures
"""

# %% [markdown]
# # Activations: why the sigmoid is slow, and slower still in depth
#
# Without a nonlinear function between its layers a network would be one linear map. The choice of this function, the
# activation, decides how large the gradient is, because backpropagation multiplies by its derivative at every layer.

# %%
import math
import random
from operator import methodcaller
from statistics import median
from typing import Any, NamedTuple

from lesson import (
    BLUE,
    GREEN,
    GREY,
    ORANGE,
    above_zero,
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

import autograd
from autograd import Value, autopsy, formula, losses, maximum, mean, nn, no_grad, norm, optim, train, value_and_grad
from autograd.check import gradcheck

made = parser(
    "This lesson compares sigmoid, tanh and ReLU in the same network. You see their slopes, how many epochs each "
    "of them needs, which neurons saturate or die, and why the gradient vanishes in a deep network of sigmoids.",
    epochs=1000,
    eager=True,
)
made.add_argument("--seeds", type=positive, default=9, metavar="N", help="so many networks of each kind; %(default)s")
made.add_argument("--points", type=positive, default=40, metavar="N", help="so many points to learn; %(default)s")
made.add_argument(
    "--goal",
    type=above_zero,
    default=0.1,
    metavar="LOSS",
    help="the loss below which a network is trained; %(default)s",
)
made.add_argument("--depth", type=positive, default=10, metavar="N", help="hidden layers, 3 to 100; %(default)s")
options = words(made, epochs=200, seeds=3, points=12, goal=0.3, depth=6)
if not 3 <= options.depth <= 100:
    made.error(f"--depth is from 3 to 100, not {options.depth}")
COLOURS = {"sigmoid": BLUE, "tanh": ORANGE, "relu": GREEN}

# %% [markdown]
# ## Three functions and their derivatives
#
# The formulas are read from the engine's rules, and the dashed curves are the derivatives that the engine computes. The
# slope of the sigmoid is at most ¼, that of the others at most 1. ReLU has a kink at 0, where its slope counts as 0.

# %%
ticks = [i / 20 for i in range(-100, 101)]
steepest: dict[str, float] = {}
figure, panels = plt.subplots(1, 3, figsize=(11, 3.8))
for panel, name in zip(panels, COLOURS, strict=True):
    pairs = [value_and_grad(methodcaller(name))(x) for x in ticks]
    slopes = [slope.data for _, slope in pairs]
    steepest[name] = max(slopes)
    print(name, *formula.describe(name).splitlines(), sep="\n  ")
    print(f"  greatest slope measured: {steepest[name]:.6f}")
    panel.plot(ticks, [z.data for z, _ in pairs], color=COLOURS[name], label="z")
    panel.plot(ticks, slopes, color="black", linestyle="--", label="∂z/∂x, by the engine")
    panel.set(title=f"{name}: slope at most {steepest[name]:g}", xlabel="x", ylim=(-1.1, 2.1))
    panel.legend(loc="upper left")
save(figure, options.out / "activations-functions.png")

# %% [markdown]
# ## The same network, the same starts
#
# Is a point of the square inside the circle? A 2-8-1 network learns it by gradient descent on all points at once.
# A seed gives the same first weights to all three activations, so that nothing else differs. One learning rate
# might suit one of them by chance, so each is trained with three. A run that doesn't reach the goal in time counts as
# infinitely long, and a median of such runs is printed as "never".
#
# `compile` turns the graph of one point into code over the arrays of all points (see the lesson xor), because there are
# many trainings. With `--eager`, each epoch records and sweeps the graph of all points.

# %%
draws = random.Random(options.seed)
points = [[draws.uniform(-1.0, 1.0), draws.uniform(-1.0, 1.0)] for _ in range(options.points)]
rows = [(p, 1.0 if math.hypot(*p) < 0.8 else 0.0) for p in points]
seeds = [draws.randrange(10**6) for _ in range(options.seeds)]
rates = [3.0] if options.quick else [1.0, 3.0, 10.0]
loss = losses.binary_cross_entropy_with_logits


class Run(NamedTuple):
    """The result of a training with one activation, one learning rate and one seed.

    `epochs` are those to the goal, and `dead` counts the hidden neurons that are 0 for every point.
    """

    history: train.History
    epochs: float
    dead: int


def trained(name: str, rate: float, seed: int) -> Run:
    model = nn.MLP(2, [8, 1], activation=name, init="xavier", rng=random.Random(seed))
    more: dict[str, Any] = {"epochs": options.epochs, "stop_below": options.goal, "progress": False}
    if options.eager:
        history = train.fit(model, rows, loss, optim.SGD(model.parameters(), lr=rate), **more)
    else:
        x, t = autograd.inputs(2), autograd.inputs(name="t")
        program = autograd.compile(loss(model(x), t), inputs=(x, t), parameters=model)
        history = train.fit(program, rows, optim.SGD(program, lr=rate), **more)
    with no_grad():
        dead = sum(all(neuron(p).data == 0.0 for p in points) for neuron in model.layers[0].neurons)
    return Run(history, len(history.losses) if history.stopped_by == "threshold" else math.inf, dead)


runs: dict[tuple[str, float], list[Run]] = {(name, rate): [] for name in COLOURS for rate in rates}
for name, rate, seed in steps([(*kind, seed) for seed in seeds for kind in runs], "training"):
    run = trained(name, rate, seed)
    if run.history.stopped_by == "interrupt":
        print("interrupted: the figures below are of the runs so far, and 'never' where there is none")
        break
    runs[name, rate].append(run)

# %%


def counted(epochs: float) -> str:
    """The number of epochs as text, or "never"."""
    return f"{epochs:g}" if epochs < math.inf else "never"


print(f"\nepochs until the loss is below {options.goal:g}, of at most {options.epochs}")
medians: dict[tuple[str, float], float] = {}
for (name, rate), of in runs.items():
    epochs = sorted(run.epochs for run in of) or [math.inf]
    medians[name, rate] = median(epochs)
    print(
        f"  {name:7} rate {rate:2g}: median {counted(medians[name, rate]):>5},"
        f" from {counted(epochs[0])} to {counted(epochs[-1])};"
        f" {sum(run.epochs < math.inf for run in of)} of {len(of)} reach it"
    )
best = {name: min(rates, key=lambda rate: medians[name, rate]) for name in COLOURS}
fewest = {name: medians[name, best[name]] for name in COLOURS}
order = sorted(fewest, key=lambda name: fewest[name])
print(f"at the best rate of each: {', '.join(f'{name} {counted(fewest[name])}' for name in order)}")

# %% [markdown]
# ## Too fast: saturated and dead
#
# A high learning rate makes the weights large, and then tanh and the sigmoid are flat: they are saturated. A ReLU
# neuron that is 0 for every point has the gradient 0. It is dead, because no step of gradient descent changes it again.

# %%
print(f"\nat a rate of {rates[-1]:g}")
for name in COLOURS:
    of = runs[name, rates[-1]]
    print(f"  {name:7} {sum(run.dead for run in of)} of {8 * len(of)} hidden neurons are 0 for every point")

# %%
figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.4), gridspec_kw={"width_ratios": [3, 2]})
never = 1.5 * options.epochs
for k, (name, colour) in enumerate(COLOURS.items()):
    for i, run in enumerate(runs[name, best[name]]):
        label = f"{name}, rate {best[name]:g}" if i == 0 else None
        left.semilogy(run.history.losses, color=colour, alpha=0.6, linewidth=1.0, label=label)
    for j, rate in enumerate(rates):
        x = j + 0.25 * (k - 1)
        heights = [min(run.epochs, never) for run in runs[name, rate]]
        beside = [x + 0.02 * (i % 9 - 4) for i in range(len(heights))]  # Equal runs would hide each other.
        right.scatter(beside, heights, s=18, color=colour, alpha=0.6, label=name if j == 0 else None)
        right.hlines(min(medians[name, rate], never), x - 0.11, x + 0.11, color="black", linewidth=2.0)
left.axhline(options.goal, color=GREY, linestyle=":")
left.set(title="loss at the best rate of each, every start", xlabel="epoch", ylabel="cross-entropy")
left.legend()
right.axhline(1.2 * options.epochs, color=GREY, linestyle=":")
right.annotate("never", (1.01, never), xycoords=("axes fraction", "data"), va="center", color=GREY)
right.set_yscale("log")
right.set(title="epochs to the goal, and their median", xlabel="learning rate", xlim=(-0.5, len(rates) - 0.5))
right.set(xticks=range(len(rates)), xticklabels=[f"{rate:g}" for rate in rates])
right.legend(loc="lower left")
save(figure, options.out / "activations-training.png")

# %% [markdown]
# ## Too large: a nan
#
# Where does a loss of nan come from? Here log σ(z) is written as log(eᶻ / (1 + eᶻ)), which is right for most numbers.
# For a large z, eᶻ is beyond the largest float. `autopsy` finds the first node that isn't finite, follows it to the
# first nan, and says what to write instead.

# %%
z = Value(800.0, label="z")
print()
show(autopsy((z.exp() / (1 + z.exp())).log()))

# %% [markdown]
# ## In depth: the vanishing gradient
#
# Going back through a layer, the gradient δ becomes f'(z) ⊙ Wᵀδ, no longer than max|f'|·‖W‖·‖δ‖. Xavier's weights
# are drawn so that Wᵀδ is as long as δ on average; He's are √2 times as large, because ReLU passes half of its inputs.
# So the derivative decides: σ' ≤ ¼ makes the gradient on average at least four times smaller at every layer. The
# figures are the norms of the gradient of each layer's weights before the first step of training.

# %%
STARTS = {"sigmoid": "xavier", "tanh": "xavier", "relu": "he"}


def gradient_norms(name: str, seed: int) -> list[float]:
    """The norm of the gradient of the weights of each layer, from the first to the last."""
    widths = [16] * options.depth + [1]
    model = nn.MLP(2, widths, activation=name, init=STARTS[name], rng=random.Random(seed))
    mean([loss(model(x), t) for x, t in rows]).backward()
    return [norm([w.grad for neuron in layer.neurons for w in neuron.w]).data for layer in model.layers]


norms = {name: [gradient_norms(name, seed) for seed in steps(seeds, name)] for name in COLOURS}
middle = {name: [median(layer) for layer in zip(*of, strict=True)] for name, of in norms.items()}

# The first layer has two inputs and the last has one output. The layers between them are alike, so only they are
# compared.
between = options.depth - 2
factor = {name: (of[1] / of[1 + between]) ** (1 / between) for name, of in middle.items()}
print(f"\n{options.depth} hidden layers of 16: the norm of the gradient, median of {len(seeds)} networks")
for name, of in middle.items():
    print(f"  {name:7} last layer {of[-1]:.1e}, first {of[0]:.1e}; × {factor[name]:.2f} a layer")

# %%
figure, panel = plt.subplots(figsize=(8, 4.6))
layers = range(1, options.depth + 2)
for name, colour in COLOURS.items():
    lowest, highest = ([bound(layer) for layer in zip(*norms[name], strict=True)] for bound in (min, max))
    panel.fill_between(layers, lowest, highest, color=colour, alpha=0.15, linewidth=0.0)
    panel.semilogy(layers, middle[name], "o-", color=colour, label=f"{name}, {STARTS[name]}")
hidden = layers[1:-1]
quarters = [middle["sigmoid"][-2] * 0.25 ** (hidden[-1] - layer) for layer in hidden]
panel.semilogy(hidden, quarters, color="black", linestyle=":", label="¼ a layer")
panel.set(title="the gradient of each layer's weights before training", xlabel="layer, from the input to the output")
panel.set(ylabel="norm", xticks=layers[:: math.ceil(len(layers) / 20)])
panel.legend(loc="lower right")
save(figure, options.out / "activations-depth.png")

# %% [markdown]
# ## Comparison with textbooks
#
# In theory a layer of tanh or ReLU keeps the length of the gradient, if it has many neurons and tanh is near 0. Tanh
# often learns faster than the sigmoid: Y. LeCun et al., Efficient BackProp (1998). ReLU learned six times as fast as
# tanh in a convolutional network on CIFAR-10: A. Krizhevsky et al. (2012).

# %%


def faster(name: str, other: str) -> str:
    """The ratio of the epochs that two activations need to reach the goal, if both reach it."""
    if max(fewest[name], fewest[other]) < math.inf:
        return f"{fewest[other] / fewest[name]:.1f} ×"
    return f"{name} {counted(fewest[name])}, {other} {counted(fewest[other])}"


compare(
    [
        ("greatest slope of the sigmoid", "¼, at 0 (closed form)", f"{steepest['sigmoid']:.4f}"),
        ("greatest slope of tanh", "1, at 0 (closed form)", f"{steepest['tanh']:.4f}"),
        ("greatest slope of ReLU", "1 (closed form)", f"{steepest['relu']:.4f}"),
        ("the gradient, per layer of sigmoids", "× 0.25 at most on average (σ' ≤ ¼)", f"× {factor['sigmoid']:.3f}"),
        ("per layer of tanh", "× 1 (Glorot and Bengio 2010)", f"× {factor['tanh']:.3f}"),
        ("per layer of ReLU", "× 1 (He et al. 2015)", f"× {factor['relu']:.3f}"),
        ("tanh faster than the sigmoid", "often (LeCun et al. 1998)", faster("tanh", "sigmoid")),
        ("ReLU faster than tanh", "6 × (Krizhevsky et al. 2012)", faster("relu", "tanh")),
    ],
    tutorial="textbook",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. Softsign is x / (1 + |x|). Write its value and its derivative: that is all that a new operation needs.


# %% answer
def softsign(x: float) -> tuple[float, float]:
    """The value of x / (1 + |x|), and its derivative by x."""
    d = 1.0 + abs(x)
    return x / d, 1.0 / (d * d)


# %%
@check
def softsign_is_right() -> None:
    agree([softsign(x)[0] for x in (3.0, -3.0)], [0.75, -0.75], "the values at 3 and -3")
    operation = autograd.operation(softsign)
    print(gradcheck(operation, [0.5]), gradcheck(operation, [-2.0]), sep="\n")


# %% [markdown]
# 2. Softplus is log(1 + eˣ), which is inf for x = 800 if it is computed so. Write it for every x, with operations whose
#    results stay small: `maximum(x, 0)`, `abs(x)`, `exp()` of a number that is not above 0, and `log1p()`.


# %% answer
def stable_softplus(x: Value) -> Value:
    """The logarithm of 1 + e^x, for every x, without x.softplus()."""
    return maximum(x, 0.0) + (-abs(x)).exp().log1p()


# %%
@check
def stable_softplus_is_right() -> None:
    for x in (-800.0, -1.0, 0.5, 40.0, 800.0):
        agree(stable_softplus(Value(x)).data, Value(x).softplus().data, f"at {x:g}")
    gradcheck(stable_softplus, [-1.0])
    gradcheck(stable_softplus, [3.0])


# %% [markdown]
# 3. What is the greatest factor by which a gradient can be multiplied on its way back through the slopes of so many
#    layers of sigmoids?


# %% answer
def greatest_factor(layers: int) -> float:
    """The greatest product of the slopes of that many sigmoids."""
    return 0.25**layers


# %%
@check
def greatest_factor_is_right() -> None:
    for layers in (1, 2, 10):
        agree(greatest_factor(layers) / steepest["sigmoid"] ** layers, 1.0, f"the factor over 1/4^{layers}")
