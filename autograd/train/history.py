"""The course of a training.

>>> from autograd.train.history import History
>>> History([1.5, 0.25], "threshold", validation=[2.0, 0.5], metrics={"accuracy": [0.5, 1.0]})
History(2 epochs, loss 1.5 → 0.25, validation 2 → 0.5, accuracy 0.5 → 1, stopped by threshold)
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

from autograd.wording import counted, wrapped

if TYPE_CHECKING:
    from autograd.show.pictures.picture import Drawing

End: TypeAlias = Literal["epochs", "threshold", "callback", "interrupt", "divergence"]


@dataclass(repr=False)
class History:
    """The course of a training, with a number for each finished epoch in each list, and the way it ended.

    A notebook shows the curves of `draw`.
    """

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

    def draw(self, *, title: str | None = None) -> "Drawing":
        """The losses over the epochs as curves, and below them each metric; the title says how the training ended.

        ValueError if no epoch is finished.

        >>> History([1.5, 0.25, 0.125], metrics={"accuracy": [0.5, 0.75, 1.0]}).draw()
        Drawing('3 epochs', loss 1.5 → 0.125, accuracy 0.5 → 1): a picture, saved with .save("graph.svg")
        """
        from autograd.show.pictures.chart import draw_panels

        if not self.losses:
            raise ValueError(f"draw: the training has no finished epoch; it was stopped by {self.stopped_by}")
        epochs = counted(len(self.losses), "epoch")
        if title is None:
            title = epochs if self.stopped_by == "epochs" else f"{epochs}, stopped by {self.stopped_by}"
        metrics = [{name: row} for name, row in self.metrics.items() if row]
        summary = f"Drawing({', '.join([repr(title), *self._ways()])})"
        return draw_panels([self._losses(), *metrics], summary, title=title, across="epoch", start=1)

    def _repr_svg_(self) -> str | None:
        try:
            return self.draw()._repr_svg_()
        except Exception:  # A notebook shows the text then.
            return None

    def _losses(self) -> dict[str, list[float]]:
        return {"loss": self.losses, **({"validation": self.validation} if self.validation else {})}

    def _ways(self) -> list[str]:
        rows = [*self._losses().items(), *self.metrics.items()]
        return [f"{name} {row[0]:.3g} → {row[-1]:.3g}" if row else f"no {name}" for name, row in rows]

    def __repr__(self) -> str:
        parts = [counted(len(self.losses), "epoch"), *self._ways(), f"stopped by {self.stopped_by}"]
        return "\n".join([wrapped(f"History({', '.join(parts)})"), *([self.reason] if self.reason else [])])
