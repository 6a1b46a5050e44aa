"""The command line, as typed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

import autograd
from autograd.__main__ import main
from autograd.wording import to_install
from tests.running import PACKAGE, python

Capture = pytest.CaptureFixture[str]
WEIGHTS = ("∂L/∂w1", "∂L/∂b1", "∂L/∂w2", "∂L/∂b2")


def test_the_main_job_prints_its_results_and_writes_its_pictures(tmp_path: Path, capsys: Capture) -> None:
    assert main(["--out", str(tmp_path / "pictures")]) == 0
    output = capsys.readouterr().out
    for word in (*WEIGHTS, "by hand", "differences", "backward", "δ2", "δ1", "after 70 steps"):
        assert word in output
    pictures = sorted((tmp_path / "pictures").iterdir())
    assert [p.name for p in pictures] == ["toy-after.svg", "toy-before.svg", "toy-loss.svg"]
    for p in pictures:
        assert ElementTree.parse(p).getroot().tag.endswith("svg")
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
    assert main(["--out", str(tmp_path), "--x", "1000", "--w1", "-1", "--steps", "3"]) == 0
    assert main(["--out", str(tmp_path), "--target", "1e155", "--steps", "3"]) == 2
    assert "a curve needs a positive finite number" in capsys.readouterr().err
    assert (tmp_path / "toy-after.svg").exists()


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
    assert any(line.startswith(says) for line in output.splitlines())


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
    assert f"makes code for NumPy: {to_install('numpy', 'compile')}" in capsys.readouterr().err


def test_the_networks_are_loaded_for_their_command_alone() -> None:
    program = (
        "import sys; from autograd.__main__ import main; main(['step', 'x*y', 'x=1', 'y=2']); "
        "assert not {'numpy', 'autograd.networks', 'autograd.compiler'} & {*sys.modules}"
    )
    python("-c", program)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = [sys.executable, "-P", "-m", "autograd", "--help"]
    surroundings = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "PYTHONIOENCODING": "ascii"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=surroundings) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""


def test_a_terminal_that_does_not_know_sigma_is_no_error(tmp_path: Path) -> None:
    done = python("-m", "autograd", "--out", str(tmp_path), PYTHONIOENCODING="ascii")
    assert "h = ?(x?w1 + b1)" in done.stdout


def test_an_expression_may_open_with_a_minus_sign(tmp_path: Path, capsys: Capture) -> None:
    for text in ("-x*2", "--x*-2"):
        assert main(["draw", text, "x=3", f"-o{tmp_path / 'g.dot'}"]) == 0
        assert f"{text} = -6.0" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["foo"], "invalid choice: 'foo'"),
        (["draw"], "required: expression"),
        (["draw", "x", "x=1", "--huge"], "unrecognized arguments: --huge"),
        (["--step", "1", "--huge"], "unrecognized arguments: --huge"),
        (["draw", "x^2", "x=1"], r"a power is written \*\*"),
        (["draw", "x", "y"], "'y' is not of the form name=number"),
        (["draw", "x", "x=a"], "'x=a' is not of the form name=number"),
        (["draw", "x", "x=1", "x=2"], "a name is given two numbers"),
        (["draw", "x", "x=1", "-o", "g.pdf"], r"\.svg, \.png, \.dot"),
        (["draw", "x", "x=1", "-o", "/nowhere/at/all/g.svg"], "/nowhere/at/all"),
        (["compile", "xorr"], "there is no network xorr; did you mean xor"),
        (["compile", "q"], "there is no network q; there are toy, line, xor"),
        (["compile", "xor", "x=1"], "the network xor has numbers of its own; leave x out"),
        (["compile", "x*y", "x=1", "y=2"], "there is no name without a number; leave out that of an input"),
        (["compile", "x*y", "z"], "z does not occur in"),
        (["compile", "x*y", "x", "x=1"], "a name is given two numbers"),
        (["compile", "x*y", "--dtype", "float16"], "invalid choice: 'float16'"),
        (["compile", "x*y", "-o", "/nowhere/at/all/code.py"], "/nowhere/at/all"),
        (["--lr", "fast"], "invalid number value: 'fast'"),
        (["--lr", "nan"], "nan is not finite"),
        (["toy", "--steps", "-1"], "-1 is negative"),
        (["--out", "/dev/null/pictures"], "/dev/null"),
    ],
)
def test_a_wrong_call_exits_2_with_one_clear_line(words: list[str], message: str) -> None:
    done = python("-m", "autograd", *words, check=False)
    assert done.returncode == 2
    assert done.stdout.count("\n") == 0
    assert done.stderr.count("\n") == 1
    assert re.search(message, done.stderr)


def test_help_and_version() -> None:
    assert "toy" in python("-m", "autograd", "--help").stdout
    assert "--threshold" in python("-m", "autograd", "toy", "--help").stdout
    kind = "compiled" if autograd.COMPILED else "pure Python"
    version = f"scalar-autograd {autograd.__version__}, {kind}, in {PACKAGE}"
    assert python("-m", "autograd", "--version").stdout == f"{version}\n"


def test_a_diverging_training_ends_by_itself(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path), "--lr", "1e300", "--steps", "5"]) == 0
