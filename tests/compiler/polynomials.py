"""The polynomials of `elementary.h`: Chebyshev interpolations that mpmath makes. `python -m tests.compiler.polynomials`
prints them."""

from collections.abc import Callable
from typing import Any, Final, Literal, NamedTuple

import mpmath

mp: Final = mpmath.mp.clone()
mp.dps = 60  # Terms of the quotients below cancel, and still the numbers have many more digits than doubles.
NEAR_ZERO: Final = mp.mpf(10) ** -20
"""There the quotients below are their limits, to the last digit that counts."""

GRID: Final = 300
"""Points; the error goes up and down less than 25 times."""

Real = Any


class Polynomial(NamedTuple):
    """A function on an interval, with the number of terms in double and in float, and the error that they may make."""

    name: str
    meaning: str
    function: Callable[[Real], Real]
    limit: Real
    """The function at 0, where its formula divides by 0."""
    interval: tuple[Real, Real]
    terms: tuple[int, int]
    errors: tuple[float, float]
    """The greatest, times the weight: so far the polynomial may be from the function."""
    weight: Callable[[Real], Real] = lambda x: 1

    def __call__(self, x: Real) -> Real:
        return self.limit if abs(x) < NEAR_ZERO else self.function(x)

    def coefficients(self, real: Literal["double", "float"]) -> list[Real]:
        """From the lowest, not rounded."""
        return mp.chebyfit(self, self.interval, self.terms[real == "float"])[::-1]  # type: ignore[no-any-return]

    def error(self, real: Literal["double", "float"]) -> float:
        """The greatest error of the polynomial, with numbers that aren't rounded, on a fine grid."""
        c, (low, high) = self.coefficients(real)[::-1], self.interval
        grid = [low + (high - low) * mp.mpf(i) / GRID for i in range(GRID + 1)]
        return float(max(abs((mp.polyval(c, x) - self(x)) * self.weight(x)) for x in grid))

    def macro(self, real: Literal["double", "float"]) -> str:
        """A macro of C for its values."""
        numbers = [shown(c, real) for c in self.coefficients(real)]
        name, count = f"{self.name}_POLYNOMIAL", self.terms[real == "float"]
        return wrapped(f"#define {name}(x) poly{count}(x, {', '.join(numbers)})")


def shown(c: Real, real: Literal["double", "float"]) -> str:
    return repr(float(c)) if real == "double" else str(mpmath.nstr(c, 10))


def wrapped(text: str, width: int = 118) -> str:
    """A macro on several lines."""
    lines = [""]
    for word in text.split(" "):
        if lines[-1] and len(lines[-1]) + 1 + len(word) > width:
            lines.append("   ")
        lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(lines)


def _root(x: Real) -> Real:
    return mp.sqrt(x)


def _scaled_tail(t: Real) -> Real:
    x = mp.mpf(15) / 4 * (1 + t) / (1 - t)
    return (1 + 2 * x) * mp.exp(x * x) * mp.erfc(x)


def _log_series(x: Real) -> Real:
    return (2 * mp.atanh(_root(x)) / _root(x) - 2) / x


def _same(x: Real) -> Real:
    return x


HALF_LN_2: Final = mp.log(2) / 2
TAIL_END: Final = (mp.mpf(29) - mp.mpf(15) / 4) / (mp.mpf(29) + mp.mpf(15) / 4)
"""Φ(−40) = ½·erfc(28.3) is zero in double."""
POLYNOMIALS: Final = (
    Polynomial(
        "EXP",
        "(eˣ − 1 − x) / x²",
        lambda x: (mp.expm1(x) - x) / x**2,
        mp.mpf(1) / 2,
        (-HALF_LN_2, HALF_LN_2),
        (11, 6),
        (2e-19, 2e-10),
        lambda x: x**2,
    ),
    Polynomial(
        "LOG",
        "(2·atanh(√x)/√x − 2) / x",
        _log_series,
        mp.mpf(2) / 3,
        (0, mp.mpf(1) / 25),
        (8, 4),
        (2e-18, 2e-10),
        _same,
    ),
    Polynomial(
        "LOG1P", "the same, up to 1/9", _log_series, mp.mpf(2) / 3, (0, mp.mpf(1) / 9), (11, 5), (2e-18, 2e-9), _same
    ),
    Polynomial(
        "LOG_REST",
        "(2·atanh(√x)/√x − 2 − ⅔·x) / x²",
        lambda x: (2 * mp.atanh(_root(x)) / _root(x) - 2 - 2 * x / 3) / x**2,
        mp.mpf(2) / 5,
        (0, mp.mpf(1) / 25),
        (8, 3),
        (1e-19, 1e-9),
        lambda x: x**2,
    ),
    Polynomial(
        "SIN",
        "(sin(√x)/√x − 1) / x",
        lambda x: (mp.sin(_root(x)) / _root(x) - 1) / x,
        -mp.mpf(1) / 6,
        (0, (mp.pi / 4) ** 2),
        (6, 4),
        (2e-17, 2e-11),
        _same,
    ),
    Polynomial(
        "COS",
        "(cos(√x) − 1 + x/2) / x²",
        lambda x: (mp.cos(_root(x)) - 1 + x / 2) / x**2,
        mp.mpf(1) / 24,
        (0, (mp.pi / 4) ** 2),
        (6, 3),
        (1e-18, 1e-9),
        lambda x: x**2,
    ),
    Polynomial(
        "ATAN",
        "(atan(√x)/√x − 1) / x",
        lambda x: (mp.atan(_root(x)) / _root(x) - 1) / x,
        -mp.mpf(1) / 3,
        (0, mp.mpf(18) / 100),
        (12, 6),
        (2e-18, 2e-10),
        _same,
    ),
    Polynomial(
        "ASIN",
        "(asin(√x)/√x − 1) / x",
        lambda x: (mp.asin(_root(x)) / _root(x) - 1) / x,
        mp.mpf(1) / 6,
        (0, mp.mpf(1) / 4),
        (13, 6),
        (1e-17, 2e-9),
        _same,
    ),
    Polynomial(
        "ERF", "erf(√x)/√x", lambda x: mp.erf(_root(x)) / _root(x), 2 / mp.sqrt(mp.pi), (0, 1), (13, 8), (2e-19, 4e-11)
    ),
    Polynomial(
        "TAIL",
        "(1 + 2y)·e^(y²)·erfc(y) of x = (y − 3.75) / (y + 3.75)",
        _scaled_tail,
        _scaled_tail(mp.mpf(0)),
        (-1, TAIL_END),
        (23, 12),
        (2e-17, 4e-9),
    ),
)


def text() -> str:
    """The lines of the header."""
    blocks = []
    for condition, real in (("#if IS_FLOAT", "float"), ("#else", "double")):
        made = [f"/* {p.meaning} */\n{p.macro(real)}" for p in POLYNOMIALS]  # type: ignore[arg-type]
        blocks.append("\n".join([condition, *made]))
    return "\n".join([*blocks, "#endif"])


if __name__ == "__main__":
    print(text())
