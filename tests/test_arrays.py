"""NumPy's functions and arrays take Values: each result is that of Python's own operation, element by element."""

import math
import operator
from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autograd
from autograd import Value

np: Final[Any] = numpy
"""NumPy's types know no Values."""
ROUNDING: Final = 1e-12
"""Relative: a few additions and one division, in another order than the closed form."""

ARITHMETIC: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": operator.add,
    "subtract": operator.sub,
    "multiply": operator.mul,
    "divide": operator.truediv,
    "power": operator.pow,
}
FUNCTIONS: Final[dict[str, Callable[..., Any]]] = ARITHMETIC | {
    "float_power": operator.pow,
    "maximum": autograd.maximum,
    "minimum": autograd.minimum,
    "hypot": autograd.hypot,
    "arctan2": autograd.atan2,
    "logaddexp": autograd.logaddexp,
    "negative": operator.neg,
    "positive": operator.pos,
    "conjugate": operator.pos,
    "absolute": abs,
    "fabs": abs,
    "square": autograd.square,
    "reciprocal": autograd.reciprocal,
    "sqrt": autograd.sqrt,
    "exp": autograd.exp,
    "exp2": autograd.exp2,
    "expm1": autograd.expm1,
    "log": autograd.log,
    "log2": autograd.log2,
    "log10": autograd.log10,
    "log1p": autograd.log1p,
    "sin": autograd.sin,
    "cos": autograd.cos,
    "tan": autograd.tan,
    "arcsin": autograd.asin,
    "arccos": autograd.acos,
    "arctan": autograd.atan,
    "sinh": autograd.sinh,
    "cosh": autograd.cosh,
    "tanh": autograd.tanh,
    "arcsinh": autograd.asinh,
    "arccosh": autograd.acosh,
    "arctanh": autograd.atanh,
    "sign": autograd.sign,
}
COMPARISONS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.is_,
    "not_equal": operator.is_not,
}
UNARY: Final = [name for name in FUNCTIONS if getattr(np, name).nin == 1]
BINARY: Final = [name for name in FUNCTIONS if getattr(np, name).nin == 2]
UFUNCS: Final[dict[str, Any]] = {f.__name__: f for f in vars(np).values() if isinstance(f, np.ufunc)}
REFUSED: Final = sorted(UFUNCS.keys() - FUNCTIONS.keys() - COMPARISONS.keys())

DTYPES: Final = "?bBhHiIlLqQefdg"
SHAPES: Final[list[tuple[int, ...]]] = [(), (1,), (3,), (2, 1), (2, 3), (0,), (2, 0)]
NUMBERS: Final = st.floats(-3.0, 3.0, width=16)
Pair = tuple[Any, Any]
briefly: Final = settings(max_examples=40)
"""For properties that have many parameters."""


def flat(x: Any) -> Iterator[Any]:
    """The elements of an operand: Values, and floats for all others."""
    for element in np.array(x, dtype=object).ravel():
        yield element if isinstance(element, Value) else float(element)


def expected(function: Callable[..., Any], *operands: Any) -> tuple[tuple[int, ...], list[Any]]:
    """The shape and the elements of a result, by NumPy's broadcasting of places and Python's own operation."""
    tables = [list(flat(x)) for x in operands]
    places = [np.arange(len(t)).reshape(np.shape(x)) for t, x in zip(tables, operands, strict=True)]
    wide = np.broadcast_arrays(*places)
    rows = zip(*(p.ravel() for p in wide), strict=True)
    return wide[0].shape, [function(*(t[i] for t, i in zip(tables, row, strict=True))) for row in rows]


def same(x: float, y: float) -> bool:
    return x == y or (x != x and y != y)


def check(got: Any, function: Callable[..., Any], *operands: Any) -> None:
    """Compare a result with the operation on each element: kind, shape, data and gradients."""
    shape, want = expected(function, *operands)
    assert np.shape(got) == shape
    assert isinstance(got, np.ndarray) == any(np.shape(x) for x in operands)
    found = list(np.array(got, dtype=object).ravel())
    assert all(type(v) is Value for v in found)
    assert all(same(v.data, w.data) for v, w in zip(found, want, strict=True))
    leaves = list({x for operand in operands for x in flat(operand) if isinstance(x, Value)})
    assert all(map(same, gradients(found, leaves), gradients(want, leaves)))


def gradients(results: list[Any], leaves: list[Value]) -> list[float]:
    for v in leaves:
        v.grad = 0.0
    autograd.total(results).backward()
    return [v.grad for v in leaves]


@st.composite
def numeric(draw: st.DrawFn) -> Any:
    """A plain number, a scalar of NumPy, an array of any shape and any real kind of numbers, or a list."""
    if draw(st.booleans()):
        return draw(st.one_of(NUMBERS, st.integers(-3, 3), st.booleans()))
    shape = draw(st.sampled_from(SHAPES))
    count = math.prod(shape)
    values = draw(st.lists(st.integers(0, 3), min_size=count, max_size=count))
    array = np.array(values).astype(draw(st.sampled_from(DTYPES))).reshape(shape)
    kinds: list[Any] = [array]
    kinds += [array[()]] if shape == () else []
    kinds += [array.tolist()] if shape == (3,) else []
    return draw(st.sampled_from(kinds))


@st.composite
def of_values(draw: st.DrawFn) -> Any:
    """An array of Values."""
    shape = draw(st.sampled_from(SHAPES))
    array = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        array[place] = Value(draw(NUMBERS))
    return array


@st.composite
def pairs(draw: st.DrawFn) -> Pair:
    """Two operands, of which one is a Value and the other anything."""
    v = Value(draw(NUMBERS))
    other = draw(st.one_of(numeric(), of_values(), st.builds(Value, NUMBERS), st.just(v)))
    pair: Pair = draw(st.sampled_from([(v, other), (other, v)]))
    return pair


# ── a Value among the operands ──


def test_every_function_of_numpy_is_an_operation_or_refused() -> None:
    assert FUNCTIONS.keys() | COMPARISONS.keys() <= UFUNCS.keys() | {"float_power"}
    assert {"floor", "isnan", "matmul", "logical_and", "cbrt", "fmax", "divmod"} <= set(REFUSED)


@pytest.mark.parametrize("name", UNARY)
@briefly
@given(x=NUMBERS)
def test_a_function_of_one_value(name: str, x: float) -> None:
    v = Value(x)
    check(UFUNCS[name](v), FUNCTIONS[name], v)


@pytest.mark.parametrize("name", BINARY)
@briefly
@given(pair=pairs())
def test_a_function_of_a_value_and_anything(name: str, pair: Pair) -> None:
    check(UFUNCS[name](*pair), FUNCTIONS[name], *pair)


@pytest.mark.parametrize("name", ARITHMETIC)
@briefly
@given(pair=pairs())
def test_an_operator_between_a_value_and_anything(name: str, pair: Pair) -> None:
    if not any(isinstance(x, list) for x in pair):  # Python's lists have operators of their own.
        check(ARITHMETIC[name](*pair), ARITHMETIC[name], *pair)


@pytest.mark.parametrize("name", COMPARISONS)
@briefly
@given(pair=pairs())
def test_comparisons_give_bools(name: str, pair: Pair) -> None:
    shape, want = expected(COMPARISONS[name], *pair)
    operators: dict[str, Any] = {"equal": operator.eq, "not_equal": operator.ne}
    found = [UFUNCS[name](*pair)]
    if not any(isinstance(x, list) for x in pair):
        found.append(operators.get(name, COMPARISONS[name])(*pair))
    for got in found:
        assert np.shape(got) == shape
        assert np.array(got).dtype == bool
        assert np.array(got).ravel().tolist() == want


@pytest.mark.parametrize("dtype", DTYPES)
def test_scalars_of_every_kind_make_one_node(dtype: str) -> None:
    v = Value(3.0)
    for two in (np.ones((), dtype)[()], np.ones((), dtype)):
        for z in (two * v, v * two, np.multiply(two, v), two - v, v / two, two**v):
            assert type(z) is Value
            assert sorted(x.data for x in z.operands) == [1.0, 3.0]


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_function_names_itself_and_a_remedy(name: str) -> None:
    ufunc = UFUNCS[name]
    for operands in ([Value(2.0)] * ufunc.nin, [Value(2.0), np.ones(2)][: ufunc.nin]):
        with pytest.raises(TypeError, match=rf"^numpy\.{name} is no operation on Values; \w+"):
            ufunc(*operands)


def test_an_operation_of_ones_own_is_no_function_of_numpy() -> None:
    @autograd.operation
    def cbrt(x):  # type: ignore[no-untyped-def]
        return x + 1.0, 1.0

    assert cbrt(2.0).data == 3.0
    with pytest.raises(TypeError, match=r"numpy\.cbrt is no operation on Values"):
        np.cbrt(Value(2.0))


def test_the_remedies_run() -> None:
    x = 2.0
    v, scope = Value(x), {"math": math}
    for name in ("cbrt", "deg2rad", "rad2deg", "radians", "degrees"):
        with pytest.raises(TypeError) as error:
            UFUNCS[name](v)
        remedy = str(error.value).partition("write ")[2]
        assert eval(remedy, scope, {"v": v}).data == pytest.approx(float(UFUNCS[name](x)))


@pytest.mark.parametrize(
    "thing", ["a", None, 1j, np.complex64(1), np.datetime64("2020"), np.timedelta64(2), np.array(["a"]), [1j]]
)
def test_operands_that_are_no_real_numbers_are_refused(thing: Any) -> None:
    v = Value(2.0)
    for function, *operands in ((np.multiply, thing, v), (np.multiply, v, thing), (np.less, v, thing)):
        with pytest.raises(TypeError, match=r"^(multiply|less) takes Values, ints, floats and NumPy real scalars"):
            function(*operands)
    assert not np.any(np.equal(v, thing))


def test_a_large_array_is_not_written_out() -> None:
    with pytest.raises(TypeError, match=r"not ndarray of shape \(400, 500\); work on its elements"):
        Value(np.ones((400, 500)))


# ── where results go ──


@given(pair=pairs(), name=st.sampled_from(list(ARITHMETIC)))
def test_a_result_is_put_into_an_array_of_objects(pair: Pair, name: str) -> None:
    shape = np.broadcast_shapes(*map(np.shape, pair))
    out = np.empty(shape, dtype=object)
    assert UFUNCS[name](*pair, out=out) is out
    check(out if shape else out[()], ARITHMETIC[name], *pair)


@given(pair=pairs(), name=st.sampled_from(list(COMPARISONS)), dtype=st.sampled_from("?iO"))
def test_a_comparison_is_put_into_any_array(pair: Pair, name: str, dtype: str) -> None:
    shape, want = expected(COMPARISONS[name], *pair)
    out = np.empty(shape, dtype=dtype)
    assert UFUNCS[name](*pair, out=out) is out
    assert out.ravel().tolist() == want


@pytest.mark.parametrize(("name", "sign"), list(zip(ARITHMETIC, ["+", "-", "*", "/", "**"], strict=True)))
def test_an_array_of_floats_takes_no_values(name: str, sign: str) -> None:
    v, a = Value(2.0), np.ones(3)
    with pytest.raises(TypeError) as error:
        UFUNCS[name](a, v, out=a)
    assert str(error.value) == (
        f"numpy.{name} can't put Values into an array of float64; write a = a {sign} v in place of a {sign}= v"
    )
    assert a.tolist() == [1.0, 1.0, 1.0]
    for function in (np.exp, np.negative, np.absolute):
        with pytest.raises(TypeError, match="leave out `out`, or make it of dtype=object"):
            function(v, out=a)
    with pytest.raises(TypeError, match=r"can't put Values into Value\(data=2\.0"):
        np.add(a, 1.0, out=v)


@given(pair=pairs(), name=st.sampled_from(["+", "-", "*", "/", "**"]))
def test_in_place_operators(pair: Pair, name: str) -> None:
    _, other = pair
    inplace = {"+": "iadd", "-": "isub", "*": "imul", "/": "itruediv", "**": "ipow"}
    named = dict(zip(inplace, ARITHMETIC, strict=True))
    a = np.array([Value(0.5), Value(2.0)])
    if np.shape(other) not in ((), (1,)) or isinstance(other, list):
        return
    before = a.copy()
    got = getattr(operator, inplace[name])(a, other)
    assert got is a
    check(a, ARITHMETIC[named[name]], before, other)


@pytest.mark.parametrize("options", [{"where": True}, {"dtype": float}, {"casting": "unsafe"}, {"order": "C"}])
def test_other_options_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=rf"^numpy\.add of Values takes no {next(iter(options))}; leave it out$"):
        np.add(np.ones(2), Value(1.0), **options)


@given(of_values(), NUMBERS)
def test_the_methods_of_functions(a: Any, x: float) -> None:
    v = Value(x)
    rows = np.ones((2,))
    check(np.multiply.outer(v, rows), operator.mul, v, rows)
    check(np.subtract.outer(rows, v), operator.sub, rows, v)
    check(np.hypot.outer(rows, v), autograd.hypot, rows, v)
    assert np.less.outer(rows, v).tolist() == [x > 1.0] * 2
    assert np.add.reduce(v) is v
    if a.size:
        changed = a.copy()
        first = a.flat[0]
        assert np.add.at(changed.reshape(-1), [0, 0], v) is None
        assert changed.flat[0].data == (first.data + x) + x


# ── arrays of Values, through which NumPy itself goes ──


@pytest.mark.parametrize("name", [name for name in UNARY if name != "sign"])
@briefly
@given(a=of_values())
def test_a_function_of_an_array_of_values(name: str, a: Any) -> None:
    function = (lambda x: 1.0 / x) if name == "reciprocal" else FUNCTIONS[name]  # NumPy divides.
    with np.errstate(all="ignore"):  # It warns of what makes an inf or a nan, as for an array of floats.
        check(UFUNCS[name](a), function, a)


@pytest.mark.parametrize("name", [*ARITHMETIC, "hypot", "arctan2"])
@briefly
@given(a=of_values(), b=st.one_of(of_values(), numeric()), turned=st.booleans())
def test_a_function_of_arrays_of_values(name: str, a: Any, b: Any, turned: bool) -> None:
    try:
        np.broadcast_shapes(np.shape(a), np.shape(b))
    except ValueError:
        return
    # The elements of the first array have the methods.
    pair = (b, a) if turned and name in ARITHMETIC else (a, b)
    with np.errstate(all="ignore"):
        check(UFUNCS[name](*pair), FUNCTIONS[name], *pair)


@pytest.mark.parametrize("name", COMPARISONS)
@briefly
@given(a=of_values(), b=numeric())
def test_comparisons_of_arrays_give_bools(name: str, a: Any, b: Any) -> None:
    try:
        shape, want = expected(COMPARISONS[name], a, b)
    except ValueError:
        return
    got = UFUNCS[name](a, b)
    assert np.shape(got) == shape
    assert np.array(got).dtype == bool
    assert np.array(got).ravel().tolist() == want


def test_the_methods_that_numpy_calls_have_a_docstring() -> None:
    for name in ("arctan", "arctan2", "hypot", "conjugate", "fabs", "clip"):
        assert getattr(Value, name).__doc__.startswith("NumPy's name of `")


def test_a_plain_number_among_values_has_no_methods() -> None:
    """NumPy's own error names the method."""
    with pytest.raises(TypeError, match="type float which has no callable exp method"):
        np.exp(np.array([Value(1.0), 2.0]))


VECTOR = st.lists(NUMBERS, min_size=1, max_size=6)


@given(VECTOR)
def test_reductions(xs: list[float]) -> None:
    leaves = [Value(x) for x in xs]
    a, n = np.array(leaves), len(xs)
    for got, want, slope in (
        (np.sum(a), math.fsum(xs), 1.0),
        (a.sum(), math.fsum(xs), 1.0),
        (np.add.reduce(a), math.fsum(xs), 1.0),
        (np.add.accumulate(a)[-1], math.fsum(xs), 1.0),
        (np.cumsum(a)[-1], math.fsum(xs), 1.0),
        (np.mean(a), math.fsum(xs) / n, 1.0 / n),
        (a.mean(), math.fsum(xs) / n, 1.0 / n),
    ):
        assert got.data == pytest.approx(want, rel=ROUNDING, abs=ROUNDING)
        assert gradients([got], leaves) == pytest.approx([slope] * n)
    assert np.prod(a).data == pytest.approx(math.prod(xs), abs=ROUNDING)
    assert (a.max(), a.min()) == (max(leaves), min(leaves))
    assert [v.data for v in np.sort(a)] == sorted(xs)
    assert a[np.argmax(a)].data == max(xs)


@given(VECTOR)
def test_variance_and_norm(xs: list[float]) -> None:
    leaves = [Value(x) for x in xs]
    a, n, mean = np.array(leaves), len(xs), float(np.mean(xs))
    assert np.var(a).data == pytest.approx(float(np.var(xs)), abs=ROUNDING)
    assert gradients([np.var(a)], leaves) == pytest.approx([2 * (x - mean) / n for x in xs], abs=ROUNDING)
    assert a.std().data == pytest.approx(float(np.std(xs)), abs=1e-7)
    assert np.linalg.norm(a).data == pytest.approx(float(np.linalg.norm(xs)), abs=ROUNDING)
    assert np.vdot(a, a).data == pytest.approx(float(np.vdot(xs, xs)), abs=ROUNDING)


@given(VECTOR, st.data())
def test_softmax_as_numpy_writes_it(xs: list[float], data: st.DataObject) -> None:
    weights = np.array(data.draw(st.lists(NUMBERS, min_size=len(xs), max_size=len(xs))))
    leaves: list[Any] = [Value(x) for x in xs]
    a = np.array(leaves)
    e = np.exp(a - a.max())
    p = e / e.sum()
    want = np.array([q.data for q in autograd.softmax(xs)])
    assert [q.data for q in p] == pytest.approx(want.tolist())
    assert [q.data for q in np.exp(a) / np.exp(a).sum()] == pytest.approx(want.tolist())
    assert gradients([p @ weights], leaves) == pytest.approx((want * (weights - want @ weights)).tolist(), abs=ROUNDING)


@given(st.integers(1, 3), st.integers(1, 3), st.integers(1, 3), st.randoms(use_true_random=False))
def test_products_of_matrices(n: int, k: int, m: int, rng: Any) -> None:
    left = np.array([[rng.uniform(-2, 2) for _ in range(k)] for _ in range(n)])
    right = np.array([[rng.uniform(-2, 2) for _ in range(m)] for _ in range(k)])
    weights = np.array([[rng.uniform(-2, 2) for _ in range(m)] for _ in range(n)])
    a, b = (np.vectorize(Value, otypes=[object])(x) for x in (left, right))
    for product in (a @ b, np.dot(a, b), np.matmul(a, b), np.einsum("ik,kj->ij", a, b)):
        data = np.vectorize(lambda v: v.data)(product)
        np.testing.assert_allclose(data, left @ right, rtol=ROUNDING, atol=ROUNDING)
        loss = [(product * weights).sum()]
        by_a, by_b = (np.reshape(gradients(loss, list(x.ravel())), x.shape) for x in (a, b))
        np.testing.assert_allclose(by_a, weights @ right.T, rtol=ROUNDING, atol=ROUNDING)
        np.testing.assert_allclose(by_b, left.T @ weights, rtol=ROUNDING, atol=ROUNDING)
    half = a @ right
    np.testing.assert_allclose(np.vectorize(lambda v: v.data)(half), left @ right, rtol=ROUNDING, atol=ROUNDING)
    if k == 1:
        assert np.dot(a[0], b[:, 0]).data == pytest.approx(left[0, 0] * right[0, 0])


@given(VECTOR)
def test_choices_keep_the_gradient_of_what_they_choose(xs: list[float]) -> None:
    leaves = [Value(x) for x in xs]
    a = np.array(leaves)
    above = [float(x > 0) for x in xs]
    for chosen in (np.where(a > 0, a, 0.0), np.where([x > 0 for x in xs], a, Value(0.0)), np.maximum(a, 0)):
        assert [float(getattr(v, "data", v)) for v in chosen] == [max(x, 0.0) for x in xs]
        got = gradients([v for v in chosen if isinstance(v, Value)], leaves)
        # np.maximum keeps the first of two that are equal.
        assert [g for g, x in zip(got, xs, strict=True) if x] == [g for g, x in zip(above, xs, strict=True) if x]
    assert all(type(v) is Value for v in np.maximum(a, Value(0.0)))
    check(np.maximum(a, zero := Value(0.0)), autograd.maximum, a, zero)


@given(NUMBERS, NUMBERS, NUMBERS)
def test_clip_is_clamp(x: float, low: float, high: float) -> None:
    v = Value(x)
    got = np.clip(v, low, high)
    assert (got.op, got.data) == ("clamp", v.clamp(low, high).data)
    assert np.clip(v, None, high).data == min(x, high)


def test_an_array_is_not_made_of_floats_by_accident() -> None:
    v = Value(2.0)
    array = np.array([v, v])
    assert array.dtype == object
    assert np.array([[v], [v]]).shape == (2, 1)
    attempts: list[Callable[[], Any]] = [
        lambda: array.astype(float),
        lambda: np.array([v], dtype=float),
        lambda: np.zeros(2).__setitem__(0, v),
        lambda: np.float64(v),
        lambda: np.interp(v, [0, 1], [0, 1]),
    ]
    for attempt in attempts:
        with pytest.raises(TypeError, match=r"not converted to a float, .*: take v\.data"):
            attempt()
