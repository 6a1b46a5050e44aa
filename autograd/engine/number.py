"""Numbers and names as a node keeps them: floats and plain strings.

>>> from autograd.engine.number import short, to_float
>>> short(0.1 + 0.2), to_float(3, "add")
('0.3', 3.0)
"""

from numbers import Complex, Real
from typing import Final

from autograd.engine.native import i64, mypyc_attr


@mypyc_attr(native_class=False)
class ArrayError(TypeError):
    """An array where one number is wanted. Operators leave it to NumPy, which goes through its elements."""


class Writes:
    """The count of assignments to the data of nodes.

    A compiled program keeps a copy of the data of its parameters. While the count stands, the copy is right.
    """

    __slots__ = ("count",)

    def __init__(self) -> None:
        self.count: i64 = 0


WRITES: Final = Writes()
SIX: Final = 6
"""Digits of a float in text, unless more are needed."""
EXACT: Final = 17
"""Digits that tell any float from all others."""


def short(number: float, digits: int = SIX) -> str:
    """A float in at most six digits, or in more, as labels and tables show it.

    >>> short(2.0), short(1 / 3), short(1e-9), short(1 / 3, 9)
    ('2.0', '0.333333', '1e-09', '0.333333333')
    """
    text = f"{number:.{digits}g}" if digits < EXACT else repr(number)
    return text if any(mark in text for mark in ".en") else text + ".0"


def shorts(numbers: list[float], digits: list[int]) -> list[str]:
    """The floats of one statement, each in so many digits, or in more where two different ones would look equal.

    A number that isn't 1 doesn't look like 1, nor one that isn't -1 like -1: there, domains and ranges end.

    >>> shorts([0.3, 0.1 + 0.2, 1 / 3], [SIX, SIX, SIX]), shorts([1 + 2e-10], [SIX])
    (['0.3', '0.30000000000000004', '0.333333'], ['1.0000000002'])
    """
    digits = list(digits)
    while True:
        texts = [short(number, most) for number, most in zip(numbers, digits, strict=True)]
        shown = {"1.0": 1.0, "-1.0": -1.0}
        unclear: set[str] = set()
        for number, text in zip(numbers, texts, strict=True):
            if shown.setdefault(text, number) != number and number == number:
                unclear.add(text)
        growing = [i for i, text in enumerate(texts) if text in unclear and digits[i] < EXACT]
        if not growing:
            return texts
        for i in growing:
            digits[i] += 1


def to_float(number: object, operation: str) -> float:
    """The number as a float; TypeError with the remedy for anything that is no real number."""
    if type(number) is float:
        return number
    # A subclass may have a __float__ of its own, and isinstance believes what an object says of its class.
    if isinstance(number, int) and (type(number) is int or issubclass(type(number), int)):
        try:
            return float(number) if type(number) is int else int.__float__(number)
        except OverflowError:
            raise OverflowError(
                f"{operation}: an int of {int.bit_length(number)} bits is too large for a float, "
                "which ends at 1.8e308; scale it first"
            ) from None
    if issubclass(type(number), float):
        return float.__float__(number)  # type: ignore[arg-type]
    if type(number).__module__ == "numpy" and _is_real_scalar(number):
        return float(number)  # type: ignore[arg-type]
    of_value = operation.startswith("Value")
    text = (
        f"{operation} takes {'' if of_value else 'Values, '}ints, floats and NumPy real scalars, "
        f"not {described(number)}; {_remedy(number, operation)}"
    )
    raise (ArrayError if hasattr(number, "__array_ufunc__") and not of_value else TypeError)(text)


def described(thing: object, length: int = 60) -> str:
    """The type and the text of a thing on one line, cut if it is long; the text alone if it names the type.

    >>> described(3), described(range(3)), described("a" * 99, 9)
    ('int 3', 'range(0, 3)', "str 'aaaaaaa…")
    """
    kind, shape = type(thing).__name__, getattr(thing, "shape", ())
    if thing is None:
        return "None"
    if isinstance(shape, tuple) and shape:
        return f"{kind} of shape {tuple(shape)}"  # The text of a large array takes long.
    text = shown(thing, length)
    return text if text.startswith("<") or text.lower().startswith(kind.lower()) else f"{kind} {text}"


def shown(thing: object, length: int = 60) -> str:
    """The first line of the repr of a thing, cut if it is long, or a text in its place if its repr fails.

    >>> row = []
    >>> for _ in range(5_000):
    ...     row = [row]
    >>> shown([1, 2]), shown(row)
    ('[1, 2]', '<list whose repr fails>')
    """
    try:
        text = repr(thing).partition("\n")[0]
    except Exception:  # The error that is being written matters more.
        return f"<{type(thing).__name__} whose repr fails>"
    return text if len(text) <= length else text[: length - 1] + "…"


def plain(text: str) -> str:
    """The text as a str, and not as a subclass, which might run code when a node is freed.

    >>> class Name(str): ...
    >>> type(plain(Name("w")))
    <class 'str'>
    """
    return text if type(text) is str else str.__str__(text)


def _remedy(thing: object, operation: str) -> str:
    if hasattr(thing, "operands"):
        return "use +v for a node of its own, v.data for its float, v.detach() to cut the graph"
    if thing is None:
        if operation == "Value.grad":
            return "a gradient is reset by v.grad = 0.0"
        return "did a function forget to return?"
    shape = getattr(thing, "shape", None)
    if issubclass(type(thing), (str, bytes, bytearray)) or (shape is None and hasattr(thing, "__float__")):
        return "convert it with float() first"
    if isinstance(thing, Complex) and not isinstance(thing, Real):
        return "take .real or .imag"
    if shape == ():
        return "take its number with .item()"
    if hasattr(thing, "__iter__"):
        return "work on its elements: [Value(x) for x in xs]"
    return "give a number"


def _is_real_scalar(thing: object) -> bool:
    kind = type(thing).__name__
    return kind in ("bool", "bool_") or (isinstance(thing, Real) and kind != "timedelta64")
