"""A tape for people who read a graph: softmax, log-softmax and cross-entropy are one entry each, as in a textbook.

>>> from autograd import Value, losses
>>> from autograd.show.fold import folded
>>> loss = losses.cross_entropy([Value(2.0), Value(0.0)], 0)
>>> [entry.operation or entry.data for entry in folded(loss)]
[2.0, 0.0, 1.0, 0.0, 'cross_entropy']
>>> [entry.operation for entry in folded(loss, inner=True)][2:]
['largest', 'detach', 'shift', 'log_of_shifted_sum', 'subtract', 'negative']

The graph stays as it is recorded. The operands of such an entry are the logits, and then a weight for each of them: the
probabilities of the target, or a 1 for its class; for softmax and log-softmax a 1 for the output that the entry is.
"""

from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from autograd.engine.tape import CONSTANT_CODE, Tape
from autograd.engine.value import Value, constant
from autograd.formula import rule
from autograd.formula.text import composed_text, only_one
from autograd.operations import is_composed
from autograd.show.lines import still_recorded
from autograd.wording import brief

FEW_OUTPUTS: Final = 10
"""Each output would have all logits for operands, so a softmax with more outputs in use than these stays open,"""
FEW_OPERANDS: Final = 10_000
"""unless all of them together have no more than so many logits."""
_ZERO, _ONE = -1, -2
"""Weights that have no place yet: two constants, which all entries share."""
_NUMBERS: Final = {_ZERO: 0.0, _ONE: 1.0}
_SUMS: Final = {"divide": "total", "subtract": "log_of_shifted_sum"}
"""The operation of an output, and that of the sum which it shares with the other outputs."""


def folded(root: Value, *others: Value, inner: bool = False) -> Tape:
    """The tape of these roots, with one entry for each softmax output, log-softmax output and cross-entropy.

    Nodes inside one stay where something else looks at them, because they are used elsewhere, have a label or are a
    root, and where data was changed since they were recorded. The local derivatives of an entry are those of its rule,
    so that a sweep may differ from `backward` in the last bits. With `inner` nothing is folded. TypeError for anything
    but Values.
    """
    tape = Tape(root, *others)
    if not inner and {"largest", "detach"} <= {*tape.operations} and (entries := _Finder(tape).entries()):
        _fold(tape, entries)
        tape.made_by = folded
    return tape


def boxed(tape: Tape, place: int) -> list[int]:
    """The positions of the operands that a picture has boxes for: all but weights that are constants.

    >>> from autograd import softmax
    >>> tape = folded(softmax([Value(2.0), 1.0])[0])
    >>> boxed(tape, tape.roots[0])
    [0, 1]
    """
    operands, composed = tape.operands_of(place), is_composed(tape.operation(place))
    return [i for i, k in enumerate(operands) if not (composed and 2 * i >= len(operands) and tape.is_constant(k))]


def caption(tape: Tape, place: int) -> str:
    """The operation of a folded entry for a picture, with z for its logits; empty for any other entry.

    >>> from autograd import losses
    >>> tape = folded(losses.cross_entropy([Value(2.0), Value(0.0)], 1))
    >>> caption(tape, tape.roots[0])
    'cross_entropy(z, 1)'
    """
    op, operands = tape.operation(place), tape.operands_of(place)
    if not is_composed(op):
        return ""
    weights = operands[len(operands) // 2 :]
    chosen = only_one([brief(tape.data[k]) if tape.is_constant(k) else "" for k in weights])
    return composed_text(op, "z", "t" if chosen is None else str(chosen))


class _Entry(NamedTuple):
    """One entry in the place of several."""

    operation: str
    operands: list[int]
    """Their places on the tape as it is recorded, or a weight that has none."""
    partials: list[float]
    inner: list[int]
    """The places of the other nodes that it stands for."""


# ── finding ──


class _Call:
    """A call of softmax or log_softmax."""

    def __init__(self, operation: str, logits: list[int], top: int) -> None:
        self.operation: Final = operation
        self.logits: Final = logits
        self.top: Final = top
        """The greatest of the logits, detached."""
        self.positions: Mapping[int, int] = {}
        """The positions of the logits, by their exponentials in softmax, and in log_softmax by themselves."""
        self.uses: Final = Counter[int]()
        """How often the nodes of the call use each of its inner nodes."""
        self.outputs: Final[dict[int, int]] = {}
        """The outputs in use, by place, each with the position of its logit."""


class _Finder:
    """Finds the patterns that `engine/functions.py` and `losses.py` record."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._roots = {*tape.roots}
        # The inner nodes of all patterns, and what uses them, come after the first greatest logit.
        self._first = tape.codes.index(tape.operations.index("largest"))
        self._uses = Counter(tape.operands[tape.starts[self._first] :])
        self._calls: dict[int, _Call | None] = {}
        """By the place of the sum that the outputs share; None if the nodes around it are no such call."""
        self._call_of: dict[int, _Call] = {}
        """By the place of an output."""

    def entries(self) -> dict[int, _Entry]:
        """The entries of all patterns, by place."""
        for place in self._all(*_SUMS):
            self._enter(place)
        closed = [call for call in self._calls.values() if call and self._is_closed(call)]
        self._call_of = {place: call for call in closed for place in call.outputs}
        losses: dict[_Call, dict[int, _Entry]] = {call: {} for call in closed}
        for place in self._all("negative"):
            call, loss = self._loss(place)
            if call and loss:
                losses[call][place] = loss
        entries: dict[int, _Entry] = {}
        for call in closed:
            entries |= self._entries_of(call, losses[call])
        return entries

    def _entries_of(self, call: _Call, losses: dict[int, _Entry]) -> dict[int, _Entry]:
        """The entries of a call and of the losses that it is in; none if it has to stay open."""
        hidden = {k for loss in losses.values() for k in loss.inner}
        shown = {place: position for place, position in call.outputs.items() if place not in hidden}
        if len(shown) > max(FEW_OUTPUTS, FEW_OPERANDS // len(call.logits)):
            return {}
        entries = {}
        for place, position in shown.items():
            entry = self._entry(call.operation, place, call, _one_hot(call, position), [])
            if entry is None:
                return {}
            entries[place] = entry
        return losses | entries

    def _entry(self, op: str, place: int, call: _Call, weights: list[int], inner: list[int]) -> _Entry | None:
        """An entry with the derivatives of its rule; None if the rule has another value than the node."""
        tape, operands = self._tape, call.logits + weights
        z, partials = rule(op).on_floats([_NUMBERS[k] if k < 0 else tape.data[k] for k in operands])
        was = tape.data[place]
        formed = [0.0 if k < 0 or tape.is_constant(k) else d for k, d in zip(operands, partials, strict=True)]
        return _Entry(op, operands, formed, [*inner, *call.uses]) if z == was or (z != z and was != was) else None

    # ── softmax and log_softmax ──

    def _enter(self, place: int) -> None:
        """Add a node to the outputs of its call, if it is one."""
        one, shared = self._operands(place)
        if shared not in self._calls:
            self._calls[shared] = self._call(shared, _SUMS[self._tape.operation(place)])
        call = self._calls[shared]
        position = None if call is None else self._position(one, call)
        if call is not None and position is not None:
            call.outputs[place] = position
            call.uses.update([one, shared])

    def _call(self, shared: int, op: str) -> _Call | None:
        """The call of softmax or log_softmax in which a node is the sum; None if there is none."""
        terms = self._operands(shared)
        if self._tape.operation(shared) != op:
            return None
        if op == "log_of_shifted_sum":
            call = _Call("log_softmax", terms[:-1], terms[-1])
            call.positions = _positions(call.logits)
            call.uses[call.top] = 1
        elif all(self._tape.operation(k) == "exp_of_difference" for k in terms):
            logits, tops = zip(*map(self._operands, terms), strict=True)
            call = _Call("softmax", [*logits], tops[0])
            call.positions = _positions(terms)
            call.uses.update([*terms, *tops])
            if {*tops} != {call.top}:
                return None
        else:
            return None
        return call if self._is_shifted(call) else None

    def _is_shifted(self, call: _Call) -> bool:
        """Whether the top of a call is the greatest of its logits, detached."""
        if self._tape.operation(call.top) != "detach":
            return False
        (greatest,) = self._operands(call.top)
        call.uses[greatest] = 1
        return self._tape.operation(greatest) == "largest" and self._operands(greatest) == call.logits

    def _position(self, one: int, call: _Call) -> int | None:
        """The position of the logit of an output, by the node that it divides or subtracts from; None for another."""
        if call.operation == "softmax":
            return call.positions.get(one)
        if self._tape.operation(one) != "shift":
            return None
        logit, top = self._operands(one)
        position = call.positions.get(logit) if top == call.top else None
        if position is not None and one not in call.uses:
            call.uses[top] += 1
        return position

    def _is_closed(self, call: _Call) -> bool:
        """Whether nothing else looks at the inner nodes of a call, and all hold what was recorded."""
        alone = all(self._uses[k] == uses and not self._is_visible(k) for k, uses in call.uses.items())
        return alone and all(still_recorded(self._tape, k) for k in (*call.uses, *call.outputs))

    # ── cross-entropy ──

    def _loss(self, place: int) -> tuple[_Call | None, _Entry | None]:
        """The call and the entry of the cross-entropy at a place, if there is one."""
        (below,) = self._operands(place)
        if call := self._call_of.get(below):
            weights, inner = _one_hot(call, call.outputs[below]), [below]
        else:
            call, weights, inner = self._weighted(below)
        if call is None or call.operation != "log_softmax" or not self._are_hidden(inner):
            return None, None
        return call, self._entry("cross_entropy", place, call, weights, inner)

    def _weighted(self, place: int) -> tuple[_Call | None, list[int], list[int]]:
        """The call of which a node adds up all outputs times weights; the weights, and the nodes that do it."""
        tape, call = self._tape, None
        weights, inner = [], [place]
        terms = self._operands(place) if tape.operation(place) == "total" else []
        for i, term in enumerate(terms):
            if tape.is_constant(term) and tape.data[term] == 0.0:  # An output with the weight 0 is left out.
                weights.append(term)
                continue
            output, weight = self._operands(term) if tape.operation(term) == "multiply" else (term, term)
            found = self._call_of.get(output) if output != term else None
            call = call or found
            if call is None or found is not call or len(terms) != len(call.logits):
                return None, [], []
            if call.logits[i] != call.logits[call.outputs[output]]:
                return None, [], []
            weights.append(weight)
            inner += [term, output]
        return call, weights, inner

    def _are_hidden(self, places: list[int]) -> bool:
        """Whether each of these nodes has no other use and holds what was recorded."""
        alone = all(self._uses[k] == 1 and not self._is_visible(k) for k in places)
        return alone and all(still_recorded(self._tape, k) for k in places)

    # ── nodes ──

    def _all(self, *operations: str) -> list[int]:
        tape = self._tape
        wanted = {tape.operations.index(op) for op in operations if op in tape.operations}
        return [place for place, code in enumerate(tape.codes[self._first :], self._first) if code in wanted]

    def _operands(self, place: int) -> list[int]:
        return [*self._tape.operands_of(place)]

    def _is_visible(self, place: int) -> bool:
        return place in self._roots or bool(self._tape.node(place).label)


def _positions(row: Sequence[int]) -> dict[int, int]:
    """The position of each item of a row, the first of equal ones."""
    return {item: position for position, item in reversed([*enumerate(row)])}


def _one_hot(call: _Call, position: int) -> list[int]:
    """The weights of one logit of a call."""
    return [_ONE if i == position else _ZERO for i in range(len(call.logits))]


# ── folding ──


def _fold(tape: Tape, entries: Mapping[int, _Entry]) -> None:
    """Write the entries into a tape, and leave out what they stand for."""
    left_out = {k for entry in entries.values() for k in entry.inner}
    for k in {k for entry in entries.values() for k in entry.operands if k >= 0}:
        tape.node(k)  # A node that is left out may be in the place of its plain number.
    written, done = _Written(tape), 0
    for place in sorted(left_out.union(entries)):
        written.copy(done, place)
        if place in entries:
            written.enter(place, entries[place])
        done = place + 1
    written.copy(done, len(tape))
    written.replace()


class _Written:
    """The arrays of a tape, written anew."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._places = array("i", [-1]) * len(tape)
        """The new places, by the old ones."""
        self._numbers: dict[int, int] = {}
        """The places of the weights that are shared."""
        self._operations = [*tape.operations]
        self._codes, self._data, self._nodes = array("H"), array("d"), list[Value]()
        self._starts, self._operands, self._partials = array("i"), array("i"), array("d")

    def copy(self, first: int, end: int) -> None:
        """Write entries in a row as they are."""
        tape, place = self._tape, len(self._nodes)
        start, stop = tape.starts[first], tape.starts[end]
        further = len(self._operands) - start
        starts, operands = tape.starts[first:end], tape.operands[start:stop]
        self._places[first:end] = array("i", range(place, place + end - first))
        self._codes += tape.codes[first:end]
        self._data += tape.data[first:end]
        self._nodes += tape._nodes[first:end]
        self._partials += tape.partials[start:stop]
        if place == first == 0:  # Nothing has moved so far, and these may be nearly all.
            self._starts, self._operands = starts, operands
        else:
            self._starts.extend(k + further for k in starts)
            self._operands.extend(map(self._places.__getitem__, operands))

    def enter(self, place: int, entry: _Entry) -> None:
        """Write one entry, and before it the constants that are new in it."""
        for k in sorted({k for k in entry.operands if k < 0}.difference(self._numbers)):
            self._numbers[k] = len(self._nodes)
            self._add(CONSTANT_CODE, constant(_NUMBERS[k]), _NUMBERS[k])
        if entry.operation not in self._operations:
            self._operations.append(entry.operation)
        self._places[place] = len(self._nodes)
        self._add(self._operations.index(entry.operation), self._tape.node(place), self._tape.data[place])
        self._operands.extend(self._numbers[k] if k < 0 else self._places[k] for k in entry.operands)
        self._partials.extend(entry.partials)

    def _add(self, code: int, node: Value, data: float) -> None:
        self._codes.append(code)
        self._nodes.append(node)
        self._data.append(data)
        self._starts.append(len(self._operands))

    def replace(self) -> None:
        """Give the tape these arrays in the place of its own."""
        tape, places = self._tape, self._places
        used = {*self._codes}
        kept = [code for code in range(len(self._operations)) if code <= CONSTANT_CODE or code in used]
        codes = {code: new for new, code in enumerate(kept)}
        tape.operations = [self._operations[code] for code in kept]
        tape.codes = array("H", map(codes.__getitem__, self._codes))
        tape.starts = self._starts + array("i", [len(self._operands)])
        tape.operands, tape.partials, tape.data = self._operands, self._partials, self._data
        tape.roots = [places[k] for k in tape.roots]
        tape._plain = array("i", [places[k] for k in tape._plain if places[k] >= 0])
        tape._nodes, tape._places = self._nodes, {}
