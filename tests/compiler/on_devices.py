"""Trainings on eight devices of one process, for `test_devices`, which starts it and reads what it prints as JSON.

XLA_FLAGS=--xla_force_host_platform_device_count=8 python -m tests.compiler.on_devices
"""

import json
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from itertools import chain, islice, repeat
from pathlib import Path
from typing import Any, Final

import jax
import numpy as np
from jax.sharding import Mesh

import autograd
from autograd import losses, nn, optim, state, train

ROWS: Final = 53
"""A prime number: no count of devices divides it."""
SIZES: Final = (16, 53, 5, 16)
"""The rows of the batches of some steps."""
WIDE: Final = 64
"""Units of the hidden layers, whose 64·64 weights are enough to be split."""
DEVICES: Final[dict[str, Callable[[], dict[str, Any]]]] = {
    "one": lambda: {"devices": 1},
    "eight": lambda: {"devices": 8},
    "a list of three": lambda: {"devices": jax.devices()[2:5]},
    "eight, layers": lambda: {"devices": 8, "shard": "layers"},
    "four times two, layers": lambda: {"devices": mesh(4, 2), "shard": "layers"},
    "explicit axes": lambda: {"devices": jax.make_mesh((8,), ("x",), (jax.sharding.AxisType.Explicit,))},
}
OPTIMIZERS: Final[dict[str, Callable[[Any], optim.Optimizer]]] = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9),
    "adam": lambda p: optim.Adam(p, lr=0.01, weight_decay=0.1),
}


def mesh(*shape: int) -> Mesh:
    """A mesh of the first devices with as many axes."""
    return Mesh(np.array(jax.devices()[: np.prod(shape)]).reshape(shape), tuple("xyz"[: len(shape)]))


def data() -> tuple[Any, Any]:
    """Inputs and targets."""
    draws = np.random.default_rng(1)
    return draws.normal(size=(ROWS, WIDE)), draws.normal(size=(ROWS, 3))


@cache
def recorded(backend: Any, dtype: Any) -> tuple[autograd.Program, Any]:
    """The program of a network with two hidden layers, and its parameters at the start."""
    model = nn.MLP(WIDE, [WIDE, WIDE, 3], activation="tanh", init="fan_in", rng=random.Random(0))
    x, t = autograd.inputs(WIDE), autograd.inputs(3, name="t")
    program = autograd.compile(losses.mse(model(x), t), (x, t), parameters=model, backend=backend, dtype=dtype)
    return program, program.parameters.copy()


def compiled(backend: str = "jax", dtype: str = "float64") -> autograd.Program:
    """The program with the parameters that it had at the start."""
    program, start = recorded(backend, dtype)
    program.parameters = start
    return program


def batches() -> Iterator[tuple[Any, ...]]:
    """Batches of several sizes, again and again."""
    columns = data()
    for start, size in enumerate(SIZES * 3):
        yield tuple(np.roll(column, start, axis=0)[:size] for column in columns)


def steps(kind: str, of: str) -> list[float]:
    """The losses of some steps, and the sums and squares of the parameters and of what the optimiser has kept."""
    program = compiled()
    optimizer = OPTIMIZERS[kind](program)
    step = program.jax_step(optimizer, **DEVICES[of]())
    now, found = step.start(), []
    for batch in batches():
        given = on_one_device(batch) if len(batch[0]) == SIZES[0] else batch
        now, loss = step(now, *given)
        found.append(float(loss))
    step.finish(now, steps=len(found))
    return [*found, *numbers(program, optimizer)]


def on_one_device(arrays: tuple[Any, ...]) -> tuple[Any, ...]:
    """Arrays of JAX that are committed to another device than the first one."""
    with jax.enable_x64(True):
        return tuple(jax.device_put(array, jax.devices()[-1]) for array in arrays)


def numbers(program: autograd.Program, optimizer: optim.Optimizer) -> list[float]:
    """Some numbers that no error leaves as they are."""
    group = optimizer.param_groups[0]
    rows = [program.parameters, *(np.concatenate(row) for row in group.states.values())]
    return [float(group.steps), *(float(x) for row in rows for x in (row.sum(), np.abs(row).sum(), row @ row))]


def expected(kind: str) -> list[float]:
    """The same by NumPy."""
    program, found = compiled("numpy"), []
    optimizer = OPTIMIZERS[kind](program)
    for batch in batches():
        found.append(program.value_and_grad(*batch)[0])
        optimizer.step()
    return [*found, *numbers(program, optimizer)]


def loop(of: str) -> list[float]:
    """The losses of a loop of seven steps of eleven rows, which is called twice."""
    program = compiled()
    optimizer = OPTIMIZERS["adam"](program)
    several = program.jax_loop(optimizer, **DEVICES[of]())
    orders = np.random.default_rng(2).integers(0, ROWS, size=(7, 11))
    now, first = several(several.start(), data(), orders)
    now, then = several(now, on_one_device(data()), orders)
    several.finish(now, steps=14)
    return [*np.asarray(first).tolist(), *np.asarray(then).tolist(), *numbers(program, optimizer)]


def loop_by_numpy() -> list[float]:
    """The same by NumPy."""
    program, found = compiled("numpy"), []
    optimizer = OPTIMIZERS["adam"](program)
    orders = np.random.default_rng(2).integers(0, ROWS, size=(7, 11))
    for order in (*orders, *orders):
        found.append(program.value_and_grad(*(column[order] for column in data()))[0])
        optimizer.step()
    return [*found, *numbers(program, optimizer)]


def fitted(backend: str, of: str = "", **options: Any) -> list[float]:
    """The losses of the epochs of `fit`."""
    program = compiled(backend)
    optimizer = OPTIMIZERS["adam"](program)
    given = DEVICES[of]() if of else {}
    history = train.fit(program, data(), optimizer, epochs=3, rng=random.Random(3), **given, **options)
    return [*history.losses, *numbers(program, optimizer), float(program.gradient.sum())]


class Resumed:
    """A training in parts, with a file between two of them, from which everything is made anew."""

    def __init__(self, folder: str, kind: str) -> None:
        self.path, self.kind, self.losses = Path(folder) / "training", kind, list[float]()

    @contextmanager
    def part(self) -> Iterator[tuple[autograd.Program, optim.Optimizer, train.Loader]]:
        """The program, the optimiser and the loader of a part, which is saved at its end."""
        program = compiled()
        optimizer, loader = OPTIMIZERS[self.kind](program), train.Loader(data(), 16, rng=random.Random(0))
        everything = {"program": program, "optimizer": optimizer, "loader": loader}
        if self.path.exists():
            program.parameters, optimizer.lr, loader.rng = 0.0, 7.0, random.Random(9)
            state.load(everything, self.path)
        yield program, optimizer, loader
        state.save(everything, self.path)


def resumed(*parts: tuple[int, int]) -> list[float]:
    """The losses of epochs of `fit`: so many on so many devices."""
    with tempfile.TemporaryDirectory() as folder:
        training = Resumed(folder, "sgd")
        for epochs, count in parts:
            with training.part() as (program, optimizer, loader):
                training.losses += train.fit(program, loader, optimizer, epochs=epochs, devices=count).losses
    return [*training.losses, *numbers(program, optimizer)]


def resumed_by_hand(*counts: int) -> list[float]:
    """The losses of steps, three at a time on so many devices with split parameters."""
    with tempfile.TemporaryDirectory() as folder:
        training = Resumed(folder, "adam")
        for count in counts:
            with training.part() as (program, optimizer, loader):
                step = program.jax_step(optimizer, devices=count, shard="layers")
                now = step.start()
                for batch in islice(chain.from_iterable(repeat(loader)), 3):
                    now, loss = step(now, *batch)
                    training.losses.append(float(loss))
                step.finish(now, steps=3)
    return training.losses


def resumed_by_numpy() -> dict[str, list[float]]:
    """Both without a break, by NumPy."""
    program = compiled("numpy")
    optimizer, loader = OPTIMIZERS["sgd"](program), train.Loader(data(), 16, rng=random.Random(0))
    by_fit = train.fit(program, loader, optimizer, epochs=4).losses + numbers(program, optimizer)
    program, loader, by_hand = compiled("numpy"), train.Loader(data(), 16, rng=random.Random(0)), []
    optimizer = OPTIMIZERS["adam"](program)
    for batch in islice(chain.from_iterable(repeat(loader)), 9):
        by_hand.append(program.value_and_grad(*batch)[0])
        optimizer.step()
    return {"fit": by_fit, "by hand": by_hand}


def padded(backend: Any) -> list[float]:
    """The loss of three rows, and the parameter after a step; for rows of zeros, both are infinite or nan."""
    w, x = autograd.Value(2.0, label="w"), autograd.inputs(name="x")
    program = autograd.compile((w / x).log().square() + (x * w).log(), (x,), parameters=[w], backend=backend)
    optimizer, rows = optim.SGD(program, lr=0.01), [1.0, 2.0, 3.0]
    if backend == "numpy":
        loss = program.value_and_grad(rows)[0]
        optimizer.step()
    else:
        step = program.jax_step(optimizer, devices=8)
        now, loss = step(step.start(), rows)
        step.finish(now, steps=1)
    return [float(loss), float(program.parameters[0])]


def gated(backend: Any, **options: Any) -> list[float]:
    """The losses of a layer that no gradient reaches from a row whose first number isn't above 0: it is infinite."""
    w = [[autograd.Value(0.01 * (i - j)) for j in range(WIDE)] for i in range(WIDE)]
    x = autograd.inputs(WIDE)
    layer = autograd.total([autograd.dot(row, x).tanh() for row in w])
    loss = autograd.where(x[0], layer, 0.0)
    program = autograd.compile(loss, (x,), parameters={"w": w}, backend=backend)
    rows = np.random.default_rng(5).normal(size=(3, WIDE))
    rows[0, 0], rows[1, :2] = 1.0, (-1.0, np.inf)
    optimizer = optim.Adam(program, lr=0.01)
    history = train.fit(program, (rows,), optimizer, epochs=3, batch_size=2, rng=random.Random(6), **options)
    return [*history.losses, *numbers(program, optimizer)]


def shapes(of: str) -> dict[str, Any]:
    """The shape of the part of each parameter on one device, after a step; and of what is kept for it."""
    program = compiled()
    step = program.jax_step(OPTIMIZERS["sgd"](program), **DEVICES[of]())
    now, _ = step(step.start(), *next(batches()))
    trees = {"": now.parameters, **{f"{name} of ": tree for name, tree in now.kept.items()}}
    return {
        start + name: array.addressable_shards[0].data.shape
        for start, tree in trees.items()
        for name, array in tree.items()
    }


def single_precision() -> list[float]:
    """The losses of steps in float32."""
    program = compiled(dtype="float32")
    step = program.jax_step(OPTIMIZERS["sgd"](program), devices=8, shard="layers")
    now, found = step.start(), []
    for batch in islice(batches(), 3):
        now, loss = step(now, *batch)
        assert str(loss.dtype) == "float32"
        found.append(float(loss))
    return found


def messages() -> list[str]:
    """The errors of wrong arguments."""
    program = compiled()
    optimizer = OPTIMIZERS["sgd"](program)
    numpy = compiled("numpy")
    recorder = train.Recorder()
    x, t = data()

    def fit(program: autograd.Program, **options: Any) -> Callable[[], object]:
        return lambda: train.fit(program, (x, t), optim.SGD(program), epochs=1, **options)

    step = program.jax_step(optimizer, devices=2)
    calls: list[Callable[[], object]] = [
        *(lambda devices=devices: program.jax_step(optimizer, devices=devices) for devices in (9, 0, "8", [], [1, 2])),
        lambda: program.jax_step(optimizer, devices=2, shard="rows"),  # type: ignore[arg-type]
        lambda: program.jax_step(optimizer, shard="layers"),
        lambda: program.jax_loop(optimizer, shard="layers"),
        lambda: step(step.start(), x, t[:3]),
        lambda: step(step.start(), x[:0], t[:0]),
        lambda: step(step.start(), x[:, :3], t),
        fit(program, shard="layers"),
        fit(numpy, devices=2),
        fit(program, devices=2, record=recorder),
        fit(program, devices=9),
    ]
    found = []
    for call in calls:
        try:
            call()
            found.append("no error")
        except (TypeError, ValueError) as error:
            found.append(f"{type(error).__name__}: {error}")
    return found


def main() -> None:
    """Print the results of all trainings."""
    many = [of for of in DEVICES if of != "one"]
    fits: dict[str, tuple[list[str], dict[str, Any]]] = {
        "batches": (["eight", "eight, layers"], {"batch_size": 16}),
        "all": (["eight"], {}),
        "in order": (["a list of three"], {"batch_size": 16, "shuffle": False}),
    }
    found = {
        "devices": len(jax.devices()),
        "messages": messages(),
        "padded": [padded("jax"), padded("numpy")],
        "steps sgd": {of: steps("sgd", of) for of in many} | {"numpy": expected("sgd")},
        "steps adam": {of: steps("adam", of) for of in ("eight, layers",)} | {"numpy": expected("adam")},
        "loop": {of: loop(of) for of in ("one", "eight", "eight, layers")} | {"numpy": loop_by_numpy()},
        "resumed": [resumed((2, 8), (1, 2), (1, 1)), resumed((2, 8), (2, 8)), resumed((4, 8))],
        "resumed by hand": resumed_by_hand(8, 2, 1),
        "resumed by numpy": resumed_by_numpy(),
        "shapes": {of: shapes(of) for of in DEVICES},
        "single precision": single_precision(),
    }
    for name, (row, options) in fits.items():
        found[f"fit {name}"] = {of: fitted("jax", of, **options) for of in row} | {"numpy": fitted("numpy", **options)}
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
