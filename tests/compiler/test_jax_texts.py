"""Small programs and statements as text for JAX, and the rules in its words. JAX itself isn't needed for it.

A change shows in these texts, and can be read in a diff. `python -m tests.compiler.test_jax_texts` writes those in
`jax_texts/` anew; look at the difference before you commit it.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from autograd.compiler.expressions import partial_of, value_of
from autograd.compiler.jax import text
from autograd.compiler.jax.text import Signature, Text, text_of
from autograd.compiler.jax.writing import as_jax
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import ArrayProgram, Named, Slots
from autograd.formula.cases import rule
from autograd.operations import OPERATIONS
from tests.compiler.graphs import leaves, recurrence, restart, squares
from tests.compiler.straight_graphs import chain
from tests.compiler.test_sources import MODELS, PROGRAMS, Model, code_of
from tests.compiler.texts import joined, kept, write

FOLDER: Final = Path(__file__).parent / "jax_texts"
FEW: Final = 3
"""Statements of a loop that are written one by one, where loops are wanted."""


def long_recurrence() -> Model:
    """Twelve steps, of which each reads the state before."""
    xs, wx, wh, b = leaves(12, 2), leaves(3, 2), leaves(3, 3), leaves(3)
    return Model([squares(recurrence(xs, wx, wh, b, [0.0] * 3))], xs, [wx, wh, b], {"x": wx, "h": wh, "b": b})


def long_chain() -> Model:
    """A chain in which each node reads the one before, and two parameters."""
    z, xs, (a, b) = chain(30)
    return Model([z, z * a], xs, [a, b], {"a": a, "b": b})


def signatures(code: Code) -> dict[str, Signature]:
    """Those of the calls of a program, and of one that runs behind the face of a back end."""
    own = [named for named in code.program.names if named.slots.space == "p"]
    inputs = [named for named in code.program.names if named.slots.space == "x"]
    slots = [Named("inputs", Slots("x", np.arange(code.program.sizes["x"])))]
    found = {"bound": Signature("gradient", own, slots, None, f"bound {code.wanted}")}
    if code.wanted in ("parameters", "both"):
        found["mean"] = Signature("value_and_grad", own, inputs, "mean", "parameters")
        found["sum"] = Signature("value_and_grad", own, inputs, "sum", "parameters")
    if code.wanted in ("inputs", "both"):
        found["inputs"] = Signature("gradient_of_inputs", own, inputs, "sum", "inputs")
    count = code.program.roots.index.size
    shapes = [(np.arange(count), (count,)), (np.arange(1), ())]
    found["outputs"] = Signature("outputs", own, inputs, None, "outputs", shapes[: 1 + count % 2])
    return found


def texts_of(make: Callable[[], Model], few: int | None = None) -> str:
    """A program as each of its functions, with the arrays that they take from outside."""
    restart()
    code, parts = code_of(make()), {}
    with pytest.MonkeyPatch.context() as patch:
        if few is not None:
            patch.setattr(text, "UNROLLED", few)
        for title, signature in signatures(code).items():
            parts[title] = shown(text_of(code.program, signature, "float64"))
    return joined(parts)


def text_of_statements(make: Callable[[], ArrayProgram]) -> str:
    """Statements of which no graph is made, as a function."""
    program = make()
    own, inputs = (
        [Named(name, Slots(space, np.arange(program.sizes[space])))] for name, space in (("own", "p"), ("inputs", "x"))
    )
    return shown(text_of(program, Signature("gradient", own, inputs, None, "bound both"), "float64")) + "\n"


def shown(made: Text) -> str:
    """The text of a function, the arrays that it takes from outside, and the words."""
    tables = [f"{name} = {table.tolist()}" for name, table in made.tables.items()]
    return "\n".join([made.source.rstrip(), *tables, f"# {', '.join(sorted(made.words))}"])


def rules() -> str:
    """The value and the derivatives of each rule."""
    parts = {}
    for op in sorted(OPERATIONS):
        operands, of_lists = rule(op).operands, rule(op).of_sequences
        texts = {x: x for x in (*operands, "z")}
        lists = frozenset(operands if of_lists else ())
        lines = [f"value: {as_jax(value_of(op), texts, lists).text}"]
        lines += [f"by {x}: {as_jax(partial_of(op, x), texts, lists).text}" for x in operands]
        parts[op] = "\n".join(lines)
    return joined(parts)


TEXTS: Final[dict[str, Callable[[], str]]] = {
    **{make.__name__: partial(texts_of, make) for make in (*MODELS, long_recurrence, long_chain)},
    **{f"{make.__name__}_as_loops": partial(texts_of, make, FEW) for make in (long_recurrence, long_chain)},
    **{name: partial(text_of_statements, make) for name, make in PROGRAMS.items()},
    "rules": rules,
}


@pytest.mark.parametrize("name", TEXTS)
def test_the_text(name: str) -> None:
    assert TEXTS[name]() == kept(FOLDER, name)


def test_no_text_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*TEXTS}


if __name__ == "__main__":
    write(FOLDER, TEXTS)
