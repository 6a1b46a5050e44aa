"""The course of a training.

>>> from autograd.train.history import History
>>> History([1.5, 0.25], "threshold", validation=[2.0, 0.5], metrics={"accuracy": [0.5, 1.0]})
History(2 epochs, loss 1.5 → 0.25, validation 2 → 0.5, accuracy 0.5 → 1, stopped by threshold)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from autograd.wording import counted, wrapped

End: TypeAlias = Literal["epochs", "threshold", "callback", "interrupt", "divergence"]


@dataclass(repr=False)
class History:
    """The course of a training, with a number for each finished epoch in each list, and the way it ended."""

    losses: list[float] = field(default_factory=list)
    stopped_by: End = "epochs"
    validation: list[float] = field(default_factory=list)
    """The losses of the validation rows, if there are any."""
    metrics: dict[str, list[float]] = field(default_factory=dict)
    """The numbers of each metric by its name."""
    reason: str = ""
    """The place where a training diverged, as text."""

    def add(self, loss: float, validation: float | None, metrics: Mapping[str, float]) -> None:
        """Add the numbers of an epoch."""
        self.losses.append(loss)
        if validation is not None:
            self.validation.append(validation)
        for name, number in metrics.items():
            self.metrics[name].append(number)

    def __repr__(self) -> str:
        rows = {"loss": self.losses, **({"validation": self.validation} if self.validation else {}), **self.metrics}
        ways = [f"{name} {row[0]:.3g} → {row[-1]:.3g}" if row else f"no {name}" for name, row in rows.items()]
        parts = [counted(len(self.losses), "epoch"), *ways, f"stopped by {self.stopped_by}"]
        return "\n".join([wrapped(f"History({', '.join(parts)})"), *([self.reason] if self.reason else [])])
