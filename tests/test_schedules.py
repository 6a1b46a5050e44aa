"""The schedules of learning rates, against closed forms and PyTorch's."""

import importlib
import importlib.util
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses, nn, optim, train
from autograd.optim import SGD, CosineAnnealingLR, ExponentialLR, StepLR, lr_scheduler
from tests.standin import Standin

ROUNDING = 1e-12
"""Relative to the first rate: a product of a hundred factors is rounded a hundred times."""
EPOCHS = 50
needs_torch = pytest.mark.skipif(
    importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed"
)

SCHEDULES: dict[str, tuple[str, dict[str, Any]]] = {
    "step": ("StepLR", {"step_size": 7, "gamma": 0.3}),
    "each step": ("StepLR", {"step_size": 1}),
    "exponential": ("ExponentialLR", {"gamma": 0.9}),
    "growing": ("ExponentialLR", {"gamma": 1.1}),
    "cosine": ("CosineAnnealingLR", {"T_max": 20, "eta_min": 0.01}),
    "cosine up again": ("CosineAnnealingLR", {"T_max": 5}),
    "cosine of one epoch": ("CosineAnnealingLR", {"T_max": 1, "eta_min": 0.2}),
}


def rates(schedule: Any, optimizer: Any) -> list[list[float]]:
    """The rates of all groups, from the first epoch on."""
    seen = []
    for _ in range(EPOCHS):
        seen.append([group["lr"] for group in optimizer.param_groups])
        optimizer.step()
        schedule.step()
        assert schedule.get_last_lr() == [group["lr"] for group in optimizer.param_groups]
    return seen


def ours() -> SGD:
    return SGD([{"params": [Value(1.0)]}, {"params": [Value(1.0)], "lr": 3.0}], lr=0.5)


def theirs() -> Any:
    torch: Any = importlib.import_module("torch")
    a, b = (torch.tensor(1.0, dtype=torch.float64, requires_grad=True) for _ in range(2))
    return torch.optim.SGD([{"params": [a]}, {"params": [b], "lr": 3.0}], lr=0.5)


@needs_torch
@pytest.mark.parametrize("name", SCHEDULES)
def test_rates_are_those_of_pytorch(name: str) -> None:
    schedules: Any = importlib.import_module("torch.optim.lr_scheduler")
    kind, options = SCHEDULES[name]
    mine, other = ours(), theirs()
    found = rates(getattr(lr_scheduler, kind)(mine, **options), mine)
    wanted = rates(getattr(schedules, kind)(other, **options), other)
    for a, b in zip(found, wanted, strict=True):
        assert a == pytest.approx(b, rel=ROUNDING, abs=ROUNDING)


@needs_torch
def test_chained_schedules_and_changed_rates_are_those_of_pytorch() -> None:
    schedules: Any = importlib.import_module("torch.optim.lr_scheduler")
    seen = []
    for optimizer, home in ((ours(), lr_scheduler), (theirs(), schedules)):
        chain: list[Any] = [home.StepLR(optimizer, 3, 0.5), home.CosineAnnealingLR(optimizer, 8)]
        chain.append(home.ExponentialLR(optimizer, 0.95))
        row = []
        for epoch in range(EPOCHS):
            optimizer.step()
            for schedule in chain:
                schedule.step()
            if epoch == 10:
                optimizer.param_groups[0]["lr"] = 0.25
            row += [group["lr"] for group in optimizer.param_groups]
        seen.append(row)
    assert seen[0] == pytest.approx(seen[1], rel=ROUNDING, abs=ROUNDING)


@given(st.floats(1e-6, 10.0), st.integers(1, 9), st.floats(0.1, 1.2), st.integers(1, 30), st.floats(0.0, 1.0))
def test_rates_are_the_closed_forms(base: float, size: int, gamma: float, t_max: int, low: float) -> None:
    forms: list[tuple[Callable[[Any], Any], Callable[[int], float]]] = [
        (lambda o: StepLR(o, size, gamma), lambda t: base * gamma ** (t // size)),
        (lambda o: ExponentialLR(o, gamma), lambda t: base * gamma**t),
        (
            lambda o: CosineAnnealingLR(o, t_max, low),
            lambda t: low + (base - low) * (1.0 + math.cos(math.pi * t / t_max)) / 2.0,
        ),
    ]
    for make, form in forms:
        optimizer = SGD([Value(1.0)], lr=base)
        schedule = make(optimizer)
        for t in range(1, 40):
            schedule.step()
            # Near the lowest rate the next one is made of a small difference, and of a division by a small one.
            assert optimizer.lr == pytest.approx(form(t), rel=1e-9, abs=1e-9 * max(base, low))


def test_fit_steps_a_schedule_by_its_callback() -> None:
    model = nn.Neuron(1, nonlin=False, init="zeros")
    program: Any = Standin(nn.MLP(1, [1], init="zeros"), losses.mse, [(1,), ()])
    for target, optimizer in ((model, SGD(model.parameters(), lr=0.4)), (program, SGD(program, lr=0.4))):
        schedule = StepLR(optimizer, step_size=1, gamma=0.5)
        seen: list[float] = []

        def after(epoch: int, loss: float, s: StepLR = schedule, row: list[float] = seen) -> None:
            s.step()
            row.extend(s.get_last_lr())

        given = (losses.mse, optimizer) if target is model else (optimizer,)
        train.fit(target, [([1.0], 1.0)], *given, epochs=3, callback=after)
        assert seen == [0.2, 0.1, 0.05]


def test_a_group_that_comes_later_keeps_its_rate_and_a_factor_may_be_zero() -> None:
    optimizer = ours()
    schedule = ExponentialLR(optimizer, 0.0)
    optimizer.add_param_group({"params": [Value(1.0)], "lr": 2.0})
    schedule.step()
    assert schedule.get_last_lr() == [0.0, 0.0, 2.0]


def test_a_schedule_is_copied_with_its_optimiser() -> None:
    schedule = StepLR(ours(), 1, 0.5)
    twin = pickle.loads(pickle.dumps(schedule))
    twin.step()
    assert (twin.get_last_lr(), schedule.get_last_lr()) == ([0.25, 1.5], [0.5, 3.0])
    assert repr(twin) == "StepLR at epoch 1, lr=0.25 and 1.5, step_size=1, gamma=0.5"


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: StepLR(0.1, 3), TypeError, r"StepLR takes an optimizer, as in optim\.SGD\(…\), not float 0\.1"),  # type: ignore[arg-type]
        (lambda: StepLR(ours(), 0), ValueError, "StepLR: step_size is a whole number from 1, not 0"),
        (lambda: StepLR(ours(), 2, -0.5), ValueError, "StepLR: gamma, .* at least 0, not -0.5"),
        (lambda: ExponentialLR(ours(), math.inf), ValueError, "ExponentialLR: gamma, .* not inf"),
        (lambda: ExponentialLR(ours(), "0.9"), TypeError, "gamma is a number, not str '0.9'; write 0.9 without quotes"),  # type: ignore[arg-type]
        (lambda: CosineAnnealingLR(ours(), 2.5), ValueError, "T_max is a whole number from 1, not 2.5"),  # type: ignore[arg-type]
        (lambda: CosineAnnealingLR(ours(), 5, None), TypeError, "eta_min is a number, not None"),  # type: ignore[arg-type]
    ],
)
def test_mistakes_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


def test_the_names_stand_where_pytorch_has_them() -> None:
    for name in lr_scheduler.__all__:
        assert getattr(optim, name) is getattr(lr_scheduler, name)
