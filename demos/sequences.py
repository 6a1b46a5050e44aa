"""Sequences: an RNN and an LSTM continue a wave and remember a symbol. Read it, or run it cell by cell.

python demos/sequences.py --out pictures
"""

# %% [markdown]
# # Sequences: recurrent cells and their state
#
# A recurrent cell reads one input after another and passes its state on to the next step. The state of a plain cell
# (Elman 1990) is h. An LSTM (Hochreiter and Schmidhuber 1997) also has a memory c, with gates for input, forgetting and
# output:
#
#     RNN    h' = tanh(W·x + V·h + b)
#     LSTM   c' = f·c + i·tanh(W·x + V·h + b)      h' = o·tanh(c')
#            i, f, o = σ(W·x + V·h + b), each with weights of its own
#
# For a sequence this is an ordinary graph that uses each weight once per step, and `backward` on it is backpropagation
# through time.

# %%
import math
import random
from collections.abc import Callable
from itertools import product
from time import perf_counter
from typing import Any

from lesson import BLUE, GREEN, GREY, ORANGE, agree, check, code, compare, parser, positive, save, show, words

import matplotlib.pyplot as plt
import numpy as np

import autograd
from autograd import Program, Stepper, Value, draw, losses, nn, no_grad, optim, train

made = parser(
    "This lesson trains an RNN and an LSTM to continue a wave and to remember a symbol over a gap. You see how "
    "the gradient vanishes over many steps, and how the gates of the LSTM keep it.",
    epochs=250,
    eager=True,
)
made.add_argument("--hidden", type=positive, default=8, help="the hidden size of each cell; %(default)s")
made.add_argument("--symbols", type=positive, default=4, help="the number of different symbols; %(default)s")
made.add_argument(
    "--gaps", type=positive, nargs="+", default=[10, 30, 100], help="the numbers of steps to remember; 10 30 100"
)
made.add_argument("--tries", type=positive, default=3, help="networks of each kind for each gap; %(default)s")
options = words(made, epochs=80, hidden=4, symbols=2, gaps=[30], tries=1)
if options.symbols < 2:
    made.error("--symbols 1 leaves nothing to remember; there are 2 or more")
rng = random.Random(options.seed)
COLOURS = {"RNN": ORANGE, "LSTM": BLUE}


class Reader(nn.Module):
    """A cell that reads inputs one after another, and a linear layer on its state."""

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
        """The output of the linear layer for h; it doesn't read c."""
        return self.readout(state[0] if isinstance(state, tuple) else state)

    def follow(self, inputs: list[list[float]]) -> list[Any]:
        """The output after each input."""
        return [self.say(state) for state in self.read(inputs)]

    def answer(self, inputs: list[list[float]]) -> Any:
        """The output after the last input."""
        return self.say(self.read(inputs)[-1])


# %% [markdown]
# Over many steps a gradient may explode. The remedy is clipping: a gradient that is too long is shortened before the
# step (Pascanu, Mikolov and Bengio 2013). The optimiser changes the Values of a model, or the arrays of a program.


# %%
class Clipped(optim.Adam):
    """Adam that first scales a gradient with a norm above 1 to the norm 1."""

    def step(self) -> None:
        if self.program is None:
            length = math.hypot(*(p.grad for p in self.parameters))
            for p in self.parameters:
                p.grad /= max(1.0, length)
        else:
            gradient = self.program.gradient
            gradient /= max(1.0, float(np.linalg.norm(gradient)))
        super().step()


# %% [markdown]
# ## Compiled
#
# The graph of a sequence depends on its length only, so `compile` records it once for each length. Its code computes
# the part of the inputs for all steps at once, and has a loop over the steps for the state. With `--eager`, `fit`
# records the graph of every sequence in every epoch instead.


# %%
def compiled(
    answer: Callable[[Any], list[Value]], loss: Callable[[Any, Any], Value], row: Any, model: Reader
) -> Program:
    """The program of a loss, for inputs as long as those of a row."""
    inputs, _ = row
    x = autograd.inputs(len(inputs), len(inputs[0]))
    outputs = answer(x)
    t = autograd.inputs(len(outputs), name="t")
    return autograd.compile(loss(outputs, t), inputs=(x, t), parameters=model, backend="numpy")


def fit(model: Reader, answer: Any, loss: Any, rows: list[Any], *, lr: float, stop_below: float) -> train.History:
    """Train a model on all rows at once."""
    more = {"epochs": options.epochs, "stop_below": stop_below}
    if options.eager:
        return train.fit(answer, rows, loss, Clipped(model.parameters(), lr=lr), **more)
    program = compiled(answer, loss, rows[0], model)
    return train.fit(program, rows, Clipped(program, lr=lr), **more)


# %% [markdown]
# ## Continuing a wave
#
# The network reads a sine wave, one height after another, and predicts the next one. Each height occurs while the wave
# rises and while it falls, so the last height alone doesn't determine the next one: the state is needed.

# %%
PERIOD, SEEN, AHEAD = 12, 24, 72
heights = [math.sin(2.0 * math.pi * t / PERIOD) for t in range(SEEN + AHEAD)]
seen = [[y] for y in heights[: SEEN - 1]]
models = {kind: Reader(kind, 1, 1) for kind in COLOURS}
following: dict[str, list[float]] = {}
rows = [(seen, heights[1:SEEN])]
if not options.eager:
    rnn = models["RNN"]
    print(f"the code of the RNN over {SEEN - 1} steps\n{code(compiled(rnn.follow, losses.mse, rows[0], rnn))}\n")
print(f"a sine wave of period {PERIOD}: {SEEN} heights for training")
for kind, model in models.items():
    started = perf_counter()
    history = fit(model, model.follow, losses.mse, rows, lr=0.03, stop_below=1e-5)
    following[kind] = history.losses
    print(f"  {kind:4} of {len(model.parameters())} parameters: {history} in {perf_counter() - started:.1f} s")

# %% [markdown]
# Now each prediction is the next input, so its errors are fed back too.


# %%
def go_on(model: Reader) -> list[float]:
    """The predictions after the training part, each computed from the one before."""
    state = model.read(seen)[-1]
    said = [heights[SEEN - 1]]
    for _ in range(AHEAD):
        state = model.cell([said[-1]], state)
        said.append(model.say(state).data)
    return said[1:]


def error(said: list[float]) -> float:
    """The root mean squared error against the true wave."""
    return math.sqrt(sum((y - t) ** 2 for y, t in zip(said, heights[SEEN:], strict=False)) / len(said))


with no_grad():
    continued = {kind: go_on(model) for kind, model in models.items()}
print(f"{AHEAD} more heights, each fed back; root mean squared error ({error([0.0] * AHEAD):.3f} for always 0)")
for kind, said in continued.items():
    print(f"  {kind:4} {error(said[:PERIOD]):.3f} over the first period, {error(said):.3f} over all")

# %% [markdown]
# ## How much of the gradient reaches the first step
#
# A task for a long memory: the network reads a symbol, then T blank inputs, and then it must name the symbol. The chain
# rule multiplies the gradient of the loss by the Jacobian of the cell at every step. After many blank steps the state
# no longer changes, so the Jacobian is always the same matrix, and the gradient shrinks by its spectral radius ρ per
# step (Hochreiter 1991): after T steps a factor of ρ^T is left.
#
# The memory c avoids this: ∂c'/∂c is f, apart from the dependence through the gates. A bias of log T makes f = σ(log T)
# = T/(T + 1), and (T/(T + 1))^T is about 1/e. A bias of -log T in the input gate stops c from filling up in the
# meantime (Tallec and Ollivier 2018). The cell of 1997 had no forget gate, which is f = 1. (The state of a cell with a
# memory of T steps still changes a little after T steps, so the factor per step is further from its ρ.)


# %%
def task(gap: int) -> list[tuple[list[list[float]], int]]:
    """For each symbol: the input of the symbol and of the blank steps after it, and its index."""
    blanks = [[0.0] * options.symbols for _ in range(gap)]
    return [([[float(k == s) for k in range(options.symbols)], *blanks], s) for s in range(options.symbols)]


def keep_for(steps: int, cell: nn.LSTMCell) -> None:
    """Set the biases of the input and forget gates for a memory of about the given number of steps."""
    for k in range(2 * cell.nhidden):
        cell.bias_ih[k].data = math.log(steps) if k >= cell.nhidden else -math.log(steps)
        cell.bias_hh[k].data = 0.0


def gradient_norms(model: Reader, gap: int) -> list[float]:
    """The norm of the gradient of the last loss by the state after each step; for an LSTM by c."""
    inputs, symbol = task(gap)[0]
    states = model.read(inputs)
    losses.cross_entropy(model.say(states[-1]), symbol).backward()
    return [math.hypot(*(v.grad for v in (state[1] if isinstance(state, tuple) else state))) for state in states]


def per_step(norms: list[float]) -> float:
    """The factor by which the norms shrink per step backward, without the first and last quarter."""
    edge = len(norms) // 4
    if norms[-1 - edge] == 0.0:
        return 0.0  # The norm has already underflowed there.
    return float((norms[edge] / norms[-1 - edge]) ** (1.0 / (len(norms) - 1 - 2 * edge)))


def nodes(state: Any) -> list[Value]:
    """The nodes of a state: h, or h and c."""
    return [*state[0], *state[1]] if isinstance(state, tuple) else state


def spectral_radius(cell: Any) -> float:
    """The spectral radius of the Jacobian of a blank step, after many blank steps."""
    blank, rest = [0.0] * options.symbols, None
    with no_grad():
        for _ in range(10 * longest):
            rest = cell(blank, rest)
    jacobian = []
    for v in nodes(cell(blank, rest)):
        for u in nodes(rest):
            u.grad = 0.0
        v.backward()
        jacobian.append([u.grad for u in nodes(rest)])
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
# ## Back through time, one step after another
#
# In a cell with one unit, each factor is a number. It reads 1, 0, 0, 0, and the loss L is at the end. On the way back
# from one state to the one before, the gradient is multiplied by the slope of tanh, at most 1, and by the weight of
# the state.

# %%
small = nn.RNNCell(1, 1, rng=random.Random(options.seed))
impulse = [[1.0], [0.0], [0.0], [0.0]]
after: Any = None
for height in impulse:
    after = small(height, after)
at_the_end = losses.squared_error(after, [0.5])
at_the_end.label = "L"
print()
save(draw(small, impulse), options.out / "sequences-network.svg")
walk = Stepper(at_the_end)
for step in walk:
    if step.phase == "backward" and step.touched.startswith(("h[", "z[")):
        print(step)

# %%
walk.to("h[t=1]")
show(walk)

# %% [markdown]
# ## Training on the task
#
# Every batch has all sequences of the task, one for each symbol. The LSTM has four times as many weights as the RNN.

# %%
accuracies: dict[tuple[str, int], list[float]] = {(kind, gap): [] for kind in COLOURS for gap in options.gaps}
remembering: dict[str, list[float]] = {}
print(f"\nwhich of {options.symbols} symbols was it?")
for gap, _, kind in product(options.gaps, range(options.tries), COLOURS):
    model, sequences = Reader(kind, options.symbols, options.symbols), task(gap)
    if kind == "LSTM":
        keep_for(gap, model.cell)
    started = perf_counter()
    history = fit(model, model.answer, losses.cross_entropy, sequences, lr=0.02, stop_below=0.05)
    seconds = perf_counter() - started
    with no_grad():
        answers = [[v.data for v in model.answer(inputs)] for inputs, _ in sequences]
    right = sum(answer.index(max(answer)) == symbol for symbol, answer in enumerate(answers))
    accuracies[kind, gap].append(right / len(sequences))
    if gap == longest:
        remembering.setdefault(kind, history.losses)
    after = f"right after {len(history.losses)} epochs, {seconds:.1f} s"
    print(f"  after {gap:3} steps {kind:4} gets {right} of {len(sequences)} {after}")
    if history.stopped_by == "interrupt":
        break

# %% [markdown]
# ## Pictures

# %%
figure, axes = plt.subplot_mosaic([["wave", "wave"], ["left", "right"]], figsize=(10, 6.6))
ahead = range(SEEN, SEEN + AHEAD)
axes["wave"].plot(range(SEEN), heights[:SEEN], color="black", label="read")
axes["wave"].plot(ahead, heights[SEEN:], color="#c8c8c8", linewidth=6, label="the true wave")
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
        (g + (k * options.tries + n - options.tries + 0.5) * width, accuracy)
        for g, gap in enumerate(options.gaps)
        for n, accuracy in enumerate(accuracies[kind, gap])
    ]
    solvers.bar([x for x, _ in places], [accuracy for _, accuracy in places], 0.8 * width, color=colour, label=kind)
solvers.axhline(1.0 / options.symbols, color="black", linestyle=":", label="guessing")
solvers.set(title="accuracy of each network", xlabel="steps to remember", ylim=(0, 1.25))
solvers.set_xticks(range(len(options.gaps)), list(map(str, options.gaps)))
solvers.set_yticks([0.0, 0.25, 0.5, 0.75, 1.0])
solvers.legend(loc="upper center", ncols=3)
save(figure, options.out / "sequences-gradient.png")

# %% [markdown]
# ## Comparison with theory and published results
#
# The published task (table 2 of Hochreiter and Schmidhuber 1997) is to remember one of two symbols for 100 steps full
# of other symbols. There were 18 trials of each network, and an RNN had up to 5 million sequences. Here a network has
# solved the task if it names each symbol correctly after the last epoch.


# %%
def solved(kind: str) -> str:
    """The number of networks that named every symbol after the longest gap."""
    return f"{accuracies[kind, longest].count(1.0)} of {len(accuracies[kind, longest])} (gap {longest})"


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

# %% [markdown]
# ## Exercises
#
# Write the body of each function, and run the cell below it, which checks your answer.
#
# 1. A cell of one unit is h' = tanh(x + w·h). What is the derivative of its last state by the first one, in terms of w
#    and of the states after each step? (The slope of tanh is 1 − h² where its value is h.)


# %% answer
def by_first_state(w: float, states: list[float]) -> float:
    """The derivative of the last of these states by the state before the first of them."""
    return math.prod(w * (1 - h * h) for h in states)


# %%
@check
def by_first_state_is_right() -> None:
    for w, inputs in ((0.9, [0.5, -0.3, 0.2]), (-1.5, [0.1, 0.2])):
        first = h = Value(0.4)
        states = []
        for x in inputs:
            h = (x + w * h).tanh()
            states.append(h.data)
        h.backward()
        agree(by_first_state(w, states), first.grad, f"for w = {w} and the states {states}")


# %% [markdown]
# 2. Write the clipping of a gradient: if its norm is above `most`, it is multiplied by a factor, so that its norm is
#    `most`; its direction stays.


# %% answer
def clipped(gradient: list[float], most: float) -> list[float]:
    """The gradient, or if it is longer than most, the gradient of that length and the same direction."""
    factor = max(1.0, math.hypot(*gradient) / most)
    return [g / factor for g in gradient]


# %%
@check
def clipped_is_right() -> None:
    agree(clipped([3.0, 4.0], 1.0), [0.6, 0.8], "3, 4 to the norm 1")
    agree(clipped([3.0, -4.0], 10.0), [3.0, -4.0], "3, -4 is shorter than 10")
