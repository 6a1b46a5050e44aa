"""Networks trained by `fit` in the machine and in C are those trained in NumPy, with every optimiser."""

import random
from typing import Any

import numpy as np
import pytest

import autograd
from autograd import losses, nn, optim, train
from autograd.compiler.native.training import NativeLoop

ROUNDING = {"float64": 1e-10, "float32": 5e-3}
"""Relative to 1: sums are made in another order, in a hundred steps that make differences larger."""
X = np.random.default_rng(2).normal(size=(23, 2))
Y = np.tanh(X[:, 0] * X[:, 1])
OPTIMIZERS: dict[str, tuple[Any, dict[str, Any]]] = {
    "SGD": (optim.SGD, {"lr": 0.1}),
    "SGD dampening": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.01}),
    "SGD nesterov": (optim.SGD, {"lr": 0.05, "momentum": 0.9, "nesterov": True}),
    "Adam": (optim.Adam, {"lr": 0.02}),
    "Adam amsgrad": (optim.Adam, {"lr": 0.02, "amsgrad": True, "weight_decay": 0.1}),
    "AdamW": (optim.AdamW, {"lr": 0.02}),
    "RMSprop": (optim.RMSprop, {"lr": 0.01, "momentum": 0.5}),
    "RMSprop centered": (optim.RMSprop, {"lr": 0.01, "centered": True, "eps": 1e-3}),
    "Adagrad": (optim.Adagrad, {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5}),
}

pytestmark = pytest.mark.usefixtures("extension")


@pytest.fixture(params=["native", "c"])
def backend(request: pytest.FixtureRequest) -> str:
    """The name of the back end; a test of C is skipped where there is no compiler."""
    name: str = request.param
    if name == "c":
        request.getfixturevalue("c_compiler")
    return name


def program(backend: Any, dtype: Any = "float64") -> Any:
    model = nn.MLP(2, [5, 1], activation="tanh", rng=random.Random(4))
    x, t = autograd.inputs(2), autograd.inputs(name="t")
    y = model(x)
    made = autograd.compile(losses.mse(y, t), (x, t), parameters=model, outputs=y, backend=backend, dtype=dtype)
    assert made.backend == backend
    return made


def trained(backend: str, optimizer: str, dtype: str = "float64", **options: Any) -> tuple[train.History, Any]:
    made = program(backend, dtype)
    kind, settings = OPTIMIZERS[optimizer]
    changing = kind(made, **settings)
    return train.fit(made, (X, Y), changing, **{"epochs": 20, "rng": random.Random(3), **options}), changing


def same(found: tuple[train.History, Any], expected: tuple[train.History, Any], dtype: str = "float64") -> None:
    (history, changing), (wanted, other) = found, expected
    close: dict[str, Any] = {"rtol": ROUNDING[dtype], "atol": ROUNDING[dtype]}
    np.testing.assert_allclose(history.losses, wanted.losses, **close)
    np.testing.assert_allclose(changing.parameters, other.parameters, **close)
    (group,), (its,) = changing.param_groups, other.param_groups
    assert (history.stopped_by, group.steps, [*group.states]) == (wanted.stopped_by, its.steps, [*its.states])
    for name, blocks in group.states.items():
        np.testing.assert_allclose(np.concatenate(blocks), np.concatenate(its.states[name]), **close)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("options", [{}, {"batch_size": 5}])
def test_every_optimizer_trains_as_in_numpy(options: dict[str, Any], optimizer: str, backend: str) -> None:
    same(trained(backend, optimizer, **options), trained("numpy", optimizer, **options))


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 8, 16, 23])
def test_batches_of_every_size_are_those_of_numpy(size: int, backend: str) -> None:
    same(trained(backend, "Adam", batch_size=size, epochs=3), trained("numpy", "Adam", batch_size=size, epochs=3))


@pytest.mark.parametrize("optimizer", ["SGD dampening", "Adam"])
def test_in_float32_too(optimizer: str, backend: str) -> None:
    options = {"batch_size": 6, "epochs": 5}
    same(
        trained(backend, optimizer, "float32", **options), trained("numpy", optimizer, "float32", **options), "float32"
    )


def test_the_steps_are_made_in_c(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs, run = list[object](), NativeLoop.run

    def counted(self: NativeLoop, *given: Any) -> Any:
        runs.append(run(self, *given))
        return runs[-1]

    monkeypatch.setattr(NativeLoop, "run", counted)
    trained(backend, "SGD")
    assert runs


CHANGES: dict[str, list[dict[str, Any]]] = {
    "SGD": [{"lr": 0.05}, {"momentum": 0.5}, {"momentum": 0.9}, {"weight_decay": 0.1}, {"maximize": True}],
    "Adam": [{"lr": 0.05}, {"betas": (0.5, 0.9)}, {"eps": 1e-2}, {"amsgrad": True}, {"weight_decay": 0.1}],
}


def changed_between(backend: str, optimizer: str) -> tuple[train.History, Any]:
    """The last of several trainings, before each of which one hyperparameter is changed."""
    history, changing = trained(backend, optimizer, epochs=2)
    for changes in CHANGES[optimizer]:
        for key, x in changes.items():
            setattr(changing, key, x)
        history = train.fit(changing.program, (X, Y), changing, epochs=2)
    return history, changing


@pytest.mark.parametrize("optimizer", CHANGES)
def test_what_is_changed_between_two_trainings_counts(optimizer: str, backend: str) -> None:
    same(changed_between(backend, optimizer), changed_between("numpy", optimizer))


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("optimizer", CHANGES)
def test_what_a_callback_changes_counts_from_the_next_epoch_on(optimizer: str, shuffle: bool, backend: str) -> None:
    def run(name: str) -> tuple[train.History, Any]:
        _, changing = trained(name, optimizer, epochs=1)

        def callback(epoch: int, loss: float) -> None:
            for key, x in (CHANGES[optimizer][epoch // 2] if epoch % 2 else {}).items():
                setattr(changing, key, x)

        options: dict[str, Any] = {"batch_size": 5, "shuffle": shuffle, "rng": random.Random(3)}
        return train.fit(changing.program, (X, Y), changing, epochs=10, callback=callback, **options), changing

    same(run(backend), run("numpy"))


def test_an_update_is_made_once_for_all_trainings_with_the_same_settings(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = program(backend)
    code = type(made._part("loss").code)
    updates, updated = list[object](), code.updated

    def counted(self: Any, of: object) -> Any:
        updates.append(of)
        return updated(self, of)

    monkeypatch.setattr(code, "updated", counted)
    for _ in range(2):
        for lr in (0.1, 0.2):
            train.fit(made, (X, Y), optim.SGD(made, lr=lr, momentum=0.8), epochs=1, batch_size=5)
            train.fit(made, (X[:7], Y[:7]), optim.SGD(made, lr=lr, momentum=0.8), epochs=1)
    assert len(updates) == 1
    train.fit(made, (X, Y), optim.SGD(made, lr=0.1, momentum=0.7), epochs=1)
    assert len(updates) == 2


def test_an_optimizer_of_the_user_s_own_makes_its_steps_in_python(backend: str) -> None:
    class Halving(optim.SGD):
        def step(self) -> None:
            super().step()
            self.lr *= 0.5

    def run(name: str) -> tuple[train.History, Any]:
        made = program(name)
        optimizer = Halving(made, lr=0.1)
        return train.fit(made, (X, Y), optimizer, epochs=5), optimizer

    found = run(backend)
    same(found, run("numpy"))
    assert found[1].lr == 0.1 * 0.5**5


def test_validation_metrics_and_outputs_are_those_of_numpy(backend: str) -> None:
    options: dict[str, Any] = {
        "validation": (X[:5] + 0.1, Y[:5]),
        "metrics": {"far": lambda y, t: abs(y - t)},
        "batch_size": 6,
    }
    found, expected = trained(backend, "Adam", **options), trained("numpy", "Adam", **options)
    same(found, expected)
    assert found[0].validation == pytest.approx(expected[0].validation, rel=ROUNDING["float64"], abs=0.0)
    assert found[0].metrics["far"] == pytest.approx(expected[0].metrics["far"], rel=ROUNDING["float64"], abs=0.0)
    np.testing.assert_allclose(found[1].program.outputs(X), expected[1].program.outputs(X), rtol=1e-9, atol=1e-9)
