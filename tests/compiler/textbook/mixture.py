"""−log of the density of a point under a mixture of four normal distributions in the plane.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.
"""

import math
from typing import Any

import numpy as np

from autograd import Value, log_softmax, logsumexp
from tests.compiler.textbook.lesson import Lesson, normal, uniform

COMPONENTS, WIDTH = 4, 2


def loss(x: list[Value], p: Any) -> Value:
    scores = []
    for weight, mean, scale in zip(log_softmax(p["weights"]), p["means"], p["scales"], strict=True):
        score = weight
        for v, m, s in zip(x, mean, scale, strict=True):
            score = score - 0.5 * ((v - m) / s.exp()) ** 2 - s - 0.5 * math.log(2 * math.pi)
        scores.append(score)
    return -logsumexp(scores)


def numpy_loss(x: Any, p: Any) -> Any:
    weights = np.exp(p["weights"])
    deviations = np.exp(p["scales"])
    densities = np.exp(-(((x - p["means"]) / deviations) ** 2) / 2) / deviations / np.sqrt(2 * np.pi)
    return -np.log((weights / weights.sum()) @ densities.prod(axis=1))


PARAMETERS = {
    "weights": uniform(1, COMPONENTS),
    "means": uniform(2, COMPONENTS, WIDTH, bound=2.0),
    "scales": uniform(3, COMPONENTS, WIDTH),
}
LESSON = Lesson("Gaussian mixture", loss, ((WIDTH,),), PARAMETERS, normal((WIDTH,)), numpy_loss)
