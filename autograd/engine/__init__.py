"""All that is compiled: floats, the calculus, the graph with its order and sweep, and the tape.

>>> from autograd.engine.value import Value
>>> x = Value(3.0)
>>> (x * x).partials
(3.0, 3.0)

Every module beside this one becomes machine code where a C compiler is at hand, but for `native` and `interpreters`,
which are for the interpreter. The same source gives the same bits either way.
"""

# The first one refuses all interpreters but the main one. The others come in this order, because a compiled module that
# another one has to load would not know its own file.
from autograd.engine import interpreters, ieee, rules, number, graph, guarded, reading, copying, modes  # noqa: F401  # isort: skip
from autograd.engine import micrograd, refusals, ufuncs, value, functions, tape  # noqa: F401  # isort: skip
from autograd.engine.value import Value as Value  # where programs for micrograd look for it
