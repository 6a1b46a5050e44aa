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

from autograd.compiler.building import UPSTREAM, VALUE
from autograd.compiler.expressions import name, names_in, number, partial_of, put, value_of
from autograd.compiler.scalars import CONSTANT, INPUT, LINEAR, ONE, OPERATION, PARAMETER, Scalars
from autograd.compiler.schedule import PASSING
from autograd.compiler.writing import as_floats, float_words
from autograd.formula.cases import rule

TERMS: Final = 50
"""So many terms stand in one expression: Python's compiler recurses into a longer one."""


class Floats:
    """Functions of Python floats for one example: all inputs come first, then all parameters."""

    def __init__(self, g: Scalars, classes: NDArray[np.int8], inputs: int, parameters: int, wanted: str) -> None:
        self.g, self.starts = g, g.starts.tolist()
        self.classes: list[int] = classes.tolist()
        self.templates: dict[tuple[object, ...], tuple[str, dict[str, str]]] = {}
        self.lines: list[str] = []
        self.names = [self.leaf(v) for v in range(len(g))]
        of_inputs, of_parameters = [f"x{i}" for i in range(inputs)], [f"p{i}" for i in range(parameters)]
        arguments = ", ".join(of_inputs + of_parameters)
        self.forward()
        root, *_ = roots = [self.names[v] for v in g.roots.tolist()]
        value = [f"def value({arguments}):", *self.lines, f"return [{', '.join(roots)}]"]
        found = self.backward()
        leaves = of_inputs * (wanted in ("inputs", "both")) + of_parameters * (wanted in ("parameters", "both"))
        slopes = "".join(f"{found.get(leaf, '0.0')}, " for leaf in leaves).rstrip(" ")
        both = [f"def value_and_grad({arguments}):", *self.lines, f"return {root}, ({slopes})"]
        self.texts = {"value": "\n    ".join(value), "value_and_grad": "\n    ".join(both)}

    @property
    def source(self) -> str:
        """The text of both functions."""
        return "\n\n\n".join(self.texts.values())

    @cached_property
    def value(self) -> Callable[..., list[float]]:
        """All roots."""
        return self._made("value")

    @cached_property
    def value_and_grad(self) -> Callable[..., tuple[float, tuple[float, ...]]]:
        """The first root, and its gradients by all leaves whose gradients are wanted."""
        return self._made("value_and_grad")

    def _made(self, name: str) -> Callable[..., Any]:
        made: dict[str, Any] = dict(float_words())
        exec(compile(self.texts[name], "<program over floats>", "exec"), made)
        return made[name]  # type: ignore[no-any-return]

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
        return _product(repr(c), self.names[self.g.left[i]], "1.0" if right == ONE else self.names[right])

    def operation(self, v: int) -> str:
        return self.g.operations[int(self.g.code[v])]

    def operands(self, v: int) -> list[int]:
        found: list[int] = self.g.left[self.starts[v] : self.starts[v + 1]].tolist()
        return found

    def filled(self, v: int, by: str | None, slope: str = "") -> str:
        """The value of an operation, or its derivative by an operand, on the names of this node.

        Given its gradient, it is the part that `where` passes on to an operand.
        """
        op, r = self.operation(v), rule(self.operation(v))
        texts, known = {VALUE: self.names[v], UPSTREAM: slope}, {}
        for x, node in zip(r.operands, r.grouped(self.operands(v)), strict=True):
            texts[x] = f"[{', '.join(self.names[i] for i in node)}]" if r.of_sequences else self.names[node]
            if not r.of_sequences and self.g.kind[node] == CONSTANT:
                known[x] = float(self.g.number[node])
        key = (op, by, *((x, c.hex()) for x, c in known.items()))
        if key not in self.templates:
            e = value_of(op, known) if by is None else partial_of(op, by, known)
            e = put(name(UPSTREAM), number(1.0), e) if slope else e
            marks = {x: f"_OF_{x}_" for x in names_in(e)}
            self.templates[key] = as_floats(e, marks), marks
        text, marks = self.templates[key]
        for x, mark in marks.items():
            text = text.replace(mark, texts[x])
        return text

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
                    factor = "1.0" if other == ONE else self.names[other]
                    terms[own].append(self.guarded(v, _product(repr(c), slope, factor)))

    def spread_operation(self, v: int, slope: str, terms: dict[int, list[str]]) -> None:
        r, operands = rule(self.operation(v)), self.operands(v)
        rows = r.grouped(operands) if r.of_sequences else [[own] for own in operands]
        chooses = r.name == "where"
        for x, row in [*zip(r.operands, rows, strict=True)][chooses:]:
            reached = [(i, own) for i, own in enumerate(row) if self.classes[own] in PASSING]
            if not reached:
                continue
            by = self.filled(v, x, slope * chooses)
            if r.of_sequences:
                self.lines.append(f"s{v}_{x} = {by}")
            for i, own in reached:
                part = f"s{v}_{x}[{i}]" if r.of_sequences else by
                terms[own].append(part if chooses else self.guarded(v, _product(slope, part)))

    def guarded(self, v: int, contribution: str) -> str:
        """A contribution of a node, 0 where a sweep doesn't reach it."""
        guard = ONE if self.g.guards is None else int(self.g.guards[v])
        return contribution if guard == ONE else f"({contribution} if {self.names[guard]} > 0.0 else 0.0)"


def _product(*factors: str) -> str:
    """A product as text, without factors of 1 and with those of -1 as a sign."""
    signs = [factor for factor in factors if factor in ("-1.0", "(-1.0)")]
    rest = [factor for factor in factors if factor != "1.0" and factor not in signs]
    return "-" * (len(signs) % 2) + (" * ".join(rest) or "1.0")
