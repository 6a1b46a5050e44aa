"""Functions of C over vectors of lanes, compiled for a test, as functions of arrays."""

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, TypeAlias

import numpy as np
import pytest

from autograd.compiler.native.words import FLAGS, HERE, header

Real: TypeAlias = Literal["double", "float"]
DTYPE: Final = {"double": np.float64, "float": np.float32}
COMPILER: Final = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
WARNINGS: Final = ("-Wall", "-Wextra", "-Werror")
LIMIT: Final = 300.0
"""Seconds for a compiler that was given hundreds of functions, on a machine with other work."""
needs_compiler: Final = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here")


class Function:
    """A text over V for each result, and the names of its operands; those of a list have numbers behind them."""

    def __init__(self, operands: Sequence[str], results: Sequence[str], before: Sequence[str] = ()) -> None:
        self.operands, self.results, self.before = [*operands], [*results], [*before]

    def text(self, name: str) -> str:
        """C that works on rows of n numbers, the last vector in part."""
        lines = [f"        const V {x} = take(from + {i} * n + at, n - at);" for i, x in enumerate(self.operands)]
        lines += [f"        (void){x};" for x in self.operands]
        lines += [f"        {line}" for line in self.before]
        lines += [f"        put(to + {i} * n + at, {text}, n - at);" for i, text in enumerate(self.results)]
        lines.append("        (void)from;")
        head = f"void {name}(long n, const REAL *from, REAL *to) {{\n    for (long at = 0; at < n; at += LANES) {{\n"
        return head + "\n".join(lines) + "\n    }\n}\n"


_ENDS: Final = """
static inline V take(const REAL *x, long n) { return n < LANES ? load_part(x, (int)n) : load(x); }
static inline void put(REAL *z, V v, long n) {
    if (n < LANES)
        store_part(z, v, (int)n);
    else
        store(z, v);
}
"""


def compiled(
    functions: Mapping[str, Function], real: Real, lanes: int, flags: Sequence[str] = (HERE,)
) -> dict[str, Callable[..., Any]]:
    """Functions of rows of numbers, one for each operand, that return rows of results."""
    text = header(real, lanes) + _ENDS + "\n".join(f.text(name) for name, f in functions.items())
    library = build(text, tuple(flags))
    return {name: _called(library, name, len(f.results), real) for name, f in functions.items()}


def _called(library: ctypes.CDLL, name: str, results: int, real: Real) -> Callable[..., Any]:
    def call(*rows: Any) -> Any:
        x = np.ascontiguousarray(np.array(rows, DTYPE[real]))
        z = np.full((results, x.shape[-1]), 7.0, DTYPE[real])
        getattr(library, name)(
            ctypes.c_long(x.shape[-1]), x.ctypes.data_as(ctypes.c_void_p), z.ctypes.data_as(ctypes.c_void_p)
        )
        return z

    return call


@cache
def build(text: str, flags: tuple[str, ...]) -> ctypes.CDLL:
    """A library of some C; the compiler must find nothing to warn of."""
    assert COMPILER is not None
    with TemporaryDirectory() as folder:
        source, library = Path(folder, "lanes.c"), Path(folder, "lanes.so")
        source.write_text(text, encoding="utf-8")
        command = [COMPILER, *FLAGS, *flags, *WARNINGS, "-shared", "-fPIC", str(source), "-o", str(library), "-lm"]
        made = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
        assert made.returncode == 0, made.stderr[:4000]
        return ctypes.CDLL(str(library))
