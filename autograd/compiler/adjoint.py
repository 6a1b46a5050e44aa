"""Reverse mode over the array program: for each statement, from the last to the first, what it adds to gradients."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import UPSTREAM, Builder, Step, read_by
from autograd.compiler.expressions import name, number, put, times
from autograd.compiler.guards import Guards, selected, spread
from autograd.compiler.hoisting import hoisted
from autograd.compiler.statements import Map, Product, Slots, Statement, reads
from autograd.formula.cases import Expression, names_in


def adjoint(b: Builder, roots: Slots) -> list[Statement]:
    """The statements of the reverse sweep, from the gradient of the first root in the space s."""
    seed = Slots("s", np.zeros(1, np.intp))
    before, ready = hoisted(b)
    sweep, guards = list[Statement](), Guards(b)
    for i, step in reversed([*enumerate(b.steps)]):
        if isinstance(step.statement, Product):
            sweep += _of_product(step.statement, step.passes, guards)
        elif step.partials:
            guard = guards.of_map(step.statement)
            for operand in step.partials:
                sweep += _of_map(b, step, operand, ready.get((i, operand)), guard)
    first = Map(Slots("dv", roots.index[:1]), name(UPSTREAM), {UPSTREAM: seed})
    return [first, *before, *guards.counting, *sweep]


def _of_product(product: Product, passes: tuple[int, int], guards: Guards) -> Iterable[Statement]:
    if product.out.index.shape[1:] == (1, 1) and product.left.same(product.right) and passes[0] == passes[1]:
        # A sum of squares: both factors get the same.
        product, passes = replace(product, factor=2.0 * product.factor), (passes[0], 0)
    if passes[0]:
        yield from guards.contribution(_contribution(product, product.left, product.right, passes[0]))
    if passes[1]:
        out = Slots(product.out.space, product.out.index.transpose(0, 2, 1))
        turned = replace(product, out=out)
        yield from guards.contribution(_contribution(turned, product.right, product.left, passes[1]))


def _contribution(product: Product, own: Slots, other: Slots, count: int) -> Product:
    """The part that goes to the first factors of the rows on one side of a product, which are rows of out."""
    out, across = (Slots(side.space, side.index[:, :, :count]) for side in (own, other))
    turned = Slots(across.space, across.index.transpose(0, 2, 1))
    return Product(out.gradient(), product.out.gradient(), turned, product.factor, add=True)


def _of_map(b: Builder, step: Step, operand: str, ready: Slots | None, guard: Slots | None) -> Iterable[Statement]:
    """The statements that add to the gradient of an operand of a map; a derivative that is ready is read."""
    of, partial = step.statement, step.partials[operand]
    assert isinstance(of, Map)
    slots = of.operands[operand]
    if operand in of.rows:
        yield from _of_row(b, of, operand, partial, guard)
        return
    if step.selects:
        expression = put(name(UPSTREAM), number(1.0), partial)
    else:
        expression = times(name(UPSTREAM), name("part") if ready else partial)
    given = {UPSTREAM: of.out.gradient(), "part": ready} if ready else read_by(expression, of)
    expression, given = selected(expression, given, guard, partial)
    leads_out = b.layout.is_phantom(of.out) & ~b.layout.is_phantom(slots)
    if not leads_out.any():
        yield Map(slots.gradient(), expression, given, add=True)
        return
    # A nan or an infinity at a phantom must not reach the sum of a node.
    kept = b.layout.scratch(of.out.space, leads_out)
    yield Map(kept, expression, given)
    yield Map(slots.gradient(), name("part"), {"part": kept}, add=True)


def _of_row(b: Builder, of: Map, operand: str, partial: Expression, guard: Slots | None) -> Iterable[Statement]:
    slots = of.operands[operand]
    given = {UPSTREAM: spread(of.out, slots).gradient()}
    each = partial.parts[0] if partial.form == "each" else None
    if not isinstance(each, Expression) or names_in(each):
        given["part"] = kept = b.layout.scratch(of.out.space, np.zeros(slots.index.shape, bool))
        yield Map(kept, partial, read_by(partial, of), of.rows)
        each = name("part")
    by, given = selected(times(name(UPSTREAM), each), given, guard and spread(guard, slots), each)
    yield Map(slots.gradient(), by, given, add=True)


def whole_blocks_first(b: Builder, statements: Sequence[Statement]) -> list[Statement]:
    """The same with what adds to a part of a block put behind the first statement that adds to more of it.

    So the latter stores, and nothing has to be set to 0 before it. A copy goes behind what is no copy: it adds there.
    """
    writing, readers = _by_block(b, statements)
    behind: dict[int, list[int]] = defaultdict(list)
    moved: set[int] = set()
    for block, places in writing.items():
        i, *later = places
        part = statements[i].out.index
        for k in later:
            if i in moved or k in moved or any(i < j < k and np.isin(slots, part).any() for j, slots in readers[block]):
                break
            whole = statements[k].out.index
            more = whole.size > part.size or (_is_copy(statements[i]) and not _is_copy(statements[k]))
            if more and np.isin(part, whole).all():
                behind[k].append(i)
                moved |= {i, k}
                break
    late = {i for row in behind.values() for i in row}
    order = [j for k in range(len(statements)) if k not in late for j in (k, *behind[k])]
    return [statements[j] for j in order]


def _is_copy(statement: Statement) -> bool:
    return isinstance(statement, Map) and statement.expression.form == "name"


def _by_block(b: Builder, statements: Sequence[Statement]) -> Any:
    """For each block of gradients the places of the statements that write it, and of those that read it, with slots."""
    writing: dict[tuple[str, int], list[Any]] = defaultdict(list)
    readers: dict[tuple[str, int], list[Any]] = defaultdict(list)
    for i, statement in enumerate(statements):
        for slots, found in ((statement.out, writing), *((slots, readers) for slots in reads(statement))):
            if slots.space in ("dv", "du") and slots.index.size:
                blocks = b.layout.of_block[slots.space[1:]][slots.index]
                for block in np.unique(blocks).tolist():
                    found[slots.space, block].append(i if found is writing else (i, slots.index))
    return writing, readers


def storing_first(statements: Sequence[Statement], sizes: dict[str, int], results: Iterable[str]) -> list[Statement]:
    """The same without any need for gradients that are 0 at first: a first contribution is stored, not added.

    Statements that would read gradients of which none was ever written are dropped. The spaces in `results` are
    written everywhere.
    """
    written = {f"d{q}": np.zeros(size, bool) for q, size in sizes.items()}
    kept: list[Statement] = []

    def clear(space: str, slots: NDArray[np.intp]) -> None:
        missing = np.unique(slots[~written[space][slots]])
        if len(missing):
            kept.append(Map(Slots(space, missing), number(0.0)))
            written[space][missing] = True

    for statement in statements:
        gradients = [slots for slots in reads(statement) if slots.space in written]
        if any(not written[slots.space][slots.index].any() for slots in gradients):
            continue
        for slots in gradients:
            clear(slots.space, slots.index)
        out = statement.out
        if out.space in written:
            if statement.add and not written[out.space][out.index].any():
                statement = replace(statement, add=False)
            elif statement.add:
                clear(out.space, out.index)
            written[out.space][out.index] = True
        kept.append(statement)
    for space in results:
        clear(space, np.arange(sizes[space[1:]]))
    return kept
