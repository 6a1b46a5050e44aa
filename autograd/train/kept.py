"""The numbers of the things that `autograd.state` saves, by name, and the way to put them back.

>>> from autograd import Value, optim
>>> from autograd.train.kept import kept_of
>>> kept = kept_of(optim.SGD([Value(1.0)], lr=0.5))
>>> kept.numbers()["SGD.0.lr"]
0.5
"""

from collections.abc import Callable, Mapping
from random import Random
from typing import TYPE_CHECKING, Any, Final, Protocol

from autograd.arguments import described, is_program
from autograd.engine.guarded import assign
from autograd.nn import Module
from autograd.nn.module import saved_tensors
from autograd.nn.tensors import Row, Shape, leaves_of, matched, names_of, numbers_in
from autograd.optim import LRScheduler, Optimizer
from autograd.optim.optimizer import Group
from autograd.train.loader import Loader

if TYPE_CHECKING:
    from autograd.compiler.program import Program

STATES: Final = 4
"""The numbers that an optimiser keeps for each parameter, at most."""
_WORDS: Final = 625
"""The whole numbers of the state of a generator."""


class Kept(Protocol):
    """A thing and its numbers."""

    def numbers(self) -> dict[str, Any]:
        """The numbers by name, each a float, nested lists or an array."""

    def count(self) -> tuple[int, int]:
        """How many numbers a file of such a thing has, at least and at most."""

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """The function that puts the numbers of a source into the thing; a ValueError if they are not of it."""


def kept_of(thing: object) -> Kept | None:
    """The thing with its numbers; None for one that has none to save."""
    if isinstance(thing, Module):
        return OfModule(thing)
    if isinstance(thing, Optimizer):
        return OfOptimizer(thing)
    if isinstance(thing, LRScheduler):
        return OfSchedule(thing)
    if isinstance(thing, Loader):
        return OfLoader(thing)
    if hasattr(thing, "getstate") and hasattr(thing, "setstate"):
        return OfGenerator(thing)
    return OfProgram(thing) if is_program(thing) and hasattr(thing, "_parameters") else None


def _taken(shapes: Mapping[str, Shape], rows: Mapping[str, Row], source: str, what: str) -> dict[str, Row]:
    """The row of each name; a ValueError if other names or shapes are there."""
    return {name: rows[place] for name, place in names_of(shapes, rows, source, what).items()}


def _shapes(numbers: Mapping[str, Any]) -> dict[str, Shape]:
    """The shapes of floats and of lists of floats."""
    return {name: (len(x),) if isinstance(x, (list, tuple)) else () for name, x in numbers.items()}


class OfModule:
    """The parameters of a model."""

    def __init__(self, model: Module) -> None:
        self._tensors = saved_tensors(model)

    def numbers(self) -> dict[str, Any]:
        """The data of its tensors."""
        return {name: numbers_in(tensor) for name, tensor in self._tensors.items()}

    def count(self) -> tuple[int, int]:
        """As many as it has now."""
        n = sum(len(leaves_of(tensor)) for tensor in self._tensors.values())
        return n, n

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets the data of its parameters."""
        leaves, numbers = matched(self._tensors, rows, source)
        return lambda: assign(leaves, numbers)


class OfProgram:
    """The parameters of a compiled program, by the names that they have for JAX as well."""

    def __init__(self, program: "Program") -> None:
        from autograd.compiler.statements import entries

        self._vector = program.parameters
        self._places = dict(entries(program._parameters.names, len(self._vector)))

    def numbers(self) -> dict[str, Any]:
        """The numbers of `program.parameters`."""
        return {name: self._vector[index] for name, index in self._places.items()}

    def count(self) -> tuple[int, int]:
        """As many as it has now."""
        n = sum(index.size for index in self._places.values())
        return n, n

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets `program.parameters`."""
        import numpy as np

        from autograd.compiler.arguments import narrowed

        found = _taken({name: index.shape for name, index in self._places.items()}, rows, source, "program")
        made = self._vector.copy()
        for name, (shape, row) in found.items():
            made[self._places[name]] = narrowed(np.reshape(row, shape), f"{source}: {name}", made.dtype)

        def restore() -> None:
            self._vector[:] = made

        return restore


class OfOptimizer:
    """The hyperparameters of an optimiser, its steps, and the numbers that it keeps for each parameter."""

    def __init__(self, optimizer: Optimizer) -> None:
        self._optimizer = optimizer
        kind = type(optimizer).__name__
        self._groups = {f"{kind}.{k}.": group for k, group in enumerate(optimizer.param_groups)}

    def numbers(self) -> dict[str, Any]:
        """All of them, by its name, the number of the group and their own name: Adam.0.mean."""
        states = {
            start + name: _joined(row) for start, group in self._groups.items() for name, row in group.states.items()
        }
        return {**self._fixed(), **states}

    def _fixed(self) -> dict[str, Any]:
        """Those that it has before its first step, too."""
        return {
            start + name: float(x) if isinstance(x, bool) else x
            for start, group in self._groups.items()
            for name, x in {**group.hyperparameters(), "steps": float(group.steps)}.items()
        }

    def count(self) -> tuple[int, int]:
        """Those before the first step, and with every number that an optimiser may keep."""
        fixed = sum(len(x) if isinstance(x, tuple) else 1 for x in self._fixed().values())
        return fixed, fixed + STATES * sum(group.size for group in self._groups.values())

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets the hyperparameters, the steps and what is kept."""
        sizes = {start: (group.size,) for start, group in self._groups.items()}
        states = {name: size for start, size in sizes.items() for name in rows if name.startswith(start)}
        found = _taken({**states, **_shapes(self._fixed())}, rows, source, "optimizer")
        made = [self._made(start, group, found, source) for start, group in self._groups.items()]

        def restore() -> None:
            for group, (hyperparameters, steps, kept) in zip(self._groups.values(), made, strict=True):
                group.update(hyperparameters)
                group.steps, group.states = steps, kept

        return restore

    def _made(
        self, start: str, group: Group, rows: Mapping[str, Row], source: str
    ) -> tuple[dict[str, Any], int, dict[str, Any]]:
        """The hyperparameters, the steps and the states of a group, as a file has them."""
        found = {name.removeprefix(start): row for name, row in rows.items() if name.startswith(start)}
        steps = _whole(found.pop("steps"), f"{source}: {start}steps")
        hyperparameters = {name: _like(now, found.pop(name)[1]) for name, now in group.hyperparameters().items()}
        return (
            self._optimizer._checked(hyperparameters),
            steps,
            {name: _split(group, row) for name, row in found.items()},
        )


def _like(now: object, numbers: Any) -> Any:
    """A hyperparameter of the kind that it has now: a flag, a pair or a number."""
    if isinstance(now, bool):
        return bool(numbers[0])
    found = [*map(float, numbers)]
    return tuple(found) if isinstance(now, tuple) else found[0]


def _whole(row: Row, where: str) -> int:
    (number,) = map(float, row[1])
    if not (number >= 0.0 and number.is_integer()):
        raise ValueError(f"{where} is {number}, and no whole number from 0")
    return int(number)


def _joined(row: list[Any]) -> Any:
    """The numbers of the parameters, of which a program's are in blocks."""
    if all(isinstance(x, float) for x in row):
        return row
    import numpy as np

    return np.concatenate(row)


def _split(group: Group, row: Row) -> list[Any]:
    """A number for each parameter, or an array for each block of a program's."""
    if isinstance(group["params"], list):
        return [*map(float, row[1])]
    blocks: list[Any] = group.each
    import numpy as np

    cuts = np.cumsum([len(block.data) for block in blocks])[:-1]
    return [part.astype(block.data.dtype) for part, block in zip(np.split(row[1], cuts), blocks, strict=True)]


class OfSchedule:
    """The epochs of a schedule, and its first rates."""

    def __init__(self, schedule: LRScheduler) -> None:
        self._schedule, self._start = schedule, f"{type(schedule).__name__}."

    def numbers(self) -> dict[str, Any]:
        """Its two attributes that change or depend on the optimiser."""
        found = {"last_epoch": float(self._schedule.last_epoch), "base_lrs": self._schedule.base_lrs}
        return {self._start + name: x for name, x in found.items()}

    def count(self) -> tuple[int, int]:
        """As many as it has now."""
        n = 1 + len(self._schedule.base_lrs)
        return n, n

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets them."""
        found = _taken(_shapes(self.numbers()), rows, source, "schedule")
        epoch = _whole(found[self._start + "last_epoch"], f"{source}: {self._start}last_epoch")
        rates = [*map(float, found[self._start + "base_lrs"][1])]
        return lambda: vars(self._schedule).update(last_epoch=epoch, base_lrs=rates)


class OfGenerator:
    """The state of a generator of random numbers."""

    def __init__(self, rng: Any) -> None:
        try:
            rng.getstate()
        except NotImplementedError:
            raise TypeError(f"{described(rng)} has no state to save; take a random.Random(seed)") from None
        self._rng = rng

    def numbers(self) -> dict[str, Any]:
        """The version of the generator, its words, and a number of the normal distribution if one waits."""
        version, words, waiting = self._rng.getstate()
        return {"generator": [*map(float, (version, *words)), *([] if waiting is None else [waiting])]}

    def count(self) -> tuple[int, int]:
        """Without and with a number that waits."""
        return _WORDS + 1, _WORDS + 2

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets the state."""
        waits = rows.get("generator", ((), ()))[0] == (_WORDS + 2,)
        found = _taken({"generator": (_WORDS + 1 + waits,)}, rows, source, "generator")
        version, *numbers = map(float, found["generator"][1])
        state = int(version), tuple(map(int, numbers[:_WORDS])), numbers[-1] if waits else None
        try:
            Random().setstate(state)
        except (TypeError, ValueError, OverflowError) as problem:
            raise ValueError(f"{source}: generator is the state of no generator of this Python: {problem}") from None
        return lambda: self._rng.setstate(state)


class OfLoader:
    """The place of a loader: its finished epochs and batches, the order of its rows, and its generator."""

    def __init__(self, loader: Loader) -> None:
        self._loader, self._rng = loader, OfGenerator(loader.rng)

    def numbers(self) -> dict[str, Any]:
        """All of them."""
        loader = self._loader
        place = {"place": [float(loader.epoch), float(loader.batch)], "order": [*map(float, loader.order)]}
        return {**place, **self._rng.numbers()}

    def count(self) -> tuple[int, int]:
        """Those of the generator, and its own."""
        least, most = self._rng.count()
        return least + 2 + self._loader.rows, most + 2 + self._loader.rows

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that sets the place."""
        loader, shapes = self._loader, {"place": (2,), "order": (self._loader.rows,)}
        own = _taken(shapes, {name: row for name, row in rows.items() if name in shapes}, source, "loader")
        rng = self._rng.restoring({name: row for name, row in rows.items() if name not in shapes}, source)
        epoch, batch = (_whole(((), [x]), f"{source}: place") for x in own["place"][1])
        order = [*map(float, own["order"][1])]
        if sorted(order) != [*range(loader.rows)]:
            raise ValueError(f"{source}: order is no order of {loader.rows:,} rows")
        if not loader.shuffled and order != loader.order:
            raise ValueError(f"{source} is of a loader that shuffles its rows, and this one doesn't; make it so")
        if batch >= len(loader):
            raise ValueError(f"{source}: place is batch {batch:,} of an epoch, and this loader has {len(loader):,}")

        def restore() -> None:
            rng()
            loader.order[:] = map(int, order)
            loader.epoch, loader.batch = epoch, batch

        return restore


class OfSeveral:
    """Several things, each under a name of its own: the names in a file begin with it."""

    def __init__(self, things: Mapping[str, Kept]) -> None:
        self._things = things

    def numbers(self) -> dict[str, Any]:
        """Those of all things."""
        return {f"{key}.{name}": x for key, kept in self._things.items() for name, x in kept.numbers().items()}

    def count(self) -> tuple[int, int]:
        """Those of all things."""
        least, most = zip(*(kept.count() for kept in self._things.values()), strict=True)
        return sum(least), sum(most)

    def restoring(self, rows: Mapping[str, Row], source: str) -> Callable[[], object]:
        """A function that restores one after the other."""
        parts: dict[str, dict[str, Row]] = {key: {} for key in self._things}
        for name, row in rows.items():
            key, _, rest = name.partition(".")
            if key not in parts:
                raise ValueError(f"{source} has {name}, and a part {key!r} was not asked for; give it one to load into")
            parts[key][rest] = row
        ways = [kept.restoring(parts[key], f"{source}: {key}") for key, kept in self._things.items()]

        def restore() -> None:
            for way in ways:
                way()

        return restore
