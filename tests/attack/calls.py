"""Calls of every public function and method with hostile arguments.

>>> from tests.attack import calls
>>> calls.attempt("mean([1.0, Value(3.0)])")
Answer(outcome='Value(data=2.0)', fault='')
>>> calls.attempt("mean('ab')").outcome
"TypeError: mean takes a sequence of Values and numbers, not str 'ab'; write mean([…])"

A call ends with a result, or with an ordinary exception that has a message. It changes no node that it was given,
unless that is its work, and leaves the process as it was.
"""

import ast
import linecache
import random
import re
import warnings
from collections.abc import Iterator
from random import Random
from types import TracebackType
from typing import Any, Final

import numpy

from autograd import Value
from tests.attack import api, hostile
from tests.attack.answer import Answer
from tests.attack.intact import Kept, disorder
from tests.running import PACKAGE

FITTING_SHARE: Final = 0.6
"""Of the arguments: likely to be taken, so that calls get further than the first check."""
NAMED_SHARE: Final = 0.3
"""Of the parameters with a default: given."""
WRITES: Final = frozenset(
    hostile.texts_in("""
    backward  zero_grad  step  load  load_state_dict  fit  clip_grad_norm_  clip_grad_value_  write_back
    __setstate__  __init__  setattr  swept  add_param_group
""")
)
"""Functions that may change nodes; not if they raise an error, except for the next ones."""
HALFWAY: Final = frozenset(("fit", "__setstate__"))
"""A training keeps the steps that were made, and a pickle that was written by hand is filled in as far as it goes."""
INTERNAL: Final = (SystemError, AssertionError, NameError, AttributeError, UnboundLocalError, RecursionError)
"""Errors that nobody may get from a line of ours, unless the line raises them."""
AROUND: Final = ("[{}, {}]", "[{}] * 2", "({}, {})", "{{'w': {}}}", "(lambda *xs: {})", "[({}, {})]")
MOST_SHOWN: Final = 400
"""Characters of an outcome."""


def texts(rng: Random) -> Iterator[str]:
    """Random calls, without end."""
    targets = api.targets()
    while True:
        target = rng.choice(targets)
        given: list[str] = []
        for name in target.parameters:
            if name.startswith("*"):
                if rng.random() < NAMED_SHARE:
                    given.append(f"{name[1:]}={_argument(rng, name[1:])}")
            else:
                given.append(_argument(rng, name))
        if rng.random() < 0.05:
            given = given[:-1] if rng.random() < 0.5 else [_argument(rng, "x"), *given]
        yield f"{target.text}({', '.join(given)})"


def _argument(rng: Random, parameter: str) -> str:
    fitting = rng.random() < FITTING_SHARE
    text = rng.choice(api.texts_for(parameter) if fitting else api.hostile_for(parameter))
    if not fitting and rng.random() < 0.2:
        other = rng.choice(hostile.ORDINARY)
        text = rng.choice(AROUND).format(text, other)
    return text


def attempt(text: str) -> Answer:
    """The outcome of a call, and how it breaks the rules."""
    call = ast.parse(text, mode="eval").body
    assert isinstance(call, ast.Call), text
    random.seed(0)
    numpy.random.seed(0)
    scope = dict(hostile.SCOPE)
    try:
        function = _evaluated(call.func, scope)
        rows = [_evaluated(one, scope) for one in call.args]
        named = {str(one.arg): _evaluated(one.value, scope) for one in call.keywords}
    except Exception as failure:  # An operation on the way to the call, such as that of a row of two.
        return Answer(f"no call: {type(failure).__name__}")
    kept = Kept([getattr(function, "__self__", None), getattr(function, "args", None), rows, named])
    error: BaseException | None = None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            result = function(*rows, **named)
            outcome = shown(result)
        except BaseException as caught:
            error = caught
            outcome = f"{type(caught).__name__}: {_message(caught)}"
    words = set(re.findall(r"\w+", ast.unparse(call.func)))
    fault = ""
    if error is not None:
        fault = fault_of(error)
    if not fault and not (words & WRITES if error is None else words & HALFWAY):
        fault = kept.changes()
    return Answer(canonical(outcome), fault or disorder())


def _evaluated(node: ast.expr, scope: dict[str, Any]) -> Any:
    return eval(compile(ast.Expression(node), "<hostile>", "eval"), scope)


def _message(error: BaseException) -> str:
    try:
        return str(error)
    except Exception as failure:
        return f"no text, but {type(failure).__name__}"


def fault_of(error: BaseException) -> str:
    """How an exception breaks the rules, as text; empty if it is ordinary."""
    name, frames = type(error).__name__, list(_frames(error.__traceback__))
    if any(file in (hostile.__file__, "<hostile>") for file, _ in frames):
        return ""  # A function of the caller's may do anything.
    if not isinstance(error, Exception):
        return f"{name} isn't an ordinary exception"
    if not isinstance(error, SystemError) and not any(_is_ours(file) for file, _ in frames):
        return ""  # Python or NumPy alone.
    file, line = frames[-1] if frames else ("machine code", 0)
    if "'Impostor' object" in _message(error):
        return ""  # It lacks what its `__class__` promises. Only Values are told by their type; others have proxies.
    if isinstance(error, INTERNAL) and _is_ours(file) and not linecache.getline(file, line).strip().startswith("raise"):
        return f"{name} from {file.removeprefix(str(PACKAGE))}:{line}: {_message(error)[:MOST_SHOWN]}"
    if isinstance(error, (RecursionError, SystemError)) and "; " not in _message(error):
        return f"{name} without a remedy, from {file}:{line}"
    return "" if _message(error) else f"{name} without a message"


def _is_ours(file: str) -> bool:
    return file.startswith((str(PACKAGE), "autograd/engine"))  # The machine code names its sources so.


def _frames(trace: TracebackType | None) -> Iterator[tuple[str, int]]:
    while trace is not None:
        if trace.tb_frame.f_code.co_filename != __file__:
            yield trace.tb_frame.f_code.co_filename, trace.tb_lineno
        trace = trace.tb_next


# ── outcomes as text ──

_ADDRESS: Final = re.compile(r"0x[0-9a-f]*…?")
_FUNCTION: Final = re.compile(r"<(built-in |unbound |bound )?(method|function|method-wrapper)\b.*?>")
_KINDS: Final = re.compile(r"\b(builtin_function_or_method|(method|getset|member)_descriptor|\w+_Tape_gen)\b")
_KIND: Final = {
    "builtin_function_or_method": "function",
    "method_descriptor": "function",
    "getset_descriptor": "property",
    "member_descriptor": "property",
}
_WORDS_OF_PYTHON: Final = re.compile(
    r"TypeError: .*\b(argument|object is not callable|__class__ assignment)|"
    r"AttributeError: (property|attribute) .* (has no setter|has no deleter|is not writable)"
)
"""Python and the compiler have words of their own for the number of arguments."""
_OF_ANOTHER_TYPE: Final = re.compile(r"TypeError: .* object expected; got ")
"""The compiler refuses an argument by its annotation; Python fails later, in another way."""


def shown(thing: object, depth: int = 3) -> str:
    """A result as text that both builds share: its type, and its numbers."""
    kind = type(thing)
    if kind is int and abs(thing) > MOST_SHOWN:  # type: ignore[arg-type]
        return "a large int"  # A hash of an object is its address.
    if kind is Value or kind in (float, int, str, bool, type(None)):
        return repr(thing)
    if kind in (list, tuple) and depth:
        return f"{kind.__name__}[{', '.join(shown(one, depth - 1) for one in thing[:20])}]"  # type: ignore[index]
    return kind.__name__


def canonical(outcome: str) -> str:
    """An outcome without addresses, and with Python's names for the types of machine code."""
    outcome = _FUNCTION.sub("<function>", _ADDRESS.sub("0x…", outcome))
    return _KINDS.sub(lambda found: _KIND.get(found[0], "generator"), outcome)[:MOST_SHOWN]


def alike(one: str, other: str) -> bool:
    """Whether outcomes of both builds are the same, but for words of Python in a TypeError or an AttributeError."""
    if one == other or "TheirError" in (one.partition(": ")[0], other.partition(": ")[0]):
        return True  # The one build may ask a hostile object for what the other one knows.
    kinds = one.partition(": ")[0], other.partition(": ")[0]
    if _WORDS_OF_PYTHON.match(one) or _WORDS_OF_PYTHON.match(other):
        return kinds[0] == kinds[1]
    refused = _OF_ANOTHER_TYPE.match(one) or _OF_ANOTHER_TYPE.match(other)
    return refused is not None and all(kind.endswith("Error") for kind in kinds)
