"""`Program`: calls, shapes, parameters and errors, whatever kernel runs below."""

import copy
import gc
import math
import pickle
import random
import re
import timeit
import weakref
from typing import Any, ClassVar, Final

import numpy as np
import pytest

import autograd
from autograd import Value, losses, nn
from autograd.compiler import batches, pipeline
from autograd.compiler.arguments import one_hot
from autograd.compiler.binding import Bound
from autograd.compiler.program import Program

RTOL: Final = 1e-12
"""Sums in another order."""
X: Final = np.array([[0.5, -1.0], [2.0, 0.25], [-0.75, 1.5]])
Y: Final = np.array([[1.0, 0.0], [0.0, 1.0], [0.3, 0.7]])


class Watched(pipeline.Code):
    """Code that tells to which sizes it was bound."""

    made: ClassVar[list["Watched"]] = []

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.bound: list[int] = []
        self.made.append(self)

    def bind(self, n: int, parameters: Any, gradient: Any) -> Bound:
        self.bound.append(n)
        return super().bind(n, parameters, gradient)


@pytest.fixture
def codes(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    monkeypatch.setattr(pipeline, "Code", Watched)
    monkeypatch.setattr(Watched, "made", [])
    return Watched.made


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


def network(seed: int = 1) -> nn.MLP:
    return nn.MLP(2, [3, 2], activation="tanh", rng=random.Random(seed))


def program_of(model: nn.MLP, **options: Any) -> Program:
    x, y = autograd.inputs(2), autograd.inputs(2, name="y")
    scores = model(x)
    loss = losses.cross_entropy(scores, y)
    return autograd.compile(loss, (x, y), parameters=model, outputs=scores, **options)


def eager(model: nn.MLP) -> tuple[list[float], list[list[float]]]:
    """The losses and the gradients of each example."""
    values, gradients = [], []
    for x, y in zip(X.tolist(), Y.tolist(), strict=True):
        model.zero_grad()
        loss = losses.cross_entropy(model(x), y)
        loss.backward()
        values.append(loss.data)
        gradients.append([v.grad for v in model.parameters()])
    return values, gradients


# ── values and gradients ──


def test_values_and_gradients_are_the_eager_ones() -> None:
    model = network()
    values, gradients = eager(model)
    for reduce, over in (("mean", np.mean), ("sum", np.sum)):
        program = program_of(model, reduce=reduce)
        value, gradient = program.value_and_grad(X, Y)
        assert type(value) is float
        assert value == pytest.approx(over(values), rel=RTOL, abs=0.0) == program.value(X, Y)
        np.testing.assert_allclose(gradient, over(gradients, axis=0), rtol=RTOL)


def test_each_example_has_a_loss_and_a_gradient() -> None:
    model = network()
    values, gradients = eager(model)
    program, each = program_of(model), program_of(model, reduce=None)
    for found in (program.per_example(X, Y), each.value_and_grad(X, Y), each.per_example(X, Y)):
        np.testing.assert_allclose(found[0], values, rtol=RTOL)
        np.testing.assert_allclose(found[1], gradients, rtol=RTOL)
    np.testing.assert_allclose(each.value(X, Y), values, rtol=RTOL)
    each.parameters += 1.0
    each.write_back()
    np.testing.assert_allclose(each.per_example(X, Y)[1], eager(model)[1], rtol=RTOL)


def test_the_gradient_of_inputs_is_that_of_the_value() -> None:
    model = network()
    for reduce, scale in (("mean", 1 / 3), ("sum", 1.0), (None, 1.0)):
        dx, dy = program_of(model, reduce=reduce).gradient_of_inputs(X, Y)
        for row, target, by_x, by_y in zip(X.tolist(), Y.tolist(), dx, dy, strict=True):
            x, y = [*map(Value, row)], [*map(Value, target)]
            losses.cross_entropy(model(x), y).backward()
            np.testing.assert_allclose(by_x, [v.grad * scale for v in x], rtol=RTOL)
            np.testing.assert_allclose(by_y, [v.grad * scale for v in y], rtol=RTOL)


def test_a_program_without_parameters_has_the_gradient_of_its_inputs() -> None:
    program = autograd.compile(lambda a, b: (a * b).tanh(), ((), ()), reduce=None)
    a, b = np.array([0.0, 1.0, 2.0]), np.array([2.0, 0.0, 0.5])
    value, (da, db) = program.value_and_grad(a, b)
    np.testing.assert_allclose(value, np.tanh(a * b), rtol=RTOL)
    np.testing.assert_allclose(da, b * (1 - value**2), rtol=RTOL)
    np.testing.assert_allclose(db, a * (1 - value**2), rtol=RTOL)
    assert autograd.compile(lambda a: a.square(), ((),)).value_and_grad([1.0, 3.0])[1].tolist() == [1.0, 3.0]
    with refused(ValueError, "the program has no parameters; gradient_of_inputs gives each example's own gradient"):
        program.per_example(a, b)


def test_outputs_need_the_inputs_that_they_read() -> None:
    model = network()
    program = program_of(model)
    wanted = [[v.data for v in model(row)] for row in X.tolist()]
    np.testing.assert_allclose(program.outputs(X), wanted, rtol=RTOL)
    np.testing.assert_allclose(program.outputs(X, Y), wanted, rtol=RTOL)
    np.testing.assert_allclose(program.outputs([0.5, -1.0]), wanted[0], rtol=RTOL)
    a, b = autograd.inputs(name="a"), autograd.inputs(name="b")
    assert autograd.compile(a * b, (a, b), outputs=a * 2.0).outputs([1.0, 3.0]).tolist() == [2.0, 6.0]
    with refused(TypeError, "the program takes 1 array, x of shape (N, 2), not 3 arrays"):
        program.outputs(X, Y, X)


def test_several_outputs_are_a_tuple_of_arrays() -> None:
    x = autograd.inputs(2, 2)
    nest = [[v * 2.0 for v in row] for row in x]
    program = autograd.compile(autograd.total(x[0]), x, outputs=(nest, x[1][0], [x[0][0]]))
    rows = np.arange(8.0).reshape(2, 2, 2)
    a, b, c = program.outputs(rows)
    assert a.tolist() == (2 * rows).tolist()
    assert (b.tolist(), c.tolist()) == ([2.0, 6.0], [[0.0], [4.0]])
    assert [np.shape(part) for part in program.outputs(rows[0])] == [(2, 2), (), (1,)]
    with refused(ValueError, "the program has no outputs; name them, as in compile(loss, inputs, outputs=model(x))"):
        autograd.compile(x[0][0], x).outputs(rows)


def test_results_do_not_share_memory_with_later_ones() -> None:
    program, each = program_of(network()), program_of(network(), reduce=None)
    calls = (program.value_and_grad, program.per_example, program.gradient_of_inputs, program.outputs, each.value)
    for call in calls:
        first = call(X, Y)
        kept = copy.deepcopy(first)
        call(X[::-1] * 2.0, Y)
        assert pickle.dumps(first) == pickle.dumps(kept)
    live = program.value_and_grad(X, Y, copy=False)[1]
    assert live is program.gradient
    program.value_and_grad(X * 2.0, Y)
    assert live.tolist() == program.gradient.tolist() != program.value_and_grad(X, Y)[1].tolist()


# ── batches ──


def test_any_size_of_batch_without_compiling_again(codes: list[Watched]) -> None:
    program = program_of(network())
    for n in (3, 1, 2, 3, 3, 2, 1):
        whole = np.mean([program.value(X[i], Y[i]) for i in range(n)])
        assert program.value(X[:n], Y[:n]) == pytest.approx(whole, rel=RTOL, abs=0.0)
    assert len(codes) == 1
    assert codes[0].bound == [1, 3, 2]


def test_the_last_few_sizes_stay_bound(codes: list[Watched]) -> None:
    program = autograd.compile(lambda x: x * x, ((),))
    for n in (*range(1, batches.KEPT + 2), 2, 1):
        program.value(np.ones(n))
    assert codes[0].bound == [*range(1, batches.KEPT + 2), 1]


@pytest.mark.parametrize("block", [1, 2, 3, 7])
def test_blocks_change_nothing(block: int, codes: list[Watched], monkeypatch: pytest.MonkeyPatch) -> None:
    model = network()
    whole = program_of(model)
    with monkeypatch.context() as patch:
        patch.setattr(pipeline, "BLOCKS", (1, block))
        patch.setattr(Watched, "block", block)
        program = program_of(model)
        for _ in range(2):
            value, gradient = program.value_and_grad(X, Y)
            assert value == pytest.approx(whole.value(X, Y), rel=RTOL, abs=0.0)
            np.testing.assert_allclose(gradient, whole.value_and_grad(X, Y)[1], rtol=RTOL)
        for now, then in zip(program.gradient_of_inputs(X, Y), whole.gradient_of_inputs(X, Y), strict=True):
            np.testing.assert_allclose(now, then, rtol=RTOL)
        for now, then in zip(program.per_example(X, Y), whole.per_example(X, Y), strict=True):
            np.testing.assert_allclose(now, then, rtol=RTOL)
        np.testing.assert_allclose(program.outputs(X), whole.outputs(X), rtol=RTOL)
        assert max(codes[1].bound) == min(block, 3)
        np.testing.assert_allclose(program.value_and_grad(X, Y)[1], whole.value_and_grad(X, Y)[1], rtol=RTOL)


def test_plain_floats_of_a_small_function_bind_no_arrays(codes: list[Watched]) -> None:
    program = autograd.compile(lambda a, b: (a * b).sin() / (a.exp() + b), ((), ()))
    a, b = Value(0.5), Value(2.0)
    z = (a * b).sin() / (a.exp() + b)
    z.backward()
    value, by = program.value_and_grad(0.5, 2.0)
    assert (value, by) == (pytest.approx(z.data, rel=RTOL, abs=0.0), pytest.approx((a.grad, b.grad), rel=RTOL, abs=0.0))
    assert codes[-1].bound == []
    with refused(TypeError, "the program takes 2 arrays, a of shape (N,), b of shape (N,), not 1 array; b is missing"):
        program.value_and_grad(0.5)
    assert program.value_and_grad(0.5, 2) == (value, by)
    assert codes[-1].bound == [1]
    w, x = Value(2.0), autograd.inputs()
    others = [
        autograd.compile(lambda a: a.sin().exp(), ((),)),
        autograd.compile((w * x).sin().exp(), x, parameters=[w]),
        autograd.compile(lambda a, b: (a[0] * b).sin().exp(), (1, ())),
    ]
    for other, given in zip(others, ((0.5,), (0.5,), ([0.5], 2.0)), strict=True):
        other.value_and_grad(*given)
    assert [code.bound for code in codes[-3:]] == [[1]] * 3


def test_arrays_of_any_layout_and_type_and_lists() -> None:
    program = program_of(network())
    wanted = program.value_and_grad(np.round(X), Y)
    as_ints = np.round(X).astype(int)
    kinds = (as_ints, as_ints.astype("f4"), as_ints.tolist(), np.asfortranarray(np.round(X)), np.round(X).astype(">f8"))
    for rows in (*kinds, [*map(np.round, X)], np.repeat(np.round(X), 2, axis=0)[::2], [tuple(r) for r in as_ints]):
        value, gradient = program.value_and_grad(rows, Y)
        assert value == wanted[0]
        assert gradient.tolist() == wanted[1].tolist()
    assert program.value(np.array([[True, False]]), [[1, 0]]) == program.value([1.0, 0.0], [1.0, 0.0])


def test_one_example_without_the_axis_of_the_batch() -> None:
    model = network()
    program = program_of(model)
    value, gradient = program.value_and_grad(X[0].tolist(), Y[0])
    assert (value, gradient.tolist()) == (program.value(X[:1], Y[:1]), program.value_and_grad(X[:1], Y[:1])[1].tolist())
    loss, row = program.per_example(X[0], Y[0])
    assert (type(loss), row.shape) == (float, (17,))
    assert [g.shape for g in program.gradient_of_inputs(X[0], Y[0])] == [(2,), (2,)]
    assert type(program_of(model, reduce=None).value(X[0], Y[0])) is float
    single = autograd.compile(lambda a, b: a / b, ((), ()))
    assert single.value_and_grad(1.0, 0) == (math.inf, (math.inf, -math.inf))
    assert [type(g) for g in single.value_and_grad(np.float32(1.0), 2)[1]] == [float, float]


def test_a_batch_after_one_example_is_a_batch() -> None:
    program = autograd.compile(lambda a: a * a, ((),), reduce=None)
    for rows in (np.array([3.0]), 3.0, np.array([3.0]), 2.0, 4.0):
        assert np.shape(program.value(rows)) == np.shape(rows)
    with refused(TypeError, "the program takes 1 array, a of shape (N,), not 0 arrays"):
        program.value()


@pytest.mark.parametrize(
    ("arrays", "kind", "text"),
    [
        (
            (X,),
            TypeError,
            "the program takes 2 arrays, x of shape (N, 2), y of shape (N, 2), not 1 array; y is missing",
        ),
        (((X, Y),), TypeError, "not 1 array; pass them one by one, as program.value_and_grad(*arrays)"),
        (
            (X.T, Y),
            ValueError,
            "input x of shape (N, 2) for N examples, or (2,) for one, and this array has the shape (2, 3); its",
        ),
        ((X[:, None], Y), ValueError, "this array has the shape (3, 1, 2)"),
        ((3.0, Y), ValueError, "this array has the shape ()"),
        ((X, Y[:2]), ValueError, "the inputs have different numbers of examples: x has 3, y has 2"),
        ((X[0], Y), ValueError, "this array has the shape (3, 2); the other inputs are of one example"),
        ((X[:0], Y[:0]), ValueError, "the batch has no examples"),
        (([], []), ValueError, "this array has the shape (0,)"),
        (([[1.0], [1.0, 2.0]], Y), ValueError, "this list makes no array: its rows have 1 and 2 numbers; make them"),
        (
            (X + 0j, Y),
            TypeError,
            "input x of shape (N, 2) takes real numbers, not ndarray of complex128; give .real and .imag",
        ),
        ((np.array([["a", "b"]]), Y), TypeError, "takes real numbers, not ndarray of <U1; turn text into numbers"),
        (("ab", Y), TypeError, "takes real numbers, not str; turn text into numbers"),
        ((None, Y), TypeError, "takes real numbers, not NoneType; pass an array of floats"),
        (({"x": X}, Y), TypeError, "input x of shape (N, 2) takes real numbers, not dict; pass an array of floats"),
        ((X, Y[0]), ValueError, "this array has the shape (2,); the other inputs are batches"),
        ((X, [0, 1, 1]), ValueError, "shape (3,); of class numbers, np.eye(2)[classes] makes rows of probabilities"),
        ((X, [[0], [1], [1]]), ValueError, "shape (3, 1); of class numbers, np.eye(2)[classes]"),
        (([[Value(1.0), Value(2.0)]], Y), TypeError, "takes real numbers, not Values; give their data"),
        (
            (np.array(["2020-01-01"], "M8[D]"), Y),
            TypeError,
            "takes real numbers, not ndarray of datetime64[D]; subtract a first date",
        ),
        ((np.ma.masked_greater(X, 1.0), Y), ValueError, "a masked array has no numbers at some places"),
    ],
)
def test_other_arrays_are_refused(arrays: Any, kind: type[Exception], text: str) -> None:
    program = program_of(network())
    for _ in range(2):  # Before and after a batch of the right shape.
        with refused(kind, text):
            program.value_and_grad(*arrays)
        program.value(X, Y)


def test_nan_and_infinity_go_through() -> None:
    program = autograd.compile(lambda a, b: a - b, ((), ()), reduce="sum")
    assert math.isnan(program.value([math.nan, 1.0], [1.0, 1.0]))
    assert math.isnan(program.value([math.inf, -math.inf], [1.0, 1.0]))
    single = autograd.compile(lambda a: a * 1.0, ((),), dtype="float32")
    assert single.value(np.array([1e300])) == math.inf


def test_single_precision() -> None:
    model = network()
    program = program_of(model, dtype="float32")
    value, gradient = program.value_and_grad(X.astype("f4"), Y.astype("f4"))
    assert type(value) is float
    assert gradient.dtype == program.parameters.dtype == program.outputs(X).dtype == np.float32
    np.testing.assert_allclose(gradient, program_of(model).value_and_grad(X, Y)[1], rtol=1e-5, atol=1e-6)


# ── parameters ──


def test_wrong_numbers_for_parameters_are_refused() -> None:
    model = network()
    program = program_of(model, dtype="float32")
    before = program.parameters.copy()
    with refused(ValueError, "program.parameters has the shape (17,), and the numbers given have (3,)"):
        program.parameters = np.ones(3)
    with refused(TypeError, "program.parameters takes real numbers, not str; turn text into numbers"):
        program.parameters = "abc"
    with refused(ValueError, "program.views['layers.0.bias'] has the shape (3,), and the numbers given have (2,)"):
        program.views["layers.0.bias"] = np.ones(2)
    with refused(ValueError, "program.parameters: 1e+300 is too large for float32; scale it, or use dtype='float64'"):
        program.parameters = np.array(1e300)
    assert (program.parameters == before).all()
    model.parameters()[0].data = 1e300
    with refused(ValueError, "the data of a parameter: 1e+300 is too large for float32"):
        program.read()


def test_an_assigned_view_changes_the_parameters() -> None:
    program = program_of(network())
    program.views["layers.0.bias"] = [1.0, 2.0, 3.0]
    program.views["layers.1.bias"] -= program.views["layers.1.bias"]
    assert [*program.views["layers.0.bias"], *program.views["layers.1.bias"]] == [1.0, 2.0, 3.0, 0.0, 0.0]
    assert all(np.shares_memory(view, program.parameters) for view in program.views.values())
    with refused(KeyError, "the program has no parameters named 'bias'; it has layers.0.weight"):
        program.views["bias"] = 0.0
    program.parameters = 0.0
    assert not program.parameters.any()


def test_parameters_and_views_are_live() -> None:
    model = network()
    program = program_of(model)
    before = program.value(X, Y)
    program.views["layers.1.bias"][:] = [3.0, -3.0]
    assert program.value(X, Y) != before
    program.parameters = [v.data for v in model.parameters()]
    assert program.value(X, Y) == before
    program.parameters -= 0.01 * program.value_and_grad(X, Y)[1]
    after = program.value(X, Y)
    assert after < before
    assert np.mean(eager(model)[0]) == pytest.approx(before, rel=RTOL, abs=0.0)
    program.write_back()
    assert np.mean(eager(model)[0]) == pytest.approx(after, rel=RTOL, abs=0.0)


def test_a_parameter_changed_behind_the_programs_back_is_an_error() -> None:
    model = network()
    program = program_of(model)
    bias = model.layers[1].neurons[0].b
    assert bias is not None
    before, bias.data = program.value(X, Y), 0.5
    text = "parameter 12, of layers.1.bias, was 0.0 when the program took it, and its Value has the data 0.5 now"
    calls = (program.value, program.value_and_grad, program.per_example, program.gradient_of_inputs, program.outputs)
    for call in calls:
        with refused(ValueError, text):
            call(X, Y)
    with refused(ValueError, text):
        pickle.dumps(program)
    program.read()
    assert program.value(X, Y) == pytest.approx(np.mean(eager(model)[0]), rel=RTOL, abs=0.0) != before
    bias.data = 0.25
    program.write_back()
    assert (bias.data, program.views["layers.1.bias"][0]) == (0.5, 0.5)
    program.value(X, Y)


def test_other_assignments_are_no_changes() -> None:
    model = network()
    program, other = program_of(model), program_of(network(2))
    program.value(X, Y)
    program.parameters += 1.0
    for v in network(3).parameters():
        v.data = 9.0
    model.parameters()[0].data += 0.0
    program.value(X, Y)
    other.write_back()
    program.value(X, Y)


def test_two_programs_of_one_model_tell_each_other() -> None:
    model = network()
    first, second = program_of(model), program_of(model)
    first.parameters += 0.5
    first.write_back()
    with refused(ValueError, "program.read() takes the data of the Values"):
        second.value(X, Y)
    second.read()
    assert second.value(X, Y) == first.value(X, Y)


def test_nan_parameters_are_no_changes() -> None:
    w, x = Value(math.nan), autograd.inputs()
    program = autograd.compile(w * x, x)
    Value(1.0).data = 2.0
    assert math.isnan(program.value(1.0))
    w.data = 1.0
    with refused(ValueError, "was nan when the program took it"):
        program.value(1.0)


# ── scipy, copies, text ──


def test_scipy_minimises() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    w, b, x, y = Value(0.0, label="w"), Value(0.0, label="b"), autograd.inputs(), autograd.inputs(name="y")
    program = autograd.compile((w * x + b - y).square(), (x, y), parameters=[w, b])
    xs = np.linspace(-1.0, 1.0, 7)
    result = optimize.minimize(*program.scipy(xs, 3.0 * xs + 1.0))
    np.testing.assert_allclose(result.x, [3.0, 1.0], atol=1e-4)
    assert program.parameters.tolist() == [0.0, 0.0]
    program.parameters = result.x
    assert program.value(xs, 3.0 * xs + 1.0) < 1e-8
    for other in (autograd.compile(w * x, x, reduce=None), autograd.compile(lambda a: a * a, ((),))):
        with refused(ValueError, "scipy minimises one number by parameters: compile with some, and reduce='mean' or"):
            other.scipy(xs)


def test_programs_are_pickled(codes: list[Watched]) -> None:
    model = network()
    program = program_of(model)
    program.parameters *= 0.5
    value, gradient = program.value_and_grad(X, Y)
    made = len(codes)
    again, same = pickle.loads(pickle.dumps((program, model)))
    assert len(codes) == made
    found = again.value_and_grad(X, Y)
    assert (found[0], found[1].tolist()) == (value, gradient.tolist())
    np.testing.assert_array_equal(again.outputs(X), program.outputs(X))
    assert list(again.views) == list(program.views)
    again.write_back()
    assert same.parameters()[0].data == program.parameters[0] != model.parameters()[0].data
    assert copy.deepcopy(program).value(X, Y) == value


def test_a_traced_program_is_pickled_with_its_numbers() -> None:
    program = pickle.loads(pickle.dumps(autograd.compile(lambda x: Value(2.0) * x, ((),), outputs=None)))
    assert program.value_and_grad(3.0) == (6.0, 2.0)


def test_text() -> None:
    program = program_of(network(), dtype="float32")
    first, second, third = repr(program).splitlines()
    assert first == "Program of 17 parameters, float32, the mean over a batch"
    assert second == "  inputs x of shape (N, 2), y of shape (N, 2); outputs (N, 2)"
    assert re.fullmatch(r"  \d+ nodes as \d+ products of matrices and \d+ elementwise statements", third)
    assert "17 parameters" in program.report().splitlines()[0]
    assert program.source
    assert program.trace()


def test_the_arrays_of_inputs_and_parameters_have_their_names() -> None:
    x, y, w = autograd.inputs(2), autograd.inputs(3, name="y"), [Value(1.0), Value(2.0)]
    loss = autograd.dot(w, x) * autograd.product(y)
    source = autograd.compile(loss, (x, y), parameters={"w": w}).source
    assert "    w = parameters\n" in source
    assert "    dw = gradient\n" in source
    # Without a reduction, each example has parameters of its own, after its inputs.
    source = autograd.compile(loss, (x, y), parameters={"w": w}, reduce=None).source
    for line in ("x = inputs[0:2]", "y = inputs[2:5]", "w = inputs[5:7]", "dw = input_gradient[5:7]"):
        assert f"    {line}\n" in source


def test_one_hot() -> None:
    assert one_hot(np.array([[0, 2]], np.uint8), 3).tolist() == [[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]]
    for labels, kind, text in (
        ([0.0], TypeError, "one_hot takes classes as ints from 0 to 2, not float64"),
        ([3], ValueError, "a target is a class from 0 to 2, or a list of probabilities, not 3"),
        ([-1], ValueError, "not -1"),
    ):
        with refused(kind, text):
            one_hot(labels, 3)


# ── time ──


def test_a_call_costs_little_beside_its_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    program = program_of(network())
    program.value_and_grad(X, Y)
    batch: Any = program._parts["loss"]._last
    bound: Bound = batch._bound
    batch._forward = batch._backward = lambda: None
    seconds = min(timeit.repeat(lambda: program.value_and_grad(X, Y), number=1000, repeat=20)) / 1000
    assert bound.roots.shape == (1, 3)
    assert seconds < 20e-6, f"{seconds * 1e6:.2f} µs"  # It is 2 µs on an idle machine.


def test_gradients_of_inputs_that_are_read_in_part_and_between_ones() -> None:
    x, y = autograd.inputs(3, name="x"), autograd.inputs(name="y")
    program = autograd.compile(3.0 * x[2] + x[0] * y, inputs=(x, y))
    by_x, by_y = program.gradient_of_inputs([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [7.0, 8.0])
    assert by_x.tolist() == [[3.5, 0.0, 1.5], [4.0, 0.0, 1.5]]
    assert by_y.tolist() == [0.5, 2.0]
    rows, weights, bias = autograd.inputs(2, 4, name="rows"), [Value(0.5 + i) for i in range(4)], Value(1.0)
    z = [autograd.dot(weights, row) + bias for row in rows]  # After each row of inputs lies a 1 for the bias.
    program = autograd.compile(z[0] * z[1], inputs=rows, parameters=[*weights, bias])
    x1, x2 = [0.5, -1.0, 2.0, 1.5], [1.0, 0.0, -0.5, 2.0]
    z1, z2 = (sum(w.data * a for w, a in zip(weights, row, strict=True)) + 1.0 for row in (x1, x2))
    found = program.gradient_of_inputs([x1, x2])
    assert found == pytest.approx(np.outer([z2, z1], [w.data for w in weights]))


def test_a_program_is_freed_at_once_and_its_function_outlives_it() -> None:
    def product() -> Program:
        return autograd.compile(lambda x, y: x * y, ((), ()), backend="numpy")

    gc.disable()
    try:
        program = product()
        assert "value_and_grad" in vars(program), "it has a quick way, which is of the program"
        seen = weakref.ref(program)
        del program
        assert seen() is None
    finally:
        gc.enable()
    function = product().value_and_grad
    assert function(2.0, 3.0) == (6.0, (3.0, 2.0))
    value, slopes = function([2.0, 1.0], [3.0, 1.0])
    assert (value, [slope.tolist() for slope in slopes]) == (3.5, [[1.5, 0.5], [1.0, 0.5]])
