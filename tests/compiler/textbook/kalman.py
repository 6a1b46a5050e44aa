"""A Kalman filter follows position and speed through noisy positions; the loss is −log of their likelihood.

Source: R. Kalman (1960); the likelihood by its innovations is that of A. Harvey, Forecasting (1989), section 3.4.
"""

import math
from typing import Any

import numpy as np

from autograd import Value
from tests.compiler.textbook.lesson import Lesson, normal

STEPS = 15


def loss(observed: list[Value], p: Any) -> Value:
    q, r, dt = p["process"].exp(), p["measurement"].exp(), p["step"]
    x: list[Any] = [0.0, 0.0]
    cov: list[list[Any]] = [[1.0, 0.0], [0.0, 1.0]]
    total: Any = 0.0
    for z in observed:
        # predict: x = F·x and P = F·P·Fᵀ + Q, with F = [[1, dt], [0, 1]]
        x = [x[0] + dt * x[1], x[1]]
        half = [[cov[0][0] + dt * cov[1][0], cov[0][1] + dt * cov[1][1]], [cov[1][0], cov[1][1]]]
        cov = [
            [half[0][0] + half[0][1] * dt + q * dt**3 / 3, half[0][1] + q * dt**2 / 2],
            [half[1][0] + half[1][1] * dt + q * dt**2 / 2, half[1][1] + q * dt],
        ]
        # update
        innovation = z - x[0]
        s = cov[0][0] + r
        gain = [cov[0][0] / s, cov[1][0] / s]
        x = [x[0] + gain[0] * innovation, x[1] + gain[1] * innovation]
        cov = [
            [(1 - gain[0]) * cov[0][0], (1 - gain[0]) * cov[0][1]],
            [cov[1][0] - gain[1] * cov[0][0], cov[1][1] - gain[1] * cov[0][1]],
        ]
        total = total + 0.5 * (innovation * innovation / s + s.log() + math.log(2 * math.pi))
    return total  # type: ignore[no-any-return]


def numpy_loss(observed: Any, p: Any) -> Any:
    """The density of all observations at once, which are jointly normal."""
    q, r, dt = np.exp(p["process"]), np.exp(p["measurement"]), p["step"]
    move = np.array([[1.0, dt], [0.0, 1.0]])
    noise = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
    state = np.eye(2, dtype=move.dtype)
    states = []
    for _ in range(STEPS):
        state = move @ state @ move.T + noise
        states.append(state)
    cov = np.zeros((STEPS, STEPS), dtype=move.dtype)
    for i in range(STEPS):
        ahead = states[i]
        for j in range(i, STEPS):
            cov[i, j] = cov[j, i] = ahead[0, 0]
            ahead = move @ ahead
    cov = cov + r * np.eye(STEPS)
    spread = _log_det(cov)
    return 0.5 * (observed @ np.linalg.solve(cov, observed) + spread + STEPS * np.log(2 * np.pi))


def _log_det(a: Any) -> Any:
    """By elimination: a determinant's logarithm of complex numbers near the real axis."""
    a, found = a.copy(), 0.0
    for k in range(len(a)):
        found = found + np.log(a[k, k])
        a[k + 1 :] = a[k + 1 :] - np.outer(a[k + 1 :, k] / a[k, k], a[k])
    return found


PARAMETERS = {"process": -1.0, "measurement": -0.5, "step": 0.3}
LESSON = Lesson("Kalman filter", loss, ((STEPS,),), PARAMETERS, normal((STEPS,)), numpy_loss)
