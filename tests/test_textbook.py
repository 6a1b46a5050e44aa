"""The definitions of the textbook against the functions of `ieee`, and their use by the parser."""

import random
from typing import Any, Final

import pytest

from autograd import formula
from autograd.engine import ieee, rules
from autograd.formula import textbook
from autograd.formula.cases import WORDS
from autograd.formula.cases import textbook as parsed

EXACT_ENOUGH: Final = 1e-13
"""Relative to the result or to 1: the textbook loses digits by cancellation where `ieee` doesn't."""
PRIMITIVE: Final = ("exp", "log", "sin", "cos", "asin", "acos", "atan", "erf")
ON_LISTS: Final = ("total", "greatest", "least", "ties")
HELPERS: Final = {"divided", "lessened", "shifted", "parts", "quadrant", "quarter"}
"""Words of the textbook alone."""
ABOVE_ONE: Final = ("acosh", "hyperbola")
OF_POSITIVES: Final = ("power", "scaled_power", "sqrt", "log2", "log10", "xlogy", *ABOVE_ONE)
"""The others are defined on both sides of 0."""
DEFINED: Final = [word for word in parsed()[0] if hasattr(ieee, word)]


def test_every_word_is_primitive_or_defined() -> None:
    assert set(WORDS) == {*parsed()[0], *PRIMITIVE, *ON_LISTS} - HELPERS


@pytest.mark.parametrize("word", DEFINED)
def test_the_definition_is_the_function(word: str) -> None:
    rng = random.Random(word)
    definition = parsed()[0][word]
    for _ in range(100):
        least = 0.1 if word in OF_POSITIVES else -0.9
        numbers: list[Any] = [rng.uniform(least, 0.9) for _ in definition.operands]
        if definition.of_sequences:
            numbers = [[rng.uniform(0.1, 3.0) for _ in range(4)] for _ in numbers]
        if word in ABOVE_ONE:
            numbers[0] += 1.0
        if word == "scaled_power":
            numbers[3] = float(rng.randrange(2))
        if word.startswith(("log_of_shifted", "shifted")):
            numbers[0].append(max(numbers[0]))
        expected, found = getattr(ieee, word)(*numbers), definition.function(*numbers)
        assert found == pytest.approx(expected, rel=EXACT_ENOUGH, abs=EXACT_ENOUGH)


@pytest.mark.parametrize(
    ("word", "numbers"),
    [
        *(("atan2", (x, y)) for x in (-1.0, 0.0, 1.0) for y in (-1.0, 0.0, 1.0) if x or y),
        *(("logaddexp", pair) for pair in ((1e3, 0.0), (0.0, 1e3), (1.0, 1.0))),
        *(("xlogy", pair) for pair in ((0.0, 0.0), (2.0, 0.0), (0.0, 2.0))),
        *(("scaled_power", (c, x, y, 2.0)) for c, x, y in ((0.0, 0.0, 1.0), (1.0, 2.0, 5.0), (-1.0, 2.0, 5.0))),
        *(("asinh", (x,)) for x in (-1e9, 0.0, 1e9)),
    ],
)
def test_the_definition_holds_where_its_cases_meet(word: str, numbers: tuple[float, ...]) -> None:
    expected, found = getattr(ieee, word)(*numbers), defined_over_ieee(word)(*numbers)
    assert found == pytest.approx(expected, rel=EXACT_ENOUGH, abs=EXACT_ENOUGH)


def test_a_size_has_no_sign() -> None:
    assert [parsed()[0]["absolute"].function(x) for x in (-0.5, 0.0, 0.5)] == [0.5, 0.0, 0.5]


def defined_over_ieee(word: str) -> Any:
    """The definition of a word, over the primitive words of `ieee`, which don't raise errors."""
    few = formula.Vocabulary({name: getattr(ieee, name) for name in (*PRIMITIVE, *ON_LISTS, "divide") if name != word})
    few.know(word)
    return few.words[word]


@pytest.mark.parametrize("name", list(formula.constants()))
def test_the_constants_are_those_of_the_rules(name: str) -> None:
    if name != "NAN":
        assert getattr(textbook, name) == pytest.approx(getattr(rules, name), rel=EXACT_ENOUGH, abs=0.0)
        assert name in parsed()[1]


def test_a_new_kind_of_number_needs_the_primitive_words() -> None:
    few = formula.Vocabulary({word: getattr(ieee, word) for word in PRIMITIVE})
    for op, r in formula.rules().items():
        row = [0.3, 0.4, 0.5, 1.0][: len(r.operands)] if not r.of_sequences else [0.3, 0.4] * len(r.operands)
        if op in ABOVE_ONE:
            row = [1.3]
        value, *_ = formula.over(op, few)(*r.grouped(row))
        assert value == pytest.approx(r.on_floats(row)[0], rel=EXACT_ENOUGH, abs=0.0)


def test_a_word_that_is_missing_says_so_where_it_is_called() -> None:
    fractions = formula.over(
        "power", formula.Vocabulary({"power": pow, "scaled_power": lambda c, x, y, k: c * x ** (y - k)})
    )
    with pytest.raises(TypeError, match="these numbers have no log; give their vocabulary one"):
        fractions(2, 3)
