"""Work that Ctrl-C may interrupt, each with what must be whole afterwards.

>>> from tests.attack.scenarios import SCENARIOS
>>> world = SCENARIOS["backward"]()
>>> before = world.state()
>>> _ = world.act()
>>> world.state() == before
False
"""

import copy
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

import autograd
from autograd import Value, check, nn, no_grad, optim, state, strict
from tests.attack import hostile


class World(NamedTuple):
    """Work, and all that it may change or must not, as something that can be compared."""

    act: Callable[[], object]
    state: Callable[[], object]


def graph() -> tuple[list[Value], Value]:
    """Leaves that have gradients, and a root above them that is detached in one place and chooses in another."""
    xs = [Value(0.25 * i - 0.5, label=f"x{i}") for i in range(4)]
    h = [(x * x + 0.5).tanh() for x in xs]
    root = autograd.total([*h, autograd.where(h[0], h[1], h[2]), h[3].detach() * xs[0]])
    root.backward()
    return xs, root


def nodes(root: Value) -> list[Value]:
    """The graph without its constants."""
    return autograd.topological_order(root)


def seen(root: Value) -> object:
    """All that a user can see of a graph."""
    return [(v.data, v.grad, v.label, v.op, v.partials, len(v.operands)) for v in nodes(root)]


def backward() -> World:
    xs, root = graph()
    return World(root.backward, lambda: [x.grad for x in xs])


def reading(read: Callable[[Value], object]) -> Callable[[], World]:
    """A world in which a graph is read and not changed."""

    def make() -> World:
        _, root = graph()
        return World(lambda: read(root), lambda: seen(root))

    return make


def derivative(take: Callable[[], object]) -> Callable[[], World]:
    """A world in which nothing is changed."""
    return lambda: World(take, lambda: ())


def built() -> World:
    xs, root = graph()
    return World(lambda: seen(autograd.total(x.exp() for x in xs) / root), lambda: seen(root))


def blocks() -> World:
    x = Value(2.0)

    def act() -> object:
        with no_grad(), strict(), no_grad():
            y = x * x
        with strict():
            return y.data, (x * x).operands == (x, x)

    return World(act, lambda: (x.data, (x * x).operands == (x, x)))


def decorated() -> World:
    x = Value(2.0)

    @no_grad()
    def power() -> Value:
        return x * x

    return World(lambda: power().operands, lambda: len((x * x).operands))


def walk() -> World:
    _, root = graph()
    stepper = autograd.Stepper(root)

    def act() -> object:
        stepper.reset()
        stepper.run(root)
        stepper.back()
        while stepper.position < len(stepper):
            stepper.step()
        return {v.label: g for v, g in stepper.grads.items() if v.label}

    return World(act, lambda: seen(root))


def optimised(make_optimizer: Callable[[list[Value]], optim.Optimizer]) -> Callable[[], World]:
    """A step of an optimiser. It may be half done, so nothing is compared."""

    def make() -> World:
        xs, _ = graph()
        return World(make_optimizer(xs).step, lambda: ())

    return make


def clipped() -> World:
    xs, _ = graph()
    return World(lambda: nn.clip_grad_norm_(xs, 1e-3) and None, lambda: ())


def model() -> nn.MLP:
    return nn.MLP(2, [2, 1], rng=Random(1))


def saved() -> World:
    folder = Path(f"saved-{os.getpid()}")
    folder.mkdir(exist_ok=True)
    path, made = folder / "model.safetensors", model()
    state.save(made, path)
    for p in made.parameters():
        p.data = 0.5
    return World(lambda: state.save(made, path), lambda: (path.read_bytes(), os.listdir(folder)))


def loaded() -> World:
    made, path = model(), Path("loaded.safetensors")
    state.save(made, path)
    for p in made.parameters():
        p.data = 0.5
    return World(lambda: state.load(made, path), lambda: [p.data for p in made.parameters()])


def taken() -> World:
    made = model()
    numbers = made.state_dict()
    for p in made.parameters():
        p.data = 0.5
    return World(lambda: made.load_state_dict(numbers), lambda: [p.data for p in made.parameters()])


def program() -> World:
    made = hostile.training_program()
    return World(lambda: repr(made.value_and_grad([1.0, 2.0], [3.0, 4.0])), lambda: made.parameters.tolist())


def compiled() -> World:
    loss, inputs, parameters = hostile.regression()
    return World(lambda: autograd.compile(loss, inputs, parameters=parameters).source, lambda: seen(loss))


def copied(make_copy: Callable[[Value], object]) -> Callable[[], World]:
    return reading(lambda root: seen(make_copy(root)))  # type: ignore[arg-type]


def operation() -> World:
    def softabs(x: Any) -> Any:
        z = (x * x + 1.0) ** 0.5
        return z, x / z

    return World(lambda: autograd.operation(softabs)(Value(2.0)).data, lambda: ())


def square(x: Value) -> Value:
    return x * x * x


SCENARIOS: Final[dict[str, Callable[[], World]]] = {
    "backward": backward,
    "built": built,
    "blocks": blocks,
    "decorated": decorated,
    "pickle": copied(lambda root: pickle.loads(pickle.dumps(root))),
    "deepcopy": copied(copy.deepcopy),
    "tape": reading(lambda root: [*autograd.Tape(root).sweep()][-1].amount),
    "draw": reading(lambda root: autograd.draw(root).dot),
    "tree": reading(autograd.tree),
    "explain": reading(lambda root: str(autograd.explain(root, "x0"))),
    "autopsy": reading(lambda root: str(autograd.autopsy(root))),
    "replay": reading(lambda root: str(autograd.replay(root, "mpmath", digits=20))),
    "grad_graph": reading(lambda root: [g.data for g in autograd.grad_graph(root, nodes(root)[:2])]),
    "walk": walk,
    "grad": derivative(lambda: autograd.grad(square)(2.0).data),
    "hessian": derivative(lambda: autograd.hessian(square)(2.0).data),
    "jvp": derivative(lambda: [v.data for v in autograd.jvp(square, (2.0,), (1.0,))]),
    "gradcheck": derivative(lambda: str(check.gradcheck(square, [2.0]))),
    "sgd": optimised(lambda xs: optim.SGD(xs, lr=0.1, momentum=0.9)),
    "adam": optimised(lambda xs: optim.Adam(xs, lr=0.1)),
    "clip": clipped,
    "save": saved,
    "load": loaded,
    "load_state_dict": taken,
    "compile": compiled,
    "program": program,
    "operation": operation,
}
