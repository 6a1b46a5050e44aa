"""An arm of five links reaches for a point: the squared distance of its end, with limits of its joints.

Source: J. Craig, Introduction to Robotics (1986), chapter 4.
"""

from typing import Any

import numpy as np

from autograd import Value
from tests.compiler.textbook.lesson import Lesson, normal

LENGTHS = (1.0, 0.8, 0.6, 0.4, 0.2)
LIMIT = 1.2


def loss(target: list[Value], p: Any) -> Value:
    x: Any = 0.0
    y: Any = 0.0
    angle: Any = 0.0
    for length, joint in zip(LENGTHS, p["joints"], strict=True):
        angle = angle + joint
        x, y = x + length * angle.cos(), y + length * angle.sin()
    penalty: Any = 0.0
    for joint in p["joints"]:
        penalty = penalty + (abs(joint) - LIMIT).relu() ** 2
    return (x - target[0]) ** 2 + (y - target[1]) ** 2 + 10 * penalty  # type: ignore[no-any-return]


def numpy_loss(target: Any, p: Any) -> Any:
    joints = p["joints"]
    turned = np.cumsum(joints)
    x, y = (np.cos(turned) * LENGTHS).sum(), (np.sin(turned) * LENGTHS).sum()
    beyond = joints * np.sign(np.real(joints)) - LIMIT
    penalty = np.where(np.real(beyond) > 0.0, beyond, 0.0) ** 2
    return (x - target[0]) ** 2 + (y - target[1]) ** 2 + 10 * penalty.sum()


PARAMETERS = {"joints": [0.3, -0.5, 1.4, 0.2, -1.6]}
LESSON = Lesson("inverse kinematics", loss, ((2,),), PARAMETERS, normal((2,)), numpy_loss)
