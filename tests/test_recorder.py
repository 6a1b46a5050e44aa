"""The snapshots of a training."""

import copy
import math
import pickle
import random
import signal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import Value, losses, nn, optim, strict, train
from autograd.train.recorder import FEW_ROWS, MARGIN, MOST, NUMBERS, RESOLUTION, Grid, Recorder, Snapshot
from autograd.train.states import corners
from tests.interrupting import interrupted, of_training, points

ROUNDING = 1e-9
"""Relative: programs add in another order than Values, over up to a few hundred steps."""
XOR = [([0.0, 0.0], 0.0), ([0.0, 1.0], 1.0), ([1.0, 0.0], 1.0), ([1.0, 1.0], 0.0)]


def mlp(seed: int = 3) -> nn.MLP:
    return nn.MLP(2, [3, 1], activation="tanh", rng=random.Random(seed))


def fitted(record: Any = None, model: Any = None, data: Any = XOR, **options: Any) -> tuple[Any, train.History]:
    model = model or mlp()
    optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    return model, train.fit(model, data, losses.mse, optimizer, **{"epochs": 20, "record": record} | options)


def program(model: nn.MLP, *, outputs: bool = True) -> Any:
    x, t = autograd.inputs(2, name="x"), autograd.inputs(name="t")
    y = model(x)
    # Native code makes the steps of a training that is not recorded, and rounds in other places than NumPy.
    given = (x, t)
    return autograd.compile(losses.mse(y, t), given, parameters=model, outputs=y if outputs else None, backend="numpy")


def placed(model: nn.MLP, snapshot: Snapshot) -> nn.MLP:
    """The model with the parameters of a snapshot."""
    for name, v in model.named_parameters():
        v.data = snapshot.parameters[name]
    return model


def mean_loss(model: Any, rows: Any) -> Value:
    return sum((losses.mse(model(x), t) for x, t in rows), Value(0.0)) / len(rows)


def check(snapshot: Snapshot, rows: Any, inputs: Any, grid: Grid | None) -> None:
    """Compare all numbers of a snapshot with those of another model that has its parameters."""
    model = placed(mlp(99), snapshot)
    loss = mean_loss(model, rows)
    model.zero_grad()
    loss.backward()
    assert snapshot.loss == pytest.approx(loss.data, rel=ROUNDING, abs=0.0)
    wanted = {name: v.grad for name, v in model.named_parameters()}
    assert snapshot.gradients == pytest.approx(wanted, rel=ROUNDING, abs=1e-12)
    assert list(snapshot.gradients) == list(snapshot.parameters) == list(wanted)
    assert snapshot.outputs == pytest.approx([model(x).data for x in inputs], rel=ROUNDING, abs=1e-12)
    at = grid.points() if grid else []
    assert snapshot.surface == pytest.approx([model(x).data for x in at], rel=ROUNDING, abs=1e-12)


# ── the numbers ──


@pytest.mark.parametrize("batch_size", [None, 3])
@pytest.mark.parametrize("compiled", [False, True])
def test_all_numbers_of_a_snapshot_belong_together(compiled: bool, batch_size: int | None) -> None:
    model, recorder = mlp(), Recorder(every=4, surface=3)
    options: dict[str, Any] = {"epochs": 10, "batch_size": batch_size, "shuffle": False}
    if compiled:
        subject, recorder = program(model), Recorder(every=4, surface=3, model=model)
        history = train.fit(subject, XOR, optim.SGD(subject, lr=0.1, momentum=0.9), record=recorder, **options)
    else:
        _, history = fitted(recorder, model, **options)
    assert [(s.epoch, s.batch) for s in recorder.snapshots] == [(0, 0), (4, 0), (8, 0), (10, 0)]
    for snapshot in recorder.snapshots:
        check(snapshot, XOR[: batch_size or 4], [x for x, _ in XOR], recorder.grid)
    assert recorder.snapshots[-1].parameters == {name: v.data for name, v in model.named_parameters()}
    if batch_size is None:
        assert [s.loss for s in recorder.snapshots[:-1]] == [history.losses[i] for i in (0, 4, 8)]
    assert recorder.history is history
    assert (recorder.inputs, recorder.targets) == ([x for x, _ in XOR], [t for _, t in XOR])


@given(st.integers(1, 3), st.integers(1, 4), st.integers(0, 9), st.booleans(), st.integers(0, 1000))
def test_a_recorder_changes_no_bit(every: int, batch_size: int, epochs: int, shuffle: bool, seed: int) -> None:
    def run(record: Recorder | None) -> tuple[list[float], list[float], list[float]]:
        more: dict[str, Any] = {"epochs": epochs, "batch_size": batch_size, "shuffle": shuffle}
        model, history = fitted(record, mlp(seed), rng=random.Random(seed), **more)
        return history.losses, [p.data for p in model.parameters()], [p.grad for p in model.parameters()]

    assert run(None) == run(Recorder(every=every, surface=2)) == run(Recorder())


@pytest.mark.parametrize("batch_size", [None, 3])
def test_a_recorder_changes_no_bit_of_a_program(batch_size: int | None) -> None:
    def run(record: Recorder | None) -> list[Any]:
        subject = program(mlp())
        more: dict[str, Any] = {"epochs": 9, "batch_size": batch_size, "rng": random.Random(1), "record": record}
        history = train.fit(subject, XOR, optim.Adam(subject, lr=0.1), **more)
        return [history.losses, subject.parameters.tolist(), subject.gradient.tolist()]

    assert run(None) == run(Recorder(every=2))


def test_the_gradients_of_inputs_are_left_alone() -> None:
    def run(record: Recorder | None) -> list[float]:
        x = Value(0.5)
        fitted(record, nn.MLP(1, [1], rng=random.Random(1)), [([x], 1.0)], epochs=3)
        return [x.data, x.grad]

    assert run(None) == run(Recorder(every=1))


def test_a_shuffle_moves_no_input() -> None:
    recorder = Recorder(every=1)
    fitted(recorder, batch_size=2, rng=random.Random(5), epochs=4)
    assert recorder.inputs == [x for x, _ in XOR]
    for snapshot in recorder.snapshots:
        assert snapshot.outputs == [placed(mlp(), snapshot)(x).data for x, _ in XOR]


def test_a_program_and_its_model_have_the_same_snapshots() -> None:
    one, other = Recorder(every=5), Recorder(every=5, model=(model := mlp()))
    fitted(one)
    subject = program(model)
    train.fit(subject, XOR, optim.SGD(subject, lr=0.1, momentum=0.9), epochs=20, record=other)
    assert one.grid == other.grid
    for a, b in zip(one.snapshots, other.snapshots, strict=True):
        assert (a.epoch, a.batch) == (b.epoch, b.batch)
        for x, y in ((a.parameters, b.parameters), (a.gradients, b.gradients), (a.outputs, b.outputs)):
            assert x == pytest.approx(y, rel=ROUNDING, abs=1e-12)
        assert a.surface == pytest.approx(b.surface, rel=ROUNDING, abs=1e-12)
    assert {type(x) for s in other.snapshots for x in (s.loss, *s.parameters.values(), *s.outputs)} == {float}


# ── names ──


def test_a_program_has_the_names_of_its_views() -> None:
    recorder = Recorder()
    subject = program(mlp())
    train.fit(subject, XOR, optim.SGD(subject, lr=0.1), epochs=1, record=recorder)
    found = recorder.snapshots[-1].parameters
    assert list(found)[:3] == ["layers.0.weight[0][0]", "layers.0.weight[0][1]", "layers.0.bias[0]"]
    assert list(found.values()) == subject.parameters.tolist()
    assert found["layers.0.weight[2][1]"] == subject.views["layers.0.weight"][2, 1]
    assert recorder.model is subject
    w, x = Value(2.0), autograd.inputs()
    unnamed, again = autograd.compile(w * x, x), Recorder()
    train.fit(unnamed, [(1.0,)], optim.SGD(unnamed, lr=0.1), epochs=1, record=again)
    assert list(again.snapshots[0].parameters) == ["p[0]"]


def test_a_function_has_the_labels_of_its_parameters() -> None:
    w, b, more = Value(1.0, label="w"), Value(0.0), Value(0.0, label="w")
    numbers = [f"parameter {i}" for i in range(3)]
    for values, names in (([w, b], ["w", "parameter 1"]), ([w, b, more], numbers)):
        w.data, b.data = 1.0, 0.0
        recorder = Recorder()
        options: Any = {"epochs": 1, "record": recorder}
        train.fit(lambda x: w * x + b, [(1.0, 2.0)], losses.mse, optim.SGD(values, lr=0.1), **options)
        assert list(recorder.snapshots[0].parameters) == names
        assert recorder.snapshots[0].gradients[names[0]] == -2.0
        assert recorder.model is None


def test_frozen_parameters_are_kept_too() -> None:
    model, recorder = mlp(), Recorder()
    extra = Value(0.25, label="scale")
    optimizer = optim.SGD([*model.layers[1].parameters(), extra], lr=0.1)
    train.fit(model, XOR, lambda y, t: losses.mse(y * extra, t), optimizer, epochs=1, record=recorder)
    assert list(recorder.snapshots[0].parameters) == [*dict(model.named_parameters()), "scale"]


# ── which epochs ──


@given(st.integers(0, 40), st.none() | st.integers(1, 50))
def test_the_first_and_the_last_are_always_kept(epochs: int, every: int | None) -> None:
    recorder = Recorder(every=every, inputs=[], surface=0)
    w = Value(1.0)
    train.fit(lambda x: w * x, [(1.0, 0.0)], losses.mse, optim.SGD([w], lr=0.1), epochs=epochs, record=recorder)
    wanted = [*range(0, epochs, every or 1), epochs]
    assert [s.epoch for s in recorder.snapshots] == wanted
    assert recorder.snapshots[-1].parameters == {"parameter 0": w.data}
    for s in recorder.snapshots:
        assert (s.loss, s.gradients["parameter 0"]) == (
            s.parameters["parameter 0"] ** 2,
            2 * s.parameters["parameter 0"],
        )


@pytest.mark.parametrize("epochs", [198, 199, 200, 201, 399, 1000, 3333])
def test_a_long_training_is_thinned_evenly(epochs: int) -> None:
    recorder = Recorder(inputs=[])
    w = Value(1.0)
    train.fit(lambda x: w * x, [(1.0, 0.0)], losses.mse, optim.SGD([w], lr=1e-3), epochs=epochs, record=recorder)
    found = [s.epoch for s in recorder.snapshots]
    stride = found[1]
    assert found == [*range(0, epochs, stride), epochs]
    assert min(epochs, MOST) // 2 <= len(found) <= MOST
    assert math.log2(stride).is_integer()
    kept = Recorder(every=1, inputs=[])
    train.fit(lambda x: w * x, [(1.0, 0.0)], losses.mse, optim.SGD([w], lr=1e-3), epochs=300, record=kept)
    assert len(kept.snapshots) == 301, "as many as were asked for"


def test_a_large_model_has_few_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST < NUMBERS
    for limit, most in ((0, 2), (1000, 1000 // (2 * 13 + 4))):
        monkeypatch.setattr("autograd.train.recorder.NUMBERS", limit)
        recorder = Recorder(surface=0)
        fitted(recorder, epochs=100)
        found = [s.epoch for s in recorder.snapshots]
        assert most // 2 <= len(found) <= most
        assert (found[0], found[-1]) == (0, 100)


# ── predictions ──


def test_inputs_may_be_given() -> None:
    for data in (XOR, [(np.array(x), t) for x, t in XOR]):
        recorder = Recorder(inputs=([x, 0.5] for x in (0.25, 0.75)), surface=0)
        model, _ = fitted(recorder, data=data)
        assert recorder.inputs == [[0.25, 0.5], [0.75, 0.5]]
        assert recorder.targets == []
        assert recorder.snapshots[-1].outputs == [model(x).data for x in recorder.inputs]
        assert recorder.grid is None
        assert recorder.snapshots[-1].surface == []
    subject, again = program(model), Recorder(inputs=np.array([[0.25, 0.5]]))
    train.fit(subject, XOR, optim.SGD(subject, lr=0.1), epochs=1, record=again)
    assert again.snapshots[-1].outputs == pytest.approx([model([0.25, 0.5]).data])
    assert again.inputs == [[0.25, 0.5]]


def test_few_rows_are_predicted_without_being_asked_for() -> None:
    for n, wanted in ((FEW_ROWS, FEW_ROWS), (FEW_ROWS + 1, 0)):
        recorder = Recorder(surface=0, every=2)
        rows = [([k / n, 1.0], Value(0.5)) for k in range(n)]
        fitted(recorder, data=rows, epochs=1)
        assert [len(s.outputs) for s in recorder.snapshots] == [wanted] * 2
        assert recorder.targets == [0.5] * wanted
        assert len(recorder.inputs) == wanted


def test_the_surface_covers_the_data() -> None:
    recorder = Recorder()
    rows = [([-2.0, 5.0], 0.0), ([8.0, 5.0], 1.0)]
    fitted(recorder, data=rows, epochs=1)
    assert recorder.grid is not None
    xs, ys = recorder.grid
    assert (len(xs), len(ys)) == (RESOLUTION, RESOLUTION)
    assert [xs[0], xs[-1]] == pytest.approx([-2.0 - 10 * MARGIN, 8.0 + 10 * MARGIN])
    assert (ys[0], ys[-1]) == (4.5, 5.5), "a coordinate that is always the same has some room too"
    assert list(xs) == sorted({*xs})
    assert len(recorder.snapshots[0].surface) == RESOLUTION**2


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_a_point_of_the_surface_is_of_the_kind_of_the_inputs(kind: Any) -> None:
    seen: set[type] = set()
    w = Value(1.0)

    def model(x: Any) -> Any:
        seen.add(type(x))
        return w * x[0] + x[1]

    recorder = Recorder(surface=2)
    rows = [(kind([0.0, 1.0]), 0.0), (kind([1.0, 1.0]), 0.0)]
    train.fit(model, rows, losses.mse, optim.SGD([w], lr=0.1), epochs=1, record=recorder)
    assert seen == {type(kind([0.0]))}
    assert len(recorder.snapshots[0].surface) == 4


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ([[0.0, 5.0], [1.0, 4.0]], [(0.0, 1.0), (4.0, 5.0)]),
        ([[0.0, 5.0, 1.0]], None),
        ([[0.0, 5.0], [1.0]], None),
        ([[0.0, math.nan]], None),
        ([[[0.0, 1.0], [0.0, 1.0]]], None),
        ([0.0, 1.0], None),
        (["ab"], None),
    ],
)
def test_only_two_numbers_have_corners(rows: Any, found: Any) -> None:
    assert corners(rows) == found


def test_a_program_of_two_inputs_has_a_surface() -> None:
    w, a, b, t = Value(2.0), autograd.inputs(name="a"), autograd.inputs(name="b"), autograd.inputs(name="t")
    y = w * a + b
    subject, recorder = autograd.compile(losses.mse(y, t), (a, b, t), parameters=[w], outputs=y), Recorder(surface=2)
    train.fit(subject, [(0.0, 1.0, 1.0), (1.0, 1.0, 3.0)], optim.SGD(subject, lr=0.0), epochs=1, record=recorder)
    assert recorder.grid == Grid((-0.1, 1.1), (0.5, 1.5))
    assert recorder.snapshots[0].surface == pytest.approx([2.0 * x + z for x, z in recorder.grid.points()])
    assert recorder.snapshots[0].outputs == [1.0, 3.0]


def test_a_program_without_outputs_has_no_predictions() -> None:
    subject, recorder = program(mlp(), outputs=False), Recorder()
    train.fit(subject, XOR, optim.SGD(subject, lr=0.1), epochs=2, record=recorder)
    assert [(s.outputs, s.surface) for s in recorder.snapshots] == [([], [])] * 3
    assert (recorder.inputs, recorder.targets, recorder.grid) == ([], [], None)
    for asked in (Recorder(inputs=[[0.0, 0.0]]), Recorder(surface=2)):
        with pytest.raises(ValueError, match="no outputs, so no predictions can be recorded; name them, as in compile"):
            train.fit(subject, XOR, optim.SGD(subject, lr=0.1), epochs=2, record=asked)


def test_several_outputs_are_kept() -> None:
    model, recorder = nn.MLP(2, [3], rng=random.Random(1)), Recorder(surface=2)
    rows = [(x, [1.0, 0.0, 0.0]) for x, _ in XOR]
    train.fit(model, rows, losses.mse, optim.SGD(model.parameters(), lr=0.1), epochs=1, record=recorder)
    assert recorder.snapshots[-1].outputs == [[y.data for y in model(x)] for x, _ in XOR]
    assert recorder.targets == [[1.0, 0.0, 0.0]] * 4


# ── the ends ──


@pytest.mark.parametrize("compiled", [False, True])
def test_a_divergence_leaves_what_was_recorded_and_the_last_state(compiled: bool) -> None:
    model, recorder = mlp(), Recorder(every=1)
    subject: Any = program(model) if compiled else model
    optimizer: Any = optim.SGD(subject if compiled else model.parameters(), lr=1e5)
    more: Any = [optimizer] if compiled else [losses.mse, optimizer]
    history = train.fit(subject, XOR, *more, epochs=99, record=recorder)
    assert history.stopped_by == "divergence"
    assert [s.epoch for s in recorder.snapshots] == [*range(len(history.losses) + 1)]
    assert [s.loss for s in recorder.snapshots[:-1]] == history.losses
    last = recorder.snapshots[-1]
    assert not math.isfinite(last.loss)
    assert last.parameters.values() == pytest.approx([p.data for p in model.parameters()], nan_ok=True) or compiled


def test_a_divergence_inside_an_epoch_has_the_batch_that_diverged() -> None:
    w, recorder = Value(1.0), Recorder()
    rows = [(1.0, 0.0), (2.0, 0.0), (math.inf, 0.0), (1.0, 0.0)]
    options: Any = {"epochs": 3, "batch_size": 1, "shuffle": False, "record": recorder}
    history = train.fit(lambda x: w * x, rows, lambda y, t: y, optim.SGD([w], lr=0.1), **options)
    assert history.stopped_by == "divergence"
    assert [(s.epoch, s.batch, s.loss) for s in recorder.snapshots] == [(0, 0, 1.0), (0, 2, math.inf)]
    assert recorder.snapshots[-1].parameters == {"parameter 0": w.data}
    assert repr(recorder.snapshots[-1]) == "Snapshot(after 0 epochs and 2 batches, loss inf)"


def test_functions_that_refuse_what_diverged_leave_the_parameters() -> None:
    w, recorder = Value(1.0), Recorder()

    def model(x: float) -> Value:
        if not math.isfinite(w.data):
            raise OverflowError("no")
        return w * x

    options: Any = {"epochs": 3, "record": recorder}
    history = train.fit(model, [(1e200, 0.0)], lambda y, t: y * 1e50, optim.SGD([w], lr=1e200), **options)
    assert history.stopped_by == "divergence"
    last = recorder.snapshots[-1]
    assert (last.epoch, last.parameters, last.outputs) == (1, {"parameter 0": -math.inf}, [])
    assert math.isnan(last.loss)
    assert math.isnan(last.gradients["parameter 0"])


def test_predictions_beside_the_data_are_trials() -> None:
    """Neither the points of a surface nor the state after the last step are the user's, so strict() is not for them."""
    w, recorder = Value(1.0), Recorder()
    rows = [([1.0, 1e-3], 0.0), ([1.0, 1.0], 0.0)]
    options: Any = {"epochs": 1, "record": recorder}
    with strict():
        train.fit(lambda x: (w * x[1]).log() * x[0], rows, lambda y, t: y, optim.SGD([w], lr=10.0), **options)
    assert w.data < 0.0
    assert math.isnan(recorder.snapshots[0].surface[0])
    assert math.isnan(recorder.snapshots[-1].loss)


def test_an_error_in_the_last_evaluation_is_not_hidden() -> None:
    w, recorder, calls = Value(1.0), Recorder(inputs=[]), iter(range(99))

    def loss(y: Value, t: float) -> Value:
        if next(calls) == 2:
            raise ZeroDivisionError("mine")
        return y

    with pytest.raises(ZeroDivisionError, match="mine"):
        train.fit(lambda x: w * x, [(1.0, 0.0)], loss, optim.SGD([w], lr=0.1), epochs=2, record=recorder)
    assert [s.epoch for s in recorder.snapshots] == [0, 1]


def test_an_error_of_the_user_leaves_what_was_recorded() -> None:
    w, recorder, calls = Value(1.0), Recorder(every=1, inputs=[]), iter(range(99))

    def loss(y: Value, t: float) -> Value:
        if next(calls) == 3:
            raise ZeroDivisionError("mine")
        return y

    with pytest.raises(ZeroDivisionError, match="mine"):
        train.fit(lambda x: w * x, [(1.0, 0.0)], loss, optim.SGD([w], lr=0.1), epochs=9, record=recorder)
    assert [s.epoch for s in recorder.snapshots] == [0, 1, 2]


@pytest.mark.parametrize("compiled", [False, True])
def test_ctrl_c_leaves_what_was_recorded_and_the_last_state(compiled: bool) -> None:
    steps = iter(range(99))

    class Interrupted(optim.SGD):
        def step(self) -> None:
            if next(steps) == 5:
                signal.raise_signal(signal.SIGINT)
            super().step()

    model, recorder = mlp(), Recorder(every=1)
    subject: Any = program(model) if compiled else model
    optimizer: Any = Interrupted(subject if compiled else model.parameters(), lr=0.1)
    more: Any = [optimizer] if compiled else [losses.mse, optimizer]
    history = train.fit(subject, XOR, *more, epochs=99, batch_size=3, record=recorder)
    assert history.stopped_by == "interrupt"
    assert [(s.epoch, s.batch) for s in recorder.snapshots] == [(0, 0), (1, 0), (2, 0), (3, 0)]
    assert list(recorder.snapshots[-1].parameters.values()) == [p.data for p in model.parameters()]


def test_ctrl_c_at_any_line_leaves_whole_snapshots() -> None:
    usual = signal.getsignal(signal.SIGINT)

    def work() -> tuple[Value, train.History, Recorder]:
        w, recorder = Value(1.0, label="w"), Recorder(every=1)
        options: dict[str, Any] = {"epochs": 2, "batch_size": 1, "shuffle": False, "record": recorder}
        return w, train.fit(lambda x: w * x, [(1.0, 0.0)] * 2, losses.mse, optim.SGD([w], lr=0.1), **options), recorder

    whole = {s.epoch: s for s in work()[2].snapshots}

    def in_training() -> bool:
        return signal.getsignal(signal.SIGINT) is not usual

    count = points(work, of_training, in_training)
    for place in range(1, count + 1):
        with interrupted(place=place, files=of_training, when=in_training):
            w, history, recorder = work()
        assert history.stopped_by == "interrupt"
        for s in recorder.snapshots:
            assert s.batch or s == whole[s.epoch]
        assert recorder.snapshots[-1].parameters == {"w": w.data}
        assert signal.getsignal(signal.SIGINT) is usual
    assert count > 200


def test_a_second_ctrl_c_does_not_wait_for_the_last_snapshot(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(self: Any, start: int, stop: int) -> Any:
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("not reached")

    monkeypatch.setattr("autograd.train.states.OfValues.evaluated", slow)
    recorder = Recorder()
    _, history = fitted(recorder, epochs=2)
    assert history.stopped_by == "interrupt"
    assert [s.epoch for s in recorder.snapshots] == [0, 1]


# ── how it is used ──


def test_it_may_stand_in_the_place_of_a_callback() -> None:
    one, other = Recorder(every=5), Recorder(every=5)
    fitted(one)
    fitted(callback=other)
    assert one.snapshots == other.snapshots
    seen: list[int] = []

    def stop(epoch: int, loss: float) -> bool:
        seen.append(epoch)
        return epoch == 3

    _, history = fitted(Recorder(), callback=stop)
    assert (seen, history.stopped_by) == ([0, 1, 2, 3], "callback")


def test_a_training_each() -> None:
    recorder = Recorder()
    fitted(recorder, epochs=3)
    before = list(recorder.snapshots)
    with pytest.raises(ValueError, match=r"this Recorder has 4 snapshots of another training; make a new one"):
        fitted(recorder)
    assert recorder.snapshots == before
    unused = Recorder()
    with pytest.raises(ValueError, match="no rows"):
        fitted(unused, data=[])
    fitted(unused, epochs=1)
    assert len(unused.snapshots) == 2


def test_snapshots_and_recorders_can_be_pickled_and_compared() -> None:
    recorder = Recorder(every=5)
    fitted(recorder)
    for copied in (pickle.loads(pickle.dumps(recorder)), copy.deepcopy(recorder)):
        assert copied.snapshots == recorder.snapshots
        assert (copied.inputs, copied.targets, copied.grid) == (recorder.inputs, recorder.targets, recorder.grid)
        assert copied.history == recorder.history
    assert recorder.snapshots[0] != recorder.snapshots[1]
    with pytest.raises(AttributeError):
        recorder.snapshots[0].epoch = 7  # type: ignore[misc]


def test_the_text_of_recorders() -> None:
    recorder = Recorder()
    assert repr(recorder) == "Recorder(no snapshots yet: fit(…, record=recorder) makes them)"
    fitted(recorder, epochs=1)
    first, last = recorder.snapshots
    assert repr(recorder) == f"Recorder(2 snapshots of 1 epoch, loss {first.loss:.3g} → {last.loss:.3g})"
    assert repr(first) == f"Snapshot(after 0 epochs, loss {first.loss:.3g})"
    assert repr(Snapshot(1, 1, 0.5, {}, {})) == "Snapshot(after 1 epoch and 1 batch, loss 0.5)"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"every": 0}, ValueError, "every, if it isn't None, is a whole number from 1, not 0"),
        ({"every": 2.5}, ValueError, "every, if it isn't None, is a whole number"),
        ({"surface": 1}, ValueError, "surface is the points of a side, at least 2, or 0 for none, not 1"),
        ({"surface": -1}, ValueError, "surface, the points of a side, is a whole number from 0, not -1"),
        ({"surface": True}, ValueError, "surface, the points of a side, is a whole number from 0, not True"),
        ({"inputs": 5}, TypeError, "inputs is a list of inputs of the model, not int 5"),
        ({"inputs": "abc"}, TypeError, "inputs is a list of inputs of the model, not str 'abc'"),
        ({"model": 5}, TypeError, "model is the Module that the program was compiled from, not int 5"),
    ],
)
def test_mistakes_are_named(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Recorder(**options)


def test_mistakes_in_a_training_are_named() -> None:
    with pytest.raises(
        TypeError, match=r"record is a Recorder, as in record=train.Recorder\(\), not type Recorder|class"
    ):
        fitted(Recorder)
    with pytest.raises(TypeError, match="fit takes one Recorder"):
        fitted(Recorder(), callback=Recorder())
    with pytest.raises(TypeError, match="callback is a function of the epoch and its loss, or a Recorder, not int 5"):
        fitted(callback=5)
    with pytest.raises(ValueError, match=r"surface=8 is for a model of two inputs, as in \(\[0.5, 1.0\], target\)"):
        fitted(Recorder(surface=8), nn.MLP(1, [1], rng=random.Random(1)), [([0.5], 1.0)])
    subject = program(mlp())
    with pytest.raises(ValueError, match="no parameter of this model; give the one that it was compiled from"):
        train.fit(subject, XOR, optim.SGD(subject, lr=0.1), epochs=1, record=Recorder(model=mlp()))
