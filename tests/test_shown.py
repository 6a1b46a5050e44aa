"""Values, texts and models at the prompt and in a notebook: lines stay lines, labels stay text, nothing is raised."""

import copy
import pickle
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given

import autograd
from autograd import Stepper, Value, autopsy, explain, formula, nn, tree
from autograd.check import gradcheck, ulps
from autograd.show.pictures import picture
from autograd.wording import Text
from tests.test_draw import anything


class Parts(HTMLParser):
    """The tags of an HTML text in order, and the texts between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def graph(label: str = "x") -> tuple[Value, Value]:
    """A square under the root y, and its leaf."""
    x = Value(3.0, label=label)
    y = x * x + 2 * x
    y.label = "y"
    return y, x


def program() -> Any:
    x = autograd.inputs(2)
    return autograd.compile(x[0] * x[1], inputs=(x,))


TEXTS: dict[str, Callable[[], Text]] = {
    "tree": lambda: tree(graph()[0]),
    "describe": lambda: formula.describe("tanh"),
    "source": lambda: program().source,
    "trace": lambda: program().trace(),
    "report": lambda: program().report(),
}


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_a_str_that_the_prompt_shows_as_its_lines(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    text = TEXTS[name]()
    plain = "".join(text)
    assert "\n" in plain
    assert type(plain) is str
    assert type(text) is Text
    sys.displayhook(text)
    assert capsys.readouterr().out == f"{plain}\n"
    assert (text, f"{text}", str(text), repr(text)) == (plain,) * 4
    assert hash(text) == hash(plain)
    assert type(text.splitlines()[0]) is str
    assert type(copy.copy(text)) is type(pickle.loads(pickle.dumps(text))) is Text


def test_lines_are_preformatted() -> None:
    y, x = graph()
    tables = [program(), gradcheck(lambda v: v.tanh(), [0.5]), ulps(lambda v: v.tanh(), [0.5])]
    shown = [*tables, *(text() for text in TEXTS.values()), explain(y, x), autopsy(y / 0)]
    for thing in shown:
        parts = Parts(thing._repr_html_())
        assert parts.tags == ["pre"]
        assert "".join(parts.texts) == repr(thing)
        assert "white-space: pre;" in thing._repr_html_()


def test_a_value_is_a_table() -> None:
    y, x = graph()
    y.backward()
    assert Parts(x._repr_html_()).texts == ["name", "data", "grad", "x", "3.0", "8.0"]  # type: ignore[attr-defined]
    nameless = Value(float("nan"))
    assert Parts(nameless._repr_html_()).texts == ["data", "grad", "nan", "0.0"]  # type: ignore[attr-defined]
    assert Parts(x._repr_html_()).tags == ["table", "tr", *["th"] * 3, "tr", *["td"] * 3]  # type: ignore[attr-defined]


@given(anything)
def test_a_label_stays_text(label: str) -> None:
    y, x = graph(label)
    for thing, tags in ((x, {"table", "tr", "th", "td"}), (tree(y), {"pre"}), (explain(y, x), {"pre"})):
        html = thing._repr_html_()  # type: ignore[union-attr]
        assert set(Parts(html).tags) <= tags
        html.encode()


class OfASet(nn.Module):
    """A module with a set of parameters."""

    def __init__(self) -> None:
        self.weights = {Value(1.0)}


class OfItsOwn(nn.Module):
    """A module that can't list its parameters."""

    def parameters(self) -> list[Value]:
        raise KeyError("weights")


class Deep(nn.Module):
    """A module in a module, and so on."""

    def __init__(self, depth: int) -> None:
        module: nn.Module = nn.Neuron(1)
        for _ in range(depth):
            outer = nn.Module()
            vars(outer)["inner"] = module
            module = outer
        self.inner = module


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: nn.MLP(2, [3, 1]), "MLP of 2 inputs, 13 parameters"),
        (lambda: nn.Sequential(nn.MLP(2, [3]), nn.RNNCell(3, 2)), "Sequential"),
        (lambda: nn.Conv2d(1, 2, 3), "Conv2d of 2 filters"),
        (nn.Module, "Module of 0 parameters"),
        (OfASet, "OfASet, whose parameters can't be listed: TypeError: the attribute weights is a set"),
        (OfItsOwn, "OfItsOwn, whose parameters can't be listed: KeyError: 'weights'"),
        (lambda: Deep(3000), "Deep of modules that are nested too deep"),
    ],
)
def test_a_model_shows_without_an_error(make: Callable[[], nn.Module], says: str) -> None:
    model = make()  # Not kept: every look at a graph asks the models that are alive for names.
    assert says in repr(model)
    html = model._repr_html_()
    assert Parts(html.partition("</pre>")[0]).texts == [repr(model)]


def test_a_model_of_layers_shows_its_network(monkeypatch: pytest.MonkeyPatch) -> None:
    text, _, drawn = nn.MLP(2, [3, 1])._repr_html_().partition("</pre>")
    assert "MLP of 2 inputs" in text
    assert drawn.startswith("<svg")
    assert "layer 2" in drawn
    monkeypatch.setattr(picture, "renderer", lambda: None)
    assert nn.MLP(2, [3, 1])._repr_html_().endswith("</pre>")


def test_a_notebook_finds_these_forms() -> None:
    formatters = pytest.importorskip("IPython.core.formatters")
    y, x = graph()
    shown = [x, tree(y), formula.describe("tanh"), explain(y, x), autopsy(y / 0), Stepper(y), nn.MLP(2, [3, 1])]
    for thing in shown:
        found, _ = formatters.DisplayFormatter().format(thing)
        assert found["text/plain"] == repr(thing)
        assert found["text/html"] == thing._repr_html_()  # type: ignore[attr-defined]
