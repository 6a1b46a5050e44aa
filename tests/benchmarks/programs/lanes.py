"""micrograd's README expression with its two derivatives, for a million pairs of numbers and for one."""

from collections.abc import Callable
from functools import partial
from importlib import import_module
from typing import Any, Final

import numpy as np

from tests.benchmarks import expression
from tests.benchmarks.programs import case
from tests.benchmarks.programs.case import OURS, Array, Case, Contender, Entrant, Race, Scalars, answer

LANES: Final = 1_000_000
BLOCK: Final = 8192
FARTHEST: Final = 0.5
"""10/f is kept away from f = 0, where contenders would differ by rounding."""


def scalars(tiny: bool) -> Scalars:
    rng = np.random.default_rng(9)
    a, b = rng.uniform(-4.0, 4.0, (2, 50 if tiny else LANES))
    close = np.abs(_e(a, b)) < FARTHEST
    a[close], b[close] = expression.A, expression.B
    return Scalars(loss=expression.expression, batch=(a, b), reduce=None)


def one(tiny: bool) -> Scalars:
    return Scalars(loss=expression.expression, batch=(np.array([expression.A]), np.array([expression.B])), reduce=None)


def _e(a: Array, b: Array) -> Array:
    c = 4.0 * (a + b) + 3.0 - a
    d = 12.0 * (a * b + b**3) + 4.0 * np.maximum(b + a, 0.0) + np.maximum(b - a, 0.0)
    found: Array = c - d
    return found


def whole(scalars: Scalars) -> Entrant:
    """The simplified formula and its derivatives, written for whole arrays."""
    a, b = scalars.batch

    def run() -> tuple[Array, Array, Array]:
        e = _e(a, b)
        f = e * e
        g = f / 2.0 + 10.0 / f
        de = e * (1.0 - 20.0 / (f * f))
        up, down = 4.0 * (b + a > 0.0), 1.0 * (b - a > 0.0)
        return g, de * (3.0 - 12.0 * b - up + down), de * (4.0 - 12.0 * a - 36.0 * b * b - up - down)

    return Entrant(run, lambda: answer(np.zeros(0), run()))


def blocks(scalars: Scalars) -> Entrant:
    """The same in blocks that stay in the cache, without a new array but for the results."""
    a, b = scalars.batch
    n = len(a)
    size = min(n, BLOCK)
    scratch = np.empty((6, size))

    def run() -> tuple[Array, Array, Array]:
        g, da, db = np.empty((3, n))
        for start in range(0, n, size):
            part = slice(start, min(start + size, n))
            _block(a[part], b[part], g[part], da[part], db[part], scratch[:, : part.stop - start])
        return g, da, db

    return Entrant(run, lambda: answer(np.zeros(0), run()))


def _block(a: Array, b: Array, g: Array, da: Array, db: Array, scratch: Array) -> None:
    up, down, e, f, r, s = scratch
    np.add(a, b, out=up)
    np.multiply(up, 4.0, out=e)
    np.subtract(e, a, out=e)
    np.add(e, 3.0, out=e)
    np.multiply(b, b, out=f)
    np.add(f, a, out=r)
    np.multiply(r, b, out=r)
    np.multiply(r, 12.0, out=r)
    np.subtract(e, r, out=e)
    np.maximum(up, 0.0, out=r)
    np.multiply(r, 4.0, out=r)
    np.subtract(e, r, out=e)
    np.subtract(b, a, out=down)
    np.maximum(down, 0.0, out=r)
    np.subtract(e, r, out=e)
    np.greater(up, 0.0, out=up)
    np.multiply(up, 4.0, out=up)
    np.greater(down, 0.0, out=down)
    np.multiply(f, 36.0, out=db)
    np.add(db, up, out=db)
    np.add(db, down, out=db)
    np.multiply(a, 12.0, out=r)
    np.add(db, r, out=db)
    np.subtract(4.0, db, out=db)
    np.subtract(down, up, out=down)
    np.multiply(b, 12.0, out=da)
    np.subtract(down, da, out=da)
    np.add(da, 3.0, out=da)
    np.multiply(e, e, out=f)
    np.divide(10.0, f, out=r)
    np.multiply(f, 0.5, out=s)
    np.add(s, r, out=g)
    np.divide(r, f, out=r)
    np.multiply(r, -2.0, out=r)
    np.add(r, 1.0, out=r)
    np.multiply(r, e, out=r)
    np.multiply(da, r, out=da)
    np.multiply(db, r, out=db)


def pytorch(scalars: Scalars) -> Entrant:
    torch = import_module("torch")
    a, b = (torch.from_numpy(array).requires_grad_() for array in scalars.batch)

    def run() -> Any:
        a.grad = b.grad = None
        g = expression.expression(a, b)
        g.sum().backward()
        return g

    return Entrant(run, lambda: answer(run().detach().numpy(), [a.grad.numpy(), b.grad.numpy()]))


def jax(scalars: Scalars) -> Entrant:
    jax, jnp = import_module("jax"), import_module("jax.numpy")
    written = partial(expression.expression_of, relu=jax.nn.relu)
    function = jax.jit(jax.vmap(jax.value_and_grad(written, argnums=(0, 1))))
    a, b = map(jnp.asarray, scalars.batch)
    return Entrant(
        lambda: jax.block_until_ready(function(a, b)), lambda: (lambda g, both: answer(g, both))(*function(a, b))
    )


# ── called with two floats ──


def ours_called(scalars: Scalars) -> Entrant:
    made = case.program_of(scalars)
    called = made.program.value_and_grad

    def results() -> Array:
        value, gradient = called(expression.A, expression.B)
        return answer(value, gradient)

    return Entrant(lambda: called(expression.A, expression.B), results, made.seconds)


def by_hand(a: float, b: float) -> tuple[float, float, float]:
    """The value and both derivatives, by a person who has simplified the formula."""
    up, down = (4.0 if b + a > 0.0 else 0.0), (1.0 if b - a > 0.0 else 0.0)
    e = 4.0 * (a + b) + 3.0 - a - 12.0 * (a + b * b) * b - up * (b + a) - down * (b - a)
    f = e * e
    r = 10.0 / f
    de = e * (1.0 - 2.0 * r / f)
    return 0.5 * f + r, de * (3.0 - 12.0 * b - up + down), de * (4.0 - 12.0 * a - 36.0 * b * b - up - down)


def floats(scalars: Scalars) -> Entrant:
    a, b = expression.A, expression.B
    return Entrant(lambda: by_hand(a, b), lambda: answer(0.0, [by_hand(a, b)])[1:])


def pytorch_called(scalars: Scalars) -> Entrant:
    """Tensors of one number, recorded and differentiated each time."""
    torch = import_module("torch")
    leaf = partial(torch.tensor, dtype=torch.float64, requires_grad=True)

    def run() -> tuple[Any, Any, Any]:
        a, b = leaf(expression.A), leaf(expression.B)
        g = expression.expression(a, b)
        g.backward()
        return g, a.grad, b.grad

    return Entrant(run, lambda: np.array([x.item() for x in run()]))


def from_first_table(make: Callable[[bool], Any], scalars: Scalars) -> Entrant:
    """A contender of the first table."""
    program = make(False)
    return Entrant(program.run, lambda: np.array(program.results()), program.compile_seconds)


RACE: Final = Race(
    heading="micrograd's README expression and both derivatives, for each of a million pairs",
    unit="ns a pair",
    cases=(
        Case(
            title="a million lanes",
            scalars=scalars,
            contenders=(
                Contender(OURS, case.compiled_entrant),
                Contender("NumPy, whole arrays", whole),
                Contender("NumPy, in blocks", blocks),
                Contender("PyTorch", pytorch, "torch"),
                Contender("JAX, jitted", jax, "jax"),
            ),
            units=1e9 / LANES,
            most=9.0,
        ),
    ),
    notes=("NumPy, by hand: the expression is simplified and differentiated on paper first.",),
)
CALL: Final = Race(
    heading="the same expression, called once with two floats",
    unit="µs",
    cases=(
        Case(
            title="one call",
            scalars=one,
            contenders=(
                Contender(OURS, ours_called),
                Contender("plain floats, by hand", floats),
                Contender("ours, recorded each time", partial(from_first_table, expression.ours)),
                Contender("PyTorch", pytorch_called, "torch"),
                Contender("JAX, jitted", partial(from_first_table, expression.jax_floats), "jax"),
            ),
            units=1e6,
            most=0.6,
        ),
    ),
)
