"""Functions beside methods: the same operations, by the same names, over Values and numbers."""

import builtins
import copy
import inspect
import math
import pickle
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, elementary
from autograd.check import strategies
from autograd.engine.graph import is_constant
from autograd.formula import parse
from autograd.operations import OPERATIONS

METHODS = [name for name, row in OPERATIONS.items() if row.kind == "method"]
NAMED = [name for name, row in OPERATIONS.items() if row.kind in ("method", "function", "sequences")]


def test_every_operation_is_a_name_of_the_package() -> None:
    assert set(NAMED) <= set(autograd.__all__)
    assert {"exp2", "asinh", "acosh", "atanh", "atan2", "clamp", "where", "sign", "xlogy"} <= set(NAMED)
    assert [name for name in METHODS if getattr(autograd, name) is not getattr(elementary, name)] == []


def test_every_function_of_an_expression_is_a_name_of_the_package() -> None:
    for name in parse._functions():
        assert name in autograd.__all__ or name in vars(builtins), name


@pytest.mark.parametrize("name", METHODS)
@given(data=st.data())
def test_a_function_is_its_method(name: str, data: st.DataObject) -> None:
    row = data.draw(strategies.operands(name))
    results = []
    for call in (getattr(autograd, name), lambda x, *others: getattr(x, name)(*others)):
        leaves = [Value(x) for x in row]
        z = call(*leaves)
        z.backward()
        results.append((z.op, z.data.hex(), [x.hex() for x in z.partials], [v.grad.hex() for v in leaves]))
    assert results[0] == results[1]
    assert type(getattr(autograd, name)(row[0])) is Value


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("half", [0.5, np.float64(0.5), np.float32(0.5), Value(0.5)])
def test_a_number_becomes_a_constant(name: str, half: Any) -> None:
    z = getattr(autograd, name)(half)
    assert (z.op, z.operands[0].data) == (name, 0.5)
    assert is_constant(z.operands[0]) == (not isinstance(half, Value))


@pytest.mark.parametrize("name", METHODS)
def test_a_function_has_the_signature_and_the_docstring_of_its_method(name: str) -> None:
    function, method = getattr(autograd, name), getattr(Value, name)
    (first, *ours), (_, *theirs) = (inspect.signature(f).parameters.values() for f in (function, method))
    assert (first.name, first.kind, first.default) == ("x", first.POSITIONAL_OR_KEYWORD, first.empty)
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in theirs]
    assert function.__doc__ == method.__doc__
    assert (function.__name__, function.__qualname__) == (name, name)


def test_parameters_are_given_by_position_and_by_name() -> None:
    assert autograd.leaky_relu(-2.0, 0.5).data == autograd.leaky_relu(-2.0, slope=0.5).data == -1.0
    assert autograd.elu(-2.0, alpha=2.0).data == 2.0 * math.expm1(-2.0)
    assert autograd.clamp(3.0, max=1.0).data == autograd.clamp(3.0, None, 1.0).data == 1.0
    assert autograd.clamp(x=3.0, min=Value(4.0)).data == 4.0


@pytest.mark.parametrize("name", METHODS)
def test_wrong_calls_name_the_function(name: str) -> None:
    function = getattr(autograd, name)
    with pytest.raises(TypeError, match=rf"^{name}\(\) missing 1 required positional argument: 'x'"):
        function()
    with pytest.raises(TypeError, match=rf"^{name}\(\) takes .* positional arguments? but 5 were given"):
        function(1, 2, 3, 4, 5)
    with pytest.raises(TypeError, match=rf"^{name} takes Values, ints, floats .*not str 'a'; convert it with float"):
        function("a")


def test_functions_are_copied_and_pickled_by_name() -> None:
    for name in METHODS:
        function = getattr(autograd, name)
        assert pickle.loads(pickle.dumps(function)) is copy.deepcopy(function) is function


@pytest.mark.parametrize("name", [name for name in NAMED if not OPERATIONS[name].of_sequences])
@given(data=st.data())
def test_an_expression_is_the_same_text_at_the_prompt(name: str, data: st.DataObject) -> None:
    row = [float(x) for x in data.draw(strategies.operands(name))]
    names = "abc"[: len(row)]
    text = f"0.5 * {name}({', '.join(names)}) + a"
    numbers = dict(zip(names, row, strict=True))
    read = parse.read(text, numbers)
    scope = {"__builtins__": {}} | {name: getattr(autograd, name) for name in autograd.__all__}
    run = eval(text, scope, {name: Value(x) for name, x in numbers.items()})
    assert read.data == run.data
    assert [v.op for v in autograd.topological_order(read)] == [v.op for v in autograd.topological_order(run)]


def test_no_name_hides_a_builtin_but_compile() -> None:
    assert set(autograd.__all__) & set(vars(builtins)) == {"compile"}
