"""Programs as native code: a machine in C over blocks of examples, and C text that the system's compiler compiles."""

from autograd.compiler.binding import UnavailableError
from autograd.compiler.native.extension import installed


def check() -> None:
    """Raise UnavailableError if the machine isn't part of the installation, with the reason and the remedy."""
    if installed() is None:
        raise UnavailableError("it was not built with the package; backend='native' makes it, once, with a C compiler")
