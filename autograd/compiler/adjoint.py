"""Reverse mode over the array program: for each statement, from the last to the first, what it adds to gradients."""

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.building import Builder
from autograd.compiler.expressions import name, number, times
from autograd.compiler.statements import Map, Product, Slots, Statement, reads
from autograd.formula.cases import Expression, names_in

UPSTREAM = "dz"
VALUE = "z"


def adjoint(b: Builder, roots: Slots) -> list[Statement]:
    """The statements of the reverse sweep, from the gradient of the first root in the space s."""
    first = Slots("dv", roots.index[:1])
    seed = Map(first, name(UPSTREAM), {UPSTREAM: Slots("s", np.zeros(1, np.intp))}, add=True)
    statements: list[Statement] = [seed]
    for step in reversed(b.steps):
        if isinstance(step.statement, Product):
            statements += _of_product(b, step.statement, step.passes)
        else:
            for operand, partial in step.partials.items():
                statements += _of_map(b, step.statement, operand, partial)
    return statements


def _of_product(b: Builder, product: Product, passes: tuple[int, int]) -> Iterable[Statement]:
    upstream = product.out.gradient()
    if product.out.index.shape[1:] == (1, 1) and product.left.same(product.right) and passes[0] == passes[1]:
        # A sum of squares: both factors get the same.
        product, passes = replace(product, factor=2.0 * product.factor), (passes[0], 0)
    for side, count in enumerate(passes):
        if not count:
            continue
        own, other = (product.left, product.right) if side == 0 else (product.right, product.left)
        index = own.index[:, :, :count]
        of_own = upstream.index if side == 0 else upstream.index.transpose(0, 2, 1)
        across = other.index[:, :, :count].transpose(0, 2, 1)
        out = Slots(own.space, index).gradient()
        yield Product(out, Slots(upstream.space, of_own), Slots(other.space, across), product.factor, add=True)


def _of_map(b: Builder, of: Map, operand: str, partial: Expression) -> Iterable[Statement]:
    slots = of.operands[operand]
    if operand in of.rows:
        yield from _of_row(b, of, operand, partial)
        return
    expression = times(name(UPSTREAM), partial)
    given = _given(of, expression)
    leads_out = b.layout.is_phantom(of.out) & ~b.layout.is_phantom(slots)
    if not leads_out.any():
        yield Map(slots.gradient(), expression, given, add=True)
        return
    # A nan or an infinity at a phantom must not reach the sum of a node.
    kept = b.layout.scratch(of.out.space, leads_out)
    yield Map(kept, expression, given)
    yield Map(slots.gradient(), name("part"), {"part": kept}, add=True)


def _of_row(b: Builder, of: Map, operand: str, partial: Expression) -> Iterable[Statement]:
    slots = of.operands[operand]
    upstream = Slots(of.out.space, np.broadcast_to(of.out.index[..., None], slots.index.shape)).gradient()
    if partial.form == "each" and not names_in(partial.parts[0]):  # type: ignore[arg-type]
        by = times(name(UPSTREAM), partial.parts[0])  # type: ignore[arg-type]
        yield Map(slots.gradient(), by, {UPSTREAM: upstream}, add=True)
    else:
        kept = b.layout.scratch(of.out.space, np.zeros(slots.index.shape, bool))
        yield Map(kept, partial, _given(of, partial), of.rows)
        by = times(name(UPSTREAM), name("part"))
        yield Map(slots.gradient(), by, {UPSTREAM: upstream, "part": kept}, add=True)


def _given(of: Map, expression: Expression) -> dict[str, Slots]:
    """The operands that an expression reads, with the value and its gradient."""
    every = {**of.operands, VALUE: of.out, UPSTREAM: of.out.gradient()}
    return {operand: every[operand] for operand in sorted(names_in(expression))}


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
                statement = statement.storing()
            elif statement.add:
                clear(out.space, out.index)
            written[out.space][out.index] = True
        kept.append(statement)
    for space in results:
        clear(space, np.arange(sizes[space[1:]]))
    return kept
