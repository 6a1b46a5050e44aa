"""The structure of the package: imports go one way, and public names and modules are as documented."""

import ast
import importlib
import io
import re
import subprocess
import sys
import tokenize
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import autograd
from tests.running import PACKAGE, surroundings

MOST_PARTS: int = 25
"""Modules and packages at the top of the package."""
MOST_FLOORS: int = 8
"""Of them, on the longest way of imports."""


@cache
def modules() -> dict[str, Path]:
    """Every module by its dotted name; the face of the package is `autograd`."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = ("autograd", *path.relative_to(PACKAGE).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


@cache
def imports() -> dict[str, set[str]]:
    """The modules that each module imports, anywhere in it but for the type checker."""
    return {name: imported(path.read_text(encoding="utf-8"), set(modules())) for name, path in modules().items()}


def imported(source: str, known: set[str]) -> set[str]:
    """The modules, of those known, that a source imports; `from autograd import Value` imports the face."""
    tree = ast.parse(source)
    typing = [node for node in ast.walk(tree) if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"]
    skipped = {part for block in typing for statement in block.body for part in ast.walk(statement)}
    names: set[str] = set()
    for node in ast.walk(tree):
        if node in skipped:
            continue
        if isinstance(node, ast.ImportFrom) and node.module:
            whole = {f"{node.module}.{alias.name}" for alias in node.names}
            names |= {name if name in known else node.module for name in whole}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("import_module"):
            names |= {str(part.value) for part in node.args if isinstance(part, ast.Constant)}
    return names & known


def top(name: str) -> str:
    """The part at the top of the package that a module belongs to."""
    return ".".join(name.split(".")[:2])


def graph_of_parts() -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {top(name): set() for name in modules() if name != "autograd"}
    for name, found in imports().items():
        if name != "autograd":
            graph[top(name)] |= {top(other) for other in found} - {top(name), "autograd"}
    return graph


def floors(graph: dict[str, set[str]]) -> dict[str, int]:
    """The floor of each part: one above the highest part that it imports."""
    height: dict[str, int] = {}
    for part in TopologicalSorter(graph).static_order():
        height[part] = 1 + max((height[other] for other in graph[part]), default=0)
    return height


def test_an_import_of_the_face_is_seen() -> None:
    known = {"autograd", "autograd.nn", "autograd.nn.dense"}
    assert imported("import autograd", known) == {"autograd"}
    assert imported("def f():\n    from autograd import Value", known) == {"autograd"}
    assert imported("from autograd import nn", known) == {"autograd.nn"}
    assert imported("from autograd.nn import dense, Module", known) == {"autograd.nn.dense", "autograd.nn"}
    assert imported("import_module('autograd.nn')", known) == {"autograd.nn"}


def test_nothing_imports_the_face_of_the_package() -> None:
    assert [name for name, found in imports().items() if "autograd" in found] in ([], ["autograd.__main__"])


def test_no_module_imports_itself_round_a_circle() -> None:
    list(TopologicalSorter(imports()).static_order())


def test_parts_stand_on_each_other_in_few_floors() -> None:
    graph = graph_of_parts()
    assert len(graph) <= MOST_PARTS
    assert max(floors(graph).values()) <= MOST_FLOORS


def stages() -> list[tuple[str, list[str]]]:
    """The stages of the compiler in their order, each with its modules, from the table of CONTRIBUTING.md."""
    guide = (PACKAGE.parent / ".github" / "CONTRIBUTING.md").read_text(encoding="utf-8")
    table = guide.split("| stage |")[1].split("\n\n")[0]
    rows = re.findall(r"^\| ([^|`]+) \| (`[^|]+) \|", table, re.M)
    return [(title, re.findall(r"`([\w.]+)`", row)) for title, row in rows]


def of_compiler(module: str) -> str:
    """The module of the compiler, or the folder in it, that a module is or is in; empty for others."""
    return module.removeprefix("autograd.compiler.").split(".")[0] if module.startswith("autograd.compiler.") else ""


def test_every_module_of_the_compiler_is_of_one_stage() -> None:
    listed = [name for _, row in stages() for name in row]
    assert sorted(listed) == sorted({of_compiler(name) for name in modules()} - {""})


def test_no_stage_of_the_compiler_imports_a_later_one() -> None:
    order = {name: stage for stage, (_, row) in enumerate(stages()) for name in row}
    upward = [
        (name, other)
        for name in modules()
        for other in imports()[name]
        if of_compiler(name) and order.get(of_compiler(other), -1) > order[of_compiler(name)]
    ]
    assert upward == []


def test_the_engine_stands_alone() -> None:
    assert graph_of_parts()["autograd.engine"] == set()


def test_the_package_imported_is_this_one() -> None:
    assert (PACKAGE / "engine" / "rules.py").is_file()
    assert autograd.Value.__module__ == "autograd.engine.value"


def test_derivatives_are_stated_in_one_place() -> None:
    for name, path in modules().items():
        if name not in ("autograd.engine.rules", "autograd.toy"):
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"1\.0 - z \* z|z \* \(1\.0 - z\)", text), name


def public_modules() -> list[str]:
    return [name for name in dir(autograd) if name not in autograd.__all__]


def test_public_names_are_documented() -> None:
    for name in dir(autograd):
        assert getattr(autograd, name).__doc__, name


@pytest.mark.parametrize("name", public_modules())
def test_a_public_module_lists_its_names(name: str) -> None:
    module = importlib.import_module(f"autograd.{name}")
    assert module.__all__
    for public in module.__all__:
        assert getattr(module, public).__doc__ or not callable(getattr(module, public)), public


def test_every_public_name_is_an_attribute_in_a_fresh_process() -> None:
    program = (
        "import autograd; names = dir(autograd); "
        "assert names == sorted({*autograd.__all__, *names}); "
        "[getattr(autograd, name) for name in names]; assert dir(autograd) == names"
    )
    subprocess.run([sys.executable, "-c", program], env=surroundings(PACKAGE), check=True)


def test_importing_the_package_loads_little_but_the_engine() -> None:
    program = "import sys, autograd; print(*sorted(m for m in sys.modules if m.startswith('autograd.')))"
    seen = subprocess.run(
        [sys.executable, "-c", program], env=surroundings(PACKAGE), check=True, capture_output=True, encoding="utf-8"
    )
    beside = [name for name in seen.stdout.split() if not name.startswith("autograd.engine")]
    assert beside == ["autograd.arrays", "autograd.slips"]


# ── words ──

KEPT_OUT = re.compile(r"\b(?:rooms?|rivers?|houses?)\b", re.IGNORECASE)
"""Words that stand for parts of the package or of a graph; its texts use the standard terms."""


def docstrings(source: str) -> list[str]:
    """Every string that stands alone in a source: the docstrings of modules, classes, functions and attributes."""
    alone = (node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Expr))
    return [text.value for text in alone if isinstance(text, ast.Constant) and isinstance(text.value, str)]


def comments(source: str) -> list[str]:
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    return [token.string for token in tokens if token.type == tokenize.COMMENT]


def test_docstrings_and_comments_are_found() -> None:
    source = '"""A house."""\nX = 1  # a room\n"""What X is."""\ndef f():\n    """A river."""\n    return "rooms"\n'
    assert sorted(docstrings(source)) == ["A house.", "A river.", "What X is."]
    assert comments(source) == ["# a room"]
    assert all(KEPT_OUT.search(text) for text in ("A house.", "# a room", "Rivers"))
    assert not KEPT_OUT.search("There is headroom.")


@pytest.mark.parametrize("name", modules())
def test_a_docstring_says_what_the_thing_is(name: str) -> None:
    source = modules()[name].read_text(encoding="utf-8")
    assert [text for text in docstrings(source) if text.startswith("What ")] == []
    assert [text for text in docstrings(source) + comments(source) if KEPT_OUT.search(text)] == []


@pytest.mark.parametrize("path", ["README.md", ".github/CONTRIBUTING.md"])
def test_the_guides_use_the_standard_terms(path: str) -> None:
    root = Path(__file__).parent.parent
    assert KEPT_OUT.findall((root / path).read_text(encoding="utf-8")) == []


# ── the tests themselves ──


def test_a_relative_tolerance_is_one_near_zero_too() -> None:
    """`pytest.approx(x, rel=…)` without abs= adds an absolute tolerance of 1e-12, below which it compares nothing."""
    found = []
    for path in sorted(Path(__file__).parent.rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        for node in ast.walk(ast.parse(text)) if "approx(" in text else ():
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "approx":
                options = {option.arg for option in node.keywords}
                if "rel" in options and "abs" not in options:
                    found.append(f"{path.name}:{node.lineno}: give abs=0.0, or the size that is rounding")
    assert found == []
