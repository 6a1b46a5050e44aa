"""An array program written as a pure function of JAX: each line makes a new array, which XLA is free to fuse.

>>> import autograd
>>> w, x = autograd.Value(2.0), autograd.inputs(3)
>>> loss = autograd.total(x).tanh() * w
>>> code = autograd.compile(loss, (x,), parameters={"w": w}, backend="numpy")._parts["loss"].code
>>> inputs, parameters = code.program.names[:1], code.program.names[1:]
>>> print(text_of(code.program, Signature("value_and_grad", parameters, inputs, "sum", "parameters"), "float32").source)
import jax.numpy as jnp
<BLANKLINE>
<BLANKLINE>
def value_and_grad(parameters, x):
    x = jnp.asarray(x, 'float32')
    n = x.shape[0]
    w = parameters['w']
    total1 = jnp.sum(x, axis=-1)
    tanh1 = jnp.tanh(total1)
    v1 = w * tanh1
    dw = jnp.sum(tanh1)
    return (jnp.sum(v1), {'w': dw})
<BLANKLINE>
"""

import ast
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.jax import maps, products
from autograd.compiler.jax.loops import Loop, studied
from autograd.compiler.jax.memory import Held, known
from autograd.compiler.jax.writer import Line, Pending, Writer, living, words
from autograd.compiler.jax.writing import OWN, definition
from autograd.compiler.merging import sizes_of, with_merged_sums
from autograd.compiler.rolling import Block, rolled
from autograd.compiler.statements import ArrayProgram, Index, Map, Named, Slots, Statement, operands
from autograd.compiler.storage import Array, identifier
from autograd.compiler.words import definitions

Kind: TypeAlias = Literal["value_and_grad", "per_example", "gradient_of_inputs", "outputs"]
Reduction: TypeAlias = Literal["mean", "sum"] | None
UNROLLED: Final = 64
"""The most statements of a loop that are written one by one."""


class Text(NamedTuple):
    """The source of a function, and the arrays and functions that it takes from outside by name."""

    name: str
    source: str
    tables: dict[str, NDArray[Any]]
    words: frozenset[str]
    """Those of `words` of this package."""


class Signature(NamedTuple):
    """The arguments and results of a function, by the slots of an array program."""

    name: str
    parameters: Sequence[Named]
    """The entries of the dictionary of parameters: slots of p, or of x where each example has its own gradient."""
    inputs: Sequence[Named]
    reduce: Reduction
    results: str
    """The results beside the value: parameters, inputs, or outputs alone. Or all roots, and after "bound" the gradients
    that are wanted: then the gradient of the loss by itself is an argument more."""
    shapes: Sequence[tuple[Index, tuple[int, ...]]] = ()
    """The roots that make each output."""


def length_of(program: ArrayProgram) -> int:
    """About how many lines the text of a program has."""
    if len(program.forward) + len(program.backward) <= UNROLLED:
        return UNROLLED
    blocks = [block for part in (program.forward, program.backward) for block in rolled(part)]
    return sum(len(block.rows) * (1 if _is_long(block) else block.count) for block in blocks)


def _is_long(block: Block) -> bool:
    """Whether a block is rather a loop than statements one by one."""
    return block.count > 1 and block.count * len(block.rows) > UNROLLED


def text_of(program: ArrayProgram, signature: Signature, dtype: str) -> Text:
    """The text of a function for batches of any size."""
    program = with_merged_sums(program)
    w = Writer(sizes_of(program), program.constants, dtype)
    first = _first_lines(w, signature)
    if program.sizes["s"]:
        w.memory.put(Slots("s", np.zeros(1, np.intp)), Held(_seed(w, signature), np.zeros(1, np.intp)))
    parts = [rolled(part) for part in (program.setup, program.forward, program.backward)]
    blocks = [block for part in parts for block in part]
    reads = _last_reads(blocks, program, signature, w.memory.sizes)
    for i, block in enumerate(blocks):
        _block(w, block, partial(_is_read_after, reads, i))
    last = _result(w, program, signature)
    return _text(w, signature, first, last)


def _first_lines(w: Writer, s: Signature) -> list[str]:
    """The lines that take the arguments apart."""
    names = [w.fresh(identifier(named.name)) for named in s.inputs]
    lines = []
    for name, (_, slots) in zip(names, s.inputs, strict=True):
        lines.append(f"{name} = jnp.asarray({name}, {w.dtype!r})")
        _given(w, name, slots, lanes=True)
    lines.append(f"n = {names[0]}.shape[0]")
    for name, slots in s.parameters:
        word = w.fresh(identifier(name))
        w.lines.append(Line(word, f"parameters[{name!r}]"))
        _given(w, word, slots, lanes=False)
    if s.results.startswith("bound"):
        names = ["parameters", *names, w.fresh("seed")]
    elif s.parameters:
        names = ["parameters", *names]
    return [f"def {s.name}({', '.join(names)}):", *_indented(lines)]


def _given(w: Writer, name: str, slots: Slots, *, lanes: bool) -> None:
    array = w.given(name, slots.index.shape, lanes=lanes)
    w.memory.put(slots, Held(array, np.arange(slots.index.size).reshape(slots.index.shape)))


def _seed(w: Writer, s: Signature) -> Array:
    """The gradient of the loss by itself."""
    if s.results.startswith("bound"):
        return w.given("seed", (), lanes=False)
    if s.reduce != "mean":
        return known(1.0)
    return w.bound(Pending(f"jnp.asarray(1.0 / n, {w.dtype!r})", (), lanes=False), "seed")


def _last_reads(
    blocks: Sequence[Block], program: ArrayProgram, s: Signature, sizes: Mapping[str, int]
) -> dict[str, Index]:
    """For each slot the last block that reads it, after all if it is a result; -1 for none."""
    last = {space: np.full(size, -1) for space, size in sizes.items()}
    for i, block in enumerate(blocks):
        for row in block.rows:
            for statement in row:
                for slots in (*operands(statement).values(), *([statement.out] if statement.add else [])):
                    last[slots.space][slots.index] = i
    results = [program.roots, *(named.slots.gradient() for named in (*s.parameters, *s.inputs))]
    for slots in results:
        last[slots.space][slots.index] = len(blocks)
    return last


def _is_read_after(last: Mapping[str, Index], block: int, slots: Slots) -> bool:
    return bool((last[slots.space][slots.index] > block).any())


def _block(w: Writer, block: Block, needed: Callable[[Slots], bool]) -> None:
    """The lines of a block: a loop, if it is long and its steps are alike."""
    if _is_long(block) and (body := studied(block, w.memory.sizes)) is not None:
        Loop(w, body, _statement, needed).write()
        return
    for single in block.unrolled():
        _statement(w, single.rows[0][0])


def _statement(w: Writer, s: Statement) -> None:
    if not s.out.index.size:
        return
    if isinstance(s, Map):
        maps.write(w, s)
    else:
        products.write(w, s)


def _result(w: Writer, program: ArrayProgram, s: Signature) -> str:
    """The text of what is returned."""
    if s.results == "outputs":
        texts = [w.full(Slots(program.roots.space, program.roots.index[i]), shape, lanes=True) for i, shape in s.shapes]
        return texts[0] if len(texts) == 1 else f"({', '.join(texts)})"
    if s.results.startswith("bound"):
        return _all(w, program, s)
    loss = Slots(program.roots.space, program.roots.index[:1].reshape(()))
    if s.results == "inputs":
        found = [w.full(slots.gradient(), slots.index.shape, lanes=True) for _, slots in s.inputs]
        gradient = found[0] if len(found) == 1 else f"({', '.join(found)})"
    else:
        gradient = _by_parameters(w, s, lanes=s.reduce is None)
    return f"({_value(w, loss, s.reduce)}, {gradient})"


def _by_parameters(w: Writer, s: Signature, *, lanes: bool) -> str:
    """The dictionary of the gradients by parameters."""
    entries = [f"{name!r}: {w.full(slots.gradient(), slots.index.shape, lanes=lanes)}" for name, slots in s.parameters]
    return f"{{{', '.join(entries)}}}"


def _all(w: Writer, program: ArrayProgram, s: Signature) -> str:
    """All roots, and the gradients that are wanted, None for others."""
    roots = w.full(program.roots, program.roots.index.shape, lanes=True)
    by_parameters = by_inputs = "None"
    if s.results in ("bound parameters", "bound both"):
        by_parameters = _by_parameters(w, s, lanes=False)
    if s.results in ("bound inputs", "bound both"):
        ((_, slots),) = s.inputs
        by_inputs = w.full(slots.gradient(), slots.index.shape, lanes=True)
    return f"({roots}, {by_parameters}, {by_inputs})"


def _value(w: Writer, loss: Slots, reduce: Reduction) -> str:
    if reduce is None:
        return w.full(loss, (), lanes=True)
    held = w.held(loss)
    if held.array.lanes:
        return f"jnp.{reduce}({_shown(w, held)})"
    return _shown(w, held) if reduce == "mean" else f"(n * {_shown(w, held)})"


def _shown(w: Writer, held: Held) -> str:
    """A number that slots hold, or an array of it."""
    return repr(held.number) if held.number is not None else w.text(w.view(held), held.places.shape)


# ── putting it together ──


def _text(w: Writer, s: Signature, first: Sequence[str], last: str) -> Text:
    lines = living(w.lines, [last])
    used = words([last, *first, *(text for line in lines for text in (line.text, *line.before))])
    shown = [text for line in lines for text in (*line.before, f"{line.names} = {line.text}")]
    body = [*first, *_indented([*shown, f"return {last}"])]
    functions = list[str]()
    for word in _definitions(used):
        functions += ["", "", *definition(word)]
        used |= words(definition(word))
    imports = ["import jax.numpy as jnp", *(["from jax import lax"] if "lax" in used else [])]
    plain = ast.unparse(ast.parse("\n".join([*imports, *functions, *body])))
    source = re.sub(r"\n\n(?=def )", "\n\n\n", plain) + "\n"
    tables = {name: numbers for name, numbers in w.tables.items() if name in used}
    return Text(s.name, source, tables, frozenset(used & {*OWN}))


def _definitions(used: set[str]) -> Iterator[str]:
    """The words with definitions among names, those that others need first."""
    done = {*OWN}

    def needed(wanted: Iterable[str]) -> Iterator[str]:
        for word in sorted(wanted):
            if word not in done:
                done.add(word)
                yield from needed({*definitions()} & words(definition(word)))
                yield word

    yield from needed({*definitions()} & used)


def _indented(lines: Iterable[str]) -> list[str]:
    return [f"    {line}" for line in lines]
