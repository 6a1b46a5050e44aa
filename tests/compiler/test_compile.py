"""`autograd.compile` and `autograd.inputs`: graphs that are taken, and errors for those that are not."""

import math
import random
import re
import subprocess
import sys
import threading
import tracemalloc
from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, losses, nn, total
from autograd.compiler.tracing import traced
from tests.running import PACKAGE, surroundings


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


# ── inputs ──


def test_inputs_are_leaves_in_nested_lists() -> None:
    x, image, single = autograd.inputs(3), autograd.inputs(2, 2, name="image"), autograd.inputs(name="t")
    assert [v.label for v in x] == ["x0", "x1", "x2"]
    assert [[v.label for v in row] for row in image] == [["image0_0", "image0_1"], ["image1_0", "image1_1"]]
    assert single.label == "t"


@pytest.mark.parametrize(("shape", "name", "shown"), [((2, 3), "x", "(2, 3)"), ("x", "x", "'x'"), (2, 3, "3")])
def test_sizes_and_the_name_of_inputs_are_told_apart(shape: Any, name: Any, shown: str) -> None:
    with refused(TypeError, f"inputs takes sizes one by one and a name, as inputs(2, 3, name='x'), not {shown}"):
        autograd.inputs(shape, name=name)


def test_the_data_of_inputs_are_never_the_same() -> None:
    data = [v.data for _ in range(40) for v in autograd.inputs(50)]
    assert len(set(data)) == len(data)
    assert all(0.25 <= x <= 0.75 for x in data)


@pytest.mark.parametrize("size", [0, -1, 2.0, True])
def test_a_size_of_inputs_is_a_whole_number(size: Any) -> None:
    with refused(ValueError, f"a size of inputs is a whole number from 1, not {size!r}"):
        autograd.inputs(size)


def test_a_shape_that_no_graph_can_have_is_refused_at_once() -> None:
    with refused(ValueError, "the shape (1048576, 2048) of x has more numbers than the 2,147,483,647 of a graph"):
        autograd.inputs(2**20, 2**11)
    with refused(ValueError, "the shape (2147483648,) of xs has more numbers than the 2,147,483,647 of a graph"):
        autograd.compile(lambda xs: xs[0], 2**31)


def test_the_import_loads_no_numpy() -> None:
    program = "import sys, autograd; autograd.inputs(3); assert 'numpy' not in sys.modules"
    subprocess.run([sys.executable, "-c", program], env=surroundings(PACKAGE), check=True)


def test_without_numpy_the_error_says_how_to_install_it() -> None:
    program = (
        "import sys; sys.modules['numpy'] = None; import autograd\n"
        "for made in (lambda: autograd.compile(lambda x: x, 1), lambda: autograd.Program):\n"
        "    try: made()\n"
        "    except ImportError as error: assert 'pip install numpy, or in the checkout' in str(error)\n"
        "    else: raise SystemExit(1)\n"
        "from autograd import *"
    )
    subprocess.run([sys.executable, "-c", program], env=surroundings(PACKAGE), check=True)


# ── graphs ──


def test_inputs_are_named_by_their_labels() -> None:
    x, y = autograd.inputs(3), autograd.inputs(2, name="target")
    loss = losses.mse([*x, *x], [*y, *y, *y])
    assert autograd.compile(loss, (x, y)).shapes == {"x": (3,), "target": (2,)}
    assert autograd.compile(loss, [*x, *y]).shapes == {"x": (5,)}
    a, b = autograd.inputs(2), autograd.inputs(2)
    assert autograd.compile(losses.mse(a, b), (a, b)).shapes == {"x0": (2,), "x1": (2,)}
    x1, x10 = autograd.inputs(2, name="x1"), autograd.inputs(name="x10")
    assert autograd.compile(x1[0] * x1[1] * x10, (x1, x10)).shapes == {"x1": (2,), "x10": ()}


def test_functions_name_inputs_by_their_arguments() -> None:
    program = autograd.compile(lambda a, b, *more: a * b[1] * more[0], ((), 2, ()))
    assert list(program.shapes.values()) == [(), (2,), ()]
    assert autograd.compile(lambda image: image[1][2], ((2, 3),)).shapes == {"image": (2, 3)}
    assert autograd.compile(lambda x: x[0], 3).shapes == {"x": (3,)}
    x = autograd.inputs(2, name="q")
    assert autograd.compile(lambda u, v: u[0] * v, (x, Value(1.0))).shapes == {"u": (2,), "v": ()}


@pytest.mark.parametrize(
    ("inputs", "kind", "text"),
    [
        ((), ValueError, "compile: inputs is empty; give at least one leaf"),
        ([], ValueError, "inputs[0] is an empty list"),
        (
            [Value(1.0), [Value(2.0)]],
            ValueError,
            "is a list of parts of different shapes, (), (1,); several arrays go in a tuple",
        ),
        (3.0, TypeError, "inputs[0] is a Value or nested lists of them, not float 3.0; inputs(…) makes them"),
        ("x", TypeError, "not str 'x'"),
        (
            Value(1.0) * 2.0,
            ValueError,
            "an input is a leaf, and Value(data=2.0) in inputs[0] is the result of multiply",
        ),
        ((Value(1.0) * 2.0).operands[1], ValueError, "is a plain number beside an operator"),
    ],
)
def test_inputs_are_leaves(inputs: Any, kind: type[Exception], text: str) -> None:
    with refused(kind, text):
        autograd.compile(Value(1.0) * 2.0, inputs)


def test_an_input_is_given_once() -> None:
    x = Value(1.0, label="x")
    with refused(ValueError, "Value(data=1.0, grad=0.0, label='x') is an input twice"):
        autograd.compile(x * x, (x, x))


def test_the_loss_is_a_value() -> None:
    x = autograd.inputs(2)
    with refused(TypeError, "compile takes a Value, not float 3.0"):
        autograd.compile(3.0, x)  # type: ignore[arg-type]
    with refused(TypeError, "compile takes a Value, not list"):
        autograd.compile([v * 2.0 for v in x], x)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"dtype": "float16"}, "there is no dtype 'float16'; did you mean"),
        ({"dtype": np.int64}, "there is no dtype 'int64'"),
        ({"reduce": "max"}, "there is no reduction 'max'"),
        ({"backend": "cuda"}, "there is no backend 'cuda'; there are auto, numpy"),
        ({"threads": 0}, "threads is a whole number from 1, not 0"),
    ],
)
def test_options_are_known(options: Any, text: str) -> None:
    x = autograd.inputs()
    with refused(ValueError, text):
        autograd.compile(x * x, x, **options)
    assert str(autograd.compile(x * x, x, dtype=np.float32).parameters.dtype) == "float32"  # type: ignore[arg-type]


# ── parameters ──


def model() -> nn.MLP:
    return nn.MLP(2, [3, 2], activation="tanh", rng=random.Random(1))


def test_the_views_of_a_module_have_the_names_of_its_attributes() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            self.first, self.cell = model(), nn.RNNCell(2, 1, rng=random.Random(2))
            self.rows = [nn.Layer(1, 2), nn.Layer(2, 1, bias=False)]
            self.scale, self.table = Value(2.0), [[Value(1.0), Value(2.0)]]

        def __call__(self, x: Any) -> Any:
            h = self.cell(self.first(x))
            return self.rows[1](self.rows[0](h)) * self.scale * self.table[0][0] * self.table[0][1]

    both, x = Both(), autograd.inputs(2)
    program = autograd.compile(both(x), x, parameters=both)
    shapes = {name: view.shape for name, view in program.views.items()}
    assert shapes == {
        "first.layers.0.weight": (3, 2),
        "first.layers.0.bias": (3,),
        "first.layers.1.weight": (2, 3),
        "first.layers.1.bias": (2,),
        "cell.weight_ih": (1, 2),
        "cell.weight_hh": (1, 1),
        "cell.bias_ih": (1,),
        "cell.bias_hh": (1,),
        "rows.0.weight": (2, 1),
        "rows.0.bias": (2,),
        "rows.1.weight": (1, 2),
        "scale": (),
        "table": (1, 2),
    }
    assert all(np.shares_memory(view, program.parameters) for view in program.views.values())
    program.views["first.layers.1.weight"][1, 2] = 7.0
    program.write_back()
    assert both.first.layers[1].neurons[1].w[2].data == 7.0


def test_an_unknown_view_names_the_known_ones() -> None:
    m, x = model(), autograd.inputs(2)
    loss = autograd.total(m(x))
    with refused(KeyError, "the program has no parameters named 'weight'; it has layers.0.weight, layers.0.bias"):
        autograd.compile(loss, x, parameters=m).views["weight"]
    assert list(autograd.compile(loss, x, parameters=m.parameters()).views) == ["p"]


def test_names_of_a_list_and_of_a_dictionary() -> None:
    a, b, c, x = Value(1.0, label="a"), Value(2.0), Value(3.0), autograd.inputs()
    loss = a * b * c * x
    assert {k: v.tolist() for k, v in autograd.compile(loss, x).views.items()} == {"p": [1.0, 2.0, 3.0]}
    by_name = autograd.compile(loss, x, parameters={"v": [[c, a]], "b": b})
    assert {k: v.tolist() for k, v in by_name.views.items()} == {"v": [[3.0, 1.0]], "b": 2.0}
    assert by_name.parameters.tolist() == [3.0, 1.0, 2.0]
    assert autograd.compile(loss, x, parameters=[c, [b], a]).parameters.tolist() == [3.0, 2.0, 1.0]
    assert autograd.compile(loss, (x, a), parameters=(v for v in (b, c))).parameters.tolist() == [2.0, 3.0]


def test_a_leaf_is_an_input_or_a_parameter() -> None:
    w, c, x = Value(2.0, label="w"), Value(3.0, label="c"), autograd.inputs()
    remedy = "which is no input and no parameter; list it as one, or write a plain number in its place"
    with refused(ValueError, f"compile: the loss depends on the leaf Value(data=3.0, grad=0.0, label='c'), {remedy}"):
        autograd.compile(w * x + c, x, parameters=[w])
    with refused(ValueError, f"the leaf Value(data=1.0, grad=0.0), {remedy}"):
        autograd.compile(w * x, x, parameters=[w], outputs=x + Value(1.0))
    with refused(ValueError, "is an input and a parameter; leave it out of one of them"):
        autograd.compile(w * x, x, parameters=[w, x])
    with refused(ValueError, "is a parameter twice"):
        autograd.compile(w * x, x, parameters=[w, w])
    with refused(ValueError, "a parameter is a leaf, and Value(data=4.0) is the result of multiply"):
        autograd.compile(w * x, x, parameters=[w * 2.0])
    with refused(ValueError, "is a plain number beside an operator"):
        autograd.compile(w * x, x, parameters=[(w * 2.0).operands[1]])
    for wrong in (3.0, [3.0], w, "ww"):
        with refused(TypeError, "compile: parameters is a Module, a list of Values or a dictionary"):
            autograd.compile(w * x, x, parameters=wrong)
    with refused(
        ValueError, "compile: the loss depends on none of the parameters; are they those of another model, or"
    ):
        autograd.compile(x * x, x, parameters=model())
    with refused(ValueError, "compile: the loss depends on none of the parameters; are they those of another model"):
        autograd.compile(w * x, x, parameters=model())
    with refused(ValueError, "label='w') and 1 more, which is no input and no parameter"):
        autograd.compile(w * x + c, x, parameters=[])


def test_unused_inputs_and_parameters_are_fine() -> None:
    w, unused, x, y = Value(2.0), Value(5.0), autograd.inputs(2), autograd.inputs(3, name="y")
    program = autograd.compile(w * x[1], (x, y), parameters=[unused, w])
    value, gradient = program.value_and_grad([[1.0, 3.0]], [[0.0, 0.0, 0.0]])
    assert (value, gradient.tolist()) == (6.0, [0.0, 3.0])
    found = program.gradient_of_inputs([[1.0, 3.0]], [[0.0, 0.0, 0.0]])
    assert [g.tolist() for g in found] == [[[0.0, 2.0]], [[0.0, 0.0, 0.0]]]


def test_parameters_with_labels_of_their_own_are_named_by_them() -> None:
    a, b, x = Value(1.0, label="a"), Value(2.0, label="b"), autograd.inputs()
    assert list(autograd.compile(a * b * x, x).views) == ["a", "b"]
    b.label = "a"
    assert list(autograd.compile(a * b * x, x).views) == ["p"]


# ── operations ──


def test_own_operations_compile() -> None:
    @autograd.operation
    def halved(x):  # type: ignore[no-untyped-def]
        return x / 2, 0.5

    assert autograd.compile(lambda x: halved(x) * x, ((),)).value_and_grad(3.0) == (4.5, 3.0)


def test_an_operation_without_source_is_refused() -> None:
    made: dict[str, Any] = {}
    exec("def unread(x):\n    return 2.0 * x, 2.0", made)
    operation = autograd.operation(made["unread"])
    with refused(ValueError, "compile: unread has no formula, because its source can't be read; define it in a file"):
        autograd.compile(lambda x: operation(x), ((),))


# ── functions ──


def relu_by_hand(x: Value) -> Value:
    if x.data > 0.0:
        return x * 2.0
    return 0.1 * x


def with_a_loop(x: Value) -> Value:
    y = x
    while abs(y.data) < 2.0:
        y = y + x
    return y


def with_a_draw(x: Value) -> Value:
    return x * random.random()


def with_data(x: Value) -> Value:
    return x * x.data


def with_a_new_leaf(x: Value) -> Value:
    return x * Value(x.data)


def with_the_greatest(x: Value, y: Value) -> Value:
    return max([x, y], key=lambda v: v.data).tanh()


@pytest.mark.parametrize(
    ("function", "arguments", "line"),
    [
        (relu_by_hand, 1, "return "),
        (with_a_loop, 1, "y = y + x"),
        (with_a_draw, 1, "return x * random.random()"),
        (with_data, 1, "return x * x.data"),
        (with_a_new_leaf, 1, "return x * Value(x.data)"),
        (with_the_greatest, 2, "return max([x, y], key=lambda v: v.data).tanh()"),
    ],
)
def test_a_function_that_depends_on_data_is_refused(function: Any, arguments: int, line: str) -> None:
    with pytest.raises(ValueError, match="ran twice, on different numbers, and its graphs differ") as caught:
        autograd.compile(function, ((),) * arguments)
    first = function.__code__.co_firstlineno
    found = re.search(r"made in test_compile.py, line (\d+): (.*?)\. A compiled", str(caught.value))
    assert found
    assert first < int(found[1]) <= first + 5
    assert found[2].startswith(line)


def test_the_error_names_node_and_operation() -> None:
    with pytest.raises(ValueError, match=r"relu_by_hand ran twice.*: v\d is .* in one and .* in the other, made in"):
        autograd.compile(relu_by_hand, ((),))
    with pytest.raises(ValueError, match=r"the number 0\.\d+ in one is 0\.\d+ in the other"):
        autograd.compile(with_a_draw, ((),))


@pytest.mark.parametrize(
    ("function", "what"),
    [
        (lambda x: autograd.where(x > 0.0, x.log(), x), "x is compared by >"),
        (lambda x: x if x * x < 1e6 else x / 1e6, "a result of multiply is compared by <"),
        (lambda x: x if x + 9.0 >= 1e-9 else x / 1e-9, "a result of add is compared by >="),
        (lambda x: max([x, 2.0 * x]), "a result of multiply is compared by >"),
        (lambda x: x if np.float64(2e3) >= x else -x, "x is compared by <="),
    ],
)
def test_a_comparison_is_refused_whatever_its_answer(function: Any, what: str) -> None:
    with refused(ValueError, f"compile: {what}, and a compiled program can't choose by data: write where(x, a, b)"):
        autograd.compile(function, ((),))
    assert Value(1.0) < 2.0  # Outside nothing is refused, nor in another thread meanwhile.


def graphs_differ(*made: Callable[[Value], Value]) -> str:
    """The message for a function that does another thing each time."""
    runs = iter(made)
    with pytest.raises(ValueError, match="its graphs differ") as caught:
        traced(lambda x: next(runs)(x), ((),))
    return str(caught.value).partition("differ: ")[2].partition(". A compiled")[0].partition(", made in")[0]


def test_the_first_difference_is_told() -> None:
    def sines(n: int) -> Callable[[Value], Value]:
        return lambda x: reduce(lambda y, _: y.sin(), range(n), x)

    for first, second, text in (
        (lambda x: x.sin().exp(), lambda x: x.sin().cos(), "v2 is exp in one and cos in the other"),
        (lambda x: x.sin() * 2.0, lambda x: x.sin() * x, "v2 is a number in one and multiply in the other"),
        (lambda x: x.sin() * x.cos(), lambda x: x.sin() * x.sin(), "v2 is cos in one and sin in the other"),
        (lambda x: total([x, x.sin(), x]), lambda x: total([x, x.sin()]), "v2, total, has other operands"),
        (lambda x: (y := x.sin()) + y.cos(), lambda x: x + x.sin().cos(), "v3, add, has other operands"),
        (sines(3), sines(4), "one has 4 nodes and the other 5"),
        (lambda x: x * math.nan, lambda x: x * 1.5, "the number nan in one is 1.5 in the other"),
        (lambda x: x * 1.5, lambda x: x * math.nan, "the number 1.5 in one is nan in the other"),
        (lambda x: x * 1.0 * 2.0, lambda x: x * 3.0 * 4.0, "the number 1 in one is 3 in the other"),
    ):
        assert graphs_differ(first, second, first) == text
    assert traced(lambda x: x * math.nan, ((),)).loss.op == "multiply"
    # The third run, for the line, may have no such node.
    assert graphs_differ(sines(3), sines(4), sines(2)) == "one has 4 nodes and the other 5"


def test_the_line_of_a_difference_in_length_is_that_of_the_last_node() -> None:
    def halved(x: Value) -> Value:
        y = x.sin()
        y = y.exp()
        return y if x.data > 0.0 else y.cos()

    with refused(ValueError, "one has 3 nodes and the other 4, made in test_compile.py, line ") as caught:
        traced(halved, ((),))
    assert ": y = y.exp(). A compiled" in str(caught.value)


@pytest.mark.parametrize("tracing", [True, False])
def test_the_tracer_of_memory_is_left_as_it_was(tracing: bool) -> None:
    if tracing:
        tracemalloc.start(32)
    try:
        with refused(ValueError, "made in test_compile.py"):
            traced(with_data, ((),))
        assert tracemalloc.is_tracing() == tracing
    finally:
        tracemalloc.stop()


def test_leaves_of_the_loss_alone_change_no_output() -> None:
    program = autograd.compile(lambda x: (x * Value(2.0), [x + 1.0, x.exp()]), ((),))
    assert program.outputs([0.0, 0.0]).tolist() == [[1.0, 1.0]] * 2
    assert program.value([1.0, 3.0]) == 4.0


def test_inputs_of_one_number() -> None:
    for shape in (1, (1,), ((1,),)):
        assert traced(lambda x: x[0].sin(), shape).arguments[0].shape == (1,)


def test_a_comparison_in_another_thread_is_not_refused() -> None:
    answers = []

    def loss(x: Value) -> Value:
        thread = threading.Thread(target=lambda: answers.append(Value(1.0) < 2.0))
        thread.start()
        thread.join()
        return x * x

    autograd.compile(loss, ((),))
    assert answers == [True] * 2


def test_the_error_for_a_branch_says_what_where_takes() -> None:
    with pytest.raises(ValueError, match=r"write where\(x, a, b\) with a Value x, for a where x > 0 and else b"):
        autograd.compile(relu_by_hand, ((),))
    program = autograd.compile(lambda x: autograd.where(1.0 - x, x.log(), 0.0), ((),), reduce="sum")
    assert program.gradient_of_inputs([0.5, 1.0, 3.0]).tolist() == [2.0, 0.0, 0.0]


def test_leaves_that_a_function_makes_are_numbers() -> None:
    w = Value(3.0, label="w")

    def loss(x: list[Value]) -> Value:
        s = Value(0.0)
        for v in x:
            s = s + w * v
        return s

    for parameters in (None, [w]):
        program = autograd.compile(loss, (2,), parameters=parameters)
        assert list(program.views) == ["w"]
        assert program.value_and_grad([1.0, 2.0]) == (9.0, [3.0])


def test_a_function_returns_a_value_or_loss_and_outputs() -> None:
    program = autograd.compile(lambda x: (x[0] * x[1], [x[0] + 1.0, x[1].exp()]), (2,))
    assert program.outputs([1.0, 0.0]).tolist() == [2.0, 1.0]
    with refused(TypeError, "the function returns a Value, or (loss, outputs), not list [Value(data"):
        autograd.compile(lambda x: x, (2,))
    with refused(TypeError, "not None"):
        autograd.compile(lambda x: None, (2,))
    with refused(TypeError, "a function returns its outputs itself, as return loss, outputs"):
        autograd.compile(lambda x: x[0], (2,), outputs=Value(1.0))
    with refused(TypeError, "compile: outputs is a Value or nested lists of them, not float 1.0"):
        autograd.compile(lambda x: (x[0], 1.0), (2,))


def test_an_error_in_a_function_is_its_own_with_a_note() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        autograd.compile(lambda x: x * (1 // 0), ((),))
    assert caught.value.__notes__ == [
        "compile runs the function on placeholders, which have no data to use: x, a Value"
    ]
    with pytest.raises(IndexError) as index:
        autograd.compile(lambda a, b: a[5] * b, (3, ()))
    assert index.value.__notes__[0].endswith("to use: a of shape (3,), b, a Value")


def test_shapes_are_as_many_as_the_arguments_of_a_function() -> None:
    with refused(TypeError, "compile: inputs has 2 shapes for the arguments of <lambda>: too many positional"):
        autograd.compile(lambda a: a, ((), ()))
    with refused(TypeError, "inputs has 1 shape for the arguments of <lambda>: missing a required argument: 'b'"):
        autograd.compile(lambda a, b: a * b, [2, 2])
    with refused(
        TypeError, "is a size, a tuple of sizes or () for each argument, in a tuple, as (784, ()), and float 2.5 is"
    ):
        autograd.compile(lambda a: a[0], 2.5)
    with refused(TypeError, "inputs has 1 shape for the arguments of max: no signature found"):
        autograd.compile(max, 2)
    with refused(ValueError, "its graphs differ: one has 1 node and the other 2, made in test_compile.py"):
        autograd.compile(lambda a: a if a.data > 0.0 else -a, ((),))


def test_several_inputs_are_a_tuple() -> None:
    x, y = autograd.inputs(2), autograd.inputs(2, name="y")
    program = autograd.compile(losses.mse(x, y), [x, y])
    with refused(TypeError, "not 2 arrays; compile makes several inputs of a tuple, as inputs=(x, y)"):
        program.value([[1.0, 2.0]], [[1.0, 2.0]])


def test_a_function_is_recorded_outside_no_grad() -> None:
    with autograd.no_grad(), refused(RuntimeError, "leave no_grad() first"):
        autograd.compile(lambda x: x * x, ((),))
    with autograd.strict():
        assert autograd.compile(lambda x: (-x * x).log(), ((),)).shapes == {"x": ()}


@pytest.mark.parametrize("shape", [(0,), ((0,),), ((2.0,),), "x", ((True, -1),)])
def test_shapes_of_arguments_are_sizes(shape: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="compile: inputs"):
        autograd.compile(lambda x: x, shape)


def test_each_trace_turns_signs_and_orders() -> None:
    seen: list[list[float]] = []

    def first_of(x: list[Value]) -> Value:
        seen.append([v.data for v in x])
        return x[0]

    traced(first_of, (40,))
    first, second = map(np.array, seen)
    assert (np.sign(first) == -np.sign(second)).all()
    assert (np.argsort(first) == np.argsort(second)[::-1]).all()
    assert len({*seen[0]}) == 40
    assert {*np.sign(first)} == {-1.0, 1.0}
