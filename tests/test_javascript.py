"""The rules as JavaScript give the numbers of the rules, at all floats, and of users' operations too."""

import ast
import inspect
import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.engine import ieee
from autograd.formula.cases import WORDS, rule
from autograd.formula.javascript import MATH, javascript, words_of
from autograd.formula.vocabularies import which_case
from autograd.operations import OPERATIONS
from tests import points
from tests.javascript import evaluator, literal, rules_in, same
from tests.oracle import table
from tests.running import PACKAGE

Run = Callable[[str, Sequence[float]], list[float]]
NEAR = 1e-12
"""Relative: engines of JavaScript have functions of their own, each within an ulp or two of ours."""
SMALLEST = 4 * 5e-324
"""Floats near zero are so far apart that rounding shows; times the operands, for a factor magnifies it."""
CANCELLED = 4e-16
"""Absolute, where terms of unlike sign add up to zero nearby."""
FAR = 2.0**53
"""Beyond, an angle is as good as the engine's reduction of it."""
SLIP = 1.0 + 1e-11
"""The factor of a wrong word."""
FINITE = st.floats(allow_nan=False, allow_infinity=False)
SPECIAL = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2.0, -3.0, 40.0, -720.3, -742.9, 1e-310, -1e-310, 1e300, -1e300, 1.7e308),
    *(math.inf, -math.inf, math.nan),
)
"""Where words have cases."""
PACKAGE_OPS = [*OPERATIONS]
"""Without those that other tests define."""


@cache
def ours() -> Run:
    return rules_in(javascript(PACKAGE_OPS))


def agree(got: float, want: float, op: str, row: Sequence[float]) -> bool:
    if want != want or math.isinf(want) or (got == 0.0 == want):
        return same(got, want)
    size = max(1.0, *map(abs, row), 0.0) if all(map(math.isfinite, row)) else 1.0
    near = 1e-11 if op in ("sin", "cos", "tan") and size > FAR else NEAR
    return abs(got - want) <= near * abs(want) + SMALLEST * min(size, 40.0) + (CANCELLED if cancels(op, row) else 0.0)


def cancels(op: str, row: Sequence[float]) -> bool:
    if op in ("logaddexp", "logsumexp"):
        return -3.0 < max(row) < 0.0
    return op in ("gelu", "silu") and -2.0 < row[0] < -0.5


def wrong(run: Run, op: str, rows: Sequence[Sequence[float]]) -> list[str]:
    """The differences to our numbers at these operands."""
    found = []
    for row in rows:
        z, partials = rule(op).on_floats(row)
        value, *derivatives, k = run(op, row)
        pairs = [*zip([value, *derivatives], [z, *partials], strict=True)]
        if k != which_case(op)(*rule(op).grouped(row))[0] or not all(agree(*pair, op, row) for pair in pairs):
            found.append(f"{op}{tuple(row)}: {pairs}, case {k:g}")
    return found


@cache
def rows_of(op: str) -> list[Sequence[float]]:
    """Operands: random ones in the domains of an operation, and floats of every kind and size."""
    rng = random.Random(op)
    count = 4 if OPERATIONS[op].of_sequences else 1
    domains = [domain for domain in OPERATIONS[op].domains for _ in range(count)]
    rows: list[Sequence[float]] = [[rng.uniform(*rng.choice(domain)) for domain in domains] for _ in range(100)]
    rows += [[rng.choice(SPECIAL) for _ in domains] for _ in range(100)]
    for row in table():
        if row.name == (op if OPERATIONS[op].recorded else f"one {op}"):
            every = row.points(rng)
            rows += [*every[:200], *every[200::11]]
    return rows


@pytest.mark.parametrize("op", PACKAGE_OPS)
def test_numbers_are_those_of_the_rules(op: str) -> None:
    assert wrong(ours(), op, rows_of(op)) == []


@pytest.mark.parametrize("row", points.ROWS, ids=lambda row: row.point)
def test_decided_points_are_decided_so(row: points.Row) -> None:
    for case in row.cases:
        v = case.operation(*map(Value, case.operands))
        assert wrong(ours(), v.op, [[operand.data for operand in v.operands]]) == []


@pytest.mark.parametrize("word", [word for word in WORDS if word not in ("divide", "fixed")])
def test_words_are_those_of_the_engine_whatever_a_rule_gives_them(word: str) -> None:
    """Those two are written as a sign and as nothing."""
    value = evaluator("\n\n".join(words_of([word])))
    name = f"Math.{MATH[word]}" if word in MATH else word
    for row in word_rows(word):
        got = value(f"[{name}({', '.join(map(literal, row))})].flat()")
        want, numbers = [*flat([of_engine(word)(*row)])], [*flat(row)]
        pairs = [*zip(got, want, strict=True)]
        assert all(agree(*pair, word, numbers) for pair in pairs), (word, row, pairs)


def of_engine(word: str) -> Callable[..., Any]:
    return math.fabs if word == "absolute" else getattr(ieee, word)


def flat(row: Iterable[Any]) -> Iterator[float]:
    for part in row:
        yield from flat(part) if isinstance(part, list) else [part]


@cache
def lists_of(word: str) -> set[str]:
    """The operands of a word that are lists, from its source: a compiled function has no annotations."""
    tree = ast.parse((PACKAGE / "engine" / "ieee.py").read_text(encoding="utf-8"))
    found = [part for part in tree.body if isinstance(part, ast.FunctionDef) and part.name == word]
    arguments = [argument for function in found for argument in function.args.args]
    return {a.arg for a in arguments if a.annotation is not None and "list" in ast.unparse(a.annotation)}


def word_rows(word: str) -> Iterator[list[Any]]:
    """Operands of a word: special numbers and random ones, in lists where it takes lists."""
    rng = random.Random(word)
    kinds = inspect.signature(of_engine(word)).parameters.values()
    few = {"k": [0.0, 1.0, 2.0, 3.0, 10.0, 70.0, 0.5, -1.0], "rate": [0.5, 1.0]}
    for _ in range(500):
        length, scale = rng.randrange(1, 5), 10.0 ** rng.uniform(-300.0, 300.0)
        pool = [*SPECIAL, rng.uniform(-10.0, 10.0), rng.uniform(-800.0, 800.0), *[rng.gauss(0.0, scale)] * 3]
        if word == "ties":
            pool.remove(math.nan)  # Python finds the same object, equal or not.
        row: list[Any] = []
        for kind in kinds:
            several = kind.name in lists_of(word)
            choices = few.get(kind.name, pool)
            row.append([rng.choice(choices) for _ in range(length)] if several else rng.choice(choices))
        if word == "log_of_shifted_sum":
            row[0].append(ieee.greatest(row[0]))
        yield row
    if word == "scaled_power":  # Of its factors each is in range only if the right one is divided.
        yield from [[1e90, 1e100, 2.0, 6.0], [1e-90, 1e-100, 2.0, 6.0]]


def test_a_long_row_has_a_norm() -> None:
    assert evaluator("\n".join(words_of(["norm"])))("norm(Array(200000).fill(2))") == pytest.approx(
        2e5**0.5 * 2, rel=NEAR, abs=0.0
    )


@given(st.lists(st.floats()), st.lists(st.tuples(st.floats(), st.floats()), min_size=1))
@example([2.0**1000, 2.0**947, 5e-324], [(1.7e308, 1.0), (1.6e308, 1.0)])
@example([], [(1e200, 1e200), (-1e200, 1e200), (1e150, 1e150)])
@example([], [(1e308, 1e300), (1e308, -1e300)])
@example([], [(1e308, 1e300), (1e308, -1e300), (1e140, 1e140), (3.0, 1e-320)])
@example([], [(math.inf, 1.0), (1e200, -1e200)])
def test_sums_are_rounded_once(xs: list[float], pairs: list[tuple[float, float]]) -> None:
    lefts, rights = [x for x, _ in pairs], [y for _, y in pairs]
    assert same(ours()("total", xs)[0], ieee.total(xs))
    assert same(ours()("mean", lefts)[0], ieee.mean(lefts))
    assert same(ours()("dot", lefts + rights)[0], ieee.dot(lefts, rights))


@given(st.lists(FINITE, min_size=1))
def test_sums_that_leave_the_range_on_their_way(xs: list[float]) -> None:
    row = [*xs, *(-x for x in reversed(xs)), 1e-3]
    assert ours()("total", row)[0] == 1e-3


# ── the text ──


def functions_in(text: str) -> set[str]:
    return set(re.findall(r"^(?:function|const) (\w+)", text, re.M)) - {"rules"}


@pytest.mark.parametrize(
    ("op", "words"),
    [
        ("tanh", set()),
        ("hypot", {"direction", "directions", "norm", "has_minus"}),
        ("divide", {"over_square", "TINIEST_NORMAL"}),
        ("logsigmoid", {"softplus", "sigmoid"}),
        ("erf", {"erf", "erfc_above_two", "gaussian"}),
        ("dot", {"dot", "total", "sum_of_shifted", "wholes", "rounded", "lists"}),
    ],
)
def test_the_words_are_those_that_are_needed(op: str, words: set[str]) -> None:
    assert functions_in(javascript([op])) == words


def rules_of(*operations: str) -> str:
    """The text of the rules alone."""
    return javascript(operations).partition("const rules = ")[2]


def test_the_text_of_rules_can_be_read() -> None:
    assert (
        rules_of("largest", "hypot", "dot", "atan")
        == """{
  largest(xs) {
    const z = greatest(xs);
    if (z !== z) {
      return { z: NaN, d: xs.map(() => NaN), k: 0 };
    }
    const k = ties(xs, z);
    return { z: z, d: xs.map((_, i) => (xs[i] === z ? 1 / k : 0)), t: xs.map((_, i) => xs[i] === z), k: 1 };
  },
  hypot([x, y]) {
    const z = Math.hypot(x, y);
    if (z === 0) {
      return { z: z, d: [0, 0], k: 0 };
    }
    return { z: z, d: [direction(x, y), direction(y, x)], k: 1 };
  },
  dot(row) {
    const [xs, ys] = lists(row, 2);
    const z = dot(xs, ys);
    return { z: z, d: [...ys, ...xs], k: 0 };
  },
  atan([x]) {
    if (x < -1e+150 || x > 1e+150) {
      const z = Math.atan(x);
      return { z: z, d: [1 / x / x], k: 0 };
    }
    const z = Math.atan(x);
    return { z: z, d: [1 / (1 + x * x)], k: 1 };
  },
};"""
    )


def test_formulas_that_are_chosen_have_their_tests_and_numbers() -> None:
    results = re.findall(r"t: .*(?=, k: 0)", rules_of("softmax", "cross_entropy"))
    assert results == [
        "t: [...ks.map((_, i) => ks[i] === 1), ...ks.map((_, i) => ks[i] === 1)], "
        "e: [...xs.map((_, i) => (ks[i] === 1 ? ({}) : ({ p: ps[i] }))), "
        "...ks.map((_, i) => (ks[i] === 1 ? ({}) : ({ p: ps[i] })))]",
        "t: [...ts.map(() => s === 1), ...ts.map(() => true)], "
        'e: [...xs.map((_, i) => ({ p: ps[i] })), ...ts.map((_, i) => ({ "log p": log_ps[i] }))]',
    ]


def test_names_and_guards_of_users_are_written_so() -> None:
    own_operations()
    assert (
        rules_of("awkward_names", "nested_guards")
        == """{
  awkward_names([new_, i_, row_]) {
    const lists_ = new_ * i_;
    const var_ = lists_ - (-row_);
    return { z: var_ * 2.5, d: [i_ * 2.5, new_ * 2.5, 2.5], k: 0 };
  },
  nested_guards([x]) {
    let t = x * 2;
    if (x > 0 && (t > 2 && t < Infinity)) {
      return { z: power(t, 2), d: [8 * x], k: 0 };
    }
    if (x > 0) {
      return { z: t - (x - 3 * (t / 4)) - (-x), d: [7 / 2], k: 1 };
    }
    t = -x;
    if (t > 1 || t === 0.5) {
      return { z: t * t, d: [2 * x], k: 2 };
    }
    return { z: t, d: [-1], k: 3 };
  },
};"""
    )


def test_every_word_of_the_rules_has_a_text() -> None:
    for word in WORDS:
        assert word in MATH or word in functions_in("\n".join(words_of([word])))


def test_the_text_keeps_to_the_security_policy_of_a_page() -> None:
    text = javascript(PACKAGE_OPS)
    assert not re.search(r"\beval\b|\bFunction\b|</|<!--|import|fetch|document", text)
    assert javascript(["tanh", "tanh"]) == javascript(["tanh"])


def test_an_unknown_operation_is_refused() -> None:
    with pytest.raises(ValueError, match="no rule is named 'tahn'"):
        javascript(["tahn"])


# ── users' operations ──

STEEP = 2.5
ENDLESS = math.inf
NUMBERS = (0.0, -0.0, 0.5, -0.5, 1.0, -1.0, 2.0, math.inf, -math.inf, math.nan)


def own_operations() -> list[str]:
    """Operations whose names, guards and lists are no easier than they may be."""

    @autograd.operation
    def awkward_names(new, i, row):  # type: ignore[no-untyped-def]
        lists = new * i
        var = lists - -row
        return var * STEEP, i * STEEP, new * STEEP, STEEP

    @autograd.operation
    def nested_guards(x):  # type: ignore[no-untyped-def]
        if x > 0:
            t = x * 2
            if t > 2 and t < ENDLESS:
                return t**2, 8 * x
            return t - (x - 3 * (t / 4)) - -x, 7 / 2
        t = -x
        if t > 1 or t == 0.5:
            return t * t, 2 * x
        return t, -1

    @autograd.operation
    def clipped_sum(xs, ys):  # type: ignore[no-untyped-def]
        z = sum([x if x > y else y * y for x, y in zip(xs, ys, strict=True)])
        return (
            z,
            [1.0 if x > y else 0.0 for x, y in zip(xs, ys, strict=True)],
            [0.0 if x > y else 2 * y for x, y in zip(xs, ys, strict=True)],
        )

    @autograd.operation
    def largest_of_first(xs, ys):  # type: ignore[no-untyped-def]
        z = max(xs)
        return z, [1.0 if x == z else 0.0 for x in xs], [0.0 for y in ys]

    return ["awkward_names", "nested_guards", "clipped_sum", "largest_of_first"]


def test_users_operations_are_written_too() -> None:
    rng, operations = random.Random(0), own_operations()
    run = rules_in(javascript(operations))
    for op in operations:
        size = len(rule(op).operands) * (3 if rule(op).of_sequences else 1)
        rows = [[rng.choice([*NUMBERS, rng.uniform(-4.0, 4.0)]) for _ in range(size)] for _ in range(500)]
        assert wrong(run, op, rows) == []


def test_choices_of_derivatives_are_told() -> None:
    value = evaluator(javascript(["largest", *own_operations()]))
    assert value("rules.largest([3, 1, 3]).t.map(Number)") == [1.0, 0.0, 1.0]
    assert value("rules.clipped_sum([1, 2, 5, 0]).t.map(Number)") == [0.0, 1.0, 0.0, 1.0]
    assert value("rules.largest_of_first([1, 2, 5, 0]).t.map(Number)") == [0.0, 1.0, 1.0, 1.0]


def test_an_operation_that_was_defined_again_has_a_text_under_its_own_key() -> None:
    def again(factor: float) -> object:
        @autograd.operation
        def twice_defined(x):  # type: ignore[no-untyped-def]
            return factor * x, factor

        return twice_defined(1.0)

    first, second = (again(factor).op for factor in (2.0, -3.0))  # type: ignore[attr-defined]
    run = rules_in(javascript([first, second]))
    assert (run(first, [5.0])[:2], run(second, [5.0])[:2]) == ([10.0, 2.0], [-15.0, -3.0])


def test_an_operation_without_source_is_refused_by_name() -> None:
    names: dict[str, object] = {"autograd": autograd}
    exec("@autograd.operation\ndef sourceless(x):\n    return 2.0 * x, 2.0", names)
    with pytest.raises(ValueError, match="sourceless has no formula, because its source can't be read"):
        javascript(["tanh", "sourceless"])


# ── the tests notice a wrong word ──

SLIPPED = """
const slipped = (z) => {
  const kinds = { number: () => z * SLIP, boolean: () => !z, bigint: () => z * 2n };
  return Array.isArray(z) ? z.map((part, i) => (i > 0 ? part : slipped(part))) : kinds[typeof z]();
};
{ const right = WORD; WORD = (...operands) => slipped(right(...operands)); }
"""


@pytest.mark.parametrize("word", sorted(functions_in(javascript(PACKAGE_OPS)) - {"TINIEST_NORMAL"}))
def test_a_wrong_word_is_noticed(word: str) -> None:
    using = [op for op in PACKAGE_OPS if word in functions_in(javascript([op]))]
    run = rules_in(javascript(using) + SLIPPED.replace("WORD", word).replace("SLIP", repr(SLIP)))

    def noticed(op: str) -> bool:
        try:
            return bool(wrong(run, op, rows_of(op)))
        except Exception:  # A wrong length of a list, or a fraction in place of a whole number.
            return True

    assert any(map(noticed, using))
