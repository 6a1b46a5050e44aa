"""Sums that several statements make step by step are put off and made at once.

>>> import numpy as np
>>> from autograd.compiler.statements import Product, Slots
>>> w = Slots("dp", np.zeros((1, 1, 1), int))
>>> def step(t):
...     x = Slots("v", np.array([[[t]]]))
...     return Product(w, x, x, add=True)
>>> [statement.left.index.tolist() for statement in merged([step(t) for t in range(5)], {"dp": 1, "v": 5})]
[[[[0, 1, 2, 3, 4]]]]

The gradient of a weight that every step of a recurrence uses is a product for each step, in which a sum over steps is
hidden: merged, it is one product whose sum goes over the steps too.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from autograd.compiler.statements import ArrayProgram, Index, Map, Product, Slots, Statement, operands


def with_merged_sums(program: ArrayProgram) -> ArrayProgram:
    """The same program with as few sums as there can be in its backward part."""
    return replace(program, backward=tuple(merged(program.backward, sizes_of(program))))


def sizes_of(program: ArrayProgram) -> dict[str, int]:
    """The number of slots of every space, those of gradients and of results too."""
    sizes = {**program.sizes, "c": len(program.constants), "s": 1, "r": program.roots.index.size}
    return sizes | {f"d{space}": size for space, size in sizes.items()}


def merged(statements: Sequence[Statement], sizes: Mapping[str, int]) -> list[Statement]:
    """Statements that add to the same slots, as one where the last of them stands, if those between allow it."""
    groups = _groups(statements)
    last = {group[-1]: group for group in groups}
    starts = {group[0]: group[-1] for group in groups}
    written = {space: np.full(size, -1) for space, size in sizes.items()}
    read = {space: np.full(size, -1) for space, size in sizes.items()}
    writes = {space: np.zeros(size, np.intp) for space, size in sizes.items()}
    before: dict[int, Index] = {}
    dropped: set[int] = set()
    result: dict[int, Statement] = dict(enumerate(statements))
    for at, s in enumerate(statements):
        space, index = s.out
        if at in starts:
            before[starts[at]] = writes[space][index]
        for q, slots in operands(s).values():
            read[q][slots] = at
        written[space][index] = at
        writes[space][index] += 1  # Once, wherever a slot stands twice.
        if (group := last.get(at)) is None:
            continue
        members = [statements[i] for i in group]
        alone = (writes[space][index] - before[at] == len(group)).all() and (read[space][index] < group[0]).all()
        inputs = [(written[q][slots] <= i).all() for i in group for q, slots in operands(statements[i]).values()]
        if alone and all(inputs):
            result[at] = _one(members)
            dropped |= {*group[:-1]}
    return [s for at, s in result.items() if at not in dropped]


def _groups(statements: Sequence[Statement]) -> list[list[int]]:
    """The places of statements that are alike in all but the slots that they read, and add to the same slots."""
    groups: dict[object, list[int]] = {}
    for at, s in enumerate(statements):
        if isinstance(s, Map) and (s.rows or not s.operands):
            continue
        rest = s.expression if isinstance(s, Map) else (s.factor, s.left.index.shape, s.right.index.shape)
        parts = [(name, slots.space) for name, slots in operands(s).items()]
        key = (s.out.space, s.out.index.shape, s.out.index.tobytes(), rest, *parts)
        if not s.add:
            groups[key, at] = groups.pop(key, [])
            groups[key] = []
        groups.setdefault(key, []).append(at)
    return [group for group in groups.values() if len(group) > 1]


def _one(members: Sequence[Statement]) -> Statement:
    """One statement for several that add to the same slots."""
    first = members[0]
    starts = [int(slots.index.flat[0]) for s in members[:2] for slots in operands(s).values()]
    if starts[: len(starts) // 2] > starts[len(starts) // 2 :]:
        members = members[::-1]  # A recurrence is swept backwards; strides are to be positive.
    if isinstance(first, Product):
        left, right = (_joined([operands(s)[side] for s in members], axis=2) for side in ("left", "right"))
        return replace(first, left=left, right=right)
    given = {name: _joined([operands(s)[name] for s in members]) for name in operands(first)}
    return replace(first, out=_joined([first.out] * len(members)), operands=given)


def _joined(slots: Sequence[Slots], axis: int | None = None) -> Slots:
    """Slots one after another, along an axis or along a new first one."""
    index = [s.index for s in slots]
    return Slots(slots[0].space, np.stack(index) if axis is None else np.concatenate(index, axis))
