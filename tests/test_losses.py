"""Losses against their definitions, mpmath, differences of values, and PyTorch where it is installed; and slips."""

import importlib
import importlib.util
import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Value, losses
from autograd.check import gradcheck

ROUNDING = 1e-12
"""Relative: sums and logarithms are computed in another order."""

NO_CLASS: Any = 0.5
NO_DELTA: Any = Value(1.0)
NO_NUMBERS: Any = ["a"]
NOTHING: Any = None

FEW_ULPS = 4.0 * 2.0**-52
"""Relative: softplus, the products and the sum round, by one ulp each at most."""

numbers = st.floats(-5.0, 5.0)
chance = st.floats(0.0, 1.0)
TARGETS: dict[str, st.SearchStrategy[float]] = {
    "binary_cross_entropy_with_logits": chance,
    "hinge": st.sampled_from([-1.0, 1.0]),
}
"""Of the losses that don't take every number for a target."""
chances = st.lists(st.tuples(st.floats(0.01, 0.99), st.floats(0.0, 1.0)), min_size=1, max_size=6)


def _sigmoid(s: float) -> float:
    return 1.0 / (1.0 + math.exp(-s))


def _huber(d: float) -> float:
    return 0.5 * d * d if abs(d) <= 1.0 else abs(d) - 0.5


def _binary(p: float, t: float) -> float:
    return -t * math.log(p) - (1.0 - t) * math.log(1.0 - p)


DEFINITIONS: dict[str, Callable[[float, float], float]] = {
    "mse": lambda p, t: (p - t) ** 2,
    "squared_error": lambda p, t: (p - t) ** 2,
    "l1": lambda p, t: abs(p - t),
    "huber": lambda p, t: _huber(p - t),
    "binary_cross_entropy_with_logits": lambda s, t: _binary(_sigmoid(s), t),
    "hinge": lambda s, t: max(0.0, 1.0 - t * s),
}


@pytest.mark.parametrize("name", DEFINITIONS)
@given(data=st.data())
def test_values_are_what_the_definition_says(name: str, data: st.DataObject) -> None:
    rows = data.draw(st.lists(st.tuples(numbers, TARGETS.get(name, numbers)), min_size=1, max_size=6))
    terms = [DEFINITIONS[name](p, t) for p, t in rows]
    expected = math.fsum(terms) / (1 if name == "squared_error" else len(terms))
    found = getattr(losses, name)([Value(p) for p, _ in rows], [t for _, t in rows])
    assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@given(chances)
def test_binary_cross_entropy_is_what_the_definition_says(rows: list[tuple[float, float]]) -> None:
    expected = math.fsum(_binary(p, t) for p, t in rows) / len(rows)
    found = losses.binary_cross_entropy([Value(p) for p, _ in rows], [t for _, t in rows])
    assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@given(st.lists(numbers, min_size=2, max_size=6), st.data())
def test_cross_entropy_is_what_the_definition_says(scores: list[float], data: st.DataObject) -> None:
    target = data.draw(st.integers(0, len(scores) - 1))
    expected = math.log(math.fsum(map(math.exp, scores))) - scores[target]
    one_hot = [float(i == target) for i in range(len(scores))]
    for t in (target, one_hot):
        found = losses.cross_entropy([Value(s) for s in scores], t)
        assert found.data == pytest.approx(expected, rel=ROUNDING, abs=ROUNDING)


@pytest.mark.parametrize(
    ("name", "targets"),
    [
        *[(name, [0.3, 2.0, -1.7]) for name in DEFINITIONS if name not in TARGETS],
        ("binary_cross_entropy", [0.0, 1.0, 0.25]),
        ("binary_cross_entropy_with_logits", [0.0, 1.0, 0.25]),
        ("hinge", [-1.0, 1.0, -1.0]),
        ("cross_entropy", [0.2, 0.5, 0.3]),
        ("cross_entropy", 1),
    ],
)
def test_gradients_are_slopes(name: str, targets: Any) -> None:
    gradcheck(lambda ps: getattr(losses, name)(ps, targets), [[0.35, 0.8, 0.55]])


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize(
    ("name", "theirs", "options"),
    [
        ("mse", "mse_loss", {}),
        ("squared_error", "mse_loss", {"reduction": "sum"}),
        ("l1", "l1_loss", {}),
        ("huber", "huber_loss", {}),
        ("binary_cross_entropy", "binary_cross_entropy", {}),
        ("binary_cross_entropy_with_logits", "binary_cross_entropy_with_logits", {}),
        ("cross_entropy", "cross_entropy", {}),
    ],
)
def test_values_and_gradients_are_those_of_pytorch(name: str, theirs: str, options: dict[str, Any]) -> None:
    torch = importlib.import_module("torch")
    xs, ts = [0.35, 0.8, 0.55, 0.01], [0.1, 0.6, 0.3, 0.0]
    x = torch.tensor(xs, dtype=torch.float64, requires_grad=True)
    loss = getattr(torch.nn.functional, theirs)(x, torch.tensor(ts, dtype=torch.float64), **options)
    loss.backward()
    values = [Value(v) for v in xs]
    ours = getattr(losses, name)(values, ts)
    ours.backward()
    assert ours.data == pytest.approx(loss.item(), rel=ROUNDING, abs=0.0)
    assert [v.grad for v in values] == pytest.approx(x.grad.tolist(), rel=ROUNDING, abs=ROUNDING)


def test_certain_predictions_that_are_right_have_no_loss() -> None:
    p, q = Value(0.0), Value(1.0)
    loss = losses.binary_cross_entropy([p, q], [0.0, 1.0])
    loss.backward()
    assert (loss.data, p.grad, q.grad) == (0.0, 0.5, -0.5)
    assert losses.cross_entropy([Value(0.0), Value(-math.inf)], [1.0, 0.0]).data == 0.0
    assert losses.binary_cross_entropy(Value(0.0), 1.0).data == math.inf


def test_logits_may_be_huge() -> None:
    s = Value(-1e4)
    loss = losses.binary_cross_entropy_with_logits(s, 1.0)
    loss.backward()
    assert (loss.data, s.grad) == (1e4, -1.0)
    assert losses.cross_entropy([Value(1e4), Value(-1e4)], 1).data == 2e4


def test_a_class_may_be_numpy_s_number() -> None:
    logits, two = [Value(0.5), Value(-1.0), Value(2.0)], np.int64(2)
    assert losses.cross_entropy(logits, two).data == losses.cross_entropy(logits, 2).data  # type: ignore[arg-type]


def test_one_prediction_and_targets_that_are_values() -> None:
    p, t = Value(3.0), Value(1.0)
    losses.mse(p, t).backward()
    assert (p.grad, t.grad) == (4.0, -4.0)
    p = Value(0.25)
    weight = Value(0.5)
    losses.binary_cross_entropy(p, weight).backward()
    assert weight.grad == pytest.approx(math.log(0.75 / 0.25))


@pytest.mark.parametrize("form", [tuple, iter, lambda row: np.array(row, dtype=object)])
def test_any_iterable_is_a_row(form: Callable[[list[Any]], Any]) -> None:
    ps, ts = [Value(0.25), Value(0.75)], [0.0, 1.0]
    assert losses.mse(form(ps), form(ts)).data == losses.mse(ps, ts).data
    assert losses.cross_entropy(form(ps), form(ts)).data == losses.cross_entropy(ps, ts).data


# ── accuracy ──


@given(st.floats(-800.0, 800.0) | st.floats(-1e-3, 1e-3), chance | st.sampled_from([0.0, 1.0, 5e-324, 1.0 - 2.0**-53]))
def test_a_loss_of_a_logit_keeps_all_digits(s: float, t: float) -> None:
    with mpmath.workdps(400):
        zero, one = mpmath.log1p(mpmath.exp(s)), mpmath.log1p(mpmath.exp(-s))
        expected, slope = t * one + (1 - mpmath.mpf(t)) * zero, 1 / (1 + mpmath.exp(-s)) - t
    logit = Value(s)
    found = losses.binary_cross_entropy_with_logits(logit, t)
    found.backward()
    assert found.data == pytest.approx(float(expected), rel=FEW_ULPS, abs=5e-324)
    assert logit.grad == pytest.approx(float(slope), rel=FEW_ULPS, abs=FEW_ULPS if 0.0 < t < 1.0 else 5e-324)


@given(st.floats(-300.0, -0.5), chance | st.sampled_from([0.0, 1.0]))
def test_a_loss_of_a_probability_keeps_all_digits(exponent: float, t: float) -> None:
    p = 10.0**exponent
    with mpmath.workdps(400):
        expected = -t * mpmath.log(p) - (1 - mpmath.mpf(t)) * mpmath.log1p(-mpmath.mpf(p))
    assert losses.binary_cross_entropy(Value(p), t).data == pytest.approx(float(expected), rel=FEW_ULPS, abs=5e-324)


def test_the_losses_of_sure_logits_are_those_of_mpmath() -> None:
    loss = losses.binary_cross_entropy_with_logits
    assert loss(Value(20.0), 1.0).data == pytest.approx(2.0611536203143807e-9, rel=FEW_ULPS, abs=0.0)
    assert loss(Value(40.0), 1.0).data == pytest.approx(4.248354255291589e-18, rel=FEW_ULPS, abs=0.0)
    assert loss(Value(-40.0), 0.0).data == pytest.approx(4.248354255291589e-18, rel=FEW_ULPS, abs=0.0)
    assert (loss(Value(math.inf), 1.0).data, loss(Value(-math.inf), 0.0).data) == (0.0, 0.0)
    assert (loss(Value(math.inf), 0.0).data, loss(Value(-math.inf), 1.0).data) == (math.inf, math.inf)


@example(0.0, 2.3e-53, 1.0)
@example(1.0, 0.0, 1.0)
@given(
    st.floats(allow_nan=False),
    st.floats(-1e300, 1e300),
    st.sampled_from([1.0, 1e-3, 2.5, 1e100]) | st.floats(1e-6, 1e6),
)
def test_the_slope_of_huber_is_the_error_cut_at_delta(p: float, t: float, delta: float) -> None:
    v = Value(p)
    loss = losses.huber(v, t, delta=delta)
    loss.backward()
    d = p - t
    assert v.grad == min(max(d, -delta), delta)
    assert loss.data == pytest.approx(
        d * d / 2 if abs(d) <= delta else delta * (abs(d) - delta / 2), rel=FEW_ULPS, abs=0.0
    )


@pytest.mark.parametrize(("p", "slope"), [(math.inf, 1.0), (-math.inf, -1.0), (1e308, 1.0), (-1e308, -1.0), (1.0, 1.0)])
def test_the_slope_of_huber_far_out_is_one(p: float, slope: float) -> None:
    v = Value(p)
    losses.huber(v, 0.0).backward()
    assert v.grad == slope
    of_target = Value(-p)
    losses.huber(Value(0.0), of_target).backward()
    assert of_target.grad == -slope


# ── targets of a program ──


@pytest.mark.parametrize("name", [*DEFINITIONS, "binary_cross_entropy", "cross_entropy"])
@pytest.mark.parametrize("traced", [False, True])
def test_the_placeholders_of_a_program_are_not_taken_for_targets(name: str, traced: bool) -> None:
    """Targets and predictions are inputs, whose numbers while the loss is recorded are no probabilities or labels."""
    loss = getattr(losses, name)
    x, y = autograd.inputs(3), autograd.inputs(3, name="y")
    program = autograd.compile(loss, ((3,), (3,))) if traced else autograd.compile(loss(x, y), (x, y))
    far = [4.0 * v for v in x]  # Predictions of placeholders are placeholders.
    assert loss(far, y).data == pytest.approx(loss(far, y).data, nan_ok=True)
    ps, ts = [0.2, 0.9, 0.7], [1.0, -1.0, 1.0] if name == "hinge" else [0.0, 1.0, 0.0]
    values = [Value(p) for p in ps]
    eager = loss(values, ts)
    eager.backward()
    found, slopes = program.value_and_grad(ps, ts)
    assert found == pytest.approx(eager.data, rel=ROUNDING, abs=0.0)
    assert slopes[0] == pytest.approx([v.grad for v in values], rel=ROUNDING, abs=0.0)


def test_numbers_on_trial_are_not_refused() -> None:
    """The samples of compile and the steps of gradcheck are no probabilities, which is no mistake of the caller."""

    def loss(p: Value) -> Value:
        return losses.binary_cross_entropy([p, p * 0.5], [1.0, 0.0])

    program = autograd.compile(loss, ((),))
    wanted = -(math.log(0.8) + math.log(0.6)) / 2.0
    assert program.value(0.8) == pytest.approx(wanted, rel=ROUNDING, abs=0.0)
    gradcheck(loss, [1.0 - 1e-12])
    with pytest.raises(ValueError, match=r"a prediction is 1\.5"):
        loss(Value(1.5))


# ── slips ──

OUT = [Value(0.5), Value(0.2), Value(0.1)]
BATCH: Any = [OUT, OUT]
ARRAY: Any = np.array(2)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: losses.mse([], []),
            ValueError,
            "mse takes one target for each prediction, and at least one of both, not 0 predictions",
        ),
        (lambda: losses.l1([Value(1.0)], [1.0, 2.0]), ValueError, "not 1 prediction and 2 targets"),
        (lambda: losses.hinge([Value(1.0)], [1.0, 1.0]), ValueError, "hinge takes one target for each prediction"),
        (
            lambda: losses.huber(Value(1.0), 1.0, delta=0.0),
            ValueError,
            "huber: delta, where the parabola becomes a line, must be above 0",
        ),
        (
            lambda: losses.huber(Value(1.0), 1.0, delta=math.inf),
            ValueError,
            "above 0 and finite, not inf; .* write mse",
        ),
        (
            lambda: losses.huber(OUT[0], 1.0, delta=NO_DELTA),
            TypeError,
            r"delta is a number, not Value\(.*; pass its data",
        ),
        (lambda: losses.cross_entropy(OUT, 3), ValueError, "a class from 0 to 2, one for each logit, not 3"),
        (lambda: losses.cross_entropy(OUT, -1), ValueError, "a class from 0 to 2, one for each logit, not -1"),
        (lambda: losses.cross_entropy(OUT, [0.5, 0.5]), ValueError, "has 2 numbers for 3 logits; give one for each"),
        (lambda: losses.cross_entropy(OUT, [3]), ValueError, r"class numbers write cross_entropy\(logits, 3\)"),
        (lambda: losses.cross_entropy(OUT, []), ValueError, "has 0 numbers for 3 logits; give one for each logit$"),
        (
            lambda: losses.cross_entropy(OUT, [2, 1, 0]),
            ValueError,
            r"adds up to 3, not to 1; .* for those of a batch",
        ),
        (
            lambda: losses.cross_entropy(OUT, [0.2, 0.2, 0.2]),
            ValueError,
            "adds up to 0.6, not to 1; divide each by .*sum$",
        ),
        (lambda: losses.cross_entropy(OUT, [1e308, 1e308, 0.0]), ValueError, "adds up to inf, not to 1"),
        (lambda: losses.cross_entropy(OUT, [math.inf, -math.inf, 0.0]), ValueError, "adds up to nan, not to 1"),
        (lambda: losses.cross_entropy(OUT, [1.5, -0.5, 0.0]), ValueError, r"targets\[0\] is 1\.5, .* from 0 to 1"),
        (lambda: losses.cross_entropy(OUT, [math.nan, 0.5, 0.5]), ValueError, r"targets\[0\] is nan"),
        (lambda: losses.cross_entropy([], 0), ValueError, "not an empty list"),
        (
            lambda: losses.cross_entropy(OUT[:1], 0),
            ValueError,
            "softmax over one output is always 1; use a sigmoid, or two",
        ),
        (lambda: losses.cross_entropy(OUT[:1], [3]), ValueError, "softmax over one output is always 1; use a sigmoid"),
        (
            lambda: losses.cross_entropy(BATCH, [2, 0]),
            TypeError,
            r"mean\(\[losses\.cross_entropy\(p, t\) for p, t in zip",
        ),
        (lambda: losses.cross_entropy([0, 1, 0], OUT), TypeError, "the predictions first and then the targets"),  # type: ignore[list-item]
        (
            lambda: losses.cross_entropy(OUT, NO_CLASS),
            TypeError,
            r"the index of a class .* float 0\.5; write int\(target\)",
        ),
        (lambda: losses.cross_entropy(OUT, ARRAY), TypeError, r"not ndarray array\(2\); write int\(target\)"),
        (lambda: losses.cross_entropy(OUT, OUT[0]), TypeError, r"a list of probabilities as target, not Value\(data=0"),  # type: ignore[arg-type]
        (lambda: losses.binary_cross_entropy(Value(1.5), 1.0), ValueError, r"a prediction is 1\.5; .*_with_logits"),
        (lambda: losses.binary_cross_entropy(Value(-1e-9), 0.0), ValueError, "a prediction is -1e-09; .* a sigmoid"),
        (lambda: losses.binary_cross_entropy(Value(0.5), 1.5), ValueError, "the target is 1.5, .* from 0 to 1$"),
        (lambda: losses.binary_cross_entropy(OUT[:2], [1, -1]), ValueError, r"targets\[1\] .*; \(t \+ 1\) / 2 makes"),
        (lambda: losses.binary_cross_entropy_with_logits(OUT[0], 2), ValueError, "the target is 2.0, .* from 0 to 1$"),
        (lambda: losses.binary_cross_entropy([1.0], OUT[:1]), TypeError, "the predictions first and then"),  # type: ignore[list-item]
        (lambda: losses.hinge(OUT, [1, 0, 1]), ValueError, r"targets\[1\] is 0\.0, .* -1 or 1; 2 \* t - 1 makes them"),
        (lambda: losses.hinge(OUT[0], 3), ValueError, "the target is 3.0, and a target is a label of -1 or 1$"),
        (lambda: losses.mse(OUT, [1.0, math.nan, 2.0]), ValueError, r"targets\[1\] is nan, .* leave out rows"),
        (lambda: losses.l1(BATCH, BATCH), TypeError, r"not lists of lists; .* mean\(\[losses\.l1\(p, t\)"),
        (lambda: losses.mse(OUT[:1], [[1.0]]), TypeError, "not lists of lists"),  # type: ignore[list-item]
        (lambda: losses.mse(OUT[:1], np.array([[1.0]])), TypeError, "not lists of lists"),  # type: ignore[arg-type]
        (lambda: losses.cross_entropy(Value(1.0), 0), TypeError, "not a single Value"),  # type: ignore[arg-type]
        (lambda: losses.mse([Value(1.0)], NO_NUMBERS), TypeError, "not str 'a'"),
        (lambda: losses.l1(NOTHING, [1.0]), TypeError, "l1 takes a Value or a list of them .* not None"),
        (lambda: losses.mse(1.0, [1.0]), TypeError, r"mse takes a Value or .* not float 1\.0"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_named(call: Callable[[], Value], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_a_row_of_zeros_masks_an_example() -> None:
    logits = [Value(0.3), Value(-1.2)]
    loss = losses.cross_entropy(logits, [0.0, 0.0])
    loss.backward()
    assert (loss.data, [v.grad for v in logits]) == (0.0, [0.0, 0.0])
