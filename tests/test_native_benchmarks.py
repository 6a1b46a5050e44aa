"""The third table of the benchmarks: one program in every library, ours by each back end, and the time until ready."""

import ast
import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final

import numpy as np
import pytest

from autograd import Value
from tests.benchmarks import __main__ as command
from tests.benchmarks import duel, fresh, process, table, timing
from tests.benchmarks.agreement import DisagreementError
from tests.benchmarks.builds import Build
from tests.benchmarks.contender import MissingRivalError
from tests.benchmarks.programs import beginnings, emitted, engines, heston, iris, measuring, natives, races
from tests.benchmarks.programs.case import VALUES, Case, Contender, Entrant, Race, Scalars, eager, program_of
from tests.benchmarks.programs.case import require_close as require_close_arrays
from tests.benchmarks.programs.training import STEPS
from tests.benchmarks.settings import Settings
from tests.running import PACKAGE

HERE: Final = Build("pure", PACKAGE.parent)
QUICK: Final = Settings(quick=True, rounds=3)
CASES: Final = [
    pytest.param(case, id=f"{name}: {case.title}") for name in races.NATIVES for case in races.race(name).cases
]
LIBRARIES: Final = ("numba", "heyoka", "ddx", "casadi", "symengine", "drjit", "jax", "torch")


def next_of(symbols: Iterator[Value], name: str) -> Value:
    return next(symbols)


def of_values(scalars: Scalars, n: int) -> engines.Function:
    """An engine made of our eager Values, as the libraries are put into the benchmarks."""
    symbols: list[Value] = []

    def symbol(name: str) -> Value:
        symbols.append(Value(1.0, label=name))
        return symbols[-1]

    s = engines.over_symbols(scalars, VALUES, symbol)
    assert [v.label for v in symbols] == sorted(v.label for v in symbols)
    numbers, values, gradients = (np.ones(shape) for shape in ((len(symbols), n), n, (len(s.wanted), n)))

    def run() -> None:
        for k in range(n):
            for v, number in zip(symbols, numbers[:, k].tolist(), strict=True):
                v.data, v.grad = number, 0.0
            root = engines.over_symbols(scalars, VALUES, partial(next_of, iter(symbols))).root
            root.backward()
            values[k], gradients[:, k] = root.data, [v.grad for v in s.wanted]

    return engines.Function(numbers, run, lambda: values if n > 1 else values.item(), gradients)


def is_training(case: Case) -> bool:
    return case.scalars(True).steps > 1


# ── the programs ──


@pytest.mark.parametrize("case", [c for c in CASES if not is_training(c.values[0])])  # type: ignore[arg-type]
def test_a_program_for_any_engine_is_ours(case: Case) -> None:
    want, scalars = eager(case.scalars(True)), case.scalars(True)
    assert len(set(want.tolist())) > 2
    found = engines.differentiated(of_values, scalars)
    for _ in range(2):
        require_close_arrays("any engine", found.results(), "ours", want, "float64")
    found.run()
    require_close_arrays("ours", case.contenders[2].make(case.scalars(True)).results(), "eager", want, "float64")


@pytest.mark.parametrize("case", [c for c in CASES if is_training(c.values[0])])  # type: ignore[arg-type]
def test_a_training_for_any_engine_is_ours(case: Case) -> None:
    rate = {"XOR": 0.1, "Iris": 10.0}[case.title]
    want = case.scalars(True)
    for _ in range(STEPS):
        slopes = eager(want)[1:]
        leaves = [v for tensor in want.tensors.values() for v in np.ravel(np.array(tensor, object))]
        for v, slope in zip(leaves, slopes.tolist(), strict=True):
            v.data -= rate * slope
    wanted = np.concatenate([number.ravel() for number in want.numbers().values()])
    stepping = engines.stepping(of_values, rate, case.scalars(True))
    fitted = case.contenders[2].make(case.scalars(True))
    for entrant in (stepping, fitted):
        for _ in range(2):
            require_close_arrays("a training", entrant.results(), "eager", wanted, "float64")
        entrant.run()
    assert (stepping.steps, fitted.steps) == (1, natives.FEW)


def test_one_call_has_floats() -> None:
    case = natives.CALL.cases[0]
    scalars = case.scalars(True)
    entrant = engines.called(of_values, scalars)
    require_close_arrays("any engine", entrant.results(), "eager", eager(scalars), "float64")
    found: Any = entrant.run()
    value, gradient = found
    assert [type(x) for x in (value, *gradient)] == [float] * 3


@pytest.mark.parametrize("library", LIBRARIES)
def test_libraries_agree_with_ours(library: str, tmp_path: Path) -> None:
    """Each library has a process of its own, as in the benchmarks."""
    with process.Worker(HERE, cache=str(tmp_path)) as running:
        running.ask("pin")
        for name in races.NATIVES:
            for number, case in enumerate(races.race(name).cases):
                ours = next(i for i, c in enumerate(case.contenders) if c.name == "ours, numpy")
                own = [i for i, c in enumerate(case.contenders) if c.needs == library]
                for i in (ours, *own) if own else ():
                    key, wanted = (name, number, i), str(tmp_path / f"{name} {number}.npz")
                    answer = running.ask("program prepare", key=key, quick=True, wanted=wanted, warm=True)
                    if "missing" in answer:
                        pytest.skip(answer["missing"])
                    assert "wrong" not in answer, answer["wrong"]
                    assert answer["ready_seconds"] >= 0.0
                    assert running.ask("program round", key=key, seconds=0.0, cpu_time=True)["seconds"] >= 0.0


def test_a_back_end_that_another_takes_the_place_of_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    scalars = natives.CALL.cases[0].scalars(True)
    made = program_of(scalars, "numpy")
    monkeypatch.setattr(natives, "program_of", lambda scalars, backend, clock: made)
    assert natives.made_for("numpy", scalars) is made
    with pytest.raises(MissingRivalError, match=r"^missing: backend='numpy'"):
        natives.made_for("native", scalars)


def test_a_run_of_many_steps_has_the_time_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    key = measuring.Key("native-xor", 0, 0)
    monkeypatch.setitem(measuring._entrants, key, Entrant(lambda: None, lambda: np.zeros(1), steps=5))
    monkeypatch.setitem(measuring._repeats, key, 2)
    monkeypatch.setattr(timing, "seconds_for", lambda run, repeats, clock: 30.0)
    assert measuring.measure_round([*key], 0.0) == {"seconds": 3.0}


def test_it_is_ready_after_the_first_run_without_the_time_of_a_later_one(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    lasts = iter([5.0, 2.0])  # The first run has compiled something too.

    def run() -> None:
        nonlocal now
        now += next(lasts)

    def make(scalars: Scalars) -> Entrant:
        nonlocal now
        now += 10.0
        return Entrant(run, lambda: np.zeros(1))

    monkeypatch.setattr(timing, "processor_seconds", lambda: now)
    _, seconds = measuring.ready_after(Contender("ours, c", make), natives.CALL.cases[0].scalars(True))
    assert seconds == 10.0 + 5.0 - 2.0


# ── the text for numba ──


@pytest.mark.parametrize("scalars", [heston.scalars(True), iris.scalars(True), natives.CALL.cases[0].scalars(True)])
def test_names_inside_expressions_become_statements(scalars: Scalars) -> None:
    program = program_of(scalars, "numpy").program
    floats = program._part(program._main).code.floats
    tree = emitted.as_statements(floats.texts["value_and_grad"])
    words = dict(floats.value_and_grad.__globals__)
    exec(compile(tree, "<text>", "exec"), words)
    count = floats.value_and_grad.__code__.co_argcount
    for scale in (0.3, -1.7, 0.0):
        numbers = [scale * (1.0 + 0.1 * k) for k in range(count)]
        assert repr(words["value_and_grad"](*numbers)) == repr(floats.value_and_grad(*numbers))
    assert ":=" not in ast.unparse(tree)


# ── the duel ──


def _never(scalars: object) -> Entrant:
    raise AssertionError


RACE: Final = Race(
    heading="nothing at all",
    unit="µs",
    cases=(
        Case(
            title="one",
            scalars=natives.CALL.cases[0].scalars,
            contenders=(
                Contender("ours, c", _never, most=1.0, ready=5.0),
                Contender("ours, native", _never, most=2.0, ready=0.1),
                Contender("ours, numpy", _never),
                Contender("numba", _never, "numba"),
            ),
            units=1e6,
        ),
    ),
)


class Timed:
    """A substitute for the processes of a race."""

    def __init__(self, missing: tuple[int, ...] = ()) -> None:
        self.missing, self.asked = missing, list[tuple[str, tuple[str, str], dict[str, Any]]]()

    def __call__(self, process: tuple[str, str]) -> Any:
        asked, missing = self.asked, self.missing

        class Worker:
            @staticmethod
            def ask(do: str, **arguments: Any) -> dict[str, Any]:
                asked.append((do, process, arguments))
                number = arguments.get("key", (0, 0, -1))[2]
                if do == "program round":
                    return {"seconds": (1e-6, 3e-6, 6e-6, 4e-6)[number]}
                if do == "program prepare" and number in missing:
                    return {"missing": "missing: for a reason"}
                return {"compile_seconds": 1.0, "ready_seconds": 0.5}

        return Worker()


def test_a_native_duel_has_targets_for_each_of_ours() -> None:
    timed = Timed()
    block = duel.duel("made up", RACE, timed, QUICK, duel.NATIVE)
    c, native, numpy, numba = block.sections[0].rows
    assert [row.figures["one_ratio"] for row in (c, native, numpy, numba)] == [1.0, 3.0, 6.0, 4.0]
    assert c.texts == {"target": "≤ 1 ✓", "ready_target": "≤ 5 ✓"}
    assert native.texts == {"target": "≤ 2 ✗", "ready_target": "≤ 0.1 ✗"}
    assert numba.texts == {"target": "", "ready_target": ""}
    assert {row.figures["ready"] for row in (c, native, numpy, numba)} == {0.5}
    assert block.columns == duel.NATIVE_COLUMNS
    assert block.notes == []
    assert max(map(len, table.text(block).splitlines())) <= table.WIDTH
    assert {process for _, process, _ in timed.asked} == {("one", duel.OWN), ("one", "numba")}
    assert all(arguments["cpu_time"] for do, _, arguments in timed.asked if do == "program round")
    assert all(arguments["warm"] for do, _, arguments in timed.asked if do == "program prepare")


def test_ratios_are_to_the_first_of_ours_that_is_there() -> None:
    c, native, numpy, numba = duel.duel("made up", RACE, Timed((0, 1)), QUICK, duel.NATIVE).sections[0].rows
    assert c.said == native.said == "missing: for a reason"
    assert numpy.figures["one_ratio"] == 1.0
    assert numba.figures["one_ratio"] == 4.0 / 6.0


def test_processes_of_the_third_table_keep_to_a_core_and_have_a_cache_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[tuple[dict[str, Any], list[str]]] = []

    class Worker:
        def __init__(self, build: Build, **options: Any) -> None:
            made.append((options, []))

        def ask(self, do: str, **arguments: Any) -> dict[str, Any]:
            made[-1][1].append(do)
            return {}

        def __enter__(self) -> "Worker":
            return self

        def __exit__(self, *error: object) -> None:
            pass

    monkeypatch.setattr(duel, "Worker", Worker)
    with duel.Duels(HERE, QUICK, duel.NATIVE) as duels:
        first, second = duels._worker(("one", "numpy")), duels._worker(("one", "numba"))
        assert first is not second
        assert duels._worker(("one", "numpy")) is first
        folder = Path(made[0][0]["cache"])
        assert folder.is_dir()
    assert made == [({"one_thread": True, "cache": str(folder)}, ["pin"])] * 2
    assert not folder.exists()
    with duel.Duels(HERE, QUICK) as duels:
        duels._worker(("all", "numpy"))
    assert made[-1] == ({"one_thread": False, "cache": ""}, [])
    assert process.environment(HERE, cache="here")["XDG_CACHE_HOME"] == "here"


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has no affinity")
def test_a_process_keeps_to_one_core() -> None:
    before = os.sched_getaffinity(0)
    try:
        timing.keep_to_one_core()
        assert os.sched_getaffinity(0) == {max(before)}
    finally:
        os.sched_setaffinity(0, before)


def test_the_time_of_compilers_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "process_time", lambda: 1.0)
    monkeypatch.setattr(os, "times", lambda: SimpleNamespace(children_user=2.0, children_system=4.0))
    assert timing.processor_seconds() == 7.0


def test_the_third_table_has_a_name() -> None:
    assert command.read(["--only", "native"]).only == duel.NATIVE_NAMES
    assert set(duel.NATIVE_NAMES) <= set(command.NAMES)


# ── the first gradient ──


@pytest.mark.parametrize("work", ["ours, numpy", "ours, eager"])
def test_beginnings_agree(work: str) -> None:
    scalars = beginnings.scalars(True)
    parts, results = beginnings.WORKS[work].measured(scalars)
    require_close_arrays(work, results, "eager", eager(beginnings.scalars(True)), "float64")
    assert all(seconds >= 0.0 for seconds in parts.values())


def test_a_library_begins_as_ours() -> None:
    parts, results = beginnings.by_library(of_values, beginnings.scalars(True))
    require_close_arrays("a library", results, "eager", eager(beginnings.scalars(True)), "float64")
    assert set(parts) == {"compile", "gradient"}


def test_a_beginning_is_measured() -> None:
    with process.Worker(HERE) as running:
        answer = running.ask("program first", work="ours, eager", quick=True)
        assert len(answer["results"]) == 1
        assert answer["gradient"] >= 0.0


def begun(results: dict[str, float]) -> Callable[..., dict[str, Any]]:
    def ask_once(build: Build, do: str, work: str, quick: bool) -> dict[str, Any]:
        if work not in results:
            return {"missing": "missing: for a reason"}
        parts = {"compile": 0.25, "gradient": 0.5} | ({"record": 0.125} if work.startswith("ours") else {})
        return {**parts, "results": [1.0, results[work]], "before": 50_000_000, "peak": None}

    return ask_once


def test_the_first_gradient_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "ask_once", begun({"ours, native": 2.0, "CasADi SX": 2.0 + 1e-14}))
    block = fresh.first(HERE, QUICK)
    rows = {row.contender: row for row in block.sections[0].rows}
    assert rows["ours, native"].texts["target"] == "≤ 1 ✓"
    assert rows["ours, native"].figures["all"] == 0.875
    assert rows["CasADi SX"].figures["all"] == 0.75
    assert "record" not in rows["CasADi SX"].figures
    assert rows["ours, eager"].said == "missing: for a reason"
    assert max(map(len, table.text(block).splitlines())) <= table.WIDTH


def test_a_wrong_first_gradient_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fresh, "ask_once", begun({"ours, native": 2.0, "CasADi SX": 2.0 + 1e-9}))
    with pytest.raises(DisagreementError, match="native-first: CasADi SX gives"):
        fresh.first(HERE, QUICK)
