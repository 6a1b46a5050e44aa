"""The workshop of random programs: leaves, vectors made so far, and random picks that never look at a number.

>>> from random import Random
>>> b = Builder(Random(1), [Value(0.5)], lambda place: Value(0.25))
>>> b.keep([b.parameter() * b.vector()[0]], 1.0)
>>> b.vectors[-1]
[Value(data=0.125)]
"""

from collections.abc import Callable, Sequence
from random import Random
from typing import Final, TypeAlias, TypeVar

from autograd import Value, dot, total

T = TypeVar("T")
Vector: TypeAlias = list[Value]
Matrix: TypeAlias = list[Vector]

LONGEST: Final = 10
"""The most numbers of a vector: programs are small, so that thousands of them can be tried."""
LARGE: Final = 6.0
"""Vectors that may hold larger numbers are squashed, so that powers and exponentials of them stay in range."""
SMOOTH: Final = ("tanh", "sigmoid", "sin", "cos", "atan", "asinh", "erf", "gelu", "silu", "softplus", "logsigmoid")
KINKED: Final = ("relu", "leaky_relu", "elu", "sign")


class Builder:
    """The tools of a block of a random program.

    `rng` decides the structure, and is a new one for each block. `parameter_at` gives the parameter of a number: a new
    leaf, or one that is there already. A vector has a size, the largest number that it is likely to hold.
    """

    def __init__(self, rng: Random, leaves: Sequence[Value], parameter_at: Callable[[int], Value]) -> None:
        self.rng = rng
        self.leaves = list(leaves)
        self.parameter_at = parameter_at
        self.parameters: Vector = []
        self.vectors: list[Vector] = []
        self.sizes: list[float] = []
        self.sequences: list[Matrix] = []
        self.matrices: list[Matrix] = []
        self.masks: Vector = []
        self.wild = False
        if leaves:
            self.vectors.append(self.leaves)
            self.sizes.append(1.5)

    # ── picks ──

    def chance(self, share: float) -> bool:
        return self.rng.random() < share

    def between(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        return self.rng.randint(low, high)

    def one_of(self, things: Sequence[T]) -> T:
        return self.rng.choice(things)

    def _place(self) -> int:
        recent = 4 if self.chance(0.7) else len(self.vectors)
        return self.rng.randrange(max(0, len(self.vectors) - recent), len(self.vectors))

    def sized(self, longest: int = LONGEST, shortest: int = 1) -> tuple[Vector, float]:
        """A vector made so far, mostly one of the latest, and its size; a short one is repeated."""
        place = self._place()
        v = self.vectors[place]
        while len(v) < shortest:
            v = v + v
        return list(v[:longest]), self.sizes[place]

    def vector(self, longest: int = LONGEST, shortest: int = 1) -> Vector:
        """A vector of small numbers: one made so far, squashed if it may be large."""
        v, size = self.sized(longest, shortest)
        return [x.tanh() for x in v] if size > LARGE / 2.0 else v

    def vector_of(self, length: int) -> Vector:
        return self.vector(length, length)

    def positive(self, longest: int = LONGEST, shortest: int = 1) -> Vector:
        """A vector of numbers from about 0.2 to 4."""
        v = self.vector(longest, shortest)
        match self.between(0, 4):
            case 0:
                return [x.square() * 0.3 + 0.4 for x in v]
            case 1:
                return [(x * x + 1.0) / 2.0 for x in v]
            case 2:
                return [x.softplus() + 0.2 for x in v]
            case 3:
                return [x.sigmoid() + 0.2 for x in v]
            case _:
                return [abs(x) + 0.3 for x in v]

    def sequence(self, steps: int, width: int) -> Matrix:
        """Tokens: a sequence made so far of that width, or the numbers of vectors in rows."""
        known = [s for s in self.sequences if len(s[0]) == width and len(s) >= steps]
        if known and self.chance(0.6):
            return self.one_of(known)[:steps]
        v: Vector = []
        while len(v) < steps * width:
            v += self.vector()
        return [v[t * width : (t + 1) * width] for t in range(steps)]

    def number(self) -> float:
        """A plain number of the program text."""
        return self.one_of((0.0, 1.0, -1.0, 2.0, 0.5, -0.5, 0.1, 3.0, -0.3, 1.5))

    # ── parameters ──

    def parameter(self) -> Value:
        """A new parameter, or now and then one that stands elsewhere too."""
        if self.parameters and self.chance(0.04):
            return self.one_of(self.parameters)
        p = self.parameter_at(len(self.parameters))
        self.parameters.append(p)
        return p

    def weights(self, length: int) -> Vector:
        return [self.parameter() for _ in range(length)]

    def matrix(self, rows: int, columns: int) -> Matrix:
        """A matrix of new parameters, or one used before, as it is or transposed."""
        same = [m for m in self.matrices if len(m) == rows and len(m[0]) == columns]
        if same and self.chance(0.5):
            return self.one_of(same)
        turned = [m for m in self.matrices if len(m) == columns and len(m[0]) == rows]
        if turned and self.chance(0.3):
            return [list(column) for column in zip(*self.one_of(turned), strict=True)]
        m = [self.weights(columns) for _ in range(rows)]
        self.matrices.append(m)
        return m

    # ── results ──

    def keep(self, v: Sequence[Value], size: float) -> None:
        """Add a vector; one that may be large is squashed or scaled."""
        v = list(v[:LONGEST])
        if size > LARGE and not self.wild:
            if self.chance(0.5):
                v, size = [x * (2.0 / size) for x in v], 2.0
            else:
                name = self.one_of(("tanh", "sin", "atan"))
                v, size = [getattr(x, name)() for x in v], 1.5
        if v:
            self.vectors.append(v)
            self.sizes.append(size)

    def keep_sequence(self, rows: Matrix, size: float) -> None:
        if size <= LARGE / 2.0:
            self.sequences.append(rows)
        for v in rows[-2:] if self.chance(0.5) else [[x for row in rows for x in row]]:
            self.keep(v, size)


def weighed(b: Builder, row: Sequence[Value], v: Sequence[Value], style: int) -> Value:
    """Σ row·v, in one of the ways that people write it."""
    pairs = list(zip(row, v, strict=True))
    match style % 7:
        case 0:
            return dot(row, v)
        case 1:
            return _sum([w * x for w, x in pairs])
        case 2:
            return _sum([x * w for w, x in reversed(pairs)])
        case 3:
            return total(w * x for w, x in pairs)
        case 4:
            z = 0.0 + pairs[0][0] * pairs[0][1]
            for w, x in pairs[1:]:
                z = z + w * x
            return z
        case 5:
            half = len(pairs) // 2
            left, right = pairs[:half], pairs[half:]
            return dot(*zip(*left, strict=True)) + dot(*zip(*right, strict=True)) if left else dot(row, v)
        case _:
            z = -(pairs[0][0] * pairs[0][1])
            for w, x in pairs[1:]:
                z = z - w * x
            return -z


def _sum(terms: Sequence[Value]) -> Value:
    z = terms[0]
    for term in terms[1:]:
        z = z + term
    return z


def squashed(b: Builder, v: Sequence[Value]) -> Vector:
    """One activation for a whole vector."""
    name = b.one_of(SMOOTH) if b.chance(0.7) else b.one_of(KINKED)
    return [getattr(x, name)() for x in v]


def linear(b: Builder, m: Matrix, v: Sequence[Value], bias: Vector | None = None) -> Vector:
    """m·v + bias in one style for all rows."""
    style = b.between(0, 6)
    z = [weighed(b, row, v, style) for row in m]
    if bias is None:
        return z
    return [x + c for x, c in zip(z, bias, strict=True)] if style % 2 else [c + x for x, c in zip(z, bias, strict=True)]
