"""Cells that keep a state from one step of a sequence to the next.

>>> import random
>>> from autograd.nn import RNNCell
>>> cell = RNNCell(1, 2, rng=random.Random(1))
>>> h = None
>>> for x in [0.5, -1.0, 0.25]:
...     h = cell([x], h)
>>> h
[Value(data=-0.278837, grad=0.0), Value(data=-0.0901584, grad=0.0)]

The gradient of a loss of the last state goes back through every step: backpropagation through time is the graph.
"""

import random
from collections.abc import Sequence

from autograd.arguments import known, whole
from autograd.engine.functions import dot
from autograd.engine.value import Number, Value, operand
from autograd.nn.choices import ACTIVATIONS, Initial, activate, inputs
from autograd.nn.module import Module
from autograd.wording import counted

State = Sequence[Number]


class _Cell(Module):
    """As many rows of W_ih·x + b_ih + W_hh·h + b_hh as there are hidden units, or four times as many.

    The parameters have PyTorch's names, shapes and order, so that a saved cell loads there.
    """

    def __init__(self, nin: int, nhidden: int, gates: int, bias: bool, init: str, rng: random.Random | None) -> None:
        nin, nhidden = whole("the number of inputs", nin), whole("the number of hidden units", nhidden)
        rows = gates * nhidden
        initial = Initial(init, nhidden, nhidden, rng)
        # PyTorch's bound, fan_in, goes by the hidden units for all of a cell.
        into = initial if init == "fan_in" else Initial(init, nin, nhidden, rng)
        self.weight_ih = [[into.weight() for _ in range(nin)] for _ in range(rows)]
        self.weight_hh = [[initial.weight() for _ in range(nhidden)] for _ in range(rows)]
        self.bias_ih = [initial.bias() for _ in range(rows)] if bias else []
        self.bias_hh = [initial.bias() for _ in range(rows)] if bias else []

    @property
    def nhidden(self) -> int:
        """The number of hidden units: what the state has."""
        return len(self.weight_hh[0])

    def _rows(self, x: Sequence[Number], h: State | None) -> list[Value]:
        kind = type(self).__name__
        x = inputs(x, len(self.weight_ih[0]), f"an {kind}")
        # A number is made a constant once, and not by every row.
        both = [operand(v, kind) for v in (*x, *self._state(h, "h"))]
        rows = [dot(into + back, both) for into, back in zip(self.weight_ih, self.weight_hh, strict=True)]
        if not self.bias_ih:
            return rows
        return [z + b + c for z, b, c in zip(rows, self.bias_ih, self.bias_hh, strict=True)]

    def _state(self, given: State | None, name: str) -> State:
        if given is None:
            return [0.0] * self.nhidden
        return inputs(given, self.nhidden, f"the state {name} of an {type(self).__name__}", "number")

    def __repr__(self) -> str:
        units = counted(self.nhidden, "hidden unit")
        return f"{type(self).__name__} of {units}, {counted(len(self.weight_ih[0]), 'input')}"


class RNNCell(_Cell):
    """h' = activation(W_ih·x + b_ih + W_hh·h + b_hh): nin inputs, nhidden numbers of state.

    Called with the inputs and the last state, it returns the next state, a list; without one, it starts from zeros.
    By default parameters are uniform within ±1/√nhidden, as PyTorch's are. ValueError for sizes below 1, unknown
    names, and inputs or a state of another length. Source: J. Elman, Finding Structure in Time (1990).
    """

    def __init__(
        self,
        nin: int,
        nhidden: int,
        *,
        activation: str = "tanh",
        bias: bool = True,
        init: str = "fan_in",
        rng: random.Random | None = None,
    ) -> None:
        known("activation", activation, ACTIVATIONS)
        super().__init__(nin, nhidden, 1, bias, init, rng)
        self.activation = activation

    def __call__(self, x: Sequence[Number], h: State | None = None) -> list[Value]:
        return activate(self.activation, self._rows(x, h))


class LSTMCell(_Cell):
    """A cell with a memory: nin inputs, nhidden numbers of state h and as many of memory c.

    With the rows of W_ih·x + b_ih + W_hh·h + b_hh in four parts, as PyTorch orders them, i f g o:

        c' = σ(f)·c + σ(i)·tanh(g)      h' = σ(o)·tanh(c')

    Called with the inputs and the last (h, c), it returns the next (h', c'), two lists; without, both start from
    zeros. Initialisation and errors are those of RNNCell. Source: S. Hochreiter, J. Schmidhuber, Long Short-Term
    Memory (1997), with the forget gate of F. Gers et al. (2000).
    """

    def __init__(
        self, nin: int, nhidden: int, *, bias: bool = True, init: str = "fan_in", rng: random.Random | None = None
    ) -> None:
        super().__init__(nin, nhidden, 4, bias, init, rng)

    def __call__(
        self, x: Sequence[Number], state: tuple[State, State] | None = None
    ) -> tuple[list[Value], list[Value]]:
        pair = isinstance(state, (tuple, list)) and len(state) == 2 and not isinstance(state[0], (Value, float, int))
        if state is not None and not pair:
            raise TypeError("the state of an LSTMCell is the pair (h, c) that it returned")
        h, c = state if state is not None else (None, None)
        memory = self._state(c, "c")
        rows = self._rows(x, h)
        n = self.nhidden
        took, kept, new, shown = (rows[k * n : (k + 1) * n] for k in range(4))
        c_next = [f.sigmoid() * m + i.sigmoid() * g.tanh() for i, f, g, m in zip(took, kept, new, memory, strict=True)]
        return [o.sigmoid() * m.tanh() for o, m in zip(shown, c_next, strict=True)], c_next
