"""The cost of aligning two sequences, by dynamic programming with soft minima.

Sources: S. Needleman, C. Wunsch (1970); M. Cuturi, M. Blondel, Soft-DTW (2017).
"""

from typing import Any

import numpy as np

from autograd import Value, logsumexp
from tests.compiler.textbook.lesson import Lesson, normal

FIRST, SECOND, WIDTH = 7, 6, 2


def loss(first: list[list[Value]], second: list[list[Value]], p: Any) -> Value:
    gap, sharpness = p["gap"].softplus(), p["sharpness"].exp()
    table: list[list[Any]] = [[j * gap for j in range(SECOND + 1)]]
    for i, x in enumerate(first, start=1):
        row = [i * gap]
        for j, y in enumerate(second, start=1):
            match = sum((w * (a - b) ** 2 for w, a, b in zip(p["weights"], x, y, strict=True)), 0.0)
            ways = [table[i - 1][j - 1] + match, table[i - 1][j] + gap, row[j - 1] + gap]
            row.append(-logsumexp([-(c * sharpness) for c in ways]) / sharpness)
        table.append(row)
    return table[FIRST][SECOND]  # type: ignore[no-any-return]


def numpy_loss(first: Any, second: Any, p: Any) -> Any:
    """The sum over all alignments, of products of what their steps weigh."""
    gap, sharpness = np.log(1 + np.exp(p["gap"])), np.exp(p["sharpness"])
    skip = np.exp(-sharpness * gap)
    match = np.exp(-sharpness * (((first[:, None] - second[None]) ** 2) * p["weights"]).sum(axis=2))
    # On the borders there is one way; the textbook's table starts so.
    weights = np.zeros((FIRST + 1, SECOND + 1), dtype=match.dtype)
    weights[0], weights[:, 0] = skip ** np.arange(SECOND + 1), skip ** np.arange(FIRST + 1)
    for i in range(1, FIRST + 1):
        for j in range(1, SECOND + 1):
            beside = weights[i - 1, j] + weights[i, j - 1]
            weights[i, j] = weights[i - 1, j - 1] * match[i - 1, j - 1] + beside * skip
    return -np.log(weights[FIRST, SECOND]) / sharpness


PARAMETERS = {"gap": 0.5, "sharpness": 0.3, "weights": [0.7, 1.3]}
SHAPES = ((FIRST, WIDTH), (SECOND, WIDTH))
LESSON = Lesson("alignment by soft minima", loss, SHAPES, PARAMETERS, normal(*SHAPES), numpy_loss)
