"""A graph walked through at the prompt: forward and then backward, one number at a time.

>>> from autograd import Stepper, Value
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> y = (w * x).tanh()
>>> y.label = "y"
>>> walk = Stepper(y)
>>> walk.step()
v2 = w·x = 2·(-1) = -2
>>> walk.step()
y = tanh(v2) = tanh(-2) = -0.964028
>>> walk.step()
∂y/∂y = 1
>>> walk.step()
∂y/∂v2 += ∂y/∂y · ∂y/∂v2 = 1 · 0.0706508 = 0.0706508   (1 - y²)
>>> walk
Stepper of y: step 4 of 6, backward
  ∂y/∂y = 1, ∂y/∂v2 = 0.0706508
  next: ∂y/∂w += ∂y/∂v2 · ∂v2/∂w

Nothing of the graph is changed by it: what has been added up so far is the walk's own.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import accumulate
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from autograd.engine import graph
from autograd.engine.number import short
from autograd.engine.value import Value
from autograd.show.draw import MAX_NODES, draw_walk
from autograd.show.lines import announced, backward_line, forward_line, shares
from autograd.show.names import Names
from autograd.show.picture import Drawing
from autograd.wording import brief, wrapped

Target: TypeAlias = Value | str
RECENT: Final = 4
"""So many gradients the walk shows of those it has touched."""


@dataclass(frozen=True, repr=False)
class Step:
    """One step of a walk: a number computed, or a gradient that gets its share from a node."""

    number: int
    """Its place in the walk, from 1."""
    phase: Literal["forward", "backward"]
    node: Value
    """What is computed, or what hands its gradient down."""
    operand: Value | None
    """What gets a share of the gradient; None forward, and for the root, which starts with 1."""
    value: float
    """The number computed, or the share."""
    grad: float
    """The gradient that the operand then has; forward 0.0."""
    _line: Callable[[], str] = field(compare=False)

    @property
    def touched(self) -> Value:
        """The number that this step is about: what is computed, or whose gradient grows."""
        return self.node if self.operand is None else self.operand

    def __str__(self) -> str:
        return self._line()

    def __repr__(self) -> str:
        return self._line()


Condition: TypeAlias = Callable[[Step], object] | Value | str


class Stepper:
    """A walk through the graph of root: every operation forward, then every share of a gradient backward.

    The steps are those of `root.backward()` in its order, so that gradients add up to the same bits, starting from
    zero. Numbers are called by their labels, others v and their place in the graph; constants have no gradient to
    follow. TypeError for what is no Value.
    """

    def __init__(self, root: Value) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"Stepper takes the Value to walk from, not {type(root).__name__}")
        self.root: Final = root
        self._names: Final = Names(root)
        self._forward: Final = [v for v in self._names.order if v.op]
        self._sweep: Final = graph.interior(root, through_detached=False)[::-1]
        # Of each node of the sweep, the number of the last step before those of its own.
        self._starts: Final = list(accumulate((len(shares(v)) for v in self._sweep), initial=len(self._forward) + 1))
        self._taken = 0
        self._last_row: tuple[Value | None, _Row] = None, ([], (), ())
        self._grads: dict[Value, float] = {}
        self._before: list[float | None] = []
        """What each gradient touched so far was before, to go back to the same bits."""
        self._breakpoints: list[Callable[[Step], object]] = []

    def __len__(self) -> int:
        return self._starts[-1]

    @property
    def position(self) -> int:
        """The number of steps taken."""
        return self._taken

    def grad(self, node: Target) -> float | None:
        """What has been added up for a number, by itself or its name; None before the first share."""
        return self._grads.get(self._found(node))

    @property
    def grads(self) -> Mapping[Value, float]:
        """What has been added up so far, for every number that has got a share; a view, not to be changed."""
        return MappingProxyType(self._grads)

    # ── walking ──

    def step(self) -> Step:
        """Take the next step. IndexError at the end."""
        if self._taken == len(self):
            raise IndexError(f"the walk is over after {self._taken:,} steps; back() goes back, reset() to the start")
        self._taken += 1
        if self._taken > len(self._forward):
            touched, gets = self._share(self._taken)
            before = self._grads.get(touched)
            self._before.append(before)
            self._grads[touched] = 1.0 if gets is None else (before or 0.0) + gets
        return self._made(self._taken)

    def back(self) -> Step | None:
        """Take back the last step; the one before it, or None at the start. IndexError at the start."""
        if not self._taken:
            raise IndexError("the walk is at its start; step() goes on")
        if self._taken > len(self._forward):
            touched, _ = self._share(self._taken)
            before = self._before.pop()
            if before is None:
                del self._grads[touched]
            else:
                self._grads[touched] = before
        self._taken -= 1
        return self._made(self._taken) if self._taken else None

    def to(self, place: Target | int) -> Step | None:
        """Go to a step by its number, or to where a number has its final say, forward or back as need be.

        That is where it has just been computed; once the walk is backward, and for a leaf, where its gradient is
        complete. IndexError for a number of a step that there isn't, ValueError for a name or Value that the walk
        doesn't meet.
        """
        if isinstance(place, bool):
            raise TypeError(f"to() goes to a step by its number, or to a number by itself or its name, not to {place}")
        if isinstance(place, int):
            if not 0 <= place <= len(self):
                raise IndexError(f"there are steps 0 to {len(self):,}, and no {place}")
            goal = place
        else:
            goal = self._final_say(self._found(place))
        last = None if self._taken == 0 else self._made(self._taken)
        while self._taken < goal:
            last = self.step()
        while self._taken > goal:
            last = self.back()
        return last

    def until(self, node: Target) -> Step:
        """Go on to the next step that computes this number or adds to its gradient. ValueError if none does."""
        found = self._found(node)
        start = self._taken
        while self._taken < len(self):
            last = self.step()
            if last.touched is found:
                return last
        self.to(start)
        raise ValueError(f"no step ahead touches {self._names[found]}; back() goes back, reset() to the start")

    def run(self, until: Condition | None = None) -> Step:
        """Go on to the first step that meets a condition, or a breakpoint, or to the end; that step.

        The condition is a function of a Step, or a Value or its name: then a step that touches it. IndexError at the
        end.
        """
        stops = [*self._breakpoints, *([] if until is None else [self._condition(until)])]
        last = self.step()
        while self._taken < len(self) and not any(stop(last) for stop in stops):
            last = self.step()
        return last

    def breakpoint(self, at: Condition) -> None:
        """Let every run stop at a step that meets this condition: a function of a Step, a Value or its name."""
        self._breakpoints.append(self._condition(at))

    def clear_breakpoints(self) -> None:
        """Let runs go to the end again."""
        self._breakpoints.clear()

    def reset(self) -> None:
        """Go back to the start; breakpoints stay."""
        self._taken = 0
        self._grads.clear()
        self._before.clear()

    def __iter__(self) -> Iterator[Step]:
        """The steps from here to the end, each taken as it is yielded."""
        while self._taken < len(self):
            yield self.step()

    # ── looking ──

    def __repr__(self) -> str:
        name = self._names[self.root]
        if not self._taken:
            where = f"at the start of {len(self):,} steps"
        else:
            phase = "forward" if self._taken <= len(self._forward) else "backward"
            where = f"step {self._taken:,} of {len(self):,}, {phase}"
        lines = [f"Stepper of {name}: {where}"]
        if self._grads:
            recent = list(self._grads)[-RECENT:]
            told = ", ".join(f"∂{name}/∂{self._names[v]} = {brief(self._grads[v])}" for v in recent)
            more = len(self._grads) - len(recent)
            lines.append(wrapped(f"  {told}" + (f" and {more:,} before" if more else "")))
        if self._taken < len(self):
            lines.append(wrapped(f"  next: {self._announced(self._taken + 1)}"))
        return "\n".join(lines)

    def draw(self, *, max_nodes: int = MAX_NODES) -> Drawing:
        """The picture of where the walk stands: the last step lit, and — for what isn't reached yet.

        Of a graph of more numbers than max_nodes, those nearest to that step are drawn.
        """
        node, position = self._at(self._taken) if self._taken else (self.root, None)
        computed = self._taken

        def texts(v: Value) -> tuple[str, str, str]:
            known = not v.op or computed > len(self._forward) or self._forward_steps[v] <= computed
            gradient = self._grads.get(v)
            shown = short(v.data) if known else "—", "—" if gradient is None else short(gradient)
            return self._names[v], *shown

        around = self.root if len(self._names.order) <= max_nodes else node
        operand = None if position is None else node.operands[position]
        return draw_walk(around, texts, node if self._taken else None, operand, max_nodes=max_nodes)

    # ── what stands where ──

    def _at(self, number: int) -> tuple[Value, int | None]:
        """The node of a step, and the position of the operand that it gives a share to."""
        if number <= len(self._forward):
            return self._forward[number - 1], None
        if number == len(self._forward) + 1:
            return self.root, None
        i = bisect_left(self._starts, number) - 1
        node = self._sweep[i]
        return node, self._row(node)[0][number - self._starts[i] - 1]

    def _row(self, node: Value) -> "_Row":
        """Positions, operands and partials of a node; those of the last one are kept, for it may have a million."""
        if node is not self._last_row[0]:
            self._last_row = node, (shares(node), node.operands, node.partials)
        return self._last_row[1]

    def _share(self, number: int) -> tuple[Value, float | None]:
        """Whose gradient grows in a backward step, and by how much; None for the root, which starts with 1."""
        node, position = self._at(number)
        if position is None:
            return node, None
        _, operands, partials = self._row(node)
        return operands[position], self._grads[node] * partials[position]

    def _made(self, number: int) -> Step:
        """The step just taken."""
        node, position = self._at(number)
        names = self._names
        if number <= len(self._forward):
            return Step(number, "forward", node, None, node.data, 0.0, lambda: forward_line(node, names))
        if position is None:
            line = f"∂{names[node]}/∂{names[node]} = 1"
            return Step(number, "backward", node, None, 1.0, 1.0, lambda: line)
        operand, gets = self._share(number)
        assert gets is not None
        above, before = self._grads[node], self._before[-1] or 0.0
        return Step(
            number,
            "backward",
            node,
            operand,
            gets,
            self._grads[operand],
            lambda: backward_line(node, position, above, before, names),
        )

    def _announced(self, number: int) -> str:
        """What a step will be about."""
        node, position = self._at(number)
        root, own = self._names[self.root], self._names[node]
        if number <= len(self._forward):
            return announced(node, self._names)
        if position is None:
            return f"∂{root}/∂{root} = 1"
        its = self._names[node.operands[position]]
        return f"∂{root}/∂{its} += ∂{root}/∂{own} · ∂{own}/∂{its}"

    def _found(self, target: Target) -> Value:
        if isinstance(target, str):
            return self._names.find(target)
        if not isinstance(target, Value):
            raise TypeError(f"a number of the graph is given by itself or its name, not by {type(target).__name__}")
        if target not in self._names:
            raise ValueError(f"{target!r} is no part of the graph of {self._names[self.root]}")
        return target

    def _condition(self, at: Condition) -> Callable[[Step], object]:
        if isinstance(at, (Value, str)):
            found = self._found(at)
            return lambda step: step.touched is found
        if not callable(at):
            shown = f"{type(at).__name__} {at!r}"
            raise TypeError(f"a stop is a function of a Step, a Value or its name, not {shown}; to(3) goes to step 3")
        return at

    @cached_property
    def _forward_steps(self) -> dict[Value, int]:
        return {v: i for i, v in enumerate(self._forward, 1)}

    @cached_property
    def _last_shares(self) -> dict[Value, int]:
        """The step after which a gradient is complete."""
        last = {self.root: len(self._forward) + 1}
        for node, start in zip(self._sweep, self._starts, strict=False):
            operands = node.operands
            last |= {operands[position]: start + k for k, position in enumerate(shares(node), 1)}
        return last

    def _final_say(self, node: Value) -> int:
        if node.op and (self._taken <= len(self._forward) or node not in self._last_shares):
            return self._forward_steps[node]
        if node not in self._last_shares:
            raise ValueError(f"{self._names[node]} gets no gradient: it stands behind a detach, or is a constant")
        return self._last_shares[node]


_Row: TypeAlias = tuple[list[int], tuple[Value, ...], tuple[float, ...]]
