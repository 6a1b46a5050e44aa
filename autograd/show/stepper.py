"""A walk through a graph at the prompt: forward and then backward, one step at a time.

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

The graph is not changed: the walk keeps gradients of its own.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, TypeAlias

from autograd.arguments import a_value
from autograd.engine.number import short
from autograd.engine.tape import Contribution, Tape
from autograd.engine.value import Value
from autograd.show.draw import MAX_NODES, draw_walk
from autograd.show.lines import (
    Calculation,
    Step,
    announced,
    announced_contribution,
    backward_step,
    calculation,
    checked,
)
from autograd.show.names import CONSTANT_CODE, Names
from autograd.show.picture import Drawing
from autograd.wording import brief, wrapped

__all__ = ["Step", "Stepper"]

Target: TypeAlias = Value | str
Condition: TypeAlias = Callable[[Step], object] | Value | str
RECENT: Final = 4
"""So many gradients are shown, of those that have contributions."""


class Stepper:
    """A walk through the graph of root: every operation forward, then every contribution to a gradient backward.

    The backward steps are those of `root.backward()` in its order, starting from zero, so that gradients add up to
    the same bits. A node is called by its label, or by v and its place on the tape; a constant gets no gradient. The
    data are those at the time when the Stepper is made.

    TypeError for anything but a Value.
    """

    def __init__(self, root: Value) -> None:
        self.root: Final = a_value(root, "Stepper")
        self._tape: Final = Tape(root)
        self._names: Final = Names(self._tape)
        self._computed: Final = [place for place, code in enumerate(self._tape.codes) if code > CONSTANT_CODE]
        self._sweep: Final = self._tape.sweep()
        self._contributions: Final[list[Contribution[float]]] = []
        """Those that the sweep has given so far; a walk that went back takes them again."""
        self._taken = 0
        self._grads: Final[dict[int, float]] = {}
        self._breakpoints: Final[list[Callable[[Step], object]]] = []
        self._latest: tuple[int, Calculation] | None = None
        """The place and the calculation of the last step, which those of its other operands share."""

    @cached_property
    def _length(self) -> int:
        tape = self._tape
        return len(self._computed) + 1 + sum(len(tape.passes_on(place)) for place in tape.swept(tape.roots[0]))

    def __len__(self) -> int:
        return self._length

    @property
    def position(self) -> int:
        """The number of steps taken."""
        return self._taken

    def grad(self, node: Target) -> float | None:
        """The gradient so far of a node, given as a Value or by its name; None before the first contribution."""
        return self._grads.get(self._names.place(node))

    @property
    def grads(self) -> dict[Value, float]:
        """The gradient so far of every node that has a contribution; a copy."""
        return {self._tape.node(place): grad for place, grad in self._grads.items()}

    # ── walking ──

    def step(self) -> Step:
        """Take the next step. IndexError at the end; ValueError if data was changed before the Stepper was made."""
        step = self._made(self._taken + 1)
        self._go_on()
        return step

    def back(self) -> Step | None:
        """Take back the last step; the step before it, or None at the start. IndexError at the start."""
        self._go_back()
        return self._made(self._taken) if self._taken else None

    def to(self, place: Target | int) -> Step | None:
        """Go to a step, forward or back: by its number, or to where a node is computed or its gradient is complete.

        In the forward phase a node with operands is where it is computed; else where its gradient is complete. Returns
        that step, or None at the start. IndexError for a number without a step, TypeError and ValueError for a node
        that is not in the graph, ValueError for one that gets no gradient.
        """
        if isinstance(place, bool):
            raise TypeError(f"to() takes the number of a step, or a node as a Value or by its name, not {place}")
        if isinstance(place, int) and not 0 <= place <= len(self):
            raise IndexError(f"there are steps 0 to {len(self):,}, and no {place}")
        goal = place if isinstance(place, int) else self._last_about(self._names.place(place))
        step = self._made(goal) if goal else None
        while self._taken < goal:
            self._go_on()
        while self._taken > goal:
            self._go_back()
        return step

    def until(self, node: Target) -> Step:
        """Go on to the next step that computes a node or adds to its gradient. ValueError if none does."""
        found = self._names.place(node)
        for number in range(self._taken + 1, len(self) + 1):
            if self._touched(number) == found:
                while self._taken < number - 1:
                    self._go_on()
                return self.step()
        raise ValueError(f"no step ahead touches {self._names[found]}; back() goes back, reset() to the start")

    def run(self, until: Condition | None = None) -> Step:
        """Go on to the first step that meets a condition or a breakpoint, or to the end; returns that step.

        The condition is a function of a Step, or a node, as a Value or by its name, that a step touches. IndexError
        at the end.
        """
        stops = [*self._breakpoints, *([] if until is None else [self._condition(until)])]
        last = self.step()
        while self._taken < len(self) and not any(stop(last) for stop in stops):
            last = self.step()
        return last

    def breakpoint(self, at: Condition) -> None:
        """Let every run stop at a step that meets this condition; see `run`."""
        self._breakpoints.append(self._condition(at))

    def clear_breakpoints(self) -> None:
        """Let runs go to the end again."""
        self._breakpoints.clear()

    def reset(self) -> None:
        """Go back to the start; breakpoints stay."""
        self._taken = 0
        self._grads.clear()

    def __iter__(self) -> Iterator[Step]:
        """The steps from here to the end; each is taken when it is yielded."""
        while self._taken < len(self):
            yield self.step()

    # ── looking ──

    def __repr__(self) -> str:
        root = self._names.root
        if not self._taken:
            where = f"at the start of {len(self):,} steps"
        else:
            phase = "forward" if self._taken <= len(self._computed) else "backward"
            where = f"step {self._taken:,} of {len(self):,}, {phase}"
        lines = [f"Stepper of {root}: {where}"]
        if self._grads:
            recent = list(self._grads)[-RECENT:]
            shown = ", ".join(f"∂{root}/∂{self._names[place]} = {brief(self._grads[place])}" for place in recent)
            more = len(self._grads) - len(recent)
            lines.append(wrapped(f"  {shown}" + (f" and {more:,} before" if more else "")))
        if self._taken < len(self):
            lines.append(wrapped(f"  next: {self._announced(self._taken + 1)}"))
        return "\n".join(lines)

    def draw(self, *, max_nodes: int = MAX_NODES) -> Drawing:
        """The picture of the walk so far: the last step is lit, and — stands for a value that is not yet computed.

        Of a graph of more than max_nodes nodes, those nearest to that step are drawn.
        """
        tape, names = self._tape, self._names
        computed = self._computed[: self._taken][-1] if self._taken else -1

        def texts(k: int) -> tuple[str, str, str]:
            known, grad = k <= computed or not tape.operation(k), self._grads.get(k)
            name = "" if tape.is_constant(k) else names[k]
            return name, short(tape.data[k]) if known else "—", "—" if grad is None else short(grad)

        return draw_walk(tape, texts, self._at(self._taken) if self._taken else None, max_nodes=max_nodes)

    # ── the steps ──

    def _contribution(self, number: int) -> Contribution[float]:
        """The contribution of a backward step, the one at the root aside. IndexError after the end."""
        i = number - len(self._computed) - 2
        while len(self._contributions) <= i:
            try:
                self._contributions.append(next(self._sweep))
            except StopIteration:
                here = "back() goes back, reset() to the start"
                raise IndexError(f"the walk is over after {number - 1:,} steps; {here}") from None
        return self._contributions[i]

    def _go_on(self) -> None:
        number = self._taken + 1
        if number == len(self._computed) + 1:
            self._grads[self._tape.roots[0]] = 1.0
        elif number > len(self._computed):
            given = self._contribution(number)
            self._grads[given.operand] = given.after
        self._taken = number

    def _go_back(self) -> None:
        if not self._taken:
            raise IndexError("the walk is at its start; step() goes on")
        if self._taken == len(self._computed) + 1:
            self._grads.clear()
        elif self._taken > len(self._computed):
            given = self._contribution(self._taken)
            if given.before is None:
                del self._grads[given.operand]
            else:
                self._grads[given.operand] = given.before
        self._taken -= 1

    def _at(self, number: int) -> tuple[int, int | None]:
        """The place of the node of a step, and the position of the operand that it contributes to."""
        if number <= len(self._computed):
            return self._computed[number - 1], None
        if number == len(self._computed) + 1:
            return self._tape.roots[0], None
        given = self._contribution(number)
        return given.place, given.position

    def _touched(self, number: int) -> int:
        place, position = self._at(number)
        return place if position is None else self._tape.operands_of(place)[position]

    def _made(self, number: int) -> Step:
        place, position = self._at(number)
        if self._latest is None or self._latest[0] != place:
            self._latest = place, checked(self._names, place)
        root, made = self._names.root, self._latest[1]
        if number <= len(self._computed):
            return Step(number, "forward", root, made, None, made.result, 0.0, 0.0, None, 0.0)
        if position is None:
            return Step(number, "backward", root, made, None, 1.0, 0.0, 0.0, None, 1.0)
        return backward_step(number, root, made, self._contribution(number))

    def _announced(self, number: int) -> str:
        """The text of a step to come."""
        place, position = self._at(number)
        root, names = self._names.root, self._names
        if number <= len(self._computed):
            return announced(calculation(names, place))
        if position is None:
            return f"∂{root}/∂{root} = 1"
        return announced_contribution(root, names[place], names[self._touched(number)])

    def _condition(self, at: Condition) -> Callable[[Step], object]:
        if isinstance(at, (Value, str)):
            name = self._names[self._names.place(at)]
            return lambda step: step.touched == name
        if not callable(at):
            shown = f"{type(at).__name__} {at!r}"
            raise TypeError(f"a stop is a function of a Step, a Value or its name, not {shown}; to(3) goes to step 3")
        return at

    def _last_about(self, place: int) -> int:
        """The number of the step that `to` goes to."""
        n = len(self._computed)
        computed = bisect_left(self._computed, place) + 1 if self._tape.operation(place) else 0
        if computed and self._taken <= n:
            return computed
        if place == self._tape.roots[0]:
            return n + 1
        for number in range(len(self), n + 1, -1):
            if self._contribution(number).operand == place:
                return number
        if computed:
            return computed
        raise ValueError(f"{self._names[place]} gets no gradient: it stands behind a detach, or is a constant")
