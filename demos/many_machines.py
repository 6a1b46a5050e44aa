"""One training on several machines, with the numbers of one: read it from top to bottom, or run it cell by cell.

python demos/many_machines.py --out pictures
"""

# %% [markdown]
# # Many machines: one training, divided
#
# The loss of a batch is the mean over its N rows. If machine k has nₖ of them, with the mean loss Lₖ, then
#
#     L = Σₖ (nₖ/N)·Lₖ      ∂L/∂w = Σₖ (nₖ/N)·∂Lₖ/∂w
#
# So each machine needs its own rows alone. The machines add up their gradients, make the same step, and have the same
# weights after it. The training is that of one machine.

# %%
import json
import random
import tempfile
from pathlib import Path
from typing import Any

from lesson import BLUE, DEMOS, ORANGE, agree, check, compare, installed, machines, parser, save, words

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.ticker import MaxNLocator
from sklearn.datasets import load_digits

import autograd
from autograd import losses, nn, optim, state, train
from autograd.wording import to_install

made = parser(
    "This lesson trains one network on two machines. You see that the gradients of two parts add up to that of the "
    "whole, that each machine reads its own rows alone, and that the losses are those of one machine.",
    epochs=20,
)
made.add_argument("--machine", metavar="K/N", help="for the lesson itself: the number of this process, of how many")
made.add_argument("--meet", metavar="HOST:PORT", help="for the lesson itself: where they find each other")
made.add_argument("--halfway", type=Path, metavar="PATH", help="for the lesson itself: the file to write at half time")
options = words(made, epochs=6)
LIBRARIES = {"jax": "jax", "safetensors": "save"}
"""The libraries that the trainings need, and the extras that have them."""
READY = all(map(installed, LIBRARIES))
for library, extra in LIBRARIES.items():
    if not installed(library):
        print(f"The trainings of this lesson are left out, because they need {library}:")
        print(to_install(library, extra))

# %% [markdown]
# ## The network
#
# It reads digits of 8×8 pixels with one hidden layer. As always it is written for one row, in single numbers.

# %%
ROWS, SIZE, HIDDEN = 320, 48, 16
digits = load_digits()
pixels, kinds = digits.data[:ROWS] / 16.0, np.eye(10)[digits.target[:ROWS]]


def network() -> autograd.Program:
    """The program of the loss, with the weights at their start."""
    model = nn.MLP(64, [HIDDEN, 10], init="fan_in", rng=random.Random(options.seed))
    x, t = autograd.inputs(64, name="x"), autograd.inputs(10, name="t")
    loss = losses.cross_entropy(model(x), t)
    return autograd.compile(loss, (x, t), parameters=model)


# %% [markdown]
# ## The rows
#
# A column may be on a disk. This one stands for a file: it is an array that counts the rows which are read from it.
#
# A `train.Loader` shuffles the numbers of the rows, and makes batches of them. Each machine makes the same loader with
# the same seed, so all of them agree on the batches without a word. The rows themselves are read when they are needed,
# by the machine that needs them.


# %%
class File:
    """A column of rows that counts those that are read."""

    def __init__(self, rows: np.ndarray) -> None:
        self.rows, self.shape, self.dtype = rows, rows.shape, rows.dtype
        self.read = 0

    def __getitem__(self, places: np.ndarray) -> np.ndarray:
        self.read += len(places)
        found: np.ndarray = self.rows[places]
        return found


file = File(pixels)
loader = train.Loader((file, kinds), SIZE, rng=random.Random(options.seed))
for batch, _ in loader:
    half = batch[: len(batch) // 2]
print(loader)
print(f"a machine that takes the first half of each batch reads {file.read} of {ROWS} rows")

# %% [markdown]
# ## The gradients of two parts
#
# The first 100 rows are for one machine and the other 220 for another one. The weighted mean of their gradients is the
# gradient of all rows.

# %%
program = network()
whole, gradient = program.value_and_grad(pixels, kinds)
parts = [program.value_and_grad(pixels[rows], kinds[rows]) for rows in (slice(100), slice(100, ROWS))]
added = sum(share * part for share, (_, part) in zip((100 / ROWS, 220 / ROWS), parts, strict=True))
apart = float(abs(added - gradient).max())
print(f"losses of the parts {parts[0][0]:.6f} and {parts[1][0]:.6f}, of the whole {whole:.6f}")
print(f"greatest difference between the gradients: {apart:.0e}")

# %% [markdown]
# ## The training
#
# Every machine runs the same function. `jax.devices()` are the devices of all machines, and `jax_step` divides the rows
# of a batch among them. JAX's partitioner finds what each device computes and the sums over all of them; nothing below
# depends on how many there are. At half time, one of the machines writes a file with the parameters, the state of the
# optimiser and the place of the loader. A training that starts from such a file goes on there.

# %%
HALF = (options.epochs + 1) // 2


def trained(start: Path | None = None, halfway: Path | None = None) -> dict[str, Any]:
    """The loss of each epoch, and the rows that this process has read."""
    import jax

    program, file = network(), File(pixels)
    loader = train.Loader((file, kinds), SIZE, rng=random.Random(options.seed))
    optimizer = optim.SGD(program, lr=0.2, momentum=0.9)
    everything = {"program": program, "optimizer": optimizer, "loader": loader}
    if start:
        state.load(everything, start)
    step = program.jax_step(optimizer, devices=jax.devices())
    now, curve = step.start(), list[float]()
    while loader.epoch < options.epochs:
        batches = []
        for x, t in loader:
            now, loss = step(now, x, t)
            batches.append((len(x) / ROWS, loss))
        curve.append(sum(share * float(loss) for share, loss in batches))
        if halfway and loader.epoch == HALF:
            step.finish(now, steps=HALF * len(loader))
            if jax.process_index() == 0:
                state.save(everything, halfway)
    return {"losses": curve, "read": file.read}


# %% [markdown]
# ## A machine
#
# The lesson starts itself twice more, with two more options. Each process joins the other one and calls `trained`. Here
# both are on this machine; on others only the address changes.

# %%
if options.machine:
    import jax

    machines.end_with_the_caller()
    number, count = map(int, options.machine.split("/"))
    jax.distributed.initialize(options.meet, count, number, initialization_timeout=60)
    print(json.dumps(trained(halfway=options.halfway)))
    raise SystemExit

# %% [markdown]
# ## One and two
#
# First, one process trains alone. Then two processes train together, with half of the rows each. At last one process
# goes on from the file that the two have written at half time.

# %%
LIMIT = 300.0
alone: dict[str, Any] = {"losses": [], "read": 0}
both, resumed = [alone, alone], list[float]()
if READY:
    alone = trained()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.safetensors"
        chosen = [f"--seed={options.seed}", f"--epochs={options.epochs}", f"--halfway={path}"]
        lines = machines.run(DEMOS / "many_machines.py", *chosen, processes=2, seconds=LIMIT)
        both = [json.loads(line) for line in lines]
        resumed = both[0]["losses"][:HALF] + trained(path)["losses"]
    rows = zip(alone["losses"], both[0]["losses"], resumed, strict=True)
    for epoch, (one, two, later) in enumerate(rows, 1):
        if epoch in (1, 2, 5, HALF, HALF + 1, options.epochs):
            print(f"epoch {epoch:>2}   one process {one:.12f}   two {two:.12f}   two, then one {later:.12f}")
    print(f"rows that were read: one process {alone['read']:,}, two {both[0]['read']:,} and {both[1]['read']:,}")


def same(curve: list[float]) -> str:
    """Whether a curve is that of one process, but for rounding."""
    return "yes" if all(abs(a / b - 1) < 1e-12 for a, b in zip(curve, alone["losses"], strict=True)) else "no"


# %%
if READY:
    figure, axes = plt.subplots(figsize=(7, 4))
    epochs = range(1, options.epochs + 1)
    axes.semilogy(epochs, alone["losses"], color=BLUE, linewidth=6, alpha=0.4, label="one process")
    axes.semilogy(epochs, both[0]["losses"], color=ORANGE, label="two processes")
    axes.set(title="the loss of each epoch", xlabel="epoch", ylabel="cross-entropy")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend()
    save(figure, options.out / "many_machines.png")

# %% [markdown]
# ## Comparison with theory

# %%
table: list[tuple[str, object, object]] = [("gradients of two parts, added up: difference", "0", f"{apart:.0e}")]
if READY:
    last = f"{alone['losses'][-1]:.9f}, {both[0]['losses'][-1]:.9f}"
    shares = ", ".join(f"{one['read'] / alone['read']:.2f}" for one in both)
    table += [
        ("loss of the last epoch, one process and two", "equal", last),
        ("two processes: the same curve to 12 digits", "yes", same(both[0]["losses"])),
        ("two processes, then one: the same", "yes", same(resumed)),
        ("rows read by each of two", "½", shares),
    ]
compare(table, tutorial="theory")

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. Three machines have computed the gradients of the mean losses of their rows. Write the gradient of the mean over
#    all rows.


# %% answer
def gradient_of_all(gradients: list[list[float]], rows: list[int]) -> list[float]:
    """The gradient of the mean over all rows, by those of the means over each machine's rows."""
    return [
        sum(n * g for n, g in zip(rows, column, strict=True)) / sum(rows) for column in zip(*gradients, strict=True)
    ]


# %%
@check
def gradient_of_all_is_right() -> None:
    model = nn.MLP(1, [2, 1], activation="tanh", rng=random.Random(1))
    data = [([k / 5], k * k / 25) for k in range(-5, 5)]

    def gradient_of(part: list[tuple[list[float], float]]) -> list[float]:
        model.zero_grad()
        losses.mse([model(x) for x, _ in part], [t for _, t in part]).backward()
        return [p.grad for p in model.parameters()]

    parts = [data[:5], data[5:7], data[7:]]
    found = gradient_of_all([gradient_of(part) for part in parts], [len(part) for part in parts])
    agree(found, gradient_of(data), "for parts of 5, 2 and 3 rows")


# %% [markdown]
# 2. Devices can only share a batch whose rows they can divide evenly. Rows that count for nothing are added to the
#    others: how many?


# %% answer
def rows_to_add(rows: int, devices: int) -> int:
    """The least number of rows to add, so that each device has as many."""
    return -rows % devices


# %%
@check
def rows_to_add_is_right() -> None:
    for rows, devices, right in ((48, 2, 0), (32, 8, 0), (101, 8, 3), (5, 8, 3), (1, 3, 2)):
        agree(rows_to_add(rows, devices), right, f"for {rows} rows and {devices} devices")
