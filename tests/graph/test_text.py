"""The text of graphs and expressions, compared whole."""

import numpy as np

from gradc.graph.graph import seal
from gradc.graph.text import constant_text, expression, listing
from gradc.graph.variable import Constant
from tests.graph.toys import ADD, EXP, MUL, SPLIT, shared, vector


def example():
    x, w = vector("x"), shared("w")
    h = EXP(MUL(x, w))
    h.name = "h"
    return x, w, h, ADD(h, Constant(np.array([1.0, -0.5])))


def test_listing():
    x, w, _h, out = example()
    assert listing([out], [x], [(w, x)]) == (
        "%0 = input : float64[?]  # x\n"
        "%1 = shared : float64[?]  # w\n"
        "%2 = constant [1.0, -0.5] : float64[2]\n"
        "%3 = toy_mul %0, %1 : float64[?]\n"
        "%4 = toy_exp %3 : float64[?]  # h\n"
        "%5 = toy_add %4, %2 : float64[?]\n"
        "outputs: %5\n"
        "update: %1 <- %0"
    )


def test_lines_of_the_user():
    out = EXP(vector("x"))
    text = listing([out], lines=True).splitlines()
    assert text[1] == f"%1 = toy_exp %0 : float64[?]  # [test_text.py:{out.site.line}]"


def test_a_graph_prints_its_listing():
    x, w, _h, out = example()
    graph = seal([x], [out], [(w, x)])
    assert str(graph) == listing([out], [x], [(w, x)], lines=True)


def test_inputs_that_are_not_given_are_found():
    x, y = vector("x"), vector()
    assert listing([MUL(x, y)]).splitlines()[:2] == [
        "%0 = input : float64[?]  # x",
        "%1 = input : float64[?]",
    ]
    assert listing([MUL(x, y)], [y]).splitlines()[:2] == [
        "%0 = input : float64[?]",
        "%1 = free : float64[?]  # x",
    ]


def test_several_outputs_stand_on_one_line():
    x = vector("x")
    a, b = SPLIT(x)
    a.name, b.name = "a", "b"
    assert "%1, %2 = toy_split %0 : float64[?], float64[?]  # a b" in listing([ADD(a, b)])


def test_hostile_names_stay_on_their_line():
    x = vector("x\n%9 = evil\u202e" + "y" * 10_000)
    first = listing([EXP(x)]).splitlines()[0]
    assert first.startswith("%0 = input : float64[?]  # x\\n%9 = evil\\u202eyyy")
    assert len(first) < 120


def test_constants_read_back():
    assert constant_text(Constant(0.1)) == "0.1"
    assert constant_text(Constant(np.float32(0.1))) == "0.1"
    assert constant_text(Constant(-0.0)) == "-0.0"
    assert constant_text(Constant(np.nan)) == "nan"
    assert constant_text(Constant(True)) == "True"
    assert constant_text(Constant(np.int8(-3))) == "-3"
    assert constant_text(Constant(np.eye(2))) == "[[1.0, 0.0], [0.0, 1.0]]"
    assert constant_text(Constant(np.zeros(65))) == "<65 elements>"
    assert constant_text(Constant(np.array([0.1, 1 / 3]))) == "[0.1, 0.3333333333333333]"
    assert constant_text(Constant(np.zeros((0, 3)))) == "[]"


def test_expression():
    x, _w, h, out = example()
    assert expression(out) == "toy_add(h, [1.0, -0.5])"
    assert expression(h) == "toy_exp(toy_mul(x, w))"
    assert expression(h, {x: "D"}) == "toy_exp(toy_mul(D, w))"
    assert expression(h, {h: "D"}) == "D"
    assert expression(h, stop=[h.owner.inputs[0]]) == "toy_exp(toy_mul)"
    assert expression(x) == "x"


def test_a_long_expression_is_cut():
    x = vector("x")
    out = x
    for _ in range(3000):
        out = MUL(out, out)
    assert len(expression(out)) <= 400
