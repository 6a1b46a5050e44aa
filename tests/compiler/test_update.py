"""The recorded update of an optimiser is the optimiser's own step, for all options and from any state on."""

import gc
import math
import weakref
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autograd
from autograd import Value, optim
from autograd.compiler.native.update import Shared, Update, is_known
from tests.compiler.native_programs import Array

ROUNDING = 1e-12
"""Relative: sums are made in another order."""
CLOSE = 1e-9
"""The same where squares of nearly the same size are subtracted."""
SINGLE, SINGLE_CLOSE = 1e-3, 2e-2
"""Both in float32."""
RATES = st.floats(1e-4, 1.0)
PARTS = st.floats(0.0, 0.99)
DECAYS = st.sampled_from([0.0, 0.01, 0.5])
FLAGS = st.booleans()
KINDS = st.one_of(
    st.fixed_dictionaries(
        {
            "lr": RATES,
            "momentum": PARTS | st.just(0.0),
            "dampening": PARTS | st.just(0.0),
            "weight_decay": DECAYS,
            "maximize": FLAGS,
        }
    ).map(lambda options: (optim.SGD, options)),
    st.fixed_dictionaries({"lr": RATES, "momentum": st.floats(0.1, 0.99), "maximize": FLAGS}).map(
        lambda options: (optim.SGD, {**options, "nesterov": True})
    ),
    st.tuples(
        st.sampled_from([optim.Adam, optim.AdamW]),
        st.fixed_dictionaries(
            {"lr": RATES, "betas": st.tuples(PARTS, PARTS), "weight_decay": DECAYS, "amsgrad": FLAGS, "maximize": FLAGS}
        ),
    ),
    st.fixed_dictionaries(
        {
            "lr": RATES,
            "alpha": st.floats(0.5, 0.99),
            "momentum": PARTS | st.just(0.0),
            "centered": FLAGS,
            "weight_decay": DECAYS,
        }
    ).map(lambda options: (optim.RMSprop, options)),
    st.fixed_dictionaries(
        {
            "lr": RATES,
            "lr_decay": DECAYS,
            "initial_accumulator_value": DECAYS,
            "weight_decay": DECAYS,
            "maximize": FLAGS,
        }
    ).map(lambda options: (optim.Adagrad, options)),
)


class Program:
    """A stand-in for a compiled program, of which an optimiser changes the parameters."""

    def __init__(self, parameters: Array) -> None:
        self.parameters, self.gradient = parameters, np.zeros_like(parameters)

    def value_and_grad(self) -> None:
        pass


def stepped(update: Update, numbers: Array, p: Array, g: Array, states: Array) -> tuple[Array, Array]:
    """The parameters and the states after a step, by the recorded program."""
    bound = update.code.bind(len(p), numbers.astype(p.dtype), np.zeros_like(numbers))
    bound.inputs[update.code.input_slots] = [p, g, *states]
    with np.errstate(all="ignore"):
        bound.forward()
    return bound.roots[0].copy(), bound.roots[1:].copy()


SUBNORMAL: Any = optim.SGD, {"lr": 1.0, "momentum": 2.225073858507203e-309, "weight_decay": 0.01}
"""Its graph has a subnormal coefficient in a node that is read twice: this was endless work for the compiler."""


@example(kind=SUBNORMAL, before=0, seed=0, double=False)
@given(kind=KINDS, before=st.integers(0, 3), seed=st.integers(0, 99), double=st.booleans())
def test_it_is_the_step_of_the_optimizer(kind: Any, before: int, seed: int, double: bool) -> None:
    make, options = kind
    random, dtype = np.random.default_rng(seed), "float64" if double else "float32"
    program = Program(random.normal(size=7).astype(dtype))
    optimizer = make(program, **options)
    group = optimizer.param_groups[0]
    for _ in range(before):
        program.gradient[:] = random.normal(size=7)
        optimizer.step()
    update = Update(optimizer, dtype)
    assert (update.fits, group.steps) == (True, before)
    numbers = update.numbers(5)
    for k in range(5):
        program.gradient[:] = random.normal(size=7)
        kept = [
            np.concatenate(group.states[name]) if name in group.states else np.full(7, x)
            for name, x in update.starts.items()
        ]
        row = numbers[min(k, len(numbers) - 1)]
        p, states = stepped(update, row, program.parameters.copy(), program.gradient, np.array(kept).reshape(-1, 7))
        optimizer.step()
        centered = options.get("centered")
        rounding = (CLOSE if centered else ROUNDING) if double else SINGLE_CLOSE if centered else SINGLE
        np.testing.assert_allclose(p, program.parameters, rtol=rounding, atol=rounding)
        assert list(update.starts) == list(group.states)
        for row, name in zip(states, update.starts, strict=True):
            np.testing.assert_allclose(row, np.concatenate(group.states[name]), rtol=rounding, atol=rounding)


def of(make: Any, **options: Any) -> tuple[Any, Update]:
    optimizer = make(Program(np.array([1.0])), **options)
    return optimizer, Update(optimizer, "float64")


def test_numbers_have_a_row_for_each_step_that_differs() -> None:
    sgd, plain = of(optim.SGD, lr=0.5)
    assert (plain.counts, plain.numbers(9).tolist()) == (False, [[-0.5]])
    sgd.lr = 0.25
    assert plain.numbers(9).tolist() == [[-0.25]]
    damped, update = of(optim.SGD, lr=0.5, momentum=0.5, dampening=0.25)
    assert (update.counts, update.numbers(9).tolist()) == (False, [[1.0, -0.5], [0.75, -0.5]])
    damped.step()
    assert update.numbers(9).tolist() == [[0.75, -0.5]] * 2
    assert update.numbers(1).tolist() == [[0.75, -0.5]]
    adagrad, update = of(optim.Adagrad, lr=1.0, lr_decay=0.5)
    assert (update.counts, update.numbers(3).tolist()) == (True, [[-1.0], [-1.0 / 1.5], [-0.5]])
    adagrad.step()
    assert update.numbers(2).tolist() == [[-1.0 / 1.5], [-0.5]]


def test_corrections_of_many_steps_are_those_of_floats() -> None:
    _, update = of(optim.Adam, lr=0.125, betas=(0.9, 0.999))
    for k, (rate, root) in enumerate(update.numbers(3000).tolist(), 1):
        assert rate == pytest.approx(-0.125 / (1.0 - 0.9**k), rel=ROUNDING, abs=0.0)
        assert root == pytest.approx(math.sqrt(1.0 - 0.999**k), rel=ROUNDING, abs=0.0)


@pytest.mark.parametrize(
    ("name", "value"), [("momentum", 0.25), ("weight_decay", 0.5), ("maximize", True), ("nesterov", True)]
)
def test_a_changed_hyperparameter_is_another_program(name: str, value: Any) -> None:
    optimizer, update = of(optim.SGD, lr=0.5, momentum=0.5)
    assert update.fits
    optimizer.lr = 0.1
    assert update.fits, "the learning rate is a number of each step"
    setattr(optimizer, name, value)
    assert not update.fits


@given(one=KINDS, other=KINDS)
def test_the_same_settings_are_one_program_whatever_the_rate_and_others_are_another(one: Any, other: Any) -> None:
    def made(kind: Any, **options: Any) -> Any:
        return of(kind[0], **{**kind[1], **options})[1].recorded

    assert made(one, lr=0.5) is made(one, lr=0.25)
    same = one[0] is other[0] and {**one[1], "lr": 1.0} == {**other[1], "lr": 1.0}
    assert (made(one) is made(other)) == same
    changed = made((one[0], {**one[1], "weight_decay": 0.125}))
    assert changed is not made(one)
    assert made(one) is not Update(of(one[0], **one[1])[0], "float32").recorded


def test_later_stages_of_one_program_leave_the_others_as_they_are() -> None:
    def made() -> Any:
        return of(optim.SGD, lr=0.5, momentum=0.9)[1].code

    text, used = str(made().graph), made()
    used.schedule  # noqa: B018  (It turns products around.)
    assert str(used.graph) != text
    assert str(made().graph) == text


def test_a_setting_that_is_changed_in_place_is_read_anew() -> None:
    optimizer, _ = of(optim.Adam, lr=1.0)
    betas: Any = [0.5, 0.75]
    optimizer.param_groups[0]["betas"] = betas
    first = Update(optimizer, "float64")
    betas[0] = 0.0
    second = Update(optimizer, "float64")
    assert (first.numbers(1)[0, 0], second.numbers(1)[0, 0]) == (-2.0, -1.0)
    assert first.recorded is not second.recorded
    optimizer.param_groups[0].update(betas=(0.5, 0.75), eps=Value(0.5))
    assert Update(optimizer, "float64").recorded is not Update(optimizer, "float64").recorded


def test_a_program_and_its_optimizer_are_not_kept() -> None:
    program: Any = Program(np.ones(3))
    optimizer = optim.Adam(program, lr=0.1, eps=1e-5)
    Update(optimizer, "float64")
    gone = [weakref.ref(thing) for thing in (program, optimizer, optimizer.param_groups[0].each[0])]
    del program, optimizer
    gc.collect()
    assert [ref() for ref in gone] == [None, None, None]


def test_blocks_of_the_caller_have_no_effect() -> None:
    with autograd.no_grad(), autograd.strict():
        _, update = of(optim.Adam, lr=0.1, eps=0.0625)  # No other test has recorded it.
    assert len(update.code.graph) > 5


def test_a_gradient_that_overflows_is_no_nan() -> None:
    """Both the mean square and the square of the mean are infinite then."""
    _, update = of(optim.RMSprop, lr=0.1, centered=True)
    p, states = stepped(update, update.numbers(1)[0], np.ones(2), np.array([1e200, -1e200]), np.zeros((2, 2)))
    assert p.tolist() == [1.0, 1.0]
    assert np.isinf(states[0]).all()


def test_other_optimizers_are_not_known() -> None:
    class Own(optim.SGD):
        pass

    class Stepping(optim.SGD):
        def step(self) -> None:
            pass

    program: Any = Program(np.zeros(2))
    assert is_known(optim.SGD(program))
    assert not is_known(Own(program))
    assert not is_known(Stepping(program))
    assert not is_known(object)
    watched: Any = optim.SGD(program)
    watched.step = lambda: None
    assert not is_known(watched)


def test_shared_numbers_and_floats_make_shared_numbers() -> None:
    two, three = Shared(lambda at: 2.0, frozenset({"a"})), Shared(lambda at: 3.0, frozenset({"b"}))
    at: Any = None
    for made, number in (
        (two + three, 5.0),
        (2.0 + three, 5.0),
        (two - three, -1.0),
        (2.0 - three, -1.0),
        (two * three, 6.0),
        (4.0 * three, 12.0),
        (two / three, 2.0 / 3.0),
        (4.0**three, 64.0),
        (-two, -2.0),
        (two.root(), math.sqrt(2.0)),
    ):
        assert made.of(at) == number
        assert made.reads <= {"a", "b"}
    assert (two * three).reads == {"a", "b"}
    assert two.root().reads == (-two).reads == {"a"}


def test_values_keep_no_trace_of_it() -> None:
    w = Value(1.0)
    Update(optim.SGD([w], lr=0.1), "float64")
    assert (w.data, w.grad) == (1.0, 0.0)
