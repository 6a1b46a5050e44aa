"""Our programs on a GPU against JAX by hand and PyTorch: `python -m tests.benchmarks.device --help` explains.

It is a script of its own, because such a machine is lent for minutes: it prints and writes each figure as soon as it
is there, so that a run that is cut off has measured something.
"""

import argparse
import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from pathlib import Path
from time import monotonic
from typing import Any, Final

from autograd.wording import to_install
from tests.benchmarks import machine, table, timing
from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.contender import MissingRivalError, require
from tests.benchmarks.programs import accelerated
from tests.benchmarks.programs.accelerated import Data, Entrant, Network
from tests.benchmarks.targets import MARKS, least

OURS: Final = "ours"
HAND: Final = "JAX, by hand"
LEAST: Final = 0.9
"""The target: our speed divided by that of JAX by hand."""
TOLERANCE: Final = 1e-4
"""Relative to the greatest number, in float32: sums of up to 65,536 images are taken in different orders."""
EXACT: Final = "highest"
"""The precision of matrix products in which results are compared; by default a GPU rounds their factors to 10 bits."""
ROUNDS: Final = 7
ROUND_SECONDS: Final = 0.2
SECONDS: Final = 270.0
"""After so many seconds no case is begun, and a case that runs gets no further round."""
PACKAGES: Final = ("jax", "jaxlib", "torch", "numpy")
COLUMNS: Final = (
    table.Column("median", ("median",)),
    table.Column("min…max", ("low", "high")),
    table.Column("ratio", ("ratio",)),
    table.Column("target", ("target",)),
    table.Column("record", ("record",), "seconds until it ran first"),
    table.Column("compile", ("compile",), "seconds until it ran first"),
    table.Column("first", ("first",), "seconds until it ran first"),
)
CAPTION: Final = (
    "A figure is the median of rounds in which the contenders take turns; a ratio is a contender's time divided by "
    "ours. Before anything was timed, losses and parameters of some steps, or values and derivatives, were compared "
    f"in float32 with matrix products in the precision {EXACT}, to {TOLERANCE:g} of the largest number; figures are of "
    "the default precision, the same for all. first: compiling by XLA, and the first steps or the first call."
)


@dataclass(frozen=True)
class Sizes:
    """The sizes of a run."""

    widths: Sequence[int]
    batches: Mapping[int, int]
    """How many batches there are of each size."""
    lanes: int
    rounds: int = ROUNDS
    round_seconds: float = ROUND_SECONDS


FULL: Final = Sizes(accelerated.WIDTHS, {256: 234, 65_536: 8}, 10**8)
SMALL: Final = Sizes(accelerated.TINY, {4: 6, 16: 5}, 1_000, rounds=2, round_seconds=0.0)


@dataclass(frozen=True)
class Case:
    """Contenders by name, of which ours is the first; a figure is `units` times the seconds of a run, or for a rate
    divided by them."""

    title: str
    unit: str
    units: float
    rate: bool
    contenders: Mapping[str, Callable[[], Entrant]]

    def figure(self, seconds: float) -> float:
        return self.units / seconds if self.rate else self.units * seconds


@dataclass
class Run:
    """The entrants of a case, why others are missing, and the seconds of the rounds."""

    case: Case
    entrants: dict[str, Entrant] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    seconds: dict[str, list[float]] = field(default_factory=dict)


# ── the cases ──


def cases(sizes: Sizes) -> Iterator[Callable[[], Case]]:
    """The cases, each made when it is called; the network is recorded once."""
    made: list[Network] = []

    def network() -> Network:
        if not made:
            made.append(Network(sizes.widths))
        return made[0]

    for n, count in sizes.batches.items():
        for make in (steps, loop):
            yield partial(case_of, make, network, sizes.widths, count, n)
    yield lambda: over_lanes(sizes.lanes)


def case_of(
    make: Callable[[Network, Data, int], Case],
    network: Callable[[], Network],
    widths: Sequence[int],
    count: int,
    n: int,
) -> Case:
    return make(network(), accelerated.images(widths, count, n), n)


def steps(network: Network, data: Data, n: int) -> Case:
    contenders = {OURS: accelerated.our_steps, HAND: accelerated.jax_steps, "PyTorch, eager": accelerated.pytorch}
    return training(f"batches of {n:,}, one call a step", contenders, network, data, n)


def loop(network: Network, data: Data, n: int) -> Case:
    contenders = {OURS: accelerated.our_loop, HAND: accelerated.jax_loop}
    return training(f"batches of {n:,}, a loop on the device", contenders, network, data, n)


def training(
    title: str, contenders: Mapping[str, Callable[[Network, Data], Entrant]], network: Network, data: Data, n: int
) -> Case:
    widths = "-".join(map(str, (len(network.x), *(len(b) for name, b in network.tensors.items() if "bias" in name))))
    makers = {name: partial(make, network, data) for name, make in contenders.items()}
    return Case(f"SGD of {widths}, {title}", "images/s", float(n * len(data.each)), True, makers)


def over_lanes(n: int) -> Case:
    a, b = accelerated.lanes(n)
    makers = {OURS: partial(accelerated.our_lanes, a, b), HAND: partial(accelerated.jax_lanes, a, b)}
    return Case(f"micrograd's README expression and both derivatives, {n:,} lanes", "ns a lane", 1e9 / n, False, makers)


# ── a run ──


def prepare(run: Run, exactly: Callable[[], AbstractContextManager[object]]) -> None:
    """Make the contenders, and compare their results; one that fails or differs is said to, and isn't timed.

    exactly makes a context in which matrix products are exact.
    """
    want = None
    for name, make in run.case.contenders.items():
        try:
            if name.startswith("PyTorch"):
                require("torch")
            entrant = make()
            with exactly():
                results = entrant.results()
            want = results if want is None else want
            require_close(results, want)
            run.entrants[name] = entrant
        except (MissingRivalError, DisagreementError) as error:
            run.said[name] = str(error)
        except Exception as error:  # A machine that is lent once should measure the others still.
            traceback.print_exc()
            run.said[name] = f"failed: {type(error).__name__}: {error}".splitlines()[0]


def require_close(got: Sequence[Any], want: Sequence[Any]) -> None:
    """Raise DisagreementError unless all arrays are near those of the first contender; they may lie on the device."""
    for i, (g, w) in enumerate(zip(got, want, strict=True)):
        if g.shape != w.shape:
            raise DisagreementError(f"array {i} has the shape {g.shape}, and that of the first contender {w.shape}")
        apart, size = float(abs(g - w).max()), float(abs(w).max())
        if not apart <= TOLERANCE * size:
            raise DisagreementError(
                f"array {i} differs from that of the first contender by {apart:.2g}, its largest number is {size:.2g}"
            )


def measure(run: Run, sizes: Sizes, deadline: float) -> None:
    """Fill the seconds of the entrants, which take turns."""
    repeats = {name: timing.repeats_for(e.run, sizes.round_seconds) for name, e in run.entrants.items()}
    for number in range(sizes.rounds):
        if number and monotonic() > deadline:
            return
        for name in list(repeats) if number % 2 == 0 else list(reversed(repeats)):
            seconds = timing.seconds_for(run.entrants[name].run, repeats[name]) / repeats[name]
            run.seconds.setdefault(name, []).append(seconds)


def block(run: Run) -> table.Block:
    rows = [row(run, name) for name in run.case.contenders]
    return table.Block("device", run.case.title, run.case.unit, COLUMNS, [table.Section("", rows)])


def row(run: Run, name: str) -> table.Row:
    """The figures of a contender; the target stands in the row of JAX by hand."""
    if name in run.said:
        return table.Row(name, said=run.said[name])
    rounds = [run.case.figure(s) for s in run.seconds[name]]
    figures: dict[str, table.Figure] = {**timing.summary(rounds), **run.entrants[name].ready}
    texts = {}
    if OURS in run.seconds:
        ratio = timing.summary(run.seconds[name])["median"] / timing.summary(run.seconds[OURS])["median"]
        figures["ratio"] = ratio
        if name == HAND:
            texts["target"] = f"{least(LEAST)} {MARKS[ratio >= LEAST]}"
    return table.Row(name, figures, rounds={"rounds": rounds}, texts=texts)


# ── the machine ──


def cards() -> str:
    """The names, drivers and memory of the GPUs, as NVIDIA's program says them."""
    command = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    try:
        return subprocess.run(command, check=True, capture_output=True, encoding="utf-8").stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "no nvidia-smi"


def described() -> dict[str, str]:
    jax = import_module("jax")
    return {
        "devices": ", ".join(f"{d.platform} {d.device_kind}" for d in jax.devices()),
        "cards": cards(),
        **machine.description(PACKAGES),
        "precision": f"float32; matrix products in JAX's {jax.config.jax_default_matmul_precision or 'default'} "
        "precision, in PyTorch's 'high', which rounds factors to 10 bits on a GPU",
    }


def warm_up() -> None:
    """Start the device and its libraries, which nobody's first step should pay for."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    x = jnp.ones((64, 64))
    jax.block_until_ready(jax.jit(jax.grad(lambda x: (x @ x).sum()))(x))
    try:
        require("torch")
    except MissingRivalError:
        return
    torch = import_module("torch")
    torch.set_float32_matmul_precision("high")
    if torch.cuda.is_available():
        y = torch.ones(64, 64, device="cuda", requires_grad=True)
        (y @ y).sum().backward()
        torch.cuda.synchronize()


@contextmanager
def exact() -> Iterator[None]:
    """A context in which the matrix products of JAX and PyTorch have the precision in which results are compared."""
    with import_module("jax").default_matmul_precision(EXACT):
        torch = sys.modules.get("torch")  # Who has not imported it yet multiplies nothing with it.
        before = torch.get_float32_matmul_precision() if torch else ""
        if torch:
            torch.set_float32_matmul_precision(EXACT)
        try:
            yield
        finally:
            if torch:
                torch.set_float32_matmul_precision(before)


# ── the command ──


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print and write; 1 where nothing can be measured, or something failed or differs."""
    options = read(arguments)
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
    if options.cpu:
        os.environ["JAX_PLATFORMS"] = "cpu"
    try:
        require("jax")
    except MissingRivalError as error:
        return refuse(options.json, f"{error}; {to_install('jax', 'jax')}")
    jax = import_module("jax")
    if not options.cpu and jax.default_backend() == "cpu":
        return refuse(options.json, "there is no GPU that JAX sees; --cpu shows with tiny sizes that everything runs")
    sizes = SMALL if options.cpu else FULL
    return measure_all(sizes, options.json, monotonic() + SECONDS)


def read(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks.device",
        description="Trains 784-500-400-10 and differentiates an expression over 10^8 lanes on a GPU: our programs, "
        "JAX by hand, and PyTorch where it is installed. It takes less than five minutes.",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="writes the same figures, and every round")
    parser.add_argument("--cpu", action="store_true", help="tiny sizes on the CPU: shows that everything runs")
    return parser.parse_args(arguments)


def refuse(file: Path | None, reason: str) -> int:
    print(f"benchmarks: {reason}", file=sys.stderr)
    write(file, {"measured": False, "reason": reason})
    return 1


def measure_all(sizes: Sizes, file: Path | None, deadline: float) -> int:
    start = monotonic()
    warm_up()
    about = described()
    for key, text in about.items():
        print(f"{key.ljust(12)}{text}")
    print("", *table.paragraph(CAPTION), sep="\n", flush=True)
    blocks: list[table.Block] = []
    good = True
    for make in cases(sizes):
        if monotonic() > deadline:
            print("\nThere is no time for more cases.")
            good = False
            break
        run = Run(make())
        print(f"\n{monotonic() - start:.0f} s: {run.case.title}", flush=True)
        prepare(run, exact)
        measure(run, sizes, deadline)
        blocks.append(block(run))
        good = good and not any(text for text in run.said.values() if not text.startswith("missing"))
        print(table.text(blocks[-1]), flush=True)
        write(file, {"measured": True, "tiny": sizes is SMALL, **table.as_json(about, blocks)})
    print(f"\n{monotonic() - start:.0f} s in all")
    return 0 if good else 1


def write(file: Path | None, contents: Mapping[str, Any]) -> None:
    if file is not None:
        file.write_text(json.dumps(contents, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
