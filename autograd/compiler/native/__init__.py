"""Programs as native code: a machine in C over blocks of examples, and C text that the system's compiler compiles."""

from autograd.compiler.binding import UnavailableError


def check() -> None:
    """Raise UnavailableError if the machine isn't there, with the reason and the remedy."""
    raise UnavailableError("it is not built yet")
