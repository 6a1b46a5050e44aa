"""Every lesson runs from top to bottom at its small size and ends where it should."""

import importlib
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import pytest

from autograd.console import columns
from autograd.lessons import cells
from autograd.wording import to_install
from tests.answers import WRONG
from tests.running import PACKAGE, script, surroundings

ROOT = Path(__file__).parent.parent
DEMOS = ROOT / "demos"
FIGURES = ROOT / "tests" / "figures.py"
EVERY_DEMO = sorted(path.stem for path in DEMOS.glob("*.py"))
JAX = find_spec("jax") is not None
"""Without it, the lesson of many machines leaves out its trainings."""
EXTRAS = ("matplotlib", "numpy", "rich", "safetensors", "sklearn")


@dataclass(frozen=True)
class Lesson:
    """The text of a lesson at its small size, as patterns, and the pictures it leaves."""

    says: tuple[str, ...]
    pictures: frozenset[str]


LESSONS = {
    "toy_network": Lesson(
        says=(
            r"after 70 steps: L = 9\.12e-07, y = 0\.2010 for t = 0\.2",
            r"∂L/∂w1 = 0\.015777, the product along the only path",
            r"∂L/∂w1 \+= ∂L/∂v1 · ∂v1/∂w1 = 0\.015777 · 1 = 0\.015777",
            r"∂L/∂b2 before training │ 0\.1196646235 │ 0\.1196646235",
        ),
        pictures=frozenset({"toy_network-before.svg", "toy_network-after.svg", "toy_network-loss.svg"}),
    ),
    "xor": Lesson(
        says=(
            r"0 xor 1 = 0\.500",
            r"layers_0\w*\.dot\(x, out=z1\)",
            r"1 xor 0 +│ 1 +│ 1\.0000",
            r"∂y/∂w1\[\d,0\] = 0\.\d+, the product along the only path",
            r"∂y/∂w1\[\d,\d\] = 0, the product along the only path\n.*←\[0\] z1",
            r"rounded and right +│ 4 of 4 +│ 4 of 4",
        ),
        pictures=frozenset({"xor.png", "xor-neuron.svg", "xor-network.svg", "xor-training.html"}),
    ),
    "iris": Lesson(
        says=(r"250 iterations: squared error 69\.246 → 23\.857", r"classified correctly, validation +│ – +│ 45 of 50"),
        pictures=frozenset({"iris.png", "iris-network.svg"}),
    ),
    "activations": Lesson(
        says=(
            r"∂z/∂x = z·\(1 - z\)",
            r"at the best rate of each: relu \d+, tanh \d+, sigmoid \d+",
            r"Instead of log\(exp\(z\)/\(1 \+ exp\(z\)\)\), write z\.logsigmoid\(\)\.",
            r"sigmoid last layer 3\.4e-01, first 2\.1e-05; × 0\.21 a layer",
            r"greatest slope of the sigmoid +│ ¼, at 0 \(closed form\) +│ 0\.2500",
        ),
        pictures=frozenset({"activations-functions.png", "activations-training.png", "activations-depth.png"}),
    ),
    "gradient_descent": Lesson(
        says=(
            r"closed form: w = 1\.527433, b = 0\.604266",
            r"one Newton step from 0, 0: w = 1\.527433, b = 0\.604266",
            r"limit of stability: 2/λmax = 0\.474590, by bisection 0\.4745",
            r"0\.99 of the limit: × 0\.9800 a step, converges",
            r"1\.01 of the limit: × 1\.0200 a step, diverges",
            r"stopped by divergence",
            r"the result is beyond the largest float",
            r"best factor per step +│ 0\.857641 .*│ 0\.857641",
        ),
        pictures=frozenset({"gradient_descent-path.png", "gradient_descent-loss.png", "gradient_descent-rates.png"}),
    ),
    "moons": Lesson(
        says=(
            r"step  10   loss 0\.245070   accuracy  91%",
            r"micrograd's losses at steps 0, 1, 10: the same to 12 digits",
        ),
        pictures=frozenset({"moons.png", "moons-network.svg"}),
    ),
    "names": Lesson(
        says=(
            r"a guess at random costs log 24 = 3\.1781 per character, the counted bigram 1\.4974",
            r"bigram, learnt +1\.4981 +1\.6056",
            r"∂logit \w/∂embedding\[0,0\] = .* the sum of the products along 24 paths",
            r"kept: epoch 5, with 1\.7\d+ on the validation names",
        ),
        pictures=frozenset({"names.png"}),
    ),
    "recurrent_backprop": Lesson(
        says=(
            r"greatest difference between them: \de-1[3-5]",
            r"between the rule and central differences: \de-1\d",
            r"the sum of the products along 5,592,405 paths",
            r"factor per iteration of settling +│ 0\.4794 .*│ 0\.47\d\d",
            r"nodes for a gradient, by the rule .*│ 59",
            r"XOR, static: mean squared error .*│ 1\.0000",
            r"XOR with feedback: right +│ 4 of 4 +│ 4 of 4",
        ),
        pictures=frozenset({"recurrent_backprop.png", "recurrent_backprop-network.svg"}),
    ),
    "sequences": Lesson(
        says=(
            r"the code of the RNN over 23 steps(.*\n)+        for v_t",
            r"RNN +times 0\.375 per step \(ρ = 0\.381\); 2e-13 of it arrives",
            r"LSTM, f = T/\(T \+ 1\) times 0\.963 per step",
            r"∂L/∂h\[t=1\] \+= ∂L/∂\w+ · ∂\w+/∂h\[t=1\]",
            r"after  30 steps RNN  gets 1 of 2 right",
            r"after  30 steps LSTM gets 2 of 2 right",
        ),
        pictures=frozenset({"sequences-continuation.png", "sequences-gradient.png", "sequences-network.svg"}),
    ),
    "many_machines": Lesson(
        says=(
            r"a machine that takes the first half of each batch reads 160 of 320 rows",
            r"added up: difference │ 0 +│ \de-1[678]",
            *(
                (
                    r"epoch  6   one process 0\.1589043877\d+   two 0\.1589043877\d+   two, then one 0\.1589043877\d+",
                    r"rows that were read: one process 1,920, two 960 and 960",
                    r"the same curve to 12 digits +│ yes +│ yes",
                    r"two processes, then one: the same +│ yes +│ yes",
                )
                if JAX
                else (r"The trainings of this lesson are left out, because they need jax:\npip install jax, or in",)
            ),
        ),
        pictures=frozenset({"many_machines.png"} if JAX else ()),
    ),
    "mnist": Lesson(
        says=(
            r"64-41-33-10: 4,391 parameters",
            r"248 operations on one image, and 8,694 without dot",
            r"1,348 images for training, 449 for the test",
            r"compiled, 3 × 400 images: about \d+ second",
            r"layers_0\w*\.dot\(x, out=z1\)",
            r"7\d\.\d\d % of 60 test images read right",
        ),
        pictures=frozenset(
            {"mnist-data.png", "mnist-cost.png", "mnist-confusion.png", "mnist-misread.png", "mnist-network.svg"}
        ),
    ),
    "convolution": Lesson(
        says=(
            r"edges that leave a weight of a filter: 36; a weight of the dense layer: 1",
            r"the sum of 36 terms +0\.067623811",
            r"by backward +0\.067623811",
            r"by differences +0\.067623811",
            r"∂L/∂filters\.w\[\S+\] = 0\.0676238, the sum of the products along 360 paths",
            r"convolutional +410 +1,810 +494",
            r"filters\.weight +\(N·36 × 9\) · \(9 × 4\)",
            r"convolutional +7\d\.\d % of 60 test images read right",
        ),
        pictures=frozenset(
            {"convolution-loss.png", "convolution-filters.png", "convolution-misread.png", "convolution-network.svg"}
        ),
    ),
}


def test_no_lesson_is_forgotten() -> None:
    assert {p.stem for p in DEMOS.glob("*.py")} == set(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_a_lesson_ends_where_it_should(name: str, tmp_path: Path) -> None:
    wrong = json.dumps(WRONG[name])
    done = script(FIGURES, str(DEMOS / f"{name}.py"), "--quick", "--out", str(tmp_path), WRONG_ANSWERS=wrong)
    for pattern in LESSONS[name].says:
        assert re.search(pattern, done.stdout), done.stdout
    assert {p.name for p in tmp_path.iterdir()} == LESSONS[name].pictures
    assert all(p.stat().st_size > 2000 for p in tmp_path.iterdir())
    assert max(len(line) for line in done.stdout.splitlines() if not line.startswith("wrote ")) <= 100
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    assert "collide" not in done.stderr, done.stderr
    assert "leaves the picture" not in done.stderr, done.stderr
    assert "exercise" not in done.stderr, done.stderr


def test_labels_that_collide_or_leave_the_picture_are_noticed(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.py"
    lesson.write_text(
        "import matplotlib; matplotlib.use('agg'); import matplotlib.pyplot as plt\n"
        "for ticks in (['a', 'b'], ['long' * 20, 'longer' * 20]):\n"
        "    figure, axes = plt.subplots(); axes.set_xticks([0, 1], ticks); axes.set_xlim(0, 1)\n"
        "    figure.savefig('/dev/null', format='png')\n",
        encoding="utf-8",
    )
    said = script(FIGURES, str(lesson)).stderr
    assert f"'{'long' * 20}' and '{'longer' * 20}' collide" in said
    assert f"'{'longer' * 20}' leaves the picture" in said
    assert "'a'" not in said


@pytest.mark.parametrize("name", EVERY_DEMO)
def test_every_exercise_has_wrong_answers(name: str) -> None:
    """They are tried in `test_a_lesson_ends_where_it_should`."""
    answers = [cell.text for cell in cells((DEMOS / f"{name}.py").read_text(encoding="utf-8")) if cell.kind == "answer"]
    functions = [match for text in answers for match in re.findall(r"^def (\w+)", text, re.MULTILINE)]
    assert sorted(WRONG[name]) == sorted(functions)
    assert all(WRONG[name].values())


def test_a_check_that_notices_nothing_is_noticed(tmp_path: Path) -> None:
    lesson = tmp_path / "lesson.py"
    lesson.write_text(
        "import types, sys\n"
        "def f(): return 1\n"
        "def g(): return 2\n"
        "def f_is_right(): assert f() > 0\n"
        "def g_is_right(): assert g() == 3\n"
        "checks = [f_is_right] + [g_is_right] * (sys.argv[1] == 'wrong')\n"
        "sys.modules['lesson'] = types.SimpleNamespace(CHECKS=checks)\n",
        encoding="utf-8",
    )
    answers = json.dumps({"f": ["def f(): return 0", "def f(): return 5"], "g": []})
    said = script(FIGURES, str(lesson), "right", WRONG_ANSWERS=answers).stderr.splitlines()
    assert said == [
        "exercise f: 'def f(): return 5' is right, and should be wrong",
        "exercise g: 'def g(*_): raise NotImplementedError' is right, and should be unanswered",
    ]
    said = script(FIGURES, str(lesson), "wrong").stderr.splitlines()
    assert said == ["the answers to the exercises are wrong"]


# ── without the extras ──


@pytest.fixture
def hidden(tmp_path: Path) -> dict[str, str]:
    """Variables of a process in which no library of the extras can be imported, whatever is installed."""
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] in os.environ['HIDDEN'].split():\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n",
        encoding="utf-8",
    )
    return {"PYTHONPATH": os.pathsep.join(map(str, (tmp_path, PACKAGE.parent, ROOT))), "HIDDEN": " ".join(EXTRAS)}


@pytest.mark.parametrize("name", EVERY_DEMO)
def test_a_lesson_names_the_libraries_that_are_missing(name: str, hidden: dict[str, str]) -> None:
    done = script(DEMOS / f"{name}.py", check=False, **hidden)
    assert done.returncode == 1
    assert done.stdout == ""
    remedy = f'in the folder {ROOT}, run {sys.executable} -m pip install ".[demos]"'
    assert done.stderr == f"this lesson needs matplotlib, numpy, rich, scikit-learn; {remedy}\n"


@pytest.mark.parametrize("module", ["matplotlib", "numpy", "rich", "sklearn", "autograd"])
def test_one_missing_library_is_named_alone(module: str, hidden: dict[str, str]) -> None:
    done = script(DEMOS / "xor.py", check=False, **{**hidden, "HIDDEN": module})
    name = {"sklearn": "scikit-learn", "autograd": "scalar-autograd"}.get(module, module)
    assert done.stderr.startswith(f"this lesson needs {name}; ")
    assert done.stderr.count("\n") == 1


def test_saving_names_the_library_that_is_missing(hidden: dict[str, str], tmp_path: Path) -> None:
    words = ["--quick", "--save", str(tmp_path / "m.safetensors")]
    done = script(DEMOS / "mnist.py", *words, check=False, **{**hidden, "HIDDEN": "safetensors"})
    assert done.returncode == 2
    assert f"error: --save needs safetensors: {to_install('safetensors', 'save')}\n" in done.stderr


def test_the_helpers_of_the_lessons_can_be_imported_without_the_extras(hidden: dict[str, str], tmp_path: Path) -> None:
    script_of_another = tmp_path / "other.py"
    script_of_another.write_text("import demos.lesson; print(demos.lesson.obstacle())", encoding="utf-8")
    done = script(script_of_another, check=True, **hidden)
    assert done.stdout.startswith("this lesson needs matplotlib, numpy, rich, scikit-learn; ")


def test_the_extra_has_the_libraries_that_the_lessons_import(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))
    needed = importlib.import_module("demos.lesson").NEEDED
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extra = {re.split("[<>=]", requirement)[0] for requirement in project["optional-dependencies"]["demos"]}
    assert {*needed.values()} == {*extra, project["name"]}


# ── on every console ──


@pytest.mark.parametrize("name", EVERY_DEMO)
def test_a_lesson_is_made_of_cells_and_its_help_tells_what_it_teaches(name: str) -> None:
    path = DEMOS / f"{name}.py"
    assert path.read_text(encoding="utf-8").count("# %%") >= 5
    said = script(path, "--help", COLUMNS="51", PYTHONIOENCODING="ascii").stdout
    teaches, _, options = said.partition("This lesson ")[2].partition("options:")
    assert all(option in options for option in ("--seed", "--epochs", "--out", "--quick"))
    assert "You see " in " ".join(teaches.split())
    assert len(teaches.split()) >= 20
    assert max(columns(line) for line in teaches.splitlines()) < 51


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
def test_a_reader_that_leaves_ends_a_lesson_silently(tmp_path: Path) -> None:
    command = f"{sys.executable} demos/toy_network.py --out {tmp_path} | head -1"
    done = subprocess.run(["sh", "-c", command], env=surroundings(PACKAGE), cwd=ROOT, capture_output=True)
    assert (done.stdout, done.stderr) == (b"forward\n", b"")


@pytest.mark.parametrize("name", ["toy_network", "activations", "gradient_descent"])
def test_a_lesson_can_be_printed_in_ascii(name: str, tmp_path: Path) -> None:
    words = ["--quick", "--out", str(tmp_path)]
    done = script(DEMOS / f"{name}.py", *words, COLUMNS="60", PYTHONIOENCODING="ascii")
    assert "Traceback" not in done.stderr
    assert "\\" not in done.stdout
    table = done.stdout.partition("tutorial / ours")[2].splitlines()[1:]
    assert len({len(line) for line in table}) == 1
    assert len(table[0]) <= 60


@pytest.mark.parametrize(
    ("name", "options", "same"),
    [
        ("xor", ["--epochs", "50"], r"History\(50 epochs, loss 0\.463 → [\d.]+"),
        ("iris", ["--epochs", "20"], r"20 iterations: squared error [\d.]+ → [\d.]+"),
        ("mnist", ["--epochs", "1", "--limit", "64"], r"epoch  1: cost \d\.\d\d"),
        ("sequences", ["--epochs", "20"], r"RNN  of 33 parameters: History\(20 epochs, loss [\d.]+ → [\d.]+"),
        ("convolution", ["--limit", "40"], r"convolutional +History\(1 epoch, loss [\d.]+ → [\d.]+"),
    ],
)
def test_compiled_and_eager_come_to_the_same(name: str, options: list[str], same: str, tmp_path: Path) -> None:
    words = ["--quick", *options, "--out", str(tmp_path)]
    compiled, eager = (script(DEMOS / f"{name}.py", *words, *more).stdout for more in ([], ["--eager"]))
    found = re.search(same, compiled)
    assert found, compiled
    assert found[0] in eager


def test_weights_that_settle_nowhere_are_taken_back(tmp_path: Path) -> None:
    done = script(DEMOS / "recurrent_backprop.py", "--quick", "--seed", "30", "--out", str(tmp_path))
    assert "not settled after 2000 iterations" in done.stdout
    assert "XOR with feedback" in done.stdout


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("xor", ["--epochs", "0"], "argument --epochs: '0' is not a whole number from 1"),
        ("xor", ["--qui"], "unrecognized arguments: --qui"),
        ("xor", ["--out", __file__], "can't be a folder for pictures"),
        ("iris", ["--lr", "-1"], "argument --lr: '-1' is not a number above 0"),
        ("mnist", ["--data", "nowhere"], "--data: there is no folder nowhere"),
        ("mnist", ["--layers", "64,5,3"], "the last is 10, the digits"),
        ("names", ["--words", "nowhere"], "nowhere can't be read"),
        ("gradient_descent", ["--rows", "2"], "--rows is from 3, not 2"),
    ],
)
def test_wrong_options_are_named(name: str, options: list[str], message: str) -> None:
    done = script(DEMOS / f"{name}.py", *options, check=False)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
