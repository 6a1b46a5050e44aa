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
import os
import random
import tempfile
from pathlib import Path
from typing import Any

from lesson import BLUE, DEMOS, ORANGE, agree, check, compare, installed, machines, parser, save, words

import matplotlib.pyplot as plt
import numpy as np
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
made.add_argument(
    "--meet", metavar="HOST:PORT", help="for the lesson itself: the place where processes find each other"
)
made.add_argument("--kept", type=Path, metavar="PATH", help="for the lesson itself: the file to keep the training in")
options = words(made, epochs=6)
JAX = installed("jax")
if not JAX:
    print(f"The trainings of this lesson are left out, because they need JAX: {to_install('jax', 'jax')}\n")

# %% [markdown]
# ## The network
#
# It reads digits of 8×8 pixels with one hidden layer. As always it is written for one row, in single numbers.

# %%
ROWS, SIZE, HIDDEN = 320, 48, 16
digits = load_digits()
pixels, kinds = digits.data[:ROWS] / 16.0, np.eye(10)[digits.target[:ROWS]]


def network() -> tuple[nn.MLP, autograd.Program]:
    """The network at its start, and the program of its loss."""
    model = nn.MLP(64, [HIDDEN, 10], init="fan_in", rng=random.Random(options.seed))
    x, t = autograd.inputs(64, name="x"), autograd.inputs(10, name="t")
    loss = losses.cross_entropy(model(x), t)
    return model, autograd.compile(loss, (x, t), parameters=model, backend="jax" if JAX else "numpy")


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
        return self.rows[places]


file = File(pixels)
for x, _ in train.Loader((file, kinds), SIZE, rng=random.Random(options.seed)):
    part = x[: len(x) // 2]
    print(f"of a batch of {len(x)} rows, the half of one machine is {len(part)}")
print(f"it has read {file.read} of {ROWS} rows in this epoch")

# %% [markdown]
# ## The gradients of two parts
#
# The first 100 rows are for one machine and the other 220 for another one. The weighted mean of their gradients is the
# gradient of all rows.

# %%
_, program = network()
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
# of a batch among them. The partitioner of JAX writes what each device computes, and the sums over all of them; nothing
# below depends on how many there are. If a file has a training that was left, the function goes on with it.


# %%
def trained(epochs: int, kept: Path | None = None) -> dict[str, Any]:
    """The loss of each epoch, and the rows that this process has read."""
    import jax

    _, program = network()
    file = File(pixels)
    loader = train.Loader((file, kinds), SIZE, rng=random.Random(options.seed))
    optimizer = optim.SGD(program, lr=0.2, momentum=0.9)
    everything = {"program": program, "optimizer": optimizer, "loader": loader}
    if kept and kept.exists():
        state.load(everything, kept)
    step = program.jax_step(optimizer, devices=jax.devices())
    now, curve, steps = step.start(), list[float](), 0
    for _ in range(epochs):
        batches = []
        for x, t in loader:
            now, loss = step(now, x, t)
            batches.append((len(x) / ROWS, loss))
        curve.append(sum(share * float(loss) for share, loss in batches))
        steps += len(batches)
    step.finish(now, steps=steps)
    if kept and jax.process_index() == 0:
        state.save(everything, kept)
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
    print(json.dumps(trained(options.epochs, options.kept)))
    raise SystemExit

# %% [markdown]
# ## One and two
#
# One process trains here, without the others. Then two processes train together, with half of the rows each. They stop
# in the midst, and a single process goes on from their file.

# %%
LIMIT = 120.0
script, option = DEMOS / "many_machines.py", [f"--seed={options.seed}"]


def together(epochs: int, *more: str) -> list[dict[str, Any]]:
    """The results of two processes."""
    found = machines.run(script, f"--epochs={epochs}", *option, *more, processes=2, seconds=LIMIT)
    return [json.loads(line) for line in found]


alone: dict[str, Any] = {"losses": [], "read": 0}
two, resumed = [alone, alone], list[float]()
if JAX:
    half = options.epochs // 2
    alone = trained(options.epochs)
    two = together(options.epochs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.safetensors"
        first = together(half, f"--kept={path}") if half else [alone]
        resumed = first[0]["losses"][:half] + trained(options.epochs - half, path)["losses"]
    for epoch, (one, other, later) in enumerate(zip(alone["losses"], two[0]["losses"], resumed, strict=True), 1):
        if epoch in (1, 2, 5, half, half + 1, options.epochs):
            print(f"epoch {epoch:>2}   one process {one:.12f}   two {other:.12f}   two, then one {later:.12f}")
    print(f"rows that were read: one process {alone['read']:,}, two {two[0]['read']:,} and {two[1]['read']:,}")


def difference(curve: list[float]) -> float:
    """The greatest difference of a curve from that of one process, as a part of the loss."""
    return max(abs(a / b - 1) for a, b in zip(curve, alone["losses"], strict=True))


# %%
if JAX:
    figure, axes = plt.subplots(figsize=(7, 4))
    epochs = range(1, options.epochs + 1)
    axes.semilogy(epochs, alone["losses"], color=BLUE, linewidth=5, alpha=0.4, label="one process")
    axes.semilogy(epochs, two[0]["losses"], color=ORANGE, label="two processes")
    axes.set(title="the loss of each epoch", xlabel="epoch", ylabel="cross-entropy")
    axes.legend()
    save(figure, options.out / "many_machines.png")

# %% [markdown]
# ## Comparison with theory

# %%
table: list[tuple[str, object, object]] = [("gradients of two parts, added up: difference", "0", f"{apart:.0e}")]
if JAX:
    table += [
        (
            "loss of the last epoch, one process and two",
            "equal",
            f"{alone['losses'][-1]:.9f}, {two[0]['losses'][-1]:.9f}",
        ),
        ("two processes: same curve to 12 digits", "yes", "yes" if difference(two[0]["losses"]) < 1e-12 else "no"),
        ("two processes, then one: the same", "yes", "yes" if difference(resumed) < 1e-12 else "no"),
        (
            "rows read by each of two",
            "a half",
            f"{two[0]['read'] / alone['read']:.2f}, {two[1]['read'] / alone['read']:.2f}",
        ),
    ]
compare(table, tutorial="theory")
