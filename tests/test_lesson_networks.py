"""The networks that the command line compiles by name: each has the value and the gradient of its own graph."""

import numpy as np
import pytest

from autograd.engine.value import Value
from autograd.networks import NETWORKS, network

ROUNDING: float = 1e-12
"""Of the greatest number of a gradient: sums are rounded in another order."""
SMALL = [name for name in NETWORKS if name != "mnist"]
"""Recording MNIST takes seconds; the benchmarks compare it."""


def data(nest: object) -> object:
    """Nested lists of Values as nested lists of their data."""
    return nest.data if isinstance(nest, Value) else [data(part) for part in nest]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", SMALL)
def test_the_program_of_a_network_has_the_gradient_of_its_graph(name: str) -> None:
    import autograd

    loss, inputs, parameters = NETWORKS[name]()
    program = autograd.compile(loss, inputs, parameters=parameters)
    value, gradient = program.value_and_grad(*map(data, inputs))
    loss.backward()
    eager = np.array([p.grad for p in (parameters if isinstance(parameters, list) else parameters.parameters())])
    assert value == pytest.approx(loss.data, rel=ROUNDING, abs=0.0)
    assert abs(gradient - eager).max() <= ROUNDING * abs(eager).max()


def test_every_network_says_what_it_is() -> None:
    for name, made in NETWORKS.items():
        assert made.__doc__, name
        assert made.__doc__.endswith("."), name


def test_a_name_of_an_expression_may_be_that_of_a_constant() -> None:
    loss, inputs, parameters = network("e*x + pi", {"e": 2.0})
    assert [v.label for v in inputs] == ["x"]
    assert [(v.label, v.data) for v in parameters] == [("e", 2.0)]
    assert loss.data == pytest.approx(2.0 * inputs[0].data + np.pi)
