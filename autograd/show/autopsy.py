"""Where a nan or an infinity was born, and what to write instead.

>>> from autograd import Value, autopsy
>>> x = Value(800.0, label="x")
>>> loss = (x.exp() / (1 + x.exp())).log()
>>> autopsy(loss)
The first number that isn't finite is v1.
  v1 = exp(x) = exp(800) = inf
  eˣ is beyond the largest float for x above 709.78
  on its way to the root: v1 → v5 → v6
Instead of exp(x)/(1 + exp(x)), write x.sigmoid().

It is the earliest of the numbers that led to a root that isn't finite; where the root is, the first of the shares of
gradients in the order of a sweep.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from autograd.engine import graph
from autograd.engine.value import Value
from autograd.show.draw import draw
from autograd.show.lines import backward_line, forward_line, shares
from autograd.show.names import Names
from autograd.show.picture import Drawing
from autograd.wording import WIDTH, brief, wrapped

MOST_TERMS: Final = 500
"""Of a sum that is looked through."""
NEIGHBOURS: Final = 30
"""Numbers in the picture of a neighbourhood."""


@dataclass(frozen=True, repr=False)
class Autopsy:
    """What was found: where it was born, the way from there to the root, why, and the remedy."""

    root: Value
    born: Literal["nowhere", "value", "gradient"]
    """Among the numbers, among the shares of gradients, or not at all."""
    node: Value | None
    """The number that isn't finite, or whose share of the gradient isn't."""
    operand: Value | None
    """For a gradient, the operand whose share isn't finite."""
    path: tuple[Value, ...]
    """From the node to the root, a shortest way."""
    reason: str
    remedy: str
    """What to write instead; empty where none is known."""
    _line: str = field(compare=False)
    _names: Names = field(compare=False)

    def __repr__(self) -> str:
        if self.node is None:
            return f"All numbers and gradients of {self._names[self.root]} are finite."
        name = self._names[self.node]
        if self.operand is None:
            lines = [f"The first number that isn't finite is {name}."]
        else:
            lines = [
                f"All numbers are finite; the first share of a gradient that isn't is that of "
                f"{self._names[self.operand]} from {name}."
            ]
        lines += [f"  {line}" for line in self._line.splitlines()]
        lines += [f"  {self.reason}"] if self.reason else []
        if len(self.path) > 1:
            way = [self._names[v] for v in self.path]
            way = way if len(way) <= 8 else [*way[:4], f"… {len(way) - 7:,} more …", *way[-3:]]
            lines.append(f"  on its way to the root: {' → '.join(way)}")
        lines += [self.remedy] if self.remedy else []
        return "\n".join(wrapped(line) for line in lines)

    def draw(self) -> Drawing:
        """The picture of the neighbourhood: the node lit, what it is made of and what is made of it nearby."""
        if self.node is None:
            return draw(self.root)
        above = self.path[min(2, len(self.path) - 1)]
        return draw(above, partials=True, highlight=[self.node], max_nodes=NEIGHBOURS)


def autopsy(root: Value) -> Autopsy:
    """Where the first nan or infinity of a graph was born: among its numbers, else among the shares of gradients.

    Of the numbers those count that reach the root; where the root is finite, the gradients do. TypeError for what is no
    Value.
    """
    if not isinstance(root, Value):
        raise TypeError(f"autopsy takes the Value at the root, not {type(root).__name__}")
    names = Names(root)
    if math.isfinite(root.data):
        return _in_gradients(root, names)
    users = _users(names.order)
    node = _origin(root, names)
    infected = {v: [user for user in users.get(v, []) if not math.isfinite(user.data)] for v in users}
    reason = _reason(node) if node.op else "it is so from the start"
    return Autopsy(
        *(root, "value", node, None, _way_up(node, root, infected), reason),
        _remedy(node, users, names),
        forward_line(node, names),
        names,
    )


def _origin(root: Value, names: Names) -> Value:
    """The earliest number from which nothing but what isn't finite leads to the root."""
    infected, stack = {root}, [root]
    while stack:
        for operand in stack.pop().operands:
            if not math.isfinite(operand.data) and operand not in infected:
                infected.add(operand)
                stack.append(operand)
    return min(infected, key=names.place)


def _in_gradients(root: Value, names: Names) -> Autopsy:
    grads = {root: 1.0}
    for node in reversed(graph.interior(root, through_detached=False)):
        above, operands, partials = grads.get(node, 0.0), node.operands, node.partials
        for position in shares(node):
            operand, partial = operands[position], partials[position]
            before = grads.get(operand, 0.0)
            grads[operand] = before + above * partial
            if not math.isfinite(grads[operand]):
                if math.isfinite(above * partial):
                    reason = "the sum of the shares is beyond the largest float"
                elif math.isfinite(partial):
                    reason = "the product is beyond the largest float"
                else:
                    reason = f"the local derivative of {node.op} is {brief(partial)} there"
                users = _users(names.order)
                return Autopsy(
                    *(root, "gradient", node, operand, _way_up(node, root, users), reason),
                    _remedy(node, users, names),
                    backward_line(node, position, above, before, names),
                    names,
                )
    return Autopsy(root, "nowhere", None, None, (), "", "", "", names)


_Users = dict[Value, list[Value]]


def _users(order: Sequence[Value]) -> _Users:
    """What each number is an operand of."""
    found: _Users = {}
    for node in order:
        for operand in node.operands:
            found.setdefault(operand, []).append(node)
    return found


def _way_up(node: Value, root: Value, users: _Users) -> tuple[Value, ...]:
    """A shortest way from a node to the root."""
    came: dict[Value, Value | None] = {node: None}
    queue = [node]
    for v in queue:  # which grows meanwhile
        if v is root:
            break
        for user in users.get(v, []):
            if user not in came:
                came[user] = v
                queue.append(user)
    way: list[Value] = []
    step: Value | None = root
    while step is not None:
        way.append(step)
        step = came[step]
    return tuple(reversed(way))


# ── why ──


def _reason(node: Value) -> str:
    """What made a result of finite operands infinite or nan."""
    x, *others = (v.data for v in node.operands)
    y = others[0] if others else 0.0
    if node.op in ("exp", "expm1"):
        return "eˣ is beyond the largest float for x above 709.78"
    if node.op == "log1p" and x <= -1.0:
        return "log1p at -1 is the log of 0" if x == -1.0 else "log1p below -1 is the log of a negative number"
    if node.op in ("asin", "acos") and abs(x) > 1.0:
        return f"{node.op} is of numbers from -1 to 1"
    if node.op in ("log", "log2", "log10", "sqrt", "rsqrt") and x < 0.0:
        return f"{node.op} of a negative number is no real number"
    if node.op in ("log", "log2", "log10", "rsqrt", "reciprocal") and x == 0.0:
        return f"{node.op} at 0 is {brief(node.data)}"
    if node.op == "divide" and y == 0.0:
        return "0/0 is no number" if x == 0.0 else "a division by 0"
    if node.op == "power" and x < 0.0 and y != math.floor(y):
        return "a negative number has no real power that isn't whole"
    if node.op == "power" and x == 0.0:
        return "0 to a negative power is a division by 0"
    if node.data != node.data:
        return f"{node.op} isn't defined there"
    return "the result is beyond the largest float, 1.8e308"


# ── what to write instead ──


def _remedy(node: Value, users: _Users, names: Names) -> str:
    """The stable form of what the node is part of, for the well-known cases."""
    around = [node, *users.get(node, [])]
    around += [u for v in users.get(node, []) for u in users.get(v, [])]
    around += [u for v in around[1:] for u in users.get(v, [])]
    for place in sorted(set(around), key=names.place, reverse=True):
        for rewrite in _REWRITES:
            if found := rewrite(place, names):
                written, better, inputs = found
                if node not in _between(place, inputs) or not all(math.isfinite(v.data) for v in inputs):
                    continue  # what went wrong isn't what would be replaced
                text = f"Instead of {written}, write {better}."
                return text if len(text) <= WIDTH else f"Instead of {written},\n  write {better}."
    return ""


_Found = tuple[str, str, Sequence[Value]] | None
"""What was written, what is better, and the numbers that go in."""
_Rewrite = Callable[[Value, Names], _Found]


def _between(place: Value, inputs: Sequence[Value]) -> set[Value]:
    """What a rewrite replaces: the numbers from a place down to the inputs, those left out."""
    found, stack = {place}, [place]
    while stack:
        for v in stack.pop().operands:
            if v not in inputs and v not in found:
                found.add(v)
                stack.append(v)
    return found


def _is_one(v: Value) -> bool:
    return graph.is_constant(v) and v.data == 1.0


def _terms(v: Value) -> list[Value]:
    """What a sum is made of; nothing, if that is more than one can look through."""
    if v.op == "total":
        return list(v.operands)
    terms: list[Value] = []
    stack = [v]
    while stack:
        if len(terms) + len(stack) > MOST_TERMS:
            return []
        term = stack.pop()
        if term.op == "add":
            stack += reversed(term.operands)
        else:
            terms.append(term)
    return terms


def _one_and(v: Value) -> Value | None:
    """The other term of a sum of two, one of which is 1."""
    terms = _terms(v)
    others = [term for term in terms if not _is_one(term)]
    return others[0] if len(terms) == 2 and len(others) == 1 else None


def _exponent(v: Value) -> Value | None:
    return v.operands[0] if v.op in ("exp", "exp_of_difference") else None


def _same(v: Value, w: Value) -> bool:
    """Whether they are one number, or made by the same operation of the same operands."""
    return v is w or bool(v.op and v.op == w.op and all(a is b for a, b in zip(v.operands, w.operands, strict=True)))


def _log_of_softmax(v: Value, names: Names) -> _Found:
    if v.op == "log" and (share := v.operands[0]).op == "divide" and _exponent(share.operands[0]) is not None:
        terms = _terms(share.operands[1])
        inputs = [x for term in terms if (x := _exponent(term)) is not None]
        if 1 < len(terms) == len(inputs) and any(_same(share.operands[0], term) for term in terms):
            return "log(softmax(xs)[k])", "log_softmax(xs)[k], or losses.cross_entropy(xs, k)", inputs
    return None


def _log_of_sigmoid(v: Value, names: Names) -> _Found:
    if v.op != "log":
        return None
    inner = v.operands[0]
    if inner.op == "sigmoid":
        x = names[inner.operands[0]]
        return f"log(sigmoid({x}))", f"{x}.logsigmoid()", inner.operands
    if inner.op == "subtract" and _is_one(inner.operands[0]) and inner.operands[1].op == "sigmoid":
        x = names[inner.operands[1].operands[0]]
        return f"log(1 - sigmoid({x}))", f"(-{x}).logsigmoid()", inner.operands[1].operands
    return None


def _softplus(v: Value, names: Names) -> _Found:
    other = _one_and(v.operands[0]) if v.op == "log" else v.operands[0] if v.op == "log1p" else None
    if other is not None and other.op == "exp":
        x = names[other.operands[0]]
        return f"log(1 + exp({x}))", f"{x}.softplus()", other.operands
    return None


def _sigmoid(v: Value, names: Names) -> _Found:
    if v.op != "divide":
        return None
    above, below = v.operands
    other = _one_and(below)
    if other is None or other.op != "exp":
        return None
    inner = other.operands[0]
    if above.op == "exp" and _same(above, other):
        return f"exp({names[inner]})/(1 + exp({names[inner]}))", f"{names[inner]}.sigmoid()", [inner]
    if _is_one(above):
        x = f"{names[inner.operands[0]]}" if inner.op == "negative" else f"(-{names[inner]})"
        return f"1/(1 + exp({names[inner]}))", f"{x}.sigmoid()", [inner]
    return None


def _softmax(v: Value, names: Names) -> _Found:
    if v.op == "divide" and v.operands[0].op == "exp":
        terms = _terms(v.operands[1])
        inputs = [term.operands[0] for term in terms if term.op == "exp"]
        if 1 < len(terms) == len(inputs) and any(_same(v.operands[0], term) for term in terms):
            return "exp(x)/Σ exp(xs)", "softmax(xs)[k]", inputs
    return None


def _logsumexp(v: Value, names: Names) -> _Found:
    terms = _terms(v.operands[0]) if v.op == "log" else []
    inputs = [term.operands[0] for term in terms if term.op == "exp"]
    if 1 < len(terms) == len(inputs):
        return "log(Σ exp(xs))", "logsumexp(xs)", inputs
    return None


def _length(v: Value, names: Names) -> _Found:
    """√(x² + y²), whose squares overflow and whose derivative at 0 is infinite."""
    if v.op != "sqrt" and not (v.op == "power" and v.operands[1].data == 0.5):
        return None
    terms = _terms(v.operands[0])
    roots = [root for root in map(_root_of_square, terms) if root is not None]
    texts = [names[root] for root in roots]
    if not roots or len(roots) < len(terms):
        return None
    if len(texts) == 1:
        return f"√({texts[0]}²)", f"abs({texts[0]})", roots
    if len(texts) == 2:
        return f"√({texts[0]}² + {texts[1]}²)", f"hypot({texts[0]}, {texts[1]})", roots
    return "√(Σ x²)", "norm(xs)", roots


def _root_of_square(v: Value) -> Value | None:
    if v.op == "square" or (v.op == "power" and v.operands[1].data == 2.0):
        return v.operands[0]
    return v.operands[0] if v.op == "multiply" and v.operands[0] is v.operands[1] else None


def _root_at_zero(v: Value, names: Names) -> _Found:
    if v.op in ("sqrt", "rsqrt", "log") and v.operands[0].data == 0.0:
        x = names[v.operands[0]]
        return f"{v.op}({x}) at 0", f"({x} + 1e-12).{v.op}(), if 0 may come", v.operands
    return None


_REWRITES: Final[tuple[_Rewrite, ...]] = (
    *(_log_of_softmax, _log_of_sigmoid, _softplus, _logsumexp, _sigmoid, _softmax, _length, _root_at_zero),
)
