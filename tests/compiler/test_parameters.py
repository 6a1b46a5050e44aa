"""The vector of a program's parameters: names of its parts, what is written into it, and changes behind its back."""

import math
import re
from typing import Any

import numpy as np
import pytest

from autograd import Value, nn
from autograd.compiler.parameters import Parameters, labelled, listed, put


def refused(kind: type[Exception], text: str) -> Any:
    return pytest.raises(kind, match=re.escape(text))


def named(parameters: Any) -> dict[str, Any]:
    """The numbers of the groups by name."""
    made = Parameters(*listed(parameters), "float64")
    return {name: view.tolist() for name, view in made.views.items()}


def values(*data: float) -> list[Value]:
    return [*map(Value, data)]


def test_names_of_groups() -> None:
    a, b, c, d = values(1.0, 2.0, 3.0, 4.0)
    assert named([a, b, c]) == {"p": [1.0, 2.0, 3.0]}
    assert named({"w": [[a, b], [c, d]], "b": d, 3: c}) == {"w": [[1.0, 2.0], [3.0, 4.0]], "b": 4.0, "3": 3.0}
    assert named(v for v in (a, [b, (c,)])) == {"p": [1.0, 2.0, 3.0]}
    # No view shows leaves that lie in no order of the vector.
    assert named({"w": [a, b, c], "v": [a, c, b], "u": [a, c], "t": [c, b, a]}) == {
        "w": [1.0, 2.0, 3.0],
        "u": [1.0, 3.0],
        "t": [3.0, 2.0, 1.0],
    }
    assert [v.data for v in listed({"w": [a, b], "v": [b, c]})[0]] == [1.0, 2.0, 3.0]


def test_labels_of_their_own_are_names() -> None:
    a, b = Value(1.0, label="a"), Value(2.0, label="b")
    assert named([a, b]) == {"a": 1.0, "b": 2.0}
    assert named([a, Value(3.0)]) == {"p": [1.0, 3.0]}
    assert named([a, Value(3.0, label="a")]) == {"p": [1.0, 3.0]}
    assert [name for name, _ in labelled([b, a])] == ["b", "a"]


class Shared(nn.Module):
    """A module that uses one layer twice, and has parameters of other kinds."""

    def __init__(self) -> None:
        self.first = nn.Layer(2, 1)
        self.again = self.first
        self.scale = Value(3.0)


class Part(Shared):
    """One that lists some of its parameters alone."""

    def parameters(self) -> list[Value]:
        return [self.scale]


class Several(nn.Module):
    """A module of modules, in attributes and in lists."""

    def __init__(self) -> None:
        self.first, self.rows = nn.MLP(2, [2, 1]), [nn.Layer(1, 1, bias=False)]
        self.table = [[Value(1.0), Value(2.0)]]


def test_names_of_modules() -> None:
    assert [*named(Shared())] == ["first.weight", "first.bias", "again.weight", "again.bias", "scale"]
    assert named(Part()) == {"scale": 3.0}
    mlp = nn.MLP(2, [2, 1])
    of_mlp = ["layers.0.weight", "layers.0.bias", "layers.1.weight", "layers.1.bias"]
    assert [*named(mlp)] == of_mlp
    assert [*named(Several())] == [*(f"first.{name}" for name in of_mlp), "rows.0.weight", "table"]


@pytest.mark.parametrize("wrong", [3.0, [3.0], [[Value(1.0), "w"]], "ww", None, Value(1.0)])
def test_other_things_are_no_parameters(wrong: Any) -> None:
    with refused(
        TypeError, "compile: parameters is a Module, a list of Values or a dictionary of lists of Values, and "
    ):
        listed(wrong)


def test_parameters_are_leaves_once() -> None:
    a = Value(1.0, label="a")
    with refused(ValueError, "compile: a parameter is a leaf, and Value(data=2.0) is the result of multiply"):
        listed([a * 2.0])
    others = values(2.0, 3.0, 4.0)
    for twice in (a, *others):
        with refused(ValueError, f"{twice!r} is a parameter twice"):
            listed([a, *others, twice])
    with refused(TypeError, "compile: parameters['w'] is a Value or nested lists of them, not float 2.0"):
        listed({"w": 2.0})


def test_views_are_live_and_known() -> None:
    a, b = values(1.0, 2.0)
    made = Parameters(*listed({"w": [a, b]}), "float32")
    assert made.vector.dtype == np.float32
    made.views["w"][1] = 7.0
    made.views["w"] = made.views["w"] * 2.0
    assert made.vector.tolist() == [2.0, 14.0]
    made.views["w"] += 1.0
    assert made.vector.tolist() == [3.0, 15.0]
    with refused(KeyError, "the program has no parameters named 'v'; it has w"):
        made.views["v"]
    with refused(ValueError, "program.views['w'] has the shape (2,), and the numbers given have (3,)"):
        made.views["w"] = [1.0, 2.0, 3.0]
    empty = Parameters([], [], "float64")
    with refused(
        KeyError, "the program has no parameters named 'v'; it has no names: pass parameters=model, or a dict"
    ):
        empty.views["v"]


def test_numbers_are_put_whole_or_not_at_all() -> None:
    target = np.zeros((2, 2))
    put(3.0, target, "here")
    assert target.tolist() == [[3.0, 3.0], [3.0, 3.0]]
    put([[1, 2], [3, 4]], target, "here")
    put(target, target, "here")
    assert target.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    for wrong in ([1.0, 2.0], [[1.0], [2.0]], [3.0]):
        with refused(ValueError, f"here has the shape (2, 2), and the numbers given have {np.shape(wrong)}"):
            put(wrong, target, "here")
    with refused(TypeError, "here takes real numbers, not str"):
        put("a", target, "here")
    assert target.tolist() == [[1.0, 2.0], [3.0, 4.0]]


def test_a_change_behind_the_back_is_told() -> None:
    a, b, c = values(1.0, math.nan, 3.0)
    made = Parameters(*listed({"w": [a, b], "v": c}), "float64")
    made.check()
    b.data = math.nan
    made.check()
    c.data = 3.5
    text = "parameter 2, of v, was 3.0 when the program took it, and its Value has the data 3.5 now; program.read()"
    with refused(ValueError, text):
        made.check()
    b.data = 2.0
    with refused(ValueError, "parameter 1, of w, was nan when the program took it, and its Value has the data 2.0 now"):
        made.check()
    made.read()
    made.check()
    assert made.vector.tolist() == [1.0, 2.0, 3.5]
    b.data = math.nan
    with refused(ValueError, "parameter 1, of w, was 2.0 when the program took it, and its Value has the data nan now"):
        made.check()
    unnamed = Parameters([a, c], [], "float64")
    a.data = 5.0
    with refused(ValueError, "parameter 0 was 1.0 when the program took it"):
        unnamed.check()


def test_numbers_go_back_into_the_values() -> None:
    a, b = values(1.0, 2.0)
    made = Parameters(*listed([a, b]), "float32")
    made.vector[:] = [0.1, 5.0]
    made.write_back()
    assert (a.data, b.data) == (float(np.float32(0.1)), 5.0)
    made.check()
    a.data = 0.1
    with refused(ValueError, "parameter 0, of p, was 0.10000000149011612 when the program took it"):
        made.check()
    a.data = 1e300
    with refused(ValueError, "the data of a parameter: 1e+300 is too large for float32"):
        made.read()
