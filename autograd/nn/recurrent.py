"""Recurrent cells, which hand a state on from one step of a sequence to the next.

>>> import random
>>> from autograd.nn import RNNCell
>>> cell = RNNCell(1, 2, rng=random.Random(1))
>>> h = None
>>> for x in [0.5, -1.0, 0.25]:
...     h = cell([x], h)
>>> h
[Value(data=-0.278837), Value(data=-0.0901584)]

The graph of a sequence contains every step, so `backward` from its end is backpropagation through time.
"""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Final

from autograd.arguments import is_row, whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn import choices
from autograd.nn.choices import Activation, Initial, activate, inputs, recorded, title
from autograd.nn.module import Module
from autograd.show.layers import Layer, Output, Units
from autograd.show.models import write_places
from autograd.wording import counted

State = Sequence[Number]
_GATES: Final = {"i": "sigmoid", "f": "sigmoid", "g": "tanh", "o": "sigmoid"}
"""The gates of an LSTM with their activations, in PyTorch's order."""


class _Cell(Module):
    """The preactivations W_ih·x + b_ih + W_hh·h + b_hh, with one row for each gate and hidden unit.

    The parameters have PyTorch's names, shapes and order, so that a saved cell can be loaded there.
    """

    def __init__(self, nin: int, nhidden: int, gates: int, bias: bool, init: str, rng: Random | None) -> None:
        nin, nhidden = whole("the number of inputs", nin), whole("the hidden size", nhidden)
        rows = gates * nhidden
        initial = Initial(init, nhidden, nhidden, rng)
        # PyTorch takes the hidden size for the bound of all parameters of a cell, and fan_in is PyTorch's.
        into = initial if init == "fan_in" else Initial(init, nin, nhidden, rng)
        self.weight_ih = [[into.weight() for _ in range(nin)] for _ in range(rows)]
        self.weight_hh = [[initial.weight() for _ in range(nhidden)] for _ in range(rows)]
        self.bias_ih = [initial.bias() for _ in range(rows)] if bias else []
        self.bias_hh = [initial.bias() for _ in range(rows)] if bias else []

    @property
    def nhidden(self) -> int:
        """The hidden size: the length of the state."""
        return len(self.weight_hh[0])

    def _rows(self, x: Sequence[Number], h: State | None) -> list[Value]:
        kind = type(self).__name__
        x = inputs(x, len(self.weight_ih[0]), f"an {kind}", of_rows="state = cell(x, state) for each x of a sequence")
        # All rows share the constant that a number becomes, so that it is one node and not one for each row.
        both = [operand(v, kind) for v in (*x, *self._state(h, "h"))]
        rows = [dot(into + back, both) for into, back in zip(self.weight_ih, self.weight_hh, strict=True)]
        if not self.bias_ih:
            return rows
        return [z + b + c for z, b, c in zip(rows, self.bias_ih, self.bias_hh, strict=True)]

    def _layer_of(
        self, activation: Activation, gates: Sequence[str], outputs: Callable[[], Sequence[Output]]
    ) -> list[Layer]:
        """The layer of all rows of the cell."""
        columns = [("weight_ih", (len(self.weight_ih[0]),)), ("weight_hh", (self.nhidden,))]
        units = Units(
            *("cell", title(activation)),
            rows=len(self.weight_hh),
            weights=columns,
            biases=("bias_ih", "bias_hh"),
            outputs=outputs,
            gates=gates,
        )
        rows = [into + back for into, back in zip(self.weight_ih, self.weight_hh, strict=True)]
        biases = [[*both] for both in zip(self.bias_ih, self.bias_hh, strict=True)]
        return [Layer(units, rows, biases or [[]] * len(rows))]

    def _state(self, given: State | None, name: str) -> State:
        if given is None:
            return [0.0] * self.nhidden
        return inputs(given, self.nhidden, f"the state {name} of an {type(self).__name__}", "number")

    def __repr__(self) -> str:
        return f"{type(self).__name__} of {counted(len(self.weight_ih[0]), 'input')}, hidden size {self.nhidden}"


class RNNCell(_Cell):
    """A plain recurrent cell: h' = activation(W_ih·x + b_ih + W_hh·h + b_hh).

    Called with a list of nin inputs and the last state h, it returns the next state: a list of nhidden Values.
    Without a state it starts from zeros. The parameters are `weight_ih` (nhidden × nin), `weight_hh`
    (nhidden × nhidden), `bias_ih` and `bias_hh` (nhidden, or empty for bias=False), by default uniform within
    ±1/√nhidden, as in PyTorch. ValueError for sizes below 1, for unknown names, and for inputs or a state of another
    length; TypeError for inputs or a state that are no lists. Source: J. Elman, Finding Structure in Time (1990).
    """

    def __init__(
        self,
        nin: int,
        nhidden: int,
        *,
        activation: Activation = "tanh",
        bias: bool = True,
        init: str = "fan_in",
        rng: Random | None = None,
    ) -> None:
        chosen: Activation = choices.activation(activation, nhidden)
        super().__init__(nin, nhidden, 1, bias, init, rng)
        self.activation = chosen
        write_places(self)

    def _named_layers(self) -> list[Layer]:
        return self._layer_of(self.activation, [""], partial(recorded, self.activation))

    def __call__(self, x: Sequence[Number], h: State | None = None) -> list[Value]:
        return activate(self.activation, self._rows(x, h))


class LSTMCell(_Cell):
    """A cell with a long short-term memory: a state h and a memory c, each of nhidden Values.

    The preactivations W_ih·x + b_ih + W_hh·h + b_hh have 4·nhidden rows, in PyTorch's order i, f, g, o:

        c' = σ(f)·c + σ(i)·tanh(g)      h' = σ(o)·tanh(c')

    Called with a list of nin inputs and the last pair (h, c), it returns the next pair (h', c') of lists. Without a
    pair both start from zeros. The parameters, initialisation and errors are those of RNNCell, with 4·nhidden rows;
    TypeError also for a state that is no pair. Source: S. Hochreiter, J. Schmidhuber, Long Short-Term Memory
    (1997), with the forget gate of F. Gers et al. (2000).
    """

    def __init__(
        self, nin: int, nhidden: int, *, bias: bool = True, init: str = "fan_in", rng: Random | None = None
    ) -> None:
        super().__init__(nin, nhidden, 4, bias, init, rng)
        write_places(self)

    def _named_layers(self) -> list[Layer]:
        """The layer of the cell: a unit has rows zi, zf, zg, zo, gates i, f, g, o, a memory c and an output h."""
        gates = [Output(symbol, k, (op,)) for k, (symbol, op) in enumerate(_GATES.items())]
        memory = Output("c", 1, ("sigmoid", "multiply", "add"))
        outputs = [*gates, memory, Output("h", 3, ("sigmoid", "multiply"))]
        return self._layer_of("tanh", [*_GATES], lambda: outputs)

    def __call__(
        self, x: Sequence[Number], state: tuple[State, State] | None = None
    ) -> tuple[list[Value], list[Value]]:
        pair = isinstance(state, (tuple, list)) and len(state) == 2 and is_row(state[0])
        if state is not None and not pair:
            raise TypeError("the state of an LSTMCell is the pair (h, c) that its last call returned; pass both")
        h, c = state if state is not None else (None, None)
        memory = self._state(c, "c")
        rows = self._rows(x, h)
        n = self.nhidden
        i, f, g, o = (rows[k * n : (k + 1) * n] for k in range(4))
        c_next = [f[k].sigmoid() * memory[k] + i[k].sigmoid() * g[k].tanh() for k in range(n)]
        return [o[k].sigmoid() * c_next[k].tanh() for k in range(n)], c_next
