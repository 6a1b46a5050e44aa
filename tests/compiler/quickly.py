"""C and JAX that are compiled in a fraction of the time, for programs that run once.

C is compiled without optimisation, from headers that were compiled before, for vectors of one length a program, which
is 1, 2, 4 or that of the processor. JAX gets the inputs as constants: XLA works out by its own evaluator all that it
would else make code for. The text of both is that of the users.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, Literal
from unittest.mock import patch
from zlib import crc32

import numpy as np

from autograd.compiler.native import program
from autograd.compiler.native.cache import SHARED
from autograd.compiler.native.compilers import compiler, run
from autograd.compiler.native.text import Text
from autograd.compiler.native.words import QUICK, header

LENGTHS: Final = (1, 2, 4, None)
"""Lanes of vectors."""
PLAIN: Final = ("-O0", *QUICK)
SECONDS: Final = 120.0
OF_XLA: Final = {
    "xla_backend_optimization_level": 0,
    "xla_llvm_disable_expensive_passes": True,
    "xla_cpu_use_fusion_emitters": False,
}
"""Options for the code that is still to be made."""


@contextmanager
def quickly(folder: Path) -> Iterator[None]:
    """Let C and JAX be compiled quickly inside; compiled headers are kept in the folder."""

    def files(text: Text, dtype: str, lanes: int | None = None) -> dict[str, str]:
        lanes = LENGTHS[crc32(text.source.encode()) % len(LENGTHS)]
        found = usual(text, dtype, lanes)
        name = _compiled_header("double" if dtype == "float64" else "float", lanes, folder)
        found["program.c"] = found["program.c"].replace('"words.h"', f'"{name}"')
        return found

    def options(text: Text, lanes: int | None = None) -> tuple[str, ...]:
        return *PLAIN, f"-I{folder}", "-Winvalid-pch", "-Werror=invalid-pch"

    usual = Text.files
    with (
        patch.object(Text, "files", files),
        patch.object(Text, "options", options),
        patch.object(program.Compiled, "lanes", lambda self, n: 0),
        _folded(),
    ):
        yield


@cache
def _compiled_header(real: Literal["double", "float"], lanes: int | None, folder: Path) -> str:
    """The name of a header in the folder, with its compiled form beside it."""
    name = f"words_{real}_{lanes}.h"
    if not Path(folder, f"{name}.gch").exists():
        folder.mkdir(exist_ok=True)
        part = f"{name}.{os.getpid()}"
        # Words are called, which makes a fifth of the code.
        text = header(real, lanes).replace(
            "__attribute__((always_inline, unused)) static inline", "UNUSED static inline"
        )
        Path(folder, part).write_text(text, encoding="utf-8")
        Path(folder, part).replace(folder / name)
        run((*compiler().words, *SHARED, *PLAIN, "-x", "c-header", name, "-o", part), folder, SECONDS)
        Path(folder, part).replace(folder / f"{name}.gch")
    return name


@contextmanager
def _folded() -> Iterator[None]:
    """Let calls of JAX be compiled for the numbers that they are called with."""
    try:
        import jax

        from autograd.compiler.jax import calls
    except ImportError:
        yield
        return

    def jit(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(tree: dict[str, Any], *arrays: Any) -> Any:
            constants = {name: np.array(x) for name, x in tree.items()}, *map(np.array, arrays)
            return jax.jit(lambda: function(*constants), compiler_options=OF_XLA)()

        return call

    with patch.object(calls, "jax", SimpleNamespace(jit=jit)):
        yield
