"""The rules read as text, and over other kinds of numbers than floats.

>>> from autograd import Value, formula
>>> formula.describe("tanh")
z = tanh(x)
∂z/∂x = 1 - z²
>>> h = Value(0.35, label="z1").sigmoid()
>>> formula.partial_text(h, 0), formula.partial_text(h, 0, numbers=True)
('z·(1 - z)', '0.586618·(1 - 0.586618)')

Each reading is made from the source of `rules.py`, so that no derivative is stated a second time. `replay` computes a
recorded graph over other numbers.

Floats follow IEEE 754: no number makes an operation raise an error or give a complex result. At some points a
derivative is a choice. There, value and derivative are:

| operation, point | value | derivative | second derivative |
| --- | --- | --- | --- |
| relu(±0) | 0 | 0; relu(nan) is nan | 0, as on the left |
| leaky_relu(0) | 0 | the slope | 0 |
| elu(0) | 0 | alpha | alpha, as on the left |
| abs(±0) | 0 | 0 | 0; abs(x)**2 has 2, and cos(abs(x)) nan |
| sign(±0) | 0 | 0 | 0 |
| maximum, minimum: tie | x | ½ each; a nan on either side gives nan | 0, for ½ is a constant: maximum(x, -x)**2 has 0 |
| largest, smallest: k-way tie | x | 1/k each | 0 |
| clamp at a bound | the bound | 1 by x, 0 by the bound | 0 |
| where(±0, a, b), where(nan, a, b) | b | 1 by b; nothing by x and a | 0 |
| hypot(0, 0), norm of zeros | 0 | 0 | nan; norm(x)**2 has 2 |
| atan2(0, 0) | 0 | nan | nan |
| sqrt(±0) | ±0 | inf | -inf |
| rsqrt(±0) | inf | -inf | inf |
| sqrt(x<0), log(x<0) | nan | nan | nan |
| log(±0) | -inf | inf | -inf |
| xlogy(0, y) | 0, for y = 0 too | dx log(y); dy 0 | dxy 1/y; nan by y at y = 0 |
| asin, acos(±1) | ±π/2; 0, π | inf; -inf | ±inf; ∓inf |
| acosh(1) | 0 | inf | -inf |
| atanh(±1) | ±inf | inf | ±inf |
| x**0, any x, nan included | 1 | dx 0 | dxx 0 |
| 0**0 | 1 | 0, 0 | dxx 0, others nan |
| 0**y, y>0 | 0 | dx: 0 for y>1, 1 for y=1, inf for y<1; dy 0 | dxx: 0 for y>2, 2 at 2, then inf, 0 at 1, then -inf |
| 0**-1 | inf | dx -inf | inf |
| x<0, integer y | exact | dx exact; dy nan, and not formed for a constant y | dxx exact, others nan |
| x<0, other y | nan | nan | nan |
| (-inf)**y, other y | inf, 0 (IEEE) | — | — |
| 1**nan, 1**inf | 1 | dy 0 | — |
| x/0, 0/0 | ±inf, nan | 1/y and -(x/y)/y | 0, -1/y² and 2x/y³ |
| exp above 709.78, pow overflow | inf | inf; 1e200**2 has dx 2e200 | inf; 1e200**2 has dxx 2 |
| tanh, sigmoid, softplus far out | saturate | 0 or 1; sigmoid(-40) keeps all its digits | 0; that of sigmoid(-40) too |
| sin, cos of ±inf | nan | nan | nan |
| logaddexp, logsumexp, softmax: k equal infinities | the infinity; softmax 1/k | 1/k each | 1/k - 1/k² and -1/k² |
| x·inf at x = 0 | nan | IEEE | 0, 1 |

Elsewhere a value is within 4 ulp of the exact result and a derivative within 8 ulp, over the whole range of floats.
The exceptions are formulas that cancel: the tails of tanh, sigmoid and expm1 have an error of at most 2.3e-16, and
gelu of 64 ulp. `python -m tests.oracle` measures the largest error of each operation against mpmath.
"""

from autograd.formula.cases import Rule, constants, rule, rules, still_holds, unchanged
from autograd.formula.text import case_of, describe, operation_text, partial_text
from autograd.formula.vocabularies import BREAKDOWN, Vocabulary, as_selections, over, over_arrays, partials_over_values

__all__ = [
    "BREAKDOWN",
    "Rule",
    "Vocabulary",
    "as_selections",
    "case_of",
    "constants",
    "describe",
    "operation_text",
    "over",
    "over_arrays",
    "partial_text",
    "partials_over_values",
    "rule",
    "rules",
    "still_holds",
    "unchanged",
]
