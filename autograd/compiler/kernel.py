"""An array program ready to run: its text, made into functions for batches of any size."""

import ast
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np

from autograd.compiler.binding import Array, Bound
from autograd.compiler.module import Text
from autograd.compiler.statements import ArrayProgram
from autograd.compiler.text import text_of
from autograd.compiler.views import strided
from autograd.compiler.writing import namespace


class Kernel:
    """The NumPy text of an array program."""

    def __init__(self, program: ArrayProgram, dtype: str) -> None:
        self.program, self.dtype = program, np.dtype(dtype)

    @property
    def source(self) -> str:
        """The text for batches. When it runs, its numbers are arrays, as `_Quick` says; the results are the same."""
        return self._many.source

    @cached_property
    def _many(self) -> Text:
        return text_of(self.program, self.dtype.name, lanes=True)

    @cached_property
    def _bind_many(self) -> Callable[..., Any]:
        return self._made(self._many, "a batch")

    @cached_property
    def _bind_one(self) -> Callable[..., Any]:
        return self._made(text_of(self.program, self.dtype.name, lanes=False), "one example")

    def _made(self, text: Text, of: str) -> Callable[..., Any]:
        """The function that a text defines."""
        names: dict[str, Any] = namespace() | text.tables | {"strided": strided}
        tree = _Quick(names, self.dtype).visit(ast.parse(text.source))
        exec(compile(ast.fix_missing_locations(tree), f"<kernel for {of}>", "exec"), names)
        made: Callable[..., Any] = names["bind"]
        return made

    def bind(self, n: int, parameters: Array, gradient: Array) -> Bound:
        """Arrays and functions for n examples; parameters and gradient are flat, and read and written in place."""
        constants, seed = self.program.constants.astype(self.dtype), np.ones(1, self.dtype)
        make = self._bind_one if n == 1 else self._bind_many
        inputs, roots, slopes, forward, backward = make(n, parameters, gradient, constants, seed)
        if n == 1:
            inputs, roots, slopes = inputs[:, None], roots[:, None], slopes[:, None]
        by_inputs = any(s.out.space == "dx" for s in self.program.backward)
        return Bound(inputs, seed, roots, slopes if by_inputs else None, forward, backward)


class _Quick(ast.NodeTransformer):
    """The same calls of ufuncs, each quicker by a third where numbers are few.

    A float would be made an array for each call anew, so numbers become arrays without axes, here and once; and ufuncs
    are names, not attributes. NumPy has no vector code for the maximum or minimum of an array and a number, so outside
    loops the number gets an array as large as the result.
    """

    def __init__(self, names: dict[str, Any], dtype: np.dtype[Any]) -> None:
        self._names, self._dtype = names, dtype
        self._numbers: dict[str, str] = {}
        """The names of numbers, by their texts."""
        self._large: dict[str, str] = {}
        """The texts that make large arrays, by their names."""
        self._in_loop = False

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.FunctionDef:
        """The function; before the first inner one, the large arrays that those use."""
        self.generic_visit(node)
        inner = next((i for i, line in enumerate(node.body) if isinstance(line, ast.FunctionDef)), None)
        if inner is not None:
            node.body[inner:inner] = ast.parse("\n".join(f"{x} = {text}" for x, text in self._large.items())).body
        return node

    def visit_For(self, node: ast.For) -> ast.For:
        """The loop."""
        self._in_loop = True
        self.generic_visit(node)
        self._in_loop = False
        return node

    def visit_Call(self, node: ast.Call) -> ast.Call:
        """The call, if it is one of a ufunc, with other names."""
        match node.func:
            case ast.Attribute(ast.Name("np"), word) if isinstance(ufunc := getattr(np, word), np.ufunc):
                self._names[f"np_{word}"] = ufunc
                node.func = ast.Name(f"np_{word}", ast.Load())
                out = ast.unparse(node.keywords[0].value) if word in _SLOW and not self._in_loop else ""
                node.args = [self._argument(argument, out) for argument in node.args]
        return node

    def _argument(self, node: ast.expr, out: str) -> ast.expr:
        """An argument; a number as an array, of the shape of out if there is one."""
        try:
            number = float(ast.literal_eval(node))
        except ValueError:
            return node
        if (name := self._numbers.setdefault(repr(number), f"number_{len(self._numbers)}")) not in self._names:
            with np.errstate(over="ignore"):
                self._names[name] = np.array(number).astype(self._dtype)
        if out:
            self._large[f"{name}_like_{out}"] = f"np.full_like({out}, {name})"
            name = f"{name}_like_{out}"
        return ast.Name(name, ast.Load())


_SLOW: Final = ("maximum", "minimum")
