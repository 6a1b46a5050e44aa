"""The rules read as text, and over other kinds of numbers than floats.

>>> from autograd import Value, formula
>>> print(formula.describe("tanh"))
z = tanh(x)
∂z/∂x = 1 - z²
>>> h = Value(0.35, label="z1").sigmoid()
>>> formula.partial_text(h, 0), formula.partial_text(h, 0, numbers=True)
('z·(1 - z)', '0.586618·(1 - 0.586618)')

Nothing is stated here a second time: each reading is made from the source of `rules.py`.
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
