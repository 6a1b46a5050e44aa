"""The benchmarks: contenders agree, figures follow from the rounds, and no wrong result is timed."""

import gc
import json
import math
import random
import re
from collections.abc import Callable, Sequence
from fractions import Fraction
from operator import attrgetter
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Tape, Value, autopsy, topological_order
from tests.benchmarks import __main__ as command
from tests.benchmarks import (
    builds,
    drawing_race,
    duel,
    expression,
    fresh,
    gpt,
    growth,
    growth_race,
    memory,
    moons,
    process,
    public,
    public_race,
    startup,
    table,
    timing,
    wide,
    wide_race,
    worker,
)
from tests.benchmarks.agreement import Answer, DisagreementError, require_close, require_same_bits
from tests.benchmarks.builds import Build
from tests.benchmarks.contender import Contender, MissingRivalError, Program, Work, require
from tests.benchmarks.contest import contest
from tests.benchmarks.network import Network, one_by_one
from tests.benchmarks.plain import Plain
from tests.benchmarks.programs import mnist, races, xor
from tests.benchmarks.programs.case import OURS as OUR_PROGRAM
from tests.benchmarks.programs.case import Case, Entrant, Race, eager, flat, in_order
from tests.benchmarks.programs.case import Contender as Rival
from tests.benchmarks.programs.case import require_close as require_close_arrays
from tests.benchmarks.settings import Settings
from tests.running import PACKAGE

STEP: Final = 2.0**-20
SLOPE: Final = 1e-8
"""The error of a central difference: its squared step is 1e-12, and rounding divided by the step is 1e-10."""
ROUNDING: Final = 1e-12
"""Relative, for a figure that is computed in another order."""

SETTINGS: Final = Settings(quick=False, rounds=7)
WORKS: Final = (expression.WORK, moons.WORK, gpt.WORK)
COMPILED: Final = Build("compiled", Path("compiled"))
PURE: Final = Build("pure", Path("pure"))
BUILDS: Final = ("compiled", "pure")


# ── the contenders ──


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.name)
def test_contenders_agree(work: Work) -> None:
    own = [c for c in work.contenders if c.compared and not c.needs]
    answers = [Answer(c.name, c.make(True).results()) for c in own]
    for answer in answers:
        assert len(set(answer.numbers)) > 2
        require_close(work.name, answer, answers[0])


def test_those_on_plain_numbers_agree_with_ours() -> None:
    """The works in which the plain class has no contender of its own."""
    operands = attrgetter("operands")
    want = expression.ours(True)
    got = expression.scalar_engine(Plain, operands)
    require_close("expression", Answer("plain", got.results()), Answer("ours", want.results()))

    task = moons.task(True)
    network = Network(Plain, task.sizes, task.parameters, one_by_one)
    plain = moons.scalar_program(Plain, lambda xs: network(xs)[0], network.parameters(), task, operands)
    require_close("moons", Answer("plain", plain.results()), Answer("ours", moons.ours(True).results()))


def test_the_wide_contenders_agree() -> None:
    answers = [Answer(name, wide.results(name, True)["results"]) for name in ("ours", "ours with dot", "plain")]
    for answer in answers:
        assert len(answer.numbers) == 1 + 8 * 6 + 6 + 6 * 5 + 5 + 5 * 3 + 3
        require_close("wide", answer, answers[0])
    assert 0.0 < answers[0].numbers[0] < 10.0


def test_the_expression_is_one_however_relu_is_written() -> None:
    def g(a: float, b: float) -> float:
        return float(expression.expression_of(a, b, lambda x: max(x, 0.0)))

    a, b = expression.A, expression.B
    value, da, db = expression.ours(True).results()
    assert value == g(a, b)
    assert da == pytest.approx((g(a + STEP, b) - g(a - STEP, b)) / (2 * STEP), rel=SLOPE, abs=0.0)
    assert db == pytest.approx((g(a, b + STEP) - g(a, b - STEP)) / (2 * STEP), rel=SLOPE, abs=0.0)


@pytest.mark.parametrize("make", [expression.interpreter_empty_class, expression.interpreter_floats])
def test_the_interpreter_runs_the_expression(make: Callable[[bool], Program]) -> None:
    make(True).run()


@pytest.mark.parametrize("make", [moons.ours, gpt.ours, gpt.plain])
def test_training_lowers_the_loss(make: Callable[[bool], Program]) -> None:
    program = make(True)
    first = program.results()[0]
    for _ in range(20):
        last = program.results()[0]
    assert last < first


def test_the_gradients_of_a_gpt_are_its_slopes() -> None:
    numbers = gpt.initial_parameters(gpt.TINY)

    def parameters() -> dict[str, gpt.Matrix]:
        return {name: [[Value(x) for x in row] for row in matrix] for name, matrix in numbers.items()}

    ours = parameters()
    gpt.loss_of(ours, gpt.TINY).backward()
    for name, matrix in numbers.items():
        slopes = []
        x = matrix[0][1]
        for moved in (x + STEP, x - STEP):
            matrix[0][1] = moved
            slopes.append(gpt.loss_of(parameters(), gpt.TINY).data)
        matrix[0][1] = x
        assert ours[name][0][1].grad == pytest.approx((slopes[0] - slopes[1]) / (2 * STEP), abs=SLOPE)


@pytest.mark.parametrize("shape", growth.SHAPES)
@pytest.mark.parametrize("nodes", [100, 999, 1000, 5000])
def test_grown_graphs_have_the_nodes_they_say(shape: str, nodes: int) -> None:
    planned = growth.SHAPES[shape](nodes)
    assert 0.8 * nodes <= planned.nodes <= nodes
    assert all(map(math.isfinite, growth.results(shape, nodes)["results"]))
    figures = growth.measure_round(shape, nodes, collector=True, fresh=False, again=0.0)
    assert figures["nodes"] == planned.nodes
    planned.look_up()
    planned.build()
    planned.clear()


@pytest.mark.parametrize("shape", public.SHAPES)
def test_the_graphs_of_public_functions_have_about_so_many_nodes(shape: str) -> None:
    for nodes in (100, 1000):
        graph = public.graph_of(shape, nodes)
        assert 0.5 * nodes <= len(topological_order(graph.root)) <= 1.6 * nodes
        graph.root.backward()
        assert 0.0 < abs(graph.leaf.grad) < math.inf
    assert not math.isfinite(graph.overflow().data) or autopsy(graph.overflow()).where == "gradient"


def test_every_public_function_is_measured() -> None:
    for found in (public.measure_graphs("cells", quick=True), public.measure_models(quick=True)):
        names = public.FUNCTIONS if "backward" in found else public.MODEL_FUNCTIONS
        assert list(found) == list(names), "the libraries that they need are installed for the tests"
        assert all(math.isfinite(number) for exponents in found.values() for number in exponents.values())


def test_an_exponent_is_that_of_the_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = []

    def seconds_for(run: Callable[[], Any], repeats: int, clock: object) -> float:
        done = run()
        measured.append(done if isinstance(done, int) else 1)
        return float(measured[-1]) ** 2

    monkeypatch.setattr(timing, "seconds_for", seconds_for)
    found = public.growth(len, lambda size: [None] * size, 400)
    assert found["time"] == 2.0
    assert measured == [100, 400] * public.RUNS * public.TRIES, "a large exponent is measured again"
    made = public.growth(lambda size: [0.5] * size**2, lambda size: size, 400)
    assert made["memory"] == pytest.approx(2.0, abs=0.01)


# ── the plain class ──

numbers = st.floats(0.25, 4.0)
OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "add": lambda x, y: (x + y) + 3.0 + (2.0 + x),
    "multiply": lambda x, y: (x * y) * 3.0 * (2.0 * x),
    "subtract": lambda x, y: (x - y * y - 3.0) * (2.0 - x),
    "divide": lambda x, y: x / y + 3.0 / x + y / 2.0,
    "negate": lambda x, y: -x * y,
    "power": lambda x, y: x**3 * y**-0.5,
    "exp, log": lambda x, y: (x * y).exp() + (x + y).log(),
    "relu": lambda x, y: (x * y).relu() + (x * -1.0).relu(),
    "shared": lambda x, y: (x * y) * (x * y) + x * x * x,
}


@pytest.mark.parametrize("operation", OPERATIONS)
@given(numbers, numbers)
def test_plain_gradients_are_slopes(operation: str, x: float, y: float) -> None:
    def z(x: float, y: float) -> float:
        return float(OPERATIONS[operation](Plain(x), Plain(y)).data)

    a, b = Plain(x), Plain(y)
    OPERATIONS[operation](a, b).backward()
    size = max(1.0, abs(z(x, y)))
    step = STEP * x, STEP * y
    for grad, slope in (
        (a.grad, (z(x + step[0], y) - z(x - step[0], y)) / (2 * step[0])),
        (b.grad, (z(x, y + step[1]) - z(x, y - step[1])) / (2 * step[1])),
    ):
        assert grad == pytest.approx(slope, rel=100 * SLOPE, abs=100 * SLOPE * size)


# ── invented measurements ──


class Scripted:
    """A substitute for a worker: it gives prepared answers for each contender and keeps the commands it gets."""

    def __init__(self, results: dict[str, list[float]], seconds: dict[str, list[float]]) -> None:
        self.results = results
        self.seconds = {name: iter(times) for name, times in seconds.items()}
        self.asked: list[tuple[str, str]] = []

    def ask(self, do: str, **arguments: object) -> dict[str, Any]:
        name = str(arguments["contender"])
        self.asked.append((do, name))
        if do == "round":
            return {"seconds": next(self.seconds[name])}
        if name not in self.results:
            return {"missing": "missing: it is not installed"}
        return {"results": self.results[name], "nodes": 12_345, "compile_seconds": 0.25 if name == "rival" else None}


def _no_program(quick: bool) -> Program:
    raise AssertionError


OURS: Final = "ours, {build}"
MADE_UP: Final = Work(
    name="made up",
    heading="nothing at all",
    unit="ms",
    units_per_second=1e3,
    contenders=(
        Contender(name=OURS, make=_no_program, in_every_build=True),
        Contender(name="rival", make=_no_program, in_every_build=True),
        Contender(name="absent", make=_no_program, needs="absent"),
        Contender(name="floor", make=_no_program, compared=False),
    ),
)
RESULTS: Final = {OURS: [1.5, -2.0], "rival": [1.5 + 1e-13, -2.0], "floor": [0.0]}


def _times(rng: random.Random) -> dict[str, list[float]]:
    return {name: [rng.uniform(0.001, 0.02) for _ in range(14)] for name in RESULTS}


def _made_up() -> tuple[table.Block, dict[str, dict[str, list[float]]]]:
    rng = random.Random(5)
    times = {"compiled": _times(rng), "pure": _times(rng)}
    workers = {build: Scripted(RESULTS, seconds) for build, seconds in times.items()}
    return contest(MADE_UP, workers, SETTINGS), times


def _middle(times: list[float]) -> Fraction:
    return Fraction(sorted(times)[len(times) // 2])


def test_figures_are_what_the_rounds_say() -> None:
    block, times = _made_up()
    for section, build in zip(block.sections, ("compiled", "pure"), strict=True):
        for row in section.rows:
            if not row.said:
                name = row.contender.replace(build, "{build}")
                for rounds, ours, prefix in (
                    (times[build][name][::2], times[build][OURS][::2], ""),
                    (times[build][name][1::2], times[build][OURS][1::2], "off_"),
                ):
                    want = {
                        "median": 1000 * _middle(rounds),
                        "low": 1000 * Fraction(min(rounds)),
                        "high": 1000 * Fraction(max(rounds)),
                        "ratio": _middle(rounds) / _middle(ours),
                    }
                    for key, number in want.items():
                        assert row.figures[prefix + key] == pytest.approx(float(number), rel=ROUNDING, abs=0.0)
                assert row.figures["rounds"] == 7
                assert row.figures["nodes"] == 12_345


def test_every_contender_has_a_row() -> None:
    block, times = _made_up()
    compiled, pure = block.sections
    assert [row.contender for row in compiled.rows] == ["ours, compiled", "rival", "absent", "floor"]
    assert [row.contender for row in pure.rows] == ["ours, pure", "rival"]
    lines = table.text(block).splitlines()
    assert any(re.fullmatch(r" +absent +missing: it is not installed", line) for line in lines)
    ratio = _middle(times["pure"][OURS][::2]) / _middle(times["compiled"][OURS][::2])
    assert any(f"ours, pure, to ours, compiled: {float(ratio):.2f}" in line for line in lines)
    assert any("rival: compiled once in 250 ms" in line for line in lines)


def test_without_a_compiled_build_the_table_says_so() -> None:
    settings = Settings(quick=False, rounds=7, no_compiled="missing: for a reason")
    block = contest(MADE_UP, {"pure": Scripted(RESULTS, _times(random.Random(6)))}, settings)
    assert re.search(r"^ +ours, compiled +missing: for a reason$", table.text(block), re.MULTILINE)
    assert "ratios to ours, pure" in table.text(block)


def test_rounds_alternate() -> None:
    scripted = Scripted(RESULTS, _times(random.Random(7)))
    contest(MADE_UP, {"pure": scripted}, SETTINGS)
    rounds = [name for do, name in scripted.asked if do == "round"]
    three = [OURS, "rival", "floor"]
    assert rounds[:12] == three + three + three[::-1] + three[::-1]
    assert scripted.asked.index(("round", OURS)) == len(MADE_UP.contenders)


@pytest.mark.parametrize("wrong", [[1.5, -2.0 + 1e-6], [1.5], [1.5, math.nan], [1.5, math.inf]])
def test_a_wrong_contender_is_refused_before_anything_is_timed(wrong: list[float]) -> None:
    scripted = Scripted({**RESULTS, "rival": wrong}, _times(random.Random(8)))
    with pytest.raises(DisagreementError, match=r"made up: rival gives"):
        contest(MADE_UP, {"compiled": scripted}, SETTINGS)
    assert "round" not in dict(scripted.asked)


def test_builds_must_agree_to_the_last_bit() -> None:
    off = {**RESULTS, OURS: [1.5, math.nextafter(-2.0, 0.0)]}
    workers = {"compiled": Scripted(RESULTS, {}), "pure": Scripted(off, {})}
    with pytest.raises(DisagreementError, match=r"made up: ours, pure gives .* to the last bit"):
        contest(MADE_UP, workers, SETTINGS)
    assert all(do == "prepare" for scripted in workers.values() for do, _ in scripted.asked)


def test_the_sign_of_a_zero_is_a_bit_too() -> None:
    require_same_bits("", Answer("a", [math.nan, -0.0]), Answer("b", [-math.nan, -0.0]))
    with pytest.raises(DisagreementError):
        require_same_bits("", Answer("a", [0.0]), Answer("b", [-0.0]))


# ── the races in processes of their own ──


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    """Answers instead of processes; micrograd is missing. It keeps the commands."""
    kept: list[tuple[str, str, dict[str, Any]]] = []

    def ask_once(build: Build, do: str, **arguments: Any) -> dict[str, Any]:
        kept.append((build.name, do, arguments))
        cost = {"compiled": 1.0, "pure": 5.0}[build.name]
        match do:
            case "wide results" if arguments["engine"] == "micrograd":
                return {"missing": "missing: micrograd is not installed"}
            case "wide results":
                return {"results": [2.0, 3.0], "nodes": 2_345_678}
            case "wide round":
                return {"seconds": 1.25 * cost, "baseline": 123_000_000, "peak": 1_456_000_000}
            case "growth results":
                return {"results": [2.0, 3.0]}
            case "growth round":
                n = arguments["nodes"]
                slowed = 1.5 if n == 10**6 and arguments["collector"] else 1.0
                taken = {"held": 120.0 if n >= 10**5 else None, "peak": 140.0, "again": 1e-9, "look_ups": None}
                return {"build": 1e-7 * cost * slowed, "backward": 1e-8 * cost * slowed, "nodes": n, **taken}
        raise AssertionError(do)

    monkeypatch.setattr(wide_race, "ask_once", ask_once)
    monkeypatch.setattr(growth_race, "ask_once", ask_once)
    return kept


def test_the_wide_race(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
    block = wide_race.race([COMPILED, PURE], SETTINGS)
    rows = {row.contender: row for row in block.sections[0].rows}
    assert rows["micrograd"].said == "missing: micrograd is not installed"
    assert rows["ours, compiled"].figures["ratio"] == rows["plain class"].figures["off_ratio"] == 1.0
    assert rows["ours, pure"].figures["ratio"] == 5.0
    assert rows["ours, pure"].figures["peak"] == 1456.0
    assert rows["ours, pure"].figures["before"] == 123.0
    assert len([do for _, do, _ in asked if do == "wide round"]) == 4 * 2 * 7
    first = next(i for i, (_, do, _) in enumerate(asked) if do == "wide round")
    assert all(do == "wide round" for _, do, _ in asked[first:])


def test_the_growth_race(asked: list[tuple[str, str, dict[str, Any]]]) -> None:
    block = growth_race.race([COMPILED, PURE], SETTINGS)
    assert [section.title for section in block.sections] == list(growth.SHAPES)
    for section in block.sections:
        assert [row.figures["nodes"] for row in section.rows] == [10**k for k in (3, 4, 5, 6, 7, 3, 4, 5, 6)]
        for row in section.rows:
            count = row.figures["nodes"]
            assert count is not None
            assert row.figures["held"] == (120.0 if count >= 10**5 else None)
            assert row.figures["again"] == pytest.approx(1.0, rel=ROUNDING, abs=0.0)
            assert row.figures["look_ups"] is None
            slowed = (5 if row.contender == "pure" else 1) * (1.5 if count == 10**6 else 1.0)
            assert row.figures["build"] == pytest.approx(100.0 * slowed, rel=ROUNDING, abs=0.0)
            assert row.figures["off_backward"] == pytest.approx(
                50.0 if row.contender == "pure" else 10.0, rel=ROUNDING, abs=0.0
            )
            assert row.figures["low"] == pytest.approx(110.0 * slowed, rel=ROUNDING, abs=0.0)
    assert "compiled, 10,000 to 10,000,000 nodes" in block.notes[-2]
    assert "pure, 10,000 to 1,000,000 nodes" in block.notes[-1]
    assert "chain 50% (0%)" in block.notes[-1]


@pytest.mark.parametrize(("race", "work"), [(wide_race, "wide"), (growth_race, "growth, chain")])
def test_races_refuse_what_differs_before_timing(race: Any, work: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_once(build: Build, do: str, **arguments: object) -> dict[str, Any]:
        assert do.endswith("results")
        return {"results": [2.0, 3.0 if build is COMPILED else math.nextafter(3.0, 4.0)], "nodes": 2}

    monkeypatch.setattr(race, "ask_once", ask_once)
    with pytest.raises(DisagreementError, match=rf"{work}: ours, pure gives"):
        race.race([COMPILED, PURE], SETTINGS)


def test_the_public_race(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def ask_once(build: Build, do: str, **arguments: Any) -> dict[str, Any]:
        if do == "public models":
            return {"state_dict": {"time": 1.0, "memory": 0.5}}
        slow = arguments["shape"] == "star" and build.name == "pure"
        return {"backward": {"time": 2.0 if slow else 1.25, "memory": 0.75}}

    monkeypatch.setattr(public_race, "ask_once", ask_once)
    block = public_race.race([COMPILED, PURE], SETTINGS)
    assert [section.title for section in block.sections] == [f"{p}, {b}" for b in BUILDS for p in ("time", "memory")]
    for section in block.sections:
        graphs, models = section.rows
        assert list(graphs.figures) == list(public.SHAPES)
        assert dict(models.figures) == {"model": 1.0 if section.title.startswith("time") else 0.5}
    assert block.notes[1:] == ("Faster than n·log n: backward of star, time, pure, 2.00.",)
    assert max(map(len, table.text(block).splitlines())) <= table.WIDTH
    assert public_race.main() == 0
    assert "backward" in capsys.readouterr().out
    assert public_race.race([PURE], Settings(quick=True, rounds=2)).notes == public_race.NOTES
    missing = public_race.race([PURE], Settings(quick=False, rounds=7, no_compiled="missing: for a reason"))
    assert missing.sections[0].rows[0].said == "missing: for a reason"


def test_the_startup_race(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = iter(range(1000))

    def taken(build: Build) -> float:
        return float(next(counted))

    monkeypatch.setattr(startup, "QUANTITIES", {"import": taken, "first line": taken})
    block = startup.race([COMPILED, PURE], SETTINGS)
    compiled, pure = block.sections
    # The first round of four is dropped, and the median of the fifteen after it is the eighth.
    assert compiled.rows[0].figures["median"] == 1000.0 * 4 * 8
    assert pure.rows[1].figures["median"] == 1000.0 * (4 * 8 + 3)
    assert pure.rows[1].figures["ratio"] == (4 * 8 + 3) / (4 * 8 + 1)
    assert all(row.figures["rounds"] == 15 for section in block.sections for row in section.rows)


# ── the table ──


@pytest.mark.usefixtures("asked")
def test_json_holds_the_figures_of_the_table() -> None:
    blocks = [_made_up()[0], wide_race.race([COMPILED, PURE], SETTINGS), growth_race.race([COMPILED, PURE], SETTINGS)]
    read = json.loads(json.dumps(table.as_json({"CPU": "some"}, blocks)))
    assert read["machine"] == {"CPU": "some"}
    for block, work in zip(blocks, read["works"], strict=True):
        lines = table.text(block).splitlines()
        assert max(map(len, lines)) <= table.WIDTH
        assert lines[0].startswith(f"{work['work']} — ")
        assert work["unit"] in lines[0]
        rows = [row for section in work["sections"] for row in section["rows"]]
        place = 0
        for row in rows:
            keys = [column["keys"] for column in work["columns"]]
            cells = ["…".join(table.written(row["figures"].get(key)) for key in group) for group in keys]
            wanted = [row["contender"], *([row["said"]] if row["said"] else cells)]
            place = next(i for i in range(place, len(lines)) if re.split(r"\s{2,}", lines[i].strip()) == wanted) + 1
            assert row["said"] or all(row["rounds"].values())


@pytest.mark.parametrize(
    ("figure", "text"),
    [
        (None, "–"),
        (7, "7"),
        (2_345_678, "2,345,678"),
        (0.0, "0"),
        (0.012345, "0.0123"),
        (3.14159, "3.14"),
        (61.26, "61.3"),
        (612.6, "613"),
        (61_260.0, "61,260"),
        (-3.14159, "-3.14"),
        (math.inf, "inf"),
    ],
)
def test_numbers_are_written_to_three_digits(figure: table.Figure, text: str) -> None:
    assert table.written(figure) == text


# ── the second table ──

RACED: Final = [
    pytest.param(name, case, id=f"{name}: {case.title}") for name in races.PLACES for case in races.race(name).cases
]


@pytest.mark.parametrize(("name", "case"), RACED)
def test_programs_agree_with_a_sweep_of_each_example(name: str, case: Case) -> None:
    want = eager(case.scalars(True))
    assert len(set(want.tolist())) > 2
    for contender in case.contenders:
        if not contender.needs:
            scalars = case.scalars(True)
            try:
                entrant = contender.make(scalars)
            except MissingRivalError:
                assert contender.name == OUR_PROGRAM
                continue
            for _ in range(2):  # Whatever it keeps, it gives the same again.
                require_close_arrays(contender.name, entrant.results(), "eager", want, scalars.dtype)
            entrant.run()


def test_both_ways_to_write_the_neurons_have_the_same_shapes() -> None:
    dots, by_hand = mnist.scalars(1, True), mnist.by_hand(True)
    assert len(dots.parameters) == len(by_hand.parameters)
    assert [array.shape[1:] for array in dots.batch] == [array.shape[1:] for array in by_hand.batch]
    assert eager(by_hand).size == 1 + len(by_hand.parameters)


@pytest.mark.parametrize("wrong", [[1.5, -2.0 + 1e-6], [1.5], [1.5, math.nan], [1.5, math.inf]])
def test_results_of_programs_are_compared(wrong: list[float]) -> None:
    want = np.array([1.5, -2.0])
    require_close_arrays("rival", want + 1e-12, OUR_PROGRAM, want, "float64")
    require_close_arrays("rival", want + 1e-6, OUR_PROGRAM, want, "float32")
    with pytest.raises(DisagreementError, match=r"rival gives .* and ours"):
        require_close_arrays("rival", np.array(wrong), OUR_PROGRAM, want, "float64")


def test_the_order_of_parameters_is_undone() -> None:
    """A user passes neuron by neuron, and results are listed weight matrices first."""
    scalars = xor.scalars(True)
    numbers = np.arange(len(scalars.parameters), dtype=float)
    found = np.concatenate(in_order(scalars, numbers))
    names = {id(v): i for i, v in enumerate(scalars.parameters)}
    assert found.tolist() == [names[id(v)] for tensor in scalars.tensors.values() for v in flat(tensor)]
    assert found.tolist() != numbers.tolist()


class Timed:
    """A substitute for the processes of a race: it gives prepared seconds, and keeps the commands it gets."""

    def __init__(self, seconds: dict[tuple[str, int], float], missing: tuple[int, ...] = (), wrong: int = -1) -> None:
        self.seconds, self.missing, self.wrong = seconds, missing, wrong
        self.asked: list[tuple[str, str, str, int]] = []
        self.clocks: list[tuple[str, bool]] = []

    def __call__(self, process: tuple[str, str]) -> Any:
        threads, library = process

        class Worker:
            @staticmethod
            def ask(do: str, **arguments: Any) -> dict[str, Any]:
                number = arguments.get("key", (0, 0, -1))[2]
                self.asked.append((do, threads, library, number))
                if do == "program round":
                    self.clocks.append((threads, arguments["cpu_time"]))
                    return {"seconds": self.seconds[threads, number]}
                if do == "program prepare" and number == self.wrong:
                    return {"wrong": "rival gives 1.0 and ours 2.0"}
                if do == "program prepare" and number in self.missing:
                    return {"missing": "missing: it is not installed"}
                return {"compile_seconds": 0.25 if number == 0 else None}

        return Worker()


def _never(scalars: object) -> Entrant:
    raise AssertionError


DUEL: Final = Race(
    heading="nothing at all",
    unit="images/s",
    cases=[
        Case(
            title="batches of 10",
            scalars=xor.scalars,
            contenders=(
                Rival(OUR_PROGRAM, _never),
                Rival("NumPy", _never, least=0.95),
                Rival("PyTorch", _never, "torch", least=20.0),
            ),
            units=10.0,
            rate=True,
            most=2000.0,
        )
    ],
)
SECONDS: Final = {
    ("one", 0): 0.01,
    ("one", 1): 0.02,
    ("one", 2): 0.25,
    ("all", 0): 0.004,
    ("all", 1): 0.002,
    ("all", 2): 0.02,
}
QUICK: Final = Settings(quick=True, rounds=3)


def test_a_duel_has_ratios_of_time_and_marks_of_targets() -> None:
    timed = Timed(SECONDS)
    block = duel.duel("made up", DUEL, timed, QUICK)
    ours, numpy, pytorch = block.sections[0].rows
    assert ours.figures["one_median"] == 1000.0
    assert numpy.figures["one_ratio"] == 2.0
    assert numpy.figures["all_ratio"] == 0.5
    assert numpy.texts["target"] == "≥ 0.95 ✓✗"
    assert pytorch.texts["target"] == "≥ 20 ✓✗"
    assert ours.texts["target"] == "≤ 2e+03 ✓✗"
    assert max(map(len, table.text(block).splitlines())) <= table.WIDTH
    assert "batches of 10, recorded and compiled once: ours, compiled program 250 ms." in block.notes
    libraries = {(threads, library, number) for _, threads, library, number in timed.asked if number >= 0}
    assert {library for _, library, number in libraries if number == 2} == {"torch"}
    assert {library for _, library, number in libraries if number < 2} == {duel.OWN}


def test_a_duel_alternates_and_compares_first() -> None:
    timed = Timed(SECONDS)
    duel.duel("made up", DUEL, timed, QUICK)
    commands = [do for do, *_ in timed.asked]
    assert commands.index("program round") == commands.count("program prepare") == 6
    one = [number for do, threads, _, number in timed.asked if do == "program round" and threads == "one"]
    assert one == [0, 1, 2, 2, 1, 0, 0, 1, 2]
    assert commands[-4:] == ["program forget"] * 4


def test_a_duel_without_ours_has_times_and_no_ratios() -> None:
    block = duel.duel("made up", DUEL, Timed(SECONDS, missing=(0,)), QUICK)
    ours, numpy, _ = block.sections[0].rows
    assert ours.said == "missing: it is not installed"
    assert numpy.figures["one_median"] == 500.0
    assert "one_ratio" not in numpy.figures
    assert numpy.texts["target"] == "≥ 0.95"


def test_a_duel_refuses_wrong_results_before_anything_is_timed() -> None:
    timed = Timed(SECONDS, wrong=1)
    with pytest.raises(DisagreementError, match=r"made up, batches of 10: rival gives 1.0 and ours 2.0"):
        duel.duel("made up", DUEL, timed, QUICK)
    assert "program round" not in [do for do, *_ in timed.asked]


def test_a_duel_may_count_the_time_that_a_process_ran() -> None:
    timed = Timed(SECONDS)
    settings = Settings(quick=True, rounds=1, cpu_time=True)
    block = duel.duel("made up", DUEL, timed, settings)
    assert {threads for threads, cpu_time in timed.clocks if cpu_time} == {"one"}
    assert "the process ran" in block.notes[-1]


def test_readiness_is_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_once(build: Build, do: str, work: str, quick: bool) -> dict[str, Any]:
        if work.startswith("GPT"):
            return {"missing": "missing: for a reason"}
        return {"parameters": 0.1, "record": 0.5, "compile": 1.0, "before": 90_000_000, "peak": 510_000_000}

    monkeypatch.setattr(fresh, "ask_once", ask_once)
    block = fresh.ready(PURE, QUICK)
    rows = {row.contender: row for row in block.sections[0].rows}
    assert rows["MNIST, written with * and +"].texts == {"target": "≤ 2.5 ✓", "most": "≤ 500 ✗"}
    assert rows["MNIST, dot neurons"].texts == {"target": "≤ 1 ✗", "most": ""}
    assert rows["MNIST, dot neurons"].figures["peak"] == 510.0
    assert rows["MNIST, dot neurons"].figures["all"] == 1.5
    assert rows["GPT, seven letters"].said == "missing: for a reason"
    assert max(map(len, table.text(block).splitlines())) <= table.WIDTH


def test_a_process_measures_programs(tmp_path: Path) -> None:
    wanted = str(tmp_path / "results.npz")
    arguments: dict[str, Any] = {"quick": True, "wanted": wanted}
    with process.Worker(Build("pure", PACKAGE.parent)) as running:
        assert "wrong" not in running.ask("program prepare", key=["xor", 0, 1], **arguments)
        assert running.ask("program round", key=["xor", 0, 1], seconds=0.0)["seconds"] > 0.0
        assert (
            "NumPy, by hand gives 36 results"
            in running.ask("program prepare", key=["iris", 0, 1], **arguments)["wrong"]
        )
        assert running.ask("program forget") == {}
        with pytest.raises(process.WorkerError, match="KeyError"):
            running.ask("program round", key=["xor", 0, 1], seconds=0.0)


def test_threads_are_set_or_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    assert process.environment(PURE)["OMP_NUM_THREADS"] == "1"
    assert "OMP_NUM_THREADS" not in process.environment(PURE, one_thread=False)


def test_a_whole_table_has_a_name() -> None:
    assert command.read(["--only", "compiled,xor"]).only == (*duel.NAMES, "xor")
    assert command.read(["--only", "eager"]).only == command.FIRST


# ── timing ──


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that moves only by the amounts added to it."""
    now = [0.0]
    monkeypatch.setattr(timing, "perf_counter", lambda: now[0])
    return now


@pytest.mark.parametrize("cost", [1e-7, 1e-3, 0.04, 0.05, 2.0])
def test_a_round_lasts_long_enough_and_not_much_longer(cost: float, clock: list[float]) -> None:
    calls = 0

    def run() -> None:
        nonlocal calls
        calls += 1
        clock[0] += cost * (100.0 if calls == 1 else 1.0)

    lasts = timing.repeats_for(run, 0.05) * cost
    assert lasts * (1.0 + ROUNDING) >= 0.05
    assert lasts <= max(0.5, cost)


def test_the_collector_is_put_back() -> None:
    for on in (True, False):
        with timing.collector(on):
            assert gc.isenabled() == on
        assert gc.isenabled()
    with pytest.raises(KeyError), timing.collector(False):
        raise KeyError
    assert gc.isenabled()


def test_memory_is_known_or_none() -> None:
    now, most = memory.resident(), memory.peak()
    assert now is None or (most is not None and most >= 1_000_000)
    assert memory.grown(None, 1) is memory.grown(1, None) is None
    assert memory.grown(2, 5) == 3


# ── workers and the command line ──


def test_a_worker_answers_and_says_what_failed() -> None:
    with process.Worker(Build("pure", PACKAGE.parent)) as running:
        assert Path(running.ask("identify")["file"]).is_relative_to(PACKAGE)
        arguments: dict[str, Any] = {"work": "gpt", "contender": "plain class"}
        prepared = running.ask("prepare", quick=True, **arguments)
        assert prepared["results"] == gpt.plain(True).results()
        assert running.ask("round", collector=True, seconds=0.0, **arguments)["seconds"] > 0.0
        with pytest.raises(process.WorkerError, match="KeyError"):
            running.ask("round", collector=True, seconds=0.0, work="gpt", contender="nobody")


def test_commands_are_known() -> None:
    assert {"identify", "prepare", "round"} < set(worker.COMMANDS)


def test_a_rival_that_is_not_installed_is_reported_missing() -> None:
    with pytest.raises(MissingRivalError, match="missing: surely_nobody_has_this is not installed"):
        require("surely_nobody_has_this.engine")


@pytest.mark.parametrize(
    ("seen", "found", "word"),
    [
        ({"compiled": True, "pure": False}, ["compiled", "pure"], ""),
        ({"compiled": False, "pure": False}, ["pure"], "missing: the build came out as pure Python"),
    ],
)
def test_usable_builds(seen: dict[str, bool], found: list[str], word: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask_once(build: Build, do: str) -> dict[str, Any]:
        return {
            "file": str(build.folder / "autograd" / "__init__.py"),
            "compiled": seen[build.name],
            "extension": seen[build.name],
            "value": "",
        }

    monkeypatch.setattr(process, "ask_once", ask_once)
    usable, missing = process.usable([COMPILED, PURE])
    assert [build.name for build in usable] == found
    assert missing.startswith(word)
    assert bool(missing) == bool(word)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        ({"file": "/elsewhere/autograd/__init__.py"}, "which isn't in pure"),
        ({"compiled": True}, "says compiled: True"),
        ({"compiled": True, "extension": True}, "says that it is compiled"),
    ],
)
def test_builds_that_are_not_what_they_are_called(
    answer: dict[str, Any], error: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = {"file": "pure/autograd/__init__.py", "compiled": False, "extension": False, "value": ""}
    monkeypatch.setattr(process, "ask_once", lambda build, do: {**honest, **answer})
    with pytest.raises(process.WorkerError, match=error):
        process.usable([PURE])


def test_a_folder_without_builds_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="holds no package autograd"):
        builds.reuse(tmp_path)


@pytest.mark.parametrize("words", ["--rounds 3", "--rounds 0 --quick", "--only expression,nonsense"])
def test_wrong_calls_are_refused(words: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        command.main(words.split())
    assert stopped.value.code == 2
    assert "usage" in capsys.readouterr().err


def test_disagreement_is_printed_and_ends_with_a_status(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(options: object) -> None:
        raise DisagreementError("moons: somebody is wrong")

    monkeypatch.setattr(command, "run", run)
    assert command.main([]) == 1
    assert "moons: somebody is wrong" in capsys.readouterr().err


def test_the_table_is_printed_and_written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    block = _made_up()[0]
    monkeypatch.setattr(command, "RACES", {"wide": lambda ours, settings: block})
    monkeypatch.setattr(command, "usable", lambda found: (found, ""))
    monkeypatch.setattr(builds, "reuse", lambda folder: [PURE])
    file = tmp_path / "figures.json"
    words = ["--quick", "--only", "wide", "--builds", str(tmp_path), "--json", str(file)]
    assert command.main(words) == 0
    printed = capsys.readouterr().out
    assert table.text(block) in printed
    assert "mean nothing" in printed
    assert re.search(r"^CPU +\S", printed, re.MULTILINE)
    read = json.loads(file.read_text(encoding="utf-8"))
    assert read["quick"] is True
    assert read["works"] == json.loads(json.dumps(table.as_json({}, [block])["works"]))


# ── pictures ──


@pytest.mark.parametrize("shape", drawing_race.SHAPES)
def test_graphs_to_draw_are_no_larger_than_a_picture(shape: str) -> None:
    graphs = [drawing_race.graph(shape, seed) for seed in range(4)]
    assert max(len(Tape(root)) for root in graphs) <= drawing_race.NODES
    assert len(Tape(graphs[0])) > 20


def test_the_drawing_race(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def measure(shape: str, seed: int, attributes: Sequence[str]) -> drawing_race.Layout:
        assert [*attributes] == ["nslimit=1"]
        return drawing_race.Layout(seconds[shape] - 0.1 * seed, 200, 300, seed)

    seconds = dict.fromkeys(drawing_race.SHAPES, 1.0)
    monkeypatch.setattr(drawing_race, "measure", measure)
    assert drawing_race.main(["--seeds", "2", "--attribute", "nslimit=1"]) == 0
    assert "  1.00 s  chain           200 nodes, 300 edges of the picture, seed 0" in capsys.readouterr().out
    seconds["star"] = 2.2
    assert drawing_race.main(["--seeds", "2", "--attribute", "nslimit=1"]) == 1
    assert capsys.readouterr().out.startswith("  2.20 s  star")


def test_a_picture_is_measured() -> None:
    layout = drawing_race.measure("tree", 3)
    assert layout.seconds > 0.0
    assert layout.nodes == len(Tape(drawing_race.graph("tree", 3)))
