"""Programs behind JAX: the same numbers as NumPy's and eager ones, in pure functions, steps, loops and trainings."""

import math
import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pytest

import autograd
from autograd import Value, dot, largest, log_softmax, logsumexp, losses, nn, norm, optim, smallest, total, train
from autograd.engine import ieee
from tests.benchmarks.programs import convolution, heston, recurrence, transformer
from tests.benchmarks.programs.case import Scalars, row
from tests.compiler.choices import results_at
from tests.compiler.fuzz import compiled, main, report
from tests.compiler.random_programs import RandomProgram
from tests.points import ROWS

jax = pytest.importorskip("jax", reason="JAX is not installed: pip install jax")

from autograd.compiler.jax import program as behind  # noqa: E402
from autograd.compiler.jax import text, trees, words  # noqa: E402  (they import JAX)

NEAR: Final = {"float64": 1e-12, "float32": 1e-5}
"""Relative to the largest number: sums are taken in another order, and float32 has seven digits."""
AMPLIFIED: Final = 1e-10
"""Relative: powers up to 800 of numbers with rounding errors."""
TINY: Final = 2.3e-308
"""XLA takes numbers that are smaller for 0."""
FOUND: Final = (8, 9, 26, 70)
"""Seeds of which each showed a fault once: slots that stand twice in a product, numbers that had no axes."""
Made = Callable[[Any], optim.Optimizer]
OPTIMIZERS: Final[dict[str, Made]] = {
    "SGD": lambda p: optim.SGD(p, lr=0.1),
    "SGD with momentum": lambda p: optim.SGD(p, lr=0.02, momentum=0.9, weight_decay=0.01),
    "SGD with dampening": lambda p: optim.SGD(p, lr=0.02, momentum=0.9, dampening=0.3),
    "SGD with Nesterov's momentum, uphill": lambda p: optim.SGD(p, lr=0.01, momentum=0.5, nesterov=True, maximize=True),
    "Adam": lambda p: optim.Adam(p, lr=0.01),
    "Adam with the greatest squares": lambda p: optim.Adam(
        p, lr=0.01, betas=(0.0, 0.9), amsgrad=True, weight_decay=0.1
    ),
    "AdamW": lambda p: optim.AdamW(p, lr=0.01, weight_decay=0.1),
    "RMSprop": lambda p: optim.RMSprop(p, lr=0.01),
    "RMSprop, centered": lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5, weight_decay=0.1),
    "Adagrad": lambda p: optim.Adagrad(p, lr=0.1, lr_decay=0.1, initial_accumulator_value=0.1),
}


@pytest.fixture(autouse=True)
def the_setting_of_jax_stays() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    yield
    assert jax.config.jax_enable_x64 == before


def classifier(dtype: Any = "float64", **options: Any) -> Any:
    """A network 4-5-6-3 with cross-entropy, and its scores as outputs."""
    model = nn.MLP(4, [5, 6, 3], init="he", rng=random.Random(4))
    x, y = autograd.inputs(4), autograd.inputs(3, name="y")
    scores = model(x)
    loss = losses.cross_entropy(scores, y)
    return autograd.compile(loss, (x, y), parameters=model, outputs=scores, dtype=dtype, **options)


def batch(n: int = 7, seed: int = 0) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, 4)), np.eye(3)[rng.integers(3, size=n)]


def flat(program: Any, tree: Any) -> np.ndarray[Any, Any]:
    vector: np.ndarray[Any, Any] = np.empty_like(program.parameters)
    trees.joined(tree, trees.of_program(program), vector)
    return vector


def near(got: Any, want: Any, dtype: str = "float64", scale: float = 0.0) -> bool:
    got, want = np.asarray(got, float), np.asarray(want, float)
    largest = max(float(np.abs(want).max(initial=0.0)), scale)
    return got.shape == want.shape and bool((np.abs(got - want) <= NEAR[dtype] * largest).all())


# ── pure functions ──


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_value_and_gradient_are_those_of_numpy(dtype: str, reduce: str) -> None:
    program = classifier(dtype, reduce=reduce)
    value, gradient = program.value_and_grad(*batch())
    with trees.precision(dtype):
        got, tree = jax.jit(program.jax())(program.jax_parameters, *batch())
    assert near(got, value, dtype)
    assert near(flat(program, tree), gradient, dtype)
    assert {x.dtype for x in jax.tree.leaves((got, tree))} == {np.dtype(dtype)}


def test_the_gradient_has_the_structure_of_the_parameters() -> None:
    program = classifier("float32")
    parameters = program.jax_parameters
    assert {name: x.shape for name, x in parameters.items()} == {name: x.shape for name, x in program.views.items()}
    _, gradient = program.jax()(parameters, *batch())
    assert jax.tree.structure(gradient) == jax.tree.structure(parameters)
    assert jax.tree.map(np.shape, gradient) == jax.tree.map(np.shape, parameters)


def test_the_text_is_as_by_hand() -> None:
    source = classifier("float32").jax().source
    assert "z1 = x @ layers_0_weight.T + layers_0_bias\n" in source
    assert "d_layers_0_weight = dz1.T @ x\n" in source
    assert "d_layers_0_bias = jnp.sum(dz1, axis=0)\n" in source
    for word in ("concatenate", ".at[", "reshape", "einsum", "ones", "index"):
        assert word not in source


def test_per_example_gradients_and_vmap() -> None:
    program = classifier()
    values, gradients = program.per_example(*batch())
    with trees.precision("float64"):
        parameters = program.jax_parameters
        got, rows = jax.jit(program.jax("per_example"))(parameters, *batch())
        mapped = jax.vmap(program.jax(), in_axes=(None, 0, 0))(parameters, *batch())
        for found, tree in ((got, rows), mapped):
            assert near(found, values)
            for i, gradient in enumerate(gradients):
                assert near(flat(program, {name: x[i] for name, x in tree.items()}), gradient, scale=1.0)


def test_vmap_over_parameters_is_many_models_at_once() -> None:
    program = classifier()
    with trees.precision("float64"):
        each = [jax.tree.map(lambda x, k=k: x * (1.0 + k), program.jax_parameters) for k in range(3)]
        together = jax.tree.map(lambda *xs: jax.numpy.stack(xs), *each)
        values, _ = jax.vmap(program.jax(), in_axes=(0, None, None))(together, *batch())
        assert near(values, [program.jax()(one, *batch())[0] for one in each])


def test_outputs_and_gradients_of_inputs() -> None:
    program = classifier()
    x, y = batch()
    with trees.precision("float64"):
        parameters = program.jax_parameters
        assert near(program.jax("outputs")(parameters, x), program.outputs(x))
        value, slopes = program.jax("gradient_of_inputs")(parameters, x, y)
    assert near(value, program.value(x, y))
    for got, want in zip(slopes, program.gradient_of_inputs(x, y), strict=True):
        assert near(got, want)


def test_one_example_needs_no_axis() -> None:
    program = classifier()
    x, y = batch()
    with trees.precision("float64"):
        parameters = program.jax_parameters
        value, gradient = program.jax()(parameters, x[0], y[0])
        assert near(value, program.value(x[0], y[0]))
        assert near(flat(program, gradient), program.value_and_grad(x[0], y[0])[1])
        assert near(program.jax("outputs")(parameters, x[0]), program.outputs(x[0]))
        slopes = program.jax("gradient_of_inputs")(parameters, x[0], y[0])[1]
        assert near(slopes[0], program.gradient_of_inputs(x[0], y[0])[0])


def test_a_program_without_parameters_has_gradients_of_inputs() -> None:
    program = autograd.compile(lambda a, b: (a * b + b**3).tanh(), ((), ()), reduce=None)
    a, b = np.array([0.5, -1.0, 0.0]), np.array([2.0, 0.3, 0.1])
    with trees.precision("float64"):
        values, slopes = program.jax()(a, b)
    assert near(values, program.value(a, b))
    for got, want in zip(slopes, program.gradient_of_inputs(a, b), strict=True):
        assert near(got, want)


def test_parameters_without_names_are_one_array_and_all_are_once() -> None:
    w, v, x = Value(2.0), Value(3.0), autograd.inputs()
    program = autograd.compile((w * x + v * v).square(), (x,), parameters={"w": w, "both": [w, v]}, dtype="float32")
    assert {name: np.asarray(x).tolist() for name, x in program.jax_parameters.items()} == {
        "w": 2.0,
        "parameters": [3.0],
    }


def test_a_tree_is_put_into_the_program() -> None:
    program = classifier("float32")
    program.jax_parameters = jax.tree.map(lambda x: x + 1.0, program.jax_parameters)
    assert program.views["layers.0.bias"].tolist() == [1.0] * 5
    tree = program.jax_parameters
    before = program.parameters.copy()
    with pytest.raises(ValueError, match=r"layers.0.bias has the shape \(5,\), and in the tree \(2,\)"):
        program.jax_parameters = tree | {"layers.0.bias": np.zeros(2)}
    del tree["layers.0.bias"]
    with pytest.raises(ValueError, match=r"the tree has the names layers.0.weight, .*, and the program has"):
        program.jax_parameters = tree
    assert np.array_equal(program.parameters, before)


def test_float64_without_the_setting_of_jax_is_refused() -> None:
    program = classifier()
    with jax.enable_x64(False), pytest.raises(TypeError, match="the program computes in float64, which JAX has"):
        program.jax()(program.jax_parameters, *batch())


def test_wrong_arguments_are_named() -> None:
    program = classifier("float32")
    function, (x, y) = program.jax(), batch()
    with pytest.raises(TypeError, match=r"value_and_grad takes parameters, x, y, not 2 arguments"):
        function(x, y)
    with pytest.raises(ValueError, match=r"value_and_grad takes y of shape \(N, 3\), and not \(6, 3\)"):
        function(program.jax_parameters, x, y[1:])
    with pytest.raises(ValueError, match="'gradient'"):
        program.jax("gradient")


# ── words ──

EDGES: Final = (0.0, -0.0, 0.3, -1.5, 1e-200, 1e200, -1e160, float("inf"), -float("inf"), float("nan"))


@pytest.mark.parametrize("word", ["norm", "directions", "direction", "hypot"])
def test_words_of_lengths_hold_at_the_ends_of_the_range(word: str) -> None:
    for x in EDGES:
        for y in EDGES:
            listed = word in ("norm", "directions")
            want = getattr(ieee, word)(*([[x, y]] if listed else [x, y]))
            with trees.precision("float64"):
                arguments = [jax.numpy.array([x, y])] if listed else [jax.numpy.array(x), jax.numpy.array(y)]
                got = words.WORDS[word](*arguments)
            np.testing.assert_allclose(np.asarray(got), want, rtol=1e-14, err_msg=f"{word} of {x} and {y}")


def test_powers_with_factors_hold_at_the_ends_of_the_range() -> None:
    powers = [(c, x, y, k) for c in EDGES for x in EDGES for y in (0.5, 2.0, -3.0, 40.0) for k in (0.0, 1.0)]
    # y − 1 is −1, a whole number, though y isn't.
    powers += [(c, x, y, 1.0) for c in EDGES if abs(c) != ieee.INF for x in EDGES for y in (1e-20, -1e-20)]
    with trees.precision("float64"):
        got = words.WORDS["scaled_power"](*map(jax.numpy.array, zip(*powers, strict=True)))
    for power, found in zip(powers, np.asarray(got), strict=True):
        np.testing.assert_allclose(found, ieee.scaled_power(*power), rtol=1e-13, atol=TINY, err_msg=str(power))


def test_the_normal_distribution_has_its_tails() -> None:
    points = [-38.0, -20.0, -5.0, -0.0, 0.7, 9.0, float("inf"), float("nan")]
    with trees.precision("float64"):
        got = np.asarray(words.WORDS["normal_cdf"](jax.numpy.array(points)))
    np.testing.assert_allclose(got, [ieee.normal_cdf(x) for x in points], rtol=1e-12, atol=TINY)


def test_points_where_a_derivative_is_a_choice() -> None:
    cases = [case for row in ROWS for case in row.cases if not any(0.0 < abs(x) < TINY for x in case.operands)]
    assert len(cases) > 80
    for found, wanted in results_at(cases):
        np.testing.assert_allclose(found, wanted, rtol=NEAR["float64"], atol=TINY)


INF: Final = ieee.INF


@pytest.mark.parametrize(
    ("weights", "x"),
    [([[0.0, -0.5], [-0.5, -0.5], [0.5, -0.5]], [INF]), ([[INF]] * 3, [0.0, 1.0])],
)
def test_an_infinity_meets_each_factor_and_not_their_sum(weights: list[list[float]], x: list[float]) -> None:
    def outputs(w: list[list[Any]], x: list[Any]) -> list[Any]:
        """Of each row Σ w·x, where the shorter of the two lists has one number for all terms."""
        count = max(len(w[0]), len(x))
        return [sum(a * b for a, b in zip(count // len(row) * row, count // len(x) * x, strict=True)) for row in w]

    leaves, inputs = [[Value(0.5) for _ in each] for each in weights], [Value(0.5) for _ in x]
    rows, flat = [z.tanh() for z in outputs(leaves, inputs)], [v for each in leaves for v in each]
    program = autograd.compile(total(rows), (inputs,), parameters=flat, outputs=rows, backend="jax")
    program.parameters[:] = [a for each in weights for a in each]
    got = program.outputs([x, [1.0] * len(x)])
    for found, numbers in zip(got, (x, [1.0] * len(x)), strict=True):
        np.testing.assert_allclose(found, np.tanh(outputs(weights, numbers)), rtol=NEAR["float64"], atol=TINY)


@pytest.mark.parametrize("of", [largest, smallest])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_an_extreme_has_a_gradient_though_xla_computes_its_members_twice(of: Callable[..., Value], dtype: Any) -> None:
    w, x = [Value(0.3 * i - 0.4) for i in range(4)], [Value(0.5) for _ in range(4)]
    h = (x[0] * w[0]).tanh()
    rows = [dot([h, h, h, x[0]], w), dot([h, h, x[0], x[1]], w), dot([h, x[0], x[2], x[3]], w), dot(x, w)]
    peak = of(rows)
    loss = of([peak, 0.1]) * w[1] + 2.0 * peak * w[2]
    xs = np.random.default_rng(0).normal(size=(50, 4))
    got, want = (
        autograd.compile(loss, (x,), parameters=w, backend=backend, dtype=dtype).gradient_of_inputs(xs)
        for backend in ("jax", "numpy")
    )
    np.testing.assert_allclose(got, want, rtol=0.0, atol=NEAR[dtype] * np.abs(want).max())


@pytest.mark.parametrize("of", [largest, norm, logsumexp, lambda xs: log_softmax(xs)[0], total])
def test_lists_of_one_number_have_their_axis(of: Callable[[list[Value]], Value]) -> None:
    for shared in (True, False):
        p, x = Value(0.3), Value(0.5)
        loss = (of([0.5 * p.square() + 1.0 if shared else x.square()]) + x) * p
        program = autograd.compile(loss, (x,), parameters=[p], backend="jax")
        loss.backward()
        value, gradient = program.value_and_grad([0.5, 0.5])
        assert program.backend == "jax"
        assert [value, *gradient] == pytest.approx([loss.data, p.grad], rel=NEAR["float64"], abs=0.0)


def test_a_quick_run_finds_the_same() -> None:
    assert main(["3", "7", "--backends", "numpy,jax", "--quick"]) == 0


@pytest.mark.parametrize(
    "of",
    [
        lambda p, x: p[0] * x + p[1] + 0.5 * p[2] - 0.25 * p[3],
        lambda p, x: p[0] * x + total(p[1:]),
        lambda p, x: p[0] * x - dot(p[1:3], [2.0, 0.5]),
    ],
)
def test_a_gradient_that_is_a_number_for_each_example_is_an_array(of: Callable[[list[Value], Value], Value]) -> None:
    p, x = [Value(0.1 * i) for i in range(4)], Value(0.5)
    loss = of(p, x)
    loss.backward()
    want = [3.0 * v.grad for v in p]
    program = autograd.compile(loss, (x,), parameters=p, reduce="sum", dtype="float32", backend="jax")
    _, gradient = program.jax()(program.jax_parameters, np.full(3, x.data))
    assert gradient["p"].tolist() == pytest.approx(want, rel=NEAR["float32"], abs=0.0)
    assert program.value_and_grad(np.full(3, x.data))[1].tolist() == pytest.approx(want, rel=NEAR["float32"], abs=0.0)


# ── random programs, recurrences, convolutions, transformers ──


EXTREMES: Final = (0.0, 1.0, -1.0, 0.5, -2.0, 3.0, 800.0, -800.0, 1e-200, 1e200, -1e200, math.inf, -math.inf, math.nan)
INNER: Final[tuple[Callable[[Value], Value], ...]] = (
    *(Value.exp, Value.log, Value.sqrt, Value.expm1, Value.sinh, abs, Value.relu),
    *(lambda v: v * v, lambda v: v**2, lambda v: v**3, lambda v: v**-1, lambda v: v**-2, lambda v: v**0.5),
    *(lambda v: v**-0.5, lambda v: v**1.5, lambda v: 2.0**v, lambda v: v * 1e200, lambda v: v * 1e-200),
    *(lambda v: v / 1e200, lambda v: v / 1e-200, lambda v: -v),
)
OUTER: Final[tuple[Callable[[Value], Value], ...]] = (
    *INNER,
    *(Value.asinh, Value.acosh, Value.atanh, Value.log1p, Value.sigmoid, Value.softplus, Value.tanh, Value.erf),
)


def test_xla_takes_no_function_of_a_function_for_another_one() -> None:
    """It takes log(exp(x)) for x, log(x^y) for y·log|x|, and (1e200·x)·1e200 for inf·x, if it can."""
    x, y = autograd.inputs(name="x"), autograd.inputs(name="y")
    made = [f(g(x)) for f in OUTER for g in INNER]
    made += [f(x**y) for f in OUTER] + [g(x) ** y for g in INNER] + [x ** g(y) for g in INNER] + [(x**y) ** y]
    found, wanted = (
        autograd.compile(x * y, (x, y), outputs=made, reduce=None, backend=backend).outputs(
            [a for a in EXTREMES for _ in EXTREMES], [b for _ in EXTREMES for b in EXTREMES]
        )
        for backend in ("jax", "numpy")
    )
    np.testing.assert_allclose(found, wanted, rtol=AMPLIFIED, atol=TINY)


QUOTIENTS: Final[tuple[Callable[[Value, Value], Value], ...]] = (
    lambda x, y: x / y,
    lambda x, y: x / (x + y),
    lambda x, y: x / (x / y),
)
SHARES: Final[tuple[Callable[[Value, Value], Value], ...]] = (
    lambda x, y: x.sigmoid() / y,
    lambda x, y: y / x.sigmoid(),
    lambda x, y: autograd.softmax([x, x * 2.0])[0] / y,
    lambda x, y: autograd.mean([x, x]) / y,
)
LENGTHS: Final[tuple[Callable[[Value, Value], Value], ...]] = (
    autograd.hypot,
    lambda x, y: norm([x, y * 0.5, x * 0.25]),
)


@pytest.mark.parametrize(
    ("functions", "dtype", "xs", "ys"),
    [
        (QUOTIENTS, "float64", (1e-200, -2e-200, 3e-200), (4e-200, -5e-200, 1e-199)),
        (QUOTIENTS, "float32", (1e-25, -2e-25, 3e-25), (4e-25, -5e-25, 1e-24)),
        (SHARES, "float64", (50.0, 40.0, 45.0), (1e300, -2e300, 4e307)),
        (SHARES, "float32", (50.0, 40.0, 45.0), (1e30, -2e30, 8e37)),
        (LENGTHS, "float64", (1e300, -2e300, 1.2e308), (1e300, 4e307, -1.2e308)),
        (LENGTHS, "float32", (1e30, -2e30, 2.3e38), (1e30, 8e37, -2.3e38)),
        (LENGTHS, "float64", (1e-300, -2e-300, 3e-305), (1e-300, 4e-307, -1.2e-305)),
    ],
)
def test_quotients_keep_their_range(functions: Any, dtype: Any, xs: Any, ys: Any) -> None:
    """XLA takes (x/y)/z for x/(y·z), and x/(y/z) for (x·z)/y, if it can; they leave the range here."""
    rows = [a for a in xs for _ in ys], [b for _ in xs for b in ys]
    x, y = (autograd.inputs(len(functions), name=name) for name in "xy")
    made = [f(a, b) for f, a, b in zip(functions, x, y, strict=True)]
    columns = [np.array([row] * len(functions)).T for row in rows]
    programs = [
        autograd.compile(total(made), (x, y), outputs=made, reduce="sum", dtype=dtype, backend=backend)
        for backend in ("jax", "numpy")
    ]
    found, wanted = (np.concatenate([p.outputs(*columns), *p.gradient_of_inputs(*columns)], axis=1) for p in programs)
    assert np.isfinite(wanted).all()
    for a, b in zip(found.T, wanted.T, strict=True):  # Terms of a derivative cancel each other.
        np.testing.assert_allclose(a, b, rtol=NEAR[dtype], atol=NEAR[dtype] * np.abs(b).max() + TINY)


def test_a_clamped_number_is_itself_though_it_was_computed_twice() -> None:
    """XLA may round the operand of a clamp in one way for its value, and in another for its derivative."""
    unchanged = jax.jit(words.WORDS["unchanged"])
    with trees.precision("float64"):
        z = np.array([0.3, 0.3, 0.3, 0.5, 0.5, math.inf, math.nan, 0.0, 0.0])
        x = np.array([0.3, 0.3 + 1e-15, 0.3 - 1e-15, 0.5 + 1e-12, 7.0, math.inf, math.nan, 0.0, -1e-9])
        assert unchanged(x, z).tolist() == [True, True, True, False, False, True, False, True, False]
    x = autograd.inputs(name="x")
    program = autograd.compile(x.clamp(-0.5, 0.75), (x,), backend="jax", reduce="sum")
    found = program.gradient_of_inputs([-0.6, -0.5, 0.0, 0.75, 0.76, -math.inf, math.inf, math.nan])
    np.testing.assert_array_equal(found, [0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0, math.nan])


def test_the_sign_of_zero_is_no_zero_with_a_sign() -> None:
    x = autograd.inputs(name="x")
    program = autograd.compile(1.0 / x.sign(), (x,), reduce=None, backend="jax")
    assert program.value([0.0, -0.0, 2.0, -2.0]).tolist() == [math.inf, math.inf, 1.0, -1.0]


def test_a_power_of_an_exponent_that_is_a_product_keeps_its_derivative() -> None:
    """XLA rounds y/3 − 1 once: for y = 3 that would be no 0, and its power of 0 infinite."""
    x, y = autograd.inputs(name="x"), autograd.inputs(name="y")
    for exponent in (y / 3.0, y * (1.0 / 3.0)):
        program = autograd.compile(x**exponent, (x, y), backend="jax")
        assert program.gradient_of_inputs([0.0], [3.0])[0] == 1.0


@pytest.mark.parametrize("seed", [*range(6), *FOUND])
def test_random_programs_are_the_eager_ones(seed: int) -> None:
    assert report(seed, partial(compiled, backend="jax")).wrong == ""


@pytest.mark.parametrize("seed", [19, 39, 40, 57, 85])
def test_random_programs_with_loops_are_the_eager_ones(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text, "UNROLLED", 0)
    program: Any = compiled(RandomProgram(seed))
    assert "lax.scan" in program.jax().source
    assert report(seed, partial(compiled, backend="jax")).wrong == ""


def judged(scalars: Scalars) -> Any:
    """The program of scalars, after its function of JAX was compared with eager gradients of each example."""
    shapes = tuple(array.shape[1:] for array in scalars.batch)
    program = autograd.compile(scalars.loss, shapes, parameters=dict(scalars.tensors), reduce="sum")
    for p in scalars.parameters:
        p.grad = 0.0
    total = 0.0
    for i in range(len(scalars.batch[0])):
        loss = scalars.loss(*row(scalars.batch, i))
        loss.backward()
        total += loss.data
    by_id = {id(p): p.grad for p in scalars.parameters}
    want = np.array([by_id[id(p)] for p in program._parameters.values])
    with trees.precision("float64"):
        value, gradient = jax.jit(program.jax())(program.jax_parameters, *scalars.batch)
    assert near(value, total)
    assert near(flat(program, gradient), want)
    return program


def test_a_recurrence_is_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    scalars = recurrence.scalars(3, tiny=False)
    source = judged(scalars).jax().source
    assert source.count("lax.scan") == 2
    assert source.count("\n") < 70
    monkeypatch.setattr(text, "UNROLLED", 10_000)
    short = recurrence.scalars(3, tiny=True)
    assert "lax" not in judged(short).jax().source


def test_a_simulation_is_a_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heston, "STEPS", 20)
    monkeypatch.setattr(heston, "PATHS", 5)
    assert "lax.scan" in judged(heston.scalars(tiny=False)).jax().source


def test_a_convolution() -> None:
    judged(convolution.scalars(3, tiny=True))


def test_a_transformer() -> None:
    judged(transformer.same_length(2, tiny=True))


# ── optimisers ──


@pytest.mark.parametrize(("name", "dtype"), [*((name, "float64") for name in OPTIMIZERS), ("Adam", "float32")])
def test_steps_and_loops_are_those_of_numpy(name: str, dtype: str) -> None:
    x, y = batch(40)
    orders = np.array([np.random.default_rng(k).permutation(40)[:8] for k in range(6)])
    ours, stepped, looped = (classifier(dtype) for _ in range(3))
    first, second, third = (OPTIMIZERS[name](program) for program in (ours, stepped, looped))
    step, loop = stepped.jax_step(second), looped.jax_loop(third)
    state, want, got = step.start(), [], []
    for order in orders:
        want.append(ours.value_and_grad(x[order], y[order])[0])
        first.step()
        state, loss = step(state, x[order], y[order])
        got.append(float(loss))
    step.finish(state, steps=len(orders))
    with trees.precision(dtype):
        data = [jax.numpy.array(column, dtype) for column in (x, y)]
    after, found = loop(loop.start(), data, orders)
    loop.finish(after, steps=len(orders))
    assert near(got, want, dtype)
    assert near(found, want, dtype)
    for program, optimizer in ((stepped, second), (looped, third)):
        assert near(program.parameters, ours.parameters, dtype)
        here, there = optimizer.param_groups[0], first.param_groups[0]
        assert (here.steps, here.states.keys()) == (6, there.states.keys())
        for key, parts in there.states.items():
            assert near(np.concatenate(here.states[key]), np.concatenate(parts), dtype)


@pytest.mark.parametrize("name", ["SGD with dampening", "Adam", "Adagrad"])
def test_steps_go_on_where_numpy_left_off_and_back(name: str) -> None:
    ours, other = classifier(), classifier()
    first, second = OPTIMIZERS[name](ours), OPTIMIZERS[name](other)

    def in_numpy(program: Any, optimizer: Any, seed: int) -> None:
        program.value_and_grad(*batch(seed=seed))
        optimizer.step()

    for seed in range(5):
        in_numpy(ours, first, seed)
    in_numpy(other, second, 0)
    step = other.jax_step(second)
    state = step.start()
    for seed in (1, 2, 3):
        state, _ = step(state, *batch(seed=seed))
    step.finish(state, steps=3)
    in_numpy(other, second, 4)
    assert near(other.parameters, ours.parameters)


def test_the_learning_rate_may_change_between_steps() -> None:
    ours, other = classifier(), classifier()
    optimizer = optim.SGD(ours, lr=0.1)
    step = other.jax_step(optim.SGD(other, lr=0.1))
    state = step.start()
    for k, lr in enumerate((0.1, 0.5, 0.0)):
        optimizer.lr = lr
        ours.value_and_grad(*batch())
        optimizer.step()
        state.numbers["lr"] = np.float64(lr)
        state, _ = step(state, *batch())
        step.finish(state, steps=1)
        assert near(other.parameters, ours.parameters), k


def test_a_state_is_lean() -> None:
    program = classifier("float32")
    assert {*program.jax_step(optim.SGD(program)).start().numbers} == {"lr"}
    assert {*program.jax_step(optim.Adam(program)).start().numbers} == {"lr", "steps"}


def test_the_old_state_is_used_up() -> None:
    program = classifier("float32")
    step = program.jax_step(optim.SGD(program))
    state = step.start()
    step(state, *batch())
    assert all(array.is_deleted() for array in state.parameters.values())


def test_steps_of_other_parameters_or_without_one_loss_are_refused() -> None:
    program, other = classifier(), classifier()
    with pytest.raises(ValueError, match="the optimizer changes other parameters than the program's"):
        program.jax_step(optim.SGD(other))
    alone = classifier(reduce=None)
    with pytest.raises(ValueError, match="a step needs one loss for a batch"):
        alone.jax_loop(optim.SGD(alone))


# ── the back end ──


def test_calls_with_numpy_arrays_go_through_jax() -> None:
    program, ours = classifier(backend="jax"), classifier()
    assert program.backend == "jax"
    assert "jnp." in program.source
    assert "── JAX ──" in program.trace()
    x, y = batch()
    assert near(program.value(x, y), ours.value(x, y))
    for got, want in (
        (program.value_and_grad(x, y)[1], ours.value_and_grad(x, y)[1]),
        (program.per_example(x, y)[1], ours.per_example(x, y)[1]),
        (program.gradient_of_inputs(x, y)[0], ours.gradient_of_inputs(x, y)[0]),
        (program.outputs(x), ours.outputs(x)),
        (program.jax("outputs").source, ours.jax("outputs").source),
    ):
        assert got == want if isinstance(got, str) else near(got, want)


def fitted(backend: str, make: Made, dtype: str = "float64", rows: int = 43, **options: Any) -> Any:
    program = classifier(dtype, backend=backend)
    optimizer = make(program)
    history = train.fit(program, batch(rows), optimizer, rng=random.Random(1), **options)
    return program, optimizer, history


@pytest.mark.parametrize(
    "options",
    [
        {"epochs": 12, "batch_size": 8},
        {"epochs": 12, "batch_size": 8, "shuffle": False},
        {"epochs": 40},
        {"epochs": 6, "batch_size": 100},
        {"epochs": 300, "batch_size": 8, "stop_below": 0.9},
        {"epochs": 4, "batch_size": 8, "callback": lambda epoch, loss: epoch == 2},
    ],
    ids=str,
)
def test_fit_trains_on_the_device_as_in_numpy(options: dict[str, Any]) -> None:
    ours, optimizer, want = fitted("numpy", OPTIMIZERS["Adam"], **options)
    program, other, got = fitted("jax", OPTIMIZERS["Adam"], **options)
    assert near(got.losses, want.losses)
    assert got.stopped_by == want.stopped_by
    assert near(program.parameters, ours.parameters)
    assert near(program.gradient, ours.gradient, scale=1.0)
    assert other.param_groups[0].steps == optimizer.param_groups[0].steps


def test_fit_in_float32() -> None:
    want, got = (fitted(backend, OPTIMIZERS["Adam"], "float32", epochs=3, batch_size=8) for backend in ("numpy", "jax"))
    assert near(got[2].losses, want[2].losses, "float32")


def test_a_callback_sees_the_parameters_and_may_change_them_and_the_rate() -> None:
    seen: dict[str, list[float]] = {"numpy": [], "jax": []}
    for backend, found in seen.items():
        program = classifier(backend=backend)
        optimizer = optim.SGD(program, lr=0.1, momentum=0.5)

        def change(
            epoch: int, loss: float, program: Any = program, optimizer: Any = optimizer, found: list[float] = found
        ) -> None:
            found.append(float(program.parameters.sum()))
            program.parameters *= 0.9
            optimizer.lr = 0.1 / (2.0 + epoch)

        train.fit(program, batch(20), optimizer, epochs=4, batch_size=6, shuffle=False, callback=change)
    assert near(seen["jax"], seen["numpy"])


def test_a_loss_that_is_not_finite_gets_no_step() -> None:
    x, y = batch(20)
    x[13, 2] = np.nan
    ends = []
    for backend in ("numpy", "jax"):
        program = classifier(backend=backend)
        history = train.fit(program, (x, y), optim.SGD(program), epochs=4, batch_size=6, shuffle=False)
        ends.append((history.stopped_by, history.reason, history.losses, program.parameters))
    assert ends[0][:3] == ends[1][:3]
    assert near(ends[1][3], ends[0][3])


def test_a_parameter_that_is_not_finite_ends_the_training() -> None:
    ends = []
    for backend in ("numpy", "jax"):
        w, x = Value(1.0), autograd.inputs()
        program = autograd.compile(w * x, (x,), parameters={"w": w}, backend=backend)
        history = train.fit(program, ([1.0],), optim.SGD(program, lr=1e308), epochs=9)
        ends.append((history.stopped_by, history.losses))
    assert ends[0] == ends[1]


def gated(**options: Any) -> Any:
    """A layer that no gradient reaches from examples whose first number isn't above 0."""
    w, x = [[Value(0.1 * (i - j)) for j in range(4)] for i in range(3)], autograd.inputs(4)
    layer = autograd.total([autograd.dot(row, x).tanh() for row in w])
    return autograd.compile(autograd.where(x[0], layer, 0.0), (x,), parameters={"w": w}, **options)


CLOSED: Final = np.array([[-1.0, np.inf, 0.3, 0.2], [0.5, 1.0, -0.7, 0.1]])
"""An infinity where no gradient is passed on."""


def test_numbers_that_are_not_finite_may_be_taken_exactly() -> None:
    value, gradient = gated().value_and_grad(CLOSED)
    assert np.isfinite(gradient).all()
    back_end = gated(backend="jax")
    assert near(back_end.value_and_grad(CLOSED)[1], gradient)
    with trees.precision("float64"):
        found, tree = gated().jax(exact=True)(gated().jax_parameters, CLOSED)
        assert np.isnan(np.asarray(gated().jax()(gated().jax_parameters, CLOSED)[1]["w"])).any()
    assert near(found, value)
    assert near(np.ravel(tree["w"]), gradient)


def test_a_training_takes_them_exactly() -> None:
    ends = []
    for backend in ("numpy", "jax"):
        program = gated(backend=backend)
        history = train.fit(program, (CLOSED,), optim.Adam(program, lr=0.1), epochs=5, batch_size=1, shuffle=False)
        assert np.isfinite(program.parameters).all()
        ends.append((history.losses, program.parameters))
    for got, want in zip(ends[1], ends[0], strict=True):
        assert near(got, want)


def test_a_report_tells_nothing_of_numpy() -> None:
    """XLA makes its own blocks and memory, in its own time."""
    x, y = autograd.inputs(name="x"), autograd.inputs(name="y")
    lines = autograd.compile((x * y).tanh(), (x, y), backend="jax").report().splitlines()
    assert lines == [
        "2 nodes in 2 groups, 0 parameters",
        "0 products of matrices",
        "2 elementwise statements, 2 numbers for each example",
        "0 bytes of parameters",
        "back end jax: backend='jax'",
    ]


def test_an_irregular_graph_is_left_to_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behind, "MOST", 100)
    program: Any = compiled(RandomProgram(0), backend="jax")
    assert program.backend == "numpy"
    assert "not jax: its graph is irregular" in program.report()
    assert compiled(RandomProgram(1), backend="jax").backend == "jax"  # type: ignore[attr-defined]
