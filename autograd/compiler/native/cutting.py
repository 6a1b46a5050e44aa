"""Steps and loops cut into functions, and the memory through which these and the loops share values."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from autograd.compiler.native.loops import Before, Block, Loop, Roller, Row
from autograd.compiler.native.steps import Step


@dataclass(eq=False)
class Function:
    """A function of C: its name and the blocks in it."""

    name: str
    blocks: list[Block] = field(default_factory=list)


class Memory:
    """The places of values that more than one function needs, or more than one round of a loop."""

    def __init__(self, functions: Sequence[Function], roller: Roller) -> None:
        self._homes = roller.homes
        self.size = 0
        """In vectors of lanes."""
        self.slots: dict[int, int] = {}
        """Those of values of steps."""
        self.arrays: dict[tuple[Loop, int], int] = {}
        """The first one for a place of a loop, which has one for each round."""
        users = defaultdict[int, set[Function]](set)
        loops = [block for f in functions for block in f.blocks if isinstance(block, Loop)]
        accesses = [access for loop in loops for access in loop.accesses.values()]
        in_rows = any(isinstance(access, Row) and access.kind == "sum" for access in accesses)
        self.sums = self._take(roller.of.sums) if in_rows else 0
        """The first one of all sums, if loops read or write them as rows."""
        for f in functions:
            for block in f.blocks:
                for place in _shared(block):
                    users[place].add(f)
        for place, several in users.items():
            if place in self._homes:
                loop, first, k = self._homes[place]
                if not (loop.carries(first, k) and all(loop in f.blocks for f in several)):
                    loop.given.add(first)
            elif in_rows and roller.of.kind(place) == "sum":
                self.slots[place] = self.sums + roller.of.row(place)
            elif len(several) > 1:
                self.slots[place] = self._take(1)
        for loop in loops:
            for place in sorted(loop.given):
                self.arrays[loop, place] = self._take(loop.count)

    def _take(self, count: int) -> int:
        self.size += count
        return self.size - count


def _shared(block: Block) -> Iterator[int]:
    """The places that a block reads or gives a value to; for a loop those outside of it alone."""
    if isinstance(block, Step):
        yield from block.outs()
        yield from block.reads()
        return
    own = {place for s in block.steps if s.number is not None for place in s.outs()}
    for s in block.steps:
        yield from (place for place in (s.out, *s.reads()) if place not in own and place not in block.accesses)
    yield from (access.start for access in block.accesses.values() if isinstance(access, Before))


def weight(blocks: Iterable[Block]) -> int:
    """How much there is to compile: the parts of all sums."""
    return sum(len(block.parts) if isinstance(block, Step) else weight(block.steps) for block in blocks)


def cut(blocks: Iterable[Block], name: str, most: int) -> list[Function]:
    """Blocks as functions, of which none is heavier than that unless it has one block alone."""
    functions, heavy = list[Function](), most
    for block in blocks:
        heavy += weight([block])
        if not functions or heavy > most:
            functions.append(Function(f"{name}{len(functions) + 1}"))
            heavy = weight([block])
        functions[-1].blocks.append(block)
    return functions
