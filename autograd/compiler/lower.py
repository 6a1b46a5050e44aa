"""A scheduled graph turned into statements on slots, group by group."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import linear
from autograd.compiler.building import Builder
from autograd.compiler.expressions import partial_of, value_of
from autograd.compiler.layout import Layout
from autograd.compiler.scalars import CONSTANT, INPUT, ONE, Scalars
from autograd.compiler.schedule import Schedule
from autograd.compiler.signs import unguarded
from autograd.compiler.statements import Map, Slots
from autograd.formula.cases import rule
from autograd.operations import operation


def lower(g: Scalars, schedule: Schedule, layout: Layout) -> Builder:
    """The statements of a graph."""
    b = Builder(g, schedule, layout)
    for group in schedule.groups:
        name = group.name
        b.signs.note(name, group.nodes, b.starts)
        if name == "linear":
            linear.lower(b, group.nodes)
        elif name == "detach":
            b.layout.slot[group.nodes] = b.layout.slot[g.left[b.starts[group.nodes]]]
        elif operation(name).of_sequences:
            _lists(b, name, group.nodes)
        else:
            _elementwise(b, name, group.nodes)
    return b


def _elementwise(b: Builder, name: str, nodes: NDArray[np.intp]) -> None:
    """One operation on single operands, for all nodes at once."""
    constants, operands, passing, chooses = {}, {}, [], name == "where"
    signs = {"z"} if b.signs.known[nodes].all() else set[str]()
    for position, operand in enumerate(rule(name).operands):
        column = b.g.left[b.starts[nodes] + position]
        numbers = b.g.number[column]
        signs |= {operand} if b.signs.known[column].all() else set()
        if b.g.kind[column[0]] != CONSTANT:
            operands[operand] = b.operand(column)
            if b.passes(int(column[0])) and b.passes(int(nodes[0])) and not (chooses and position == 0):
                passing.append(operand)
        elif len(np.unique(numbers)) == 1:
            constants[operand] = float(numbers[0])
        else:
            operands[operand] = b.layout.constant(numbers)
    nodes, rows, dims = b.in_order(nodes, [*operands.values()])
    out = b.allocate(nodes, dims)
    partials = {operand: unguarded(partial_of(name, operand, constants), signs) for operand in passing}
    given = dict(zip(operands, rows, strict=True))
    b.add(Map(Slots(out.space, out.slots), value_of(name, constants), given), partials, selects=chooses)


def _lists(b: Builder, name: str, nodes: NDArray[np.intp]) -> None:
    """An operation on lists, for all nodes at once."""
    lengths = np.diff(b.starts)[nodes]
    passing = b.passes(int(nodes[0]))
    if len(np.unique(lengths)) > 1 and (passing or name not in _IDEMPOTENT):
        for length in np.unique(lengths):
            _lists(b, name, nodes[lengths == length])
        return
    places = np.arange(lengths.max())
    members = b.g.left[b.starts[nodes][:, None] + np.where(places < lengths[:, None], places, 0)]
    row = b.alike(members)
    order = np.argsort(row.index[:, 0], kind="stable")
    out = b.allocate(nodes[order], (len(nodes),))
    names = rule(name).operands
    parts = np.split(row.index[order], len(names), axis=1)
    given = {operand: Slots(row.space, part) for operand, part in zip(names, parts, strict=True)}
    partials = {operand: partial_of(name, operand) for operand in names} if passing else {}
    b.add(Map(Slots(out.space, out.slots), value_of(name), given, frozenset(names)), partials)


_IDEMPOTENT: Final = ("largest", "smallest")
"""A shorter list may have its first member twice, where no gradient is asked for."""


def ends_with_bias(g: Scalars, schedule: Schedule) -> list[int]:
    """The positions in the list of inputs after which a slot of 1 serves the rows of weights that have a bias."""
    ends = set()
    starts = g.starts
    for v in np.flatnonzero(schedule.biased).tolist():
        read = g.right[starts[v] : starts[v + 1]]
        read = read[read != ONE]
        leaves = g.leaf[read]
        if (g.kind[read] == INPUT).all() and len(leaves) == leaves.max() - leaves.min() + 1:
            ends.add(int(leaves.max()) + 1)
    return sorted(ends) if len(ends) <= _RANGES else []


_RANGES: Final = 4
"""More ranges of inputs than this are the steps of a sequence, which are copied for their product anyway."""
