"""Losses, which measure how far predictions are from targets.

>>> from autograd import Value, losses
>>> losses.mse([Value(1.0), Value(3.0)], [1.0, 1.0])
Value(data=2.0)
>>> losses.cross_entropy([Value(2.0), Value(0.0)], 0)
Value(data=0.126928)

Predictions are one Value or a list of them. Targets are as many numbers or Values. A list may be the outputs of a
network for one example, or one output for each of many examples. Each loss returns one Value. Unless a loss says
otherwise, it raises ValueError if the predictions and targets differ in number or are empty, and TypeError for an
item that is no number or Value.
"""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, TypeAlias

from autograd.engine.functions import log_softmax, log_softmax_at, mean, minimum, total
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

    ValueError also for a delta that isn't above 0. Source: P. Huber, Robust Estimation of a Location Parameter (1964).
    """
    if not delta > 0.0:
        raise ValueError(f"huber: delta, where the parabola becomes a line, must be above 0, not {delta!r}")

    def one(p: Value, t: Number) -> Value:
        d = abs(p - t)
        bent = minimum(d, delta)
        return bent * (d - 0.5 * bent)

    return mean(_each("huber", predictions, targets, one))


def cross_entropy(logits: Sequence[Value], target: int | Sequence[Number]) -> Value:
    """The cross-entropy of softmax(logits) with a target: the sum of -t·log(p) over all classes.

    logits is a list with one Value for each class. target is the index of the right class, or a list with a
    probability for each class. The greatest logit is subtracted first, so that nothing overflows. ValueError for an
    index out of range, and for another number of probabilities than logits; TypeError for a single logit and for any
    other target. Source: I. Goodfellow, Y. Bengio, A. Courville, Deep Learning (2016), section 6.2.2.
    """
    if isinstance(logits, Value):
        raise TypeError("cross_entropy takes a list of logits, one for each class, not a single Value")
    if isinstance(target, Integral):
        k = int(target)
        if not 0 <= k < len(logits):
            raise ValueError(
                f"cross_entropy: target is a class from 0 to {len(logits) - 1}, one for each logit, not {k}"
            )
        return -log_softmax_at(logits, k)
    if isinstance(target, (float, Value)) or not hasattr(target, "__iter__"):
        raise TypeError(
            f"cross_entropy takes the index of a class or a list of probabilities as target, not {target!r}"
        )
    return -total(_each("cross_entropy", log_softmax(logits), target, _weighted))


def binary_cross_entropy(predictions: Outputs, targets: Targets) -> Value:
    """The mean of -t·log(p) - (1 - t)·log(1 - p) for probabilities p and targets t from 0 to 1.

    A term with the weight 0 is left out. The loss is infinite where p is 0 or 1 and the target is not:
    `binary_cross_entropy_with_logits` never is.
    """
    return mean(_each("binary_cross_entropy", predictions, targets, _negative_log_likelihood))


def binary_cross_entropy_with_logits(logits: Outputs, targets: Targets) -> Value:
    """The mean binary cross-entropy of sigmoid(s) for logits s, computed as log(1 + exp(s)) - t·s without overflow."""
    return mean(_each("binary_cross_entropy_with_logits", logits, targets, lambda s, t: s.softplus() - t * s))


def hinge(scores: Outputs, targets: Targets) -> Value:
    """The max-margin loss: the mean of max(0, 1 - t·s) for scores s and targets t of -1 or 1."""
    return mean(_each("hinge", scores, targets, lambda s, t: (1.0 - t * s).relu()))


def _squared(p: Value, t: Number) -> Value:
    return (p - t).square()


def _negative_log_likelihood(p: Value, t: Any) -> Value:
    return -total([_weighted(p.log(), t), _weighted((-p).log1p(), 1.0 - t)])


def _weighted(x: Value, weight: Number) -> Value | float:
    # 0·log(0) would be nan, so a term with the weight 0 is no product.
    return x * weight if isinstance(weight, Value) or weight != 0.0 else 0.0


def _each(
    loss: str, predictions: Outputs, targets: Targets, one: Callable[[Value, Any], Value | float]
) -> list[Value | float]:
    """The terms one(prediction, target) of a loss."""
    if isinstance(predictions, str) or not isinstance(predictions, Iterable | Value):
        raise TypeError(
            f"{loss} takes a Value or a list of them as predictions, not {type(predictions).__name__} {predictions!r}"
        )
    ps = [predictions] if isinstance(predictions, Value) else list(predictions)
    ts = list(targets) if isinstance(targets, Iterable) and not isinstance(targets, (Value, str)) else [targets]
    if len(ps) != len(ts) or not ps:
        given = f"{counted(len(ps), 'prediction')} and {counted(len(ts), 'target')}"
        raise ValueError(f"{loss} takes one target for each prediction, and at least one of both, not {given}")
    return [one(operand(p, loss), t) for p, t in zip(ps, ts, strict=True)]
