"""Slopes at kinks: Theano's values, the same for all ways to write them (docs/kinks.md)."""

import numpy as np
import pytest

import gradc.tensor as T
from gradc import grad
from tests.differentiate.numeric import value

KINKS = {
    "relu": (lambda x: T.relu(x), 0.0, 0.5),
    "maximum with 0": (lambda x: T.maximum(x, 0), 0.0, 1.0),
    "minimum with 0": (lambda x: T.minimum(x, 0), 0.0, 1.0),
    "abs": (lambda x: T.abs(x), 0.0, 0.0),
    "clip, lower end": (lambda x: T.clip(x, -1, 1), -1.0, 1.0),
    "clip, upper end": (lambda x: T.clip(x, -1, 1), 1.0, 1.0),
    "clip, outside": (lambda x: T.clip(x, -1, 1), 2.0, 0.0),
    "sign": (lambda x: T.sign(x), 0.0, 0.0),
    "floor": (lambda x: T.floor(x), 1.0, 0.0),
    "round": (lambda x: T.round(x), 0.5, 0.0),
    "ceil": (lambda x: T.ceil(x), 1.0, 0.0),
    "sqrt": (lambda x: T.sqrt(x), 0.0, np.inf),
    "switch": (lambda x: T.switch(x > 0, x, 3 * x), 0.0, 3.0),
}


@pytest.mark.parametrize("stabilize", [True, False])
@pytest.mark.parametrize("name", KINKS)
def test_kinks(name, stabilize):
    function, point, expected = KINKS[name]
    x = T.dscalar("x")
    assert value(grad(function(x), x, stabilize=stabilize), {x: point}) == expected


@pytest.mark.parametrize("reduce", [T.max, T.min])
def test_every_tied_position_gets_the_full_gradient(reduce):
    x = T.dvector("x")
    assert value(grad(reduce(x), x), {x: [2.0, 2.0, 2.0]}).tolist() == [1, 1, 1]


@pytest.mark.parametrize("function", [T.maximum, T.minimum])
def test_both_sides_of_a_tie(function):
    """The first has the slope, as in Theano 1.0.5: so function(x, x) has 1, as x has."""
    x, y = T.dscalar("x"), T.dscalar("y")
    found = grad(function(x, y), [x, y])
    assert [float(value(g, {x: 1.0, y: 1.0})) for g in found] == [1, 0]
    assert value(grad(function(x, x), x), {x: 2.0}) == 1
    assert value(grad(function(0.0, x), x), {x: 0.0}) == 0


def test_products_with_zeros():
    x = T.dvector("x")
    gradient = grad(T.prod(x), x)
    assert value(gradient, {x: [0.0, 3.0, 4.0]}).tolist() == [12, 0, 0]
    assert value(gradient, {x: [0.0, 0.0, 4.0]}).tolist() == [0, 0, 0]
