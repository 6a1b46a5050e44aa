"""Helpers of the lessons: the command line, pictures and their style, the table at the end, checks of exercises."""

import argparse
import math
import os
import signal
import sys
import textwrap
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from autograd import Drawing, Program
    from autograd.page import Page

# Libraries are imported inside functions, so that a missing one is named before a lesson imports it.

T = TypeVar("T")
NEEDED = {
    "autograd.engine": "scalar-autograd",  # Another library is called autograd, too.
    "matplotlib": "matplotlib",
    "numpy": "numpy",
    "rich": "rich",
    "sklearn": "scikit-learn",
}
"""The modules that the lessons import, and the distributions that pip installs them from."""
DEMOS = Path(__file__).resolve().parent.parent
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#2563eb", "#d97706", "#059669", "#dc2626", "#7c3aed", "#808080"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE)


def _is_in_a_notebook() -> bool:
    """Whether cells of a notebook are run, which is no prompt in a terminal."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return shell is not None and type(shell).__name__ != "TerminalInteractiveShell"


IN_A_NOTEBOOK = _is_in_a_notebook()
NINE_DIGITS = 1e-9
"""The order of operations changes the last digits of a float, of which there are sixteen."""
CHECKS: list[Callable[[], object]] = []
"""The checks of the exercises that were met so far."""


def obstacle() -> str:
    """The libraries that the lessons need and that are not installed, and the remedy; empty if there is none."""
    missing = [name for module, name in NEEDED.items() if not installed(module)]
    in_checkout = (DEMOS.parent / "pyproject.toml").exists()
    where, what = (f"in the folder {DEMOS.parent}, ", '".[demos]"') if in_checkout else ("", " ".join(missing))
    needs = f"this lesson needs {', '.join(missing)}"
    return f"{needs}; {where}run {sys.executable} -m pip install {what}" if missing else ""


def installed(module: str) -> bool:
    """Whether a module can be imported; nothing of it is, but for its package."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def _lesson_is_running() -> bool:
    """Whether this process runs a file of the folder demos."""
    script = getattr(sys.modules["__main__"], "__file__", None)
    return script is not None and Path(script).resolve().parent == DEMOS


if _lesson_is_running() and obstacle():
    raise SystemExit(obstacle())
if IN_A_NOTEBOOK and obstacle():
    raise ImportError(obstacle())


def parser(
    teaches: str, *, epochs: int, seed: int = 1, also: Sequence[str] = (), eager: bool = False
) -> argparse.ArgumentParser:
    """A parser with the options of every lesson, which adds its own.

    `teaches` is the text of --help. `also` lists other names of --epochs. eager=True is for a lesson that compiles,
    which can do without.
    """
    from autograd.console import take_every_text
    from autograd.show.terminal import Help

    take_every_text()
    if hasattr(signal, "SIGPIPE") and not IN_A_NOTEBOOK:
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # A lesson in a pipe ends silently when its reader has left.
    made = argparse.ArgumentParser(description=teaches, allow_abbrev=False, formatter_class=Help)
    made.add_argument("--seed", type=int, default=seed, help="the seed of all random numbers; %(default)s")
    passes = "the number of passes over the data; %(default)s"
    made.add_argument("--epochs", *also, type=positive, default=epochs, metavar="N", help=passes)
    made.add_argument("--out", type=Path, default=Path(), help="the folder for the pictures; the current one")
    made.add_argument("--quick", action="store_true", help="a small size, as a quick test")
    if eager:
        slow = "record and sweep the graph of every example, instead of compiling that of one"
        made.add_argument("--eager", action="store_true", help=slow)
    return made


def words(made: argparse.ArgumentParser, **quick: Any) -> argparse.Namespace:
    """The options of the command line; --quick takes its defaults from `quick`.

    A notebook has no command line, so it takes the words of the variable LESSON_OPTIONS. The figures that are drawn
    later have the style of the lessons.
    """
    _set_style()
    given = os.environ.get("LESSON_OPTIONS", "").split() if IN_A_NOTEBOOK else sys.argv[1:]
    if "--quick" in given:
        made.set_defaults(**quick)
    options = made.parse_args(given)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        made.error(f"--out {options.out} can't be a folder for pictures: {problem.strerror}")
    return options


def _set_style() -> None:
    import matplotlib
    from cycler import cycler

    if not IN_A_NOTEBOOK:
        matplotlib.use("agg")  # The figures are written to files, so no window has to open.
    matplotlib.rcParams.update(
        {
            "axes.prop_cycle": cycler(color=COLOURS),
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.grid": True,
            "axes.axisbelow": True,
            "grid.color": "#e5e5e5",
            "legend.frameon": False,
            "figure.constrained_layout.use": True,
            "savefig.dpi": 110,
        }
    )


def positive(text: str) -> int:
    """A whole number from 1, for argparse."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1")
    return int(text)


def above_zero(text: str) -> float:
    """A finite number above 0, for argparse."""
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0.0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")
    return number


def steps(things: Iterable[T], label: str, *, total: int | None = None) -> Iterable[T]:
    """The things one by one, with a progress bar if stderr is a terminal."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(things, label, total=total, console=console, disable=not console.is_terminal, transient=True)


def code(program: "Program", function: str = "forward", most: int = 24) -> str:
    """A function of the source of a program, indented; of a long one the first lines."""
    lines = iter(program.source.splitlines())
    first = next(line for line in lines if line.lstrip().startswith(f"def {function}("))
    body = [first, *takewhile(str.strip, lines)]
    left_out = [f"        … and {len(body) - most} more lines"] if len(body) > most else []
    return textwrap.indent(textwrap.dedent("\n".join(body[:most] + left_out)), "    ")


def compare(rows: Sequence[tuple[str, object, object]], *, tutorial: str = "tutorial") -> None:
    """Print the table that ends a lesson; a row is a name, the figure of the tutorial and ours."""
    from rich.console import Console
    from rich.table import Table

    from autograd.console import printable

    table = Table("", tutorial, "ours", title="\ntutorial / ours", title_justify="left", title_style="bold")
    for row in rows:
        table.add_row(*(printable(str(cell)) for cell in row))
    # A pipe has no width unless one is asked for, and a table shouldn't be wrapped there.
    known = sys.stdout.isatty() or "COLUMNS" in os.environ
    console = Console(highlight=False, width=None if known else 100)
    console.print(table)


def save(picture: "Figure | Drawing | Page", path: Path) -> None:
    """Show a picture or a page in its cell of a notebook; a script writes it to a file instead, and prints the path."""
    from autograd import Drawing
    from autograd.page import Page

    if isinstance(picture, (Drawing, Page)):
        show(picture) if IN_A_NOTEBOOK else picture.save(path)
    elif not IN_A_NOTEBOOK:  # A notebook shows every figure that is open at the end of a cell.
        import matplotlib.pyplot as plt

        picture.savefig(path, metadata={"Software": None} if path.suffix == ".png" else None)
        plt.close(picture)
    if not IN_A_NOTEBOOK:
        print(f"wrote {os.fspath(path)}")


def show(thing: object) -> None:
    """Show a thing as a notebook shows it, or print its text."""
    if IN_A_NOTEBOOK:
        sys.modules["IPython"].display.display(thing)
    else:
        print(thing)


def agree(yours: "float | Sequence[float]", ours: "float | Sequence[float]", where: str = "") -> None:
    """AssertionError unless the numbers of an answer are those of the engine, but for rounding."""
    pairs = [*zip(*([x] if isinstance(x, (int, float)) else x for x in (yours, ours)), strict=True)]
    told = f"{where}: " if where else ""
    assert all(math.isclose(a, b, rel_tol=NINE_DIGITS, abs_tol=NINE_DIGITS) for a, b in pairs), (
        f"{told}your answer is {yours}, and {ours} is right"
    )


def check(test: Callable[[], object]) -> Callable[[], object]:
    """A decorator of the check of an exercise: a notebook runs it at once, and says how the answer is.

    AssertionError for a wrong answer. A script has the right answers, and does not check them.
    """
    CHECKS.append(test)
    if IN_A_NOTEBOOK:
        try:
            test()
            print("right")
        except NotImplementedError:
            print("no answer yet")
    return test
