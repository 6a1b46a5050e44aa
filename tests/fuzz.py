"""Random programs over all operations, hostile operands included: the same bits in both builds, and PyTorch's numbers.

    python -m tests.fuzz 0 20000 --against PATH    # PATH is a folder with the package of the other build
    python -m tests.fuzz 0 20000 --torch

>>> program(3) == program(3), len(digest(program(3)))
(True, 32)
"""

import argparse
import hashlib
import math
import os
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import autograd
from autograd import Tape, Value, grad_graph
from autograd.check.strategies import Expression, Step, apply
from autograd.operations import OPERATIONS, operation
from tests.running import on_build

PUBLIC: Final = sorted(name for name, row in OPERATIONS.items() if row.public)
HOSTILE: Final = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, math.inf, -math.inf, math.nan),
    *(5e-324, -2.2250738585072014e-308, 1e-160, 1e-17, 1.0 - 2.0**-53, 1.0 + 2.0**-52, 37.0, -745.0, 709.9),
    *(1024.0, 9007199254740993.0, -1e100, 1e155, 1.7976931348623157e308),
)
"""Edges of domains and of the range, and where functions saturate."""
HOSTILE_SHARE: Final = 0.5
"""Of the programs: half of their inputs and constants are hostile."""
MOST_STEPS: Final = 12


def program(seed: int) -> Expression:
    """The program of a seed."""
    rng = Random(f"program {seed}")
    share = 0.5 if rng.random() < HOSTILE_SHARE else 0.0

    def number() -> float:
        return rng.choice(HOSTILE) if rng.random() < share else rng.choice((rng.gauss(0.0, 2.0), rng.uniform(0.1, 3.0)))

    inputs = tuple(number() for _ in range(rng.randint(1, 4)))
    steps: list[Step] = []
    for _ in range(rng.randint(1, MOST_STEPS)):
        op = rng.choice(PUBLIC)
        row = operation(op)
        count = len(row.domains) * (rng.randint(1, 4) if row.of_sequences else 1)
        known = len(inputs) + len(steps)
        # The first operand is a node, and most others, so that graphs are deep and share nodes.
        operands = [
            rng.randrange(max(0, known - 6), known) if i == 0 or rng.random() < 0.75 else number() for i in range(count)
        ]
        steps.append(Step(op, tuple(operands)))
    return Expression(inputs, tuple(steps))


def nodes_of(expression: Expression) -> tuple[list[Value], list[Value]]:
    """The inputs, and the results of the steps."""
    inputs, results = [Value(x) for x in expression.inputs], list[Value]()

    def kept(op: str, xs: Sequence[Any]) -> Value:
        results.append(apply(op, xs))
        return results[-1]

    expression.run(kept, inputs)
    return inputs, results


def numbers_of(expression: Expression) -> Iterator[float]:
    """Data and local derivatives of all nodes, the gradients of two sweeps, and second derivatives."""
    inputs, results = nodes_of(expression)
    root = results[-1]
    root.backward()
    root.backward(gradient=0.75)
    for node in (*inputs, *results):
        yield from (node.data, node.grad, *node.partials)
    for step in Tape(root).sweep():
        yield step.amount
    for g in grad_graph(root, inputs):
        yield g.data
        yield from (h.data for h in grad_graph(g, inputs))


def digest(expression: Expression) -> str:
    """A hash of the bits of all numbers of a program; one nan counts as any other."""
    hashed = hashlib.md5(usedforsecurity=False)
    for x in numbers_of(expression):
        hashed.update(struct.pack("<d", x if x == x else math.nan))
    return hashed.hexdigest()


# ── the other build ──


def differences(first: int, last: int, package: Path) -> list[int]:
    """The seeds whose digests are others in the build of the package `autograd` in that folder."""
    command = on_build(package, f"from tests import fuzz; fuzz.tell({first}, {last})")
    environment = {**os.environ, "PYTHONPATH": ""}
    other = subprocess.run(command, env=environment, check=True, capture_output=True, encoding="utf-8").stdout.split()
    assert other[0] != str(autograd.COMPILED), "both are the same build"
    return [seed for seed, seen in zip(range(first, last), other[1:], strict=True) if digest(program(seed)) != seen]


def tell(first: int, last: int) -> None:
    """Print whether this build is compiled, and the digest of each seed."""
    print(autograd.COMPILED)
    for seed in range(first, last):
        print(digest(program(seed)))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("first", type=int)
    parser.add_argument("last", type=int, help="one past the last seed")
    parser.add_argument("--against", type=Path, help="a folder with the package of the other build")
    parser.add_argument("--torch", action="store_true", help="compare with PyTorch")
    asked = parser.parse_args()
    wrong: list[Any] = []
    if asked.against:
        wrong += differences(asked.first, asked.last, asked.against)
    if asked.torch:
        from tests.rival import disagreements

        wrong += disagreements(asked.first, asked.last)
    for fault in wrong:
        print(fault)
    print(f"{asked.last - asked.first:,} programs, {len(wrong)} faults")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
