"""Counts the package's lines of code, and fails if a folder is over its budget or a file over 300 lines.

Scripts of pages and C count as well.
A line of code holds a token that is not a comment or a docstring. `python .ci/lines.py` prints the table.
"""

import ast
import io
import sys
import tokenize
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent.parent / "autograd"
FILE = 300
"""The most lines of code in one file: more can't be read in one sitting."""
LONGER = {
    "engine/value.py": 371,
    "compiler/native/elementary.h": 428,
    "compiler/native/interpreter.h": 306,
    "compiler/native/training.h": 329,
}
"""Files that may have more: a class is in one file, and every operator and function of Value is a method of it; a
header of C is read whole by each program, and in the one of elementary functions each stands by itself."""
PLANNED = 4400 + 2800
"""Lines for the whole package without page, of them 2,800 for the compiler, as it was planned. They are printed, not
enforced: the plan had no place for seven kinds of numbers, for a parser that explains each refusal, for a tape that is
quick, and in the compiler for floats at the edges and for text that allocates nothing."""
SILENT = (tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER)


class Group(NamedTuple):
    """The files of one budget: folders end with a slash. A budget is raised only with a new reason."""

    name: str
    paths: tuple[str, ...]
    budget: int
    reason: str


GROUPS = (
    Group(
        "engine",
        ("engine/",),
        2271,
        "every float is accurate, in sums that overflow on the way too, threads, signals and picklers do no harm, the "
        "tape is made by compiled code, numbers that differ look different, operations of NumPy's and PyTorch's lists, "
        "remedies for operators that are none, and the same answers of both builds to objects that lie",
    ),
    Group(
        "formulas",
        ("formula/", "operations.py", "custom.py", "elementary.py", "arrays.py", "blocks.py", "slips.py"),
        2591,
        "a parser that explains what it refuses; text, arrays, Values and seven kinds of numbers; users' operations; "
        "functions beside methods, NumPy's protocol, and derivatives where a formula ends; a context of mpmath that is "
        "the package's own, so that no interrupt leaves its precision raised; the rules as JavaScript",
    ),
    Group(
        "derivatives",
        ("functional/",),
        448,
        "the functions of JAX and torch.func, over nested arguments and results; errors name the entry and the slip",
    ),
    Group(
        "pictures",
        ("show/pictures/",),
        2255,
        "graphs folded by structure, with the flow of gradients; networks of every kind of layer; curves; walks whose "
        "layout stays; light and dark, SVG, PNG and PDF with all characters, each in seconds",
    ),
    Group(
        "show",
        ("show/",),
        2020,
        "lines, steps, tree, explanation, autopsy, with the digits that a statement needs and advice for formulas "
        "written by hand, all in time and memory of n log n; names of the nodes of models; "
        "softmax and cross-entropy as one step; sentences that a page writes with other numbers",
    ),
    Group(
        "page",
        ("page/",),
        3163,
        "a walk and a training for a browser: their contents as data, places, words in two languages, and the scripts "
        "that show them without a library",
    ),
    Group(
        "networks",
        ("nn/", "losses.py", "optim/", "train/", "state.py"),
        2569,
        "the layers, losses and optimisers of the tutorials, for Values and, in few calls, arrays; PyTorch's options, "
        "groups, schedules, clipping, states and files; trainings that measure, say where they diverge, are recorded; "
        "the place of each parameter, for names; the remedy for each slip of a beginner; and all that a training needs "
        "to go on elsewhere: programs, optimisers, loaders, generators, in one file",
    ),
    Group(
        "native",
        ("compiler/native/",),
        5206,
        "elementary functions over vectors of every processor, a machine, C text with loops, a cache that no other "
        "user or crash can spoil, calls without arrays, and whole trainings with every optimiser and Python's "
        "shuffling; C counts as well",
    ),
    Group(
        "jax",
        ("compiler/jax/",),
        1836,
        "text that XLA fuses as it does what people write, loops of statements, steps, trainings on the device, and "
        "devices of one process or many",
    ),
    Group(
        "compiler",
        ("compiler/",),
        5537,
        "2,800 were planned; branches not taken that leak nothing, ragged rows, every float at the edges, text that "
        "people read and that allocates nothing, blocks in the cache, float code for irregular graphs, errors that "
        "name the remedy, straight-line programs for all that is no array code, and the face and choice of back ends",
    ),
    Group(
        "check",
        ("check/",),
        719,
        "numerical gradients at kinks and edges with errors that are known, so that no verdict is a guess; rounding "
        "errors, random graphs",
    ),
    Group(
        "face",
        (
            "__init__.py",
            "__main__.py",
            "toy.py",
            "networks.py",
            "lessons.py",
            "wording.py",
            "console.py",
            "arguments.py",
        ),
        1083,
        "the public names, the command line with the lessons' networks and a remedy for every slip, lessons as "
        "notebooks, text for consoles of every encoding and width, and checks that all others share",
    ),
)


def lines_of_script(source: str) -> int:
    """The number of lines of JavaScript or C that are neither empty nor a comment."""
    lines = [line.strip() for line in source.splitlines()]
    return sum(bool(line) and not line.startswith(("//", "/*", "*")) for line in lines)


def lines_of_code(source: str) -> int:
    """The number of lines with a token other than a comment or a string that stands alone."""
    strings = [
        node
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    prose = {line for node in strings for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    code = {line for t in tokens if t.type not in SILENT for line in range(t.start[0], t.end[0] + 1)}
    return len(code - prose)


def main() -> int:
    """Print the table; return 1 if a limit is exceeded or a file is in no group, else 0."""
    counts = {
        path.relative_to(PACKAGE).as_posix(): lines_of_code(path.read_text(encoding="utf-8"))
        for path in sorted(PACKAGE.rglob("*.py"))
    }
    scripts = sorted(path for kind in ("js", "c", "h") for path in PACKAGE.rglob(f"*.{kind}"))
    counts |= {
        path.relative_to(PACKAGE).as_posix(): lines_of_script(path.read_text(encoding="utf-8")) for path in scripts
    }
    limits = {name: LONGER.get(name, FILE) for name in counts}
    problems = [
        f"{name} has {n} lines of code, and at most {limits[name]}" for name, n in counts.items() if n > limits[name]
    ]
    rest = dict(counts)
    for group in GROUPS:
        files = {name: rest.pop(name) for name in counts if name.startswith(group.paths) and name in rest}
        used = sum(files.values())
        print(f"{used:6} of {group.budget:5}  {group.name}: {group.reason}")
        for name, n in files.items():
            print(f"{n:6}           {name}")
        if used > group.budget:
            problems.append(f"{group.name} has {used} lines of code; its budget is {group.budget}")
    problems += [f"{name} is in no group of .ci/lines.py; add it to one" for name in rest]
    total = sum(counts.values())
    print(f"{total:6} of {sum(group.budget for group in GROUPS):5}  the whole package; {PLANNED:,} were planned")
    for problem in problems:
        print(f"lines of code: {problem}", file=sys.stderr)
    return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
