"""`Value`: arithmetic on floats that records each operation.

>>> from autograd import Value
>>> w, x = Value(2.0, label="w"), Value(-3.0, label="x")
>>> y = (w * x + 7.0).tanh()
>>> y.backward()
>>> w, x
(Value(data=2.0, grad=-1.25992, label='w'), Value(data=-3.0, grad=0.839949, label='x'))

A method computes its value and local derivatives with a rule, and records the node. It holds no calculus of its own.
"""

from collections.abc import Callable
from typing import TypeAlias, final

from autograd.engine import copying, guarded, ieee, micrograd, reading, refusals, rules
from autograd.engine.copying import State
from autograd.engine.graph import BLANK, COMPILED, CONSTANT, CONSTANT_FIRST, CONSTANT_LAST, Fan, Node, is_constant
from autograd.engine.modes import MODES, check, check_comparison, check_partials
from autograd.engine.native import mypyc_attr
from autograd.engine.number import WRITES, ArrayError, plain, short, to_float
from autograd.engine.refusals import Refusing
from autograd.engine.ufuncs import HANDLER

if not COMPILED:
    Number: TypeAlias = "Value | float"
    """An operand: a Value, an int, a float or a NumPy real scalar."""
    Text: TypeAlias = str
    Result: TypeAlias = "Value"
    """A Value, or NotImplemented, which leaves an operator to an array."""
    Truth: TypeAlias = bool
    """A bool, or NotImplemented."""
else:  # Compiled, an annotation would be a check with an error of its own, and there is a better one.
    Number: TypeAlias = object
    Text: TypeAlias = object
    Result: TypeAlias = object
    Truth: TypeAlias = object

# ── recording ──


def record(
    op: str, z: float, x: Node | None, dx: float, y: Node | None = None, dy: float = 0.0, fan: Fan | None = None
) -> "Value":
    """The node of an operation on one operand or two, with its local derivatives.

    If fan is CONSTANT_FIRST or CONSTANT_LAST, dy is the plain number that is the other operand. With a Choice, dy is
    the derivative by the first branch.
    """
    v = _bare(Value)
    v._data = z
    v._grad = 0.0
    v._label = ""
    v._operation = op
    v._x = x
    v._dx = dx
    v._y = y
    v._dy = dy
    v._fan = fan
    v._mark = 0
    if MODES.active:
        check(v)
    return v


def record_many(op: str, z: float, operands: "list[Value]", partials: list[float]) -> "Value":
    """The node of an operation on a list of operands, with the local derivative by each; it keeps both lists."""
    v = constant(z)
    v._operation = op
    v._fan = Fan(operands, partials)  # type: ignore[arg-type]
    v._mark = 0
    if MODES.active:
        check(v)
    return v


def constant(data: float) -> "Value":
    """A leaf for a plain number that is an operand."""
    v = _bare(Value)
    if not COMPILED:
        Node.__init__(v)
    v._data = data
    v._mark = CONSTANT
    return v


def operand(x: object, operation: str) -> "Value":
    """x itself if it is a Value, else a constant; TypeError that names the operation if x is not a number."""
    return x if type(x) is Value else constant(to_float(x, operation))


def _bare(kind: "type[Value]") -> "Value":
    return Value(BLANK)


if not COMPILED:  # The interpreter is faster without an __init__ for every node.
    globals()["_bare"] = object.__new__


@final
@mypyc_attr(acyclic=True)
class Value(Refusing):
    """A node of a graph: its data, its gradient, and the operation that made it.

    Value(data, label="") is a leaf. data is an int, a float or a NumPy real scalar, kept as a float; anything else is
    a TypeError. An operation on a Value returns a new one, which keeps its operands and its local derivatives, so a
    later change of `.data` can't corrupt a gradient. `==` and `hash` go by identity, `< <= > >=` compare data. There
    are no subclasses, no further attributes and no weak references: keep notes in a dictionary, as in `notes[v]`.
    """

    __slots__ = ()

    @classmethod
    def __init_subclass__(cls) -> None:
        raise TypeError(
            f"{cls.__name__} can't be a subclass of Value, because operations on it would still make plain Values; "
            "keep a Value in an attribute of it instead"
        )

    def __init__(self, data: object, label: Text = "", requires_grad: object = None) -> None:
        Node.__init__(self)
        if data is not BLANK:
            if requires_grad is not None:
                raise refusals.no_leaf(requires_grad)
            self._data = to_float(data, "Value")
            self._label = _text(label)

    # ── copies ──

    def __copy__(self) -> "Value":
        return copying.shallow(self)  # type: ignore[return-value]

    def __deepcopy__(self, memo: dict[int, object]) -> "Value":
        return copying.deep(self, memo)  # type: ignore[return-value]

    def __reduce__(self) -> tuple[object, ...]:
        return copying.reduced(self)

    def __setstate__(self, state: State) -> None:
        copying.fill(self, state)

    # ── data, gradient, label, operands ──

    @property
    def data(self) -> float:
        """The float of this node. Assigning changes this node alone; nodes that were made of it keep their data."""
        return self._data

    @data.setter
    def data(self, number: object) -> None:
        self._data = to_float(number, "Value.data")
        WRITES.count += 1

    @property
    def grad(self) -> float:
        """∂root/∂self: in a leaf the sum over all calls of `backward`, in another node that of the last call."""
        return self._grad

    @grad.setter
    def grad(self, number: object) -> None:
        self._grad = to_float(number, "Value.grad")

    @property
    def label(self) -> str:
        """A name for people to read; any string."""
        return self._label

    @label.setter
    def label(self, text: object) -> None:
        self._label = _text(text)

    @property
    def op(self) -> str:
        """The name of the rule that made the node; "" for a leaf."""
        return self._operation

    @property
    def operands(self) -> "tuple[Value, ...]":
        """The nodes that the operation was applied to, in order, constants included; () for a leaf."""
        return tuple(reading.operands_of(self))

    @property
    def partials(self) -> tuple[float, ...]:
        """The local derivatives ∂self/∂operand, computed when the node was made.

        They are 0.0 for a plain number beside an operator and for the operand of a detached node.
        """
        return tuple(reading.partials_of(self))

    def __repr__(self) -> str:
        # A node of an operation mostly has no gradient yet, and one that `grad` has made and a number get none.
        grad = "" if (self._operation or is_constant(self)) and self._grad == 0.0 else f", grad={short(self._grad)}"
        return f"Value(data={short(self._data)}{grad}" + (f", label={self._label!r})" if self._label else ")")

    def __format__(self, spec: str) -> str:
        return format(self._data, text) if (text := plain(spec)) else repr(self)

    def backward(self, gradient: Number = 1.0, retain_graph: object = None, create_graph: object = None) -> None:
        """Differentiate this node by every node of its graph.

        The derivative is added to `.grad` of a leaf and overwrites `.grad` of any other node, so two calls give exactly
        twice the gradient in the leaves. All derivatives are multiplied by `gradient`, the upstream gradient of this
        node. After an interrupt the gradients of the leaves are either all as before or all new. Two threads must not
        differentiate by a common leaf at the same time. Inside `strict()`, FloatingPointError for a local derivative
        that is inf or nan.
        """
        if retain_graph is not None or create_graph is not None:
            raise TypeError(
                "Value.backward keeps every graph, so leave out retain_graph; "
                "for gradients that are nodes, as with create_graph, use grad_graph or grad"
            )
        if MODES.active:
            check_partials(self)
        guarded.backward(self, to_float(gradient, "Value.backward"))

    def detach(self) -> "Value":
        """A node with the same data, through which no gradient passes."""
        return record_many("detach", rules.detach(self._data)[0], [self], [])

    # ── the names of others ──

    @property
    def _prev(self) -> "set[Value]":
        return micrograd.operands(self)

    @property
    def _op(self) -> str:
        return micrograd.sign(self)

    @property
    def _backward(self) -> Callable[[], None]:
        return self._add_to_operands

    @_backward.setter
    def _backward(self, function: object) -> None:
        raise AttributeError(f"Value._backward is not assigned; {refusals.OWN_OPERATION}")

    def _add_to_operands(self) -> None:
        micrograd.backward(self)

    def __array_ufunc__(self, ufunc: object, method: str, *inputs: object, **options: object) -> object:
        return HANDLER.apply(ufunc, method, inputs, options)

    # ── arithmetic ──

    def __add__(self, other: object) -> Result:
        if type(other) is Value:
            z, dx, dy = rules.add(self._data, other._data)
            return record("add", z, self, dx, other, dy)
        try:
            number = to_float(other, "add")
        except ArrayError:
            return NotImplemented
        z, dx, dy = rules.add(self._data, number)
        return record("add", z, self, dx, None, number, CONSTANT_LAST)

    def __radd__(self, other: object) -> "Value":
        number = to_float(other, "add")
        z, _dx, dy = rules.add(number, self._data)
        return record("add", z, self, dy, None, number, CONSTANT_FIRST)

    def __sub__(self, other: object) -> Result:
        if type(other) is Value:
            z, dx, dy = rules.subtract(self._data, other._data)
            return record("subtract", z, self, dx, other, dy)
        try:
            number = to_float(other, "subtract")
        except ArrayError:
            return NotImplemented
        z, dx, dy = rules.subtract(self._data, number)
        return record("subtract", z, self, dx, None, number, CONSTANT_LAST)

    def __rsub__(self, other: object) -> "Value":
        number = to_float(other, "subtract")
        z, _dx, dy = rules.subtract(number, self._data)
        return record("subtract", z, self, dy, None, number, CONSTANT_FIRST)

    def __mul__(self, other: object) -> Result:
        if type(other) is Value:
            z, dx, dy = rules.multiply(self._data, other._data)
            return record("multiply", z, self, dx, other, dy)
        try:
            number = to_float(other, "multiply")
        except ArrayError:
            return NotImplemented
        z, dx, dy = rules.multiply(self._data, number)
        return record("multiply", z, self, dx, None, number, CONSTANT_LAST)

    def __rmul__(self, other: object) -> "Value":
        number = to_float(other, "multiply")
        z, _dx, dy = rules.multiply(number, self._data)
        return record("multiply", z, self, dy, None, number, CONSTANT_FIRST)

    def __truediv__(self, other: object) -> Result:
        if type(other) is Value:
            z, dx, dy = rules.divide(self._data, other._data)
            return record("divide", z, self, dx, other, dy)
        try:
            number = to_float(other, "divide")
        except ArrayError:
            return NotImplemented
        z, dx, dy = rules.divide(self._data, number)
        return record("divide", z, self, dx, None, number, CONSTANT_LAST)

    def __rtruediv__(self, other: object) -> "Value":
        number = to_float(other, "divide")
        z, _dx, dy = rules.divide(number, self._data)
        return record("divide", z, self, dy, None, number, CONSTANT_FIRST)

    def __pow__(self, other: object) -> Result:
        if type(other) is Value:
            z, dx, dy = rules.power(self._data, other._data)
            # By the exponent it is nan for a negative base, and nobody asks for the gradient of a constant.
            return record("power", z, self, dx, other, 0.0 if is_constant(other) else dy)
        try:
            number = to_float(other, "power")
        except ArrayError:
            return NotImplemented
        z, dx, dy = rules.power(self._data, number)
        return record("power", z, self, dx, None, number, CONSTANT_LAST)

    def __rpow__(self, other: object) -> "Value":
        number = to_float(other, "power")
        z, _dx, dy = rules.power(number, self._data)
        return record("power", z, self, dy, None, number, CONSTANT_FIRST)

    def __neg__(self) -> "Value":
        z, dx = rules.negative(self._data)
        return record("negative", z, self, dx)

    def __pos__(self) -> "Value":
        z, dx = rules.positive(self._data)
        return record("positive", z, self, dx)

    def __abs__(self) -> "Value":
        z, dx = rules.absolute(self._data)
        return record("absolute", z, self, dx)

    # ── comparison ──

    def __lt__(self, other: object) -> Truth:
        try:
            return self._data < _compared(self, other, "<")
        except ArrayError:
            return NotImplemented

    def __le__(self, other: object) -> Truth:
        try:
            return self._data <= _compared(self, other, "<=")
        except ArrayError:
            return NotImplemented

    def __gt__(self, other: object) -> Truth:
        try:
            return self._data > _compared(self, other, ">")
        except ArrayError:
            return NotImplemented

    def __ge__(self, other: object) -> Truth:
        try:
            return self._data >= _compared(self, other, ">=")
        except ArrayError:
            return NotImplemented

    def __hash__(self) -> int:
        # A compiled class with `<` and no hash of its own would have none.
        return id(self) >> 4

    # ── functions ──

    def exp(self) -> "Value":
        """eˣ; inf above 709.78."""
        z, dx = rules.exp(self._data)
        return record("exp", z, self, dx)

    def exp2(self) -> "Value":
        """2ˣ; inf from 1024."""
        z, dx = rules.exp2(self._data)
        return record("exp2", z, self, dx)

    def log(self) -> "Value":
        """The natural logarithm; −inf at ±0 and nan below."""
        z, dx = rules.log(self._data)
        return record("log", z, self, dx)

    def log1p(self) -> "Value":
        """log(1 + x), accurate near zero; −inf at −1 and nan below."""
        z, dx = rules.log1p(self._data)
        return record("log1p", z, self, dx)

    def expm1(self) -> "Value":
        """eˣ − 1, accurate near zero."""
        z, dx = rules.expm1(self._data)
        return record("expm1", z, self, dx)

    def log2(self) -> "Value":
        """The logarithm to base 2; −inf at ±0 and nan below."""
        z, dx = rules.log2(self._data)
        return record("log2", z, self, dx)

    def log10(self) -> "Value":
        """The logarithm to base 10; −inf at ±0 and nan below."""
        z, dx = rules.log10(self._data)
        return record("log10", z, self, dx)

    def sqrt(self) -> "Value":
        """√x; nan below zero. At ±0 the derivative is inf."""
        z, dx = rules.sqrt(self._data)
        return record("sqrt", z, self, dx)

    def rsqrt(self) -> "Value":
        """1/√x; inf at ±0 and nan below."""
        z, dx = rules.rsqrt(self._data)
        return record("rsqrt", z, self, dx)

    def square(self) -> "Value":
        """x²."""
        z, dx = rules.square(self._data)
        return record("square", z, self, dx)

    def reciprocal(self) -> "Value":
        """1/x; ±inf at ±0."""
        z, dx = rules.reciprocal(self._data)
        return record("reciprocal", z, self, dx)

    def sin(self) -> "Value":
        """The sine of x radians."""
        z, dx = rules.sin(self._data)
        return record("sin", z, self, dx)

    def cos(self) -> "Value":
        """The cosine of x radians."""
        z, dx = rules.cos(self._data)
        return record("cos", z, self, dx)

    def tan(self) -> "Value":
        """The tangent of x radians."""
        z, dx = rules.tan(self._data)
        return record("tan", z, self, dx)

    def sinh(self) -> "Value":
        """The hyperbolic sine."""
        z, dx = rules.sinh(self._data)
        return record("sinh", z, self, dx)

    def cosh(self) -> "Value":
        """The hyperbolic cosine."""
        z, dx = rules.cosh(self._data)
        return record("cosh", z, self, dx)

    def tanh(self) -> "Value":
        """The hyperbolic tangent."""
        z, dx = rules.tanh(self._data)
        return record("tanh", z, self, dx)

    def asin(self) -> "Value":
        """The arc sine in radians; nan outside [−1, 1]."""
        z, dx = rules.asin(self._data)
        return record("asin", z, self, dx)

    def acos(self) -> "Value":
        """The arc cosine in radians; nan outside [−1, 1]."""
        z, dx = rules.acos(self._data)
        return record("acos", z, self, dx)

    def atan(self) -> "Value":
        """The arc tangent in radians."""
        z, dx = rules.atan(self._data)
        return record("atan", z, self, dx)

    def asinh(self) -> "Value":
        """The inverse hyperbolic sine."""
        z, dx = rules.asinh(self._data)
        return record("asinh", z, self, dx)

    def acosh(self) -> "Value":
        """The inverse hyperbolic cosine; nan below 1. At 1 the derivative is inf."""
        z, dx = rules.acosh(self._data)
        return record("acosh", z, self, dx)

    def atanh(self) -> "Value":
        """The inverse hyperbolic tangent; ±inf at ±1 and nan outside."""
        z, dx = rules.atanh(self._data)
        return record("atanh", z, self, dx)

    def erf(self) -> "Value":
        """The error function, 2/√π · ∫₀ˣ e^(−t²) dt."""
        z, dx = rules.erf(self._data)
        return record("erf", z, self, dx)

    def sigmoid(self) -> "Value":
        """The logistic function 1 / (1 + e⁻ˣ)."""
        z, dx = rules.sigmoid(self._data)
        return record("sigmoid", z, self, dx)

    def logsigmoid(self) -> "Value":
        """log(sigmoid(x)), without underflow."""
        z, dx = rules.logsigmoid(self._data)
        return record("logsigmoid", z, self, dx)

    def softplus(self) -> "Value":
        """log(1 + eˣ), without overflow."""
        z, dx = rules.softplus(self._data)
        return record("softplus", z, self, dx)

    def relu(self) -> "Value":
        """max(x, 0); at 0 the derivative is 0."""
        z, dx = rules.relu(self._data)
        return record("relu", z, self, dx)

    def silu(self) -> "Value":
        """x · sigmoid(x), also called swish."""
        z, dx = rules.silu(self._data)
        return record("silu", z, self, dx)

    def gelu(self) -> "Value":
        """x · Φ(x) with Φ the normal distribution function: the exact form, not the tanh one."""
        z, dx = rules.gelu(self._data)
        return record("gelu", z, self, dx)

    def sign(self) -> "Value":
        """−1, 0 or 1 by the sign of x; the derivative is 0."""
        z, dx = rules.sign(self._data)
        return record("sign", z, self, dx)

    def clamp(self, min: "Number | None" = None, max: "Number | None" = None) -> "Value":  # noqa: A002  (PyTorch's names)
        """x kept between min and max, of which None is no bound; the gradient goes to the one that is the result.

        At a bound it goes to x. If min is above max, the result is max.
        """
        low = operand(-ieee.INF if min is None else min, "clamp")
        high = operand(ieee.INF if max is None else max, "clamp")
        z, dx, dlow, dhigh = rules.clamp(self._data, low._data, high._data)
        return record_many("clamp", z, [self, low, high], [dx, dlow, dhigh])

    def leaky_relu(self, slope: Number = 0.01) -> "Value":
        """x above zero, slope · x below; at 0 the derivative is the slope, which may be a Value too."""
        if type(slope) is Value:
            z, dx, dy = rules.leaky_relu(self._data, slope._data)
            return record("leaky_relu", z, self, dx, slope, dy)
        number = to_float(slope, "leaky_relu")
        z, dx, dy = rules.leaky_relu(self._data, number)
        return record("leaky_relu", z, self, dx, None, number, CONSTANT_LAST)

    def elu(self, alpha: Number = 1.0) -> "Value":
        """x above zero, alpha · (eˣ − 1) below; at 0 the derivative is alpha, which may be a Value too."""
        if type(alpha) is Value:
            z, dx, dy = rules.elu(self._data, alpha._data)
            return record("elu", z, self, dx, alpha, dy)
        number = to_float(alpha, "elu")
        z, dx, dy = rules.elu(self._data, number)
        return record("elu", z, self, dx, None, number, CONSTANT_LAST)


if not COMPILED:
    _init = Value.__init__

    def _init_once(self: Value, data: object, label: Text = "", requires_grad: object = None) -> None:
        # A second call changes nothing, as in the other build, where nothing of it can be noticed.
        if not hasattr(self, "_operation"):
            _init(self, data, label, requires_grad)

    Value.__init__ = _init_once  # type: ignore[method-assign]
    Value.__init__.__name__ = "__init__"


def _text(label: object) -> str:
    if not isinstance(label, str) or not (type(label) is str or issubclass(type(label), str)):
        raise refusals.no_label(label)
    return plain(label)


def _compared(v: Value, other: object, sign: str) -> float:
    """The number that v is compared with."""
    if MODES.trials:
        check_comparison(v, sign)
    return other._data if type(other) is Value else to_float(other, sign)
