"""The judge of compiled programs finds faults that were planted, and none where there is none."""

from typing import Any

import numpy as np
import pytest

from autograd.formula.cases import rule
from tests.compiler.evaluating import Evaluator, Plainly, Run
from tests.compiler.fuzz import describe, report, shrunk
from tests.compiler.judging import Maker, Options, judge
from tests.compiler.random_programs import RandomProgram, plan_of


class WrongPartial(Plainly):
    """The derivative of tanh is off by a billionth."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        r = rule("tanh")

        def wrong(x: float) -> tuple[float, float]:
            z, dx = r.function(x)
            return z, dx * (1.0 + 1e-9)

        bent = r._replace(function=wrong)
        self.evaluator.steps = [
            (place, op, bent if op == "tanh" else own, operands) for place, op, own, operands in self.evaluator.steps
        ]


class Tie(Plainly):
    """The first of several that tie gets the whole gradient."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        r = rule("maximum")

        def wrong(x: float, y: float) -> tuple[float, float, float]:
            z, dx, dy = r.function(x, y)
            return (z, 1.0, 0.0) if dx == dy == 0.5 else (z, dx, dy)

        bent = r._replace(function=wrong)
        self.evaluator.steps = [
            (place, op, bent if op == "maximum" else own, operands) for place, op, own, operands in self.evaluator.steps
        ]


class Leak(Plainly):
    """An infinity in one example reaches the others, as through a padding of zeros."""

    def runs(self, parts: Any) -> list[Run]:
        runs = super().runs(parts)
        bad = any(np.isinf(np.asarray(part)).any() for part in parts)
        leak = [run._replace(roots=[x + np.inf * 0.0 for x in run.roots]) for run in runs]
        return leak if bad else runs


class OldParameters(Plainly):
    """Parameters are read once."""

    def runs(self, parts: Any) -> list[Run]:
        now = self.parameters
        self.parameters = self.__dict__.setdefault("first", now.copy())
        found = super().runs(parts)
        self.parameters = now
        return found


class OldInputs(Plainly):
    """The last example keeps the inputs of the first call, where there are as many."""

    def runs(self, parts: Any) -> list[Run]:
        first = self.__dict__.setdefault("first", parts)
        if len(first[0]) == len(parts[0]):
            parts = [np.concatenate([new[:-1], old[-1:]]) for new, old in zip(parts, first, strict=True)]
        return super().runs(parts)


class Adding(Plainly):
    """Gradients are added to those of the last call."""

    def value_and_grad(self, *parts: Any) -> tuple[Any, Any]:
        value, gradient = super().value_and_grad(*parts)
        if self.reduce is not None and len(self.parameters):
            gradient = gradient + self.__dict__.get("last", 0.0)
            self.__dict__["last"] = gradient
        return value, gradient


class Baked(Plainly):
    """A detached node keeps its recorded data."""

    def __init__(self, *given: Any, **options: Any) -> None:
        super().__init__(*given, **options)
        self.evaluator.steps = [step for step in self.evaluator.steps if step[1] != "detach"]


class Once(Plainly):
    """An operand that stands twice gets one contribution."""

    def __init__(self, program: RandomProgram, **options: Any) -> None:
        super().__init__(program, **options)
        self.evaluator = _Once([program.loss, *program.outputs], program.leaves, program.parameters)


class _Once(Evaluator):
    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        r = rule("multiply")

        def wrong(x: float, y: float) -> tuple[float, float, float]:
            z, dx, _ = r.function(x, y)
            return z, dx, 0.0

        once = r._replace(function=wrong)
        self.steps = [
            (place, op, once if op == "multiply" and len({*operands}) == 1 else own, operands)
            for place, op, own, operands in self.steps
        ]


class Swapped(Plainly):
    """The first and the last output are exchanged."""

    def outputs(self, *parts: Any) -> Any:
        return super().outputs(*parts)[:, ::-1]


class Sum(Plainly):
    """The gradient of a mean is that of a sum."""

    def value_and_grad(self, *parts: Any) -> tuple[Any, Any]:
        value, gradient = super().value_and_grad(*parts)
        return (
            (value, gradient * len(parts[0])) if self.reduce == "mean" and len(self.parameters) else (value, gradient)
        )


class Raises(Plainly):
    """Programs with a division can't be compiled."""

    def __init__(self, program: RandomProgram, **options: Any) -> None:
        super().__init__(program, **options)
        if "divide" in program.tape().operations:
            raise NotImplementedError("no division")


SEEDS = range(250)
FAULTS = (WrongPartial, Tie, Leak, OldParameters, OldInputs, Adding, Baked, Once, Swapped, Sum, Raises)


@pytest.mark.parametrize("make", FAULTS)
def test_a_planted_fault_is_found(make: Maker) -> None:
    assert any(report(seed, make).wrong for seed in SEEDS)


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    assert [found for seed in SEEDS if (found := report(seed, Plainly)).wrong] == []


def test_a_wrong_program_is_made_small() -> None:
    def fails(plan: Any) -> bool:
        return bool(report(plan, Raises).wrong)

    seed = next(seed for seed in SEEDS if fails(plan_of(seed)) and len(plan_of(seed).blocks) > 4)
    small = shrunk(plan_of(seed), fails)
    assert fails(small)
    assert len(small.blocks) <= 1
    assert len(small.losses) == 1
    assert "inputs" in describe(small, Options.of(RandomProgram(small)))


def test_few_differences_are_excused() -> None:
    verdicts = [judge(program, Plainly, Options.of(program)) for program in map(RandomProgram, SEEDS)]
    assert sum(bool(verdict.excused) for verdict in verdicts) <= len(SEEDS) // 10
