"""Each step of the optimisers against PyTorch's and against closed forms, and with gradients that are nan."""

import copy
import importlib.util
import math
import pickle
import random
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import Value, losses
from autograd.nn import MLP, Neuron
from autograd.optim import SGD, Adagrad, Adam, AdamW, Optimizer, RMSprop, methods
from autograd.optim import optimizer as optimizer_module
from tests.running import PACKAGE, surroundings
from tests.standin import Standin

STEPS = 30
TO_PYTORCH = 1e-12
"""Relative to the largest parameter of a run. The formulas and their order are the same, but PyTorch's machine code may
round a product and a sum together."""

CONFIGURATIONS: dict[str, tuple[type[Optimizer], dict[str, Any]]] = {
    "SGD": (SGD, {"lr": 0.1}),
    "SGD momentum": (SGD, {"lr": 0.05, "momentum": 0.9}),
    "SGD dampening": (SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    "SGD nesterov": (SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    "Adam": (Adam, {"lr": 0.05}),
    "Adam amsgrad": (Adam, {"lr": 0.05, "betas": (0.4, 0.9), "eps": 1e-3, "amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (AdamW, {"lr": 0.05}),
    "AdamW amsgrad": (AdamW, {"lr": 0.05, "weight_decay": 0.2, "amsgrad": True}),
    "RMSprop": (RMSprop, {"lr": 0.02}),
    "RMSprop centered": (RMSprop, {"lr": 0.02, "centered": True, "momentum": 0.5, "weight_decay": 0.1}),
    "RMSprop alpha": (RMSprop, {"lr": 0.02, "alpha": 0.3, "centered": True}),
    "SGD maximize": (SGD, {"lr": 0.01, "momentum": 0.5, "weight_decay": 0.3, "maximize": True}),
    "Adam maximize": (Adam, {"lr": 0.05, "weight_decay": 0.1, "maximize": True}),
    "AdamW maximize": (AdamW, {"lr": 0.05, "weight_decay": 0.2, "maximize": True}),
    "RMSprop maximize": (RMSprop, {"lr": 0.02, "centered": True, "weight_decay": 0.1, "maximize": True}),
    "Adagrad maximize": (Adagrad, {"lr": 0.3, "weight_decay": 0.1, "maximize": True}),
    "Adagrad": (Adagrad, {"lr": 0.3}),
    "Adagrad decay": (Adagrad, {"lr": 0.3, "lr_decay": 0.1, "weight_decay": 0.1, "initial_accumulator_value": 0.5}),
}
MEAN = Fraction(8, 2**53)
"""Relative to the two parts of a running mean: a difference, a product and a sum round, and so does 1 - weight."""
TINY = Fraction(1, 2**1022)
"""Subnormal numbers have fewer digits."""
GRADIENTS: dict[str, Callable[[float, int], float]] = {
    "slope": lambda x, t: 2.0 * (x - 1.0) + math.cos(3.0 * x),
    "zero": lambda x, t: 0.0,
    "huge": lambda x, t: 1e200 if t % 2 else -1e200,
    "huge once": lambda x, t: 1e200 if t == 3 else 0.1,
    "tiny": lambda x, t: 1e-200,
    "nan once": lambda x, t: math.nan if t == 5 else 0.1,
    "inf once": lambda x, t: math.inf if t == 5 else 0.1,
}


def steps(make: Callable[[Value], Any], gradient: Callable[[float, int], float]) -> list[float]:
    """The parameter after each step, starting at 2."""
    p = Value(2.0)
    optimizer = make(p)
    seen = []
    for t in range(STEPS):
        p.grad = gradient(p.data, t)
        optimizer.step()
        seen.append(p.data)
    return seen


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_steps_are_those_of_pytorch(name: str, gradient: str) -> None:
    torch = importlib.import_module("torch")
    kind, options = CONFIGURATIONS[name]
    p = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    optimizer = getattr(torch.optim, kind.__name__)([p], foreach=False, **options)
    theirs = []
    for t in range(STEPS):
        p.grad = torch.tensor(GRADIENTS[gradient](p.item(), t), dtype=torch.float64)
        optimizer.step()
        theirs.append(p.item())
    ours = steps(lambda v: kind([v], **options), GRADIENTS[gradient])
    largest = max([abs(x) for x in theirs if math.isfinite(x)], default=0.0)
    assert ours == pytest.approx(theirs, rel=TO_PYTORCH, abs=TO_PYTORCH * largest, nan_ok=True)


RECORDED = {
    "SGD": 1.3302773046417256,
    "SGD momentum": 1.4712294374771842,
    "SGD dampening": 1.2865969080636577,
    "SGD nesterov": 1.3262623634149653,
    "Adam": 1.1995650825281228,
    "Adam amsgrad": 1.3182189537188775,
    "AdamW": 1.1954034712315071,
    "AdamW amsgrad": 1.1208387704948566,
    "RMSprop": 1.3307595918806152,
    "RMSprop centered": 1.299046155553188,
    "RMSprop alpha": 1.3195202178764511,
    "SGD maximize": 3.426926272342581,
    "Adam maximize": 3.4987640033285614,
    "AdamW maximize": 2.788710156427697,
    "RMSprop maximize": 4.438049540489887,
    "Adagrad maximize": 5.477304307622695,
    "Adagrad": 1.3302784395058045,
    "Adagrad decay": 1.3030409011066872,
}
"""The parameter of PyTorch 2.13.0 after 30 steps with the gradient "slope"."""


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_steps_end_where_those_of_pytorch_ended(name: str) -> None:
    kind, options = CONFIGURATIONS[name]
    found = steps(lambda v: kind([v], **options), GRADIENTS["slope"])[-1]
    assert found == pytest.approx(RECORDED[name], rel=TO_PYTORCH, abs=0.0)


@given(st.floats(-10.0, 10.0), st.floats(0.001, 0.4))
def test_descent_on_a_parabola_shrinks_by_a_factor(start: float, lr: float) -> None:
    p = Value(start)
    optimizer = SGD([p], lr=lr)
    for _ in range(20):
        optimizer.zero_grad()
        (p * p).backward()
        optimizer.step()
    assert p.data == pytest.approx(start * (1.0 - 2.0 * lr) ** 20, rel=1e-12, abs=1e-300)


@given(st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3), st.floats(1e-4, 1.0))
def test_the_first_step_of_adam_has_the_length_of_the_rate(gradient: float, lr: float) -> None:
    p = Value(0.0)
    optimizer = Adam([p], lr=lr, eps=0.0)
    p.grad = gradient
    optimizer.step()
    assert p.data == pytest.approx(-math.copysign(lr, gradient), rel=1e-9, abs=0.0)


weights = st.sampled_from([0.0, 1e-12, 1e-3, 0.1, 0.5, 0.9, 1.0]) | st.floats(0.0, 1.0)


@given(st.floats(-1e30, 1e30), st.floats(-1e30, 1e30), weights)
def test_a_running_mean_loses_no_digits_to_the_other_number(start: float, end: float, weight: float) -> None:
    w = Fraction(weight)
    old, new = (1 - w) * Fraction(start), w * Fraction(end)
    assert abs(Fraction(methods._between(start, end, weight)) - (old + new)) <= MEAN * (abs(old) + abs(new)) + TINY
    assert methods._between(start, end, 1.0) == end


@pytest.mark.parametrize("kind", [SGD, Adam, AdamW, RMSprop, Adagrad])
def test_parameters_are_checked(kind: Callable[..., Optimizer]) -> None:
    x = Value(1.0, label="x")
    for parameters, message in (
        ([], "no parameters"),
        ([x, x], "a parameter twice"),
        ([x * 2], "is the result of multiply"),
    ):
        with pytest.raises(ValueError, match=message):
            kind(parameters)
    with pytest.raises(TypeError, match="changes Values, not float"):
        kind([1.0])
    with pytest.raises(TypeError, match=r"not Neuron of 1 input, relu; pass model\.parameters\(\)"):
        kind(Neuron(1))
    with pytest.raises(TypeError, match=r"lr is a number, not Value\(data=0\.1, .*; pass its data"):
        kind([x], lr=Value(0.1))
    with pytest.raises(ValueError, match=r"lr must be a finite number of at least 0, not -1\.0"):
        kind([x], lr=-1.0)
    with pytest.raises(ValueError, match="lr must be a finite number"):
        kind([x], lr=math.nan)


def test_hyperparameters_are_checked() -> None:
    x = Value(1.0)
    with pytest.raises(ValueError, match=r"Adam: betas\[1\] must be a finite number from 0 to below 1, not 1\.0"):
        Adam([x], betas=(0.9, 1.0))
    for betas in (0.9, (0.9,), "ab", {0.5, 0.9}, None):
        with pytest.raises(TypeError, match="Adam: betas is a pair of numbers, as in betas="):
            Adam([x], betas=betas)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        SGD([x], nesterov=True)


def test_the_rate_may_change_and_gradients_start_over() -> None:
    x = Value(1.0)
    optimizer = SGD([x], lr=0.5)
    x.grad = 1.0
    optimizer.step()
    optimizer.lr = 0.25
    optimizer.step()
    assert x.data == 0.25
    optimizer.zero_grad()
    assert x.grad == 0.0


# ── groups ──

GROUPED: dict[str, tuple[type[Optimizer], dict[str, Any], list[dict[str, Any]]]] = {
    "SGD": (SGD, {"lr": 0.1, "momentum": 0.9}, [{}, {"lr": 0.01, "maximize": True}, {"momentum": 0.0}]),
    "Adam": (Adam, {"lr": 0.1}, [{"betas": (0.5, 0.9)}, {"lr": 0.01, "amsgrad": True}, {"weight_decay": 0.1}]),
    "AdamW": (AdamW, {}, [{"eps": 0.1}, {"lr": 0.01, "weight_decay": 0.5}, {}]),
    "RMSprop": (RMSprop, {"alpha": 0.5}, [{"centered": True}, {"momentum": 0.9}, {"lr": 0.3}]),
    "Adagrad": (Adagrad, {"lr_decay": 0.5}, [{"eps": 0.1}, {"lr": 1.0}, {"lr_decay": 0.0}]),
}
SLOPE = GRADIENTS["slope"]


@pytest.mark.parametrize("name", GROUPED)
def test_a_group_is_changed_as_an_optimiser_of_its_own_would(name: str) -> None:
    kind, options, groups = GROUPED[name]
    together, alone = ([Value(2.0 + i) for i in range(3)] for _ in range(2))
    both = kind([{"params": [p], **group} for p, group in zip(together, groups, strict=True)], **options)
    each = [kind([p], **{**options, **group}) for p, group in zip(alone, groups, strict=True)]
    for t in range(STEPS):
        for p in (*together, *alone):
            p.grad = SLOPE(p.data, t)
        for optimizer in (both, *each):
            optimizer.step()
        assert bits(p.data for p in together) == bits(p.data for p in alone)
    assert both.parameters == together
    both.zero_grad()
    assert [p.grad for p in together] == [0.0, 0.0, 0.0]


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch, an optional oracle, isn't installed")
@pytest.mark.parametrize("name", GROUPED)
def test_groups_are_those_of_pytorch(name: str) -> None:
    torch = importlib.import_module("torch")
    kind, options, groups = GROUPED[name]
    ours, theirs = [Value(2.0 + i) for i in range(4)], [torch.tensor(2.0 + i, dtype=torch.float64) for i in range(4)]
    makers: list[tuple[Any, Any, Any]] = [
        (kind, ours, {}),
        (getattr(torch.optim, kind.__name__), theirs, {"foreach": False}),
    ]
    optimizers = [
        make([{"params": [p], **group} for p, group in zip(ps, groups, strict=False)], **options, **more)
        for make, ps, more in makers
    ]
    for t in range(STEPS):
        if t == 5:  # A group that comes later starts its own count of steps.
            for optimizer, (_, ps, _) in zip(optimizers, makers, strict=True):
                optimizer.add_param_group({"params": ps[3]})
        if t == 9:
            for optimizer in optimizers:
                optimizer.param_groups[1]["lr"] *= 0.5
        for p, q in zip(ours, theirs, strict=True):
            p.grad, q.grad = SLOPE(p.data, t), torch.tensor(SLOPE(q.item(), t), dtype=torch.float64)
        for optimizer in optimizers:
            optimizer.step()
        assert [p.data for p in ours] == pytest.approx([q.item() for q in theirs], rel=TO_PYTORCH, abs=TO_PYTORCH)


def test_an_attribute_reads_and_sets_a_hyperparameter_of_all_groups() -> None:
    a, b = Value(1.0), Value(1.0)
    optimizer: Any = SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1, momentum=0.9)
    assert optimizer.momentum == 0.9
    with pytest.raises(
        AttributeError, match=r"have different lr, 0\.1 and 0\.5; read optimizer\.param_groups\[0\]\['lr'\]"
    ):
        _ = optimizer.lr
    optimizer.lr = 0.2
    assert [group["lr"] for group in optimizer.param_groups] == [0.2, 0.2]
    with pytest.raises(TypeError, match=r"lr is a number, not str '0\.1'; write 0\.1 without quotes"):
        optimizer.lr = "0.1"
    with pytest.raises(ValueError, match="nesterov needs a momentum"):
        optimizer.momentum, optimizer.nesterov = 0.0, True
    assert (optimizer.lr, optimizer.nesterov) == (0.2, False)


def test_of_many_different_numbers_two_are_shown() -> None:
    optimizer = SGD([{"params": [Value(1.0)], "lr": 0.1 * k} for k in (1, 2, 4)])
    with pytest.raises(AttributeError, match=r"have different lr, 0\.1 and 0\.2; read"):
        _ = optimizer.lr


def test_settings_are_shown() -> None:
    a, b = Value(1.0), Value(1.0)
    assert repr(SGD([a, b], lr=0.1)) == "SGD of 2 parameters, lr=0.1, momentum=0.0, dampening=0.0, weight_decay=0.0"
    shown = repr(Adam([{"params": [a], "amsgrad": True}, {"params": [b], "lr": 1}]))
    first, second, third = shown.replace("\n      ", " ").splitlines()
    assert first == "Adam of 2 groups"
    assert second == "  1 parameter, lr=0.001, betas=(0.9, 0.999), eps=1e-08, amsgrad=True, weight_decay=0.0"
    assert third == "  1 parameter, lr=1.0, betas=(0.9, 0.999), eps=1e-08, weight_decay=0.0"
    program = tiny()
    assert repr(SGD(program)).startswith(f"SGD of {len(program.parameters)} parameters, lr=0.001")


A, B = Value(1.0), Value(2.0)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: SGD([A], lr=TEXT), TypeError, r"SGD: lr is a number, not str '0\.1'; write 0\.1 without quotes"),
        (lambda: SGD([A], lr=True), TypeError, "SGD: lr is a number, not bool True"),
        (lambda: SGD([A], maximize=TEXT), TypeError, "SGD: maximize is True or False, not str"),
        (lambda: Adam([A], betas=TEXT), TypeError, r"Adam: betas is a pair of numbers, as in .*, not str '0\.1'"),
        (lambda: Adam([A], betas=(0.9, -0.1)), ValueError, r"betas\[1\] must be .* from 0 to below 1, not -0\.1"),
        (lambda: SGD({A, B}), TypeError, "not a set, which has no order"),
        (lambda: SGD([{"params": {A, B}}]), TypeError, "not a set, which has no order"),
        (lambda: SGD({"params": [A]}), TypeError, r"takes a list of groups, not dict .*; pass \[group\]"),  # type: ignore[dict-item]
        (lambda: SGD([{"parameters": [A]}]), TypeError, "a group is a dictionary with 'params'"),
        (lambda: SGD([{"params": [A], "learning_rate": 1.0}]), ValueError, "no hyperparameter of SGD 'learning_rate'"),
        (lambda: SGD([{"params": [A], "lr": -1.0}]), ValueError, r"SGD: lr must be .* not -1\.0"),
        (lambda: SGD([{"params": [A]}, {"params": [B, A]}]), ValueError, "a parameter twice"),
        (lambda: SGD([{"params": [A]}, {"params": []}]), ValueError, "no parameters"),
        (lambda: SGD([{"params": [A]}, {"params": 1.0}]), TypeError, r"takes a list of parameters, not float 1\.0"),
        (lambda: SGD([{"params": [A], "nesterov": True}]), ValueError, "nesterov needs a momentum"),
        (lambda: SGD([{"params": [A]}]).add_param_group([B]), TypeError, "a group is a dictionary"),  # type: ignore[arg-type]
        (lambda: SGD([{"params": tiny()}]), TypeError, r"one group; pass optim\.SGD\(program\)"),
        (lambda: SGD(tiny()).add_param_group({"params": [B]}), TypeError, r"one group; pass optim\.SGD\(program\)"),
        (lambda: twice(tiny()), TypeError, "the parameters of a program are one group"),
        (lambda: SGD(MLP(2, [1]).state_dict()), TypeError, r"takes a list of groups, not dict .*; pass \[group\]"),  # type: ignore[arg-type]
        (lambda: SGD(MLP(2, [1]).named_parameters()), TypeError, "changes Values, not tuple"),  # type: ignore[arg-type]
    ],
)
def test_slips_are_named(call: Callable[[], object], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        call()


TEXT: Any = "0.1"


def twice(program: Any) -> None:
    SGD(program).add_param_group({"params": program})


# ── programs ──


def tiny(dtype: Any = "float64") -> Any:
    return Standin(MLP(2, [3, 1], activation="tanh", rng=random.Random(1)), losses.mse, [(2,), ()], dtype)


def bits(numbers: Any) -> list[str]:
    return [float(number).hex() for number in numbers]


@pytest.mark.parametrize("gradient", GRADIENTS)
@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_arrays_get_the_numbers_of_values_bit_for_bit(
    name: str, gradient: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(optimizer_module, "_BLOCK", 3)
    kind, options = CONFIGURATIONS[name]
    values, program = [Value(x / 4.0) for x in range(-3, 10)], tiny()
    program.parameters[:] = [v.data for v in values]
    eager, flat = kind(values, **options), kind(program, **options)
    for t in range(STEPS):
        for v in values:
            v.grad = GRADIENTS[gradient](v.data, t)
        program.gradient[:] = [v.grad for v in values]
        eager.step()
        flat.step()
        assert bits(program.parameters) == bits(v.data for v in values)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_network_trained_by_arrays_ends_where_the_eager_one_does(name: str) -> None:
    kind, options = CONFIGURATIONS[name]
    program, other = tiny(), tiny()
    eager, flat = kind(other.model.parameters(), **options), kind(program, **options)
    x, y = np.array([[0.0, 0.5], [1.0, -1.0], [0.3, 0.2]]), np.array([1.0, -0.5, 0.25])
    for _ in range(STEPS):
        eager.zero_grad()
        flat.zero_grad()
        for a, b in zip(x.tolist(), y.tolist(), strict=True):
            (losses.mse(other.model(a), b) / 3.0).backward()
        program.value_and_grad(x, y)
        flat.step()
        eager.step()
    assert program.parameters.tolist() == pytest.approx([p.data for p in other.model.parameters()], rel=1e-9, abs=0.0)


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_single_precision_stays_single_and_near(name: str) -> None:
    kind, options = CONFIGURATIONS[name]
    program, wide = tiny("float32"), tiny()
    for p in (program, wide):
        optimizer = kind(p, **options)
        for t in range(STEPS):
            p.gradient[:] = np.cos(p.parameters + t)
            optimizer.step()
        kept: list[Any] = [row for rows in optimizer.param_groups[0].states.values() for row in rows]
        assert kept or name == "SGD"
        assert {row.dtype for row in kept if isinstance(row, np.ndarray)} <= {p.parameters.dtype}
    assert program.parameters.dtype == np.float32
    assert program.parameters == pytest.approx(wide.parameters, rel=1e-4, abs=1e-5)


def test_the_array_of_a_program_is_changed_in_place_and_a_copy_is_not_bound_to_it() -> None:
    program = tiny()
    array, start = program.parameters, program.parameters.copy()
    optimizer: Any = SGD(program, lr=0.5, momentum=0.5)
    assert optimizer.parameters is array
    program.gradient[:] = 1.0
    optimizer.step()
    assert array.tolist() == (start - 0.5).tolist()
    for twin, twins in (copy.deepcopy((program, optimizer)), pickle.loads(pickle.dumps((program, optimizer)))):
        twin.gradient[:] = 1.0
        twins.step()
        assert twin.parameters.tolist() == (start - 0.5 - 0.75).tolist()
    assert array.tolist() == (start - 0.5).tolist()


def test_a_program_s_optimizer_is_checked() -> None:
    with pytest.raises(ValueError, match="lr must be a finite number"):
        SGD(tiny(), lr=-1.0)
    program = tiny()
    program.parameters = program.gradient = np.zeros(0)
    with pytest.raises(ValueError, match="no parameters"):
        Adam(program)


def test_values_need_no_numpy() -> None:
    text = (
        "import sys; from autograd import Value, losses, nn, optim, train; m = nn.Neuron(1)\n"
        "for kind in (optim.SGD, optim.Adam, optim.AdamW, optim.RMSprop, optim.Adagrad):\n"
        "    train.fit(m, [([1.0], 2.0)], losses.mse, kind(m.parameters()), epochs=2)\n"
        "assert 'numpy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", text], env=surroundings(PACKAGE), check=True)
