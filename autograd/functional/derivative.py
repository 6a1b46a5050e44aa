"""The functions that `grad`, `hessian` and the like return.

>>> from autograd import hessian
>>> hessian(lambda x: x * x)
<hessian(f), a function: call it, as in hessian(f)(x)>
>>> hessian(lambda x: x * x)[0]
Traceback (most recent call last):
...
TypeError: hessian(f) is a function, not a number or a list; call it first, as in hessian(f)(x)
"""

from collections.abc import Callable
from typing import Any, Generic, NoReturn, TypeAlias, TypeVar

from autograd.arguments import described, shown
from autograd.functional.point import Argnums, Point, checked

T_co = TypeVar("T_co", covariant=True)
Function: TypeAlias = Callable[..., Any]


class Derivative(Generic[T_co]):
    """A function that differentiates another one, f, and takes the arguments of f.

    It returns compute(f, point, options). Where its result was meant, as in `hessian(f)[0]`, it raises a TypeError.
    """

    def __init__(
        self,
        kind: str,
        compute: Callable[[Function, Point, dict[str, Any]], T_co],
        f: Function,
        argnums: object,
        misplaced: tuple[object, ...] = (),
    ) -> None:
        self._kind, self._compute, self._f = kind, compute, a_function(f, kind, f"{kind}(f)(x)")
        self.__name__ = f"{kind}_of_{getattr(f, '__name__', 'f')}"
        self.__wrapped__ = f  # `inspect.signature` follows it.
        if misplaced:
            there = ", ".join(map(shown, misplaced))
            raise TypeError(
                f"{kind} takes one function, not also {there}; write {self._text}({there}) for its result there, "
                "and options by name, as argnums=0"
            )
        self._argnums: Argnums = checked(argnums)

    def __call__(self, /, *arguments: Any, **options: Any) -> T_co:
        try:
            return self._compute(self._f, Point.of(arguments, self._argnums, options), options)
        except AttributeError as error:
            if self._argnums is not None and isinstance(error.obj, (int, float)):
                error.add_note(
                    "Arguments that are not in argnums are passed on as they are: pass Value(…) for a Value."
                )
            raise

    def __repr__(self) -> str:
        return f"<{self._text}, a function: call it, as in {self._text}(x)>"

    def __getattr__(self, name: str) -> NoReturn:
        # Names with an underscore are asked for by `copy`, `pickle` and notebooks.
        raise AttributeError(name if name.startswith("_") else self._remedy(f" and has no {name}"))

    @property
    def _text(self) -> str:
        return f"{self._kind}({name_of(self._f)})"

    def _remedy(self, reason: str) -> str:
        return f"{self._text} is a function{reason}; call it first, as in {self._text}(x)"

    def _not_called(self, *_: object) -> NoReturn:
        raise TypeError(self._remedy(", not a number or a list"))

    __getitem__ = __round__ = __neg__ = __lt__ = __le__ = __gt__ = __ge__ = _not_called
    __add__ = __sub__ = __mul__ = __truediv__ = __pow__ = __matmul__ = _not_called
    __radd__ = __rsub__ = __rmul__ = __rtruediv__ = __rpow__ = __rmatmul__ = _not_called


def a_function(f: object, kind: str, call: str) -> Function:
    """f itself, if it can be called; else a TypeError, which says to write the call."""
    if callable(f):
        return f
    raise TypeError(
        f"{kind}: a function is differentiated, not {described(f)}; write {call}, with f and not f(x); for a Value "
        "there is grad_graph"
    )


def name_of(f: Function) -> str:
    """The name of a function in an error, f for one without a name."""
    if isinstance(f, Derivative):
        return f._text
    name = str(getattr(f, "__name__", "f"))
    return "f" if name == "<lambda>" else name
