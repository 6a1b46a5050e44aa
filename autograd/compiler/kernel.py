"""An array program ready to run: its text, made into functions for batches of any size."""

import ast
from collections.abc import Callable
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from autograd.compiler.module import Text
from autograd.compiler.statements import ArrayProgram
from autograd.compiler.text import text_of
from autograd.compiler.views import strided
from autograd.compiler.writing import namespace

Array = NDArray[Any]


class Bound(NamedTuple):
    """A kernel for one number of examples, with arrays of its own.

    Call both functions inside `np.errstate(all="ignore")`, backward once after each forward.
    """

    inputs: Array
    """(slots of x, n), for the caller to fill before forward."""
    seed: Array
    """(1,): the gradient of the loss by itself, for the caller to set."""
    roots: Array
    """(R, n), after forward."""
    input_gradient: Array | None
    """(slots of x, n), after backward."""
    forward: Callable[[], None]
    backward: Callable[[], None]
    """Overwrites all of the gradient."""


class Kernel:
    """The NumPy text of an array program."""

    def __init__(self, program: ArrayProgram, dtype: str) -> None:
        self.program, self.dtype = program, np.dtype(dtype)

    @property
    def source(self) -> str:
        """The text for batches."""
        return self._many.source

    @cached_property
    def _many(self) -> Text:
        return text_of(self.program, self.dtype.name, lanes=True)

    @cached_property
    def _one(self) -> Text:
        return text_of(self.program, self.dtype.name, lanes=False)

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are flat, and read and written in place."""
        text = self._one if n == 1 else self._many
        found: dict[str, Any] = namespace() | text.tables | {"strided": strided}
        tree = _Quick(found, self.dtype).visit(ast.parse(text.source))
        exec(compile(tree, f"<kernel for {'one example' if n == 1 else 'a batch'}>", "exec"), found)
        constants, seed = self.program.constants.astype(self.dtype), np.ones(1, self.dtype)
        inputs, roots, slopes, forward, backward = found["bind"](n, parameters, gradient, constants, seed)
        if n == 1:
            inputs, roots, slopes = inputs[:, None], roots[:, None], slopes[:, None]
        by_inputs = any(s.out.space == "dx" for s in self.program.backward)
        return Bound(inputs, seed, roots, slopes if by_inputs else None, forward, backward)


class _Quick(ast.NodeTransformer):
    """The same calls of ufuncs, each quicker by a third where numbers are few.

    A float is made an array for each call anew, so numbers become arrays without axes, here and once; and ufuncs are
    names, not attributes.
    """

    def __init__(self, names: dict[str, Any], dtype: np.dtype[Any]) -> None:
        self._names, self._dtype = names, dtype

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """The call, if it is one of a ufunc, with other names."""
        match node.func:
            case ast.Attribute(ast.Name("np"), word) if isinstance(ufunc := getattr(np, word), np.ufunc):
                self._names[f"np_{word}"] = ufunc
                node.func = ast.copy_location(ast.Name(f"np_{word}", ast.Load()), node)
                node.args = [self._argument(argument) for argument in node.args]
        return node

    def _argument(self, node: ast.expr) -> ast.expr:
        try:
            number = float(ast.literal_eval(node))
        except ValueError:
            return node
        with np.errstate(over="ignore"):
            name = f"number_{number!r}"
            self._names[name] = np.array(number).astype(self._dtype)
        return ast.copy_location(ast.Name(name, ast.Load()), node)
