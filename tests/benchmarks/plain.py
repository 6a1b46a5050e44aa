"""A simple engine such as people write for themselves: a node with its operands and local derivatives in tuples."""

import math


class Plain:
    """A node with its operands and local derivatives."""

    __slots__ = ("data", "grad", "operands", "partials")

    def __init__(self, data: float, operands: "tuple[Plain, ...]" = (), partials: tuple[float, ...] = ()) -> None:
        self.data, self.grad, self.operands, self.partials = data, 0.0, operands, partials

    def __add__(self, other: "Plain | float") -> "Plain":
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data + other.data, (self, other), (1.0, 1.0))

    def __mul__(self, other: "Plain | float") -> "Plain":
        other = other if isinstance(other, Plain) else Plain(other)
        return Plain(self.data * other.data, (self, other), (other.data, self.data))

    def __pow__(self, n: float) -> "Plain":
        return Plain(self.data**n, (self,), (n * self.data ** (n - 1),))

    def exp(self) -> "Plain":
        return Plain(math.exp(self.data), (self,), (math.exp(self.data),))

    def log(self) -> "Plain":
        return Plain(math.log(self.data), (self,), (1 / self.data,))

    def relu(self) -> "Plain":
        return Plain(self.data, (self,), (1.0,)) if self.data > 0 else Plain(0.0, (self,), (0.0,))

    def __sub__(self, other: "Plain | float") -> "Plain":
        return self + -other

    def __rsub__(self, other: float) -> "Plain":
        return -self + other

    def __truediv__(self, other: "Plain | float") -> "Plain":
        return self * other**-1

    def __rtruediv__(self, other: float) -> "Plain":
        return self**-1 * other

    def __neg__(self) -> "Plain":
        return self * -1.0

    __radd__, __rmul__ = __add__, __mul__

    def backward(self) -> None:
        """Accumulate the gradient of this node in the grad of every node that it depends on."""
        order, seen, stack = [], {self}, [(self, iter(self.operands))]
        while stack:
            node, rest = stack[-1]
            for operand in rest:
                if operand not in seen:
                    seen.add(operand)
                    stack.append((operand, iter(operand.operands)))
                    break
            else:
                order.append(node)
                stack.pop()
        self.grad = 1.0
        for node in reversed(order):
            for operand, partial in zip(node.operands, node.partials, strict=False):
                operand.grad += partial * node.grad
