"""The building blocks of random programs, each written as some people write it.

>>> len(BLOCKS) > 40, BLOCKS["softmax"].__name__
(True, 'softmax_block')

A block picks from the vectors made so far, and adds one or more to them. Its structure depends on `b.rng` alone, never
on data.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

import autograd
from autograd import (
    Value,
    atan2,
    dot,
    grad_graph,
    hypot,
    largest,
    log_softmax,
    logaddexp,
    logsumexp,
    maximum,
    mean,
    minimum,
    nn,
    norm,
    product,
    smallest,
    softmax,
    total,
    where,
    xlogy,
)
from autograd.formula.cases import KNOWN
from tests.compiler.building import KINKED, LARGE, SMOOTH, Builder, Matrix, Vector, linear, squashed, weighed

Block = Callable[[Builder], None]
BLOCKS: Final[dict[str, Block]] = {}
WEIGHTS: Final[dict[str, int]] = {}
"""How often a block is drawn."""
WILD: Final[list[str]] = []
"""Blocks that make inf or nan of usual inputs; other programs than these have none of them."""


def block(name: str, weight: int = 2, *, wild: bool = False) -> Callable[[Block], Block]:
    def enter(function: Block) -> Block:
        BLOCKS[name] = function
        if wild:
            WILD.append(name)
        else:
            WEIGHTS[name] = weight
        return function

    return enter


# ── a user's own operations ──


def fuzz_bent(x):  # type: ignore[no-untyped-def]
    root = math.sqrt(x * x + 1)
    return (root - 1) / 2 + x, x / (2 * root) + 1


def fuzz_gate(x, y):  # type: ignore[no-untyped-def]
    if x > 0:
        return x * y / (1 + abs(y)), y / (1 + abs(y)), x / (1 + abs(y)) ** 2
    return 0.1 * x * y, 0.1 * y, 0.1 * x


def fuzz_spread(xs: list[float]):  # type: ignore[no-untyped-def]
    z = sum([x * x for x in xs]) / len(xs)
    return z, [2 * x / len(xs) for x in xs]


_MADE: dict[str, Callable[..., Value]] = {}


def own(rule: Callable[..., Any], *operands: Any) -> Value:
    """The operation of a rule, made when it is first used: the tests of the package see its own operations alone.

    `conftest` unmakes it after each test.
    """
    name = rule.__name__
    if name not in KNOWN:
        _MADE[name] = autograd.operation(rule)
    return _MADE[name](*operands)


# ── layers and weights ──


@block("layer", 9)
def layer(b: Builder) -> None:
    v = b.vector(8)
    m = b.matrix(b.between(1, 7), len(v))
    style = b.between(0, 5)
    if style == 0:
        z = linear(b, m, v)
    elif style == 1:
        z = [x * 0.5 for x in linear(b, m, v)]
    elif style == 2:
        z = [x - c for x, c in zip(linear(b, m, v), b.weights(len(m)), strict=True)]
    elif style == 3:
        bias = b.weights(len(m))
        z = [sum((w * x for w, x in zip(row, v, strict=True)), c) for row, c in zip(m, bias, strict=True)]
    else:
        z = linear(b, m, v, b.weights(len(m)))
    if b.chance(0.7):
        b.keep(squashed(b, z), 2.0)
    else:
        b.keep(z, 3.0)


@block("nn.Layer", 3)
def nn_layer(b: Builder) -> None:
    v = b.vector(7)
    made = nn.Layer(
        len(v),
        b.between(2, 6),
        activation=b.one_of(("linear", "tanh", "sigmoid", "gelu", "relu", "softmax")),
        rng=b.rng,
    )
    for neuron in made.neurons:
        neuron.w, neuron.b = b.weights(len(v)), b.parameter()
    b.keep(made(v), 3.0)


@block("layer twice", 3)
def layer_twice(b: Builder) -> None:
    """The same weights on several vectors."""
    columns = b.between(2, 5)
    m, bias = b.matrix(b.between(2, 5), columns), b.weights(5)
    rows = [b.vector_of(columns) for _ in range(b.between(2, 3))]
    style, name = b.between(0, 6), b.one_of(SMOOTH)
    out = [[getattr(weighed(b, row, v, style) + c, name)() for row, c in zip(m, bias, strict=False)] for v in rows]
    if b.chance(0.5):
        b.keep([x + y for x, y in zip(out[0], out[-1], strict=True)], 3.0)
    else:
        b.keep([total(row) for row in out], 5.0)
        b.keep(out[-1], 1.5)


@block("deep residual")
def deep_residual(b: Builder) -> None:
    v = b.vector(5)
    m = b.matrix(len(v), len(v))
    style = b.between(0, 6)
    for _ in range(b.between(2, 4)):
        step = [weighed(b, row, v, style).tanh() for row in m]
        v = [x + 0.5 * y for x, y in zip(v, step, strict=True)]
    b.keep(v, 4.0)


@block("scrambled layer")
def scrambled_layer(b: Builder) -> None:
    """Rows in a random order, with other nodes between them, and operands in changing order."""
    v = b.vector(6, 2)
    m = b.matrix(b.between(2, 6), len(v))
    order = list(range(len(m)))
    b.rng.shuffle(order)
    made: dict[int, Value] = {}
    aside = v[0]
    for i in order:
        columns = list(range(len(v)))
        b.rng.shuffle(columns)
        made[i] = weighed(b, [m[i][j] for j in columns], [v[j] for j in columns], b.between(0, 6)).sigmoid()
        aside = (aside * made[i]).sin()
    b.keep([*(made[i] for i in range(len(m))), aside], 1.0)


@block("triangular")
def triangular(b: Builder) -> None:
    """Rows of growing length, each with its own weights and its own factor."""
    v = b.vector(6, 2)
    m = b.matrix(len(v), len(v))
    style, factor = b.between(0, 6), b.between(0, 2)
    scale = [1.0, 0.5, 0.25] if factor else [1.0]
    z = [weighed(b, m[i][: i + 1], v[: i + 1], style) * scale[i % len(scale)] for i in range(len(v))]
    if factor == 2:
        z = [x / (i + 1) for i, x in enumerate(z)]
    b.keep(squashed(b, z) if b.chance(0.5) else z, 2.5)


@block("embedding")
def embedding(b: Builder) -> None:
    if len(b.masks) < 3:
        return layer(b)
    tokens, width = b.masks[: b.between(3, 6)], b.between(2, 4)
    table = b.matrix(len(tokens), width)
    return b.keep([dot(tokens, column) for column in zip(*table, strict=True)], 2.0)


@block("quadratic form")
def quadratic_form(b: Builder) -> None:
    v = b.vector(4)
    m = b.matrix(len(v), len(v))
    if b.chance(0.5):
        z = total(v[i] * m[i][j] * v[j] for i in range(len(v)) for j in range(len(v)))
    else:
        z = dot(v, linear(b, m, v))
    b.keep([z, z.tanh()], 5.0)


@block("bilinear")
def bilinear(b: Builder) -> None:
    v, w = b.vector(3), b.vector(3)
    out = []
    for _ in range(b.between(1, 3)):
        m = b.matrix(len(v), len(w))
        out.append(sum(v[i] * m[i][j] * w[j] for i in range(len(v)) for j in range(len(w))))
    b.keep([z.tanh() for z in out], 1.0)  # type: ignore[union-attr]


@block("experts")
def experts(b: Builder) -> None:
    v = b.vector(4)
    count, width = b.between(2, 3), b.between(2, 3)
    gate = softmax(linear(b, b.matrix(count, len(v)), v))
    made = [squashed(b, linear(b, b.matrix(width, len(v)), v)) for _ in range(count)]
    b.keep([total(g * e[i] for g, e in zip(gate, made, strict=True)) for i in range(width)], 2.0)


@block("matrix chain")
def matrix_chain(b: Builder) -> None:
    """Products of matrices of nodes and of parameters."""
    rows = b.sequence(b.between(2, 3), 3)
    m = b.matrix(3, b.between(2, 3))
    z = [[sum(row[k] * m[k][j] for k in range(3)) for j in range(len(m[0]))] for row in rows]
    if b.chance(0.5):  # a Gram matrix
        z = [[dot(p, q) for q in z] for p in z]
    b.keep_sequence([[x.tanh() for x in row] for row in z], 1.0)  # type: ignore[union-attr]


@block("regularisation")
def regularisation(b: Builder) -> None:
    """Nodes that no input reaches."""
    if not b.parameters:
        return
    ps = b.parameters[:12] if b.chance(0.5) else b.rng.sample(b.parameters, min(6, len(b.parameters)))
    match b.between(0, 3):
        case 0:
            z = total(p * p for p in ps) * 0.01
        case 1:
            z = sum((p.square() for p in ps), 0.0) * 0.05  # type: ignore[assignment]
        case 2:
            z = total(abs(p) for p in ps) * 0.1
        case _:
            z = norm(ps)
    b.keep([z], 2.0)


@block("parameters alone")
def parameters_alone(b: Builder) -> None:
    """Weights that are functions of parameters, used as weights."""
    v = b.vector(5)
    raw = b.weights(len(v))
    match b.between(0, 3):
        case 0:
            w = softmax(raw)
        case 1:
            w = [p.exp() for p in raw]
        case 2:
            length = (dot(raw, raw) + 0.1).sqrt()
            w = [p / length for p in raw]
        case _:
            w = [p * b.parameter() for p in raw]
    b.keep([dot(w, v), *(x * y for x, y in zip(w, v, strict=True))], 3.0)


# ── elementwise ──


@block("activation", 3)
def activation(b: Builder) -> None:
    b.keep(squashed(b, b.vector()), 2.0)


@block("functions", 4)
def functions(b: Builder) -> None:
    """Every function of one operand, in its domain."""
    v = b.vector()
    bounded = [x.tanh() * 0.9 for x in v]
    above = b.positive()
    choices: list[Callable[[], Vector]] = [
        lambda: [x.exp() for x in bounded],
        lambda: [x.expm1() for x in bounded],
        lambda: [x.log() for x in above],
        lambda: [x.log1p() for x in bounded],
        lambda: [x.log2() for x in above],
        lambda: [x.log10() for x in above],
        lambda: [x.sqrt() for x in above],
        lambda: [x.rsqrt() for x in above],
        lambda: [x.square() for x in v],
        lambda: [x.reciprocal() for x in above],
        lambda: [x.tan() for x in bounded],
        lambda: [x.asin() for x in bounded],
        lambda: [x.acos() for x in bounded],
        lambda: [x.sinh() for x in bounded],
        lambda: [x.cosh() for x in bounded],
        lambda: [x.asinh() for x in v],
        lambda: [(x + 1.0).acosh() for x in above],
        lambda: [x.atanh() for x in bounded],
        lambda: [x.exp2() for x in bounded],
        lambda: [xlogy(x, y) for x, y in zip(v, above, strict=False)],
        lambda: [xlogy(x, x) for x in above],
        lambda: [-x for x in v],
        lambda: [+x for x in v],
        lambda: [abs(x) for x in v],
    ]
    made = b.one_of(choices)()
    if b.chance(0.3):
        made = [x + y for x, y in zip(made, b.one_of(choices)(), strict=False)]
    b.keep(made, 5.0)


@block("pairs", 5)
def pairs(b: Builder) -> None:
    """Two vectors, element by element."""
    v, w = b.vector(), b.vector()
    both = list(zip(v, w, strict=False))
    choices: list[Callable[[Value, Value], Value]] = [
        lambda x, y: x + y,
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: x * y - 0.3 * x,
        lambda x, y: 2.0 * x - y * 3.0 + 1.0,
        lambda x, y: x / (y * y + 1.0),
        lambda x, y: (x + y) * (x - y),
        hypot,
        logaddexp,
        lambda x, y: atan2(x, y + 2.0),
        maximum,
        minimum,
        lambda x, y: where(x - y, x, y),
        lambda x, y: (x - y).square(),
        lambda x, y: maximum(x, y) * minimum(x, y),
    ]
    one = b.one_of(choices)
    b.keep([one(x, y) for x, y in both], 5.0)


@block("mixed pairs")
def mixed_pairs(b: Builder) -> None:
    """Another formula for every second or third element."""
    v, w = b.vector(LONG), b.vector(LONG)
    every = b.between(2, 3)
    made = []
    for i, (x, y) in enumerate(zip(v, w, strict=False)):
        if i % every == 0:
            made.append(x * y + 0.5)
        elif i % every == 1:
            made.append((x - y).tanh())
        else:
            made.append(x.sigmoid() * 2.0 - y)
    b.keep(made, 4.0)


LONG: Final = 10


@block("division")
def division(b: Builder) -> None:
    v, w, above = b.vector(), b.vector(), b.positive()
    match b.between(0, 4):
        case 0:
            z = [x / y for x, y in zip(v, above, strict=False)]
        case 1:
            z = [1.0 / y for y in above]
        case 2:
            z = [x / 3.0 - y / 7.0 for x, y in zip(v, w, strict=False)]
        case 3:
            z = [x / (y * y + 1.0) + 1.5 for x, y in zip(v, w, strict=False)]
        case _:
            s = total(above)
            z = [x / s for x in v]
    b.keep(z, 4.0)


@block("powers")
def powers(b: Builder) -> None:
    v, above, w = b.vector(), b.positive(), b.vector()
    match b.between(0, 5):
        case 0:
            n = b.one_of((2, 3, 4, 1, 0, 2.0, 3.0))
            z = [x**n for x in v]
        case 1:
            n = b.one_of((-1, -2, 0.5, -0.5, 1.5, 2.5, 1 / 3))
            z = [x**n for x in above]
        case 2:
            z = [x ** y.tanh() for x, y in zip(above, w, strict=False)]
        case 3:
            z = [2.0**x for x in v]
        case 4:
            p = b.parameter()
            z = [x**p for x in above]
        case _:
            z = [1.5 ** (x * y) for x, y in zip(v, w, strict=False)]
    b.keep(z, 6.0 if b.chance(0.5) else 12.0)


@block("polynomial")
def polynomial(b: Builder) -> None:
    v = b.vector(6)
    c = b.weights(b.between(2, 4))
    made = []
    for x in v:
        z = c[0]
        for p in c[1:]:
            z = z * x + p
        made.append(z)
    b.keep(made, 4.0)


@block("kinks", 3)
def kinks(b: Builder) -> None:
    v, w = b.vector(), b.vector()
    slope = b.parameter()
    choices: list[Callable[[], Vector]] = [
        lambda: [x.relu() for x in v],
        lambda: [abs(x) for x in v],
        lambda: [x.leaky_relu(0.2) for x in v],
        lambda: [x.leaky_relu(slope) for x in v],
        lambda: [x.elu(1.5) for x in v],
        lambda: [x.elu(y) for x, y in zip(v, w, strict=False)],
        lambda: [maximum(x, 0.25) for x in v],
        lambda: [minimum(maximum(x, -0.5), 0.5) for x in v],
        lambda: [x.clamp(-0.5, 0.75) for x in v],
        lambda: [x.clamp(-0.5) + x.clamp(max=0.25) for x in v],
        lambda: [x.clamp(y, y + 0.5) for x, y in zip(v, w, strict=False)],
        lambda: [x.clamp(-1.0, slope) for x in v],
        lambda: [x * x.sign() for x in v],
        lambda: [maximum(0.0, y - x) for x, y in zip(v, w, strict=False)],
        lambda: [largest(v), smallest(v)],
        lambda: [largest([*v, 0.1]), smallest([x * 2.0 for x in v])],
        lambda: [largest(v[: i + 1]) for i in range(len(v))],
        lambda: [maximum(x, x) for x in v] + [minimum(x, -x) for x in v],
        lambda: [(x - y).relu() + (y - x).relu() for x, y in zip(v, w, strict=False)],
    ]
    b.keep(b.one_of(choices)(), 3.0)


@block("masks", 3)
def masks(b: Builder) -> None:
    if not b.masks:
        return kinks(b)
    v, w = b.vector(), b.vector()
    m = [b.one_of(b.masks) for _ in v]
    match b.between(0, 5):
        case 0:
            z = [x * k for x, k in zip(v, m, strict=True)]
        case 1:
            z = [(1.0 - k) * x + k * y for x, y, k in zip(v, w, m, strict=False)]
        case 2:
            z = softmax([x + (k - 1.0) * 1e9 for x, k in zip(v, m, strict=True)])
        case 3:
            z = [dot(m, v) / (total(m) + 1e-3), *v[:3]]
            return b.keep([x * 1e-2 for x in z], 5.0)
        case 4:
            z = [k * x.exp() for x, k in zip(v, m, strict=True)]
            s = total(z) + 0.1
            z = [x / s for x in z]
        case _:
            loss = total(k * (x - 0.3) ** 2 for x, k in zip(v, m, strict=True))
            z = [loss * 0.1]
    return b.keep(z, 5.0)


@block("detach", 3)
def detaching(b: Builder) -> None:
    v, w = b.vector(), b.vector()
    match b.between(0, 5):
        case 0:  # the straight-through estimator
            z = [x + (x.tanh() - x).detach() for x in v]
        case 1:
            z = [x * x.detach() for x in v]
        case 2:
            s = (total(x * x for x in v) + 0.5).detach()
            z = [x / s for x in v]
        case 3:
            z = [x.detach() for x in v]
        case 4:
            z = [x.detach() * y + 0.5 * x for x, y in zip(v, w, strict=False)]
        case _:
            p = b.parameter()
            z = [(p.detach() * x + p * x.detach()).tanh() for x in v]
    b.keep(z, 4.0)


@block("constants", 4)
def constants(b: Builder) -> None:
    """Plain numbers in every place, 0, 1 and −1 among them."""
    v = b.vector()
    c = [b.number() for _ in v]
    match b.between(0, 9):
        case 0:
            z = [x * k for x, k in zip(v, c, strict=True)]
        case 1:
            z = [k - x for x, k in zip(v, c, strict=True)]
        case 2:
            z = [dot(c, v), dot(v, c) + 1.0, dot([1.0] * len(v), v), dot([0.0] * len(v), v)]
        case 3:
            z = [total([x, k, 1.0, x]) for x, k in zip(v, c, strict=True)]
        case 4:
            z = [x * 0.0 + k for x, k in zip(v, c, strict=True)]
        case 5:
            z = [(0.0 + x * 1.0) / 1.0 - 0.0 for x in v] + [(x**1) * -1.0 for x in v]
        case 6:
            m = [[b.number() for _ in v] for _ in range(b.between(1, 4))]
            z = [dot(row, v) for row in m]
        case 7:
            return b.keep(softmax([0.5, *v, -1.0]), 1.0)
        case 8:
            zero = v[0] * 0.0
            z = [zero + x for x in v] + [zero, zero.exp()]
        case _:
            z = [maximum(x, k) + hypot(k, x) for x, k in zip(v, c, strict=True)]
    return b.keep(z, 12.0)


@block("repeated operands", 3)
def repeated_operands(b: Builder) -> None:
    v = b.vector()
    choices: list[Callable[[], Vector]] = [
        lambda: [x * x for x in v],
        lambda: [x + x for x in v],
        lambda: [dot(v, v), total([*v, *v])],
        lambda: [x * x * x - x for x in v],
        lambda: [x - x for x in v],
        lambda: [(x + 1.5) * (x + 1.5) for x in v],
        lambda: [x * x.tanh() + x * x.tanh() for x in v],
        lambda: [hypot(x, x) + logaddexp(x, x) for x in v],
        lambda: [dot([v[0]] * 3 + v[:1], [*v[:1], *v[:1], *v[-1:], *v[-1:]])],
        lambda: [total([x, x, x]) * x for x in v],
        lambda: [largest([x, x]) + mean([x, x, x]) for x in v],
        lambda: [x / (x * x + 1.0) for x in v],
    ]
    b.keep(b.one_of(choices)(), 5.0)


@block("own operation", 3)
def own_operation(b: Builder) -> None:
    v, w = b.vector(), b.vector()
    match b.between(0, 2):
        case 0:
            z = [own(fuzz_bent, x) for x in v]
        case 1:
            z = [own(fuzz_gate, x, y) for x, y in zip(v, w, strict=False)]
        case _:
            z = [own(fuzz_spread, v), own(fuzz_spread, w)]
    b.keep(z, 5.0)


# ── sequences of numbers ──


@block("reductions", 2)
def reductions(b: Builder) -> None:
    v = b.vector(8)
    choices: list[Callable[[], Value]] = [
        lambda: total(v),
        lambda: mean(v),
        lambda: sum(v[1:], v[0]),
        lambda: product([x.tanh() for x in v]),
        lambda: norm(v),
        lambda: logsumexp(v),
        lambda: total([total(v), mean(v), v[0]]),
        lambda: total(x * x for x in v) / len(v),
    ]
    b.keep([b.one_of(choices)() for _ in range(b.between(1, 3))], 8.0)


@block("softmax", 3)
def softmax_block(b: Builder) -> None:
    v = b.vector(8)
    match b.between(0, 4):
        case 0:
            z = softmax(v)
        case 1:
            z = log_softmax(v)
        case 2:
            top = largest(v).detach()
            exps = [(x - top).exp() for x in v]
            s = sum(exps[1:], exps[0])
            z = [e / s for e in exps]
        case 3:
            exps = [x.exp() for x in v]
            s = total(exps)
            z = [e / s for e in exps] + [s.log()]
        case _:
            temperature = b.parameter().exp()
            z = softmax([x / temperature for x in v])
    b.keep(z, 3.0)


@block("growing softmax")
def growing_softmax(b: Builder) -> None:
    v, w = b.vector(6, 2), b.vector(6, 2)
    made = []
    for i in range(len(v)):
        p = softmax(v[: i + 1])
        made.append(total(q * w[j % len(w)] for j, q in enumerate(p)))
    b.keep(made, 2.0)


@block("prefixes", 4)
def prefixes(b: Builder) -> None:
    v, w = b.vector(8), b.vector(8)
    count = range(len(v))
    match b.between(0, 7):
        case 0:
            z = [total(v[: i + 1]) * (1.0 / len(v)) for i in count]
        case 1:
            z = [sum(v[1 : i + 1], v[0]) * (1 / len(v)) for i in count]
        case 2:  # from one to the next
            z = [v[0]]
            for x in v[1:]:
                z.append(z[-1] + x)
            z = [x * 0.2 for x in z]
        case 3:
            z = [mean(v[: i + 1]) for i in count]
        case 4:
            z = [dot(v[: i + 1], [w[j % len(w)] for j in range(i + 1)]).tanh() for i in count]
        case 5:
            z = [v[0].tanh()]
            for x in v[1:]:
                z.append(z[-1] * x.tanh())
        case 6:
            z = [total(v[i:]) / (i + 1) for i in count]
        case _:
            z = [logsumexp(v[: i + 1]) for i in count]
    b.keep(z, 4.0)


@block("windows", 3)
def windows(b: Builder) -> None:
    v = b.vector(8, 3)
    q = b.weights(3)
    style = b.between(0, 6)
    match b.between(0, 6):
        case 0:
            z = [weighed(b, q, v[i : i + 3], style).tanh() for i in range(len(v) - 2)]
        case 1:  # with borders left out
            z = [sum(q[t] * v[i + t - 1] for t in range(3) if 0 <= i + t - 1 < len(v)) + q[0] for i in range(len(v))]
        case 2:  # with borders of zeros
            padded: list[Value | float] = [0.0, *v, 0.0]
            z = [dot(q, padded[i : i + 3]) for i in range(len(v))]
        case 3:  # around a circle
            z = [weighed(b, q, [v[(i + t) % len(v)] for t in range(3)], style) for i in range(len(v))]
        case 4:  # with strides and gaps
            stride = b.between(1, 2)
            z = [q[0] * v[i] + q[1] * v[i + 2] for i in range(0, len(v) - 2, stride)]
        case 5:
            z = [largest(v[i : i + 2]) for i in range(0, len(v) - 1, 2)] + [mean(v[i : i + 2]) for i in range(2)]
        case _:  # diffusion
            for _ in range(b.between(1, 3)):
                ends = [v[0], *v, v[-1]]
                v = [x + 0.2 * (ends[i] - 2.0 * x + ends[i + 2]) for i, x in enumerate(v)]
            z = v
    b.keep(z, 4.0)


@block("convolution")
def convolution(b: Builder) -> None:
    side = 3
    image = b.sequence(side, side)
    conv = nn.Conv2d(
        1, b.between(1, 2), 2, stride=b.between(1, 2), padding=b.between(0, 1), bias=b.chance(0.5), rng=b.rng
    )
    conv.weight = [[[b.weights(2) for _ in range(2)]] for _ in conv.weight]
    conv.bias = [b.parameter() for _ in conv.bias]
    planes = conv([image])
    flat = [x for plane in planes for row in plane for x in row]
    b.keep(squashed(b, flat), 2.0)
    if b.chance(0.4):
        b.keep([largest([x for row in plane for x in row]) for plane in planes], 3.0)


@block("picks", 3)
def picks(b: Builder) -> None:
    v, w = b.vector(), b.vector()
    match b.between(0, 5):
        case 0:
            z = v[::-1][: b.between(1, len(v))] + w[::2]
        case 1:
            z = v[1::2] + w[: len(w) // 2]
        case 2:
            z = [b.one_of(v) for _ in range(b.between(2, 8))]
        case 3:
            z = [x for pair in zip(v, w, strict=False) for x in pair]
        case 4:
            k = b.between(0, len(v) - 1)
            z = v[k:] + v[:k]
        case _:
            z = [v[i * i % len(v)] for i in range(6)]
    b.keep(squashed(b, z) if b.chance(0.3) else z, LARGE / 2.0)


@block("outer")
def outer(b: Builder) -> None:
    v, w = b.vector(4), b.vector(4)
    grid = [[x * y for y in w] for x in v]
    match b.between(0, 3):
        case 0:
            b.keep([z.tanh() for row in grid for z in row], 1.0)
        case 1:
            b.keep([total(row) for row in grid], 5.0)
            b.keep([total(column) for column in zip(*grid, strict=True)], 5.0)
        case 2:
            b.keep_sequence([[(x - y).square() * 0.2 for y in w] for x in v], 2.0)
        case _:
            b.keep([logaddexp(z, 0.0) for row in grid for z in row], 3.0)


@block("distances")
def distances(b: Builder) -> None:
    rows, centres = b.sequence(b.between(1, 3), 2), b.matrix(b.between(2, 3), 2)
    squares = [[total((x - c) ** 2 for x, c in zip(row, centre, strict=True)) for centre in centres] for row in rows]
    match b.between(0, 2):
        case 0:
            b.keep([smallest(row) for row in squares], 4.0)
        case 1:
            b.keep([(-0.5 * d).exp() for row in squares for d in row], 1.0)
        case _:
            b.keep([-logsumexp([-d for d in row]) for row in squares], 4.0)


@block("normalisation", 3)
def normalisation(b: Builder) -> None:
    v = b.vector(7, 2)
    n = len(v)
    match b.between(0, 4):
        case 0:
            s = (sum(x * x for x in v) / n + 0.1) ** -0.5
            z = [x * s for x in v]
        case 1:
            s = (mean([x.square() for x in v]) + 1e-2).rsqrt()
            z = [x * s * g for x, g in zip(v, b.weights(n), strict=True)]
        case 2:
            m = total(v) / n
            d = [x - m for x in v]
            s = (total(x * x for x in d) / n + 0.05).sqrt()
            z = [x / s for x in d]
        case 3:
            m = mean(v)
            s = mean([(x - m) ** 2 for x in v])
            z = [(x - m) / (s + 0.1) ** 0.5 * g + c for x, g, c in zip(v, b.weights(n), b.weights(n), strict=True)]
        case _:
            length = norm(v) + 0.2
            z = [x / length for x in v]
    b.keep(z, 3.0)


# ── attention and recurrence ──


@block("attention", 3)
def attention(b: Builder) -> None:
    heads, steps = b.between(1, 2), b.between(2, 4)
    width = 2 * heads
    tokens = b.sequence(steps, width)
    style, causal = b.between(0, 6), b.chance(0.6)
    q, k, v = ([linear_in(b, m, t, style) for t in tokens] for m in [b.matrix(width, width) for _ in range(3)])
    out: Matrix = []
    for i in range(steps):
        row: Vector = []
        for h in range(0, width, 2):
            seen = range(i + 1 if causal else steps)
            scores = [dot(q[i][h : h + 2], k[j][h : h + 2]) * 0.7 for j in seen]
            weights = softmax(scores)
            row += [sum(w * v[j][h + c] for w, j in zip(weights, seen, strict=True)) for c in range(2)]  # type: ignore[misc]
        out.append(row)
    if b.chance(0.5):
        out = [[x + y for x, y in zip(p, t, strict=True)] for p, t in zip(out, tokens, strict=True)]
    b.keep_sequence(out, 2.5)


def linear_in(b: Builder, m: Matrix, v: Vector, style: int) -> Vector:
    return [weighed(b, row, v, style) for row in m]


@block("masked attention")
def masked_attention(b: Builder) -> None:
    """All positions, with −1e9 or −inf where a query may not look."""
    steps = b.between(2, 4)
    tokens = b.sequence(steps, 2)
    away = b.one_of((-1e9, -math.inf))
    scores = [[dot(p, q) + (away if j > i else 0.0) for j, q in enumerate(tokens)] for i, p in enumerate(tokens)]
    weights = [softmax(row) for row in scores]
    b.keep_sequence([[dot(row, column) for column in zip(*tokens, strict=True)] for row in weights], 2.0)


@block("recurrence", 3)
def recurrence(b: Builder) -> None:
    steps, width, hidden = b.between(2, 6), b.between(1, 3), b.between(1, 4)
    xs = b.sequence(steps, width)
    w, u, bias = b.matrix(hidden, width), b.matrix(hidden, hidden), b.weights(hidden)
    start: list[Any] = [0.0] * hidden if b.chance(0.5) else list(b.weights(hidden))
    h: Vector = start
    style, name = b.between(0, 6), b.one_of(("tanh", "sigmoid", "relu", "softplus"))
    states: Matrix = []
    for x in xs:
        z = [weighed(b, w[i], x, style) + dot(u[i], h) + bias[i] for i in range(hidden)]
        h = [getattr(s, name)() for s in z]
        if name in ("relu", "softplus"):
            h = [s * 0.5 for s in h]
        states.append(h)
    if b.chance(0.5):
        b.keep(h, 2.0)
    else:
        b.keep_sequence(states, 2.0)


@block("gated recurrence")
def gated_recurrence(b: Builder) -> None:
    steps, width, hidden = b.between(2, 4), b.between(1, 2), b.between(1, 3)
    xs = b.sequence(steps, width)
    if b.chance(0.5):
        cell = nn.LSTMCell(width, hidden, rng=b.rng)
        cell.weight_ih = [b.weights(width) for _ in range(4 * hidden)]
        cell.weight_hh = [b.weights(hidden) for _ in range(4 * hidden)]
        cell.bias_ih, cell.bias_hh = b.weights(4 * hidden), b.weights(4 * hidden)
        state = None
        for x in xs:
            state = cell(x, state)
        assert state is not None
        return b.keep(state[0] + state[1], 2.0)
    gate, new = b.matrix(hidden, width + hidden), b.matrix(hidden, width + hidden)
    h: Vector = b.weights(hidden)
    for x in xs:
        z = [dot(row, x + h).sigmoid() for row in gate]
        n = [dot(row, x + h).tanh() for row in new]
        h = [(1.0 - g) * s + g * t for g, s, t in zip(z, h, n, strict=True)]
    return b.keep(h, 1.5)


@block("scalar recurrence")
def scalar_recurrence(b: Builder) -> None:
    """Maps of one or two numbers, many steps."""
    x, y = (b.vector(1)[0].sigmoid() for _ in range(2))
    r = b.parameter().sigmoid() + 1.0
    kind = b.between(0, 4)
    trace = [x]
    for _ in range(b.between(5, 25)):
        match kind:
            case 0:
                x = r * x * (1.0 - x)
            case 1:
                x, y = x + 0.1 * (x - x * y), y + 0.1 * (x * y - y)
            case 2:
                x, y = x * y.cos() - y * x.sin(), y * 0.9
            case 3:
                x = (x + r / (x * x + 1.0)) / 2.0
            case _:
                x, y = y, 0.5 * x + 0.4 * y
        trace.append(x)
    b.keep(trace[-1:] if b.chance(0.5) else trace[::2], 3.0)


@block("long chain")
def long_chain(b: Builder) -> None:
    x = b.vector(1)[0]
    for i in range(b.between(20, 60)):
        x = (x.sin, x.tanh, x.square, (x + 0.3).atan, (x * -0.7).softplus, (1.0 - x).sigmoid)[
            b.between(0, 5) if i % 3 else 0
        ]()
        x = x * 0.9 + 0.05
    b.keep([x], 2.0)


@block("soft minima")
def soft_minima(b: Builder) -> None:
    """Dynamic programming over a grid."""
    v, w = b.vector(3), b.vector(3)
    cost: dict[tuple[int, int], Value | float] = {(0, 0): 0.0}
    for i in range(len(v) + 1):
        for j in range(len(w) + 1):
            ways: list[Value | float] = []
            if i:
                ways.append(cost[i - 1, j] + 0.5)
            if j:
                ways.append(cost[i, j - 1] + 0.5)
            if i and j:
                ways.append(cost[i - 1, j - 1] + (v[i - 1] - w[j - 1]) * (v[i - 1] - w[j - 1]))
            if ways:
                cost[i, j] = -logsumexp([-c for c in ways])
    b.keep([z for z in [cost[len(v), len(w)]] if isinstance(z, Value)], 4.0)


# ── without a pattern ──


@block("random graph", 3)
def random_graph(b: Builder) -> None:
    pool = list(b.vector(6)) + (b.weights(2) if b.chance(0.7) else [])
    for _ in range(b.between(8, 40)):
        x, y = b.one_of(pool), b.one_of(pool)
        match b.between(0, 13):
            case 0 | 1:
                z = x * y
            case 2 | 3:
                z = x + y
            case 4:
                z = x - y
            case 5:
                z = x / (y * y + 1.0)
            case 6:
                z = maximum(x, y)
            case 7:
                z = total([x, y, b.one_of(pool), b.number()])
            case 8:
                z = dot([x, y, 0.5], [y, b.one_of(pool), x])
            case 9:
                z = x * b.number() + b.number()
            case 10:
                z = own(fuzz_gate, x, y)
            case 11:
                z = logsumexp([x, y])
            case _:
                z = getattr(x, b.one_of((*SMOOTH, *KINKED)))()
        pool.append(z.tanh() if b.chance(0.4) else (z * 0.3).sin())
    b.keep(pool[-b.between(1, 6) :], 1.5)


@block("rotations")
def rotations(b: Builder) -> None:
    angles = b.vector(4)
    x: Value | float = 1.0
    y: Value | float = 0.0
    angle: Value | float = 0.0
    for a in angles:
        angle = angle + a
        length = b.number() + 0.2
        x, y = x + length * (0.0 + angle).cos(), y + length * (0.0 + angle).sin()
    b.keep([v for v in (x, y) if isinstance(v, Value)], 8.0)


@block("gradient as nodes")
def gradient_as_nodes(b: Builder) -> None:
    """A penalty on a gradient: the derivatives of smooth functions are nodes of the program."""
    v = b.leaves[:4]  # The derivative of a kink would depend on data.
    p = b.parameter()
    match b.between(0, 2 if b.wild else 3):  # The derivative of gelu is another one beyond 40.
        case 3:
            z = total((x * p).gelu() for x in v)
        case 1:
            z = total((x * p).tanh() for x in v)
        case 2:
            z = total(logaddexp(x, x * p).sigmoid() for x in v)
        case _:
            z = logsumexp([(x * p).sin() for x in v])
    slopes = grad_graph(z, wrt=[v[0], p])
    b.keep([z, *slopes], 8.0)


# ── branches ──


def tests_of(b: Builder, length: int) -> Vector:
    """Operands for `where` to test: numbers of either sign, of examples, masks or parameters, for each or for all."""
    v, w = b.vector_of(length), b.vector_of(length)
    match b.between(0, 5):
        case 0:
            return v
        case 1:
            return [x - 0.3 * y - 0.05 for x, y in zip(v, w, strict=True)]
        case 2 if b.masks:
            return [b.one_of(b.masks) - 0.5 for _ in v]
        case 3:
            return [b.parameter()] * length
        case 4:
            return [b.one_of(v)] * length
        case _:
            return [x.sin() + 0.01 for x in v]


def within(x: Value) -> Sequence[Callable[[Value], Value]]:
    """Functions with the test that keeps them in their domain."""
    return [
        lambda y: where(x, x.log(), y),
        lambda y: where(x, x.sqrt(), y),
        lambda y: where(x, y, (-x + 0.25).rsqrt()),
        lambda y: where(x - 0.1, x.reciprocal(), x * y),
        lambda y: where(x - 0.2, y / x, 0.1),
        lambda y: where(1.0 - x * x, (x.asin() + x.acos() * y) * 0.5, x),
        lambda y: where(0.9 - abs(x), x.atanh(), 0.0),
        lambda y: where(x, x**1.5, -((-x) ** 0.5)),
        lambda y: where(x - 1.0, x.acosh() * y, y),
        lambda y: where(x, xlogy(y, x), 0.0),
        lambda y: where(x, where(x - 0.5, (x - 0.5).log() * x, x.log1p()), (1.0 - x).log() * y),
        lambda y: where(x, x, 0.0) * where(x, y, y.exp()),
    ]


@block("branches", 4)
def branches(b: Builder) -> None:
    """Each element by its own test."""
    v = b.vector()
    w, t = b.vector_of(len(v)), tests_of(b, len(v))
    match b.between(0, 6):
        case 0:
            z = [where(s, x, y) for s, x, y in zip(t, v, w, strict=True)]
        case 1:
            k = b.between(0, len(within(v[0])) - 1)
            z = [within(x)[k](y).clamp(-3.0, 3.0) for x, y in zip(v, w, strict=True)]
        case 2:
            z = [b.one_of(within(x))(y).tanh() for x, y in zip(v, w, strict=True)]
        case 3:  # one inside another, with a part that both read
            shared = [(x * y).tanh() for x, y in zip(v, w, strict=True)]
            inner = [where(y, c * x, c.exp()) for x, y, c in zip(v, w, shared, strict=True)]
            z = [where(s, i, c * 2.0) for s, i, c in zip(t, inner, shared, strict=True)]
        case 4:
            z = [where(s, b.number(), x) * where(x, s, b.number()) for s, x in zip(t, v, strict=True)]
        case 5:
            p = b.parameter()
            z = [where(s, (p * p + x * x + 0.1).log() * p, p * x) for s, x in zip(t, v, strict=True)]
        case _:
            z = [where(s.detach(), x.square(), x * y) for s, x, y in zip(t, v, w, strict=True)]
    b.keep(z, 5.0)


@block("layers in branches", 3)
def layers_in_branches(b: Builder) -> None:
    """Products of matrices that a sweep reaches for some examples."""
    v = b.vector(6)
    m = b.matrix(b.between(2, 5), len(v))
    t, style, name = tests_of(b, len(m)), b.between(0, 6), b.one_of(SMOOTH)
    z = [getattr(weighed(b, row, v, style) + c, name)() for row, c in zip(m, b.weights(len(m)), strict=True)]
    match b.between(0, 4):
        case 0:  # one test for the whole layer, and one for each of its nodes
            b.keep([where(t[0], x, 0.1) for x in z], 2.0)
        case 1:
            b.keep([where(s, x, 0.1) for s, x in zip(t, z, strict=True)], 2.0)
        case 2:
            other = linear(b, b.matrix(len(m), len(v)), [x * x for x in v])
            b.keep([where(s, x, y) for s, x, y in zip(t, z, other, strict=True)], 4.0)
        case 3:
            b.keep([where(t[0], total(z), dot(z, z)), where(t[-1], norm(z), largest(z))], 4.0)
        case _:
            pairs = zip(z, b.weights(len(z)), strict=True)
            b.keep([where(t[0], x, where(t[-1], softmax(z)[0], p * x)) for x, p in pairs], 2.0)


@block("branches of sequences", 3)
def branches_of_sequences(b: Builder) -> None:
    steps = b.between(2, 4)
    rows, style = b.sequence(steps, 2), b.between(0, 6)
    if b.chance(0.5):  # attention with a mask
        scores = [[weighed(b, p, q, style) for q in rows] for p in rows]
        t = tests_of(b, steps * steps if b.chance(0.5) else steps)
        masked = [
            [where(t[(i * steps + j) % len(t)], s, -1e9) for j, s in enumerate(row)] for i, row in enumerate(scores)
        ]
        out = [[dot(softmax(row), column) for column in zip(*rows, strict=True)] for row in masked]
        return b.keep_sequence(out, 2.0)
    m, u, h = b.matrix(2, 2), b.matrix(2, 2), b.weights(2)
    t = tests_of(b, steps)
    for x, s in zip(rows, t, strict=True):
        new = [(weighed(b, w, x, style) + dot(k, h)).tanh() for w, k in zip(m, u, strict=True)]
        h = [where(s, y, old if b.chance(0.7) else 0.5) for y, old in zip(new, h, strict=True)]
    return b.keep(h, 1.5)


# ── inf and nan of usual inputs ──


@block("wild functions", wild=True)
def wild_functions(b: Builder) -> None:
    v, w = b.vector(), b.vector()
    choices: list[Callable[[Value, Value], Value]] = [
        lambda x, y: x.log(),
        lambda x, y: x.sqrt(),
        lambda x, y: x.rsqrt(),
        lambda x, y: x / y,
        lambda x, y: x.reciprocal(),
        lambda x, y: x**y,
        lambda x, y: x**0.5,
        lambda x, y: x**-1,
        lambda x, y: x**-2,
        lambda x, y: x**3,
        lambda x, y: x**0,
        lambda x, y: 0.0**x,
        lambda x, y: (-2.0) ** x,
        lambda x, y: (x * 2.0).asin(),
        lambda x, y: (x * 2.0).acos(),
        lambda x, y: (x * 2.0).atanh(),
        lambda x, y: (x + 1.0).acosh(),
        lambda x, y: x.asinh() + y.exp2(),
        lambda x, y: (x * 20.0).exp2(),
        lambda x, y: x.sign(),
        lambda x, y: x.clamp(y, 1.0),
        lambda x, y: x.clamp(0.0, y),
        lambda x, y: x.clamp(-1.0, 1.0),
        xlogy,
        lambda x, y: xlogy(x, x),
        lambda x, y: xlogy(y, 0.0),
        atan2,
        lambda x, y: atan2(x, 0.0),
        lambda x, y: x.log1p(),
        lambda x, y: x.log2() + y.log10(),
        lambda x, y: x - y,
        lambda x, y: x * y,
        lambda x, y: -(1.0 / x).exp(),
        hypot,
        logaddexp,
        maximum,
        minimum,
    ]
    one = b.one_of(choices)
    z = [one(x, y) for x, y in zip(v, w, strict=False)]
    if b.chance(0.5):  # back into the range of numbers, where the function has a limit
        z = [getattr(x, b.one_of(("atan", "tanh", "sigmoid")))() for x in z]
    b.keep(z, 2.0)


@block("wild activations", wild=True)
def wild_activations(b: Builder) -> None:
    v = b.vector()
    name = b.one_of((*SMOOTH, *KINKED, "exp", "expm1", "square", "sinh", "cosh", "tan"))
    b.keep([getattr(x, name)() for x in v], 2.0)


@block("wild sequences", wild=True)
def wild_sequences(b: Builder) -> None:
    v = b.vector(6)
    choices: list[Callable[[], Vector]] = [
        lambda: softmax(v),
        lambda: log_softmax(v),
        lambda: [logsumexp(v), norm(v), largest(v), smallest(v)],
        lambda: [largest([x, 0.0]) for x in v],
        lambda: softmax([*v, -math.inf])[:-1],
        lambda: [x + math.inf for x in v[:1]] + v[1:],
        lambda: [x * 0.0 for x in v],
        lambda: [own(fuzz_gate, x, 0.0) for x in v],
        lambda: [total(v[: i + 1]) for i in range(len(v))],
        lambda: [dot(v[: i + 1], v[: i + 1]) for i in range(len(v))],
        lambda: [minimum(maximum(x, -1.0), 1.0) for x in v],
    ]
    b.keep(b.one_of(choices)(), 2.0)


@block("wild choices", wild=True)
def wild_choices(b: Builder) -> None:
    """Ties, of inputs and of sums that are exact in any order."""
    v = b.leaves[:8] if b.chance(0.7) else b.vector(8)
    w = v[1:] + v[:1]
    if b.chance(0.3):
        w = [x + y - 0.5 for x, y in zip(v, w, strict=True)]
    p = b.parameter()
    choices: list[Callable[[Value, Value], Value]] = [
        maximum,
        minimum,
        lambda x, y: maximum(x, 0.5),
        lambda x, y: minimum(0.0, x),
        lambda x, y: abs(x - y),
        lambda x, y: (x + y).relu(),
        lambda x, y: (x - y).leaky_relu(0.1),
        lambda x, y: (x - y).elu(0.5),
        lambda x, y: largest([x, y, 0.0, x]),
        lambda x, y: smallest([x, y, 1.0]),
        lambda x, y: maximum(x * p, y * p),
        lambda x, y: maximum(0.5 * x + 0.5 * y, y),
        lambda x, y: (x * y).sqrt().atan(),
        lambda x, y: norm([x, y, x - y]),
        lambda x, y: hypot(x, y - x),
        lambda x, y: ((x - y) ** 2.5).atan(),
    ]
    one = b.one_of(choices)
    z = [one(x, y) for x, y in zip(v, w, strict=True)]
    b.keep([x * b.parameter() for x in z] if b.chance(0.5) else z, 2.0)


@block("wild branches", wild=True)
def wild_branches(b: Builder) -> None:
    """Branches outside their domains, taken or not."""
    v = b.leaves[:6] if b.chance(0.6) else b.vector(6)
    w, t, p = v[1:] + v[:1], tests_of(b, len(v)), b.parameter()
    inf = b.one_of((math.inf, -math.inf, math.nan))
    choices: list[Callable[[Value, Value, Value], Value]] = [
        lambda s, x, y: where(x, x.sqrt(), 0.0),
        lambda s, x, y: where(x, x.log() * y, y),
        lambda s, x, y: where(s, x.log(), y.sqrt()),
        lambda s, x, y: where(s, x / y, y / x),
        lambda s, x, y: where(s, x.reciprocal(), where(y, x.rsqrt(), (x * y).asin())),
        lambda s, x, y: where(s, (x * inf).tanh(), y * inf),
        lambda s, x, y: where(s, x * inf, x) + where(x, s, y * y),
        lambda s, x, y: where(s, x**y, y**x),
        lambda s, x, y: where(y, (p.log() * x).atan(), p.sqrt() * x),
        lambda s, x, y: where(s, p.log(), p.reciprocal()) * 0.1,
        lambda s, x, y: where(x, where(x, x.log(), y.log()), where(x, y.sqrt(), x)),
        lambda s, x, y: where(x, 1.0 / where(y, x, 0.0), y.log1p()).atan(),
        lambda s, x, y: where(x.log(), x, y),
        lambda s, x, y: where(s, norm([x, y]), hypot(x * inf, y)),
        lambda s, x, y: where(s, dot([x, y.log(), x.sqrt()], [y, x, p]), total([x.log(), y])),
        lambda s, x, y: where(s, softmax([x, y, inf])[0], logsumexp([x, y.log()])),
        lambda s, x, y: where(s, largest([x, y]), smallest([x.sqrt(), y])),
        lambda s, x, y: where(x - y, (x - y).sqrt() * p, (y - x).log()),
    ]
    one = b.one_of(choices)
    z = [one(s, x, y) for s, x, y in zip(t, v, w, strict=True)]
    if b.chance(0.3):
        m = b.matrix(2, len(z))
        z = [where(t[0], x.sqrt(), y) for x, y in zip(linear(b, m, [x.log() for x in z]), linear(b, m, z), strict=True)]
    b.keep([x.atan() for x in z] if b.chance(0.3) else z, 2.0)
