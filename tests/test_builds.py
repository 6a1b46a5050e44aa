"""Both builds give the same bits, errors, copies and help."""

import dataclasses
import importlib
import inspect
import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value
from autograd.check import strategies
from autograd.check.strategies import Expression
from tests.fuzz import differences
from tests.running import PACKAGE, surroundings
from tests.test_refusals import SLIPS

if not autograd.COMPILED:
    reason = "there is no second build to compare: this one is pure Python"
    pytest.skip(reason, allow_module_level=True)

WORKER = """
import json, pickle, sys
import autograd
from autograd import *

def bits(numbers):
    return [float(x).hex() for x in numbers]

def state(root):
    return [[v.op, v.label, *bits([v.data, v.grad]), bits(v.partials), repr(v)] for v in topological_order(root)]

def answer(source):
    scope = dict(vars(autograd))
    try:
        exec(source, scope)
        root = scope[list(scope)[-1]]
        root.backward()
        root.backward()
        seen = state(root)
        return [seen, "nan" in repr(seen) or pickle.dumps(root, 4).hex()]
    except Exception as error:
        return [type(error).__name__, str(error)]

print(json.dumps(autograd.COMPILED), flush=True)
for line in sys.stdin:
    kind, text = json.loads(line)
    result = state(pickle.loads(bytes.fromhex(text))) if kind == "pickle" else answer(text)
    print(json.dumps(result), flush=True)
"""


class Build:
    """A process that runs programs on one of the builds."""

    def __init__(self, package: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", WORKER],
            env=surroundings(package),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            encoding="utf-8",
        )
        self.compiled = self._read()

    def _read(self) -> Any:
        assert self._process.stdout
        return json.loads(self._process.stdout.readline())

    def ask(self, kind: str, text: str) -> Any:
        assert self._process.stdin
        print(json.dumps([kind, text]), file=self._process.stdin, flush=True)
        return self._read()

    def close(self) -> None:
        self._process.communicate()


@pytest.fixture(scope="module")
def pure_sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    sources = tmp_path_factory.mktemp("pure") / "autograd"
    shutil.copytree(PACKAGE, sources, ignore=shutil.ignore_patterns("*.so", "*.pyd", "__pycache__"))
    return sources


@pytest.fixture(scope="module")
def builds(pure_sources: Path) -> Iterator[tuple[Build, Build]]:
    compiled, pure = Build(PACKAGE), Build(pure_sources)
    assert (compiled.compiled, pure.compiled) == (True, False)
    yield compiled, pure
    compiled.close()
    pure.close()


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Random graphs, half of them on any floats at all, some of those inside strict()."""
    expression: Expression = draw(strategies.expressions())
    if draw(st.booleans()):
        return expression.source
    wild = tuple(draw(st.floats()) for _ in expression.inputs)
    source = dataclasses.replace(expression, inputs=wild).source
    if draw(st.booleans()):
        return source
    return "with strict():\n" + "\n".join(f"    {line}" for line in source.splitlines())


@given(program=programs())
def test_both_builds_give_the_same_bits_errors_and_pickles(builds: tuple[Build, Build], program: str) -> None:
    words = {"nan": "float('nan')", "inf": "float('inf')"}
    for word, meaning in words.items():
        program = program.replace(word, meaning)
    of_one, of_other = (build.ask("program", program) for build in builds)
    assert of_one == of_other


def test_both_builds_have_the_same_bits_in_hostile_programs(pure_sources: Path) -> None:
    assert differences(0, 400, pure_sources.parent) == []


@given(expression=strategies.expressions())
def test_each_build_reads_the_pickles_of_the_other(builds: tuple[Build, Build], expression: Expression) -> None:
    compiled, pure = builds
    seen, pickled = compiled.ask("program", expression.source)
    assert pure.ask("pickle", pickled) == seen
    assert compiled.ask("pickle", pickled) == seen


@pytest.mark.parametrize(
    "mistake",
    [
        *('Value("1")', "Value(None)", "Value(Value(1))", "Value(1, label=2)", "Value(10**400)", "Value(1j)"),
        *(
            'Value(1) + "a"',
            "[1] * Value(1)",
            "Value(1) ** None",
            "Value(1) < []",
            "Value(1) @ Value(2)",
            "2 // Value(1)",
        ),
        *("bool(Value(1))", "float(Value(1))", "Value(1).leaky_relu('a')", "Value(1).elu([])", "Value(1).nothing"),
        *("maximum('a', 1)", "total(3)", "mean([])", "dot([1], [1, 2])", "softmax(Value(1))", "product('ab')"),
        *("setattr(Value(1), 'data', 'a')", "setattr(Value(1), 'label', 3)", "setattr(Value(1), 'new', 3)"),
        *("topological_order(3)", "grad_graph(Value(1), 3)", "type('V', (Value,), {})", "delattr(Value(1), 'grad')"),
    ],
)
def test_mistakes_get_the_same_error(builds: tuple[Build, Build], mistake: str) -> None:
    of_one, of_other = (build.ask("program", f"v = {mistake}") for build in builds)
    assert of_one == of_other
    assert of_one[0].endswith("Error")


@pytest.mark.parametrize("slip", [source for source, remedy in SLIPS.items() if remedy])
def test_slips_get_the_same_remedy(builds: tuple[Build, Build], slip: str) -> None:
    program = f"import autograd, math, numpy as np\nv = Value(2.0, label='v')\nz = {slip}"
    of_one, of_other = (build.ask("program", program) for build in builds)
    assert of_one == of_other
    assert of_one[0].endswith("Error")


def test_help_is_there() -> None:
    for name, thing in inspect.getmembers(Value):
        if not name.startswith("_"):
            assert thing.__doc__, name
    assert str(inspect.signature(Value.leaky_relu)) == "(self, /, slope=0.01)"
    assert importlib.import_module("autograd.engine.graph").__doc__
    assert autograd.total.__doc__
