"""The lecture's words: get_operation, get_inputs, get_consumers, bprop."""

from types import SimpleNamespace

import pytest

from gradc.errors import ArgumentTypeError, GradError
from gradc.graph.graph import seal
from gradc.graph.words import get_consumers, get_inputs, get_operation
from tests.graph.toys import ADD, EXP, MUL, SPLIT, vector


def test_operation():
    x = vector("x")
    a = MUL(x, EXP(x))
    assert get_operation(a) is MUL
    assert get_operation(x) is None


def test_inputs():
    x = vector("x")
    b = EXP(x)
    a = MUL(b, x)
    assert get_inputs(a) == [b, x]
    assert get_inputs(a, a) == [b, x]
    assert get_inputs(b, [a, x]) == [x]
    assert get_inputs(x, a) == []


def test_consumers_are_each_given_once_inputs_first():
    x = vector("x")
    b = MUL(x, x)
    c = ADD(b, x)
    first, second = SPLIT(x)
    assert get_consumers(x, c) == [b, c]
    assert get_consumers(x, b) == [b]
    assert get_consumers(c, c) == []
    assert get_consumers(x, [first]) == [first, second]


def test_a_sealed_graph_and_a_function_are_graphs_too():
    x = vector("x")
    a, b = EXP(x), EXP(x)
    graph = seal([x], [ADD(a, b)])
    assert get_consumers(x, graph) == [a]
    assert get_inputs(b, graph) == [x]  # b stands there as a
    assert get_consumers(b, graph) == list(graph.outputs)
    assert get_consumers(x, SimpleNamespace(graph=graph)) == [a]


def test_what_is_not_there():
    x, y = vector("x"), vector("y")
    with pytest.raises(ValueError, match=r"<y : float64\[\?\]> is not in this graph"):
        get_consumers(y, EXP(x))
    with pytest.raises(ValueError, match="not in this graph"):
        get_inputs(EXP(y), [EXP(x)])
    with pytest.raises(ArgumentTypeError, match="a graph is a variable"):
        get_consumers(x, 3)


def test_bprop_is_the_term_of_the_chain_rule():
    x, y, d = vector("x"), vector("y"), vector("d")
    term = MUL.bprop([x, y], x, d)
    assert get_operation(term) is MUL
    assert get_inputs(term) == [d, y]


def test_bprop_refuses_what_is_no_input():
    x, y, d = vector("x"), vector("y"), vector("d")
    with pytest.raises(GradError, match="X is not one of the inputs"):
        MUL.bprop([x, x], y, d)
