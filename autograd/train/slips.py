"""The arguments of `fit`, each checked, with the remedy for the likely slips.

>>> from autograd.train.slips import rows_of
>>> rows_of([([1.0], 2.0)])
[([1.0], 2.0)]
"""

import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from numbers import Real
from typing import Any, TypeAlias

from autograd import losses, optim
from autograd.arguments import described
from autograd.engine.functions import mean
from autograd.engine.value import Value
from autograd.optim import Optimizer

Metrics: TypeAlias = Mapping[str, Callable[[Sequence[tuple[Any, Any]]], float]]
"""Means over pairs of an output and its target, by name."""


def callable_model(model: Any) -> Callable[[Any], Any]:
    """The model itself; TypeError for anything that can't be called, and for a class."""
    if isinstance(model, type):
        raise TypeError(
            f"fit calls the model, which is the class {model.__name__}; make one, as in {model.__name__}(…)"
        )
    if not callable(model):
        raise TypeError(f"fit calls the model, which is no {described(model)}; pass a function")
    return model  # type: ignore[no-any-return]


def callable_loss(loss: Any) -> Callable[[Any, Any], Value]:
    """The loss itself; TypeError for anything that can't be called."""
    if callable(loss):
        return loss  # type: ignore[no-any-return]
    remedy = "pass a function, such as losses.mse"
    if isinstance(loss, str):
        near = get_close_matches(loss.lower(), losses.__all__, n=1)
        remedy = f"pass losses.{near[0]}, without quotes" if near else f"there are {', '.join(losses.__all__)}"
    elif type(loss) is Value:
        remedy = "pass the function itself, such as losses.mse, and not what it returned"
    elif isinstance(loss, Optimizer):
        remedy = "pass it before the optimizer, as in fit(model, data, losses.mse, optimizer, …)"
    elif hasattr(loss, "__len__"):
        remedy = "if these are the targets, pair them: fit(model, list(zip(inputs, targets)), losses.mse, optimizer, …)"
    raise TypeError(f"fit calls the loss, which is no {described(loss)}; {remedy}")


def optimizer_of(optimizer: Any, of: str) -> Any:
    """The optimizer itself; TypeError for anything else. `of` is the text of what it should be made for."""
    if not isinstance(optimizer, type) and all(
        hasattr(optimizer, name) for name in ("parameters", "zero_grad", "step")
    ):
        return optimizer
    name, more = "SGD", ""
    if isinstance(optimizer, type) and issubclass(optimizer, Optimizer):
        name = optimizer.__name__
    elif isinstance(optimizer, str):
        kinds = {kind.lower(): kind for kind in optim.__all__ if isinstance(getattr(optim, kind), type)}
        name = kinds[(get_close_matches(optimizer.lower(), kinds, n=1) or ["sgd"])[0]]
    elif isinstance(optimizer, Real):
        more = f", lr={optimizer}"
    raise TypeError(f"fit takes an optimizer, as in optim.{name}({of}{more}), not {described(optimizer)}")


def rows_of(data: object, parts: int = 2, remedy: str = "pair columns by list(zip(xs, ts))") -> list[Any]:
    """The rows of data as a list, if each is a pair, or has as many parts."""
    if not isinstance(data, Iterable):
        raise TypeError(f"data is a list of (input, target), not {described(data)}")
    rows = list(data)
    if not rows:
        raise ValueError("fit has no rows to fit to; data is a list of (input, target)")
    for row in rows:
        if not isinstance(row, (tuple, list)) or len(row) != parts:
            wanted = "pair (input, target)" if parts == 2 else f"tuple of the program's {parts} inputs"
            raise ValueError(f"a row of data is a {wanted}, not {reprlib.repr(row)}; {remedy}")
    return rows


def measures(metrics: Any) -> Metrics:
    """The means of the metrics by name; TypeError for anything that is not a dictionary of functions."""
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping) or not all(map(callable, metrics.values())):
        raise TypeError(
            f"metrics is a dictionary of functions of one output and its target, as in "
            f"{{'accuracy': lambda y, t: (y > 0.5) == t}}, not {described(metrics)}"
        )
    return {str(name): _mean(str(name), metric) for name, metric in metrics.items()}


def _mean(name: str, metric: Callable[[Any, Any], Any]) -> Callable[[Sequence[tuple[Any, Any]]], float]:
    def of_row(output: Any, target: Any) -> float:
        found = metric(output, target)
        try:
            return found.data if type(found) is Value else float(found)
        except (TypeError, ValueError):
            raise TypeError(
                f"fit: the metric {name} returns a number or True or False for one row, not {described(found)}"
            ) from None

    return lambda pairs: mean([of_row(output, target) for output, target in pairs]).data
