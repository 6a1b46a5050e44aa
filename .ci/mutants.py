"""Changes the package in one place after another, and runs the tests nearest to each: they have to fail.

`python .ci/mutants.py losses optim` makes every mutant of the modules whose paths contain these words;
`python .ci/mutants.py --sample 40` makes some, and prints the seed that makes the same ones again. The
mutants are those of cosmic-ray. Everything happens in copies of the checkout, on the pure build. `[tool.mutants]` of
pyproject.toml says which tests are nearest to a module, and which mutants are equivalent to the original. The extension
for native programs is copied as well, or compiled once for each process that tests mutants.
"""

import argparse
import compileall
import difflib
import gc
import importlib
import math
import multiprocessing
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import suppress
from fnmatch import fnmatch
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

import pytest
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

ROOT = Path(__file__).parent.parent
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mutants"]
NOT_COPIED = (".git", ".venv", ".hypothesis", ".*_cache", "__pycache__", "build", "dist", "*.so", "*.pyd")
EXTENSION = "_native.*.so"  # Its C isn't changed, and to compile it takes longer than all tests of a mutant.
SURROUNDINGS = {"CI": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": "", "PYTHONHASHSEED": "0"}
"""With CI, hypothesis draws the same examples each time."""


WARM = ("hypothesis", "mpmath", "numpy", "torch")
"""Libraries that tests import; a process that has them saves each of its children a second."""
FEW = 8
"""Modules of a sample, at most."""
WAITING = 10
"""So many times longer than its limit a process may take, where others want the processor too, or if it sleeps."""
SLOWER = 3
"""So many times longer than without a mutant its tests may take, besides the limit: a machine has slow minutes."""
FORK = multiprocessing.get_context("fork")


class Mutant(NamedTuple):
    """One place in one module, changed by one operator of cosmic-ray."""

    module: str
    operator: str
    occurrence: int


class Outcome(NamedTuple):
    """A word for the result of the tests, the change that they ran on, and the entry that lists it as equivalent."""

    word: str
    change: str
    entry: str = ""


class Tests(NamedTuple):
    """Whether tests passed, the seconds that each took, and else what was wrong."""

    passed: bool
    seconds: dict[str, float]
    why: str


class Quickest:
    """A plugin of pytest that runs the quickest tests first, measures them, and keeps what was wrong."""

    def __init__(self, known: dict[str, float]) -> None:
        self.known = known
        self.seconds: dict[str, float] = defaultdict(float)
        self.why = ""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.known.get(item.nodeid, 0.0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.why = f"{report.nodeid}\n{report.longreprtext}"

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.why = f"{report.nodeid}\n{report.longreprtext}"


def modules() -> list[str]:
    """The paths of all modules that have tests of their own, relative to the package."""
    package = ROOT / "autograd"
    paths = (path.relative_to(package).as_posix() for path in sorted(package.rglob("*.py")))
    return [path for path in paths if nearest(path)]


def mutants(module: str) -> Iterator[Mutant]:
    """All mutants of a module."""
    nodes = list(ast_nodes(get_ast_from_path(ROOT / "autograd" / module)))
    for name in operator_names():
        if re.fullmatch(SETTINGS["operators"], name):
            operator = get_operator(name)()
            places = [node for node in nodes for _ in operator.mutation_positions(node)]
            for i, node in enumerate(places):
                if node.parent is None or node.parent.type != "parameters":  # There `*` is no operator.
                    yield Mutant(module, name, i)


def nearest(module: str) -> tuple[str, ...]:
    """The test files nearest to a module: those of the longest beginning of its path that has some."""
    files: dict[str, str] = SETTINGS["tests"]
    beginnings = [beginning for beginning in files if module.startswith(beginning)]
    return tuple(f"tests/{name}" for name in files[max(beginnings, key=len)].split()) if beginnings else ()


def left_out(folder: str, names: list[str]) -> set[str]:
    """The names in a folder of the checkout that aren't copied."""
    found = shutil.ignore_patterns(*NOT_COPIED)(folder, names)
    return {name for name in found if not fnmatch(name, EXTENSION)}


def settle(folder: str) -> None:
    """Go to a copy of the checkout, in which this process will change and test the package."""
    copy = Path(tempfile.mkdtemp(dir=folder)) / "checkout"
    shutil.copytree(ROOT, copy, ignore=left_out)
    if not any(copy.rglob(EXTENSION)):  # Without a compiler the tests that need it are skipped.
        subprocess.run([sys.executable, ".build/native.py"], cwd=copy, capture_output=True, check=False)
    compileall.compile_dir(copy / "autograd", quiet=1)
    sys.dont_write_bytecode = True  # Files change faster than their times.
    os.chdir(copy)
    os.environ.update(SURROUNDINGS)
    for name in WARM:
        with suppress(ImportError):
            importlib.import_module(name)
    gc.freeze()  # Else each child spends a third of its time on looking through the objects of the libraries.


def tested(files: tuple[str, ...], known: dict[str, float] | None) -> Tests:
    """What tests say of this copy, as it is now; once it is known how long each takes, within the limit."""
    limit = WAITING * SETTINGS["limit"] if known is None else SETTINGS["limit"] + SLOWER * sum(known.values())
    receiver, sender = FORK.Pipe(duplex=False)
    child = FORK.Process(target=_test, args=(files, known or {}, limit, sender))
    child.start()
    sender.close()
    try:
        found: Tests = receiver.recv() if receiver.poll(WAITING * limit) else Tests(False, {}, "they never ended")
    except EOFError:
        found = Tests(False, {}, f"their process crashed, or needed more than {limit:.0f} s of the processor")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.ident or 0, signal.SIGKILL)
        child.join()
    return found


def sample(made: list[Mutant], size: int, rng: random.Random) -> list[Mutant]:
    """So many mutants, from few modules: the tests of each module run once without a mutant."""
    few = {mutant.module for mutant in rng.sample(made, min(FEW, len(made)))}
    those = [mutant for mutant in made if mutant.module in few]
    return rng.sample(those, min(size, len(those)))


def _test(files: tuple[str, ...], known: dict[str, float], limit: float, sender: Connection) -> None:
    os.setsid()
    for stream in range(3):
        os.dup2(os.open(os.devnull, os.O_RDWR), stream)
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(limit),) * 2)
    slow = [f"--deselect=tests/{name}" for name in SETTINGS["slow"]]
    order = Quickest(known)
    code = pytest.main(["-xqp", "no:cacheprovider", "--assert=plain", *slow, *files], plugins=[order])
    sender.send(Tests(code == 0, dict(order.seconds), order.why or f"pytest ended with {code}"))


def outcome(mutant: Mutant, known: dict[str, float]) -> Outcome:
    """Make the mutant in this copy, run the tests, and take it back."""
    path = Path("autograd", mutant.module)
    code = path.read_text(encoding="utf-8")
    mutated = mutate_code(code, get_operator(mutant.operator)(), mutant.occurrence)
    diff = difflib.unified_diff(
        code.splitlines(), mutated.splitlines(), mutant.module, mutant.operator, lineterm="", n=0
    )
    _, _, *changes = diff
    change = "\n".join([f"{mutant.module}  {mutant.operator}", *changes])
    try:
        compile(mutated, path, "exec")
    except SyntaxError:
        return Outcome("invalid", change)
    added = [line for line in changes if line.startswith("+")] or changes[1:]  # Else a decorator is gone.
    if entry := next(filter(None, (equivalent(mutant.module, line[1:]) for line in added)), ""):
        return Outcome("equivalent", change, entry)
    try:
        path.write_text(mutated, encoding="utf-8")
        passed = tested(nearest(mutant.module), known).passed
        return Outcome("survived" if passed else "killed", change)
    finally:
        path.write_text(code, encoding="utf-8")


def equivalent(module: str, line: str) -> str:
    """The entry that lists a module with this line in the place of its own as equivalent; spaces don't count.

    An entry is a part of a line, after the module or for all of them.
    """
    for group in SETTINGS["equivalent"]:
        for entry in group["lines"]:
            of, part = re.fullmatch(r"(?:(\S+\.py): )?(.*)", entry).groups()  # type: ignore[union-attr]
            if of in (None, module) and "".join(part.split()) in "".join(line.split()):
                return str(entry)
    return ""


def unused(entries: set[str], names: Iterable[str]) -> Iterator[str]:
    """The entries of these modules that no mutant has met."""
    for group in SETTINGS["equivalent"]:
        for entry in group["lines"]:
            if entry not in entries and entry.partition(": ")[0] in names:
                yield entry


def main() -> int:
    """Print the mutants that survive, and the score of each module; return 1 if the score is below the least one."""
    parser = argparse.ArgumentParser(description="Run the tests on mutants of the package.")
    parser.add_argument("words", nargs="*", help="mutate the modules whose paths contain one of these words")
    parser.add_argument("--sample", type=int, metavar="N", help="make N mutants, drawn from a few modules")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="draw the same N mutants again")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="mutants that are tested at the same time")
    asked = parser.parse_args()
    chosen = [name for name in modules() if not asked.words or any(word in name for word in asked.words)]
    made = [mutant for name in chosen for mutant in mutants(name)]
    if asked.sample is not None:
        print(f"--seed {asked.seed}")
        made = sample(made, asked.sample, random.Random(asked.seed))
    counts: dict[str, Counter[str]] = {}
    entries: set[str] = set()
    files = list(dict.fromkeys(nearest(mutant.module) for mutant in made))
    with (
        tempfile.TemporaryDirectory() as folder,
        ProcessPoolExecutor(asked.jobs, initializer=settle, initargs=(folder,)) as pool,
    ):
        known: dict[tuple[str, ...], dict[str, float]] = {}
        for names, tests in zip(files, pool.map(tested, files, [None] * len(files)), strict=True):
            if not tests.passed:
                sys.exit(f"these tests fail without a mutant: {' '.join(names)}\n{tests.why}")
            known[names] = tests.seconds
        found = pool.map(outcome, made, [known[nearest(mutant.module)] for mutant in made])
        for mutant, (word, change, entry) in zip(made, found, strict=True):
            entries.add(entry)
            counts.setdefault(mutant.module, Counter())[word] += 1
            if word == "survived":
                print(change, end="\n\n", flush=True)
    for entry in unused(entries, counts) if asked.sample is None else ():
        print(f"listed as equivalent, and no mutant any more: {entry}")
    for name, count in counts.items():
        print(_score(name, count))
    total = sum(counts.values(), Counter[str]())
    print(_score("all", total))
    least = SETTINGS["least" if asked.sample is None else "least_of_sample"]
    return int(total["killed"] < least * (total["killed"] + total["survived"]))


def _score(name: str, count: Counter[str]) -> str:
    killed, all_of_them = count["killed"], count["killed"] + count["survived"]
    percent = f"{100.0 * killed / all_of_them:.1f} %" if all_of_them else "-"
    return f"{percent:>8} {killed:5} of {all_of_them:5} killed, {count['equivalent']:3} equivalent  {name}"


if __name__ == "__main__":
    sys.exit(main())
