"""The nodes of a graph in order, and derivatives of its nodes by others as nodes of the same graph.

>>> from autograd import Value
>>> from autograd.functional.graphs import Linear, grad_graph
>>> x, y = Value(3.0), Value(4.0)
>>> [v.data for v in grad_graph(x * y, wrt=[x, y])]
[4.0, 3.0]
>>> linear = Linear([x, y])
>>> [[v.data for v in row] for row in linear.forward([x * y, x + y], [[1.0, 10.0]])]
[[34.0, 11.0]]
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cache
from typing import Any, TypeAlias

from autograd.arguments import a_value, shown
from autograd.engine import functions, ieee, reading
from autograd.engine.graph import is_constant
from autograd.engine.modes import recording
from autograd.engine.tape import Tape
from autograd.engine.value import Value, constant, record_many

Number: TypeAlias = Value | float
"""A Value, or a float where it depends on none."""


def topological_order(root: Value) -> list[Value]:
    """The list of all nodes of the graph of root, each once and after its operands, so that root is the last.

    The order follows the operands from left to right, so it is the same in every process. A leaf comes directly before
    the first node that uses it. TypeError if root is no Value.

    >>> x = Value(3.0, label="x")
    >>> [v.op or v.label or v.data for v in topological_order(x * x + 1)]
    ['x', 'multiply', 1.0, 'add']
    """
    return reading.all_in_order(a_value(root, "topological_order"))


def grad_graph(root: Value, wrt: Iterable[Value]) -> list[Value]:
    """The derivatives ∂root/∂v for each v in wrt, as a list of Values that are ordinary nodes of the same graph.

    They can be differentiated again, drawn, and used in further operations. No `.grad` changes. The derivative is 0 for
    a v on which root doesn't depend. A derivative may use a result, as that of z = tanh(x), which is 1 - z², uses z. If
    it is differentiated again by such an interior node z, this use counts too.

    TypeError if root is no Value or wrt no sequence of Values, RuntimeError inside `no_grad()`, ValueError if the data
    of a node was changed after the graph was built, or if a v is a constant of the graph.

    >>> x, y = Value(3.0), Value(4.0)
    >>> dx, dy = grad_graph(x * x * y, wrt=[x, y])
    >>> grad_graph(dx, wrt=[y])
    [Value(data=6.0)]
    """
    a_value(root, "grad_graph")
    wrt = list(wrt) if isinstance(wrt, Iterable) else wrt
    if not isinstance(wrt, list) or not all(type(v) is Value for v in wrt):
        raise TypeError(f"grad_graph takes wrt as a sequence of Values, not {shown(wrt)}; write wrt=[x, …]")
    if constants := [v.data for v in wrt if is_constant(v)]:
        raise ValueError(
            f"the number {constants[0]} is a constant of its graph; make a Value of it to differentiate by it"
        )
    check_recording()
    return Linear(wrt).back([root], [1.0])


def check_recording() -> None:
    """Raise a RuntimeError inside `no_grad()`."""
    if not recording():
        raise RuntimeError("a gradient is made of recorded nodes; leave no_grad() first")


class Linear:
    """The derivative by some inputs as a linear map, applied forward to tangents or back to cotangents.

    Both ways multiply by the same local derivatives. These are Values too, so all results can be differentiated again.
    Each of them is a new node, which the caller can label. Several sweeps form the local derivatives once, so keep the
    graph until the last one.
    """

    def __init__(self, inputs: Sequence[Value]) -> None:
        self._inputs = inputs
        self._formed: dict[int, Sequence[Any]] = {}
        """The local derivatives of nodes, by their ids."""
        self._given: set[int] = set()
        """The ids of the nodes that the caller has."""

    def back(self, results: Sequence[Value], cotangents: Sequence[Number]) -> list[Value]:
        """The cotangent of each input. A result whose cotangent is a plain 0.0 takes no part."""
        parts = [(y, c) for y, c in zip(results, cotangents, strict=True) if not is_zero(c)]
        sweep = self._sweep([y for y, _ in parts], [c for _, c in parts])
        found = sweep.tape.gradients(sweep, sweep.way)
        return self._own([found.get(place, 0.0) for place in sweep.places], sweep.tape, cotangents)

    def forward(self, results: Sequence[Value], directions: Iterable[Sequence[Number]]) -> list[list[Value]]:
        """For each direction, which has a tangent of each input, the list of the tangents of the results.

        In a direction in which its tangent is a plain 0.0, an input does not move.
        """
        sweep, directions = self._sweep(results, ()), list(directions)
        if sweep.meets_zero_length():
            return [self._by_two_sweeps_back(results, tangents) for tangents in directions]
        found = sweep.tangents(directions)
        return [self._own(row, sweep.tape, seeds) for row, seeds in zip(found, directions, strict=True)]

    def _by_two_sweeps_back(self, results: Sequence[Value], tangents: Sequence[Number]) -> list[Value]:
        """The tangents of the results: the derivatives of what `back` returns by its cotangents, weighted by tangents.

        Only a sweep back sees what a length of 0 is multiplied by.
        """
        weights = [Value(1.0) for _ in results]
        return Linear(weights).back(Linear(self._inputs).back(results, weights), tangents)

    def _sweep(self, results: Sequence[Value], cotangents: Sequence[Number]) -> "_OverValues":
        return _OverValues(results, cotangents, self._inputs, self._formed)

    def _own(self, found: Sequence[Number], tape: Tape, seeds: Sequence[Number]) -> list[Value]:
        """A new node for each that is a node of the graph, as ∂(w·x)/∂w is x, or that the caller has."""
        given = self._given
        given.update([id(seed) for seed in seeds if type(seed) is Value])
        own = []
        for number in found:
            new = constant(number) if isinstance(number, float) else number
            new = +new if new in tape or id(new) in given else new
            own.append(new)
            given.add(id(new))
        return own


class _OverValues:
    """The arithmetic of a sweep whose numbers are Values, or floats where they depend on none."""

    def __init__(
        self,
        results: Sequence[Value],
        cotangents: Sequence[Number],
        inputs: Sequence[Value],
        formed: dict[int, Sequence[Any]],
    ) -> None:
        # One root above all results starts a sweep from all of them; its local derivatives are their cotangents.
        self._joined = len(cotangents) != 1
        self.tape = Tape(record_many("total", 0.0, list(results), [1.0] * len(results)) if self._joined else results[0])
        tape = self.tape
        self.places = [tape.place(v) if v in tape else -1 for v in inputs]
        self.way = tape.leading_to([place for place in self.places if place >= 0])
        self._results = results
        self._cotangents = cotangents
        self._formed = formed
        self._partials, self._lengths, self._ratio = _formulas()

    def one(self) -> Number:
        return 1.0 if self._joined else self._cotangents[0]

    def partials(self, place: int) -> Sequence[Any]:
        tape, way = self.tape, self.way
        if self._joined and place == tape.roots[0]:
            return self._cotangents
        node = tape.node(place)
        found = self._formed.get(id(node))
        if found is None:
            operands = tape.operands_of(place)
            row = [*map(tape.node, operands)]
            found = self._partials(node, row, [k in way for k in operands])
            if node.data == 0.0 and node.op in self._lengths:
                found = [self._ratio(x, node, decided) for x, decided in zip(row, found, strict=True)]
            self._formed[id(node)] = found
        return found

    def meets_zero_length(self) -> bool:
        """Whether a length of 0 is on the way, whose derivative x/z depends on what it is multiplied by."""
        tape, lengths = self.tape, self._lengths
        return any(op in lengths for op in tape.operations) and any(
            tape.data[place] == 0.0 and tape.operation(place) in lengths for place in self.way
        )

    def contribution(self, upstream: Number, partial: Any) -> Number:
        if isinstance(partial, self._ratio):
            return partial.times(upstream)  # type: ignore[no-any-return]
        # A factor of 1 or -1 needs no node of a product.
        if type(upstream) is float and (upstream == 1.0 or upstream == -1.0):
            return partial if upstream == 1.0 else -partial  # type: ignore[no-any-return]
        if type(partial) is float and (partial == 1.0 or partial == -1.0):
            return upstream if partial == 1.0 else -upstream
        return upstream * partial  # type: ignore[no-any-return]

    def accumulated(self, before: Number | None, amount: Number) -> Number:
        return amount if before is None else before + amount

    def tangents(self, directions: Sequence[Sequence[Number]]) -> list[list[Number]]:
        """For each direction the tangents of the results, in one sweep forward from the tangents of the inputs."""
        tape = self.tape
        moved: dict[int, dict[int, Number]] = {}
        for i, place in enumerate(self.places):
            seeds = enumerate(tangents[i] for tangents in directions)
            moved[place] = {direction: t for direction, t in seeds if not is_zero(t)}
        for place in sorted(self.way.difference(tape.roots)):
            operands = tape.operands_of(place)
            moving = [(i, moved[operands[i]]) for i in tape.passes_on(place) if moved.get(operands[i])]
            if moving:
                partials = self.partials(place)
                moved[place] = {
                    direction: self._weighted([(row[direction], partials[i]) for i, row in moving if direction in row])
                    for direction in dict.fromkeys(direction for _, row in moving for direction in row)
                }
        rows = [moved.get(tape.place(y), {}) for y in self._results]
        return [[row.get(direction, 0.0) for row in rows] for direction in range(len(directions))]

    def _weighted(self, terms: list[tuple[Number, Number]]) -> Number:
        """The sum of tangents times local derivatives."""
        if len(terms) <= 2:
            first, *rest = [self.contribution(t, partial) for t, partial in terms]
            return self.accumulated(first, rest[0]) if rest else first
        tangents, partials = [t for t, _ in terms], [partial for _, partial in terms]
        if all(isinstance(x, float) for x in (*tangents, *partials)):
            return ieee.dot(tangents, partials)  # type: ignore[arg-type]
        ones = all(isinstance(partial, float) and partial == 1.0 for partial in partials)
        return functions.total(tangents) if ones else functions.dot(tangents, partials)


@cache
def _formulas() -> tuple[Callable[..., Sequence[Any]], Collection[str], type[Any]]:
    from autograd.formula import lengths, partials_over_values  # Programs without such gradients start sooner.

    return partials_over_values, lengths.LENGTHS, lengths.Ratio


def is_zero(seed: Number) -> bool:
    """Whether a tangent or a cotangent is a plain 0.0."""
    return isinstance(seed, float) and seed == 0.0
