"""The facts of a program that was compiled, and the report of them as text.

>>> from autograd.compiler.report import Facts, ProductFact, report
>>> facts = Facts(
...     nodes=57, groups=4, products=(ProductFact("layers.0.weight", 1, 10, 1, 2),), maps=3, elements=31, calls=(6, 8),
...     bytes_per_example=712, bytes_of_parameters=328, irregular=((2, "no two of them alike"),), overhead=8e-6,
...     seconds_per_example=2e-8,
... )
>>> print(report(facts, 41))
57 nodes in 4 groups, 41 parameters
1 product of matrices
    layers.0.weight                        (N × 2) · (2 × 10)
3 elementwise statements, 31 numbers for each example
6 calls of NumPy forward, 8 backward
712 bytes for each example, 328 bytes of parameters
2 nodes stayed irregular: no two of them alike
a step of N examples takes about 8 µs + N · 20 ns
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from math import prod
from typing import NamedTuple

from autograd.wording import counted


class ProductFact(NamedTuple):
    """Matrix products, as of the statement `Product`: c of them, each of F × T and P × T numbers for each example."""

    name: str
    c: int
    f: int
    p: int
    t: int

    @property
    def sizes(self) -> str:
        """Those of the matrices."""
        columns = "N" if self.p == 1 else f"N·{self.p:,}"
        times = f"{self.c:,} of " if self.c > 1 else ""
        return f"{times}({columns} × {self.t:,}) · ({self.t:,} × {self.f:,})"

    def __str__(self) -> str:
        return f"{self.name:<38} {self.sizes}"


class Facts(NamedTuple):
    """The facts of a program that a report is made of; `calls`, bytes and times are estimates."""

    nodes: int = 0
    groups: int = 0
    products: tuple[ProductFact, ...] = ()
    maps: int = 0
    """Elementwise statements."""
    elements: int = 0
    """The numbers that these compute for each example."""
    calls: tuple[int, int] = (0, 0)
    """Calls of NumPy, forward and backward."""
    bytes_per_example: int = 0
    bytes_of_parameters: int = 0
    irregular: tuple[tuple[int, str], ...] = ()
    """Nodes that are computed one by one, with the reason."""
    overhead: float = 0.0
    """Seconds of a step that do not depend on the number of examples."""
    seconds_per_example: float = 0.0
    block: int = 0
    """Examples that run together, so that their numbers stay in the cache; 0 for all."""
    operations: int | None = None
    """Those on each example, about, for a value and its gradient, where they make no arrays; else None."""
    threads: int = 1
    """Threads that share large batches."""
    backend: str = "numpy"
    reason: str = ""
    """Why this back end was chosen."""

    @property
    def form(self) -> str:
        """That which the nodes have become."""
        if self.operations is not None:
            return f"about {counted(self.operations, 'operation')} on each example"
        products = f"{counted(len(self.products), 'product')} of matrices"
        return f"{products} and {counted(self.maps, 'elementwise statement')}"


def report(facts: Facts, parameters: int) -> str:
    """The facts as text, a fact a line."""
    nodes, of_parameters = counted(facts.nodes, "node"), counted(parameters, "parameter")
    bytes_of = f"{facts.bytes_of_parameters:,} bytes of parameters"
    if facts.operations is None:
        lines = [f"{nodes} in {counted(facts.groups, 'group')}, {of_parameters}"]
        lines.append(f"{counted(len(facts.products), 'product')} of matrices")
        for product, often in Counter(facts.products).items():
            lines.append(f"    {product}{f', {often:,} times' if often > 1 else ''}")
        numbers = counted(facts.elements, "number")
        lines.append(f"{counted(facts.maps, 'elementwise statement')}, {numbers} for each example")
    else:
        lines = [f"{nodes}, {of_parameters}", f"{facts.form}, several examples at a time"]
    if facts.backend == "numpy":
        lines.append(f"{counted(facts.calls[0], 'call')} of NumPy forward, {facts.calls[1]:,} backward")
        bytes_of = f"{facts.bytes_per_example:,} bytes for each example, {bytes_of}"
    lines.append(bytes_of)
    lines += [f"{counted(n, 'node')} stayed irregular: {reason}" for n, reason in facts.irregular]
    if facts.block:
        lines.append(f"blocks of {counted(facts.block, 'example')}, whose numbers stay in the cache")
    if facts.overhead or facts.seconds_per_example:
        times = duration(facts.overhead), duration(facts.seconds_per_example)
        lines.append(f"a step of N examples takes about {times[0]} + N · {times[1]}")
    if facts.threads > 1:
        lines.append(f"up to {facts.threads} threads share a large batch")
    if facts.reason:
        lines.append(f"back end {facts.backend}: {facts.reason}")
    return "\n".join(lines)


def in_words(facts: Facts, shapes: Mapping[str, Sequence[int]]) -> list[str]:
    """A sentence for each product of matrices, about the neurons, filters or nodes that it was found in.

    shapes has the shape of each part of the parameters by its name, in their order.

    >>> products = (ProductFact("0.weight", 1, 500, 1, 785), ProductFact("cell.weight_hh", 1, 8, 1, 8)) * 2
    >>> shapes = {"0.weight": (500, 784), "0.bias": (500,), "cell.weight_hh": (8, 8)}
    >>> print(*in_words(Facts(products=products[1:]), shapes), sep="\\n")
    your 8 neurons of cell.weight_hh are one `X @ W.T` in each of 2 steps: (N × 8) · (8 × 8)
    your 500 neurons of 0.weight are one `X @ W.T + b`: (N × 785) · (785 × 500), with a 1 in each row for b
    """
    said = [_sentence(product, times, shapes) for product, times in Counter(facts.products).items()]
    if not any(said):
        form = facts.form if facts.operations is not None else counted(facts.maps, "elementwise statement")
        said = [f"{counted(facts.nodes, 'node')} of N examples in {form}"]
    return [text for text in said if text]


def _sentence(product: ProductFact, times: int, shapes: Mapping[str, Sequence[int]]) -> str:
    if product.name not in shapes:
        several = f"{product.c:,} products of nodes are one batched" if product.c > 1 else "products of nodes are one"
        return "" if product.f == product.p == 1 else f"{several} `A @ B`: {product.sizes}"
    shape = shapes[product.name]
    ones = product.t - prod(shape[1:])
    if ones not in (0, 1) or len(shape) < 2:
        return ""  # It is a sum over the parameters and not a layer.
    alike = [name for name, other in shapes.items() if tuple(other) == tuple(shape)]
    start = alike.index(product.name)
    layers = ", ".join(alike[start : start + max(1, product.f // shape[0])])
    neurons = counted(product.f, "filter" if len(shape) > 2 else "neuron")
    are = "is" if product.f == 1 else "are"
    name = product.name.replace("weight", "bias")
    bias = " + b" if name != product.name and name in shapes else ""
    positions = f" at {product.p:,} positions" if product.p > 1 else ""
    steps = f" in each of {times:,} steps" if times > 1 else ""
    one = ", with a 1 in each row for b" if ones else ""
    return f"your {neurons} of {layers}{positions} {are} one `X @ W.T{bias}`{steps}: {product.sizes}{one}"


def duration(seconds: float) -> str:
    """A time in the unit that suits it.

    >>> duration(0.00125), duration(3e-9)
    ('1.25 ms', '3 ns')
    """
    units = {"s": 1.0, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}
    unit = next((unit for unit, size in units.items() if seconds >= size), "ns")
    return f"{seconds / units[unit]:.3g} {unit}"
