"""`Value`: arithmetic on floats that remembers.

>>> from autograd import Value
>>> w, x = Value(2.0, label="w"), Value(-3.0, label="x")
>>> y = (w * x + 7.0).tanh()
>>> y.backward()
>>> w, x
(Value(data=2.0, grad=-1.25992, label='w'), Value(data=-3.0, grad=0.839949, label='x'))

A method computes its value and local derivatives with a rule and records the node. It holds no
calculus of its own, and the graph that it grows can be read again by everything downstream.
"""

import threading
from contextvars import ContextVar, Token
from numbers import Real
from typing import ClassVar, Final, TypeAlias

from autograd import graph, rules
from autograd.graph import _CONSTANT, _LEAF, Fan, Node

Number: TypeAlias = "Value | float"
"""What an operation takes: a Value, an int or float, or a NumPy real scalar."""

_State: TypeAlias = tuple[
    object,
    tuple[float, float, str, str, bool],
    tuple[Node | None, float, Node | None, float, tuple[list[Node], list[float]] | None],
]
"""A pickled node: the list that goes ahead of it, what it shows, how it was made."""

_LISTED: Final = -1
"""The mark of a node that the node being pickled has listed ahead of itself."""


def short(number: float) -> str:
    """A float in at most six digits, as labels and tables show it.

    >>> short(2.0), short(1 / 3), short(1e-9)
    ('2.0', '0.333333', '1e-09')
    """
    text = f"{number:.6g}"
    return text if any(mark in text for mark in ".en") else text + ".0"


# ── what may become a number ──


def _to_float(number: object, operation: str) -> float:
    """The float that number stands for; TypeError with a remedy for anything that isn't a real number."""
    if isinstance(number, float):
        return float(number)
    if isinstance(number, int):
        try:
            return float(number)
        except OverflowError:
            raise OverflowError(
                f"{operation}: an int of {number.bit_length()} bits is too large for a float, "
                "which ends at 1.8e308; scale it first"
            ) from None
    if isinstance(number, Real) and type(number).__module__ == "numpy":
        return float(number)
    shown = repr(number)
    shown = shown if len(shown) <= 60 else shown[:57] + "…"
    raise TypeError(
        f"{operation} takes Values, ints, floats and NumPy real scalars, not {type(number).__name__} {shown}; "
        + _remedy(number)
    )


def _remedy(thing: object) -> str:
    if isinstance(thing, Node):
        return "use +v for a node of its own, v.data for its number, v.detach() to cut the graph"
    if thing is None:
        return "did a function forget to return?"
    if isinstance(thing, complex):
        return "take .real or .imag"
    shape = getattr(thing, "shape", None)
    if shape == ():
        return "take its number with .item()"
    if isinstance(thing, (str, bytes, bytearray)) or (shape is None and hasattr(thing, "__float__")):
        return "convert it with float() first"
    if hasattr(thing, "__iter__"):
        return "work on its elements: [Value(x) for x in xs]"
    return "give a number"


# ── recording ──


class _Modes:
    """How many `strict()` and `no_grad()` blocks are open in any thread: 0 lets recording skip the question."""

    __slots__ = ("active", "lock")

    def __init__(self) -> None:
        self.active = 0
        self.lock = threading.Lock()

    def change(self, by: int) -> None:
        with self.lock:
            self.active += by


_MODES: Final = _Modes()
_STRICT: Final[ContextVar[bool]] = ContextVar("autograd.strict", default=False)
_NO_GRAD: Final[ContextVar[bool]] = ContextVar("autograd.no_grad", default=False)


class _Block:
    """A `with` block that sets a context variable, for this thread or task only; blocks may nest."""

    def __init__(self, variable: ContextVar[bool]) -> None:
        self._variable = variable
        self._tokens: list[Token[bool]] = []

    def __enter__(self) -> None:
        self._tokens.append(self._variable.set(True))
        _MODES.change(1)

    def __exit__(self, *error: object) -> None:
        _MODES.change(-1)
        self._variable.reset(self._tokens.pop())


def strict() -> _Block:
    """A block in which the first non-finite result of finite operands is a FloatingPointError.

    >>> import autograd
    >>> with autograd.strict():
    ...     Value(0.0, label="x").log()
    Traceback (most recent call last):
    ...
    FloatingPointError: log(x = 0.0) is -inf; keep its operands inside its domain and range, or leave strict()
    """
    return _Block(_STRICT)


def no_grad() -> _Block:
    """A block in which results are plain leaves: nothing is recorded and no gradient passes.

    >>> import autograd
    >>> x = Value(2.0)
    >>> with autograd.no_grad():
    ...     y = x * x
    >>> y, y.operands
    (Value(data=4.0, grad=0.0), ())
    """
    return _Block(_NO_GRAD)


def recording() -> bool:
    """Whether operations are recorded here: False inside `no_grad()`."""
    return not (_MODES.active and _NO_GRAD.get())


def _finite(x: float) -> bool:
    return x - x == 0.0


def _check(v: "Value") -> None:
    """Do what the open blocks ask of a node just made."""
    if _STRICT.get() and not _finite(v._data) and all(_finite(x._data) for x in v.operands):
        names = [f"{x._label} = {short(x._data)}" if x._label else short(x._data) for x in v.operands]
        names = names if len(names) <= 6 else [*names[:5], f"… {len(names)} operands"]
        raise FloatingPointError(
            f"{v._op}({', '.join(names)}) is {v._data}; "
            "keep its operands inside its domain and range, or leave strict()"
        )
    if _NO_GRAD.get():
        v._op, v._x, v._y, v._fan, v._mark = "", None, None, None, _LEAF


def _unary(op: str, z: float, x: Node, dx: float) -> "Value":
    v = _new(Value)
    v._data = z
    v._grad = 0.0
    v._label = ""
    v._op = op
    v._x = x
    v._dx = dx
    v._y = None
    v._dy = 0.0
    v._fan = None
    v._mark = 0
    if _MODES.active:
        _check(v)
    return v


def _binary(op: str, z: float, x: Node, dx: float, y: Node, dy: float) -> "Value":
    v = _new(Value)
    v._data = z
    v._grad = 0.0
    v._label = ""
    v._op = op
    v._x = x
    v._dx = dx
    v._y = y
    v._dy = dy
    v._fan = None
    v._mark = 0
    if _MODES.active:
        _check(v)
    return v


def record_fan(op: str, z: float, operands: "list[Value]", partials: list[float]) -> "Value":
    """The node of an operation on any number of operands; partials pair with operands."""
    v = constant(z)
    v._op = op
    v._fan = Fan([*operands], partials)
    v._mark = 0
    if _MODES.active:
        _check(v)
    return v


def constant(data: float) -> "Value":
    """A leaf for a number that took part in an operation."""
    v = _new(Value)
    v._data = data
    v._grad = 0.0
    v._label = ""
    v._op = ""
    v._x = None
    v._dx = 0.0
    v._y = None
    v._dy = 0.0
    v._fan = None
    v._mark = _CONSTANT
    return v


def operand(x: object, operation: str) -> "Value":
    """x itself if it is a Value, else a constant; TypeError naming the operation if it is no number."""
    return x if isinstance(x, Value) else constant(_to_float(x, operation))


class Value(Node):
    """A number in a graph: its data, its gradient, and the operation that made it.

    Value(data, label="") is a leaf. data is an int, a float or a NumPy real scalar, kept as a
    float; anything else is a TypeError. Every operation on it gives a new Value that remembers
    its operands and its local derivatives at that moment, so changing `.data` later can't corrupt
    a gradient. `==` and `hash` go by identity, `< <= > >=` by data.
    """

    __slots__ = ()
    # NumPy must leave `array * value` to us, which can say what is wrong with it.
    __array_ufunc__: ClassVar[None] = None

    def __init__(self, data: object, label: str = "") -> None:
        self._data = _to_float(data, "Value")
        self._grad = 0.0
        self._op = ""
        self._x = None
        self._dx = 0.0
        self._y = None
        self._dy = 0.0
        self._fan = None
        self._mark = _LEAF
        self.label = label

    # ── what a node shows ──

    @property
    def data(self) -> float:
        """The number. Assigning changes this node only; nodes already made keep theirs."""
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        self._data = _to_float(number, "Value.data")

    @property
    def grad(self) -> float:
        """∂root/∂self, as `backward` left it: summed over calls in a leaf, the last call's elsewhere."""
        return self._grad

    @grad.setter
    def grad(self, number: object) -> None:
        self._grad = _to_float(number, "Value.grad")

    @property
    def label(self) -> str:
        """A name for people; any string."""
        return self._label

    @label.setter
    def label(self, text: object) -> None:
        if not isinstance(text, str):
            raise TypeError(f"Value.label takes a str, not {type(text).__name__} {text!r}; convert it with str() first")
        self._label = text

    @property
    def op(self) -> str:
        """The name of the rule that made the node; "" for a leaf."""
        return self._op

    @property
    def operands(self) -> "tuple[Value, ...]":
        """What the operation worked on, in order, constants included; () for a leaf."""
        return tuple(graph.operands_of(self))

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂operand for each operand, at the moment the node was made.

        Not formed, and 0.0, for a constant exponent and for what was detached.
        """
        if self._x is not None:
            return (self._dx,) if self._y is None else (self._dx, self._dy)
        if self._fan is None:
            return ()
        return tuple(self._fan.partials) or (0.0,) * len(self._fan.operands)

    def __repr__(self) -> str:
        label = f", label={self._label!r}" if self._label else ""
        return f"Value(data={short(self._data)}, grad={short(self._grad)}{label})"

    def backward(self) -> None:
        """Differentiate this node with respect to every node it was made of.

        Adds into `.grad` of the leaves, overwrites `.grad` of the nodes between, and may be called
        any number of times: two calls give exactly twice the gradient in the leaves.
        """
        graph.backward(self)

    def detach(self) -> "Value":
        """A recorded node with the same value, through which no gradient passes."""
        z, _ = rules.detach(self._data)
        return record_fan("detach", z, [self], [])

    # ── arithmetic ──

    def __add__(self, other: object) -> "Value":
        y = other if isinstance(other, Value) else operand(other, "add")
        z, dx, dy = rules.add(self._data, y._data)
        return _binary("add", z, self, dx, y, dy)

    def __radd__(self, other: object) -> "Value":
        return operand(other, "add") + self

    def __sub__(self, other: object) -> "Value":
        y = other if isinstance(other, Value) else operand(other, "subtract")
        z, dx, dy = rules.subtract(self._data, y._data)
        return _binary("subtract", z, self, dx, y, dy)

    def __rsub__(self, other: object) -> "Value":
        return operand(other, "subtract") - self

    def __mul__(self, other: object) -> "Value":
        y = other if isinstance(other, Value) else operand(other, "multiply")
        z, dx, dy = rules.multiply(self._data, y._data)
        return _binary("multiply", z, self, dx, y, dy)

    def __rmul__(self, other: object) -> "Value":
        return operand(other, "multiply") * self

    def __truediv__(self, other: object) -> "Value":
        y = other if isinstance(other, Value) else operand(other, "divide")
        z, dx, dy = rules.divide(self._data, y._data)
        return _binary("divide", z, self, dx, y, dy)

    def __rtruediv__(self, other: object) -> "Value":
        return operand(other, "divide") / self

    def __pow__(self, other: object) -> "Value":
        y = other if isinstance(other, Value) else operand(other, "power")
        z, dx, dy = rules.power(self._data, y._data)
        # Not formed for a constant: it is nan for a negative base, and nobody asked.
        return _binary("power", z, self, dx, y, dy if y is other else 0.0)

    def __rpow__(self, other: object) -> "Value":
        return operand(other, "power") ** self

    def __neg__(self) -> "Value":
        z, dx = rules.negative(self._data)
        return _unary("negative", z, self, dx)

    def __pos__(self) -> "Value":
        z, dx = rules.positive(self._data)
        return _unary("positive", z, self, dx)

    def __abs__(self) -> "Value":
        z, dx = rules.absolute(self._data)
        return _unary("absolute", z, self, dx)

    # ── comparison ──

    def __lt__(self, other: object) -> bool:
        return self._data < _number(other, "<")

    def __le__(self, other: object) -> bool:
        return self._data <= _number(other, "<=")

    def __gt__(self, other: object) -> bool:
        return self._data > _number(other, ">")

    def __ge__(self, other: object) -> bool:
        return self._data >= _number(other, ">=")

    def __hash__(self) -> int:
        # A compiled class with `<` and no hash of its own would have none.
        return id(self) >> 4

    def __bool__(self) -> bool:
        raise TypeError(
            f"{self!r} is neither true nor false: compare its number, as in v.data != 0.0, "
            "or ask `v is None` if that is the question"
        )

    # ── functions ──

    def exp(self) -> "Value":
        """eˣ; inf above 709.78."""
        z, dx = rules.exp(self._data)
        return _unary("exp", z, self, dx)

    def log(self) -> "Value":
        """The natural logarithm; −inf at ±0 and nan below."""
        z, dx = rules.log(self._data)
        return _unary("log", z, self, dx)

    def log1p(self) -> "Value":
        """log(1 + x), accurate near zero; −inf at −1 and nan below."""
        z, dx = rules.log1p(self._data)
        return _unary("log1p", z, self, dx)

    def expm1(self) -> "Value":
        """eˣ − 1, accurate near zero."""
        z, dx = rules.expm1(self._data)
        return _unary("expm1", z, self, dx)

    def log2(self) -> "Value":
        """The logarithm to base 2; −inf at ±0 and nan below."""
        z, dx = rules.log2(self._data)
        return _unary("log2", z, self, dx)

    def log10(self) -> "Value":
        """The logarithm to base 10; −inf at ±0 and nan below."""
        z, dx = rules.log10(self._data)
        return _unary("log10", z, self, dx)

    def sqrt(self) -> "Value":
        """√x; nan below zero. At ±0 the derivative is inf."""
        z, dx = rules.sqrt(self._data)
        return _unary("sqrt", z, self, dx)

    def rsqrt(self) -> "Value":
        """1/√x; inf at ±0 and nan below."""
        z, dx = rules.rsqrt(self._data)
        return _unary("rsqrt", z, self, dx)

    def square(self) -> "Value":
        """x²."""
        z, dx = rules.square(self._data)
        return _unary("square", z, self, dx)

    def reciprocal(self) -> "Value":
        """1/x; ±inf at ±0."""
        z, dx = rules.reciprocal(self._data)
        return _unary("reciprocal", z, self, dx)

    def sin(self) -> "Value":
        """The sine of x radians."""
        z, dx = rules.sin(self._data)
        return _unary("sin", z, self, dx)

    def cos(self) -> "Value":
        """The cosine of x radians."""
        z, dx = rules.cos(self._data)
        return _unary("cos", z, self, dx)

    def tan(self) -> "Value":
        """The tangent of x radians."""
        z, dx = rules.tan(self._data)
        return _unary("tan", z, self, dx)

    def sinh(self) -> "Value":
        """The hyperbolic sine."""
        z, dx = rules.sinh(self._data)
        return _unary("sinh", z, self, dx)

    def cosh(self) -> "Value":
        """The hyperbolic cosine."""
        z, dx = rules.cosh(self._data)
        return _unary("cosh", z, self, dx)

    def tanh(self) -> "Value":
        """The hyperbolic tangent."""
        z, dx = rules.tanh(self._data)
        return _unary("tanh", z, self, dx)

    def asin(self) -> "Value":
        """The arc sine in radians; nan outside [−1, 1]."""
        z, dx = rules.asin(self._data)
        return _unary("asin", z, self, dx)

    def acos(self) -> "Value":
        """The arc cosine in radians; nan outside [−1, 1]."""
        z, dx = rules.acos(self._data)
        return _unary("acos", z, self, dx)

    def atan(self) -> "Value":
        """The arc tangent in radians."""
        z, dx = rules.atan(self._data)
        return _unary("atan", z, self, dx)

    def erf(self) -> "Value":
        """The error function, 2/√π · ∫₀ˣ e^(−t²) dt."""
        z, dx = rules.erf(self._data)
        return _unary("erf", z, self, dx)

    def sigmoid(self) -> "Value":
        """The logistic function 1 / (1 + e⁻ˣ)."""
        z, dx = rules.sigmoid(self._data)
        return _unary("sigmoid", z, self, dx)

    def logsigmoid(self) -> "Value":
        """log(sigmoid(x)), without underflow."""
        z, dx = rules.logsigmoid(self._data)
        return _unary("logsigmoid", z, self, dx)

    def softplus(self) -> "Value":
        """log(1 + eˣ), without overflow."""
        z, dx = rules.softplus(self._data)
        return _unary("softplus", z, self, dx)

    def relu(self) -> "Value":
        """max(x, 0); at 0 the derivative is 0."""
        z, dx = rules.relu(self._data)
        return _unary("relu", z, self, dx)

    def silu(self) -> "Value":
        """x · sigmoid(x), also called swish."""
        z, dx = rules.silu(self._data)
        return _unary("silu", z, self, dx)

    def gelu(self) -> "Value":
        """x · Φ(x) with Φ the normal distribution function: the exact form, not the tanh one."""
        z, dx = rules.gelu(self._data)
        return _unary("gelu", z, self, dx)

    def leaky_relu(self, slope: Number = 0.01) -> "Value":
        """x above zero, slope · x below; at 0 the derivative is the slope, which may be a Value too."""
        y = operand(slope, "leaky_relu")
        z, dx, dy = rules.leaky_relu(self._data, y._data)
        return _binary("leaky_relu", z, self, dx, y, dy)

    def elu(self, alpha: Number = 1.0) -> "Value":
        """x above zero, alpha · (eˣ − 1) below; at 0 the derivative is alpha, which may be a Value too."""
        y = operand(alpha, "elu")
        z, dx, dy = rules.elu(self._data, y._data)
        return _binary("elu", z, self, dx, y, dy)

    # ── copying ──

    def __copy__(self) -> "Value":
        twin = constant(self._data)
        twin.__setstate__(self._state([]))
        return twin

    def __reduce__(self) -> tuple[object, ...]:
        # Pickle and deepcopy follow operands by recursion. So the node that they are handed first
        # lists all nodes below it, each after its operands, and those answer for themselves alone.
        below: list[Node] = []
        if self._mark == _LISTED:
            self._mark = 0
        elif self._mark < _LEAF:
            below = graph.interior(self, True)
            below.pop()
            for node in below:
                node._mark = _LISTED
        return _blank, (), self._state(below)

    def _state(self, below: list[Node]) -> "_State":
        fan = None if self._fan is None else (self._fan.operands, self._fan.partials)
        return (
            (below, _EndOfList(below)) if below else None,
            (self._data, self._grad, self._label, self._op, self._mark == _CONSTANT),
            (self._x, self._dx, self._y, self._dy, fan),
        )

    def __setstate__(self, state: "_State") -> None:
        _, (self._data, self._grad, self._label, self._op, is_constant), way = state
        self._x, self._dx, self._y, self._dy, fan = way
        self._fan = None if fan is None else Fan(*fan)
        self._mark = _CONSTANT if is_constant else 0 if self._op else _LEAF


_new: Final = Value.__new__


def _number(x: object, comparison: str) -> float:
    return x._data if isinstance(x, Value) else _to_float(x, comparison)


def _blank() -> Value:
    return constant(0.0)


class _EndOfList:
    """Pickled right after a list of nodes, to unmark those that pickle had met before and did not ask again."""

    def __init__(self, below: list[Node]) -> None:
        self._below = below

    def __reduce__(self) -> tuple[object, ...]:
        for node in self._below:
            if node._mark == _LISTED:
                node._mark = 0
        return tuple, ()
