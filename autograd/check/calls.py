"""The call of a check: errors for slips, before the function is called, and the names of its inputs.

>>> from autograd.check.calls import names_of
>>> names_of(lambda ws, b: ws[0] * ws[1] + b, [[1.0, 2.0], 3.0])
['ws[0]', 'ws[1]', 'b']
"""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

from autograd.engine.number import described
from autograd.functional import leaves
from autograd.functional.nesting import located, text
from autograd.wording import counted, visible


def names_of(f: Callable[..., Any], inputs: Sequence[object]) -> list[str]:
    """The names of the inputs, such as x or ws[1][0], from the parameters of f; else their positions."""
    parameters = [p for p in _parameters(f) if p.kind != p.KEYWORD_ONLY]
    named = len(parameters) >= len(inputs) and all(p.kind != p.VAR_POSITIONAL for p in parameters)
    return [
        text(path)
        for i, part in enumerate(inputs)
        for path, _ in located(part, parameters[i].name if named else str(i))
    ]


def _parameters(f: Callable[..., Any]) -> list[inspect.Parameter]:
    try:
        return [*inspect.signature(f).parameters.values()]
    except (TypeError, ValueError):  # Some functions of C have no signature.
        return []


def refuse_slips(f: object, inputs: object) -> None:
    """Raise the error of a call that can't work, before f is called."""
    if not callable(f):
        raise TypeError(f"f is a function of Values, not {shown(f)}; give it first, as in (lambda x: x * x, [3.0])")
    if not isinstance(inputs, (list, tuple)):
        raise TypeError(f"inputs is a list with one entry per argument of f, not {shown(inputs)}; write [x, ...]")
    if not any(True for _ in leaves(inputs)):
        raise ValueError("inputs is empty, so there is no derivative to check; give one entry per argument of f")
    parameters = _parameters(f)
    if parameters:
        try:
            inspect.signature(f).bind(*inputs)
        except TypeError as error:
            taken = f"{counted(len(parameters), 'argument')}, {', '.join(map(str, parameters))}"
            raise TypeError(
                f"f takes {taken}, and the length of inputs is {len(inputs)}: {error}; give one entry per argument, "
                "and a list for an argument that is a list, as in [[x, y]]"
            ) from None


def shown(thing: object) -> str:
    return visible(described(thing))
