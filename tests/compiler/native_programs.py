"""Programs of C written by hand, as the back ends make them, and the same in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

LINE = r"""
#include <stddef.h>
#ifndef ROOTS
#define ROOTS 2
#endif

static REAL output_of(const REAL *p, const REAL *x, long n) { return p[0] * x[0] + p[1] * x[n]; }

/* Each lane has the loss (a·x + b·y - t)² and, as a second root, the output a·x + b·y. */
void program_value(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL *roots) {
    (void)self;
    for (long i = first; i < stop; i++) {
        REAL output = output_of(p, x + i, n), error = output - x[2 * n + i];
        roots[i] = error * error;
        if (ROOTS == 2) roots[n + i] = output;
    }
}

void program_gradient(const void *self, long first, long stop, long n, const REAL *p, const REAL *x, REAL seed,
                      REAL *roots, REAL *dp, REAL *dx) {
    program_value(self, first, stop, n, p, x, roots);
    for (long i = first; i < stop; i++) {
        REAL slope = seed * 2 * (output_of(p, x + i, n) - x[2 * n + i]);
        if (dp != NULL) {
            dp[0] += slope * x[i];
            dp[1] += slope * x[n + i];
        }
        if (dx != NULL) {
            dx[i] = slope * p[0];
            dx[n + i] = slope * p[1];
            dx[2 * n + i] = -slope;
        }
    }
}

/* numbers are the rate of the step and the decay of the state. */
void program_update(const void *self, long count, REAL *p, const REAL *g, REAL *states, const REAL *numbers) {
    (void)self;
    for (long i = 0; i < count; i++) {
        states[i] = numbers[1] * states[i] + g[i];
        p[i] -= numbers[0] * states[i];
    }
}
"""

WAITING = r"""
/* Says in the second root that it runs, and waits until somebody changes the first one. */
void program_value(const void *self, long first, long stop, long n, const double *p, const double *x, double *roots) {
    (void)self, (void)first, (void)stop, (void)p, (void)x;
    volatile double *shared = roots;
    for (shared[n] = 1.0; shared[0] == 0.0;) continue;
}
"""


def files(text: str, dtype: str = "float64") -> dict[str, str]:
    """The files of a program in C."""
    return {"program.c": f"#define REAL {'double' if dtype == 'float64' else 'float'}\n{text}"}


def line(p: Array, x: Array) -> tuple[Array, Array]:
    """The roots of LINE, (2, n), and the gradients of the first one by the inputs, (3, n)."""
    output = p[0] * x[0] + p[1] * x[1]
    slope = 2.0 * (output - x[2])
    return np.stack([(output - x[2]) ** 2, output]), np.stack([slope * p[0], slope * p[1], -slope])


def line_by_parameters(p: Array, x: Array) -> Array:
    """The sums over all lanes of the gradients of the first root by the parameters."""
    slope = 2.0 * (p[0] * x[0] + p[1] * x[1] - x[2])
    return np.array([(slope * x[0]).sum(), (slope * x[1]).sum()])


class Steps:
    """The training of LINE by its update, whose rate falls from step to step."""

    def __init__(self, p: Array, columns: Array, rate: float, decay: float) -> None:
        self.p, self.columns, self.rate, self.decay = p.astype(float), columns, rate, decay
        self.states, self.gradient, self.steps = np.zeros(len(p)), np.zeros(len(p)), 0

    def numbers(self, start: int, count: int) -> Array:
        """The numbers of some steps."""
        steps = np.arange(start, start + count)
        return np.stack([self.rate / (steps + 1.0), np.full(count, self.decay)], axis=1)

    def epoch(self, size: int, order: list[int]) -> float:
        """Make the steps of an epoch, and return the mean loss of its rows."""
        total = 0.0
        for start in range(0, len(order), size):
            x = self.columns[:, order[start : start + size]]
            total += line(self.p, x)[0][0].sum() / len(order)
            self.gradient[:2] = line_by_parameters(self.p, x) / x.shape[1]
            self.states = self.decay * self.states + self.gradient
            self.p -= self.rate / (self.steps + 1) * self.states
            self.steps += 1
        return total
