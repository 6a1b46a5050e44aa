"""JavaScript that tests run, in QuickJS."""

import json
import math
from collections.abc import Callable, Sequence
from typing import Any

import pytest

quickjs = pytest.importorskip("quickjs", reason="no JavaScript engine: pip install quickjs")


def literal(thing: Any) -> str:
    """A number, a text, a list or a dictionary as JavaScript."""
    if isinstance(thing, float):
        return repr(thing).replace("inf", "Infinity").replace("nan", "NaN")
    if isinstance(thing, list | tuple):
        return f"[{', '.join(map(literal, thing))}]"
    if isinstance(thing, dict):
        return f"{{{', '.join(f'{json.dumps(key)}: {literal(part)}' for key, part in thing.items())}}}"
    return json.dumps(thing)


def evaluator(text: str) -> Callable[[str], Any]:
    """Evaluates expressions beside a text, which is in strict mode; a list of numbers with infinities, NaN and -0."""
    context = quickjs.Context()
    context.eval(f'"use strict"; {text}')

    def value(expression: str) -> Any:
        texts = '"[" + r.map((x) => (Object.is(x, -0) ? "-0" : String(x))).join(" ")'
        found = context.eval(f"((r) => (Array.isArray(r) ? {texts} : r))({expression})")
        return [*map(float, found[1:].split())] if isinstance(found, str) and found[:1] == "[" else found

    return value


def rules_in(text: str) -> Callable[[str, Sequence[float]], list[float]]:
    """The rules in a text as a function of the operation and of its operands: the value, the derivatives, the case."""
    value = evaluator(f"{text}\nconst run = (op, row) => {{ const r = rules[op](row); return [r.z, ...r.d, r.k]; }};")
    return lambda op, row: value(f"run({json.dumps(op)}, {literal(row)})")


def same(a: float, b: float) -> bool:
    """Equal, zeros by sign and nan by being nan."""
    return (a != a and b != b) or (a == b and math.copysign(1.0, a) == math.copysign(1.0, b))
