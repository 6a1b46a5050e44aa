"""A walk through a graph at the prompt: forward and then backward, one step at a time.

>>> from autograd import Stepper, Value
>>> w, x = Value(2.0, label="w"), Value(-1.0, label="x")
>>> y = (w * x).tanh()
>>> y.label = "y"
>>> walk = Stepper(y)
>>> walk.step()
v1 = w·x = 2·(-1) = -2
>>> walk.step()
y = tanh(v1) = tanh(-2) = -0.964028
>>> walk.step()
∂y/∂y = 1
>>> walk.step()
∂y/∂v1 += ∂y/∂y · ∂y/∂v1 = 1 · 0.0706508 = 0.0706508   (1 - y²)
>>> walk
Stepper of y: step 4 of 6, backward
  ∂y/∂y = 1, ∂y/∂v1 = 0.0706508
  next: ∂y/∂w += ∂y/∂v1 · ∂v1/∂w

The graph is not changed: the walk keeps gradients of its own.
"""

from collections.abc import Callable, Iterator
from functools import cached_property
from itertools import islice
from numbers import Integral
from typing import Final, TypeAlias

from autograd.arguments import a_value
from autograd.engine.number import SIX, described, shorts
from autograd.engine.tape import CONSTANT_CODE, Contribution
from autograd.engine.value import Value
from autograd.show import lines
from autograd.show.digits import bare
from autograd.show.fold import folded
from autograd.show.lines import Calculation, Step
from autograd.show.names import Names
from autograd.show.pictures.graph import MAX_NODES
from autograd.show.pictures.picture import Drawing
from autograd.show.pictures.walk import draw_walk
from autograd.wording import Lines, counted, wrapped

__all__ = ["Step", "Stepper"]

Target: TypeAlias = Value | str
Condition: TypeAlias = Callable[[Step], object] | Value | str
RECENT: Final = 4
"""So many gradients are shown, of those that have contributions."""


class Stepper(Lines):
    """A walk through the graph of root: every operation forward, then every contribution to a gradient backward.

    The backward steps are those of `root.backward()` in its order, starting from zero, so that gradients add up to
    the same bits. A node is called by its label, or by v and its place on the tape; a constant gets no gradient. The
    data are those at the time when the Stepper is made.

    Softmax, log-softmax and cross-entropy are one step each, with the derivatives of the textbook, and gradients over
    them may differ from those of `backward` in the last bits. With `inner` they are the several operations that are
    recorded for them, and all gradients have the bits of `backward`.

    TypeError for anything but a Value.
    """

    def __init__(self, root: Value, *, inner: bool = False) -> None:
        self.root: Final = a_value(root, "Stepper")
        self._tape: Final = folded(root, inner=inner)
        self._names: Final = Names(self._tape)
        self._computed: Final = [place for place, code in enumerate(self._tape.codes) if code > CONSTANT_CODE]
        """The places of the nodes of the forward steps."""
        self._start: Final = len(self._computed) + 1
        """The number of the step that starts the backward phase: the gradient of the root is 1."""
        self._sweep: Iterator[Contribution[float]] | None = None
        """The rest of the sweep; None where it has to start anew."""
        self._contributions: Final[list[Contribution[float]]] = []
        """Those that the sweep has given so far; a walk that went back takes them again."""
        self._taken = 0
        self._summed: tuple[int, dict[int, float]] = 0, {}
        """Gradients, and the number of the step after which they are so: looking again goes on from there."""
        self._breakpoints: Final[list[Callable[[Step], object]]] = []
        self._latest: tuple[int, Calculation] | None = None
        """The place and the calculation of the last step, which the steps to its other operands share."""

    def __len__(self) -> int:
        return self._length

    @cached_property
    def _length(self) -> int:
        tape = self._tape
        return self._start + sum(len(tape.passes_on(place)) for place in tape.swept())

    @property
    def position(self) -> int:
        """The number of steps taken."""
        return self._taken

    def grad(self, node: Target) -> float | None:
        """The gradient so far of a node, given as a Value or by its name; None before the first contribution."""
        return self._gradients().get(self._place(node))

    @property
    def grads(self) -> dict[Value, float]:
        """The gradient so far of every node that has a contribution, in the order of the first ones."""
        return {self._tape.node(place): grad for place, grad in self._gradients().items()}

    def _gradients(self) -> dict[int, float]:
        """The gradients so far by place, in the order of the first contributions."""
        known, grads = self._summed
        self._summed = 0, {}  # So an interrupt does no harm.
        if known < self._start <= self._taken:
            grads[self._tape.roots[0]] = 1.0
        before, now = max(known - self._start, 0), max(self._taken - self._start, 0)
        for given in self._contributions[before:now]:
            grads[given.operand] = given.after
        for given in reversed(self._contributions[now:before]):
            if given.before is None:
                del grads[given.operand]
            else:
                grads[given.operand] = given.before
        if self._taken < self._start:
            grads.clear()
        self._summed = self._taken, grads
        return grads

    # ── walking ──

    def step(self) -> Step:
        """Take the next step. IndexError at the end; ValueError if data was changed before the Stepper was made."""
        step = self._made(self._taken + 1)
        self._taken += 1
        return step

    def back(self) -> Step | None:
        """Take back the last step; the step before it, or None at the start. IndexError at the start."""
        if not self._taken:
            raise IndexError("the walk is at its start; step() goes on")
        return self.to(self._taken - 1)

    def to(self, place: Target | int) -> Step | None:
        """Go to a step, forward or back: by its number, or to where a node is computed or its gradient is complete.

        In the forward phase a node with operands is where it is computed; else where its gradient is complete. Returns
        that step, or None at the start. IndexError for a number without a step, TypeError and ValueError for a node
        that is not in the graph, ValueError for one that gets no gradient.
        """
        if isinstance(place, bool):
            raise TypeError(f"to() takes the number of a step, or a node as a Value or by its name, not {place}")
        goal = int(place) if isinstance(place, (int, Integral)) else self._last_about(self._place(place))
        if not 0 <= goal <= len(self):
            raise IndexError(f"there are steps 0 to {len(self):,}, and no {goal}")
        step = self._made(goal) if goal else None
        self._taken = goal
        return step

    def until(self, node: Target) -> Step:
        """Go on to the next step that computes a node or adds to its gradient. ValueError if none does."""
        found = self._place(node)
        for number in range(self._taken + 1, len(self) + 1):
            if self._touched(number) == found:
                step, self._taken = self._made(number), number  # In this order: an error leaves the walk where it is.
                return step
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

    def __iter__(self) -> Iterator[Step]:
        """The steps from here to the end; each is taken when it is yielded."""
        while self._taken < len(self):
            yield self.step()

    # ── looking ──

    def __repr__(self) -> str:
        root, grads = self._names.root, self._gradients()
        where = f"at the start of {counted(len(self), 'step')}"
        if self._taken:
            where = f"step {self._taken:,} of {len(self):,}, {'backward' if grads else 'forward'}"
        text = [wrapped(f"Stepper of {root}: {where}")]
        if grads:
            places = [*islice(reversed(grads), RECENT)][::-1]
            texts = map(bare, shorts([grads[k] for k in places], [SIX] * len(places)))
            recent = ", ".join(f"∂{root}/∂{self._names[k]} = {text}" for k, text in zip(places, texts, strict=True))
            more = len(grads) - RECENT
            text.append(wrapped(f"  {recent}" + (f" and {more:,} before" if more > 0 else "")))
        if self._taken < len(self):
            place, position = self._at(self._taken + 1)
            made = lines.calculation(self._names, place)
            ahead = lines.announced(made) if self._taken + 1 < self._start else lines.gradient_of(root, made, position)
            text.append(wrapped(f"  next: {ahead}"))
        return "\n".join(text)

    def draw(self, *, max_nodes: int = MAX_NODES) -> Drawing:
        """The picture of the walk so far: the last step is lit, and — stands for a value that is not yet computed.

        Of a graph of more than max_nodes nodes, those nearest to that step are drawn. ValueError if the data of one of
        them was changed before the Stepper was made.
        """
        computed = max(self._computed[: self._taken], default=-1)
        step = self._at(self._taken) if self._taken else None
        taken = self._contributions[: max(self._taken - self._start, 0)]
        return draw_walk(self._names, taken, self._gradients(), computed, step, max_nodes=max_nodes)

    # ── the steps ──

    def _contribution(self, number: int) -> Contribution[float] | None:
        """The contribution of a backward step; None of the step that starts the phase. IndexError after the end."""
        while (known := len(self._contributions)) < number - self._start:
            sweep, self._sweep = self._sweep, None  # An interrupt loses the sweep, and no contribution.
            sweep = islice(self._tape.sweep(), known, None) if sweep is None else sweep
            given = next(sweep, None)
            if given is None:
                here = "back() goes back, reset() to the start"
                raise IndexError(f"the walk is over after {len(self):,} steps; {here}")
            self._contributions[known:] = [given]  # A signal handler may have walked on meanwhile.
            self._sweep = sweep
        return self._contributions[number - self._start - 1] if number > self._start else None

    def _at(self, number: int) -> tuple[int, int | None]:
        """The place of the node of a step, and the position of the operand that it contributes to."""
        if number < self._start:
            return self._computed[number - 1], None
        given = self._contribution(number)
        return (self._tape.roots[0], None) if given is None else (given.place, given.position)

    def _touched(self, number: int) -> int:
        place, position = self._at(number)
        return place if position is None else self._tape.operands_of(place)[position]

    def _made(self, number: int) -> Step:
        place, _ = self._at(number)
        if self._latest is None or self._latest[0] != place:
            self._latest = place, lines.checked(self._names, place)
        root, made = self._names.root, self._latest[1]
        if number < self._start:
            return Step(number, "forward", root, made, None, made.result, 0.0, 0.0, None, 0.0)
        given = self._contribution(number)
        if given is None:
            return Step(number, "backward", root, made, None, 1.0, 0.0, 0.0, None, 1.0)
        return lines.backward_step(number, root, made, given)

    def _place(self, target: Target) -> int:
        if type(target) is Value and target not in self._tape and target in folded(self.root, inner=True):
            raise ValueError(
                f"{target!r} is inside a softmax or cross-entropy, which is one step here; Stepper(root, inner=True) "
                "has a step for it"
            )
        return self._names.place(target)

    def _condition(self, at: Condition) -> Callable[[Step], object]:
        if isinstance(at, (Value, str)):
            name = self._names[self._place(at)]
            return lambda step: step.touched == name
        if not callable(at):
            raise TypeError(
                f"a stop is a function of a Step, a Value or its name, not {described(at)}; to(3) goes to step 3"
            )
        return at

    def _last_about(self, place: int) -> int:
        """The number of the step that `to` goes to: where a node is computed, or the last one that touches it."""
        last = self._start - 1 if self._taken < self._start and self._tape.operation(place) else len(self)
        for number in range(last, 0, -1):
            if self._touched(number) == place:
                return number
        raise ValueError(f"{self._names[place]} gets no gradient: it stands behind a detach, or is a constant")
