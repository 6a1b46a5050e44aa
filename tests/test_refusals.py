"""Each slip with a Value is an error that says what to write instead, in the same words on both builds."""

import copy
import inspect
import math
import pickle
import re
import weakref
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Tape, Value, elementary, nn, no_grad, optim, strict
from autograd.engine.number import described

np: Any = numpy
"""NumPy's types know no Values."""
SLIPS: dict[str, str | None] = {
    "float(v)": "take v.data, or v.exp() for math.exp(v)",
    "math.exp(v)": "take v.data, or v.exp() for math.exp(v)",
    "complex(v)": "take v.data",
    "'%.2f' % v": "take v.data",
    "np.array([v], dtype=float)": "take v.data",
    "int(v)": "write int(v.data)",
    "range(v)": "write int(v.data)",
    "[1, 2, 3][v]": "write int(v.data)",
    "'abc'[v:]": None,
    "hex(v)": "write int(v.data)",
    "'%x' % v": None,
    "'%d' % v": None,
    "round(v)": "round(v.data) is a float",
    "round(v, 2)": 'round(v.data, 2) is a float, f"{v:.2f}" a text',
    "round(v, -1)": "round(v.data, -1) is a float",
    "math.floor(v)": "has no floor, which is flat between its jumps",
    "math.ceil(v)": "has no ceil, which is flat between its jumps",
    "math.trunc(v)": "has no trunc, which is flat between its jumps",
    "v // 2": "write v / w",
    "2 // v": "write v / w",
    "v // v": "write v / w",
    "v % 2": "has no %, which is flat between its jumps",
    "2 % v": "has no %, which is flat between its jumps",
    "v % np.ones(2)": "has no %, which is flat between its jumps",
    "divmod(v, 2)": "has no divmod",
    "divmod(2, v)": "has no divmod",
    "v @ v": "write v * w, or dot(xs, ys) for sequences",
    "[v] @ v": "write v * w, or dot(xs, ys) for sequences",
    "v @ np.ones(2)": "write v * w, or dot(xs, ys) for sequences",
    "v ^ 2": "a power is written v ** w",
    "2 ^ v": "a power is written v ** w",
    "bool(v)": "compare its data, as in v.data != 0.0",
    "v and 1": "compare its data, as in v.data != 0.0",
    "not v": "compare its data, as in v.data != 0.0",
    "1 if v else 0": "write `v is None` if that is meant",
    "v + 'a'": "convert it with float() first",
    "'a' * v": "convert it with float() first",
    "v + None": "did a function forget to return?",
    "[1, 2] * v": "work on its elements: [Value(x) for x in xs]",
    "v * 1j": "take .real or .imag",
    "v < 'a'": "convert it with float() first",
    "max(v, None)": "did a function forget to return?",
    "v.leaky_relu('a')": "convert it with float() first",
    "Value('3')": "convert it with float() first",
    "Value(None)": "did a function forget to return?",
    "Value([1, 2])": "work on its elements: [Value(x) for x in xs]",
    "Value(np.ones(2))": "not ndarray of shape (2,); work on its elements",
    "Value(np.array(2.0))": "take its number with .item()",
    "Value(np.complex64(2))": "take .real or .imag",
    "Value(v)": "use +v for a node of its own, v.data for its float, v.detach() to cut the graph",
    "Value(2, requires_grad=True)": "leave out requires_grad",
    "Value(2, requires_grad=False)": "a plain number gets none",
    "Value(2, 3)": "convert it with str() first",
    "Value(2, (v,), '*')": "@autograd.operation",
    "type('Mine', (Value,), {})": "keep a Value in an attribute of it instead",
    "v.backward(retain_graph=True)": "leave out retain_graph",
    "v.backward(create_graph=True)": "use grad_graph or grad",
    "v.backward(v)": "v.data for its float",
    "v.backward('a')": "convert it with float() first",
    "setattr(v, 'data', None)": "did a function forget to return?",
    "setattr(v, 'data', v * 0.1)": "v.data for its float",
    "setattr(v, 'grad', None)": "reset by v.grad = 0.0",
    "setattr(v, 'label', 3)": "convert it with str() first",
    "setattr(v, '_backward', print)": "@autograd.operation",
    "v.item()": "write v.data",
    "v.numpy()": "write v.data",
    "v.tolist()": "write v.data",
    "v.value": "write v.data",
    "v.shape": "a list of Values has len(xs)",
    "v.zero_grad()": "write v.grad = 0.0, or model.zero_grad() for all parameters",
    "v.requires_grad": "every Value gets a gradient",
    "setattr(v, 'requires_grad', True)": "every Value gets a gradient",
    "setattr(v, 'name', 'w')": "write v.label",
    "v.clone()": "write +v",
    "v.pow(2)": "write v ** w",
    "v.abs()": "write abs(v)",
    "len(v)": None,
    "v[0]": None,
    "[x for x in v]": None,
    "v()": None,
    "v.nothing": None,
    "weakref.ref(v)": None,
    "total(v)": "write total([…])",
    "total(v, v)": None,
    "exp('a')": "convert it with float() first",
    "exp([v])": "work on its elements",
    "clamp(v, min='a')": "convert it with float() first",
    "where([v], 1, 2)": "work on its elements",
    "maximum(v, None)": "did a function forget to return?",
    "Tape(3)": "give it the root of a graph",
    "autograd.nn.activate('relu', [v, 1.0])": "wrap a number as Value(number)",
    "autograd.arctan(v)": "did you mean atan?",
    "autograd.max(v, 1)": "did you mean maximum?",
}
"""Each with the remedy in its error; None where the words are Python's own."""


def fails(source: str) -> Exception:
    """The error of an expression; nothing in it changes v."""
    v = Value(2.0, label="v")
    scope = {"v": v, "math": math, "np": np, "weakref": weakref, "autograd": autograd}
    with pytest.raises((TypeError, AttributeError)) as error:
        eval(source, scope | {name: getattr(autograd, name) for name in autograd.__all__})
    assert (v.data, v.grad, v.label) == (2.0, 0.0, "v")
    return error.value


@pytest.mark.parametrize("source", SLIPS)
def test_a_slip_gets_a_remedy(source: str) -> None:
    error, remedy = fails(source), SLIPS[source]
    text = str(error)
    assert type(error) in (TypeError, AttributeError)
    assert (remedy or "") in text
    assert "Value Value" not in text
    assert re.search(r"\bv\b|Value|\bint|autograd|slice|total", text), "it names the thing"


@pytest.mark.parametrize("source", [source for source, remedy in SLIPS.items() if remedy])
def test_a_remedy_is_code_that_runs(source: str) -> None:
    """Its parts that begin with v, int or abs."""
    text = str(fails(source))
    remedy = text.partition(": " if "Value(data" in text else "; ")[2]
    for part in re.findall(r"\b(?:v\.\w+(?:\(\)| = 0\.0)?|v (?:\*\*?|/) w|int\(v\.data\)|abs\(v\))", remedy):
        exec(part, {"v": Value(2.0, label="v"), "w": Value(3.0)})


def test_what_a_scalar_can_do_it_does() -> None:
    v = Value(2.5, label="v")
    assert f"{v:.1f} {v:>5} {v}" == "2.5   2.5 " + repr(v)
    assert (abs(v).data, pow(v, 2).data, max(v, 1), sum([v, v]).data) == (2.5, 6.25, v, 5.0)  # type: ignore[union-attr]
    assert Value(2.0, "w").label == "w"
    assert copy.copy(v).data == v.data


def test_a_sum_of_nothing_is_pythons_zero_and_a_total_of_nothing_a_value() -> None:
    assert sum([]) == 0
    assert autograd.total([]).data == 0.0


@pytest.mark.parametrize("name", ["item", "shape", "requires_grad", "name", "zero_grad"])
def test_an_attribute_of_another_library_is_not_there(name: str) -> None:
    assert not hasattr(Value, name)
    assert not hasattr(Value(1.0), name)
    assert name not in dir(Value(1.0))
    assert getattr(Value(1.0), name, "none") == "none"
    assert inspect.getattr_static(Value, name).__doc__.startswith("A Value has none: ")


def test_the_attributes_of_a_value_are_listed() -> None:
    listed = [name for name in dir(Value(1.0)) if not name.startswith("_")]
    assert {"data", "grad", "label", "op", "operands", "partials", "backward", "exp", "tanh", "clamp"} <= set(listed)
    for name in listed:
        getattr(Value(1.0), name)


def test_libraries_that_try_what_a_thing_is_find_a_scalar() -> None:
    v = Value(1.0)
    for name in ("__iter__", "__len__", "__getitem__", "__array__", "dtype", "ndim"):
        assert not hasattr(v, name)
    assert (np.ndim(v), np.shape(v), np.array([v, v]).shape) == (0, (), (2,))
    assert pickle.loads(pickle.dumps(v)).data == copy.deepcopy(v).data == 1.0


def test_tensors_of_torch_are_taken_by_item() -> None:
    torch = pytest.importorskip("torch")
    v: Any = Value(2.0)
    for thing in (torch.tensor(2.0), torch.nn.Parameter(torch.tensor(2.0)), torch.tensor([2.0])[0]):
        for attempt in (Value, lambda x: v * x, lambda x: x * v, lambda x: v < x):
            with pytest.raises(TypeError, match=r"take its number with \.item\(\)$"):
                attempt(thing)
        assert Value(thing.item()).data == 2.0
    with pytest.raises(TypeError, match=r"not Tensor of shape \(3,\); work on its elements"):
        Value(torch.ones(3))


# ── no name is said twice ──


def things() -> list[Any]:
    """Things that some function does not take, of which many repeat their type in their repr."""
    v = Value(2.0, label="v")
    model = nn.MLP(2, [2, 1])
    return [
        *(v, v * v, [v], (v,), {"v": v}, model, model.layers[0], optim.SGD(model.parameters(), lr=0.1), Tape(v)),
        *(np.ones(2), np.float64(1.0), np.array(1.0), np.str_("a"), Fraction(1, 2), Decimal(1), range(3), 1j, None),
        *("a", b"a", "Value", object(), Value, print, math, autograd.grad(lambda x: x), slice(3), {1}, frozenset([1])),
    ]


def called(function: Callable[..., Any]) -> list[str]:
    """The messages of its errors for all things, alone and in twos."""
    texts = []
    for thing in things():
        for arguments in ((thing,), (thing, thing), (Value(1.0), thing), ([thing],), ([Value(1.0), thing],)):
            try:
                function(*arguments)
            except (TypeError, ValueError, AttributeError, OverflowError) as error:
                texts.append(str(error))
    return texts


FUNCTIONS = [
    *(Value, Tape, no_grad(), strict(), Value.backward, Value.__add__, Value.__rsub__, Value.__lt__, Value.clamp),
    *(Value.leaky_relu, Value.__pow__, np.multiply, np.exp, np.less),
    *(getattr(elementary, name) for name in autograd.__all__ if hasattr(elementary, name)),
    *(getattr(autograd, name) for name in ("maximum", "where", "total", "dot", "softmax", "product", "xlogy")),
]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_no_error_says_a_type_twice(function: Callable[..., Any]) -> None:
    for text in called(function):
        assert not re.search(r"\b(\w+) <?\1\b", re.sub(" object at 0x[^>]*", "", text)), text
        assert "\n" not in text


@given(st.one_of(st.text(), st.lists(st.integers()), st.integers(), st.binary(), st.builds(Fraction)))
def test_a_thing_is_described_on_one_short_line(thing: Any) -> None:
    text = described(thing)
    assert type(thing).__name__ in text
    assert "\n" not in text
    assert len(text) <= 60 + len(type(thing).__name__) + 1


# ── at other prompts ──


def test_errors_in_ipython_are_the_same() -> None:
    shells = pytest.importorskip("IPython.core.interactiveshell")
    shell = shells.InteractiveShell.instance()
    shell.showtraceback = lambda *_, **__: None
    assert shell.run_cell("from autograd import Value; v = Value(2.0, label='v')").success
    for source, remedy in SLIPS.items():
        if remedy and not re.search(r"\b(np|math|autograd|total|exp|clamp|where|maximum|Tape)\b", source):
            result = shell.run_cell(source)
            assert remedy in str(result.error_in_exec)
    assert "v.data" in shell.Completer.all_completions("v.")
    assert "v.item" not in shell.Completer.all_completions("v.")


class Unshown:
    def __repr__(self) -> str:
        raise OSError("no text")


def deep() -> list[Any]:
    row: list[Any] = []
    for _ in range(5_000):
        row = [row]
    return row


def ring() -> list[Any]:
    row: list[Any] = []
    row.append(row)
    return row


@pytest.mark.parametrize("made", [deep, ring, Unshown])
@pytest.mark.parametrize(
    "call",
    [
        *("Value(thing)", "v + thing", "mean(thing)", "Tape(v).place(thing)", "formula.describe(thing)", "grad(thing)"),
        *(
            "grad(lambda x: x)(thing)",
            "hessian(lambda x: x)(v, thing)",
            "grad(abs, argnums=thing)",
            "inputs(2, name=thing)",
        ),
        *(
            "compile(lambda x: x, (thing,))",
            "compile(lambda x: x, ((),), parameters=thing)",
            "draw(v, direction=thing)",
        ),
        *(
            "nn.MLP(thing, 2)",
            "nn.MLP(2, [3], thing)",
            "nn.Layer(2, thing)",
            "nn.Conv2d(1, 1, thing)",
            "optim.SGD(thing)",
        ),
        *("nn.Linear(1, 1).load_state_dict({'weight': thing, 'bias': [0.0]})", "operation(domain=thing)(square)"),
        *(
            "grad_graph(v * v, [thing])",
            "check.gradcheck(lambda x: x, [2.0], order=thing)",
            "nn.Linear(1, 1, init=thing)",
        ),
        *("replay(v, 'interval', inputs={v: (thing, thing, thing)}).value", "replay(v, 'complex', digits=thing)"),
    ],
)
def test_a_thing_without_a_text_gets_the_error_of_any_other(call: str, made: Callable[[], object]) -> None:
    v = Value(2.0, label="v")
    public = {name: getattr(autograd, name) for name in autograd.__all__}
    modules = {"nn": nn, "optim": optim, "check": autograd.check, "formula": autograd.formula}
    with pytest.raises((TypeError, ValueError, RecursionError)) as error:
        eval(call, {**public, **modules, "v": v, "thing": made()})
    assert "maximum recursion depth" not in str(error.value)
    assert v.grad == 0.0
