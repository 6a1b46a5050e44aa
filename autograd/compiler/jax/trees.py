"""The parameters of a program as arrays of JAX by name, and back.

Importing this module imports JAX.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from autograd.arguments import described
from autograd.compiler.pipeline import Code
from autograd.compiler.statements import Entries, Named, Slots, entries

if TYPE_CHECKING:
    from autograd.compiler.program import Program

Tree: TypeAlias = dict[str, Any]
"""Arrays by name."""


def of_program(program: "Program") -> Entries:
    """The arrays of a program's parameters."""
    return entries(program._parameters.names, len(program.parameters))


def of_code(code: Code) -> Entries:
    """The arrays of the parameters that code reads."""
    return entries([named for named in code.program.names if named.slots.space == "p"], code.program.sizes["p"])


def named(own: Entries) -> list[Named]:
    """Arrays of parameters as slots of an array program."""
    return [Named(name, Slots("p", index)) for name, index in own]


def taken(program: "Program") -> Tree:
    """The parameters of a program."""
    return split(program.parameters, of_program(program))


def put(tree: Mapping[str, Any], program: "Program") -> None:
    """Write a tree into the parameters of a program; ValueError if it has other names or shapes."""
    joined(tree, of_program(program), program.parameters)


def split(vector: NDArray[Any], own: Entries) -> Tree:
    """The tree of a vector, in its type."""
    with precision(str(vector.dtype)):
        return {name: jnp.array(vector[index]) for name, index in own}


def joined(tree: Mapping[str, Any], own: Entries, out: NDArray[Any]) -> None:
    """Write the numbers of a tree into a vector; the errors of `check`."""
    check(tree, own)
    arrays = {name: np.asarray(array) for name, array in tree.items()}
    for name, index in own:
        out[index] = arrays[name]


def check(tree: object, own: Entries) -> None:
    """TypeError for parameters that are no dictionary, ValueError for other names or shapes than the program's."""
    if not isinstance(tree, Mapping):
        raise TypeError(f"the parameters are a dictionary of arrays, as program.jax_parameters, not {described(tree)}")
    known = [name for name, _ in own]
    if {*tree} != {*known}:
        raise ValueError(f"the tree has the names {', '.join(map(str, tree))}, and the program has {', '.join(known)}")
    for name, index in own:
        if (shape := np.shape(tree[name])) != index.shape:
            raise ValueError(f"{name} has the shape {index.shape}, and in the tree {shape}")


def precision(dtype: str) -> Any:
    """A context in which JAX has numbers of a type, whatever its setting is; the setting stays as it is."""
    return jax.enable_x64(dtype == "float64")
