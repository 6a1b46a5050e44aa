"""Functions of C over vectors of lanes, compiled for a test, as functions of arrays."""

import ctypes
import platform
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np
import pytest

from autograd.compiler.native.words import FLAGS, HERE, header

Real: TypeAlias = Literal["double", "float"]
DTYPE: Final[dict[Real, Any]] = {"double": np.float64, "float": np.float32}
COMPILER: Final = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
WARNINGS: Final = ("-Wall", "-Wextra", "-Werror")
CALLED: Final = ("-DWORD=__attribute__((noinline,unused)) static", "-O1")
"""Words are called, so that hundreds of functions are compiled in a second or two."""
LIMIT: Final = 300.0
"""Seconds for a compiler on a machine with other work."""
needs_compiler: Final = pytest.mark.skipif(COMPILER is None, reason="there is no C compiler here")


class Kind(NamedTuple):
    """Vectors that are compiled for: of which numbers, how many, and for which processor."""

    real: Real
    lanes: int
    flags: tuple[str, ...] = (HERE,)

    def __str__(self) -> str:
        return " ".join((self.real, str(self.lanes), *self.flags)).replace(" -", " ")


def kinds() -> list[Kind]:
    """Those of which code can run here: with all instructions of this processor, with fewer, and with none by name."""
    found = [*(Kind("double", lanes) for lanes in (1, 4, 8)), *(Kind("float", lanes) for lanes in (1, 8, 16))]
    if {"avx2", "fma"} <= _instructions():
        found += [Kind("double", 4, ("-mavx2", "-mfma")), Kind("float", 8, ("-mavx2", "-mfma"))]
    return [*found, Kind("double", 2, ()), Kind("float", 4, ()), Kind("double", 2, ("-DPORTABLE",))]


def _instructions() -> set[str]:
    """The words for what a processor can do, where the system tells them."""
    file = Path("/proc/cpuinfo")
    x86 = platform.machine() in ("x86_64", "AMD64") and file.exists()
    return {*file.read_text(encoding="utf-8").split()} if x86 else set()


class Function(NamedTuple):
    """A text over V for each result, and the names of its operands."""

    operands: Sequence[str]
    results: Sequence[str]
    before: Sequence[str] = ()

    def text(self, name: str) -> str:
        """C that works on rows of n numbers, the last vector in part."""
        lines = [f"const V {x} = take(from + {i} * n + at, n - at);" for i, x in enumerate(self.operands)]
        lines += [f"(void){x};" for x in self.operands]
        lines += [*self.before, "(void)from;"]
        lines += [f"put(to + {i} * n + at, {text}, n - at);" for i, text in enumerate(self.results)]
        body = "\n        ".join(["for (long at = 0; at < n; at += LANES) {", *lines])
        return f"void {name}(long n, const REAL *from, REAL *to) {{\n    {body}\n    }}\n}}\n"


_ENDS: Final = """
APART V take(const REAL *x, long n) { return n < LANES ? load_part(x, (int)n) : load(x); }
APART void put(REAL *z, V v, long n) {
    if (n < LANES)
        store_part(z, v, (int)n);
    else
        store(z, v);
}
"""


def compiled(functions: Mapping[str, Function], kind: Kind, *flags: str) -> dict[str, Callable[..., Any]]:
    """Functions of rows of numbers, one for each operand, that return rows of results."""
    text = header(kind.real, kind.lanes) + _ENDS + "\n".join(f.text(f"on_rows_{name}") for name, f in functions.items())
    library = build(text, (*kind.flags, *flags))
    return {name: _called(library, name, len(f.results), kind.real) for name, f in functions.items()}


def _called(library: ctypes.CDLL, name: str, results: int, real: Real) -> Callable[..., Any]:
    def call(*rows: Any) -> Any:
        with np.errstate(over="ignore"):
            x = np.ascontiguousarray(np.array(rows, DTYPE[real]))
        z = np.full((results, x.shape[-1]), 7.0, DTYPE[real])
        n, *places = ctypes.c_long(x.shape[-1]), *(ctypes.c_void_p(rows.ctypes.data) for rows in (x, z))
        getattr(library, f"on_rows_{name}")(n, *places)
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
        made = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=False)
        assert made.returncode == 0, made.stderr[:4000]
        return ctypes.CDLL(str(library))
