"""A training of a compiled program, on whole arrays.

>>> import autograd
>>> from autograd import losses, nn, optim
>>> from autograd.train.compiled import Compiled
>>> model, x, t = nn.Neuron(1, nonlin=False, init="zeros"), autograd.inputs(1), autograd.inputs(name="t")
>>> program = autograd.compile(losses.mse(model(x), t), (x, t), parameters=model)
>>> Compiled(program, [([1.0], 2.0)], optim.SGD(program), None).differentiate(0, 1)
4.0
"""

from random import Random
from typing import TYPE_CHECKING, Any

from autograd.train.epochs import Slices
from autograd.train.loader import Loader
from autograd.train.slips import Metrics, optimizer_of, rows_of
from autograd.wording import indexed

if TYPE_CHECKING:
    from autograd.compiler.program import Program


class Compiled:
    """The rows of a training, its step, and the gradient of each batch of rows."""

    def __init__(self, program: "Program", data: Any, loss: Any, optimizer: Any) -> None:
        if loss is not None and optimizer is not None:
            raise TypeError("fit takes no loss with a program, which contains it; pass program, data, optimizer")
        optimizer = optimizer_of(loss if optimizer is None else optimizer, "program")
        from autograd.compiler.training import Training

        n, order = len(program.shapes), None
        if isinstance(data, Loader):
            data, order = data.columns, data.order
        arrays = isinstance(data, tuple) and len(data) == n and not any(isinstance(part, tuple) for part in data)
        columns = data if arrays else zip(*rows_of(data, n, "pass columns as a tuple, (X, Y)"), strict=True)
        self.columns = [*columns]
        self.program, self.training = program, Training(program, self.columns, optimizer, order)
        self.rows, self.step, self.shuffle = self.training.rows, self.training.step, self.training.shuffle
        self.differentiate = self.training.differentiate

    def slices(self, size: int, draws: Random | None, limit: float) -> Slices | None:
        """The epochs of batches of some size, where the back end of the program makes many steps in one call."""
        loop = self.training.loop(size, draws, limit)
        return None if loop is None else Slices(loop, self.training.check)

    def broken(self) -> str:
        """The first parameter that isn't finite, with its number; empty if all are."""
        parameters = self.program.parameters
        import numpy as np

        if np.isfinite(parameters).all():
            return ""
        for name, view in {**self.program.views, "parameters": parameters}.items():
            for place in np.argwhere(~np.isfinite(view))[:1].tolist():
                return f"{indexed(name, place)} = {float(view[tuple(place)])}"
        return ""

    def measured(
        self, validation: "Compiled | None", metrics: Metrics, rows: int | None = None
    ) -> tuple[float | None, dict[str, float]]:
        """The loss of the validation, and the metrics of its rows, or else of the rows of the training.

        It is that of the first rows only, if their number is given.
        """
        of = self if validation is None else validation
        loss = None if validation is None else validation.training.value(rows)
        if not metrics:
            return loss, {}
        import numpy as np

        pairs = [*zip(listed(of.training.outputs(rows)), np.asarray(of.columns[-1])[:rows].tolist(), strict=True)]
        return loss, {name: over(pairs) for name, over in metrics.items()}


def listed(outputs: Any) -> list[Any]:
    """The outputs of a program, row by row: numbers, nested lists, or tuples for several outputs."""
    several = isinstance(outputs, tuple)
    return [*zip(*(part.tolist() for part in outputs), strict=True)] if several else outputs.tolist()
