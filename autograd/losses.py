"""Losses: how far predictions are from targets, as one Value.

>>> from autograd import Value, losses
>>> losses.mse([Value(1.0), Value(3.0)], [1.0, 1.0])
Value(data=2.0, grad=0.0)
>>> losses.cross_entropy([Value(2.0), Value(0.0)], 0)
Value(data=0.126928, grad=0.0)

Predictions are one Value or a list of them, targets numbers (or Values) in the same shape: the outputs of a
network for one example, or one output for many. Nothing is differentiated here; losses are made of operations.
"""

from collections.abc import Callable, Iterable, Sequence
from numbers import Integral
from typing import Any, TypeAlias

from autograd.engine.functions import log_softmax, log_softmax_at, mean, minimum, total
from autograd.engine.value import Number, Value, operand

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
    """The mean of (p − t)². ValueError unless both are of one length and not empty."""
    return mean(_each("mse", predictions, targets, _squared))


def squared_error(predictions: Outputs, targets: Targets) -> Value:
    """The sum of (p − t)². ValueError unless both are of one length and not empty."""
    return total(_each("squared_error", predictions, targets, _squared))


def l1(predictions: Outputs, targets: Targets) -> Value:
    """The mean of |p − t|; at p = t the derivative is 0. ValueError as for mse."""
    return mean(_each("l1", predictions, targets, lambda p, t: abs(p - t)))


def huber(predictions: Outputs, targets: Targets, *, delta: float = 1.0) -> Value:
    """The mean of ½d² where d = |p − t| is below delta, and of delta·(d − ½·delta) beyond.

    ValueError as for mse, and for a delta that isn't above 0. Source: P. Huber, Robust Estimation of a Location
    Parameter (1964).
    """
    if not delta > 0.0:
        raise ValueError(f"huber: delta is where the parabola ends, above 0, not {delta!r}")

    def one(p: Value, t: Number) -> Value:
        d = abs(p - t)
        bent = minimum(d, delta)
        return bent * (d - 0.5 * bent)

    return mean(_each("huber", predictions, targets, one))


def cross_entropy(logits: Sequence[Value], target: int | Sequence[Number]) -> Value:
    """−Σ t·log(softmax(logits)), for target the number of the right class or a probability for each class.

    Shifted by the greatest logit, so that none is too large. ValueError for a class that there isn't and for
    probabilities of another number than logits. Source: Goodfellow, Bengio, Courville, Deep Learning (2016), 6.2.2.
    """
    if isinstance(logits, Value):
        raise TypeError("cross_entropy takes a list of logits, one for each class, not a single Value")
    if isinstance(target, Integral):
        k = int(target)
        if not 0 <= k < len(logits):
            raise ValueError(f"cross_entropy: there are classes 0 to {len(logits) - 1}, and no {k}")
        return -log_softmax_at(logits, k)
    if isinstance(target, (float, Value)) or not hasattr(target, "__iter__"):
        raise TypeError(f"cross_entropy takes a class number or a list of probabilities for target, not {target!r}")
    return -total(_each("cross_entropy", log_softmax(logits), target, _weighted))


def binary_cross_entropy(predictions: Outputs, targets: Targets) -> Value:
    """The mean of −t·log(p) − (1 − t)·log(1 − p) for probabilities p; a term whose weight is the number 0 is left out.

    Infinite where p is certain and wrong: the form with logits never is. ValueError as for mse.
    """

    def one(p: Value, t: Any) -> Value:
        return -total([_weighted(p.log(), t), _weighted((-p).log1p(), 1.0 - t)])

    return mean(_each("binary_cross_entropy", predictions, targets, one))


def binary_cross_entropy_with_logits(logits: Outputs, targets: Targets) -> Value:
    """The mean of the binary cross-entropy of sigmoid(s), as log(1 + eˢ) − t·s, without overflow.

    ValueError as for mse.
    """
    return mean(_each("binary_cross_entropy_with_logits", logits, targets, lambda s, t: s.softplus() - t * s))


def hinge(scores: Outputs, targets: Targets) -> Value:
    """The mean of max(0, 1 − t·s) for targets of ±1: the max-margin loss. ValueError as for mse."""
    return mean(_each("hinge", scores, targets, lambda s, t: (1.0 - t * s).relu()))


def _squared(p: Value, t: Number) -> Value:
    return (p - t).square()


def _weighted(x: Value, weight: Number) -> Value | float:
    """The product, and nothing at all of it where the weight is the number 0: 0·log(0) is nan."""
    return x * weight if isinstance(weight, Value) or weight != 0.0 else 0.0


def _each(
    loss: str, predictions: Outputs, targets: Targets, one: Callable[[Value, Any], Value | float]
) -> list[Value | float]:
    """One term for each prediction and its target."""
    ps = [predictions] if isinstance(predictions, Value) else list(predictions)
    ts = list(targets) if isinstance(targets, Iterable) and not isinstance(targets, (Value, str)) else [targets]
    if len(ps) != len(ts) or not ps:
        raise ValueError(f"{loss} pairs each prediction with its target; there are {len(ps)} and {len(ts)}")
    return [one(operand(p, loss), t) for p, t in zip(ps, ts, strict=True)]
