"""All stages of small programs, and the expressions of all rules, as text: compared with the texts in `listings/`.

A change of a pass shows here what becomes of each program and of each rule. `python -m tests.compiler.test_listings`
writes the texts anew; look at the difference before you commit it.
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

import autograd
from autograd import Value, dot, operations, total, where
from autograd.compiler.expressions import names_in, partial_of, shown, value_of
from autograd.compiler.pipeline import Code, Wanted
from autograd.compiler.writing import as_floats, as_numpy
from autograd.formula.cases import Expression, rule
from tests.compiler.finding import recording
from tests.compiler.graphs import attention, flat, leaves, linear, recurrence, restart, squares, sums_of_many_kinds
from tests.compiler.texts import kept, write

FOLDER: Final = Path(__file__).parent / "listings"


class Program(NamedTuple):
    """The roots, inputs and parameters of a program, and which gradients are wanted."""

    roots: Any
    inputs: Any
    parameters: Any
    wanted: Wanted = "both"


def layers() -> Program:
    x, w, u = leaves(3), leaves(4, 4), leaves(2, 5)
    h = [v.tanh() for v in linear([r[:3] for r in w], x, [r[3] for r in w])]
    z = linear([r[:4] for r in u], h, [r[4] for r in u])
    return Program([squares([v.sigmoid() for v in z]), *z], x, [w, u])


def layer_of_two_kinds_of_weights() -> Program:
    x, w, b = leaves(3), leaves(4, 3), leaves(4)
    return Program(squares([v.relu() for v in linear(w, x, b)]), x, [w, b], "parameters")


def long_recurrence() -> Program:
    xs, wx, wh, b = leaves(9, 2), leaves(4, 2), leaves(4, 4), leaves(4)
    return Program(squares(recurrence(xs, wx, wh, b, [0.0] * 4)), xs, [wx, wh, b], "parameters")


def short_recurrence() -> Program:
    xs, wx, wh, b = leaves(4, 3), leaves(2, 3), leaves(2, 2), leaves(2)
    return Program(squares(recurrence(xs, wx, wh, b, [0.5, -0.25])), xs, [wx, wh, b])


def recurrence_from_parameters() -> Program:
    xs, wx, wh, b, h = leaves(4, 3), leaves(2, 3), leaves(2, 2), leaves(2), leaves(2)
    return Program(squares(recurrence(xs, wx, wh, b, h)), xs, [wx, wh, b, h])


def masked_attention() -> Program:
    x, q, k, v = leaves(4, 4), leaves(4, 4), leaves(4, 4), leaves(4, 4)
    return Program(squares(attention(x, q, k, v, 2, lambda t: t + 1)), x, [q, k, v])


def convolution_with_padding() -> Program:
    image, filters = leaves(4, 4), leaves(2, 3, 3)
    padded = {(i, j): image[i][j] for i in range(4) for j in range(4)}
    places = [(i, j) for i in range(4) for j in range(4)]
    offsets = [(a, b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
    z = [
        total(f[a + 1][b + 1] * padded.get((i + a, j + b), 0.0) for a, b in offsets).relu()
        for f in filters
        for i, j in places
    ]
    return Program(squares(z), image, filters)


def sums_of_different_lengths() -> Program:
    x = leaves(12)
    h = [v.tanh() for v in x]
    return Program([total(total(h[:n]).exp() for n in (9, 10, 11, 12)), *(total(h[:n]) for n in (4, 3, 2))], x, [])


def products_of_different_lengths() -> Program:
    x, w = leaves(5), leaves(5)
    h, u = [v.tanh() for v in x], [v.exp() for v in x]
    triangle = [dot(h[: n + 1], u[: n + 1]).exp() for n in range(5)]
    some = [dot([h[i] for i in at], [w[i] for i in at]).sin() for at in ((0, 1, 2, 3), (1, 3), (4, 0, 2), (2, 2))]
    return Program(total(triangle) + total(some), x, w)


def terms_of_many_kinds() -> Program:
    x, p = leaves(4), leaves(4)
    h, u = [v.tanh() for v in x], [v.exp() for v in p]
    return Program(squares(sums_of_many_kinds(x, p, h, u)), x, p)


def sums_that_all_examples_share() -> Program:
    x, a, b = leaves(3), leaves(3), leaves(3)
    z = [(u * v + v + w + 0.5).tanh() for u, v, w in zip(x, a, b, strict=True)]
    z += [(u * v + v + w).sin() for u, v, w in zip(x, a, b, strict=True)]
    return Program(squares(z) + total(a) * x[0] + total(u * w for u, w in zip(a, b, strict=True)), x, [a, b])


def coefficients() -> Program:
    x, w, y = leaves(8), leaves(3, 8), leaves(8)
    rows = [total((i - j + 0.5) * w[i][j] * x[j] for j in range(8)) for i in range(3)]
    pairs = total((j + 0.5) * a.tanh() * b for j, (a, b) in enumerate(zip(x, y, strict=True)))
    return Program(squares(rows) + pairs + total((j - 2.5) * v for j, v in enumerate(y)), [*x, *y], w)


def sums_of_many_terms() -> Program:
    x, p = leaves(9), leaves(9)
    h = [v.tanh() for v in x]
    return Program([total(h) * 2.0 + total(p) + dot(h, p) + dot(p, p[::-1]) + 1.0, total(x), dot(h, h)], x, p)


def biases_of_many_ranges() -> Program:
    x, w, u = leaves(6), leaves(2, 4), leaves(2, 7)
    z = linear([r[:3] for r in w], x[:3], [r[3] for r in w]) + linear([r[:6] for r in u], x, [r[6] for r in u])
    return Program(squares([v.tanh() for v in z]), x, [w, u])


def lists() -> Program:
    x, p = leaves(6), leaves(2)
    h = [v.tanh() for v in x]
    made = [autograd.norm(h[:3]), autograd.norm(h[3:]), autograd.largest([x[0], p[0], 0.5])]
    return Program(total(made) * autograd.logsumexp(h) + autograd.product([h[0], h[0], p[1]]), x, p)


def lists_of_leaves_and_numbers() -> Program:
    x, p = leaves(2), leaves(2)
    return Program(total(autograd.norm(row) for row in (p, [*p, 0.5], [*x, 0.5], [*x, p[0]])), x, p)


def detached() -> Program:
    x, w = leaves(3), leaves(3)
    still = [v.detach() for v in x]
    z = w[0].detach() * x[0] + w[1] * x[1].detach() + dot([v.tanh() for v in still], w)
    return Program(z.square() + total(a.detach().exp() * b for a, b in zip(w, x, strict=True)), x, w)


def many_operations() -> Program:
    x, y, p = leaves(), leaves(), leaves()
    a = x / (1.0 + y * y) + (x * x + 1.0) ** 0.5 + autograd.maximum(x, y) + autograd.hypot(x, p)
    b = (x + p).sin() * y.cos() + (x.exp() + 1.0).log() + p**3 + abs(y) + x.clamp(-0.5, 0.25) + y.atan()
    return Program([a * b, a, p * p + 2.0], [x, y], p)


def branches() -> Program:
    x, w = leaves(4), leaves(3, 4)
    given = [(v * v).log() for v in x]
    z = where(x[0], total(dot(row, given).tanh() for row in w), x[1].sqrt())
    return Program(z * where(x[1], where(x[2], z, 0.5), w[0][0]), x, w)


def layer_in_a_branch() -> Program:
    x, w = leaves(4), leaves(3, 4)
    return Program(where(x[0], total(dot(row, x).tanh() for row in w), 0.0), x, w)


def pairs_in_branches() -> Program:
    x, y = leaves(3, 2), leaves(3, 2)
    q, k = ([[v.reciprocal() for v in row] for row in rows] for rows in (x, y))
    pairs = [(i, j) for i in range(3) for j in range(3)]
    return Program(total(where(x[i][0] - y[j][1], dot(q[i], k[j]), 0.0) for i, j in pairs), [x, y], [])


def roots_without_inputs() -> Program:
    x, p = leaves(2), leaves(2)
    constant = (x[0] + 5.0).operands[1]
    return Program([p[0] * p[1] + x[0].detach(), constant, p[1], x[1], p[0].exp(), x[1]], x, p)


def triangle_beside_other_operands() -> Program:
    x, y, p = leaves(3, 2), leaves(3, 2), leaves(10)
    q, k = ([[v.exp() for v in row] for row in rows] for rows in (x, y))
    pairs = [(i, j) for i in range(3) for j in range(i, 3)]
    scores = {(i, j): dot(q[i], k[j]).tanh() for i, j in pairs}
    # In the place (2, 0), which the triangle lacks, stands p[10], which isn't there either.
    made = [autograd.maximum(scores[i, j], p[4 * i - j + 2]) for i, j in pairs]
    made += [autograd.minimum(scores[i, j], p[(5 * i + j * j) % 9]) for i, j in pairs]
    return Program(squares(made), [x, y], p)


def choices_by_the_same_conditions() -> Program:
    x, p, q = leaves(2), leaves(2), leaves(2)
    made = [where(c, a, b).exp() for c in x for a, b in ((p[0], q[1]), (p[1], q[0]))]
    return Program(total(made), x, [p, q])


def sums_in_branches() -> Program:
    x, a, b = leaves(3), leaves(3), leaves(3)
    return Program(total(where(v, v.log() * u + u + w, 0.0) for v, u, w in zip(x, a, b, strict=True)), x, [a, b])


def outputs_alone() -> Program:
    x, w = leaves(3), leaves(4, 3)
    return Program(autograd.softmax(linear(w, x)), x, w, "nothing")


def sums_of_very_different_lengths() -> Program:
    x = leaves(12)
    h = [v.tanh() for v in x]
    return Program(total(total(row).exp() for row in (*(h[i : i + 2] for i in range(5)), h[:3], h)), x, [])


def products_beside_long_ones() -> Program:
    x, y = leaves(8), leaves(8)
    h, u = [v.tanh() for v in x], [v.exp() for v in y]
    places = ((0, 1, 2), (3, 4, 5), (0, 3), (0, 4), (1, 2), (1, 7), (6,))
    return Program(total(dot([h[i] for i in at], [u[i] for i in at]).cos() for at in places), [x, y], [])


def products_of_other_factors() -> Program:
    x, y = leaves(6), leaves(6)
    h, u = [v.tanh() for v in x], [v.exp() for v in y]
    return Program(total(dot(h[i:j], u[i:j]).cos() for i, j in ((0, 3), (3, 5), (5, 6))), [x, y], [])


def products_beside_equal_rows() -> Program:
    x, y = leaves(3), leaves(6)
    h, u = [v.tanh() for v in x], [v.exp() for v in y]
    places = (((0, 1, 2), (0, 1, 2)), ((0, 1, 2), (3, 4, 5)), ((0, 1), (0, 4)))
    return Program(total(dot([h[i] for i in a], [u[i] for i in b]).cos() for a, b in places), [x, y], [])


def sums_and_products_that_are_detached() -> Program:
    x = leaves(4)
    h, u = [v.tanh() for v in x], [v.exp() for v in x]
    sums = [total(h[:n]).exp() for n in (4, 3, 2)]
    products = [dot(h[:n], u[:n]).sin() for n in (4, 3, 2)]
    detached = total(v.detach() * w for v, w in zip([*sums, *products], [*x, *h], strict=False))
    return Program(detached + dot(h, u).tanh(), x, [])


def sums_without_gradient() -> Program:
    x, a, b = leaves(3), leaves(3), leaves(3)
    z = [(u * v + v + w + 0.5).tanh() for u, v, w in zip(x, a, b, strict=True)]
    return Program(squares(z), x, [a, b], "inputs")


def layer_of_tokens() -> Program:
    x, w = leaves(2, 3), leaves(4, 4)
    z = [linear([r[:3] for r in w[:n]], token, [r[3] for r in w[:n]]) for token, n in zip(x, (4, 3), strict=True)]
    return Program(squares([v.tanh() for v in flat(z)]), x, w)


def layers_with_more_terms() -> Program:
    x, w, u, t = leaves(10), leaves(2, 4), leaves(2, 5), leaves(2, 4)
    h = [v.tanh() for v in x]
    z = [dot(r[:3], x[:3]) + x[4 * i + 3] for i, r in enumerate(w)]
    z += [(dot(r[:3], x[:3]) + r[3] + r[4]).tanh() for r in u]
    z += [(h[i] * r[0] + h[i + 1] * r[1] + x[7] + x[8] + x[9]).sin() for r in w for i in (0, 3)]
    z += [(dot(r[:3], x[:3]) + r[3] + x[i + 4] + h[i] * h[i + 2] + h[i + 5]).exp() for i, r in enumerate(t)]
    return Program(squares(z), x, [w, u, t])


def terms_that_are_no_bias() -> Program:
    x, w, u, t = leaves(16), leaves(2, 4), leaves(2, 4), leaves(2, 5)
    z = [v.tanh() for v in linear([r[:3] for r in w], x[:3], [r[3] for r in w])]
    # The input lies in its array where the last weight of the row lies in that of the parameters.
    z += [(dot(r[:3], x[:3]) + x[10 + 4 * i]).exp() for i, r in enumerate(u)]
    z += [(dot(r[:3], x[:3]) + r[3] + r[4]).sin() for r in t]
    return Program(total(z), x, [w, u, t])


def orders_of_sums() -> Program:
    x, y = leaves(16), leaves(4)
    h = [v.tanh() for v in x]
    z = [total([*h[a : a + 7], y[b]]).exp() for a, b in ((0, 3), (0, 1), (8, 2), (8, 0))]
    z += [total(h[i] for i in at).sin() for at in ((0, 1, 2, 3, 4, 5, 15), (1, 2, 3, 4, 5, 6, 7))]
    return Program(total(z), [x, y], [])


def scores_with_factors_of_their_own() -> Program:
    x = leaves(8)
    h = [v.tanh() for v in x]
    scores = [[(h[t] * h[u]).sin() for u in range(t + 1)] for t in range(8)]
    z = [[(0.3 + (t + 9 * u) ** 0.5) * v for u, v in enumerate(row)] for t, row in enumerate(scores)]
    return Program(total(autograd.logsumexp(row) for row in z), x, [])


def factors_in_any_order() -> Program:
    x, y, w = leaves(4, 3), leaves(4, 3), leaves(7, 4)
    orders = ((0, 1, 2), (0, 1, 2), (2, 0, 1), (1, 2, 0))
    z = [dot([a[i] for i in at], [b[i] for i in at]).exp() for a in x for b, at in zip(y, orders, strict=True)]
    h = [[v.tanh() for v in row] for row in w]
    z += [dot(*((h[i], h[j]) if (i + j) % 2 else (h[j], h[i]))).sin() for i in range(3) for j in range(3, 7)]
    return Program(total(z), [x, y], w)


def factors_that_are_not_exchanged() -> Program:
    x, p = leaves(6), leaves(6)
    z = [p[0] * x[j] + p[j] * x[1] for j in range(2, 6)]
    return Program(squares([v.tanh() for v in z]), x, p)


def factors_of_which_one_has_gradients() -> Program:
    x, p = leaves(6), leaves(6)
    first = [(a * b).exp() for a, b in zip(x, p, strict=True)]
    still = [v.exp().tanh().sin() for v in x]
    later = [v.tanh().sin().cos() for v in first]
    z = [first[0] * still[j] + later[j] * still[1] for j in range(2, 6)]
    return Program(squares([v.tanh() for v in z]), x, p, "parameters")


def coefficients_of_fixed_factors() -> Program:
    x, p = leaves(8), leaves(2, 8)
    h, still = [v.tanh() for v in x], [v.tanh().detach() for v in x]
    z = [
        total((i - j + 0.5) * a * b for j, (a, b) in enumerate(zip(still, row, strict=True))) for i, row in enumerate(p)
    ]
    z += [total((i - j + 0.5) * a * b for j, (a, b) in enumerate(zip(h, still[::-1], strict=True))) for i in range(2)]
    return Program(squares([v + total(x) + total(h) for v in z]), x, p)


PROGRAMS: Final[dict[str, Callable[[], Program]]] = {
    made.__name__: made
    for made in (
        *(layers, layer_of_two_kinds_of_weights, long_recurrence, short_recurrence, recurrence_from_parameters),
        *(masked_attention, convolution_with_padding, sums_of_different_lengths, products_of_different_lengths),
        *(terms_of_many_kinds, sums_that_all_examples_share, coefficients, sums_of_many_terms, biases_of_many_ranges),
        *(sums_of_very_different_lengths, products_beside_long_ones, products_of_other_factors),
        *(products_beside_equal_rows, sums_and_products_that_are_detached, sums_without_gradient, layer_of_tokens),
        *(
            terms_that_are_no_bias,
            layers_with_more_terms,
            orders_of_sums,
            scores_with_factors_of_their_own,
            factors_in_any_order,
        ),
        *(factors_that_are_not_exchanged, factors_of_which_one_has_gradients, coefficients_of_fixed_factors),
        *(lists, detached, many_operations, branches, layer_in_a_branch, pairs_in_branches, roots_without_inputs),
        *(triangle_beside_other_operands, choices_by_the_same_conditions, sums_in_branches),
        *(lists_of_leaves_and_numbers, outputs_alone),
    )
}
EXACTLY: Final = (
    "masked_attention",
    "products_of_different_lengths",
    "branches",
    "layer_in_a_branch",
    "pairs_in_branches",
)
"""Programs that have exact code, too."""


# ── rules ──

OPERATIONS: Final = [op for op, row in operations.OPERATIONS.items() if row.recorded]
"""Programs have no others."""
CONSTANTS: Final[dict[str, list[dict[str, float]]]] = {
    "power": [
        *({"y": y} for y in (0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 2.5, -0.5, -1.0, -2.0, 2.0**52, 2.0**53, 1e300)),
        *({"x": x} for x in (0.0, 1.0, 2.0, -3.0)),
    ],
    "scaled_power": [
        *({"c": 2.0, "k": 0.0, "y": 3.0}, {"c": 0.5, "k": 1.0}, {"c": 0.25, "k": 1.0, "y": 3.0}, {"c": 0.0, "k": 1.0}),
        *({"c": -3.0, "k": 1.0, "y": y} for y in (-1.0, 2.0, -2.0, 0.1)),
        *({"c": -3.0, "k": 0.0, "x": x} for x in (2.0, 0.5, 0.0, -2.0)),
    ],
    "add": [{"y": y} for y in (0.0, -0.0, -2.0)],
    "subtract": [{"y": y} for y in (0.0, -0.0, -0.5)] + [{"x": 0.0}],
    "multiply": [{"y": y} for y in (1.0, -1.0, 0.0, 3.0)] + [{"x": -1.0}],
    "divide": [{"y": y} for y in (1.0, -1.0, 4.0, -0.25, 3.0, 0.0, 2.0**-1023, 2.0**-1024, 2.0**1023)]
    + [{"x": x} for x in (1.0, -1.0)],
    "maximum": [{"y": y} for y in (0.0, 0.5, -2.0)] + [{"x": 1.0}],
    "minimum": [{"y": y} for y in (0.0, 0.5, -2.0)] + [{"x": 1.0}],
    "leaky_relu": [{"slope": x} for x in (0.0, 0.01, 1.0, -1.0, 2.0, -0.1, 1e-310)],
    "elu": [{"alpha": x} for x in (0.0, 1.0, 0.5)],
    "clamp": [{"low": -1.0, "high": 2.0}, {"low": 0.0, "high": 1.0}, {"low": 2.0, "high": -1.0}, {"low": 0.5}],
    "where": [{"a": 1.0, "b": 0.0}, {"a": 0.0, "b": 2.0}, {"a": 3.0, "b": -1.0}, {"b": 0.0}, {"x": 1.0}, {"x": 0.0}],
    "hypot": [{"y": 1.0}, {"y": 0.0}],
    "xlogy": [{"x": 0.0}, {"x": 2.0}, {"y": 2.0}],
    "exp_of_difference": [{"y": 1.0}, {"x": 0.0}],
    "logaddexp": [{"y": 0.0}],
}
"""Operands of operations that are numbers."""


def rules(op: str) -> Iterator[str]:
    """The value and the derivatives of an operation: as a formula, as NumPy statements, and over floats."""
    for constants in ({}, *CONSTANTS.get(op, ())):
        operands = [f"{x}={constants[x]:g}" if x in constants else x for x in rule(op).operands]
        yield f"{op}({', '.join(operands)})"
        yield from _texts("z", value_of(op, constants), op)
        for x in rule(op).operands:
            if x not in constants:
                yield from _texts(f"d{x}", partial_of(op, x, constants), op)


def _texts(name: str, e: Expression, op: str) -> Iterator[str]:
    yield f"  {name} = {shown(e)}"
    rows = rule(op).operands if rule(op).of_sequences else ()
    scratch = iter(range(99))
    texts = {operand: operand for operand in names_in(e)}
    for line in as_numpy(e, texts, "out", lambda kind, rows: f"{kind}{'_rows' * rows}_{next(scratch)}", rows):
        yield f"    {line}"
    yield f"    {as_floats(e, texts)}"


# ── comparison ──


def stages(name: str) -> str:
    """The text of a program."""
    restart()
    roots, inputs, parameters, wanted = PROGRAMS[name]()
    roots = [roots] if isinstance(roots, Value) else roots
    code = Code(recording(roots, flat(inputs), flat(parameters)), wanted, "float64")
    text = code.trace()
    if name in EXACTLY:
        assert code.completes
        text += f"\n\n── exactly ──\n{code.exactly().program}"
    return text + "\n"


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_stages_of_a_program(name: str) -> None:
    assert stages(name) == kept(FOLDER, name)


@pytest.mark.parametrize("op", OPERATIONS)
def test_the_expressions_of_a_rule(op: str) -> None:
    assert "\n".join(rules(op)) in kept(FOLDER, "rules").strip().split("\n\n")


def test_no_listing_is_left_over() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == {*PROGRAMS, "rules"}
    assert kept(FOLDER, "rules").count("\n\n") == len(OPERATIONS) - 1


if __name__ == "__main__":
    of_rules = "\n\n".join("\n".join(rules(op)) for op in OPERATIONS) + "\n"
    write(FOLDER, {name: partial(stages, name) for name in PROGRAMS} | {"rules": lambda: of_rules})
