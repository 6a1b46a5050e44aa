"""The lessons as notebooks: what is in them, how they run, and when they are written."""

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import lessons
from autograd.__main__ import main
from autograd.lessons import Cell, cells, notebook, unanswered
from tests.running import PACKAGE, python, surroundings

ROOT = Path(__file__).parent.parent
DEMOS = ROOT / "demos"
NAMES = sorted(path.stem for path in DEMOS.glob("*.py"))
RUNNER = ROOT / "tests" / "notebooks.py"
LONGEST_RUN = 120.0
"""Seconds for a notebook; on two busy cores it takes ten."""
Capture = pytest.CaptureFixture[str]


def made(name: str) -> Any:
    return notebook((DEMOS / f"{name}.py").read_text(encoding="utf-8"), name)


def sources(of: Any, kind: str) -> list[str]:
    return ["".join(cell["source"]) for cell in of["cells"] if cell["cell_type"] == kind]


def answers(of: Any) -> list[str]:
    """The answers that are folded in the texts of a notebook."""
    return [found[1] for text in sources(of, "markdown") if (found := re.search(r"```python\n(.*)\n```", text, re.S))]


# ── the cells ──


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_is_a_valid_notebook_whose_code_compiles(name: str) -> None:
    nbformat = pytest.importorskip("nbformat")
    found = made(name)
    assert (found["nbformat"], found["nbformat_minor"]) == (4, 5)
    nbformat.validate(found)
    for code in sources(found, "code") + answers(found):
        compile(code, name, "exec")
    assert sources(found, "markdown")[0].startswith("# ")


@pytest.mark.parametrize("name", NAMES)
def test_script_and_notebook_have_the_same_code_and_text(name: str) -> None:
    script = (DEMOS / f"{name}.py").read_text(encoding="utf-8")
    found = made(name)
    start, *code = sources(found, "code")
    assert start == lessons.START
    in_script = [ast.dump(ast.parse(cell.text)) for cell in cells(script) if cell.kind == "code"]
    assert [ast.dump(ast.parse(text)) for text in code if lessons.UNANSWERED not in text] == in_script
    _, *whole = ast.parse(script).body  # Without its docstring.
    in_cells = [ast.parse(cell.text).body for cell in cells(script) if cell.kind != "markdown"]
    assert [ast.dump(line) for body in in_cells for line in body] == [*map(ast.dump, whole)]
    texts = [text for text in sources(found, "markdown") if "<details>" not in text]
    comments = re.findall(r"^# %% \[markdown\]\n((?:#.*\n)*)", script, re.M)
    assert texts == ["\n".join(line[2:] for line in text.splitlines()) for text in comments]


@pytest.mark.parametrize("name", NAMES)
def test_a_lesson_has_exercises_with_a_check_and_a_folded_answer(name: str) -> None:
    found = made(name)["cells"]
    texts = ["".join(cell["source"]) for cell in found]
    places = [k for k, text in enumerate(texts) if lessons.UNANSWERED in text]
    assert 2 <= len(places) <= 4
    for number, k in enumerate(places, 1):
        question, _, check, answer = texts[k - 1 : k + 3]
        assert re.search(rf"^{number}\. ", question, re.M)
        assert check.startswith("@check\n")
        assert answer.startswith("<details><summary>An answer</summary>\n\n```python\ndef ")
        assert answer.endswith("```\n\n</details>")


def test_an_answer_is_taken_out_and_its_docstring_stays() -> None:
    of_f = 'def f(x: float) -> float:\n    """Twice\n    x.\n    """\n    y = x\n    return 2 * y'
    answer = f'{of_f}\n\n\ndef g() -> int:\n    """1."""\n    return 1'
    left = unanswered(answer)
    assert left.count(lessons.UNANSWERED) == 2
    assert "return" not in left
    of_answer, of_left = ast.parse(answer).body, ast.parse(left).body
    for before, after in zip(of_answer, of_left, strict=True):
        assert isinstance(before, ast.FunctionDef)
        assert isinstance(after, ast.FunctionDef)
        assert (before.name, ast.get_docstring(before)) == (after.name, ast.get_docstring(after))
        assert isinstance(after.body[1], ast.Raise)


def test_an_answer_is_folded_once_behind_its_check() -> None:
    script = '# %% answer\ndef f() -> int:\n    """1."""\n    return 1\n\n# %%\ncheck(f)\n\n# %%\nprint()\n'
    start, exercise, check, answer, other = notebook(script, "one")["cells"]
    kinds = [cell["cell_type"] for cell in (start, exercise, check, answer, other)]
    assert kinds == ["code", "code", "code", "markdown", "code"]
    assert other["source"] == ["print()"]


LINES = st.lists(st.text("abc #'\\%é√\t", max_size=8).map(str.rstrip), min_size=1, max_size=4)


@given(st.lists(st.tuples(st.sampled_from(["markdown", "code"]), LINES), max_size=5))
def test_any_cells_can_be_read_again(parts: list[tuple[str, list[str]]]) -> None:
    script, expected = ["'''A docstring.'''", ""], []
    for kind, lines in parts:
        kept = [line for line in lines if not line.startswith(("# %%", "%%"))]  # They start a cell.
        script.append("# %% [markdown]" if kind == "markdown" else "# %%")
        script += [f"# {line}".rstrip() for line in kept] if kind == "markdown" else kept
        script += ["", ""]
        expected.append(Cell(kind, "\n".join(kept).strip("\n") if kind == "code" else "\n".join(kept)))
    assert [*cells("\n".join(script))] == expected


# ── written ──


def test_the_command_says_what_it_writes(tmp_path: Path, capsys: Capture) -> None:
    out = tmp_path / "a folder" / "in it"
    assert main(["lessons", "--out", str(out)]) == 0
    assert sorted(p.name for p in out.iterdir()) == [f"{name}.ipynb" for name in NAMES]
    said = "".join(capsys.readouterr().out.split())
    for name in NAMES:
        assert f"wrote{out / name}.ipynb".replace(" ", "") in said
        assert json.loads((out / f"{name}.ipynb").read_text(encoding="utf-8")) == made(name)


def test_results_stay_and_an_older_version_is_replaced(tmp_path: Path) -> None:
    assert all(line.startswith("wrote ") for line in lessons.write(tmp_path))
    run = made("xor")
    run["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["hours of work"]}]
    (tmp_path / "xor.ipynb").write_text(json.dumps(run), encoding="utf-8")
    older = notebook('"""An older lesson."""\n\n# %%\nprint("older")\n', "iris")
    (tmp_path / "iris.ipynb").write_text(json.dumps(older), encoding="utf-8")
    said = dict(zip(NAMES, lessons.write(tmp_path), strict=True))
    assert said["iris"].startswith("wrote ")
    assert said["xor"] == f"kept {tmp_path / 'xor.ipynb'}, which is up to date"
    assert json.loads((tmp_path / "xor.ipynb").read_text(encoding="utf-8")) == run
    assert json.loads((tmp_path / "iris.ipynb").read_text(encoding="utf-8")) == made("iris")


def changed(how: str) -> str:
    """A notebook that a student has changed, as the text of its file."""
    found = made("xor")
    if how == "an answer":
        found["cells"][-2]["source"] = ["return 1"]
    elif how == "a cell more":
        found["cells"].append({"cell_type": "markdown", "id": "mine", "metadata": {}, "source": "my notes"})
    elif how == "a cell less":
        del found["cells"][3]
    elif how == "no mark of ours":
        del found["metadata"]["scalar-autograd"]
    elif how == "a mark of another kind":
        found["metadata"]["scalar-autograd"] = 3
    return json.dumps(found)


@pytest.mark.parametrize(
    "how", ["an answer", "a cell more", "a cell less", "no mark of ours", "a mark of another kind"]
)
def test_a_notebook_that_was_changed_is_kept(how: str, tmp_path: Path, capsys: Capture) -> None:
    mine = tmp_path / "xor.ipynb"
    mine.write_text(changed(how), encoding="utf-8")
    assert main(["lessons", "--out", str(tmp_path)]) == 0
    assert mine.read_text(encoding="utf-8") == changed(how)
    said = " ".join(capsys.readouterr().out.split())
    assert "which was changed since it was written; rename it to get a new one" in said
    assert len([*tmp_path.iterdir()]) == len(NAMES)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b'"x"', b'{"cells": 3}', b'{"cells": [[]]}', b"\xff", b"{"])
def test_a_file_that_is_no_notebook_is_kept(content: bytes, tmp_path: Path) -> None:
    mine = tmp_path / "xor.ipynb"
    mine.write_bytes(content)
    said = dict(zip(NAMES, lessons.write(tmp_path), strict=True))
    assert "was changed" in said["xor"]
    assert mine.read_bytes() == content


def test_a_folder_that_cannot_be_written_is_refused(tmp_path: Path, capsys: Capture) -> None:
    file = tmp_path / "file"
    file.write_text("mine", encoding="utf-8")
    for wrong in (file, file / "in it"):
        assert main(["lessons", "--out", str(wrong)]) == 2
        assert f"--out {wrong} can't be a folder for notebooks" in capsys.readouterr().err
    (tmp_path / "xor.ipynb").mkdir()
    assert main(["lessons", "--out", str(tmp_path)]) == 2
    assert "xor.ipynb" in capsys.readouterr().err


def test_an_installed_package_has_the_lessons_too(tmp_path: Path) -> None:
    package = tmp_path / "site" / "autograd"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "demos"))
    alone = python("-m", "autograd", "lessons", package=package, cwd=tmp_path, check=False)
    assert alone.returncode == 2
    assert f"in or beside {package}; install scalar-autograd again" in alone.stderr
    shutil.copytree(DEMOS, package / "demos", ignore=shutil.ignore_patterns("__pycache__"))
    python("-m", "autograd", "lessons", package=package, cwd=tmp_path)
    assert sorted(p.stem for p in (tmp_path / "lessons").iterdir()) == NAMES
    program = "from autograd import lessons; lessons.helpers(); import lesson; print(lesson.__file__)"
    found = python("-c", program, package=package, cwd=tmp_path).stdout
    assert found.strip() == str(package / "demos" / "lesson" / "__init__.py")


WITHOUT_RICH = """
import sys
class Hidden:
    def find_spec(self, name, path=None, target=None):
        if name == "rich":
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Hidden())
from autograd import lessons
lessons.helpers()
import lesson
print(lesson.obstacle())
"""


def test_a_lesson_of_an_installed_package_says_how_to_install_what_it_lacks(tmp_path: Path) -> None:
    package = tmp_path / "autograd"
    shutil.copytree(PACKAGE, package, ignore=shutil.ignore_patterns("__pycache__", "demos"))
    shutil.copytree(DEMOS, package / "demos", ignore=shutil.ignore_patterns("__pycache__"))
    said = python("-c", WITHOUT_RICH, package=package, cwd=tmp_path).stdout
    assert said == f"this lesson needs rich; run {sys.executable} -m pip install rich\n"


# ── run ──


def with_answers(found: Any) -> Any:
    """The notebook with the answer and its check once more behind each exercise."""
    more = []
    for k, cell in enumerate(found["cells"]):
        more.append(cell)
        if "<details>" in (text := "".join(cell["source"])):
            answer = re.search(r"```python\n(.*)\n```", text, re.S)
            assert answer
            check = found["cells"][k - 1]
            more += [{**check, "source": [answer[1]]}, check]
    return {**found, "cells": more}


@pytest.mark.parametrize(
    ("name", "options", "says", "shows"),
    [
        (
            "toy_network",
            "",
            ["after 70 steps: L = 9.12e-07", "∂L/∂w1 += ∂L/∂v1 · ∂v1/∂w1"],
            ["text/html", "image/svg+xml"],
        ),
        (
            "xor",
            "--epochs 300",
            ["History(300 epochs, loss 0.463", "0 xor 1 = 0.5"],
            ["text/html", "image/svg+xml", "image/png"],
        ),
    ],
)
def test_a_lesson_runs_as_a_notebook(
    name: str, options: str, says: list[str], shows: list[str], tmp_path: Path
) -> None:
    pytest.importorskip("IPython")
    found = made(name)
    path = tmp_path / "notebook.ipynb"
    path.write_text(json.dumps(with_answers(found)), encoding="utf-8")
    environment = {**surroundings(PACKAGE), "LESSON_OPTIONS": options, "IPYTHONDIR": str(tmp_path / "of ipython")}
    command = [sys.executable, str(RUNNER), str(path)]
    done = subprocess.run(command, env=environment, capture_output=True, encoding="utf-8", timeout=LONGEST_RUN)
    assert done.returncode == 0, done.stdout + done.stderr
    exercises = len(answers(found))
    assert re.findall(r"^(no answer yet|right)$", done.stdout, re.M) == ["no answer yet", "right"] * exercises
    for words in says:
        assert words in done.stdout
    for kind in shows:
        assert re.search(rf"^shows .*{re.escape(kind)}", done.stdout, re.M), done.stdout
    assert "wrote" not in done.stdout
    assert sorted(p.name for p in tmp_path.iterdir() if p.suffix) == ["notebook.ipynb"]
