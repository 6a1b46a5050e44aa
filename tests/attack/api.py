"""The public functions and methods, found by reflection, as Python text that can be called.

>>> from tests.attack.api import targets
>>> [found.parameters for found in targets() if found.text == "losses.huber"]
[('predictions', 'targets', '*delta')]
"""

import importlib
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any, Final, NamedTuple

import autograd
from autograd import Value
from tests.attack import hostile

MODULES: Final = hostile.texts_in("""
    check  formula  losses  nn  optim  state  train
""")
MADE: Final[dict[str, tuple[str, ...]]] = {
    "Value": ("Value(2.0, label='v')", "branching()", "swept(Value(-1.5).exp())"),
    "Drawing": ("draw(branching())",),
    "Stepper": ("Stepper(branching())",),
    "Tape": ("Tape(branching())",),
    "Program": ("compile(lambda xs: xs[0] * xs[1], ((2,),))", "training_program()"),
    "GradcheckError": (),
    "GradcheckReport": ("check.gradcheck(lambda x: x * x, [2.0])",),
    "Row": (),
    "UlpsReport": ("check.ulps(lambda x: x.exp(), [2.0])",),
    "UlpsRow": (),
    "Rule": ("formula.rule('tanh')",),
    "Vocabulary": ("formula.Vocabulary({'tanh': math.tanh})",),
    "MLP": ("nn.MLP(2, [2, 1], rng=Random(1))",),
    "Conv2d": ("nn.Conv2d(1, 1, 2, rng=Random(1))",),
    "LSTMCell": ("nn.LSTMCell(1, 2, rng=Random(1))",),
    "Layer": ("nn.Layer(2, 2, rng=Random(1))",),
    "Linear": ("nn.Linear(2, 2, rng=Random(1))",),
    "Module": ("Module(w=Value(1.0), v=[Value(2.0), Value(3.0)])",),
    "Neuron": ("nn.Neuron(2, rng=Random(1))",),
    "RNNCell": ("nn.RNNCell(1, 2, rng=Random(1))",),
    "Sequential": ("nn.Sequential(nn.Linear(2, 2, rng=Random(1)), 'tanh')",),
    "SGD": ("optim.SGD([Value(1.0), swept(Value(2.0))], momentum=0.9)",),
    "Adagrad": ("optim.Adagrad([Value(1.0)])",),
    "Adam": ("optim.Adam([{'params': [Value(1.0)], 'lr': 0.1}])",),
    "AdamW": ("optim.AdamW(nn.Neuron(2, rng=Random(1)).parameters())",),
    "RMSprop": ("optim.RMSprop([Value(1.0)], momentum=0.5)",),
    "Optimizer": (),
    "CosineAnnealingLR": ("optim.CosineAnnealingLR(optim.SGD([Value(1.0)]), 5)",),
    "ExponentialLR": ("optim.ExponentialLR(optim.SGD([Value(1.0)]), 0.5)",),
    "StepLR": ("optim.StepLR(optim.SGD([Value(1.0)]), 2)",),
    "LRScheduler": (),
    "Loader": ("train.Loader(([1.0, 2.0, 3.0], [0, 1, 0]), 2, rng=Random(1))",),
    "History": ("train.History([1.0, 0.5])",),
    "Recorder": ("train.Recorder()",),
    "Snapshot": (),
    "Grid": (),
    "Derivative": ("grad(lambda x, y: x * y)", "value_and_grad(lambda xs: total(xs))", "hessian(lambda x: x ** 3)"),
}
"""Texts that make an instance of each public class; none for those that only hold what they are given."""
GENERAL: Final = hostile.texts_in("""
    repr  str  hash  bool  float  int  len  iter  list  vars  callable  copy.copy  copy.deepcopy  pickle.dumps
    operator.index  operator.neg  abs  round  math.floor
""")
"""Functions of one object."""
OPERATORS: Final = hostile.texts_in("""
    operator.add  operator.sub  operator.mul  operator.truediv  operator.pow  operator.mod  divmod
    operator.floordiv  operator.matmul  operator.lt  operator.le  operator.gt  operator.ge  operator.eq  operator.ne
    operator.contains  operator.getitem  operator.iadd  operator.and_  format  isinstance  np.add  np.multiply
    np.maximum  np.exp2  np.sum  np.dot
""")
"""Functions of two objects."""
ASSIGNED: Final = hostile.texts_in("""
    data  grad  label  op  operands  partials  _backward  new  __class__  _prev  _op
""")
"""Attributes of Values that are assigned and deleted."""

PROTOCOLS: Final = frozenset(
    hostile.texts_in("""
    __init_subclass__  __new__  __class__  __setattr__  __delattr__  __setstate__  __class_getitem__  __getnewargs__
    __replace__
""")
)
"""Methods that only Python and NumPy call, with arguments of their own."""
SPARED: Final = frozenset(
    hostile.texts_in("""
    Program.__init__  Value.__init__
    Tape.gradients  History.add  Vocabulary.function  Vocabulary.know  Derivative.__init__  over
    over_arrays  as_selections  case_of  partials_over_values  still_holds  unchanged  Vocabulary  operation_text
    partial_text  Vocabulary.__init__  Rule.grouped  Rule.on_floats
""")
)
"""Parts of the package that other parts call, and no user does: they check nothing."""


class Target(NamedTuple):
    """A callable as text, with the names of its parameters; `*` before those that are given by keyword."""

    text: str
    parameters: tuple[str, ...]


@cache
def targets() -> tuple[Target, ...]:
    """All of them, in the same order in every process."""
    return tuple(sorted({*_functions(), *_methods(), *_of_python()}))


def public_classes() -> dict[str, type]:
    """Every public class by its name, with those that public functions return."""
    found = {name: thing for _, name, thing in _names() if isinstance(thing, type)}
    return {**found, "Program": autograd.Program, "Derivative": type(autograd.grad(abs))}


def _names() -> Iterator[tuple[str, str, Any]]:
    for module in ("", *MODULES):
        home = importlib.import_module(f"autograd.{module}".rstrip("."))
        for name in home.__all__:
            yield f"{module}.{name}".lstrip("."), name, getattr(home, name)


def _functions() -> Iterator[Target]:
    for text, name, thing in _names():
        if callable(thing) and name not in SPARED:
            yield Target(text, _parameters(thing))


def _methods() -> Iterator[Target]:
    for name, kind in public_classes().items():
        for receiver in MADE[name]:
            for method, thing in inspect.getmembers(kind, callable):
                if _is_attacked(kind, method):
                    yield Target(f"({receiver}).{method}", _parameters(thing)[1:])


def _is_attacked(kind: type, method: str) -> bool:
    """Whether a method is our own: not private, not that of a tuple or a dataclass, and not part of a protocol."""
    if (method.startswith("_") and not method.startswith("__")) or f"{kind.__name__}.{method}" in SPARED:
        return False
    if kind is Value and method.startswith("__") and method != "__init__":
        return False  # They are called through operators and functions of Python.
    owner = next(base for base in kind.__mro__ if method in vars(base))
    return owner.__module__.startswith("autograd") and method not in PROTOCOLS


def _of_python() -> Iterator[Target]:
    for text in GENERAL:
        yield Target(text, ("x",))
    for text in OPERATORS:
        yield Target(text, ("x", "y"))
    for attribute in ASSIGNED:
        for receiver in MADE["Value"]:
            yield Target(f"partial(setattr, {receiver}, '{attribute}')", ("x",))
            yield Target(f"partial(delattr, {receiver}, '{attribute}')", ())


def _parameters(thing: Callable[..., Any]) -> tuple[str, ...]:
    try:
        found = inspect.signature(thing).parameters.values()
    except ValueError:  # Some methods of C tell nothing.
        return ("self", "x")
    return tuple("*" * (one.kind is one.KEYWORD_ONLY) + one.name for one in found)


FITTING: Final[dict[str, tuple[str, ...]]] = {
    "root": hostile.VALUES,
    "node": (*hostile.VALUES, "'x'", "'w'"),
    "wrt": ("'x'", "[Value(1.0)]", "Value(2.0)"),
    "x": (*hostile.VALUES, *hostile.NUMBERS),
    "y": (*hostile.VALUES, *hostile.NUMBERS),
    "f": ("lambda x: x * x", "lambda x, y: x * y", "lambda xs: total(xs)"),
    "loss_or_function": ("lambda xs: xs[0] * xs[1]", "lambda x: x.tanh()", "branching()"),
    "shape": ("2", "3"),
    "primals": ("(2.0,)", "(2.0, 3.0)", "([1.0, 2.0],)"),
    "tangents": ("(1.0,)", "(1.0, 0.0)", "([1.0, 0.0],)"),
    "model": ("nn.MLP(2, [2, 1], rng=Random(1))", "nn.Linear(2, 1, rng=Random(1))"),
    "data": ("[([1.0, 2.0], 0.5), ([0.0, 1.0], 1.0)]", "[([0.5, 1.0], [1.0])]"),
    "loss": ("losses.mse", "losses.l1"),
    "optimizer": ("optim.SGD([Value(1.0)])", "optim.Adam(nn.Neuron(2, rng=Random(1)).parameters())"),
    "epochs": ("1", "2", "0"),
    "parameters": ("[Value(1.0), Value(2.0)]", "[swept(Value(1.0))]", "nn.Neuron(2, rng=Random(1)).parameters()"),
    "path": ("'model.safetensors'", "'missing/model'", "'.'"),
    "rng": ("Random(3)",),
    "activation": ("'tanh'", "'relu'", "lambda x: x.sin()"),
    "init": ("'zeros'", "'uniform'"),
    "op": ("'tanh'", "'add'", "'total'", "'where'"),
    "numbers": ("'complex'", "'mpmath'", "'numpy'"),
    "backend": ("'numpy'", "'native'", "'c'"),
    "threads": ("1", "2", "1000"),
    "dtype": ("'float32'", "'float64'"),
}
"""Texts that a parameter of that name is likely to take."""
SIZES: Final = frozenset(
    hostile.texts_in("""
    nin  nout  nouts  nhidden  in_features  out_features  kernel  stride  padding  epochs  shape  digits  order
    place  batch_size  T_max  step_size  more  most  max_nodes
""")
)
"""Parameters that ask for so much of something."""
FITTING_SIZES: Final = ("1", "2", "3", "0", "-1", "[2, 1]", "(1, 2)", "2.0", "True")


def texts_for(parameter: str) -> tuple[str, ...]:
    """Texts that a parameter may take well."""
    return FITTING_SIZES if parameter in SIZES else FITTING.get(parameter, hostile.ORDINARY)


def hostile_for(parameter: str) -> tuple[str, ...]:
    """Texts that no parameter takes well."""
    if parameter == "place":  # Machine code takes the number of an int, and Python whatever its lists take.
        return tuple(text for text in hostile.HOSTILE if "Int(" not in text and "slice" not in text)
    return hostile.HOSTILE if parameter in SIZES else (*hostile.HOSTILE, *hostile.HUGE)
