"""A scalar graph as straight Python over floats: for one example of a small or irregular graph nothing is quicker."""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import chain, islice
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.scalars import CONSTANT, ONE, Scalars
from autograd.compiler.straight import Applied, Formula, Part, Statement, Straight
from autograd.compiler.writing import as_floats, float_words

TERMS: Final = 50
"""So many terms stand in one expression: Python's compiler recurses into a longer one."""


class Floats:
    """Functions of Python floats for one example: all inputs come first, then all parameters."""

    def __init__(self, g: Scalars, classes: NDArray[np.int8], inputs: int, parameters: int, wanted: str) -> None:
        self._program = program = Straight(g, classes)
        self._templates: dict[Formula, str] = {}
        of_inputs, of_parameters = [f"x{i}" for i in range(inputs)], [f"p{i}" for i in range(parameters)]
        arguments = ", ".join(of_inputs + of_parameters)
        forward, backward = ([*chain(*map(self._lines, part))] for part in (program.forward, program.backward))
        root, *_ = roots = [self._name(place) for place in program.roots]
        value = [f"def value({arguments}):", *forward, f"return [{', '.join(roots)}]"]
        found = {program.label(leaf): self._name(place) for leaf, place in program.gradients.items()}
        leaves = of_inputs * (wanted in ("inputs", "both")) + of_parameters * (wanted in ("parameters", "both"))
        slopes = "".join(f"{found.get(leaf, '0.0')}, " for leaf in leaves).rstrip(" ")
        both = [f"def value_and_grad({arguments}):", *forward, *backward, f"return {root}, ({slopes})"]
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

    def _name(self, place: int) -> str:
        kinds = self._program.kinds
        if place == ONE:
            return "1.0"
        if place < len(kinds) and kinds[place] == CONSTANT:
            number = self._program.numbers[place]
            return repr(number) if number >= 0.0 else f"({number!r})"
        return self._program.label(place)

    def _lines(self, s: Statement) -> Iterator[str]:
        """A sum as one statement, or as several if it is long."""
        to = self._name(s.out) if s.length is None else self._name(s.out).partition("[")[0]
        rest = iter(([] if s.number == 0.0 else [repr(s.number)]) + [self._part(part) for part in s.parts])
        start = ""
        while some := [*islice(rest, TERMS)]:
            yield f"{to} = {start}{' + '.join(some)}".replace("+ -", "- ")
            start = f"{to} + "

    def _part(self, part: Part) -> str:
        applied = [] if part.applied is None else [self._applied(part.applied)]
        text = _product(repr(part.coefficient), *map(self._name, part.factors), *applied)
        return text if part.guard == ONE else f"({text} if {self._name(part.guard)} > 0.0 else 0.0)"

    def _applied(self, applied: Applied) -> str:
        formula, marks = applied.formula, [f"_OF_{x}_" for x in applied.formula.names]
        if formula not in self._templates:
            self._templates[formula] = as_floats(formula.expression, dict(zip(formula.names, marks, strict=True)))
        text = self._templates[formula]
        for mark, place in zip(marks, applied.operands, strict=True):
            shown = f"[{', '.join(map(self._name, place))}]" if isinstance(place, tuple) else self._name(place)
            text = text.replace(mark, shown)
        return text


def _product(*factors: str) -> str:
    """A product as text, without factors of 1 and with those of -1 as a sign."""
    signs = [factor for factor in factors if factor in ("-1.0", "(-1.0)")]
    rest = [factor for factor in factors if factor != "1.0" and factor not in signs]
    return "-" * (len(signs) % 2) + (" * ".join(rest) or "1.0")
