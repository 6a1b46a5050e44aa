"""Losses, which measure how far predictions are from targets.

>>> from autograd import Value, losses
>>> losses.mse([Value(1.0), Value(3.0)], [1.0, 1.0])
Value(data=2.0)
>>> losses.cross_entropy([Value(2.0), Value(0.0)], 0)
Value(data=0.126928)

Predictions are one Value or a list of them. Targets are as many numbers or Values. A list may be the outputs of a
network for one example, or one output for each of many examples. Each loss returns one Value. Unless a loss says
otherwise, it raises ValueError if the predictions and targets differ in number or are empty, and for a target that is
nan or makes no sense; TypeError for an item that is no number or Value, and for lists in lists.

A target that is a Value is not checked, nor is its prediction: it may be an input of `autograd.compile`, whose data is
a placeholder. Functions that `compile` and `gradcheck` run on numbers of their own are not refused for these.

>>> losses.hinge(Value(0.3), 0)
Traceback (most recent call last):
...
ValueError: hinge: the target is 0.0, and a target is a label of -1 or 1; 2 * t - 1 makes them of labels 0 and 1
"""

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any, Final, NamedTuple, TypeAlias

from autograd.arguments import described, is_row, real, refuse_softmax_of_one
from autograd.engine import ieee
from autograd.engine.functions import log_softmax, log_softmax_at, maximum, mean, minimum, total
from autograd.engine.modes import on_trial
from autograd.engine.number import to_float
from autograd.engine.value import Number, Value, operand
from autograd.wording import counted

__all__ = [
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "hinge",
    "huber",
    "l1",
    "mse",
    "squared_error",
]

Outputs: TypeAlias = Value | Sequence[Value]
Targets: TypeAlias = "Number | Sequence[Number]"

SUM_OFF: Final = 1e-3
"""Probabilities may add up to so much more or less than 1: those of half precision, or of three digits, do."""


class _Wanted(NamedTuple):
    """The targets that a loss takes."""

    allows: Callable[[float], bool]
    text: str
    slips: Mapping[float, str] = {}
    """Remedies for numbers that other programs have in the place of these."""


_ANY: Final = _Wanted(lambda t: not math.isnan(t), "a number; leave out rows whose target is unknown")
_LABELS: Final = _Wanted(
    lambda t: abs(t) == 1.0, "a label of -1 or 1", {0.0: "; 2 * t - 1 makes them of labels 0 and 1"}
)
_CHANCES: Final = _Wanted(
    lambda t: 0.0 <= t <= 1.0, "a probability from 0 to 1", {-1.0: "; (t + 1) / 2 makes them of labels -1 and 1"}
)


def mse(predictions: Outputs, targets: Targets) -> Value:
    """The mean squared error: the mean of (p - t)² over predictions p and targets t."""
    return mean(_each("mse", predictions, targets, _squared))


def squared_error(predictions: Outputs, targets: Targets) -> Value:
    """The sum of (p - t)² over predictions p and targets t."""
    return total(_each("squared_error", predictions, targets, _squared))


def l1(predictions: Outputs, targets: Targets) -> Value:
    """The mean absolute error: the mean of abs(p - t). Its derivative at p = t is 0."""
    return mean(_each("l1", predictions, targets, lambda p, t: abs(p - t)))


def huber(predictions: Outputs, targets: Targets, *, delta: float = 1.0) -> Value:
    """The mean of d²/2 for d = abs(p - t) up to delta, and of delta·(d - delta/2) above it.

    ValueError also for a delta that isn't above 0 and finite. Source: P. Huber, Robust Estimation of a Location
    Parameter (1964).
    """
    delta = real("huber: delta", delta)
    if not 0.0 < delta < math.inf:
        raise ValueError(
            f"huber: delta, where the parabola becomes a line, must be above 0 and finite, not {delta!r}; "
            "without a line, write mse"
        )

    def one(p: Value, t: Number) -> Value:
        d = abs(p - t)
        # Each part has a slope of its own: a product of both would have inf·0 at an infinite d, a difference would lose
        # the digits of a small one, and of a tie each gets one half.
        return 0.5 * minimum(d, delta).square() + delta * (maximum(d, delta) - delta)

    return mean(_each("huber", predictions, targets, one))


def cross_entropy(logits: Sequence[Value], target: int | Sequence[Number]) -> Value:
    """The cross-entropy of softmax(logits) with a target: the sum of -t·log(p) over all classes.

    logits is a list with one Value for each class. target is the index of the right class, or a list with a
    probability for each class. The greatest logit is subtracted first, so that nothing overflows. ValueError for an
    index out of range, for another number of probabilities than logits, for probabilities that don't add up to 1, and
    for a single class; TypeError for a single logit, for the logits of several examples, and for any other target.
    Source: I. Goodfellow, Y. Bengio, A. Courville, Deep Learning (2016), section 6.2.2.
    """
    if isinstance(logits, Value):
        raise TypeError("cross_entropy takes a list of logits, one for each class, not a single Value")
    row, given = _predictions("cross_entropy", logits), _row(target)
    _refuse_swapped("cross_entropy", row, given)
    if not row:
        raise ValueError("cross_entropy takes a list of logits, one for each class, not an empty list")
    if len(row) == 1:
        refuse_softmax_of_one("cross_entropy", "softmax")
    if isinstance(target, Integral):
        k = int(target)
        if not 0 <= k < len(row):
            raise ValueError(f"cross_entropy: target is a class from 0 to {len(row) - 1}, one for each logit, not {k}")
        return -log_softmax_at(row, k)
    if len(given) == 1 and given[0] is target:
        remedy = "; write int(target) for a class number" if hasattr(target, "__int__") else ""
        raise TypeError(
            "cross_entropy takes the index of a class or a list of probabilities as target, not "
            + described(target)
            + remedy
        )
    chances = _targets("cross_entropy", given, _ANY)
    _refuse_no_distribution(chances, len(row))
    return -total(_each("cross_entropy", log_softmax(row), chances, _weighted, _CHANCES))


def binary_cross_entropy(predictions: Outputs, targets: Targets) -> Value:
    """The mean of -t·log(p) - (1 - t)·log(1 - p) for probabilities p and targets t from 0 to 1.

    A term with the weight 0 is left out. The loss is infinite where p is 0 or 1 and the target is not:
    `binary_cross_entropy_with_logits` never is. ValueError also for a p below 0 or above 1.
    """
    return mean(_each("binary_cross_entropy", predictions, targets, _negative_log_likelihood, _CHANCES))


def binary_cross_entropy_with_logits(logits: Outputs, targets: Targets) -> Value:
    """The mean binary cross-entropy of sigmoid(s) for logits s and targets t from 0 to 1.

    It is t·log(1 + exp(-s)) + (1 - t)·log(1 + exp(s)): neither overflows, and no difference loses digits.
    """
    return mean(_each("binary_cross_entropy_with_logits", logits, targets, _of_logit, _CHANCES))


def hinge(scores: Outputs, targets: Targets) -> Value:
    """The max-margin loss: the mean of max(0, 1 - t·s) for scores s and targets t of -1 or 1."""
    return mean(_each("hinge", scores, targets, lambda s, t: (1.0 - t * s).relu(), _LABELS))


def _squared(p: Value, t: Number) -> Value:
    return (p - t).square()


def _negative_log_likelihood(p: Value, t: Any) -> Value:
    if type(t) is not Value and (p.data < 0.0 or p.data > 1.0) and not on_trial():
        raise ValueError(
            f"binary_cross_entropy takes probabilities from 0 to 1, and a prediction is {p.data!r}; let the model end "
            "in a sigmoid, or take binary_cross_entropy_with_logits"
        )
    return -total([_weighted(p.log(), t), _weighted((-p).log1p(), 1.0 - t)])


def _of_logit(s: Value, t: Any) -> Value:
    return total([_weighted((-s).softplus(), t), _weighted(s.softplus(), 1.0 - t)])


def _weighted(x: Value, weight: Number) -> Value | float:
    # 0·log(0) would be nan, so a term with the weight 0 is no product.
    return x * weight if type(weight) is Value or weight != 0.0 else 0.0


# ── predictions and targets ──


def _each(
    loss: str,
    predictions: Outputs,
    targets: Targets,
    one: Callable[[Value, Any], Value | float],
    wanted: _Wanted = _ANY,
) -> list[Value | float]:
    """The terms one(prediction, target) of a loss."""
    ps, ts = _predictions(loss, predictions), _row(targets)
    if wanted is not _ANY:
        _refuse_swapped(loss, ps, ts)
    if len(ps) != len(ts) or not ps:
        given = f"{counted(len(ps), 'prediction')} and {counted(len(ts), 'target')}"
        raise ValueError(f"{loss} takes one target for each prediction, and at least one of both, not {given}")
    return [one(operand(p, loss), t) for p, t in zip(ps, _targets(loss, ts, wanted), strict=True)]


def _targets(loss: str, given: list[Any], wanted: _Wanted) -> list[Any]:
    """The targets, with a float for each number, if the loss takes such numbers."""
    targets: list[Any] = []
    for t in given:
        if type(t) is Value:
            targets.append(t)
            continue
        _refuse_batch(loss, t)
        number = to_float(t, loss)
        if not wanted.allows(number):
            place = "the target" if len(given) == 1 else f"targets[{len(targets)}]"
            slip = wanted.slips.get(number, "")
            raise ValueError(f"{loss}: {place} is {number!r}, and a target is {wanted.text}{slip}")
        targets.append(number)
    return targets


def _row(given: Any) -> list[Any]:
    if isinstance(given, list):
        return given
    if isinstance(given, (Value, float, int, str)) or not isinstance(given, Iterable):
        return [given]
    return [given] if getattr(given, "shape", None) == () else list(given)


def _predictions(loss: str, given: Outputs) -> list[Any]:
    row = _row(given)
    if len(row) == 1 and row[0] is given and type(given) is not Value:
        raise TypeError(f"{loss} takes a Value or a list of them as predictions, not {described(given)}")
    for p in row:
        if type(p) is not Value:
            _refuse_batch(loss, p)
    return row


def _refuse_swapped(loss: str, predictions: list[Any], targets: list[Any]) -> None:
    """Raise a TypeError if there are Values among the targets and none among the predictions."""
    if any(type(t) is Value for t in targets) and not any(type(p) is Value for p in predictions):
        raise TypeError(f"{loss} takes the predictions first and then the targets; write {loss}(predictions, targets)")


def _refuse_batch(loss: str, item: object) -> None:
    """Raise a TypeError for an item that is a row itself."""
    if type(item) is not float and is_row(item):
        raise TypeError(
            f"{loss} takes the predictions and targets of one example, not lists of lists; write {_over_batch(loss)}"
        )


def _over_batch(loss: str) -> str:
    return f"mean([losses.{loss}(p, t) for p, t in zip(predictions, targets)]) for those of a batch"


def _refuse_no_distribution(chances: list[Any], classes: int) -> None:
    """Raise a ValueError for numbers that aren't a probability for each class; class numbers are taken for them.

    A row of zeros is one: it takes the example out of a batch, as a mask does.
    """
    problem = f"has {counted(len(chances), 'number')} for {counted(classes, 'logit')}"
    if len(chances) == classes:
        if any(type(t) is Value for t in chances) or not any(chances):
            return
        if abs((added := ieee.total([*map(float, chances)])) - 1.0) <= SUM_OFF:
            return
        problem = f"adds up to {added:.6g}, not to 1"
    remedy = "divide each by their sum" if len(chances) == classes else "give one for each logit"
    if chances and all(type(t) is not Value and t.is_integer() for t in chances):
        single = f"cross_entropy(logits, {chances[0]:.0f})"
        remedy += f"; for class numbers write {single if len(chances) == 1 else _over_batch('cross_entropy')}"
    raise ValueError(
        f"cross_entropy: a target is a class number or a list with a probability for each class, and "
        f"{reprlib.repr(chances)} {problem}; {remedy}"
    )
