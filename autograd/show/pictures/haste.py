"""Attributes of Graphviz that bound the time of a layout which would take seconds or minutes.

>>> from autograd.show.pictures.haste import haste
>>> haste("digraph { x -> y }")
{}

The time grows with the ranks that edges cross, for each is a node of the layout; an edge with a label crosses twice as
many. Up to CAREFUL of them a layout of a chain, star, grid, tree, of layers or unrolled cells took less than 0.4 s.
Beyond, there are pictures of 200 nodes that would take minutes: with these attributes the simplex of the ranks stops
early, and edges are straight. Other pictures don't get them, since more of their edges would cross.
"""

import re
from collections import Counter
from collections.abc import Iterable
from typing import Final

CAREFUL: Final = 3_000
HASTY: Final = 15_000
_FEWER_STEPS: Final = {"nslimit": "2", "nslimit1": "2", "splines": "line"}
_FEWEST_STEPS: Final = {"nslimit": "0", "nslimit1": "1", "splines": "line", "mclimit": "0.1"}
_EDGE: Final = re.compile(r'^\s*("[^"\n]*"|\w+)(?::\w+)* -> ("[^"\n]*"|\w+)(?::\w+)*(.*)$', re.MULTILINE)


def haste(dot: str) -> dict[str, str]:
    """The attributes for a graph in DOT text, with an edge on a line; none if its layout takes no time."""
    found = _EDGE.findall(dot)
    length = _length([(tail, head) for tail, head, _ in found])
    if any("label=" in attributes for *_, attributes in found):
        length *= 2
    return {} if length <= CAREFUL else _FEWER_STEPS if length <= HASTY else _FEWEST_STEPS


def _length(edges: Iterable[tuple[str, str]]) -> int:
    """The ranks that all edges cross together, if a node without edges to it stands just before those that need it."""
    edges = [*edges]
    heads: dict[str, list[str]] = {tail: [] for tail, _ in edges}
    for tail, head in edges:
        heads[tail].append(head)
    waiting = Counter(head for _, head in edges)
    ranks = {tail: 0 for tail in heads if not waiting[tail]}
    order = [*ranks]
    for node in order:
        for head in heads.get(node, ()):
            ranks[head] = max(ranks.get(head, 0), ranks[node] + 1)
            waiting[head] -= 1
            if not waiting[head]:
                order.append(head)
    first = {head for _, head in edges}
    for tail in heads.keys() - first:
        ranks[tail] = min(ranks[head] for head in heads[tail]) - 1
    return sum(max(ranks.get(head, 0) - ranks.get(tail, 0), 0) for tail, head in edges)
