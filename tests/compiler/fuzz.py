"""Compares compiled random programs with eager ones: `python -m tests.compiler.fuzz FIRST LAST [--jobs 2]`.

Prints every seed whose compiled program is wrong, with the smallest part of it that still is, and the totals. The exit
code is 1 if any was wrong. What is compiled goes into a folder of its own, which is removed.

`--quick` is for thousands of programs in C and JAX: these compile them as `quickly` says, and answer one question of
one call each, by turns. The other back ends answer all, and so do C and JAX, compiled as for users, in every 40th
program.
"""

import argparse
import os
import shutil
import sys
import time
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import chain
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, Final, NamedTuple, TypeAlias
from unittest.mock import patch

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import autograd
from autograd import Value
from autograd.compiler import backends
from autograd.compiler.batches import Part
from autograd.compiler.binding import Bindable
from tests.compiler.evaluating import Plainly
from tests.compiler.finding import culprit, recording
from tests.compiler.interpreted import interpreted
from tests.compiler.judging import Asked, Compiled, Maker, Options, Verdict, judge, questions
from tests.compiler.quickly import quickly
from tests.compiler.random_programs import Plan, RandomProgram, build, flat, plan_of

PIECE: Final = 25
"""Seeds that a process gets at once."""
SLOW: Final = ("c", "jax")
"""The back ends that compile for a second and more."""
WHOLE: Final = 40
"""Of so many programs one is asked everything in a quick run too."""

TRACED: Final = 0.2
"""The share of programs that are compiled from a function, which is run on leaves that the compiler makes."""


def compiled(program: RandomProgram, **options: Any) -> Compiled:
    """The program through `autograd.compile`, from its graph or from a function."""
    plan = program.plan
    if Random(f"form {plan.seed}").random() > TRACED:
        outputs = list(program.outputs)
        return autograd.compile(
            program.loss, tuple(program.inputs), parameters=program.parameters, outputs=outputs, **options
        )

    def function(*inputs: Any) -> tuple[Value, list[Value]]:
        leaves = list(chain.from_iterable(map(flat, inputs)))
        graph = build(plan, leaves, program.parameters.__getitem__)
        return graph.loss, graph.outputs

    shapes = tuple(piece.shape for piece in plan.pieces)
    return autograd.compile(function, shapes, parameters=program.parameters, **options)


Makers: TypeAlias = Maker | Mapping[str, Maker]


class Report(NamedTuple):
    """The verdict on one seed."""

    seed: int
    wrong: str
    """How; empty if it was right."""
    excused: int
    skipped: int
    wild: bool
    dtype: str
    declined: set[str]
    """The back ends that left a part of it to another one."""

    @property
    def kind(self) -> str:
        """The error and its place, or "a wrong result"."""
        return "a wrong result" if " of call " in self.wrong else self.wrong.split(":")[0]


Judge: TypeAlias = Callable[[int | Plan], Report]


def report(seed: int | Plan, make: Makers = compiled, *, headers: Path | None = None) -> Report:
    """The verdict on the program of a seed or plan; what it raises is a fault as well.

    With a folder for headers the run is a quick one.
    """
    program = RandomProgram(seed)
    options, number = Options.of(program), program.plan.seed
    declined: set[str] = set()
    try:
        with _noting(declined), warnings.catch_warnings():
            # A back end that isn't there is a fault: NumPy would be judged in its place.
            warnings.filterwarnings("error", "backend=", RuntimeWarning)
            verdict = _verdict(program, make, options, headers)
    except Exception as error:  # Whatever it raises is the finding.
        where = _innermost(error)
        text = str(error).splitlines()[0][:200] if str(error) else ""
        return Report(
            number, f"{type(error).__name__} in {where}: {text}", 0, 0, program.plan.wild, options.dtype, declined
        )
    first = verdict.faults[0] if verdict.faults else None
    wrong = f"{first.who} {first.asked} of call {first.call}: {first.what}".lstrip() if first else ""
    return Report(number, wrong, len(verdict.excused), verdict.skipped, program.plan.wild, options.dtype, declined)


def _verdict(program: RandomProgram, make: Makers, options: Options, headers: Path | None) -> Verdict:
    if headers is None or program.plan.seed % WHOLE == 0:
        return judge(program, make, options)
    with quickly(headers):
        return judge(program, make, options, {name: _one(program, options, name) for name in SLOW})


@contextmanager
def _noting(declined: set[str]) -> Iterator[None]:
    """Note the back ends that decline a program."""
    usual = backends.Candidates.first

    def first(self: backends.Candidates) -> tuple[Bindable, backends.Choice]:
        wish = self._names[0]
        found, choice = usual(self)
        if choice.name != wish:
            declined.add(wish)
        return found, choice

    def trying(self: Part, make: Callable[[], Any]) -> Any:
        return make()  # A program of C that can't be compiled is a fault here.

    with patch.object(backends.Candidates, "first", first), patch.object(Part, "trying", trying):
        yield


def _one(program: RandomProgram, options: Options, name: str) -> Asked:
    """The question that a slow back end answers in a quick run."""
    rng = Random(f"question for {name} {program.plan.seed}")
    return rng.randrange(len(options.batches)), rng.choice(questions(program, options))


def _innermost(error: Exception) -> str:
    step = error.__traceback__
    assert step is not None
    while step.tb_next is not None:
        step = step.tb_next
    return f"{os.path.basename(step.tb_frame.f_code.co_filename)}:{step.tb_lineno}"


def shrunk(plan: Plan, fails: Callable[[Plan], bool]) -> Plan:
    """The smallest plan that still fails and that leaving out a block, or a term of the loss, leads to."""
    smaller = True
    while smaller:
        smaller = False
        for candidate in _smaller(plan):
            if fails(candidate):
                plan, smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for length in (len(plan.blocks) // 2, 2, 1):
        for first in range(0, len(plan.blocks), max(length, 1)) if length else ():
            yield plan._replace(blocks=plan.blocks[:first] + plan.blocks[first + length :])
    for i in range(len(plan.losses) if len(plan.losses) > 1 else 0):
        yield plan._replace(losses=plan.losses[:i] + plan.losses[i + 1 :])


def describe(plan: Plan, options: Options) -> str:
    """A plan in a line."""
    blocks = ", ".join(name for name, _ in plan.blocks) or "no blocks"
    shapes = " ".join(str(piece.shape) for piece in plan.pieces)
    edge = ", edge values" if plan.wild else ""
    how = f"{options.dtype}, reduce={options.reduce}, batches of {options.batches}"
    return f"inputs {shapes}; {blocks}; loss: {', '.join(name for name, _ in plan.losses)}; {how}{edge}"


def explained(seed: int, judge: Judge = report) -> str:
    """The smallest part of a wrong program that is wrong too, and how to look at it."""

    kind = judge(seed).kind

    def fails(plan: Plan) -> bool:
        try:
            return judge(plan).kind == kind
        except Exception:  # The part may be no program.
            return False

    plan = shrunk(plan_of(seed), fails)
    program = RandomProgram(plan)
    text = f"smallest, {len(program.tape())} nodes: {describe(plan, Options.of(program))}"
    return f"  {text}\n  {plan}\n  {judge(plan).wrong}\n  {_culprit(program)}"


def _culprit(program: RandomProgram) -> str:
    """The pass that is to blame; it isn't known for numbers at the ends of the range, or for float32 alone."""
    recorded = recording([program.loss, *program.outputs], program.leaves, program.parameters)
    examples = program.draw_inputs(np.random.default_rng(0), 2).tolist()
    for wanted in ("parameters", "inputs", "nothing"):
        if found := culprit(recorded, wanted, examples):
            return f"gradients of {wanted}: {found}"
    return "each pass is right on some other numbers"


def reports(seeds: Iterable[int], jobs: int, judge: Judge = report) -> Iterator[Report]:
    """The verdicts on many seeds, from several processes."""
    if jobs == 1:
        yield from map(judge, seeds)
        return
    with ProcessPoolExecutor(jobs) as pool:
        yield from pool.map(judge, seeds, chunksize=PIECE)


def _in_folder(judge: Judge, folder: Path, seed: int | Plan) -> Report:
    """The verdict on a seed, with a cache of compiled C in this folder, which is emptied."""
    own = folder / str(os.getpid())
    try:
        with patch.dict(os.environ, XDG_CACHE_HOME=str(own)):
            return judge(seed)
    finally:
        shutil.rmtree(own, ignore_errors=True)


def main(words: list[str]) -> int:
    given = _arguments(words)
    with interpreted() if given.interpreted else nullcontext(), TemporaryDirectory(prefix="fuzz-") as folder:
        return _compare(given, Path(folder))


def _arguments(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.compiler.fuzz", description=__doc__)
    parser.add_argument("first", type=int, help="the first seed")
    parser.add_argument("last", type=int, help="the seed to stop before")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--shrink", type=int, default=5, help="how many wrong programs to make small")
    parser.add_argument("--backends", default="", help="as in numpy,native,c,jax: judges each of them; that of auto")
    parser.add_argument(
        "--quick", action="store_true", help=f"C and JAX are compiled quickly and asked once, but in each {WHOLE}th"
    )
    parser.add_argument("--plainly", action="store_true", help="judge an evaluator in place of the compiler")
    parser.add_argument("--interpreted", action="store_true", help="judge the compiler without its text")
    return parser.parse_args(words)


def _compare(given: argparse.Namespace, folder: Path) -> int:
    behind = {name: partial(compiled, backend=name) for name in given.backends.split(",") if name}
    make: Makers = Plainly if given.plainly else behind or compiled
    headers = folder / "headers" if given.quick else None
    judge = partial(_in_folder, partial(report, make=make, headers=headers), folder)
    how = f"quick but for each {WHOLE}th" if given.quick else "whole"
    print(f"seeds {given.first} to {given.last - 1}, {how}, {given.backends or 'auto'}", flush=True)
    start, wrong, kinds, counts = time.monotonic(), [], Counter[str](), Counter[str]()
    declined = Counter[str]()
    seeds = range(given.first, given.last)
    for i, found in enumerate(reports(seeds, given.jobs, judge), start=1):
        counts.update(
            wild=found.wild, float32=found.dtype == "float32", excused=found.excused > 0, skipped=found.skipped
        )
        declined.update(found.declined)
        if found.wrong:
            wrong.append(found.seed)
            kinds[found.kind] += 1
            print(f"seed {found.seed}: {found.wrong}", flush=True)
            if len(wrong) <= given.shrink:
                print(explained(found.seed, judge), flush=True)
        if i % 500 == 0:
            print(f"{i} of {len(seeds)}, {len(wrong)} wrong, {time.monotonic() - start:.0f} s", flush=True)
    print(
        f"seeds {given.first} to {given.last - 1}, {how}: {len(seeds)} programs, {len(wrong)} wrong, "
        f"{counts['wild']} with edge values, {counts['float32']} in float32, {counts['excused']} with differences that "
        f"rounding explains, {counts['skipped']} examples out of range, {time.monotonic() - start:.0f} s"
    )
    for name, count in declined.items():
        print(f"  {name} left {count} of them, or a part, to another back end")
    for kind, count in kinds.most_common(12):
        print(f"  {count} × {kind}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
