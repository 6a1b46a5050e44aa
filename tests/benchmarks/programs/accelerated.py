"""The programs of the benchmark on a device: ours by `backend="jax"`, JAX written by hand, and PyTorch.

A network is trained with SGD, a call a step or many steps in one call; micrograd's README expression runs over many
lanes. All contenders read the same arrays, which lie on the device before anything is timed.
"""

import random
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from itertools import pairwise
from time import perf_counter
from typing import Any, Final, NamedTuple

import numpy as np

import autograd
from autograd import Value, losses, nn
from tests.benchmarks import expression
from tests.benchmarks.programs.case import Array, compiler

RATE: Final = 0.1
STEPS: Final = 5
"""So many steps are compared before anything is timed."""
WIDTHS: Final = (784, 500, 400, 10)
TINY: Final = (8, 6, 5, 3)
FARTHEST: Final = 0.5
"""10/f is kept away from f = 0, where contenders would differ by rounding."""


class Data(NamedTuple):
    """Batches on the device: images (B, N, pixels) and one-hot labels (B, N, classes), and each batch by itself."""

    whole: tuple[Any, Any]
    each: list[tuple[Any, Any]]


class Trained(NamedTuple):
    """The losses of some steps, and all parameters after them: the weights of a layer, its biases, and the next's."""

    losses: Array
    parameters: Array


class Entrant(NamedTuple):
    """A contender that is ready: `run` is timed, `results` starts anew and gives arrays to compare.

    `ready` are seconds by name, until the first result was there.
    """

    run: Callable[[], object]
    results: Callable[[], Sequence[Any]]
    ready: dict[str, float]


class Training(NamedTuple):
    """A way to train: state = start(), state, losses = train(state, batches), parameters = read(state)."""

    start: Callable[[], Any]
    train: Callable[[Any, Any], tuple[Any, Any]]
    read: Callable[[Any], Array]


def images(widths: Sequence[int], batches: int, n: int) -> Data:
    """Random images of which a fifth isn't black, and random labels, drawn on the device."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    first, second = jax.random.split(jax.random.key(3))
    drawn = jax.random.uniform(first, (batches, n, widths[0]), jnp.float32, -4.0, 1.0)
    labels = jax.random.randint(second, (batches, n), 0, widths[-1])
    whole = jnp.maximum(0.0, drawn), jax.nn.one_hot(labels, widths[-1], dtype=jnp.float32)
    return Data(whole, list(zip(*whole, strict=True)))


class Network:
    """The network as scalars, recorded once for all batch sizes, and its first parameters as arrays."""

    def __init__(self, widths: Sequence[int]) -> None:
        first, *others = widths
        start = perf_counter()
        self.model = nn.MLP(first, others, init="he", rng=random.Random(4))
        self.x, self.y = ([Value(0.0) for _ in range(n)] for n in (first, widths[-1]))
        self.y[0].data = 1.0
        self.loss = losses.cross_entropy(self.model(self.x), self.y)
        self.record = perf_counter() - start
        self.tensors = {name: np.array(_data(tensor), "float32") for name, tensor in self.model.tensors().items()}

    def compiled(self) -> tuple[Any, float]:
        """A program for JAX, and the seconds of compiling it."""
        start = perf_counter()
        program = compiler()(self.loss, inputs=(self.x, self.y), parameters=self.model, dtype="float32", backend="jax")
        return program, perf_counter() - start


def _data(tensor: Any) -> Any:
    return [_data(inner) for inner in tensor] if isinstance(tensor, list) else tensor.data


# ── training ──


def entrant(training: Training, batches: Any, first: Any, ready: dict[str, float]) -> Entrant:
    """An entrant that trains on and on with the batches; its results are those of the first ones, from the start."""
    start = perf_counter()
    state = training.start()
    state, _ = training.train(state, first)
    training.read(state)
    ready = {**ready, "first": perf_counter() - start}
    state = training.start()

    def run() -> None:
        nonlocal state
        state, lost = training.train(state, batches)
        wait(state, lost)

    def results() -> Trained:
        state, lost = training.train(training.start(), first)
        return Trained(np.array([float(x) for x in lost]), training.read(state))

    return Entrant(run, results, ready)


def some(data: Data) -> tuple[Any, Any]:
    """The batches of the steps that are compared."""
    images, labels = data.whole
    return images[:STEPS], labels[:STEPS]


def wait(*arrays: Any) -> None:
    import_module("jax").block_until_ready(arrays)


def one_by_one(step: Callable[..., tuple[Any, Any]]) -> Callable[[Any, Any], tuple[Any, list[Any]]]:
    """A call for each batch; the device is waited for after the last one."""

    def train(state: Any, batches: Any) -> tuple[Any, list[Any]]:
        lost = []
        for batch in batches:
            state, loss = step(state, *batch)
            lost.append(loss)
        return state, lost

    return train


def of_ours(program: Any, state: Any) -> Array:
    """The parameters of a state of our training."""
    return np.concatenate([np.ravel(state.parameters[name]) for name in program.views])


def our_steps(network: Network, data: Data) -> Entrant:
    """`program.jax_step`, called for each batch."""
    program, seconds = network.compiled()
    step = program.jax_step(autograd.optim.SGD(program, lr=RATE))
    return entrant(
        Training(step.start, one_by_one(step), partial(of_ours, program)),
        data.each,
        data.each[:STEPS],
        {"record": network.record, "compile": seconds},
    )


def our_loop(network: Network, data: Data) -> Entrant:
    """`program.jax_loop`, called once for all batches: it takes all rows, and the places of those of each batch."""
    jnp = import_module("jax.numpy")
    program, seconds = network.compiled()
    loop = program.jax_loop(autograd.optim.SGD(program, lr=RATE))
    rows = tuple(array.reshape(-1, array.shape[-1]) for array in data.whole)
    orders = jnp.arange(len(rows[0])).reshape(data.whole[0].shape[:2])
    return entrant(
        Training(loop.start, lambda state, orders: loop(state, rows, orders), partial(of_ours, program)),
        orders,
        orders[:STEPS],
        {"record": network.record, "compile": seconds},
    )


def _step(parameters: Any, x: Any, y: Any) -> tuple[Any, Any]:
    """A step of SGD by hand: the layers are pairs of a matrix (inputs, outputs) and a row of biases."""
    jax = import_module("jax")

    def loss(parameters: Any) -> Any:
        h = x
        *hidden, (w, b) = parameters
        for v, c in hidden:
            h = jax.nn.relu(h @ v + c)
        return -(y * jax.nn.log_softmax(h @ w + b)).sum(axis=1).mean()

    value, gradient = jax.value_and_grad(loss)(parameters)
    return jax.tree.map(lambda p, g: p - RATE * g, parameters, gradient), value


def _by_hand(network: Network, train: Callable[[Any, Any], tuple[Any, Any]]) -> Training:
    jnp = import_module("jax.numpy")

    def start() -> Any:
        tensors = list(network.tensors.values())
        return [(jnp.asarray(w.T), jnp.asarray(b)) for w, b in zip(tensors[::2], tensors[1::2], strict=True)]

    def read(layers: Any) -> Array:
        return np.concatenate([np.ravel(part) for w, b in layers for part in (np.asarray(w).T, b)])

    return Training(start, train, read)


def jax_steps(network: Network, data: Data) -> Entrant:
    """JAX by hand: a jitted step that is given the buffers of the parameters."""
    step = import_module("jax").jit(_step, donate_argnums=0)
    return entrant(_by_hand(network, one_by_one(step)), data.each, data.each[:STEPS], {})


def jax_loop(network: Network, data: Data) -> Entrant:
    """JAX by hand: a jitted scan over the batches, which lie on the device."""
    jax = import_module("jax")

    def scan(parameters: Any, images: Any, labels: Any) -> tuple[Any, Any]:
        return jax.lax.scan(lambda p, batch: _step(p, *batch), parameters, (images, labels))  # type: ignore[no-any-return]

    jitted = jax.jit(scan, donate_argnums=0)
    training = _by_hand(network, lambda state, batches: jitted(state, *batches))
    return entrant(training, data.whole, some(data), {})


def pytorch(network: Network, data: Data) -> Entrant:
    """PyTorch, eager, as in its tutorials."""
    torch = import_module("torch")
    where = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    widths = [data.whole[0].shape[-1], *(len(b) for name, b in network.tensors.items() if "bias" in name)]
    parts: list[Any] = []
    for nin, nout in pairwise(widths):
        parts += [torch.nn.Linear(nin, nout), torch.nn.ReLU()]
    model = torch.nn.Sequential(*parts[:-1]).to(where)
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE)
    batches = [
        (torch.tensor(np.asarray(x)).to(where), torch.tensor(np.asarray(y).argmax(axis=1)).to(where))
        for x, y in data.each
    ]

    def start() -> None:
        with torch.no_grad():
            for p, number in zip(model.parameters(), network.tensors.values(), strict=True):
                p.copy_(torch.from_numpy(number))

    def step(_: None, x: Any, y: Any) -> tuple[None, Any]:
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        return None, loss.detach()

    def read(_: None) -> Array:
        return np.concatenate([p.detach().cpu().numpy().ravel() for p in model.parameters()])

    made = entrant(Training(start, one_by_one(step), read), batches, batches[:STEPS], {})

    def run() -> None:
        made.run()
        if where.type == "cuda":
            torch.cuda.synchronize()

    return Entrant(run, made.results, made.ready)


# ── the expression over many lanes ──


def lanes(n: int) -> tuple[Any, Any]:
    """Pairs of numbers on the device, away from those where the expression is infinite."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")

    @partial(jax.jit, static_argnums=1)
    def drawn(key: Any, n: int) -> Any:
        a, b = jax.random.uniform(key, (2, n), jnp.float32, -4.0, 4.0)
        e = 4.0 * (a + b) + 3.0 - a - 12.0 * (a * b + b**3) - 4.0 * jnp.maximum(b + a, 0.0) - jnp.maximum(b - a, 0.0)
        close = jnp.abs(e) < FARTHEST
        return jnp.where(close, expression.A, a), jnp.where(close, expression.B, b)

    found: tuple[Any, Any] = jax.block_until_ready(drawn(jax.random.key(9), n))
    return found


def _over_lanes(function: Callable[[Any, Any], tuple[Any, Any]], a: Any, b: Any, ready: dict[str, float]) -> Entrant:
    start = perf_counter()
    wait(function(a, b))
    ready = {**ready, "first": perf_counter() - start}

    def results() -> list[Any]:
        value, (da, db) = function(a, b)
        return [value, da, db]

    return Entrant(lambda: wait(function(a, b)), results, ready)


def our_lanes(a: Any, b: Any) -> Entrant:
    """`program.jax()`, jitted."""
    jax = import_module("jax")
    start = perf_counter()
    x, y = Value(expression.A), Value(expression.B)
    root = expression.expression(x, y)
    recorded = perf_counter()
    program = compiler()(root, inputs=(x, y), dtype="float32", reduce=None, backend="jax")
    jitted = jax.jit(program.jax())
    ready = {"record": recorded - start, "compile": perf_counter() - recorded}
    return _over_lanes(jitted, a, b, ready)


def jax_lanes(a: Any, b: Any) -> Entrant:
    """JAX by hand: the jitted vmap of value_and_grad."""
    jax = import_module("jax")
    written = partial(expression.expression_of, relu=jax.nn.relu)
    return _over_lanes(jax.jit(jax.vmap(jax.value_and_grad(written, argnums=(0, 1)))), a, b, {})
