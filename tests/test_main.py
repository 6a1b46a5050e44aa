"""The command line, as typed."""

import contextlib
import io
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd.__main__ import BEHIND, main
from autograd.compiler.options import BACKENDS
from autograd.console import NARROWEST, columns
from autograd.show.pictures.picture import Drawing
from autograd.wording import to_install
from tests.running import PACKAGE, python, surroundings

Capture = pytest.CaptureFixture[str]
WEIGHTS = ("∂L/∂w1", "∂L/∂b1", "∂L/∂w2", "∂L/∂b2")


def test_the_main_job_prints_its_results_and_writes_its_pictures(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--out", str(tmp_path / "pictures")]) == 0
    output = capsys.readouterr().out
    for word in (*WEIGHTS, "by hand", "differences", "backward", "δ2", "δ1", "after 70 steps"):
        assert word in output
    pictures = sorted((tmp_path / "pictures").iterdir())
    names = ["toy-after.svg", "toy-before.svg", "toy-loss.svg", "toy-steps.html", "toy-training.html"]
    assert [p.name for p in pictures] == names
    for p in pictures:
        if p.suffix == ".svg":
            assert ElementTree.parse(p).getroot().tag.endswith("svg")
        else:
            assert p.read_text(encoding="utf-8").startswith("<!doctype html>")
        assert str(p) in output


def test_toy_is_what_runs_without_a_command(tmp_path: Path, capsys: Capture) -> None:
    main(["toy", "--out", str(tmp_path)])
    named = capsys.readouterr().out
    main(["--out", str(tmp_path)])
    assert capsys.readouterr().out == named


def test_the_three_gradients_agree_and_their_cost_is_counted(tmp_path: Path, capsys: Capture) -> None:
    main(["--out", str(tmp_path), "--w1", "0.3", "--b1", "-0.2", "--w2", "0.9", "--b2", "0.1", "--x", "2"])
    output = capsys.readouterr().out
    rows = re.findall(r"∂L/∂..((?: +[-+.\de]+){5})$", output, re.MULTILINE)
    assert len(rows) == 4
    for row in rows:
        *_, by_hand, by_differences = map(float, row.split())
        assert abs(by_hand) < 1e-15
        assert abs(by_differences) < 1e-9
    assert "evaluations of the loss: 1 by hand, 8 by differences" in output


def test_options_reach_the_network(tmp_path: Path, capsys: Capture) -> None:
    main(["--out", str(tmp_path), "--target", "0.9", "--steps", "3", "--lr", "0.5", "--seed", "4"])
    output = capsys.readouterr().out
    assert "after 3 steps" in output
    assert "not below 1e-06; try more --steps" in output


@pytest.mark.parametrize("name", ["g.svg", "g.png", "g.dot"])
def test_any_expression_is_drawn(tmp_path: Path, name: str, capsys: Capture) -> None:
    assert main(["draw", "tanh(w*x+b)", "w=2", "x=-1", "b=0.5", "-o", str(tmp_path / name), "--partials"]) == 0
    output = capsys.readouterr().out
    assert "tanh(w*x+b) = -0.905148" in output
    assert "d/dw = -0.1807" in output
    assert (tmp_path / name).stat().st_size > 500


def test_options_may_stand_anywhere(tmp_path: Path, capsys: Capture) -> None:
    out = str(tmp_path / "g.dot")
    for words in (["x*y", "-o", out, "x=1", "--partials", "y=2"], ["--part", "x*y", "x=1", "y=2", f"--out={out}"]):
        assert main(["draw", *words]) == 0
        assert "d/dy = 1.0" in capsys.readouterr().out


def test_only_the_numbers_given_have_derivatives(tmp_path: Path, capsys: Capture) -> None:
    assert main(["draw", "2*pi", "-o", str(tmp_path / "g.dot")]) == 0
    assert "d/d" not in capsys.readouterr().out


def test_large_numbers_raise_no_error(tmp_path: Path, capsys: Capture) -> None:
    for extreme in ("1000", "1e308", "-1e308", "1e-320"):
        weights = [f"--{name}={extreme}" for name in ("w1", "b1", "w2", "b2")]
        assert main(["--out", str(tmp_path), "--x", extreme, *weights, "--steps", "3"]) == 0
        assert (tmp_path / "toy-after.svg").exists()
        assert max(map(len, capsys.readouterr().out.splitlines())) < 120


def test_a_training_that_can_go_no_further_ends_and_says_why(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--out", str(tmp_path), "--w1", "1e6", "--w2", "1e6"]) == 0
    output = capsys.readouterr().out
    assert "after 0 steps" in output
    assert "not below 1e-06: every gradient is 0" in output
    assert main(["--out", str(tmp_path), "--w1", "1000", "--w2", "1000", "--b2", "0", "--target", "1"]) == 0
    output = capsys.readouterr().out
    assert "loss 0.000e+00" in output
    assert "toy-loss" in output, "a loss of 0 has a picture too"


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("toy", "6 nodes of N examples in 6 elementwise statements"),
        ("xor", "your 10 neurons of layers.0.weight are one `X @ W.T + b`: (N × 3) · (3 × 10), with a 1 in each row"),
        ("iris", "your 5 neurons of layers.0.weight are one `X @ W.T`: (N × 4) · (4 × 5)"),
        ("convolution", "your 8 filters of filters.weight at 36 positions are one `X @ W.T + b`: (N·36 × 9) · (9 × 8)"),
        ("rnn", "your 8 neurons of cell.weight_hh are one `X @ W.T + b` in each of 50 steps: (N × 8) · (8 × 8)"),
        ("attention", "your 24 neurons of query.weight, key.weight, value.weight at 6 positions are one `X @ W.T`"),
        ("attention", "2 products of nodes are one batched `A @ B`: 2 of (N·6 × 4) · (4 × 6)"),
    ],
)
def test_a_network_is_compiled_by_its_name(name: str, says: str, capsys: Capture) -> None:
    assert main(["compile", name]) == 0
    output = capsys.readouterr().out
    assert output.startswith(f"{name}: ")
    assert "def forward():" in output
    assert says in " ".join(output.split())  # A long sentence is folded.


def test_an_expression_is_compiled_with_lanes(capsys: Capture) -> None:
    assert main(["compile", "tanh(w*x+b)*pi", "x", "w=2", "--dtype", "float32", "b=0.5"]) == 0
    output = capsys.readouterr().out
    assert "np.tanh(" in output
    assert "Program of 2 parameters, float32" in output
    assert "inputs x of shape (N,)" in output
    assert main(["compile", "-x*y"]) == 0
    assert "inputs x of shape (N,), y of shape (N,)" in capsys.readouterr().out


def test_code_goes_to_a_file_and_facts_are_printed_on_request(tmp_path: Path, capsys: Capture) -> None:
    assert main(["compile", "xor", f"-o{tmp_path / 'xor.py'}", "--report"]) == 0
    output = capsys.readouterr().out
    assert "def forward():" in (tmp_path / "xor.py").read_text(encoding="utf-8")
    assert "def forward():" not in output
    assert "22 nodes in 4 groups, 41 parameters" in output
    assert main(["compile", "xor", "--trace"]) == 0
    assert re.search(r"relu\(\[6\]\).*def forward\(\):", capsys.readouterr().out, re.DOTALL)


def test_without_numpy_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert main(["compile", "xor"]) == 2
    assert f"works with arrays of NumPy: {to_install('numpy', 'compile')}" in capsys.readouterr().err


def test_no_code_of_another_back_end_is_printed(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setitem(sys.modules, "jax", None)
    assert main(["compile", "xor", "--backend", "jax"]) == 2
    found = capsys.readouterr()
    remedy = to_install("jax", "jax")
    assert (found.out, found.err.partition(": ")[2]) == (
        "",
        f"this would be code of numpy: not jax: JAX is not installed: {remedy}\n",
    )


def test_the_networks_are_loaded_for_their_command_alone() -> None:
    program = (
        "import sys; from autograd.__main__ import main; main(['step', 'x*y', 'x=1', 'y=2']); "
        "assert not {'numpy', 'autograd.networks', 'autograd.compiler'} & {*sys.modules}"
    )
    python("-c", program)


def test_its_back_ends_are_those_of_programs() -> None:
    assert ("auto", *BEHIND) == BACKENDS


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-P", "-m", "autograd", "--help"]
    surroundings = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_an_expression_may_open_with_a_minus_sign(tmp_path: Path, capsys: Capture) -> None:
    for text in ("-x*2", "--x*-2"):
        assert main(["draw", text, "x=3", f"-o{tmp_path / 'g.dot'}"]) == 0
        assert f"{text} = -6.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["foo"], "there is no command foo; there are toy, lessons, draw, step, page, compile"),
        (["darw", "x", "x=1"], "there is no command darw; did you mean draw"),
        (["tanh(x)", "x=1"], r'before an expression there is a command, as in python -m autograd draw "tanh\(x\)"'),
        (["draw"], "required: expression"),
        (["draw", "x", "x=1", "--huge"], "unrecognized arguments: --huge"),
        (["--step", "1", "--huge"], "unrecognized arguments: --huge"),
        (["draw", "x^2", "x=1"], r"a power is written \*\*"),
        (["draw", "x", "y"], "'y' is not of the form name=number"),
        (["draw", "x", "x=a"], "'x=a' is not of the form name=number"),
        (["draw", "x", "x=1", "x=2"], "a name is given two numbers"),
        (["draw", "x", "x=1", "-o", "g.gif"], r"\.svg, \.png, \.pdf, \.dot"),
        (["draw", "x", "x=1", "-o", "/nowhere/at/all/g.svg"], "/nowhere/at/all"),
        (["compile", "xorr"], "there is no network xorr; did you mean xor"),
        (["compile", "q"], "there is no network q; there are toy, line, xor"),
        (["compile", "xor", "x=1"], "the network xor has numbers of its own; leave x out"),
        (["compile", "x*y", "x=1", "y=2"], "there is no name without a number; leave out that of an input"),
        (["compile", "x*y", "z"], "z does not occur in"),
        (["compile", "x*y", "x", "x=1"], "a name is given two numbers"),
        (["compile", "x*y", "--dtype", "float16"], "invalid choice: 'float16'"),
        (["compile", "x*y", "-o", "/nowhere/at/all/code.py"], "/nowhere/at/all"),
        (["draw", "log(w"], "is not an expression"),
        (["--out", "/dev/null/pictures"], "--out /dev/null/pictures can't be a folder for pictures"),
    ],
)
def test_a_wrong_call_exits_2_with_one_clear_line(words: list[str], message: str) -> None:
    done = python("-m", "autograd", *words, check=False)
    assert done.returncode == 2
    assert done.stdout.count("\n") == 0
    assert done.stderr.count("\n") == 1
    assert re.search(message, done.stderr)


@pytest.mark.parametrize(
    ("options", "kind", "values"),
    [
        (("x", "w1", "b1", "w2", "b2"), "finite number, as 2, -0.5 or 1e-3", ("nan", "inf", "-1e999", "fast", "")),
        (("lr", "threshold"), "finite number above 0", ("nan", "inf", "0", "-0.0", "-1", "1e-400", "fast", "")),
        (("target",), "number from 0 to 1, and y, a sigmoid, reaches no other", ("1.5", "-0.1", "nan", "inf", "high")),
        (("steps",), "whole number from 1", ("0", "-1", "1.5", "nan", "many", "")),
        (("seed",), "whole number", ("1.5", "nan", "one", "")),
    ],
)
def test_a_number_out_of_range_is_named_with_its_range(
    options: Sequence[str], kind: str, values: Sequence[str], capsys: Capture
) -> None:
    for option in options:
        for value in values:
            with pytest.raises(SystemExit) as end:
                main(["toy", f"--{option}={value}"])
            assert end.value.code == 2
            said = capsys.readouterr()
            assert f"argument --{option}: {value!r} is no {kind};" in said.err
            assert (said.out, said.err.count("\n")) == ("", 1)


@pytest.mark.parametrize(
    ("command", "expression", "numbers", "why"),
    [
        ("draw", "log(w)", ["w=-1"], "log of a negative number is no real number"),
        ("step", "log(w)", ["w=-1"], "log of a negative number is no real number"),
        ("draw", "exp(w)", ["w=1000"], "beyond the largest float"),
        ("step", "sqrt(w)*x", ["w=0", "x=1"], "the local derivative of sqrt is inf there"),
        ("draw", "w", ["w=nan"], "it is a leaf, and so from the start"),
    ],
)
def test_a_nan_or_an_infinity_is_explained(
    command: str, expression: str, numbers: list[str], why: str, tmp_path: Path, capsys: Capture
) -> None:
    out = ["-o", str(tmp_path / "g.dot")] if command == "draw" else []
    assert main([command, expression, *numbers, *out]) == 0
    said = capsys.readouterr().out
    assert why in said
    assert "isn't finite" in said
    assert f"{expression} = {expression}" not in said
    assert main([command, "log(w)", "w=2", *out]) == 0
    assert "finite" not in capsys.readouterr().out


def test_a_missing_library_comes_with_its_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    monkeypatch.setitem(sys.modules, "graphviz", None)
    assert main(["draw", "x", "x=1", "-o", str(tmp_path / "g.dot")]) == 2
    assert to_install("graphviz") in capsys.readouterr().err


def test_no_text_of_the_package_names_what_no_index_has() -> None:
    for path in PACKAGE.rglob("*.py"):
        assert "scalar-autograd[" not in path.read_text(encoding="utf-8"), path


@pytest.mark.skipif(sys.platform == "win32", reason="there is no sh")
@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("words", ["toy", "step x*y x=1 y=2", "foo"])
def test_a_process_may_have_no_streams(words: str, closed: str, tmp_path: Path) -> None:
    command = f"{sys.executable} -P -m autograd {words} {closed}"
    done = subprocess.run(["sh", "-c", command], env=surroundings(PACKAGE), cwd=tmp_path, capture_output=True)
    assert done.returncode == (2 if words == "foo" else 0)
    assert b"Traceback" not in done.stderr
    assert (b"there is no command" in done.stdout + done.stderr) == (words == "foo" and "2>" not in closed)


def test_the_script_that_is_installed_names_itself() -> None:
    program = "import sys; sys.argv[0] = '/bin/scalar-autograd'; from autograd.__main__ import main; main(['--help'])"
    assert python("-c", program, check=False).stdout.startswith("usage: scalar-autograd ")


# ── every console ──

COMMANDS = (
    ("toy", "--steps", "3"),
    ("draw", "sigmoid(w*x + b)/sqrt(π)", "w=2", "x=-1", "b=0.5"),
    ("step", "sigmoid(w*x + b)**2/sqrt(x)", "w=2", "x=4", "b=0.5"),
    ("step", "log(重み)", "重み=-1"),
    ("draw", "x", "x=1", "-o", "σ→.dot"),
    ("compile", "attention"),
    *(((*command, "--help")) for command in ((), ("toy",), ("draw",), ("step",), ("compile",))),
)
ENCODINGS = ("ascii", "cp1252", "latin-1", "cp437", "utf-8")


def typed(words: Sequence[str], encoding: str, width: int) -> str:
    """The output of a command on a console of an encoding and a width."""
    written = io.BytesIO()
    console = io.TextIOWrapper(written, encoding=encoding)
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(console):
        patch.setenv("COLUMNS", str(width))
        with contextlib.suppress(SystemExit):
            assert main(words) == 0
        console.flush()
        return written.getvalue().decode(encoding)


def is_prose(line: str, words: Sequence[str]) -> bool:
    """Whether a line can be folded: it is in no table and no code, and has no path or option that must stay whole."""
    table = len(re.findall(r"\d\.\d{3,}", line)) > 2 or "by hand" in line
    whole = re.match(r"usage| *\[| *-|wrote|  step +\d|\w+ arguments:$", line)
    return " " in line.strip() and not table and not whole and words[0] != "compile"


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_every_console_gets_lines_of_its_width(
    words: Sequence[str], encoding: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for width in (1, 30, 80, 200):
        lines = typed(words, encoding, width).splitlines()
        assert lines
        for line in lines:
            if is_prose(line, words):
                assert columns(line) <= max(width - 1, NARROWEST), line
        if encoding == "utf-8":
            assert not any("\\" in line for line in lines)


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(st.lists(st.floats(-30.0, 30.0), min_size=5, max_size=5), st.floats(0.0, 1.0))
def test_no_two_columns_of_the_gradients_touch(encoding: str, xs: list[float], target: float) -> None:
    options = [f"--{name}={x!r}" for name, x in zip(("x", "w1", "b1", "w2", "b2"), xs, strict=True)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("autograd.toy._picture", lambda toy: Drawing("", ""))
        patch.setattr("autograd.toy.draw_curves", lambda losses, **_: Drawing("", ""))
        patch.setattr(Drawing, "save", lambda *_: Path())
        patch.setattr("autograd.toy.page", lambda *_, **__: Drawing("", ""))
        lines = typed(["toy", *options, f"--target={target!r}", "--steps=1"], encoding, 80).splitlines()
    start = next(i for i, line in enumerate(lines) if "by hand" in line)
    cells = [re.split(r" {2,}", line.strip()) for line in lines[start : start + 5]]
    assert [len(row) for row in cells] == [5, 6, 6, 6, 6]
    assert [[float(cell) for cell in row[1:]] for row in cells[1:]]
    assert len({len(line) for line in lines[start : start + 5]}) == 1


def test_help_and_version() -> None:
    assert "toy" in python("-m", "autograd", "--help").stdout
    assert "--threshold" in python("-m", "autograd", "toy", "--help").stdout
    kind = "compiled" if autograd.COMPILED else "pure Python"
    version = f"scalar-autograd {autograd.__version__}, {kind}, in {PACKAGE}"
    assert python("-m", "autograd", "--version").stdout == f"{version}\n"


def test_a_diverging_training_ends_by_itself(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--lr", "1e300", "--steps", "5"]) == 0
