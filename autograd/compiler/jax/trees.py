"""The parameters of a program as arrays of JAX by name, and back.

Importing this module imports JAX.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from autograd.compiler.statements import Entries, entries

if TYPE_CHECKING:
    from autograd.compiler.program import Program

Tree: TypeAlias = dict[str, Any]
"""Arrays by name."""


def of_program(program: "Program") -> Entries:
    """The arrays of a program's parameters."""
    return entries(program._parameters.names, len(program.parameters))


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
    """Write the numbers of a tree into a vector; ValueError if it has other names or shapes."""
    if {*tree} != {name for name, _ in own}:
        known = ", ".join(name for name, _ in own)
        raise ValueError(f"the tree has the names {', '.join(map(str, tree))}, and the program has {known}")
    arrays = {name: np.asarray(array) for name, array in tree.items()}
    for name, index in own:
        if arrays[name].shape != index.shape:
            raise ValueError(f"{name} has the shape {index.shape}, and in the tree {arrays[name].shape}")
    for name, index in own:
        out[index] = arrays[name]


def precision(dtype: str) -> Any:
    """A context in which JAX has numbers of a type, whatever its setting is; the setting stays as it is."""
    return jax.enable_x64(dtype == "float64")
