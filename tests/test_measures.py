"""What a training tells beside its losses: validation, metrics, divergence, and the remedies for slips."""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import Value, losses, nn, optim, train
from autograd.engine.functions import mean

ROUNDING = 1e-12
"""Relative: a program takes sums in another order."""
ROWS = [([x / 4.0, 1.0 - x * x / 16.0], float(x > 0)) for x in range(-4, 5)]
HELD_OUT = [([0.3, 0.9], 1.0), ([-0.7, 0.2], 0.0), ([0.1, 0.0], 0.0)]
METRICS: dict[str, Callable[[Any, Any], Any]] = {
    "accuracy": lambda y, t: (y > 0.5) == (t == 1.0),
    "distance": lambda y, t: abs(y - t),
}


def network(activation: str = "tanh") -> nn.MLP:
    return nn.MLP(2, [4, 1], activation=activation, rng=random.Random(4))


def compiled(model: nn.MLP, loss: Any = losses.mse, outputs: Any = None) -> Any:
    x, t = autograd.inputs(2), autograd.inputs(name="t")
    y = model(x)
    return autograd.compile(loss(y, t), (x, t), parameters=model, outputs=y if outputs is None else outputs(y))


def trained(eager: bool, model: nn.MLP, data: Any = ROWS, lr: float = 0.1, **options: Any) -> train.History:
    if eager:
        return train.fit(model, data, losses.mse, optim.SGD(model.parameters(), lr=lr), **options)
    program = compiled(model)
    return train.fit(program, data, optim.SGD(program, lr=lr), **options)


# ── validation and metrics ──


@pytest.mark.parametrize("eager", [True, False])
@pytest.mark.parametrize("held_out", [None, HELD_OUT])
def test_measures_are_those_of_the_parameters_after_each_epoch(eager: bool, held_out: Any) -> None:
    model, rows = network(), held_out or ROWS
    wanted: dict[str, list[float]] = {"validation": [], "accuracy": [], "distance": []}
    other = network()
    for _ in range(5):
        train.fit(other, ROWS, losses.mse, optim.SGD(other.parameters(), lr=0.1), epochs=1, batch_size=4, shuffle=False)
        outputs = [(other(x).data, t) for x, t in rows]
        wanted["validation"].append(sum((y - t) ** 2 for y, t in outputs) / len(rows))
        for name, metric in METRICS.items():
            wanted[name].append(sum(float(metric(y, t)) for y, t in outputs) / len(rows))
    history = trained(eager, model, epochs=5, batch_size=4, shuffle=False, validation=held_out, metrics=METRICS)
    assert history.validation == (pytest.approx(wanted["validation"], rel=ROUNDING, abs=0.0) if held_out else [])
    for name in METRICS:
        assert history.metrics[name] == pytest.approx(wanted[name], rel=ROUNDING, abs=0.0)
    text = " ".join(repr(history).split())
    assert (f"validation {wanted['validation'][0]:.3g} → {wanted['validation'][-1]:.3g}" in text) == bool(held_out)
    assert f"accuracy {wanted['accuracy'][0]:.3g} → {wanted['accuracy'][-1]:.3g}, distance" in text


def test_measures_leave_the_training_as_it_is() -> None:
    for eager in (True, False):
        plain, measured = network(), network()
        options: dict[str, Any] = {"epochs": 4, "batch_size": 2}
        first = trained(eager, plain, rng=random.Random(1), **options)
        second = trained(eager, measured, rng=random.Random(1), validation=HELD_OUT, metrics=METRICS, **options)
        assert first.losses == second.losses
        assert plain.state_dict() == measured.state_dict()


def test_a_metric_gets_plain_numbers_and_the_target_that_was_given() -> None:
    seen: list[tuple[Any, Any]] = []

    def met(output: Any, target: Any) -> bool:
        seen.append((output, target))
        return True

    model = nn.MLP(2, [3], rng=random.Random(1))
    rows = [([0.5, 1.0], 2), ([1.0, -1.0], 0)]
    train.fit(model, rows, losses.cross_entropy, optim.SGD(model.parameters(), lr=0.0), epochs=1, metrics={"met": met})
    x, t = autograd.inputs(2), autograd.inputs(3, name="t")
    y = model(x)
    program = autograd.compile(losses.cross_entropy(y, t), (x, t), parameters=model, outputs=y)
    for data in (rows, (np.array([x for x, _ in rows]), np.array([2, 0]))):
        history = train.fit(program, data, optim.SGD(program, lr=0.0), epochs=1, metrics={"met": met}, validation=data)
        assert history.validation == pytest.approx(history.losses, rel=ROUNDING, abs=0.0)
    assert [target for _, target in seen] == [2, 2, 0] * 3
    for output, _ in seen:
        assert type(output) is list
        assert {*map(type, output)} == {float}
    for i in range(3, 9):
        assert seen[i][0] == pytest.approx(seen[i - 3][0], rel=ROUNDING, abs=0.0)
    pair = compiled(network(), outputs=lambda y: (y, [y * 2.0]))
    history = train.fit(pair, ROWS, optim.SGD(pair), epochs=1, metrics={"of": lambda y, t: y[1] == [2.0 * y[0]]})
    assert history.metrics["of"] == [1.0]


def test_of_a_program_of_several_inputs_the_last_one_is_the_target() -> None:
    x, shift, t = autograd.inputs(name="x"), autograd.inputs(name="shift"), autograd.inputs(name="t")
    w = Value(2.0)
    y = w * x + shift
    program = autograd.compile(losses.mse(y, t), (x, shift, t), parameters=[w], outputs=y)
    seen: list[tuple[float, float]] = []

    def met(output: float, target: float) -> bool:
        seen.append((output, target))
        return True

    rows = [(1.0, 10.0, 0.5), (2.0, 20.0, 0.25)]
    sgd = optim.SGD(program, lr=0.0)
    train.fit(program, rows, sgd, epochs=1, metrics={"met": met})
    assert seen[-2:] == [(12.0, 0.5), (24.0, 0.25)]


def test_nothing_is_recorded_for_a_measure() -> None:
    model, recorded = network(), []

    def loss(y: Value, t: float) -> Value:
        recorded.append(bool(y.operands))
        return losses.mse(y, t)

    sgd = optim.SGD(model.parameters())
    train.fit(model, ROWS[:2], loss, sgd, epochs=2, validation=HELD_OUT)
    assert recorded == [False, *[True, True, False, False, False] * 2]


def test_a_history_without_measures_is_as_it_was() -> None:
    history = trained(True, network(), epochs=2)
    assert (history.validation, history.metrics, history.reason) == ([], {}, "")
    assert repr(history).count("\n") == 0
    assert history == train.History(history.losses, "epochs")


# ── divergence ──


@pytest.mark.parametrize("eager", [True, False])
def test_a_loss_that_is_not_finite_ends_it_before_a_step_is_made_with_it(eager: bool) -> None:
    model = network("relu")
    history = trained(eager, model, lr=50.0, epochs=1000)
    assert history.stopped_by == "divergence"
    assert 1 < len(history.losses) < 1000
    assert all(map(math.isfinite, history.losses))
    assert all(math.isfinite(p.data) for p in model.parameters())
    text = " ".join(history.reason.split())
    assert text.startswith(f"Epoch {len(history.losses) + 1} of 1000: the loss of ")
    assert "is inf. All parameters are finite." in text
    assert text.endswith("take a smaller learning rate, or clip the gradients: nn.utils.clip_grad_norm_.")
    assert ("The first node that isn't finite is v" in text) == eager
    assert eager or {line[: -len(line.lstrip())] for line in history.reason.splitlines()} == {"", "  "}
    assert repr(history).startswith("History(")
    assert "stopped by divergence)\n" in repr(history)


def test_a_row_and_autopsy_tell_where_a_nan_comes_from() -> None:
    model = network()
    data = [*ROWS, ([1.0, math.nan], 2.0)]
    history = trained(True, model, data=data, epochs=100)
    assert (history.losses, history.stopped_by) == ([], "divergence")
    assert (
        history.reason.splitlines()[0] == "Epoch 1 of 100: the loss of row ([1.0, nan], 2.0) is nan. All parameters are"
    )
    assert history.reason.splitlines()[1] == "  finite."
    assert "it is a leaf, and so from the start" in history.reason
    assert trained(False, model, data=data, epochs=100).stopped_by == "divergence"


def test_the_first_parameter_that_is_not_finite_is_named() -> None:
    """√(w²) has no derivative at 0, where it is 0/0: the loss stays finite, and the step makes the parameter nan."""

    class Line(nn.Module):
        def __init__(self) -> None:
            self.parts: dict[str, Any] = {"fine": Value(1.0), "broken": [Value(2.0), Value(0.0)]}

        def __call__(self, x: Any) -> Any:
            first, second = self.parts["broken"]
            return self.parts["fine"] * x + first + (second * second).sqrt()

    for eager in (True, False):
        line = Line()
        if eager:
            history = train.fit(line, [(1.0, 1.0)], losses.mse, optim.SGD(line.parameters()), epochs=9)
        else:
            x, t = autograd.inputs(name="x"), autograd.inputs(name="t")
            program = autograd.compile(losses.mse(line(x), t), (x, t), parameters=line)
            history = train.fit(program, [(1.0, 1.0)], optim.SGD(program), epochs=9)
        name = "parts.broken.1" if eager else r"parts.broken[1]"
        assert f"The first parameter that isn't finite is {name} = nan." in " ".join(history.reason.split())
        assert (len(history.losses), history.stopped_by) == (1, "divergence")
        assert history.reason.startswith("Epoch 1 of 9: its loss was 4.")
    w = Value(0.0, label="w")
    history = train.fit(lambda x: (w * w).sqrt() * x, [(1.0, 1.0)], losses.mse, optim.SGD([w]), epochs=9)
    assert "isn't finite is w = nan" in " ".join(history.reason.split())
    v = Value(0.0)
    history = train.fit(lambda x: (v * v).sqrt() * x, [(1.0, 1.0)], losses.mse, optim.SGD([Value(1.0), v]), epochs=9)
    assert "isn't finite is parameter 1 = nan" in " ".join(history.reason.split())


def test_an_infinite_loss_is_that_of_a_row_and_no_sum_of_finite_ones() -> None:
    w = Value(1.0)
    history = train.fit(lambda x: w * x, [(1e308, 0.0)] * 3, lambda y, t: y, optim.SGD([w], lr=0.0), epochs=2)
    assert (history.losses, history.stopped_by) == ([1e308, 1e308], "epochs")
    history = train.fit(lambda x: w * x, [(1.0, 0.0), (-math.inf, 0.0)], lambda y, t: y, optim.SGD([w]), epochs=9)
    assert "the loss of row (-inf, 0.0) is -inf" in " ".join(history.reason.split())
    history = train.fit(lambda x: w * x, [(math.inf, 0.0), (-math.inf, 0.0)], lambda y, t: y, optim.SGD([w]), epochs=9)
    assert "the loss of row (inf, 0.0) is inf" in " ".join(history.reason.split())  # The mean is nan.


def test_divergence_counts_before_the_threshold_and_the_callback() -> None:
    w = Value(0.0, label="w")
    called: list[int] = []

    def after(epoch: int, loss: float) -> bool:
        called.append(epoch)
        return True

    history = train.fit(
        lambda x: (w * w).sqrt() * x,
        [(1.0, 1.0)],
        losses.mse,
        optim.SGD([w]),
        epochs=9,
        stop_below=5.0,
        callback=after,
    )
    assert (history.stopped_by, called) == ("divergence", [0])


# ── slips ──

MODEL = network()
SGD = optim.SGD(MODEL.parameters())


def fit(*given: Any, **options: Any) -> train.History:
    return train.fit(*given, **{"epochs": 1, **options})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: fit(MODEL, ROWS, "mse", SGD), TypeError, r"which is no str 'mse'; pass losses\.mse, without quotes"),
        (lambda: fit(MODEL, ROWS, "CrossEntropy", SGD), TypeError, r"pass losses\.cross_entropy, without quotes"),
        (lambda: fit(MODEL, ROWS, "?", SGD), TypeError, "there are binary_cross_entropy, "),
        (lambda: fit(MODEL, ROWS, None, SGD), TypeError, r"no None; pass a function, such as losses\.mse"),
        (lambda: fit(MODEL, ROWS, SGD, losses.mse), TypeError, "pass it before the optimizer"),
        (lambda: fit(MODEL, ROWS, Value(1.0), SGD), TypeError, r"no Value\(data=1\.0, .*; pass the function itself"),
        (lambda: fit(MODEL, ROWS, [1.0], SGD), TypeError, r"pair them: fit\(model, list\(zip\(inputs, targets\)\)"),
        (lambda: fit(MODEL, ROWS, losses.mse, 0.1), TypeError, r"optim\.SGD\(model\.parameters\(\), lr=0\.1\), not"),
        (lambda: fit(MODEL, ROWS, losses.mse, "adam"), TypeError, r"as in optim\.Adam\(model\.parameters\(\)\), not"),
        (lambda: fit(MODEL, ROWS, losses.mse, optim.RMSprop), TypeError, r"as in optim\.RMSprop\(model"),
        (lambda: fit(MODEL, ROWS, losses.mse), TypeError, r"as in optim\.SGD\(model\.parameters\(\)\), not None"),
        (lambda: fit(nn.MLP, ROWS, losses.mse, SGD), TypeError, r"which is the class MLP; make one, as in MLP\(…\)"),
        (lambda: fit(MODEL, ROWS, losses.mse, SGD, epochs="3"), ValueError, "epochs is a whole number from 0, not '3'"),
        (lambda: fit(MODEL, ROWS, losses.mse, SGD, stop_below="1"), TypeError, "stop_below is a number, not str '1'"),
        (lambda: fit(MODEL, ROWS, losses.mse, SGD, callback=3), TypeError, "callback is a function .* not int 3"),
        (lambda: fit(MODEL, ROWS, losses.mse, SGD, metrics=[abs]), TypeError, "metrics is a dictionary"),
        (
            lambda: fit(MODEL, ROWS, losses.mse, SGD, metrics={"a": "b"}),
            TypeError,
            "metrics is a dictionary of functions",
        ),
        (
            lambda: fit(MODEL, ROWS, losses.mse, SGD, metrics={"a": lambda y, t: None}),
            TypeError,
            "the metric a returns a number or True or False for one row, not None",
        ),
        (
            lambda: fit(MODEL, ROWS, losses.mse, SGD, validation=[1.0]),
            ValueError,
            r"a pair \(input, target\), not 1\.0",
        ),
        (lambda: fit(MODEL, ROWS, losses.mse, SGD, validation=[]), ValueError, "no rows"),
        (lambda: without_outputs(), ValueError, "the program has no outputs; name them"),
    ],
)
def test_slips_are_named_before_anything_is_trained(call: Any, error: type[Exception], message: str) -> None:
    before = MODEL.state_dict()
    with pytest.raises(error, match=message):
        call()
    assert MODEL.state_dict() == before


def without_outputs() -> None:
    x, t = autograd.inputs(2), autograd.inputs(name="t")
    program = autograd.compile(losses.mse(MODEL(x), t), (x, t), parameters=MODEL)
    fit(program, ROWS, optim.SGD(program), metrics=METRICS)


def test_the_mean_of_metrics_is_that_of_the_engine() -> None:
    model = network()
    history = trained(True, model, epochs=1, lr=0.0, metrics={"y": lambda y, t: y})
    assert history.metrics["y"] == [mean([model(x) for x, _ in ROWS]).data]
