"""The checker finds each kind of fault, and shows the lines around it."""

import pytest

from gradc.errors import InternalError
from gradc.graph.check import check
from gradc.graph.graph import Graph, seal
from gradc.graph.op import Apply
from gradc.graph.types import TensorType
from gradc.graph.variable import Constant, Input, Variable
from tests.graph.toys import ADD, DRAW, EXP, MUL, SPLIT, shared, vector


def fault(graph, after=""):
    with pytest.raises(InternalError) as error:
        check(graph, after)
    return str(error.value)


def test_a_sealed_graph_is_right():
    x, w = vector("x"), shared("w")
    a, b = SPLIT(EXP(x))
    check(seal([x], [MUL(a, EXP(x)), ADD(DRAW(x), DRAW(x))], [(w, ADD(w, b))]))


def test_message_shows_the_lines_around_the_fault():
    x = vector("x")
    wrong = Apply(EXP, [x], [TensorType("float32", (None,))]).outputs[0]
    assert fault(Graph((x,), (EXP(wrong),)), "rule exp_of_x") == (
        "graph after rule exp_of_x: the declaration derives float64[?].\n"
        "    %0 = input : float64[?]  # x\n"
        "  > %1 = toy_exp %0 : float32[?]\n"
        "    %2 = toy_exp %1 : float32[?]\n"
        "    outputs: %2"
    )


def test_values_computed_twice():
    x = vector("x")
    assert "computed twice" in fault(Graph((x,), (ADD(EXP(x), EXP(x)),)))


def test_constants_that_stand_twice():
    x = vector("x")
    out = ADD(MUL(x, Constant([1.0])), Constant([1.0]))
    assert "the constant <constant float64[1]> stands here twice" in fault(Graph((x,), (out,)))


def test_unknown_leaves():
    x, y = vector("x"), vector("y")
    text = "y is no argument, no constant and no shared variable"
    assert text in fault(Graph((x,), (MUL(x, y),)))
    assert text in fault(Graph((x,), (y,)))
    assert "no shared variable" in fault(Graph((), (EXP(Variable(x.type)),)))


def test_inputs_that_are_none():
    x = vector("x")
    a = EXP(x)
    assert "the input toy_exp is not a free leaf" in fault(Graph((a,), (a,)))
    assert "listed twice" in fault(Graph((x, x), (a,)))
    assert "is not a free leaf" in fault(Graph((Constant(1.0),), ()))


def test_updates():
    x, w = vector("x"), shared("w")
    narrow = Input(TensorType("float32", (None,)), "narrow")
    assert "w : float64[?] is updated with float32[?]" in fault(
        Graph((narrow,), (), ((w, narrow),))
    )
    assert "updated twice" in fault(Graph((x,), (), ((w, x), (w, w))))
    assert "has no shared variable" in fault(Graph((x,), (), ((EXP(x), x),)))
    check(Graph((x,), (), ((w, x),)))


def test_refused_inputs():
    x, m = vector("x"), Input(TensorType("float64", (None, None)), "m")
    wrong = Apply(ADD, [x, m], [x.type]).outputs[0]
    assert "refuses the inputs: toy_add: ranks differ." in fault(Graph((x, m), (wrong,)))


def test_cycles():
    x = vector("x")
    a = EXP(x)
    b = EXP(a)
    a.owner.inputs = (b,)  # nobody can do this by the rules
    assert "computed from itself" in fault(Graph((x,), (b,)))


def test_outputs_of_another_node():
    x = vector("x")
    a = EXP(x)
    a.owner = EXP(x).owner
    assert "does not give" in fault(Graph((x,), (EXP(a),)))
