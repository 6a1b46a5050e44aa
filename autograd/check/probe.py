"""A function of Values, seen as a function of floats: its values, its gradient, and how far rounding moves it.

>>> from autograd.check.probe import Probe
>>> probe = Probe(lambda x: x * x, [3.0])
>>> probe.at(probe.inputs[0], 0.5), probe.backward(probe.root())
(12.25, [6.0])
"""

import inspect
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from autograd.engine import rules
from autograd.engine.modes import recording, relaxed
from autograd.engine.tape import Tape
from autograd.engine.value import Value
from autograd.functional import leaves, rebuild, topological_order
from autograd.wording import counted, visible

OWN: Final = 8.0
"""How often a user's own operation may round."""


class Probe:
    """A function of Values at its inputs; every input that it moves is put back."""

    def __init__(self, f: Callable[..., Any], inputs: Sequence[object]) -> None:
        _refuse_slips(f, inputs)
        self._f = f
        self.inputs = [x if isinstance(x, Value) else Value(x) for x in leaves(inputs)]
        if any(v.operands for v in self.inputs):
            raise ValueError("inputs must be leaves or numbers: a change of a result would not reach its operands")
        self._arguments = rebuild(inputs, iter(self.inputs))

    def root(self) -> Value:
        """The root of the graph that f records now."""
        if not recording():
            raise RuntimeError("a gradient is checked on recorded nodes; leave no_grad() first")
        with relaxed():  # A step may leave the domain of f, which is no mistake of the caller.
            root = self._f(*self._arguments)
        if not isinstance(root, Value):
            raise TypeError(f"f must return one Value, not {_shown(root)}; {_remedy(root)}")
        return root

    def at(self, v: Value, shift: float) -> float:
        """f with the input v moved by shift."""
        with _moved(v, shift):  # The root may be v itself, so it is read here.
            return self.root().data

    def rounded_at(self, v: Value, shift: float) -> tuple[float, float]:
        """The same, and a bound on its rounding."""
        with _moved(v, shift):
            root = self.root()
            return root.data, sensitivity(root).rounding

    def backward(self, root: Value) -> list[float]:
        """The gradient of a root by `backward`; every `.grad` is put back, those of leaves inside f too."""
        nodes = {id(v): v for v in [*topological_order(root), *self.inputs]}.values()
        kept = [v.grad for v in nodes]
        try:
            for v in nodes:
                v.grad = 0.0
            with relaxed():
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


# ── rounding ──


class Sensitivity(NamedTuple):
    """How the root of a tape depends on its parts, to first order."""

    rounding: float
    """A bound on how far the rounding of all results moves the root."""
    steepness: dict[int, float]
    """For each leaf, by its id, the derivative if no contribution to it cancelled another."""


def sensitivity(root: Value) -> Sensitivity:
    """How a root depends on its graph; unlike gradients, rounding passes through detached nodes. Infinite terms are 0.

    Source: S. Linnainmaa, Taylor expansion of the accumulated rounding error, BIT 16 (1976) 146-160.
    """
    tape = Tape(root)
    signed, sized = [0.0] * len(tape), [0.0] * len(tape)
    signed[-1] = sized[-1] = 1.0
    rounding, steepness = 0.0, {}
    for place in range(len(tape) - 1, -1, -1):
        start, end = tape.starts[place], tape.starts[place + 1]
        operands, partials = tape.operands[start:end], tape.partials[start:end]
        if tape.operation(place) == "detach":
            partials[0] = 1.0
        if operands:
            rounding += _finite(abs(signed[place]) * _unit(tape, place))
        else:
            steepness[id(tape.node(place))] = _finite(sized[place])
        for operand, partial in zip(operands, partials, strict=True):
            signed[operand] += signed[place] * partial
            sized[operand] += abs(sized[place] * partial)
    return Sensitivity(rounding, steepness)


def _unit(tape: Tape, place: int) -> float:
    """The rounding of one result."""
    x = [tape.data[k] for k in tape.operands_of(place)]
    inside = [tape.data[place]]
    if len(x) > 1:  # Such an operation may round terms of a sum that cancel each other.
        start = tape.starts[place]
        inside += [each * tape.partials[start + i] for i, each in enumerate(x)]
    if not hasattr(rules, tape.operation(place)):  # A user's own rule may compute with numbers of size 1, or of x.
        return OWN * max(math.ulp(_finite(each)) for each in [*inside, *x, 1.0])
    return max(math.ulp(_finite(each)) for each in inside)


def _finite(x: float) -> float:
    return x if math.isfinite(x) else 0.0


# ── words ──


def names_of(f: Callable[..., Any], inputs: Sequence[object]) -> list[str]:
    """The names of the inputs, such as x or ws[1][0], from the parameters of f; else their positions."""
    parameters = [p for p in _parameters(f) if p.kind != p.KEYWORD_ONLY]
    named = len(parameters) >= len(inputs) and all(p.kind != p.VAR_POSITIONAL for p in parameters)
    return [
        name for i, part in enumerate(inputs) for name in _names_within(part, parameters[i].name if named else str(i))
    ]


def _names_within(part: object, name: str) -> Iterator[str]:
    if isinstance(part, (list, tuple)):
        for k, item in enumerate(part):
            yield from _names_within(item, f"{name}[{k}]")
    else:
        yield name


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):  # Some functions of C have no signature.
        return []


def _refuse_slips(f: object, inputs: object) -> None:
    """Raise the error of a call that can't work, before f is called."""
    if not callable(f):
        raise TypeError(f"f is a function of Values, not {_shown(f)}; give it first, as in (lambda x: x * x, [3.0])")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"inputs is a list with one entry per argument of f, not {_shown(inputs)}; write [x, ...]")
    if not any(True for _ in leaves(inputs)):
        raise ValueError("inputs is empty, so there is no derivative to check; give one entry per argument of f")
    parameters = _parameters(f)
    if parameters:
        try:
            inspect.signature(f).bind(*inputs)
        except TypeError as error:
            taken = f"{counted(len(parameters), 'argument')}, {', '.join(map(str, parameters))}"
            raise TypeError(
                f"f takes {taken}, and the length of inputs is {len(inputs)}: {error}; give one entry per argument, "
                "and a list for an argument that is a list, as in [[x, y]]"
            ) from None


def _shown(thing: object) -> str:
    return "None" if thing is None else f"{type(thing).__name__} {visible(repr(thing))}"


def _remedy(result: object) -> str:
    if result is None:
        return "does it lack a return?"
    if isinstance(result, (list, tuple)):
        return "check one of its items, or their sum by total()"
    return "compute with Values, x.exp() and not math.exp(x.data), and return the node"
