"""The GPT of scalars of the first table, with tokens that are one-hot, so that one program reads any document.

One layer, 16 wide, 4 heads, 27 tokens. Position by position, as the first table does it, each reads the earlier ones.
"""

import math
import random
from collections.abc import Callable, Sequence
from functools import partial
from importlib import import_module
from itertools import cycle
from typing import Any, Final

import numpy as np

from autograd import Value, dot, losses, mean, softmax
from tests.benchmarks.gpt import (
    BOUNDARY,
    FULL,
    SMALLEST_MEAN_SQUARE,
    TINY,
    TOKENS,
    Matrix,
    Vector,
    initial_parameters,
    product,
    rms_norm,
    sums,
)
from tests.benchmarks.programs import case, rivals
from tests.benchmarks.programs.case import (
    OURS,
    Array,
    Case,
    Contender,
    Entrant,
    Race,
    Scalars,
    answer,
    compiled_entrant,
    eager_entrant,
)

DOCUMENTS: Final = 32
FAR: Final = -1e9
"""Added to the score of a position that mustn't be read: its weight becomes 0."""


class Transformer:
    """The network, which keeps the keys and values of the earlier positions."""

    def __init__(self, parameters: dict[str, Matrix], heads: int) -> None:
        self.p = parameters
        width = len(parameters["query"])
        self.heads = [slice(i, i + width // heads) for i in range(0, width, width // heads)]

    def __call__(self, document: Matrix) -> Matrix:
        """The scores of the tokens that may follow each position."""
        keys: Matrix = []
        values: Matrix = []
        return [self._read(token, keys, values) for token in document]

    def _read(self, token: Vector, keys: Matrix, values: Matrix) -> Vector:
        p = self.p
        columns = zip(*p["token"], strict=True)
        xs = sums(
            [sum(t * e for t, e in zip(token, column, strict=True)) for column in columns], p["position"][len(keys)]
        )
        normed = rms_norm(xs)
        query = product(p["query"], normed)
        keys.append(product(p["key"], normed))
        values.append(product(p["value"], normed))
        attended: Vector = []
        for head in self.heads:
            scale = 1.0 / math.sqrt(len(query[head]))
            scores = product([key[head] for key in keys], query[head])
            weights = softmax([score * scale for score in scores])
            rows = zip(*(value[head] for value in values), strict=True)
            attended += [sum(w * v for w, v in zip(weights, row, strict=True)) for row in rows]
        xs = sums(xs, product(p["attended"], attended))
        hidden = [h.relu() for h in product(p["widen"], rms_norm(xs))]
        xs = sums(xs, product(p["narrow"], hidden))
        return product(p["output"], rms_norm(xs))


def _network(tiny: bool, positions: int) -> tuple[Transformer, dict[str, Matrix]]:
    size = TINY if tiny else FULL
    numbers = initial_parameters(size)
    numbers["position"] = numbers["position"][:positions]
    tensors: dict[str, Matrix] = {name: case.nested(Value, matrix) for name, matrix in numbers.items()}
    return Transformer(tensors, size.heads), tensors


def _documents(lengths: Sequence[int], positions: int) -> tuple[Array, Array, Array]:
    """Random documents: each token and the next, both one-hot, and the weight of each position in the mean loss.

    A document of n letters has n + 1 positions that count.
    """
    rng = random.Random(12)
    x, y = np.zeros((2, len(lengths), positions, TOKENS))
    weights = np.zeros((len(lengths), positions))
    for i, length in enumerate(lengths):
        tokens = [BOUNDARY, *(rng.randrange(BOUNDARY) for _ in range(length)), BOUNDARY]
        for t in range(length + 1):
            x[i, t, tokens[t]] = y[i, t, tokens[t + 1]] = 1.0
            weights[i, t] = 1.0 / (length + 1)
    return x, y, weights


def same_length(count: int, tiny: bool) -> Scalars:
    """Documents of as many letters as the first table's."""
    length = len((TINY if tiny else FULL).document)
    x, y, _ = _documents([length] * count, length + 1)
    network, tensors = _network(tiny, length + 1)

    def loss(x: Matrix, y: Matrix) -> Value:
        return mean(map(losses.cross_entropy, network(x), y))

    return Scalars(loss=loss, batch=(x, y), tensors=tensors, parameters=case.flat([*tensors.values()]))


def every_length(tiny: bool) -> Scalars:
    """A document of each length from 0 letters to the longest; positions behind its end have the weight 0."""
    positions = (TINY if tiny else FULL).block
    batch = _documents(range(positions), positions)
    network, tensors = _network(tiny, positions)

    def loss(x: Matrix, y: Matrix, weights: Vector) -> Value:
        return dot(weights, map(losses.cross_entropy, network(x), y))

    return Scalars(loss=loss, batch=batch, tensors=tensors, parameters=case.flat([*tensors.values()]))


def _alone(scalars: Scalars) -> list[tuple[Array, ...]]:
    """Each document as a batch of its own."""
    return [tuple(array[i : i + 1] for array in scalars.batch) for i in range(len(scalars.batch[0]))]


def _cut(scalars: Scalars) -> list[tuple[Array, Array]]:
    """Each document as a batch of its own, without the positions behind its end."""
    return [(x[:, : np.count_nonzero(w)], y[:, : np.count_nonzero(w)]) for x, y, w in _alone(scalars)]


def middle(answers: Sequence[Array]) -> Array:
    """The means of several results."""
    found: Array = np.mean(answers, axis=0)
    return found


def taking_turns(runs: Sequence[Callable[[], tuple[Any, Sequence[Array]]]]) -> Entrant:
    """An entrant that runs all documents one after another; its results are the means."""

    def run() -> None:
        for once in runs:
            once()

    def results() -> Array:
        return middle([answer(*once()) for once in runs])

    return Entrant(run, results)


def ours_in_turn(scalars: Scalars) -> Entrant:
    made = case.program_of(scalars)
    program = made.program

    def once(batch: tuple[Array, ...]) -> tuple[Any, list[Array]]:
        value, gradient = program.value_and_grad(*batch)
        return value, case.in_order(scalars, gradient)

    batches = _alone(scalars)

    def run() -> None:
        for batch in batches:
            program.value_and_grad(*batch)

    return Entrant(run, taking_turns([partial(once, batch) for batch in batches]).results, made.seconds)


# ── NumPy ──


class ByHand:
    """NumPy code for a batch of documents of one length; query, key and value are one product."""

    def __init__(self, own: rivals.Flat, heads: int, x: Array, y: Array) -> None:
        self.own, self.heads = own, heads
        self.n, self.steps = x.shape[:2]
        self.x, self.y = x.reshape(-1, TOKENS), y.reshape(-1, TOKENS)
        self.mask = np.triu(np.full((self.steps, self.steps), FAR), 1)
        start = sum(own.p[name].size for name in ("token", "position"))
        width = len(own.p["query"])
        three = slice(start, start + 3 * width * width)  # They lie one behind the other.
        self.w3, self.g3 = own.parameters[three].reshape(-1, width), own.gradient[three].reshape(-1, width)
        self.width, self.scale = width, 1.0 / math.sqrt(width // heads)

    def value_and_grad(self) -> float:
        p, g, n, steps, width = self.own.p, self.own.g, self.n, self.steps, self.width
        x0 = self.x @ p["token"]
        x0.reshape(n, steps, width)[...] += p["position"][:steps]
        normed, scale0 = _norm(x0)
        three = (normed @ self.w3.T).reshape(n, steps, 3, self.heads, -1).transpose(2, 0, 3, 1, 4)
        q, k, v = three
        scores = q @ k.transpose(0, 1, 3, 2)
        scores *= self.scale
        scores += self.mask
        weights = _softmax(scores)
        attended = (weights @ v).transpose(0, 2, 1, 3).reshape(-1, width)
        x1 = x0 + attended @ p["attended"].T
        normed1, scale1 = _norm(x1)
        hidden = normed1 @ p["widen"].T
        np.maximum(hidden, 0.0, out=hidden)
        x2 = x1 + hidden @ p["narrow"].T
        normed2, scale2 = _norm(x2)
        logits = normed2 @ p["output"].T
        logits -= logits.max(axis=1, keepdims=True)
        probabilities = np.exp(logits)
        totals = probabilities.sum(axis=1, keepdims=True)
        probabilities /= totals
        count = n * steps
        loss = (np.log(totals).sum() - np.vdot(logits, self.y)) / count

        d = probabilities
        d -= self.y
        d /= count
        np.dot(d.T, normed2, out=g["output"])
        dx = _norm_back(d @ p["output"], normed2, scale2)
        np.dot(dx.T, hidden, out=g["narrow"])
        dh = dx @ p["narrow"]
        dh *= hidden > 0.0
        np.dot(dh.T, normed1, out=g["widen"])
        dx += _norm_back(dh @ p["widen"], normed1, scale1)
        np.dot(dx.T, attended, out=g["attended"])
        da = (dx @ p["attended"]).reshape(n, steps, self.heads, -1).transpose(0, 2, 1, 3)
        d3 = np.empty((n, steps, 3, self.heads, width // self.heads))
        dq, dk, dv = d3.transpose(2, 0, 3, 1, 4)
        np.matmul(weights.transpose(0, 1, 3, 2), da, out=dv)
        dw = da @ v.transpose(0, 1, 3, 2)
        dw -= (dw * weights).sum(axis=-1, keepdims=True)
        dw *= weights
        dw *= self.scale
        np.matmul(dw, k, out=dq)
        np.matmul(dw.transpose(0, 1, 3, 2), q, out=dk)
        d3 = d3.reshape(-1, 3 * width)
        np.dot(d3.T, normed, out=self.g3)
        dx += _norm_back(d3 @ self.w3, normed, scale0)
        np.dot(self.x.T, dx, out=g["token"])
        np.sum(dx.reshape(n, steps, width), axis=0, out=g["position"][:steps])
        g["position"][steps:] = 0.0
        return float(loss)


def _norm(x: Array) -> tuple[Array, Array]:
    squares = np.einsum("ij,ij->i", x, x)[:, None]
    squares /= x.shape[1]
    squares += SMALLEST_MEAN_SQUARE
    scale = 1.0 / np.sqrt(squares)
    return x * scale, scale


def _norm_back(d: Array, normed: Array, scale: Array) -> Array:
    """x·(Σx²/n + ε)^(-½) has the derivative scale·(d - normed·mean(d·normed))."""
    inner = np.einsum("ij,ij->i", d, normed)[:, None]
    inner /= d.shape[1]
    d -= normed * inner
    d *= scale
    return d


def _softmax(scores: Array) -> Array:
    scores -= scores.max(axis=-1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=-1, keepdims=True)
    return scores


def _heads(scalars: Scalars) -> int:
    return (TINY if len(scalars.tensors["query"]) == TINY.width else FULL).heads


def numpy(scalars: Scalars) -> Entrant:
    own = rivals.Flat(scalars.numbers())
    x, y = scalars.batch
    return own.entrant(ByHand(own, _heads(scalars), x, y).value_and_grad)


def numpy_in_turn(scalars: Scalars) -> Entrant:
    own = rivals.Flat(scalars.numbers())
    programs = [ByHand(own, _heads(scalars), x, y) for x, y in _cut(scalars)]

    def once(program: ByHand) -> tuple[float, list[Array]]:
        return program.value_and_grad(), [own.gradient]

    return taking_turns([partial(once, program) for program in programs])


# ── PyTorch and JAX ──


def _torch_model(scalars: Scalars) -> Any:
    torch = import_module("torch")
    nn, functional = torch.nn, torch.nn.functional
    linear = partial(nn.Linear, bias=False)
    heads = _heads(scalars)
    positions, width = np.shape(scalars.tensors["position"])

    class Model(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.token, self.position = nn.Embedding(TOKENS, width), nn.Embedding(positions, width)
            self.query, self.key, self.value, self.attended = (linear(width, width) for _ in range(4))
            self.widen, self.narrow = linear(width, 4 * width), linear(4 * width, width)
            self.output = linear(width, TOKENS)
            self.places = torch.arange(positions)

        def forward(self, tokens: Any) -> Any:
            n, steps = tokens.shape
            x = self.token(tokens) + self.position(self.places[:steps])
            normed = self._norm(x)
            q, k, v = (
                part(normed).view(n, steps, heads, -1).transpose(1, 2) for part in (self.query, self.key, self.value)
            )
            attended = functional.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.attended(attended.transpose(1, 2).reshape(n, steps, width))
            x = x + self.narrow(functional.relu(self.widen(self._norm(x))))
            return self.output(self._norm(x))

        def _norm(self, x: Any) -> Any:
            return functional.rms_norm(x, (width,), eps=SMALLEST_MEAN_SQUARE)

    return Model()


def _torch_loss(model: Any, tokens: Any, following: Any) -> Any:
    functional = import_module("torch").nn.functional
    return functional.cross_entropy(model(tokens).view(-1, TOKENS), following.view(-1))


def _torch_tokens(one_hot: Array) -> Any:
    return import_module("torch").from_numpy(one_hot.argmax(axis=-1))


def pytorch(scalars: Scalars) -> Entrant:
    model = _torch_model(scalars)
    tokens, following = map(_torch_tokens, scalars.batch)
    return rivals.pytorch(scalars, model, lambda: _torch_loss(model, tokens, following))


def pytorch_in_turn(scalars: Scalars) -> Entrant:
    model = _torch_model(scalars)
    documents = cycle([(_torch_tokens(x), _torch_tokens(y)) for x, y in _cut(scalars)])
    inner = rivals.pytorch(scalars, model, lambda: _torch_loss(model, *next(documents)))
    count = len(scalars.batch[0])

    def results() -> Array:
        return middle([inner.results() for _ in range(count)])

    def run() -> None:
        for _ in range(count):
            inner.run()

    return Entrant(run, results)


def _jax_loss(scalars: Scalars) -> Callable[..., Any]:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    heads = _heads(scalars)

    def norm(x: Any) -> Any:
        return x * (jnp.mean(x * x, axis=-1, keepdims=True) + SMALLEST_MEAN_SQUARE) ** -0.5

    def loss(p: dict[str, Any], x: Any, y: Any, weights: Any = None) -> Any:
        steps = len(x)
        x = x @ p["token"] + p["position"]
        normed = norm(x)
        q, k, v = ((normed @ p[name].T).reshape(steps, heads, -1) for name in ("query", "key", "value"))
        scores = jnp.einsum("thc,shc->hts", q, k) / math.sqrt(q.shape[-1])
        scores = jnp.where(jnp.tril(jnp.ones((steps, steps), bool)), scores, FAR)
        attended = jnp.einsum("hts,shc->thc", jax.nn.softmax(scores), v).reshape(steps, -1)
        x = x + attended @ p["attended"].T
        x = x + jax.nn.relu(norm(x) @ p["widen"].T) @ p["narrow"].T
        terms = -(y * jax.nn.log_softmax(norm(x) @ p["output"].T)).sum(axis=-1)
        return terms.mean() if weights is None else weights @ terms

    return loss


def jax(scalars: Scalars) -> Entrant:
    return rivals.jax(scalars, _jax_loss(scalars))


def jax_in_turn(scalars: Scalars) -> Entrant:
    """Padded to the longest document, as ours, so that it is compiled once."""
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    parameters = {name: jnp.asarray(number) for name, number in scalars.numbers().items()}
    function = jax.jit(jax.value_and_grad(_jax_loss(scalars)))

    def once(document: Sequence[Any]) -> tuple[Any, list[Any]]:
        value, gradient = jax.block_until_ready(function(parameters, *document))
        return value, [gradient[name] for name in parameters]

    documents = [[jnp.asarray(array[0]) for array in batch] for batch in _alone(scalars)]
    return taking_turns([partial(once, document) for document in documents])


NUMPY: Final = "NumPy, by hand"
RACE: Final = Race(
    heading="value and gradient of the GPT of scalars",
    unit="µs a document",
    cases=(
        Case(
            title="one document of seven letters",
            scalars=partial(same_length, 1),
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender(NUMPY, numpy, least=1.2),
                Contender("PyTorch", pytorch, "torch", least=6.0),
                Contender("JAX, jitted", jax, "jax"),
                Contender("ours, recorded each time", eager_entrant, least=80.0),
            ),
            units=1e6,
        ),
        Case(
            title="documents of 0 to 15 letters in turn, from one program with masks",
            scalars=every_length,
            contenders=(
                Contender(OURS, ours_in_turn),
                Contender(NUMPY, numpy_in_turn),
                Contender("PyTorch", pytorch_in_turn, "torch"),
                Contender("JAX, jitted", jax_in_turn, "jax"),
            ),
            units=1e6 / FULL.block,
        ),
        Case(
            title=f"{DOCUMENTS} documents at a time",
            scalars=partial(same_length, DOCUMENTS),
            contenders=(
                Contender(OURS, compiled_entrant),
                Contender(NUMPY, numpy),
                Contender("PyTorch", pytorch, "torch"),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=1e6 / DOCUMENTS,
        ),
    ),
    notes=("NumPy and PyTorch read no positions behind the end of a document; ours and JAX weigh them with 0.",),
)
