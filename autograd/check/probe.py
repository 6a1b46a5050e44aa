"""A function of Values, seen as a function of floats.

>>> from autograd.check.probe import Probe
>>> probe = Probe(lambda x: x * x, [3.0])
>>> probe.at(probe.inputs[0], 0.5), probe.backward(probe.root())
(12.25, [6.0])
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from autograd.blocks import trial
from autograd.check.bounds import rounding
from autograd.check.calls import refuse_slips, shown
from autograd.engine.modes import recording
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.functional import leaves, rebuild, topological_order


class Probe:
    """A function of Values at its inputs; every input that it moves is put back."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[object]) -> None:
        refuse_slips(f, inputs)
        self._f = f
        self.inputs = [x if type(x) is Value else Value(x) for x in leaves(inputs)]
        if any(v.operands for v in self.inputs):
            raise ValueError("inputs must be leaves or numbers: a change of a result would not reach its operands")
        self._arguments = rebuild(inputs, iter(self.inputs))

    def root(self) -> Value:
        """The root of the graph that f records now."""
        if not recording():
            raise RuntimeError("a gradient is checked on recorded nodes; leave no_grad() first")
        with trial():  # A step may leave the domain of f, which is no mistake of the caller.
            root = self._f(*self._arguments)
        if type(root) is not Value:
            raise TypeError(f"f must return one Value, not {shown(root)}; {_remedy(root)}")
        return root

    def at(self, v: Value, shift: float) -> float:
        """f with the input v moved by shift."""
        with _moved(v, shift):  # The root may be v itself, so it is read here.
            return self.root().data

    def rounded_at(self, v: Value, shift: float) -> tuple[float, float]:
        """The same, and a bound on its rounding."""
        with _moved(v, shift):
            root = self.root()
            return root.data, rounding(Tape(root))

    def backward(self, root: Value) -> list[float]:
        """The gradient of a root by `backward`; every `.grad` is put back, those of leaves inside f too."""
        nodes = {id(v): v for v in [*topological_order(root), *self.inputs]}.values()
        kept = [v.grad for v in nodes]
        try:
            for v in nodes:
                v.grad = 0.0
            with trial():
                root.backward()
            return [v.grad for v in self.inputs]
        finally:
            for v, g in zip(nodes, kept, strict=True):
                v.grad = g


@contextmanager
def _moved(v: Value, shift: float) -> Iterator[None]:
    kept = v.data
    v.data = kept + shift
    try:
        yield
    finally:
        v.data = kept


def _remedy(result: object) -> str:
    if result is None:
        return "does it lack a return?"
    if isinstance(result, (list, tuple)):
        return "check one of its items, or their sum by total()"
    return "compute with Values, x.exp() and not math.exp(x.data), and return the node"
