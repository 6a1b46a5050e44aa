"""Texts for JAX say what their programs say: NumPy runs them in the place of JAX, which need not be there."""

import random
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import numpy as np
import pytest

import autograd
from autograd import Value, optim, total, train
from autograd.compiler.rolling import rolled
from autograd.compiler.statements import ArrayProgram, Named, Slots
from autograd.engine import ieee
from tests.compiler.choices import results_at
from tests.compiler.fuzz import compiled, report
from tests.compiler.random_programs import RandomProgram
from tests.compiler.standin_of_jax import Functions, flat, standing_in
from tests.compiler.test_jax_texts import long_chain, long_recurrence
from tests.compiler.test_native_fit import CHANGES, OPTIMIZERS, X, Y, changed_between, program, same, trained
from tests.compiler.test_sources import MODELS, Model, code_of
from tests.compiler.test_text import TOLERANCE, Programs, agree, interpreted
from tests.points import ROWS

FEW: Final = 0
"""Statements of a loop that are written one by one, where loops are wanted."""
WITH_LOOPS: Final = (19, 39, 40, 57, 85)
"""Seeds of random programs in which statements repeat."""
FOUND: Final = (229, 602, 995, 1589)
"""Seeds of array programs each of which notices a change that most others don't."""
NEAR: Final = 1e-13
"""Relative: a formula of a few operations, beside that of the engine."""
EDGES: Final = (0.0, -0.0, 1.0, -2.0, 1e-200, -1e200, 5e-324, ieee.INF, -ieee.INF, ieee.NAN)


@pytest.fixture(autouse=True)
def numpy_for_jax() -> Iterator[None]:
    with standing_in():
        yield


def loops(few: int | None, patch: pytest.MonkeyPatch) -> None:
    if few is not None:
        from autograd.compiler.jax import text

        patch.setattr(text, "UNROLLED", few)


# ── array programs ──


def compared(program: ArrayProgram, dtype: str, few: int | None, wanted: str = "both") -> str:
    """The source of the text, which gives the numbers of the interpreter for batches of several sizes."""
    from autograd.compiler.jax.function import made
    from autograd.compiler.jax.text import Signature, text_of

    sizes, rng = program.sizes, np.random.default_rng(0)
    own = [Named("own", Slots("p", np.arange(sizes["p"])))] if sizes["p"] else []
    inputs = [Named("x", Slots("x", np.arange(sizes["x"])))]
    with pytest.MonkeyPatch.context() as patch:
        loops(few, patch)
        text = text_of(program, Signature("gradient", own, inputs, None, f"bound {wanted}"), dtype)
    function = made(text)
    for n in (1, 2, 5):
        parameters, x = rng.normal(size=sizes["p"]).astype(dtype), rng.normal(size=(sizes["x"], n)).astype(dtype)
        memory = interpreted(program, parameters, x, 0.75)
        with np.errstate(all="ignore"):
            roots, by_parameters, by_inputs = function({"own": parameters}, x.T, np.asarray(0.75, dtype))
        assert (by_parameters is None) == (wanted in ("inputs", "nothing"))
        assert (by_inputs is None) == (wanted in ("parameters", "nothing"))
        pairs = [(roots, program.roots.read(memory).reshape(-1, n))]
        pairs += [(by_parameters["own"], memory["dp"][:, 0])] if by_parameters else []
        pairs += [(by_inputs, memory["dx"])] if by_inputs is not None else []
        for found, exact in pairs:
            assert found.dtype == dtype, text.source
            assert agree(found.T, exact, TOLERANCE[dtype]), text.source
    return text.source


@pytest.mark.parametrize("first", range(0, 600, 50))
def test_random_array_programs(first: int) -> None:
    for seed in range(first, first + 50):
        dtype = "float64" if seed % 3 else "float32"
        compared(Programs(random.Random(seed)).program(), dtype, FEW if seed % 2 else None)


@pytest.mark.parametrize("seed", FOUND)
def test_array_programs_that_noticed_changes(seed: int) -> None:
    for few in (FEW, None):
        compared(Programs(random.Random(seed)).program(), "float64", few)


@pytest.mark.parametrize("as_loops", [False, True])
@pytest.mark.parametrize("make", [*MODELS, long_chain, long_recurrence])
def test_models(make: Callable[[], Model], as_loops: bool) -> None:
    code = code_of(make())
    source = compared(code.program, "float64", FEW if as_loops else None, code.wanted)
    if make in (long_chain, long_recurrence):
        assert ("lax.scan" in source) == as_loops


def test_a_loop_counts_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.compiler.jax.text import length_of

    made = code_of(long_chain()).program
    count, blocks = len(made.forward) + len(made.backward), [*rolled(made.forward), *rolled(made.backward)]
    assert any(block.count > 1 for block in blocks)
    found = []
    for few in (count, count - 1, 0):  # So many statements are written one by one, and no longer loop.
        loops(few, monkeypatch)
        found.append(length_of(made))
    assert found == [count, count, sum(len(block.rows) for block in blocks)]


def test_an_irregular_program_is_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    from autograd.compiler.jax import program as behind

    monkeypatch.setattr(behind, "MOST", 10)
    x = autograd.inputs(name="x")
    made = autograd.compile(x.sin().tanh().square(), (x,), backend="jax")
    assert made.backend == "numpy"
    assert "not jax: its graph is irregular: 64 statements, which XLA would compile for minutes" in made.report()


# ── programs of Values ──


def wrong(seed: int) -> str:
    """What is wrong with a random program behind JAX, and as pure functions of JAX; empty if nothing is."""
    return report(seed, {"backend": partial(compiled, backend="jax"), "functions": Functions}).wrong


@pytest.mark.parametrize("seed", range(20))
def test_random_programs_are_the_eager_ones(seed: int) -> None:
    assert wrong(seed) == ""


@pytest.mark.parametrize("seed", WITH_LOOPS)
def test_random_programs_with_loops_are_the_eager_ones(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    loops(FEW, monkeypatch)
    program: Any = compiled(RandomProgram(seed))
    assert "lax.scan" in program.jax().source
    assert wrong(seed) == ""


def test_points_where_a_derivative_is_a_choice() -> None:
    for found, wanted in results_at([case for row in ROWS for case in row.cases]):
        np.testing.assert_allclose(found, wanted, rtol=NEAR)


def word(name: str) -> Callable[..., Any]:
    from autograd.compiler.jax.words import WORDS

    def call(*arguments: Any) -> Any:
        with np.errstate(all="ignore"):
            return WORDS[name](*arguments)

    return call


@pytest.mark.parametrize("name", ["norm", "directions", "hypot", "direction"])
def test_lengths_hold_at_the_ends_of_the_range(name: str) -> None:
    for x in EDGES:
        for y in EDGES:
            given = [np.array([x, y])] if name in ("norm", "directions") else [np.float64(x), np.float64(y)]
            wanted = getattr(ieee, name)(*([given[0].tolist()] if len(given) == 1 else [x, y]))
            np.testing.assert_allclose(word(name)(*given), wanted, rtol=NEAR, err_msg=f"{name} of {x} and {y}")


def test_powers_with_factors_hold_at_the_ends_of_the_range() -> None:
    powers = [(c, x, y, k) for c in EDGES for x in EDGES for y in (0.5, 2.0, -3.0, 40.0) for k in (0.0, 1.0)]
    # y − 1 is −1, a whole number, though y isn't.
    powers += [(c, x, y, 1.0) for c in EDGES if abs(c) != ieee.INF for x in EDGES for y in (1e-20, -1e-20)]
    got = word("scaled_power")(*map(np.array, zip(*powers, strict=True)))
    for power, found in zip(powers, got, strict=True):
        np.testing.assert_allclose(found, ieee.scaled_power(*power), rtol=NEAR, atol=5e-324, err_msg=str(power))


def test_a_result_that_was_computed_again_is_near_enough() -> None:
    """XLA may round it otherwise."""
    ulp = np.spacing(1.0)
    xs = np.array([1.0, 1.0 + 2.0 * ulp, 1.001, -1.0, 0.0])
    assert word("unchanged")(xs, np.ones(5)).tolist() == [True, True, False, False, False]
    lists = np.array([[0.5, 2.0 + 4.0 * ulp, 1.0], [3.0, 1.0, 3.0], [-2.0, 0.0, 1.0]])
    attained = [[False, True, False], [True, False, True], [False, False, True]]
    assert word("attained")(lists, np.array([2.0, 3.0, 1.0])).tolist() == attained


# ── trainings ──


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 5}, {"batch_size": 12, "shuffle": False, "epochs": 3}], ids=str)
def test_every_optimizer_trains_as_in_numpy(options: dict[str, Any], optimizer: str) -> None:
    same(trained("jax", optimizer, **options), trained("numpy", optimizer, **options))


def test_a_training_in_float32() -> None:
    options = {"batch_size": 6, "epochs": 5}
    same(trained("jax", "Adam", "float32", **options), trained("numpy", "Adam", "float32", **options), "float32")


@pytest.mark.parametrize("optimizer", CHANGES)
def test_what_is_changed_between_two_trainings_counts(optimizer: str) -> None:
    same(changed_between("jax", optimizer), changed_between("numpy", optimizer))


def test_a_callback_may_change_the_parameters_and_the_rate() -> None:
    def run(name: str) -> tuple[train.History, Any]:
        _, changing = trained(name, "Adam", epochs=1)

        def callback(epoch: int, loss: float) -> None:
            changing.program.parameters *= 0.9
            changing.lr = 0.1 / (2.0 + epoch)

        options: dict[str, Any] = {"batch_size": 5, "rng": random.Random(3)}
        return train.fit(changing.program, (X, Y), changing, epochs=4, callback=callback, **options), changing

    same(run("jax"), run("numpy"))


@pytest.mark.parametrize("batch_size", [None, 5])
def test_a_small_loss_ends_it(batch_size: int | None) -> None:
    options: dict[str, Any] = {"batch_size": batch_size, "stop_below": 0.1, "epochs": 500}
    found = trained("jax", "Adam", **options)
    same(found, trained("numpy", "Adam", **options))
    assert found[0].stopped_by == "threshold"


@pytest.mark.parametrize("row", [0, 13, 22])
def test_a_loss_that_is_not_finite_gets_no_step(row: int) -> None:
    x = X.copy()
    x[row, 1] = np.nan

    def run(name: str) -> tuple[train.History, Any]:
        made = program(name)
        optimizer = optim.SGD(made, lr=0.1)
        with np.errstate(invalid="ignore"):
            return train.fit(made, (x, Y), optimizer, epochs=4, batch_size=6, shuffle=False), optimizer

    found, wanted = run("jax"), run("numpy")
    same(found, wanted)
    assert (found[0].stopped_by, found[0].reason) == ("divergence", wanted[0].reason)


def test_the_mean_of_the_rows_so_far_is_told() -> None:
    made, x = program("jax"), X.copy()
    x[13, 1] = np.nan
    loop = made._loop([x, Y], optim.SGD(made, lr=0.0), 6, None, -ieee.INF)
    with np.errstate(invalid="ignore"):
        first, second = (loop.run(1, lambda: None) for _ in range(2))
    assert (first.losses, first.batches) == ([], 2)
    near(first.mean, made.value(X[:12], Y[:12]))
    x[0, 0] = np.nan
    at_once = made._loop([x, Y], optim.SGD(made, lr=0.0), 6, None, -ieee.INF)
    for found in (second, at_once.run(1, lambda: None)):
        assert (found.losses, found.batches) == ([], 0)
        assert np.isnan(found.mean)


def gated(backend: Any) -> Any:
    """A program in which no gradient is passed on from rows whose first number isn't above 0."""
    w, x = [Value(0.1), Value(-0.2)], autograd.inputs(2)
    layer = autograd.where(x[0], autograd.dot(w, x).tanh(), 0.0) + autograd.where(x[1], w[0] * x[0], 0.0)
    return autograd.compile(layer, (x,), parameters=w, backend=backend)


CLOSED: Final = np.array([[-1.0, -np.inf], [0.5, 1.0]])
"""An infinity where no gradient is passed on."""


def test_an_infinity_that_passes_nothing_on_does_no_harm() -> None:
    def run(name: str) -> tuple[train.History, Any]:
        made = gated(name)
        optimizer = optim.SGD(made, lr=0.1, momentum=0.5)
        with np.errstate(all="ignore"):
            return train.fit(made, (CLOSED,), optimizer, epochs=3), optimizer

    found = run("jax")
    same(found, run("numpy"))
    assert found[0].stopped_by == "epochs"


def test_a_parameter_that_is_not_finite_ends_it() -> None:
    def run(name: Any) -> tuple[str, list[float]]:
        w, x = Value(1.0), autograd.inputs()
        made = autograd.compile(w * x, (x,), parameters={"w": w}, backend=name)
        with np.errstate(over="ignore"):
            history = train.fit(made, ([1.0],), optim.SGD(made, lr=1e308), epochs=9)
        return history.stopped_by, history.losses

    assert run("jax") == run("numpy")


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_steps_and_loops_are_those_of_numpy(optimizer: str) -> None:
    kind, settings = OPTIMIZERS[optimizer]
    ours, stepped, looped = (program("numpy") for _ in range(3))
    first, second, third = (kind(made, **settings) for made in (ours, stepped, looped))
    step, loop = stepped.jax_step(second), looped.jax_loop(third)
    for seed in (1, 2):  # The second time they go on with what the optimiser has kept.
        orders = np.array([np.random.default_rng((seed, k)).permutation(len(X))[:8] for k in range(4)])
        state, one_by_one, wanted = step.start(), list[float](), list[float]()
        for order in orders:
            wanted.append(ours.value_and_grad(X[order], Y[order])[0])
            first.step()
            state, loss = step(state, X[order], Y[order])
            one_by_one.append(float(loss))
        after, together = loop(loop.start(), (X, Y), orders)
        step.finish(state, steps=len(orders))
        loop.finish(after, steps=len(orders))
        same((train.History(one_by_one), second), (train.History(wanted), first))
        same((train.History(together.tolist()), third), (train.History(wanted), first))


def test_the_rate_of_a_state_may_be_replaced() -> None:
    ours, stepped = program("numpy"), program("numpy")
    first, second = (optim.SGD(made, lr=0.1) for made in (ours, stepped))
    step = stepped.jax_step(second)
    state = step.start()
    assert {*state.numbers} == {"lr"}
    state.numbers["lr"] = np.float64(0.5)
    first.lr = 0.5
    wanted = ours.value_and_grad(X, Y)[0]
    first.step()
    state, loss = step(state, X, Y)
    step.finish(state, steps=1)
    same((train.History([float(loss)]), second), (train.History([wanted]), first))


def test_a_step_needs_one_loss_and_an_optimizer_of_the_program() -> None:
    made, other = program("numpy"), program("numpy")
    with pytest.raises(ValueError, match="the optimizer changes other parameters than the program's"):
        made.jax_step(optim.SGD(other))
    with pytest.raises(TypeError, match=r"a step takes an optimizer of the program, as optim\.SGD\(program\), not"):
        made.jax_loop(0.1)
    w, x = Value(1.0), autograd.inputs()
    alone = autograd.compile(w * x, (x,), parameters={"w": w}, reduce=None)
    with pytest.raises(ValueError, match="a step needs one loss for a batch; compile with reduce='mean' or 'sum'"):
        alone.jax_step(optim.SGD(alone))


def test_the_old_state_is_used_up() -> None:
    made = program("numpy")
    step, loop = made.jax_step(optim.Adam(made)), made.jax_loop(optim.Adam(made))
    first, second = step.start(), loop.start()
    for old, (new, _) in ((first, step(first, X, Y)), (second, loop(second, (X, Y), np.array([[0, 1]])))):
        assert np.isfinite(new.parameters["layers.0.weight"]).all()
        assert np.isnan(old.parameters["layers.0.weight"]).all()


# ── what calls take ──


@pytest.fixture
def in_float64(numpy_for_jax: None) -> Iterator[None]:
    from autograd.compiler.jax.trees import precision

    with precision("float64"):
        yield


def near(got: Any, want: Any) -> None:
    np.testing.assert_allclose(np.asarray(got), np.asarray(want), rtol=NEAR, atol=NEAR)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize(("x", "t"), [(X, Y), (X[0], Y[0]), (X[:1], Y[:1])])
def test_each_call_is_that_of_numpy(x: Any, t: Any) -> None:
    made = program("numpy")
    parameters = made.jax_parameters
    value, gradient = made.jax()(parameters, x, t)
    wanted, slopes = made.value_and_grad(x, t)
    assert np.shape(value) == ()
    near(value, wanted)
    near(flat(made, gradient), slopes)
    value, by_inputs = made.jax("gradient_of_inputs")(parameters, x, t)
    near(value, wanted)
    for got, want in zip(by_inputs, made.gradient_of_inputs(x, t), strict=True):
        near(got, want)
    near(made.jax("outputs")(parameters, x), made.outputs(x))
    values, gradients = made.jax("per_example")(parameters, x, t)
    wanted, rows = made.per_example(x, t)
    near(values, wanted)
    near(flat(made, gradients), rows)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("reduce", ["mean", "sum", None])
def test_a_program_without_parameters_has_gradients_of_inputs(reduce: Any) -> None:
    made = autograd.compile(lambda a, b: (a * b + b**3).tanh(), ((), ()), reduce=reduce)
    a, b = np.array([0.5, -1.0, 0.0]), np.array([2.0, 0.3, 0.1])
    for x, y in ((a, b), (a[0], b[0])):
        value, slopes = made.jax()(x, y)
        near(value, made.value(x, y))
        for got, want in zip(slopes, made.gradient_of_inputs(x, y), strict=True):
            near(got, want)


@pytest.mark.usefixtures("in_float64")
@pytest.mark.parametrize("reduce", ["mean", "sum", None])
def test_a_loss_that_reads_no_input(reduce: Any) -> None:
    w, x = Value(3.0, label="w"), autograd.inputs()
    made = autograd.compile(w * w, (x,), parameters=[w], reduce=reduce)
    value, gradient = made.jax()(made.jax_parameters, [1.0, 2.0])
    near(value, made.value([1.0, 2.0]))
    near(gradient["w"], {"mean": 6.0, "sum": 12.0, None: [6.0, 6.0]}[reduce])


@pytest.mark.usefixtures("in_float64")
def test_a_number_that_is_not_finite_may_be_taken_exactly() -> None:
    made, rows = gated("numpy"), CLOSED
    with np.errstate(all="ignore"):
        exact = made.jax(exact=True)
        _, gradient = exact(made.jax_parameters, rows)
        near(flat(made, gradient), made.value_and_grad(rows)[1])
        usual = made.jax()
    assert exact.source != usual.source


def test_float64_without_the_setting_of_jax_is_refused() -> None:
    made = program("numpy")
    with pytest.raises(TypeError, match="the program computes in float64, which JAX has turned off"):
        made.jax()(made.jax_parameters, X, Y)
    single = program("numpy", "float32")
    assert single.jax()(single.jax_parameters, X, Y)[0].dtype == np.float32


@pytest.mark.usefixtures("in_float64")
def test_arrays_of_other_shapes_are_refused() -> None:
    made = program("numpy")
    for x, t in ((X, Y[:3]), (X[:, :1], Y), (X[0], Y), (X, Y[0])):
        with pytest.raises(ValueError, match=r"^value_and_grad takes .* N is the same for all$"):
            made.jax()(made.jax_parameters, x, t)
    with pytest.raises(TypeError, match=r"^value_and_grad takes parameters, .*, not 2 arguments$"):
        made.jax()(made.jax_parameters, X)
    with pytest.raises(TypeError, match=r"the parameters are a dictionary of arrays, as program\.jax_parameters"):
        made.jax()(made.parameters, X, Y)


@pytest.mark.usefixtures("in_float64")
def test_outputs_take_the_inputs_that_they_depend_on_or_all() -> None:
    w, x, y = Value(2.0, label="w"), autograd.inputs(2, name="x"), autograd.inputs(name="y")
    scores = [w * each for each in x]
    program = autograd.compile((total(scores) - y).square(), (x, y), parameters=[w], outputs=scores)
    function, rows, targets = program.jax("outputs"), np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([5.0, 6.0])
    for arguments in ((rows,), (rows, targets)):
        assert function(program.jax_parameters, *arguments).tolist() == [[2.0, 4.0], [6.0, 8.0]]
    assert function(program.jax_parameters, rows[0], targets[0]).tolist() == [2.0, 4.0]
    with pytest.raises(TypeError, match=r"^outputs takes parameters, x, not 4 arguments$"):
        function(program.jax_parameters, rows, targets, targets)
