"""A kernel that runs an array program statement by statement, as the statements say.

With it in place of the text, the tests find out whether a fault lies in the passes before the text or in the text.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from autograd.compiler import pipeline
from autograd.compiler.binding import Bound
from autograd.compiler.statements import LANES, ArrayProgram


class InterpretedKernel:
    """Stands for `autograd.compiler.kernel.Kernel`."""

    source = "interpreted"

    def __init__(self, program: ArrayProgram, dtype: str) -> None:
        self.program, self.dtype = program, np.dtype(dtype)

    def bind(self, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> Bound:
        """Buffers for n examples."""
        program = self.program
        inputs = np.zeros((program.sizes["x"], n), self.dtype)
        seed, roots = np.ones(1, self.dtype), np.zeros((len(program.roots.index), n), self.dtype)
        slopes = np.zeros_like(inputs)
        memory = program.memory(parameters, inputs, 1.0)
        memory = {q: numbers.astype(self.dtype) for q, numbers in memory.items()}
        for statement in program.setup:
            statement.run(memory)

        def forward() -> None:
            memory["p"] = parameters[:, None]
            memory["x"][:] = np.where(constant[:, None], memory["x"], inputs)
            for statement in program.forward:
                statement.run(memory)
            roots[:] = memory["v"][program.roots.index]

        def backward() -> None:
            memory["s"][:] = seed
            for q in program.sizes:
                memory[f"d{q}"][:] = np.nan  # whatever isn't written must not be read
            for statement in program.backward:
                statement.run(memory)
            gradient[:] = memory["dp"][:, 0]
            slopes[:] = memory["dx"]

        constant = np.zeros(len(inputs), bool)
        for statement in program.setup:
            if statement.out.space == "x":
                constant[statement.out.index] = True
        by_inputs = any(s.out.space == "dx" for s in program.backward)
        assert set(LANES) >= {"x", "v"}
        return Bound(inputs, seed, roots, slopes if by_inputs else None, forward, backward)


@contextmanager
def interpreted() -> Iterator[None]:
    """Let programs that are compiled inside run statement by statement, and none as Python over floats."""
    with patch.object(pipeline, "Kernel", InterpretedKernel), patch.object(pipeline.Code, "irregular", False):
        yield
