"""A loader gives the batches that `fit` makes, whichever part of them is read, and goes on where it was left."""

import random
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import losses, nn, optim, train
from autograd.compiler.binding import Slice
from autograd.train import Loader
from autograd.train.compiled import Compiled
from autograd.train.epochs import Epochs
from autograd.train.interrupts import Interrupts
from autograd.train.loader import Rows

sizes = st.integers(1, 30)


def order_of_fit(rows: int, epochs: int, seed: int) -> list[list[int]]:
    """The rows of each epoch in their order, as a list of them is shuffled again and again."""
    order, rng, found = list(range(rows)), random.Random(seed), []
    for _ in range(epochs):
        rng.shuffle(order)
        found.append(list(order))
    return found


@given(sizes, sizes, st.integers(0, 3), st.integers(0, 5))
def test_the_batches_of_an_epoch_are_the_rows_in_the_order_of_a_shuffled_list(
    rows: int, size: int, epochs: int, seed: int
) -> None:
    loader = Loader((np.arange(rows),), size, rng=random.Random(seed))
    for order in order_of_fit(rows, epochs, seed):
        batches = [batch[:].tolist() for (batch,) in loader]
        assert [x for batch in batches for x in batch] == order
        assert [len(batch) for batch in batches[:-1]] == [size] * (len(loader) - 1)
        assert len(batches) == len(loader)
    assert (loader.epoch, loader.batch) == (epochs, 0)


class Disk:
    """A column of rows that notes which of them are read."""

    def __init__(self, rows: int) -> None:
        self.shape, self.dtype = (rows, 2), np.dtype(float)
        self.read: list[int] = []

    def __getitem__(self, rows: Any) -> Any:
        self.read += rows.tolist()
        return np.stack([rows, -rows], axis=1).astype(float)


@given(sizes, sizes, st.integers(1, 5))
def test_processes_that_read_parts_read_each_row_once_and_together_the_same_batches(
    rows: int, size: int, processes: int
) -> None:
    disks = [Disk(rows) for _ in range(processes)]
    loaders = [Loader((disk,), size, rng=random.Random(5)) for disk in disks]
    seen: list[float] = []
    for batches in zip(*loaders, strict=True):
        cuts = np.linspace(0, len(batches[0][0]), processes + 1).astype(int).tolist()
        for k, (part,) in enumerate(batches):
            seen += part[cuts[k] : cuts[k + 1]][:, 0].tolist()
    assert seen == order_of_fit(rows, 1, 5)[0]
    assert sorted(x for disk in disks for x in disk.read) == [*range(rows)]


def test_rows_are_an_array_that_is_read_when_it_is_asked_for() -> None:
    disk = Disk(5)
    ((rows,),) = Loader((disk,), shuffle=False)
    assert (rows.shape, rows.ndim, len(rows), rows.dtype) == ((5, 2), 2, 5, np.dtype(float))
    assert repr(rows) == "Rows(an array of the shape (5, 2), float64)"
    assert disk.read == []
    assert rows[1:3].tolist() == [[1.0, -1.0], [2.0, -2.0]]
    assert disk.read == [1, 2]
    assert np.asarray(rows, np.float32).dtype == np.float32
    assert np.asarray(rows).tolist() == [[k, -k] for k in range(5)]
    ((whole,),) = Loader((np.arange(5),), shuffle=False)
    assert [whole.__array__(dtype).dtype for dtype in (None, np.float32)] == [np.dtype(int), np.float32]


def test_a_list_that_has_a_shape_is_no_array() -> None:
    class Shaped(list[float]):
        shape = (3,)

    ((rows,),) = Loader((Shaped([1.0, 2.0, 3.0]),))
    assert rows[:].tolist() == [1.0, 2.0, 3.0]


def test_rows_are_not_shuffled_if_they_need_not_be() -> None:
    for options in ({}, {"batch_size": 2, "shuffle": False}):
        loader = Loader((np.arange(5),), **options, rng=random.Random(1))  # type: ignore[arg-type]
        assert [x for (batch,) in loader for x in batch[:].tolist()] == [*range(5)]
    loader = Loader((np.arange(5),), shuffle=True, rng=random.Random(1))
    assert [batch[:].tolist() for (batch,) in loader] == order_of_fit(5, 1, 1)


def test_a_loop_that_is_left_goes_on_with_the_next_batch() -> None:
    loader = Loader(([1.0, 2.0, 3.0, 4.0, 5.0],), 2, shuffle=False)
    for _ in loader:
        break
    assert (loader.epoch, loader.batch) == (0, 1)
    assert repr(loader) == "Loader(5 rows in batches of 2, after 0 epochs and 1 batch)"
    assert [batch[:].tolist() for (batch,) in loader] == [[3.0, 4.0], [5.0]]
    assert repr(loader) == "Loader(5 rows in batches of 2, after 1 epoch)"


@pytest.mark.parametrize(
    ("columns", "options", "message"),
    [
        ([[1.0], [2.0]], {}, r"a tuple of columns, as in Loader\(\(X, Y\), 32\), not list"),
        ((), {}, "a tuple of columns"),
        (([1.0], [1.0, 2.0]), {}, r"at least one, not of shapes \(1,\), \(2,\)"),
        (([],), {}, r"at least one, not of shapes \(0,\)"),
        ((1.0,), {}, r"at least one, not of shapes \(\)"),
        (([1.0],), {"batch_size": 0}, "batch_size, if it isn't None for all rows, is a whole number from 1, not 0"),
        (([1.0],), {"rng": 7}, r"rng is a generator, as in random\.Random\(42\), not int 7"),
    ],
)
def test_mistakes_are_named(columns: Any, options: Any, message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Loader(columns, **options)


# ── in fit ──


X = np.array([[random.Random(k).uniform(-1, 1), random.Random(-k).uniform(-1, 1)] for k in range(1, 12)])
Y = X[:, 0] * X[:, 1]


def program() -> autograd.Program:
    model, x, t = nn.MLP(2, [3, 1], rng=random.Random(0)), autograd.inputs(2), autograd.inputs(name="t")
    return autograd.compile(losses.mse(model(x), t), (x, t), parameters=model, backend="numpy")


def losses_by_hand(loader: Loader, epochs: int) -> list[float]:
    """The mean loss of each epoch, with a loop over the batches."""
    made, found = program(), []
    optimizer = optim.SGD(made, lr=0.1)
    for _ in range(epochs):
        of_all = 0.0
        for x, t in loader:
            loss, _ = made.value_and_grad(x, t, copy=False)
            of_all += loss * len(x) / loader.rows
            optimizer.step()
        found.append(of_all)
    return found


def test_fit_has_the_batches_of_its_loader() -> None:
    made = program()
    loader = Loader((X, Y), 4, rng=random.Random(2))
    history = train.fit(made, loader, optim.SGD(made, lr=0.1), epochs=3)
    assert (loader.epoch, loader.batch) == (3, 0)
    other = program()
    plain = train.fit(other, (X, Y), optim.SGD(other, lr=0.1), epochs=3, batch_size=4, rng=random.Random(2))
    assert history.losses == plain.losses
    assert losses_by_hand(Loader((X, Y), 4, rng=random.Random(2)), 3) == pytest.approx(plain.losses, rel=1e-15, abs=0.0)


def test_fit_goes_on_inside_an_epoch() -> None:
    one, other = program(), program()
    loader, plain = (Loader((X, Y), 4, rng=random.Random(2)) for _ in range(2))
    optimizer = optim.SGD(one, lr=0.1)
    for x, t in loader:
        one.value_and_grad(x, t, copy=False)
        optimizer.step()
        break
    rest = train.fit(one, loader, optimizer, epochs=2)
    whole = train.fit(other, plain, optim.SGD(other, lr=0.1), epochs=2)
    assert (one.parameters == other.parameters).all()
    assert rest.losses[1] == whole.losses[1]
    assert rest.losses[0] != whole.losses[0]
    assert loader.order == plain.order


def test_the_loss_of_the_rest_of_an_epoch_is_the_mean_of_its_rows() -> None:
    made = program()
    loader = Loader((X, Y), 4, shuffle=False)
    loader.advance()
    expected = made.value(X[4:], Y[4:])
    assert train.fit(made, loader, optim.SGD(made, lr=0.0), epochs=1).losses == pytest.approx(
        [expected], rel=1e-15, abs=0.0
    )


def test_the_loss_that_is_shown_inside_the_rest_of_an_epoch_is_the_mean_so_far() -> None:
    made, shown = program(), list[float]()
    loader = Loader((X, Y), 4, shuffle=False)
    loader.advance()
    way = Compiled(made, (X, Y), optim.SGD(made, lr=0.0), None)
    with Interrupts() as interrupts:
        Epochs(way, 4, None, loader).make(1, interrupts, shown.append)
    assert shown == pytest.approx([made.value(X[4:stop], Y[4:stop]) for stop in (8, 11)], rel=1e-15, abs=0.0)


class Many:
    """A back end that makes up to three epochs in one call, as `Loop` says; here by NumPy, one step after another."""

    def __init__(self, made: autograd.Program, *plan: Any) -> None:
        self.program, (self.columns, self.optimizer, self.size, self.reorder, *_) = made, plan
        self.calls: list[int] = []

    def run(self, epochs: int, answer: Callable[[], None]) -> Slice:
        self.calls.append(epochs)
        losses, rows, epochs = [], len(self.columns[0]), min(epochs, 3)
        for _ in range(epochs):
            order, of_all = self.reorder(), 0.0
            for start in range(0, rows, self.size):
                places = order[start : start + self.size]
                loss, _ = self.program.value_and_grad(*(column[places] for column in self.columns), copy=False)
                self.optimizer.step()
                of_all += loss * (len(places) / rows)
            losses.append(of_all)
        return Slice(losses, epochs * -(-rows // self.size), losses[-1])


@pytest.mark.parametrize("batches", [0, 2])
def test_the_place_of_a_loader_is_right_where_a_back_end_makes_many_steps(
    batches: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other, found = program(), program(), []

    def loop(made: autograd.Program, *plan: Any) -> Many:
        found.append(Many(made, *plan))
        return found[0]

    places, loaders = [], [Loader((X, Y), 4, rng=random.Random(2)) for _ in range(2)]
    histories = []
    for made, loader in zip((one, other), loaders, strict=True):
        optimizer = optim.SGD(made, lr=0.1)
        for _, (x, t) in zip(range(batches), loader, strict=False):
            made.value_and_grad(x, t, copy=False)
            optimizer.step()
        if made is other:
            monkeypatch.setattr(autograd.Program, "_loop", loop)
        histories.append(train.fit(made, loader, optimizer, epochs=3))
        places.append((loader.epoch, loader.batch, loader.order, loader.rng.getstate()))
    assert histories[0].losses == histories[1].losses
    assert places[0] == places[1]
    assert found[0].calls == [1] * (2 if batches else 3)  # It may draw the orders of the epochs of a call ahead.


@pytest.mark.parametrize(
    ("options", "calls"),
    [
        (dict, [7, 4, 1]),
        (lambda: {"callback": lambda epoch, loss: None}, [1] * 7),
        (lambda: {"validation": (X, Y)}, [1] * 7),
        (lambda: {"record": train.Recorder()}, None),
        (lambda: {"epochs": 0}, None),
    ],
)
def test_a_back_end_makes_epochs_until_something_looks_at_them(
    options: Callable[[], dict[str, Any]], calls: list[int] | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, other, found = program(), program(), list[Many]()

    def loop(made: autograd.Program, *plan: Any) -> Many:
        found.append(Many(made, *plan))
        return found[0]

    def fitted(made: autograd.Program) -> train.History:
        plan = {"epochs": 7, "batch_size": 4, "rng": random.Random(2), **options()}
        return train.fit(made, (X, Y), optim.SGD(made, lr=0.1), **plan)

    expected = fitted(other)
    monkeypatch.setattr(autograd.Program, "_loop", loop)
    history = fitted(made)
    assert history == expected
    assert [many.calls for many in found] == ([] if calls is None else [calls])


def test_a_loader_has_its_own_options() -> None:
    made, loader = program(), Loader((X, Y), 4)
    refused: list[dict[str, Any]] = [{"batch_size": 4}, {"shuffle": False}, {"rng": random.Random(1)}]
    for options in refused:
        with pytest.raises(TypeError, match="a Loader has its own batch_size, shuffle and rng"):
            train.fit(made, loader, optim.SGD(made), epochs=1, **options)
    model = nn.MLP(2, [1])
    with pytest.raises(TypeError, match="fit takes a Loader for a compiled program; for a model, pass its rows"):
        train.fit(model, loader, losses.mse, optim.SGD(model.parameters()), epochs=1)


def test_without_numpy_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", None)
    with pytest.raises(ImportError, match=r"^a Loader gives arrays of NumPy: pip install numpy, or"):
        Loader(([1.0], [2.0]))


def test_devices_are_those_of_jax() -> None:
    model = nn.MLP(2, [1])
    for subject, arguments in (
        (model, [[([1.0, 2.0], 0.0)], losses.mse, optim.SGD(model.parameters())]),
        (program(), []),
    ):
        rest = arguments or [(X, Y), optim.SGD(subject)]  # type: ignore[arg-type]
        with pytest.raises(
            ValueError, match="devices share the batches of a program of JAX; compile it with backend='jax'"
        ):
            train.fit(subject, *rest, epochs=1, devices=2)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="shard='layers' says how devices share the parameters; name them"):
            train.fit(subject, *rest, epochs=1, shard="layers")  # type: ignore[arg-type]


def test_rows_are_known_by_their_places() -> None:
    assert Rows(np.arange(10.0), [7, 3, 5])[1:].tolist() == [3.0, 5.0]
