"""A graph of instructions as text, with values and gradients in the order in which they are made.

The program of (w·x).tanh() - x and its gradient by w is

    v2 = p0·x0
    v3 = tanh(v2)
    v4 = v3 + -1·x0
    d8 = tanh by x(seed, v3)
    d10 = d8·x0
    gradient of p0: d10
"""

from typing import Final

from autograd.compiler.native.planning import LEAF, SUM_OF_TERMS, codes
from autograd.compiler.native.sweeps import Flow
from autograd.compiler.scalars import INPUT, ONE, PARAMETER

SHOWN: Final = 200
"""So many nodes, and so many gradients of leaves, are shown."""
TERMS: Final = 8
"""So many terms of a linear node are shown."""
_LETTERS: Final = {PARAMETER: "p", INPUT: "x"}


def listing(flow: Flow) -> str:
    """The live nodes of a flow, and the gradients of its leaves."""
    lister = _Lister(flow)
    nodes = (flow.live & (flow.codes != LEAF)).nonzero()[0].tolist()
    lines = [f"{lister.name(v)} = {lister.shown(v)}" for v in nodes[:SHOWN]]
    lines += [f"… {len(nodes) - SHOWN:,} more"] * (len(nodes) > SHOWN)
    for kind, places in flow.gradients.items():
        found = [(i, v) for i, v in enumerate(places.tolist()) if v != ONE]
        lines += [f"gradient of {_LETTERS[kind]}{i}: {lister.name(v)}" for i, v in found[:SHOWN]]
    return "\n".join(lines)


class _Lister:
    def __init__(self, flow: Flow) -> None:
        self.flow = flow
        self.instructions = {code: name for name, (code, _) in reversed(codes().items())}
        self.leaves = {flow.seed: "seed"}
        for kind, letter in _LETTERS.items():
            self.leaves |= {v: f"{letter}{i}" for i, v in enumerate(flow.leaves[kind].tolist())}

    def name(self, v: int) -> str:
        """A node as an operand: a leaf as itself, a value as v… and what belongs to gradients as d…"""
        if v in self.leaves:
            return self.leaves[v]
        if self.flow.codes[v] == LEAF:
            return f"{self.flow.numbers[v]:g}"
        return f"{'d' if self.flow.backward[v] else 'v'}{v}"

    def shown(self, v: int) -> str:
        """The right side of a node that is no leaf."""
        flow, code = self.flow, int(self.flow.codes[v])
        terms = range(*map(int, flow.terms.starts[v : v + 2]))
        if code > SUM_OF_TERMS:
            return f"{self.instructions[code]}({', '.join(self.name(int(flow.terms.left[i])) for i in terms)})"
        texts = [f"{flow.numbers[v]:g}"] if flow.numbers[v] or not terms else []
        texts += [self.term(i) for i in terms[:TERMS]]
        return " + ".join(texts) + (f" + … {len(terms) - TERMS} more" if len(terms) > TERMS else "")

    def term(self, i: int) -> str:
        """One term of a linear node."""
        terms = self.flow.terms
        factors = [self.name(int(x)) for x in (terms.left[i], terms.right[i]) if x != ONE]
        coefficient = self.flow.coefficients[i]
        return "·".join(factors if coefficient == 1.0 else [f"{coefficient:g}", *factors])
