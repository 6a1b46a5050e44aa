"""A small convolutional network, whose weights are used at many positions: read it, or run it cell by cell.

python demos/convolution.py --out pictures
"""

# %% [markdown]
# # A filter that moves over the image
#
# A dense layer has a weight for each pixel and each neuron. A convolution has a few small filters and uses each of them
# at every position. With the filter k of 3×3 weights and the image x,
#
#     z[k][i][j] = b[k] + Σ w[k][r][c] · x[i + r][j + c]      r, c = 0, 1, 2
#
# is a feature map: how well the filter fits at each position (i, j). Here 8 filters make 8 maps of 6×6 from an image of
# 8×8. ReLU sets negative values to 0, max-pooling keeps the greatest of each 2×2 values, and a dense layer computes ten
# scores from the 8·3·3 = 72 values that are left. Softmax is in the loss, `losses.cross_entropy`.

# %%
import math
import random
from time import perf_counter

from lesson import above_zero, agree, check, code, compare, parser, positive, save, steps, words

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator
from sklearn.datasets import load_digits

import autograd
from autograd import (
    Program,
    Value,
    dot,
    draw,
    explain,
    largest,
    losses,
    nn,
    no_grad,
    optim,
    softmax,
    topological_order,
    train,
)
from autograd.check import numerical_grad

Rows = list[list[float]]
Map = list[list[Value]]

made = parser(
    "This lesson builds a small convolutional network that reads digits. You see that the gradient of a shared "
    "weight is a sum over its positions, how many parameters sharing saves, and how dense networks compare.",
    epochs=15,
    eager=True,
)
made.add_argument("--filters", type=positive, default=8, help="the number of filters of 3×3; %(default)s")
made.add_argument("--batch-size", type=positive, default=16, help="images for each step; %(default)s")
made.add_argument("--lr", type=above_zero, default=0.01, help="the learning rate; %(default)s")
made.add_argument("--limit", type=positive, default=600, metavar="K", help="train on K images; %(default)s")
made.add_argument("--test-limit", type=positive, default=500, metavar="K", help="test on K at most; %(default)s")
options = words(made, epochs=1, filters=4, batch_size=2, limit=140, test_limit=60, lr=0.02)
rng = random.Random(options.seed)

# %% [markdown]
# ## The data
#
# scikit-learn has 1,797 digits of 8×8 pixels from 0 to 16. They are shuffled; a quarter of them is for the test, and
# some of the others are for the training.

# %%
small = load_digits()
digits = list(zip((small.images / 16).tolist(), small.target.tolist(), strict=True))
rng.shuffle(digits)
quarter = len(digits) // 4
test, learn = digits[:quarter][: options.test_limit], digits[quarter:][: options.limit]
print(f"{len(learn):,} images for training, {len(test)} for the test, 8×8 pixels")

# %% [markdown]
# ## The network
#
# `nn.Conv2d` takes a list of images, which are lists of rows, and returns a list of maps. Pooling is written here with
# `largest`, whose gradient goes to the operand that was the largest.


# %%
def pooled(fits: Map) -> Map:
    """The largest of each square of 2×2 nodes."""
    return [
        [largest(above[j : j + 2] + below[j : j + 2]) for j in range(0, len(above), 2)]
        for above, below in zip(fits[::2], fits[1::2], strict=True)
    ]


class Convolutional(nn.Module):
    """Filters of 3×3 on an image of 8×8, ReLU, pooling, and a dense layer of ten neurons."""

    def __init__(self, filters: int) -> None:
        self.filters = nn.Conv2d(1, filters, 3, init="he", rng=rng)
        self.scores = nn.Layer(filters * 3 * 3, 10, nonlin=False, init="fan_in", rng=rng)

    def maps(self, image: Rows) -> list[Map]:
        return [[[z.relu() for z in row] for row in rows] for rows in self.filters([image])]

    def __call__(self, image: Rows) -> list[Value]:
        kept = [v for fits in self.maps(image) for row in pooled(fits) for v in row]
        return list(self.scores(kept))


class Dense(nn.Module):
    """Dense layers on the same image, as one list of its rows."""

    def __init__(self, *nouts: int) -> None:
        self.layers = nn.MLP(64, nouts, init="he", rng=rng)

    def __call__(self, image: Rows) -> list[Value]:
        return list(self.layers([pixel for row in image for pixel in row]))


model = Convolutional(options.filters)
print(model.filters, model.scores, sep=", then ")

# %% [markdown]
# ## One weight, many edges
#
# A weight of a filter is one node of the graph, and it has an edge for every position of the filter. By the chain rule
# its gradient is the sum of a contribution from each edge: the upstream gradient ∂L/∂z of the node at the other end,
# times the local derivative ∂z/∂w, which is the pixel under the weight. The lesson prints this sum, the gradient by
# `backward` and the one by central differences, for the weight in the middle of a filter with the greatest gradient.
# Most contributions are 0: the pixel is 0, or ReLU or pooling passes no gradient.

# %%
image, label = learn[0]


def loss_of_one(*_: Value) -> Value:
    """The loss of the first image, as a new graph."""
    return losses.cross_entropy(model(image), label)


def terms(loss: Value, w: Value) -> list[float]:
    """The contribution of each edge of w to its gradient, after backward."""
    nodes = topological_order(loss)
    return [z.grad * d for z in nodes for v, d in zip(z.operands, z.partials, strict=True) if v is w]


loss = loss_of_one()
loss.backward()
middle = max((weights[0][1][1] for weights in model.filters.weight), key=lambda w: abs(w.grad))
contributions = terms(loss, middle)
(by_differences,) = numerical_grad(loss_of_one, [middle])
apart = by_differences - middle.grad  # Computed here, because training changes both.
once = len(terms(loss, model.scores.neurons[0].w[0]))
print(f"\nedges that leave a weight of a filter: {len(contributions)}; a weight of the dense layer: {once}")
nonzero = sum(map(bool, contributions))
print(f"  ∂L/∂w, the sum of {len(contributions)} terms  {math.fsum(contributions):13.9f}   {nonzero} are not zero")
print(f"  ∂L/∂w by backward          {middle.grad:13.9f}")
print(f"  ∂L/∂w by differences       {by_differences:13.9f}")

# %% [markdown]
# `explain` goes on from the positions to the loss, and adds up all ways there: each position leads to ten scores.

# %%
loss.label = "L"
print()
print(explain(loss, middle, most=1))

# %% [markdown]
# ## Comparison with dense networks
#
# A dense layer from 64 pixels to the same 8·6·6 = 288 outputs would have 64·288 + 288 = 18,720 parameters. The filters
# have 8·9 + 8 = 80. Our network is compared with two dense ones: one with as many parameters, and 64-41-33-10 of the
# MNIST lesson. Connections are edges that leave parameters. A dense network has one for each parameter. Filters need
# fewer parameters, but not less computation.

# %%
hidden = max(1, round((len(model.parameters()) - 10) / (64 + 1 + 10)))
networks: dict[str, Convolutional | Dense] = {
    "convolutional": model,
    f"dense 64-{hidden}-10": Dense(hidden, 10),
    "dense 64-41-33-10": Dense(41, 33, 10),
}


def size(network: Convolutional | Dense) -> tuple[int, int, int]:
    """The numbers of parameters, and of connections and operations in the graph of one image."""
    nodes = topological_order(losses.cross_entropy(network(image), label))
    parameters = set(network.parameters())
    connections = sum(v in parameters for z in nodes for v in z.operands)
    return len(parameters), connections, sum(bool(z.op) for z in nodes)


sizes = {name: size(network) for name, network in networks.items()}
print(f"\n{'':18} parameters  connections  operations")
for name, (parameters, connections, operations) in sizes.items():
    print(f"{name:18} {parameters:10,} {connections:12,} {operations:11,}")

# %% [markdown]
# ## Compiled
#
# The graph of every image is the same, except for the numbers. `compile` takes the graph of one image and writes code
# over arrays of N images. All positions of the filters are one product of matrices: one side has the 9 pixels of each
# of the N·36 windows, and the other the filters.


# %%
def compiled(network: Convolutional | Dense) -> Program:
    """A program of the cross-entropy of a network, whose outputs are the probabilities of the digits."""
    x, t = autograd.inputs(8, 8), autograd.inputs(10, name="t")
    scores = network(x)
    loss = losses.cross_entropy(scores, t)
    return autograd.compile(loss, (x, t), parameters=network, outputs=softmax(scores), backend="numpy")


programs = {} if options.eager else {name: compiled(network) for name, network in networks.items()}
if programs:
    print(f"\n{programs['convolutional'].report()}\n\n{code(programs['convolutional'], most=6)}")

# %% [markdown]
# ## Training
#
# All three learn from the same images, by mini-batches and Adam. `train.fit` takes a program, or a model and a loss:
# then it records a graph of each mini-batch (`--eager`).


# %%
def fit(name: str) -> train.History:
    """Train a network on the images."""
    more = {"epochs": options.epochs, "batch_size": options.batch_size, "rng": rng}
    if options.eager:
        network = networks[name]
        optimizer = optim.Adam(network.parameters(), lr=options.lr)
        return train.fit(network, learn, losses.cross_entropy, optimizer, **more)
    return train.fit(programs[name], learn, optim.Adam(programs[name], lr=options.lr), **more)


print()
histories = {}
for name in networks:
    started = perf_counter()
    history = fit(name)
    histories[name] = history.losses
    print(f"{name:18} {history} in {perf_counter() - started:.1f} s")

figure, axes = plt.subplots(figsize=(8, 4))
for (name, means), style in zip(histories.items(), ("o-", "s--", "^:"), strict=True):
    axes.semilogy(range(1, len(means) + 1), means, style, markersize=4, label=f"{name}: {sizes[name][0]:,} parameters")
axes.set(title="loss", xlabel="epoch", ylabel="cross-entropy, mean of the epoch")
axes.xaxis.set_major_locator(MaxNLocator(integer=True))
axes.legend(loc="lower left")
save(figure, options.out / "convolution-loss.png")

# %% [markdown]
# ## The test
#
# All three read the same test images, which were not used in training. At full size the convolutional network makes
# about half as many mistakes as the dense one of its size, and about as many as the one of five times its size.


# %%
def probabilities(name: str, images: list[Rows]) -> list[list[float]]:
    """The ten probabilities for each image."""
    if programs:
        rows: list[list[float]] = programs[name].outputs(images).tolist()
        return rows
    with no_grad():
        return [[p.data for p in softmax(networks[name](image))] for image in steps(images, f"testing {name}")]


print()
accuracies, misread = {}, {}
for name in networks:
    found = zip(probabilities(name, [image for image, _ in test]), test, strict=True)
    readings = [(max(row), row.index(max(row)), image, t) for row, (image, t) in found]
    misread[name] = sorted((row for row in readings if row[1] != row[3]), reverse=True)
    accuracies[name] = f"{100 - 100 * len(misread[name]) / len(test):.1f} %"
    print(f"{name:18} {accuracies[name]} of {len(test)} test images read right")

# %% [markdown]
# ## The filters after training
#
# Orange weights are positive and respond to ink, purple ones are negative: the filters detect strokes and edges in
# several directions. Below each filter are its feature map and the result of pooling.

# %%
shown = range(min(8, options.filters))
with no_grad():
    maps = model.maps(image)
    best_of_four = [pooled(rows) for rows in maps]
filters = [[[w.data for w in row] for row in weights[0]] for weights in model.filters.weight]
fits = [[[v.data for v in row] for row in rows] for rows in maps]
kept = [[[v.data for v in row] for row in rows] for rows in best_of_four]
steepest = max(abs(w) for weights in filters for row in weights for w in row)
best = max(v for rows in fits for row in rows for v in row)


def show(
    axes: Axes, picture: Rows, says: str = "", cmap: str = "gray_r", low: float = 0.0, high: float = 1.0
) -> AxesImage:
    """Draw a picture of values from low to high in a frame."""
    axes.set_title(says, fontsize=10)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set_visible(True)
    axes.grid(visible=False)
    return axes.imshow(picture, cmap=cmap, vmin=low, vmax=high)


figure, grid = plt.subplots(3, len(shown) + 1, figsize=(1.2 * len(shown) + 2.8, 4.2))
show(grid[0][0], image, f"a {label}")
for axes, says in ((grid[1][0], "maps 6×6,\nafter ReLU"), (grid[2][0], "pooled, 3×3")):
    axes.text(0.5, 0.5, says, ha="center", va="center", transform=axes.transAxes)
    axes.set_axis_off()
for k in shown:
    weights = show(grid[0][k + 1], filters[k], f"filter {k + 1}", "PuOr_r", -steepest, steepest)
    show(grid[1][k + 1], fits[k], "", "cividis", 0.0, best)
    numbers = show(grid[2][k + 1], kept[k], "", "cividis", 0.0, best)
figure.colorbar(weights, ax=list(grid[0]), label="weight")
figure.colorbar(numbers, ax=list(grid[1:].flat), label="how well it fits", shrink=0.7)
save(figure, options.out / "convolution-filters.png")

# %% [markdown]
# The same filters in the picture of the network: the area of a square is the size of a weight.

# %%
save(draw(model.filters), options.out / "convolution-network.svg")

# %% [markdown]
# ## The mistakes
#
# They are sorted by the probability that the convolutional network gave to its wrong answer, the greatest first.

# %%
wrong = misread["convolutional"]
figure, grid = plt.subplots(2, 5, figsize=(9, 4.6))
for axes in grid.flat:
    axes.set_axis_off()
for axes, (sure, said, picture, t) in zip(grid.flat, wrong, strict=False):
    axes.set_axis_on()
    show(axes, picture, f"a {t} read as {said}\np = {sure:.2f}")
figure.suptitle(f"{min(10, len(wrong))} of {len(wrong)} misread digits, the surest first")
save(figure, options.out / "convolution-misread.png")

# %% [markdown]
# ## Comparison with published results
#
# The published figures are those of other networks. LeNet-5 (LeCun et al. 1998) has 60,000 parameters and 340,908
# connections and reads MNIST, 28×28 pixels, with 0.95 % of errors; the network of 1989 has 9,760 and 64,660 and
# misreads 5.0 % of its zip codes' digits. The example "Recognizing hand-written digits" in scikit-learn's documentation
# reports 0.97 for a support vector classifier on our images. It splits them in the order of the file, which is harder:
# split at random as ours, that classifier reads 98 or 99 %.

# %%
parameters, connections, _ = sizes["convolutional"]
compare(
    [
        ("digits 8×8, read right", "97 %, SVC (scikit-learn)", ""),
        *((f"  {name}", "", f"{accuracies[name]}, {sizes[name][0]:,} parameters") for name in networks),
        ("parameters, connections", "60,000, 340,908 (LeNet-5)", f"{parameters:,}, {connections:,}"),
        ("", "9,760, 64,660 (LeCun 1989)", ""),
        ("MNIST 28×28, read right", "99.05 % (LeNet-5)", "not run"),
        ("zip codes 16×16, read right", "95.0 % (LeCun 1989)", "not run"),
        ("∂L/∂w by differences", "as by backward (theory)", f"{apart:+.0e} apart"),
    ],
    tutorial="published",
)

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. Write a filter that moves over an image. It is a list of rows of weights; the bias is 0, and the filter goes only
#    where all of it lies on the image.


# %% answer
def feature_map(image: Rows, weights: Rows) -> Rows:
    """The sum of weights times pixels at each position of the filter, as a list of rows."""
    height, width = len(weights), len(weights[0])
    return [
        [
            sum(weights[r][c] * image[i + r][j + c] for r in range(height) for c in range(width))
            for j in range(len(image[0]) - width + 1)
        ]
        for i in range(len(image) - height + 1)
    ]


# %%
@check
def feature_map_is_right() -> None:
    edge = [[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]]
    layer = nn.Conv2d(1, 1, 3)
    layer.load_state_dict({"weight": [[edge]], "bias": [0.0]})
    [theirs] = layer([image])
    ours = feature_map(image, edge)
    assert [len(row) for row in ours] == [6] * 6, f"the map of an image of 8×8 is 6×6, not {[len(row) for row in ours]}"
    for i, (row, right) in enumerate(zip(ours, theirs, strict=True)):
        agree(row, [v.data for v in right], f"row {i} of the map")


# %% [markdown]
# 2. A filter with weights w moves over a long row of pixels x, and u are the upstream gradients ∂L/∂z of its positions.
#    What is ∂L/∂w for the weight at one place in the filter?


# %% answer
def by_shared_weight(pixels: list[float], upstream: list[float], place: int) -> float:
    """∂L/∂w[place], where z[j] = Σ w[k]·x[j + k] and upstream has ∂L/∂z[j]."""
    return sum(u * pixels[j + place] for j, u in enumerate(upstream))


# %%
@check
def by_shared_weight_is_right() -> None:
    pixels, w = [0.5, -1.0, 2.0, 0.0, 3.0], [Value(v) for v in (0.2, -0.4, 0.6)]
    z = [dot(w, pixels[j : j + 3]) for j in range(3)]
    dot(z, z).backward()
    upstream = [v.grad for v in z]
    for place in range(3):
        agree(by_shared_weight(pixels, upstream, place), w[place].grad, f"the weight at {place}")
