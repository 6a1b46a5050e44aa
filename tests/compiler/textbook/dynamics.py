"""Three systems that move in steps: a logistic map, predators and prey, and the price of an asset.

Sources: R. May (1976); V. Volterra (1926) with the steps of W. Kutta (1901); S. Heston (1993) by Euler's steps.
"""

import math
from typing import Any

import numpy as np

from autograd import Value
from tests.compiler.textbook.lesson import Lesson

# ── a logistic map of 300 steps, with a rate below chaos ──

STEPS = 300


def logistic(x: Value, wanted: Value, p: Any) -> Value:
    for _ in range(STEPS):
        x = p["rate"] * x * (1 - x)
    return (x - wanted) ** 2


def numpy_logistic(x: Any, wanted: Any, p: Any) -> Any:
    for _ in range(STEPS):
        x = p["rate"] * x - p["rate"] * x * x
    return (x - wanted) ** 2


LOGISTIC = Lesson(
    "logistic map",
    logistic,
    ((), ()),
    {"rate": 3.2},
    lambda rng, n: [rng.uniform(0.1, 0.9, n), rng.uniform(0.0, 1.0, n)],
    numpy_logistic,
)

# ── predators and prey ──

RECORDS, BETWEEN = 8, 5
STEP = 0.1


def slope(x: Any, y: Any, p: Any) -> tuple[Any, Any]:
    return p["birth"] * x - p["eaten"] * x * y, p["growth"] * x * y - p["death"] * y


def runge_kutta(x: Any, y: Any, p: Any) -> tuple[Any, Any]:
    ax, ay = slope(x, y, p)
    bx, by = slope(x + STEP / 2 * ax, y + STEP / 2 * ay, p)
    cx, cy = slope(x + STEP / 2 * bx, y + STEP / 2 * by, p)
    dx, dy = slope(x + STEP * cx, y + STEP * cy, p)
    return x + STEP / 6 * (ax + 2 * bx + 2 * cx + dx), y + STEP / 6 * (ay + 2 * by + 2 * cy + dy)


def prey(start: list[Value], records: list[list[Value]], p: Any) -> Value:
    x, y = start
    error: Any = 0.0
    for record in records:
        for _ in range(BETWEEN):
            x, y = runge_kutta(x, y, p)
        error = error + (x - record[0]) ** 2 + (y - record[1]) ** 2
    return error / len(records)  # type: ignore[no-any-return]


def numpy_prey(start: Any, records: Any, p: Any) -> Any:
    def f(s: Any) -> Any:
        return s * (np.array([p["birth"], -p["death"]]) + np.array([-p["eaten"], p["growth"]]) * s[::-1])

    s, error = start, 0.0
    for record in records:
        for _ in range(BETWEEN):
            a = f(s)
            b = f(s + a * (STEP / 2))
            c = f(s + b * (STEP / 2))
            s = s + (a + 2 * b + 2 * c + f(s + c * STEP)) * (STEP / 6)
        error = error + ((s - record) ** 2).sum()
    return error / RECORDS


PREY = Lesson(
    "Lotka-Volterra fit",
    prey,
    ((2,), (RECORDS, 2)),
    {"birth": 1.1, "eaten": 0.4, "growth": 0.1, "death": 0.4},
    lambda rng, n: [rng.uniform(1.0, 6.0, (n, 2)), rng.uniform(1.0, 6.0, (n, RECORDS, 2))],
    numpy_prey,
)

# ── the price of a call under a volatility that moves ──

DAYS = 50
YEAR = 1.0
STRIKE = 90.0


def heston(normals: list[list[Value]], p: Any) -> Value:
    dt = YEAR / DAYS
    logarithm, variance = p["spot"].log(), p["variance"]
    across = (1 - p["correlation"] ** 2).sqrt()
    for first, second in normals:
        positive = variance.relu()
        root = (positive * dt).sqrt()
        logarithm = logarithm - 0.5 * positive * dt + root * first
        shock = p["correlation"] * first + across * second
        variance = variance + p["speed"] * (p["mean"] - positive) * dt + p["wildness"] * root * shock
    return (logarithm.exp() - STRIKE).relu()  # type: ignore[no-any-return]


def numpy_heston(normals: Any, p: Any) -> Any:
    dt = YEAR / DAYS
    moves = 0.0
    v, rho = p["variance"], p["correlation"]
    for z1, z2 in normals:
        u = v if np.real(v) > 0.0 else 0.0
        root = u**0.5 * math.sqrt(dt)
        moves = moves + root * z1 - u * (dt / 2)
        v = v + p["speed"] * (p["mean"] - u) * dt + p["wildness"] * root * (rho * z1 + (1 - rho * rho) ** 0.5 * z2)
    price = p["spot"] * np.exp(moves)
    return price - STRIKE if np.real(price) > STRIKE else 0.0 * price


HESTON = Lesson(
    "Heston call",
    heston,
    ((DAYS, 2),),
    {"spot": 115.0, "variance": 0.09, "mean": 0.08, "speed": 1.5, "wildness": 0.3, "correlation": -0.6},
    lambda rng, n: [rng.normal(size=(n, DAYS, 2))],
    numpy_heston,
)
LESSONS = (LOGISTIC, PREY, HESTON)
