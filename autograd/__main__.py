"""The command line: `python -m autograd` shows the toy network; `draw`, `step`, `page`, `compile` take an expression.

>>> import os, tempfile
>>> from autograd.__main__ import main
>>> main(["draw", "x*y", "x=2", "y=3", "-o", os.path.join(tempfile.mkdtemp(), "g.dot")])
x*y = 6.0
  d/dx = 3.0
  d/dy = 2.0
wrote ...g.dot
0
"""

import argparse
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from random import Random
from typing import Any, Final, NoReturn, TypeVar

from autograd import __version__
from autograd.console import take_every_text
from autograd.engine.graph import COMPILED
from autograd.engine.value import Value
from autograd.functional import topological_order
from autograd.show.pictures.draw import draw
from autograd.show.pictures.picture import FORMATS
from autograd.show.terminal import KEYS, Help, say, walk
from autograd.toy import WEIGHTS, Toy, story
from autograd.wording import to_install

N = TypeVar("N")

SCRIPT: Final = "scalar-autograd"
PROGRAM: Final = SCRIPT if Path(sys.argv[0]).stem == SCRIPT else "python -m autograd"
"""The words that started this process, or a process that can do the same."""
OTHERS: Final = ("toy", "lessons")
"""The commands that take no expression."""
BEHIND: Final = ("numpy", "native", "c", "jax")
"""The back ends of a program; `compiler/options.py` has them too, but only one command needs the compiler."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status.

    arguments are the words after the program's name, by default those of this process. The status is 0, 2 after a
    wrong call, which is explained by one line on stderr, 130 after Ctrl-C, and 141 if the reader of a pipe has left.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "toy")
    take_every_text()
    try:
        options = _read(words)
        options.run(options)
        print(end="", flush=True)
    except BrokenPipeError:  # The reader of the pipe has left; the status is that of a program ended by SIGPIPE.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except (ValueError, RuntimeError, OSError, OverflowError, ImportError) as error:
        print(f"{PROGRAM} {words[0]}: {_with_remedy(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _with_remedy(error: Exception) -> str:
    """The message of an error, on one line; of a missing library also how to install it."""
    remedy = f": {to_install(error.name)}" if isinstance(error, ModuleNotFoundError) and error.name else ""
    return f"{error}{remedy}".replace("\n", " ")


def _read(words: list[str]) -> argparse.Namespace:
    parser, of_expressions = _parsers()
    if words[0] not in of_expressions:
        if words[0] not in OTHERS and not words[0].startswith("-"):
            raise _no_command(words[0], [*OTHERS, *of_expressions])
        return parser.parse_args(words)
    # An expression may start with a minus sign, which argparse takes for an option unless a space comes before it.
    end = words.index("--") if "--" in words else len(words)
    shielded = [f" {w}" if w.startswith("-") and not _is_option(w) else w for w in words[1:end]]
    return of_expressions[words[0]].parse_intermixed_args(shielded + words[end:])


def _no_command(word: str, commands: list[str]) -> ValueError:
    near = get_close_matches(word, commands, n=1)
    hint = f"did you mean {near[0]}" if near else f"there are {', '.join(commands)}"
    if not word.isidentifier():
        hint = f'before an expression there is a command, as in {PROGRAM} draw "{word}"'
    return ValueError(f"there is no command {word}; {hint}")


def _is_option(word: str) -> bool:
    """Whether a word is -o, -h, -og.svg, -ocode.py, or of the form --name or --name=value."""
    spelt_out = re.fullmatch(r"--[a-z]{2,}(=.*)?", word) is not None
    return word in ("-o", "-h") or spelt_out or (word.startswith("-o") and Path(word).suffix in (*FORMATS, ".py"))


class _Parser(argparse.ArgumentParser):
    """A parser whose error for a wrong call is one line and not the whole usage."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=Help, **options)
        self._negative_number_matcher = re.compile(r"-\.?\d|-inf|-nan")  # The usual one takes -1e-3 for an option.

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message}; {self.prog} --help explains\n")


class _Version(argparse.Action):
    """An option that prints the version, the build and the folder on one line of any length."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        build = "compiled" if COMPILED else "pure Python"
        print(f"scalar-autograd {__version__}, {build}, in {Path(__file__).parent}")
        parser.exit()


def _parsers() -> tuple[_Parser, dict[str, _Parser]]:
    """The parser of all commands, and those of the commands that take an expression."""
    parser = _Parser(
        prog=PROGRAM, description="A scalar autodiff engine at work. Without a command, it shows the toy network."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version and the build")
    commands = parser.add_subparsers(metavar="command", required=True)

    toy = commands.add_parser(
        "toy",
        help="the network x → h → y: three ways to its gradient, its training, its pictures",
        description="Builds h = σ(x·w1 + b1), y = σ(h·w2 + b2), L = (y − t)², compares three ways to the gradient, "
        "trains by gradient descent and writes the graph before and after, and the loss curve, as SVG.",
    )
    toy.add_argument("--x", type=number, default=1.0, help="the input; %(default)s")
    toy.add_argument("--target", type=target, default=0.2, help="the target of y, from 0 to 1; %(default)s")
    for name in WEIGHTS:
        toy.add_argument(f"--{name}", type=number, help="its initial value; by default drawn between -1 and 1")
    toy.add_argument("--lr", type=positive, default=1.0, help="the learning rate; %(default)s")
    toy.add_argument("--steps", type=count, default=10_000, help="the greatest number of steps; %(default)s")
    toy.add_argument("--threshold", type=positive, default=1e-6, help="stop when the loss is below it; %(default)s")
    toy.add_argument("--seed", type=whole, default=1, help="the seed of the initial values; %(default)s")
    toy.add_argument("--out", type=Path, default=Path(), help="the folder for the pictures; the current one")
    toy.set_defaults(run=_toy)

    lessons = commands.add_parser(
        "lessons",
        help="the lessons as notebooks, with exercises",
        description="Writes each lesson as a notebook, whose exercises are checked. A notebook that you have changed "
        "is kept. The lessons need matplotlib, NumPy, rich and scikit-learn.",
    )
    lessons.add_argument("--out", type=Path, default=Path("lessons"), help="the folder for them; %(default)s")
    lessons.set_defaults(run=_lessons)

    drawing = commands.add_parser(
        "draw",
        help="any expression as a picture of its graph",
        description=f'Draws an expression: {PROGRAM} draw "tanh(w*x+b)" w=2 x=-1 b=0.5 -o g.svg',
    )
    formats = "a .svg, .png, .pdf or .dot; %(default)s"
    drawing.add_argument("-o", "--out", type=Path, default=Path("graph.svg"), help=formats)
    drawing.add_argument("--partials", action="store_true", help="write the local derivatives on the edges")
    drawing.set_defaults(run=_draw)

    paging = commands.add_parser(
        "page",
        help="an expression as a lesson for a browser, in one file",
        description=f'Writes a page that walks through an expression: {PROGRAM} page "tanh(w*x+b)" w=2 x=-1 b=0.5 '
        "-o lesson.html. It loads nothing from the network.",
    )
    paging.add_argument("-o", "--out", type=Path, default=Path("lesson.html"), help="a .html; %(default)s")
    paging.add_argument("--lang", choices=("en", "zh"), default="en", help="the language of the page; %(default)s")
    paging.set_defaults(run=_page)

    stepping = commands.add_parser(
        "step",
        help="an expression forward and backward, one node at a time",
        description=f'Walks through an expression: {PROGRAM} step "tanh(w*x+b)" w=2 x=-1 b=0.5. In a terminal '
        f"{KEYS}; in a pipe all steps are printed.",
    )
    stepping.set_defaults(run=_step)
    for command in (drawing, stepping, paging):
        command.add_argument("expression", help="numbers, names, + - * / ** and the operations, as in tanh(w*x+b)")
        command.add_argument("numbers", nargs="*", metavar="name=number", type=assignment, help="the data of each name")

    compiling = commands.add_parser(
        "compile",
        help="the matrix code of a lesson's network, or of any expression",
        description=f"Prints the NumPy code of a network, forward and backward: {PROGRAM} compile xor. Of an "
        f'expression too: {PROGRAM} compile "tanh(w*x+b)" x w=2 b=0.5. A name with a number is a parameter, '
        "and any other one is an input, an array of N numbers.",
    )
    names = "a network (toy, xor, iris, mnist, rnn, convolution, attention, …) or an expression"
    compiling.add_argument("expression", metavar="network", help=names)
    compiling.add_argument(
        "numbers", nargs="*", metavar="name", type=given, help="an input, or a parameter's name=number"
    )
    compiling.add_argument("--dtype", choices=("float64", "float32"), default="float64", help="%(default)s")
    compiling.add_argument("--backend", choices=BEHIND, default="numpy", help="the kind of code: %(default)s")
    compiling.add_argument(
        "--report", action="store_true", help="the report: products or operations, bytes, and of NumPy a forecast"
    )
    compiling.add_argument("--trace", action="store_true", help="the program after each pass in the place of its code")
    compiling.add_argument("-o", "--out", type=Path, help="a file for the text, which is not printed then")
    compiling.set_defaults(run=_compile)
    return parser, {"draw": drawing, "step": stepping, "page": paging, "compile": compiling}


def _argument(kind: str, read: Callable[[str], N], holds: Callable[[N], bool]) -> Callable[[str], N]:
    """A type for argparse: the number of a text that can be read, and for which a condition holds."""

    def checked(text: str) -> N:
        with suppress(ValueError):
            if holds(x := read(text)):
                return x
        raise argparse.ArgumentTypeError(f"{text!r} is no {kind}")

    return checked


number = _argument("finite number, as 2, -0.5 or 1e-3", float, math.isfinite)
positive = _argument("finite number above 0", float, lambda x: 0.0 < x < math.inf)
target = _argument("number from 0 to 1, and y, a sigmoid, reaches no other", float, lambda x: 0.0 <= x <= 1.0)
whole = _argument("whole number", int, lambda n: True)
count = _argument("whole number from 1", int, lambda n: n >= 1)


def assignment(text: str) -> tuple[str, float]:
    """The name and the float of name=number, for argparse."""
    name, equals, data = text.partition("=")
    with suppress(ValueError):
        if equals and name.isidentifier():
            return name, float(data)
    raise argparse.ArgumentTypeError(f"{text.strip()!r} is not of the form name=number, as x=-0.5")


def given(text: str) -> tuple[str, float | None]:
    """The name and the float of name=number, or a name alone and None, for argparse."""
    name = text.strip()
    return (name, None) if name.isidentifier() else assignment(text)


def _numbers(options: argparse.Namespace) -> dict[str, float]:
    numbers = dict(options.numbers)
    if len(numbers) < len(options.numbers):
        raise ValueError("a name is given two numbers; give it only one")
    return numbers


def _expression(options: argparse.Namespace) -> Value:
    from autograd.formula.parse import read  # The toy network needs no parser, and its import takes time.

    return read(options.expression, _numbers(options))


def _step(options: argparse.Namespace) -> None:
    from autograd.show.stepper import Stepper  # Only this command needs it, and its import takes time.

    root = _expression(options)
    root.label = root.label or "z"
    walk(Stepper(root))
    _diagnose(root)


def _page(options: argparse.Namespace) -> None:
    from autograd.page.face import page  # Its import takes time, too.

    root, text = _expression(options), options.expression.strip()
    root.label = root.label or "z"
    made = page(root, title=f"{root.label} = {text}" if root.operands else text, lang=options.lang)
    print(f"wrote {made.save(options.out)}")


def _draw(options: argparse.Namespace) -> None:
    root, text = _expression(options), options.expression.strip()
    name = root.label
    root.label = name or text
    root.backward()
    path = draw(root, partials=options.partials).save(options.out)
    say(f"{text} = {root.data!r}")
    for v in topological_order(root):
        if v.label in dict(options.numbers) and not v.operands:
            say(f"  d/d{v.label} = {v.grad!r}")
    root.label = name or "z"  # The whole expression is no name for a line of text.
    _diagnose(root)
    print(f"wrote {path}")


def _diagnose(root: Value) -> None:
    """Print where a nan or an infinity comes from, if there is one."""
    from autograd.show.autopsy import autopsy  # Its import takes time, too.

    found = autopsy(root)
    if found.where != "nowhere":
        say(found)


def _compile(options: argparse.Namespace) -> None:
    from autograd.compiler import compile as compiled  # NumPy and the networks are for this command alone.
    from autograd.compiler.report import in_words
    from autograd.networks import NETWORKS, network

    text = options.expression.strip()
    loss, inputs, parameters = network(text, _numbers(options))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # The error below says the same.
        program = compiled(loss, inputs, parameters=parameters, dtype=options.dtype, backend=options.backend)
    if program.backend != options.backend:
        raise ValueError(f"this would be code of {program.backend}: {program.facts.reason}")
    code = program.trace() if options.trace else program.source
    if options.out is not None:
        options.out.write_text(code, encoding="utf-8")
    say(f"{text}: {NETWORKS[text].__doc__}" if text in NETWORKS else text, "")
    print(code.rstrip() if options.out is None else f"wrote {options.out}", repr(program), sep="\n\n")
    if options.report:
        say("", program.report())
    say("", *in_words(program.facts, {name: view.shape for name, view in program.views.items()}))


def _lessons(options: argparse.Namespace) -> None:
    from autograd.lessons import write  # Only this command needs it.

    _make(options.out, "notebooks")
    for line in write(options.out):
        say(line)


def _make(folder: Path, things: str) -> None:
    """Make a folder for things; ValueError if it can't be made."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"--out {folder} can't be a folder for {things}: {error.strerror}") from None


def _toy(options: argparse.Namespace) -> None:
    _make(options.out, "pictures")
    draws = Random(options.seed)
    drawn = {name: draws.uniform(-1.0, 1.0) for name in WEIGHTS}
    given = {name: weight for name in WEIGHTS if (weight := getattr(options, name)) is not None}
    toy = Toy(x=options.x, target=options.target, **(drawn | given))
    story(toy, lr=options.lr, steps=options.steps, threshold=options.threshold, out=options.out)


if __name__ == "__main__":
    sys.exit(main())
