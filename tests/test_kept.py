"""All that a training needs to go on is saved and loaded to the last bit, in one file, or not at all."""

import math
import os
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

import autograd
from autograd import Value, losses, nn, optim, state, train
from autograd.train.kept import STATES, Kept, kept_of
from tests.interrupting import interrupted, points
from tests.standin import Standin
from tests.test_state import corrupted

DAMAGES = 100
ROWS = [([random.Random(k).gauss(0, 1), k / 7.0], math.sin(k)) for k in range(11)]
X, Y = np.array([x for x, _ in ROWS]), np.array([t for _, t in ROWS])
OPTIMIZERS: dict[str, Callable[[Any], optim.Optimizer]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1),
    "momentum": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "adam": lambda p: optim.Adam(p, lr=0.01, betas=(0.8, 0.9), amsgrad=True),
    "adamw": lambda p: optim.AdamW(p, lr=0.01),
    "rmsprop": lambda p: optim.RMSprop(p, momentum=0.5, centered=True),
    "adagrad": lambda p: optim.Adagrad(p, initial_accumulator_value=0.25),
}


def network() -> nn.MLP:
    return nn.MLP(2, [4, 1], rng=random.Random(3))


def compiled(dtype: Any = "float64") -> autograd.Program:
    model, x, t = network(), autograd.inputs(2), autograd.inputs(name="t")
    return autograd.compile(losses.mse(model(x), t), (x, t), parameters=model, dtype=dtype)


class Training:
    """A training with all that it needs to go on."""

    subject: nn.MLP | autograd.Program

    def __init__(self, kind: str, of: str, seed: int) -> None:
        if of == "model":
            model = network()
            self.subject, self.optimizer = model, OPTIMIZERS[kind](model.parameters())
        else:
            self.subject = compiled("float32" if of == "float32" else "float64")
            self.optimizer = OPTIMIZERS[kind](self.subject)
        self.schedule = optim.CosineAnnealingLR(self.optimizer, 5)
        self.loader = train.Loader((X, Y), 4, rng=random.Random(seed))

    def things(self) -> dict[str, object]:
        return {name: thing for name, thing in vars(self).items() if name != "kind"}

    def steps(self, n: int) -> None:
        """Train so many epochs, and change the rate after each."""
        for _ in range(n):
            for x, t in self.loader:
                self._step(x, t)
            self.schedule.step()

    def _step(self, x: Any, t: Any) -> None:
        if isinstance(self.subject, nn.MLP):
            self.optimizer.zero_grad()
            predictions = [self.subject(row) for row in x[:].tolist()]
            losses.mse(predictions, t[:].tolist()).backward()
        else:
            self.subject.value_and_grad(x, t, copy=False)
        self.optimizer.step()

    def numbers(self) -> list[float]:
        if isinstance(self.subject, nn.MLP):
            return [p.data for p in self.subject.parameters()]
        found: list[float] = self.subject.parameters.tolist()
        return found


@pytest.mark.parametrize("of", ["model", "program", "float32"])
@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_training_goes_on_to_the_last_bit(kind: str, of: str, tmp_path: Path) -> None:
    for epochs in (0, 3):
        one, other = Training(kind, of, 1), Training(kind, of, 2)
        one.steps(epochs)
        other.steps(2)
        state.save(one.things(), tmp_path / "t")
        state.load(other.things(), tmp_path / "t")
        assert other.numbers() == one.numbers()
        one.steps(3)
        other.steps(3)
        assert other.numbers() == one.numbers()
        assert other.optimizer.lr == one.optimizer.lr
        assert (other.loader.epoch, other.loader.batch) == (one.loader.epoch, one.loader.batch) == (epochs + 3, 0)


def test_a_training_goes_on_inside_an_epoch(tmp_path: Path) -> None:
    one, other = Training("adam", "program", 1), Training("adam", "program", 2)
    one.steps(1)
    for x, t in one.loader:
        one._step(x, t)
        break
    assert (one.loader.epoch, one.loader.batch) == (1, 1)
    state.save(one.things(), tmp_path / "t")
    state.load(other.things(), tmp_path / "t")
    for training in (one, other):
        training.steps(2)
    assert other.numbers() == one.numbers()
    assert (other.loader.epoch, other.loader.batch) == (3, 0)


def test_blocks_of_the_parameters_of_a_program_are_joined_and_cut(tmp_path: Path) -> None:
    rows = [Value(k / 1e4) for k in range(40_000)]
    x = autograd.inputs(40_000)
    program = autograd.compile(autograd.dot(rows, x).square(), (x,), parameters=rows)
    inputs = np.random.default_rng(1).normal(size=(1, 40_000)) / 200
    one, other = (optim.Adam(program, lr=0.1) for _ in range(2))
    program.value_and_grad(inputs)
    one.step()
    state.save(one, tmp_path / "t")
    assert load_file(tmp_path / "t")["Adam.0.mean"].shape == (40_000,)
    state.load(other, tmp_path / "t")
    before = program.parameters.copy()
    one.step()
    after = program.parameters.copy()
    program.parameters = before
    other.step()
    assert (program.parameters == after).all()


def test_names_tell_what_a_number_is(tmp_path: Path) -> None:
    training = Training("momentum", "program", 1)
    training.steps(1)
    state.save(training.things(), tmp_path / "t")
    shapes = {name: array.shape for name, array in load_file(tmp_path / "t").items()}
    sgd = dict.fromkeys(("lr", "momentum", "dampening", "nesterov", "weight_decay", "maximize", "steps"), ())
    assert shapes == {
        "subject.layers.0.weight": (4, 2),
        "subject.layers.0.bias": (4,),
        "subject.layers.1.weight": (1, 4),
        "subject.layers.1.bias": (1,),
        **{f"optimizer.SGD.0.{name}": shape for name, shape in sgd.items()},
        "optimizer.SGD.0.velocity": (17,),
        "schedule.CosineAnnealingLR.last_epoch": (),
        "schedule.CosineAnnealingLR.base_lrs": (1,),
        "loader.place": (2,),
        "loader.order": (11,),
        "loader.generator": (626,),
    }


def test_parameters_without_a_name_are_saved_too(tmp_path: Path) -> None:
    w, b, x = Value(2.0), Value(3.0), autograd.inputs(name="x")
    program = autograd.compile(w * x + b, (x,), parameters=[w, b])
    program._parameters.names[:] = program._parameters.names[:0]
    state.save(program, tmp_path / "t")
    assert {name: array.tolist() for name, array in load_file(tmp_path / "t").items()} == {"parameters": [2.0, 3.0]}
    program.parameters = 0.0
    state.load(program, tmp_path / "t")
    assert program.parameters.tolist() == [2.0, 3.0]


def test_a_program_gets_its_numbers_and_the_values_wait_for_write_back(tmp_path: Path) -> None:
    w, x = Value(2.0, label="w"), autograd.inputs(name="x")
    program = autograd.compile(w * x, (x,), parameters=[w])
    state.save(program, tmp_path / "t")
    program.parameters = 5.0
    program.write_back()
    state.load(program, tmp_path / "t")
    assert (program.value([1.0]), w.data) == (2.0, 5.0)


def test_a_loader_that_shuffles_is_no_loader_that_does_not(tmp_path: Path) -> None:
    loader = train.Loader((Y,), 4, rng=random.Random(1))
    list(loader)
    state.save(loader, tmp_path / "t")
    plain = train.Loader((Y,), 4, shuffle=False)
    with pytest.raises(ValueError, match="t is of a loader that shuffles its rows, and this one doesn't"):
        state.load(plain, tmp_path / "t")
    assert (plain.epoch, plain.order) == (0, [*range(11)])
    state.save(plain, tmp_path / "t")
    state.load(loader, tmp_path / "t")
    assert (loader.epoch, loader.order) == (0, [*range(11)])


def test_groups_have_hyperparameters_and_states_of_their_own(tmp_path: Path) -> None:
    def made(a: float, b: float) -> optim.SGD:
        leaves = [Value(1.0), Value(2.0), Value(3.0)]
        for v in leaves:
            v.grad = 1.0
        return optim.SGD([{"params": leaves[:1], "lr": a}, {"params": leaves[1:], "lr": b}], momentum=0.5)

    one, other = made(0.1, 0.2), made(0.3, 0.4)
    one.step()
    state.save(one, tmp_path / "t")
    state.load(other, tmp_path / "t")
    assert [group["lr"] for group in other.param_groups] == [0.1, 0.2]
    assert [group.states for group in other.param_groups] == [{"velocity": [1.0]}, {"velocity": [1.0, 1.0]}]
    assert [group.steps for group in other.param_groups] == [1, 1]


@given(st.integers(0, 2**64), st.integers(0, 700), st.booleans())
def test_a_generator_goes_on(tmp_path_factory: pytest.TempPathFactory, seed: int, drawn: int, waits: bool) -> None:
    path = tmp_path_factory.getbasetemp() / "rng"
    one, other = random.Random(seed), random.Random()
    for _ in range(drawn):
        one.random()
    if waits:
        one.gauss(0.0, 1.0)
    state.save(one, path)
    state.load(other, path)
    assert other.getstate() == one.getstate()


def test_python_s_shared_generator_is_saved_too(tmp_path: Path) -> None:
    state.save(random, tmp_path / "t")
    drawn = random.random()
    state.load(random, tmp_path / "t")
    assert random.random() == drawn


def size(thing: object) -> int:
    return sum(map(np.size, kept(thing).numbers().values()))


def kept(thing: object) -> Kept:
    found = kept_of(thing)
    assert found is not None
    return found


@pytest.mark.parametrize("kind", OPTIMIZERS)
def test_a_thing_says_how_many_numbers_its_file_has(kind: str) -> None:
    training = Training(kind, "program", 1)
    for thing in training.things().values():
        assert kept(thing).count()[0] == size(thing)
    training.steps(1)
    training.loader.rng.gauss(0.0, 1.0)  # Another number of the normal distribution waits now.
    for thing in (training.subject, training.schedule, training.loader, training.loader.rng):
        assert kept(thing).count()[1] == size(thing)
    least, most = kept(training.optimizer).count()
    assert most - least == STATES * len(training.numbers())
    assert least <= size(training.optimizer) <= most


# ── what is refused ──


def things() -> dict[str, object]:
    return Training("momentum", "program", 1).things()


def bits(parts: dict[str, Any]) -> list[Any]:
    """All that may change in the things."""
    optimizer, loader, schedule = parts["optimizer"], parts["loader"], parts["schedule"]
    groups = [({**group.hyperparameters()}, group.steps, repr(group.states)) for group in optimizer.param_groups]
    place = loader.epoch, loader.batch, list(loader.order), loader.rng.getstate()
    return [parts["subject"].parameters.tolist(), groups, place, schedule.last_epoch, list(schedule.base_lrs)]


def changed(arrays: dict[str, Any], name: str, numbers: Any) -> dict[str, Any]:
    return {**arrays, name: np.array(numbers, dtype="<f8")}


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        (
            "subject.layers.0.bias",
            [1.0],
            r"layers\.0\.bias has the shape \(1,\), but in this program \(4,\)",
        ),
        ("subject.more", 1.0, r"t: subject has more, which this program lacks"),
        ("optimizer.SGD.0.velocity", [1.0], r"velocity has the shape \(1,\), but in this optimizer \(17,\)"),
        ("optimizer.SGD.0.momentum", 2e308, "momentum has infinite or nan data"),
        ("optimizer.SGD.0.momentum", -1.0, "SGD: momentum must be a finite number of at least 0, not -1.0"),
        ("optimizer.SGD.0.steps", 1.5, r"SGD\.0\.steps is 1\.5, and no whole number from 0"),
        ("optimizer.SGD.1.lr", 0.1, r"optimizer has SGD\.1\.lr, which this optimizer lacks"),
        ("optimizer.Adam.0.lr", 0.1, r"optimizer has Adam\.0\.lr, which this optimizer lacks"),
        ("schedule.CosineAnnealingLR.last_epoch", -1.0, "last_epoch is -1.0, and no whole number from 0"),
        ("loader.order", [0.0] * 11, "order is no order of 11 rows"),
        ("loader.order", [0.0] * 10, r"order has the shape \(10,\), but in this loader \(11,\)"),
        ("loader.place", [0.0, 3.0], "place is batch 3 of an epoch, and this loader has 3"),
        ("loader.place", [0.5, 0.0], r"place is 0\.5, and no whole number from 0"),
        ("loader.generator", [0.0] * 626, "generator is the state of no generator of this Python"),
        ("loader.generator", [3.0] + [-1.0] * 625, "generator is the state of no generator of this Python"),
        ("loader.generator", [0.0] * 5, r"generator has the shape \(5,\), but in this generator \(626,\)"),
        ("rng.generator", [0.0], r"t has rng\.generator, and a part 'rng' was not asked for"),
    ],
)
def test_a_file_of_other_things_is_refused_and_nothing_changed(
    name: str, numbers: Any, message: str, tmp_path: Path
) -> None:
    ours = things()
    state.save(ours, tmp_path / "t")
    save_file(changed(load_file(tmp_path / "t"), name, numbers), tmp_path / "t")
    other = things()
    other["optimizer"].lr = 0.7  # type: ignore[attr-defined]
    before = bits(other)
    with pytest.raises(ValueError, match=message):
        state.load(other, tmp_path / "t")
    assert bits(other) == before


def test_a_damaged_file_is_refused_and_nothing_changed(tmp_path: Path) -> None:
    path, rng, ours, other = tmp_path / "t", random.Random(7), things(), things()
    state.save(ours, path)
    content, before = path.read_bytes(), bits(other)
    for _ in range(DAMAGES):
        path.write_bytes(corrupted(content, rng))
        with pytest.raises(ValueError, match="t"):
            state.load(other, path)
        assert bits(other) == before


def test_a_part_that_is_missing_is_named(tmp_path: Path) -> None:
    ours = things()
    state.save({key: ours[key] for key in ("subject", "loader")}, tmp_path / "t")
    with pytest.raises(ValueError, match=r"optimizer lacks SGD\.0\.lr.*; it has nothing"):
        state.load(ours, tmp_path / "t")


def test_another_kind_of_optimizer_is_named(tmp_path: Path) -> None:
    leaf = Value(1.0)
    state.save(optim.Adam([leaf]), tmp_path / "t")
    with pytest.raises(ValueError, match=r"t lacks AdamW\.0\.lr, .*; it has Adam\.0\.amsgrad"):
        state.load(optim.AdamW([leaf]), tmp_path / "t")


def test_a_number_too_large_for_single_precision_is_named(tmp_path: Path) -> None:
    state.save(compiled(), tmp_path / "t")
    save_file(changed(load_file(tmp_path / "t"), "layers.1.bias", [1e300]), tmp_path / "t")
    with pytest.raises(ValueError, match=r"t: layers\.1\.bias: 1e\+300 is too large for float32"):
        state.load(compiled("float32"), tmp_path / "t")


@pytest.mark.parametrize(
    ("thing", "message"),
    [
        ({"a.b": random.Random()}, "the name of a thing to save is a text without points, not str 'a.b'"),
        ({"": random.Random()}, "a text without points"),
        ({3: random.Random()}, "a text without points, not int 3"),
        ({"rng": random.Random(), "x": 3}, "not int 3; pass the model itself"),
        ({}, r"not dict \{\}"),
        (optim.SGD, r"make one, as in SGD\(…\)"),
        (SimpleNamespace(getstate=list), "not SimpleNamespace"),
        (Standin(network(), losses.mse, [(2,), ()]), "write_back"),
    ],
)
def test_a_thing_that_cannot_be_saved_is_named(thing: Any, message: str, tmp_path: Path) -> None:
    for use in (state.save, state.load):
        with pytest.raises((TypeError, ValueError), match=message):
            use(thing, tmp_path / "t")
    assert os.listdir(tmp_path) == []


def test_a_generator_without_a_state_is_named(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"SystemRandom.* has no state to save; take a random\.Random"):
        state.save(random.SystemRandom(), tmp_path / "t")


def in_state(file: str) -> bool:
    return file.endswith(("state.py", "kept.py", "interrupts.py"))


@pytest.mark.filterwarnings(
    "ignore::pytest.PytestUnraisableExceptionWarning"
)  # A file that was interrupted has no name.
def test_ctrl_c_while_things_are_loaded_leaves_all_old_or_all_new(tmp_path: Path) -> None:
    ours, other, seen = things(), things(), []
    ours["optimizer"].lr = 0.7  # type: ignore[attr-defined]
    ours["subject"].parameters = 0.5  # type: ignore[attr-defined]
    state.save(ours, tmp_path / "new")
    state.save(other, tmp_path / "old")
    old, new = bits(other), bits(ours)

    def work() -> None:
        state.load(other, tmp_path / "new")

    for place in range(1, points(work, in_state) + 1, 3):
        state.load(other, tmp_path / "old")
        with suppress(KeyboardInterrupt), interrupted(place=place, files=in_state):
            work()
        assert bits(other) in (old, new)
        seen.append(bits(other) == new)
    assert {*seen} == {False, True}
