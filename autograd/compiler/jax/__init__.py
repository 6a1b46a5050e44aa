"""Programs as text of JAX, which runs on GPUs, TPUs and many machines.

JAX is imported when a program asks for it: its modules here are got by `module`.
"""

from importlib import import_module
from typing import Any

from autograd.compiler.binding import UnavailableError
from autograd.wording import imported, to_install


def check() -> None:
    """Raise UnavailableError if JAX isn't there, with the remedy."""
    try:
        import_module("jax")
    except ModuleNotFoundError:
        raise UnavailableError(_missing()) from None


def module(name: str) -> Any:
    """A module of this package; ImportError if JAX isn't there."""
    imported("jax", _missing())
    return import_module(f"autograd.compiler.jax.{name}")


def _missing() -> str:
    return f"JAX is not installed: {to_install('jax', 'jax')}"
