"""Small programs as native code has them: as C, and as nodes and streams of instructions for the machine.

A change shows in these texts, and can be read in a diff. `python -m tests.compiler.test_native_texts` writes those in
`natives/` anew; look at the difference before you commit it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest

import autograd
from autograd import Value, dot, total, where
from autograd.compiler import expressions
from autograd.compiler.binding import DeclinedError
from autograd.compiler.expressions import call, partial_of, times, value_of
from autograd.compiler.native import loops, text
from autograd.compiler.native.instructions import PROCESSORS, files
from autograd.compiler.native.lines import Template
from autograd.compiler.native.machine import WANTED, Machine
from autograd.compiler.native.planning import LEAF, LOAD, STORE, SUM_OF_LANES, SUM_OF_TERMS, codes
from autograd.compiler.native.streams import Stream, Streams, Writer
from autograd.compiler.native.sweeps import flow_of
from autograd.compiler.native.text import LONG, SCHEDULED, SHORT, Text, text_of
from autograd.compiler.native.words import PATHS, as_c, header
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import Named, Slots
from autograd.compiler.straight import Formula
from autograd.formula.cases import rule
from autograd.operations import OPERATIONS
from tests.compiler.finding import recording
from tests.compiler.graphs import leaves, linear, recurrence, restart, squares
from tests.compiler.straight_graphs import chain, code_of
from tests.compiler.test_sources import MODELS, Model, filters, masked
from tests.compiler.texts import joined, kept, write

FOLDER: Final = Path(__file__).parent / "natives"
LIMITS: Final = ((loops, "FEWEST", 2), (loops, "SMALLEST", 3), (text, "SHORT", 0), (text, "PART", 12))
"""With them whatever repeats becomes a loop, in short programs too, and functions are small."""


def expression() -> Code:
    a, b = Value(-4.0), Value(2.0)
    c = a + b
    d = a * b + b**3
    c = c + (c + 1)
    c = c + (1 + c + (-a))
    d = d + (d * 2 + (b + a).relu())
    d = d + (3 * d + (b - a).relu())
    e = c - d
    f = e**2
    return code_of(f / 2.0 + 10.0 / f, [a, b], [], "inputs")


def network() -> Code:
    x, t, w, v = leaves(2), leaves(), leaves(3, 3), leaves(4)
    h = [z.relu() for z in linear([row[:2] for row in w], x, [row[2] for row in w])]
    return code_of((linear([v[:3]], h, [v[3]])[0] - t) ** 2, [x, t], [w, v], "parameters")


def branches() -> Code:
    x, y = leaves(2)
    inner = where((x * y).tanh() - 0.5, y.exp(), x)
    return code_of(where(x, x.log() * y, autograd.largest([x, y, 1.0])) + inner, [x, y], [])


def exponents() -> Code:
    """Of numbers that have quicker forms, and of others."""
    x, y, p = leaves(3)
    z = x**3.0 + x ** (y + 3.0) + y**0.5 * x**-1.0 + x**-2.5 + 2.0**y
    return code_of(z + y**p + p ** (x * 0.5), [x, y], [p])


def steps_of_a_recurrence() -> Code:
    xs, wx, wh, b = leaves(30, 2), leaves(2, 2), leaves(2, 2), leaves(2)
    return code_of(squares(recurrence(xs, wx, wh, b, [0.0] * 2)), xs, [wx, wh, b], "parameters")


def long_chain() -> Code:
    return code_of(*chain(1000))


def units_of_a_layer() -> Code:
    x, w, v = leaves(3), leaves(9, 3), leaves(3, 9)
    return code_of(squares(linear(v, [z.tanh() for z in linear(w, x)])), x, [w, v])


def long_sum() -> Code:
    """Of products of leaves, and of values that are there one after the other."""
    x, p = leaves(12), leaves(12)
    parts = [v * w if i < 3 else v.exp() * w for i, (v, w) in enumerate(zip(x, p, strict=True))]
    return code_of(total(parts).tanh(), x, p)


def numbers_that_differ() -> Code:
    """In coefficients, of which those of one and zero are apart, in sums, of which zero is, and in lists."""
    x = leaves(10)
    parts = [(v.exp() * (k - 2.0) + v * v + 0.5 * k).sin() + autograd.largest([v, v * v, k]) for k, v in enumerate(x)]
    return code_of(total(parts), x, [])


def pairs_of_units() -> Code:
    """Rounds that read every second row, and values of another loop from its end."""
    x, p = leaves(16), leaves(16)
    h = [(x[2 * k] * p[2 * k] + p[2 * k + 1]).tanh() for k in range(8)]
    z = [(h[7 - k] * x[k] - h[0]).exp() * h[k] for k in range(8)]
    return code_of([total(z) * p[6] + p[3].exp(), h[3]], x, p)


SMALL: Final[tuple[Callable[[], Code], ...]] = (
    expression,
    network,
    branches,
    exponents,
    steps_of_a_recurrence,
    long_chain,
    long_sum,
    units_of_a_layer,
    numbers_that_differ,
    pairs_of_units,
)


def of_model(make: Callable[[], Model]) -> Code:
    model = make()
    return code_of(model.roots, model.inputs, model.parameters, model.wanted)


PROGRAMS: Final[dict[str, Callable[[], Code]]] = {make.__name__: make for make in SMALL} | {
    f"model_{make.__name__}": partial(of_model, make) for make in MODELS if make not in (filters, masked)
}  # Those two are long, and like others.
MANY: Final = (steps_of_a_recurrence, long_chain)
"""Programs whose instructions for the machine are many."""

# ── streams as text ──

NAMES: Final = {SUM_OF_TERMS: "linear", SUM_OF_LANES: "sum", LOAD: "load", STORE: "store"}
FEW_TERMS: Final = 5
"""The first code of linear nodes of few terms; machine.h says how they are counted."""


def numbers(found: np.ndarray[tuple[int], np.dtype[np.float64]]) -> str:
    return " ".join(map(repr, found.tolist()))


def instructions(stream: Stream) -> Iterator[str]:
    """A line for each instruction: its name, and for each node its register and what it reads."""
    words = iter(stream.words.tolist())
    operations = {code: (name, len(operands)) for name, (code, operands) in reversed(codes().items())}
    while (code := next(words)) != LEAF:
        rows = []
        for _ in range(next(words)):
            to = next(words)
            if code in (SUM_OF_TERMS, SUM_OF_LANES):
                name, count, products = NAMES[code], next(words), next(words)
            elif code in operations:
                (name, count), products = operations[code], 0
            elif code in NAMES:
                name, count, products = NAMES[code], 1, 0
            else:
                count, products = divmod(code - FEW_TERMS, 3)
                name = "few terms"
            read = [str(next(words)) for _ in range(count)]
            read += [f"{next(words)}·{next(words)}" for _ in range(products)]
            rows.append(f"{to} = {', '.join(read)}")
        yield f"  {name}: {'; '.join(rows)}"
    assert next(words, None) is None


def shown(made: Streams) -> Iterator[str]:
    """All of a program for the machine."""
    for name in ("before", "forward", "backward", "after"):
        stream = getattr(made, name)
        yield name
        yield from instructions(stream)
        yield f"  numbers {numbers(stream.numbers)}".rstrip()
        of = stream.weights
        for place, (a, b), by in zip(of.places.tolist(), of.registers.tolist(), of.numbers.tolist(), strict=True):
            yield f"  weight {place}: {by!r} · {a} · {b}"
    yield f"initial {numbers(made.initial)}"
    yield f"vectors {made.vectors}, sums {made.sums} from {made.first_sum}"
    for name in ("by_parameters", "roots", "by_inputs"):
        yield f"{name} {getattr(made, name).tolist()}"
    of_lanes, weights = made.for_lanes()
    assert len(of_lanes) == len(made.forward.numbers) + len(made.backward.numbers)
    yield f"weights for lanes {weights.places.tolist()}"


def streams(code: Code, *, single: bool) -> str:
    flow = flow_of(code.graph, Machine(code).counts, WANTED[code.wanted], single=single)
    return "\n".join(shown(Writer(flow, single=single).written()))


def of_machine(make: Callable[[], Code]) -> str:
    """A program as the machine has it."""
    restart()
    code = make()
    parts = {"one example, with names": Machine(code).source}
    parts |= {"one example": streams(code, single=True), "many examples": streams(code, single=False)}
    return joined(parts)


def in_c(make: Callable[[], Code]) -> str:
    """A program as text in C."""
    restart()
    code = make()
    parts = {"as it is": text_of(code).source}
    with pytest.MonkeyPatch.context() as patch:
        for limit in LIMITS:
            patch.setattr(*limit)
        parts["cut and rolled wherever it can be"] = text_of(code).source
    return joined(parts)


# ── the texts ──


def generated() -> str:
    """The text in C that is written from the rules; files of the package that are in it are named."""
    found = files(PROCESSORS) | {"header of float": header("float", 8)}
    found |= {f"{name}, for here": text for name, text in files(["avx2"], here=True).items() if "machine" in name}
    found["names.h"] = found["names.h"].partition("\n")[2]  # The first line has a digest of the sources.
    whole = "\n".join(f"── {name} ──\n{text}" for name, text in found.items())
    for path in PATHS:
        whole = whole.replace(path.read_text(encoding="utf-8"), f"#include {path.name}\n")
    return whole


def of_lists() -> str:
    """The rules of lists, of one number and of three, as C on single numbers."""
    parts = {}
    for op, length in product(sorted(OPERATIONS), (1, 3)):
        if rule(op).of_sequences:
            texts: dict[str, Any] = {x: [f"{x}{i}" for i in range(length)] for x in rule(op).operands} | {"z": "z"}
            lines: list[str] = []

            def keep(text: str, lines: list[str] = lines) -> str:
                lines.append(f"{text};")
                return f"line{len(lines)}"

            for title, e in [("value", value_of(op)), *((f"by {x}", partial_of(op, x)) for x in rule(op).operands)]:
                written = as_c(e, texts, keep)
                lines += [f"{title}: {text};" for text in ([written] if isinstance(written, str) else written)]
            parts[f"{op} of {length}"] = "\n".join(f"{i}: {line}" for i, line in enumerate(lines, 1))
    return joined(parts)


IN_C: Final[dict[str, Callable[[], str]]] = {
    "generated": generated,
    "of_lists": of_lists,
    **{f"{name}.c": partial(in_c, make) for name, make in PROGRAMS.items()},
}
OF_MACHINE: Final[dict[str, Callable[[], str]]] = {
    f"{name}.machine": partial(of_machine, make) for name, make in PROGRAMS.items() if make not in MANY
}


def test_what_a_formula_uses_several_times_is_declared_once() -> None:
    a, b = expressions.name("a"), expressions.name("b")
    product = times(a, b)
    both = call("exp", times(product, call("tanh", product)))
    template = Template(Formula(times(both, call("sin", both))), [None, None])
    lines: list[str] = []

    def keep(text: str) -> str:
        lines.append(text)
        return f"k{len(lines)}"

    assert template.filled(["x", "y"], keep) == ["(k2 * word_sin(k2))"]
    assert lines == ["(x * y)", "word_exp((k1 * word_tanh(k1)))"]


def test_the_weights_of_matrices_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "WIDE", 9)
    assert text_of(network())
    monkeypatch.setattr(text, "WIDE", 8)
    with pytest.raises(DeclinedError, match="it multiplies 9 weights for each example"):
        text_of(network())


def test_names_of_people_are_comments() -> None:
    x, p = leaves(2), leaves(2)
    names = [Named("of inputs", Slots("x", np.arange(2))), Named("of weights", Slots("p", np.array([1])))]
    found = recording([dot(x, p)], x, p)._replace(names=names)
    lines = text_of(Code(found, "nothing", "float64")).source.splitlines()
    assert [line.strip() for line in lines if "/*" in line][1:] == [
        "const V x0 = load(x);  /* of inputs[0] */",
        "const V p1 = splat(p[1]);  /* of weights[0] */",
        "const V x1 = load(x + 1 * n);  /* of inputs[1] */",
    ]


def test_the_header_and_the_options_are_those_of_the_numbers() -> None:
    made = Text("", 0, loops=False)
    for dtype, real in (("float64", "double"), ("float32", "float")):
        assert made.files(dtype, 2)["words.h"].startswith(f"#define REAL {real}\n#define LANES 2\n")
    assert set(made.options(4)) - set(made.options(1)) == set(SCHEDULED)
    for rolled, option in ((True, "-O1"), (False, "-Og")):
        assert option in made._replace(weight=LONG + 1, loops=rolled).options()
    assert made._replace(weight=SHORT).options() == made.options()
    assert made._replace(weight=SHORT + 1).options() == made.options(1)


@pytest.mark.parametrize("name", IN_C)
def test_the_text_in_c(name: str) -> None:
    assert IN_C[name]() == kept(FOLDER, name)


@pytest.mark.usefixtures("extension")
@pytest.mark.parametrize("name", OF_MACHINE)
def test_the_instructions_of_the_machine(name: str) -> None:
    assert OF_MACHINE[name]() == kept(FOLDER, name)


def test_no_text_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*IN_C, *OF_MACHINE}


if __name__ == "__main__":
    write(FOLDER, {**IN_C, **OF_MACHINE})
