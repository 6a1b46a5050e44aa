"""C text as a back end: a program that the system's compiler makes, kept in the cache of compiled objects."""

from functools import cached_property
from typing import Any

from autograd.compiler.native.extension import load
from autograd.compiler.native.face import NativeCode
from autograd.compiler.native.text import Text, text_of
from autograd.compiler.pipeline import Code


class Compiled(NativeCode):
    """The functions of C for a recording, compiled for one example, and for vectors of them."""

    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.functions(single=code.single)  # Where there is no compiler, this is the time to say it.

    @cached_property
    def text(self) -> Text:
        """The text, and how it is compiled."""
        return text_of(self.code)

    def made(self, *, single: bool) -> Any:
        """The functions, as a `Code` of the extension, for one example or for any number of them."""
        lanes = 1 if single else None
        return load(self.text.files(self.code.dtype, lanes), self.code.dtype, options=self.text.options(lanes))

    @property
    def source(self) -> str:
        """The text that runs."""
        return self.text.source

    def trace(self) -> str:
        """The program after each stage, as text."""
        return f"{self.code.trace()}\n\n── C ──\n{self.source}"


def code_of(code: Code) -> Compiled:
    """The back end of a recording; DeclinedError if it takes too long to compile, or there is no compiler."""
    return Compiled(code)
