"""C text as a back end: a program that the system's compiler makes, kept in the cache of compiled objects."""

from typing import Any

import numpy as np

from autograd.compiler.native.compilers import compiler
from autograd.compiler.native.extension import load, native
from autograd.compiler.native.face import NativeCode
from autograd.compiler.native.text import Text, text_of
from autograd.compiler.pipeline import Code


class Compiled(NativeCode):
    """The functions of C for a recording, compiled for one example, and for vectors of them."""

    def __init__(self, code: Code, threads: int = 1) -> None:
        super().__init__(code, threads)
        self.text = text_of(code)
        """The text, and how it is compiled."""
        compiler()  # Where there is none, this is the time to say it. It runs when it is known for how many examples.
        native()

    def lanes(self, n: int) -> int:
        """Fewer lanes for fewer examples: those that are left empty take as long as the others."""
        few = 1 << (n - 1).bit_length()
        return few if n and few * np.dtype(self.code.dtype).itemsize < _bytes_of_vectors() else 0

    def made(self, lanes: int) -> Any:
        """The functions, as a `Code` of the extension, for so many examples together; 0 for what is best for many."""
        return _loaded(self.text, self.code.dtype, lanes or None)

    def updated(self, code: Code) -> Any:
        """The functions of the update of an optimiser, whose graph this is."""
        return _loaded(text_of(code), code.dtype, None, "-DUPDATE")

    @property
    def source(self) -> str:
        """The text that runs."""
        return self.text.source

    def trace(self) -> str:
        """The program after each stage, as text."""
        return f"{self.code.trace()}\n\n── C ──\n{self.source}"


def _loaded(text: Text, dtype: str, lanes: int | None, *more: str) -> Any:
    return load(text.files(dtype, lanes), dtype, options=(*text.options(lanes), *more))


def _bytes_of_vectors() -> int:
    """The bytes of the longest vectors for which the compiler has instructions."""
    macros = compiler().macros
    return 64 if "__AVX512F__" in macros else 32 if "__AVX__" in macros else 16


def code_of(code: Code, threads: int = 1) -> Compiled:
    """The back end of a recording; DeclinedError if it takes too long to compile, or there is no compiler."""
    return Compiled(code, threads)
