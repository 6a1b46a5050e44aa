"""A compiled program: values, gradients and predictions of batches, and everything that it tells of itself.

>>> from autograd.compiler import compile, inputs
>>> from autograd import Value
>>> w, b, x, y = Value(2.0, label="w"), Value(0.0, label="b"), inputs(name="x"), inputs(name="y")
>>> line = w * x + b
>>> program = compile((line - y).square(), inputs=(x, y), parameters=[w, b], outputs=line)
>>> program.value_and_grad([1.0, 2.0], [3.0, 5.0])
(1.0, array([-3., -2.]))
>>> program.parameters -= 0.1 * program.gradient
>>> program.outputs([1.0, 2.0]), program.views["w"]
(array([2.5, 4.8]), array(2.3))
>>> program.write_back()
>>> w
Value(data=2.3, grad=0.0, label='w')
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np

from autograd.arguments import known
from autograd.compiler import jax
from autograd.compiler.arguments import Array
from autograd.compiler.batches import Bindings, Part, Reduction
from autograd.compiler.binding import Loop, Plan
from autograd.compiler.leaves import Argument, Shape, shape_text
from autograd.compiler.options import Options, checked
from autograd.compiler.parameters import Parameters, Views, labelled, listed, put
from autograd.compiler.reading import Recording
from autograd.compiler.report import Facts, report
from autograd.compiler.statements import Named, Slots
from autograd.compiler.tracing import Graph, Leaves, check_operations, recorded, traced
from autograd.console import printable
from autograd.engine.lists import Places
from autograd.engine.number import WRITES
from autograd.engine.value import Value
from autograd.wording import Lines, Text, counted

Kind: TypeAlias = Literal["loss", "inputs", "examples", "outputs"]
"""The loss with the gradient of the parameters or of the inputs, the gradient of each example, the outputs."""
Scipy: TypeAlias = tuple[Callable[[Any], tuple[float, Array]], Array, tuple[()], str, bool]


class Program(Lines):
    """A loss as code over arrays; `autograd.compile` makes it.

    Each input is an array or nested lists, of shape (N, …) for N examples, each with the shape of its leaves. N may be
    another one at each call. One example may be given without the axis of the batch; then no result has it. A program
    is for one thread at a time.

    Calls: `value`, `value_and_grad`, `per_example`, `gradient_of_inputs`, `outputs`, `scipy`. Numbers: `parameters`,
    `views`, `gradient`, `read`, `write_back`. Text: `source`, `report`, `trace`. Programs can be pickled and copied.
    """

    def __init__(self, graph: Graph, parameters: Parameters, reduce: Reduction, options: Options) -> None:
        self._graph, self._parameters, self._reduce, self._options = graph, parameters, reduce, options
        self._gradient = np.zeros_like(parameters.vector)
        self._parts: dict[Kind, Part] = {}
        self._leaves: dict[Kind, Leaves] = {}
        self._main: Kind = "inputs" if not parameters.values else "examples" if reduce is None else "loss"

    # ── numbers ──

    @property
    def parameters(self) -> Array:
        """The flat vector of all parameters, live: the next call computes with the numbers written into it.

        It is in the order of the parameters that were given, for a module in that of `Module.parameters`.
        """
        return self._parameters.vector

    @parameters.setter
    def parameters(self, numbers: Any) -> None:
        put(numbers, self._parameters.vector, "program.parameters")

    @property
    def reduce(self) -> Literal["mean", "sum"] | None:
        """How the losses of a batch make one value; None leaves one for each example."""
        return self._reduce

    @property
    def backend(self) -> str:
        """The back end that runs the program: numpy, native, c or jax; `report` says why."""
        return self._part(self._main).choice.name

    @property
    def threads(self) -> int:
        """The most threads that share a batch; `report` says so if the back end has no use for them."""
        return self._options.threads

    @property
    def gradient(self) -> Array:
        """The gradient of the last `value_and_grad` by the parameters, live: the next call overwrites it."""
        return self._gradient

    @property
    def views(self) -> Views:
        """Parts of `parameters` by name, live: layers.0.weight, of shape (nout, nin), and layers.0.bias for a layer.

        The names are those of the dictionary that was given, or labels; those of a module are the attributes on the way
        to a layer, as in `Module.named_parameters`, and then the name in `Module.tensors`.
        """
        return self._parameters.views

    @property
    def shapes(self) -> dict[str, Shape]:
        """The shape of an example of each input, by name."""
        return {a.name: a.shape for a in self._graph.arguments}

    def read(self) -> None:
        """Take the data of the Values into `parameters`."""
        self._parameters.read()

    def write_back(self) -> None:
        """Put the numbers of `parameters` into the data of the Values."""
        self._parameters.write_back()

    # ── calls ──

    def value(self, *arrays: Any) -> Any:
        """The mean of the losses of a batch, or their sum; for reduce=None an array of N losses."""
        batch = self._run(self._main, arrays, backward=False)
        return self._parts[self._main].value(batch)

    def value_and_grad(self, *arrays: Any, copy: bool = True) -> tuple[Any, Any]:
        """The value, and its gradient by the parameters, flat and in their order.

        With copy=False the gradient is `program.gradient`, which the next call overwrites. For reduce=None the result
        is that of `per_example`. A program without parameters has the gradient of `gradient_of_inputs`.
        """
        kind = self._main
        if kind == "examples":
            return self.per_example(*arrays)
        batch = self._run(kind, arrays, backward=True)
        if kind == "loss":
            return batch.total, self._gradient.copy() if copy else self._gradient
        return self._parts[kind].value(batch), self._by_inputs(batch)

    def per_example(self, *arrays: Any) -> tuple[Any, Array]:
        """The loss of each example, (N,), and its gradient by the P parameters, (N, P)."""
        batch = self._run("examples", arrays, backward=True)
        part = self._parts["examples"]
        return part.value(batch), part.by_inputs(batch)[-1]

    def gradient_of_inputs(self, *arrays: Any) -> Any:
        """The gradient of `value` by each input, in the shape of its array; for several inputs a tuple."""
        return self._by_inputs(self._run("inputs", arrays, backward=True))

    def outputs(self, *arrays: Any) -> Any:
        """The outputs of a batch, (N, …) with their nesting behind; a tuple of arrays if outputs was one.

        It takes the arrays of those inputs that the outputs depend on, or of all inputs.
        """
        part, all_of = self._part("outputs"), self._graph.arguments
        if len(arrays) == len(all_of):
            arrays = tuple(array for array, a in zip(arrays, all_of, strict=True) if a in part.arguments)
        roots, found, start = self._run("outputs", arrays, backward=False).roots, [], 0
        for row, shape in self._graph.rows():
            rows = roots[start : start + len(row)].T.reshape(-1, *shape)
            found.append(part.result(rows.copy()))
            start += len(row)
        return tuple(found) if isinstance(self._graph.outputs, tuple) else found[0]

    def scipy(self, *arrays: Any) -> Scipy:
        """The arguments of `scipy.optimize.minimize`, for the value of this batch as a function of the parameters.

            result = scipy.optimize.minimize(*program.scipy(X, Y))
            program.parameters = result.x

        The parameters of the program stay as they are. ValueError for reduce=None or without parameters.
        """
        if self._main != "loss":
            raise ValueError("scipy minimises one number by parameters: compile with some, and reduce='mean' or 'sum'")
        vector = self._parameters.vector

        def fun(numbers: Array) -> tuple[float, Array]:
            before = vector.copy()
            try:
                vector[:] = numbers
                value, gradient = self.value_and_grad(*arrays, copy=False)
                return value, gradient.astype(np.float64)
            finally:
                vector[:] = before

        return fun, vector.astype(np.float64), (), "L-BFGS-B", True

    # ── JAX ──

    def jax(
        self,
        call: Literal["value_and_grad", "per_example", "gradient_of_inputs", "outputs"] = "value_and_grad",
        *,
        exact: bool = False,
    ) -> Any:
        """A call of the program as a pure function of JAX, `function(parameters, *inputs)`; `source` is its text.

        The parameters and their gradient are dictionaries of arrays, as in `jax_parameters`; a program without
        parameters has no such argument. It may be used inside `jax.jit`, `jax.vmap` and the like. "outputs" takes the
        arrays of those inputs that the outputs depend on, or of all inputs.

        With numbers that aren't finite, nan may take the place of other results in programs that complete rows by
        zeros; exact=True makes slower code that doesn't. ImportError without JAX.
        """
        return jax.module("function").Function(self, call, exact=exact)

    @property
    def jax_parameters(self) -> dict[str, Any]:
        """A copy of the parameters as arrays of JAX, by the names of `views`; it may be assigned to."""
        return jax.module("trees").taken(self)  # type: ignore[no-any-return]

    @jax_parameters.setter
    def jax_parameters(self, tree: dict[str, Any]) -> None:
        jax.module("trees").put(tree, self)

    def jax_step(self, optimizer: Any, *, devices: Any = None, shard: Literal["layers"] | None = None) -> Any:
        """A training step with an optimiser of the program: a compiled function `(state, *batch) -> (state, loss)`.

        Its `start()` makes the state, a pytree of the parameters and of what the optimiser keeps, and `finish(state,
        steps=…)` puts one into the program and the optimiser. A call uses its old state up.

        devices, a number of them, a list of `jax.devices()` or a `jax.sharding.Mesh`, share the rows of each batch,
        along the first axis of the mesh. All of them have all parameters, or with shard="layers" a part of each large
        array of parameters, along the last axis. The numbers are those of one device, up to rounding. The devices may
        be those of several processes, joined by `jax.distributed`: all of them make the same calls, and each takes the
        rows of its own devices from the arrays, or from the `Rows` of a `train.Loader`.
        """
        return jax.module("divided").step_of(self, optimizer, devices, shard)

    def jax_loop(self, optimizer: Any, *, devices: Any = None, shard: Literal["layers"] | None = None) -> Any:
        """Many steps in one call, over data on the device: `(state, data, orders) -> (state, losses)`.

        data has an array of all rows for each input, and orders the places of the rows of each batch, (steps, rows).
        The rest is as for `jax_step`.
        """
        return jax.module("divided").loop_of(self, optimizer, devices, shard)

    # ── text ──

    @property
    def source(self) -> Text:
        """The array code, forward and backward, with names and shapes."""
        return Text(self._part(self._main).code.source)

    def trace(self) -> Text:
        """The program after each pass of the compiler, as text."""
        return Text(printable(self._part(self._main).code.trace()))

    @property
    def facts(self) -> Facts:
        """The facts of `report`, as numbers."""
        part = self._part(self._main)
        return part.code.facts._replace(backend=part.choice.name, reason=part.choice.reason)

    def report(self) -> Text:
        """The groups, products or operations, what stayed irregular and why, and the back end with its reason.

        Of NumPy's code also calls and bytes, and a forecast of a step.
        """
        return Text(printable(report(self.facts, len(self.parameters))))

    def __repr__(self) -> str:
        facts, graph = self.facts, self._graph
        of = f"the {self._reduce} over a batch" if self._reduce else "the loss of each example"
        outputs = ", ".join(shape_text(("N", *shape)) for _, shape in graph.rows()) or "none"
        return "\n".join(
            [
                f"Program of {counted(len(self.parameters), 'parameter')}, {self.parameters.dtype}, {of}",
                f"  inputs {', '.join(map(str, graph.arguments))}; outputs {outputs}",
                f"  {counted(facts.nodes, 'node')} as {facts.form}",
            ]
        )

    # ── copies ──

    def __reduce__(self) -> tuple[Any, ...]:
        self._parameters.check()
        kept = self._parameters
        return _restored, (self._graph, kept.values, kept.names, kept.vector, self._reduce, self._options)

    # ── parts ──

    def _run(self, kind: Kind, arrays: tuple[Any, ...], *, backward: bool) -> Bindings:
        self._check()
        return (self._parts.get(kind) or self._part(kind)).run(arrays, backward)

    def _check(self) -> None:
        """Raise a ValueError if the data of a Value is not what was taken or put there."""
        if WRITES.count != self._parameters.seen:
            self._parameters.check()

    def _loop(
        self, columns: list[Array], optimizer: Any, size: int, reorder: Any, below: float, *divided: Any
    ) -> Loop | None:
        """The steps of a training, where the back end makes many in one call; `Plan` describes the arguments."""
        part, vectors = self._part("loss"), (self.parameters, self.gradient)

        def loop() -> Loop | None:
            return part.code.loop(Plan(columns, part.slots, *vectors, optimizer, size, reorder, below, *divided))

        return part.trying(loop)

    def _part(self, kind: Kind) -> Part:
        """The kernel for a kind of call, compiled when it is first called."""
        if kind not in self._parts:
            if kind == "outputs" and self._graph.outputs is None:
                raise ValueError("the program has no outputs; name them, as in compile(loss, inputs, outputs=model(x))")
            if kind == "examples" and not self._parameters.values:
                raise ValueError("the program has no parameters; gradient_of_inputs gives each example's own gradient")
            self._parts[kind] = part = self._compiled(kind)
            if kind == self._main == "inputs" and not any(self.shapes.values()):
                self._call_quickly(part)
        return self._parts[kind]

    def _call_quickly(self, part: Part) -> None:
        """Put a quick way for plain floats, where there is one, before `value_and_grad`."""
        # For other arguments it calls a twin, which has all that this program has: one that held itself would wait for
        # the collector of cycles, and one that nothing holds but its function must not go.
        twin = object.__new__(Program)
        vars(twin).update(vars(self))
        if (quick := part.trying(lambda: part.code.on_floats(twin.value_and_grad))) is not None:
            vars(self)["value_and_grad"] = quick

    def _compiled(self, kind: Kind) -> Part:
        found = self._leaves.pop(kind, None) or self._graph.leaves(of_outputs=kind == "outputs")
        inputs, row, vector = self._graph.arguments, self._parameters.values, self._parameters.vector
        if kind == "outputs":  # An input that they don't read needs no array.
            inputs = [a for a in inputs if found.places(a.leaves).max() >= 0] or inputs
        names, start = [], 0
        for a in inputs:
            names.append(Named(a.name, Slots("x", np.arange(start, start + len(a.leaves)).reshape(a.shape))))
            start += len(a.leaves)
        if kind == "examples":  # Each example has parameters of its own, as inputs.
            names += [Named(name, Slots("x", slots.index + start)) for name, slots in self._parameters.names]
            inputs, row = [*inputs, Argument("parameters", (len(row),), row)], []
        else:
            names += self._parameters.names
        leaves = [v for a in inputs for v in a.leaves]
        recording = Recording(found.tape, found.places(leaves), found.places(row), names)
        gradient = self._gradient if kind == "loss" else np.zeros_like(self._gradient)
        wanted: Any = {"loss": "parameters", "outputs": "nothing"}.get(kind, "inputs")
        reduce = self._reduce if kind in ("loss", "inputs") else None
        return Part(recording, wanted, inputs, vector, gradient, reduce, self._options)

    def _by_inputs(self, batch: Bindings) -> Any:
        found = self._parts["inputs"].by_inputs(batch)
        return tuple(found) if len(found) > 1 else found[0]


def _restored(
    graph: Graph, values: list[Value], names: list[Named], vector: Array, reduce: Any, options: Options
) -> Program:
    parameters = Parameters(values, names, str(vector.dtype))
    parameters.vector[:] = vector
    return Program(graph, parameters, reduce, options)


# ── compile ──


def compiled(
    subject: Any, inputs: Any, parameters: Any, outputs: Any, dtype: Any, reduce: Any, backend: Any, threads: Any
) -> Program:
    """The program of `autograd.compile`."""
    dtype = str(np.dtype(dtype)) if isinstance(dtype, (type, np.dtype)) else dtype
    known("dtype", dtype, ("float64", "float32"))
    options = checked(backend, threads)
    if reduce is not None:
        known("reduction", reduce, ("mean", "sum"))
    if type(subject) is Value or not callable(subject):
        graph = recorded(subject, inputs, outputs)
    elif outputs is not None:
        raise TypeError("compile: a function returns its outputs itself, as return loss, outputs")
    else:
        graph = traced(subject, inputs)
    values, names = listed([] if parameters is None else parameters)
    found = [graph.leaves(of_outputs=k) for k in ([False] if graph.outputs is None else [False, True])]
    others = _others(found, graph.arguments, values)
    if parameters is None:
        values, names = others, labelled(others)
    elif values and max(leaves.places(values).max() for leaves in found) < 0:
        raise ValueError(
            "compile: the loss depends on none of the parameters; are they those of another model, or was the loss "
            "recorded in no_grad()?"
        )
    elif others:
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        raise ValueError(
            f"compile: the loss depends on the leaf {others[0]!r}{more}, which is no input and no parameter; list it "
            "as one, or write a plain number in its place"
        )
    program = Program(graph, Parameters(values, names, dtype), reduce, options)
    program._leaves = dict(zip((program._main, "outputs"), found, strict=False))
    program._part(program._main)
    return program


def _others(found: list[Leaves], arguments: list[Argument], parameters: list[Value]) -> list[Value]:
    """The leaves that are no inputs and no parameters, checked that none is both."""
    inputs = [v for a in arguments for v in a.leaves]
    for v, k in zip(inputs, Places(parameters).of(inputs), strict=True):
        if k >= 0:
            raise ValueError(f"compile: {v!r} is an input and a parameter; leave it out of one of them")
    for leaves in found:
        check_operations(leaves.tape)
    rows = [leaves.without(inputs, parameters) for leaves in found]
    return list({id(v): v for row in rows for v in row}.values())
