"""Sequences: an RNN and an LSTM continue a wave and remember a symbol: read it from top to bottom, or cell by cell.

python demos/sequences.py --out pictures
"""

# %% [markdown]
# # Sequences: a state that is handed on
#
# A recurrent cell reads one input after another and hands its state on to itself. That of a plain cell (Elman 1990)
# is h. An LSTM (Hochreiter and Schmidhuber 1997) has a memory c besides, which three gates write, keep and show:
#
#     RNN    h' = tanh(W·x + V·h + b)
#     LSTM   c' = f·c + i·tanh(W·x + V·h + b)      h' = o·tanh(c')
#            i, f, o = σ(W·x + V·h + b), each with weights of its own
#
# Written out step by step this is an ordinary graph that uses each weight once per step, and `backward` on it is
# backpropagation through time.

# %%
import math
import random
from itertools import product
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from lesson import BLUE, GREEN, GREY, ORANGE, compare, parser, positive, save, words

from autograd import Value, losses, nn, no_grad, optim, train

made = parser("An RNN and an LSTM continue a wave and remember a symbol over a gap.", epochs=250)
made.add_argument("--hidden", type=positive, default=8, help="hidden units of each cell; %(default)s")
made.add_argument("--symbols", type=positive, default=4, help="how many symbols there are to remember; %(default)s")
made.add_argument("--gaps", type=positive, nargs="+", default=[10, 30, 100], help="steps to remember; 10 30 100")
made.add_argument("--tries", type=positive, default=3, help="networks of each kind for each gap; %(default)s")
options = words(made, epochs=80, hidden=4, symbols=2, gaps=[30], tries=1)
if options.symbols < 2:
    made.error("--symbols 1 leaves nothing to remember; there are 2 or more")
rng = random.Random(options.seed)
COLOURS = {"RNN": ORANGE, "LSTM": BLUE}


class Reader(nn.Module):
    """A cell that reads inputs one after another, and linear neurons that say something of its state."""

    def __init__(self, kind: str, nin: int, nout: int) -> None:
        cells: dict[str, Any] = {"RNN": nn.RNNCell, "LSTM": nn.LSTMCell}
        self.cell = cells[kind](nin, options.hidden, rng=rng)
        self.readout = nn.Layer(options.hidden, nout, nonlin=False, init="fan_in", rng=rng)

    def read(self, inputs: list[list[float]]) -> list[Any]:
        """The state after each input: h, or (h, c)."""
        state, states = None, []
        for x in inputs:
            state = self.cell(x, state)
            states.append(state)
        return states

    def say(self, state: Any) -> Any:
        """What the readout makes of h; c stays inside the cell."""
        return self.readout(state[0] if isinstance(state, tuple) else state)

    def follow(self, inputs: list[list[float]]) -> list[Any]:
        """What it says after each input."""
        return [self.say(state) for state in self.read(inputs)]

    def answer(self, inputs: list[list[float]]) -> Any:
        """What it says after the last one."""
        return self.say(self.read(inputs)[-1])


# %% [markdown]
# Over many steps a gradient may explode. The remedy is to shorten one that is too long before the step is taken
# (Pascanu, Mikolov and Bengio 2013).


# %%
class Clipped(optim.Adam):
    """Adam that first shortens a gradient of norm above 1 to norm 1."""

    def step(self) -> None:
        length = math.hypot(*(p.grad for p in self.parameters))
        for p in self.parameters:
            p.grad /= max(1.0, length)
        super().step()


# %% [markdown]
# ## Continuing a wave
#
# The network reads a sine wave number by number and says the next one. Each height comes on the way up and on the way
# down, so the last number alone doesn't tell what follows: the state has to.

# %%
PERIOD, SEEN, AHEAD = 12, 24, 72
heights = [math.sin(2.0 * math.pi * t / PERIOD) for t in range(SEEN + AHEAD)]
seen = [[y] for y in heights[: SEEN - 1]]
models = {kind: Reader(kind, 1, 1) for kind in COLOURS}
following: dict[str, list[float]] = {}
print(f"a sine wave of period {PERIOD}: {SEEN} numbers to learn from")
for kind, model in models.items():
    adam = Clipped(model.parameters(), lr=0.03)
    rows = [(seen, heights[1:SEEN])]
    history = train.fit(model.follow, rows, losses.mse, adam, epochs=options.epochs, stop_below=1e-5)
    following[kind] = history.losses
    print(f"  {kind:4} of {len(model.parameters())} parameters: {history}")

# %% [markdown]
# Now it goes on alone: what it says is its next input. So its errors come back to it too.


# %%
def go_on(model: Reader) -> list[float]:
    """The numbers after those seen, each made of the ones before."""
    state = model.read(seen)[-1]
    said = [heights[SEEN - 1]]
    for _ in range(AHEAD):
        state = model.cell([said[-1]], state)
        said.append(model.say(state).data)
    return said[1:]


def error(said: list[float]) -> float:
    """The root of the mean squared difference from how the wave goes on."""
    return math.sqrt(sum((y - t) ** 2 for y, t in zip(said, heights[SEEN:], strict=False)) / len(said))


with no_grad():
    continued = {kind: go_on(model) for kind, model in models.items()}
print(f"{AHEAD} more numbers, each fed back; root mean squared error ({error([0.0] * AHEAD):.3f} for always saying 0)")
for kind, said in continued.items():
    print(f"  {kind:4} {error(said[:PERIOD]):.3f} over the first period, {error(said):.3f} over all")

# %% [markdown]
# ## What reaches the beginning
#
# A task for a long memory: see a symbol, then nothing for T steps, then say which it was. The chain rule takes the
# gradient of the loss back through every step, each time times the Jacobian of the cell. Once blank steps have
# brought the cell to rest that is always the same matrix, and the gradient shrinks by its spectral radius ρ per step
# (Hochreiter 1991): ρ^T of it arrives.
#
# The way out is c: ∂c'/∂c is f, but for what comes round through the gates. A bias of log T makes
# f = σ(log T) = T/(T + 1), and (T/(T + 1))^T is about 1/e. A bias of −log T in the input gate keeps c from filling up
# meanwhile (Tallec and Ollivier 2018). The cell of 1997 had no forget gate, which is f = 1. (A cell that keeps things
# for T steps isn't quite at rest within T, so its ρ is met less exactly.)


# %%
def task(gap: int) -> list[tuple[list[list[float]], int]]:
    """For each symbol: the symbol and the blank steps after it, and its number."""
    blanks = [[0.0] * options.symbols for _ in range(gap)]
    return [([[float(k == s) for k in range(options.symbols)], *blanks], s) for s in range(options.symbols)]


def keep_for(steps: int, cell: nn.LSTMCell) -> None:
    """Set the biases of input and forget gates for a memory of about so many steps."""
    for k in range(2 * cell.nhidden):
        cell.bias_ih[k].data = math.log(steps) if k >= cell.nhidden else -math.log(steps)
        cell.bias_hh[k].data = 0.0


def gradient_norms(model: Reader, gap: int) -> list[float]:
    """The norm of the gradient of the loss at the end by the state (c of an LSTM) after each step."""
    inputs, symbol = task(gap)[0]
    states = model.read(inputs)
    losses.cross_entropy(model.say(states[-1]), symbol).backward()
    return [math.hypot(*(v.grad for v in (state[1] if isinstance(state, tuple) else state))) for state in states]


def per_step(norms: list[float]) -> float:
    """The factor by which they shrink per step back, both ends left out."""
    edge = len(norms) // 4
    if norms[-1 - edge] == 0.0:
        return 0.0  # less than the least float is left already there
    return float((norms[edge] / norms[-1 - edge]) ** (1.0 / (len(norms) - 1 - 2 * edge)))


def numbers(state: Any) -> list[Value]:
    """All of a state: h, or h and c."""
    return [*state[0], *state[1]] if isinstance(state, tuple) else state


def spectral_radius(cell: Any) -> float:
    """Of the Jacobian of one blank step, where many of them have brought the cell to rest."""
    blank, rest = [0.0] * options.symbols, None
    with no_grad():
        for _ in range(10 * longest):
            rest = cell(blank, rest)
    jacobian = []
    for v in numbers(cell(blank, rest)):
        for u in numbers(rest):
            u.grad = 0.0
        v.backward()
        jacobian.append([u.grad for u in numbers(rest)])
    return float(max(abs(np.linalg.eigvals(jacobian))))


longest = max(options.gaps)
fresh = {kind: Reader(kind, options.symbols, options.symbols) for kind in COLOURS}
norms: dict[str, list[float]] = {}
radius: dict[str, float] = {}
print(f"\nbefore training, the gradient of the loss, {longest} steps back")
for name, kind, steps in (("RNN", "RNN", 0), ("LSTM, f = 1/2", "LSTM", 1), ("LSTM, f = T/(T + 1)", "LSTM", longest)):
    if steps:
        keep_for(steps, fresh[kind].cell)
    norms[name] = gradient_norms(fresh[kind], longest)
    radius[name] = spectral_radius(fresh[kind].cell)
    arrived = norms[name][0] / norms[name][-1]
    rate = f"times {per_step(norms[name]):.3f} per step (ρ = {radius[name]:.3f})"
    print(f"  {name:19} {rate}; {arrived:.0e} of it arrives")

# %% [markdown]
# ## Who remembers
#
# Every batch has all sequences of the task, one for each symbol. The LSTM has four times the weights of the RNN.

# %%
shares: dict[tuple[str, int], list[float]] = {(kind, gap): [] for kind in COLOURS for gap in options.gaps}
remembering: dict[str, list[float]] = {}
print(f"\nwhich of {options.symbols} symbols was it?")
for gap, _, kind in product(options.gaps, range(options.tries), COLOURS):
    model, sequences = Reader(kind, options.symbols, options.symbols), task(gap)
    if kind == "LSTM":
        keep_for(gap, model.cell)
    adam = Clipped(model.parameters(), lr=0.02)
    history = train.fit(model.answer, sequences, losses.cross_entropy, adam, epochs=options.epochs, stop_below=0.05)
    with no_grad():
        answers = [[v.data for v in model.answer(inputs)] for inputs, _ in sequences]
    right = sum(answer.index(max(answer)) == symbol for symbol, answer in enumerate(answers))
    shares[kind, gap].append(right / len(sequences))
    if gap == longest:
        remembering.setdefault(kind, history.losses)
    print(f"  after {gap:3} steps {kind:4} gets {right} of {len(sequences)} right after {len(history.losses)} epochs")
    if history.stopped_by == "interrupt":
        break

# %% [markdown]
# ## Pictures

# %%
figure, axes = plt.subplot_mosaic([["wave", "wave"], ["left", "right"]], figsize=(10, 6.6))
ahead = range(SEEN, SEEN + AHEAD)
axes["wave"].plot(range(SEEN), heights[:SEEN], color="black", label="read")
axes["wave"].plot(ahead, heights[SEEN:], color="#c8c8c8", linewidth=6, label="how it goes on")
for kind, colour in COLOURS.items():
    axes["wave"].plot(ahead, continued[kind], color=colour, label=f"{kind}, its output fed back")
    axes["left"].semilogy(following[kind], color=colour, label=kind)
    axes["right"].plot(remembering.get(kind, []), color=colour, label=kind)
axes["wave"].set(title="continuing a wave", xlabel="step", ylabel="height", ylim=(-1.2, 1.6))
axes["wave"].legend(loc="upper center", ncols=4)
axes["left"].set(title="learning the wave", xlabel="epoch", ylabel="mean squared error")
axes["left"].legend()
axes["right"].axhline(math.log(options.symbols), color=GREY, linestyle=":", label="guessing")
axes["right"].set(title=f"learning to remember for {longest} steps", xlabel="epoch", ylabel="cross-entropy")
axes["right"].set_ylim(bottom=0)
axes["right"].legend(loc="center right")
save(figure, options.out / "sequences-continuation.png")

figure, (back, solvers) = plt.subplots(1, 2, figsize=(10, 4.2))
for (name, along), colour in zip(norms.items(), (ORANGE, GREEN, BLUE), strict=True):
    back.semilogy(along, color=colour, label=name)
    back.semilogy([along[-1] * radius[name] ** (longest - t) for t in range(longest + 1)], color=colour, linestyle=":")
back.set(
    title="gradient of the loss at the end, before training",
    xlabel="step",
    ylabel="norm by the state (dotted: ρ per step)",
)
back.legend(loc="lower right")
width = 0.8 / (2 * options.tries)
for k, (kind, colour) in enumerate(COLOURS.items()):
    places = [
        (g + (k * options.tries + n - options.tries + 0.5) * width, share)
        for g, gap in enumerate(options.gaps)
        for n, share in enumerate(shares[kind, gap])
    ]
    solvers.bar([x for x, _ in places], [share for _, share in places], 0.8 * width, color=colour, label=kind)
solvers.axhline(1.0 / options.symbols, color="black", linestyle=":", label="guessing")
solvers.set(title="answers that are right, network by network", xlabel="steps to remember", ylim=(0, 1.25))
solvers.set_xticks(range(len(options.gaps)), list(map(str, options.gaps)))
solvers.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
solvers.legend(loc="upper center", ncols=3)
save(figure, options.out / "sequences-gradient.png")

# %% [markdown]
# ## Beside theory and publication
#
# The published task (table 2 of Hochreiter and Schmidhuber 1997) is to remember one of two symbols for 100 steps full
# of other symbols: 18 trials each, an RNN given up after 5 million sequences. Here solved means that each symbol is
# answered right, and a network is given up after the last epoch.


# %%
def solved(kind: str) -> str:
    """How many networks remembered every symbol over the longest gap."""
    return f"{shares[kind, longest].count(1.0)} of {len(shares[kind, longest])} (gap {longest})"


compare(
    [
        *((f"{kind}: error of {AHEAD} steps fed back", "0", f"{error(said):.3f}") for kind, said in continued.items()),
        *((f"{name}: gradient per step", f"ρ = {r:.4f}", f"{per_step(norms[name]):.4f}") for name, r in radius.items()),
        (f"{name}: over {longest} steps", "1/e = 0.37", f"{arrived:.2f}"),
        ("RNN: solved", "0 % (gap 100, H. & S. 1997)", solved("RNN")),
        ("LSTM: solved", "100 % (gap 100, H. & S. 1997)", solved("LSTM")),
    ],
    tutorial="theory, publication",
)
