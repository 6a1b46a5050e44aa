"""Ctrl-C in trainings: each step is whole or not taken, and the history is returned.

>>> from tests.attack import fits
>>> fits.attempt("adam at point 300")
Answer(outcome='', fault='')
"""

from collections.abc import Callable, Iterator
from contextlib import redirect_stderr
from functools import cache
from io import StringIO
from random import Random
from typing import Any, Final, NamedTuple

import autograd
from autograd import Value, losses, nn, optim, train
from tests.attack import hostile, signals
from tests.attack.answer import Answer
from tests.attack.intact import disorder
from tests.interrupting import interrupted, points

EPOCHS: Final = 3
ROWS: Final = [([0.5, -1.0], 1.0), ([1.0, 0.25], 0.0), ([-0.5, 0.75], 0.5)]


class Training(NamedTuple):
    """A training that is ready to start."""

    fit: Callable[[], train.History]
    optimizer: optim.Optimizer
    values: list[Value]
    """The parameters of the model."""

    def state(self) -> str:
        """The numbers that the optimiser changes, and those that it keeps from step to step."""
        groups = self.optimizer.param_groups
        return repr((_numbers(self.optimizer), [(group.steps, group.states) for group in groups]))


def _numbers(optimizer: optim.Optimizer) -> list[float]:
    numbers: Any = optimizer.parameters
    return [p.data if isinstance(p, Value) else float(p) for p in numbers]


def _eager(kind: Callable[[list[Value]], optim.Optimizer], **options: Any) -> Callable[[], Training]:
    def make() -> Training:
        model = nn.MLP(2, [2, 1], rng=Random(1))
        optimizer = kind(model.parameters())

        def fit() -> train.History:
            return train.fit(model, ROWS, losses.mse, optimizer, epochs=EPOCHS, rng=Random(2), **options)

        return Training(fit, optimizer, model.parameters())

    return make


def _program() -> Training:
    loss, inputs, parameters = hostile.regression()
    program = autograd.compile(loss, inputs, parameters=parameters)
    optimizer = optim.Adam(program, lr=0.1)
    rows = [(1.0, 2.0), (2.0, 3.0), (0.5, 1.0)]

    def fit() -> train.History:
        return train.fit(program, rows, optimizer, epochs=EPOCHS, batch_size=2, rng=Random(2))

    return Training(fit, optimizer, parameters)


TRAININGS: Final[dict[str, Callable[[], Training]]] = {
    "sgd": _eager(lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9), batch_size=2),
    "adam": _eager(lambda ps: optim.Adam(ps, lr=0.1), batch_size=1, metrics={"size": lambda y, t: abs(y)}),
    "validation": _eager(lambda ps: optim.RMSprop(ps, lr=0.1), validation=ROWS[:2], callback=lambda *_: None),
    "bar": _eager(lambda ps: optim.Adagrad(ps, lr=0.1), batch_size=2, progress=True),
    "program": _program,
}


def texts(rng: Random) -> Iterator[str]:
    """Interrupts without end."""
    return signals.interrupts(rng, TRAININGS, _points)


@cache
def _points(name: str) -> int:
    with redirect_stderr(StringIO()):
        TRAININGS[name]().fit()  # The first time, modules are imported.
        return points(TRAININGS[name]().fit)


@cache
def _calm(name: str) -> tuple[list[str], train.History]:
    """The state before a training and after each of its steps, and its history."""
    training = TRAININGS[name]()
    states, step = [training.state()], training.optimizer.step

    def recorded() -> None:
        step()
        states.append(training.state())

    training.optimizer.step = recorded  # type: ignore[method-assign]
    history = training.fit()
    return states, history


def attempt(text: str) -> Answer:
    """How an interrupt breaks the rules. Its outcome is empty: both builds are not interrupted at the same points."""
    name, when = signals.read(text)
    states, whole = _calm(name)
    training = TRAININGS[name]()
    history = None
    try:
        with interrupted(**when):
            history = training.fit()
    except KeyboardInterrupt:  # Before the training it is the caller's, and after it.
        pass
    return Answer("", _fault(training, history, states, whole) or disorder())


def _fault(training: Training, history: train.History | None, states: list[str], whole: train.History) -> str:
    found = training.state()
    if history is None:
        return "" if found in (states[0], states[-1]) else "the history of the training is lost"
    if found not in states:
        return f"a step is half taken: {found} is none of {states}"
    if _numbers(training.optimizer) != [p.data for p in training.values]:
        return "the numbers of the program are not those of its Values"
    rows = (history.losses, history.validation, *history.metrics.values())
    wholes = (whole.losses, whole.validation, *whole.metrics.values())
    if any(row != kept[: len(row)] for row, kept in zip(rows, wholes, strict=True)):
        return f"the history is {rows}, which is no beginning of {wholes}"
    if len({len(row) for row, kept in zip(rows, wholes, strict=True) if kept}) > 1:
        return f"the history has rows of different lengths: {rows}"
    return ""
