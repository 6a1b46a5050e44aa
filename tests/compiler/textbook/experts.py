"""A mixture of experts: a softmax gate weighs the outputs of four small networks.

Source: R. Jacobs et al., Adaptive Mixtures of Local Experts (1991).
"""

from importlib import import_module
from typing import Any

from autograd import Value, dot, log_softmax, softmax
from tests.compiler.textbook.lesson import Lesson, one_hot, uniform

WIDTH, EXPERTS, HIDDEN, CLASSES = 8, 4, 8, 3


def loss(x: list[Value], target: list[Value], p: Any) -> Value:
    gate = softmax([dot(row, x) for row in p["gate"]])
    logits: list[Any] = [0.0] * CLASSES
    for g, inner, bias, outer in zip(gate, p["inner"], p["bias"], p["outer"], strict=True):
        hidden = [(dot(row, x) + b).relu() for row, b in zip(inner, bias, strict=True)]
        for k in range(CLASSES):
            logits[k] = logits[k] + g * dot(outer[k], hidden)
    return -dot(target, log_softmax(logits))


def torch_loss(x: Any, target: Any, p: Any) -> Any:
    torch: Any = import_module("torch")

    gate = torch.softmax(p["gate"] @ x, 0)
    hidden = torch.relu(torch.einsum("ehw,w->eh", p["inner"], x) + p["bias"])
    logits = torch.einsum("e,ech,eh->c", gate, p["outer"], hidden)
    return -(target * torch.log_softmax(logits, 0)).sum()


PARAMETERS = {
    "gate": uniform(1, EXPERTS, WIDTH),
    "inner": uniform(2, EXPERTS, HIDDEN, WIDTH),
    "bias": uniform(3, EXPERTS, HIDDEN),
    "outer": uniform(4, EXPERTS, CLASSES, HIDDEN),
}
LESSON = Lesson(
    "mixture of experts",
    loss,
    ((WIDTH,), (CLASSES,)),
    PARAMETERS,
    lambda rng, n: [rng.normal(size=(n, WIDTH)), one_hot(rng, n, CLASSES)],
    torch=torch_loss,
)
