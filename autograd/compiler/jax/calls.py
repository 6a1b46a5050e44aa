"""The code of a program as calls of JAX with arrays of NumPy.

Importing this module imports JAX.
"""

from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from autograd.compiler.binding import Bound
from autograd.compiler.jax.function import made
from autograd.compiler.jax.text import Signature, text_of
from autograd.compiler.jax.trees import joined, named, of_code, precision
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import Named, Slots


class Call:
    """The roots of batches, and their gradients, as functions that are compiled for each number of examples."""

    def __init__(self, code: Code) -> None:
        self._dtype, sizes = code.dtype, code.program.sizes
        self._slots, self._roots = sizes["x"], code.program.roots.index.size
        self._own = of_code(code)
        inputs = [Named("inputs", Slots("x", np.arange(self._slots)))]
        self.wanted = code.wanted
        signature = Signature("gradient", named(self._own), inputs, None, f"bound {code.wanted}")
        text = text_of(code.program, signature, self._dtype)
        self.source, function = text.source, made(text)
        self._both = jax.jit(lambda tree, inputs, seed: function(tree, inputs.T, seed))
        self._value = jax.jit(lambda tree, inputs, seed: function(tree, inputs.T, seed)[0])

    def bind(self, n: int, parameters: NDArray[Any], gradient: NDArray[Any]) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are read and written in place."""
        inputs, seed = np.zeros((self._slots, n), self._dtype), np.ones(1, self._dtype)
        roots, slopes = np.zeros((self._roots, n), self._dtype), np.zeros_like(inputs)

        def run(function: Any) -> Any:
            tree = {name: parameters[index] for name, index in self._own}
            with precision(self._dtype):
                return function(tree, inputs, seed[0])

        def forward() -> None:
            roots[:] = np.asarray(run(self._value)).T

        def both() -> None:
            found, by_parameters, by_inputs = run(self._both)
            roots[:] = np.asarray(found).T
            if by_parameters is not None:
                joined(by_parameters, self._own, gradient)
            if by_inputs is not None:
                slopes[:] = np.asarray(by_inputs).T

        of_inputs = slopes if self.wanted in ("inputs", "both") else None
        return Bound(inputs, seed, roots, of_inputs, forward, both, None if self.wanted == "nothing" else both)
