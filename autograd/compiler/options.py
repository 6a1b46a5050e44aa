"""The options of a program that choose what runs it: the back end, and its threads.

>>> from autograd.compiler.options import checked
>>> checked("native", 2)
Options(backend='native', threads=2)
"""

from typing import Final, Literal, NamedTuple, TypeAlias, get_args

from autograd.arguments import known, whole

Backend: TypeAlias = Literal["auto", "numpy", "native", "c", "jax"]
BACKENDS: Final[tuple[str, ...]] = get_args(Backend)
THREADED: Final = ("native", "c")
"""The back ends with threads of ours; NumPy's products of matrices and JAX have their own."""


class Options(NamedTuple):
    """The back end that was asked for, and the most threads that may share a batch."""

    backend: str
    threads: int


def checked(backend: object, threads: object) -> Options:
    """The options, if they are some; else a ValueError, for threads that the back end hasn't too."""
    options = Options(known("backend", backend, BACKENDS), whole("threads", threads))
    if options.threads > 1 and options.backend not in ("auto", *THREADED):
        raise ValueError(
            f"threads={options.threads} is for native code: leave it out, or compile with backend='native' or 'c' and "
            f"not {options.backend!r}, whose library has threads of its own"
        )
    return options
