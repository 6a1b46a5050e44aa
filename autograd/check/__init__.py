"""Checks of gradients: `gradcheck` compares `backward` with differences of function values.

>>> from autograd.check import gradcheck
>>> gradcheck(lambda x, y: (x * y).tanh(), [0.5, 0.8])
input  value  backward  numerical    error
x        0.5  0.684511   0.684511  ...e-14  ok
y        0.8  0.427819   0.427819  ...e-1...  ok

`ulps` reports the rounding errors of a value and a gradient. `autograd.check.strategies` generates inputs and random
graphs for hypothesis, which is installed by `pip install hypothesis`.
"""

import importlib
from typing import TYPE_CHECKING, Any

from autograd.check.gradcheck import GradcheckError, GradcheckReport, Row, gradcheck
from autograd.check.numerical import numerical_grad

if TYPE_CHECKING:
    from autograd.check.rounding import UlpsReport, UlpsRow, ulps

__all__ = ["GradcheckError", "GradcheckReport", "Row", "UlpsReport", "UlpsRow", "gradcheck", "numerical_grad", "ulps"]


def __getattr__(name: str) -> Any:
    # Loaded on demand: the strategies need hypothesis, and rounding errors all kinds of numbers.
    if name == "strategies":
        return importlib.import_module("autograd.check.strategies")
    if name in ("UlpsReport", "UlpsRow", "ulps"):
        return getattr(importlib.import_module("autograd.check.rounding"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "strategies"]
