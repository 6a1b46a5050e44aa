"""The picture of a walk through a graph: one layout for all its steps, and nothing that it has not reached.

>>> from autograd import Tape, Value
>>> from autograd.show.names import Names
>>> from autograd.show.pictures.walk import draw_walk
>>> draw_walk(Names(Tape(Value(3.0).exp())), [], {}, -1, None, max_nodes=9)
Drawing(2 nodes, 1 edge): a picture, saved with .save("graph.svg")
"""

from collections.abc import Mapping, Sequence

from autograd.arguments import whole
from autograd.engine.tape import Contribution, Tape
from autograd.show.digits import alone, data_texts
from autograd.show.names import Names
from autograd.show.pictures.captions import notices, summary
from autograd.show.pictures.cones import boxes
from autograd.show.pictures.flow import Flow, largest
from autograd.show.pictures.looks import UNKNOWN
from autograd.show.pictures.part import nearest
from autograd.show.pictures.picture import Drawing
from autograd.show.pictures.sheet import Reserved, View, sheet


def draw_walk(
    names: Names,
    taken: Sequence[Contribution[float]],
    grads: Mapping[int, float],
    computed: int,
    step: tuple[int, int | None] | None,
    *,
    max_nodes: int,
) -> Drawing:
    """The picture of a walk over a tape: the nodes around the last step, which is lit, or at the start the root.

    The contributions so far and the gradients so far, by place, are given, and operations have been computed up to the
    place `computed`. The step is the place of a node, and the position of the operand that it contributes to or None.
    Of a graph of at most max_nodes nodes, all pictures of a walk have one layout.
    """
    tape = names.tape
    place, position = step or (tape.roots[0], None)
    part = nearest(boxes(tape), [place], whole("draw: max_nodes", max_nodes), position)
    touched = place if position is None else tape.operands_of(place)[position]
    sweep = [*tape.sweep()] if not part.hidden else []
    amounts = {(given.place, given.position): given.amount for given in taken}
    view = View(
        names,
        grads.get,
        dict.fromkeys(tape.roots, "root"),
        [touched] if step else [],
        flow=Flow(amounts, grads, largest([1.0, *(given.amount for given in sweep or taken)]), complete=False),
        step=step,
        computed=computed,
        reserved=_reserved(tape, sweep) if not part.hidden else None,
        notices=notices(part, "the last step" if step else "the root", ""),
    )
    return Drawing(sheet(part, view).source, summary(part))


def _reserved(tape: Tape, sweep: Sequence[Contribution[float]]) -> Reserved:
    """The columns of the longest texts that a walk shows in the boxes and at the lines of a tape."""
    numbers = {place: max(len(text), 2 * len(UNKNOWN)) for place, text in data_texts(tape, range(len(tape))).items()}
    for given in sweep:
        numbers[given.operand] = max(numbers[given.operand], len(alone(given.after)))
    uses = ((place, i) for place in range(len(tape)) for i in range(len(tape.operands_of(place))))
    return Reserved(
        numbers, {(place, i): len(f"∂ {alone(tape.partials[tape.starts[place] + i])}") for place, i in uses}
    )
