"""Programs as native code: a machine in C over blocks of examples, and C text that the system's compiler compiles."""

from autograd.compiler.binding import UnavailableError
from autograd.compiler.native.extension import installed


def check() -> None:
    """Raise UnavailableError if the machine isn't part of the installation, with the reason and the remedy."""
    if installed() is None:
        raise UnavailableError(
            "it was not built when autograd was installed, or from other sources; install autograd anew where there is a "
            "C compiler, in a checkout with AUTOGRAD_PURE=0, or choose backend='native', which compiles it once"
        )
