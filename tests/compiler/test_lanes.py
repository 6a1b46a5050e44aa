"""The words of the rules in C over vectors of lanes: their errors, special numbers, and rules written with them."""

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import chain, product
from random import Random
from typing import Any, Final

import mpmath
import numpy as np
import pytest

from autograd import Value
from autograd.compiler.expressions import call, name, number, partial_of, times, value_of
from autograd.compiler.native.words import PATHS, as_c, header
from autograd.compiler.words import definitions
from autograd.engine import ieee
from autograd.formula.cases import WORDS, Expression, rule
from autograd.formula.vocabularies import floats
from autograd.operations import OPERATIONS
from tests.compiler import polynomials
from tests.compiler.lanes import CALLED, DTYPE, Function, Kind, Real, compiled, kinds, needs_compiler
from tests.compiler.test_expressions import IN_FLOAT32, LISTS, LOOSER, POINTS, ROUNDINGS, SCALAR, close
from tests.compiler.test_listings import CONSTANTS
from tests.oracle import MARKS
from tests.points import ROWS

INF, NAN = math.inf, math.nan
mp: Final = mpmath.mp.clone()
mp.dps = 60  # More than the digits that any formula below loses.

every_kind: Final = pytest.mark.parametrize("kind", kinds(), ids=str)
LIKE_OTHERS: Final = (Kind("double", 4), Kind("double", 2, ()))
doubles: Final = pytest.mark.parametrize(
    "kind", [kind for kind in kinds() if kind.real == "double" and kind not in LIKE_OTHERS], ids=str
)
"""For whole rules, whose words are tested in vectors of every kind."""

# ── errors ──


def _phi(x: Any) -> Any:
    return mp.erfc(-max(min(x, 1000), -1000) * mp.sqrt(mp.mpf(1) / 2)) / 2


EXACT: Final[dict[str, Callable[..., Any]]] = {
    **{word: getattr(mp, word) for word in ("exp", "expm1", "log", "log1p", "sqrt", "erf", "hypot", "atan2")},
    **{word: getattr(mp, word) for word in ("sin", "cos", "tan", "asin", "acos", "atan")},
    **{f"{word}h": getattr(mp, f"{word}h") for word in ("sin", "cos", "tan", "asin", "acos", "atan")},
    "exp2": lambda x: mp.power(2, x),
    "log2": lambda x: mp.log(x) / mp.log(2),
    "log10": lambda x: mp.log(x) / mp.log(10),
    "power": mp.power,
    "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "softplus": lambda x: mp.log1p(mp.exp(x)),
    "gaussian": lambda x: mp.exp(-x * x / 2),
    "normal_cdf": _phi,
}
ULPS: Final = (
    dict.fromkeys(("exp", "exp2", "log", "log1p", "gaussian"), 1.0)
    | dict.fromkeys(("cosh", "hypot", "power", "acos"), 1.5)
    | dict.fromkeys(("expm1", "log2", "log10", "sin", "cos", "asinh", "softplus"), 2.0)
    | dict.fromkeys(("sinh", "tanh", "sigmoid", "asin", "atan", "acosh", "atanh"), 2.5)
    | {"sqrt": 0.5, "tan": 3.0, "atan2": 3.5, "erf": 4.0, "normal_cdf": 9.0}
)
"""The greatest errors, in units of the last place of the result."""
DIGITS: Final[dict[Real, tuple[int, int, int]]] = {"double": (53, -1074, 1024), "float": (24, -149, 128)}
"""Bits of a number, the exponent of the least one, and that of the first one past the range."""
ROUNDED: Final = 1e-15
"""An exact decision has no error; a number that a function gives may have a few ulps."""
NEAR: Final = 30.0
"""Sizes in which most functions do most of what they do."""
DRAWN: Final = 150


def ulps(found: float, truth: Any, real: Real) -> float:
    """The error of a result; an infinity stands for the first number past the range."""
    bits, least, end = DIGITS[real]
    if mp.isnan(truth) or found != found:
        return 0.0 if mp.isnan(truth) and found != found else INF
    if abs(truth) >= mp.ldexp(1, end) or math.isinf(found):
        past = mp.ldexp(1, end) * mp.sign(truth)
        return (
            0.0 if found == float(mp.sign(truth)) * INF and abs(truth) > past * mp.sign(truth) * (1 - 2**-20) else INF
        )
    unit = mp.ldexp(1, max(mp.mag(truth) - bits, least)) if truth else mp.ldexp(1, least)
    return float(abs(mp.mpf(found) - truth) / unit)


def random_bits(rng: Random, real: Real) -> float:
    """Any finite number, each as likely as another."""
    size = np.dtype(DTYPE[real]).itemsize
    while not math.isfinite(found := float(np.frombuffer(rng.randbytes(size), DTYPE[real])[0])):
        pass
    return found


def drawn(word: str, real: Real) -> list[tuple[float, ...]]:
    """Operands of a word: marks, numbers of usual sizes, of every size, and of random bits."""
    rng, count = Random(word), 2 if word in ("power", "atan2", "hypot") else 1
    if count == 1:
        columns = [[*MARKS, *(-x for x in MARKS)]]
    else:
        columns = [[rng.choice(MARKS) * rng.choice((1.0, -1.0)) for _ in range(DRAWN)] for _ in range(count)]
    for column in columns:
        column += [rng.uniform(-NEAR, NEAR) for _ in range(DRAWN)] + [rng.uniform(-1.5, 1.5) for _ in range(DRAWN)]
        column += [rng.choice((1.0, -1.0)) * 10.0 ** rng.uniform(-20.0, 4.0) for _ in range(DRAWN)]
        column += [random_bits(rng, real) for _ in range(DRAWN)]
    if word == "power":  # For most negative numbers it is nan, and for most exponents out of range.
        columns[0] = [abs(x) if i % 4 else x for i, x in enumerate(columns[0])]
        columns[1] = [float(round(y)) if i % 3 else y for i, y in enumerate(columns[1])]
    exact = [rounded(column, real) for column in columns]
    return [row for row in zip(*exact, strict=True) if all(map(math.isfinite, row))]


def rounded(numbers: Sequence[float], real: Real) -> list[float]:
    with np.errstate(over="ignore", under="ignore"):
        return np.array(numbers).astype(DTYPE[real]).astype(float).tolist()  # type: ignore[no-any-return]


@cache
def truths(word: str, real: Real) -> list[Any]:
    return [truth(word, row) for row in drawn(word, real)]


def truth(word: str, row: tuple[float, ...]) -> Any:
    """The exact result; nan where it isn't real."""
    if word == "power" and (row[0] == 0.0 or abs(row[1]) > 1e6):
        return mp.mpf(floats().words["power"](*row)) if row[0] in (0.0, 1.0) else None
    if word == "atan2" and 0.0 in row:  # The exact zero has no sign.
        return None
    if word == "power" and row[0] < 0.0 and row[1] != math.floor(row[1]):
        return mp.nan
    try:
        found = EXACT[word](*map(mp.mpf, row))
    except (ValueError, ZeroDivisionError):
        return mp.nan
    return mp.nan if isinstance(found, mp.mpc) else found


@needs_compiler
@every_kind
def test_errors(kind: Kind) -> None:
    functions = {word: Function(["x"], [f"word_{word}(x)"]) for word in EXACT}
    functions |= {word: Function(["x", "y"], [f"word_{word}(x, y)"]) for word in ("power", "atan2", "hypot")}
    functions["gaussian"] = Function(["x"], ["word_gaussian(x, splat(0.5))"])
    words = compiled(functions, kind)
    for word in EXACT:
        rows = drawn(word, kind.real)
        found = words[word](*zip(*rows, strict=True))[0].tolist()
        errors = [
            (ulps(z, exact, kind.real), row, z)
            for z, exact, row in zip(found, truths(word, kind.real), rows, strict=True)
            if exact is not None
        ]
        assert len(errors) > DRAWN
        assert max(errors)[0] <= ULPS[word], (word, max(errors))


# ── special numbers ──

OF_ONE: Final = tuple(
    word for word in (*EXACT, "absolute", "sign") if word not in ("gaussian", "power", "atan2", "hypot")
)
OF_TWO: Final = ("power", "atan2", "hypot", "copysign", "divide", "fmin", "maximum", "minimum", "direction")


def on_floats(word: str) -> Callable[..., float]:
    """The word on floats; those that `ieee` lacks are the rules, or Python's."""
    others = {"copysign": math.copysign, "fmin": lambda x, y: y if y < x or x != x else x}
    rules = {op: lambda *xs, op=op: rule(op).function(*xs)[0] for op in ("absolute", "sign", "maximum", "minimum")}
    found: Callable[..., float] = {**floats().words, **rules, **others}[word]
    return found


@needs_compiler
@every_kind
def test_special_numbers(kind: Kind) -> None:
    """Zeros have their signs, and infinities and nan are where they belong."""
    functions = {word: Function(["x"], [f"word_{word}(x)"]) for word in OF_ONE}
    functions |= {word: Function(["x", "y"], [f"word_{word}(x, y)"]) for word in OF_TWO}
    words = compiled(functions, kind, *CALLED)
    for word, f in functions.items():
        rows = [*product(rounded([*POINTS, 1.5, -3.0, 0.25], kind.real), repeat=len(f.operands))]
        alone = np.repeat(rows, kind.lanes, axis=0)  # Whole vectors of a number take the branch of that number.
        for found, row in zip(words[word](*alone.T)[0, :: kind.lanes].tolist(), rows, strict=True):
            (wanted,) = rounded([on_floats(word)(*row)], kind.real)
            if wanted in (0.0, INF, -INF) or wanted != wanted:
                assert repr(found) == repr(wanted), (word, row)


# ── rules ──


def function(e: Expression, names: Mapping[str, str | Sequence[str]]) -> Function:
    """An expression as a function; a part that is used several times has a name."""
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(f"const V kept{len(kept)} = {text};")
        return f"kept{len(kept) - 1}"

    texts = as_c(e, names, keep)
    operands = [x for given in names.values() for x in ([given] if isinstance(given, str) else given)]
    return Function(operands, [texts] if isinstance(texts, str) else texts, kept)


Constants = tuple[tuple[str, float], ...]


@cache
def functions_of(op: str, constants: Constants = (), length: int = 0) -> dict[str, Function]:
    """The value of an operation and its derivatives by the operands that are no constants."""
    names: dict[str, Any] = {x: [f"{x}{i}" for i in range(length)] if length else x for x in rule(op).operands}
    names["z"], known = "z", dict(constants)
    start = f"{op}{length or ''}" + "".join(f"_{x}_{c.hex()}" for x, c in constants)
    start = re.sub(r"\W", "_", start.replace("-", "less").replace("+", "more"))
    found = {start: function(value_of(op, known), names)}
    for x in rule(op).operands:
        if x not in known:
            found[f"{start}_by_{x}"] = function(partial_of(op, x, known), names)
    return found


@cache
def results(op: str, constants: Constants) -> list[tuple[tuple[float, ...], list[float]]]:
    """The rule at every point for one or two operands, at some for more: operands, then the value and derivatives."""
    rng, known = Random(op), dict(constants)
    axes = [[known[x]] if x in known else POINTS for x in rule(op).operands]
    rows = [*product(*axes)] if len(axes) <= 2 else [tuple(map(rng.choice, axes)) for _ in range(len(POINTS) ** 2)]
    rows += [tuple(known.get(x, rng.uniform(-4.0, 4.0)) for x in rule(op).operands) for _ in range(DRAWN)]
    return [(row, rule(op).function(*row)) for row in rows]


SCALARS: Final = [(op, (*c.items(),)) for op in SCALAR for c in ({}, *CONSTANTS.get(op, ()))]


@needs_compiler
@doubles
def test_rules_on_all_points(kind: Kind) -> None:
    library = compiled({k: f for op, c in SCALARS for k, f in functions_of(op, c).items()}, kind, *CALLED)
    for op, constants in SCALARS:
        rows, found = zip(*results(op, constants), strict=True)
        columns = [*zip(*rows, strict=True), [z for z, *_ in found]]
        places = [0, *(i + 1 for i, x in enumerate(rule(op).operands) if x not in dict(constants))]
        for place, called in zip(places, functions_of(op, constants), strict=True):
            for got, wanted, row in zip(library[called](*columns)[0].tolist(), found, rows, strict=True):
                assert close(got, wanted[place], *LOOSER.get(op, ())), (called, row, got, wanted[place])


LENGTHS: Final = (1, 2, 3, 6)
IN_LISTS: Final = (0.0, -0.0, -1.0, 3.0, 3.0, 800.0, INF, -INF, NAN)


@needs_compiler
@doubles
@pytest.mark.parametrize("length", LENGTHS)
def test_rules_on_lists(kind: Kind, length: int) -> None:
    library = compiled({k: f for op in LISTS for k, f in functions_of(op, (), length).items()}, kind, *CALLED)
    for op in LISTS:
        rng, count = Random(op), len(rule(op).operands)
        rows = [[[drawn_entry(rng) for _ in range(length)] for _ in range(count)] for _ in range(DRAWN)]
        if op == "log_of_shifted_sum":
            rows = [[[*xs[:-1], ieee.greatest(xs[:-1])]] for (xs,) in rows]
        found = [rule(op).function(*row) for row in rows]
        columns = np.array([[*np.ravel(row), result[0]] for row, result in zip(rows, found, strict=True)])
        for place, called in enumerate(functions_of(op, (), length)):
            for got, wanted, row in zip(library[called](*columns.T).T, found, rows, strict=True):
                least = ROUNDINGS * (1.0 + np.sum(np.abs(row)[np.isfinite(row)]) ** 2)
                for x, y in zip(got.tolist(), np.ravel(wanted[place]).tolist(), strict=True):
                    assert close(x, y, *LOOSER.get(op, (ROUNDINGS,))[:1], least), (called, row, x, y)


def drawn_entry(rng: Random) -> float:
    return rng.choice(IN_LISTS) if rng.random() < 0.3 else rng.uniform(-50.0, 50.0)


@needs_compiler
@doubles
def test_points_where_a_derivative_is_a_choice(kind: Kind) -> None:
    cases = [(case, case.operation(*map(Value, case.operands))) for row in ROWS for case in row.cases]
    cases = [(case, v) for case, v in cases if [x.data for x in v.operands][: len(case.operands)] == [*case.operands]]
    assert len(cases) > 80
    functions: dict[str, Function] = {}
    for _, v in cases:
        functions |= functions_of(v.op, (), len(v.operands) if rule(v.op).of_sequences else 0)
    library = compiled(functions, kind, *CALLED)
    for case, v in cases:
        called = functions_of(v.op, (), len(v.operands) if rule(v.op).of_sequences else 0)
        columns = [[x.data] for x in (*v.operands, v)]
        value, *slopes = (library[name](*columns)[:, 0].tolist() for name in called)
        assert value == pytest.approx([case.value], rel=ROUNDED, abs=0.0, nan_ok=True), (v.op, case)
        for found, wanted in zip(chain(*slopes), case.partials[: len(case.operands)], strict=False):
            assert wanted is None or found == pytest.approx(wanted, rel=ROUNDED, abs=0.0, nan_ok=True), (v.op, case)


@needs_compiler
@pytest.mark.parametrize("kind", [kind for kind in kinds() if kind.real == "float"], ids=str)
def test_rules_in_float(kind: Kind) -> None:
    library = compiled({k: f for op in SCALAR for k, f in functions_of(op).items()}, kind, *CALLED)
    for op in SCALAR:
        rng = np.random.default_rng(0)
        limits = [domain[-1] for domain in OPERATIONS[op].domains]
        columns = [rng.uniform(low, high, DRAWN).astype(np.float32).tolist() for low, high in limits]
        exact = np.array([rule(op).function(*row) for row in zip(*columns, strict=True)]).T
        for wanted, called in zip(exact, functions_of(op), strict=True):
            found = library[called](*columns, exact[0])[0]
            assert found == pytest.approx(wanted, rel=IN_FLOAT32, abs=IN_FLOAT32, nan_ok=True), called


# ── vectors ──


@needs_compiler
@every_kind
def test_parts_of_vectors(kind: Kind) -> None:
    """Sums go over the lanes that were asked for, and partial loads and stores leave the other numbers alone."""
    n = kind.lanes
    functions = {f"sum{k}": Function(["x"], [f"splat(sum_part(x, {k}))"]) for k in range(1, n + 1)}
    functions["sum"] = Function(["x"], ["splat(sum(x))"])
    functions |= {f"load{k}": Function(["x"], [f"load_part(from, {k})"]) for k in range(1, n + 1)}
    library = compiled(functions, kind)
    x = 1.5 ** np.arange(n)
    assert library["sum"](x)[0] == pytest.approx([x.sum()] * n)
    for k in range(1, n + 1):
        assert library[f"sum{k}"](x)[0] == pytest.approx([x[:k].sum()] * n)
        assert library[f"load{k}"](x)[0].tolist() == pytest.approx([*x[:k], *[1.0] * (n - k)])
        few = library["sum"](np.append(x, x[:k]))[0]  # The others of the last vector are the first of it.
        assert few[n:] == pytest.approx([x[:k].sum() + n - k] * k)


@needs_compiler
@every_kind
def test_comparisons_and_choices(kind: Kind) -> None:
    x, y = name("x"), name("y")
    signs = ("<", "<=", ">", ">=", "==", "!=")
    tests = {f"s{i}": Expression("comparison", (sign, x, y)) for i, sign in enumerate(signs)}
    less, differs = tests["s0"], tests["s5"]
    tests |= {"and": Expression("logic", ("and", less, Expression("comparison", ("<", x, number(1.0))), differs))}
    tests |= {"or": Expression("logic", ("or", less, tests["s4"]))}
    names = {"x": "x", "y": "y"}
    functions = {k: function(Expression("choice", (e, x, number(-7.0))), names) for k, e in tests.items()}
    functions["all"] = Function(["x", "y"], ["splat(all(less(x, y)))"])
    library = compiled(functions, kind)
    numbers = (-1.0, 0.0, -0.0, 2.0, INF, -INF, NAN, 0.5, 3.0)
    a, b = np.array([*product(numbers, numbers)]).T
    wanted = [a < b, a <= b, a > b, a >= b, a == b, a != b, (a < b) & (a < 1.0), a <= b]
    for k, test in zip(tests, wanted, strict=True):
        np.testing.assert_array_equal(library[k](a, b)[0], np.where(test, a, -7.0))
    for i in range(kind.lanes):  # One lane that is no less is enough.
        column = np.zeros(kind.lanes)
        assert library["all"](column, column + 1.0)[0].tolist() == [1.0] * kind.lanes
        column[i] = 1.0
        assert library["all"](column, np.ones(kind.lanes))[0].tolist() == [0.0] * kind.lanes


# ── text ──


def test_every_word_is_there() -> None:
    stated = {*re.findall(r"word_(\w+)[(,]", "".join(path.read_text(encoding="utf-8") for path in PATHS))}
    for word in WORDS:
        if word in ("total", "greatest", "least", "norm", "directions", "divide") or word in definitions():
            continue
        assert word in stated, word
    for word, definition in definitions().items():
        if word in WORDS and not definition.of_sequences:
            assert header().count(f"V word_{word}(") == 1, word


def test_texts() -> None:
    x, y = name("x"), name("y")
    texts = {"x": "x", "y": "p[3]"}
    assert as_c(times(x, y), texts) == "(x * p[3])"
    assert as_c(call("divide", x, y), texts) == "(x / p[3])"
    assert as_c(call("power", number(2.0), x), texts) == "word_exp2(x)"
    assert as_c(call("maximum", x, number(0.0)), texts) == "at_least(x, splat(0.0))"
    assert as_c(call("minimum", x, number(INF)), texts) == "at_most(x, splat(INFINITY))"
    assert as_c(call("maximum", x, number(NAN)), texts) == "word_maximum(x, splat(NAN))"
    assert as_c(number(-INF), texts) == "splat(-INFINITY)"
    assert as_c(value_of("mean"), {"xs": ["a", "b", "c"]}) == "(((a + b) + c) / splat(3.0))"
    assert as_c(partial_of("dot", "xs"), {"xs": ["a"], "ys": ["{b}"]}) == ["{b}"]


def test_a_part_that_is_used_twice_is_kept() -> None:
    kept: list[str] = []

    def keep(text: str) -> str:
        kept.append(text)
        return f"t{len(kept)}"

    found = as_c(partial_of("softmax", "xs"), {"xs": ["a", "b"], "ks": ["c", "d"], "z": "z"}, keep)
    assert found == ["((c - z) * (t2 / t4))", "((d - z) * (t3 / t4))"]
    assert kept == [
        "word_maximum(a, b)",
        "word_exp_of_difference(a, t1)",
        "word_exp_of_difference(b, t1)",
        "(t2 + t3)",
    ]
    kept.clear()
    assert as_c(value_of("power", {"y": 7.0}), {"x": "x"}, keep) == "(((t1 * t1) * t1) * x)"
    assert kept == ["(x * x)"]


@pytest.mark.parametrize("y", [4.0, 5.0, 6.0, 7.0, 8.0])
def test_whole_powers_are_products(y: float) -> None:
    text = as_c(value_of("power", {"y": y}), {"x": "x"})
    assert eval(str(text), {"x": 3.0}) == 3.0**y


# ── polynomials ──


def test_the_header_has_the_polynomials() -> None:
    assert f"\n{polynomials.text()}\n" in header()


@pytest.mark.parametrize("polynomial", polynomials.POLYNOMIALS, ids=lambda p: p.name)
@pytest.mark.parametrize("real", ["double", "float"])
def test_polynomials_are_as_near_as_stated(polynomial: polynomials.Polynomial, real: Real) -> None:
    assert polynomial.error(real) <= polynomial.errors[real == "float"]
