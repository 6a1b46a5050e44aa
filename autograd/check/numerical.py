"""The gradient of a function by central differences, without any derivative.

>>> from autograd.check import numerical_grad
>>> numerical_grad(lambda x: x * x, [3.0])
[6.0]
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Final

from autograd.check.probe import Probe
from autograd.engine.value import Value
from autograd.functional import rebuild, topological_order

CENTRAL_STEP: Final = 2.0**-17
"""About ε^(1/3), at which the rounding and the truncation of a central difference are in balance."""
SMALL: Final = 2.0**-5
"""Below it the scale of an input may be another than 1, so two steps are tried."""
NOTHING: Final = 2.0**-1000
"""Below it an input counts as 0, because floats can't represent a step of a fraction of it."""
DISAGREE: Final = 1e-2
"""Two steps that differ by more see different functions, as on two sides of a kink; a smaller difference is rounding
of the finer step."""


def numerical_grad(f: Callable[..., Any], inputs: Sequence[object]) -> list[Any]:
    """The gradient of f at inputs by central differences, as floats in the nesting of inputs.

    f takes Values and returns one. inputs has one entry per argument of f: a number, a leaf, or nested lists of them.
    The step is 2⁻¹⁷ of the size of each input, or of 1 for a smaller input. For an input below 1/32 both steps are
    tried, and the finer one counts if they differ by more than rounding explains. A leaf is moved in place and put
    back, so f may also use it without taking it as an argument. The errors are those of `gradcheck`, except
    GradcheckError.

    >>> numerical_grad(lambda x: x * x, [3.0])
    [6.0]
    """
    probe = Probe(f, inputs)
    numbers = iter([_central(probe, v) for v in probe.inputs])
    return [rebuild(part, numbers) for part in inputs]


def _central(probe: Probe, v: Value) -> float:
    size = abs(v.data)
    coarse_step, fine_step = CENTRAL_STEP * max(size, 1.0), CENTRAL_STEP * size
    coarse = _slope(probe, v, coarse_step)
    if size >= SMALL or size < NOTHING:
        return coarse
    fine = _slope(probe, v, fine_step)
    largest = max(abs(node.data) for node in topological_order(probe.root()))
    noise = 8.0 * 2.0**-53 * largest * (1.0 / coarse_step + 1.0 / fine_step)
    doubt = max(noise, DISAGREE * max(abs(coarse), abs(fine)))
    return coarse if abs(coarse - fine) <= doubt else fine


def _slope(probe: Probe, v: Value, step: float) -> float:
    """The difference quotient of f over a step to both sides of v, divided by the distance that rounding left of it."""
    rise, run = probe.at(v, step) - probe.at(v, -step), (v.data + step) - (v.data - step)
    return rise / run if run != 0.0 else math.nan
