"""The lessons as notebooks, each made of the script of the same name: its texts, its code, and its exercises.

>>> from autograd.lessons import notebook
>>> made = notebook('''
... # %% answer
... def f(x: float) -> float:
...     \"\"\"Twice x.\"\"\"
...     return 2.0 * x
...
... # %%
... assert f(1.0) == 2.0
... ''', "twice")
>>> for cell in made["cells"][1:]:
...     print(cell["cell_type"], *cell["source"], sep="| ", end="\\n\\n")
code| def f(x: float) -> float:
|     \"\"\"Twice x.\"\"\"
|     raise NotImplementedError  # Your answer replaces this line.
<BLANKLINE>
code| assert f(1.0) == 2.0
<BLANKLINE>
markdown| <details><summary>An answer</summary>
|
| ```python
...

A line `# %%` starts a cell of code, `# %% [markdown]` one of text, and `# %% answer` the answer to an exercise:
functions with docstrings. A student writes their bodies, and the next cell of code checks them.
"""

import ast
import json
import re
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any, Final, NamedTuple

from autograd.show.pictures.picture import write_whole

HERE: Final = Path(__file__).parent
START: Final = """# If an import fails: in the checkout of scalar-autograd, run pip install ".[demos]"
from autograd import lessons

lessons.helpers()  # The module `lesson`, which is imported below, has the helpers of all lessons."""
OURS: Final = "scalar-autograd"
"""The key of the metadata that are our own."""
UNANSWERED: Final = "raise NotImplementedError  # Your answer replaces this line."


class Cell(NamedTuple):
    """A cell of a script: its kind, "markdown", "code" or "answer", and its text."""

    kind: str
    text: str


def folder() -> Path:
    """The folder of the lessons: that of the wheel, or of the checkout. FileNotFoundError if there is none."""
    for found in (HERE / "demos", HERE.parent / "demos"):
        if (found / "lesson").is_dir():
            return found
    raise FileNotFoundError(f"the lessons are in no folder demos in or beside {HERE}; install scalar-autograd again")


def helpers() -> None:
    """Make `lesson`, the module of helpers of the lessons, importable in this process."""
    home = str(folder())
    if home not in sys.path:
        sys.path.append(home)


def cells(script: str) -> Iterator[Cell]:
    """The cells of a script, in order, without the text before the first one."""
    for part in re.split(r"^# %%", script, flags=re.MULTILINE)[1:]:
        head, _, text = part.partition("\n")
        kind = {"": "code", "[markdown]": "markdown", "answer": "answer"}[head.strip()]
        yield Cell(kind, _uncommented(text) if kind == "markdown" else text.strip("\n"))


def _uncommented(text: str) -> str:
    return re.sub(r"^# ?", "", text.strip("\n"), flags=re.MULTILINE)


def notebook(script: str, name: str) -> dict[str, Any]:
    """The notebook of a script in the format 4.5, as JSON has it; name is that of the lesson."""
    made: dict[str, Any] = {
        "cells": [_as_json(i, *cell) for i, cell in enumerate(_cells_of_notebook(script))],
        "metadata": {
            "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    made["metadata"][OURS] = {"lesson": name, "digest": _digest(made)}
    return made


def _cells_of_notebook(script: str) -> Iterator[Cell]:
    """The cells of a notebook: the first code makes helpers importable, and an answer is folded behind its check."""
    start, answer = Cell("code", START), ""
    for cell in cells(script):
        if start.text and cell.kind != "markdown":
            yield start
            start = Cell("code", "")
        if cell.kind == "answer":
            answer = cell.text
            yield Cell("code", unanswered(answer))
            continue
        yield cell
        if answer and cell.kind == "code":
            code = f"```python\n{answer}\n```"
            yield Cell("markdown", f"<details><summary>An answer</summary>\n\n{code}\n\n</details>")
            answer = ""


def unanswered(answer: str) -> str:
    """The functions of an answer, each with an error in the place of its body, and with its docstring."""
    lines = answer.split("\n")
    for function in reversed(ast.parse(answer).body):
        assert isinstance(function, ast.FunctionDef)
        docstring, *body = function.body
        assert body
        assert docstring.end_lineno
        lines[docstring.end_lineno : function.end_lineno] = [f"    {UNANSWERED}"]
    return "\n".join(lines)


def _as_json(place: int, kind: str, text: str) -> dict[str, Any]:
    more: dict[str, Any] = {"execution_count": None, "outputs": []} if kind == "code" else {}
    return {"cell_type": kind, "id": f"cell-{place}", "metadata": {}, "source": text.splitlines(keepends=True), **more}


# ── files ──


def write(out: Path) -> Iterator[str]:
    """Write the notebook of each lesson into a folder; yields a line about each.

    A notebook that was changed since it was written is kept, and one that has the new cells keeps its results. OSError
    if a file can't be written.
    """
    for script in sorted(folder().glob("*.py")):
        path, made = out / f"{script.stem}.ipynb", notebook(script.read_text(encoding="utf-8"), script.stem)
        new = _digest(made)
        now, then = _digests_in(path) if path.exists() else ("", "")
        if now != then:
            yield f"kept {path}, which was changed since it was written; rename it to get a new one"
        elif now == new:
            yield f"kept {path}, which is up to date"
        else:
            write_whole(path, json.dumps(made, ensure_ascii=False, indent=1).encode() + b"\n")
            yield f"wrote {path}"


def _digests_in(path: Path) -> tuple[str, object]:
    """The digest of the notebook in a file, and that with which it was written; two that differ for any other file."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return _digest(found), found["metadata"][OURS]["digest"]
    except (ValueError, LookupError, TypeError):
        return "no notebook of ours", None


def _digest(notebook: dict[str, Any]) -> str:
    """A number for the texts of all cells, by which a change is noticed; results are no part of it."""
    texts = [(cell["cell_type"], "".join(cell["source"])) for cell in notebook["cells"]]
    return sha256(repr(texts).encode()).hexdigest()
