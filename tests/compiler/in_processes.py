"""A part of a training by several processes, for `test_processes`, which starts it with `lesson.machines`.

It has an argument before those of `machines.run`: the file to save the training in. It prints its results as JSON.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any, Final

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "demos"))
from lesson import machines

from autograd import optim, state, train
from autograd.compiler.jax import training
from tests.compiler.on_devices import OPTIMIZERS, compiled, data, gated, numbers

EPOCHS: Final = 2
SIZE: Final = 16


class Disk:
    """A column that notes the numbers of the rows that are read."""

    def __init__(self, rows: Any) -> None:
        self.rows, self.shape, self.dtype = rows, rows.shape, rows.dtype
        self.read: list[int] = []

    def __getitem__(self, places: Any) -> Any:
        self.read += places.tolist()
        return self.rows[places]


def by_steps(path: Path) -> dict[str, Any]:
    """The losses of steps with split parameters, and the rows that this process has read of each column."""
    program, columns = compiled("numpy"), tuple(map(Disk, data()))
    optimizer, loader = OPTIMIZERS["adam"](program), train.Loader(columns, SIZE, rng=random.Random(4))
    step = program.jax_step(optimizer, devices=jax.devices(), shard="layers")
    now, found = step.start(), []
    for _ in range(EPOCHS):
        for batch in loader:
            now, loss = step(now, *batch)
            found.append(float(loss))
    step.finish(now, steps=len(found))
    if jax.process_index() == 0:
        state.save({"program": program, "optimizer": optimizer, "loader": loader}, path)
    return {"losses": [*found, *numbers(program, optimizer)], "read": [column.read for column in columns]}


def by_fit() -> list[float]:
    """The losses of the epochs of `fit` with split parameters."""
    training.SHORT = 1e9 * jax.process_index()  # type: ignore[misc]  # One finds every call long, the other none.
    program = compiled()
    optimizer = OPTIMIZERS["sgd"](program)
    options: dict[str, Any] = {"devices": jax.devices(), "shard": "layers", "batch_size": SIZE, "rng": random.Random(4)}
    return [*train.fit(program, data(), optimizer, epochs=6, **options).losses, *numbers(program, optimizer)]


def by_loop() -> list[float]:
    """The losses of a loop."""
    program = compiled()
    several = program.jax_loop(optim.SGD(program, lr=0.1), devices=jax.devices())
    _, found = several(several.start(), data(), np.arange(22).reshape(2, 11))
    return [float(loss) for loss in np.asarray(found)]


def main() -> None:
    """Join the other processes, and print the results."""
    machines.end_with_the_caller()
    path, _, machine, _, meet = sys.argv[1:]
    number, count = map(int, machine.split("/"))
    jax.distributed.initialize(meet, count, number, initialization_timeout=120)
    results = {"devices": [jax.local_device_count(), jax.device_count()], "fit": by_fit(), "loop": by_loop()}
    results["gated"] = gated("jax", devices=jax.devices(), shard="layers")
    print(json.dumps({**results, **by_steps(Path(path))}))


if __name__ == "__main__":
    main()
