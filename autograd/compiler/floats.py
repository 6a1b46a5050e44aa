"""A scalar graph as straight Python over floats: for one example of a small or irregular graph nothing is quicker.

A gradient is pulled, not pushed: the gradient of a node is one expression of those of its readers.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.expressions import names_in, partial_of, value_of
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from autograd.compiler.schedule import PASSING
from autograd.compiler.writing import as_floats, float_words
from autograd.formula.cases import rule

TERMS: Final = 50
"""So many terms stand in one expression: Python's compiler recurses into a longer one."""


class Floats:
    """Functions of Python floats for one example: all inputs come first, then all parameters."""

    def __init__(self, g: Scalars, classes: NDArray[np.int8], inputs: int, parameters: int, wanted: str) -> None:
        self._text = _Text(g, classes, (inputs, parameters), wanted)

    @property
    def source(self) -> str:
        """The text of both functions."""
        return self._text.value + "\n\n\n" + self._text.value_and_grad

    @cached_property
    def value(self) -> Callable[..., list[float]]:
        """All roots."""
        made: Callable[..., list[float]] = self._made("value", self._text.value)
        return made

    @cached_property
    def value_and_grad(self) -> Callable[..., tuple[float, tuple[float, ...]]]:
        """The first root, and its gradients by all leaves whose gradients are wanted."""
        made: Callable[..., tuple[float, tuple[float, ...]]] = self._made("value_and_grad", self._text.value_and_grad)
        return made

    def _made(self, name: str, text: str) -> Any:
        made = dict(float_words())
        exec(compile(text, "<program over floats>", "exec"), made)
        return made[name]


class _Text:
    def __init__(self, g: Scalars, classes: NDArray[np.int8], counts: tuple[int, int], wanted: str) -> None:
        inputs, parameters = counts
        self.g, self.starts = g, g.starts.tolist()
        self.classes: list[int] = classes.tolist()
        self.templates: dict[tuple[object, ...], tuple[str, dict[str, str]]] = {}
        self.lines: list[str] = []
        self.names = [self.leaf(v) for v in range(len(g))]
        arguments = ", ".join([*(f"x{i}" for i in range(inputs)), *(f"p{i}" for i in range(parameters))])
        self.forward()
        roots = f"[{', '.join(self.names[v] for v in g.roots.tolist())}]"
        self.value = "\n    ".join([f"def value({arguments}):", *self.lines, f"return {roots}"])
        found = self.backward()
        leaves = [f"x{i}" for i in range(inputs if wanted in ("inputs", "both") else 0)]
        leaves += [f"p{i}" for i in range(parameters if wanted in ("parameters", "both") else 0)]
        slopes = "".join(f"{found.get(leaf, '0.0')}, " for leaf in leaves).rstrip(" ")
        root = self.names[int(g.roots[0])]
        self.value_and_grad = "\n    ".join(
            [f"def value_and_grad({arguments}):", *self.lines, f"return {root}, ({slopes})"]
        )

    def leaf(self, v: int) -> str:
        kind = self.g.kind[v]
        if kind == CONSTANT:
            return repr(float(self.g.number[v])) if self.g.number[v] >= 0.0 else f"({float(self.g.number[v])!r})"
        return {PARAMETER: f"p{self.g.leaf[v]}", INPUT: f"x{self.g.leaf[v]}"}.get(int(kind), f"v{v}")

    def forward(self) -> None:
        for v in np.flatnonzero(self.g.kind >= LINEAR).tolist():
            if self.g.kind[v] == LINEAR:
                terms = [] if self.g.number[v] == 0.0 else [repr(float(self.g.number[v]))]
                self.assign(self.names[v], terms + [self.term(i) for i in range(self.starts[v], self.starts[v + 1])])
            elif self.operation(v) == "detach":
                self.names[v] = self.names[self.operands(v)[0]]
            else:
                self.lines.append(f"{self.names[v]} = {self.filled(v, None)}")

    def assign(self, to: str, terms: Sequence[str]) -> None:
        """A sum as one statement, or as several if it is long."""
        rest = iter(terms)
        start = ""
        while part := [*islice(rest, TERMS)]:
            self.lines.append(f"{to} = {start}{' + '.join(part)}".replace("+ -", "- "))
            start = f"{to} + "

    def term(self, i: int) -> str:
        c, right = float(self.g.coefficient[i]), int(self.g.right[i])
        return _times(c, self.names[self.g.left[i]], "" if right == ONE else self.names[right])

    def operation(self, v: int) -> str:
        return self.g.operations[int(self.g.code[v])]

    def operands(self, v: int) -> list[int]:
        found: list[int] = self.g.left[self.starts[v] : self.starts[v + 1]].tolist()
        return found

    def filled(self, v: int, by: str | None) -> str:
        """The value of an operation, or its derivative by an operand, on the names of this node."""
        op, operands = self.operation(v), self.operands(v)
        r = rule(op)
        grouped = r.grouped(operands)
        known = (
            {}
            if r.of_sequences
            else {
                x: float(self.g.number[i])
                for x, i in zip(r.operands, grouped, strict=True)
                if self.g.kind[i] == CONSTANT
            }
        )
        key = (op, by, *((x, c.hex()) for x, c in known.items()))
        if key not in self.templates:
            e = value_of(op, known) if by is None else partial_of(op, by, known)
            marks = {x: f"_OF_{x}_" for x in names_in(e)}
            self.templates[key] = as_floats(e, marks), marks
        text, marks = self.templates[key]
        texts = {
            x: self.listed(i) if r.of_sequences else self.names[i] for x, i in zip(r.operands, grouped, strict=True)
        }
        texts["z"] = self.names[v]
        for x, mark in marks.items():
            text = text.replace(mark, texts[x])
        return text

    def listed(self, nodes: Sequence[int]) -> str:
        return f"[{', '.join(self.names[v] for v in nodes)}]"

    def backward(self) -> dict[str, str]:
        """Append the statements of the reverse sweep; returned are the names of the gradients of leaves."""
        g, terms = self.g, defaultdict[int, list[str]](list)
        found: dict[str, str] = {}
        terms[int(g.roots[0])] = ["1.0"]
        for v in range(int(g.roots[0]), -1, -1):
            if not terms.get(v) or self.classes[v] not in PASSING:
                continue
            slope = f"d{self.names[v]}"
            parts = terms.pop(v)
            if len(parts) == 1 and (parts[0].isidentifier() or parts[0] == "1.0"):
                slope = parts[0]
            else:
                self.assign(slope, parts)
            if g.kind[v] == LINEAR:
                self.spread_linear(v, slope, terms)
            elif g.kind[v] == OPERATION:
                self.spread_operation(v, slope, terms)
            else:
                found[self.names[v]] = slope
        return found

    def spread_linear(self, v: int, slope: str, terms: dict[int, list[str]]) -> None:
        for i in range(self.starts[v], self.starts[v + 1]):
            c, x, y = float(self.g.coefficient[i]), int(self.g.left[i]), int(self.g.right[i])
            # Each factor of a product is the derivative by the other, as the rule of multiply says.
            c, sides = (2.0 * c, [(x, x)]) if x == y else (c, [(x, y), (y, x)] if y != ONE else [(x, ONE)])
            for own, other in sides:
                if self.classes[own] in PASSING:
                    terms[own].append(_times(c, slope, "" if other == ONE else self.names[other]))

    def spread_operation(self, v: int, slope: str, terms: dict[int, list[str]]) -> None:
        r, operands = rule(self.operation(v)), self.operands(v)
        if r.of_sequences:
            for x, row in zip(r.operands, r.grouped(operands), strict=True):
                if any(self.classes[own] in PASSING for own in row):
                    self.lines.append(f"s{v}_{x} = {self.filled(v, x)}")
                for i, own in enumerate(row):
                    if self.classes[own] in PASSING:
                        terms[own].append(f"{slope} * s{v}_{x}[{i}]")
            return
        for x, own in zip(r.operands, operands, strict=True):
            if self.classes[own] in PASSING:
                by = self.filled(v, x)
                terms[own].append(
                    {"1.0": slope, "(-1.0)": f"-{slope}"}.get(by, by if slope == "1.0" else f"{slope} * {by}")
                )


def _times(c: float, x: str, y: str) -> str:
    product = (y or "1.0") if x == "1.0" else f"{x} * {y}" if y else x
    if c == 1.0:
        return product
    if c == -1.0:
        return f"-{product}"
    return f"{c!r} * {product}"  # The words include inf and nan.
