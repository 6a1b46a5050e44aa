"""The calls of a program as pure functions of JAX.

>>> import autograd
>>> w, x = autograd.Value(2.0), autograd.inputs()
>>> program = autograd.compile((w * x).square(), (x,), parameters={"w": w}, dtype="float32")
>>> function = jax.jit(program.jax())
>>> value, gradient = function(program.jax_parameters, [1.0, 3.0])
>>> float(value), float(gradient["w"])
(20.0, 20.0)

Importing this module imports JAX.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, get_args

import jax
import jax.numpy as jnp
import numpy as np

from autograd.arguments import known
from autograd.compiler.jax.program import JaxCode
from autograd.compiler.jax.text import Kind, Signature, Text, text_of
from autograd.compiler.jax.trees import check, named, of_program
from autograd.compiler.jax.words import WORDS
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import Named, Slots
from autograd.wording import Text as Shown
from autograd.wording import counted

if TYPE_CHECKING:
    from autograd.compiler.batches import Part
    from autograd.compiler.program import Program

_PARTS: Final[Mapping[Kind, Any]] = {
    "value_and_grad": "loss",
    "per_example": "examples",
    "gradient_of_inputs": "inputs",
    "outputs": "outputs",
}


def _code(part: "Part") -> Code:
    """The code for arrays of a part, whatever runs it."""
    if isinstance(part.code, JaxCode):
        return part.code.code
    return part.code if isinstance(part.code, Code) else Code(part.recording, part.wanted, str(part.vector.dtype))


def made(text: Text) -> Callable[..., Any]:
    """The function of a text."""
    names: dict[str, Any] = {word: WORDS[word] for word in text.words} | text.tables
    exec(compile(text.source, f"<{text.name} for JAX>", "exec"), names)
    function: Callable[..., Any] = names[text.name]
    return function


class Function:
    """A call of a program as a pure function of arrays: `function(parameters, *inputs)`.

    It may be transformed by `jax.jit`, `jax.vmap` and the like. `source` is its text.
    """

    def __init__(self, program: "Program", kind: Kind, *, exact: bool = False) -> None:
        known("call", kind, get_args(Kind))
        if kind == "value_and_grad" and program._main != "loss":
            kind = "per_example" if program._main == "examples" else "gradient_of_inputs"
        part = program._part(_PARTS[kind])
        code = _code(part)
        code = code.exactly() if exact else code
        self._arguments = part.arguments[:-1] if kind == "per_example" else part.arguments
        self._all = program._graph.arguments
        self._entries = of_program(program) if kind != "gradient_of_inputs" or program.parameters.size else []
        self.dtype = str(program.parameters.dtype)
        signature = self._signature(program, kind, code)
        self._text = text_of(code.program, signature, self.dtype)
        self._on_batches = made(self._text)
        self.__name__ = kind

    def _signature(self, program: "Program", kind: Kind, code: Code) -> Signature:
        count = len(self._arguments)
        inputs = code.program.names[:count]
        if kind == "per_example":
            start = sum(len(a.leaves) for a in self._arguments)
            own = [Named(name, Slots("x", code.input_slots[index + start])) for name, index in self._entries]
        else:
            own = named(self._entries)
        results = {"gradient_of_inputs": "inputs", "outputs": "outputs"}.get(kind, "parameters")
        reduce = None if kind in ("per_example", "outputs") else program.reduce
        shapes, start = [], 0
        if kind == "outputs":
            for row, shape in program._graph.rows():
                shapes.append((np.arange(start, start + len(row)), shape))
                start += len(row)
        return Signature(kind, own, inputs, reduce, results, shapes)

    @property
    def source(self) -> Shown:
        """The text, for batches."""
        return Shown(self._text.source)

    def __call__(self, *arguments: Any) -> Any:
        """The results for a batch, or for one example without its axis."""
        if self.dtype == "float64" and not jax.config.jax_enable_x64:
            _refuse()
        own = 1 if self._entries else 0
        if len(arguments) == own + len(self._all):  # Outputs may depend on some of the inputs only.
            pairs = zip(arguments[own:], self._all, strict=True)
            arguments = *arguments[:own], *(array for array, a in pairs if a in self._arguments)
        if len(arguments) != own + len(self._arguments):
            names = ", ".join(["parameters"] * own + [a.name for a in self._arguments])
            raise TypeError(f"{self.__name__} takes {names}, not {counted(len(arguments), 'argument')}")
        if own:
            check(arguments[0], self._entries)
        arrays = [jnp.asarray(array, self.dtype) for array in arguments[own:]]
        single = all(array.shape == a.shape for array, a in zip(arrays, self._arguments, strict=True))
        if single:
            arrays = [array[None] for array in arrays]
        self._check(arrays)
        found = self._on_batches(*arguments[:own], *arrays)
        found = jax.tree.map(lambda x: jnp.asarray(x, self.dtype), found)
        return self._of_one(found) if single else found

    def _check(self, arrays: Sequence[Any]) -> None:
        n = arrays[0].shape[:1]
        for array, a in zip(arrays, self._arguments, strict=True):
            if array.shape != (*n, *a.shape) or not n:
                raise ValueError(f"{self.__name__} takes {a}, and not {array.shape}; N is the same for all")

    def _of_one(self, found: Any) -> Any:
        """The results of one example, without the axis of the batch."""
        if self.__name__ in ("per_example", "outputs"):
            return jax.tree.map(lambda x: x[0], found)
        value, gradient = found
        value = value[0] if value.ndim else value
        if self.__name__ == "gradient_of_inputs":
            gradient = jax.tree.map(lambda x: x[0], gradient)
        return value, gradient


def _refuse() -> NoReturn:
    raise TypeError(
        "the program computes in float64, which JAX has turned off: call jax.config.update('jax_enable_x64', True) "
        "at the start, or use `with jax.enable_x64(True):`, or compile with dtype='float32'"
    )
